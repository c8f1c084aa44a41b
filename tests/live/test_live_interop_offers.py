"""Clients that others wrote, against what a served host offers where it has accounts, a certificate, or LMTP's port."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from interop_servers import run, swaks_status
from live_host import ENVELOPE, MESSAGE, Peer, Served, served

from sim.live.tls import server_context

EXTENSIONS = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "AUTH", "ETRN")
MAIL = b"Subject: hi\n\nhello\n"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """The certificate of an authority, and the context of a server that it vouches for."""
    folder, authority = tmp_path_factory.mktemp("tls"), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return folder / "ca.pem", server_context(folder / "server.pem", None)


@pytest.fixture
def host(tmp_path: Path, trusted: tuple[Path, ssl.SSLContext]) -> Iterator[Served]:
    """Host b with a certificate and an account."""
    with served(tmp_path, tls=trusted[1], extensions=EXTENSIONS, accounts={"bob": "secret"}) as found:
        yield found


@pytest.fixture
def lmtp(tmp_path: Path) -> Iterator[Served]:
    """Host b's port for LMTP."""
    with served(tmp_path, lmtp=True) as found:
        yield found


def swaks(host: Served, *options: str) -> int:
    """Swaks's exit status."""
    who = ("--from", "x@y.example", "--to", "bob@b.example", "--helo", "me.example", "--timeout", "10s")
    return swaks_status(f"127.0.0.1:{host.port}", *who, *options)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize(("password", "status", "kept"), [("secret", 0, 1), ("wrong", 28, 0)])
def test_swaks_proves_itself(host: Served, mechanism: str, password: str, status: int, kept: int):
    """AUTH by each mechanism; a wrong password is the end (exit status 28)."""
    assert swaks(host, "--auth", mechanism, "--auth-user", "bob", "--auth-password", password) == status
    assert len(host.messages()) == kept


def test_swaks_over_tls(host: Served):
    """STARTTLS, EHLO again, AUTH and a message."""
    assert swaks(host, "--tls", "--auth", "PLAIN", "--auth-user", "bob", "--auth-password", "secret") == 0
    assert b"with ESMTPSA" in host.messages()[0]


@pytest.mark.parametrize("options", [["--tls"], ["--tls", "--pipeline"], ["--drop-after", "TLS", "--tls"]])
def test_swaks_under_tls_in_other_ways(host: Served, options: list[str]):
    """Without AUTH, pipelined, and gone after the handshake."""
    swaks(host, *options)
    host.stop()
    assert (len(host.messages()), host.told) == (int("--drop-after" not in options), [])


def test_curl_over_tls(host: Served, trusted: tuple[Path, ssl.SSLContext], tmp_path: Path):
    """With a certificate that it checks, and AUTH."""
    (tmp_path / "message").write_bytes(MAIL)
    who = ("--mail-from", "x@y.example", "--mail-rcpt", "bob@b.example", "--upload-file", tmp_path / "message")
    safety = ("--ssl-reqd", "--cacert", trusted[0], "--user", "bob:secret", "--max-time", "10")
    found = run("curl", "-sv", f"smtp://127.0.0.1:{host.port}/me", *safety, *who)
    assert (found.returncode, [b"with ESMTPSA" in message for message in host.messages()]) == (0, [True])


def msmtp(host: Served, *arguments: object, data: bytes = b"") -> tuple[int, list[bytes]]:
    """Msmtp's exit status, and the last reply lines that it heard."""
    server = ("--host=127.0.0.1", f"--port={host.port}", "--auth=off", "--from=x@y.example", "-d")
    found = run("msmtp", "--file=/dev/null", *server, *arguments, data=data)
    heard = [line[4:] for line in found.stdout.splitlines() if line.startswith(b"<-- ") and line[7:8] == b" "]
    return found.returncode, heard


def test_msmtp_over_tls(host: Served, trusted: tuple[Path, ssl.SSLContext]):
    """With a certificate that it checks."""
    status, _ = msmtp(host, "--tls=on", f"--tls-trust-file={trusted[0]}", "bob@b.example", data=MAIL)
    assert (status, [b"with ESMTPS id" in message for message in host.messages()]) == (0, [True])


@pytest.mark.parametrize(
    ("node", "code"), [("c.example", b"251"), ("@c.example", b"251"), ("b.example", b"459"), ("#q", b"459")]
)
def test_msmtp_asks_for_what_waits(host: Served, node: str, code: bytes):
    """ETRN (RFC 1985 section 5.3): nothing waits for the domain that is backed up; others are no business of this host's."""
    status, heard = msmtp(host, "--tls=off", f"--rmqs={node}")
    assert (status == 0, heard[2][:3]) == (code == b"251", code)


def test_msmtp_asks_for_what_does_wait(host: Served):
    """A served host makes no connections of its own: 458, and the mail is still there."""
    with Peer(host.port) as peer:
        peer.write(ENVELOPE.replace(b"bob@b", b"cy@c") + b"DATA\r\n" + MESSAGE + b".\r\nQUIT\r\n")
        assert peer.rest()[-2:] == [250, 221]
    assert msmtp(host, "--tls=off", "--rmqs=c.example")[1][2][:3] == b"458"
    assert len(host.messages()) == 1


@pytest.mark.parametrize(
    ("recipients", "status", "kept"),
    [(["bob@b.example"], 0, 1), (["bob@b.example", "ben@b.example"], 0, 2), (["eve@b.example"], 65, 0)],
)
def test_msmtp_delivers_by_lmtp(lmtp: Served, recipients: list[str], status: int, kept: int):
    """A reply for each recipient (RFC 2033 section 4.2)."""
    assert msmtp(lmtp, "--tls=off", "--protocol=lmtp", *recipients, data=MAIL)[0] == status
    assert len(lmtp.messages()) == kept


@pytest.mark.parametrize(
    ("recipients", "status"),
    [
        ("bob@b.example", 0),
        ("bob@b.example,ben@b.example", 0),
        ("eve@b.example", 24),
        ("eve@b.example,bob@b.example", 0),
    ],
)
def test_swaks_delivers_by_lmtp(lmtp: Served, recipients: str, status: int):
    """LHLO; it is content with some recipients."""
    assert swaks(lmtp, "--protocol", "LMTP", "--to", recipients) == status
    assert len(lmtp.messages()) == sum(one[:3] != "eve" for one in recipients.split(","))


def test_smtp_source_delivers_by_lmtp(lmtp: Served):
    """Postfix's load generator: 100 messages over five sessions."""
    load = ("-L", "-s", 5, "-m", 100, "-l", 4096, "-f", "x@y.example", "-t", "bob@b.example")
    assert run("smtp-source", *load, f"127.0.0.1:{lmtp.port}").returncode == 0
    assert len(lmtp.messages()) == 100
