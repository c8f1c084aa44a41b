"""Chunks: mail data as BDAT carries it, counted instead of ended by a dot (RFC 3030 section 2)."""

from __future__ import annotations

from dataclasses import dataclass

from sim.protocol.smtp.buffer import ReceiveBuffer
from sim.protocol.smtp.events import Chunk, LastChunk

__all__ = ["Bdat", "ChunkReader"]


@dataclass(frozen=True, slots=True)
class Bdat:
    """A BDAT line: that many octets follow it. With them it is a Chunk, or a LastChunk."""

    size: int
    last: bool


class ChunkReader:
    """Reads the chunks of one message and joins them, keeping no more than the size limit allows; 0 means none."""

    __slots__ = ("_content", "_last", "_left", "_limit", "_overflowed", "_skips")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._content: bytes | bytearray = b""
        self._overflowed = False
        self._last = self._skips = False
        self._left = 0

    def begin(self, line: Bdat, *, skip: bool) -> None:
        """A chunk begins, whose octets are of no use where it is to be skipped."""
        self._last, self._left = line.last, line.size
        if not skip and self._limit:
            self._overflowed |= len(self._content) + line.size > self._limit
        self._skips = skip or self._overflowed

    def read(self, buffer: ReceiveBuffer) -> Chunk | LastChunk | None:
        """The chunk, or with the last one the whole mail data, once its end has come; until then None."""
        if self._skips:
            here = min(self._left, len(buffer))
            buffer.skip(here)
            self._left -= here
            return self._skipped() if not self._left else None
        if len(buffer) < self._left:
            return None
        chunk = buffer.take(self._left)
        if not self._content:
            # Mostly there is one chunk, which needs no copy.
            self._content = chunk
        else:
            self._content = bytearray(self._content) if isinstance(self._content, bytes) else self._content
            self._content += chunk
        return LastChunk(bytes(self._content)) if self._last else Chunk(chunk)

    def _skipped(self) -> Chunk | LastChunk:
        return LastChunk(b"", too_big=True) if self._last else Chunk(b"", too_big=True)
