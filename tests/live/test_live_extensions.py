"""AUTH, chunks, LMTP and the other extensions of a served host, with smtplib and octets by hand."""

from __future__ import annotations

import smtplib
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from live_host import ENVELOPE, MESSAGE, Peer, Served, served

from sim.live import server
from sim.live.limits import Limits
from sim.live.maildir import Maildir
from sim.mta.server import policy

EXTENSIONS = ("PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN", "AUTH", "ETRN")
ACCOUNTS = {"bob": "secret"}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Served]:
    """Host b with most extensions and an account."""
    with served(tmp_path, extensions=EXTENSIONS, accounts=ACCOUNTS) as found:
        yield found


@pytest.fixture
def lmtp(tmp_path: Path) -> Iterator[Served]:
    """Host b, speaking LMTP."""
    with served(tmp_path, lmtp=True, extensions=(*EXTENSIONS, "TURN", "SEND")) as found:
        yield found


def said(port: int, octets: bytes) -> list[int]:
    """The codes of all that a host answers to octets written at once and followed by the end, its greeting included."""
    with Peer(port) as peer:
        peer.write(octets)
        peer.half_close()
        return peer.rest()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("initial", [True, False])
def test_smtplib_proves_itself(host: Served, mechanism: str, initial: bool):
    """With and without an initial response; the trace says ESMTPA."""
    with smtplib.SMTP("127.0.0.1", host.port, timeout=10) as client:
        client.ehlo()
        assert client.esmtp_features["auth"].split() == ["PLAIN", "LOGIN", "CRAM-MD5"]
        client.user, client.password = "bob", "secret"
        method = getattr(client, f"auth_{mechanism.lower().replace('-', '_')}")
        assert client.auth(mechanism, method, initial_response_ok=initial)[0] == 235
        client.sendmail("x@y.example", ["bob@b.example"], "hi\n")
    assert b"with ESMTPA id" in host.messages()[0]


def test_smtplib_is_not_believed(host: Served):
    """535 for all three; the session goes on."""
    with smtplib.SMTP("127.0.0.1", host.port, timeout=10) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            client.login("bob", "wrong")
        assert (caught.value.smtp_code, client.noop()[0]) == (535, 250)


def test_guesses_end_the_session(tmp_path: Path):
    """Wrong passwords are errors, which are limited."""
    guess = b"AUTH PLAIN " + b64encode(b"\0bob\0guess") + b"\r\n"
    with served(tmp_path, Limits(errors=5, linger=0.5), extensions=EXTENSIONS, accounts=ACCOUNTS) as host:
        assert said(host.port, b"EHLO me\r\n" + guess * 10) == [220, 250, *[535] * 5, 421]


def test_challenges_are_never_the_same(host: Served):
    """Nobody can answer with what he has overheard."""
    found = set()
    for _ in range(3):
        with Peer(host.port) as peer:
            peer.write(b"EHLO me\r\nAUTH CRAM-MD5\r\n")
            assert peer.codes(2) == [220, 250]
            found.add(peer.line())
    assert (len(found), {line[:4] for line in found}) == (3, {b"334 "})


@pytest.mark.parametrize("octets", [b"AUTH LOGIN\r\n", b"AUTH LOGIN\r\nYm", b"AUTH PLAIN\r\n" + b"x" * 100_000])
def test_a_peer_that_goes_amid_auth(host: Served, octets: bytes):
    """It is forgotten."""
    with Peer(host.port) as peer:
        peer.write(b"EHLO me\r\n" + octets)
    assert said(host.port, b"QUIT\r\n") == [220, 221]
    host.stop()
    assert host.told == []


def test_endless_auth_lines_cost_no_memory(host: Served):
    """10 MB of a response: 500 when it ends at last, and AUTH is over."""
    octets = b"EHLO me\r\nAUTH PLAIN\r\n" + b"x" * 10_000_000 + b"\r\nNOOP\r\nQUIT\r\n"
    assert said(host.port, octets) == [220, 250, 334, 500, 250, 221]


def test_chunks(host: Served):
    """Each gets its 250 and the last one the message's; it is kept as it came."""
    octets = ENVELOPE + b"BDAT 13\r\nSubject: hi\r\nBDAT 0\r\nBDAT 10 LAST\r\n\r\n.hello\r\nQUIT\r\n"
    assert said(host.port, octets) == [220, 250, 250, 250, 250, 250, 250, 221]
    assert host.messages()[0].endswith(b"Subject: hi\n\n.hello\n")


def test_chunks_octet_by_octet(host: Served):
    """However the chunks are cut: 5,000 of one octet each."""
    octets = ENVELOPE + b"BDAT 1\r\nx" * 5000 + b"BDAT 2 LAST\r\n\r\nQUIT\r\n"
    codes = said(host.port, octets)
    assert (set(codes[1:-1]), len(codes)) == ({250}, 5006)
    assert host.messages()[0].endswith(b"\n" + b"x" * 5000 + b"\n")


def test_a_huge_chunk_is_not_kept_in_memory(tmp_path: Path):
    """BDAT of 2 GB: what comes of it is eaten, and the idle time bounds how long it is waited for."""
    limits = Limits(idle=0.5, rate=1e12, linger=0.2, memory=3_000_000)
    with served(tmp_path, limits, size_limit=1_000_000, extensions=EXTENSIONS) as host, Peer(host.port) as peer:
        peer.write(ENVELOPE + b"BDAT 2000000000\r\n")
        for _ in range(100):
            peer.write(b"x" * 100_000)
        assert peer.rest() == [220, 250, 250, 250, 421]
        assert host.messages() == []


def test_a_huge_chunk_that_comes_whole(tmp_path: Path):
    """552 behind its last octet; the next transaction is as good as ever."""
    with served(tmp_path, size_limit=1000, extensions=EXTENSIONS) as host:
        octets = ENVELOPE + b"BDAT 5000000 LAST\r\n" + b"x" * 5_000_000 + ENVELOPE + b"BDAT 4 LAST\r\nhi\r\nQUIT\r\n"
        assert said(host.port, octets) == [220, 250, 250, 250, 552, 250, 250, 250, 250, 221]
        assert len(host.messages()) == 1


def test_chunks_that_were_answered_count_as_memory(tmp_path: Path):
    """They lie there until the last one has come."""
    chunk = b"BDAT 40000\r\n" + b"x" * 40_000
    with served(tmp_path, Limits(memory=100_000, linger=0.5), extensions=EXTENSIONS) as host:
        with Peer(host.port) as peer:
            peer.write(ENVELOPE)
            assert peer.codes(4) == [220, 250, 250, 250]
            for code in (250, 250, 421):
                peer.write(chunk)
                assert peer.code() == code
        assert said(host.port, ENVELOPE + b"BDAT 90000 LAST\r\n" + b"x" * 90_000 + b"QUIT\r\n")[-2:] == [250, 221]


@pytest.mark.parametrize(
    "octets", [b"BDAT 10\r\n", b"BDAT 10\r\nhello", b"BDAT 5\r\nhello", b"BDAT 10 LAST\r\nhello", b"BDAT 5 LA"]
)
def test_a_peer_that_goes_amid_chunks(host: Served, octets: bytes):
    """No message is left behind."""
    assert said(host.port, ENVELOPE + octets)[:4] == [220, 250, 250, 250]
    host.stop()
    assert (host.messages(), host.told) == ([], [])


def test_a_flood_of_junk_ends(host: Served):
    """A hundred commands that move no mail are answered, each more is an error, and twenty of these end the session."""
    assert said(host.port, b"EHLO me\r\n" + b"NOOP\r\n" * 1000) == [220, *[250] * 120, 421]


def test_mail_in_utf8(host: Served):
    """SMTPUTF8: the paths are in the trace as they are (RFC 6531 section 3.7.3)."""
    octets = "EHLO me\r\nMAIL FROM:<ü@y.example> SMTPUTF8\r\nRCPT TO:<bob@b.example>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n"
    assert said(host.port, octets.encode())[-2:] == [250, 221]
    [message] = host.messages()
    assert (message.startswith("Return-Path: <ü@y.example>\n".encode()), b"with UTF8SMTP id" in message) == (True, True)


def test_etrn_tells_what_waits(host: Served):
    """251 with nothing there; 458 where there is mail, since the host knows nobody's real address; 459 for others."""
    with smtplib.SMTP("127.0.0.1", host.port, timeout=10) as client:
        client.ehlo()
        assert [client.docmd("ETRN", node)[0] for node in ("c.example", "b.example", "#q")] == [251, 459, 459]
        client.sendmail("x@y.example", ["cy@c.example"], "hi\n")
        assert [client.docmd("ETRN", node)[0] for node in ("c.example", "@example")] == [458, 459]


def test_smtplib_delivers_by_lmtp(lmtp: Served):
    """A file for each recipient, with his name alone (RFC 2033)."""
    with smtplib.LMTP("127.0.0.1", lmtp.port, local_hostname="me", timeout=10) as client:
        assert client.ehlo()[0] == 250
        assert {"turn", "send", "etrn", "auth"}.isdisjoint(client.esmtp_features)
        refused = client.sendmail("x@y.example", ["bob@b.example", "eve@b.example"], "hi\n")
    assert {who: code for who, (code, _) in refused.items()} == {"eve@b.example": 550}
    [message] = lmtp.messages()
    assert (b"Delivered-To: bob@b.example\n" in message, b"with LMTP id" in message) == (True, True)


def test_lmtp_answers_for_each_recipient(lmtp: Served):
    """After the data and after the last chunk; and pipelined."""
    envelope = ENVELOPE.replace(b"EHLO", b"LHLO") + b"RCPT TO:<ben@b.example>\r\n"
    octets = envelope + b"DATA\r\n" + MESSAGE + b".\r\n" + envelope + b"BDAT 4 LAST\r\nhi\r\nQUIT\r\n"
    assert said(lmtp.port, octets) == [220, 250, 250, 250, 250, 354, 250, 250, 250, 250, 250, 250, 250, 250, 221]
    assert sorted(message.splitlines()[1] for message in lmtp.messages()) == sorted(
        [b"Delivered-To: ben@b.example", b"Delivered-To: bob@b.example"] * 2
    )


def test_lmtp_fails_for_each_recipient(lmtp: Served, monkeypatch):
    """The disk is full for the second copy only: 250 for one, 452 for the other."""
    keep = Maildir.keep

    def fail(maildir: Maildir, parts: Sequence[bytes]) -> Path:
        if b"ben@" in parts[0]:
            raise OSError(28, "No space left on device")
        return keep(maildir, parts)

    monkeypatch.setattr(Maildir, "keep", fail)
    octets = ENVELOPE.replace(b"EHLO", b"LHLO") + b"RCPT TO:<ben@b.example>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n"
    assert said(lmtp.port, octets) == [220, 250, 250, 250, 250, 354, 250, 452, 221]
    assert [message.splitlines()[1] for message in lmtp.messages()] == [b"Delivered-To: bob@b.example"]


def test_an_old_host_is_served(tmp_path: Path):
    """RFC 821 alone: no EHLO, no extension, whatever is listed; SOML where it is."""
    with served(tmp_path, esmtp=False, extensions=("CHUNKING", "AUTH", "SOML"), accounts=ACCOUNTS) as host:
        octets = b"EHLO me\r\nHELO me\r\nAUTH PLAIN\r\nBDAT 1\r\nSOML FROM:<x@y.example>\r\nRCPT TO:<bob@b.example>\r\n"
        assert said(host.port, octets + b"DATA\r\nhi\r\n.\r\nQUIT\r\n") == [
            220,
            500,
            250,
            500,
            500,
            250,
            250,
            354,
            250,
            221,
        ]
        assert b"with SMTP id" in host.messages()[0]


@pytest.mark.parametrize(
    ("mail", "rcpt", "codes"),
    [
        (b" HOLDFOR=60", b"", [555, 503]),
        (b" BY=60;R", b"", [555, 503]),
        (b" MT-PRIORITY=2", b"", [555, 503]),
        (b" RET=HDRS", b"", [555, 503]),
        (b"", b" NOTIFY=SUCCESS", [250, 555]),
    ],
)
def test_what_cannot_be_kept_is_not_offered(tmp_path: Path, mail: bytes, rcpt: bytes, codes: list[int]):
    """A served host holds nothing until a time, sends no reports, and has no order for mail."""
    offers = ("FUTURERELEASE", "DELIVERBY", "MT-PRIORITY", "DSN", "SIZE")
    with served(tmp_path, extensions=offers) as host, Peer(host.port) as peer:
        peer.write(b"EHLO me\r\n")
        assert [peer.line()[4:] for _ in range(3)][1:] == [b"b greets me", b"SIZE 50000000"]
        peer.write(b"MAIL FROM:<x@y.example>" + mail + b"\r\nRCPT TO:<bob@b.example>" + rcpt + b"\r\nQUIT\r\n")
        assert peer.rest() == [*codes, 221]


def test_lmtp_writes_one_copy_at_a_time(lmtp: Served):
    """However many recipients a message has, it is in memory for one of them only."""
    maildir, writing, most = lmtp.server._custody._maildir, [], []
    keep = maildir.keep

    def watched(parts: Sequence[bytes]) -> Path:
        writing.append(parts)
        time.sleep(0.01)
        most.append(len(writing))
        writing.pop()
        return keep(parts)

    maildir.keep = watched
    octets = ENVELOPE.replace(b"EHLO", b"LHLO") + b"RCPT TO:<ben@b.example>\r\n" * 7
    assert said(lmtp.port, octets + b"DATA\r\n" + MESSAGE + b".\r\nQUIT\r\n")[-9:] == [*[250] * 8, 221]
    assert most == [1] * 8


def test_lmtp_offers_what_it_must(tmp_path: Path):
    """PIPELINING and ENHANCEDSTATUSCODES, whatever the host offers by SMTP (RFC 2033 section 5)."""
    with served(tmp_path, lmtp=True, extensions=("SIZE",)) as host, Peer(host.port) as peer:
        peer.write(b"LHLO me\r\n")
        assert {peer.line()[4:] for _ in range(5)} >= {b"SIZE 50000000", b"PIPELINING", b"ENHANCEDSTATUSCODES"}


def test_a_chunk_without_a_size_ends_the_session(tmp_path: Path):
    """521, and what follows is not taken for commands (MAIL.md: Postfix)."""
    with served(tmp_path, extensions=("CHUNKING",)) as host, Peer(host.port) as peer:
        peer.write(ENVELOPE + b"BDAT ten LAST\r\nRSET\r\nQUIT\r\n")
        assert (peer.rest(), host.messages()) == ([220, 250, 250, 250, 521], [])


def test_mail_to_the_address_that_was_connected_to(host: Served):
    """It is the host's own (RFC 1123 section 5.2.17), and no other is."""
    with Peer(host.port) as peer:
        peer.write(b"EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<bob@[127.0.0.1]>\r\nRCPT TO:<bob@[127.0.0.9]>\r\n")
        peer.write(b"VRFY bob@[127.0.0.1]\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n")
        assert peer.rest() == [220, 250, 250, 250, 554, 250, 354, 250, 221]
    assert b"Delivered-To: bob@b.example\n" in host.messages()[0]


@pytest.mark.slow
def test_a_guess_costs_time(host: Served, monkeypatch):
    """A second each, in all sessions together."""
    monkeypatch.setattr(policy, "AUTH_FAILURE_DELAY", 1.0)
    guess = b"AUTH PLAIN " + b64encode(b"\0bob\0guess") + b"\r\n"
    with Peer(host.port) as one, Peer(host.port) as two:
        began = time.monotonic()
        for peer in (one, two):
            peer.write(b"EHLO me\r\n" + guess)
        assert [one.codes(3), two.codes(3)] == [[220, 250, 535]] * 2
        assert time.monotonic() - began >= 2


def test_auth_in_the_clear_is_for_this_machine(host: Served, monkeypatch):
    """Whoever comes from elsewhere is offered none, and gets 538 (RFC 4954 section 4)."""
    monkeypatch.setattr(server, "is_near", lambda *_: False)
    with smtplib.SMTP("127.0.0.1", host.port, timeout=10) as client:
        client.ehlo()
        assert ("auth" in client.esmtp_features, client.docmd("AUTH", "PLAIN")[0]) == (False, 538)


@pytest.mark.parametrize(("clear", "near", "offered"), [(True, False, True), (False, True, False)])
def test_a_host_says_whether_auth_goes_in_the_clear(
    tmp_path: Path, monkeypatch, clear: bool, near: bool, offered: bool
):
    """For whoever it is, near or not."""
    monkeypatch.setattr(server, "is_near", lambda *_: near)
    with served(tmp_path, extensions=EXTENSIONS, accounts=ACCOUNTS, clear_auth=clear) as host, Peer(host.port) as peer:
        peer.write(b"EHLO me\r\nQUIT\r\n")
        assert any(line[4:].startswith(b"AUTH") for line in iter(peer.line, b"")) is offered


def test_auth_waits_for_tls(tmp_path: Path, monkeypatch, server_side, client_side):
    """Behind STARTTLS it is offered, and taken."""
    monkeypatch.setattr(server, "is_near", lambda *_: False)
    with (
        served(tmp_path, extensions=EXTENSIONS, accounts=ACCOUNTS, tls=server_side) as host,
        smtplib.SMTP("127.0.0.1", host.port, timeout=10) as client,
    ):
        client.starttls(context=client_side)
        assert client.login("bob", "secret")[0] == 235


@pytest.mark.parametrize(
    ("client", "served_at", "near"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.9.9.9", "127.0.0.1", True),
        ("::1", "::1", True),
        ("192.0.2.1", "192.0.2.1", True),
        ("::ffff:127.0.0.1", "::ffff:192.0.2.1", True),
        ("192.0.2.2", "192.0.2.1", False),
        ("fe80::1%eth0", "fe80::2%eth0", False),
    ],
)
def test_who_is_on_this_machine(client: str, served_at: str, near: bool):
    """Loopback addresses, and a client whose address is the server's."""
    assert server.is_near(client, served_at) is near
