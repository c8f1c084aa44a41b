"""STARTTLS (RFC 3207) and AUTH (RFC 4954), as far as machines know them: no keys, no secrets."""

from __future__ import annotations

import pytest
from smtp_pair import ConnectionPair, answer, client_after, drain, pieces, serve, server_at

from sim.mail.path import NULL_PATH
from sim.protocol.sasl import Credentials, plain
from sim.protocol.smtp import (
    NEED_DATA,
    Auth,
    AuthResponse,
    BadCommand,
    Client,
    Ehlo,
    LocalProtocolError,
    Mail,
    Reply,
    Server,
    StartTls,
    State,
    replies,
    sasl,
)

HELLO = Ehlo("client.example")
OFFERED = {"extensions": ("PIPELINING", "ENHANCEDSTATUSCODES", "STARTTLS", "AUTH")}
PLAIN = Auth("PLAIN", plain(Credentials("", "bob", "secret")))


def test_starttls():
    """After the 220 both ends are as after the greeting, know nothing of each other, and STARTTLS is offered no more."""
    pair = ConnectionPair(**OFFERED)
    assert pair.say(StartTls()) == [Reply(220, ("Ready to start TLS",), "2.0.0")]
    assert (pair.client.state, pair.server.state) == (State.GREETED, State.GREETED)
    assert (pair.client.extensions, pair.server.helo, pair.server.esmtp_peer) == ({}, "", False)
    assert (pair.client.secure, pair.server.secure) == (True, True)
    assert pair.say(HELLO)[0].lines[1:] == ("PIPELINING", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN CRAM-MD5")
    with pytest.raises(LocalProtocolError, match="cannot succeed twice"):
        pair.say(StartTls())
    assert serve(pair.server, b"STARTTLS\r\n")[0] == [BadCommand(b"STARTTLS", replies.E503_BAD_SEQUENCE)]


def test_a_refused_starttls():
    """A 454 leaves everything as it was."""
    pair = ConnectionPair(
        respond=lambda s, e: replies.E454_TLS_UNAVAILABLE if e == StartTls() else answer(s, e), **OFFERED
    )
    assert pair.say(StartTls())[0].code == 454
    assert (pair.client.state, pair.server.state) == (State.READY, State.READY)
    assert (pair.client.secure, pair.server.secure) == (False, False)
    assert "STARTTLS" in pair.client.extensions


@pytest.mark.parametrize("behind", [b"RSET\r\n", b"EHLO evil\r\nMAIL FROM:<>\r\n", b"NOO", b"x" * 20_000])
def test_commands_injected_behind_starttls(behind):
    """What a server got in clear behind STARTTLS is dropped (CVE-2011-0411)."""
    server = server_at(State.READY, **OFFERED)
    events, octets = serve(server, b"STARTTLS\r\n" + behind)
    assert events == [StartTls()]
    assert octets.startswith(b"220 ")
    assert serve(server, b"EHLO c.example\r\n")[0] == [Ehlo("c.example")]


@pytest.mark.parametrize("behind", [b"250 evil\r\n", b"250-evil\r\n", b"25"])
@pytest.mark.parametrize("sizes", [[1000], [3]])
def test_replies_injected_behind_the_220(behind, sizes):
    """What a client got in clear behind the 220 is dropped."""
    client = client_after(HELLO, **OFFERED)
    client.send(StartTls())
    for piece in pieces(b"220 Go ahead\r\n" + behind, sizes):
        client.receive_data(piece)
    assert client.next_event().code == 220
    assert client.next_event() is NEED_DATA
    client.send(HELLO)
    client.receive_data(b"250 mx.example\r\n")
    assert drain(client) == [Reply(250, ("mx.example",))]


def test_tls_from_the_start():
    """Where the connection has TLS from the start, STARTTLS is not offered, and not asked for."""
    pair = ConnectionPair(secure=True, **OFFERED)
    assert "STARTTLS" not in pair.client.extensions
    client = Client(secure=True)
    client.receive_data(b"220 mx\r\n")
    drain(client)
    client.send(HELLO)
    client.receive_data(b"250-mx\r\n250 STARTTLS\r\n")
    drain(client)
    with pytest.raises(LocalProtocolError, match="cannot succeed twice"):
        client.send(StartTls())


@pytest.mark.parametrize(("line", "code"), [(b"STARTTLS now", 501), (b"STARTTLS", 502)])
def test_bad_starttls(line, code):
    """STARTTLS takes no argument, and is unknown where it is not offered."""
    options = OFFERED if code == 501 else {}
    assert serve(server_at(State.READY, **options), line + b"\r\n")[0][0].reply.code == code


def test_auth_with_an_initial_response():
    """AUTH with all it needs takes one round trip; a second AUTH is illegal, whatever EHLO says in between."""
    pair = ConnectionPair(**OFFERED)
    assert pair.say(PLAIN) == [replies.S235_AUTHENTICATED]
    assert pair.events == [PLAIN]
    assert (pair.client.authenticated, pair.server.authenticated) == (True, True)
    pair.say(HELLO)
    with pytest.raises(LocalProtocolError, match="cannot succeed twice"):
        pair.say(PLAIN)
    assert serve(pair.server, b"AUTH PLAIN =\r\n")[0][0].reply == replies.E503_BAD_SEQUENCE


def test_starttls_forgets_auth():
    """After TLS began, nobody is authenticated."""
    pair = ConnectionPair(**OFFERED)
    pair.say(PLAIN)
    pair.say(StartTls())
    assert (pair.client.authenticated, pair.server.authenticated) == (False, False)
    pair.say(HELLO)
    assert pair.say(PLAIN)[0].code == 235


def test_a_dialogue():
    """A 334 asks for a response, as often as the server likes, and 235 ends it."""

    def login(_, event):
        if event == Auth("LOGIN"):
            return sasl.challenge(b"Username:")
        if event == AuthResponse(b"bob"):
            return sasl.challenge(b"Password:")
        return replies.S235_AUTHENTICATED if event == AuthResponse(b"") else replies.E535_BAD_CREDENTIALS

    pair = ConnectionPair(**OFFERED)
    pair.respond = login
    assert sasl.challenge_of(pair.say(Auth("LOGIN"))[0]) == b"Username:"
    assert pair.client.state is pair.server.state is State.AUTH
    assert sasl.challenge_of(pair.say(AuthResponse(b"bob"))[0]) == b"Password:"
    assert pair.say(AuthResponse(b""))[0].code == 235
    assert pair.client.state is pair.server.state is State.READY


@pytest.mark.parametrize("code", [454, 535, 501])
def test_a_refused_response(code):
    """4yz and 5yz end the dialogue, and AUTH may be tried again."""
    pair = ConnectionPair(**OFFERED)
    pair.say(Auth("LOGIN"))
    pair.respond = lambda _server, _event: Reply(code, ("No",))
    assert pair.say(AuthResponse(b"bob"))[0].code == code
    assert pair.client.state is pair.server.state is State.READY
    assert not pair.client.authenticated
    pair.respond = answer
    assert pair.say(PLAIN)[0].code == 235


def test_cancel():
    """`*` ends the dialogue with 501."""
    pair = ConnectionPair(**OFFERED)
    pair.say(Auth("LOGIN"))
    assert pair.say(AuthResponse(None)) == [replies.E501_CANCELLED]
    assert pair.events == [BadCommand(b"*", replies.E501_CANCELLED)]
    assert pair.client.state is pair.server.state is State.READY


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"QUIT", None),
        (b"Ym9i*", replies.E501_NOT_DECODABLE),
        (b"Ym9", replies.E501_NOT_DECODABLE),
        (b"\xff\xfe", replies.E501_NOT_DECODABLE),
        (b"Ym 9i", replies.E501_NOT_DECODABLE),
        (b"A" * 12287, replies.E500_RESPONSE_TOO_LONG),
        (b"A" * 100_000, replies.E500_RESPONSE_TOO_LONG),
    ],
)
def test_bad_responses(line, reply):
    """What is no base64, or too long, ends the dialogue; every line is a response, QUIT too."""
    server = server_at(State.AUTH, **OFFERED)
    events, _ = serve(server, line + b"\r\n")
    assert events == [AuthResponse(b"A\x42\x13")] if reply is None else [BadCommand(line[:12288], reply)]
    assert server.state is State.READY


def test_the_longest_response():
    """A response line may have 12288 octets with its CRLF, at both ends."""
    server = server_at(State.AUTH, **OFFERED)
    assert serve(server, b"A" * 12284 + b"\r\n")[0] == [AuthResponse(bytes(12284 // 4 * 3))]
    pair = ConnectionPair(**OFFERED)
    pair.say(Auth("LOGIN"))
    with pytest.raises(LocalProtocolError, match="12290 octets"):
        pair.client.send(AuthResponse(bytes(9216)))
    assert len(pair.client.send(AuthResponse(bytes(9213)))) == 12286


@pytest.mark.parametrize(
    ("argument", "event"),
    [
        (b"plain", Auth("PLAIN")),
        (b"PLAIN =", Auth("PLAIN", b"")),
        (b"LOGIN  Ym9i ", Auth("LOGIN", b"bob")),
        (b"CRAM-MD5", Auth("CRAM-MD5")),
    ],
)
def test_auth_lines(argument, event):
    """The mechanism comes in upper case, the initial response decoded."""
    server = server_at(State.READY, **OFFERED)
    server.receive_data(b"AUTH " + argument + b"\r\n")
    assert server.next_event() == event


@pytest.mark.parametrize(
    ("argument", "code"),
    [(b"", 501), (b" PLAIN a b", 501), (b" PLAIN Ym9", 501), (b" X!", 501), (b" GSSAPI", 504), (b" " + b"X" * 21, 501)],
)
def test_bad_auth_lines(argument, code):
    """Bad syntax and bad base64 get 501, a mechanism that is not offered 504."""
    assert serve(server_at(State.READY, **OFFERED), b"AUTH" + argument + b"\r\n")[0][0].reply.code == code


def test_the_mechanisms_are_the_callers():
    """A server offers, and takes, the mechanisms that it was told."""
    pair = ConnectionPair(offers={"AUTH": "SCRAM-SHA-256"}, **OFFERED)
    assert pair.client.extensions["AUTH"] == "SCRAM-SHA-256"
    assert pair.say(PLAIN) == [replies.E504_MECHANISM]
    assert pair.say(Auth("SCRAM-SHA-256"))[0].code == 334


def test_not_inside_a_transaction():
    """AUTH and STARTTLS inside a transaction get 503."""
    for line in (b"AUTH PLAIN =", b"STARTTLS"):
        assert serve(server_at(State.MAIL, **OFFERED), line + b"\r\n")[0][0].reply == replies.E503_BAD_SEQUENCE
    with pytest.raises(LocalProtocolError, match="Auth is not legal in state MAIL"):
        client_after(HELLO, Mail(NULL_PATH), **OFFERED).send(PLAIN)


def test_empty_initial_response_is_written_as_such():
    """An empty initial response is `=`, none is nothing."""
    client = client_after(HELLO, **OFFERED)
    assert client.send(Auth("PLAIN", b"")) == b"AUTH PLAIN =\r\n"
    assert client_after(HELLO, **OFFERED).send(Auth("PLAIN")) == b"AUTH PLAIN\r\n"


def test_a_long_auth_line_where_auth_is_offered():
    """An AUTH command may be as long as a response; other commands may not."""
    server = server_at(State.READY, **OFFERED)
    assert serve(server, b"AUTH PLAIN " + b"A" * 12272 + b"\r\n")[0] == [Auth("PLAIN", bytes(9204))]
    too_long = serve(server_at(State.READY, **OFFERED), b"NOOP " + b"A" * 2042 + b"\r\n")[0][0]
    assert too_long.reply == replies.E500_TOO_LONG


def test_only_a_server_of_esmtp_has_starttls():
    """A server of RFC 821 knows neither."""
    server = Server("mx.example", esmtp=False, **OFFERED)
    server.send(replies.S220_READY("mx.example"))
    assert [event.reply.code for event in serve(server, b"HELO c\r\nSTARTTLS\r\nAUTH PLAIN\r\n")[0][1:]] == [500, 500]


def test_a_challenge_fits_into_a_reply_line():
    """Its base64 has 500 characters at most, and nothing is cut off."""
    assert sasl.challenge_of(sasl.challenge(b"x" * 375)) == b"x" * 375
    with pytest.raises(LocalProtocolError, match="376 octets"):
        sasl.challenge(b"x" * 376)
