"""Exim: its main options, those of its smtp transport, and its retry rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, cast

from sim.scenario.distribution import Lognormal
from sim.scenario.names import shown
from sim.scenario.products.base import MANY, Product, limit, named
from sim.scenario.products.parameters import Ages, Count, CountOrZero, Hops, Time, TimeOrZero
from sim.scenario.products.tables import Commands, FailureTable, LoopDetection, QueueWords, ReplyText
from sim.scenario.pydantic_seam import Reads
from sim.scenario.quantity import DAY, HOUR, MINUTE, format_duration

_RULE_TIME = re.compile(r"(?:(?:\d{1,9}[wdhms])+)", re.ASCII)
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class RetryRule:
    """A part of an Exim retry rule: `F` (fixed interval), `G` (growing by a factor) or `H` (as G, with chance).

    It is in force while the failing has lasted no longer than `cutoff`, s; `interval` in s.
    """

    letter: Literal["F", "G", "H"]
    cutoff: float
    interval: float
    factor: float = 1.0

    def __str__(self) -> str:
        parts = [self.letter, _exim_time(self.cutoff), _exim_time(self.interval)]
        return ",".join(parts if self.letter == "F" else [*parts, f"{self.factor!r}"])


def _exim_time(seconds: float) -> str:
    """In the largest of Exim's units that it is a whole number of."""
    letter, unit = next((letter, unit) for letter, unit in _UNITS.items() if not seconds % unit)
    return f"{seconds // unit:.0f}{letter}"


def read_rules(value: object) -> tuple[RetryRule, ...]:
    """The parts of an Exim retry rule: `F,2h,15m; G,16h,1h,1.5; F,4d,6h`.

    Raises:
        ValueError: something else, or cutoffs that do not grow.
    """
    parts = [part.strip() for part in value.split(";")] if isinstance(value, str) else [""]
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    rules = tuple(_rule(part, value) for part in parts)
    if any(later.cutoff <= rule.cutoff for rule, later in pairwise(rules)):
        raise ValueError(f"cutoffs that do not grow ({shown(value)}): allowed are parts in order of their cutoffs")
    if rules[0].interval > rules[-1].cutoff:
        first, last = format_duration(rules[0].interval), format_duration(rules[-1].cutoff)
        raise ValueError(f"the first interval is above the last cutoff ({first}, {last}): allowed is at most that")
    return rules


def _rule(part: str, whole: object) -> RetryRule:
    letter, *rest = [word.strip() for word in part.split(",")]
    times = [_rule_time(word) for word in rest[:2]]
    try:
        factor = float(rest[2]) if len(rest) == 3 else 1.0
    except ValueError:
        factor = 0.0
    fits = len(rest) == (2 if letter == "F" else 3) and letter in {"F", "G", "H"}
    if not fits or not all(times) or not 1 <= factor <= 1000:
        example = "F,2h,15m; G,16h,1h,1.5; F,4d,6h"
        raise ValueError(f"not an Exim retry rule ({shown(whole)}): allowed is e.g. {example}; factors are at least 1")
    return RetryRule(cast("Literal['F', 'G', 'H']", letter), times[0], times[1], factor)


def _rule_time(text: str) -> float:
    if not _RULE_TIME.fullmatch(text):
        return 0.0
    return float(sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([wdhms])", text)))


RetryRules = Annotated[
    tuple[RetryRule, ...],
    Reads(
        read_rules,
        {"type": "string", "examples": ["F,2h,15m; G,16h,1h,1.5; F,4d,6h"]},
        lambda rules: "; ".join(map(str, rules)),
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exim(Product):
    """Exim's main options and those of its smtp transport; `queue_run` is the interval of its option -q.

    It keeps what waits, and what fails, by host, and sends mail for domains with the same hosts together (multi_domain;
    its specification, chapters 30 and 32).
    """

    name = "exim"
    title = "Exim"
    extensions = "SIZE 8BITMIME PIPELINING AUTH CHUNKING STARTTLS SMTPUTF8 HELP"
    uses = "SIZE 8BITMIME PIPELINING CHUNKING SMTPUTF8 DSN"
    # transports/smtp.c (smtp_setup_conn, smtp_deliver: what it calls message errors).
    failure_table = FailureTable(
        silence="h> h> h> m> m> h> m>",
        broken="h> h> h> h> h> h> m>",
        temporary=". h> h> m> m> m> m>",
        permanent=". -> -> - - - -",
    )
    # receive.c, deliver.c (RECIP_FAIL_LOOP), routers/rf_self_action.c: its routers have self = freeze.
    loop_detection = LoopDetection(
        too_many=ReplyText(550, "", 'Too many "Received" headers - suspected mail loop'),
        returns=True,
        best_mx=ReplyText(0, "", "lowest numbered MX record points to local host", freezes=True),
        to_itself=ReplyText(0, "", "remote host address is the local host", freezes=True),
    )
    # routers/dnslookup.c.
    no_exchanger = ReplyText(550, "5.0.0", "all relevant MX records point to non-existent hosts")
    queue_words = QueueWords("received", "waiting", "delivering", "deferred", "frozen")
    # Its specification ("The Exim command line"), exiqgrep(8).
    commands = Commands(
        flush=("exim -qff", "exim -Rff {of}"),
        hold=("exim -Mf $(exiqgrep -xi)", "exim -Mf $(exiqgrep -xi -r {of})"),
        release=("exim -Mt $(exiqgrep -zi)", "exim -Mt $(exiqgrep -zi -r {of})"),
        restart=("systemctl restart exim4", ""),
    )
    retry_algorithm = "exim"
    intervals = (("queue_run", "retry"),)
    queue_run_interval = named("queue_run")
    # deliver.c: not where no host's retry time had come (ERRNO_WARN_BASE).
    warns_untried = False
    warnings_repeat = True
    # queue.c: which message a run takes next is drawn, unless queue_run_in_order.
    queue_run_limit = named("queue_run_max")
    # `exim -qff` and `exim -Rff` take frozen messages along; one that is being delivered is locked.
    flush_thaws = True
    holds = "unlocked"

    retry: RetryRules = (
        RetryRule("F", 2 * HOUR, 15 * MINUTE),
        RetryRule("G", 16 * HOUR, HOUR, 1.5),
        RetryRule("F", 4 * DAY, 6 * HOUR),
    )
    queue_run: Time = 30 * MINUTE
    queue_run_max: Count = 5
    queue_run_in_order: bool = False
    retry_interval_max: Time = DAY
    retry_data_expire: Time = 7 * DAY
    delay_after_cutoff: bool = True
    connect_timeout: Time = 5 * MINUTE
    command_timeout: Time = 5 * MINUTE
    data_timeout: Time = 5 * MINUTE
    final_timeout: Time = 10 * MINUTE
    smtp_receive_timeout: TimeOrZero = 5 * MINUTE
    max_rcpt: Count = 100
    hosts_max_try: Count = 5
    connection_max_messages: CountOrZero = 500
    smtp_accept_max: CountOrZero = 20
    smtp_accept_queue_per_connection: CountOrZero = 10
    message_linelength_limit: CountOrZero = 998
    received_headers_max: Hops = 30
    delay_warning: Ages = (DAY,)
    bounce_return_body: bool = True
    bounce_return_size_limit: CountOrZero = 100 * 1024
    bounce_return_linesize_limit: CountOrZero = 998
    ignore_bounce_errors_after: TimeOrZero = 2 * DAY
    timeout_frozen_after: Time = 7 * DAY
    disable_ipv6: bool = False
    smtp_accept_max_per_connection: Count = 1000

    helo_timeout = mail_timeout = rcpt_timeout = data_init_timeout = named("command_timeout")
    # transport.c: an alarm for each write (transport_write_timeout); final_timeout is for the reply alone.
    data_xfer_timeout = named("data_timeout")
    data_done_timeout = named("final_timeout")
    quit_timeout = named("command_timeout")
    idle_timeout = named("smtp_receive_timeout")
    server_limit = limit("smtp_accept_max")
    recipient_limit = named("max_rcpt")
    mx_address_limit = named("hosts_max_try")
    # host.c: of one preference all IPv6 addresses come first.
    prefers_family = "ipv6"
    mixes_hosts = True
    hopcount_limit = named("received_headers_max")
    reuse = "mail"
    # Measured with 4.96; another process takes the connection over for each message (`exim -MC`).
    greeting_time = 1.3e-3
    commit_time = 3.1e-3
    think_time = 0.4e-3
    next_message_time = Lognormal(0.0315, 0.047)
    connection_count_limit = named("connection_max_messages")
    queues_after = named("smtp_accept_queue_per_connection")
    delay_warnings = named("delay_warning")
    returns_whole = named("bounce_return_body")
    return_line_limit = named("bounce_return_linesize_limit")
    session_message_limit = named("smtp_accept_max_per_connection")
    # transports/smtp.c: after a refused MAIL or final dot it says QUIT; where no recipient is left to be tried again it
    # goes on with RSET (completed_addr).
    keeps_refused = "recipients"
    # Exim does not convert: accept_8bitmime in the specification's chapter on main options; build_mailcmd_options() in
    # transports/smtp.c says no BODY.
    eight_bits = "pass"
    says_body = "never"
    line_limit = named("message_linelength_limit")
    long_lines = "refuse"
    # DELIVER_OUT_BUFFER_SIZE, of which it makes its chunks (transport.c); the second waits for the first one's reply.
    chunk_limit = 8192
    header_chunk = True
    # smtp_out.c (smtp_sock_connect), and the main option tcp_nodelay.
    nodelay = True
    # shutdown(SHUT_WR) behind QUIT (transports/smtp.c); the server's smtp_quit_handler corks its socket for so long.
    half_closes = True
    quit_linger = 0.2
    freezes = named("ignore_bounce_errors_after")

    @property
    def families(self) -> tuple[int, ...]:  # type: ignore[override]
        """Both, unless IPv6 is turned off."""
        return (4,) if self.disable_ipv6 else (4, 6)

    @property
    def lifetime(self) -> float:  # type: ignore[override]
        """When the last of its rules ends."""
        return self.retry[-1].cutoff

    @property
    def return_limit(self) -> int:  # type: ignore[override]
        """0 means no limit; without bounce_return_body no body ever comes back."""
        return (self.bounce_return_size_limit or MANY) if self.bounce_return_body else 0

    @property
    def queue_run_order(self) -> Literal["random", "found"]:  # type: ignore[override]
        """Drawn, unless it is to be in order."""
        return "found" if self.queue_run_in_order else "random"
