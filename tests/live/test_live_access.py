"""Sessions of POP3 and IMAP on a socket: TLS, waits, wrong passwords, the end of the server, a store that fails."""

from __future__ import annotations

import errno
import imaplib
import poplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mailbox_host import mailbox_host, message

from sim.live import access, access_server
from sim.live.limits import Limits
from sim.live.maildir_journal import Journal

pytestmark = pytest.mark.slow

MANY_LINES = b"Subject: long\r\n\r\n" + b"line\r\n" * 50_000


@contextmanager
def peer(port: int) -> Iterator[tuple[socket.socket, object]]:
    """A client that writes what it likes, and the greeting that it has read."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection, connection.makefile("rb") as lines:
        lines.readline()
        yield connection, lines


def until(lines, start: bytes) -> list[bytes]:
    """The lines up to one that starts so."""
    found = [lines.readline()]
    while found[-1] and not found[-1].startswith(start):
        found.append(lines.readline())
    return found


@pytest.mark.parametrize(
    ("protocol", "ask", "behind", "answer"),
    [
        ("imap", b"a STARTTLS\r\n", b"b CREATE evil\r\nb LOGOUT\r\n", b"a OK"),
        ("pop3", b"STLS\r\n", b"USER alice\r\nQUIT\r\n", b"+OK"),
    ],
)
def test_what_is_sent_before_tls_is_not_taken_for_protected(
    tmp_path: Path, server_side, client_side, protocol: str, ask: bytes, behind: bytes, answer: bytes
):
    """What came with STARTTLS, in the clear, is forgotten (RFC 9051 section 11.1, RFC 2595 section 2.4)."""
    with mailbox_host(tmp_path, tls=server_side) as host, peer(getattr(host, protocol)) as (connection, lines):
        connection.sendall(ask + behind)
        assert lines.readline().startswith(answer)
        try:
            with client_side.wrap_socket(connection, server_hostname="127.0.0.1") as secure:
                secure.sendall(b"x NOOP\r\n" if protocol == "imap" else b"CAPA\r\n")
                assert secure.recv(4).startswith((b"x OK", b"+OK"))
        except (ssl.SSLError, ConnectionError):
            # The octets behind may as well be taken for a handshake, which they are none of.
            pass
    assert not (tmp_path / "alice@example.test").exists()


def test_passwords_go_through_tls(tmp_path: Path, server_side, client_side):
    """By both protocols, and mail is read and put in behind it."""
    with mailbox_host(tmp_path, tls=server_side) as host:
        with imaplib.IMAP4("127.0.0.1", host.imap) as client:
            client.starttls(client_side)
            client.login("alice@example.test", "secret")
            assert "STARTTLS" not in client.capability()[1][0].decode().split()
            assert client.append("INBOX", None, None, MANY_LINES)[0] == "OK"
        client = poplib.POP3("127.0.0.1", host.pop3)
        client.stls(client_side)
        client.user("alice")
        client.pass_("secret")
        assert b"\r\n".join([*client.retr(1)[1], b""]) == MANY_LINES
        client.quit()


def test_other_programs_deliveries_are_told_in_idle(tmp_path: Path):
    """Within about half a second, without a question."""
    with mailbox_host(tmp_path) as host, peer(host.imap) as (connection, lines):
        connection.sendall(b"a LOGIN alice secret\r\nb SELECT INBOX\r\nc IDLE\r\n")
        until(lines, b"+ ")
        folder = tmp_path / "alice@example.test"
        (folder / "tmp" / "x").write_bytes(b"Subject: x\n\nx\n")
        started = time.monotonic()
        (folder / "tmp" / "x").rename(folder / "new" / "1.x")
        assert until(lines, b"* 1 EXISTS")
        assert time.monotonic() - started < 5
        connection.sendall(b"DONE\r\nd FETCH 1 RFC822.SIZE\r\n")
        assert b"* 1 FETCH (RFC822.SIZE 17)\r\n" in until(lines, b"d OK")


def test_the_end_of_the_server_is_told(tmp_path: Path):
    """To who idles, to who has said nothing, and to POP3's clients, whose deletions do not happen."""
    with mailbox_host(tmp_path) as host:
        host.deliver(message(1))
        with peer(host.imap) as (idler, lines), peer(host.imap) as (_, silent), peer(host.pop3) as (deleter, replies):
            idler.sendall(b"a LOGIN alice secret\r\nb SELECT INBOX\r\nc IDLE\r\n")
            until(lines, b"+ ")
            deleter.sendall(b"USER alice\r\nPASS secret\r\nDELE 1\r\n")
            assert [replies.readline()[:3] for _ in range(3)] == [b"+OK"] * 3
            ending = threading.Thread(target=host.stop)
            ending.start()
            assert until(lines, b"* BYE")[-1][:5] == b"* BYE"
            assert [lines.readline(), silent.readline()[:5], replies.readline()[:4]] == [b"", b"* BYE", b"-ERR"]
        ending.join()
    with mailbox_host(tmp_path) as host:
        assert len(host.contents()) == 1


def test_wrong_passwords_take_time(tmp_path: Path, monkeypatch):
    """And five are enough."""
    monkeypatch.setattr(access, "_WRONG_PASSWORD", 0.05)
    with mailbox_host(tmp_path) as host, peer(host.imap) as (connection, lines), peer(host.pop3) as (other, replies):
        started = time.monotonic()
        connection.sendall(b"".join(b"%d LOGIN alice guess\r\n" % number for number in range(9)))
        said = until(lines, b"* BYE")
        assert time.monotonic() - started >= 0.05 * 15
        assert [line.split()[1] for line in said] == [b"NO"] * 5 + [b"BYE"]
        assert lines.readline() == b""
        other.sendall(b"USER alice\r\nPASS guess\r\n" * 9)
        assert [line[:4] for line in replies.read().splitlines()] == [b"+OK ", b"-ERR"] * 5 + [b"-ERR"]


def test_silence_ends_a_session(tmp_path: Path, monkeypatch):
    """After the time that the RFCs ask for at least; here it is a short one."""
    monkeypatch.setattr(access_server, "_IDLE", {"imap": 0.2, "pop3": 0.2})
    limits = Limits(idle=0.2, linger=0.5)
    with mailbox_host(tmp_path, limits=limits) as host, peer(host.imap) as (_, lines), peer(host.pop3) as (_, replies):
        assert (lines.readline()[:5], lines.readline()) == (b"* BYE", b"")
        assert (replies.readline()[:4], replies.readline()) == (b"-ERR", b"")


def test_a_store_that_fails_is_said(tmp_path: Path, monkeypatch):
    """The session goes on, and nothing is half done."""
    with mailbox_host(tmp_path) as host, peer(host.imap) as (connection, lines):
        host.deliver(message(1))
        connection.sendall(b"a LOGIN alice secret\r\nb SELECT INBOX\r\nb CREATE x\r\n")
        until(lines, b"b OK Created")

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(Journal, "write", full)
            for command in (
                b"APPEND INBOX {4+}\r\nx\r\n\r\n",
                b"COPY 1 INBOX\r\n",
                b"MOVE 1 x\r\n",
                b"STORE 1 +FLAGS (\\Seen)\r\n",
            ):
                connection.sendall(b"c " + command)
                assert until(lines, b"c ")[-1][:17] == b"c NO [UNAVAILABLE"
        connection.sendall(b"d NOOP\r\ne UID FETCH 1:* FLAGS\r\n")
        assert until(lines, b"e OK")[-2:-1] == [b"* 1 FETCH (UID 1 FLAGS (\\Recent))\r\n"]
        assert host.contents() == [host.contents()[0]]


def test_a_user_whose_folder_cannot_be_opened_is_told(tmp_path: Path):
    """Others are served."""
    (tmp_path / "bob@example.test").write_bytes(b"")
    with mailbox_host(tmp_path) as host, peer(host.imap) as (connection, lines), peer(host.pop3) as (other, replies):
        connection.sendall(b"a LOGIN bob pw\r\nb LOGIN alice secret\r\n")
        assert [lines.readline()[:17] for _ in range(2)] == [b"a NO [UNAVAILABLE", b"b OK [CAPABILITY "]
        other.sendall(b"USER bob\r\nPASS pw\r\nUSER alice\r\nPASS secret\r\n")
        assert [replies.readline()[:15] for _ in range(4)][1:4:2] == [b"-ERR [SYS/TEMP]", b"+OK Logged in.\r"]


def test_large_answers_go_out_in_pieces(tmp_path: Path):
    """A client that stops to read holds back only itself."""
    with mailbox_host(tmp_path) as host:
        host.fill(3, size=2_000_000)
        with peer(host.imap) as (connection, lines), host.login() as other:
            connection.sendall(b"a LOGIN alice secret\r\nb SELECT INBOX\r\nc FETCH 1:3 BODY.PEEK[]\r\n")
            time.sleep(0.5)
            assert other.noop()[0] == "OK"
            assert sum(map(len, until(lines, b"c OK"))) > 6_000_000
