"""What a server has been sent and has yet to look at: lines, mail data and chunks, in whatever pieces they come."""

from __future__ import annotations

from sim.protocol.smtp.buffer import ReceiveBuffer
from sim.protocol.smtp.chunks import Bdat, ChunkReader
from sim.protocol.smtp.commands import read_auth_response
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import AuthResponse, BadCommand, Command, MailData
from sim.protocol.smtp.mail_data import MailDataReader
from sim.protocol.smtp.replies import E500_UNKNOWN, Reply

__all__ = ["Reader", "auth_response"]


class Reader:
    """Takes a client's octets apart, as its server says what is due: a line, mail data, or the octets of a BDAT.

    `due` is None, or says whose octets are awaited: the reader of the chunks, the BDAT line, and the reply to it if it
    is illegal.

    Args:
        size_limit: the greatest message, in octets; 0 means none.
    """

    __slots__ = ("_beginning", "_chunk_reader", "_mail_data_reader", "_size_limit", "buffer", "due")

    def __init__(self, size_limit: int) -> None:
        self.buffer = ReceiveBuffer()
        self._beginning = b""
        self._size_limit = size_limit
        self._mail_data_reader = MailDataReader(size_limit)
        self._chunk_reader: ChunkReader | None = None
        self.due: tuple[ChunkReader, bytes, Reply | None] | None = None

    def mail_data(self) -> MailData | None:
        """The mail data, once its end has come."""
        return self._mail_data_reader.read(self.buffer)

    def line(self, longest: int) -> bytes | None:
        """The next command line without its line end; None when that has yet to come.

        A lone LF ends it too, as it does for Postfix and Exim, and CRs in front of the LF count for nothing: whoever
        writes so waits for an answer. Of an endless line the beginning is kept, which is too long for any command.
        """
        buffer = self.buffer
        line = buffer.take_until(b"\n")
        if line is None:
            if len(buffer) > longest:
                self._beginning = self._beginning or buffer.take(longest)
                buffer.skip(len(buffer))
            return None
        if self._beginning:
            line, self._beginning = self._beginning, b""
            return line
        return line.rstrip(b"\r") if len(line) <= longest else line[:longest]

    def begin_chunk(self, line: bytes, bdat: Bdat, fault: Reply | None, *, goes_on: bool) -> None:
        """The octets of a BDAT are due, whether or not the command is at `fault`; mail data begins or `goes_on`."""
        if not goes_on or self._chunk_reader is None:
            self._chunk_reader = ChunkReader(self._size_limit)
        self.due = self._chunk_reader, line, fault
        self._chunk_reader.begin(bdat, skip=fault is not None)

    def chunk(self, chunks: ChunkReader, line: bytes, fault: Reply | None) -> Command | BadCommand | None:
        """The chunk that is due, once all of it has come; what `due` holds says how to take it."""
        chunk = chunks.read(self.buffer)
        if chunk is None:
            return None
        self.due = None
        return chunk if fault is None else BadCommand(line, fault)

    def end_chunks(self) -> None:
        """The mail data that came in chunks is done with."""
        self._chunk_reader = None


def auth_response(line: bytes) -> AuthResponse | BadCommand:
    """A line that answers a 334, or what is wrong with it."""
    try:
        return read_auth_response(line)
    except RemoteProtocolError as error:
        return BadCommand(line, error.reply or E500_UNKNOWN)
