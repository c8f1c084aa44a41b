"""The mail in a Maildir that is for others: for domains that the served host only backs up (ETRN, TURN, ATRN)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sim.live.maildir import Maildir
from sim.mail.address import AddressError
from sim.mail.path import Path as MailPath
from sim.mail.path import parse_forward_path, parse_path
from sim.mta.server.etrn import is_for

_RETURN_PATH, _DELIVERED_TO = b"Return-Path: ", b"Delivered-To: "


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message in the Maildir: for whom it is, those of them who may have it now, and the message as it came.

    `binary` says whether that was BINARYMIME, of which no octet may change.
    """

    file: Path
    reverse_path: MailPath
    recipients: tuple[str, ...]
    wanted: tuple[str, ...]
    content: bytes
    binary: bool


class MaildirHeldMail:
    """Knows which messages of a Maildir wait for others. It is `sim.mta.server.etrn.HeldMail`.

    Args:
        maildir: where the mail is, that of earlier runs included.
        domains: those that the host backs up.
        mailbox_hosts: gives the hosts that keep a domain's mailboxes.
    """

    def __init__(self, maildir: Maildir, domains: Iterable[str], mailbox_hosts: Callable[[str], Sequence[str]]) -> None:
        self._maildir = maildir
        self._backed_up = frozenset([domain.lower() for domain in domains])
        self._mailbox_hosts = mailbox_hosts
        # The domains whose mail a file is.
        self._domains: dict[Path, frozenset[str]] = {}
        self._under_way: set[Path] = set()
        if self._backed_up:
            for file in sorted((maildir.folder / "new").iterdir()):
                self.note(file, _head(file))

    def note(self, file: Path, recipients: Sequence[str]) -> None:
        """A message is in the Maildir."""
        held = self._backed_up.intersection(map(_next_stop, recipients))
        if held:
            self._domains[file] = held

    def count(self, nodes: Sequence[str]) -> int:
        """How many messages wait for these nodes; for no node, how many wait at all."""
        return len(self._files(nodes))

    def octets(self) -> int:
        """What the messages that wait take on disk: the queue of a host that sends nothing by itself."""
        found = 0
        for file in self._domains:
            with suppress(OSError):
                found += file.stat().st_size
        return found

    def start(self, node: str) -> bool:  # noqa: ARG002 - a served host can do it for no node
        """Never: a served host knows the names of a scenario's hosts, and no real address to connect to."""
        return False

    def messages(self, nodes: Sequence[str]) -> Generator[HeldMessage, None, None]:
        """The messages that wait for these nodes, one by one; each is nobody else's until the next one is asked for."""
        for file in self._files(nodes):
            if file in self._under_way:
                continue
            self._under_way.add(file)
            try:
                message = self._read(file, nodes)
                if message is not None:
                    yield message
            finally:
                self._under_way.discard(file)

    def handed_over(self, message: HeldMessage, taken: Sequence[str]) -> None:
        """Somebody else has custody of the message for those recipients; what is left of it stays in the Maildir.

        Raises:
            OSError: the Maildir cannot be changed.
        """
        left = [recipient for recipient in message.recipients if recipient not in taken]
        del self._domains[message.file]
        if left:
            end = b"\r\n" if message.binary else b"\n"
            delivered = b"".join([_DELIVERED_TO + one.encode("utf-8") + end for one in left])
            top = _RETURN_PATH + str(message.reverse_path).encode("utf-8") + end + delivered
            content = message.content if message.binary else message.content.replace(b"\r\n", b"\n")
            self._maildir.replace(message.file, [top, content])
            self.note(message.file, left)
        else:
            self._maildir.remove(message.file)

    def _files(self, nodes: Sequence[str]) -> list[Path]:
        found = [file for file, domains in self._domains.items() if any(self._is_for(one, nodes) for one in domains)]
        for file in [file for file in found if not file.exists()]:
            # Somebody has read it, or moved it away.
            del self._domains[file]
        return [file for file in found if file in self._domains]

    def _is_for(self, domain: str, nodes: Sequence[str]) -> bool:
        return is_for(domain, nodes, self._mailbox_hosts(domain))

    def _read(self, file: Path, nodes: Sequence[str]) -> HeldMessage | None:
        try:
            reverse_path, recipients, content, binary = _split(file.read_bytes())
        except (OSError, ValueError):
            return None
        wanted = tuple([one for one in recipients if self._is_wanted(one, nodes)])
        return HeldMessage(file, reverse_path, recipients, wanted, content, binary) if wanted else None

    def _is_wanted(self, recipient: str, nodes: Sequence[str]) -> bool:
        domain = _next_stop(recipient)
        return domain in self._backed_up and self._is_for(domain, nodes)


def _next_stop(recipient: str) -> str:
    """The domain, in lower case, that a recipient's mail goes to: the first one of a route, else his own."""
    with suppress(AddressError):
        path = parse_forward_path(f"<{recipient}>", utf8=True)
        return (path.route[0] if path.route else path.mailbox.domain if path.mailbox else "").lower()
    return ""


def _head(file: Path) -> tuple[str, ...]:
    """For whom a message is, by the fields that the host wrote on top of it."""
    found = []
    try:
        with file.open("rb") as lines:
            if lines.readline(4096).startswith(_RETURN_PATH):
                while (line := lines.readline(4096)).startswith(_DELIVERED_TO):
                    found.append(line[len(_DELIVERED_TO) :].decode("utf-8", "replace").strip())
    except OSError:
        return ()
    return tuple(found)


def _split(message: bytes) -> tuple[MailPath, tuple[str, ...], bytes, bool]:
    """The envelope that the host wrote on top of a message, the message as it came, its trace field included.

    And whether it is BINARYMIME: then the fields on top of it end in CRLF.

    Raises:
        ValueError: there is no such envelope.
    """
    line, _, rest = message.partition(b"\n")
    binary = line.endswith(b"\r")
    if not line.startswith(_RETURN_PATH):
        raise ValueError("no Return-Path on top")
    recipients = []
    while rest.startswith(_DELIVERED_TO):
        name, _, rest = rest[len(_DELIVERED_TO) :].partition(b"\n")
        recipients.append(name.removesuffix(b"\r").decode("utf-8"))
    try:
        reverse_path = parse_path(line[len(_RETURN_PATH) :].removesuffix(b"\r").decode("utf-8"), utf8=True)
        for recipient in recipients:
            parse_forward_path(f"<{recipient}>", utf8=True)
    except AddressError as error:
        raise ValueError(str(error)) from error
    # What is no line end in the file was none before: a lone CR stays one.
    return reverse_path, tuple(recipients), rest if binary else rest.replace(b"\n", b"\r\n"), binary
