"""The server's end of a POP3 dialogue: octets in, events out, octets from responses (RFC 1939)."""

from __future__ import annotations

from sim.protocol.errors import LocalProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed, NeedDataType
from sim.protocol.octets import OctetQueue
from sim.protocol.pop3.commands import AUTH_LINE_LIMIT, read_auth_response, read_command
from sim.protocol.pop3.events import BadCommand, Command, EndlessLine, Stls
from sim.protocol.pop3.responses import Response, Status, write_response
from sim.protocol.pop3.states import TRANSITIONS, Opening, State, state_answered

ENDLESS = 65_536
"""Octets without a line end after which nobody waits for one."""


class Server:
    """One session's server.

    The order of calls is:

    1. `send` the greeting: a +OK, or a -ERR that ends the session.
    2. `receive_data`, and then `next_event` until it gives NEED_DATA or ConnectionClosed. Every other event wants
       exactly one response through `send` before the next `next_event`.
    3. Close the connection at ConnectionClosed, once everything that `send` gave is written.

    Whatever the peer sends, `next_event` raises nothing for it: what is no legal command here is a BadCommand. Commands
    that arrive before the response to the one before them are taken, whether PIPELINING is offered or not.

    Args:
        secure: whether the connection has TLS from the start.

    Raises:
        LocalProtocolError: a method is called out of order.
    """

    __slots__ = ("_due", "_peer_closed", "_queue", "_state", "_without_end", "secure")

    def __init__(self, *, secure: bool = False) -> None:
        self.secure = secure
        """Whether TLS protects the connection, as far as the machine was told."""
        self._state = State.CONNECTED
        self._due: Opening | Command | BadCommand | EndlessLine | None = Opening()
        self._queue = OctetQueue()
        # Octets that came since the last whole line.
        self._without_end = 0
        self._peer_closed = False

    @property
    def state(self) -> State:
        """Where the dialogue stands, by the responses sent."""
        return self._state

    def receive_data(self, data: bytes) -> None:
        """Take octets from the peer; none at all (`b""`) say that it closed the connection.

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

    def next_event(self) -> Command | BadCommand | EndlessLine | ConnectionClosed | NeedDataType:
        """What the peer said next.

        Raises:
            LocalProtocolError: the greeting, or the response to the event before, has yet to be sent.
        """
        if self._due is not None:
            raise LocalProtocolError(f"{type(self._due).__name__} still waits for its response: send it first")
        if self._state is State.CLOSED:
            return ConnectionClosed()
        line = self._queue.line(AUTH_LINE_LIMIT)
        if line is None:
            if self._peer_closed:
                self._state = State.CLOSED
                return ConnectionClosed()
            if self._without_end <= ENDLESS:
                return NEED_DATA
            self._due = EndlessLine()
            return self._due
        self._without_end = 0
        self._due = event = self._read(line)
        return event

    def send(self, response: Response) -> bytes:
        """The octets of the response to the last event.

        Raises:
            LocalProtocolError: no response is due, this one cannot answer what is, or it breaks the rules.
        """
        due = self._due
        after = state_answered(self._state, None if due is None else type(due), response.status)
        octets = write_response(response)
        if isinstance(due, Stls) and response.status is Status.OK:
            # Nothing may come behind it, and nothing that did counts (RFC 2595 section 4).
            self._queue.clear()
            self.secure = True
        self._due, self._state = None, after
        return octets

    def close(self) -> None:
        """The session ends before its time: nothing that has come, or comes, counts."""
        self._due, self._state = None, State.CLOSED

    def _read(self, line: bytes) -> Command | BadCommand:
        if self._state is State.AUTH:
            if len(line) > AUTH_LINE_LIMIT - 2:
                return BadCommand(line, "Line too long.")
            return read_auth_response(line)
        command = read_command(line)
        if isinstance(command, BadCommand):
            return command
        if type(command) not in TRANSITIONS[self._state]:
            verb = line.partition(b" ")[0].decode("ascii").upper()
            return BadCommand(line, f"{verb} has no place here.")
        if isinstance(command, Stls) and self.secure:
            return BadCommand(line, "TLS is active already.")
        return command
