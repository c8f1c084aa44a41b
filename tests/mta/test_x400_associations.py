"""Two MTAs of X.400 and what they say: messages, breaks and what is resumed, refusals (X.411, X.228)."""

from __future__ import annotations

import pytest

from sim.mail.path import parse_path
from sim.mta.client.envelope import Mailing
from sim.mta.client.x400_transfer import TAKEN, Activities, Transfer
from sim.mta.queue.failure import Failure
from sim.mta.server.x400_reception import Begun, TransferReception
from sim.protocol.x400 import State, pdus
from sim.scenario.products.x400 import X400
from sim.scenario.spec import Host

ANN, BOB, BACK = (parse_path(f"<{name}>") for name in ("ann@b.example", "bob@b.example", "eve@a.example"))
A, B = (Host(name=name, called=f"{name}.example", mta=X400()) for name in "ab")
LOST = Failure(0, "4.4.2", "lost")


def mailing(size=100, queue_id="q1"):
    """A message of a size."""
    return Mailing(BACK, (ANN, BOB), b"Subject: x\r\n\r\n" + b"x" * size, arrival=5.0, queue_id=queue_id)


def ends(content, *, activities=None, begun=None, stays=None, host=A, busy=False):
    """The two sides of an association."""
    client = Transfer(host, content, epoch=0.0, to="b", activities=activities or Activities(), stays=stays)
    server = TransferReception(B, begun or Begun())
    assert server.greet(busy=busy) == b""
    return client, server


def talk(client, server, turns=99):
    """They take turns; what was taken."""
    taken = []
    while not client.done and turns:
        turns -= 1
        said = server.read(client.write())
        taken += server.accepted
        client.read(said)
    return taken


@pytest.mark.parametrize("rts", ["1984", "1988"])
def test_a_message(rts):
    """Set-up, the message, release: what is taken is for both recipients, in the RTS of either version."""
    client, server = ends(mailing(), host=Host(name="a", called="a.example", mta=X400(rts=rts)))
    assert (client.awaits, client.contacted, client.kept) == ("hello", False, False)
    [taken] = talk(client, server)
    assert (taken.reverse_path, taken.forward_paths, taken.looping) == (BACK, (ANN, BOB), False)
    assert taken.content.endswith(b"Subject: x\r\n\r\n" + b"x" * 100)
    assert client.replies == {ANN: TAKEN, BOB: TAKEN}
    assert (client.round_trips, client.awaits, client.reports, TAKEN.positive, server.commands) == (
        3,
        "dot",
        True,
        True,
        4,
    )
    assert server.is_over
    assert server.read(b"x") == b""


def test_turns_of_a_long_message():
    """A window of three: four blocks, then three at a time."""
    client, server = ends(mailing(10_000))
    talk(client, server)
    assert client.round_trips == 2 + 4


def test_another_message_in_the_same_association():
    """It is kept where another waits, and released after the last."""
    client, server = ends(mailing(), stays=lambda: True)
    talk(client, server)
    assert (client.done, client.kept, server.in_transaction) == (True, True, False)
    client.follow(mailing(50, "q2"), None)
    client.resume()
    assert (client.done, client.kept, client.replies) == (False, False, {})
    [taken] = talk(client, server)
    assert taken.content.endswith(b"x" * 50)
    assert client.round_trips == 1


def test_a_break_and_what_is_resumed():
    """What was acknowledged does not go again; the message comes whole."""
    activities, begun = Activities(), Begun()
    client, server = ends(mailing(20_000), activities=activities, begun=begun)
    talk(client, server, turns=5)
    assert server.in_transaction
    server.disconnected()
    client.end(LOST)
    assert (client.failure, client.done, server.is_over) == (LOST, True, True)
    client, server = ends(mailing(20_000), activities=activities, begun=begun)
    [taken] = talk(client, server)
    assert taken.content.endswith(b"x" * 20_000)
    assert client.round_trips == 2 + 4


def test_a_break_that_only_one_side_remembers():
    """The peer aborts, and the message begins anew."""
    activities = Activities()
    client, server = ends(mailing(20_000), activities=activities)
    talk(client, server, turns=5)
    client.end(LOST)
    client, server = ends(mailing(20_000), activities=activities)
    assert talk(client, server) == []
    assert client.failure.text == "the peer aborts the association"
    client, server = ends(mailing(20_000), activities=activities)
    assert len(talk(client, server)) == 1


def test_a_break_behind_the_last_acknowledgement():
    """What was taken is taken; a break while it is released is none."""
    client, server = ends(mailing())
    talk(client, server, turns=3)
    client.end(LOST)
    assert (client.failure, client.replies) == (None, {ANN: TAKEN, BOB: TAKEN})
    server.time_out()
    assert server.is_over


def test_who_is_refused():
    """A host that is full disconnects; nobody is refused within an association."""
    client, server = ends(mailing(), busy=True)
    assert talk(client, server) == []
    assert client.failure.enhanced == "4.3.2"
    with pytest.raises(LookupError):
        client.refusal(ANN, "b")


def test_a_peer_that_breaks_the_protocol():
    """It gets nothing more, and the failure says so; the end of the connection is one, too."""
    client, server = ends(mailing())
    client.write()
    client.read(b"\x09" * 8)
    assert client.failure.enhanced == "4.5.0"
    assert server.read(b"\x09" * 8) == b""
    assert server.is_over
    client, _ = ends(mailing())
    client.write()
    client.read(b"")
    assert client.failure.enhanced == "4.4.2"
    assert client.complete(b"\3\0\0\7\2\xf0\x80\3") == 7


def test_activities_that_are_given_up():
    """Discarded, interrupted, or with the whole association."""
    for said, answer in (
        (pdus.ActivityDiscard(), "ActivityDiscardAck"),
        (pdus.ActivityInterrupt(), "ActivityInterruptAck"),
    ):
        client, server = ends(mailing(20_000))
        talk(client, server, turns=4)
        machine = client._machine
        machine.receive_data(server.read(machine.send(said)))
        assert type(machine.next_event()).__name__ == answer
        assert (machine.state, server.in_transaction) == (State.OPEN, False)
    assert server.read(client._machine.send(pdus.Abort())) == b""
    assert server.is_over


def test_a_loop():
    """An MTA that has had the message knows it again."""
    client, server = ends(mailing())
    [taken] = talk(client, server)
    mine = Mailing(BACK, (ANN,), taken.content, queue_id="q")
    client = Transfer(B, mine, epoch=0.0, to="a", activities=Activities())
    [taken] = talk(client, TransferReception(A, Begun()))
    assert taken.looping


def test_hosts_of_other_products():
    """They use the RTS as an X.400 MTA of no vendor does."""
    client, server = ends(mailing(), host=Host(name="a"))
    assert len(talk(client, server)) == 1
