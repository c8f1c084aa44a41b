"""The host's side of an IMAP session: logins, capabilities, IDLE, and which answer belongs to which command."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from typing import IO, Any, ClassVar

from sim.mailbox import imap_mailboxes, imap_messages, imap_search
from sim.mailbox.imap_session import Answer, ImapSession, bad, no, ok
from sim.mailbox.interface import Account, canonical_name
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.imap4 import commands, responses
from sim.protocol.imap4.events import BadCommand, LiteralAsked, Request, TooLong
from sim.protocol.imap4.responses import Continue, Tagged, Untagged
from sim.protocol.imap4.server import Server
from sim.protocol.imap4.states import State
from sim.protocol.sasl import MECHANISMS, SaslServer, Verdict

_ALWAYS = ("IMAP4rev1", "IMAP4rev2", "LITERAL+", "SASL-IR", "ENABLE", "ID", "IDLE")
_OF_A_USER = (
    *("UIDPLUS", "MOVE", "CONDSTORE", "NAMESPACE", "UNSELECT", "CHILDREN", "ESEARCH", "SEARCHRES", "WITHIN"),
    *("LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE", "CREATE-SPECIAL-USE", "STATUS=SIZE", "BINARY"),
    *("QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE"),
)
_QUIET = frozenset({commands.Fetch, commands.Store, commands.Search})
"""Commands during which no message may go (RFC 3501 section 7.4.1), unless they are by UID."""

_FAILED = no("Authentication failed.", "AUTHENTICATIONFAILED")
_NO_STORE = no("The mailboxes cannot be read or written now.", "UNAVAILABLE")
_NOT_CLEAR = no("Plaintext logins need TLS here.", "PRIVACYREQUIRED")


class ImapAccess:
    """The answers of one session.

    `replies` gives what to write for what was read, in pieces as they are made, so that of many messages one is in
    memory at a time. `failures` counts wrong passwords, for whoever delays them.

    Args:
        accounts: the logins, name -> password.
        open_account: gives a user's account.
        challenge: what CRAM-MD5 asks: nobody may foresee it.
        now: the time, in seconds since 1970.
        message_limit: octets of the greatest message that APPEND may bring.
        offers_tls: whether STARTTLS is offered.
        clear_login: whether passwords may be said in the clear where no TLS protects the connection.
        secure: whether the connection has TLS from the start.
        literal_file: as of `Server`.
    """

    def __init__(
        self,
        accounts: Mapping[str, str],
        open_account: Callable[[str], Account],
        *,
        challenge: bytes,
        now: Callable[[], float],
        message_limit: int,
        offers_tls: bool = False,
        clear_login: bool = True,
        secure: bool = False,
        literal_file: Callable[[], IO[bytes]] = BytesIO,
    ) -> None:
        self._accounts = accounts
        self._open_account = open_account
        self._challenge = challenge
        self._now = now
        self._message_limit = message_limit
        self._offers_tls = offers_tls
        self._clear_login = clear_login
        self._server = Server(message_limit=message_limit, secure=secure, literal_file=literal_file)
        self._sasl = SaslServer(accounts, challenge)
        self._session = ImapSession(message_limit=message_limit)
        self.user = ""
        """Who has logged in; empty until then."""
        self.failures = 0
        self.commands = 0
        """How many have been answered."""
        self.wants_tls = False
        """Whether the caller is to shake hands now; it calls `secured` behind that."""

    @property
    def account(self) -> Account | None:
        """The user's account, once he has logged in."""
        return self._session.account

    @property
    def waits(self) -> bool:
        """Never: a mailbox may be open in many sessions."""
        return False

    @property
    def is_over(self) -> bool:
        """Whether the connection is to be closed behind what was written last."""
        return self._server.state is State.LOGOUT

    @property
    def idles(self) -> bool:
        """Whether the client waits for news."""
        return self._server.state in (State.IDLE, State.IDLE_SELECTED)

    def greet(self) -> bytes:
        """What the server says first."""
        return self._server.send(responses.state("OK", "mtasim ready.", f"CAPABILITY {' '.join(self._capabilities())}"))

    def replies(self, octets: bytes) -> Iterator[bytes]:
        """What to write for what was read; nothing read is the peer's end of the connection."""
        self._server.receive_data(octets)
        while not self.wants_tls:
            event = self._server.next_event()
            if event is NEED_DATA:
                return
            if isinstance(event, ConnectionClosed):
                return
            if isinstance(event, LiteralAsked):
                yield self._server.accept_literal()
            elif isinstance(event, TooLong):
                yield self.close(event.why)
            else:
                yield from self._answer(event)

    def notify(self) -> bytes:
        """What is to be said to a client that waits for news; nothing where it does not, or there is none."""
        if not self.idles:
            return b""
        return b"".join(map(self._server.send, self._session.news(expunges=True)))

    def secured(self) -> None:
        """TLS protects the connection from here on."""
        self.wants_tls = False

    def close(self, why: str) -> bytes:
        """The session ends now, for that reason: what there is to say."""
        return b"" if self.is_over else self._server.send(responses.state("BYE", why))

    def disconnected(self) -> None:
        """The connection is gone."""
        self._server.drop_literal()

    def _answer(self, request: Request) -> Iterator[bytes]:
        command, send = _with_inbox(request.command), self._server.send
        self.commands += 1
        self._session.now = self._now()
        if isinstance(command, BadCommand):
            yield send(no(command.why, command.code) if command.code else bad(command.why))
            return
        own = self._ANSWERS.get(type(command))
        if own is not None:
            yield from own(self, command)
            return
        if isinstance(command, commands.Search):
            answer: Answer = imap_search.find(self._session, command, request.tag)
        else:
            answer = _OTHERS[type(command)](self._session, command)
        ended = yield from self._said(answer)
        quiet = type(command) in _QUIET and not getattr(command, "uid", False)
        for piece in self._session.news(expunges=not quiet):
            yield send(piece)
        yield send(ended)

    def _said(self, answer: Answer) -> Generator[bytes, None, Tagged]:
        while True:
            try:
                said = next(answer)
            except StopIteration as end:
                ended: Tagged = end.value
                return ended
            except OSError:
                return _NO_STORE
            yield self._server.send(said)

    def _end(self, *said: Untagged | Tagged | Continue) -> Iterator[bytes]:
        yield b"".join(map(self._server.send, said))

    def _capabilities(self) -> list[str]:
        words = list(_ALWAYS)
        server = self._server
        if self._session.account is not None:
            return [*words, *_OF_A_USER, f"APPENDLIMIT={self._message_limit}"]
        if self._offers_tls and not server.secure:
            words.append("STARTTLS")
        if self._is_clear():
            return [*words, "LOGINDISABLED", "AUTH=CRAM-MD5"]
        return [*words, *(f"AUTH={name}" for name in MECHANISMS)]

    def _is_clear(self) -> bool:
        """Whether a password may not be said now."""
        return not (self._server.secure or self._clear_login)

    def _capability(self, _: commands.Capability) -> Iterator[bytes]:
        return self._end(responses.capability(self._capabilities()), ok("Capabilities given."))

    def _noop(self, _: commands.Noop) -> Iterator[bytes]:
        return self._end(*self._session.news(expunges=True), ok("Nothing done."))

    def _id(self, _: commands.Id) -> Iterator[bytes]:
        return self._end(responses.identification([("name", "mtasim")]), ok("Identified."))

    def _logout(self, _: commands.Logout) -> Iterator[bytes]:
        return self._end(responses.state("BYE", "Logging out."), ok("Logged out."))

    def _start_tls(self, _: commands.StartTls) -> Iterator[bytes]:
        if not self._offers_tls:
            return self._end(bad("TLS is not available."))
        self.wants_tls = True
        return self._end(ok("Begin TLS negotiation now."))

    def _login(self, command: commands.Login) -> Iterator[bytes]:
        if self._is_clear():
            return self._end(_NOT_CLEAR)
        name = command.name.decode("utf-8", "replace")
        return self._decided(self._sasl.check(name, command.password.decode("utf-8", "replace")))

    def _authenticate(self, command: commands.Authenticate) -> Iterator[bytes]:
        if command.mechanism not in MECHANISMS:
            return self._end(no("That mechanism is not known.", "CANNOT"))
        if self._is_clear() and command.mechanism != "CRAM-MD5":
            return self._end(_NOT_CLEAR)
        self._sasl = SaslServer(self._accounts, self._challenge)
        return self._sasl_says(self._sasl.begin(command.mechanism, command.initial))

    def _authenticate_response(self, command: commands.AuthenticateResponse) -> Iterator[bytes]:
        return self._sasl_says(self._sasl.respond(command.data))

    def _authenticate_cancel(self, _: commands.AuthenticateCancel) -> Iterator[bytes]:
        return self._end(bad("Authentication cancelled."))

    def _sasl_says(self, said: bytes | Verdict) -> Iterator[bytes]:
        if isinstance(said, bytes):
            return self._end(Continue(b64encode(said).decode("ascii")))
        if said is Verdict.SERVER_FIRST:
            return self._end(bad("This mechanism takes no initial response."))
        if said is Verdict.MALFORMED:
            return self._end(_FAILED)
        return self._decided(said)

    def _decided(self, verdict: Verdict) -> Iterator[bytes]:
        if verdict is not Verdict.ACCEPTED:
            self.failures += 1
            return self._end(_FAILED)
        self.user = self._sasl.user
        try:
            self._session.account = self._open_account(self.user)
        except OSError:
            return self._end(_NO_STORE)
        return self._end(ok("Logged in.", f"CAPABILITY {' '.join(self._capabilities())}"))

    def _enable(self, command: commands.Enable) -> Iterator[bytes]:
        session = self._session
        known = [word for word in dict.fromkeys(command.capabilities) if word in ("CONDSTORE", "IMAP4REV2")]
        if "IMAP4REV2" in known:
            session.rev2 = self._server.utf8 = True
        shown = [{"IMAP4REV2": "IMAP4rev2"}.get(word, word) for word in known]
        told = session.enable_condstore() if "CONDSTORE" in known else ()
        return self._end(responses.enabled(shown), *told, ok("Enabled."))

    def _idle(self, _: commands.Idle) -> Iterator[bytes]:
        return self._end(Continue("idling"), *self._session.news(expunges=True))

    def _done(self, _: commands.Done) -> Iterator[bytes]:
        return self._end(*self._session.news(expunges=True), ok("Idle ended."))

    _ANSWERS: ClassVar[Mapping[type, Callable[..., Iterator[bytes]]]] = {
        commands.Capability: _capability,
        commands.Noop: _noop,
        commands.Id: _id,
        commands.Logout: _logout,
        commands.StartTls: _start_tls,
        commands.Login: _login,
        commands.Authenticate: _authenticate,
        commands.AuthenticateResponse: _authenticate_response,
        commands.AuthenticateCancel: _authenticate_cancel,
        commands.Enable: _enable,
        commands.Idle: _idle,
        commands.Done: _done,
    }
    """What answers the commands on the session itself."""


def _with_inbox(command: commands.Command | BadCommand) -> commands.Command | BadCommand:
    """A command with `inbox/a` written as INBOX/a, which the store has."""
    name = getattr(command, "mailbox", "")
    if canonical_name(name) == name:
        return command
    named: dict[str, Any] = {"mailbox": canonical_name(name)}
    return replace(command, **named)


_OTHERS: Mapping[type, Callable[..., Answer]] = {**imap_mailboxes.ANSWERS, **imap_messages.ANSWERS}
