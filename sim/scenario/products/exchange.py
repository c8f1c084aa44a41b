"""Exchange: its transport settings and their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import Product, age, named
from sim.scenario.products.host_retry import HostRetry
from sim.scenario.products.parameters import Count, CountOrZero, Hops, Time
from sim.scenario.products.tables import NO_EXCHANGER, Commands, FailureTable, LoopDetection, QueueWords, ReplyText
from sim.scenario.quantity import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(Product):
    """Exchange's transport settings (Set-TransportService, Set-SendConnector); each next-hop domain has a queue."""

    name = "exchange"
    title = "Exchange"
    extensions = "SIZE PIPELINING DSN ENHANCEDSTATUSCODES STARTTLS AUTH 8BITMIME BINARYMIME CHUNKING SMTPUTF8"
    uses = "SIZE PIPELINING DSN ENHANCEDSTATUSCODES 8BITMIME BINARYMIME CHUNKING SMTPUTF8"
    # Its documents (Set-TransportService) and its notice "attempted failover to alternate host".
    failure_table = FailureTable(
        silence="h> h> h> h> h> h> h>",
        broken="h> h> h> h> h> h> h>",
        temporary=". h> h> m m m m",
        permanent=". h> h> - - - -",
    )
    # Its documents on its reports.
    loop_detection = LoopDetection(
        too_many=ReplyText(554, "5.4.6", "Hop count exceeded - possible mail loop"),
        forwarding=ReplyText(550, "5.4.6", "RESOLVER.FWD.Loop; there is a forwarding loop configured in the directory"),
    )
    no_exchanger = NO_EXCHANGER
    queue_words = QueueWords("Submission", "Ready", "Active", "Retry", "Suspended")
    # Its documents (Retry-Queue, Suspend-Message, Resume-Message).
    commands = Commands(
        flush=("Retry-Queue -Filter {{Status -eq 'Retry'}}", "Retry-Queue -Filter {{NextHopDomain -eq '{of}'}}"),
        hold=(
            "Suspend-Message -Filter {{Status -ne 'Suspended'}}",
            "Suspend-Message -Filter {{Queue -like '*\\{of}'}}",
        ),
        release=(
            "Resume-Message -Filter {{Status -eq 'Suspended'}}",
            "Resume-Message -Filter {{Queue -like '*\\{of}'}}",
        ),
        restart=("Restart-Service MSExchangeTransport", ""),
    )
    retry_algorithm = HostRetry
    intervals = (
        ("QueueGlitchRetryInterval", "MessageExpirationTimeout"),
        ("TransientFailureRetryInterval", "MessageExpirationTimeout"),
        ("OutboundConnectionFailureRetryInterval", "MessageExpirationTimeout"),
        ("MessageRetryInterval", "MessageExpirationTimeout"),
    )
    expires = "timer"
    # The queues' states are in memory.
    forgets_times = True
    warns = "timer"

    QueueGlitchRetryCount: Count = 4
    QueueGlitchRetryInterval: Time = MINUTE
    TransientFailureRetryCount: Count = 6
    TransientFailureRetryInterval: Time = 5 * MINUTE
    OutboundConnectionFailureRetryInterval: Time = 10 * MINUTE
    MessageRetryInterval: Time = 15 * MINUTE
    MessageExpirationTimeout: Time = named(2 * DAY, "lifetime")
    MaxPerDomainOutboundConnections: Count = named(20, "destination_concurrency_limit")
    MaxOutboundConnections: Count = named(1000, "process_limit")
    MaxInboundConnection: Count = named(5000, "server_limit")
    MaxInboundConnectionPerSource: Count = named(20, "client_session_limit")
    SmtpMaxMessagesPerConnection: Count = named(20, "connection_count_limit")
    # "The maximum time that an open connection can remain idle" (Set-SendConnector).
    ConnectionInactivityTimeOut: Time = named(
        10 * MINUTE,
        "helo_timeout mail_timeout rcpt_timeout data_init_timeout data_xfer_timeout data_done_timeout quit_timeout",
    )
    MaxHopCount: Hops = named(60, "hopcount_limit")
    DelayNotificationTimeout: Time = age(4 * HOUR, "delay_warnings")
    ExternalDsnMaxMessageAttachSize: CountOrZero = named(10 * 1024 * 1024, "return_limit")

    destinations = "domain"
    returns_whole = True
    # Nothing is published about either: RFC 6152 section 3, where MIME says what there is.
    eight_bits = "convert labelled"
    releases_at_once = True

    @property
    def retry_delays(self) -> tuple[float, ...]:  # type: ignore[override]
        """Of mail that the far host puts off: one, again and again."""
        return (self.MessageRetryInterval,)

    @property
    def host_pauses(self) -> tuple[float, ...]:  # type: ignore[override]
        """A queue that cannot connect goes through glitches, then transient failures, then longer waits."""
        return (
            *[self.QueueGlitchRetryInterval] * self.QueueGlitchRetryCount,
            *[self.TransientFailureRetryInterval] * self.TransientFailureRetryCount,
            self.OutboundConnectionFailureRetryInterval,
        )
