"""Programs that others wrote, against a served host and against our client; each is skipped where it is not installed.

tests/live/PROGRAMS.md says which program exercises what.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from interop_servers import PACKAGES, run, swaks_status, tool
from live_host import Served, served

from sim.live.client import Delivery, send
from sim.mail.path import parse_forward_path, parse_path

SWAKS = ("--from", "x@y.example", "--to", "bob@b.example", "--helo", "me.example", "--timeout", "10s")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Served]:
    """Host b with its usual limits."""
    with served(tmp_path) as found:
        yield found


def swaks(host: Served, *options: str) -> int:
    """Swaks's exit status."""
    return swaks_status(f"127.0.0.1:{host.port}", *SWAKS, *options)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--protocol", "SMTP"),
        ("--pipeline",),
        ("--to", "bob@b.example,ben@b.example,cy@c.example", "--pipeline"),
        ("--from", "<>"),
        ("--body", ".\n..\nx"),
    ],
)
def test_swaks_delivers(host: Served, options: tuple[str, ...]):
    """ESMTP and SMTP, lockstep and pipelined."""
    assert (swaks(host, *options), len(host.messages())) == (0, 1)


@pytest.fixture
def secure(tmp_path: Path, server_side: ssl.SSLContext) -> Iterator[Served]:
    """Host b with a certificate, an account, and what many hosts offer."""
    offers = ("PIPELINING", "SIZE", "8BITMIME", "AUTH", "CHUNKING", "ETRN", "ENHANCEDSTATUSCODES")
    with served(tmp_path, tls=server_side, extensions=offers, accounts={"u": "secret"}) as found:
        yield found


@pytest.mark.parametrize("tls", [(), ("-tls",), ("-tls", "--pipeline")])
@pytest.mark.parametrize(
    "login", [(), *[("-a", mechanism, "-au", "u", "-ap", "secret") for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5")]]
)
def test_swaks_over_tls_and_with_auth(secure: Served, tls: tuple[str, ...], login: tuple[str, ...]):
    """STARTTLS, the three mechanisms, and both; the trace says which."""
    word = f"ESMTP{'S' if tls else ''}{'A' if login else ''}"
    assert swaks(secure, *tls, *login) == 0
    assert f"with {word} id".encode() in secure.messages()[0]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_swaks_with_a_wrong_password(secure: Served, mechanism: str):
    """Exit status 28: it could not prove itself."""
    assert (swaks(secure, "-a", mechanism, "-au", "u", "-ap", "x"), secure.messages()) == (28, [])


@pytest.mark.parametrize("stage", ["AUTH", "TLS", "FIRST-EHLO"])
def test_swaks_goes_amid_tls_or_auth(secure: Served, stage: str):
    """Nothing is left behind, and nobody is told."""
    swaks(secure, "-tls", "-a", "PLAIN", "-au", "u", "-ap", "secret", "--drop-after", stage)
    secure.stop()
    assert (secure.messages(), secure.told) == ([], [])


def test_swaks_by_lmtp(tmp_path: Path):
    """A reply, and a file, for each recipient."""
    with served(tmp_path, lmtp=True) as host:
        assert swaks(host, "--protocol", "LMTP", "--to", "bob@b.example,ben@b.example") == 0
        assert len(host.messages()) == 2


def test_curl_over_tls_with_auth(secure: Served, tmp_path: Path, authorities: Path):
    """--ssl-reqd with a certificate that it checks."""
    message = tmp_path / "message"
    message.write_bytes(b"Subject: hi\r\n\r\nhello\r\n")
    who = ["--mail-from", "x@y.example", "--mail-rcpt", "bob@b.example", "--user", "u:secret"]
    found = curl(secure, *who, "--ssl-reqd", "--cacert", authorities, "--upload-file", message)
    assert (found.returncode, b"with ESMTPSA id" in secure.messages()[0]) == (0, True)


def test_msmtp_over_tls_with_auth(secure: Served, authorities: Path):
    """--tls-starttls, with its own choice of a mechanism."""
    server = (
        "--host=127.0.0.1",
        f"--port={secure.port}",
        "--tls",
        "--tls-starttls=on",
        f"--tls-trust-file={authorities}",
    )
    login = ("--auth=on", "--user=u", "--passwordeval=echo secret", "--from=x@y.example")
    found = run("msmtp", "--file=/dev/null", *server, *login, "bob@b.example", data=b"Subject: hi\n\nhello\n")
    assert (found.returncode, b"with ESMTPSA id" in secure.messages()[0]) == (0, True), found.stderr


def test_msmtp_asks_by_etrn(secure: Served):
    """--rmqs, for a domain that the host backs up."""
    assert msmtp(secure, "--rmqs=c.example") == 0


def test_msmtp_by_lmtp(tmp_path: Path):
    """--protocol=lmtp."""
    with served(tmp_path, lmtp=True) as host:
        assert msmtp(host, "--protocol=lmtp", "bob@b.example", data=b"Subject: hi\n\nhello\n") == 0
        assert len(host.messages()) == 1


def test_openssl_shakes_hands(secure: Served, authorities: Path):
    """s_client -starttls smtp, with the chain verified."""
    connect = ("-connect", f"127.0.0.1:{secure.port}", "-starttls", "smtp", "-CAfile", authorities)
    found = run("openssl", "s_client", *connect, "-verify_return_error", "-crlf", "-quiet", data=b"QUIT\n")
    assert (found.returncode, b"221 " in found.stdout) == (0, True)


@pytest.mark.parametrize(
    ("recipient", "status"), [("eve@b.example", 24), ("ann@a.example", 24), ("eve@b.example,bob@b.example", 0)]
)
def test_swaks_is_refused(host: Served, recipient: str, status: int):
    """Exit status 24 when no recipient was accepted."""
    assert (swaks(host, "--to", recipient), len(host.messages())) == (status, int(status == 0))


@pytest.mark.parametrize(
    ("how", "stage"),
    [
        *[("--quit-after", stage) for stage in ("CONNECT", "FIRST-HELO", "MAIL", "RCPT")],
        *[("--drop-after", stage) for stage in ("CONNECT", "FIRST-HELO", "MAIL", "RCPT", "DATA")],
        *[("--drop-after-send", stage) for stage in ("FIRST-HELO", "MAIL", "RCPT", "DATA")],
    ],
)
def test_swaks_goes_early(host: Served, how: str, stage: str):
    """At no stage before the final dot is a message left behind."""
    swaks(host, how, stage)
    host.stop()
    assert host.messages() == []


@pytest.mark.parametrize("how", ["--drop-after", "--drop-after-send"])
def test_swaks_goes_after_the_final_dot(host: Served, how: str):
    """Whether it waits for the 250 or not, the message is kept, once."""
    swaks(host, how, "DOT")
    host.stop()
    assert len(host.messages()) == 1


def curl(host: Served, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """Curl's way to speak SMTP; the path of the URL is what it calls itself."""
    return run("curl", "-sv", "--max-time", 10, f"smtp://127.0.0.1:{host.port}/me.example", *arguments)


def test_curl_delivers(host: Served, tmp_path: Path):
    """With SIZE, as curl always says it."""
    message = tmp_path / "message"
    message.write_bytes(b"Subject: hi\r\n\r\n.hello\r\n")
    found = curl(host, "--mail-from", "x@y.example", "--mail-rcpt", "bob@b.example", "--upload-file", message)
    assert (found.returncode, host.messages()[0].endswith(b"\n.hello\n")) == (0, True)


def test_curl_goes_on_without_the_refused(host: Served, tmp_path: Path):
    """--mail-rcpt-allowfails: one unknown user, one that is there."""
    message = tmp_path / "message"
    message.write_bytes(b"hi\r\n")
    who = ["--mail-from", "x@y.example", "--mail-rcpt", "eve@b.example", "--mail-rcpt", "bob@b.example"]
    found = curl(host, *who, "--mail-rcpt-allowfails", "--upload-file", message)
    assert (found.returncode, len(host.messages())) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--mail-rcpt", "bob@b.example"), b"< 250 2.1.5 <bob@b.example>"),
        (("--mail-rcpt", "eve@b.example"), b"< 550 5.1.1"),
        (("--mail-rcpt", "staff", "-X", "EXPN"), b"< 550 5.1.1"),
        (("-X", "HELP"), b"< 214"),
        (("-X", "NOOP"), b"< 250 2.0.0"),
    ],
)
def test_curl_asks(host: Served, arguments: tuple[str, ...], words: bytes):
    """VRFY, EXPN, HELP and NOOP."""
    assert words in curl(host, *arguments).stderr


def test_curl_sends_paths_of_all_kinds(host: Served, tmp_path: Path):
    """A source route is read (and stripped); percent and bang addresses are judged by their domain."""
    message = tmp_path / "message"
    message.write_bytes(b"hi\r\n")
    paths = ["<@a.example,@c.example:bob@b.example>", "u%c.example@b.example", "a!b!u@gw.example"]
    options = [word for path in paths for word in ("--mail-rcpt", path)]
    sender = ("--mail-from", "x@y.example", "--mail-rcpt-allowfails")
    found = curl(host, *sender, *options, "--upload-file", message)
    codes = [line[2:5] for line in found.stderr.splitlines() if line.startswith((b"< 250 2.1.5", b"< 55"))]
    assert (codes, len(host.messages())) == ([b"250", b"550", b"554"], 1)


def msmtp(host: Served, *arguments: object, data: bytes = b"") -> int:
    """Msmtp's exit status."""
    server = ("--host=127.0.0.1", f"--port={host.port}", "--tls=off", "--auth=off", "--from=x@y.example")
    return run("msmtp", "--file=/dev/null", *server, *arguments, data=data).returncode


def test_msmtp_delivers(host: Served):
    """From standard input, to two users."""
    assert msmtp(host, "bob@b.example", "ben@b.example", data=b"Subject: hi\n\nhello\n") == 0
    assert len(host.messages()) == 1


def test_msmtp_is_refused(host: Served):
    """EX_DATAERR for an unknown user."""
    assert (msmtp(host, "eve@b.example", data=b"hi\n"), host.messages()) == (65, [])


def test_msmtp_asks_what_is_offered(host: Served):
    """--serverinfo reads the reply to EHLO."""
    assert msmtp(host, "--serverinfo") == 0


@pytest.mark.parametrize("options", [(), ("-c",), ("-d",)])
def test_smtp_source_delivers(host: Served, options: tuple[str, ...]):
    """Postfix's load generator: 100 messages of 4,096 octets over five sessions; every one is kept whole."""
    load = ("-s", 5, "-m", 100, "-l", 4096, "-f", "x@y.example", "-t", "bob@b.example")
    assert run("smtp-source", *options, *load, f"127.0.0.1:{host.port}").returncode == 0
    sizes = [message.count(b"X") for message in host.messages()]
    assert (len(sizes), min(sizes)) == (100, max(sizes))


def nmap(host: Served, script: str) -> bytes:
    """What one of nmap's scripts prints; `+` runs it on a port that is not 25."""
    return run("nmap", "-Pn", "-sT", "-n", "-p", host.port, "--script", f"+{script}", "127.0.0.1").stdout


def test_nmap_lists_commands(host: Served):
    """smtp-commands reads EHLO and HELP."""
    found = nmap(host, "smtp-commands")
    assert (b"PIPELINING" in found, b"RFC 5321" in found) == (True, True)


def test_nmap_finds_no_open_relay(host: Served):
    """smtp-open-relay tries its sixteen ways in; the host relays none of them."""
    found = nmap(host, "smtp-open-relay")
    assert (b"smtp-open-relay:" in found, b"is an open relay" in found, host.messages()) == (True, False, [])


@contextmanager
def smtp_sink(*options: str) -> Iterator[int]:
    """Postfix's test server; its port."""
    program = tool("smtp-sink")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = ("-u", "nobody") if os.getuid() == 0 else ()
    with subprocess.Popen([program, *user, *options, f"127.0.0.1:{port}", "100"], stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 10
            while time.monotonic() < until:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.02)
            yield port
        finally:
            process.kill()


def offer(port: int) -> Delivery:
    """A message for two users."""
    paths = [parse_forward_path("<bob@b.example>"), parse_forward_path("<ben@b.example>")]
    return send(("127.0.0.1", port), parse_path("<x@y.example>"), paths, b"Subject: hi\r\n\r\n.hello\r\n", say=str)


@pytest.mark.parametrize(
    ("options", "status", "round_trips"),
    [
        ((), 0, 3),
        (("-p",), 0, 6),
        (("-e",), 0, 7),
        (("-8",), 0, 3),
        (("-r", "MAIL"), 75, 2),
        (("-r", "RCPT"), 75, 4),
        (("-r", "DATA"), 75, 5),
        (("-r", "."), 75, 6),
        (("-f", "MAIL"), 69, 2),
        (("-f", "RCPT"), 69, 4),
        (("-f", "DATA"), 69, 5),
        (("-f", "."), 69, 6),
        (("-f", "CONNECT"), 69, 0),
        (("-r", "CONNECT"), 75, 0),
        (("-q", "MAIL"), 75, 2),
        (("-q", "DATA"), 75, 2),
        (("-q", "."), 75, 3),
        (("-Q", "MAIL"), 75, 2),
        (("-Q", "."), 75, 3),
    ],
)
def test_smtp_sink_with_faults(options: tuple[str, ...], status: int, round_trips: int):
    """Refusals for now (-r) and for good (-f), disconnections (-q) and 421s (-Q) at every stage."""
    with smtp_sink(*options) as port:
        delivery = offer(port)
    assert (delivery.status, delivery.round_trips) == (status, round_trips)


def test_what_a_skipped_test_names_is_what_ci_installs():
    """Each program that a test asks for comes with a package in .ci/run."""
    sources = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("*.py"))
    names = set(re.findall(r'\b(?:tool|run)\("([^"]+)"', sources))
    installed = (Path(__file__).parents[2] / ".ci" / "run").read_text(encoding="utf-8")
    packages = {package for name in names for package in PACKAGES.get(name, name).split(" and ")}
    assert [package for package in sorted(packages) if not re.search(rf"[ \"]{package}[ \"]", installed)] == []


def test_swaks_without_tls_skips_what_needs_it(host: Served, tmp_path: Path, monkeypatch):
    """Net::SSLeay is only recommended by swaks's package."""
    tool("swaks")
    (tmp_path / "Net").mkdir()
    (tmp_path / "Net" / "SSLeay.pm").write_text("die;")
    monkeypatch.setenv("PERL5LIB", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="swaks has no TLS"):
        swaks(host, "--tls")
    assert swaks(host) == 0
