"""TURN and ATRN: client and server swap, and mail flows the other way on the same connection."""

from __future__ import annotations

import pytest
from smtp_pair import ConnectionPair, answer, client_after, drain, serve, server_at

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.protocol.smtp import (
    NEED_DATA,
    Atrn,
    Auth,
    BadCommand,
    Client,
    ConnectionClosed,
    Data,
    Ehlo,
    LocalProtocolError,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    Reply,
    Server,
    State,
    Turn,
    replies,
    reverse,
)

HELLO = Ehlo("client.example")
MAIL = Mail(NULL_PATH)
BOB = Rcpt(Path(Address("bob", "y.example")))
ODMR = {"extensions": ("AUTH", "ATRN")}


def willing(server, event):
    """Answers of a server that turns around."""
    return replies.S250_TURN if isinstance(event, Turn) else answer(server, event)


def turned(*commands, **options):
    """The client machine and the server machine of hosts that swapped sides, before the greeting."""
    pair = ConnectionPair(respond=willing, **options)
    heard = [pair.say(command)[0] for command in commands]
    assert heard[-1].code == 250
    assert pair.client.state is pair.server.state is State.TURNED
    return reverse(pair.server, Client()), reverse(pair.client, Server("client.example")), pair


@pytest.mark.parametrize(
    ("commands", "options"), [((Turn(),), {}), ((Auth("PLAIN", b"\0bob\0x"), Atrn(("a.example", "b.example"))), ODMR)]
)
def test_mail_flows_the_other_way(commands, options):
    """The old client greets, the old server sends its mail, and the session ends."""
    client, server, old = turned(*commands, **options)
    client.receive_data(server.send(replies.S220_READY("client.example")))
    assert [event.code for event in drain(client)] == [220]
    events, codes = [], []
    for command in (HELLO, MAIL, BOB, Data(), MailData(b"hello\r\n"), Quit()):
        more, octets = serve(server, client.send(command))
        events += more
        client.receive_data(octets)
        codes += [event.code for event in drain(client) if isinstance(event, Reply)]
    assert events == [HELLO, MAIL, BOB, Data(), MailData(b"hello\r\n"), Quit(), ConnectionClosed()]
    assert codes == [250, 250, 250, 354, 250, 221]
    assert (old.client.state, old.server.state) == (State.CLOSED, State.CLOSED)


def test_a_refused_turn():
    """After a 502 everything is as before."""
    pair = ConnectionPair()
    assert pair.say(Turn())[0].code == 502
    assert pair.client.state is pair.server.state is State.READY
    for machine, new in ((pair.server, Client()), (pair.client, Server("c"))):
        with pytest.raises(LocalProtocolError, match="in state READY"):
            reverse(machine, new)


def test_what_comes_for_the_new_machines():
    """What arrives after the turn is kept for the machine of the other side, the end of the connection too."""
    pair = ConnectionPair(respond=willing)
    pair.say(Turn())
    pair.server.receive_data(b"220 client.example\r\n")
    assert pair.server.next_event() is NEED_DATA
    pair.server.receive_data(b"")
    client = reverse(pair.server, Client())
    assert drain(client) == [Reply(220, ("client.example",)), ConnectionClosed()]
    pair.client.receive_data(b"EHLO c\r\n")
    assert pair.client.next_event() is NEED_DATA
    server = reverse(pair.client, Server("client.example"))
    server.send(replies.S220_READY("client.example"))
    assert server.next_event() == Ehlo("c")


def test_what_comes_too_early():
    """What came behind TURN, or behind its reply, belongs to nobody and is dropped."""
    server = server_at(State.READY)
    assert serve(server, b"TURN\r\n220 evil\r\n", willing)[0] == [Turn()]
    assert server.next_event() is NEED_DATA
    assert reverse(server, Client()).next_event() is NEED_DATA
    client = client_after(HELLO)
    client.send(Turn())
    client.receive_data(b"250 Ok\r\nEHLO evil\r\n")
    assert client.next_event().code == 250
    new = reverse(client, Server("c"))
    new.send(replies.S220_READY("c"))
    assert new.next_event() is NEED_DATA


def test_the_connection_ends_instead():
    """If the connection ends after the turn, the machines say so."""
    pair = ConnectionPair(respond=willing)
    pair.say(Turn())
    for machine in (pair.client, pair.server):
        machine.receive_data(b"")
        assert machine.next_event() == ConnectionClosed()


def test_nothing_is_legal_in_between():
    """A machine that turned sends nothing more."""
    pair = ConnectionPair(respond=willing)
    pair.say(Turn())
    with pytest.raises(LocalProtocolError, match="in state TURNED: nothing is"):
        pair.client.send(Noop())


def test_atrn_needs_auth():
    """Before AUTH, ATRN gets 530, and a client does not send it."""
    pair = ConnectionPair(**ODMR)
    assert serve(pair.server, b"ATRN\r\n")[0] == [BadCommand(b"ATRN", replies.E530_AUTH_REQUIRED)]
    with pytest.raises(LocalProtocolError, match="not legal before Auth"):
        pair.client.send(Atrn())
    with pytest.raises(LocalProtocolError, match="'ATRN' needs 'AUTH'"):
        Server("mx.example", extensions=("ATRN",))


@pytest.mark.parametrize(
    ("argument", "event"),
    [(b"", Atrn()), (b" a.example", Atrn(("a.example",))), (b" a.b,[192.0.2.1]", Atrn(("a.b", "[192.0.2.1]")))],
)
def test_atrn_lines(argument, event):
    """ATRN names domains, or none."""
    pair = ConnectionPair(**ODMR)
    pair.say(Auth("PLAIN", b"\0bob\0x"))
    assert pair.client.send(event) == b"ATRN" + argument + b"\r\n"
    pair.server.receive_data(b"ATRN" + argument + b"\r\n")
    assert pair.server.next_event() == event


@pytest.mark.parametrize("argument", [b" a..b", b" a, b", b" ,"])
def test_bad_atrn_lines(argument):
    """Another argument gets 501."""
    pair = ConnectionPair(**ODMR)
    pair.say(Auth("PLAIN", b"\0bob\0x"))
    assert serve(pair.server, b"ATRN" + argument + b"\r\n")[0][0].reply.code == 501
