"""What TLS costs on a simulated connection: the handshake's flights, and the octets around what it protects.

The full handshake of TLS 1.3 (RFC 8446 figure 1) is ClientHello; ServerHello to Finished; the client's Finished; and
the server's session tickets. The client writes its Finished and then its EHLO: Nagle's algorithm (RFC 1122 section
4.2.3.4) holds the EHLO until the Finished is acknowledged, so that the handshake costs two round trips. Sizes were
measured between Postfix 3.7 and OpenSSL 3 with its defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sim.scenario.spec import Certificate

__all__ = ["CLIENT_FINISHED", "CLIENT_HELLO", "SERVER_FLIGHT", "TICKETS", "protected"]

CLIENT_HELLO: Final = 517
"""Octets of the ClientHello with its record header: OpenSSL pads it beyond 511 (RFC 7685)."""

SERVER_FLIGHT: Mapping[Certificate, int] = MappingProxyType({"ec": 805, "rsa": 1387, "chain": 2226})
"""Octets of ServerHello, EncryptedExtensions, Certificate, CertificateVerify and Finished, by the certificate."""

CLIENT_FINISHED: Final = 80
"""Octets of the client's ChangeCipherSpec (6) and Finished (74, with SHA-384)."""

TICKETS: Final = 255
"""Octets of the NewSessionTicket that the server answers the Finished with."""

_RECORD: Final = 22
"""Octets around a record's content: header 5, content type 1, authentication tag 16 (RFC 8446 section 5.2)."""

_RECORD_LIMIT: Final = 16_384
"""Octets of content in a record, at most (RFC 8446 section 5.1)."""


def protected(size: int) -> int:
    """Octets on the connection for so many octets of a flight."""
    return size + -(-size // _RECORD_LIMIT) * _RECORD


def handshake(certificate: Certificate) -> tuple[tuple[int, bool], ...]:
    """The flights of a full handshake: their octets, and whether they go to the server."""
    return ((CLIENT_HELLO, True), (SERVER_FLIGHT[certificate], False), (CLIENT_FINISHED, True), (TICKETS, False))
