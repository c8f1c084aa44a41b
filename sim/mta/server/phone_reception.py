"""The receiving side of a call by PhoneNet: what MMDF's slave answers."""

from __future__ import annotations

from sim.mail.address import AddressError
from sim.mail.liberal import parse_liberal_address
from sim.mail.path import NULL_PATH, Path, parse_path
from sim.mta.server.loops import is_looping
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import AcceptedMail
from sim.protocol import phonenet
from sim.protocol.dialogue import MachineServer
from sim.protocol.phonenet.records import (
    ACCEPTED_ADDRESS,
    ACCEPTED_MESSAGE,
    AGAIN,
    NO_SPACE,
    OK,
    UNDELIVERABLE,
    UNKNOWN_USER,
    Recipient,
    Record,
    Reply,
    Sender,
    Submit,
    Text,
)
from sim.protocol.phonenet.states import State
from sim.scenario.spec import Host


class PhoneReception(MachineServer[phonenet.Server]):
    """A host's side of one inbound call.

    Args:
        host: whose side this is.
        directory: whom it knows.

    Attributes:
        accepted: the mail taken by the last call of `read`.
        commands: how many records have been answered.
        in_transaction: whether a message is under way.
    """

    patience = 180.0

    def __init__(self, host: Host, directory: Directory) -> None:
        self._host = host
        self._directory = directory
        super().__init__(phonenet.Server())
        self._sender = NULL_PATH
        self._recipients: list[Path] = []

    @property
    def in_transaction(self) -> bool:  # type: ignore[override]
        """Whether a message is under way."""
        return self._machine.state in (State.RECIPIENTS, State.TEXT)

    def _answer(self, record: Record) -> list[Reply]:
        reply = self._reply(record)
        self.commands += reply is not None
        return [] if reply is None else [reply]

    def _reply(self, record: Record) -> Reply | None:
        match record:
            case Submit():
                return Reply(AGAIN, "not now") if self._busy else Reply(OK, "send ok")
            case Sender():
                self._sender, self._recipients = _sender(record.address), []
                return None
            case Recipient():
                return self._recipient(record.address)
            case Text():
                return self._take(record.content)
            case _:
                return None

    def _recipient(self, address: str) -> Reply:
        try:
            path = parse_path(f"<{address}>", utf8=True)
        except AddressError as error:
            return Reply(UNDELIVERABLE, str(error))
        said = self._directory.rcpt_reply(path)
        if not said.positive:
            return Reply(UNKNOWN_USER if said.code >= 500 else AGAIN, said.text)
        self._recipients.append(path)
        return Reply(ACCEPTED_ADDRESS)

    def _take(self, content: bytes) -> Reply:
        if 0 < self._host.size_limit < len(content):
            return Reply(NO_SPACE, "message is too big")
        if self._recipients:
            paths, looping = tuple(self._recipients), is_looping(content, self._host.mta)
            self.accepted.append(AcceptedMail(self._sender, paths, content, "phonenet", "PhoneNet", looping=looping))
        return Reply(ACCEPTED_MESSAGE)


def _sender(address: str) -> Path:
    try:
        return Path(parse_liberal_address(address)) if address else NULL_PATH
    except AddressError:
        return NULL_PATH
