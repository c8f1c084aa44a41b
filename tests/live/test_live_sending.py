"""The client machine over TLS, with AUTH and by LMTP: against served hosts, aiosmtpd, and servers that misbehave."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from live_host import SCENARIO, served

from sim import cli
from sim.live.client import Delivery, send
from sim.live.tls import client_context
from sim.mail.path import parse_forward_path, parse_path
from sim.scenario.spec import Postfix

ACCOUNTS = {"bob": "secret"}
AUTH = {"extensions": ("PIPELINING", "SIZE", "AUTH", "ENHANCEDSTATUSCODES"), "accounts": ACCOUNTS}


def offer(port: int, *recipients: str, name: str = "127.0.0.1", **options) -> tuple[Delivery, list[str]]:
    """Send a message to a port of this machine; what became of it, and the transcript without its times."""
    lines: list[str] = []
    paths = [parse_forward_path(f"<{recipient}>") for recipient in recipients or ("bob@b.example",)]
    say = lambda line: lines.append(line[9:])  # noqa: E731
    delivery = send(
        (name, port), parse_path("<x@y.example>"), paths, b"Subject: hi\r\n\r\nhello\r\n", say=say, **options
    )
    return delivery, lines


def words(delivery: Delivery) -> str:
    """What decided."""
    [outcome] = delivery.outcomes.values()
    return outcome.text


@contextmanager
def server(*answers: bytes) -> Iterator[int]:
    """A server that gives an answer for each flight, the first one at once, and then closes; its port."""

    def run() -> None:
        connection, _ = listener.accept()
        with connection, suppress(ConnectionError):
            for answer in answers:
                connection.sendall(answer)
                if not connection.recv(65_536):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_mail_goes_over_tls(tmp_path: Path, server_side: ssl.SSLContext, client_side: ssl.SSLContext):
    """STARTTLS, the handshake, EHLO again and the message; the transcript says which TLS it is."""
    with served(tmp_path, tls=server_side) as host:
        delivery, lines = offer(host.port, tls=client_side)
        assert (delivery.status, [line[:11] for line in lines if line.startswith("===")]) == (0, ["=== TLSv1.3"])
        assert b"with ESMTPS id" in host.messages()[0]
    assert [line for line in lines if line.startswith(">>> ")][:3] == [
        ">>> EHLO [127.0.0.1]",
        ">>> STARTTLS",
        ">>> EHLO [127.0.0.1]",
    ]


def test_tls_is_not_used_unless_asked_for(tmp_path: Path, server_side: ssl.SSLContext):
    """An offer alone changes nothing."""
    with served(tmp_path, tls=server_side) as host:
        delivery, lines = offer(host.port)
    assert (delivery.status, ">>> STARTTLS" in lines) == (0, False)


def test_nothing_is_sent_without_tls_that_is_required(tmp_path: Path, client_side: ssl.SSLContext):
    """A server that does not offer it gets neither a password nor mail."""
    with served(tmp_path, **AUTH) as host:
        delivery, lines = offer(host.port, tls=client_side, login=("bob", "secret"))
        assert (delivery.status, "no TLS to offer" in words(delivery), host.messages()) == (75, True, [])
    assert [line for line in lines if line.startswith(">>>")] == [">>> EHLO [127.0.0.1]"]


def test_nothing_is_sent_where_tls_is_refused(client_side: ssl.SSLContext):
    """454 to STARTTLS is no leave to go on in the clear."""
    with server(b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"454 not now\r\n") as port:
        delivery, lines = offer(port, tls=client_side)
    assert (delivery.status, lines[-1]) == (75, "454 not now")


@pytest.mark.parametrize("answer", [b"220 go\r\n", b"220 go\r\n\x16\x03\x01garbage", b"220 go\r\n250 injected\r\n"])
def test_a_server_that_cannot_shake_hands(client_side: ssl.SSLContext, answer: bytes):
    """Garbage, or nothing at all: a temporary failure in one line."""
    with server(b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", answer, b"garbage") as port:
        delivery, _ = offer(port, tls=client_side)
    assert (delivery.status, words(delivery).count("\n")) == (75, 0)


def test_a_server_that_falls_silent_amid_the_handshake(client_side: ssl.SSLContext):
    """The client's time runs out."""
    quick = Postfix(smtp_helo_timeout=0.3)
    done = threading.Event()

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            for answer in (b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\n"):
                connection.sendall(answer)
                connection.recv(65_536)
            done.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        delivery, _ = offer(listener.getsockname()[1], tls=client_side, policy=quick)
        done.set()
        thread.join()
    assert (delivery.status, "fell silent" in words(delivery)) == (75, True)


@pytest.mark.parametrize(
    ("name", "trusts", "verify", "status", "why"),
    [
        ("127.0.0.1", True, True, 0, ""),
        ("localhost", True, True, 0, ""),
        ("127.0.0.2", True, True, 75, "IP address mismatch"),
        ("127.0.0.1", False, True, 75, "unable to get local issuer"),
        ("127.0.0.2", False, False, 0, ""),
    ],
)
def test_certificates_are_checked(
    tmp_path, server_side, authorities, name: str, trusts: bool, verify: bool, status: int, why: str
):
    """By authority and by name, unless the user wants none of it."""
    context = client_context(authorities if trusts else None, verify=verify)
    with served(tmp_path, tls=server_side) as host, socket.create_server(("127.0.0.2", 0)) as relay:
        threading.Thread(target=pump, args=(relay, host.port), daemon=True).start()
        port = relay.getsockname()[1] if name == "127.0.0.2" else host.port
        delivery, _ = offer(port, name=name, tls=context)
        assert (delivery.status, why in words(delivery)) == (status, True)


def pump(listener: socket.socket, port: int) -> None:
    """Pass one connection on to a port of 127.0.0.1."""
    try:
        near, _ = listener.accept()
    except OSError:
        return
    far = socket.create_connection(("127.0.0.1", port))

    def pass_on(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    back = threading.Thread(target=pass_on, args=(far, near))
    back.start()
    pass_on(near, far)
    back.join()
    near.close()
    far.close()


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN CRAM-MD5", "LOGIN", "CRAM-MD5"])
def test_a_login_is_proved(tmp_path: Path, monkeypatch, mechanisms: str):
    """By each mechanism, and nothing of it is in the transcript."""
    with served(tmp_path, **AUTH) as host:
        reception = host.server._reception

        def of_these(*arguments, **options):
            found = reception(*arguments, **options)
            found._machine._offers = (("AUTH", mechanisms),)
            return found

        monkeypatch.setattr(host.server, "_reception", of_these)
        delivery, lines = offer(host.port, login=("bob", "secret"))
        assert (delivery.status, b"with ESMTPA id" in host.messages()[0]) == (0, True)
    shown = [line for line in lines if "AUTH" in line or "***" in line]
    assert shown[0] == f"250-AUTH {mechanisms}"
    assert all(line.endswith("***") or line.startswith((">>> AUTH LOGIN", ">>> AUTH CRAM", "250-")) for line in shown)
    assert (len(shown) > 1, any("c2VjcmV0" in line or "AGJvYgBzZWNyZXQ=" in line for line in lines)) == (True, False)


def test_a_wrong_password(tmp_path: Path):
    """A temporary failure: nothing is sent, and the user can mend it."""
    with served(tmp_path, **AUTH) as host:
        delivery, _ = offer(host.port, login=("bob", "wrong"))
        assert (delivery.status, "authentication failed" in words(delivery), host.messages()) == (75, True, [])


def test_lmtp_to_a_served_host(tmp_path: Path):
    """LHLO, and a reply for each recipient."""
    with served(tmp_path, lmtp=True) as host:
        delivery, lines = offer(host.port, "bob@b.example", "eve@b.example", "ben@b.example", lmtp=True)
        assert [outcome.code for outcome in delivery.outcomes.values()] == [250, 550, 250]
        assert len(host.messages()) == 2
    assert ">>> LHLO [127.0.0.1]" in lines


def test_aiosmtpd_with_tls_and_auth(files, client_side: ssl.SSLContext):
    """A server that others wrote: AUTH only after STARTTLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files[0], files[1])
    heard = []

    class Handler:
        async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - aiosmtpd's name
            heard.append((session.authenticated, envelope.content))
            return "250 kept"

    def check(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"bob", b"secret"))

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(
        Handler(), hostname="127.0.0.1", port=port, tls_context=context, auth_required=True, authenticator=check
    )
    controller.start()
    try:
        delivery, _ = offer(port, tls=client_side, login=("bob", "secret"))
    finally:
        controller.stop()
    assert (delivery.status, heard) == (0, [(True, b"Subject: hi\r\n\r\nhello\r\n")])


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """A message in a file."""
    path = tmp_path / "letter.eml"
    path.write_text("Subject: hi\n\nhello\n")
    return path


Run = Callable[..., int]


@pytest.fixture
def run(letter: Path) -> Run:
    """`mtasim send` to a port of this machine; its exit status."""

    def found(port: int, *options: object) -> int:
        who = ["--from", "x@y.example", "--to", "bob@b.example"]
        return cli.main(["send", f"127.0.0.1:{port}", *who, *map(str, options), str(letter)])

    return found


def test_the_command_with_tls_and_a_login(tmp_path: Path, run: Run, server_side, authorities: Path, capsys):
    """--tls, --ca, --user and --password-file; the password is nowhere in what it prints."""
    password = tmp_path / "password"
    password.write_text("secret\n")
    with served(tmp_path, tls=server_side, **AUTH) as host:
        options = ["--tls", "--ca", authorities, "--user", "bob", "--password-file", password]
        assert (run(host.port, *options), b"with ESMTPSA id" in host.messages()[0]) == (0, True)
        assert run(host.port, "--tls") == 75
        assert run(host.port, "--tls", "--any-certificate") == 0
    said = capsys.readouterr().out
    assert ("AUTH PLAIN ***" in said, "certificate verify failed" in said or "issuer" in said) == (True, True)


def test_the_command_with_a_login_in_the_clear(tmp_path: Path, run: Run):
    """--insecure-login; and --helo is what the trace says."""
    password = tmp_path / "password"
    password.write_text("secret\n")
    with served(tmp_path, **AUTH) as host:
        options = ["--insecure-login", "--user", "bob", "--password-file", password, "--helo", "[192.0.2.1]"]
        assert run(host.port, *options) == 0
        assert b"from [192.0.2.1] ([127.0.0.1])\n\tby b with ESMTPA id" in host.messages()[0]


def test_the_command_speaks_lmtp(tmp_path: Path, run: Run):
    """--lmtp."""
    with served(tmp_path, lmtp=True) as host:
        assert (run(host.port, "--lmtp"), len(host.messages())) == (0, 1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--user", "bob"], "--user and --password-file go together"),
        (["--password-file", "{folder}/password"], "--user and --password-file go together"),
        (["--user", "bob", "--password-file", "{folder}/nosuch"], "nosuch: cannot be read"),
        (["--user", "bob", "--password-file", "{folder}/empty"], "empty: its first line is no password"),
        (["--user", "bob", "--password-file", "{folder}/binary"], "binary: is no text in UTF-8"),
        (["--user", "bob", "--password-file", "{folder}/password"], "give --tls, or --insecure-login"),
        (["--insecure-login"], "--insecure-login is about --user without --tls"),
        (["--helo", "me you"], "--helo 'me you': neither a domain nor an address literal"),
        (["--helo", "[me]"], "--helo '[me]': neither a domain nor an address literal"),
        (["--helo", "a" * 256], "neither a domain nor an address literal"),
        (["--helo", "mé.example"], "neither a domain nor an address literal"),
        (["--timeout", "0"], "--timeout 0.0: more than 0 seconds"),
        (["--timeout", "nan"], "--timeout nan: more than 0 seconds"),
        (["--any-certificate"], "give --tls, too"),
        (["--ca", "{folder}/empty"], "give --tls, too"),
        (["--tls", "--ca", "{folder}/nosuch"], "nosuch: cannot be read"),
        (["--tls", "--ca", "{folder}/empty"], "empty: no certificates"),
    ],
)
def test_the_command_refuses_in_one_line(tmp_path: Path, run: Run, capsys, options: list[str], told: str):
    """Exit status 2, one line on stderr, nothing on stdout."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "password").write_text("secret")
    (tmp_path / "binary").write_bytes(b"\xff\n")
    assert run(1, *[option.format(folder=tmp_path) for option in options]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), told in said.err) == ("", 1, True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "no port to listen on"),
        (["--lmtp", "65536"], "--lmtp 65536: a port from 0 to 65535"),
        (["--lmtp", "{port}"], "cannot listen on 127.0.0.1:"),
        (["--smtp", "0", "--lmtp", "{port}"], "cannot listen on 127.0.0.1:"),
        (["--smtp", "0", "--key", "x"], "give --cert, too"),
        (["--smtp", "0", "--cert", "nosuch.pem"], "nosuch.pem: cannot be read"),
        (["--smtp", "0", "--cert", "{file}"], "no certificate with its key"),
    ],
)
def test_serve_refuses_in_one_line(tmp_path: Path, capsys, options: list[str], told: str):
    """Exit status 2, one line on stderr, nothing on stdout; no port stays open."""
    file = tmp_path / "three.yaml"
    file.write_text(SCENARIO)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        filled = [option.format(port=taken.getsockname()[1], file=file) for option in options]
        assert cli.main(["serve", str(file), "--host", "b", "--maildir", str(tmp_path / "mail"), *filled]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), told in said.err) == ("", 1, True)
