"""How a client proves who it is: AUTH with the best mechanism that it shares with the server (RFC 4954).

A failure is temporary, as Postfix takes it: a password that was mistyped is mended without mail being returned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sim.mta.queue.failure import Failure
from sim.protocol.sasl import Credentials, cram_md5, plain
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import Auth, AuthResponse
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.sasl import challenge_of

NO_MECHANISM = Failure(0, "4.7.0", "authentication failed: the server offers no mechanism that is known here")

Login = tuple[str, str]
"""Name and password."""

_RESPONSES: Mapping[str, tuple[Callable[[Login, Reply], bytes], ...]] = {
    "PLAIN": (lambda login, _: plain(Credentials("", *login)),),
    "CRAM-MD5": (lambda login, reply: cram_md5(*login, challenge_of(reply)),),
    "LOGIN": (lambda login, _: login[0].encode(), lambda login, _: login[1].encode()),
}
"""Mechanism, best first -> what answers each challenge."""


@dataclass(slots=True)
class Authentication:
    """One AUTH's dialogue: the mechanism, and how many challenges have been answered."""

    login: Login
    mechanism: str
    initial: bool = True
    answered: int = 0
    cancelled: bool = False

    @staticmethod
    def with_best(login: Login, offer: str, *, initial: bool = True) -> Authentication | None:
        """With the best of the mechanisms that the server offers; None where none is known here.

        PLAIN's response goes out with the command where it may be `initial`.
        """
        offered = offer.upper().split()
        return next((Authentication(login, each, initial) for each in _RESPONSES if each in offered), None)

    def begin(self) -> Auth:
        """The command."""
        if self.mechanism != "PLAIN" or not self.initial:
            return Auth(self.mechanism, None)
        self.answered = 1
        return Auth(self.mechanism, plain(Credentials("", *self.login)))

    def respond(self, reply: Reply) -> AuthResponse | None:
        """What answers a 334: a cancellation where it makes no sense, nothing where that has been said already."""
        if self.cancelled:
            return None
        responses = _RESPONSES[self.mechanism]
        if self.answered < len(responses):
            with suppress(RemoteProtocolError):
                response = responses[self.answered](self.login, reply)
                self.answered += 1
                return AuthResponse(response)
        self.cancelled = True
        return AuthResponse(None)


def auth_failure(reply: Reply) -> Failure:
    """Why it came to nothing."""
    return Failure(0, "4.7.8", f"authentication failed: the server said {reply.code} {reply.text}")
