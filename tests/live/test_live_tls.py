"""STARTTLS on a socket: real TLS, nothing smuggled before it, and handshakes that fail or never end."""

from __future__ import annotations

import smtplib
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from live_host import ENVELOPE, MESSAGE, Peer, Served, served

from sim.live.errors import LiveError
from sim.live.limits import Limits
from sim.live.tls import client_context, server_context


@pytest.fixture
def host(tmp_path: Path, server_side: ssl.SSLContext) -> Iterator[Served]:
    """Host b with a certificate and an account."""
    with served(
        tmp_path,
        tls=server_side,
        extensions=("PIPELINING", "SIZE", "AUTH", "ENHANCEDSTATUSCODES"),
        accounts={"bob": "secret"},
    ) as found:
        yield found


def secured(peer: Peer, context: ssl.SSLContext) -> Peer:
    """The same peer after its handshake."""
    peer._file.close()
    peer.socket = context.wrap_socket(peer.socket, server_hostname="127.0.0.1")
    peer._file = peer.socket.makefile("rb")
    return peer


def asking(host: Served, more: bytes = b"") -> Peer:
    """A peer whose STARTTLS, with what it wrote behind it, got its 220."""
    peer = Peer(host.port)
    peer.write(b"EHLO me\r\nSTARTTLS\r\n" + more)
    assert peer.codes(3) == [220, 250, 220]
    return peer


def test_smtplib_over_tls(host: Served, client_side: ssl.SSLContext):
    """STARTTLS, EHLO, AUTH and mail; the trace says ESMTPSA (RFC 3848)."""
    with smtplib.SMTP("127.0.0.1", host.port, local_hostname="me", timeout=10) as client:
        assert client.ehlo()[0] == 250
        assert client.has_extn("starttls")
        assert client.starttls(context=client_side)[0] == 220
        assert client.login("bob", "secret")[0] == 235
        client.sendmail("x@y.example", ["bob@b.example"], "Subject: hi\n\nhello\n")
        assert not client.has_extn("starttls")
    assert b"\tby b with ESMTPSA id " in host.messages()[0]


def test_mail_without_tls_is_taken_as_ever(host: Served):
    """The offer forces nobody."""
    with smtplib.SMTP("127.0.0.1", host.port, timeout=10) as client:
        client.sendmail("x@y.example", ["bob@b.example"], "hi\n")
    assert b"with ESMTP id" in host.messages()[0]


def test_no_certificate_no_offer(tmp_path: Path):
    """STARTTLS among the host's extensions is of no use without one, nor AUTH and ATRN without accounts."""
    with (
        served(tmp_path, extensions=("STARTTLS", "AUTH", "ATRN", "SIZE")) as host,
        smtplib.SMTP("127.0.0.1", host.port, timeout=10) as client,
    ):
        client.ehlo()
        assert list(client.esmtp_features) == ["size"]
        assert [client.docmd(line)[0] for line in ("STARTTLS", "AUTH PLAIN", "ATRN")] == [502, 503, 500]


def test_large_mail_over_tls(host: Served, client_side: ssl.SSLContext):
    """Five megabytes arrive as they were."""
    with smtplib.SMTP("127.0.0.1", host.port, timeout=20) as client:
        client.starttls(context=client_side)
        client.sendmail("x@y.example", ["bob@b.example"], "x" * 70 + "\n" + ("." + "y" * 70 + "\n") * 70_000)
    assert host.messages()[0].count(b"\n.y") == 70_000


def test_nothing_is_injected(host: Served, client_side: ssl.SSLContext):
    """What came in the clear behind STARTTLS is thrown away, and the transaction begun there never was."""
    peer = secured(asking(host, ENVELOPE + b"DATA\r\nevil\r\n.\r\n"), client_side)
    with peer:
        peer.write(b"NOOP\r\nRCPT TO:<bob@b.example>\r\nQUIT\r\n")
        assert peer.rest() == [250, 503, 221]
    assert host.messages() == []


def test_nothing_is_injected_later_either(host: Served, client_side: ssl.SSLContext):
    """Octets in the clear that come after the 220 spoil the handshake; none of them is a command."""
    with asking(host) as peer:
        peer.write(ENVELOPE + b"DATA\r\nevil\r\n.\r\n")
        with pytest.raises(OSError, match=r"."):
            secured(peer, client_side).write(b"NOOP\r\n")
    host.stop()
    assert (host.messages(), host.told) == ([], [])


def test_more_than_a_block_of_injected_octets(host: Served, client_side: ssl.SSLContext):
    """However much is pipelined behind STARTTLS, none of it is answered: it is thrown away, or spoils the handshake."""
    found = []
    # The reset of a spoilt handshake may come while the peer still writes, or before it has read the replies.
    with Peer(host.port) as peer, suppress(ConnectionError, ssl.SSLError):
        peer.write(b"EHLO me\r\nSTARTTLS\r\n" + b"NOOP\r\n" * 20_000)
        assert peer.codes(3) == [220, 250, 220]
        secured(peer, client_side).write(b"NOOP\r\nQUIT\r\n")
        found = peer.rest()
    host.stop()
    assert (found in ([], [250, 221]), host.told) == (True, [])


def test_tls_is_offered_once(host: Served, client_side: ssl.SSLContext):
    """503 to a second STARTTLS, and the session goes on under TLS."""
    with secured(asking(host), client_side) as peer:
        peer.write(b"EHLO me\r\nSTARTTLS\r\nNOOP\r\nQUIT\r\n")
        assert peer.rest() == [250, 503, 250, 221]


def test_old_tls_is_refused(host: Served, client_side: ssl.SSLContext):
    """TLS 1.2 at the least (RFC 8996)."""
    with secured(asking(host), client_side) as peer:
        assert peer.socket.version() in ("TLSv1.2", "TLSv1.3")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with asking(host) as peer, pytest.raises(ssl.SSLError):
        secured(peer, old)


@pytest.mark.parametrize(
    "octets", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.0\r\n\r\n", b"\0" * 100_000]
)
def test_a_peer_that_goes_amid_the_handshake(host: Served, octets: bytes):
    """No reply in the clear, no message, not a word to whoever runs the server."""
    with asking(host) as peer:
        # Octets that are no handshake may have ended the connection already.
        with suppress(OSError):
            peer.write(octets)
            peer.socket.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            assert b"220" not in peer.socket.recv(1000)
    host.stop()
    assert (host.messages(), host.told) == ([], [])


def test_a_handshake_that_never_comes(tmp_path: Path, server_side: ssl.SSLContext):
    """The time for it is bounded, and the connection ends without a word."""
    with served(tmp_path, Limits(handshake=0.2, linger=0.2), tls=server_side) as host, asking(host) as peer:
        assert peer.rest() == []
        host.stop()
        assert host.told == []


def test_a_server_that_stops_waits_for_no_handshake(host: Served):
    """It has no reply to give before TLS is there, and closes."""
    with asking(host) as peer:
        host.stop()
        assert peer.rest() == []
    assert host.told == []


def test_a_server_that_stops_tells_peers_under_tls(host: Served, client_side: ssl.SSLContext):
    """421, through TLS."""
    with secured(asking(host), client_side) as peer:
        end = host.begin_stop()
        assert peer.rest() == [421]
        peer.close()
        end.result(10)


def test_silence_under_tls_ends_the_session(tmp_path: Path, server_side: ssl.SSLContext, client_side: ssl.SSLContext):
    """The idle time is TLS's, too."""
    with served(tmp_path, Limits(idle=0.3, linger=0.2), tls=server_side) as host:
        peer = secured(asking(host), client_side)
        with peer:
            assert peer.rest() == [421]


def test_a_peer_that_resets_under_tls(host: Served, client_side: ssl.SSLContext):
    """No farewell, no message."""
    with secured(asking(host), client_side) as peer:
        peer.write(ENVELOPE + b"DATA\r\n" + MESSAGE)
        assert peer.codes(4) == [250, 250, 250, 354]
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    host.stop()
    assert (host.messages(), host.told) == ([], [])


def test_memory_is_bounded_under_tls(tmp_path: Path, server_side: ssl.SSLContext, client_side: ssl.SSLContext):
    """Mail data counts as it does in the clear."""
    with served(tmp_path, Limits(memory=100_000, linger=0.5), tls=server_side) as host:
        peer = secured(asking(host), client_side)
        with peer:
            peer.write(ENVELOPE + b"DATA\r\n" + b"x" * 200_000)
            assert peer.rest()[-1] == 421


def test_a_certificate_with_its_key_in_a_file(files):
    """As many programs write it."""
    assert isinstance(server_context(files[2], None), ssl.SSLContext)


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        ("nosuch.pem", None, "nosuch.pem: cannot be read: No such file"),
        ("cert.pem", "nosuch.pem", "nosuch.pem: cannot be read: No such file"),
        ("cert.pem", None, "cert.pem: no certificate with its key"),
        ("text", None, "text: no certificate with its key"),
        ("cert.pem", "text", "cert.pem with key .*text: no certificate with its key"),
        ("cert.pem", "locked.pem", "locked.pem: no certificate with its key"),
    ],
)
def test_bad_certificates(files, tmp_path: Path, certificate: str, key: str | None, words: str):
    """One line that names the file, why, and the cure; never a question at the terminal."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    (tmp_path / "cert.pem").write_bytes(files[0].read_bytes())
    (tmp_path / "text").write_text("no PEM\n")
    private = serialization.load_pem_private_key(files[1].read_bytes(), None)
    (tmp_path / "locked.pem").write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    with pytest.raises(LiveError, match=words):
        server_context(tmp_path / certificate, None if key is None else tmp_path / key)


@pytest.mark.parametrize(("name", "words"), [("nosuch", "nosuch: cannot be read"), ("text", "text: no certificates")])
def test_bad_authorities(tmp_path: Path, name: str, words: str):
    """Likewise for those that a client trusts."""
    (tmp_path / "text").write_text("no PEM\n")
    with pytest.raises(LiveError, match=words):
        client_context(tmp_path / name, verify=True)
