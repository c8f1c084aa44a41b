"""Who a client is: the server's side of AUTH's dialogue with PLAIN, LOGIN and CRAM-MD5 (RFC 4954)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from sim.protocol.smtp import replies, sasl
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.replies import Reply


@dataclass(slots=True)
class Authentication:
    """One AUTH dialogue. `user` is who has proved himself; it is empty until the 235.

    Attributes:
        accounts: the logins that are taken, name -> password.
        challenge: what CRAM-MD5 asks; where peers are real, nobody may foresee it (RFC 2195 section 2).
    """

    accounts: Mapping[str, str]
    challenge: bytes
    user: str = ""
    _mechanism: str = ""
    # Whom LOGIN's first answer named.
    _claimed: str | None = None

    def begin(self, mechanism: str, initial: bytes | None) -> Reply:
        """The reply to AUTH: 334 where more is asked for, 235, or the refusal."""
        self._mechanism = mechanism
        first = _FIRST.get(mechanism)
        if first is None:
            return replies.E504_MECHANISM
        if mechanism == "CRAM-MD5":
            # The server speaks first, so there can be no initial response (RFC 4954 section 4).
            asks = sasl.challenge(self.challenge)
            return asks if initial is None else replies.E501_SYNTAX("AUTH CRAM-MD5 with no initial response")
        return sasl.challenge(first) if initial is None else self.respond(initial)

    def respond(self, data: bytes) -> Reply:
        """The reply to a response: 334 where still more is asked for, 235, or the refusal."""
        try:
            if self._mechanism == "PLAIN":
                return self._plain(data)
            text = data.decode("utf-8")
        except RemoteProtocolError as error:
            return error.reply or replies.E501_NOT_DECODABLE
        except UnicodeDecodeError:
            return replies.E501_NOT_DECODABLE
        return self._cram_md5(text) if self._mechanism == "CRAM-MD5" else self._login(text)

    def _plain(self, data: bytes) -> Reply:
        authorize, user, password = sasl.read_plain(data)
        if authorize not in ("", user):
            return replies.E535_BAD_CREDENTIALS
        return self._check(user, password)

    def _login(self, text: str) -> Reply:
        if self._claimed is None:
            self._claimed = text
            return sasl.challenge(b"Password:")
        return self._check(self._claimed, text)

    def _cram_md5(self, text: str) -> Reply:
        user = text.rpartition(" ")[0]
        expected = sasl.cram_md5(user, self.accounts.get(user, ""), self.challenge)
        return self._decide(user, hmac.compare_digest(expected, text.encode("utf-8")))

    def _check(self, user: str, password: str) -> Reply:
        return self._decide(
            user, hmac.compare_digest(self.accounts.get(user, "").encode("utf-8"), password.encode("utf-8"))
        )

    def _decide(self, user: str, proved: bool) -> Reply:
        # The comparison is made for unknown users, too, so that its time tells nobody who is known.
        if not proved or not self.accounts.get(user):
            return replies.E535_BAD_CREDENTIALS
        self.user = user
        return replies.S235_AUTHENTICATED


_FIRST = {"PLAIN": b"", "LOGIN": b"Username:", "CRAM-MD5": b""}
"""What is asked first, by mechanism; what CRAM-MD5 asks is another each time."""
