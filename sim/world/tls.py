"""What TLS costs on a simulated connection: the handshake's flights, and the octets around what it protects.

The full handshake of TLS 1.3 (RFC 8446 figure 1) takes one round trip: ClientHello; ServerHello to Finished; the
client's Finished, which rides with what it says next. Sizes are those of OpenSSL 3 with its defaults: X25519, an
RSA-2048 key, and a chain of two certificates of about 1.3 kB each, as public mail hosts send it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CLIENT_FINISHED", "CLIENT_HELLO", "SERVER_FLIGHT", "protected"]

CLIENT_HELLO: Final = 517
"""Octets of the ClientHello with its record header: OpenSSL pads it beyond 511 (RFC 7685)."""

SERVER_FLIGHT: Final = 3200
"""Octets of ServerHello, EncryptedExtensions, Certificate (2,700), CertificateVerify (286) and Finished."""

CLIENT_FINISHED: Final = 74
"""Octets of the client's Finished: 36 with SHA-256, or 52 with SHA-384, in a record of its own."""

_RECORD: Final = 22
"""Octets around a record's content: header 5, content type 1, authentication tag 16 (RFC 8446 section 5.2)."""

_RECORD_LIMIT: Final = 16_384
"""Octets of content in a record, at most (RFC 8446 section 5.1)."""


def protected(size: int) -> int:
    """Octets on the connection for so many octets of a flight."""
    return size + -(-size // _RECORD_LIMIT) * _RECORD
