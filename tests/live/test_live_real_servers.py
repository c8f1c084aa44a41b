"""Our client and `mtasim send` against a real Postfix and a real Exim, with queues and mailboxes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from interop_servers import SIZE_LIMIT, Mta, exim, postfix

from sim import cli
from sim.live.client import Delivery, send
from sim.mail.path import parse_forward_path, parse_path

# Exim takes 0.2 s for a session.
pytestmark = pytest.mark.slow

BOB, BEN, EVE, IDA, LITERAL = "bob@b.example", "ben@b.example", "eve@b.example", "ida@b.example", "ben@[127.0.0.1]"


@pytest.fixture(scope="module", params=[postfix, exim], ids=["postfix", "exim"])
def mta(request: pytest.FixtureRequest) -> Iterator[Mta]:
    """Each of the two, started once."""
    with request.param() as found:
        yield found


def offer(
    port: int, *recipients: str, sender: str = "x@y.example", content: bytes = b"Subject: hi\r\n\r\nhello\r\n"
) -> tuple[Delivery, list[int], list[str]]:
    """Send a message; what became of it, the code for each recipient, and the transcript without its times."""
    lines: list[str] = []
    paths = [parse_forward_path(f"<{recipient}>") for recipient in recipients]
    delivery = send(
        ("127.0.0.1", port), parse_path(f"<{sender}>"), paths, content, say=lambda line: lines.append(line[9:])
    )
    return delivery, [outcome.code for outcome in delivery.outcomes.values()], lines


CONTENTS = {
    "dots": b"\n.\n..\n.x\nx.\n. \n...\n",
    "only a dot": b"\n.\n",
    "eight bits": b"\n" + bytes(range(128, 256)) + b"\n",
    "long lines": b"\n" + b"x" * 998 + b"\n." + b"y" * 997 + b"\n",
    "empty body": b"\n",
    "no body": b"",
    "empty lines at the end": b"\nx\n\n\n",
    "no newline at the end": b"\nthe last line",
    "trailing blanks": b"\nx \t\n\t\ny\t\n",
    "many lines": b"\n" + b"line after line\n" * 1000,
}


@pytest.mark.parametrize("rest", CONTENTS.values(), ids=CONTENTS)
def test_send_delivers_every_octet(mta: Mta, tmp_path: Path, rest: bytes, request: pytest.FixtureRequest):
    """What lies in the mailbox ends with the file that was sent; a last line without its end gets one."""
    subject = f"Subject: {request.node.callspec.id}\n".encode()
    file = tmp_path / "message.eml"
    file.write_bytes(subject + rest)
    status = cli.main(["send", f"127.0.0.1:{mta.port}", "--from", "x@y.example", "--to", BOB, str(file)])
    found = mta.delivered("bob", subject)
    # Exim sets off a header that no body follows with an empty line.
    end = b"\n" if not rest.endswith(b"\n") and (rest or mta.name == "Exim") else b""
    assert (status, found[found.index(subject) :]) == (0, subject + rest + end)


@pytest.mark.parametrize(
    ("recipients", "codes", "status"),
    [
        ((BOB, BEN), [250, 250], 0),
        ((EVE,), [550], 69),
        ((IDA,), [450], 75),
        ((BOB, EVE), [250, 550], 69),
        ((EVE, BOB), [550, 250], 69),
        ((BOB, IDA), [250, 450], 75),
        ((IDA, EVE, BEN), [450, 550, 250], 69),
    ],
)
@pytest.mark.parametrize("pipelining", [True, False])
def test_each_recipient_has_its_own_outcome(
    mta: Mta, recipients: tuple[str, ...], codes: list, status: int, pipelining: bool, request
):
    """Refused for good, put off: the others get the message all the same."""
    words = f"Subject: {request.node.callspec.id}".encode()
    port = mta.port if pipelining else mta.lockstep_port
    delivery, found, _ = offer(port, *recipients, content=words + b"\r\n\r\nhello\r\n")
    assert (delivery.status, found) == (status, codes)
    for recipient, code in zip(recipients, codes, strict=True):
        if code == 250:
            mta.delivered(recipient.partition("@")[0], words)


def test_relaying_is_refused(mta: Mta):
    """For a domain that is not its own; with 554 or 550."""
    delivery, codes, _ = offer(mta.port, "ann@far.example")
    assert (delivery.status, codes) == (69, [{"Postfix": 554, "Exim": 550}[mta.name]])


def test_size_is_told_and_refused_at_mail(mta: Mta):
    """SIZE beyond the limit: 552 before any mail data (RFC 1870 section 6.1)."""
    delivery, codes, lines = offer(mta.port, BOB, content=b"Subject: big\r\n" + b"\r\n" * SIZE_LIMIT)
    assert (delivery.status, codes, delivery.round_trips) == (69, [552], 2)
    assert [line for line in lines if line.startswith(">>> MAIL")] == [">>> MAIL FROM:<x@y.example> SIZE=40014"]


@pytest.mark.parametrize(("recipients", "pipelined", "lockstep"), [((BOB,), 3, 5), ((BOB, BEN), 3, 6)])
def test_pipelining_saves_round_trips(mta: Mta, recipients: tuple[str, ...], pipelined: int, lockstep: int):
    """EHLO, the group and the mail data, however many recipients; a flight for each command without it."""
    found = [offer(port, *recipients)[0].round_trips for port in (mta.port, mta.lockstep_port)]
    assert found == [pipelined, lockstep]


def test_a_group_is_written_before_it_is_answered(mta: Mta):
    """The transcript shows MAIL, RCPT and DATA in a row, and QUIT behind the final dot."""
    lines = [line for line in offer(mta.port, BOB, BEN)[2] if not line.startswith("250-")]
    start = next(number for number, line in enumerate(lines) if line.startswith(">>> MAIL"))
    assert [line[4:8] for line in lines[start : start + 4]] == ["MAIL", "RCPT", "RCPT", "DATA"]
    dot = lines.index(">>> .")
    assert (lines[dot + 1], [line[:3] for line in lines[dot + 2 :]]) == (">>> QUIT", ["250", "221"])


@pytest.mark.parametrize(
    ("sender", "status", "first_digit"),
    [("barred@y.example", 69, 5), ("nodata@y.example", 69, 5), ("later@y.example", 75, 4)],
)
@pytest.mark.parametrize("pipelining", [True, False])
def test_refusals_at_mail_and_data(mta: Mta, sender: str, status: int, first_digit: int, pipelining: bool):
    """The reply to MAIL or DATA is the outcome for every recipient."""
    delivery, codes, _ = offer(mta.port if pipelining else mta.lockstep_port, BOB, BEN, sender=sender)
    assert (delivery.status, [code // 100 for code in codes]) == (status, [first_digit] * 2)


@pytest.mark.parametrize(("subject", "status", "first_digit"), [("forbidden", 69, 5), ("hold off", 75, 4)])
def test_refusals_at_the_final_dot(mta: Mta, subject: str, status: int, first_digit: int):
    """The message is nobody's but the client's."""
    delivery, codes, _ = offer(mta.port, BOB, content=f"Subject: {subject}\r\n\r\nhello\r\n".encode())
    assert (delivery.status, codes[0] // 100) == (status, first_digit)


def test_address_literals(mta: Mta):
    """In the forward-path and in the reverse-path (RFC 5321 section 4.1.3)."""
    words = b"Subject: literals"
    delivery, codes, _ = offer(mta.port, LITERAL, sender="x@[192.0.2.1]", content=words + b"\r\n\r\nhello\r\n")
    assert (delivery.status, codes) == (0, [250])
    assert mta.delivered("ben", words).lower().startswith(b"return-path: <x@[192.0.2.1]>\n")


def test_the_null_reverse_path(mta: Mta):
    """As delivery reports have it."""
    words = b"Subject: from nobody"
    assert offer(mta.port, BOB, sender="", content=words + b"\r\n\r\nhello\r\n")[1] == [250]
    assert mta.delivered("bob", words).lower().startswith(b"return-path: <>\n")


def test_shutting_down_at_rcpt():
    """Postfix says 421 and closes: all that is left is for another time."""
    with postfix() as mta:
        for port in (mta.port, mta.lockstep_port):
            delivery, codes, _ = offer(port, BOB, "ira@b.example", BEN)
            assert (delivery.status, codes) == (75, [421] * 3)


@pytest.mark.parametrize("start", [postfix, exim])
def test_a_server_that_was_stopped(start):
    """Nobody answers any more: a temporary failure."""
    with start() as mta:
        assert offer(mta.port, BOB)[0].status == 0
    assert offer(mta.port, BOB)[0].status == 75
