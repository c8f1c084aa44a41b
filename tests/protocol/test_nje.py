"""NJE's records, cards and lines: every record in every state from either side, and any octets in any pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol import nje
from sim.protocol.nje import NEED_DATA, Client, ConnectionClosed, LocalProtocolError, RemoteProtocolError, Server, State
from sim.protocol.nje.cards import cards_of, octets_of
from sim.protocol.nje.records import (
    Card,
    Complete,
    EndOfFile,
    JobHeader,
    JobTrailer,
    Message,
    Permission,
    Record,
    Refusal,
    Request,
    SignOff,
    SignOn,
    SignOnReply,
    read_record,
    write_record,
)
from sim.protocol.nje.states import TRANSITIONS, Side

HEADER = JobHeader("CUNYVM", "MAILER", "YALEVM", "MAILER", 42, "MAIL", 1)
# What leads from state to state, the way that a file takes.
WAY = [
    (State.OPEN, Side.CLIENT, SignOn("CUNYVM")),
    (State.SIGNING_ON, Side.SERVER, SignOnReply("YALEVM")),
    (State.IDLE, Side.CLIENT, Request()),
    (State.ANNOUNCED, Side.SERVER, Permission()),
    (State.PERMITTED, Side.CLIENT, HEADER),
    (State.FILE, Side.CLIENT, JobTrailer(0)),
    (State.TRAILED, Side.CLIENT, EndOfFile()),
    (State.SENT, Side.SERVER, Complete()),
]
RECORDS: list[Record] = [
    *(record for _, _, record in WAY),
    Refusal(),
    SignOff(),
    Card(b"x"),
    Message("A", "B", "hello"),
]


def pair(state):
    """A client and a server in a state."""
    client, server = Client(), Server()
    for at, side, record in WAY if state is not State.CLOSED else [*WAY[:2], (State.IDLE, Side.CLIENT, SignOff())]:
        if client.state is state:
            break
        assert client.state is at
        sender, reader = (client, server) if side is Side.CLIENT else (server, client)
        reader.receive_data(sender.send(record))
        assert reader.next_event() == record
    assert client.state is server.state is state
    return client, server


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_line_goes_by_the_table(state, side, record):
    """What has a place moves both ends alike; what has none is not sent, and closes the line where it comes."""
    client, server = pair(state)
    sender, reader = (client, server) if side is Side.CLIENT else (server, client)
    after = TRANSITIONS[state].get(type(record), {}).get(side)
    if after is None:
        with pytest.raises(LocalProtocolError, match=f"is not legal for a {side.value} in state {state.name}"):
            sender.send(record)
        reader.receive_data(write_record(record))
        if state is not State.CLOSED:
            with pytest.raises(RemoteProtocolError, match=f"is not legal in state {state.name}"):
                reader.next_event()
        assert reader.next_event() == ConnectionClosed()
        return
    reader.receive_data(sender.send(record))
    assert (reader.next_event(), reader.state, sender.state) == (record, after, after)


def test_the_table_has_every_record_and_state():
    """None is missing."""
    assert {kind for moves in TRANSITIONS.values() for kind in moves} == {type(record) for record in RECORDS}
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(
    ("record", "octets"),
    [
        (Request(), "909900"),
        (Permission(), "a09900"),
        (Complete(), "c09900"),
        (EndOfFile(), "990000"),
        (SignOn("YALE"), "f0c9c5e8c1d3c50500"),
        (Card(b""), "998000"),
        (Card(b"ab"), "9980c2818200"),
        (Card(b"a    bbbbb"), "9980c18184a58200"),
        (Card(b" " * 40 + b"x"), "99809f89c1a700"),
    ],
)
def test_a_record_has_these_octets(record, octets):
    """RCB, SRCB, strings behind their SCB, and an SCB of 0; blanks and runs are counted, not sent."""
    assert write_record(record).hex() == octets
    assert read_record(write_record(record)) == (record, len(octets) // 2)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("0000", "no record begins with octets 0x00 0x00"),
        ("99804000", "no string begins with octet 0x40"),
        ("9980" + "bf81" * 20 + "00", "more than 512"),
        ("9980" + "bf81" * 3 + "00", "a card of 93 columns"),
        ("9099c18100", "Request with 'a'"),
        ("9a80c18100", "Message with 'a'"),
        ("99d0c18100", "JobTrailer with 'a' where its cards is to stand"),
    ],
)
def test_what_is_no_record_is_refused(octets, reason):
    """The line is closed."""
    with pytest.raises(RemoteProtocolError, match=reason):
        read_record(bytes.fromhex(octets))


@pytest.mark.parametrize("record", [Card(b"x" * 81), SignOn("é"), SignOn("a\tb"), Message("a", "b", "x" * 512)])
def test_what_no_record_holds_is_not_sent(record):
    """It is for the caller to cut."""
    with pytest.raises(LocalProtocolError):
        write_record(record)


def test_the_end_of_a_line():
    """Whoever goes on reading hears of it; nothing comes behind it, and what comes behind the end is not looked at."""
    client, server = pair(State.IDLE)
    server.receive_data(b"")
    assert (server.next_event(), server.state) == (ConnectionClosed(), State.CLOSED)
    with pytest.raises(LocalProtocolError, match="3 octets came after the peer had closed the connection"):
        server.receive_data(b"abc")
    client.close()
    client.receive_data(b"abc")
    assert client.next_event() == ConnectionClosed()


def test_lines_become_cards():
    """80 columns; longer lines are folded, blanks at the end of a line are gone."""
    octets = b"a  \r\n" + b"x" * 100 + b"\r\n\r\nend"
    assert cards_of(octets) == (b"a", b"x" * 80, b" " + b"x" * 20, b"", b"end")
    assert octets_of(cards_of(octets)) == b"a\r\n" + b"x" * 80 + b"\r\n " + b"x" * 20 + b"\r\n\r\nend\r\n"


@given(st.binary(max_size=300))
def test_cards_stay_cards(octets):
    """They hold any octets, and what has become cards once stays as it is."""
    cards = cards_of(octets)
    assert cards_of(octets_of(cards)) == cards
    assert all(read_record(write_record(Card(card)))[0] == Card(card) for card in cards)


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_any_octets_in_any_pieces(pieces):
    """Both ends give records, the end, or the protocol's own error."""
    for machine in (pair(State.FILE)[1], pair(State.SENT)[0], Client(), Server()):
        try:
            for piece in pieces:
                if piece:
                    machine.receive_data(piece)
                while machine.next_event() not in (NEED_DATA, ConnectionClosed()):
                    pass
        except RemoteProtocolError:
            assert machine.state is nje.State.CLOSED


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_a_file_comes_whole_in_any_pieces(sizes):
    """It is the same records, however the octets are cut."""
    client, server = pair(State.PERMITTED)
    sent = [HEADER, Card(b"x" * 70 + b" " * 5 + b"y"), Message("A", "B", "hi"), JobTrailer(1), EndOfFile()]
    octets, came, at = client.send(*sent), [], 0
    for size in [*sizes, len(octets)]:
        if octets[at : at + size]:
            server.receive_data(octets[at : at + size])
        at += size
        while (event := server.next_event()) is not NEED_DATA:
            came.append(event)
    assert came == sent
