"""qmail: its control files and their defaults."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim.scenario.products.base import Product, named
from sim.scenario.products.parameters import Count, Mailbox, Time
from sim.scenario.products.retry import Outcome, Retry, Round
from sim.scenario.products.tables import Commands, FailureTable, LoopDetection, QueueWords, ReplyText
from sim.scenario.quantity import DAY, MINUTE

_REMOTE = 20
"""What qmail adds to the root of a message's age for remote recipients (qmail-send.c: chanskip)."""


_AGAIN, _UNIT, _ADDRESSES = 120.0, 64.0, 64
"""tcpto.c: timeouts closer than this count as one, s; what the wait is counted in, s; how many hosts it remembers."""

SILENT = ReplyText(0, "4.4.1", "Sorry, I wasn't able to establish an SMTP connection.")


class QmailRetry(Retry):
    """qmail-send.c: nextretry, pass_dochan; the next pass is set when a pass begins.

    Hosts that did not answer twice are passed over for an hour or so by all mail (tcpto.c), each message on its own
    clock all the same.
    How long one is passed over hangs on the number of the process that asks, which is drawn.
    """

    keeps_hosts = True
    by_address = True

    _product: Qmail

    def __init__(self, product: Qmail, random: Callable[[], float]) -> None:
        super().__init__(product, random)
        self._timeouts: dict[str, tuple[int, float]] = {}

    def gives_up(self, last: Round) -> bool:
        """Whether the message was older than its lifetime when the pass began: it is dying then."""
        return last.began > last.arrival + self._product.queuelifetime

    def sleeps_until(self, last: Round) -> float:
        """The root of the age, twenty more, squared; in whole seconds."""
        return last.arrival + (math.isqrt(int(last.began - last.arrival)) + _REMOTE) ** 2

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> ReplyText | None:
        """A host that did not answer twice is not tried for 64 to 97 minutes."""
        count, last = self._timeouts.get(hop, (0, 0.0))
        if count < 2 or now - last >= (60 + int(self._random() * 32)) * _UNIT:
            return None
        return SILENT

    def tried(
        self, hop: str, queue_id: str, arrival: float, *, began: float, now: float, outcome: Outcome
    ) -> Sequence[str]:
        """Count silence; any answer, a refusal too, ends the count."""
        if outcome != "host" or now - began < self._product.timeoutconnect:
            self._timeouts.pop(hop, None)
            return ()
        count, last = self._timeouts.get(hop, (0, now - _AGAIN))
        if count == 0 or now >= last + _AGAIN:
            self._timeouts.pop(hop, None)
            if len(self._timeouts) == _ADDRESSES:
                del self._timeouts[next(iter(self._timeouts))]
            self._timeouts[hop] = count + 1, now
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Qmail(Product):
    """Qmail's control files (qmail-send(8), qmail-remote(8)); it has one recipient a session.

    It knows no destinations: concurrencyremote is for all recipients that are not local.
    """

    name = "qmail"
    title = "qmail"
    extensions = "PIPELINING 8BITMIME"
    uses = ""
    # qmail-remote.c.
    failure_table = FailureTable(
        silence="h> m m m m m m",
        broken="h> m m m m m m",
        temporary=". m m m m m m",
        permanent=". m m - - - -",
    )
    # qmail-smtpd.c (blast), qmail-local.c, qmail-remote.c.
    loop_detection = LoopDetection(
        too_many=ReplyText(554, "5.4.6", "too many hops, this message is looping (#5.4.6)"),
        counts_delivered_to=True,
        reads_delivered_to=True,
        forwarding=ReplyText(554, "5.4.6", "This message is looping: it already has my Delivered-To line."),
        best_mx=ReplyText(
            554,
            "5.4.6",
            "Although I'm listed as a best-preference MX or A for that host, it isn't in my control/locals file, "
            "so I don't treat it as local.",
        ),
    )
    # qmail-remote.c (perm_nomx).
    no_exchanger = ReplyText(550, "5.4.4", "Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)")
    queue_words = QueueWords("todo", "waiting", "delivering", "remaining", "hold")
    # qmail-send(8), Life with qmail's qmailctl.
    commands = Commands(flush=("qmailctl flush", ""), restart=("qmailctl restart", ""))
    retry_algorithm = QmailRetry

    queuelifetime: Time = named(7 * DAY, "lifetime")
    concurrencyremote: Count = named(20, "process_limit")
    timeoutconnect: Time = named(MINUTE, "connect_timeout")
    # timeoutwrite.c, timeoutread.c: for each write and read, of which the last is the reply's.
    timeoutremote: Time = named(
        20 * MINUTE,
        "helo_timeout mail_timeout rcpt_timeout data_init_timeout data_xfer_timeout data_done_timeout quit_timeout",
    )
    timeoutsmtpd: Time = named(20 * MINUTE, "idle_timeout")
    doublebounceto: Mailbox = named("postmaster", "postmaster")

    destinations = "all"
    # tcpserver's -c and -b: at the limit it accepts nobody before a child has ended.
    server_limit = 40
    listen_backlog = 20
    when_full = "wait"
    recipient_limit = 1
    mx_session_limit = 1
    families = (4,)
    write_size = 1024
    reuse = "never"
    returns_whole = True
    postmaster_hears = ("2bounce",)
    eight_bits = "pass"
    greets_with = "HELO"
