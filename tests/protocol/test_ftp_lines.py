"""FTP's lines: commands and replies as they are written and read (RFC 959 sections 4.2 and 5.3)."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from ftp_pair import GREETING, ConnectionPair, answer
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.ftp import (
    NEED_DATA,
    BadCommand,
    Client,
    ConnectionClosed,
    FileData,
    LocalProtocolError,
    RemoteProtocolError,
    Server,
    State,
)
from sim.protocol.ftp import commands as c
from sim.protocol.ftp.replies import Reply, ReplyReader, extended_passive, passive, read_passive, reply, write_reply

PATHS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), min_size=1, max_size=60)
COMMANDS = st.one_of(
    st.sampled_from(
        [kind() for kind in (c.Cdup, c.Quit, c.Rein, c.Pasv, c.Abor, c.Pwd, c.Syst, c.Noop, c.Feat, c.List)]
    ),
    *(st.builds(kind, PATHS) for kind in (c.Cwd, c.Stor, c.Retr, c.Rnfr, c.Dele, c.Nlst, c.Stou, c.User, c.Pass)),
    st.builds(c.Port, st.tuples(*[st.integers(0, 255)] * 6)),
    st.builds(c.Allo, st.integers(0, 10**18)),
    st.builds(c.Rest, st.integers(0, 10**18)),
    st.builds(c.Type, st.sampled_from(["A", "A N", "E T", "I", "L 8"])),
)
LINES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"), max_size=40)


@given(COMMANDS)
def test_a_command_is_read_as_it_was_written(command):
    """Whatever a client may send means the same to the server, in any case of the keyword."""
    octets = c.write_command(command)
    assert (c.read_command(octets[:-2]), octets[-2:]) == (command, b"\r\n")
    verb, space, rest = octets[:-2].partition(b" ")
    assert c.read_command(verb.lower() + space + rest) == command


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"STOR two words ", c.Stor("two words ")),
        (b"PASS", c.Pass("")),
        (b"LIST", c.List("")),
        (b"LIST -l", c.List("-l")),
        (b"type a  n", c.Type("A N")),
        (b"ALLO 10 R 5", c.Allo(10)),
        (b"AUTH TLS", c.AuthTls("TLS")),
        (b"EPSV ALL", c.Epsv("ALL")),
        (b"NOOP ", c.Noop()),
        (b"\xff\xf4\xff\xf2ABOR", c.Abor()),
        (b"\xff\xfb\x01NOOP", c.Noop()),
        ("CWD caf\u00e9".encode(), c.Cwd("caf\u00e9")),
    ],
)
def test_what_a_line_means(line, command):
    """As RFC 959 has it, without what Telnet says between (section 4.1.3)."""
    assert c.read_command(line) == command


@pytest.mark.parametrize(
    ("line", "code", "why"),
    [
        (b"", 500, "Unknown command."),
        (b"XYZZY", 500, "Unknown command."),
        (b"STOR", 501, "An argument is needed."),
        (b"EPRT", 501, "An argument is needed."),
        (b"NOOP x", 501, "No argument is allowed."),
        (b"REST x", 501, "A number is needed."),
        (b"TYPE X", 501, "One of A, A N, A T, A C, E, E N, E T, E C, I, L 8 is needed."),
        (b"MODE", 501, "One of S, B, C is needed."),
        (b"PORT 1,2,3", 501, "Six numbers below 256 are needed."),
        (b"PORT 1,2,3,4,5,256", 501, "Six numbers below 256 are needed."),
        (b"CWD \xff\xff", 501, "Not UTF-8."),
        (b"CWD a\0", 501, "Control characters in a command."),
        (b"CWD " + b"a" * 4096, 500, "Line too long."),
    ],
)
def test_what_is_no_command(line, code, why):
    """The reply's code says what is wrong with it."""
    found = c.read_command(line)
    assert isinstance(found, BadCommand)
    assert (found.code, found.why) == (code, why)


@pytest.mark.parametrize("command", [c.Stor(""), c.Stor("a\nb"), c.Cwd("a\r"), c.Type("X"), c.Stor("\udc80")])
def test_what_cannot_be_sent(command):
    """A client sends nothing that would mean something else."""
    with pytest.raises(LocalProtocolError, match="cannot send"):
        c.write_command(command)


@given(st.integers(100, 599), st.lists(LINES, min_size=1, max_size=4))
def test_a_reply_is_read_as_it_was_written(code, lines):
    """Of one line or of many, whatever these look like."""
    said, reader = Reply(code, tuple(lines)), ReplyReader()
    *most, last = write_reply(said).removesuffix(b"\r\n").split(b"\r\n")
    assert [reader.read(line) for line in most] == [None] * len(most)
    assert reader.read(last) == said


def test_a_reply_of_many_lines():
    """Between the first line and the last, which has the code and a space, anything may stand (section 4.2)."""
    reader = ReplyReader()
    lines = [
        b"123-First line",
        b"Second line",
        b"  234 A line beginning with numbers",
        b"124 other",
        b"123 The last line",
    ]
    *most, whole = [reader.read(line) for line in lines]
    assert (most, whole.digit) == ([None] * 4, 1)
    assert whole.text.split("\n") == [
        "First line",
        "Second line",
        "  234 A line beginning with numbers",
        "124 other",
        "The last line",
    ]


@pytest.mark.parametrize("said", [Reply(99), Reply(600), Reply(200, ()), Reply(200, ("a\nb",))])
def test_what_cannot_be_replied(said):
    """A server sends nothing that would mean something else."""
    with pytest.raises(LocalProtocolError, match="cannot reply"):
        write_reply(said)


def test_where_a_server_listens():
    """By PASV all six numbers, by EPSV the port alone (RFC 2428 section 3)."""
    assert read_passive(passive((192, 0, 2, 1), 49_152)) == ("192.0.2.1", 49_152)
    assert read_passive(extended_passive(49_152)) == ("", 49_152)
    assert passive((192, 0, 2, 1), 258).text == "Entering Passive Mode (192,0,2,1,1,2)."


@pytest.mark.parametrize(
    "said",
    [
        reply(227, "somewhere"),
        reply(227, "(1,2,3,4,5,256)"),
        reply(229, "(|||65536|)"),
        reply(229, "(1,2,3,4,5,6)"),
        reply(200, "(1,2,3,4,5,6)"),
    ],
)
def test_where_it_does_not(said):
    """A reply that says no such thing is the server's fault."""
    with pytest.raises(RemoteProtocolError, match="does not say where the server listens"):
        read_passive(said)


def _pieces(data, cuts):
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


WIRE = st.lists(
    st.one_of(
        COMMANDS.map(c.write_command),
        st.binary(max_size=30),
        st.sampled_from(
            [b"USER a\r\n", b"PASS b\r\n", b"STOR f\r\n", b"RNFR a\r\n", b"ABOR\r\n", b"\r\n", b"QUIT\r\n"]
        ),
    ),
    max_size=12,
).map(b"".join)


def _events(data, cuts, file):
    server, found = Server(), []
    server.send(GREETING)
    server.receive_file(file)
    for piece in [*_pieces(data, cuts), b""]:
        server.receive_data(piece)
        while (event := server.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
            found.append(event)
            if isinstance(event, c.Abor) and server.state is State.TRANSFER:
                server.send(reply(426, ""))
            if not isinstance(event, FileData):
                server.send(answer(event))
    return found, server.state


@given(WIRE, st.lists(st.integers(0, 300), max_size=8), st.binary(max_size=9))
def test_a_server_takes_anything(data, cuts, file):
    """Any octets in any pieces give the same events, and no error."""
    assert _events(data, cuts, file) == _events(data, (), file)


@given(
    st.lists(st.builds(Reply, st.integers(100, 599), st.lists(LINES, min_size=1, max_size=3).map(tuple)), max_size=6),
    st.binary(max_size=20),
    st.lists(st.integers(0, 300), max_size=8),
)
def test_a_client_takes_anything(replies, junk, cuts):
    """Any octets in any pieces give the same replies, or say that the server broke the protocol."""
    data = b"".join(map(write_reply, replies)) + junk

    def heard(cuts):
        client, found = Client(), []
        with suppress(RemoteProtocolError):
            for piece in _pieces(data, cuts):
                client.receive_data(piece)
                while isinstance(event := client.next_event(), Reply):
                    found.append(event)
        return found, client.state

    assert heard(cuts) == heard(())


def test_a_dialogue_as_curl_has_it():
    """Curl -T FILE ftp://HOST/in/: greeting, USER, PASS, PWD, CWD, EPSV, TYPE I, STOR, the file, QUIT."""
    pair = ConnectionPair()
    said = (c.User("anonymous"), c.Pass("ftp@example.com"), c.Pwd(), c.Cwd("in"), c.Epsv(), c.Type("I"), c.Stor("a"))
    assert [each.code for each in pair.say(*said)] == [331, 230, 200, 200, 200, 200, 150]
    assert [each.code for each in pair.put(b"content")] == [226]
    assert pair.say(c.Quit()) == [reply(221, "Bye"), ConnectionClosed()]
