"""The called side of a UUCP call: files are taken as they come, and rmail is given those that are mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sim.mail.from_line import from_bang, read_from
from sim.mail.path import Path
from sim.mta.server.loops import is_looping
from sim.mta.server.transactions import AcceptedMail
from sim.protocol import uucp
from sim.protocol.dialogue import UsualServer
from sim.protocol.uucp import messages
from sim.protocol.uucp.jobs import read_execution
from sim.scenario.spec import Host

PROTOCOLS: Final = "tgi"
"""The protocols that it knows: `t` for lines without errors, `g`, and `i`."""

NOT_PERMITTED: Final = "2"
TOO_LARGE: Final = "6"
"""Reasons of SN and EN."""


class RmailReception(UsualServer):
    """A host's side of a call that it gets.

    Whether rmail knows the recipients is found out when the call is over: none is refused in it.

    Args:
        host: whose side this is.

    Attributes:
        accepted: the mail that came with the last call of `read`.
        commands: how many files have been answered for.
        in_transaction: whether a file is under way.
        parts: as of `mta.client.uux.UuxCall`.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._machine = uucp.Endpoint(caller=False)
        self._busy = False
        self._job: messages.Send | None = None
        self._data = bytearray()
        # Files that wait for the X. file that names them.
        self._files: dict[str, bytes] = {}
        self.patience = host.mta.idle_timeout
        self.accepted: list[AcceptedMail] = []
        self.commands = 0
        self.parts: tuple[int, Sequence[int]] = (0, ())

    @property
    def is_over(self) -> bool:
        """Whether it hangs up behind what it wrote last."""
        return self._machine.state is uucp.State.CLOSED

    @property
    def in_transaction(self) -> bool:  # type: ignore[override]
        """Whether a file is under way."""
        return self._machine.state in (uucp.State.ASKED, uucp.State.SENDING)

    def greet(self, *, busy: bool) -> bytes:
        """Its name; who gets none of its sessions hears so when he has said his."""
        self._busy = busy
        return self._texts(messages.Shere(self._host.domain))

    def read(self, octets: bytes) -> bytes:
        """Take a flight and give the answers; a peer that breaks the protocol gets none, but the end."""
        self.accepted = []
        if self.is_over:
            return b""
        self._machine.receive_data(octets)
        text, written = b"", list[bytes]()
        try:
            while (event := self._machine.next_event()) is not uucp.NEED_DATA and not isinstance(
                event, uucp.ConnectionClosed
            ):
                if isinstance(event, messages.Start):
                    text = self._texts(*self._hello())
                else:
                    written += [self._machine.send(one) for one in self._answer(event)]
        except uucp.RemoteProtocolError:
            self._machine.close()
        self.parts = len(text), [len(one) for one in written]
        return b"".join([text, *written])

    def disconnected(self) -> None:
        """The line has gone: what has come of a file is nothing."""
        self._machine.close()

    def time_out(self) -> bytes:
        """The caller was silent for too long: it hangs up without a word."""
        self._machine.close()
        return b""

    def _texts(self, *said: messages.Message) -> bytes:
        text = b"".join([self._machine.send(one) for one in said])
        self.parts = len(text), ()
        return text

    def _hello(self) -> Sequence[messages.Message]:
        if self._busy:
            return [messages.Refusal("LCK")]
        return [messages.Rok(), messages.Protocols(PROTOCOLS)]

    def _answer(self, event: object) -> Sequence[messages.Message]:
        match event:
            case messages.Send():
                self._job, self._data = event, bytearray()
                letter = "E" if isinstance(event, messages.Execute) else "S"
                if 0 < self._host.size_limit < event.size:
                    return [messages.No(letter, TOO_LARGE)]
                return [messages.Yes(letter)]
            case messages.FileData():
                self._data += event.data
            case messages.FileEnd():
                self.commands += 1
                self._store()
                return [messages.Copied()]
            case _:
                pass
        return _ANSWERS.get(type(event), ())

    def _store(self) -> None:
        """A file is there whole: it is mail, or the X. file of one that was sent before, or waits for that."""
        job, data = self._job, bytes(self._data)
        if isinstance(job, messages.Execute):
            self._execute(job.command, data)
        elif job is not None and job.to.startswith("X."):
            _, name, command = read_execution(data.decode("latin-1"))
            if name in self._files:
                self._execute(command, self._files.pop(name))
        elif job is not None:
            self._files[job.to] = data

    def _execute(self, command: str, data: bytes) -> None:
        """Give rmail its mail; other commands are not permitted, and nothing comes of them."""
        name, *arguments = command.split() or [""]
        paths = tuple(Path(address) for word in arguments if (address := from_bang(word)) is not None)
        if name == "rmail" and paths:
            back, system, content = read_from(data)
            content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            word, looping = "UUCP" if system else "", is_looping(content, self._host.mta)
            self.accepted.append(AcceptedMail(back, paths, content, system, word, looping=looping))


_ANSWERS: Final[Mapping[type, Sequence[messages.Message]]] = {
    messages.Receive: [messages.No("R", NOT_PERMITTED)],
    messages.Hangup: [messages.HangupYes()],
    messages.HangupYes: [messages.HangupYes(), messages.Goodbye()],
}
