"""Both ends of a UUCP call: octets from messages, octets in, messages out.

The octets are texts that end with a NUL, and files, whose length S or E has said. `g` and `i` carry them in packets of
their own. With `i` a file follows S or E at once.
"""

from __future__ import annotations

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.machine import Machine
from sim.protocol.uucp import messages
from sim.protocol.uucp.messages import LONGEST, FileData, FileEnd, Message, read_command, read_hello, write_message
from sim.protocol.uucp.states import TRANSITIONS, Side, State

_PROMPTS: dict[bytes, type[messages.LoginPrompt | messages.PasswordPrompt]] = {
    b"login: ": messages.LoginPrompt,
    b"Password:": messages.PasswordPrompt,
}
_WORDS: dict[State, type[messages.LoginName | messages.Password]] = {
    State.LOGIN: messages.LoginName,
    State.PASSWORD: messages.Password,
}


class Endpoint(Machine[State, "Message | FileData | FileEnd"]):
    """One end of a call.

    `send` gives the octets of a message and `send_file` those of a file, `receive_data` and then `next_event` what the
    peer said, until NEED_DATA or ConnectionClosed. A file comes as FileData in pieces and FileEnd.

    Args:
        caller: whether this end has called.
    """

    __slots__ = ("_ahead", "_caller", "_ends_at", "_sent_ahead", "_skips", "master")

    def __init__(self, *, caller: bool) -> None:
        super().__init__(State.CONNECTED, State.CLOSED)
        self._caller = caller
        self.master = caller
        # Octets of the file under way, or of the one that was announced, that are still to go.
        self._ends_at = 0
        # Whether files follow at once, whether one has, and how many octets come of one that is not wanted.
        self._ahead = self._sent_ahead = False
        self._skips = 0

    @property
    def ahead(self) -> bool:
        """Whether a file may follow S or E at once, from its beginning."""
        return self._ahead

    def send(self, *said: Message) -> bytes:
        """The octets of messages, one after the other.

        Raises:
            LocalProtocolError: one is not legal now, or a value in it cannot be sent.
        """
        return b"".join(map(self._send, said))

    def _send(self, message: Message) -> bytes:
        after = self._after(message, self._side)
        if after is None:
            raise LocalProtocolError(
                f"{type(message).__name__} is not legal for a {self._side.value} in state {self._state.name}"
            )
        last = 0 if self._ahead else self._ends_at
        if isinstance(message, messages.Yes) and self._state is State.ASKED and message.position > last:
            raise LocalProtocolError(f"a file goes on from 0 to {last}, not from {message.position}")
        octets = write_message(message, caller=self._caller)
        self._move(message, after)
        return octets

    def send_file(self, data: bytes) -> bytes:
        """The octets of a file, from the position that was asked for on, all of them.

        Raises:
            LocalProtocolError: no file is due from this end, or it has another length.
        """
        ahead = self._ahead and self.master and self._state is State.ASKED and not self._sent_ahead
        if not ahead and self._after(FileEnd(), self._side) is None:
            raise LocalProtocolError(f"no file is due from a {self._side.value} in state {self._state.name}")
        if len(data) != self._ends_at:
            raise LocalProtocolError(f"a file of {len(data)} octets: {self._ends_at} were announced")
        self._sent_ahead = ahead
        if not ahead:
            self._state = TRANSITIONS[self._state][FileEnd][self._side]
        return data

    @property
    def _side(self) -> Side:
        return Side.MASTER if self.master else Side.SLAVE

    @property
    def _peer(self) -> Side:
        return Side.SLAVE if self.master else Side.MASTER

    @property
    def _comes_file(self) -> bool:
        return self._state is (State.FETCHING if self.master else State.SENDING)

    def _after(self, message: object, side: Side) -> State | None:
        return TRANSITIONS[self._state].get(type(message), {}).get(side)

    def _move(self, message: object, after: State) -> None:
        """A message was said."""
        if isinstance(message, messages.Send):
            self._ends_at = message.size
        elif isinstance(message, messages.Receive):
            self._ends_at = 0
        elif isinstance(message, messages.Yes):
            asked = self._state is State.ASKED
            self._ends_at = max(self._ends_at - message.position, 0) if asked else message.position
            if asked and self._sent_ahead:
                self._sent_ahead, after = False, State.SENT
        elif isinstance(message, messages.No):
            self._skips = self._ends_at if self._ahead and not self.master else 0
            self._sent_ahead = False
        elif isinstance(message, messages.HangupNo):
            self.master = not self.master
        elif isinstance(message, messages.Use):
            self._ahead = message.letter == "i"
        self._state = after

    def _read(self) -> Message | FileData | FileEnd | None:
        event = self._read_file() if self._comes_file else self._read_text()
        if event is None:
            return None
        after = self._state if isinstance(event, FileData) else self._after(event, self._peer)
        if isinstance(event, messages.BadMessage) or after is None:
            said = event.text if isinstance(event, messages.BadMessage) else type(event).__name__
            raise RemoteProtocolError(f"{said[:40]!r} is not legal in state {self._state.name}")
        self._move(event, after)
        return event

    def _read_file(self) -> FileData | FileEnd | None:
        if not self._ends_at:
            return FileEnd()
        data = bytes(self._octets[: self._ends_at])
        del self._octets[: len(data)]
        self._ends_at -= len(data)
        return FileData(data) if data else None

    def _read_text(self) -> Message | None:
        """The next text, where it is there whole."""
        octets, state = self._octets, self._state
        if self._skips:
            skipped = min(self._skips, len(octets))
            del octets[:skipped]
            self._skips -= skipped
        for prompt, kind in _PROMPTS.items():
            if kind in TRANSITIONS[state] and octets.startswith(prompt):
                del octets[: len(prompt)]
                return kind()
        end = octets.find(b"\r" if state in _WORDS else b"\x00")
        if end < 0 and len(octets) <= LONGEST:
            return None
        text = bytes(octets[: max(end, 0)])
        del octets[: end + 1]
        if end < 0 or len(text) > LONGEST or not text.isascii():
            return messages.BadMessage("")
        if state in _WORDS:
            return _WORDS[state](text.decode("ascii"))
        hello, command = text.startswith(b"\x10"), text.decode("ascii").removeprefix("\x10")
        said = read_hello(command) if hello else read_command(command)
        return said if isinstance(said, messages.HELLO) is hello else messages.BadMessage(command)
