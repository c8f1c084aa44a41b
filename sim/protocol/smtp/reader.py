"""What a server has been sent and has yet to look at: lines, mail data and chunks, in whatever pieces they come."""

from __future__ import annotations

from sim.protocol.smtp.commands import Bdat, read_auth_response
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import AuthResponse, BadCommand, Chunk, LastChunk, MailData
from sim.protocol.smtp.mail_data import END, END_OF_NOTHING, LINE_WITH_DOT, unstuff
from sim.protocol.smtp.replies import E500_UNKNOWN, Reply


class Reader:
    """Takes a client's octets apart, as its server says what is due: a line, mail data, or the octets of a BDAT.

    What arrives while nothing else waits is held as it came, without a copy: in a simulation that is nearly always so.
    Only when more comes behind it are the octets moved into a bytearray, which grows and shrinks cheaply; and a search
    goes on where the last one for the same mark gave up. So the work is linear, however small the pieces are.

    No more of a message is kept than the size limit needs. It counts octets as RFC 1870 section 5 does: with CRLFs,
    without doubled dots and the final dot.

    Args:
        size_limit: the greatest message, in octets; 0 means none.
    """

    __slots__ = (
        "_beginning",
        "_bound",
        "_left",
        "_limit",
        "_octets",
        "_searched",
        "_start",
        "chunks",
        "due",
        "too_big",
    )

    def __init__(self, size_limit: int) -> None:
        self._octets: bytes | bytearray = b""
        self._start = self._searched = 0
        # What is kept of a line that is too long for any command.
        self._beginning = b""
        self._limit = size_limit
        # A line with a doubled dot has four octets or more, so stuffing adds a third at most; beyond that, the data is
        # above the limit for sure and need not be kept.
        self._bound = size_limit + size_limit // 3 + len(END) if size_limit else 0
        self.too_big = False
        """Whether the message under way is above the limit."""
        self.chunks: bytes | bytearray = b""
        """The chunks of the message under way, joined."""
        self.due: tuple[Bdat, bytes, Reply | None] | None = None
        """Whose octets are awaited: the BDAT, its line, and the reply to it if it is illegal."""
        self._left = 0

    def __len__(self) -> int:
        return len(self._octets) - self._start

    def append(self, data: bytes) -> None:
        """Put octets behind the others."""
        if self._start == len(self._octets):
            self._octets, self._searched = data, 0
        else:
            if isinstance(self._octets, bytes):
                self._octets = bytearray(memoryview(self._octets)[self._start :])
            else:
                del self._octets[: self._start]
            self._octets += data
            self._searched -= self._start
        self._start = 0

    def take(self, count: int) -> bytes:
        """Remove that many octets from the front and give them."""
        start = self._start
        self._skip(count)
        return bytes(self._octets[start : start + count])

    def _skip(self, count: int) -> None:
        self._start = self._searched = self._start + count

    def line(self, longest: int) -> bytes | None:
        """The next command line without its line end; None when that has yet to come.

        A lone LF ends it too, as it does for Postfix and Exim, and CRs in front of the LF count for nothing: whoever
        writes so waits for an answer. Of an endless line the beginning is kept, which is too long for any command.
        """
        octets, start = self._octets, self._start
        at = octets.find(b"\n", self._searched)
        if at < 0 or at - start > longest or self._beginning:
            return self._long_line(at, longest)
        self._start = self._searched = at + 1
        return bytes(octets[start:at].rstrip(b"\r"))

    def _long_line(self, at: int, longest: int) -> bytes | None:
        """As `line`, where it has yet to come, or is too long; its LF is `at`, or nowhere where that is negative."""
        octets, start = self._octets, self._start
        if at < 0:
            self._searched = len(octets)
            if self._searched - start > longest:
                self._beginning = self._beginning or bytes(octets[start : start + longest])
                self._start = self._searched
            return None
        self._start = self._searched = at + 1
        line, self._beginning = self._beginning or bytes(octets[start : start + longest]), b""
        return line

    def mail_data(self) -> MailData | None:
        """The mail data, once its end has come."""
        octets, start = self._octets, self._start
        if octets.startswith(END_OF_NOTHING, start) and not self.too_big:
            self._skip(len(END_OF_NOTHING))
            return MailData(b"")
        # Mostly it comes in one piece and has no dot but the last. CPython finds so short a text faster from the back.
        at = octets.rfind(LINE_WITH_DOT, start) if isinstance(octets, bytes) else -1
        if at >= 0 and octets.startswith(END, at) and octets.rfind(LINE_WITH_DOT, start, at) < 0:
            content = bytes(octets[start + octets.startswith(b".", start) : at + 2])
        elif (at := octets.find(END, self._searched)) >= 0:
            content = unstuff(bytes(octets[start : at + 2]))
        else:
            self._searched = max(start, len(octets) - len(END) + 1)
            if self._bound and len(octets) - start > self._bound:
                self.too_big = True
                self._start = self._searched
            return None
        self._start = self._searched = at + len(END)
        if self.too_big or 0 < self._limit < len(content):
            self.too_big = False
            return MailData(b"", too_big=True)
        return MailData(content)

    def begin_chunk(self, bdat: Bdat, line: bytes, fault: Reply | None) -> None:
        """The octets of a BDAT are due, whether or not the command is at `fault`."""
        self.due, self._left = (bdat, line, fault), bdat.size
        if fault is None and self._limit:
            self.too_big |= len(self.chunks) + bdat.size > self._limit

    def chunk(self, bdat: Bdat, line: bytes, fault: Reply | None) -> Chunk | LastChunk | BadCommand | None:
        """The chunk that is due, or with the last one all of them, once it has come; `due` says how to take it."""
        octets = b""
        if fault is not None or self.too_big:
            here = min(self._left, len(self))
            self._skip(here)
            self._left -= here
            if self._left:
                return None
        elif len(self) < self._left:
            return None
        else:
            octets = self.take(self._left)
            if not self.chunks:
                # Mostly there is one chunk, which needs no copy.
                self.chunks = octets
            else:
                self.chunks = bytearray(self.chunks) if isinstance(self.chunks, bytes) else self.chunks
                self.chunks += octets
        self.due = None
        if fault is not None:
            return BadCommand(line, fault)
        if bdat.last:
            return LastChunk(b"" if self.too_big else bytes(self.chunks), self.too_big)
        return Chunk(octets, self.too_big)

    def end_chunks(self) -> None:
        """The mail data that came in chunks is done with."""
        self.chunks, self.too_big = b"", False


def auth_response(line: bytes) -> AuthResponse | BadCommand:
    """A line that answers a 334, or what is wrong with it."""
    try:
        return read_auth_response(line)
    except RemoteProtocolError as error:
        return BadCommand(line, error.reply or E500_UNKNOWN)
