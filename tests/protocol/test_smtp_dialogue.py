"""Dialogues between a client machine and a server machine, and how each of them is used."""

from __future__ import annotations

import pytest
from smtp_pair import GREETING, ConnectionPair, answer, client_after, drain, serve, server_at

import sim.protocol.smtp
from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.protocol.smtp import (
    NEED_DATA,
    BadCommand,
    Client,
    ConnectionClosed,
    Data,
    Ehlo,
    Expn,
    Helo,
    Help,
    LocalProtocolError,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    RemoteProtocolError,
    Reply,
    Rset,
    Server,
    State,
    Vrfy,
    replies,
)

HELLO = Ehlo("client.example")
MAIL = Mail(NULL_PATH)
BOB, EVE = (Rcpt(Path(Address(name, "y.example"))) for name in ("bob", "eve"))


def codes(heard):
    """The codes of replies, without the end of the session."""
    return [event.code for event in heard if isinstance(event, Reply)]


def only_bob(server, event):
    """Answers of a server where every recipient but bob is unknown."""
    return replies.E550_NO_SUCH_USER if event == EVE else answer(server, event)


def test_lockstep():
    """A whole session, one command a flight, ends closed at both ends."""
    pair = ConnectionPair(extensions=())
    assert codes(pair.greeting) + codes(pair.hello) == [220, 250]
    for command, code in [(MAIL, 250), (BOB, 250), (EVE, 250), (Data(), 354), (MailData(b"hello\r\n"), 250)]:
        assert codes(pair.say(command)) == [code]
        assert pair.events == [command]
    assert pair.say(Quit()) == [Reply(221, ("Bye",)), ConnectionClosed()]
    assert pair.client.state is pair.server.state is State.CLOSED


def test_pipelined():
    """With PIPELINING a group rides in one flight, QUIT rides behind the final dot, and replies come in order."""
    pair = ConnectionPair(respond=only_bob)
    assert codes(pair.say(MAIL, BOB, EVE, Data())) == [250, 250, 550, 354]
    assert codes(pair.say(MailData(b"hello\r\n"), Quit())) == [250, 221]
    assert pair.client.outstanding == 0


def test_the_next_group_rides_with_the_dot():
    """The next transaction may follow the mail data at once (RFC 2920 section 3.1)."""
    pair = ConnectionPair()
    pair.say(MAIL, BOB, Data())
    assert codes(pair.say(MailData(b""), MAIL, BOB, Data())) == [250, 250, 250, 354]
    assert pair.client.state is pair.server.state is State.DATA


def test_helo():
    """HELO brings no extensions, no enhanced codes, and a peer that is not ESMTP."""
    pair = ConnectionPair(hello=Helo("client.example"))
    assert (pair.client.extensions, pair.server.esmtp_peer, pair.server.helo) == ({}, False, "client.example")
    assert pair.say(MAIL) == [Reply(250, ("Ok",))]


def test_ehlo_offers_the_extensions():
    """The client learns what the server offers, in its order, with the size limit."""
    pair = ConnectionPair(extensions=("PIPELINING", "SIZE", "8BITMIME"), size_limit=1000)
    assert pair.hello == [
        Reply(250, ("mx.example greets client.example", "PIPELINING", "SIZE 1000", "8BITMIME")),
    ]
    assert list(pair.client.extensions.items()) == [("PIPELINING", ""), ("SIZE", "1000"), ("8BITMIME", "")]
    assert (pair.server.esmtp_peer, pair.server.helo) == (True, "client.example")


def test_helo_after_ehlo_takes_the_extensions_back():
    """The last of HELO and EHLO counts, at both ends."""
    pair = ConnectionPair()
    pair.say(Helo("other.example"))
    assert (pair.client.extensions, pair.server.esmtp_peer, pair.server.helo) == ({}, False, "other.example")
    with pytest.raises(LocalProtocolError, match="PIPELINING"):
        pair.say(MAIL, BOB)


def test_extensions_of_a_foreign_server():
    """Keywords come in upper case with the text after them; empty lines are no keywords."""
    client = client_after()
    client.send(HELLO)
    client.receive_data(b"250-x hello\r\n250-size 10\r\n250-Auth PLAIN  LOGIN\r\n250-\r\n250 X-NEW\r\n")
    assert drain(client)[0].code == 250
    assert client.extensions == {"SIZE": "10", "AUTH": "PLAIN  LOGIN", "X-NEW": ""}


def test_the_reply_to_helo_offers_nothing():
    """Further lines of a reply to HELO are no extensions, and what looks like an enhanced code there is text."""
    client = client_after(HELLO)
    client.send(Helo("client.example"))
    client.receive_data(b"250-2.0.0 x\r\n250 PIPELINING\r\n")
    assert drain(client) == [Reply(250, ("2.0.0 x", "PIPELINING"))]
    assert client.extensions == {}


def test_an_rfc_821_server():
    """A server without ESMTP answers EHLO with 500 whatever its argument, and the client goes on with HELO."""
    pair = ConnectionPair(esmtp=False)
    assert pair.hello == [Reply(500, ("Command unrecognized",))]
    assert serve(pair.server, b"EHLO\r\nehlo x\r\n")[0] == [
        BadCommand(b"EHLO", replies.E500_UNKNOWN),
        BadCommand(b"ehlo x", replies.E500_UNKNOWN),
    ]
    assert codes(pair.say(Helo("client.example"))) == [250]
    assert pair.client.state is pair.server.state is State.READY


def test_no_service():
    """After a 554 greeting every line but QUIT gets 503, and the client sends nothing but QUIT."""
    pair = ConnectionPair(greeting=replies.E554_NO_SERVICE, hello=None)
    with pytest.raises(LocalProtocolError, match="Ehlo is not legal in state REFUSED: Quit is"):
        pair.say(HELLO)
    assert codes([event.reply for event in serve(pair.server, b"EHLO x\r\nXYZZY\r\nMAIL\r\n")[0]]) == [503] * 3
    assert codes(pair.say(Quit())) == [221]


def test_too_busy():
    """A 421 in place of the greeting ends the session before it began."""
    pair = ConnectionPair(greeting=replies.E421_TOO_MANY_SESSIONS, hello=None)
    assert pair.greeting == [Reply(421, replies.E421_TOO_MANY_SESSIONS.lines), ConnectionClosed()]
    assert pair.server.next_event() == ConnectionClosed()


def test_421_between_commands():
    """A server may say 421 where no reply is due, and the client understands."""
    pair = ConnectionPair()
    pair.client.receive_data(pair.server.send(replies.E421_TIMEOUT))
    assert drain(pair.client) == [replies.E421_TIMEOUT, ConnectionClosed()]
    assert pair.server.next_event() == ConnectionClosed()


def test_421_in_a_group():
    """A 421 leaves the commands behind it without replies, and what still arrives is not looked at."""
    pair = ConnectionPair(respond=lambda s, event: replies.E421_CLOSING if event == BOB else answer(s, event))
    assert codes(pair.say(MAIL, BOB, EVE, Data())) == [250, 421]
    assert pair.client.outstanding == 2
    pair.client.receive_data(b"\x00 rubbish\r\n")
    pair.server.receive_data(b"NOOP\r\n")
    assert (pair.client.next_event(), pair.server.next_event()) == (ConnectionClosed(), ConnectionClosed())
    with pytest.raises(LocalProtocolError, match="in state CLOSED: nothing is"):
        pair.client.send(Quit())
    with pytest.raises(LocalProtocolError, match="reply 421 answers nothing"):
        pair.server.send(replies.E421_CLOSING)


def test_a_refused_mail_refuses_its_group():
    """When MAIL is refused, what was pipelined behind it gets 503, and both ends are ready for the next message."""
    pair = ConnectionPair(respond=lambda s, event: replies.E452_NO_STORAGE if event == MAIL else answer(s, event))
    assert codes(pair.say(MAIL, BOB, Data())) == [452, 503, 503]
    assert pair.client.state is pair.server.state is State.READY


def test_all_recipients_refused():
    """When every recipient is refused, DATA gets 503 and the transaction stays open until RSET."""
    pair = ConnectionPair(respond=only_bob)
    assert codes(pair.say(MAIL, EVE, EVE, Data())) == [250, 550, 550, 503]
    assert pair.client.state is pair.server.state is State.MAIL
    assert codes(pair.say(Rset(), MAIL, BOB, Data())) == [250, 250, 250, 354]


@pytest.mark.parametrize("refused", [b"250 Ok\r\n550 No\r\n", b"550 No\r\n550 No\r\n"])
def test_a_server_that_wants_mail_data_all_the_same(refused):
    """A 354 to a DATA without recipients makes the client end the mail data it never meant to send (RFC 2920)."""
    client = client_after(HELLO)
    for command in (MAIL, EVE, Data()):
        client.send(command)
    client.receive_data(refused + b"354 Go\r\n")
    assert codes(drain(client)) == [int(refused[:3]), 550, 354]
    assert client.state is State.DATA
    assert client.send(MailData(b"")) == b".\r\n"
    client.receive_data(b"554 No valid recipients\r\n")
    assert codes(drain(client)) == [554]
    assert client.state is State.READY


def test_a_refusal_inside_a_group_still_allows_the_rest():
    """With a group half answered, what may follow is judged by the replies that came."""
    client = client_after(HELLO)
    octets = b"".join(client.send(command) for command in (MAIL, EVE, BOB))
    server = server_at(State.READY)
    first, rest = serve(server, octets, only_bob)[1].split(b"\r\n", 1)
    refusal, rest = rest.split(b"\r\n", 1)
    client.receive_data(first + b"\r\n" + refusal + b"\r\n")
    assert codes(drain(client)) == [250, 550]
    assert (client.state, client.outstanding) == (State.MAIL, 1)
    assert client.send(Data()) == b"DATA\r\n"
    client.receive_data(rest)
    assert (codes(drain(client)), client.state) == ([250], State.RCPT)


def test_a_group_whose_mail_was_refused_allows_no_more():
    """Once MAIL is known to be refused, no further RCPT may follow, though some are on their way."""
    client = client_after(HELLO)
    for command in (MAIL, BOB):
        client.send(command)
    client.receive_data(b"550 No\r\n")
    drain(client)
    with pytest.raises(LocalProtocolError, match="Rcpt is not legal in state READY"):
        client.send(EVE)


@pytest.mark.parametrize("last", [HELLO, Helo("c"), Vrfy("x"), Expn("x"), Noop(), Help()])
def test_last_in_a_group(last):
    """Nothing is pipelined behind a command whose reply decides how to go on."""
    client = client_after(HELLO)
    client.send(last)
    with pytest.raises(LocalProtocolError, match=f"Rset has to wait for the reply to {type(last).__name__}"):
        client.send(Rset())
    assert client.outstanding == 1


def test_mail_data_waits_for_the_go_ahead():
    """Mail data is not sent before the 354."""
    client = client_after(HELLO)
    for command in (MAIL, BOB, Data()):
        client.send(command)
    with pytest.raises(LocalProtocolError, match="MailData has to wait for the reply to Data"):
        client.send(MailData(b""))


def test_nothing_follows_quit():
    """After QUIT was sent nothing is legal."""
    client = client_after(HELLO)
    client.send(Quit())
    with pytest.raises(LocalProtocolError, match="in state CLOSED"):
        client.send(Noop())


def test_no_pipelining_without_the_extension():
    """Without PIPELINING each command waits for its reply."""
    client = client_after(HELLO, extensions=("SIZE",))
    client.send(MAIL)
    with pytest.raises(LocalProtocolError, match="does not offer PIPELINING"):
        client.send(BOB)


def test_nothing_before_the_greeting():
    """A client waits for the greeting, which is no command that is outstanding."""
    client = Client()
    assert client.outstanding == 0
    with pytest.raises(LocalProtocolError, match="Ehlo is not legal in state CONNECTED: nothing is"):
        client.send(HELLO)


def test_a_client_sends_commands_alone():
    """An event of the other end is nothing to send."""
    with pytest.raises(LocalProtocolError, match="BadCommand is not legal"):
        client_after(HELLO).send(BadCommand(b"", Reply(500)))


def test_an_unexpected_reply():
    """A reply to nothing is the server's fault, and ends the session."""
    client = client_after(HELLO)
    client.receive_data(b"250 Ok\r\n")
    with pytest.raises(RemoteProtocolError, match="answers nothing"):
        client.next_event()
    assert client.next_event() == ConnectionClosed()


@pytest.mark.parametrize("octets", [b"", b"NOO", b"NOOP", b"NOOP\r"])
def test_the_client_goes_away(octets):
    """When the client closes the connection, what is no whole command is dropped."""
    server = server_at(State.READY)
    server.receive_data(octets or b"\r\n")
    if not octets:
        server.send(server.next_event().reply)
    server.receive_data(b"")
    assert server.next_event() == ConnectionClosed()
    assert server.state is State.CLOSED


def test_the_client_goes_away_after_a_command():
    """Whole commands before the end are still reported, and may be answered."""
    server = server_at(State.READY)
    server.receive_data(b"NOOP\r\n")
    server.receive_data(b"")
    assert server.next_event() == Noop()
    assert server.send(replies.S250_OK) == b"250 2.0.0 Ok\r\n"
    assert server.next_event() == ConnectionClosed()


def test_the_server_goes_away():
    """When the server closes the connection after the final dot, the caller sees what never got its reply."""
    pair = ConnectionPair()
    pair.say(MAIL, BOB, Data())
    pair.client.send(MailData(b"hello\r\n"))
    pair.client.receive_data(b"25")
    pair.client.receive_data(b"")
    assert drain(pair.client) == [ConnectionClosed()]
    assert (pair.client.outstanding, pair.client.state) == (1, State.CLOSED)


@pytest.mark.parametrize("machine", [Client(), Server("mx.example")])
def test_nothing_comes_after_the_end(machine):
    """Octets after the end of the connection are our caller's fault."""
    machine.receive_data(b"")
    with pytest.raises(LocalProtocolError, match="3 octets came after"):
        machine.receive_data(b"abc")


def test_one_reply_an_event():
    """A server's caller greets first, and answers each event once before the next."""
    server = Server("mx.example")
    with pytest.raises(LocalProtocolError, match="Opening still waits for its reply"):
        server.next_event()
    server.send(GREETING)
    with pytest.raises(LocalProtocolError, match="reply 250 answers nothing"):
        server.send(replies.S250_OK)
    server.receive_data(b"NOOP\r\nNOOP\r\n")
    assert server.next_event() == Noop()
    with pytest.raises(LocalProtocolError, match="Noop still waits"):
        server.next_event()
    server.send(replies.S250_OK)
    assert server.next_event() == Noop()
    server.send(replies.S250_OK)
    assert server.next_event() is NEED_DATA


def test_a_bad_command_is_not_accepted():
    """A BadCommand takes any 4yz or 5yz, and nothing else."""
    server = server_at(State.READY)
    server.receive_data(b"XYZZY\r\n")
    server.next_event()
    with pytest.raises(LocalProtocolError, match="must be one of 4, 5"):
        server.send(replies.S250_OK)
    assert server.send(replies.E502_NOT_IMPLEMENTED).startswith(b"502 5.5.1 ")


def test_a_reply_that_cannot_be_written_changes_nothing():
    """After a refused reply, the event still waits for one."""
    server = server_at(State.GREETED)
    server.receive_data(b"EHLO c.example\r\n")
    server.next_event()
    with pytest.raises(LocalProtocolError, match="printable"):
        server.send(Reply(250, ("a\r\nb",)))
    assert (server.state, server.esmtp_peer) == (State.GREETED, False)
    server.send(server.ehlo_reply("c.example"))
    assert (server.state, server.esmtp_peer) == (State.READY, True)


@pytest.mark.parametrize(
    ("extensions", "line", "octets"),
    [
        (("ENHANCEDSTATUSCODES",), b"MAIL FROM:<>\r\n", b"250 2.1.0 Ok\r\n"),
        (("ENHANCEDSTATUSCODES",), b"MAIL\r\n", b"501 5.5.4 Syntax: MAIL FROM:<reverse-path> [parameters]\r\n"),
        (("ENHANCEDSTATUSCODES",), b"HELO x\r\n", b"250 mx.example\r\n"),
        ((), b"MAIL FROM:<>\r\n", b"250 Ok\r\n"),
    ],
)
def test_enhanced_codes_are_shown_where_they_are_due(extensions, line, octets):
    """Enhanced codes stand in front of the text, when offered, but not in replies to HELO and EHLO."""
    assert serve(server_at(State.READY, extensions=extensions), line)[1] == octets


def test_no_enhanced_code_of_class_3():
    """A 354 has no enhanced code (RFC 2034 section 4)."""
    assert serve(server_at(State.RCPT), b"DATA\r\n")[1] == b"354 End data with <CR><LF>.<CR><LF>\r\n"


def test_a_hostile_name_fits_into_the_ehlo_reply():
    """However long the names, the EHLO reply stays within the line limit."""
    server = Server("h" * 300)
    server.send(GREETING)
    _, octets = serve(server, b"EHLO " + b"x" * 255 + b"\r\n")
    assert max(map(len, octets.split(b"\r\n"))) <= 510


def test_a_reply_too_long_to_remember():
    """A reply of many lines is read as any other."""
    client = client_after(HELLO)
    client.send(Expn("staff"))
    client.receive_data(b"250-2.1.5 <a@x.example>\r\n" * 99 + b"250 2.1.5 <b@x.example>\r\n")
    assert drain(client) == [Reply(250, ("<a@x.example>",) * 99 + ("<b@x.example>",), "2.1.5")]


def test_public_names_are_exported_once():
    """The package exports exactly what `__all__` says, in order."""
    names = sim.protocol.smtp.__all__
    assert len(set(names)) == len(names)
    assert all(hasattr(sim.protocol.smtp, name) for name in names)
