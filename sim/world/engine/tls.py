"""What TLS costs on a simulated connection: the handshake's flights, and the octets around what it protects.

The full handshake of TLS 1.3 (RFC 8446 figure 1) is ClientHello; ServerHello to Finished; the client's Finished; and
the server's session ticket. TLS 1.2's (RFC 5246 figure 1) is as long, and its client has to wait for the answer to its
Finished. Where a session is resumed, the client's Finished is the last word. Sizes were measured between Postfix 3.7,
smtplib and OpenSSL 3 with its defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from sim.scenario.spec import Certificate, Host, TlsVersion

__all__ = ["Handshake", "Protection", "TlsSessions"]


class Handshake(NamedTuple):
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

_RESUMED: Mapping[TlsVersion, Handshake] = MappingProxyType(
    {"TLSv1.3": Handshake(676, 241, 80, 0), "TLSv1.2": Handshake(517, 141, 51, 0)}
)

_RECORDS: Mapping[TlsVersion, int] = MappingProxyType({"TLSv1.3": 22, "TLSv1.2": 29})
"""Octets around a record's content: header 5, and authentication tag 16 with a content type (RFC 8446 section 5.2), or
with a nonce of 8 (RFC 5288 section 3)."""

_RECORD_LIMIT: Final = 16_384
"""Octets of content in a record, at most (RFC 8446 section 5.1)."""

_LIFETIME: Final = 3600.0
"""How long a session may be resumed (Postfix smtp_tls_session_cache_timeout), in s."""


class Protection:
    """TLS between two hosts.

    `handshake` has its flights' octets; `waits` says whether the client may go on only once its Finished is answered,
    `client_nodelay` and `server_nodelay` which of their programs send small segments at once.

    Args:
        client: the host that begins.
        server: the other one.
        resumed: whether the client goes on with a session that they have had.
    """

    __slots__ = ("_record", "client_nodelay", "handshake", "server_nodelay", "waits")

    def __init__(self, client: Host, server: Host, *, resumed: bool) -> None:
        self.client_nodelay, self.server_nodelay = client.mta.nodelay, server.mta.nodelay
        version = min(client.tls.version, server.tls.version)
        old = version == "TLSv1.2"
        self._record = _RECORDS[version]
        self.waits = old and not resumed
        self.handshake = _RESUMED[version]
        if not resumed:
            answer = _ANSWERS[version][server.tls.certificate]
            hello = 162 if client.tls.version == "TLSv1.2" else 517
            self.handshake = Handshake(hello, answer, 93, 242) if old else Handshake(hello, answer, 80, 255)

    def protected(self, size: int) -> int:
        """Octets on the connection for so many octets of a flight."""
        return size + -(-size // _RECORD_LIMIT) * self._record


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
