"""Any octets, in any pieces: events or RemoteProtocolError, nothing else, and the pieces do not matter."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from imap_pair import ConnectionPair, answer, client_events, pieces, server_events
from imap_values import COMMANDS

from sim.protocol.imap4 import LocalProtocolError, Tagged
from sim.protocol.imap4 import commands as c
from sim.protocol.imap4.command_writer import write_command

LOGIN, SELECT = b"a LOGIN b c\r\n", b"b SELECT INBOX\r\n"
LINES = [
    LOGIN,
    SELECT,
    b"c IDLE\r\n",
    b"DONE\r\n",
    b"d AUTHENTICATE PLAIN\r\n",
    b"d AUTHENTICATE PLAIN =\r\n",
    b"AGIAYw==\r\n",
    b"*\r\n",
    b"e NOOP\r\n",
    b"e NOOP\n",
    b"f LOGIN {1}\r\nb {1+}\r\nc\r\n",
    b"g APPEND INBOX (\\Seen) {5}\r\nhello\r\n",
    b"h APPEND INBOX ~{3+}\r\n\0\0\0\r\n",
    b"h APPEND INBOX {400+}\r\n" + b"x" * 400 + b"\r\n",
    b'i SEARCH CHARSET UTF-8 OR TEXT {2+}\r\n\xc3\xa4 (NOT SUBJECT x BODY "y")\r\n',
    b"j FETCH 1:* (BODY.PEEK[HEADER.FIELDS (To {2}\r\nCc)] BINARY[1.2]<3.4>)\r\n",
    b'k LIST (SUBSCRIBED) "" ("*" {1}\r\n%) RETURN (STATUS (UNSEEN))\r\n',
    b"l UID STORE 1:3,*:7 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Deleted foo)\r\n",
    b"m ENABLE IMAP4rev2\r\n",
    b"n CREATE &AOQ-\r\n",
    b"n CREATE &x\r\n",
    b'n CREATE "\xc3\xa4"\r\n',
    b"o LOGOUT\r\n",
    b'p ID ("name" NIL)\r\n',
    b"q {99999999999999999999999+}\r\n",
    b"r NOOP {100000000+}\r\n",
    b"s (((((((((((((((((",
    b"\r\n",
    b"\r",
    b"\n",
    b"\0",
    b"{0}\r\n",
    b"{0+}\r\n",
    b"x" * 600,
]
RESPONSES = [
    b"* OK Ready.\r\n",
    b"* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] Ready.\r\n",
    b"* CAPABILITY IMAP4rev1 LITERAL-\r\n",
    b"A1 OK Done.\r\n",
    b"A2 OK [READ-WRITE] Done.\r\n",
    b"A3 NO [ALERT] No.\r\n",
    b"A4 BAD No.\r\n",
    b"+ \r\n",
    b"+ YQ==\r\n",
    b"* BYE Bye.\r\n",
    b"* 3 EXISTS\r\n",
    b"* FLAGS (\\Seen \\*)\r\n",
    b'* LIST (\\HasChildren) "/" {3}\r\na/b\r\n',
    b'* 1 FETCH (FLAGS (\\Seen) BODY[HEADER.FIELDS ("To")] {4}\r\na: b ENVELOPE (NIL "x" ((NIL NIL "a" "b")(NIL NIL NIL NIL))))\r\n',
    b"* SEARCH 1 2 3 (MODSEQ 5)\r\n",
    b'* ESEARCH (TAG "A3") UID ALL 1:5,7\r\n',
    b"* ENABLED IMAP4rev2\r\n",
    b"* OK it ends with {5}\r\n",
    b"* 1 FETCH (BODY[] ~{3}\r\n\0\0\0)\r\n",
    b"* X {99999999999999999999999}\r\n",
    b"* ((((((((((",
    b"\r",
    b"\n",
    b"\0",
]
SENDS = [
    c.Noop(),
    c.Capability(),
    c.Login(b"a", b"b"),
    c.Login(b"\xff", b"\r\n"),
    c.Authenticate("PLAIN"),
    c.AuthenticateResponse(b"\0a\0b"),
    c.AuthenticateCancel(),
    c.Select("INBOX"),
    c.Idle(),
    c.Done(),
    c.Append("INBOX", b"x" * 5000),
    c.Append("INBOX", b"{3}\r\nabc"),
    c.Enable(("IMAP4REV2",)),
    c.StartTls(),
    c.Close(),
    c.Logout(),
]


def octets_of(likely):
    """Octets that are partly sense, partly anything."""
    return st.lists(st.one_of(st.sampled_from(likely), st.binary(max_size=12)), max_size=20).map(b"".join)


SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=6)
# A session that is half way through makes deep states likely.
OPENINGS = st.sampled_from([b"", LOGIN, LOGIN + SELECT, LOGIN + SELECT + LINES[2], LINES[4]])
WRITTEN = COMMANDS.map(lambda command: write_command("w", command, utf8=False))


@settings(max_examples=max(300, settings().max_examples))
@given(OPENINGS, octets_of(LINES), SIZES)
def test_server(opening, octets, sizes):
    """A server gives the same events and answers for the same octets, whatever they are and however they come."""
    octets = opening + octets
    whole = server_events([octets] if octets else [])
    assert server_events(pieces(octets, sizes)) == whole
    assert server_events(pieces(octets, [1])) == whole


@settings(max_examples=max(300, settings().max_examples))
@given(OPENINGS, st.lists(WRITTEN | st.sampled_from(LINES), max_size=6), st.data(), SIZES)
def test_server_with_mangled_commands(opening, lines, data, sizes):
    """Legal commands of every kind, some of their octets lost or others, are read or refused."""
    octets = bytearray(b"".join(lines))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(octets)))
        octets[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3) | st.sampled_from(LINES))
    server_events(pieces(opening + bytes(octets), sizes))


@settings(max_examples=max(300, settings().max_examples))
@given(octets_of(RESPONSES), SIZES)
def test_client_that_listens(octets, sizes):
    """A client gives the same responses, and the same end, for the same octets however they come."""
    whole = client_events(pieces(octets, [len(octets) or 1]))
    assert client_events(pieces(octets, sizes)) == whole
    assert client_events(pieces(octets, [1])) == whole


@settings(max_examples=max(300, settings().max_examples))
@given(octets_of(RESPONSES).map(lambda octets: RESPONSES[0] + octets), SIZES, st.lists(st.sampled_from(SENDS)))
def test_client_that_talks(octets, sizes, commands):
    """The same holds for a client that sends whatever command is legal whenever it has its response."""
    commands = [SENDS[2], *commands]
    whole = client_events([octets], commands)
    assert client_events(pieces(octets, sizes), commands) == whole
    assert client_events(pieces(octets, [1]), commands) == whole


@settings(max_examples=max(200, settings().max_examples))
@given(
    st.lists(COMMANDS | st.sampled_from(SENDS), max_size=12), st.sampled_from(["", "LITERAL+", "LITERAL-"]), st.data()
)
def test_pair(commands, capabilities, data):
    """Whatever a client may send, in groups it may form and with any refusals, both ends agree on the state."""

    def respond(server, command):
        said = answer(server, command)
        refusal = data.draw(st.sampled_from([None, None, None, "NO", "BAD"]))
        refuses = refusal and said[-1] == Tagged("OK", "Done.") and len(said) == 1
        return [Tagged(refusal, "No.")] if refuses else said

    pair = ConnectionPair(respond=respond, capabilities=capabilities)
    flight = b""
    for command in [c.Login(b"a", b"b"), *commands]:
        try:
            flight += pair.client.send(command)
        except LocalProtocolError:
            pair.put(flight)
            flight = b""
            assert pair.client.outstanding == (pair.client.state.name.startswith(("IDLE", "AUTHENTICATING")))
            assert pair.client.state is pair.server.state
    pair.put(flight)
    assert pair.client.state is pair.server.state
    assert pair.client.utf8 is pair.server.utf8
