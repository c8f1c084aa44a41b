"""MQTT between hosts and a broker: who says what, what is taken, and what becomes of a message (MQTT 3.1.1)."""

from __future__ import annotations

from math import inf

import pytest

from sim.mail.address import parse_address
from sim.mail.directory import directory_of, owner_of
from sim.mail.path import parse_path
from sim.mta.client.envelope import Mailing
from sim.mta.client.message_queue import SILENCE, TAKEN, Publication, Push, Subscriber
from sim.mta.queue.failure import Failure
from sim.mta.server.message_queue import BrokerReception, MessageReception, Subscriptions
from sim.protocol import mqtt
from sim.protocol.mqtt.codec import read_header, read_packet, write_packet
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
from sim.scenario.spec import Host

ANN, BOB = (parse_path(f"<{name}@b.example>") for name in ("ann", "bob"))
BACK = parse_path("<writer@a.example>")
CONTENT = b"Subject: x\r\n\r\nhello\r\n"
MAILING = Mailing(BACK, (ANN, BOB), CONTENT)
A, B, HUB = (Host(name=name) for name in ("a", "b", "hub"))


def packets(octets):
    """What octets are."""
    found = []
    while octets:
        start, length = read_header(octets, len(octets))
        found.append(read_packet(octets[0], octets[start : start + length]))
        octets = octets[start + length :]
    return found


def broker(*, busy=False, **settings):
    """A broker's side of a session, and its subscriptions."""
    subscriptions = Subscriptions()
    server = BrokerReception(Host(name="hub", **settings), subscriptions)
    assert server.greet(busy=busy) == b""
    return server, subscriptions


def run(client, server):
    """Let the two take turns; give what each wrote, and what the server took."""
    said, taken = [], []
    while not client.done:
        flight = client.write()
        written = server.read(flight)
        said += [packets(flight), packets(written)]
        taken += server.accepted
        client.read(written)
    return said, taken


def test_a_message_is_published():
    """CONNECT; then it goes out once for each recipient, all at once, and each is acknowledged."""
    client, (server, _) = Publication(A, MAILING, "a-1"), broker()
    assert (client.reads, client.contacted, client.timeout(), client.awaits) == (0, False, 300.0, "dot")
    said, taken = run(client, server)
    topics = ("b.example/ann", "b.example/bob")
    assert said == [
        [Connect("a-1")],
        [Connack()],
        [Publish(topic, CONTENT, 1, number) for number, topic in enumerate(topics, 1)],
        [Puback(1), Puback(2)],
    ]
    assert [(mail.forward_paths, mail.content, mail.protocol) for mail in taken] == [
        ((ANN,), CONTENT, ""),
        ((BOB,), CONTENT, ""),
    ]
    assert (client.replies, client.failure, client.round_trips) == ({ANN: TAKEN, BOB: TAKEN}, None, 2)
    assert (client.reads, client.contacted, client.kept, TAKEN.positive, TAKEN.code) == (
        len(CONTENT),
        True,
        False,
        True,
        0,
    )
    # What asks for no acknowledgement counts for nothing.
    client.read(write_packet(Puback(9)))
    with pytest.raises(LookupError):
        client.refusal(ANN, "hub")
    assert server.patience == 90.0


def test_a_subscriber():
    """It connects, subscribes, and then asks now and then; its session is kept under its name."""
    server, subscriptions = broker()
    client = Subscriber(B, ["b.example/#"])
    said, _ = run(client, server)
    assert said == [
        [Connect("b", clean_session=False)],
        [Connack()],
        [Subscribe(1, (("b.example/#", 1),))],
        [Suback(1, (1,))],
    ]
    assert (client.subscribed, client.kept, client.contacted, client.timeout()) == (True, True, True, SILENCE)
    client.resume()
    assert not client.done
    assert run(client, server)[0] == [[Pingreq()], [Pingresp()]]
    assert (subscriptions.of("b.example/ann"), subscriptions.of("c.example/x")) == (["b"], [])
    again = BrokerReception(HUB, subscriptions)
    assert run(Subscriber(B, ["b.example/#"]), again)[0][1] == [Connack(session_present=True)]
    client.end(Failure(0, "4.4.2", "lost"))
    assert not client.kept


def connected():
    """A subscriber, and the broker's side of its session."""
    server, _ = broker()
    client = Subscriber(B, ["b.example/#"])
    run(client, server)
    return client, server


def test_a_message_is_passed_on():
    """The broker speaks first on the connection that the subscriber made, and goes on with the next message there."""
    subscriber, server = connected()
    push, reception = Push(HUB, server.machine, MAILING), MessageReception(subscriber.machine)
    assert (reception.greet(busy=False), reception.patience, push.contacted) == (b"", inf, True)
    said, taken = run(push, reception)
    assert [[type(one) for one in flight] for flight in said] == [[Publish, Publish], [Puback, Puback]]
    assert [mail.forward_paths[0] for mail in taken] == [ANN, BOB]
    assert (push.kept, push.replies, reception.commands) == (True, {ANN: TAKEN, BOB: TAKEN}, 2)
    push.follow(Mailing(BACK, (ANN,), b"next"))
    push.resume()
    assert (push.done, push.replies, push.reads) == (False, {}, 4)
    assert [mail.content for mail in run(push, reception)[1]] == [b"next"]
    reception.disconnected()
    assert (reception.is_over, reception.read(b"x"), reception.time_out()) == (True, b"", b"")


def test_a_peer_that_hangs_up_or_breaks_the_protocol():
    """That is the failure, and what was acknowledged by then counts."""
    for octets, text in ((b"", "lost connection with the broker"), (b"\x00\x00", "the broker broke the protocol")):
        client, (server, _) = Publication(A, MAILING, "a-1"), broker()
        client.read(server.read(client.write()))
        flight = client.write()
        client.read(write_packet(Puback(1)))
        client.read(octets)
        assert (client.failure.text.startswith(text), client.failure.at, client.done) == (True, "dot", True)
        assert (client.replies, len(packets(flight))) == ({ANN: TAKEN}, 2)


def test_a_broker_that_is_full():
    """CONNACK with the return code 3: nobody's fault, and tried again."""
    client, (server, _) = Publication(A, MAILING, "a-1"), broker(busy=True)
    run(client, server)
    assert (client.failure.text, client.failure.permanent) == (
        "the broker refuses the connection: return code 3",
        False,
    )
    assert (client.failure.at, client.replies, server.is_over) == ("hello", {}, True)


def test_whole_packets():
    """Of a flight that comes in parts, what can be read."""
    client = Publication(A, MAILING, "a-1")
    octets = write_packet(Connack()) + write_packet(Puback(1))
    assert [client.complete(octets[:size]) for size in (0, 1, 3, 4, 5, 8)] == [0, 0, 0, 4, 4, 8]


def answers(server, *said):
    """What a broker answers to packets."""
    return packets(server.read(b"".join(map(write_packet, said))))


@pytest.mark.parametrize(
    ("connect", "code"),
    [
        (Connect("a", level=3), 1),
        (Connect("", clean_session=False), 2),
        (Connect(""), 0),
        (Connect("a", keep_alive=0), 0),
    ],
)
def test_who_may_connect(connect, code):
    """Another protocol level is refused, and a session to be kept without a name (sections 3.1.2.2, 3.1.3.1)."""
    server, _ = broker()
    assert answers(server, connect) == [Connack(code=code)]
    assert server.is_over == bool(code)


def test_what_a_broker_answers():
    """Each packet its own; a message of QoS 0 none, and one of QoS 2 is taken once, until it is released."""
    server, subscriptions = broker()
    assert answers(server, Connect("a"), Publish("b.example/ann", b"x")) == [Connack()]
    assert len(server.accepted) == 1
    once = Publish("b.example/ann", b"x", 2, 7)
    assert answers(server, once, once, Pubrel(7), once) == [Pubrec(7), Pubrec(7), Pubcomp(7), Pubrec(7)]
    assert len(server.accepted) == 2
    assert answers(server, Publish("nowhere", b"x", 1, 8), Puback(3)) == [Puback(8)]
    assert server.accepted == []
    wishes = (("b.example/#", 2), ("c.example/+", 0))
    assert answers(server, Subscribe(1, wishes)) == [Suback(1, (1, 0))]
    assert subscriptions.of("c.example/x") == ["a"]
    assert answers(server, Unsubscribe(2, ("c.example/+",))) == [Unsuback(2)]
    assert subscriptions.of("c.example/x") == []
    assert (answers(server, Disconnect()), server.is_over) == ([], True)


def test_a_message_that_is_too_big():
    """The broker has no word for it, and closes the connection (section 3.3.5)."""
    client, (server, _) = Publication(A, Mailing(BACK, (ANN,), b"x" * 2000), "a-1"), broker(size_limit=1000)
    assert run(client, server)[1] == []
    assert (client.failure.text, server.is_over) == ("lost connection with the broker", True)


def test_a_clean_session_begins_anew():
    """What was subscribed to before is forgotten (section 3.1.2.4)."""
    subscriptions = Subscriptions()
    subscriptions.add("a", [("x/#", 1)])
    assert (subscriptions.knows("a"), subscriptions.knows("b")) == (True, False)
    assert (subscriptions.begin("a", clean=False), subscriptions.of("x/y")) == (True, ["a"])
    assert (subscriptions.begin("a", clean=True), subscriptions.of("x/y")) == (False, [])
    subscriptions.remove("nobody", ["x/#"])
    assert mqtt.matches("x/#", "x/y")


@pytest.mark.parametrize("local", ["ann", "a/b", "a+b", "#", "x y", "%41", '"quoted"@'.replace("@", ""), "j\u00f6rg"])
def test_a_mailbox_as_a_directory(local):
    """Whatever the user is called, his directory, or topic, is his alone."""
    address = parse_address("ann@b.example")._replace(local=local)
    directory = directory_of(address)
    assert (owner_of(directory), mqtt.topics.is_topic(directory)) == (address, True)
    assert owner_of(f"/{directory}/") == address


@pytest.mark.parametrize("directory", ["", "/", "b.example", "b.example/", "/b.example", "b.example/ann/x"])
def test_what_is_nobodys_directory(directory):
    """A domain and one name below it are needed."""
    assert owner_of(directory) is None
