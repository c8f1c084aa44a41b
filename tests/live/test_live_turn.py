"""TURN and ATRN on a socket: the served host becomes the client and hands over the mail that it holds for others."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from interop_servers import tool
from live_host import Peer, Served, served

from sim.live.held_mail import MaildirHeldMail
from sim.live.limits import Limits
from sim.live.maildir import Maildir

ODMR = ("PIPELINING", "8BITMIME", "SMTPUTF8", "AUTH", "ATRN", "ETRN")
PROOF = b"AUTH PLAIN " + b64encode(b"\0u\0secret") + b"\r\n"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Served]:
    """Host b, the second MX of c.example, with ATRN for who proves himself."""
    with served(tmp_path, extensions=ODMR, accounts={"u": "secret"}) as found:
        yield found


def put(host: Served, *recipients: str, body: str = "hi", sender: str = "x@y.example") -> None:
    """Let the host take a message, from a session of its own."""
    with Peer(host.port) as peer:
        to = "".join(f"RCPT TO:<{recipient}>\r\n" for recipient in recipients)
        utf8 = "" if sender.isascii() else " SMTPUTF8"
        peer.write(
            f"EHLO me\r\nMAIL FROM:<{sender}>{utf8}\r\n{to}DATA\r\nSubject: s\r\n\r\n{body}\r\n.\r\nQUIT\r\n".encode()
        )
        peer.half_close()
        assert peer.rest()[-2:] == [250, 221]


def turned(host: Served, command: bytes = b"ATRN c.example\r\n", hello: bytes = b"EHLO c\r\n" + PROOF) -> Peer:
    """A peer that is the server now, before its greeting."""
    peer = Peer(host.port)
    peer.write(hello + command)
    assert peer.codes(2 + hello.count(b"\n")) == [220, 250, *[235] * hello.count(b"AUTH"), 250]
    return peer


def serving(peer: Peer, answers: Sequence[bytes]) -> list[bytes]:
    """Give the first answer, then one to each line (mail data is one); what was heard."""
    heard = []
    for answer in answers:
        peer.write(answer + b"\r\n")
        lines = [peer.line()]
        if heard and heard[-1] == b"DATA" and answer[:3] == b"354":
            while lines[-1] != b".":
                lines.append(peer.line())
        heard.append(b"\n".join(lines))
    return heard


OK = b"250 ok"
OFFER = b"250-c\r\n250-SIZE\r\n250 8BITMIME"


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("cy%c.example@b.example", b"<cy@c.example>"),
        ("cy%c.example@[127.0.0.1]", b"<cy@c.example>"),
        ("@c.example:ann@a.example", b"<@c.example:ann@a.example>"),
        ("@b,@c.example:ann@a.example", b"<@c.example:ann@a.example>"),
    ],
)
def test_mail_that_goes_on_by_percent_or_route_is_held(tmp_path: Path, asked: str, offered: bytes):
    """It is for who it leads to by the host's policy, and he gets the path that is left of it."""
    settings = {"extensions": ODMR, "accounts": {"u": "secret"}, "percent_hack": True, "source_routes": "honour"}
    with served(tmp_path, **settings) as host:
        put(host, asked)
        with turned(host) as peer:
            assert serving(peer, [b"220 c", OFFER, OK, OK])[-1] == b"DATA"
            [message] = host.messages()
        assert message.splitlines()[1] == b"Delivered-To: " + offered[1:-1]


def test_mail_is_handed_over(host: Served):
    """EHLO, the message with its trace, QUIT; then it has left the Maildir."""
    put(host, "cy@c.example", body="one\r\n..two")
    with turned(host) as peer:
        heard = serving(peer, [b"220 c", OFFER, OK, OK, b"354 go", OK])
        peer.write(b"221 bye\r\n")
        assert peer.line() == b""
    assert [line.split(b" SIZE=")[0] for line in heard[:4]] == [
        b"EHLO b",
        b"MAIL FROM:<x@y.example>",
        b"RCPT TO:<cy@c.example>",
        b"DATA",
    ]
    message = heard[4]
    assert (message.startswith(b"Received: from me "), message.endswith(b"\nSubject: s\n\none\n..two\n.")) == (
        True,
        True,
    )
    assert (heard[5], host.messages()) == (b"QUIT", [])


def test_several_messages_in_a_session(host: Served):
    """One after the other; other people's mail is none of it."""
    put(host, "bob@b.example")
    put(host, "cy@c.example")
    put(host, "cy@c.example")
    with turned(host, b"ATRN\r\n") as peer:
        heard = serving(peer, [b"220 c", b"250 c", OK, OK, b"354 go", *[OK] * 4, b"354 go", OK])
    assert [line[:4] for line in heard if line[:4] in (b"MAIL", b"RSET", b"QUIT")] == [
        b"MAIL",
        b"RSET",
        b"MAIL",
        b"QUIT",
    ]
    assert [b"bob@b.example" in message for message in host.messages()] == [True]


def test_others_keep_their_copy(host: Served):
    """A message for two hosts stays for the one who has not got it."""
    put(host, "bob@b.example", "cy@c.example")
    with turned(host) as peer:
        heard = serving(peer, [b"220 c", b"250 c", OK, OK, b"354 go", OK])
        peer.write(b"221 bye\r\n")
        assert peer.line() == b""
    assert [line for line in heard if line.startswith(b"RCPT")] == [b"RCPT TO:<cy@c.example>"]
    [message] = host.messages()
    assert message.startswith(b"Return-Path: <x@y.example>\nDelivered-To: bob@b.example\nReceived: ")
    with Peer(host.port) as peer:
        peer.write(b"EHLO c\r\n" + PROOF + b"ATRN c.example\r\n")
        assert peer.codes(4) == [220, 250, 235, 453]


@pytest.mark.parametrize(
    "answers",
    [
        [b"554 no"],
        [b"220 c", b"550 no", b"550 no"],
        [b"220 c", b"250 c", b"450 no"],
        [b"220 c", b"250 c", OK, b"550 no"],
        [b"220 c", b"250 c", OK, OK, b"451 no"],
        [b"220 c", b"250 c", OK, OK, b"354 go", b"452 full"],
    ],
)
def test_refused_mail_stays(host: Served, answers: list[bytes]):
    """At whatever stage; the session ends with QUIT."""
    put(host, "cy@c.example")
    with turned(host) as peer:
        assert serving(peer, answers)[-1] == b"QUIT"
        peer.write(b"221 bye\r\n")
        assert peer.line() == b""
    assert len(host.messages()) == 1


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [b"220 c"],
        [b"garbage"],
        [b"220 c", b"250 c", OK, b"421 closing"],
        [b"220 c", b"250 c", OK, OK, b"354 go"],
        [b"220 c", b"250 c", b"354 what"],
    ],
)
def test_a_peer_that_goes_in_the_middle(host: Served, answers: list[bytes]):
    """No message leaves the Maildir without its 250; and it can be asked for again."""
    put(host, "cy@c.example")
    with turned(host) as peer:
        for answer in answers:
            peer.write(answer + b"\r\n")
            peer.line()
    with turned(host) as peer:
        assert serving(peer, [b"220 c"])[0] == b"EHLO b"
        host.stop()
    assert (len(host.messages()), host.told) == (1, [])


def test_a_peer_that_is_silent_after_the_turn(tmp_path: Path):
    """The idle time holds for this side, too."""
    with served(tmp_path, Limits(idle=0.3, linger=0.2), extensions=ODMR, accounts={"u": "secret"}) as host:
        put(host, "cy@c.example")
        with turned(host) as peer:
            assert peer.line() == b""


def test_no_roles_are_swapped_once_the_host_stops(host: Served):
    """It was told to while it kept a message in front of ATRN: 421, and the mail stays."""
    maildir, begun = host.server._custody._maildir, threading.Event()
    keep = maildir.keep

    def slow(parts: Sequence[bytes]) -> Path:
        begun.set()
        time.sleep(0.3)
        return keep(parts)

    maildir.keep = slow
    with Peer(host.port) as peer:
        peer.write(b"EHLO c\r\n" + PROOF + b"MAIL FROM:<>\r\nRCPT TO:<cy@c.example>\r\nDATA\r\nhi\r\n.\r\nATRN\r\n")
        begun.wait(10)
        stopping = host.begin_stop()
        assert peer.rest() == [220, 250, 235, 250, 250, 354, 250, 250, 421]
        stopping.result(10)
    assert (host.told, len(host.messages())) == ([], 1)


def test_a_lone_cr_stays_one(host: Served):
    """What was no line's end is none when the mail is handed over, nor in what is left of it for others."""
    put(host, "cy@c.example", "bob@b.example", body="a\rb\r\r\nc")
    with turned(host) as peer:
        assert serving(peer, [b"220 c", OFFER, OK, OK, b"354 go", OK])[-1] == b"QUIT"
        peer.write(b"221 bye\r\n")
        assert peer.line() == b""
    [message] = host.messages()
    assert message.endswith(b"\n\na\rb\r\nc\n")


def test_a_message_is_for_one_at_a_time(host: Served):
    """A second session finds it under way, and quits at once, as where nothing waits."""
    put(host, "cy@c.example")
    with turned(host) as one, turned(host) as two:
        assert serving(one, [b"220 c", b"250 c"])[-1].startswith(b"MAIL")
        assert serving(two, [b"220 c"]) == [b"QUIT"]


def test_a_message_in_utf8_needs_its_like(host: Served):
    """Where the peer does not offer SMTPUTF8 it stays (RFC 6531 section 3.5); where it does it goes."""
    put(host, "cy@c.example", sender="ü@y.example")
    with turned(host) as peer:
        assert serving(peer, [b"220 c", OFFER])[-1] == b"QUIT"
    with turned(host) as peer:
        heard = serving(peer, [b"220 c", OFFER.replace(b"250 8", b"250-SMTPUTF8\r\n250 8"), OK, OK, b"354 go", OK])
    assert "MAIL FROM:<ü@y.example> SIZE=".encode() in heard[1]
    assert heard[1].endswith(b" SMTPUTF8")


def test_what_cannot_go_leaves_the_way_to_the_rest(host: Served):
    """The next message is offered in the same session, behind RSET; there is no other session."""
    put(host, "cy@c.example", sender="ü@y.example")
    put(host, "cy@c.example")
    with turned(host) as peer:
        heard = serving(peer, [b"220 c", OFFER, OK, OK, OK, b"354 go", OK])
    assert [line[:4] for line in heard[1:3]] == [b"RSET", b"MAIL"]
    assert ("ü".encode() in host.messages()[0], len(host.messages()), heard[-1]) == (True, 1, b"QUIT")


def test_turn_is_for_the_host_that_keeps_the_mailboxes(tmp_path: Path):
    """Where the host is told to offer it: what waits for the domains of the host that HELO names (RFC 821 section 3.8)."""
    with served(tmp_path, extensions=("TURN",)) as host:
        put(host, "cy@c.example", body="\xfc")
        with turned(host, b"TURN\r\n", b"EHLO a\r\n") as peer:
            assert serving(peer, [b"220 a"]) == [b"QUIT"]
        with turned(host, b"TURN\r\n", b"HELO C\r\n") as peer:
            heard = serving(peer, [b"220 c", OFFER, OK, OK, b"354 go", OK])
            assert (heard[1].endswith(b" BODY=8BITMIME"), heard[-1]) == (True, b"QUIT")
        host.stop()
        assert host.messages() == []


def test_a_disk_that_fails_ends_the_session(host: Served, monkeypatch):
    """The peer has the message then, and the host still has it, too: a duplicate rather than a loss."""
    put(host, "cy@c.example")

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Maildir, "remove", fail)
    with turned(host) as peer:
        assert serving(peer, [b"220 c", b"250 c", OK, OK, b"354 go", OK])[-1] == b""
    assert len(host.messages()) == 1


def test_mail_of_an_earlier_run_is_found(tmp_path: Path):
    """And what is no message of the host's, or has gone meanwhile, is left alone."""
    keepers = {"c.example": ["c"]}
    maildir = Maildir(tmp_path)
    top = b"Return-Path: <x@y.example>\nDelivered-To: cy@c.example\n"
    kept = maildir.keep([top, b"Received: x\n\nhi\n"])
    for other in (b"Subject: no envelope\n\nhi\n", b"", b"Return-Path: <>\nDelivered-To: bob@b.example\n\nhi\n"):
        maildir.keep([other])
    (tmp_path / "new" / "folder").mkdir()
    held = MaildirHeldMail(maildir, keepers, keepers.__getitem__)
    assert ([held.count(nodes) for nodes in ((), ("C.example",), ("@example",), ("c",), ("b",))]) == [1, 1, 1, 1, 0]
    kept.write_bytes(b"Return-Path: <not a path>\nDelivered-To: cy@c.example\n\nhi\n")
    assert list(held.messages(())) == []
    kept.write_bytes(b"Subject: rewritten\n")
    assert list(held.messages(())) == []
    kept.write_bytes(top.replace(b"cy@c", b"bob@b"))
    assert list(held.messages(())) == []
    kept.unlink()
    assert held.count(()) == 0


def fetchmail(folder: Path, *arguments: object, rc: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run fetchmail with a home and a control file of its own."""
    program = tool("fetchmail")
    file = folder / "fetchmailrc"
    file.write_text(rc)
    file.chmod(0o700)
    home = {**os.environ, "HOME": str(folder), "FETCHMAILHOME": str(folder)}
    return subprocess.run(
        [program, "-f", file, *map(str, arguments)], capture_output=True, env=home, timeout=60, check=False
    )


def test_fetchmail_takes_its_mail_by_odmr(host: Served, tmp_path: Path):
    """ATRN after CRAM-MD5; fetchmail passes the octets on to a served host c, which is the home of the domain."""
    put(host, "cy@c.example", body="number one")
    put(host, "cy@c.example", body="number two")
    with served(tmp_path, name="c") as home:
        rc = (
            f'poll 127.0.0.1 protocol ODMR port {host.port} user "u" password "secret" '
            f'smtphost "127.0.0.1/{home.port}" fetchdomains c.example\n'
        )
        found = fetchmail(tmp_path, "-v", rc=rc)
        bodies = sorted(message.split(b"\n")[-2] for message in home.messages())
    assert (bodies, host.messages()) == ([b"number one", b"number two"], []), found.stdout + found.stderr


def test_fetchmail_asks_by_etrn(host: Served, tmp_path: Path):
    """251: nothing waits."""
    rc = f"poll 127.0.0.1 protocol ETRN port {host.port} fetchdomains c.example\n"
    found = fetchmail(tmp_path, "-v", rc=rc)
    assert b"251 2.0.0" in found.stdout + found.stderr or b"251 OK" in found.stdout + found.stderr


BINARY = b"Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n"
OCTETS = b"\r\n.\r\n\n\r\r\n\0\xff\n.\n"


def put_binary(host: Served) -> None:
    """Let the host take a message of octets."""
    content = BINARY + OCTETS
    with Peer(host.port) as peer:
        peer.write(b"EHLO me\r\nMAIL FROM:<x@y.example> BODY=BINARYMIME\r\nRCPT TO:<cy@c.example>\r\n")
        peer.write(b"RCPT TO:<bob@b.example>\r\nBDAT %d LAST\r\n%sQUIT\r\n" % (len(content), content))
        assert peer.rest() == [220, 250, 250, 250, 250, 250, 221]


@pytest.fixture
def binary_host(tmp_path: Path) -> Iterator[Served]:
    """Host b with BINARYMIME."""
    extensions = (*ODMR, "CHUNKING", "BINARYMIME")
    with served(tmp_path, extensions=extensions, uses=extensions, accounts={"u": "secret"}) as found:
        put_binary(found)
        yield found


def test_binary_mail_is_kept_to_the_octet(binary_host: Served):
    """All of what came, lone CRs and LFs too, behind the fields of the host."""
    [message] = binary_host.messages()
    assert message.endswith(b"\r\n" + BINARY + OCTETS)


@pytest.mark.parametrize("offer", [b"250-c\r\n250-BINARYMIME\r\n250 CHUNKING", b"250 c"])
def test_binary_mail_is_handed_over_to_the_octet(binary_host: Served, offer: bytes):
    """As a chunk; to a host that takes none as base64. Who shares the message keeps it as it came."""
    with turned(binary_host) as peer:
        as_chunk = b"CHUNKING" in offer
        heard = serving(peer, [b"220 c", offer, OK, OK])
        assert (heard[1].endswith(b" BODY=BINARYMIME"), heard[2]) == (as_chunk, b"RCPT TO:<cy@c.example>")
        if as_chunk:
            assert peer.octets(int(heard[3].split()[1])).endswith(b"\r\n" + BINARY + OCTETS)
        else:
            assert heard[3] == b"DATA"
            peer.write(b"354 go\r\n")
            lines = list(iter(peer.line, b"."))
            assert b64encode(OCTETS) in lines
        assert serving(peer, [OK]) == [b"QUIT"]
    [left] = binary_host.messages()
    assert (b"Delivered-To: bob@b.example" in left, b"cy@c.example" in left, left.endswith(BINARY + OCTETS)) == (
        True,
        False,
        True,
    )
