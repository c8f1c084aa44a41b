"""Every packet of MQTT in every state, from either side: where it leads, and who refuses it (MQTT 3.1.1 section 3)."""

from __future__ import annotations

import pytest

from sim.protocol.mqtt import (
    NEED_DATA,
    Client,
    ConnectionClosed,
    LocalProtocolError,
    RemoteProtocolError,
    Server,
    State,
    packets,
)
from sim.protocol.mqtt.codec import write_packet
from sim.protocol.mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from sim.protocol.mqtt.states import TRANSITIONS, Refusal

N, G, D, C = State.OPEN, State.CONNECTING, State.CONNECTED, State.CLOSED
NO = None
# What a client's packet, and a server's, leads to in OPEN, CONNECTING and CONNECTED; NO where it has no place.
TABLE = [
    (Connect("a"), (G, NO, NO), (NO, NO, NO)),  # 3.1
    (Connack(), (NO, NO, NO), (NO, D, NO)),  # 3.2
    (Connack(code=packets.BAD_LOGIN), (NO, NO, NO), (NO, C, NO)),  # 3.2.2.3
    (Publish("t", b"x"), (NO, G, D), (NO, NO, D)),  # 3.3
    (Publish("t", b"x", 1, 7), (NO, G, D), (NO, NO, D)),  # 3.3
    (Puback(7), (NO, NO, D), (NO, NO, D)),  # 3.4
    (Pubrec(7), (NO, NO, D), (NO, NO, D)),  # 3.5
    (Pubrel(7), (NO, NO, D), (NO, NO, D)),  # 3.6
    (Pubcomp(7), (NO, NO, D), (NO, NO, D)),  # 3.7
    (Subscribe(7, (("t", 1),)), (NO, G, D), (NO, NO, NO)),  # 3.8
    (Suback(7, (1,)), (NO, NO, NO), (NO, NO, D)),  # 3.9
    (Unsubscribe(7, ("t",)), (NO, G, D), (NO, NO, NO)),  # 3.10
    (Unsuback(7), (NO, NO, NO), (NO, NO, D)),  # 3.11
    (Pingreq(), (NO, G, D), (NO, NO, NO)),  # 3.12
    (Pingresp(), (NO, NO, NO), (NO, NO, D)),  # 3.13
    (Disconnect(), (NO, C, C), (NO, NO, NO)),  # 3.14
]
CELLS = [
    (side, state, row[0], after)
    for row in TABLE
    for side, cells in ((Client, row[1]), (Server, row[2]))
    for state, after in zip((N, G, D), cells, strict=True)
]


def pair(state=D):
    """A client and a server in a state."""
    client, server = Client(), Server()
    if state is not N:
        server.receive_data(client.send(Connect("a")))
        assert server.next_event() == Connect("a")
    if state is D:
        client.receive_data(server.send(Connack()))
        assert client.next_event() == Connack()
    assert client.state is server.state is state
    return client, server


def test_none_is_missing():
    """The table has every packet that any state knows, and every state."""
    kinds = {Refusal if row[0] == Connack(code=packets.BAD_LOGIN) else type(row[0]) for row in TABLE}
    assert kinds == {kind for moves in TRANSITIONS.values() for kind in moves}
    assert {N, G, D, C} == set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("side", "state", "packet", "after"), CELLS)
def test_a_pair_by_the_table(side, state, packet, after):
    """What has a place moves both ends alike; what has none is not sent, and ends the session where it comes."""
    client, server = pair(state)
    sender, reader = (client, server) if side is Client else (server, client)
    if after is NO:
        with pytest.raises(
            LocalProtocolError, match=f"is not legal for a {side.__name__.lower()} in state {state.name}"
        ):
            sender.send(packet)
        assert (sender.state, sender.in_flight) == (state, {})
        reader.receive_data(write_packet(packet))
        if reader is server and state is G:
            with pytest.raises(LocalProtocolError, match="Connect still waits for its Connack"):
                reader.next_event()
            return
        with pytest.raises(RemoteProtocolError, match=f"is not legal in state {state.name}"):
            reader.next_event()
        assert (reader.state, reader.next_event()) == (C, ConnectionClosed())
        return
    reader.receive_data(sender.send(packet))
    if reader is server and state is G:
        reader.send(Connack())
        after = D if after is G else after
    assert reader.next_event() == packet
    assert reader.state is after


def test_what_a_client_says_before_connack():
    """It need not wait (section 3.1.4): the server reads on when it has answered."""
    client, server = Client(), Server()
    server.receive_data(client.send(Connect("a"), Subscribe(1, (("t", 1),)), Publish("t", b"x", 1, 2)))
    assert server.next_event() == Connect("a")
    client.receive_data(server.send(Connack(session_present=True)))
    assert [server.next_event(), server.next_event()] == [Subscribe(1, (("t", 1),)), Publish("t", b"x", 1, 2)]
    client.receive_data(server.send(Suback(1, (1,)), Puback(2)))
    assert [client.next_event() for _ in range(4)] == [
        Connack(session_present=True),
        Suback(1, (1,)),
        Puback(2),
        NEED_DATA,
    ]
    assert client.in_flight == {}


def test_exactly_once():
    """PUBLISH of QoS 2, PUBREC, PUBREL, PUBCOMP (section 4.3.3)."""
    client, server = pair()
    server.receive_data(client.send(Publish("t", b"x", 2, 1)))
    assert (server.next_event(), client.in_flight) == (Publish("t", b"x", 2, 1), {1: Pubrec})
    client.receive_data(server.send(Pubrec(1)))
    assert (client.next_event(), client.in_flight) == (Pubrec(1), {})
    server.receive_data(client.send(Pubrel(1)))
    assert (server.next_event(), client.in_flight) == (Pubrel(1), {1: Pubcomp})
    client.receive_data(server.send(Pubcomp(1)))
    assert (client.next_event(), client.in_flight) == (Pubcomp(1), {})


def test_numbers():
    """Each is used once at a time; an answer of another kind is the peer's fault, one to nothing is nobody's."""
    client, server = pair()
    client.send(Publish("t", b"", 1, 1))
    with pytest.raises(LocalProtocolError, match="packet 1 has yet to be answered"):
        client.send(Subscribe(1, (("t", 0),)))
    with pytest.raises(LocalProtocolError, match="packet 5 has yet to be answered"):
        client.send(Publish("t", b"", 1, 5), Publish("t", b"", 1, 5))
    assert client.in_flight == {1: Puback}
    client.receive_data(server.send(Puback(9)))
    assert (client.next_event(), client.in_flight) == (Puback(9), {1: Puback})
    client.receive_data(server.send(Suback(1, (0,))))
    with pytest.raises(RemoteProtocolError, match="Suback answers packet 1: Puback does"):
        client.next_event()


def test_the_next_number():
    """They go round, past those in flight, until all are."""
    client, _ = pair()
    client.in_flight = {1: Puback, 3: Puback}
    assert [client.next_id() for _ in range(3)] == [2, 4, 5]
    client.in_flight = dict.fromkeys(range(1, 65_535), Puback)
    assert [client.next_id(), client.next_id()] == [65_535, 65_535]
    client.in_flight[65_535] = Puback
    with pytest.raises(LocalProtocolError, match="all 65535 numbers"):
        client.next_id()


def test_the_end_of_the_connection():
    """The peer's end ends the session; nothing comes behind it, and a session that is closed reads nothing."""
    client, server = pair()
    server.receive_data(client.send(Disconnect()))
    assert [server.next_event(), server.next_event()] == [Disconnect(), ConnectionClosed()]
    server.receive_data(b"\xc0\x00")
    assert server.next_event() == ConnectionClosed()
    other, gone = pair()
    gone.receive_data(other.send(Pingreq()))
    gone.receive_data(b"")
    assert [gone.next_event(), gone.next_event()] == [Pingreq(), ConnectionClosed()]
    with pytest.raises(LocalProtocolError, match="2 octets came after"):
        gone.receive_data(b"\xc0\x00")
    other.close()
    other.receive_data(b"\xd0\x00")
    assert other.next_event() == ConnectionClosed()
