"""How a client proves who it is: AUTH with the best mechanism that it shares with the server (RFC 4954)."""

from __future__ import annotations

from collections.abc import Generator

from sim.mta.queue.queue import Failure
from sim.protocol.smtp import events, sasl
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import Command
from sim.protocol.smtp.replies import Reply

__all__ = ["prove"]

NO_MECHANISM = Failure(0, "4.7.0", "authentication failed: the server offers no mechanism that is known here")
_STATUS = "4.7.8"

Proof = Generator[tuple[Command, ...], list[Reply], Failure | None]


def prove(login: tuple[str, str], offer: str | None) -> Proof:
    """Say AUTH and what follows; gives why the proof failed, None where it did not.

    A failure is temporary, as Postfix takes it: a password that was mistyped is mended without mail being returned. A
    server that offers no AUTH is not asked.

    Args:
        login: name and password.
        offer: the mechanisms that the server offers, None where it does not offer AUTH.
    """
    if offer is None:
        return None
    mechanisms = offer.upper().split()
    user, password = login
    if "PLAIN" in mechanisms:
        reply = (yield (events.Auth("PLAIN", sasl.plain(sasl.Credentials("", user, password))),))[0]
    elif "CRAM-MD5" in mechanisms:
        reply = yield from _cram_md5(user, password)
    elif "LOGIN" in mechanisms:
        reply = (yield (events.Auth("LOGIN"),))[0]
        for answer in (user, password):
            if reply.intermediate:
                reply = (yield (events.AuthResponse(answer.encode()),))[0]
    else:
        return NO_MECHANISM
    if reply.intermediate:
        reply = (yield (events.AuthResponse(None),))[0]
    if reply.positive:
        return None
    return Failure(0, _STATUS, f"authentication failed: the server said {reply.code} {reply.text}")


def _cram_md5(user: str, password: str) -> Generator[tuple[Command, ...], list[Reply], Reply]:
    reply = (yield (events.Auth("CRAM-MD5"),))[0]
    if not reply.intermediate:
        return reply
    try:
        challenge = sasl.challenge_of(reply)
    except RemoteProtocolError:
        return (yield (events.AuthResponse(None),))[0]
    return (yield (events.AuthResponse(sasl.cram_md5(user, password, challenge)),))[0]
