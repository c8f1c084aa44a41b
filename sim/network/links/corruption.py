"""Damage that passes every checksum on its way: what a link gives on is not what it was given, and nobody knows.

Stone and Partridge, "When the CRC and TCP checksum disagree" (SIGCOMM 2000), put it at one packet in 16 million to one
in 10 billion: faults of memory and software in hosts and routers, behind the CRC of one link and before that of the
next, which TCP's sum of 16 bits does not see.
"""

from __future__ import annotations

import math
from random import Random

_LINE_ENDS = b"\r\n"
_OCTETS = bytes(range(0x21, 0x7F))


class Corruption:
    """One direction of a link that damages packets.

    Args:
        probability: how likely a packet is damaged unseen.
        random: the direction's own generator.
    """

    __slots__ = ("_log", "_random", "_spare")

    def __init__(self, probability: float, random: Random) -> None:
        self._random = random
        self._log = math.log1p(-probability) if probability < 1 else -math.inf
        self._spare = self._gap()

    def pass_on(self, content: bytes, packets: int) -> bytes:
        """Octets as they come out when they went in so many packets: the same object where nothing was damaged."""
        if self._spare >= packets:
            self._spare -= packets
            return content
        damaged, words = bytearray(content), bool(content.strip(_LINE_ENDS))
        while self._spare < packets:
            packets -= int(self._spare) + 1
            self._spare = self._gap()
            if words:
                self._damage(damaged)
        self._spare -= packets
        return bytes(damaged) if words else content

    def _gap(self) -> float:
        """How many packets get through before the next damaged one: geometric, one draw a damage."""
        return math.log(1 - self._random.random()) // self._log if self._log > -math.inf else 0.0

    def _damage(self, content: bytearray) -> None:
        """Make one octet, but for those that end lines, another one."""
        place = self._random.randrange(len(content))
        while content[place] in _LINE_ENDS:
            place = self._random.randrange(len(content))
        content[place] = self._random.choice(_OCTETS.replace(content[place : place + 1], b""))
