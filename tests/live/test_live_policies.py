"""The policies of a served host: they do to real clients what they do to simulated ones in a run."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import replace
from pathlib import Path

import pytest
from live_host import ENVELOPE, MESSAGE, Peer, Served, scenario, served

from sim.live.limits import Limits
from sim.live.maildir import Maildir
from sim.live.server import LiveServer
from sim.scenario.products.base import ErrorLimits
from sim.scenario.spec.acts import Act
from sim.scenario.spec.policies import Greylist, Policies, Rate, Refusal

DATA = b"DATA\r\n" + MESSAGE + b".\r\n"


def said(host: Served, octets: bytes) -> list[int]:
    """The codes of all replies to a session."""
    with Peer(host.port) as peer:
        peer.write(octets)
        return peer.rest()


def reset(port: int, *, greeted: bool = False) -> None:
    """Connect, wait for the greeting or not, and reset the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        if greeted:
            peer.recv(100)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_strangers_come_again(tmp_path: Path):
    """A greylist tells them so at RCPT, and lets them in once their time is over; friends come in at once."""
    policies = Policies(greylist=Greylist(delay=0.2))
    session = ENVELOPE + DATA + b"QUIT\r\n"
    with served(tmp_path, policies=policies) as host:
        assert said(host, session) == [220, 250, 250, 451, 503, 500, 500, 500, 500, 221]
        host.until(lambda: said(host, ENVELOPE + b"QUIT\r\n")[3] == 250)
        assert [said(host, session) for _ in range(2)] == [[220, 250, 250, 250, 354, 250, 221]] * 2


@pytest.mark.parametrize(
    ("at", "replies"),
    [
        ("connect", [421]),
        ("helo", [220, 421]),
        ("mail", [220, 250, 421]),
        ("rcpt", [220, 250, 250, 421]),
        ("data", [220, 250, 250, 250, 421]),
        ("dot", [220, 250, 250, 250, 354, 421]),
    ],
)
def test_a_refusal_at_every_place(tmp_path: Path, at: str, replies: list[int]):
    """421 where the scenario says so, and the session is over."""
    with served(tmp_path, policies=Policies(refuse=(Refusal(at=at, code=421),))) as host:
        assert (said(host, ENVELOPE + DATA), host.messages()) == (replies, [])


def test_a_refusal_for_a_while(tmp_path: Path):
    """Stretches count from when the host began to serve."""
    refusal = Refusal(at="mail", code=450, during=((0.0, 0.3),))
    with served(tmp_path, policies=Policies(refuse=(refusal,))) as host, Peer(host.port) as peer:
        peer.write(b"EHLO me\r\nMAIL FROM:<>\r\n")
        assert peer.codes(3) == [220, 250, 450]
        host.until(lambda: said(host, b"EHLO me\r\nMAIL FROM:<>\r\nQUIT\r\n")[2] == 250)


def test_a_sender_who_takes_no_mail(tmp_path: Path):
    """550 5.7.27 to MAIL where the host says so; a domain that nobody knows, and no domain at all, may pass."""
    with served(tmp_path, policies=Policies(null_mx_senders="reject")) as host, Peer(host.port) as peer:
        peer.write(b"EHLO me\r\nMAIL FROM:<x@Deaf.example>\r\nMAIL FROM:<x@y.example>\r\nRSET\r\nMAIL FROM:<>\r\n")
        assert peer.codes(6) == [220, 250, 550, 250, 250, 250]


def test_rates(tmp_path: Path):
    """Sessions, messages and recipients beyond a client's rate are refused."""
    with served(tmp_path, policies=Policies(sessions=Rate(count=2, per=60))) as host:
        assert [said(host, b"QUIT\r\n") for _ in range(3)] == [[220, 221], [220, 221], [421]]
    mail = b"MAIL FROM:<>\r\nRSET\r\n"
    with served(tmp_path, policies=Policies(messages=Rate(count=2, per=60))) as host:
        assert said(host, b"EHLO me\r\n" + 3 * mail + b"QUIT\r\n") == [220, 250, 250, 250, 250, 250, 450, 250, 221]
    with served(tmp_path, policies=Policies(recipients=Rate(count=1, per=60))) as host:
        assert said(host, ENVELOPE + b"RCPT TO:<ben@b.example>\r\nQUIT\r\n") == [220, 250, 250, 250, 450, 221]


def test_clients_are_told_apart(tmp_path: Path):
    """One's sessions are no other's; who has none left is told 421, and may come when one has ended."""
    with served(tmp_path, policies=Policies(sessions_at_once=1)) as host, Peer(host.port) as one:
        assert (one.code(), said(host, b"")) == (220, [421])
        with socket.create_connection(("127.0.0.1", host.port), 10, source_address=("127.0.0.2", 0)) as other:
            assert other.recv(3) == b"220"
        one.write(b"QUIT\r\n")
        assert one.rest() == [221]
        one.close()
        host.until(lambda: said(host, b"QUIT\r\n") == [220, 221])


def test_a_client_cannot_take_all_sessions(tmp_path: Path):
    """Where the scenario sets no limit, each client has one all the same."""
    with served(tmp_path, Limits(client_sessions=2, linger=0.5)) as host:
        peers = [Peer(host.port) for _ in range(3)]
        assert [peer.code() for peer in peers] == [220, 220, 421]
        for peer in peers:
            peer.close()


@pytest.mark.parametrize(("delay", "greeted"), [(0.0, False), (0.0, True), (30.0, False)])
def test_connections_that_were_reset_are_no_sessions(tmp_path: Path, delay: float, greeted: bool):
    """A hundred of them keep nobody out: neither the host's sessions nor the client's are used up."""
    policies = Policies(greeting_delay=delay)
    with served(tmp_path, Limits(client_sessions=3, linger=0.5), sessions=4, policies=policies) as host:
        for _ in range(100):
            reset(host.port, greeted=greeted)
        host.until(lambda: not host.server.sessions)
        if not delay:
            assert (said(host, b"QUIT\r\n"), host.told) == ([220, 221], [])


def test_the_greeting_is_held_back(tmp_path: Path):
    """For as long as the policy says."""
    with served(tmp_path, policies=Policies(greeting_delay=0.3)) as host:
        began = time.monotonic()
        assert (said(host, b"QUIT\r\n"), time.monotonic() - began >= 0.3) == ([220, 221], True)


def test_errors_cost_time_and_end_the_session(tmp_path: Path):
    """From the soft limit on each reply is held back, and at the hard one the session ends."""
    policies = Policies(errors=ErrorLimits(soft_limit=2, hard_limit=4, delay=0.1))
    with served(tmp_path, policies=policies) as host, Peer(host.port) as peer:
        began = time.monotonic()
        for _ in range(5):
            peer.write(b"XYZZY\r\n")
        assert (peer.rest(), time.monotonic() - began >= 0.3) == ([220, 500, 500, 500, 500, 421], True)


def test_a_server_that_stops_holds_nothing_back(tmp_path: Path):
    """Who waits for a greeting is told 421 at once."""
    with served(tmp_path, policies=Policies(greeting_delay=30.0)) as host, Peer(host.port) as peer:
        host.until(lambda: host.server.sessions == 1)
        host.stop()
        assert peer.rest() == [220, 421]


def test_messages_of_a_session(tmp_path: Path):
    """One more than the policy's is told 421."""
    with served(tmp_path, policies=Policies(messages_per_session=1)) as host:
        octets = ENVELOPE + DATA + b"MAIL FROM:<>\r\n"
        assert said(host, octets) == [220, 250, 250, 250, 354, 250, 421]


def test_a_spool_that_is_full(tmp_path: Path):
    """What waits for others counts; a message more than there is room for gets 452."""
    held = ENVELOPE.replace(b"bob@b.example", b"cy@c.example") + DATA + b"QUIT\r\n"
    with served(tmp_path, policies=Policies(spool=100)) as host:
        assert said(host, held)[-2:] == [250, 221]
        assert said(host, held)[2] == 452


def test_no_mail_is_taken_to_return_it(tmp_path: Path):
    """A served host sends no reports, so that it refuses unknown users whatever the policy says, and says so."""
    with served(tmp_path, policies=Policies(unknown_users="bounce")) as host:
        octets = ENVELOPE + b"RCPT TO:<eve@b.example>\r\n" + DATA + b"QUIT\r\n"
        assert said(host, octets) == [220, 250, 250, 250, 550, 354, 250, 221]
        assert [message.count(b"Delivered-To") for message in host.messages()] == [1]
        assert [line[:20] for line in host.told] == ["note: unknown_users:"]


def test_acts_of_the_file_are_said_to_be_nobody_s(tmp_path: Path):
    """A served host has an operator of its own; another host's acts need no word."""
    told: list[str] = []
    for host in ("b", "a"):
        spec = replace(scenario(), acts=(Act(at=1.0, hosts=(host,), do="flush"),))
        served_host = next(iter(spec.architectures.values())).hosts["b"]
        LiveServer(spec, served_host, Maildir(tmp_path / host), Limits(), told.append)
    assert [line[:11] for line in told] == ["note: acts:"]
