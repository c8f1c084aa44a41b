"""The sending side of a session: which command goes out when, and what the replies mean for each recipient.

One transaction a session, as Postfix's smtp(8) does it: MAIL, RCPT and DATA ride together where the server offers
PIPELINING, and QUIT rides behind the final dot. Pure: `write` gives the next flight, `read` takes the server's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from operator import attrgetter

from sim.mail.content import is_8bit
from sim.mail.path import Path
from sim.mta.queue import Failure
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import NEED_DATA, Command, ConnectionClosed
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host, Postfix

_DATA, _QUIT = events.Data(), events.Quit()
_Dialogue = Generator[tuple[Command, ...], list[Reply], None]


class Transmission:
    """A host's side of one outbound session that offers one message to one server.

    `replies` holds the reply that decided each forward-path, for those that have one; `failure` what kept the others
    from getting one. `contacted` turns true when mail is offered, `turns` counts the flights written until the
    message's fate was known, `done` says that nothing is left to say.
    """

    __slots__ = (
        "_awaited",
        "_content",
        "_decided",
        "_dialogue",
        "_forward_paths",
        "_group",
        "_host",
        "_machine",
        "_read",
        "_reverse_path",
        "_waits_for",
        "contacted",
        "done",
        "failure",
        "replies",
        "turns",
    )

    def __init__(self, host: Host, reverse_path: Path, forward_paths: Sequence[Path], content: bytes) -> None:
        self._host = host
        self._machine = Client()
        self._reverse_path = reverse_path
        self._forward_paths = forward_paths
        self._content = content
        self._read: list[Reply] = []
        self._awaited = 1
        self._waits_for: type[Command] | None = None
        self._decided = False
        self.replies: dict[Path, Reply] = {}
        self.failure: Failure | None = None
        self.contacted = False
        self.done = False
        self.turns = 0
        self._dialogue = self._converse()
        self._group: tuple[Command, ...] = next(self._dialogue)

    def write(self) -> bytes:
        """The next flight; empty when it waits for the server or is done."""
        group, self._group = self._group, ()
        if not group:
            return b""
        self.turns += not self._decided
        self._awaited = len(group)
        self._waits_for = type(group[0])
        return b"".join([self._machine.send(command) for command in group])

    def read(self, data: bytes) -> None:
        """Take what the server wrote."""
        machine, shutting_down = self._machine, False
        machine.receive_data(data)
        try:
            while len(self._read) < self._awaited and not shutting_down:
                event = machine.next_event()
                if event is NEED_DATA:
                    return
                if isinstance(event, ConnectionClosed):
                    self._end(Failure(0, "4.4.2", "lost connection with the server"))
                    return
                self._read.append(event)
                shutting_down = event.code == 421
        except RemoteProtocolError as error:
            self._end(Failure(0, "4.5.0", f"the server broke the protocol: {error}"))
            return
        answered, self._read = self._read, []
        try:
            self._group = self._dialogue.send(answered)
        except StopIteration:
            self.done = True
        if shutting_down:
            self._group, self.done = (), True

    def timeout(self, policy: Postfix) -> float:
        """How long the host waits for the answer to what it wrote last, in s (RFC 5321 section 4.5.3.2)."""
        return _TIMEOUTS[self._waits_for](policy)

    def close(self) -> None:
        """Forget a dialogue that was broken off."""
        self._dialogue.close()

    def _end(self, failure: Failure) -> None:
        self.failure = failure
        self.done = True
        self._dialogue.close()

    def _converse(self) -> _Dialogue:
        greeting = (yield ())[0]
        if not greeting.positive:
            yield from self._leave(greeting)
            return
        hello = yield from self._hello()
        if not hello.positive:
            yield from self._leave(hello)
            return
        self.contacted = True
        if (yield from self._offer()):
            yield from self._send_mail_data()
        else:
            self._decided = True
            yield (_QUIT,)

    def _hello(self) -> Generator[tuple[Command, ...], list[Reply], Reply]:
        name = self._host.domain
        if self._host.esmtp:
            reply = (yield (events.Ehlo(name),))[0]
            if not reply.permanent:
                return reply
        return (yield (events.Helo(name),))[0]

    def _leave(self, refusal: Reply) -> _Dialogue:
        self.failure = Failure(refusal.code, refusal.enhanced, refusal.text)
        self._decided = True
        yield (_QUIT,)

    def _uses(self, keyword: str) -> bool:
        return keyword in self._machine.extensions and keyword in self._host.extensions

    def _envelope(self) -> list[Command]:
        parameters: list[tuple[str, str | None]] = []
        if self._uses("SIZE"):
            parameters.append(("SIZE", str(len(self._content))))
        if self._uses("8BITMIME") and is_8bit(self._content):
            parameters.append(("BODY", "8BITMIME"))
        return [
            events.Mail(self._reverse_path, tuple(parameters)),
            *[events.Rcpt(path) for path in self._forward_paths],
        ]

    def _offer(self) -> Generator[tuple[Command, ...], list[Reply], bool]:
        """MAIL, RCPT and DATA, in one flight or in lockstep; true when the server waits for the mail data."""
        commands = [*self._envelope(), _DATA]
        if self._uses("PIPELINING"):
            answers = yield tuple(commands)
        else:
            answers = []
            for command in commands:
                if isinstance(command, events.Data) and not any(reply.positive for reply in answers[1:]):
                    break
                answers += yield (command,)
                if not answers[0].positive or answers[-1].code == 421:
                    break
        return self._judge(answers)

    def _judge(self, answers: list[Reply]) -> bool:
        sender, *rest = answers
        if not sender.positive or answers[-1].code == 421:
            self.replies = dict.fromkeys(self._forward_paths, sender if not sender.positive else answers[-1])
            return False
        recipients = len(self._forward_paths)
        self.replies = {
            path: reply
            for path, reply in zip(self._forward_paths, rest[:recipients], strict=True)
            if not reply.positive
        }
        if len(rest) == recipients:
            return False
        go_ahead = rest[recipients]
        if not go_ahead.intermediate:
            for path in self._forward_paths:
                self.replies.setdefault(path, go_ahead)
        return go_ahead.intermediate

    def _send_mail_data(self) -> _Dialogue:
        # A server may answer 354 although it refused every recipient; then only the final dot may follow (RFC 2920
        # 3.1).
        taken = len(self.replies) < len(self._forward_paths)
        mail_data = events.MailData(self._content if taken else b"")
        quits = self._uses("PIPELINING")
        answers = yield ((mail_data, _QUIT) if quits else (mail_data,))
        for path in self._forward_paths:
            self.replies.setdefault(path, answers[0])
        self._decided = True
        if not quits:
            yield (_QUIT,)


_TIMEOUTS: dict[type[Command] | None, Callable[[Postfix], float]] = {
    None: attrgetter("smtp_helo_timeout"),
    events.Ehlo: attrgetter("smtp_helo_timeout"),
    events.Helo: attrgetter("smtp_helo_timeout"),
    events.Mail: attrgetter("smtp_mail_timeout"),
    events.Rcpt: attrgetter("smtp_rcpt_timeout"),
    events.Data: attrgetter("smtp_data_init_timeout"),
    events.MailData: attrgetter("smtp_data_done_timeout"),
    events.Quit: attrgetter("smtp_quit_timeout"),
}
