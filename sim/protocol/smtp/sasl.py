"""What AUTH's dialogue carries: base64 on the wire, and the messages of PLAIN, LOGIN and CRAM-MD5 (RFC 4954).

Pure functions of what they are given: who may log in is the caller's business.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from typing import NamedTuple

from sim.protocol.smtp.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.smtp.replies import E501_NOT_DECODABLE, S334_CHALLENGE, Reply

_CHALLENGE_LIMIT = 375
"""Octets of a challenge, so that its base64 has 500."""


class Credentials(NamedTuple):
    """Who wants to act, who vouches, and the password that proves it. `authorize` is empty for the user himself."""

    authorize: str
    user: str
    password: str


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


def plain(credentials: Credentials) -> bytes:
    """The one message of PLAIN (RFC 4616 section 2)."""
    return "\0".join(credentials).encode("utf-8")


def read_plain(message: bytes) -> Credentials:
    """The credentials that a message of PLAIN carries.

    Raises:
        RemoteProtocolError: it is not three texts in UTF-8 with a NUL between each, or user or password is empty.
    """
    try:
        authorize, user, password = message.decode("utf-8").split("\0")
    except ValueError as error:
        raise RemoteProtocolError(f"{message!r} is no message of PLAIN", E501_NOT_DECODABLE) from error
    if not user or not password:
        raise RemoteProtocolError(f"{message!r} names no user, or no password", E501_NOT_DECODABLE)
    return Credentials(authorize, user, password)


def cram_md5(user: str, password: str, challenge: bytes) -> bytes:
    """The answer of CRAM-MD5 to a challenge (RFC 2195 section 2)."""
    digest = hmac.new(password.encode("utf-8"), challenge, "md5").hexdigest()
    return f"{user} {digest}".encode()
