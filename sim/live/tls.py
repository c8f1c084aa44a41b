"""TLS on a socket: what it needs from files, and the handshake of a connection that began in the clear (RFC 3207)."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from sim.live.errors import LiveError, read_regular


def server_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """What a served host shows its peers; TLS 1.2 at the least (RFC 8996).

    Args:
        certificate: a file of the certificate and those that vouch for it, in PEM.
        key: a file of its private key; None where it is in the same file.

    Raises:
        LiveError: a file cannot be read, or they do not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    named = f"{certificate}" if key is None else f"{certificate} with key {key}"
    for file in (certificate, *([key] if key is not None else [])):
        _check(file)
    try:
        # Without a password to try, OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise LiveError(f"{named}: no certificate with its key ({_why(error)}): name files in PEM that fit") from error
    return context


def client_context(authorities: Path | None, *, verify: bool) -> ssl.SSLContext:
    """What a client expects of a server's certificate.

    Args:
        authorities: a file of certificates to trust besides those that the system trusts; None for no others.
        verify: whether the certificate must be good, and name the server.

    Raises:
        LiveError: the file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities is not None:
        _check(authorities)
        try:
            context.load_verify_locations(authorities)
        except OSError as error:
            raise LiveError(f"{authorities}: no certificates ({_why(error)}): name a file in PEM") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _check(file: Path) -> None:
    try:
        read_regular(file)
    except OSError as error:
        raise LiveError(f"{file}: cannot be read: {error.strerror}") from error


def _why(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)


async def shake_hands(
    writer: asyncio.StreamWriter, context: ssl.SSLContext, *, limit: int, handshake: float, parting: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Make TLS of a connection; gives the streams that go on.

    What the peer wrote before its handshake stays in the old reader, which nobody reads any more: none of it counts
    (CVE-2011-0411). The caller must have stopped the transport's reading before it let the peer begin.

    Args:
        writer: the connection so far. Keep it: asyncio closes the connection of a writer that is forgotten.
        context: the certificate and what is asked of the peer.
        limit: how many octets the new reader holds.
        handshake: how long the handshake may take, in s.
        parting: how long the peer may take to say farewell at the end, in s.

    Raises:
        OSError: the handshake failed, or took too long; the connection is gone.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = await loop.start_tls(
        writer.transport,
        protocol,
        context,
        server_side=True,
        ssl_handshake_timeout=handshake,
        ssl_shutdown_timeout=parting,
    )
    if transport is None:
        raise ConnectionResetError("the connection was closed amid the handshake")
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
