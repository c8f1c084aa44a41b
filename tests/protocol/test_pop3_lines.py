"""POP3's lines: commands and responses as they are written and read (RFC 1939 sections 3 and 9, RFC 2449)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pop3_pair import GREETING, ConnectionPair, answer, drain, server_at

from sim.protocol.pop3 import (
    NEED_DATA,
    BadCommand,
    Client,
    ConnectionClosed,
    LocalProtocolError,
    RemoteProtocolError,
    Server,
    State,
)
from sim.protocol.pop3.commands import read_auth_response, read_command, write_command
from sim.protocol.pop3.events import (
    Apop,
    Auth,
    AuthCancel,
    AuthResponse,
    Capa,
    Dele,
    Last,
    List,
    Mechanisms,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
)
from sim.protocol.pop3.responses import Response, Status, challenge, err, ok, stuff, write_response

WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("C", "Z")), min_size=1)
NUMBERS = st.integers(0, 9_999_999_999)
DATA = st.binary(max_size=40)
COMMANDS = st.one_of(
    st.sampled_from([Mechanisms(), Capa(), Stls(), Stat(), List(), Uidl(), Last(), Noop(), Rset(), Quit()]),
    st.builds(User, WORDS.filter(lambda word: len(word.encode()) < 200)),
    st.builds(Pass, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)),
    st.builds(Apop, WORDS.map(lambda word: word[:50]), st.text("0123456789abcdef", min_size=32, max_size=32)),
    st.builds(Auth, st.sampled_from(["PLAIN", "CRAM-MD5", "X_Y".upper()]), st.none() | DATA),
    st.builds(List, NUMBERS),
    st.builds(Uidl, NUMBERS),
    st.builds(Retr, NUMBERS),
    st.builds(Dele, NUMBERS),
    st.builds(Top, NUMBERS, NUMBERS),
)


@given(COMMANDS)
def test_a_command_is_read_as_it_was_written(command):
    """Whatever a client may send means the same to the server, in any case of the keyword."""
    octets = write_command(command)
    assert (read_command(octets[:-2]), octets[-2:]) == (command, b"\r\n")
    verb, space, rest = octets[:-2].partition(b" ")
    assert read_command(verb.lower() + space + rest) == command


@given(DATA)
def test_a_response_to_a_challenge(data):
    """It is base64, and `*` gives the dialogue up (RFC 5034 section 4)."""
    assert read_auth_response(write_command(AuthResponse(data))[:-2]) == AuthResponse(data)
    assert read_auth_response(write_command(AuthCancel())[:-2]) == AuthCancel()


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"PASS two words ", Pass("two words ")),
        (b"PASS", Pass("")),
        (b"PASS  x", Pass(" x")),
        (b"USER  bob ", User("bob")),
        ("USER jos\u00e9".encode(), User("jos\u00e9")),
        (b"RETR  1 ", Retr(1)),
        (b"LIST ", List()),
        (b"NOOP ", Noop()),
        (b"TOP  1   0", Top(1, 0)),
        (b"AUTH", Mechanisms()),
        (b"AUTH ", Mechanisms()),
        (b"auth plain =", Auth("PLAIN", b"")),
        (b"AUTH CRAM-MD5", Auth("CRAM-MD5")),
        (b"PASS " + b"x" * 300, Pass("x" * 300)),
    ],
)
def test_commands_that_are_forgiven(line, command):
    """Spaces more than one are, where no password has them; and names and passwords longer than a line should be."""
    assert read_command(line) == command


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "Unknown command."),
        (b" NOOP", "Unknown command."),
        (b"EHLO c", "Unknown command."),
        (b"NOOP x", "No argument is allowed."),
        (b"QUIT now", "No argument is allowed."),
        (b"USER", "A name is needed."),
        (b"RETR", "A message number is needed."),
        (b"RETR x", "A message number is needed."),
        (b"RETR -1", "A message number is needed."),
        (b"RETR 1 2", "A message number is needed."),
        (b"RETR 12345678901", "A message number is needed."),
        ("RETR \u0661".encode(), "A message number is needed."),
        (b"LIST a", "A message number is needed."),
        (b"TOP 1", "A message number and a number of lines are needed."),
        (b"TOP 1 2 3", "A message number and a number of lines are needed."),
        (b"TOP 1 x", "A message number is needed."),
        (b"APOP bob", "A name and a digest are needed."),
        (b"AUTH PLAIN a b", "A mechanism and an initial response are allowed."),
        (b"AUTH PLAIN !", "Not base64."),
        (b"NOOP\xff", "Not UTF-8."),
        (b"USER a\0b", "Control characters in a command."),
        (b"USER a\rb", "Control characters in a command."),
        (b"LIST " + b"1" * 250, "Line too long."),
    ],
)
def test_lines_that_are_no_commands(line, why):
    """Each says why, in words that may follow a -ERR."""
    assert read_command(line) == BadCommand(line, why)


def test_no_base64():
    """A response to a challenge that is no base64 is none, and neither is one of more than 12,288 octets."""
    assert read_auth_response(b"a b") == BadCommand(b"a b", "Not base64.")
    assert read_auth_response("\u00e9".encode()) == BadCommand("\u00e9".encode(), "Not base64.")
    server = server_at(State.AUTH)
    server.receive_data(b"A" * 12_287 + b"\r\n")
    assert server.next_event().why == "Line too long."


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (User("a\r\nQUIT"), "has control characters"),
        (User("x" * 300), "has 307 octets, at most 255"),
        (User(" a"), "does not mean"),
        (User(""), "does not mean"),
        (Apop("a b", "c"), "does not mean"),
        (Apop("a", ""), "does not mean"),
        (Retr(-1), "does not mean"),
        (Auth("plain"), "does not mean"),
        (Auth(""), "does not mean"),
        (Auth("PLAIN", b"x" * 9300), "has 12413 octets, at most 12288"),
    ],
)
def test_commands_that_cannot_be_sent(command, why):
    """What a server would not read as it was meant is not sent."""
    with pytest.raises(LocalProtocolError, match=why):
        write_command(command)


@pytest.mark.parametrize(
    ("response", "octets"),
    [
        (ok(), b"+OK\r\n"),
        (ok("2 320"), b"+OK 2 320\r\n"),
        (err("busy", "IN-USE"), b"-ERR [IN-USE] busy\r\n"),
        (err("", "SYS/TEMP"), b"-ERR [SYS/TEMP]\r\n"),
        (challenge(b"who?"), b"+ d2hvPw==\r\n"),
        (challenge(b""), b"+ \r\n"),
        (ok("x", b""), b"+OK x\r\n.\r\n"),
        (ok("", b".a\r\n..\r\nb"), b"+OK\r\n..a\r\n...\r\nb\r\n.\r\n"),
    ],
)
def test_responses_are_written(response, octets):
    """A line, and the dots of what follows doubled (RFC 1939 section 3; RFC 2449 section 8)."""
    assert write_response(response) == octets


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (ok("a\r\nb"), "control characters"),
        (err("x", "in use"), "write e.g. IN-USE"),
        (ok("x" * 507), "has 513 octets: at most 512"),
    ],
)
def test_responses_that_cannot_be_written(response, why):
    """A response has one line of 512 octets at most."""
    with pytest.raises(LocalProtocolError, match=why):
        write_response(response)


@pytest.mark.parametrize(
    ("line", "response"),
    [
        (b"+OK", ok()),
        (b"+ok  fine ", ok("fine ")),
        (b"-ERR [in-use] busy", err("busy", "IN-USE")),
        (b"-ERR []", err("")),
        (b"+OK [a] [b]", Response(Status.OK, "[b]", "A")),
        (b"+OK \xff", ok("\ufffd")),
    ],
)
def test_responses_are_read(line, response):
    """In any case, with any words, and a code in brackets in front of them."""
    client = Client()
    client.receive_data(line + b"\r\n")
    assert client.next_event() == response


@pytest.mark.parametrize("line", [b"", b"OK", b"+OKAY", b"220 hello", b"+ ", b"* OK IMAP4 ready"])
def test_lines_that_are_no_responses(line):
    """They end the session for the client."""
    client = Client()
    client.receive_data(line + b"\n")
    with pytest.raises(RemoteProtocolError, match="is no response of POP3"):
        client.next_event()
    assert client.next_event() == ConnectionClosed()


@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_a_line_without_end(end: bytes):
    """A response's line has 65,536 octets at most; nobody waits for the end of a longer one."""
    client = Client()
    client.receive_data(b"+OK " + b"x" * 65_536 + end)
    with pytest.raises(RemoteProtocolError, match="more than 65536 octets"):
        client.next_event()


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("ready <1896.697170952@dbc.mtview.ca.us>", "<1896.697170952@dbc.mtview.ca.us>"),
        ("<a> <b@c> ready", "<b@c>"),
        ("ready", ""),
        ("ready <a", ""),
        ("ready <a>", ""),
    ],
)
def test_the_timestamp(text, timestamp):
    """What APOP needs stands in the greeting, in angle brackets (RFC 1939 section 7)."""
    assert ConnectionPair(greeting=ok(text)).client.timestamp == timestamp


@pytest.mark.parametrize(
    ("command", "octets"),
    [
        (List(), b"1 28\r\n"),
        (List(1), None),
        (Uidl(), b"1 a\r\n"),
        (Uidl(1), None),
        (Retr(1), b"Subject: hi\r\n\r\n.hello\r\n..\r\n"),
        (Stat(), None),
    ],
)
def test_what_has_many_lines(command, octets):
    """LIST and UIDL of all, RETR, TOP, CAPA and AUTH alone have; the dots are as the author wrote them."""
    pair = ConnectionPair()
    pair.say(User("bob"))
    pair.say(Pass("secret"))
    assert pair.say(command)[0].content == octets
    assert [ConnectionPair().say(each)[0].content for each in (Mechanisms(), Auth("PLAIN", b"x"))] == [
        b"PLAIN\r\n",
        None,
    ]


@given(st.binary(max_size=200), st.integers(1, 20))
def test_content_comes_as_it_was(content, size):
    """Any octets, once their lines end in CRLF, come out of a response in pieces of any size."""
    content = b"".join(line.rstrip(b"\r") + b"\r\n" for line in content.split(b"\n"))
    client, server = Client(), server_at(State.TRANSACTION)
    client.receive_data(write_response(GREETING))
    drain(client)
    for command in (User("bob"), Pass("x")):
        client.send(command)
        client.receive_data(b"+OK\r\n")
        drain(client)
    server.receive_data(client.send(Retr(1)))
    server.next_event()
    octets = server.send(ok("here", content))
    found = []
    for at in range(0, len(octets), size):
        client.receive_data(octets[at : at + size])
        found += drain(client)
    assert found == [ok("here", content)]


def test_dots():
    """Of lines that begin with a dot it is doubled, and what ends without a CRLF gets one."""
    assert [stuff(octets) for octets in (b"", b".", b"a\r\n.\r\n", b"a.b", b"a\n.\r\nb")] == [
        b"",
        b"..\r\n",
        b"a\r\n..\r\n",
        b"a.b\r\n",
        b"a\n..\r\nb\r\n",
    ]


@given(st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"+OK\r\n"])).map(b"".join))
def test_no_mail_ends_its_response_for_any_client(content):
    """Neither for one to which a lone LF ends a line: what comes behind would be the next response to it."""
    lines = (stuff(content) + b".\r\n").split(b"\n")
    assert [line.rstrip(b"\r") for line in lines].index(b".") == len(lines) - 2


PIECES = st.lists(
    st.binary(max_size=30)
    | st.sampled_from(
        [b"USER bob\r\n", b"PASS x\r\n", b"STLS\r\n", b"QUIT\r\n", b"AUTH PLAIN\r\n", b"RETR 1\r\n", b"\n"]
    )
    | st.sampled_from([b"+OK\r\n", b"-ERR [IN-USE]\r\n", b"+ \r\n", b".\r\n", b"..\r\n"]),
    max_size=20,
)


@given(PIECES)
def test_a_server_takes_any_octets(pieces):
    """Whatever comes in, it gives events, and takes an answer to each; then the end."""
    server = Server()
    server.send(GREETING)
    for piece in filter(None, pieces):
        server.receive_data(piece)
        while (event := server.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
            assert server.send(answer(event)).endswith(b"\r\n")
    server.receive_data(b"")
    while not isinstance(event := server.next_event(), ConnectionClosed):
        server.send(answer(event))
    assert (server.next_event(), server.state) == (ConnectionClosed(), State.CLOSED)


@given(PIECES, st.lists(COMMANDS, max_size=10))
def test_a_client_takes_any_octets(pieces, commands):
    """Whatever comes in, it gives responses, the end, or one RemoteProtocolError; and sends what is legal."""
    client, commands = Client(), list(commands)
    for piece in filter(None, pieces):
        client.receive_data(piece)
        try:
            while not isinstance(event := client.next_event(), ConnectionClosed) and event is not NEED_DATA:
                if commands and client.state is not State.CLOSED:
                    before = client.state, client.outstanding
                    try:
                        client.send(commands.pop())
                    except LocalProtocolError:
                        assert (client.state, client.outstanding) == before
        except RemoteProtocolError:
            assert client.state is State.CLOSED
    client.receive_data(b"")
    with suppress(RemoteProtocolError):
        drain(client)
    assert (client.next_event(), client.state) == (ConnectionClosed(), State.CLOSED)
