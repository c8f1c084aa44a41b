"""MQTT's packets and topics on the wire: as they are written and read (MQTT 3.1.1 sections 2 to 4.7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.mqtt import (
    NEED_DATA,
    Client,
    ConnectionClosed,
    LocalProtocolError,
    RemoteProtocolError,
    Server,
    codec,
    matches,
    packets,
)
from sim.protocol.mqtt.codec import LONGEST, read_header, read_packet, write_packet
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
    Will,
)
from sim.protocol.mqtt.topics import is_filter, is_string, is_topic

NUMBERS = st.integers(1, 65_535)
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
TOPICS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0+#"), min_size=1, max_size=20)
FILTERS = st.one_of(TOPICS, st.sampled_from(["#", "+", "a/#", "+/b/#", "a/+/c", "/", "/+"]))
DATA = st.binary(max_size=200)
QOS = st.integers(0, 2)
LOGINS = st.one_of(st.tuples(st.none(), st.none()), st.tuples(TEXT, st.none() | DATA))
PACKETS = st.one_of(
    st.builds(
        lambda name, clean, keep, login, will, level: Connect(name, clean, keep, *login, will, level),
        *(TEXT, st.booleans(), st.integers(0, 65_535), LOGINS),
        st.none() | st.builds(Will, TOPICS, DATA, QOS, st.booleans()),
        st.integers(0, 255),
    ),
    st.sampled_from([Connack(), Connack(session_present=True), *(Connack(code=code) for code in range(1, 6))]),
    st.builds(Publish, TOPICS, DATA, st.just(0), st.just(0), st.just(False), st.booleans()),
    st.builds(Publish, TOPICS, DATA, st.integers(1, 2), NUMBERS, st.booleans(), st.booleans()),
    *(st.builds(kind, NUMBERS) for kind in (Puback, Pubrec, Pubrel, Pubcomp, Unsuback)),
    st.builds(Subscribe, NUMBERS, st.lists(st.tuples(FILTERS, QOS), min_size=1, max_size=4).map(tuple)),
    st.builds(Suback, NUMBERS, st.lists(st.sampled_from([0, 1, 2, 128]), min_size=1, max_size=4).map(tuple)),
    st.builds(Unsubscribe, NUMBERS, st.lists(FILTERS, min_size=1, max_size=4).map(tuple)),
    st.sampled_from([Pingreq(), Pingresp(), Disconnect()]),
)


@given(PACKETS)
def test_a_packet_is_read_as_it_was_written(packet):
    """Whatever can be sent means the same to the peer."""
    octets = write_packet(packet)
    start, length = read_header(octets, LONGEST)
    assert (read_packet(octets[0], octets[start:]), start + length) == (packet, len(octets))


@pytest.mark.parametrize(
    ("packet", "octets"),
    [
        (Connect("ann"), b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03ann"),
        (Connect("a", False, 10, "u", b"p"), b"\x10\x13\x00\x04MQTT\x04\xc0\x00\x0a\x00\x01a\x00\x01u\x00\x01p"),
        (Connect("", will=Will("w", b"x", 1, True)), b"\x10\x12\x00\x04MQTT\x04\x2e\x00\x3c\x00\x00\x00\x01w\x00\x01x"),
        (Connack(session_present=True), b"\x20\x02\x01\x00"),
        (Publish("a/b", b"x", 1, 10), b"\x32\x08\x00\x03a/b\x00\x0ax"),
        (Publish("a", b"", 2, 1, True, True), b"\x3d\x05\x00\x01a\x00\x01"),
        (Pubrel(258), b"\x62\x02\x01\x02"),
        (Subscribe(10, (("a/b", 1), ("c/d", 2))), b"\x82\x0e\x00\x0a\x00\x03a/b\x01\x00\x03c/d\x02"),
        (Suback(1, (1, 128)), b"\x90\x04\x00\x01\x01\x80"),
        (Unsubscribe(1, ("a",)), b"\xa2\x05\x00\x01\x00\x01a"),
        (Pingreq(), b"\xc0\x00"),
        (Publish("a", bytes(321)), b"\x30\xc4\x02\x00\x01a" + bytes(321)),
    ],
)
def test_the_octets(packet, octets):
    """As the standard's figures have them."""
    assert write_packet(packet) == octets


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"\x00\x00", "no packet of type 0"),
        (b"\xf0\x00", "no packet of type 15"),
        (b"\xc1\x00", "flags 0001 in a packet of type 12"),
        (b"\x60\x02\x00\x01", "flags 0000 in a packet of type 6"),
        (b"\xc0\x01x", "1 octets too many"),
        (b"\x40\x01\x00", "too short"),
        (b"\x40\x02\x00\x00", "the number 0"),
        (b"\xc0\xff\xff\xff\xff", "more than 4 octets"),
        (b"\x10\x0c\x00\x04MQTX\x04\x02\x00\x3c\x00\x00", "another protocol"),
        (b"\x10\x0c\x00\x04MQTT\x04\x03\x00\x3c\x00\x00", "flags 00000011"),
        (b"\x10\x0c\x00\x04MQTT\x04\x1c\x00\x3c\x00\x00", "flags 00011100"),
        (b"\x10\x0c\x00\x04MQTT\x04\x08\x00\x3c\x00\x00", "flags 00001000"),
        (b"\x10\x0c\x00\x04MQTT\x04\x42\x00\x3c\x00\x00", "flags 01000010"),
        (b"\x20\x02\x02\x00", "CONNACK says 2 and 0"),
        (b"\x20\x02\x00\x06", "CONNACK says 0 and 6"),
        (b"\x20\x02\x01\x01", "CONNACK says 1 and 1"),
        (b"\x36\x05\x00\x01a\x00\x01", "PUBLISH has the flags 0110"),
        (b"\x38\x03\x00\x01a", "PUBLISH has the flags 1000"),
        (b"\x30\x02\x00\x00", "'' is not allowed here"),
        (b"\x30\x03\x00\x01#", "'#' is not allowed here"),
        (b"\x30\x03\x00\x01\xff", "is not UTF-8"),
        (b"\x30\x03\x00\x01\x00", "is not allowed here"),
        (b"\x82\x02\x00\x01", "too short"),
        (b"\x82\x06\x00\x01\x00\x01a\x03", "a QoS of 3"),
        (b"\x82\x07\x00\x01\x00\x02a#\x00", "'a#' is not allowed here"),
        (b"\x90\x02\x00\x01", r"SUBACK says \(\)"),
        (b"\x90\x03\x00\x01\x03", r"SUBACK says \(3,\)"),
    ],
)
def test_what_is_malformed(octets, why):
    """It ends the session where it comes (section 4.8)."""
    with pytest.raises(RemoteProtocolError, match=why):
        read_packet(octets[0], octets[read_header(octets, LONGEST)[0] :])


@pytest.mark.parametrize(
    "packet",
    [
        Publish("a", b"", 1, 0),
        Publish("a", b"", 0, 5),
        Publish("a", b"", 3, 5),
        Publish("", b""),
        Publish("a+", b""),
        Puback(65_536),
        Suback(1, (300,)),
        Connect("a", password=b"x"),
        Connect("a" * 70_000),
        Connect("\ud800"),
        Subscribe(1, ()),
    ],
)
def test_what_cannot_be_sent(packet):
    """Nothing goes out that would mean something else, or nothing."""
    with pytest.raises(LocalProtocolError, match="cannot send"):
        write_packet(packet)


def test_the_longest(monkeypatch):
    """A packet has so many octets behind its header, at most (section 2.2.3), and an end may take fewer."""
    assert LONGEST == 256 * 1024 * 1024 - 1
    monkeypatch.setattr(codec, "LONGEST", 300)
    with pytest.raises(LocalProtocolError, match="it has 301 octets, at most 300 are allowed"):
        write_packet(Publish("a", bytes(298)))
    server = Server(longest=20)
    server.receive_data(b"\x30\x15")
    with pytest.raises(RemoteProtocolError, match="a packet of 21 octets: at most 20 are taken"):
        server.next_event()


@pytest.mark.parametrize(
    ("text", "name", "does"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis", False),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("a/b", "a", False),
        ("a", "a/b", False),
        ("a/+/c", "a/b/c", True),
        ("A", "a", False),
    ],
)
def test_what_a_filter_matches(text, name, does):
    """As section 4.7 has it."""
    assert matches(text, name) is does


def test_names_and_filters():
    """Wildcards are whole levels, of filters alone (section 4.7.1)."""
    good, bad = ["a", "/", "+", "#", "a/#", "+/tennis/#", "a/+/b"], ["", "a#", "#/a", "sport+", "a/b#", "a\0", "a+/b"]
    assert [is_filter(text) for text in good + bad] == [True] * 7 + [False] * 7
    assert [is_topic(text) for text in ("a", "a/b", " ", "", "+", "a/#", "\0")] == [True] * 3 + [False] * 4
    assert [is_string(text) for text in ("", "a" * 65_535, "\ud800", "a" * 65_536)] == [True, True, False, False]


WIRE = st.lists(st.one_of(PACKETS.map(write_packet), st.binary(max_size=20)), max_size=8).map(b"".join)


def _events(end, data, cuts):
    """What an end says of octets that come in pieces."""
    edges = sorted(min(cut, len(data)) for cut in cuts)
    found = []
    try:
        for first, last in zip([0, *edges], [*edges, len(data)], strict=True):
            if first < last:
                end.receive_data(data[first:last])
            while (event := end.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
                found.append(event)
                if isinstance(event, Connect):
                    end.send(Connack())
    except RemoteProtocolError as error:
        found.append(str(error))
    return found, end.state


@given(WIRE, st.lists(st.integers(0, 400), max_size=8), st.booleans())
def test_an_end_takes_anything(data, cuts, greets):
    """Any octets in any pieces give the same packets, or say that the peer broke the protocol."""
    data = write_packet(Connect("a")) + data if greets else data
    assert _events(Server(longest=1000), data, cuts) == _events(Server(longest=1000), data, ())
    ends = Client(longest=1000), Client(longest=1000)
    for end in ends:
        end.send(Connect("a"))
    data = write_packet(Connack()) + data
    assert _events(ends[0], data, cuts) == _events(ends[1], data, ())


def test_return_codes():
    """CONNACK's have their names (section 3.2.2.3)."""
    assert (packets.ACCEPTED, packets.BAD_LEVEL, packets.BAD_CLIENT_ID, packets.NOT_AUTHORIZED) == (0, 1, 2, 5)
