"""UUCP's `g`: packets of one length, each answered at once, a window of at most seven.

A bad packet is rejected at once if it is the one that is wanted; what is out of order, and a packet whose header is
damaged, is met with silence. After a rejection one packet goes again, and two more with each answer, until what was
sent is sent again; new packets wait for that.

Sources: as of `uucp_line`; Chesson, "Packet Driver Protocol"; the checksum as the manual of Taylor UUCP has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sim.network.transport.uucp_line import HEADER, SerialFlight, SerialLine
from sim.scenario.spec.carriers import PACKETS

MISSED: Final[Mapping[int, float]] = {
    32: 0.97,
    64: 0.94,
    128: 0.88,
    256: 0.76,
    512: 0.57,
    1024: 0.32,
    2048: 0.10,
    4096: 0.01,
}
"""How likely the checksum of a packet with so much text is the same when its first byte is another one."""


def checksum(data: bytes) -> int:
    """The checksum of a packet's data, 16 bits."""
    first, second = 0xFFFF, 0
    for left, byte in zip(range(len(data), 0, -1), data, strict=True):
        first = (first << 1 | first >> 15) & 0xFFFF
        total = first + byte
        first = total & 0xFFFF
        second = (second + (first ^ left)) & 0xFFFF
        if not byte or total > 0xFFFF:
            first ^= second
    return first


class GFlight(SerialFlight):
    """A flight under `g`."""

    around = HEADER

    def __init__(self, line: SerialLine, size: int, messages: Sequence[int] | None) -> None:
        super().__init__(line, size, messages)
        # The packet that was sent again last, while there is something to be sent again.
        self._again: int | None = None
        # How many packets out of order are no more than what follows a bad one.
        self._expected = 0

    @classmethod
    def answers(cls, _window: int) -> int:
        """Each packet is."""
        return 1

    def on_the_line(self, octets: int) -> int:
        """A packet's length: a full one's, or where those are longer than 64 the smallest that will do."""
        most: int = self.line.carrier.packet
        if most <= 64:
            return HEADER + most
        return HEADER + next(size for size in PACKETS if size >= octets)

    def send_new(self, now: float, number: int) -> None:
        """It waits until all is sent again."""
        if self._again is None:
            self.send(now, number)

    def receive(self, at: float, number: int, places: tuple[int, ...]) -> None:
        """Take it if it is the one whose turn it is, and good."""
        receiver, wanted = self.line.receiver, len(self.arrived)
        if places and places[0] < HEADER:
            self.errs(receiver, at)
            return
        if places and not self._missed(places):
            self.errs(receiver, at)
            if number == wanted:
                self._expected += self.line.carrier.window - 1
                self.say(at, lambda now: self._rejected(now, wanted))
            return
        if number != wanted:
            if self._expected:
                self._expected -= 1
            else:
                self.errs(receiver, at)
            return
        self._expected = 0
        receiver.counts()
        self.line.damaged += bool(places)
        self.accept(at, number)
        self.say(at, lambda now: self._answered(now, number + 1))

    def sender_waited(self, now: float) -> None:
        """What was not answered goes again, the oldest."""
        if self.base < self.next:
            self._again = self.base
            self.send(now, self.base)

    def receiver_waited(self, now: float) -> None:
        """A rejection says what is there."""
        there = len(self.arrived)
        self.say(now, lambda at: self._rejected(at, there))

    def _missed(self, places: tuple[int, ...]) -> bool:
        """Whether the checksum does not see the damage."""
        alone = places == (HEADER,)
        return alone and self.line.there.random.random() < MISSED[self.line.carrier.packet]

    def _answered(self, now: float, there: int) -> None:
        """The sender hears how many packets are there: RR."""
        if self._again is None:
            self.line.sender.counts()
        self.base = max(self.base, there)
        for _ in range(2):
            if self._again is not None:
                following = self._again + 1
                self._again = following if following < self.next else None
                if self._again is not None:
                    self.send(now, following)
        self.acknowledged(now, there)

    def _rejected(self, now: float, there: int) -> None:
        """The sender hears that what follows so many packets is missing: RJ."""
        self.base = max(self.base, there)
        self._again = None
        if self.base < self.next:
            self.errs(self.line.sender, now)
            self._again = self.base
            self.send(now, self.base)
        self.acknowledged(now, there)
