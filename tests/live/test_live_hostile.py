"""Peers that mean no good, against a served host and against our client: what is kept is what got its 250."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
import ssl
import struct
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from live_host import ENVELOPE, Peer, served

from sim.live.client import send
from sim.live.limits import Limits
from sim.mail.path import parse_forward_path, parse_path
from sim.scenario.spec.policies import Policies

MESSAGES = [
    b"DATA\r\nSubject: hi\r\n\r\nhello\r\n.\r\n",
    b"DATA\r\n.\r\n",
    b"DATA\r\n..\r\n.\r\n",
    b"DATA\r\nbare\n.\n and \r.\r\r\n.\r\n",
    b"DATA\r\n" + bytes(range(256)) * 4 + b"\r\n.\r\n",
    b"DATA\r\n" + b"x" * 3000 + b"\r\n.\r\n",
    b"DATA\r\n" + b"Received: x\r\n" * 60 + b"\r\n.\r\n",
]
LINES = [
    b"EHLO me.example\r\n",
    b"HELO me.example\r\n",
    b"MAIL FROM:<x@y.example>\r\n",
    b"MAIL FROM:<> SIZE=99999\r\n",
    b"RCPT TO:<bob@b.example>\r\n",
    b"RCPT TO:<eve@b.example>\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"VRFY " + b"v" * 600 + b"\r\n",
    b"\xff\xf4\xff\xfd\x06\r\n",
    b"\x00\x01\x02\n\r\r\n",
    b"QUIT now\r\n",
    b"." * 5000 + b"\r\n",
    b"\r\n",
    b".\r\n",
]


def input_of(chance: random.Random) -> bytes:
    """A session's input: mostly in order, with whatever else in between, and in the end cut anywhere."""
    parts = []
    for _ in range(chance.randint(1, 8)):
        parts += chance.choices(LINES, k=chance.randint(0, 2))
        parts += [ENVELOPE] * (chance.random() < 0.8)
        parts.append(chance.choice(MESSAGES))
    octets = b"".join(parts)
    return octets[: chance.randint(0, len(octets))] if chance.random() < 0.5 else octets + b"QUIT\r\n"


def taken(codes: list[int]) -> int:
    """How many messages got their 250: it is the reply that follows a 354."""
    return sum(code == 250 for last, code in pairwise(codes) if last == 354)


@pytest.mark.slow
@pytest.mark.parametrize("cut", [False, True])
def test_what_is_kept_is_what_got_its_250(tmp_path: Path, cut: bool):
    """Over 150 sessions of rubbish in all orders, whole and in pieces: no message more, none less."""
    chance, accepted = random.Random(1), 0
    with served(tmp_path, Limits(errors=10, linger=0.5), size_limit=2000) as host:
        for _ in range(150):
            octets = input_of(chance)
            with Peer(host.port) as peer:
                peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                step = chance.randint(1, 700) if cut else len(octets) + 1
                for start in range(0, len(octets), step):
                    peer.write(octets[start : start + step])
                peer.half_close()
                accepted += taken(peer.rest())
        host.stop()
        assert (len(host.messages()), host.told) == (accepted, [])
    assert accepted > 100


@pytest.mark.parametrize("octets", [ENVELOPE + b"DATA\r\n", ENVELOPE + b"DATA\r\nSubject: hi\r\n\r\n"])
def test_mail_data_without_an_end_of_line(tmp_path: Path, octets: bytes):
    """10 MB without a CRLF, above the limit: one 552 when it ends at last, nothing kept, and the session goes on."""
    with served(tmp_path, size_limit=1_000_000) as host, Peer(host.port) as peer:
        peer.write(octets + b"x" * 10_000_000 + b"\r\n.\r\nNOOP\r\nQUIT\r\n")
        assert peer.rest() == [220, 250, 250, 250, 354, 552, 250, 221]
        assert host.messages() == []


@pytest.mark.parametrize("octets", [b"x" * 10_000_000, ENVELOPE + b"DATA\r\n" + b"x" * 10_000_000])
def test_a_flood_that_never_ends(tmp_path: Path, octets: bytes):
    """10 MB without a CRLF, and then the peer is gone: nothing is kept, and the host serves on."""
    with served(tmp_path) as host:
        with Peer(host.port) as peer:
            peer.write(octets)
        with Peer(host.port) as peer:
            peer.write(b"QUIT\r\n")
            assert peer.rest() == [220, 221]
        host.stop()
        assert (host.messages(), host.told) == ([], [])


@pytest.mark.parametrize("octets", [b"a\r\n" * 1000 + b".\r\n", b".\r\n"])
def test_a_peer_that_resets_behind_the_final_dot(tmp_path: Path, octets: bytes):
    """It may have had its 250 or not: the message is kept whole once, or not at all."""
    with served(tmp_path) as host:
        with Peer(host.port) as peer:
            peer.write(ENVELOPE + b"DATA\r\n")
            assert peer.codes(5)[-1] == 354
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.write(octets)
        host.stop()
        kept = host.messages()
        assert (len(kept) <= 1, all(message.count(b"a\n") == octets.count(b"a\r\n") for message in kept)) == (
            True,
            True,
        )
        assert host.told == []


def test_many_peers_that_say_nothing(tmp_path: Path):
    """Each is told 421 in time, and one that has mail is served."""
    with served(tmp_path, Limits(idle=0.2, linger=0.5)) as host:
        peers = [Peer(host.port) for _ in range(50)]
        assert [peer.rest() for peer in peers] == [[220, 421]] * 50
        for peer in peers:
            peer.close()
        with Peer(host.port) as peer:
            peer.write(ENVELOPE + MESSAGES[0] + b"QUIT\r\n")
            assert peer.rest() == [220, 250, 250, 250, 354, 250, 221]
        assert len(host.messages()) == 1


def reset(connection: socket.socket) -> None:
    """End with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("delay", [0.05, 5.0])
def test_a_peer_that_goes_where_the_greeting_is_held_back(tmp_path: Path, delay: float):
    """Before it or behind it: nothing is said of it, and the session is over at once."""
    with served(tmp_path, policies=Policies(greeting_delay=delay)) as host:
        for _ in range(5):
            with Peer(host.port) as peer:
                host.until(lambda: host.server.sessions == 1)
                if delay < 1:
                    assert peer.code() == 220
                reset(peer.socket)
            host.until(lambda: host.server.sessions == 0)
        host.stop()
        gc.collect()
        assert host.told == []


def test_a_peer_that_says_no_farewell_to_tls(tmp_path: Path, server_side: ssl.SSLContext, client_side: ssl.SSLContext):
    """It reads the last reply and stays: its connection is cut, and nothing is said of it."""
    with served(tmp_path, Limits(linger=0.1), tls=server_side) as host, Peer(host.port) as peer:
        peer.write(b"EHLO me\r\nSTARTTLS\r\n")
        assert peer.codes(3) == [220, 250, 220]
        with client_side.wrap_socket(peer.socket, server_hostname="127.0.0.1") as secure:
            secure.sendall(b"QUIT\r\n")
            host.until(lambda: host.server.sessions == 0)
        host.stop()
        assert host.told == []


@pytest.mark.parametrize("end", ["stop", "cut"])
def test_a_stop_that_comes_as_a_wait_ends(tmp_path: Path, end: str):
    """The session is told that it was silent for too long, and the host stops in order."""
    with served(tmp_path) as host, Peer(host.port) as peer:
        assert peer.code() == 220
        [session] = host.server._sessions

        async def at_that_moment() -> None:
            session._waiting.reschedule(0)
            await asyncio.sleep(0)
            getattr(session, end)()

        asyncio.run_coroutine_threadsafe(at_that_moment(), host.loop).result(10)
        assert peer.rest() == [421]


HOSTILE_REPLIES = {
    "no end of line": b"220 " + b"x" * 10_000_000,
    "no end of reply": b"220-x\r\n" * 1_000_000,
    "no code": b"\r\n",
    "octets of all kinds": bytes(range(256)) + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
    "codes that there are none of": b"999 hi\r\n",
    "two codes": b"220-hi\r\n250 hi\r\n",
    "too much": b"220 hi\r\n250 too early\r\n",
}


@pytest.mark.parametrize("octets", HOSTILE_REPLIES.values(), ids=HOSTILE_REPLIES)
def test_the_client_is_told_rubbish(octets: bytes):
    """A temporary failure in bounded time and memory: the message stays the client's."""

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(octets)
                connection.recv(4096)
            except ConnectionError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk)
        thread.start()
        paths = [parse_forward_path("<bob@b.example>")]
        lines: list[str] = []
        found = send(listener.getsockname(), parse_path("<x@y.example>"), paths, b"hi\r\n", say=lines.append)
        thread.join()
    assert (found.status, len(lines) < 10_000) == (75, True)
