"""Literals: asked for, unasked, with NULs, too large, where none has a place (RFC 3501 section 4.3, RFC 7888, 3516)."""

from __future__ import annotations

from errno import ENOSPC
from io import BytesIO
from typing import NoReturn

import pytest
from imap_pair import MESSAGE_LIMIT, serve, server_at

from sim.protocol.imap4 import (
    NEED_DATA,
    BadCommand,
    ConnectionClosed,
    LiteralAsked,
    LocalProtocolError,
    Request,
    State,
    Tagged,
    TooLong,
    responses,
)
from sim.protocol.imap4 import commands as c
from sim.protocol.imap4.server import LINE_LIMIT, LITERAL_LIMIT, SWALLOW_LIMIT

TOO_LARGE = BadCommand("The literal is too large")
TOO_BIG = BadCommand("The literal is too large", "TOOBIG")
NO_PLACE = BadCommand("No literal has a place here")


def event_of(octets, state=State.AUTHENTICATED):
    """What a server makes of octets."""
    server = server_at(state)
    server.receive_data(octets)
    return server.next_event()


def test_a_literal_waits_to_be_asked_for():
    """Its command is read when all of it has come."""
    server = server_at(State.AUTHENTICATED)
    server.receive_data(b"t APPEND a (\\Seen) {5}\r\n")
    assert server.next_event() == LiteralAsked("t", 5, appends=True)
    assert server.accept_literal() == b"+ OK\r\n"
    assert server.next_event() is NEED_DATA
    server.receive_data(b"hel")
    assert server.next_event() is NEED_DATA
    server.receive_data(b"lo\r\n")
    assert server.next_event() == Request("t", c.Append("a", b"hello", ("\\Seen",)))


def test_a_literal_may_be_refused_by_the_caller():
    """Its command ends with that; what comes next is another one (RFC 3501 section 7.5)."""
    server = server_at(State.AUTHENTICATED)
    server.receive_data(b"t APPEND a {5}\r\n")
    assert server.next_event() == LiteralAsked("t", 5, appends=True)
    for wrong in (Tagged("OK", "Yes."), responses.Continue("x")):
        with pytest.raises(LocalProtocolError, match="cannot answer a literal"):
            server.send(wrong)
    assert server.send(responses.exists(3)) == b"* 3 EXISTS\r\n"
    assert server.send(Tagged("NO", "Full.", "OVERQUOTA")) == b"t NO [OVERQUOTA] Full.\r\n"
    assert serve(server, b"u NOOP\r\n")[0] == [c.Noop()]


def test_none_waits():
    """A `+` for nothing is the caller's mistake, and so is going on without it."""
    server = server_at(State.AUTHENTICATED)
    with pytest.raises(LocalProtocolError, match="no literal waits"):
        server.accept_literal()
    server.receive_data(b"t APPEND a {5}\r\n")
    server.next_event()
    with pytest.raises(LocalProtocolError, match="LiteralAsked still waits"):
        server.next_event()


@pytest.mark.parametrize(
    ("line", "appends"),
    [
        (b"APPEND a {5}", True),
        (b'append "a \\" b" () "x" ~{5}', True),
        (b"APPEND {5}", False),
        (b"CREATE {5}", False),
        (b'LIST "" (a {5}', False),
    ],
)
def test_which_literal_is_a_message(line, appends):
    """APPEND's last."""
    assert event_of(b"t " + line + b"\r\n") == LiteralAsked("t", 5, appends)


def test_a_mailbox_name_and_a_message():
    """One literal may follow another."""
    commands, octets = serve(server_at(State.AUTHENTICATED), b"t APPEND {1}\r\na {2}\r\nbc\r\n")
    assert (commands, octets) == ([c.Append("a", b"bc")], b"+ OK\r\n+ OK\r\nt OK Done.\r\n")


@pytest.mark.parametrize(
    ("octets", "refusal"),
    [
        (b"APPEND a {%d}" % (MESSAGE_LIMIT + 1), TOO_BIG),
        (b"APPEND a {2147483648}", TOO_BIG),
        (b"APPEND a {%s}" % (b"9" * 5000), TOO_BIG),
        (b"CREATE {%d}" % (LITERAL_LIMIT + 1), TOO_LARGE),
        (b"SEARCH TEXT {%d}" % (LITERAL_LIMIT + 1), NO_PLACE),
        (b"LOGIN {3}", NO_PLACE),
        (b"FOO {3}", NO_PLACE),
        (b"{3}", NO_PLACE),
        (b"CREATE ~{3}", NO_PLACE),
        (b"CREATE a{3}", NO_PLACE),
        (b'CREATE "a {3}', NO_PLACE),
        (b'CREATE "a\\" {3}', NO_PLACE),
    ],
)
def test_what_is_refused_is_not_asked_for(octets, refusal):
    """The client does not send it then, so the next line is a command."""
    server = server_at(State.AUTHENTICATED)
    commands, said = serve(server, b"t " + octets + b"\r\nu NOOP\r\n")
    assert (commands, said.splitlines()[-1]) == ([refusal, c.Noop()], b"u OK Done.")


@pytest.mark.parametrize(
    ("octets", "refusal"),
    [
        (b"APPEND a {%d+}\r\n" % (MESSAGE_LIMIT + 1) + b"x" * (MESSAGE_LIMIT + 1), TOO_BIG),
        (b"CREATE {65537+}\r\n" + b"x" * 65_537, TOO_LARGE),
        (b"LIST ({1+}\r\nx" + b" {1+}\r\nx" * 101 + b")", BadCommand("Too many literals")),
        (b"LIST {65536+}\r\n" + b"x" * 65_536 + b" {1+}\r\nx", TOO_LARGE),
        (b"FOO {3+}\r\nabc {3+}\r\nabc", NO_PLACE),
        (b"LOGIN {3+}\r\nu N", NO_PLACE),
        (b"CREATE ~{3+}\r\na\0b", NO_PLACE),
    ],
)
def test_what_comes_unasked_is_read_over(octets, refusal):
    """A literal that waits for nothing is dropped as it comes, and its command is refused (RFC 7888 section 4)."""
    server = server_at(State.AUTHENTICATED)
    commands, said = serve(server, b"t " + octets + b"\r\nu NOOP\r\n")
    assert (commands, said.splitlines()[-1]) == ([refusal, c.Noop()], b"u OK Done.")


@pytest.mark.parametrize("size", [b"2147483648", b"%d" % (SWALLOW_LIMIT + 1), b"9" * 4400])
def test_gigabytes_that_come_unasked_end_the_session(size):
    """Nobody reads to their end (RFC 7888 section 4)."""
    server = server_at(State.NOT_AUTHENTICATED)
    commands, said = serve(server, b"t APPEND a {" + size + b"+}\r\nxxx")
    assert (commands, said) == ([TooLong("The literal is too large.")], b"* BYE The literal is too large.\r\n")
    assert (server.state, server.next_event()) == (State.LOGOUT, ConnectionClosed())


def test_what_is_dropped_is_not_kept():
    """Of a literal above its limit no octet is held."""
    server = server_at(State.AUTHENTICATED)
    server.receive_data(b"t APPEND a {1000000+}\r\n")
    for _ in range(999):
        server.receive_data(b"x" * 1000)
        assert server.next_event() is NEED_DATA
        assert (len(server._queue), server._begun) == (0, None)


def test_a_literal_in_pieces_is_held_in_a_file_until_it_is_whole():
    """One that comes whole needs none."""
    made: list[BytesIO] = []

    def held() -> BytesIO:
        made.append(BytesIO())
        return made[-1]

    server = server_at(State.AUTHENTICATED, literal_file=held)
    assert serve(server, b"t APPEND a {2+}\r\nab\r\nu APPEND a {5+}\r\nhel")[0] == [c.Append("a", b"ab")]
    assert serve(server, b"l")[0] == []
    assert [file.getvalue() for file in made] == [b"hell"]
    assert serve(server, b"o\r\n")[0] == [c.Append("a", b"hello")]
    serve(server, b"v APPEND a {5+}\r\nhel")
    server.receive_data(b"")
    assert server.next_event() == ConnectionClosed()
    assert [file.closed for file in made] == [True, True]


def test_a_file_that_cannot_be_written_refuses_the_command():
    """The literal is read over."""

    def full() -> NoReturn:
        raise OSError(ENOSPC, "no space")

    server = server_at(State.AUTHENTICATED, literal_file=full)
    serve(server, b"t APPEND a {5+}\r\nhel")
    refused = BadCommand("The literal cannot be kept now", "UNAVAILABLE")
    assert serve(server, b"lo\r\nu NOOP\r\n")[0] == [refused, c.Noop()]


def test_nul():
    """It stands nowhere but in a literal8 (RFC 3501 section 9, RFC 3516)."""
    server = server_at(State.AUTHENTICATED)
    commands, _ = serve(
        server, b"a APPEND a ~{1}\r\n\0\r\nb APPEND a {2}\r\n\0x\r\nc NOOP\0\r\nd CREATE {1+}\r\n\0\r\n"
    )
    assert commands[0] == c.Append("a", b"\0")
    assert ["NUL is no legal octet" in command.why for command in commands[1:]] == [True] * 3


@pytest.mark.parametrize(
    "octets",
    [
        b"t CREATE " + b"x" * LINE_LIMIT + b"\r\n",
        b"x" * (LINE_LIMIT + 2),
        b"t LIST {1+}\r\nx" + b"y" * (LINE_LIMIT + 2),
    ],
)
@pytest.mark.parametrize("state", [State.AUTHENTICATED, State.IDLE, State.AUTHENTICATING])
def test_an_endless_line_ends_the_session(octets, state):
    """The same, in pieces or not."""
    for cut in (len(octets), 10_000):
        server = server_at(state)
        commands = []
        for start in range(0, len(octets), cut):
            commands += serve(server, octets[start : start + cut])[0]
        if b"{" in octets and state is not State.AUTHENTICATED:
            # It is two lines there.
            assert isinstance(commands[0], BadCommand)
            return
        assert [type(command) for command in commands] == [TooLong]
        assert server.state is State.LOGOUT


def test_a_command_of_many_lines_is_no_longer_than_one():
    """Its lines together are bounded."""
    server = server_at(State.AUTHENTICATED)
    commands, _ = serve(server, b"t CREATE {1+}\r\nx" + b" {1+}\r\nx" * (LINE_LIMIT // 5))
    assert commands == [TooLong("The command is too long.")]


def test_too_long_wants_a_bye():
    """Nothing else answers it."""
    server = server_at(State.AUTHENTICATED)
    server.receive_data(b"x" * (LINE_LIMIT + 2))
    assert server.next_event() == TooLong("The line is too long.")
    with pytest.raises(LocalProtocolError, match="say BYE"):
        server.send(Tagged("BAD", "No."))


def test_the_peer_goes_away_within_a_literal():
    """Its command never was."""
    server = server_at(State.AUTHENTICATED)
    server.receive_data(b"t APPEND a {5+}\r\nhel")
    server.receive_data(b"")
    assert server.next_event() == ConnectionClosed()
    with pytest.raises(LocalProtocolError, match="octets came after the peer had closed"):
        server.receive_data(b"lo")


def test_what_comes_behind_the_end_is_not_read():
    """After BYE and LOGOUT's OK nothing is a command, and nothing is answered."""
    server = server_at(State.AUTHENTICATED)
    commands, octets = serve(server, b"t LOGOUT\r\nu NOOP\r\n")
    assert (commands, octets) == ([c.Logout()], b"* BYE Bye.\r\nt OK Bye.\r\n")
    server.receive_data(b"v NOOP\r\n")
    assert server.next_event() == ConnectionClosed()
    with pytest.raises(LocalProtocolError, match="OK answers nothing"):
        server.send(Tagged("OK", "Done."))


def test_one_response_answers_one_command():
    """Another is the caller's mistake, and so is one that cannot answer it."""
    server = server_at(State.AUTHENTICATED)
    with pytest.raises(LocalProtocolError, match="OK answers nothing"):
        server.send(Tagged("OK", "Done."))
    server.receive_data(b"t NOOP\r\n")
    server.next_event()
    with pytest.raises(LocalProtocolError, match=r"\+ cannot answer Noop in AUTHENTICATED: one of OK, NO, BAD can"):
        server.send(responses.Continue(""))
    server.send(Tagged("OK", "Done."))
    assert server.next_event() is NEED_DATA
