"""Postfix: its parameters and their defaults (postconf(5))."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from sim.scenario.names import shown, unknown
from sim.scenario.products.base import Destinations, ErrorLimits, Product, age, limit, named
from sim.scenario.products.feedback import FIXED, WindowFeedback
from sim.scenario.products.parameters import Count, CountOrZero, Hops, Time, TimeOrZero
from sim.scenario.products.retry import Retry, Round
from sim.scenario.products.tables import Commands, FailureTable, LoopDetection, QueueWords, ReplyText
from sim.scenario.pydantic_seam import Reads
from sim.scenario.quantity import DAY, MINUTE

_CLASSES = ("bounce", "2bounce", "data", "delay", "policy", "protocol", "resource", "software")
"""Postfix's classes of what its postmaster is told; those beside bounce, 2bounce and delay never happen here."""


def read_classes(value: object) -> str:
    """The classes of notify_classes, separated by commas or spaces.

    Raises:
        ValueError: a class that Postfix does not have.
    """
    words = re.split(r"[,\s]+", value.strip()) if isinstance(value, str) and value.strip() else []
    if not isinstance(value, str):
        raise ValueError(f"not classes ({shown(value)}): allowed is e.g. resource, software, 2bounce")  # noqa: TRY004
    for one in words:
        if one not in _CLASSES:
            raise ValueError(unknown("class", one, _CLASSES))
    return ", ".join(words)


NotifyClasses = Annotated[str, Reads(read_classes, {"type": "string"})]


class PostfixRetry(Retry):
    """A message sleeps for its own age, within bounds, and is woken by the queue runs, which begin with the daemon.

    Sources: qmgr_active.c and qmgr.c of Postfix 3.7.

    It is returned by the first attempt that fails at an age past its lifetime, never by a timer. A queue run takes what
    is due within a second (qmgr_queue_scan compares the file time with now + 1).
    """

    slack = 1.0
    _product: Postfix

    def gives_up(self, last: Round) -> bool:
        """Whether the message is as old as its lifetime."""
        product = self._product
        lifetime = product.bounce_queue_lifetime if last.null_reverse_path else product.maximal_queue_lifetime
        return last.ended >= last.arrival + lifetime

    def delay(self, last: Round) -> float:
        """Its age, within bounds."""
        product = self._product
        return min(max(last.ended - last.arrival, product.minimal_backoff_time), product.maximal_backoff_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix(Product):
    """Postfix's parameters (postconf(5)).

    A destination is the next-hop domain, with a recipient limit of 1 the recipient (qmgr_message.c). An open session
    is looked up by next-hop domain, then by server (smtp_connect.c; CONNECTION_CACHE_README).
    """

    name = "postfix"
    title = "Postfix"
    extensions = "PIPELINING SIZE VRFY ETRN STARTTLS AUTH ENHANCEDSTATUSCODES 8BITMIME DSN SMTPUTF8 CHUNKING"
    uses = "PIPELINING SIZE ENHANCEDSTATUSCODES 8BITMIME DSN SMTPUTF8"
    # cleanup_message.c (its own Received field counts), cleanup_strerror.c, local/recipient.c, smtp_addr.c.
    loop_detection = LoopDetection(
        too_many=ReplyText(554, "5.4.0", "Error: too many hops"), margin=-1, reads_delivered_to=True
    )
    # smtp_addr.c (smtp_addr_one).
    no_exchanger = ReplyText(
        550, "5.4.4", "Host or domain name not found. Name service error for name={host} type=A: Host not found"
    )
    queue_words = QueueWords("incoming", "active", "in transfer", "deferred", "hold")
    # postqueue(1), postsuper(1), postfix(1).
    commands = Commands(
        flush=("postqueue -f", "postqueue -s {of}"),
        hold=("postsuper -h ALL", "postsuper -h -  # of {of}"),
        release=("postsuper -H ALL", "postsuper -H -  # of {of}"),
        restart=("postfix stop && postfix start", ""),
    )
    retry_algorithm = PostfixRetry
    backoffs = (("minimal_backoff_time", "maximal_backoff_time"),)
    intervals = (("minimal_backoff_time", "maximal_queue_lifetime"), ("queue_run_delay", "maximal_queue_lifetime"))
    # qmgr_active.c tells a second early.
    warning_slack = 1.0

    queue_run_delay: Time = named(5 * MINUTE, "queue_run_interval")
    minimal_backoff_time: Time = named(5 * MINUTE, "revival_time")
    maximal_backoff_time: Time = 4000.0
    maximal_queue_lifetime: TimeOrZero = named(5 * DAY, "lifetime")
    bounce_queue_lifetime: TimeOrZero = 5 * DAY
    smtp_connect_timeout: TimeOrZero = named(30.0, "connect_timeout")
    smtp_helo_timeout: TimeOrZero = named(5 * MINUTE, "helo_timeout")
    smtp_mail_timeout: TimeOrZero = named(5 * MINUTE, "mail_timeout")
    smtp_rcpt_timeout: TimeOrZero = named(5 * MINUTE, "rcpt_timeout")
    smtp_data_init_timeout: TimeOrZero = named(2 * MINUTE, "data_init_timeout")
    # timed_write.c: for each write that waits for room; smtp_proto.c: the last one, and the reply, have the other's.
    smtp_data_xfer_timeout: TimeOrZero = named(3 * MINUTE, "data_xfer_timeout")
    smtp_data_done_timeout: TimeOrZero = named(10 * MINUTE, "data_done_timeout")
    smtp_quit_timeout: TimeOrZero = named(5 * MINUTE, "quit_timeout")
    smtpd_timeout: Time = named(5 * MINUTE, "idle_timeout")
    initial_destination_concurrency: Count = named(5, "initial_concurrency")
    default_destination_concurrency_limit: CountOrZero = limit(20, "destination_concurrency_limit")
    default_destination_concurrency_positive_feedback: WindowFeedback = named(FIXED, "positive_feedback")
    default_destination_concurrency_negative_feedback: WindowFeedback = named(FIXED, "negative_feedback")
    default_destination_concurrency_failed_cohort_limit: CountOrZero = named(1, "failed_cohort_limit")
    default_destination_rate_delay: TimeOrZero = named(0.0, "rate_delay")
    default_delivery_slot_cost: CountOrZero = named(5, "slot_cost")
    default_delivery_slot_loan: CountOrZero = named(3, "slot_loan")
    default_delivery_slot_discount: CountOrZero = named(50, "slot_discount")
    default_minimum_delivery_slots: CountOrZero = named(3, "minimum_slots")
    default_destination_recipient_limit: Count = named(50, "recipient_limit")
    # The listen queue of a service is as long as its process limit (master_listen.c).
    default_process_limit: Count = named(100, "process_limit server_limit listen_backlog")
    in_flow_delay: TimeOrZero = 1.0
    qmgr_message_active_limit: Count = named(20_000, "active_limit")
    smtp_mx_address_limit: CountOrZero = limit(5, "mx_address_limit")
    smtp_mx_session_limit: CountOrZero = limit(2, "mx_session_limit")
    smtp_randomize_addresses: bool = named(True, "randomizes")
    smtp_address_preference: Literal["any", "ipv6", "ipv4"] = named("any", "prefers_family")
    smtp_balance_inet_protocols: bool = named(True, "balances_families")
    inet_protocols: Literal["all", "ipv4", "ipv6"] = "all"
    smtp_skip_5xx_greeting: bool = True
    smtp_connection_cache_on_demand: bool = named(
        True, "connection_cache", by=lambda on: "on-demand" if on else "never"
    )
    smtp_connection_cache_time_limit: Time = named(2.0, "connection_idle_limit")
    smtp_connection_reuse_time_limit: Time = named(5 * MINUTE, "connection_time_limit")
    smtp_connection_reuse_count_limit: CountOrZero = named(0, "connection_count_limit")
    disable_mime_output_conversion: bool = False
    smtp_line_length_limit: CountOrZero = named(998, "line_limit")
    hopcount_limit: Hops = 50
    delay_warning_time: TimeOrZero = age(0.0, "delay_warnings")
    bounce_size_limit: CountOrZero = limit(50_000, "return_limit")
    notify_classes: NotifyClasses = "resource, software"
    smtpd_soft_error_limit: Count = 10
    smtpd_hard_error_limit: Count = 20
    smtpd_error_sleep_time: Time = 1.0

    when_full = "wait"
    mixes_hosts = True
    # smtp_proto.c: SMTP_STATE_ABORT.
    keeps_refused = "any"
    rate_windows = "fixed"
    returns_whole = True

    # detect_8bit_encoding_header, on by default (cleanup_message.c); smtp_proto.c.
    says_body = "labelled"

    @property
    def failure_table(self) -> FailureTable:  # type: ignore[override]
        """A greeting of 5yz counts as 4yz, unless smtp_skip_5xx_greeting is no (smtp_proto.c, smtp_trouble.c)."""
        return FailureTable(
            silence="h> h> h> h> h> h> h>",
            broken="h> h> h> h> h> h> h>",
            temporary=". h> h> m> m> m> m>",
            permanent=f". {'h>' if self.smtp_skip_5xx_greeting else '-'} - - - - -",
        )

    @property
    def eight_bits(self) -> Literal["convert labelled", "pass"]:  # type: ignore[override]
        """What MIME marks is converted (smtp_proto.c, mime_state.c), unless that is turned off."""
        return "pass" if self.disable_mime_output_conversion else "convert labelled"

    @property
    def families(self) -> tuple[int, ...]:  # type: ignore[override]
        """Those of `inet_protocols`."""
        return {"ipv4": (4,), "ipv6": (6,)}.get(self.inet_protocols, (4, 6))

    @property
    def errors(self) -> ErrorLimits:  # type: ignore[override]
        """Every reply is slept over from the soft limit on (smtpd_chat.c)."""
        return ErrorLimits(
            soft_limit=self.smtpd_soft_error_limit,
            hard_limit=self.smtpd_hard_error_limit,
            delay=self.smtpd_error_sleep_time,
        )

    @property
    def destinations(self) -> Destinations:  # type: ignore[override]
        """What has a queue of its own."""
        return "recipient" if self.default_destination_recipient_limit == 1 else "domain"

    @property
    def postmaster_hears(self) -> tuple[str, ...]:  # type: ignore[override]
        """Whoever hears of bounces hears of double ones, too (bounce_notify_service.c)."""
        classes = re.split(r"[,\s]+", self.notify_classes.strip())
        return (*classes, "2bounce") if "bounce" in classes else tuple(classes)
