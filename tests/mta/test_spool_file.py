"""A file of cards from host to host: what the client says, what the server takes, and what becomes of a message."""

from __future__ import annotations

import pytest

from sim.mail.path import parse_path
from sim.mta.client.envelope import Mailing
from sim.mta.client.spool_file import TAKEN, SpoolFile, node_of
from sim.mta.queue.failure import Failure
from sim.mta.server.spool_reception import SpoolReception
from sim.protocol.nje.records import (
    Card,
    EndOfFile,
    JobHeader,
    JobTrailer,
    Message,
    Refusal,
    Request,
    SignOn,
    write_record,
)
from sim.scenario.spec import Host

ANN, BOB = parse_path("<ann@b.example>"), parse_path("<bob@b.example>")
BACK = parse_path("<writer@a.example>")
CONTENT = b"Subject: x\r\n\r\n" + b"long " * 40 + b"\r\n.\r\n"


def pair(content=CONTENT, **settings):
    """Both sides; the server's host has these settings."""
    client = SpoolFile(Host(name="a"), Mailing(BACK, (ANN, BOB), content), 7)
    return client, SpoolReception(Host(name="b", **settings))


def run(client, server, *, busy=False):
    """Let the two take turns; give what the server took."""
    taken, written = [], server.greet(busy=busy)
    while not client.done:
        written = server.read(client.write())
        taken += server.accepted
        client.read(written)
    return taken


def test_a_file_is_taken_whole():
    """Three flights: sign on, ask, send. Lines of more than 80 columns are folded; the sender hears of it."""
    client, server = pair()
    [mail] = run(client, server)
    assert (mail.reverse_path, mail.forward_paths, mail.helo, mail.protocol) == (BACK, (ANN, BOB), "A", "BSMTP")
    assert max(map(len, mail.content.split(b"\r\n"))) <= 80
    assert mail.content.replace(b"\r\n ", b"").replace(b" ", b"") == CONTENT.replace(b" ", b"")
    assert client.replies == {ANN: TAKEN, BOB: TAKEN}
    assert TAKEN.positive
    assert client.notices == ["FILE (0007) SPOOLED TO B(MAILER), 13 RECORDS"]
    assert (client.round_trips, client.failure, client.contacted, client.kept) == (3, None, True, False)
    assert (server.commands, server.is_over, server.in_transaction) == (2, False, False)
    assert (client.timeout(), client.complete(b"abc"), client.reads) == (300.0, 3, len(CONTENT))


def test_a_busy_host_hangs_up():
    """It signs off instead of on."""
    client, server = pair()
    assert run(client, server, busy=True) == []
    assert client.failure == Failure(0, "4.3.2", "the file is refused", at="hello")
    assert server.is_over
    assert server.read(b"more") == b""


def test_a_file_that_is_too_big_is_refused():
    """As a whole."""
    client, server = pair(size_limit=100)
    assert run(client, server) == []
    assert client.failure == Failure(0, "5.3.4", "the file is refused", at="dot")


def in_file(*records):
    """A server with a file under way, and its answer to these records of it."""
    server = SpoolReception(Host(name="b"))
    header = JobHeader("A", "X", "B", "MAILER", 1, "MAIL", 1)
    before = b"".join(map(write_record, (SignOn("A"), Request(), Message("A", "B", "hi"))))
    server.read(before)
    server.read(write_record(header))
    assert server.in_transaction
    return server, server.read(b"".join(map(write_record, records)))


@pytest.mark.parametrize(
    "records", [(Card(b"HELO a"), JobTrailer(2), EndOfFile()), (Card(b"what?"), JobTrailer(1), EndOfFile())]
)
def test_a_broken_file_is_refused(records):
    """Cards are missing, or it is no batch."""
    server, answer = in_file(*records)
    assert (answer, server.accepted) == (write_record(Refusal()), [])


def test_what_breaks_the_protocol_ends_the_session():
    """On either side, without a word."""
    server, answer = in_file(Request())
    assert (answer, server.is_over) == (b"", True)
    client, _ = pair()
    client.write()
    client.read(write_record(Request()))
    assert client.failure == Failure(
        0, "4.5.0", "the server broke the protocol: Request is not legal in state SIGNING_ON", at="hello"
    )


def test_a_line_that_goes_leaves_nothing():
    """What has come of a file is nothing; the client tries again."""
    client, server = pair()
    client.read(server.read(client.write()))
    client.read(b"")
    assert client.failure == Failure(0, "4.4.2", "the line was closed", at="mail")
    server.disconnected()
    assert server.is_over
    other, _ = in_file()
    assert (other.time_out(), other.is_over) == (b"", True)


def test_the_end_behind_the_answer_changes_nothing():
    """What is taken is taken."""
    client, server = pair()
    run(client, server)
    client.read(b"")
    client.end(Failure(0, "4.4.2", "late"))
    assert client.replies == {ANN: TAKEN, BOB: TAKEN}


def test_no_session_is_kept_and_nobody_refused():
    """The receiver takes files, whoever they are for."""
    client, _ = pair()
    with pytest.raises(LookupError, match="no session was kept"):
        client.follow(Mailing(BACK, (ANN,), CONTENT), None)
    with pytest.raises(LookupError, match="b takes or refuses files"):
        client.refusal(ANN, "b")


def test_nodes_have_short_names():
    """Eight characters of the first label."""
    assert node_of("longestname.example") == "LONGESTN"
