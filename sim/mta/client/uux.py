"""A host's side of a UUCP call that it makes: each message is a job of uux for rmail on the other side.

A step says what goes out next by what the machine's state is; the call is kept for the next message, as uucico goes on
with the next job, and hung up where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sim.mail.from_line import to_bang, write_from
from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.machine_client import MachineClient
from sim.mta.queue.failure import Failure
from sim.protocol import uucp
from sim.protocol.smtp.replies import Reply
from sim.protocol.uucp import messages
from sim.protocol.uucp.jobs import Job
from sim.protocol.uucp.states import State
from sim.scenario.spec import Host

PATIENCE: Final = 120.0
"""How long the caller waits for the hello, and behind what its line's protocol waits for, s (chat-timeout is 60)."""

POSITION: Final = 4
"""Octets with which `i` says where in a file the data behind them belongs."""


class Confirmation(Reply):
    """CY where a reply is asked for: it has no code, and says that the file is there."""

    __slots__ = ()

    @property
    def positive(self) -> bool:
        """Always: what rmail makes of it nobody says here."""
        return True


CONFIRMED: Final = Confirmation(0, ("CY",))


class UuxCall(MachineClient[uucp.Endpoint]):
    """A call in which one message after another goes to one system.

    Args:
        host: whose side this is.
        mailing: the first message.
        number: the number of its job in the spool.
        at: when it is sent, for its From_ line, s since `mail.trace.EPOCH`.
        stays: asked for another message; whether one may follow.

    Attributes:
        replies: `CONFIRMED` for every forward-path, once the file is there: nobody is refused in a call.
        failure: what kept them from getting one.
        contacted: whether the first command's turn has come.
        round_trips: the flights that were written until the fate of the message was known.
        reports: whether the other system tells the sender what becomes of it: it does not.
        kept: whether the call is left open for another message.
        protocol: the letter of the protocol that it chooses: what the line has.
        parts: of what it wrote last: octets of text, and the sizes of the messages behind them.
    """

    peer = "called system"
    reports = False
    protocol = "t"

    def __init__(
        self,
        host: Host,
        mailing: Mailing,
        *,
        number: int,
        at: float,
        stays: Callable[[], Mailing | bool] | None = None,
    ) -> None:
        super().__init__(host, uucp.Endpoint(caller=True), PATIENCE)
        self._system = host.domain
        self._stays = stays
        self._number = number
        self._at = at
        self._next: Mailing | None = None
        self._begin(mailing)
        self._kept = False
        self.parts: tuple[int, Sequence[int]] = (0, ())

    def _begin(self, mailing: Mailing) -> None:
        """A message's turn has come."""
        self._paths = mailing.forward_paths
        data = mailing.content.replace(b"\r\n", b"\n")
        self._data = write_from(mailing.reverse_path, self._system, self._at) + data
        command = " ".join(("rmail", *(to_bang(path.mailbox) for path in self._paths if path.mailbox)))
        self._job = Job(self._system, "uucp", command, len(self._data), self._number)
        self._number += 1
        self.replies: dict[Path, Reply] = {}
        self.contacted = self.done = False
        self.round_trips = 0

    @property
    def kept(self) -> bool:
        """Whether it has left the call open."""
        return self._kept

    @property
    def awaits(self) -> str:  # type: ignore[override]
        """What the called is to answer next: one of `products.tables.PLACES`."""
        return _AWAITS.get(self._machine.state, "hello")

    def write(self) -> bytes:
        """The next flight."""
        machine, text, sizes = self._machine, b"", list[int]()
        self.round_trips += not self.replies
        if machine.state is State.GREETED:
            text = machine.send(messages.Start(self._system))
            self.parts = len(text), ()
            return text
        if machine.state is State.OFFERED:
            text = machine.send(messages.Use(self.protocol))
        if machine.state is State.READY and not self.replies:
            self.contacted = True
            written = [machine.send(self._job.execute())]
            sizes += [len(written[0])]
            if machine.ahead:
                written.append(machine.send_file(self._data))
                sizes += [POSITION, len(self._data), 0]
        elif machine.state is State.READY:
            written = [machine.send(messages.Hangup())]
            sizes += [len(written[0])]
        elif machine.state is State.SENDING:
            written = [machine.send_file(self._data)]
            sizes += [len(self._data), 0]
        else:
            written = [machine.send(messages.HangupYes())]
            sizes += [len(written[0])]
        self.parts = len(text), sizes
        return b"".join([text, *written])

    def complete(self, octets: bytes) -> int:
        """How many of the first octets of a flight are whole texts."""
        return octets.rfind(b"\0") + 1

    def resume(self) -> None:
        """The call goes on with the next message."""
        following, self._next, self._kept = self._next, None, False
        if following is not None:
            self._begin(following)

    def follow(self, mailing: Mailing, stays: Callable[[], Mailing | bool] | None) -> None:
        """A call that was kept is to `resume` with this message."""
        self._next, self._stays = mailing, stays

    def end(self, failure: Failure) -> None:
        """The call is over before its time: what has been confirmed counts, the failure is for the rest."""
        self.failure = self.failure or failure
        self.done, self._kept = True, False

    def refusal(self, path: Path, host: str) -> Failure:
        """Nobody is refused.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"{host} cannot refuse {path} in a call")

    def _cut_off(self) -> None:
        if not self.replies:
            self.end(Failure(0, "4.4.2", "the called system hung up", at=self.awaits))
        self.done = True

    def _take(self, event: object) -> None:
        match event:
            case messages.Copied():
                self.replies = dict.fromkeys(self._paths, CONFIRMED)
                stays = self._stays() if self._stays is not None else False
                if isinstance(stays, Mailing):
                    self._next = stays
                self._kept = self.done = bool(stays)
            case messages.No() | messages.NotCopied():
                refused = type(event).__name__ + event.why
                self.end(Failure(0, "4.3.0", f"the called system does not take the file ({refused})", at="data"))
            case messages.Refusal():
                self.end(Failure(0, "4.3.2", f"the called system refuses the call (R{event.why})", at="greeting"))
            case messages.Protocols() if self.protocol not in event.letters:
                self.end(Failure(0, "4.5.0", "no mutually supported protocols", at="hello"))
            case messages.Goodbye():
                self.done = True
            case _:
                pass


_AWAITS: Final = {
    State.CONNECTED: "greeting",
    State.ASKED: "mail",
    State.SENT: "dot",
    State.LEAVING: "dot",
}
