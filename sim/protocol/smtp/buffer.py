"""Octets that arrived and that nobody took yet."""

from __future__ import annotations

__all__ = ["ReceiveBuffer"]


class ReceiveBuffer:
    """A queue of octets that is searched, and taken from the front.

    What arrives into an empty buffer is held as it came, without a copy: in a simulation that is nearly always so. Only
    when more comes behind it are the octets moved into a bytearray, which grows and shrinks cheaply; and a search goes
    on where the last one for the same mark gave up. So the work is linear, however small the pieces are.
    """

    __slots__ = ("_octets", "_searched", "_start")

    def __init__(self) -> None:
        self._octets: bytes | bytearray = b""
        self._start = 0
        self._searched = 0

    def __len__(self) -> int:
        return len(self._octets) - self._start

    def append(self, data: bytes) -> None:
        """Put octets behind the others."""
        if self._start == len(self._octets):
            self._octets = data
            self._start = self._searched = 0
            return
        if not isinstance(self._octets, bytearray):
            self._octets = bytearray(memoryview(self._octets)[self._start :])
            self._searched -= self._start
            self._start = 0
        self._octets += data

    def take_until(self, mark: bytes) -> bytes | None:
        """Remove what stands before the mark, and the mark, and give the former; None when the mark is not there.

        After None, keep to the same mark until octets have been taken or skipped.
        """
        octets, start = self._octets, self._start
        at = octets.find(mark, self._searched)
        if at < 0:
            self._searched = max(start, len(octets) - len(mark) + 1)
            return None
        end = at + len(mark)
        if isinstance(octets, bytearray):
            taken = bytes(octets[:at])
            del octets[:end]
            self._searched = 0
            return taken
        self._start = self._searched = end
        return octets[start:at]

    def startswith(self, mark: bytes) -> bool:
        """Whether the mark is at the front."""
        return self._octets.startswith(mark, self._start)

    def take(self, count: int) -> bytes:
        """Remove that many octets from the front and give them."""
        taken = bytes(self._octets[self._start : self._start + count])
        self.skip(count)
        return taken

    def skip(self, count: int) -> None:
        """Remove that many octets from the front."""
        if isinstance(self._octets, bytearray):
            del self._octets[:count]
        else:
            self._start += count
        self._searched = self._start
