"""The host's side of a POP3 session: who may open which maildrop, and what each command answers (RFC 1939, 2449)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import ClassVar

from sim.mail.mime import split_header
from sim.mailbox.interface import INBOX, Account, ExpungedError, Mailbox, MessageInfo
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.pop3 import events
from sim.protocol.pop3.events import BadCommand, Command, EndlessLine
from sim.protocol.pop3.responses import Response, challenge, err, ok
from sim.protocol.pop3.server import Server
from sim.protocol.pop3.states import State
from sim.protocol.sasl import MECHANISMS, SaslServer, Verdict

_FAILED = err("Authentication failed.", "AUTH")
_NO_MESSAGE = err("There is no such message.")
_BUSY = err("The maildrop is open in another session.", "IN-USE")
_NO_GUESSES: Mapping[bytes | Verdict, str] = {
    Verdict.UNKNOWN_MECHANISM: "Unknown mechanism.",
    Verdict.SERVER_FIRST: "This mechanism takes no initial response.",
    Verdict.MALFORMED: "Not what this mechanism says.",
}
"""How a SASL dialogue fails with no word about a password."""
_NOT_CLEAR = err("Plaintext logins need TLS here: use STLS.", "AUTH")


class Pop3Access:
    """The answers of one session.

    `replies` gives what to write for what was read, in pieces as they are made, so that a large message is in memory
    once. `failures` counts wrong passwords, for whoever delays them.

    Args:
        accounts: the logins, name -> password.
        open_account: gives a user's account.
        timestamp: what APOP and CRAM-MD5 ask, with angle brackets: nobody may foresee it.
        offers_tls: whether STLS is offered.
        clear_login: whether passwords may be said in the clear where no TLS protects the connection.
        secure: whether the connection has TLS from the start.
        lock_tries: how often the lock of a maildrop is tried that another session has. Between two tries `replies`
            gives nothing, and `waits` is set: the caller lets some time pass.
    """

    def __init__(
        self,
        accounts: Mapping[str, str],
        open_account: Callable[[str], Account],
        *,
        timestamp: str,
        offers_tls: bool = False,
        clear_login: bool = True,
        secure: bool = False,
        lock_tries: int = 1,
    ) -> None:
        self._accounts = accounts
        self._open_account = open_account
        self._timestamp = timestamp
        self._offers_tls = offers_tls
        self._clear_login = clear_login
        self._server = Server(secure=secure)
        self._sasl = SaslServer(accounts, timestamp.encode())
        self._name = ""
        self.user = ""
        """Who has logged in; empty until then."""
        self.failures = 0
        self.commands = 0
        """How many have been answered."""
        self._lock_tries = lock_tries
        self.waits = False
        """Whether the maildrop is another session's."""
        self.wants_tls = False
        """Whether the caller is to shake hands now; it calls `secured` behind that."""
        self._account: Account | None = None
        self._mailbox: Mailbox | None = None
        self._messages: Sequence[MessageInfo] = ()
        self._deleted: dict[int, None] = {}

    @property
    def is_over(self) -> bool:
        """Whether the connection is to be closed behind what was written last."""
        return self._server.state is State.CLOSED

    def greet(self) -> bytes:
        """What the server says first."""
        return self._server.send(ok(f"mtasim ready. {self._timestamp}"))

    def replies(self, octets: bytes) -> Iterator[bytes]:
        """What to write for what was read; nothing read is the peer's end of the connection."""
        self._server.receive_data(octets)
        while not self.wants_tls:
            event = self._server.next_event()
            if event is NEED_DATA:
                return
            if isinstance(event, ConnectionClosed):
                self.disconnected()
                return
            answer = self._answer(event)
            for _ in range(1, self._lock_tries if answer is _BUSY else 1):
                self.waits = True
                yield b""
                self.waits = False
                answer = self._safely(self._enter)
                if answer is not _BUSY:
                    break
            yield self._server.send(answer)

    def secured(self) -> None:
        """TLS protects the connection from here on."""
        self.wants_tls = False

    @property
    def idles(self) -> bool:
        """Never: POP3 has no news."""
        return False

    def notify(self) -> bytes:
        """Nothing: POP3 has no news."""
        return b""

    def close(self, why: str) -> bytes:
        """The session ends now, for that reason, and nothing is deleted: what there is to say."""
        said = b"" if self.is_over else f"-ERR {why}\r\n".encode()
        self.disconnected()
        return said

    def disconnected(self) -> None:
        """The connection is gone, and nothing is deleted."""
        self._server.close()
        self._leave()

    def _leave(self) -> None:
        if self._account is not None:
            self._account.unlock()
        self._account = self._mailbox = None

    def _answer(self, event: Command | BadCommand | EndlessLine) -> Response:
        self.commands += 1
        if isinstance(event, BadCommand):
            return err(event.why)
        if isinstance(event, EndlessLine):
            self._leave()
            return err("Line too long.")
        return self._safely(partial(self._ANSWERS[type(event)], self, event))

    def _safely(self, answers: Callable[[], Response]) -> Response:
        """What answers, unless the store fails."""
        try:
            return answers()
        except OSError:
            if self._mailbox is None:
                self._leave()
            return err("The maildrop cannot be read or written now.", "SYS/TEMP")

    def _clear(self) -> bool:
        """Whether a password may not be said now."""
        return not (self._server.secure or self._clear_login)

    def _capa(self, _: events.Capa) -> Response:
        words = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER"]
        if not self._clear():
            words += ["USER", f"SASL {' '.join(MECHANISMS)}"]
        elif self._server.state is not State.TRANSACTION:
            words.append("SASL CRAM-MD5")
        if self._offers_tls and not self._server.secure and self._server.state is not State.TRANSACTION:
            words.append("STLS")
        words.append("IMPLEMENTATION mtasim")
        # No dot before the last line: nmap takes the first one as the end.
        return ok("Capabilities follow", "".join(f"{word}\r\n" for word in words).encode())

    def _stls(self, _: events.Stls) -> Response:
        if not self._offers_tls:
            return err("TLS is not available.")
        self.wants_tls = True
        self._name = ""
        return ok("Begin TLS negotiation now.")

    def _user(self, event: events.User) -> Response:
        if self._clear():
            return _NOT_CLEAR
        self._name = event.name
        return ok("Send your password.")

    def _pass(self, event: events.Pass) -> Response:
        return self._decide(self._sasl.check(self._name, event.password), self._name)

    def _apop(self, event: events.Apop) -> Response:
        password = self._accounts.get(event.name, "")
        digest = hashlib.md5(f"{self._timestamp}{password}".encode(), usedforsecurity=False).hexdigest()
        proved = hmac.compare_digest(digest, event.digest.lower().encode("ascii", "replace").decode()) and password
        return self._decide(Verdict.ACCEPTED if proved else Verdict.REFUSED, event.name)

    def _mechanisms(self, _: events.Mechanisms) -> Response:
        mechanisms = ["CRAM-MD5"] if self._clear() else MECHANISMS
        return ok("Mechanisms follow.", "".join(f"{name}\r\n" for name in mechanisms).encode())

    def _auth(self, event: events.Auth) -> Response:
        if self._clear() and event.mechanism in ("PLAIN", "LOGIN"):
            return _NOT_CLEAR
        self._sasl = SaslServer(self._accounts, self._timestamp.encode())
        return self._sasl_says(self._sasl.begin(event.mechanism, event.initial))

    def _auth_response(self, event: events.AuthResponse) -> Response:
        return self._sasl_says(self._sasl.respond(event.data))

    def _auth_cancel(self, _: events.AuthCancel) -> Response:
        return err("Authentication cancelled.")

    def _sasl_says(self, said: bytes | Verdict) -> Response:
        if isinstance(said, bytes):
            return challenge(said)
        if said in _NO_GUESSES:
            return err(_NO_GUESSES[said])
        return self._decide(said, self._sasl.user)

    def _decide(self, verdict: Verdict, user: str) -> Response:
        if verdict is not Verdict.ACCEPTED:
            self.failures += 1
            return _FAILED
        self._name = user
        return self._enter()

    def _enter(self) -> Response:
        """Open the maildrop of who has proved who he is."""
        account = self._open_account(self._name)
        if not account.lock():
            return _BUSY
        self._account, self.user = account, self._name
        self._mailbox = account.mailbox(INBOX)
        self._messages = tuple(self._mailbox.messages.values())
        return ok("Logged in.")

    def _stat(self, _: events.Stat) -> Response:
        left = [info for _, info in self._left()]
        return ok(f"{len(left)} {sum(info.size for info in left)}")

    def _list(self, event: events.List) -> Response:
        return self._listing(event.number, lambda info: str(info.size))

    def _uidl(self, event: events.Uidl) -> Response:
        validity = self._open.uid_validity
        return self._listing(event.number, lambda info: f"{validity:08x}{info.uid:08x}")

    def _retr(self, event: events.Retr) -> Response:
        content = self._content(event.number)
        if content is None:
            return _NO_MESSAGE
        return ok(f"{len(content)} octets", content)

    def _top(self, event: events.Top) -> Response:
        content = self._content(event.number)
        if content is None:
            return _NO_MESSAGE
        header, body = split_header(content)
        lines = body.split(b"\r\n", event.lines)
        first = body if len(lines) <= event.lines else body[: len(body) - len(lines[-1])]
        return ok("Top of message follows.", header + first)

    def _dele(self, event: events.Dele) -> Response:
        if self._info(event.number) is None:
            return _NO_MESSAGE
        self._deleted[event.number] = None
        return ok("Marked to be deleted.")

    def _last(self, _: events.Last) -> Response:
        # RFC 1725 dropped it: what it says does not outlive a session, so who goes by it fetches all mail every time.
        return err("LAST is obsolete: use UIDL.")

    def _noop(self, _: events.Noop) -> Response:
        return ok("Nothing done.")

    def _rset(self, _: events.Rset) -> Response:
        self._deleted.clear()
        return ok("Nothing will be deleted.")

    def _quit(self, _: events.Quit) -> Response:
        if self._mailbox is None:
            return ok("Bye.")
        # RFC 1939's UPDATE state.
        try:
            self._mailbox.expunge([self._messages[number - 1].uid for number in self._deleted])
        except OSError:
            return err("Some messages were not deleted.", "SYS/TEMP")
        finally:
            self._leave()
        return ok("Bye; messages deleted." if self._deleted else "Bye.")

    @property
    def _open(self) -> Mailbox:
        if self._mailbox is None:
            raise LookupError("no maildrop is open")
        return self._mailbox

    def _left(self) -> Iterator[tuple[int, MessageInfo]]:
        """Number and what is known of each message that is not marked."""
        return ((n, info) for n, info in enumerate(self._messages, 1) if n not in self._deleted)

    def _info(self, number: int) -> MessageInfo | None:
        if not 1 <= number <= len(self._messages) or number in self._deleted:
            return None
        return self._messages[number - 1]

    def _content(self, number: int) -> bytes | None:
        info = self._info(number)
        try:
            return None if info is None else self._open.content(info.uid)
        except ExpungedError:
            return None

    def _listing(self, number: int | None, value: Callable[[MessageInfo], str]) -> Response:
        if number is not None:
            info = self._info(number)
            return _NO_MESSAGE if info is None else ok(f"{number} {value(info)}")
        lines = [f"{n} {value(info)}\r\n" for n, info in self._left()]
        return ok(f"{len(lines)} messages:", "".join(lines).encode("ascii"))

    _ANSWERS: ClassVar[Mapping[type, Callable[..., Response]]] = {
        events.Capa: _capa,
        events.Stls: _stls,
        events.User: _user,
        events.Pass: _pass,
        events.Apop: _apop,
        events.Auth: _auth,
        events.Mechanisms: _mechanisms,
        events.AuthResponse: _auth_response,
        events.AuthCancel: _auth_cancel,
        events.Stat: _stat,
        events.List: _list,
        events.Uidl: _uidl,
        events.Retr: _retr,
        events.Top: _top,
        events.Dele: _dele,
        events.Last: _last,
        events.Noop: _noop,
        events.Rset: _rset,
        events.Quit: _quit,
    }
    """What answers each command."""
