"""What a machine has been sent and has yet to look at, in whatever pieces it came."""

from __future__ import annotations


class OctetQueue:
    """Octets in their order: put in behind, taken from the front, a line or a number at a time.

    A search for a line end goes on where the last one gave up, so the work is linear, however small the pieces are. Of
    a line that is too long only its beginning is kept, until its end has come.
    """

    __slots__ = ("_beginning", "_octets", "_searched", "_start")

    def __init__(self) -> None:
        self._octets = bytearray()
        self._start = self._searched = 0
        self._beginning: bytes | None = None

    def __len__(self) -> int:
        return len(self._octets) - self._start

    @property
    def overflows(self) -> bool:
        """Whether the beginning of a line that is too long has come, and not its end."""
        return self._beginning is not None

    def append(self, data: bytes) -> None:
        """Put octets behind the others."""
        if self._start:
            del self._octets[: self._start]
            self._searched -= self._start
            self._start = 0
        self._octets += data

    def take(self, count: int) -> bytes:
        """Remove at most that many octets from the front and give them."""
        taken = bytes(self._octets[self._start : self._start + count])
        self._start = self._searched = self._start + len(taken)
        return taken

    def clear(self) -> None:
        """Forget all of them."""
        self._octets.clear()
        self._start = self._searched = 0
        self._beginning = None

    def line(self, longest: int) -> bytes | None:
        """The next line without its line end, CRLF or a lone LF; None when that has yet to come.

        Of a line longer than `longest` octets the first `longest + 1` are given.
        """
        at = self._octets.find(b"\n", self._searched)
        if at < 0:
            self._searched = len(self._octets)
            if self._searched - self._start > longest + 1:
                if self._beginning is None:
                    self._beginning = bytes(self._octets[self._start : self._start + longest + 1])
                self.take(len(self) - 1)
            return None
        line = bytes(self._octets[self._start : at])
        self._start = self._searched = at + 1
        if self._beginning is not None:
            line, self._beginning = self._beginning, None
            return line
        return line.removesuffix(b"\r")[: longest + 1]
