"""Products whose delays stand in a list: Exchange, Haraka, Stalwart, ZoneMTA, JSMS, and no product at all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from sim.scenario.products.base import MANY, Product, named
from sim.scenario.quantity import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(Product):
    """Exchange's transport settings (Set-TransportService, Set-SendConnector); each next-hop domain has a queue."""

    QueueGlitchRetryCount: int = 4
    QueueGlitchRetryInterval: float = MINUTE
    TransientFailureRetryCount: int = 6
    TransientFailureRetryInterval: float = 5 * MINUTE
    OutboundConnectionFailureRetryInterval: float = 10 * MINUTE
    MessageRetryInterval: float = 15 * MINUTE
    MessageExpirationTimeout: float = 2 * DAY
    MaxPerDomainOutboundConnections: int = 20
    MaxOutboundConnections: int = 1000
    MaxInboundConnection: int = 5000
    MaxInboundConnectionPerSource: int = 20
    SmtpMaxMessagesPerConnection: int = 20
    ConnectionInactivityTimeOut: float = 10 * MINUTE
    MaxHopCount: int = 60
    DelayNotificationTimeout: float = 4 * HOUR
    ExternalDsnMaxMessageAttachSize: int = 10 * 1024 * 1024

    helo_timeout = named("ConnectionInactivityTimeOut")
    mail_timeout = named("ConnectionInactivityTimeOut")
    rcpt_timeout = named("ConnectionInactivityTimeOut")
    data_init_timeout = named("ConnectionInactivityTimeOut")
    # "The maximum time that an open connection can remain idle" (Set-SendConnector).
    data_xfer_timeout = named("ConnectionInactivityTimeOut")
    data_done_timeout = named("ConnectionInactivityTimeOut")
    quit_timeout = named("ConnectionInactivityTimeOut")
    destinations = "domain"
    destination_concurrency_limit = named("MaxPerDomainOutboundConnections")
    process_limit = named("MaxOutboundConnections")
    server_limit = named("MaxInboundConnection")
    client_session_limit = named("MaxInboundConnectionPerSource")
    connection_count_limit = named("SmtpMaxMessagesPerConnection")
    hopcount_limit = named("MaxHopCount")
    lifetime = named("MessageExpirationTimeout")
    returns_whole = True
    return_limit = named("ExternalDsnMaxMessageAttachSize")
    # Nothing is published about either: RFC 6152 section 3, where MIME says what there is.
    eight_bits = "convert labelled"
    releases_at_once = True

    @property
    def delay_warnings(self) -> tuple[float, ...]:  # type: ignore[override]
        """One."""
        return (self.DelayNotificationTimeout,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Haraka(Product):
    """Haraka's settings (outbound.ini, haraka.ini): it gives up when the intervals are used up.

    A message becomes an item of the queue for each of its domains (outbound/index.js).
    """

    temp_fail_intervals: tuple[float, ...] = tuple(64.0 * 2**power for power in range(12))
    connect_timeout: float = 30.0
    concurrency_max: int = 100
    max_received: int = 100
    inet_prefer: Literal["default", "v4", "v6"] = "default"

    destinations = "domain"
    process_limit = named("concurrency_max")
    server_limit = MANY
    hopcount_limit = named("max_received")
    mixes_hosts = True
    return_limit = 0
    # outbound/hmail.js sends what is in the queue; MAIL has SMTPUTF8 alone (get_reverse_path_with_params).
    eight_bits = "pass"
    says_body = "never"

    @property
    def prefers_family(self) -> Literal["ipv6", "ipv4"]:  # type: ignore[override]
        """IPv6, unless `inet_prefer` says otherwise (docs/Outbound.md)."""
        return "ipv4" if self.inet_prefer == "v4" else "ipv6"

    @property
    def lifetime(self) -> float:  # type: ignore[override]
        """When its intervals are used up."""
        return sum(self.temp_fail_intervals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stalwart(Product):
    """Stalwart's settings below `queue` and `session`: the last of its schedule's intervals comes again and again.

    A message's recipients go by domain, as its queue has them.
    """

    schedule: tuple[float, ...] = (
        2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, DAY, 3 * DAY
    )  # fmt: skip
    expire: float = 3 * DAY
    dsn_schedule: tuple[float, ...] = (15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR)
    dsn_max_attempts: int = 10
    connect: float = 5 * MINUTE
    greeting: float = 5 * MINUTE
    mail_from: float = 5 * MINUTE
    rcpt_to: float = 5 * MINUTE
    data: float = 10 * MINUTE
    max_mx: int = 7
    max_connections: int = 8192
    received_headers: int = 50
    notify: tuple[float, ...] = (DAY, 3 * DAY)

    connect_timeout = named("connect")
    helo_timeout = named("greeting")
    mail_timeout = named("mail_from")
    rcpt_timeout = named("rcpt_to")
    data_init_timeout = named("data")
    data_xfer_timeout = named("data")
    # smtp/src/outbound/client.rs, send_message(): a time for all of it, which the reply has once more.
    data_total_timeout = named("data")
    data_done_timeout = named("data")
    destinations = "domain"
    mx_address_limit = named("max_mx")
    prefers_family = "ipv4"
    server_limit = named("max_connections")
    hopcount_limit = named("received_headers")
    reuse = "never"
    lifetime = named("expire")
    return_limit = 0
    # smtp/src/outbound/session.rs sends what is in the queue; build_mail_from() says no BODY.
    eight_bits = "pass"
    says_body = "never"

    @property
    def delay_warnings(self) -> tuple[float, ...]:  # type: ignore[override]
        """Each so long after the one before."""
        return tuple(accumulate(self.notify))


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMta(Product):
    """ZoneMTA's intervals between tries (it gives up when they are used up) and connections of a zone.

    Its queue goes by domain. Since 3.9.0 a sender is told after 3 h that his mail is late.
    """

    deferTimes: tuple[float, ...] = tuple(  # noqa: N815 - its own name
        MINUTE * gap for gap in (5, 7, 8, 25, 75, 120, *[240] * 11)
    )
    connections: int = 5
    delay_warnings: tuple[float, ...] = (3 * HOUR,)

    # nodemailer's smtp-connection: SOCKET_TIMEOUT, which node.js starts anew as long as its socket takes something.
    mail_timeout = 10 * MINUTE
    rcpt_timeout = 10 * MINUTE
    data_init_timeout = 10 * MINUTE
    data_xfer_timeout = 10 * MINUTE
    quit_timeout = 10 * MINUTE

    destinations = "domain"
    prefers_family = "ipv4"
    process_limit = named("connections")
    server_limit = MANY
    return_limit = 0
    # nodemailer's smtp-connection, which it sends with, converts nothing, and is given no use8BitMime (lib/sender.js).
    eight_bits = "pass"
    says_body = "never"

    @property
    def lifetime(self) -> float:  # type: ignore[override]
        """When its intervals are used up."""
        return sum(self.deferTimes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jsms(Product):
    """Channel keywords of Sun's Java System Messaging Server, once PMDF; the last of its notices returns the mail."""

    urgentbackoff: tuple[float, ...] = (MINUTE * 30, HOUR, HOUR, 2 * HOUR, 2 * HOUR, 2 * HOUR, 4 * HOUR)
    normalbackoff: tuple[float, ...] = (HOUR, 2 * HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 8 * HOUR)
    nonurgentbackoff: tuple[float, ...] = (
        2 * HOUR, 4 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR, 8 * HOUR, 16 * HOUR
    )  # fmt: skip
    notices: tuple[float, ...] = (3 * DAY, 6 * DAY, 9 * DAY, 12 * DAY)

    returns_whole = True
    # The channel keyword eightnegotiate, the default, encodes what a server does not take; without charset8 the octets
    # in a header become encoded words of an unknown character set (Messaging Server 6 Administration Guide, 819-2650,
    # "Character Set Labeling and Eight-Bit Data").
    eight_bits = "encode"
    releases_at_once = True

    @property
    def lifetime(self) -> float:  # type: ignore[override]
        """The last of its notices."""
        return self.notices[-1]

    @property
    def delay_warnings(self) -> tuple[float, ...]:  # type: ignore[override]
        """All but the last of its notices."""
        return self.notices[:-1]


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
    idle_timeout: float = 5 * MINUTE
    destination_concurrency_limit: int = 20
    process_limit: int = 100
    recipient_limit: int = 100
    mx_address_limit: int = 5
    mx_session_limit: int = 2
    hopcount_limit: int = 100
    delay_warnings: tuple[float, ...] = ()
    reports: bool = True
