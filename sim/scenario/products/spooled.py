"""Products with a clock for each message or one for all: qmail, OpenSMTPD, nullmailer, and the advice of RFC 5321."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import MANY, Product, named
from sim.scenario.quantity import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Qmail(Product):
    """Qmail's control files (qmail-send(8), qmail-remote(8)); it has one recipient a session.

    It knows no destinations: concurrencyremote is for all recipients that are not local.
    """

    queuelifetime: float = 7 * DAY
    concurrencyremote: int = 20
    timeoutconnect: float = MINUTE
    timeoutremote: float = 20 * MINUTE
    timeoutsmtpd: float = 20 * MINUTE
    doublebounceto: str = "postmaster"

    connect_timeout = named("timeoutconnect")
    helo_timeout = named("timeoutremote")
    mail_timeout = named("timeoutremote")
    rcpt_timeout = named("timeoutremote")
    data_init_timeout = named("timeoutremote")
    # timeoutwrite.c, timeoutread.c: for each write and read, of which the last is the reply's.
    data_xfer_timeout = named("timeoutremote")
    data_done_timeout = named("timeoutremote")
    quit_timeout = named("timeoutremote")
    idle_timeout = named("timeoutsmtpd")
    destinations = "all"
    process_limit = named("concurrencyremote")
    # tcpserver's -c and -b: at the limit it accepts nobody before a child has ended.
    server_limit = 40
    listen_backlog = 20
    when_full = "wait"
    recipient_limit = 1
    mx_session_limit = 1
    families = (4,)
    write_size = 1024
    reuse = "never"
    lifetime = named("queuelifetime")
    returns_whole = True
    postmaster = named("doublebounceto")
    postmaster_hears = ("2bounce",)
    eight_bits = "pass"
    greets_with = "HELO"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSmtpd(Product):
    """OpenSMTPD's settings (smtpd.conf(5)), and its limits by their names in its source (limit.c).

    Its limits are of a relay (a domain's mail) and of its routes, one to each host (mta.c); those of a route are the
    narrow ones, so that a destination is a host here.
    """

    expire: float = 4 * DAY
    maxconn_per_host: int = 10
    maxconn_per_route: int = 5
    maxconn_per_source: int = 100
    maxconn_per_connector: int = 20
    maxconn_per_relay: int = 100
    maxconn_per_domain: int = 100
    conndelay_route: float = 5.0
    conndelay_relay: float = 2.0
    max_mail_per_session: int = 100
    sessdelay_keepalive: float = 10.0
    warn_interval: tuple[float, ...] = (4 * HOUR,)

    # mta_session.c: io_set_timeout(s->io, 300000), whatever it waits for, from its last write or reply on.
    connect_timeout = 5 * MINUTE
    data_init_timeout = 5 * MINUTE
    data_xfer_timeout = 5 * MINUTE
    data_done_timeout = 5 * MINUTE
    process_limit = named("maxconn_per_source")
    # smtp.c: half of its descriptors, of which it has 1,024, less some; it pauses its listeners then. SMTPD_BACKLOG.
    server_limit = 497
    listen_backlog = 5
    when_full = "wait"
    connection_count_limit = named("max_mail_per_session")
    connection_idle_limit = named("sessdelay_keepalive")
    reuse = "mail"
    # mta_session.c: MTA_RSET, and then MTA_READY, where it says QUIT if nothing waits.
    keeps_refused = "any"
    initial_concurrency = 1
    # libasr asks for inet4, then for inet6.
    prefers_family = "ipv4"

    @property
    def destination_concurrency_limit(self) -> int:  # type: ignore[override]
        """The narrowest of the limits of one next hop's connections."""
        return min(
            self.maxconn_per_host,
            self.maxconn_per_route,
            self.maxconn_per_connector,
            self.maxconn_per_relay,
            self.maxconn_per_domain,
        )

    @property
    def connection_delay(self) -> float:  # type: ignore[override]
        """The longer of the delays after a connection to the same next hop."""
        return max(self.conndelay_route, self.conndelay_relay)

    lifetime = named("expire")
    # mta_session.c sends what is in the queue; MAIL has RET and ENVID alone.
    eight_bits = "pass"
    says_body = "never"
    delay_warnings = named("warn_interval")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nullmailer(Product):
    """Nullmailer's control files (nullmailer-send(8)); it sends one message at a time, and knows no destinations.

    Its protocol program has no timers: it is killed when it has run for `sendtimeout` (send.cc).
    """

    pausetime: float = MINUTE
    maxpause: float = DAY
    queuelifetime: float = 7 * DAY
    sendtimeout: float = HOUR

    connect_timeout = named("sendtimeout")
    helo_timeout = named("sendtimeout")
    mail_timeout = named("sendtimeout")
    rcpt_timeout = named("sendtimeout")
    data_init_timeout = named("sendtimeout")
    data_xfer_timeout = named("sendtimeout")
    data_done_timeout = named("sendtimeout")
    quit_timeout = named("sendtimeout")
    session_timeout = named("sendtimeout")
    destinations = "all"
    # getaddrinfo (RFC 6724).
    prefers_family = "ipv6"
    process_limit = 1
    recipient_limit = MANY
    reuse = "never"
    lifetime = named("queuelifetime")
    return_limit = 0
    eight_bits = "pass"
    greets_with = "HELO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rfc5321(Product):
    """What RFC 5321 section 4.5.4.1 recommends: two tries in the first hour, then one in two or three hours."""

    retry_interval: float = 30 * MINUTE
    first_period: float = HOUR
    later_interval: float = 2 * HOUR
    give_up_time: float = 5 * DAY

    lifetime = named("give_up_time")
