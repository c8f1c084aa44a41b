"""When qmail tries again: each message at a time of its own, but for hosts that do not answer."""

# ruff: noqa: ARG002 - a silent host is not a message's

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sim.mta.retry.base import Outcome, Retry, Round
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.tables import ReplyText

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
