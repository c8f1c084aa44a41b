"""Every command in every state: the code that a server which accepts everything answers with, and what a client may send.

Each row names the section that rules it. 503 is the illegal move (RFC 5321 section 4.1.4 unless said otherwise).
"""

from __future__ import annotations

import pytest
from smtp_pair import GREETING, ConnectionPair, answer, refuse_chunks, serve, server_at

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.protocol.smtp import (
    NEED_DATA,
    Atrn,
    Auth,
    AuthResponse,
    Chunk,
    ConnectionClosed,
    Data,
    Ehlo,
    Etrn,
    Expn,
    Helo,
    Help,
    LastChunk,
    Lhlo,
    LocalProtocolError,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Saml,
    Send,
    Server,
    Soml,
    StartTls,
    State,
    Turn,
    Vrfy,
    replies,
)
from sim.protocol.smtp.extensions import EXTENSIONS
from sim.protocol.smtp.states import HOPES

ALL = {"extensions": tuple(EXTENSIONS)}
S = State
STATES = (S.REFUSED, S.GREETED, S.READY, S.MAIL, S.RCPT, S.CHUNKS, S.FAILED, S.AUTH)

# In AUTH every line is a response (RFC 4954 section 4): base64, as some verbs happen to be, or 501.
TABLE = [
    #                              REFUSED GREETED READY MAIL RCPT CHUNKS FAILED AUTH
    (Helo("c"), b"HELO c", (503, 250, 250, 250, 250, 250, 250, 501)),  # RFC 5321 4.1.1.1
    (Ehlo("c"), b"EHLO c", (503, 250, 250, 250, 250, 250, 250, 501)),  # RFC 5321 4.1.1.1
    (Lhlo("c"), b"LHLO c", (503, 500, 500, 500, 500, 500, 500, 501)),  # RFC 2033 4.1
    (Mail(NULL_PATH), b"MAIL FROM:<>", (503, 503, 250, 503, 503, 503, 503, 501)),  # RFC 5321 4.1.1.2, 3.3
    (Send(NULL_PATH), b"SEND FROM:<>", (503, 503, 250, 503, 503, 503, 503, 501)),  # RFC 821 3.4
    (Soml(NULL_PATH), b"SOML FROM:<>", (503, 503, 250, 503, 503, 503, 503, 501)),  # RFC 821 3.4
    (Saml(NULL_PATH), b"SAML FROM:<>", (503, 503, 250, 503, 503, 503, 503, 501)),  # RFC 821 3.4
    (Rcpt(Path(Address("b", "y"))), b"RCPT TO:<b@y>", (503, 503, 503, 250, 250, 503, 503, 501)),  # RFC 5321 4.1.1.3
    (Data(), b"DATA", (503, 503, 503, 503, 354, 503, 503, 235)),  # RFC 5321 4.1.1.4; RFC 3030 2
    (Chunk(b"x"), b"BDAT 1\r\nx", (503, 503, 503, 503, 250, 250, 503, 501)),  # RFC 3030 2
    (LastChunk(b"x"), b"BDAT 1 LAST\r\nx", (503, 503, 503, 503, 250, 250, 503, 501)),  # RFC 3030 2
    (StartTls(), b"STARTTLS", (503, 503, 220, 503, 503, 503, 503, 235)),  # RFC 3207 4
    (Auth("PLAIN", b"b"), b"AUTH PLAIN Yg==", (503, 503, 235, 503, 503, 503, 503, 501)),  # RFC 4954 4
    (Rset(), b"RSET", (503, 250, 250, 250, 250, 250, 250, 235)),  # RFC 5321 4.1.1.5
    (Vrfy("b"), b"VRFY b", (503, 252, 252, 252, 252, 252, 252, 501)),  # RFC 5321 4.1.1.6
    (Expn("b"), b"EXPN b", (503, 550, 550, 550, 550, 550, 550, 501)),  # RFC 5321 4.1.1.7
    (Help(), b"HELP", (503, 214, 214, 214, 214, 214, 214, 235)),  # RFC 5321 4.1.1.8
    (Noop(), b"NOOP", (503, 250, 250, 250, 250, 250, 250, 235)),  # RFC 5321 4.1.1.9
    (Quit(), b"QUIT", (221, 221, 221, 221, 221, 221, 221, 235)),  # RFC 5321 4.1.1.10, 3.1
    (Etrn("c"), b"ETRN c", (503, 503, 251, 503, 503, 503, 503, 501)),  # RFC 1985 5
    (Turn(), b"TURN", (503, 503, 502, 503, 503, 503, 503, 235)),  # RFC 821 3.8; RFC 5321 F.1
    (Atrn(), b"ATRN", (503, 503, 530, 503, 503, 503, 503, 235)),  # RFC 2645 5.2
]
CELLS = [(state, *row[:2], code) for row in TABLE for state, code in zip(STATES, row[2], strict=True)]

HELLOS, MAILS = (Helo, Ehlo), (Mail, Send, Soml, Saml)
OPEN = (S.MAIL, S.RCPT, S.CHUNKS, S.FAILED)
# Where an accepted command leads, unless the state stays; in AUTH every answer leads to READY.
MOVES = {
    **{(state, kind): S.READY for state in (S.GREETED, S.READY, *OPEN) for kind in HELLOS},
    **{(state, Rset): S.READY for state in OPEN},
    **{(S.READY, kind): S.MAIL for kind in MAILS},
    **{(state, Quit): S.CLOSED for state in STATES if state is not S.AUTH},
    (S.READY, StartTls): S.GREETED,
    (S.MAIL, Rcpt): S.RCPT,
    (S.RCPT, Data): S.DATA,
    (S.RCPT, Chunk): S.CHUNKS,
    (S.RCPT, LastChunk): S.READY,
    (S.CHUNKS, LastChunk): S.READY,
}

# What a host answers in READY, by what it is and how it was greeted.
HOSTS = {
    #           after HELO, nothing offered, RFC 821, LMTP
    Helo: (250, 250, 250, 500),
    Ehlo: (250, 250, 500, 500),
    Lhlo: (500, 500, 500, 250),
    Mail: (250, 250, 250, 250),
    Send: (250, 500, 250, 250),
    Soml: (250, 500, 250, 250),
    Saml: (250, 500, 250, 250),
    Rcpt: (503, 503, 503, 503),
    Data: (503, 503, 503, 503),
    Chunk: (503, 502, 500, 503),
    LastChunk: (503, 502, 500, 503),
    StartTls: (503, 502, 500, 220),
    Auth: (503, 503, 500, 235),
    Rset: (250, 250, 250, 250),
    Vrfy: (252, 252, 252, 252),
    Expn: (550, 550, 550, 550),
    Help: (214, 214, 214, 214),
    Noop: (250, 250, 250, 250),
    Quit: (221, 221, 221, 221),
    Etrn: (503, 502, 500, 251),
    Turn: (502, 502, 502, 502),
    Atrn: (503, 500, 500, 530),
}
GREETINGS = [
    (b"HELO c\r\n", ALL),
    (b"EHLO c\r\n", {"extensions": ()}),
    (b"HELO c\r\n", {"esmtp": False, **ALL}),
    (b"LHLO c\r\n", {"lmtp": True, **ALL}),
]
HOST_CELLS = [
    (*greeting, row[1], code) for row in TABLE for greeting, code in zip(GREETINGS, HOSTS[type(row[0])], strict=True)
]
PATHS = {
    S.GREETED: (),
    S.READY: (Ehlo,),
    S.MAIL: (Ehlo, Mail),
    S.RCPT: (Ehlo, Mail, Rcpt),
    S.CHUNKS: (Ehlo, Mail, Rcpt, Chunk),
    S.FAILED: (Ehlo, Mail, Rcpt, Chunk),
}
EVENTS = {type(row[0]): row[0] for row in TABLE}


def test_none_is_missing():
    """The table has every command that any state knows, and every state in which lines are read."""
    assert {*EVENTS, MailData, AuthResponse} == {kind for commands in HOPES.values() for kind in commands}
    assert {*STATES, S.CONNECTED, S.DATA, S.TURNED, S.CLOSED} == set(State)


@pytest.mark.parametrize(("state", "event", "line", "code"), CELLS)
def test_a_server_by_the_table(state, event, line, code):
    """Each command, in each state, gets its code and leads where it should."""
    server = server_at(state, **ALL)
    _, octets = serve(server, line + b"\r\n" if not line.endswith(b"\r\nx") or state is S.AUTH else line)
    assert int(octets[:3]) == code
    stays = state if code in {500, 502, 503, 530} else MOVES.get((state, type(event)), state)
    assert server.state is (S.READY if state is S.AUTH else stays)


@pytest.mark.parametrize(("hello", "options", "line", "code"), HOST_CELLS)
def test_hosts(hello, options, line, code):
    """What a host does not know gets 500, what it does not offer 502 or as others have it, what needs EHLO 503."""
    server = Server("mx.example", **options)
    server.send(GREETING)
    serve(server, hello)
    assert server.state is S.READY
    _, octets = serve(server, line + (b"" if line.endswith(b"\r\nx") else b"\r\n"))
    assert int(octets[:3]) == code


@pytest.mark.parametrize(("state", "event", "line", "code"), [cell for cell in CELLS if cell[0] in PATHS])
def test_a_pair_by_the_table(state, event, line, code):
    """A client refuses to send what would get 500, 503 or 530; else both ends end in the same state."""
    pair = ConnectionPair(hello=None, respond=refuse_chunks if state is S.FAILED else answer, **ALL)
    for kind in PATHS[state]:
        pair.say(EVENTS[kind])
    assert pair.client.state is pair.server.state is state
    if code in {500, 503, 530}:
        with pytest.raises(LocalProtocolError, match=f"{type(event).__name__} is not"):
            pair.say(event)
        assert pair.client.state is state, line
        return
    assert pair.say(event)[0].code == code
    assert pair.client.state is pair.server.state is MOVES.get((state, type(event)), state)


def test_lines_in_data_are_data():
    """In DATA no line is a command (RFC 5321 section 4.1.1.4)."""
    lines = b"".join(line + b"\r\n" for _, line, _ in TABLE)
    assert serve(server_at(S.DATA, **ALL), lines + b".\r\n")[0] == [MailData(lines)]


def test_nothing_is_read_before_the_greeting_and_after_the_end():
    """In CONNECTED the greeting comes first, and in CLOSED nothing does; TURNED has tests of its own."""
    server = Server("mx.example", **ALL)
    server.receive_data(b"NOOP\r\n")
    with pytest.raises(LocalProtocolError, match="Opening still waits"):
        server.next_event()
    server.send(replies.E421_TOO_MANY_SESSIONS)
    assert server.next_event() == ConnectionClosed()
    assert server.next_event() is not NEED_DATA
