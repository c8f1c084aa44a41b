"""What issues call bad input, against a served host in a process of its own, with all its ports.

Each is refused or tolerated as the RFCs say, in bounded memory and time; nothing is lost, and nobody else's mail seen.
"""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from pathlib import Path

import pytest
from live_host import Peer
from served_process import Process, process

PATIENCE = 20.0
"""Seconds within which each answer must be there, on a machine with other work."""

MEMORY = 80_000_000
"""Octets by which the server may grow."""

HELLO = f"From: x@y.example\r\nDate: {formatdate()}\r\nSubject: hello\r\n\r\nhello\r\n".encode()
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A served host; ann and bob have a message each."""
    with process(tmp_path_factory.mktemp("served")) as found:
        for name in ("ann", "bob"):
            deliver(found, HELLO.replace(b"hello", f"to {name}".encode()), name)
        yield found


@pytest.fixture(autouse=True)
def harmless(server: Process) -> Iterator[None]:
    """Whatever a peer does, the server is as large as before, serves on, and ann's mail is hers and all there."""
    before, started = memory(server), time.monotonic()
    yield
    assert time.monotonic() - started < 4 * PATIENCE
    assert memory(server) - before < MEMORY
    for name, other in (("ann", "bob"), ("bob", "ann")):
        with imap(server, name) as peer:
            found = b"\n".join(answer(peer, b"SELECT INBOX", b"FETCH 1 BODY.PEEK[]"))
            assert (f"to {name}".encode() in found, f"to {other}".encode() in found) == (True, False)


def memory(server: Process) -> int:
    """What a server has in memory, in octets."""
    status = Path(f"/proc/{server.running.pid}/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+([0-9]+)", status)[1])


def deliver(server: Process, content: bytes, name: str = "ann") -> int:
    """Hand a message in by SMTP; gives the code behind its end."""
    with Peer(server.ports["smtp"]) as peer:
        peer.socket.settimeout(PATIENCE)
        commands = ["EHLO x", "MAIL FROM:<x@y.example>", f"RCPT TO:<{name}@a.example>", "DATA"]
        peer.write("\r\n".join(commands).encode() + b"\r\n")
        assert peer.codes(5)[-1] == 354
        peer.write(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        return peer.code()


@contextmanager
def imap(server: Process, name: str = "ann") -> Iterator[Peer]:
    """A session of IMAP's, logged in."""
    with Peer(server.ports["imap"]) as peer:
        peer.socket.settimeout(PATIENCE)
        assert peer.line().startswith(b"* OK")
        assert answer(peer, f"LOGIN {name} secret".encode())[-1].startswith(b"x OK")
        yield peer


def answer(peer: Peer, *commands: bytes) -> list[bytes]:
    """All lines up to the last one's tagged response, or the end of the connection."""
    peer.write(b"".join(b"x " + command + b"\r\n" for command in commands))
    lines, left = [], len(commands)
    while left and len(lines) < 10_000:
        line = peer.line()
        lines.append(line)
        left -= line.startswith(b"x ")
        if line.startswith(b"* BYE"):
            break
    return lines


@pytest.mark.parametrize("wait", [b"", b"+"])
@pytest.mark.parametrize("command", [b"APPEND INBOX", b"LOGIN", b"SEARCH TEXT", b"CREATE"])
def test_a_literal_of_two_gigabytes(server: Process, command: bytes, wait: bytes):
    """Refused before an octet of it is read; where the client does not wait, the session ends."""
    with imap(server) as peer:
        peer.write(b"x %b {2147483648%b}\r\n" % (command, wait))
        assert peer.line()[:5] == (b"* BYE" if wait else b"x BAD" if b"APP" not in command else b"x NO ")


def test_literals_that_are_never_finished(server: Process):
    """Twenty messages of 20 MB under way at a time are not in memory."""
    peers = [Peer(server.ports["imap"]) for _ in range(20)]
    before = memory(server)
    for peer in peers:
        peer.socket.settimeout(PATIENCE)
        peer.write(b"a LOGIN ann secret\r\nb APPEND INBOX {20000000+}\r\n")
    for _ in range(10):
        for peer in peers:
            peer.write(b"x" * 1_000_000)
    for peer in peers:
        while not peer.line().startswith(b"a OK"):
            pass
    grown = memory(server) - before
    for peer in peers:
        peer.close()
    assert grown < MEMORY


@pytest.mark.parametrize(
    "command",
    [
        b"SEARCH " + b"(" * 10_000 + b"ALL" + b")" * 10_000,
        b"SEARCH " + b"NOT " * 10_000 + b"ALL",
        b"SEARCH " + b"OR ALL " * 8_000 + b"ALL",
        b"FETCH 1 " + b"(" * 10_000 + b"FLAGS" + b")" * 10_000,
        b"STORE 1 FLAGS " + b"(" * 10_000,
        b"FETCH 1 BODY[" + b"1." * 10_000 + b"1]",
        b"LIST " + b"(" * 10_000,
        b"FETCH " + b"1:*," * 10_000 + b"1 UID",
    ],
)
def test_what_is_nested_or_repeated_ten_thousand_times(server: Process, command: bytes):
    """Answered at once, whatever the answer."""
    with imap(server) as peer:
        answer(peer, b"SELECT INBOX")
        started = time.monotonic()
        assert answer(peer, command)[-1][:4] in (b"x OK", b"x NO", b"x BA")
        assert time.monotonic() - started < PATIENCE / 2
        assert answer(peer, b"NOOP")[-1].startswith(b"x OK")


def test_a_search_that_never_ends(server: Process):
    """A thousand texts in each message are too many, and other sessions do not wait for the answer."""
    with imap(server, "bob") as peer, imap(server) as other:
        for _ in range(20):
            peer.write(b"y APPEND INBOX {50000+}\r\n" + b"aaaaaaaaa\n" * 5_000 + b"\r\n")
        while not peer.line().startswith(b"y "):
            pass
        answer(peer, b"SELECT INBOX")
        peer.write(b"z SEARCH " + b" ".join([b'TEXT "' + b"a" * 40 + b'b"'] * 1_000) + b"\r\n")
        started = time.monotonic()
        assert answer(other, b"NOOP")[-1].startswith(b"x OK")
        assert time.monotonic() - started < PATIENCE / 2
        while not (line := peer.line()).startswith(b"z "):
            pass
        assert line[:4] in (b"z NO", b"z OK")
        answer(peer, b"STORE 2:* +FLAGS.SILENT (\\Deleted)", b"EXPUNGE")


def test_two_pop3_clients_on_one_mailbox(server: Process):
    """The second one waits, and has the maildrop as soon as the first has gone, without a word."""
    with Peer(server.ports["pop3"]) as first, Peer(server.ports["pop3"]) as second:
        for peer in (first, second):
            peer.socket.settimeout(PATIENCE)
            peer.write(b"USER ann\r\nPASS secret\r\nSTAT\r\n")
        assert [first.line()[:5] for _ in range(4)] == [b"+OK m", b"+OK S", b"+OK L", b"+OK 1"]
        first.write(b"DELE 1\r\n")
        assert first.line()[:3] == b"+OK"
        first.close()
        assert [second.line()[:5] for _ in range(4)] == [b"+OK m", b"+OK S", b"+OK L", b"+OK 1"]


@pytest.mark.parametrize(
    "name",
    [
        *(
            b'"../bob@a.example"',
            b'"a/../../bob@a.example"',
            b'"/etc"',
            b'"a//b"',
            b'".."',
            b'"."',
            b'"a/"',
            b'"&AAA-"',
        ),
        b'"' + b"a" * 5_000 + b'"',
        b'"' + b"a/" * 100 + b'b"',
        b"{3+}\r\na\0b",
        b'"&2D0-"',
        b'"\xff\xfe"',
        b'"a\\"b*%"',
    ],
)
def test_names_of_mailboxes(server: Process, name: bytes):
    """Whatever is asked for under a name, nothing is made, read or removed outside the user's folder."""
    folder = Path(server.running.args[server.running.args.index("--maildir") + 1])
    before = sorted(path.name for path in folder.iterdir())
    with imap(server) as peer:
        commands = ("CREATE %s", "SELECT %s", "STATUS %s (MESSAGES)", "RENAME %s b", "SUBSCRIBE %s", "LIST %s *")
        for command in (*commands, "COPY 1 %s", "DELETE b", "DELETE %s", "UNSUBSCRIBE %s"):
            said = answer(peer, command.encode().replace(b"%s", name))
            assert said[-1][:4] in (b"x OK", b"x NO", b"x BA")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_thousand_messages_within_each_other(server: Process):
    """message/rfc822 1,000 deep: taken, and its structure, envelope and parts are told at once."""
    deep = b"".join(b"Content-Type: message/rfc822\r\nSubject: %d\r\n\r\n" % each for each in range(1_000)) + HELLO
    assert deliver(server, b"From: x@y.example\r\n" + deep) == 250
    with imap(server) as peer:
        answer(peer, b"SELECT INBOX")
        started = time.monotonic()
        for items in (b"BODYSTRUCTURE", b"ENVELOPE", b"BODY.PEEK[1.1.1]", b"BODY.PEEK[]"):
            assert answer(peer, b"FETCH * " + items)[-1].startswith(b"x OK")
        assert answer(peer, b"SEARCH BODY hello")[-1].startswith(b"x OK")
        assert time.monotonic() - started < PATIENCE / 2
        answer(peer, b"STORE 2:* +FLAGS.SILENT (\\Deleted)", b"EXPUNGE")


BROKEN = [
    b"Subject: =?utf-8?B?!!!!?= =?x?Q?=GG?= =?utf-8?q?\r\n\r\n",
    b'Content-Type: text/plain; charset="nosuch"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=\r\n===\r\n',
    b"Content-Type: multipart/mixed\r\n\r\n--\r\n",
    b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\n----\r\n',
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: ;;;=\r\n\r\nx\r\n",
    b'From: "unclosed <a@b>, c@d (((\r\nTo: @,;:<>\r\nDate: yesterday\r\n\r\n',
    b"Subject: \xe4\xf6\xfc\xff\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E4=\r\n=XX=4\r\n",
    b"no header at all\r\n",
    b": no name\r\n folded\r\n\r\n",
    b"Content-Type: text/plain; name*0*=utf-8''%ZZ; name*2=b; name*=x\r\n\r\n\r\n",
]


@pytest.mark.parametrize("content", BROKEN)
def test_broken_encodings(server: Process, content: bytes):
    """Each is kept to the octet, and all that can be asked of it is answered."""
    with imap(server) as peer:
        answer(peer, b"SELECT INBOX")
        peer.write(b"y APPEND INBOX {%d+}\r\n" % len(content) + content + b"\r\n")
        while not (line := peer.line()).startswith(b"y "):
            pass
        assert line.startswith(b"y OK")
        for items in (b"ENVELOPE", b"BODYSTRUCTURE", b"BODY.PEEK[1]", b"BODY.PEEK[HEADER.FIELDS (SUBJECT)]"):
            assert answer(peer, b"FETCH * " + items)[-1].startswith(b"x OK")
        assert answer(peer, b"FETCH * BINARY.PEEK[1]")[-1][:4] in (b"x OK", b"x NO")
        assert answer(peer, b"SEARCH CHARSET UTF-8 OR SUBJECT a BODY b")[-1].startswith(b"x OK")
        peer.write(b"z FETCH * BODY.PEEK[]\r\n")
        size = int(re.search(rb"\{([0-9]+)\}", peer.line())[1])
        assert peer.octets(size) == content
        answer(peer, b"STORE 2:* +FLAGS.SILENT (\\Deleted)", b"EXPUNGE")


@pytest.mark.parametrize("port", ["imap", "pop3", "submission"])
def test_two_hundred_idle_connections(server: Process, port: str):
    """They cost little, and others are served meanwhile."""
    peers = [Peer(server.ports[port]) for _ in range(200)]
    if port == "imap":
        for peer in peers:
            peer.write(b"a LOGIN ann secret\r\nb SELECT INBOX\r\nc IDLE\r\n")
    with imap(server) as peer:
        assert answer(peer, b"STATUS INBOX (MESSAGES)")[-1].startswith(b"x OK")
    for peer in peers:
        peer.close()


@pytest.mark.parametrize("port", ["imap", "pop3", "submission", "smtp", "lmtp"])
@pytest.mark.parametrize("logged_in", [False, True])
def test_endless_lines(server: Process, port: str, logged_in: bool):
    """30 MB without an end of line are not kept: the session ends, or the line is read over."""
    login = {"imap": b"x LOGIN ann secret\r\n", "pop3": b"USER ann\r\nPASS secret\r\n"}.get(port, b"EHLO x\r\n")
    with Peer(server.ports[port]) as peer:
        peer.socket.settimeout(PATIENCE)
        peer.write(login if logged_in else b"")
        before = memory(server)
        with suppress(TimeoutError, ConnectionError):
            for _ in range(30):
                peer.write(b"x" * 1_000_000)
        assert memory(server) - before < MEMORY / 4


@pytest.mark.parametrize(
    ("port", "guess"),
    [
        ("imap", b"x LOGIN ann %b\r\n"),
        ("imap", b"x AUTHENTICATE PLAIN %b\r\n"),
        ("pop3", b"USER ann\r\nPASS %b\r\n"),
        ("pop3", b"APOP ann %b\r\n"),
        # As long as its errors make it wait: 40 s.
        pytest.param("submission", b"AUTH PLAIN %b\r\n", marks=pytest.mark.long),
    ],
)
def test_wrong_passwords(server: Process, port: str, guess: bytes):
    """They end, and none of them logs in."""
    said = b""
    with Peer(server.ports[port]) as peer, suppress(ConnectionError):
        # A host of SMTP holds back what it says to who makes errors, longer and longer.
        peer.socket.settimeout(3 * PATIENCE)
        peer.write(b"EHLO x\r\n" if port == "submission" else b"")
        for number in range(40):
            word = b"guess%d" % number
            peer.write(guess % (b64encode(b"\0ann\0" + word) if b"PLAIN" in guess else word))
        while octets := peer.socket.recv(65_536):
            said += octets
    assert not re.search(rb"^(x OK|\+OK L|235)", said, re.MULTILINE)
