"""A call by PhoneNet: what who calls says, what the other answers, and what becomes of a message."""

from __future__ import annotations

import pytest

from sim.mail.path import NULL_PATH, parse_path
from sim.mta.client.envelope import Mailing
from sim.mta.client.phone_submission import PhoneSubmission
from sim.mta.queue.failure import Failure
from sim.mta.server.phone_reception import PhoneReception
from sim.mta.server.recipients import Directory
from sim.protocol.phonenet.packets import write_packets
from sim.scenario.spec import Domain, Host

ANN, BOB, NOBODY = (parse_path(f"<{name}@b.example>") for name in ("ann", "bob", "nobody"))
BACK = parse_path("<writer@a.example>")
CONTENT = b"Subject: x\r\n\r\nhello\r\n"


def pair(*paths, back=BACK, **settings):
    """Both sides; the server keeps the mailboxes of b.example."""
    host = Host(name="b", **settings)
    directory = Directory(host, [Domain(name="b.example", users=("ann", "bob"))], lambda _: None)
    return PhoneSubmission(Host(name="a"), Mailing(back, paths, CONTENT)), PhoneReception(host, directory)


def run(client, server, *, busy=False):
    """Let the two take turns; give what the server took."""
    taken, written = [], server.greet(busy=busy)
    while not client.done:
        written = server.read(client.write())
        taken += server.accepted
        client.read(written)
    return taken


def test_a_message_is_submitted():
    """The command, each recipient, the text: a flight each."""
    client, server = pair(ANN, BOB)
    [mail] = run(client, server)
    assert (mail.reverse_path, mail.forward_paths, mail.content, mail.protocol) == (
        BACK,
        (ANN, BOB),
        CONTENT,
        "PhoneNet",
    )
    assert {path: (reply.code, reply.positive) for path, reply in client.replies.items()} == {
        ANN: (0o040, True),
        BOB: (0o040, True),
    }
    assert (client.round_trips, client.failure, client.contacted, client.kept) == (4, None, True, False)
    assert (client.timeout(), client.complete(b"abc"), client.reads) == (180.0, 3, len(CONTENT))
    assert (server.commands, server.is_over, server.in_transaction) == (4, False, False)


def test_who_is_not_there_is_refused():
    """The others get the message all the same."""
    client, server = pair(NOBODY, ANN)
    [mail] = run(client, server)
    assert mail.forward_paths == (ANN,)
    assert client.refusal(NOBODY, "b").code == 550
    assert client.refusal(NOBODY, "b").at == "rcpt"


def test_nobody_is_left_for_the_text():
    """Then it does not go out."""
    client, server = pair(NOBODY)
    assert run(client, server) == []
    assert (client.round_trips, list(client.replies)) == (2, [NOBODY])


def test_a_message_that_is_too_big_is_refused():
    """For now: there is no room."""
    client, server = pair(ANN, size_limit=10)
    assert run(client, server) == []
    failure = client.refusal(ANN, "b")
    assert (failure.code, failure.enhanced, failure.at) == (450, "4.0.0", "dot")


def test_a_busy_host_says_so():
    """The client tries again."""
    client, server = pair(ANN)
    assert run(client, server, busy=True) == []
    assert client.failure == Failure(450, "4.3.2", "not now", at="hello")


def test_a_report_has_no_sender():
    """Its address is empty."""
    client, server = pair(ANN, back=NULL_PATH)
    assert run(client, server)[0].reverse_path == NULL_PATH


def answers(*records):
    """What a server answers to these records, one after the other."""
    _, server = pair(ANN)
    written = []
    for number, record in enumerate((b"submit", *records)):
        octets, _ = write_packets(record, number)
        written.append(server.read(octets)[6:-2])
    return server, written


def test_addresses_that_are_none():
    """A recipient is undeliverable, a sender is nobody; a text for nobody is for nobody."""
    server, written = answers(b"m;what is this", b"nobody here", b"", b"text")
    assert [text[:2] for text in written] == [b"09", b"", b"E0", b"", b"20"]
    assert server.accepted == []


def test_what_breaks_the_protocol_ends_the_call():
    """On either side, without a word."""
    server, written = answers(b"rubbish")
    assert (written[1], server.is_over, server.read(b"more")) == (b"", True, b"")
    client, _ = pair(ANN)
    client.write()
    client.read(b"rubbish\r\n")
    assert client.failure is not None
    assert (client.failure.enhanced, client.failure.at) == ("4.5.0", "mail")


def test_a_call_that_is_cut_off_leaves_nothing():
    """What has come of a message is nothing; the client tries again."""
    client, server = pair(ANN)
    client.read(server.read(client.write()))
    server.read(client.write())
    assert server.in_transaction
    client.read(b"")
    assert client.failure == Failure(0, "4.4.2", "the call was cut off", at="mail")
    server.disconnected()
    assert server.is_over
    other, _ = answers()
    assert (other.time_out(), other.is_over) == (b"", True)


def test_the_end_behind_the_answer_changes_nothing():
    """What is accepted is accepted."""
    client, server = pair(ANN)
    run(client, server)
    client.read(b"")
    assert (client.failure, list(client.replies)) == (None, [ANN])


def test_no_session_is_kept():
    """There is one message in each call."""
    with pytest.raises(LookupError, match="no session was kept"):
        pair(ANN)[0].follow(Mailing(BACK, (ANN,), CONTENT), None)
