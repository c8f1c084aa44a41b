"""What AUTH's dialogue is on SMTP's wire: base64, and the reply to each turn of SASL (RFC 4954)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping

from sim.protocol.errors import LocalProtocolError
from sim.protocol.sasl import Verdict
from sim.protocol.smtp import replies
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.replies import E501_NOT_DECODABLE, S334_CHALLENGE, Reply

_CHALLENGE_LIMIT = 375
"""Octets of a challenge, so that its base64 has 500."""


def encode(data: bytes) -> str:
    """The data in base64."""
    return b64encode(data).decode("ascii")


def decode(text: str) -> bytes:
    """The data that base64 text means.

    Raises:
        RemoteProtocolError: it is no base64, with padding, and without anything between (RFC 4954 section 4).
    """
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError) as error:
        raise RemoteProtocolError(f"{text!r} is no base64: {error}", E501_NOT_DECODABLE) from error


def challenge(data: bytes) -> Reply:
    """The 334 reply that carries a server's challenge; PLAIN's is empty, LOGIN's are `Username:` and `Password:`.

    Raises:
        LocalProtocolError: it does not fit into a reply line.
    """
    if len(data) > _CHALLENGE_LIMIT:
        raise LocalProtocolError(f"a challenge has {len(data)} octets: at most {_CHALLENGE_LIMIT} are allowed")
    return S334_CHALLENGE(encode(data))


def challenge_of(reply: Reply) -> bytes:
    """The challenge that a 334 reply carries.

    Raises:
        RemoteProtocolError: its text is no base64.
    """
    return decode(reply.lines[0].strip())


def answer(said: bytes | Verdict) -> Reply:
    """The reply for what the server's side of a SASL dialogue says: 334 where more is asked for, or how it ends."""
    return challenge(said) if isinstance(said, bytes) else _ENDS[said]


_ENDS: Mapping[Verdict, Reply] = {
    Verdict.ACCEPTED: replies.S235_AUTHENTICATED,
    Verdict.REFUSED: replies.E535_BAD_CREDENTIALS,
    Verdict.UNKNOWN_MECHANISM: replies.E504_MECHANISM,
    Verdict.SERVER_FIRST: replies.E501_SYNTAX("AUTH CRAM-MD5 with no initial response"),
    Verdict.MALFORMED: replies.E501_NOT_DECODABLE,
}
