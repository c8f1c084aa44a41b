"""Role reversal: after TURN (RFC 821 section 3.8) or ATRN (RFC 2645) the client is the server."""

from __future__ import annotations

from typing import TypeVar

from sim.protocol.smtp.client import Client
from sim.protocol.smtp.server import Server

_Machine = TypeVar("_Machine", Client, Server)


def reverse(old: Client | Server, new: _Machine) -> _Machine:
    """Let a fresh machine of the other side go on, after a positive reply to TURN or ATRN was sent or received.

    Both ends do it, on the same connection: the host that was the server gives its Server and a Client, the other its
    Client and a Server, which then greets. The old machine is closed.

    Raises:
        LocalProtocolError: the old machine is not in state TURNED.
    """
    octets, closed = old.hand_over()
    if octets:
        new.receive_data(octets)
    if closed:
        new.receive_data(b"")
    return new
