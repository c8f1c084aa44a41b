"""PhoneNet's packets, records and calls: every record in every state from either side, and any octets in any pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol import phonenet
from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.phonenet import NEED_DATA, Client, ConnectionClosed, Server, State, packets
from sim.protocol.phonenet.packets import PacketReader, checksum, write_packets
from sim.protocol.phonenet.records import (
    ACCEPTED_ADDRESS,
    ACCEPTED_MESSAGE,
    AGAIN,
    OK,
    End,
    EndOfRecipients,
    Recipient,
    Record,
    Reply,
    Sender,
    Submit,
    Text,
)
from sim.protocol.phonenet.states import TRANSITIONS, Refusal, Side

WAY = [
    (State.CALLED, Side.CLIENT, Submit()),
    (State.ASKED, Side.SERVER, Reply(OK, "send ok")),
    (State.SUBMITTING, Side.CLIENT, Sender("ann@a.example")),
    (State.RECIPIENTS, Side.CLIENT, Recipient("bob@b.example")),
    (State.RECIPIENT, Side.SERVER, Reply(ACCEPTED_ADDRESS)),
    (State.RECIPIENTS, Side.CLIENT, EndOfRecipients()),
    (State.TEXT, Side.CLIENT, Text(b"hi\r\n")),
    (State.SENT, Side.SERVER, Reply(ACCEPTED_MESSAGE)),
]
RECORDS: list[Record] = [
    Submit(), End(), Sender("a@b"), Recipient("a@b"), EndOfRecipients(), Text(b"x"), Reply(OK), Reply(AGAIN, "no"),
]  # fmt: skip


def pair(state):
    """A client and a server in a state."""
    client, server = Client(), Server()
    for at, side, record in WAY if state is not State.CLOSED else [(State.CALLED, Side.CLIENT, End())]:
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
@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_a_call_goes_by_the_table(state, side, record):
    """What has a place moves both ends alike; what has none is not sent."""
    client, server = pair(state)
    sender, reader = (client, server) if side is Side.CLIENT else (server, client)
    kind = Refusal if record == Reply(AGAIN, "no") else type(record)
    after = TRANSITIONS[state].get(kind, {}).get(side)
    if after is None:
        with pytest.raises(LocalProtocolError, match=f"is not legal for a {side.value} in state {state.name}"):
            sender.send(record)
        return
    reader.receive_data(sender.send(record))
    assert (reader.next_event(), reader.state, sender.state) == (record, after, after)


def test_the_table_has_every_record_and_state():
    """None is missing."""
    kinds = {Refusal if record == Reply(AGAIN, "no") else type(record) for record in RECORDS}
    assert {kind for moves in TRANSITIONS.values() for kind in moves} == kinds
    assert set(TRANSITIONS) == set(State)


def test_a_packet_has_these_characters():
    """Checksum, type, flags and text; what a telephone line might not carry is escaped."""
    octets, following = write_packets(b"hi#\r\n", 1)
    rest = b"05hi#23#0D#0A"
    assert (octets, following) == (b"%04X" % checksum(rest) + rest + b"\r\n", 2)


def test_long_records_are_cut():
    """At 255 characters, never within an escape; numbers go round."""
    octets, following = write_packets(b"\r" * 700, 0)
    lines = octets.split(b"\r\n")[:-1]
    assert max(map(len, lines)) == 255
    assert [line[5:6] for line in lines] == [b"0", b"1", b"2", b"3", b"0", b"1", b"2", b"3", b"4"]
    assert following == 1
    reader = PacketReader()
    reader.feed(octets)
    assert (reader.next(), reader.next()) == (b"\r" * 700, None)


def packet(rest: bytes) -> bytes:
    """A packet with its right checksum."""
    return b"%04X" % checksum(rest) + rest + b"\r\n"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"hello\r\n", "no packet: b'hello'"),
        (b"000004x\r\n", "checksum is wrong"),
        (packet(b"05x"), "packet 1 where 0 was to come"),
        (packet(b"04#zz"), "a broken escape"),
        (packet(b"04" + b"x" * 255), "no packet"),
        (b"x" * 600, "a packet of more than 255 characters"),
    ],
)
def test_what_is_no_packet_ends_the_call(octets, reason):
    """With its reason."""
    server = Server()
    server.receive_data(octets)
    with pytest.raises(RemoteProtocolError, match=reason):
        server.next_event()
    assert server.next_event() == ConnectionClosed()


def test_a_record_has_an_end(monkeypatch):
    """One that goes on for ever is not taken."""
    monkeypatch.setattr(packets, "RECORD_LIMIT", 3)
    reader = PacketReader()
    reader.feed(packet(b"00abcd"))
    with pytest.raises(RemoteProtocolError, match="a record of more than 3 octets"):
        reader.next()


@pytest.mark.parametrize(
    ("side", "state", "record"),
    [
        (Server, State.CALLED, b"pickup"),
        (Server, State.SUBMITTING, b"no semicolon"),
        (Client, State.ASKED, b"what?"),
        (Client, State.CALLED, b"09ok"),
    ],
)
def test_what_means_nothing_in_a_state_ends_the_call(side, state, record):
    """On either side."""
    client, server = pair(state)
    reader, other = (server, client) if side is Server else (client, server)
    sent = sum(
        1 for at, who, _ in WAY[: [row[0] for row in WAY].index(state)] if (who is Side.CLIENT) == (other is client)
    )
    octets, _ = write_packets(record, sent)
    reader.receive_data(octets)
    with pytest.raises(RemoteProtocolError, match=f"is not legal in state {state.name}"):
        reader.next_event()
    assert reader.state is State.CLOSED


def test_what_cannot_be_told_from_another_is_not_sent():
    """A recipient without a name would end the list."""
    client, _ = pair(State.RECIPIENTS)
    with pytest.raises(LocalProtocolError, match="cannot be told from another record"):
        client.send(Recipient(""))


def test_the_end_of_a_call():
    """Whoever goes on reading hears of it; what comes behind the end is not looked at."""
    client, server = pair(State.SUBMITTING)
    server.receive_data(b"")
    assert (server.next_event(), server.state) == (ConnectionClosed(), State.CLOSED)
    with pytest.raises(LocalProtocolError, match="3 octets came after the peer had closed the connection"):
        server.receive_data(b"abc")
    client.close()
    client.receive_data(b"abc")
    assert client.next_event() == ConnectionClosed()


@given(st.binary(max_size=600), st.integers(1, 40))
def test_a_text_comes_whole_in_any_pieces(content, size):
    """Any octets."""
    client, server = pair(State.TEXT)
    octets, came = client.send(Text(content)), []
    for at in range(0, len(octets), size):
        server.receive_data(octets[at : at + size])
        if (event := server.next_event()) is not NEED_DATA:
            came.append(event)
    assert came == [Text(content)]


@given(st.lists(st.binary(min_size=1, max_size=20) | st.just(packet(b"04end")), max_size=6))
def test_any_octets_in_any_pieces(pieces):
    """Both ends give records, the end, or the protocol's own error."""
    for machine in (Client(), Server(), pair(State.RECIPIENTS)[1], pair(State.SENT)[0]):
        try:
            for piece in pieces:
                machine.receive_data(piece)
                while machine.next_event() not in (NEED_DATA, ConnectionClosed()):
                    pass
        except RemoteProtocolError:
            assert machine.state is phonenet.State.CLOSED
