"""The client's end of an FTP dialogue: octets from commands, octets in, replies out (RFC 959)."""

from __future__ import annotations

from collections import deque

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed, NeedDataType
from sim.protocol.ftp.commands import Abor, Command, FileEnd, write_command
from sim.protocol.ftp.replies import LINE_LIMIT, Reply, ReplyReader
from sim.protocol.ftp.states import TRANSFERS, TRANSITIONS, Opening, State, state_after
from sim.protocol.octets import OctetQueue


class Client:
    """One session's client: the control connection, and what may go over the data connection when.

    The order of calls is:

    1. `receive_data`, and `next_event` until it gives the greeting.
    2. `send` a command, `receive_data`, and `next_event` until it gives the reply, or ConnectionClosed.
    3. After the 1yz reply to a command that uses the data connection (the state is TRANSFER), `send_file` what is to be
       stored, close that connection, and go on as in 2 to the second reply.

    The caller makes the data connection, before the command that uses it, by what PASV or EPSV is answered
    (`replies.read_passive`).
    """

    __slots__ = ("_peer_closed", "_queue", "_reader", "_state", "_waiting")

    def __init__(self) -> None:
        self._state = State.CONNECTED
        self._waiting: deque[type] = deque([Opening])
        self._queue = OctetQueue()
        self._reader = ReplyReader()
        self._peer_closed = False

    @property
    def state(self) -> State:
        """Where the dialogue stands, by the replies received."""
        return self._state

    def send(self, command: Command) -> bytes:
        """The octets of a command.

        Raises:
            LocalProtocolError: it is not legal now, a value in it cannot be sent, or the reply to the one before has
                yet to come. Only ABOR may go out while a file is under way.
        """
        kind = type(command)
        if kind not in TRANSITIONS[self._state]:
            legal = ", ".join(sorted(each.__name__ for each in TRANSITIONS[self._state])) or "nothing"
            raise LocalProtocolError(f"{kind.__name__} is not legal in state {self._state.name}: {legal} is")
        if self._waiting and not isinstance(command, Abor):
            raise LocalProtocolError(f"{kind.__name__} has to wait for the reply to {self._waiting[-1].__name__}")
        octets = write_command(command)
        self._waiting.append(kind)
        return octets

    def send_file(self, data: bytes) -> bytes:
        """The octets of a file as they go over the data connection: in stream mode, of image type, as they are.

        Raises:
            LocalProtocolError: no file is under way.
        """
        if self._state is not State.TRANSFER:
            raise LocalProtocolError(f"no file is under way in state {self._state.name}")
        return data

    def receive_data(self, data: bytes) -> None:
        """Take octets of the control connection; none at all (`b""`) say that the server closed it.

        Raises:
            LocalProtocolError: octets came after the end.
        """
        if not data:
            self._peer_closed = True
        elif self._peer_closed:
            raise LocalProtocolError(f"{len(data)} octets came after the server had closed the connection")
        elif self._state is not State.CLOSED:
            self._queue.append(data)

    def next_event(self) -> Reply | ConnectionClosed | NeedDataType:
        """The next reply.

        Raises:
            RemoteProtocolError: what came is no reply, or none was due. The session is over then.
        """
        while self._state is not State.CLOSED and (line := self._queue.line(LINE_LIMIT)) is not None:
            try:
                said = self._reader.read(line)
                if said is not None:
                    self._take(said)
                    return said
            except RemoteProtocolError:
                self._state = State.CLOSED
                raise
        if self._state is not State.CLOSED and not self._peer_closed:
            return NEED_DATA
        self._state = State.CLOSED
        return ConnectionClosed()

    def _take(self, said: Reply) -> None:
        kind = self._waiting[0] if self._waiting else None
        self._state = state_after(self._state, kind, said)
        if kind in TRANSFERS and said.digit == 1:
            # Its second reply answers the end of the file.
            self._waiting[0] = FileEnd
        elif self._waiting and said.digit != 1:
            self._waiting.popleft()
