"""The mail transfer agents that a host can play: their parameters, under the products' own names, and defaults.

A product is a frozen dataclass: what a scenario file can set. Beside that every product answers to the names of
`Product`, so that the world need not know which one it is. Times are in s. Where a default is not from the product's
own source or manual, it is that of RFC 5321 section 4.5.3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal

from sim.scenario.feedback import FIXED, Feedback
from sim.scenario.quantity import DAY, HOUR, MINUTE

MANY = 1_000_000
"""A limit that is none."""


Reuse = Literal["rset", "mail", "ride", "never"]
"""How a client goes on with a session: RSET first, MAIL at once, MAIL behind the final dot, or not at all."""


def _named(parameter: str) -> Any:  # noqa: ANN401 - a property stands in for a plain attribute of any type
    """The product's own name of what `Product` calls otherwise."""
    return property(attrgetter(parameter))


class Product:
    """What every product answers to; without own parameters, what RFC 5321 says, and no limits.

    Timeouts are the client's: connecting, the greeting and the reply to EHLO, the replies to MAIL, RCPT and DATA, each
    block of mail data, the reply to the final dot and to QUIT. `destination_concurrency_limit` is how many deliveries
    to one next hop are under way, `process_limit` how many in all; `recipient_limit` how many recipients a
    transaction has; `mx_address_limit` how many hosts of a domain are tried, `mx_session_limit` how many of them may
    have been offered the mail; `active_limit` how many messages are worked on at a time; `hopcount_limit` how many
    Received fields make a loop; `reuse` what becomes of a session where more mail for its host waits.
    """

    __slots__ = ()

    connect_timeout: float = 2 * MINUTE
    helo_timeout: float = 5 * MINUTE
    mail_timeout: float = 5 * MINUTE
    rcpt_timeout: float = 5 * MINUTE
    data_init_timeout: float = 2 * MINUTE
    data_xfer_timeout: float = 3 * MINUTE
    data_done_timeout: float = 10 * MINUTE
    quit_timeout: float = 5 * MINUTE
    destination_concurrency_limit: int = MANY
    process_limit: int = MANY
    recipient_limit: int = 100
    mx_address_limit: int = MANY
    mx_session_limit: int = MANY
    active_limit: int = MANY
    hopcount_limit: int = 100
    reuse: Reuse = "rset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix(Product):
    """Postfix's parameters (postconf(5))."""

    queue_run_delay: float = 5 * MINUTE
    minimal_backoff_time: float = 5 * MINUTE
    maximal_backoff_time: float = 4000.0
    maximal_queue_lifetime: float = 5 * DAY
    bounce_queue_lifetime: float = 5 * DAY
    smtp_connect_timeout: float = 30.0
    smtp_helo_timeout: float = 5 * MINUTE
    smtp_mail_timeout: float = 5 * MINUTE
    smtp_rcpt_timeout: float = 5 * MINUTE
    smtp_data_init_timeout: float = 2 * MINUTE
    smtp_data_xfer_timeout: float = 3 * MINUTE
    smtp_data_done_timeout: float = 10 * MINUTE
    smtp_quit_timeout: float = 5 * MINUTE
    initial_destination_concurrency: int = 5
    default_destination_concurrency_limit: int = 20
    default_destination_concurrency_positive_feedback: Feedback = FIXED
    default_destination_concurrency_negative_feedback: Feedback = FIXED
    default_destination_concurrency_failed_cohort_limit: int = 1
    default_destination_rate_delay: float = 0.0
    default_delivery_slot_cost: int = 5
    default_delivery_slot_loan: int = 3
    default_delivery_slot_discount: int = 50
    default_minimum_delivery_slots: int = 3
    default_destination_recipient_limit: int = 50
    default_process_limit: int = 100
    qmgr_message_active_limit: int = 20_000
    smtp_mx_address_limit: int = 5
    smtp_mx_session_limit: int = 2
    hopcount_limit: int = 50

    connect_timeout = _named("smtp_connect_timeout")
    helo_timeout = _named("smtp_helo_timeout")
    mail_timeout = _named("smtp_mail_timeout")
    rcpt_timeout = _named("smtp_rcpt_timeout")
    data_init_timeout = _named("smtp_data_init_timeout")
    data_xfer_timeout = _named("smtp_data_xfer_timeout")
    data_done_timeout = _named("smtp_data_done_timeout")
    quit_timeout = _named("smtp_quit_timeout")
    destination_concurrency_limit = _named("default_destination_concurrency_limit")
    recipient_limit = _named("default_destination_recipient_limit")
    process_limit = _named("default_process_limit")
    mx_address_limit = _named("smtp_mx_address_limit")
    mx_session_limit = _named("smtp_mx_session_limit")
    active_limit = _named("qmgr_message_active_limit")


@dataclass(frozen=True, slots=True)
class RetryRule:
    """A part of an Exim retry rule: `F` (fixed interval), `G` (growing by a factor) or `H` (as G, with chance).

    It is in force while the failing has lasted no longer than `cutoff`, s; `interval` in s.
    """

    letter: Literal["F", "G", "H"]
    cutoff: float
    interval: float
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exim(Product):
    """Exim's main options and those of its smtp transport; `queue_run` is the interval of its option -q."""

    retry: tuple[RetryRule, ...] = (
        RetryRule("F", 2 * HOUR, 15 * MINUTE),
        RetryRule("G", 16 * HOUR, HOUR, 1.5),
        RetryRule("F", 4 * DAY, 6 * HOUR),
    )
    queue_run: float = 30 * MINUTE
    retry_interval_max: float = DAY
    retry_data_expire: float = 7 * DAY
    delay_after_cutoff: bool = True
    connect_timeout: float = 5 * MINUTE
    command_timeout: float = 5 * MINUTE
    data_timeout: float = 5 * MINUTE
    final_timeout: float = 10 * MINUTE
    max_rcpt: int = 100
    hosts_max_try: int = 5
    received_headers_max: int = 30

    helo_timeout = _named("command_timeout")
    mail_timeout = _named("command_timeout")
    rcpt_timeout = _named("command_timeout")
    data_init_timeout = _named("command_timeout")
    data_xfer_timeout = _named("data_timeout")
    data_done_timeout = _named("final_timeout")
    quit_timeout = _named("command_timeout")
    recipient_limit = _named("max_rcpt")
    mx_address_limit = _named("hosts_max_try")
    hopcount_limit = _named("received_headers_max")
    reuse = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sendmail(Product):
    """Sendmail's options; `queue_interval` is that of its option -q, names in lower case are those below Timeout."""

    queue_interval: float = 30 * MINUTE
    MinQueueAge: float = 0.0
    MaxQueueAge: float = 0.0
    queuereturn: float = 5 * DAY
    connect: float = 2 * MINUTE
    initial: float = 5 * MINUTE
    mail: float = 10 * MINUTE
    rcpt: float = HOUR
    datainit: float = 5 * MINUTE
    datablock: float = HOUR
    datafinal: float = HOUR
    quit: float = 2 * MINUTE
    MaxHopCount: int = 25

    connect_timeout = _named("connect")
    helo_timeout = _named("initial")
    mail_timeout = _named("mail")
    rcpt_timeout = _named("rcpt")
    data_init_timeout = _named("datainit")
    data_xfer_timeout = _named("datablock")
    data_done_timeout = _named("datafinal")
    quit_timeout = _named("quit")
    hopcount_limit = _named("MaxHopCount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Qmail(Product):
    """Qmail's control files (qmail-send(8), qmail-remote(8)); it has one recipient a session."""

    queuelifetime: float = 7 * DAY
    concurrencyremote: int = 20
    timeoutconnect: float = MINUTE
    timeoutremote: float = 20 * MINUTE

    connect_timeout = _named("timeoutconnect")
    helo_timeout = _named("timeoutremote")
    mail_timeout = _named("timeoutremote")
    rcpt_timeout = _named("timeoutremote")
    data_init_timeout = _named("timeoutremote")
    data_xfer_timeout = _named("timeoutremote")
    data_done_timeout = _named("timeoutremote")
    quit_timeout = _named("timeoutremote")
    process_limit = _named("concurrencyremote")
    recipient_limit = 1
    mx_session_limit = 1
    reuse = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSmtpd(Product):
    """OpenSMTPD's settings (smtpd.conf(5)), and its limits by their names in its source (limit.c)."""

    expire: float = 4 * DAY
    maxconn_per_route: int = 5
    maxconn_per_source: int = 100

    destination_concurrency_limit = _named("maxconn_per_route")
    process_limit = _named("maxconn_per_source")
    reuse = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(Product):
    """Exchange's transport settings (Set-TransportService, Set-SendConnector)."""

    QueueGlitchRetryCount: int = 4
    QueueGlitchRetryInterval: float = MINUTE
    TransientFailureRetryCount: int = 6
    TransientFailureRetryInterval: float = 5 * MINUTE
    OutboundConnectionFailureRetryInterval: float = 10 * MINUTE
    MessageRetryInterval: float = 15 * MINUTE
    MessageExpirationTimeout: float = 2 * DAY
    MaxPerDomainOutboundConnections: int = 20
    MaxOutboundConnections: int = 1000
    ConnectionInactivityTimeOut: float = 10 * MINUTE
    MaxHopCount: int = 60

    helo_timeout = _named("ConnectionInactivityTimeOut")
    mail_timeout = _named("ConnectionInactivityTimeOut")
    rcpt_timeout = _named("ConnectionInactivityTimeOut")
    data_init_timeout = _named("ConnectionInactivityTimeOut")
    data_xfer_timeout = _named("ConnectionInactivityTimeOut")
    data_done_timeout = _named("ConnectionInactivityTimeOut")
    quit_timeout = _named("ConnectionInactivityTimeOut")
    destination_concurrency_limit = _named("MaxPerDomainOutboundConnections")
    process_limit = _named("MaxOutboundConnections")
    hopcount_limit = _named("MaxHopCount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Haraka(Product):
    """Haraka's settings (outbound.ini, haraka.ini): it gives up when the intervals are used up."""

    temp_fail_intervals: tuple[float, ...] = tuple(64.0 * 2**power for power in range(12))
    connect_timeout: float = 30.0
    concurrency_max: int = 100
    max_received: int = 100

    process_limit = _named("concurrency_max")
    hopcount_limit = _named("max_received")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stalwart(Product):
    """Stalwart's settings below `queue` and `session`: the last of its schedule's intervals comes again and again."""

    schedule: tuple[float, ...] = (
        2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, DAY, 3 * DAY
    )  # fmt: skip
    expire: float = 3 * DAY
    connect: float = 5 * MINUTE
    greeting: float = 5 * MINUTE
    mail_from: float = 5 * MINUTE
    rcpt_to: float = 5 * MINUTE
    data: float = 10 * MINUTE
    max_mx: int = 7
    received_headers: int = 50

    connect_timeout = _named("connect")
    helo_timeout = _named("greeting")
    mail_timeout = _named("mail_from")
    rcpt_timeout = _named("rcpt_to")
    data_init_timeout = _named("data")
    data_xfer_timeout = _named("data")
    data_done_timeout = _named("data")
    mx_address_limit = _named("max_mx")
    hopcount_limit = _named("received_headers")
    reuse = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMta(Product):
    """ZoneMTA's intervals between tries (it gives up when they are used up) and connections of a zone."""

    deferTimes: tuple[float, ...] = tuple(  # noqa: N815 - its own name
        MINUTE * gap for gap in (5, 7, 8, 25, 75, 120, *[240] * 11)
    )
    connections: int = 5

    process_limit = _named("connections")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nullmailer(Product):
    """Nullmailer's control files (nullmailer-send(8)); it sends one message at a time."""

    pausetime: float = MINUTE
    maxpause: float = DAY
    queuelifetime: float = 7 * DAY
    sendtimeout: float = HOUR

    connect_timeout = _named("sendtimeout")
    helo_timeout = _named("sendtimeout")
    mail_timeout = _named("sendtimeout")
    rcpt_timeout = _named("sendtimeout")
    data_init_timeout = _named("sendtimeout")
    data_xfer_timeout = _named("sendtimeout")
    data_done_timeout = _named("sendtimeout")
    quit_timeout = _named("sendtimeout")
    process_limit = 1
    recipient_limit = MANY
    reuse = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jsms(Product):
    """Channel keywords of Sun's Java System Messaging Server, once PMDF; the last of its notices returns the mail."""

    normalbackoff: tuple[float, ...] = (HOUR, 2 * HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 8 * HOUR)
    notices: tuple[float, ...] = (3 * DAY, 6 * DAY, 9 * DAY, 12 * DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rfc5321(Product):
    """What RFC 5321 section 4.5.4.1 recommends: two tries in the first hour, then one in two or three hours."""

    retry_interval: float = 30 * MINUTE
    first_period: float = HOUR
    later_interval: float = 2 * HOUR
    give_up_time: float = 5 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays(Product):
    """No product: any list of delays, the last of which comes again and again, and any limits."""

    delays: tuple[float, ...] = (30 * MINUTE,)
    lifetime: float = 5 * DAY
    connect_timeout: float = 2 * MINUTE
    helo_timeout: float = 5 * MINUTE
    mail_timeout: float = 5 * MINUTE
    rcpt_timeout: float = 5 * MINUTE
    data_init_timeout: float = 2 * MINUTE
    data_xfer_timeout: float = 3 * MINUTE
    data_done_timeout: float = 10 * MINUTE
    quit_timeout: float = 5 * MINUTE
    destination_concurrency_limit: int = 20
    process_limit: int = 100
    recipient_limit: int = 100
    mx_address_limit: int = 5
    mx_session_limit: int = 2
    hopcount_limit: int = 100


PRODUCTS: Mapping[str, type[Product]] = MappingProxyType(
    {
        "postfix": Postfix,
        "exim": Exim,
        "sendmail": Sendmail,
        "qmail": Qmail,
        "opensmtpd": OpenSmtpd,
        "exchange": Exchange,
        "haraka": Haraka,
        "stalwart": Stalwart,
        "zonemta": ZoneMta,
        "nullmailer": Nullmailer,
        "jsms": Jsms,
        "rfc5321": Rfc5321,
    }
)
"""The products by the names that a scenario file has for them."""

TITLES: Mapping[type[Product], str] = MappingProxyType(
    {
        Postfix: "Postfix",
        Exim: "Exim",
        Sendmail: "sendmail",
        Qmail: "qmail",
        OpenSmtpd: "OpenSMTPD",
        Exchange: "Exchange",
        Haraka: "Haraka",
        Stalwart: "Stalwart",
        ZoneMta: "ZoneMTA",
        Nullmailer: "nullmailer",
        Jsms: "JSMS",
        Rfc5321: "RFC 5321",
        Delays: "a list of delays",
    }
)
"""The products as one speaks of them."""


def product_name(product: Product | type[Product]) -> str:
    """The product's name in a scenario file; empty for a list of delays, which has none."""
    kind = product if isinstance(product, type) else type(product)
    return next((name for name, one in PRODUCTS.items() if one is kind), "")
