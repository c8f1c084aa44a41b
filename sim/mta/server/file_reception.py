"""The receiving side of a session by FTP: what a host answers, and the files that it takes for its users (RFC 959)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from sim.mail.directory import owner_of
from sim.mail.path import NULL_PATH, Path
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import AcceptedMail
from sim.protocol import ftp
from sim.protocol.dialogue import UsualServer
from sim.protocol.ftp import commands
from sim.protocol.ftp.replies import Reply, extended_passive, passive, reply
from sim.scenario.spec import Host

DATA_PORT: Final = 49_152
"""Where the server listens for a data connection: the first port of those that are nobody's (RFC 6335 section 6)."""

TIMEOUT: Final = reply(421, "Timeout.")
TOO_MANY: Final = reply(421, "Too many users, try again later.")
_NOT_IMPLEMENTED = reply(502, "Command not implemented.")
_NO_DIRECTORY = reply(550, "No such directory.")
_TOO_BIG = reply(552, "Exceeded storage allocation.")


class FileReception(UsualServer):
    """A host's side of one inbound session.

    Each user has a directory, the domain's name and below it his own: what is stored there is his. Nobody is asked for
    a password, and nothing is to be had.

    Args:
        host: whose side this is.
        directory: whom it knows.

    Attributes:
        accepted: the mail taken by the last call of `read`: it has no sender.
        commands: how many commands have been answered.
        in_transaction: whether a file is under way.
    """

    def __init__(self, host: Host, directory: Directory) -> None:
        self._host = host
        self._directory = directory
        self._machine = ftp.Server()
        self._current = "/"
        self._path: Path | None = None
        self._name = ""
        self._content: list[bytes] = []
        self.patience = host.mta.idle_timeout
        self.accepted: list[AcceptedMail] = []
        self.commands = 0

    last_words = len(TIMEOUT.text) + 6

    @property
    def is_over(self) -> bool:
        """Whether it closes the connection behind what it wrote last."""
        return self._machine.state is ftp.State.CLOSED

    def greet(self, *, busy: bool) -> bytes:
        """The greeting, or the refusal of a host whose session limit is reached."""
        return self._machine.send(TOO_MANY if busy else reply(220, f"{self._host.domain} FTP server ready."))

    def read(self, octets: bytes) -> bytes:
        """Take a flight and give the replies. While a file is under way, it is the file's."""
        self.accepted = []
        if self.is_over:
            return b""
        if self._machine.state is ftp.State.TRANSFER:
            self._machine.receive_file(octets)
            self._machine.receive_file(b"")
        else:
            self._machine.receive_data(octets)
        written = []
        while (event := self._machine.next_event()) is not ftp.NEED_DATA and not isinstance(
            event, ftp.ConnectionClosed
        ):
            if isinstance(event, ftp.FileData):
                self._content.append(event.data)
                continue
            self.commands += 1
            written.append(self._machine.send(self._answer(event)))
        self.in_transaction = self._machine.state is ftp.State.TRANSFER
        return b"".join(written)

    def disconnected(self) -> None:
        """The connection has ended."""
        self._machine.close()

    def time_out(self) -> bytes:
        """The client was silent for too long."""
        if self.is_over:
            return b""
        self._machine.close()
        return ftp.replies.write_reply(TIMEOUT)

    def _answer(self, event: commands.Command | ftp.BadCommand | ftp.FileEnd) -> Reply:
        answer = self._ANSWERS.get(type(event))
        return _NOT_IMPLEMENTED if answer is None else answer(self, event)

    def _bad(self, event: ftp.BadCommand) -> Reply:
        return reply(event.code, event.why)

    def _type(self, event: commands.Type) -> Reply:
        return reply(200, f"Type set to {event.code}.") if event.code in ("I", "L 8") else reply(504, "Type I only.")

    def _cwd(self, event: commands.Cwd) -> Reply:
        self._current = posixpath.normpath(posixpath.join(self._current, event.path))
        return reply(250, "Directory changed.")

    def _pwd(self, _: commands.Pwd) -> Reply:
        quoted = self._current.replace('"', '""')
        return reply(257, f'"{quoted}" is the current directory.')

    def _stor(self, event: commands.Stor) -> Reply:
        directory, self._name = posixpath.split(posixpath.normpath(posixpath.join(self._current, event.path)))
        owner = owner_of(directory)
        if owner is None or not self._directory.is_local(owner):
            return _NO_DIRECTORY
        self._path = Path(owner)
        if not self._directory.rcpt_reply(self._path).positive:
            return _NO_DIRECTORY
        self._content = []
        return reply(150, "Ok to send data.")

    def _stored(self, _: ftp.FileEnd) -> Reply:
        content = b"".join(self._content)
        self._content = []
        if 0 < self._host.size_limit < len(content):
            return _TOO_BIG
        if self._path is not None:
            self.accepted.append(AcceptedMail(NULL_PATH, (self._path,), content, file=self._name))
        return reply(226, "Transfer complete.")

    _ANSWERS: ClassVar[Mapping[type, Callable[[Any, Any], Reply]]] = {
        ftp.BadCommand: _bad,
        commands.User: lambda _, __: reply(331, "Please specify the password."),
        commands.Pass: lambda _, __: reply(230, "Login successful."),
        commands.Quit: lambda _, __: reply(221, "Goodbye."),
        commands.Noop: lambda _, __: reply(200, "NOOP ok."),
        commands.Syst: lambda _, __: reply(215, "UNIX Type: L8"),
        commands.Feat: lambda _, __: reply(211, "Features:", " EPSV", " UTF8", "End"),
        commands.Stru: lambda _, event: reply(200, "Ok.") if event.code == "F" else reply(504, "Structure F only."),
        commands.Mode: lambda _, event: reply(200, "Ok.") if event.code == "S" else reply(504, "Mode S only."),
        commands.Allo: lambda _, __: reply(202, "No storage allocation necessary."),
        # Nobody has an address here: it is that of the control connection.
        commands.Pasv: lambda _, __: passive((0, 0, 0, 0), DATA_PORT),
        commands.Epsv: lambda _, __: extended_passive(DATA_PORT),
        commands.Abor: lambda _, __: reply(226, "Nothing to break off."),
        commands.Type: _type,
        commands.Cwd: _cwd,
        commands.Pwd: _pwd,
        commands.Stor: _stor,
        ftp.FileEnd: _stored,
    }
    """What answers each command."""
