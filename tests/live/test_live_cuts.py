"""A server that hangs up after any octet of any of its flights: what it had said by then is what became of the mail."""

from __future__ import annotations

import socket
from itertools import accumulate

import pytest
from test_live_client import MESSAGE, QUICK, server

from sim.live.client import send
from sim.mail.path import parse_forward_path, parse_path

RECIPIENTS = ["u@b.example", "v@b.example", "w@b.example"]
SMTP = [
    [b"220 b\r\n"],
    [b"250-b\r\n250 PIPELINING\r\n"],
    [b"250 ok\r\n", b"250 ok\r\n", b"550 no\r\n", b"250 ok\r\n", b"354 go\r\n"],
    [b"250 taken\r\n", b"221 bye\r\n"],
]
LMTP = [*SMTP[:3], [b"250 taken\r\n", b"452 full\r\n", b"221 bye\r\n"]]
REFUSING = [
    *SMTP[:2],
    [b"250 ok\r\n", b"250 ok\r\n", b"550 no\r\n", b"250 ok\r\n", b"554 not now\r\n"],
    [b"221 bye\r\n"],
]


def cuts(flights):
    """Every flight in which, and every octet after which a server may hang up."""
    return [(flight, octets) for flight, replies in enumerate(flights) for octets in range(len(b"".join(replies)) + 1)]


def heard(replies, octets):
    """How many replies of a flight are whole by then."""
    return sum(end <= octets for end in accumulate(map(len, replies)))


def expected(flights, cut):
    """The code that decided for each recipient; 0 where none did."""
    flight, octets = cut
    fate = [0, 0, 0]
    told = [heard(replies, octets if at == flight else len(b"".join(replies)) * (at < flight))
            for at, replies in enumerate(flights)]  # fmt: skip
    if told[2] >= 3:
        fate[1] = 550
    if told[2] == 5 and flights[2][4][:3] == b"554":
        return [554, 550, 554]
    words = [int(reply[:3]) for reply in flights[3][: told[3]]]
    if flights is LMTP:
        return [words[0] if words else 0, fate[1], words[1] if len(words) > 1 else 0]
    return [words[0] if words else 0, fate[1], words[0] if words else 0]


def talk(flights, cut):
    """A server that says its flights up to the cut, and closes."""

    def run(connection: socket.socket) -> None:
        for at, replies in enumerate(flights):
            said = b"".join(replies)
            connection.sendall(said[: cut[1]] if at == cut[0] else said)
            if at == cut[0]:
                return
            connection.recv(65536)

    return run


@pytest.mark.parametrize("flights", [SMTP, LMTP, REFUSING], ids=["SMTP", "LMTP", "554 to DATA"])
def test_what_was_said_counts(flights):
    """Reply by reply, at every octet (RFC 5321 section 6.1); no recipient hears anything else."""
    for cut in cuts(flights):
        with server(talk(flights, cut)) as port:
            delivery = send(
                ("127.0.0.1", port),
                parse_path("<x@y.example>"),
                [parse_forward_path(f"<{recipient}>") for recipient in RECIPIENTS],
                MESSAGE,
                policy=QUICK,
                lmtp=flights is LMTP,
                say=lambda _: None,
            )
        assert [outcome.code for outcome in delivery.outcomes.values()] == expected(flights, cut), cut
