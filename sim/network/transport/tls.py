"""TLS over another transport: the handshake's flights, and the octets around what it protects.

The full handshake of TLS 1.3 (RFC 8446 figure 1) is ClientHello; ServerHello to Finished; the client's Finished; and
the server's session ticket. TLS 1.2's (RFC 5246 figure 1) is as long, and its client has to wait for the answer to its
Finished. Where a session is resumed, the client's Finished is the last word. Sizes were measured between Postfix 3.7,
smtplib and OpenSSL 3 with its defaults.

A small segment that nothing has acknowledged holds the next one back (RFC 1122 section 4.2.3.4), unless its program has
set TCP_NODELAY. The client's Finished holds its next flight: the server's ticket brings the acknowledgement, and where
there is none TCP sends it late. The ticket holds what the server says next, where nothing of the client's answers it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from math import inf
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sim.network.interface import Layer, Steps, Transport, at_once
from sim.scenario.spec import Certificate, Host, TlsVersion

Waits = Generator[Any, float, float]
Carry = Callable[[float, int, bool], Waits]
"""Sends so many octets at a time, to the server or not; gives when they are there."""


class TlsHandshake(NamedTuple):
    """The octets of a handshake's flights, with their record headers.

    They are ClientHello, which OpenSSL pads beyond 511 octets (RFC 7685); all that the server answers; the client's
    ChangeCipherSpec and Finished; and the server's ticket, in TLS 1.2 with its own Finished: 0 where there is none.
    """

    hello: int
    answer: int
    finished: int
    ticket: int


_ANSWERS: Mapping[TlsVersion, Mapping[Certificate, int]] = MappingProxyType(
    {
        "TLSv1.3": {"ec": 805, "rsa": 1387, "chain": 2226},
        "TLSv1.2": {"ec": 647, "rsa": 1230, "chain": 2067},
    }
)
"""Octets of the server's answer in a full handshake, by what it shows."""

_RESUMED: Mapping[TlsVersion, TlsHandshake] = MappingProxyType(
    {"TLSv1.3": TlsHandshake(676, 241, 80, 0), "TLSv1.2": TlsHandshake(517, 141, 51, 0)}
)

_RECORDS: Mapping[TlsVersion, int] = MappingProxyType({"TLSv1.3": 22, "TLSv1.2": 29})
"""Octets around a record's content: header 5, and authentication tag 16 with a content type (RFC 8446 section 5.2), or
with a nonce of 8 (RFC 5288 section 3)."""

_RECORD_LIMIT: Final = 16_384
"""Octets of content in a record, at most (RFC 8446 section 5.1)."""

_LIFETIME: Final = 3600.0
"""How long a session may be resumed (Postfix smtp_tls_session_cache_timeout), in s."""


class TlsLayer(Layer):
    """TLS between two hosts, over a connection of theirs.

    Args:
        below: the connection.
        client: the host that begins.
        server: the other one.
        resumed: whether the client goes on with a session that they have had.

    Attributes:
        handshake: the octets of its flights.
        round_trips: how many it takes.
    """

    def __init__(self, below: Transport, client: Host, server: Host, *, resumed: bool) -> None:
        super().__init__(below)
        self._client_nodelay, self._server_nodelay = client.mta.nodelay, server.mta.nodelay
        version = min(client.tls.version, server.tls.version)
        old = version == "TLSv1.2"
        self._record = _RECORDS[version]
        # Whether the client may go on only once its Finished is answered.
        self._waits = old and not resumed
        self.handshake = _RESUMED[version]
        if not resumed:
            answer = _ANSWERS[version][server.tls.certificate]
            hello = 162 if client.tls.version == "TLSv1.2" else 517
            self.handshake = TlsHandshake(hello, answer, 93, 242) if old else TlsHandshake(hello, answer, 80, 255)
        # Until when the ticket holds the server's next words.
        self._quiet_until = -inf
        self.round_trips = 2

    def shake_hands(self, now: float, accepted: float | None, carry: Carry) -> Waits:
        """The handshake, which the client begins now.

        Args:
            now: the time, s.
            accepted: when the server took the connection, if that begins with TLS; None behind STARTTLS.
            carry: sends a flight that somebody waits for.

        Returns:
            When the client may go on, or the server may greet where the connection begins with TLS.
        """
        hello, answer, finished, ticket = self.handshake
        now = yield from carry(now, hello, True)
        now = yield from carry(now if accepted is None else max(now, accepted), answer, False)
        if accepted is not None:
            now = yield from carry(now, finished, True)
            self._send_ticket(now)
            return now
        wait = self.delayed_ack
        if not self._waits and (wait is None or self._client_nodelay):
            # What the client says next goes out behind its Finished, and nobody waits for the ticket.
            self.round_trips = 1
            self._send_ticket(at_once(self._below.send(now, finished, True)))
            return now
        sent, now = now, (yield from carry(now, finished, True))
        if ticket:
            return (yield from carry(now, ticket, False))
        return (yield now + (wait or 0.0) + now - sent)

    def _send_ticket(self, now: float) -> None:
        """Nobody waits for it."""
        ticket, wait = self.handshake.ticket, self.delayed_ack
        if ticket and now < inf:
            arrives = at_once(self._below.send(now, ticket, False))
            if wait is not None and arrives < inf and not self._server_nodelay:
                self._quiet_until = arrives + wait + arrives - now

    @property
    def turns(self) -> int:
        """How often the client says something in the handshake after it has heard something."""
        return 2 if self.handshake.ticket else 1

    def protected(self, size: int) -> int:
        """Octets on the connection for so many octets of a flight."""
        return size + -(-size // _RECORD_LIMIT) * self._record

    def send(self, now: float, size: int, to_server: bool) -> float | Steps:
        """Send a flight in records; the server's first waits until nothing holds it."""
        if to_server or self._quiet_until <= now:
            return self._below.send(now, self.protected(size), to_server)
        return self._hold(size)

    def _hold(self, size: int) -> Steps:
        yield self._quiet_until
        sent = self._below.send(self._quiet_until, self.protected(size), False)
        return sent if isinstance(sent, float) else (yield from sent)


class TlsSessions:
    """The sessions that a host's client has had with servers, each of which forgets them when it restarts."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, float]] = {}

    def resumes(self, server: str, boots: int, now: float) -> bool:
        """Whether there is a session with a server that has been started so often; from now on there is."""
        known, until = self._known.get(server, (boots, now))
        self._known[server] = boots, now + _LIFETIME
        return known == boots and now < until
