"""TLS's handshake over a simulated connection: what goes when, and what Nagle's algorithm holds back.

A small segment that nothing has acknowledged holds the next one back (RFC 1122 section 4.2.3.4), unless its program has
set TCP_NODELAY. The client's Finished holds its EHLO: the server's ticket brings the acknowledgement, and where there
is none TCP sends it late. The ticket holds what the server says next, where nothing of the client's answers it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf

from sim.network.tcp.connection import Connection
from sim.network.transport.circuit import Circuit
from sim.network.transport.propagation import Propagation
from sim.network.transport.reversed import Reversed
from sim.world.engine.tls import Protection

__all__ = ["TlsHandshake"]

Waits = Generator[float, float, float]
Carry = Callable[[float, int, bool], Waits]
"""Sends so many octets at a time, to the server or not; gives when they are there, infinity where it all ends."""


class TlsHandshake:
    """One handshake. `round_trips` counts the client's, `quiet_until` says until when the server's next words are held.

    Args:
        protection: what is agreed on.
        connection: what it goes over.
        carry: sends a flight that somebody waits for.
    """

    __slots__ = ("_carry", "_connection", "_protection", "quiet_until", "round_trips")

    def __init__(
        self, protection: Protection, connection: Connection | Propagation | Circuit | Reversed, carry: Carry
    ) -> None:
        self._protection = protection
        self._connection = connection
        self._carry = carry
        self.round_trips = 2
        self.quiet_until = -inf

    def after_starttls(self, now: float) -> Waits:
        """A handshake that the client begins now; gives when the client may say EHLO."""
        protection, wait = self._protection, self._connection.delayed_ack
        _, _, finished, ticket = protection.handshake
        now = yield from self._agree(now, now)
        if now < inf and not protection.waits and (wait is None or protection.client_nodelay):
            # EHLO goes out behind the Finished, and nobody waits for the ticket.
            self.round_trips = 1
            self._send_ticket(self._connection.send(now, finished, to_server=True))
            return now
        sent, now = now, (yield from self._then(now, finished, to_server=True))
        if ticket or now == inf:
            return (yield from self._then(now, ticket, to_server=False))
        return (yield now + (wait or 0.0) + now - sent)

    def before_greeting(self, now: float, accepted: float) -> Waits:
        """A handshake that the client begins now, with a server that has taken the connection at a time.

        Gives when the server may greet.
        """
        now = yield from self._agree(now, accepted)
        now = yield from self._then(now, self._protection.handshake.finished, to_server=True)
        self._send_ticket(now)
        return now

    def _agree(self, now: float, accepted: float) -> Waits:
        """ClientHello and the answer; gives when the client has that."""
        hello, answer, _, _ = self._protection.handshake
        now = yield from self._then(now, hello, to_server=True)
        return (yield from self._then(max(now, accepted), answer, to_server=False))

    def _then(self, now: float, octets: int, *, to_server: bool) -> Waits:
        return (yield from self._carry(now, octets, to_server)) if now < inf else inf

    def _send_ticket(self, now: float) -> None:
        ticket, wait = self._protection.handshake.ticket, self._connection.delayed_ack
        if ticket and now < inf:
            arrives = self._connection.send(now, ticket, to_server=False)
            if wait is not None and arrives < inf and not self._protection.server_nodelay:
                self.quiet_until = arrives + wait + arrives - now
