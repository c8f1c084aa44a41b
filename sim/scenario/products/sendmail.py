"""Sendmail: its options and their defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, inf

from sim.scenario.products.base import Product, age, limit, named
from sim.scenario.products.parameters import CountOrZero, Hops, Mailbox, Time, TimeOrZero
from sim.scenario.products.retry import Outcome, Retry, Round
from sim.scenario.products.tables import Commands, FailureTable, LoopDetection, QueueWords, ReplyText
from sim.scenario.quantity import DAY, HOUR, MINUTE

HOST_DOWN = ReplyText(0, "4.4.1", "Deferred: the host did not answer in this queue run")


class SendmailRetry(Retry):
    """Its queue runs pass over a job that was tried less than MinQueueAge ago (queue.c: gatherq; envelope.c).

    Where MaxQueueAge is set, it also passes over one that was tried less than its age at the last try ago or
    MaxQueueAge, whichever is less. A run tries a host that does not answer once for all its jobs (mci.c: what a process
    knows of a host); new mail is tried by a process of its own.
    """

    keeps_hosts = True
    _product: Sendmail

    def __init__(self, product: Sendmail, random: Callable[[], float]) -> None:
        super().__init__(product, random)
        self._start = 0.0
        self._failed: dict[str, float] = {}

    def flushed(self, queue_ids: Sequence[str]) -> None:
        """A run by hand is a process of its own."""
        self._failed.clear()

    def gives_up(self, last: Round) -> bool:
        """Whether the message is older than Timeout.queuereturn for its priority (RFC 6710)."""
        product, lifetime = self._product, 0.0
        if last.priority:
            lifetime = product.queuereturn_urgent if last.priority > 0 else product.queuereturn_non_urgent
        return last.ended > last.arrival + (lifetime or product.queuereturn)

    def delay(self, last: Round) -> float:
        """Until no age passes it over."""
        return max(self._product.MinQueueAge, min(last.ended - last.arrival, self._product.MaxQueueAge))

    def next_run(self, ready: float, now: float, start: float) -> float:
        """The first queue run after `now` that finds it ready."""
        self._start = start
        return super().next_run(ready, now, start)

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> ReplyText | None:
        """In a run, a host that did not answer since it began."""
        began = self._start + floor((now - self._start) / self.period) * self.period
        return HOST_DOWN if arrival < now and self._failed.get(hop, -inf) > began else None

    def tried(
        self, hop: str, queue_id: str, arrival: float, *, began: float, now: float, outcome: Outcome
    ) -> Sequence[str]:
        """Keep when a host did not answer."""
        if outcome == "host":
            self._failed[hop] = now
        else:
            self._failed.pop(hop, None)
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sendmail(Product):
    """Sendmail's options; `queue_interval` is that of its option -q, names in lower case are those below Timeout.

    A destination is a host: sessions are kept by host (mci.c), and recipients whose domains have the same MX hosts go
    together (hostsignature in deliver.c). Timeout.queuereturn is for mail of normal priority, and for the two others
    where theirs is 0.
    """

    name = "sendmail"
    title = "sendmail"
    extensions = "ENHANCEDSTATUSCODES PIPELINING EXPN 8BITMIME SIZE DSN ETRN AUTH STARTTLS DELIVERBY HELP"
    uses = "ENHANCEDSTATUSCODES PIPELINING 8BITMIME SIZE DSN DELIVERBY"
    # deliver.c, usersmtp.c.
    failure_table = FailureTable(
        silence="h> h> h> m> m> m> m>",
        broken="h> h> h> m> m> m> m>",
        temporary=". h> h> m> m> m> m>",
        permanent=". -> -> - - - -",
    )
    # deliver.c (sendall), recipient.c, domain.c (getmxrr), usersmtp.c (smtpinit).
    loop_detection = LoopDetection(
        returns=True,
        forwarding=ReplyText(554, "5.4.6", "aliasing/forwarding loop broken for {address}"),
        best_mx=ReplyText(554, "5.3.5", "MX list for {domain} points back to {host}"),
        to_itself=ReplyText(553, "5.3.5", "{host} config error: mail loops back to me (MX problem?)"),
    )
    # deliver.c (EX_NOHOST).
    no_exchanger = ReplyText(550, "5.1.2", "Host unknown (Name server: {host}: host not found)")
    queue_words = QueueWords("received", "waiting", "locked", "queued", "hold")
    # sendmail(8): quarantine by -Q.
    commands = Commands(
        flush=("sendmail -q", "sendmail -qR{of}"),
        hold=("sendmail -Qhold -q", "sendmail -Qhold -qR{of}"),
        release=("sendmail -Q -qQ", "sendmail -Q -qQ -qR{of}"),
        restart=("systemctl restart sendmail", ""),
    )
    retry_algorithm = SendmailRetry
    intervals = (("queue_interval", "queuereturn"), ("MinQueueAge", "queuereturn"), ("MaxQueueAge", "queuereturn"))
    queue_run_order = "priority"

    queue_interval: Time = named(30 * MINUTE, "queue_run_interval")
    # queue.c: gatherq sorts jobs when the run begins, the least number first (workcmpf0).
    MaxQueueChildren: CountOrZero = limit(0, "queue_run_limit")
    ClassFactor: CountOrZero = 1800
    RecipientFactor: CountOrZero = 30_000
    RetryFactor: CountOrZero = 90_000
    MinQueueAge: TimeOrZero = 0.0
    MaxQueueAge: TimeOrZero = 0.0
    queuereturn: Time = named(5 * DAY, "lifetime")
    queuereturn_urgent: TimeOrZero = 0.0
    queuereturn_non_urgent: TimeOrZero = 0.0
    connect: Time = named(2 * MINUTE, "connect_timeout")
    initial: Time = named(5 * MINUTE, "helo_timeout")
    mail: Time = named(10 * MINUTE, "mail_timeout")
    rcpt: Time = named(HOUR, "rcpt_timeout")
    datainit: Time = named(5 * MINUTE, "data_init_timeout")
    datablock: Time = HOUR
    datafinal: Time = named(HOUR, "data_done_timeout")
    quit: Time = named(2 * MINUTE, "quit_timeout")
    command: Time = HOUR
    MaxDaemonChildren: CountOrZero = limit(0, "server_limit")
    MaxHopCount: Hops = named(25, "hopcount_limit")
    queuewarn: TimeOrZero = age(4 * HOUR, "delay_warnings")
    DoubleBounceAddress: Mailbox = named("postmaster", "postmaster")

    # usersmtp.c: DATA_PROGRESS_TIMEOUT for each write; datablock is its server's, for mail data (collect.c).
    data_xfer_timeout = 5 * MINUTE
    # daemon.c: getrequests closes the socket, and refuses for 15 s.
    when_full = "reset"
    looks_again = 15.0
    prefers_family = "ipv6"
    # deliver.c: smtprset, where the connection is cached.
    keeps_refused = "any"
    returns_whole = True
    # EightBitMode=pass8: smtpmailfrom() in usersmtp.c. L=990 of the mailer esmtp: what is longer gets a `!` (putxline()
    # in util.c).
    eight_bits = "convert labelled"
    says_body = "asked"
    line_limit = 990
    fold_mark = b"!"
    postmaster_hears = ("2bounce",)

    @property
    def idle_timeout(self) -> float:  # type: ignore[override]
        """Its server waits for a command or for mail data: here the longer of both times for either."""
        return max(self.command, self.datablock)

    @property
    def priority_factors(self) -> tuple[int, int, int]:  # type: ignore[override]
        """Bytes, recipients and attempts make a job wait."""
        return (self.ClassFactor, self.RecipientFactor, self.RetryFactor)
