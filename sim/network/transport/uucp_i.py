"""UUCP's `i`: packets of any length with a CRC of 32 bits, a big window, an acknowledgement each half window.

A bad packet is asked for at once (NAK) and goes again alone; good ones behind it are kept. One whose header is damaged
is missed when the next one comes, the last one by the timer.

Sources: as of `uucp_line`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from sim.network.transport.uucp_line import HEADER, SerialFlight, SerialLine

CRC: Final = 4
"""The bytes of the CRC behind a packet's data."""

SYNC: Final = HEADER + 4 + CRC
"""The bytes of the packet with which each side begins."""

POSITION: Final = HEADER + 4 + CRC
"""The bytes of the packet that says where in a file the data behind it belongs (SPOS)."""


class IFlight(SerialFlight):
    """A flight under `i`."""

    around = HEADER + CRC

    def __init__(self, line: SerialLine, size: int, messages: Sequence[int] | None) -> None:
        super().__init__(line, size, messages)
        self._kept: dict[int, float] = {}
        self._asked: set[int] = set()
        self._told = 0

    @classmethod
    def answers(cls, window: int) -> int:
        """After half a window."""
        return max(window // 2, 1)

    def on_the_line(self, octets: int) -> int:
        """A packet's length: its data alone, if it has some."""
        return HEADER + (octets + CRC if octets else 0)

    def receive(self, at: float, number: int, places: tuple[int, ...]) -> None:
        """Keep it if it is good, and ask for what is missing."""
        receiver, wanted = self.line.receiver, len(self.arrived)
        if places:
            self.errs(receiver, at)
            if places[0] >= HEADER and number >= wanted and number not in self._kept:
                self._ask(at, number)
            return
        receiver.counts()
        if number < wanted:
            return
        if number > wanted:
            if number in self._asked and number - 1 not in self._kept:
                self._asked -= set(range(wanted, number + 1))
            self._kept[number] = at
            for missing in range(wanted, number):
                if missing not in self._asked and missing not in self._kept:
                    self._ask(at, missing)
            return
        self.accept(at, number)
        while len(self.arrived) in self._kept:
            number = len(self.arrived)
            del self._kept[number]
            self.accept(at, number)
        if len(self.arrived) - self._told >= self.answers(self.line.carrier.window):
            self._acknowledge(at)

    def sender_waited(self, now: float) -> None:
        """It asks for the other's next packet, and sends what was not acknowledged again, the oldest."""
        _, ends, places = self.line.transmit(now, HEADER, to_receiver=True)
        if ends < inf and not places:
            self.at(ends, self._acknowledge)
        if self.base < self.next:
            self.send(now, self.base)

    def receiver_waited(self, now: float) -> None:
        """It asks for what it wants next."""
        self._asked.clear()
        self._ask(now, len(self.arrived))

    def _ask(self, now: float, number: int) -> None:
        self._asked.add(number)
        there = self._told = len(self.arrived)
        self.say(now, lambda at: self._asked_for(at, number, there))

    def _acknowledge(self, now: float) -> None:
        there = self._told = len(self.arrived)
        self.say(now, lambda at: self.acknowledged(at, there))

    def _asked_for(self, now: float, number: int, there: int) -> None:
        """The sender hears which packet is wanted: NAK."""
        self.errs(self.line.sender, now)
        if number < self.next:
            self.send(now, number)
        self.acknowledged(now, there)
