"""Python's smtplib, and clients that write octets by hand, against a served host."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest
from live_host import ENVELOPE, MESSAGE, Peer, Served, served

from sim.live.limits import Limits
from sim.scenario.products.exim import Exim
from sim.scenario.products.sendmail import Sendmail


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Served]:
    """Host b with its usual limits."""
    with served(tmp_path) as found:
        yield found


@pytest.fixture
def client(host: Served) -> Iterator[smtplib.SMTP]:
    """An smtplib client that has read the greeting."""
    with smtplib.SMTP("127.0.0.1", host.port, local_hostname="me.example", timeout=10) as found:
        yield found


def said(port: int, octets: bytes) -> list[int]:
    """The codes of all that a host answers to octets written at once and followed by the end, its greeting included."""
    with Peer(port) as peer:
        peer.write(octets)
        peer.half_close()
        return peer.rest()


def test_mail_is_kept_with_its_trace(host: Served, client: smtplib.SMTP):
    """Return-Path, Delivered-To and Received on top, then the message as it came."""
    assert client.sendmail("x@y.example", ["bob@b.example"], "Subject: hi\n\nhello\n") == {}
    [message] = host.messages()
    lines = message.decode().splitlines()
    assert lines[:2] == ["Return-Path: <x@y.example>", "Delivered-To: bob@b.example"]
    assert lines[2] == "Received: from me.example ([127.0.0.1])"
    assert lines[3].startswith("\tby b with ESMTP id ")
    assert lines[4].startswith("\tfor <bob@b.example>; ")
    assert lines[5:] == ["Subject: hi", "", "hello"]


def test_one_message_for_all_recipients(host: Served, client: smtplib.SMTP):
    """One file, a Delivered-To field each, and no `for` that would show one to the other (RFC 5321 section 7.2)."""
    client.sendmail("x@y.example", ["bob@b.example", "ben@b.example"], "hi\n")
    [message] = host.messages()
    assert (message.count(b"Delivered-To: "), message.count(b"\tfor <")) == (2, 0)


def test_a_recipient_named_twice_gets_one_message(host: Served, client: smtplib.SMTP):
    """Both RCPTs get their 250; the message has one Delivered-To field, and a `for`."""
    assert client.sendmail("x@y.example", ["bob@b.example", "bob@b.example"], "hi\n") == {}
    [message] = host.messages()
    assert (message.count(b"Delivered-To: "), message.count(b"\tfor <bob@b.example>;")) == (1, 1)


@pytest.mark.parametrize("content", [b"hello\r\n", b" indented\r\nx: y\r\n", b"From me\r\n", b"\0\r\n", b":\r\n"])
def test_mail_data_without_a_header_is_all_body(host: Served, content: bytes):
    """An empty line keeps it apart from the trace fields, as Postfix and Exim do; nothing of it is changed."""
    assert said(host.port, ENVELOPE + b"DATA\r\n" + content + b".\r\nQUIT\r\n")[-2:] == [250, 221]
    head, _, body = host.messages()[0].partition(b"\n\n")
    assert (head.startswith(b"Return-Path:"), body) == (True, content.replace(b"\r\n", b"\n"))


@pytest.mark.parametrize("content", [b"", b"\r\nbody\r\n", b"X-a:\r\n\r\nbody\r\n", b"Old :1\r\n", b"\n.x\r\n"])
def test_mail_data_with_a_header_stands_right_below_the_trace(host: Served, content: bytes):
    """Be the header empty, or all there is."""
    said(host.port, ENVELOPE + b"DATA\r\n" + content + b".\r\nQUIT\r\n")
    [message] = host.messages()
    lines = message.split(b"\n", 5)
    assert (lines[4].startswith(b"\tfor <"), lines[5]) == (True, content.replace(b"\r\n", b"\n"))


def test_a_client_cannot_make_up_the_trace(host: Served):
    """What it calls itself is one word of the Received field, whatever it holds."""
    hello = b"EHLO x (evil [192.0.2.1]) by \\b; a@b <c>\r\nMAIL FROM:<x@y.example>\r\nRCPT TO:<bob@b.example>\r\n"
    said(host.port, hello + b"DATA\r\n.\r\nQUIT\r\n")
    assert host.messages()[0].splitlines()[2] == b"Received: from x??evil?[192.0.2.1]??by??b??a?b??c? ([127.0.0.1])"


def test_helo_is_answered_by_smtp_without_extensions(host: Served, client: smtplib.SMTP):
    """The Received field says SMTP, not ESMTP."""
    client.helo("me.example")
    client.sendmail("x@y.example", ["bob@b.example"], "hi\n")
    assert b"\tby b with SMTP id " in host.messages()[0]


def test_ehlo_offers_size_and_pipelining(client: smtplib.SMTP):
    """What the scenario's host offers; without a limit of its own, the server's."""
    client.ehlo()
    assert (client.esmtp_features["size"], "pipelining" in client.esmtp_features) == ("50000000", True)


def test_unknown_users_are_refused_and_the_others_get_their_mail(host: Served, client: smtplib.SMTP):
    """550 for the one, 250 for the other."""
    refused = client.sendmail("x@y.example", ["bob@b.example", "eve@b.example"], "hi\n")
    assert {who: code for who, (code, _) in refused.items()} == {"eve@b.example": 550}
    assert b"Delivered-To: eve" not in host.messages()[0]


@pytest.mark.parametrize("recipient", ["ann@a.example", "x@nowhere.example", "x@[192.0.2.1]"])
def test_nothing_is_relayed(host: Served, client: smtplib.SMTP, recipient: str):
    """Neither to other hosts of the scenario nor beyond it."""
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        client.sendmail("x@y.example", [recipient], "hi\n")
    assert caught.value.recipients[recipient][0] == 554
    assert host.messages() == []


def test_mail_for_a_domain_that_it_backs_up_is_taken(host: Served, client: smtplib.SMTP):
    """B is the second MX of c.example."""
    assert client.sendmail("x@y.example", ["cy@c.example"], "hi\n") == {}
    assert len(host.messages()) == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("NOOP", 250),
        ("NOOP anything goes", 250),
        ("HELP", 214),
        ("RSET", 250),
        ("VRFY bob@b.example", 250),
        ("VRFY eve@b.example", 550),
        ("VRFY", 501),
        ("EXPN staff", 550),
        ("TURN", 502),
        ("DATA", 503),
        ("RCPT TO:<bob@b.example>", 503),
        ("MAIL FROM:x y z", 501),
        ("MAIL FROM:<a@b.example> NONSENSE=1", 555),
        ("XYZZY", 500),
        ("", 500),
    ],
)
def test_one_command(client: smtplib.SMTP, line: str, code: int):
    """After EHLO, outside a transaction; the session goes on."""
    client.ehlo()
    assert [client.docmd(line)[0], client.noop()[0]] == [code, 250]


def test_mail_inside_a_transaction_is_out_of_sequence(client: smtplib.SMTP):
    """503, and the transaction stands (RFC 5321 section 4.1.4)."""
    client.ehlo()
    lines = ["MAIL FROM:<x@y.example>", "MAIL FROM:<z@y.example>", "RCPT TO:<bob@b.example>"]
    assert [client.docmd(line)[0] for line in lines] == [250, 503, 250]


def test_reset_drops_the_transaction(host: Served, client: smtplib.SMTP):
    """DATA after RSET is out of sequence, and nothing is kept."""
    client.ehlo()
    lines = ["MAIL FROM:<x@y.example>", "RCPT TO:<bob@b.example>", "RSET", "DATA"]
    assert [client.docmd(line)[0] for line in lines] == [250, 250, 250, 503]
    assert host.messages() == []


def test_several_messages_in_a_session(host: Served, client: smtplib.SMTP):
    """Each with its own file."""
    for number in range(3):
        client.sendmail("x@y.example", ["bob@b.example"], f"number {number}\n")
    assert sorted(message.splitlines()[-1] for message in host.messages()) == [b"number 0", b"number 1", b"number 2"]


def test_dots_arrive_as_they_were_sent(host: Served, client: smtplib.SMTP):
    """Leading dots are doubled on the wire and nowhere else (RFC 5321 section 4.5.2)."""
    text = "\n.\n..\n.x\nx.\n"
    client.sendmail("x@y.example", ["bob@b.example"], "Subject: dots\n" + text)
    assert host.messages()[0].decode().endswith("Subject: dots\n" + text)


def test_eight_bits_arrive_as_they_were_sent(host: Served, client: smtplib.SMTP):
    """BODY=8BITMIME, every octet above 127, and NUL too."""
    body = bytes([0, *range(128, 256)])
    client.sendmail(
        "x@y.example", ["bob@b.example"], b"Subject: bits\r\n\r\n" + body + b"\r\n", mail_options=["BODY=8BITMIME"]
    )
    assert host.messages()[0].endswith(b"\n\n" + body + b"\n")


def test_the_null_reverse_path_is_taken(host: Served, client: smtplib.SMTP):
    """Delivery reports come from nobody."""
    client.sendmail("", ["Postmaster"], "hi\n")
    assert host.messages()[0].startswith(b"Return-Path: <>\nDelivered-To: Postmaster\n")


def test_declared_size_beyond_the_limit(tmp_path: Path):
    """552 to MAIL (RFC 1870)."""
    with served(tmp_path, size_limit=1000) as host:
        assert said(host.port, b"EHLO me\r\nMAIL FROM:<x@y.example> SIZE=1001\r\nQUIT\r\n") == [220, 250, 552, 221]


def test_undeclared_size_beyond_the_limit(tmp_path: Path):
    """552 to the final dot, nothing kept, and the session goes on with what fits."""
    with served(tmp_path, size_limit=1000) as host:
        big, small = b"x" * 5000 + b"\r\n.\r\n", b"x" * 500 + b"\r\n.\r\n"
        octets = ENVELOPE + b"DATA\r\n" + big + ENVELOPE + b"DATA\r\n" + small + b"QUIT\r\n"
        assert said(host.port, octets) == [220, 250, 250, 250, 354, 552, 250, 250, 250, 354, 250, 221]
        assert [len(message) > 1000 for message in host.messages()] == [False]


def test_all_at_once(host: Served):
    """A client that waits for nothing, not even the greeting: every answer in order, both messages kept."""
    octets = ENVELOPE + b"DATA\r\n" + MESSAGE + b".\r\n"
    codes = [250, 250, 250, 354, 250]
    assert said(host.port, octets * 2 + b"QUIT\r\n") == [220, *codes, *codes, 221]
    assert len(host.messages()) == 2


def test_octet_by_octet(host: Served):
    """However the octets are cut, the answers are the same."""
    with Peer(host.port) as peer:
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in ENVELOPE + b"DATA\r\n" + MESSAGE + b".\r\nQUIT\r\n":
            peer.write(bytes([octet]))
        assert peer.rest() == [220, 250, 250, 250, 354, 250, 221]
    assert host.messages()[0].endswith(MESSAGE.replace(b"\r\n", b"\n"))


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n\n.\r\n", b"\r\n\x00.\r\n", b"\r.\r\n"]
)
def test_only_crlf_dot_crlf_ends_mail_data(host: Served, end: bytes):
    """What follows a false end is data, not commands of a smuggled message: one message is kept, with all of it."""
    smuggled = b"MAIL FROM:<evil@y.example>\r\nRCPT TO:<ben@b.example>\r\nDATA\r\nsmuggled\r\n.\r\n"
    octets = ENVELOPE + b"DATA\r\nbefore" + end + smuggled + b"QUIT\r\n"
    assert said(host.port, octets) == [220, 250, 250, 250, 354, 250, 221]
    [message] = host.messages()
    assert (b"smuggled" in message, b"Delivered-To: ben" in message) == (True, False)


STAGES = [
    b"",
    b"EHLO me.exa",
    b"EHLO me.example\r\n",
    b"EHLO me.example\r\nMAIL FROM:<x@y.example>\r\n",
    ENVELOPE,
    ENVELOPE + b"DATA\r\n",
    ENVELOPE + b"DATA\r\nhello",
    ENVELOPE + b"DATA\r\nhello\r\n",
    ENVELOPE + b"DATA\r\nhello\r\n.",
    ENVELOPE + b"DATA\r\nhello\r\n.\r",
]


@pytest.mark.parametrize("octets", STAGES, ids=range(len(STAGES)))
@pytest.mark.parametrize("half", [False, True])
def test_a_peer_that_goes_in_the_middle_leaves_nothing(host: Served, octets: bytes, half: bool):
    """At every stage, with its connection closed or half closed: no message, and the host serves on."""
    with Peer(host.port) as peer:
        assert peer.code() == 220
        peer.write(octets)
        if half:
            peer.half_close()
            peer.rest()
    assert said(host.port, b"QUIT\r\n") == [220, 221]
    host.stop()
    assert (host.messages(), host.told) == ([], [])


def test_a_peer_that_resets_is_forgotten(host: Served):
    """A reset in the middle of mail data is the end of it."""
    with Peer(host.port) as peer:
        peer.write(ENVELOPE + b"DATA\r\n")
        assert peer.codes(5) == [220, 250, 250, 250, 354]
        peer.write(b"x" * 100_000)
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    host.stop()
    assert (host.messages(), host.told) == ([], [])


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"\xff\xf4\xff\xfd\x06", bytes(range(128, 256)), b"\x16\x03\x01\x02"])
def test_garbage_is_answered(host: Served, garbage: bytes):
    """500, and the session goes on."""
    assert said(host.port, garbage + b"\r\nNOOP\r\nQUIT\r\n") == [220, 500, 250, 221]


def test_an_endless_line_costs_no_memory(host: Served):
    """10 MB without a CRLF: one 500 when it ends at last."""
    assert said(host.port, b"x" * 10_000_000 + b"\r\nNOOP\r\nQUIT\r\n") == [220, 500, 250, 221]


def test_too_many_errors_end_the_session(tmp_path: Path):
    """After the limit 421, and nothing more is answered."""
    with served(tmp_path, Limits(errors=5, linger=0.5)) as host:
        assert said(host.port, b"XYZZY\r\n" * 10) == [220, *[500] * 5, 421]


def test_accepted_mail_forgives_errors(tmp_path: Path):
    """The count starts anew with each message taken, as Postfix's does."""
    with served(tmp_path, Limits(errors=5, linger=0.5)) as host:
        octets = b"XYZZY\r\n" * 4 + ENVELOPE + b"DATA\r\nhi\r\n.\r\n" + b"XYZZY\r\n" * 4 + b"QUIT\r\n"
        assert said(host.port, octets) == [220, *[500] * 4, 250, 250, 250, 354, 250, *[500] * 4, 221]


def test_two_thousand_recipients(host: Served):
    """A thousand are taken, the others put off with 452, and the message is kept for the first thousand."""
    spellings = product(*[(letter.lower(), letter.upper()) for letter in "bob@b.example"])
    several = list(dict.fromkeys("".join(letters) for letters in spellings))[:2000]
    recipients = b"".join(f"RCPT TO:<{one}>\r\n".encode() for one in several)
    octets = b"EHLO me\r\nMAIL FROM:<>\r\n" + recipients + b"DATA\r\nhi\r\n.\r\nQUIT\r\n"
    codes = said(host.port, octets)
    assert codes == [220, 250, 250, *[250] * 1000, *[452] * 1000, 354, 250, 221]
    assert host.messages()[0].count(b"Delivered-To:") == 1000


def test_more_sessions_than_a_product_serves_wait_where_it_lets_them(tmp_path: Path):
    """Postfix's master accepts nobody whom it cannot serve: the greeting comes when another session has ended."""
    with served(tmp_path, sessions=1) as host:
        with Peer(host.port) as one, Peer(host.port) as two:
            assert one.code() == 220
            two.write(b"QUIT\r\n")
            one.write(b"QUIT\r\n")
            assert (one.rest(), two.rest()) == ([221], [220, 221])
        host.stop()


def test_more_sessions_than_sendmail_serves_are_reset(tmp_path: Path):
    """It listens no longer."""
    with served(tmp_path, sessions=1, mta=Sendmail()) as host:
        with Peer(host.port) as one:
            assert one.code() == 220
            with pytest.raises(ConnectionError), Peer(host.port) as two:
                two.code()
        host.stop()


def test_more_sessions_than_allowed_are_put_off(tmp_path: Path):
    """421 instead of a greeting; when one has gone, there is room again."""
    with served(tmp_path, sessions=2, mta=Exim()) as host:
        with Peer(host.port) as one, Peer(host.port) as two, Peer(host.port) as three:
            assert [one.code(), two.code(), three.code()] == [220, 220, 421]
            one.write(b"QUIT\r\n")
            assert one.rest() == [221]
        host.stop()


def test_parallel_sessions(host: Served):
    """Fifty clients, twenty messages each: every one is kept."""

    def send(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", host.port, local_hostname="me", timeout=30) as client:
            for message in range(20):
                client.sendmail("x@y.example", ["bob@b.example"], f"client {number} message {message}\n")

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(send, range(50)))
    found = {message.splitlines()[-1] for message in host.messages()}
    assert found == {f"client {number} message {message}".encode() for number in range(50) for message in range(20)}


@pytest.mark.parametrize("octets", [b"", b"NO", ENVELOPE, ENVELOPE + b"DATA\r\nhello"])
def test_silence_ends_the_session(tmp_path: Path, octets: bytes):
    """421 after the idle time, in a transaction or not, and nothing is kept."""
    with served(tmp_path, Limits(idle=0.2, linger=0.5)) as host, Peer(host.port) as peer:
        peer.write(octets)
        assert peer.rest()[-1] == 421
        assert host.messages() == []


def test_a_trickle_is_silence(tmp_path: Path):
    """An octet now and then does not keep a session open: the time is for the whole command."""
    with served(tmp_path, Limits(idle=0.3, linger=0.5)) as host, Peer(host.port) as peer:
        stop = threading.Event()

        def trickle() -> None:
            while not stop.wait(0.05):
                try:
                    peer.write(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        found = peer.rest()
        stop.set()
        thread.join()
        assert found == [220, 421]


def test_mail_data_that_flows_is_not_cut(tmp_path: Path):
    """Data at the least rate gets more time than the idle time."""
    with served(tmp_path, Limits(idle=0.3, rate=1000, linger=0.5)) as host, Peer(host.port) as peer:
        peer.write(ENVELOPE + b"DATA\r\n")
        assert peer.codes(5)[-1] == 354
        for _ in range(8):
            threading.Event().wait(0.1)
            peer.write(b"x" * 198 + b"\r\n")
        peer.write(b".\r\n")
        assert peer.code() == 250


def test_a_peer_that_never_reads_is_dropped(tmp_path: Path):
    """It may write HELP as long as its answers find room; then it is no longer read, and its time runs out."""
    with served(tmp_path, Limits(idle=0.3, linger=0.1, junk=0)) as host:
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(10)
        peer.connect(("127.0.0.1", host.port))
        with peer, pytest.raises(ConnectionError):
            peer.sendall(b"HELP\r\n" * 10_000_000)
        assert said(host.port, b"QUIT\r\n") == [220, 221]


def test_memory_is_shared(tmp_path: Path):
    """What all sessions hold is bounded: the one that asks for more is put off with 421."""
    with served(tmp_path, Limits(memory=100_000, linger=0.5)) as host:
        assert said(host.port, ENVELOPE + b"DATA\r\n" + b"x" * 200_000)[-1] == 421
        assert said(host.port, ENVELOPE + b"DATA\r\n" + b"x" * 50_000 + b"\r\n.\r\nQUIT\r\n")[-2:] == [250, 221]


def test_a_disk_that_fails_costs_no_mail(host: Served):
    """451, kept nowhere; the client keeps the message, and can send it again."""
    new = host.folder / "new"
    new.rename(host.folder / "away")
    assert said(host.port, ENVELOPE + b"DATA\r\nhi\r\n.\r\nQUIT\r\n")[-2:] == [451, 221]
    (host.folder / "away").rename(new)
    assert (host.messages(), len(host.told)) == ([], 1)


def test_a_full_disk_is_named(host: Served, monkeypatch):
    """452, and no half message lies about."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert said(host.port, ENVELOPE + b"DATA\r\nhi\r\n.\r\nQUIT\r\n")[-2:] == [452, 221]
    assert host.messages() == []


def test_idle_sessions_are_told_of_the_end(host: Served):
    """421 when the server stops, and nobody can connect any more."""
    with Peer(host.port) as peer:
        assert peer.code() == 220
        host.stop()
        assert peer.rest() == [421]
    with pytest.raises(ConnectionRefusedError):
        Peer(host.port)


def test_an_open_transaction_may_end(host: Served):
    """A server that stops waits for the final dot, keeps the message, and then closes with 421."""
    with Peer(host.port) as peer:
        peer.write(ENVELOPE + b"DATA\r\nhello\r\n")
        assert peer.codes(5)[-1] == 354
        end = host.begin_stop()
        peer.write(b".\r\n")
        assert peer.rest() == [250, 421]
        end.result(10)
    assert len(host.messages()) == 1


def test_a_transaction_that_does_not_end_is_cut(tmp_path: Path):
    """The grace is bounded; then 421, and nothing is kept."""
    with served(tmp_path, Limits(grace=0.2, linger=0.2)) as host, Peer(host.port) as peer:
        peer.write(ENVELOPE + b"DATA\r\nhello\r\n")
        assert peer.codes(5)[-1] == 354
        host.stop()
        assert (peer.rest(), host.messages()) == ([421], [])


def test_a_defect_ends_one_session_only(host: Served, monkeypatch):
    """It is told in one line, and others are served."""
    with monkeypatch.context() as patch:
        patch.setattr("sim.mta.server.reception.Reception.read", lambda *_: 1 / 0)
        assert said(host.port, b"NOOP\r\n") == [220]
    assert said(host.port, b"QUIT\r\n") == [220, 221]
    assert [line.startswith("a defect of mtasim") for line in host.told] == [True]


def test_no_transaction_begins_once_the_server_stops(tmp_path: Path):
    """One that is pipelined behind an open one gets 421, and the server is not kept waiting for its mail data."""
    with served(tmp_path, Limits(grace=60.0, linger=0.5)) as host, Peer(host.port) as peer:
        peer.write(ENVELOPE + b"DATA\r\n")
        assert peer.codes(5) == [220, 250, 250, 250, 354]
        end = host.begin_stop()
        # The loop takes things in order: once it has done this, it has told all sessions.
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), host.loop).result(10)
        peer.write(b"hi\r\n.\r\nMAIL FROM:<x@y.example>\r\nRCPT TO:<bob@b.example>\r\nDATA\r\n")
        assert peer.rest() == [250, 421]
        end.result(20)
        assert len(host.messages()) == 1
