"""SASL's mechanisms PLAIN, LOGIN and CRAM-MD5, for whichever protocol carries them (RFC 4422, 4616, 2195).

Messages are octets; base64, and the words around it, are the protocol's. Who may log in is the caller's business.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

MECHANISMS: Final = ("PLAIN", "LOGIN", "CRAM-MD5")


class Credentials(NamedTuple):
    """Who wants to act, who vouches, and the password that proves it. `authorize` is empty for the user himself."""

    authorize: str
    user: str
    password: str


class Verdict(Enum):
    """How a SASL dialogue ends on the server's side."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN_MECHANISM = "unknown mechanism"
    SERVER_FIRST = "the server speaks first"
    """There can be no initial response (RFC 4954 section 4)."""
    MALFORMED = "malformed"


def plain(credentials: Credentials) -> bytes:
    """The one message of PLAIN (RFC 4616 section 2)."""
    return "\0".join(credentials).encode("utf-8")


def read_plain(message: bytes) -> Credentials | None:
    """The credentials that a message of PLAIN carries; None where it is none, or names no user or no password."""
    try:
        authorize, user, password = message.decode("utf-8").split("\0")
    except ValueError:
        return None
    return Credentials(authorize, user, password) if user and password else None


def cram_md5(user: str, password: str, challenge: bytes) -> bytes:
    """The answer of CRAM-MD5 to a challenge (RFC 2195 section 2)."""
    digest = hmac.new(password.encode("utf-8"), challenge, "md5").hexdigest()
    return f"{user} {digest}".encode()


class SaslServer:
    """The server's side of one SASL dialogue. `user` is who has proved himself; it is empty until then.

    Args:
        accounts: the logins that are taken, name -> password.
        challenge: what CRAM-MD5 asks; where peers are real, nobody may foresee it (RFC 2195 section 2).
    """

    __slots__ = ("_accounts", "_challenge", "_claimed", "_mechanism", "user")

    def __init__(self, accounts: Mapping[str, str], challenge: bytes) -> None:
        self._accounts = accounts
        self._challenge = challenge
        self._mechanism = ""
        # Whom LOGIN's first answer named.
        self._claimed: str | None = None
        self.user = ""

    def begin(self, mechanism: str, initial: bytes | None) -> bytes | Verdict:
        """The challenge that answers the choice of a mechanism, or how the dialogue ends at once."""
        self._mechanism = mechanism
        if mechanism not in MECHANISMS:
            return Verdict.UNKNOWN_MECHANISM
        if mechanism == "CRAM-MD5":
            return self._challenge if initial is None else Verdict.SERVER_FIRST
        if initial is None:
            return b"" if mechanism == "PLAIN" else b"Username:"
        return self.respond(initial)

    def respond(self, data: bytes) -> bytes | Verdict:
        """The next challenge after a response, or how the dialogue ends."""
        if self._mechanism == "PLAIN":
            return self._plain(data)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return Verdict.MALFORMED
        if self._mechanism == "CRAM-MD5":
            user = text.rpartition(" ")[0]
            expected = cram_md5(user, self._accounts.get(user, ""), self._challenge)
            return self._decide(user, proved=hmac.compare_digest(expected, data))
        if self._claimed is None:
            self._claimed = text
            return b"Password:"
        return self.check(self._claimed, text)

    def _plain(self, data: bytes) -> Verdict:
        credentials = read_plain(data)
        if credentials is None:
            return Verdict.MALFORMED
        if credentials.authorize not in ("", credentials.user):
            return Verdict.REFUSED
        return self.check(credentials.user, credentials.password)

    def check(self, user: str, password: str) -> Verdict:
        """Whether a password is a user's."""
        known = self._accounts.get(user, "").encode("utf-8")
        return self._decide(user, proved=hmac.compare_digest(known, password.encode("utf-8", "replace")))

    def _decide(self, user: str, *, proved: bool) -> Verdict:
        # The comparison is made for unknown users, too, so that its time tells nobody who is known.
        if not proved or not self._accounts.get(user):
            return Verdict.REFUSED
        self.user = user
        return Verdict.ACCEPTED
