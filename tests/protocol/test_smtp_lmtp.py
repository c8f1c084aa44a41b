"""LMTP: LHLO, and one reply for each recipient (RFC 2033)."""

from __future__ import annotations

import pytest
from smtp_pair import ConnectionPair, answer, serve, server_at

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.protocol.smtp import (
    BadCommand,
    Chunk,
    ConnectionClosed,
    Data,
    Ehlo,
    Helo,
    LastChunk,
    Lhlo,
    LocalProtocolError,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    Reply,
    Rset,
    Server,
    State,
    replies,
)

LMTP = {"lmtp": True, "hello": Lhlo("c.example"), "extensions": ("PIPELINING", "CHUNKING")}
MAIL = Mail(NULL_PATH)
ANN, BOB, EVE = (Rcpt(Path(Address(name, "y.example"))) for name in ("ann", "bob", "eve"))


def codes(heard):
    """The codes of replies, without the end of the session."""
    return [event.code for event in heard if isinstance(event, Reply)]


def in_turn(*verdicts):
    """Answers of a server that has no user eve, and gives these verdicts on mail data."""
    left = list(verdicts)

    def respond(server, event):
        if isinstance(event, MailData | LastChunk):
            return left.pop(0)
        return replies.E550_NO_SUCH_USER if event == EVE else answer(server, event)

    return respond


def test_a_session():
    """After the final dot each accepted recipient gets its own reply, in order, and then the next command its."""
    pair = ConnectionPair(respond=in_turn(replies.S250_QUEUED, replies.E552_MAILBOX_FULL), **LMTP)
    assert "PIPELINING" in pair.client.extensions
    assert pair.server.esmtp_peer
    assert codes(pair.say(MAIL, ANN, EVE, BOB, Data())) == [250, 250, 550, 250, 354]
    assert codes(pair.say(MailData(b"x\r\n"), Noop())) == [250, 552, 250]
    assert pair.client.state is pair.server.state is State.READY
    assert pair.client.outstanding == 0


def test_chunks():
    """The last chunk has one reply for each recipient, the others have one."""
    verdicts = (replies.S250_QUEUED, replies.E451_LOCAL_ERROR)
    pair = ConnectionPair(respond=in_turn(*verdicts, replies.S250_QUEUED), **LMTP)
    assert codes(pair.say(MAIL, ANN, BOB, Chunk(b"a"), LastChunk(b"b"))) == [250, 250, 250, 250, 250, 451]
    assert codes(pair.say(MAIL, ANN, LastChunk(b"b"))) == [250, 250, 250]


def test_recipients_are_counted_anew():
    """RSET forgets the recipients."""
    pair = ConnectionPair(respond=in_turn(replies.S250_QUEUED), **LMTP)
    assert codes(pair.say(MAIL, ANN, BOB, Rset(), MAIL, ANN, Data())) == [250, 250, 250, 250, 250, 250, 354]
    assert codes(pair.say(MailData(b""))) == [250]


def test_the_replies_come_one_by_one():
    """Between the replies the machines wait; neither goes on before the last."""
    pair = ConnectionPair(**LMTP)
    pair.say(MAIL, ANN, BOB, Data())
    pair.server.receive_data(pair.client.send(MailData(b"")))
    assert (pair.server.replies_due, pair.server.next_event(), pair.server.replies_due) == (0, MailData(b""), 2)
    pair.client.receive_data(pair.server.send(replies.S250_QUEUED))
    assert (pair.server.replies_due, pair.server.state) == (1, State.DATA)
    assert pair.client.next_event().code == 250
    assert (pair.client.outstanding, pair.client.state) == (1, State.DATA)
    with pytest.raises(LocalProtocolError, match="MailData still waits"):
        pair.server.next_event()
    pair.client.receive_data(pair.server.send(replies.S250_QUEUED))
    assert pair.client.next_event().code == 250
    assert (pair.client.outstanding, pair.server.replies_due) == (0, 0)


def test_421_among_the_replies():
    """A 421 ends the session at both ends, though replies are missing."""
    pair = ConnectionPair(respond=in_turn(replies.S250_QUEUED, replies.E421_CLOSING), **LMTP)
    pair.say(MAIL, ANN, BOB, ANN, Data())
    assert codes(pair.say(MailData(b""))) == [250, 421]
    assert (pair.client.next_event(), pair.server.next_event()) == (ConnectionClosed(), ConnectionClosed())


def test_no_recipient():
    """Without an accepted recipient DATA and BDAT get one 503 (RFC 2033 section 4.2)."""
    pair = ConnectionPair(respond=in_turn(), **LMTP)
    assert codes(pair.say(MAIL, EVE, Data())) == [250, 550, 503]
    assert codes(pair.say(Rset(), MAIL, EVE, LastChunk(b"x"))) == [250, 250, 550, 503]


def test_a_chunk_was_refused():
    """After a refused chunk the last one gets a single 503, however many the recipients."""

    def full(server, event):
        return replies.E452_NO_STORAGE if isinstance(event, Chunk) else answer(server, event)

    pair = ConnectionPair(respond=full, **LMTP)
    assert codes(pair.say(MAIL, ANN, BOB, Chunk(b"a"), LastChunk(b"b"), Rset())) == [250, 250, 250, 452, 503, 250]
    assert pair.client.state is pair.server.state is State.READY


@pytest.mark.parametrize("line", [b"HELO c.example", b"EHLO c.example", b"EHLO"])
def test_smtp_is_not_spoken(line):
    """HELO and EHLO get 500 (RFC 2033 section 4.1)."""
    server = Server("mx.example", lmtp=True)
    server.send(replies.S220_READY("mx.example"))
    assert serve(server, line + b"\r\n")[0] == [BadCommand(line, replies.E500_UNKNOWN)]


@pytest.mark.parametrize("options", [{}, {"esmtp": False}])
def test_lmtp_is_not_spoken(options):
    """LHLO gets 500 from a server of SMTP."""
    assert serve(server_at(State.READY, **options), b"LHLO c\r\n")[0] == [BadCommand(b"LHLO c", replies.E500_UNKNOWN)]


def test_a_client_keeps_to_its_protocol():
    """A client of LMTP says LHLO alone, one of SMTP never."""
    for hello in (Ehlo("c"), Helo("c")):
        with pytest.raises(LocalProtocolError, match="not for a session of LMTP"):
            ConnectionPair(**LMTP | {"hello": hello})
    with pytest.raises(LocalProtocolError, match="not for a session of SMTP"):
        ConnectionPair(hello=Lhlo("c"))


def test_quit():
    """A session ends as in SMTP."""
    pair = ConnectionPair(**LMTP)
    assert codes(pair.say(Quit())) == [221]
