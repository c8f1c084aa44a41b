"""Exim: its main options, those of its smtp transport, and its retry rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from typing import Annotated, Literal, cast

from sim.scenario.distribution import Lognormal
from sim.scenario.names import shown
from sim.scenario.products.base import MANY, Product, limit, named
from sim.scenario.products.host_retry import OF_HOST, HostRecord, Waiting
from sim.scenario.products.parameters import Ages, Count, CountOrZero, Hops, Time, TimeOrZero
from sim.scenario.products.retry import Outcome, Retry, Round
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


NOT_YET = ReplyText(0, "4.4.1", "retry time not reached for any host")
TOO_LONG = ReplyText(550, "5.4.1", "all hosts{of} have been failing for a long time (and retry time not reached)")
"""transports/smtp.c; `{of}` names the domain where that is so of each of its hosts."""


def rule_for(rules: Sequence[RetryRule], failing: float) -> RetryRule | None:
    """The first rule whose cutoff the failing has not passed."""
    return next((rule for rule in rules if failing <= rule.cutoff), None)


def wait(rule: RetryRule, record: HostRecord, now: float, random: Callable[[], float]) -> float:
    """How long to wait after a failure, s: whole seconds, where a gap has grown."""
    if rule.letter == "F":
        return rule.interval
    gap = min(record.next_try - record.last_try, now - record.last_try)
    grown = float(int(gap * rule.factor))
    if rule.letter == "G":
        return rule.interval if gap < rule.interval else grown
    return rule.interval + max(grown - rule.interval, 0.0) * (0.5 + random() / 2)


class EximRetry(Retry):
    """Exim's retry database of one host (src/retry.c: retry_update; transports/smtp.c).

    A record says since when a host has failed, when it was tried last and when it may be tried next; one more is kept
    for a message that a host puts off. A message is tried in a queue run, and in it at those hosts whose time has come.
    What H rules draw is the only chance in it.
    """

    keeps_hosts = True
    by_address = True

    _product: Exim

    def __init__(self, product: Exim, random: Callable[[], float]) -> None:
        super().__init__(product, random)
        self._ultimate = product.retry[-1].cutoff
        self._records: dict[tuple[str, str], HostRecord] = {}
        self._waiting = Waiting()
        self._forced: frozenset[str] = frozenset()
        self._forces_one = False

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> ReplyText | None:
        """Why the host is passed over now: its retry time has not come, or it has failed for too long."""
        if queue_id in self._forced:
            if self._forces_one:
                self._forced = frozenset((queue_id,))
            return None
        early = [record for record in self._found(hop, queue_id, now) if now < record.next_try]
        # Who has waited beyond the last cutoff is tried all the same, but not at a host that has failed for so long
        # (retry.c: retry_check_address).
        too_long = self._product.delay_after_cutoff and any(record.expired for record in early)
        if not early or (now - arrival > self._ultimate and not too_long):
            return None
        self._waiting.add(queue_id, hop)
        return TOO_LONG if too_long else NOT_YET

    def tried(
        self, hop: str, queue_id: str, arrival: float, *, began: float, now: float, outcome: Outcome
    ) -> Sequence[str]:
        """Keep the records: a failure's, of the host or of the message there; none after success."""
        if outcome == "host":
            self._waiting.add(queue_id, hop)
            self._fail((hop, ""), None, began, now)
            return ()
        waited = self._records.pop((hop, ""), None) is not None
        if outcome == "message":
            self._waiting.add(queue_id, hop)
            self._fail((hop, queue_id), arrival, began, now)
        else:
            self._records.pop((hop, queue_id), None)
        if not waited:
            return ()
        host, waiting = hop.partition(OF_HOST)[0], self._waiting
        return [other for other in waiting.for_host(host) if other != queue_id and hop in waiting.hops(other)]

    def next_waiting(self, hop: str, queue_id: str) -> str | None:
        """The first message that waits for the host itself (transport.c: transport_check_waiting, wait-remote_smtp)."""
        for other in self._waiting.for_host(hop):
            places = [place for place in self._waiting.hops(other) if place.partition(OF_HOST)[0] == hop]
            if other != queue_id and not any((place, other) in self._records for place in places):
                return other
        return None

    def forget(self, queue_id: str) -> None:
        """Drop what was kept about the message."""
        self._forced -= {queue_id}
        for hop in self._waiting.forget(queue_id):
            self._records.pop((hop, queue_id), None)

    def requested(self, queue_ids: Sequence[str]) -> None:
        """ETRN runs `exim -R`, which forces the first message that it comes to (queue.c: force_delivery)."""
        self._forced, self._forces_one = frozenset(queue_ids), True

    def flushed(self, queue_ids: Sequence[str]) -> None:
        """`exim -qff` and `exim -Rff` force each of them."""
        self._forced, self._forces_one = frozenset(queue_ids), False

    def exhausted(self, hops: Sequence[str], queue_id: str, now: float) -> bool:
        """Whether each of the hosts, or the message at it, has passed the last rule's cutoff."""
        return all(any(record.expired for record in self._found(hop, queue_id, now)) for hop in hops)

    def gives_up(self, last: Round) -> bool:
        """Whether the message is older than the last rule's cutoff."""
        return last.ended - last.arrival > self._ultimate

    def sleeps_until(self, last: Round) -> float:
        """The earliest retry time of the hosts that the round tried or passed over."""
        self._forced -= {last.queue_id}
        times = [
            max(record.next_try for record in records)
            for hop in self._waiting.hops(last.queue_id)
            if (records := self._found(hop, last.queue_id, last.ended))
        ]
        return min(times, default=last.ended)

    def _found(self, hop: str, queue_id: str, now: float) -> list[HostRecord]:
        """The host's record and that of the message there, unless their data has expired."""
        keys = ((hop, ""), (hop, queue_id))
        found = [record for key in keys if (record := self._records.get(key)) is not None]
        return [record for record in found if now - record.last_try <= self._product.retry_data_expire]

    def _fail(self, key: tuple[str, str], arrival: float | None, began: float, now: float) -> None:
        # time(NULL): so a gap as long as some queue runs ends with the last of them, although a try takes a moment.
        began, now = floor(began), floor(now)
        record = self._records.get(key)
        if record is not None and now - record.last_try > self._product.retry_data_expire:
            record = None
        if record is None:
            record = self._records[key] = HostRecord(now, now, now)
        elif record.last_try >= began:
            # Another delivery that ran beside this one has counted the same failure.
            return
        failing = now - (record.first_failed if arrival is None else min(record.first_failed, arrival))
        rule = rule_for(self._product.retry, failing)
        record.expired = rule is None
        delay = wait(rule or self._product.retry[-1], record, now, self._random)
        record.last_try, record.next_try = now, now + min(delay, self._product.retry_interval_max)


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
    retry_algorithm = EximRetry
    intervals = (("queue_run", "retry"),)
    # deliver.c: not where no host's retry time had come (ERRNO_WARN_BASE).
    warns_untried = False
    warnings_repeat = True
    # `exim -qff` and `exim -Rff` take frozen messages along; one that is being delivered is locked.
    flush_thaws = True
    holds = "unlocked"

    retry: RetryRules = (
        RetryRule("F", 2 * HOUR, 15 * MINUTE),
        RetryRule("G", 16 * HOUR, HOUR, 1.5),
        RetryRule("F", 4 * DAY, 6 * HOUR),
    )
    queue_run: Time = named(30 * MINUTE, "queue_run_interval")
    # queue.c: which message a run takes next is drawn, unless queue_run_in_order.
    queue_run_max: Count = named(5, "queue_run_limit")
    queue_run_in_order: bool = False
    retry_interval_max: Time = DAY
    retry_data_expire: Time = 7 * DAY
    delay_after_cutoff: bool = True
    connect_timeout: Time = 5 * MINUTE
    command_timeout: Time = named(5 * MINUTE, "helo_timeout mail_timeout rcpt_timeout data_init_timeout quit_timeout")
    # transport.c: an alarm for each write (transport_write_timeout); final_timeout is for the reply alone.
    data_timeout: Time = named(5 * MINUTE, "data_xfer_timeout")
    final_timeout: Time = named(10 * MINUTE, "data_done_timeout")
    smtp_receive_timeout: TimeOrZero = named(5 * MINUTE, "idle_timeout")
    max_rcpt: Count = named(100, "recipient_limit")
    hosts_max_try: Count = named(5, "mx_address_limit")
    connection_max_messages: CountOrZero = named(500, "connection_count_limit")
    smtp_accept_max: CountOrZero = limit(20, "server_limit")
    smtp_accept_queue_per_connection: CountOrZero = named(10, "queues_after")
    message_linelength_limit: CountOrZero = named(998, "line_limit")
    received_headers_max: Hops = named(30, "hopcount_limit")
    delay_warning: Ages = named((DAY,), "delay_warnings")
    bounce_return_body: bool = named(True, "returns_whole")
    bounce_return_size_limit: CountOrZero = 100 * 1024
    bounce_return_linesize_limit: CountOrZero = named(998, "return_line_limit")
    ignore_bounce_errors_after: TimeOrZero = named(2 * DAY, "freezes")
    timeout_frozen_after: Time = 7 * DAY
    disable_ipv6: bool = False
    smtp_accept_max_per_connection: Count = named(1000, "session_message_limit")

    # host.c: of one preference all IPv6 addresses come first.
    prefers_family = "ipv6"
    mixes_hosts = True
    reuse = "mail"
    # Measured with 4.96; another process takes the connection over for each message (`exim -MC`).
    greeting_time = 1.3e-3
    commit_time = 3.1e-3
    think_time = 0.4e-3
    next_message_time = Lognormal(0.0315, 0.047)
    # transports/smtp.c: after a refused MAIL or final dot it says QUIT; where no recipient is left to be tried again it
    # goes on with RSET (completed_addr).
    keeps_refused = "recipients"
    # Exim does not convert: accept_8bitmime in the specification's chapter on main options; build_mailcmd_options() in
    # transports/smtp.c says no BODY.
    eight_bits = "pass"
    says_body = "never"
    long_lines = "refuse"
    # DELIVER_OUT_BUFFER_SIZE, of which it makes its chunks (transport.c); the second waits for the first one's reply.
    chunk_limit = 8192
    header_chunk = True
    # smtp_out.c (smtp_sock_connect), and the main option tcp_nodelay.
    nodelay = True
    # shutdown(SHUT_WR) behind QUIT (transports/smtp.c); the server's smtp_quit_handler corks its socket for so long.
    half_closes = True
    quit_linger = 0.2

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
