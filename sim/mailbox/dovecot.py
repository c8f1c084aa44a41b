"""What Dovecot 2.3.19 says in a session, to the octet where that costs time: its words are not ours, and longer.

Its answers are those of `Pop3Access` and `ImapAccess`. Seen between real programs and Debian's Dovecot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from sim.mailbox.imap_access import ImapAccess
from sim.mailbox.pop3_access import Pop3Access
from sim.protocol.imap4 import commands as imap
from sim.protocol.imap4 import responses
from sim.protocol.imap4.events import Request
from sim.protocol.imap4.responses import Continue, Tagged, Untagged
from sim.protocol.imap4.server import Server
from sim.protocol.pop3 import events
from sim.protocol.pop3.events import BadCommand, Command, EndlessLine
from sim.protocol.pop3.responses import Response, Status, err, ok

GREETING_TIME: Final = 8.5e-3
SERVICE_TIME: Final = 0.15e-3
LOGIN_TIME: Final = 6e-3
"""What it takes before it greets, for each command, and for a login beyond that: another process takes over, s."""
NOTICE_TIME: Final = 0.5022
"""How long after a delivery it tells clients that are idle, s: it waits half a second for more (inotify)."""
VALIDITY: Final = 1_796_009_166
"""A mailbox's UIDVALIDITY: it counts them by the clock, this one on a day in 2026."""
IMAP_PATIENCE: Final = 1800.0
POP3_PATIENCE: Final = 600.0
"""How long it waits for a client that says nothing, s."""

_READY: Final = "Dovecot (Debian) ready."

_POP3: Final[Mapping[type, str]] = {
    **dict.fromkeys([events.User, events.Uidl, events.Top], ""),
    events.Quit: "Logging out.",
}
"""The words of a +OK, where they are others."""

_CAPABILITIES: Final = (
    b"CAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\nAUTH-RESP-CODE\r\nUSER\r\nSASL PLAIN LOGIN\r\n"
)

_BEFORE_LOGIN: Final = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN"
_BEHIND_LOGIN: Final = (
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS "
    "THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED "
    "I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE "
    "SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY"
)
_LISTED: Final = "Pre-login capabilities listed, post-login capabilities have more."
_NAMES: Final[Mapping[type, str]] = {imap.ListMailboxes: "List", imap.Examine: "Select"}
_TOOK: Final[Mapping[type, str]] = {imap.Select: "0.004 + 0.000 + 0.003", imap.Examine: "0.004 + 0.000 + 0.003"}
"""What it says that a command took, beyond the usual."""


class DovecotPop3(Pop3Access):
    """Dovecot's answers by POP3."""

    def greet(self) -> bytes:
        """What the server says first: without a timestamp, it takes no APOP."""
        return self._server.send(ok(_READY))

    def _answer(self, event: Command | BadCommand | EndlessLine) -> Response:
        response = super()._answer(event)
        if isinstance(event, events.Capa):
            return ok("", _CAPABILITIES)
        if isinstance(event, events.Last):
            return err("Unknown command: LAST")
        if isinstance(event, events.Quit) and self._deleted:
            return ok("Logging out, messages deleted.")
        if response.status is not Status.OK or type(event) not in _POP3:
            return response
        return replace(response, text=_POP3[type(event)])


class _Server(Server):
    """Writes Dovecot's words."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        self.answers: type = imap.Noop
        self.recents: Callable[[], int] = int
        self._lists_capabilities = self._expunges = False

    def send(self, response: Tagged | Continue | Untagged) -> bytes:
        """The octets of a response."""
        if isinstance(response, Tagged) and response.status == "OK":
            return self._done(response)
        if isinstance(response, Untagged):
            data = response.data
            if data.startswith(b"OK [HIGHESTMODSEQ"):
                return b""
            self._expunges |= data.endswith(b" EXPUNGE")
            if data.startswith(b"OK [UIDVALIDITY"):
                response = Untagged(data.partition(b"]")[0] + b"] UIDs valid")
            elif data.startswith(b"OK [UIDNEXT"):
                response = Untagged(data.partition(b"]")[0] + b"] Predicted next UID")
            elif data.startswith(b"BYE"):
                response = responses.state("BYE", "Logging out")
        return super().send(response)

    def _done(self, response: Tagged) -> bytes:
        kind = self.answers
        if kind in (imap.Login, imap.Authenticate, imap.AuthenticateResponse):
            if not self._lists_capabilities:
                return super().send(Tagged("OK", "Logged in", f"CAPABILITY {_BEHIND_LOGIN}"))
            listed = super().send(Untagged(f"CAPABILITY {_BEHIND_LOGIN}".encode()))
            return listed + super().send(Tagged("OK", "Logged in"))
        if kind is imap.Capability:
            self._lists_capabilities = True
            return super().send(replace(response, text=_LISTED))
        took, said = _TOOK.get(kind, "0.001 + 0.000"), b""
        if self._expunges:
            took, said, self._expunges = "0.002 + 0.000 + 0.001", super().send(responses.recent(self.recents())), False
        return said + super().send(
            replace(response, text=f"{_NAMES.get(kind, kind.__name__)} completed ({took} secs).")
        )


class DovecotImap(ImapAccess):
    """Dovecot's answers by IMAP."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **settings)
        self._server: _Server = _Server(message_limit=self._message_limit)
        self._server.recents = lambda: len(self._session.selected.recent)

    def greet(self) -> bytes:
        """What the server says first."""
        return self._server.send(responses.state("OK", _READY, f"CAPABILITY {_BEFORE_LOGIN}"))

    def _answer(self, request: Request) -> Iterator[bytes]:
        self._server.answers = type(request.command)
        return super()._answer(request)

    def _capabilities(self) -> list[str]:
        return (_BEFORE_LOGIN if self._session.account is None else _BEHIND_LOGIN).split()
