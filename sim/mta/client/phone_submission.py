"""A host's side of a call by PhoneNet: it submits a message to the host that it has called (MMDF's phone channel)."""

from __future__ import annotations

from typing import Final

from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.machine_client import MachineClient
from sim.mta.queue.failure import Failure
from sim.protocol import phonenet
from sim.protocol.phonenet.records import EndOfRecipients, Recipient, Record, Sender, Submit, Text
from sim.protocol.phonenet.records import Reply as PhoneReply
from sim.protocol.phonenet.states import State
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host

PATIENCE: Final = 180.0
"""How long the client waits for an answer, s: DATAWAIT of MMDF's d_proto.h."""

_AWAITS: Final = {State.ASKED: "hello", State.RECIPIENT: "rcpt", State.RECIPIENTS: "rcpt", State.SENT: "dot"}


class MmdfReply(Reply):
    """A reply of MMDF where one is asked for: its own code, and whether that is good."""

    __slots__ = ()

    @property
    def positive(self) -> bool:
        """Whether its highest bit is off."""
        return not self.code & 0o200


class PhoneSubmission(MachineClient[phonenet.Client]):
    """A host's side of one call that submits one message.

    Attributes:
        replies: the reply that decided each forward-path, for those that have one.
        failure: what kept the others from getting one.
        contacted: whether the message may begin.
        round_trips: the flights that were written until the fate of all was known.
        reports: whether the server tells the sender what becomes of it: it does not.

    Args:
        host: whose side this is.
        mailing: the message.
    """

    peer = "server"
    reports = False

    def __init__(self, host: Host, mailing: Mailing) -> None:
        super().__init__(host, phonenet.Client(), PATIENCE)
        self._mailing = mailing
        self._left = list(mailing.forward_paths)
        self._accepted: list[Path] = []
        self._refused_at: dict[Path, str] = {}
        self.replies: dict[Path, Reply] = {}

    @property
    def awaits(self) -> str:  # type: ignore[override]
        """What the server is to answer next."""
        return _AWAITS.get(self._machine.state, "mail")

    def write(self) -> bytes:
        """The next flight: each address is answered before the next goes out."""
        self.round_trips += 1
        return self._machine.send(*self._says())

    def follow(self, mailing: Mailing, _stays: object) -> None:
        """A session that was kept is to go on: none is.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"no session was kept for {mailing.forward_paths}")

    def refusal(self, path: Path, host: str) -> Failure:
        """The reply that refused a forward-path, as the failure that it is; `host` gave it."""
        reply = self.replies[path]
        again = reply.code & 0o300 == 0o200
        return Failure(450 if again else 550, "4.0.0" if again else "5.0.0", reply.text, host, self._refused_at[path])

    def _says(self) -> list[Record]:
        match self._machine.state:
            case State.CALLED:
                return [Submit()]
            case State.SUBMITTING:
                reverse = self._mailing.reverse_path
                return [Sender(str(reverse.mailbox or "")), Recipient(str(self._left[0])[1:-1])]
            case _ if self._left:
                return [Recipient(str(self._left[0])[1:-1])]
            case _:
                return [EndOfRecipients(), Text(self._mailing.content)]

    def _cut_off(self) -> None:
        if not self.done:
            self.end(Failure(0, "4.4.2", "the call was cut off", at=self.awaits))

    def _take(self, said: PhoneReply) -> None:
        reply = MmdfReply(said.code, (said.text,))
        if not self.contacted:
            self.contacted = said.positive
            if not said.positive:
                self.end(Failure(450, "4.3.2", said.text, at="hello"))
        elif self._machine.state is State.SUBMITTING:
            for path in self._accepted:
                self.replies[path], self._refused_at[path] = reply, "dot"
            self.done = True
        else:
            path = self._left.pop(0)
            if said.positive:
                self._accepted.append(path)
            else:
                self.replies[path], self._refused_at[path] = reply, "rcpt"
            # Nobody is left to have the text.
            self.done = not self._left and not self._accepted
        self.reads = 0 if self._left else len(self._mailing.content)
