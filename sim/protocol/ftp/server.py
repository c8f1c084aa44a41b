"""The server's end of an FTP dialogue: octets in, events out, octets from replies (RFC 959)."""

from __future__ import annotations

from collections import deque

from sim.protocol.errors import LocalProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed, NeedDataType
from sim.protocol.ftp.commands import LINE_LIMIT, Abor, BadCommand, Command, FileData, FileEnd, read_command
from sim.protocol.ftp.replies import Reply, write_reply
from sim.protocol.ftp.states import TRANSFERS, TRANSITIONS, Opening, State, state_answered
from sim.protocol.octets import OctetQueue

ENDLESS = 65_536
"""Octets without a line end after which nobody waits for one."""


class Server:
    """One session's server: the control connection, and what comes over the data connection.

    The order of calls is:

    1. `send` the greeting: a 220, or a 421 that ends the session.
    2. `receive_data`, and then `next_event` until it gives NEED_DATA or ConnectionClosed. Every other event but
       FileData wants its reply through `send` before the next `next_event`.
    3. A command that uses the data connection gets a 1yz first; then `receive_file` takes what comes there, and its end
       (`b""`), which is the event FileEnd, gets the second reply. Where the server sends, the caller says `end_file`
       instead. ABOR while a file is under way wants two replies: 426 for the file, 226 for itself; or only the second,
       if the file had come by then.
    4. Close the connection at ConnectionClosed, once everything that `send` gave is written.

    Whatever the peer sends, `next_event` raises nothing for it: what is no legal command here is a BadCommand. While a
    file is under way other commands than ABOR wait for its end.

    Raises:
        LocalProtocolError: a method is called out of order.
    """

    __slots__ = ("_due", "_file", "_file_over", "_held", "_peer_closed", "_queue", "_state", "_without_end")

    def __init__(self) -> None:
        self._state = State.CONNECTED
        self._due: deque[type] = deque([Opening])
        self._queue = OctetQueue()
        self._held: Command | BadCommand | None = None
        self._file = bytearray()
        self._file_over = self._peer_closed = False
        # Octets that came since the last whole line.
        self._without_end = 0

    @property
    def state(self) -> State:
        """Where the dialogue stands, by the replies sent."""
        return self._state

    def receive_data(self, data: bytes) -> None:
        """Take octets of the control connection; none at all (`b""`) say that the client closed it.

        Raises:
            LocalProtocolError: octets came after the end.
        """
        if not data:
            self._peer_closed = True
        elif self._peer_closed:
            raise LocalProtocolError(f"{len(data)} octets came after the peer had closed the connection")
        elif self._state is not State.CLOSED:
            self._queue.append(data)
            self._without_end += len(data)

    def receive_file(self, data: bytes) -> None:
        """Take octets of the data connection; none at all (`b""`) say that the client closed it."""
        if data:
            self._file += data
        else:
            self._file_over = True

    def end_file(self) -> None:
        """What was asked for is sent, or nothing comes any more: the reply to the file is due.

        Raises:
            LocalProtocolError: no file is under way.
        """
        if self._state is not State.TRANSFER:
            raise LocalProtocolError(f"no file is under way in state {self._state.name}")
        self._due.append(FileEnd)

    def next_event(self) -> Command | BadCommand | FileData | FileEnd | ConnectionClosed | NeedDataType:
        """What the peer said, or sent, next.

        Raises:
            LocalProtocolError: the greeting, or the reply to the event before, has yet to be sent.
        """
        if self._due:
            raise LocalProtocolError(f"{self._due[0].__name__} still waits for its reply: send it first")
        if self._state is State.CLOSED:
            return ConnectionClosed()
        command = self._next_command()
        if self._state is State.TRANSFER and not isinstance(command, Abor):
            self._held = command
            if self._file:
                data, self._file = bytes(self._file), bytearray()
                return FileData(data)
            if self._file_over:
                self._due.append(FileEnd)
                return FileEnd()
            command = None
        if command is not None:
            self._held = None
            return self._event(command)
        if self._peer_closed:
            self._state = State.CLOSED
            return ConnectionClosed()
        return NEED_DATA

    def send(self, said: Reply) -> bytes:
        """The octets of the reply to the last event.

        Raises:
            LocalProtocolError: no reply is due, this one cannot answer what is, or it breaks the rules.
        """
        due = self._due[0] if self._due else None
        after = state_answered(self._state, due, said)
        octets = write_reply(said)
        if after is State.CLOSED:
            self._due.clear()
        elif due in TRANSFERS or said.digit != 1:
            self._due.popleft()
        if State.TRANSFER in (self._state, after) and self._state is not after:
            # What a data connection brought before its transfer counts, and nothing behind it.
            self._file_over = self._file_over and after is State.TRANSFER
            self._file = self._file if after is State.TRANSFER else bytearray()
        self._state = after
        return octets

    def close(self) -> None:
        """The session ends before its time: nothing that has come, or comes, counts."""
        self._due.clear()
        self._state = State.CLOSED

    def _next_command(self) -> Command | BadCommand | None:
        if self._held is not None:
            return self._held
        line = self._queue.line(LINE_LIMIT)
        if line is not None:
            self._without_end = 0
            return read_command(line)
        if self._without_end <= ENDLESS:
            return None
        return BadCommand(b"", 421, "Line too long.")

    def _event(self, command: Command | BadCommand) -> Command | BadCommand:
        """The event that a command is in this state; its reply is due."""
        state = self._state
        if state is State.TRANSFER:
            # ABOR: the file's reply comes first.
            self._due.append(FileEnd)
        elif not isinstance(command, BadCommand) and type(command) not in TRANSITIONS[state]:
            logged_in = state in (State.READY, State.RENAMING)
            code, why = (503, "Bad sequence of commands.") if logged_in else (530, "Please log in.")
            command = BadCommand(b"", code, why)
        self._due.append(type(command))
        return command
