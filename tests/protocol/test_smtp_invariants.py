"""Any octets, in any pieces: events or RemoteProtocolError, nothing else, and the pieces do not matter."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_pair import ConnectionPair, answer, client_events, pieces, server_events

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.protocol.smtp import (
    Atrn,
    Auth,
    AuthResponse,
    Chunk,
    Data,
    Ehlo,
    Etrn,
    Helo,
    LastChunk,
    Lhlo,
    LocalProtocolError,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Soml,
    StartTls,
    Turn,
)
from sim.protocol.smtp.extensions import EXTENSIONS

LASTING = tuple(keyword for keyword in EXTENSIONS if keyword not in {"STARTTLS", "ATRN"})

LINES = [
    b"EHLO c.example\r\n",
    b"HELO c.example\r\n",
    b"MAIL FROM:<a@x.example> SIZE=10 BODY=8BITMIME\r\n",
    b"MAIL FROM:<>\r\n",
    b"RCPT TO:<b@y.example>\r\n",
    b'RCPT TO:<@z:"b "@y.example>\r\n',
    b"MAIL FROM:a@x.example\n",
    b'RCPT TO: < "b".(c)\\@.@y_z. >\r\r\n',
    b"GET / HTTP/1.0\r\n",
    b"DATA\r\n",
    b"DATA\n",
    b"RSET\r\n",
    b"NOOP x\r\n",
    b"VRFY\r\n",
    b"LHLO c.example\r\n",
    b"SOML FROM:<>\r\n",
    b"MAIL FROM:<\xc3\xa9@x.example> SMTPUTF8 BODY=BINARYMIME RET=HDRS\r\n",
    b"BDAT 3\r\n",
    b"BDAT 5 LAST\r\n",
    b"BDAT 99999999999999999999\r\n",
    b"STARTTLS\r\n",
    b"AUTH PLAIN AGIAcA==\r\n",
    b"AUTH LOGIN\r\n",
    b"Ym9i\r\n",
    b"*\r\n",
    b"ETRN #q\r\n",
    b"TURN\r\n",
    b"ATRN\r\n",
    b".hello\r\n",
    b"\r\n.\r\n",
    b".\r\n",
    b"\r",
    b"\n",
    b"x" * 600,
]
REPLIES = [
    b"220 x\r\n",
    b"250 Ok\r\n",
    b"250-x\r\n",
    b"250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 10\r\n",
    b"250 2.1.0 Ok\r\n",
    b"354 Go\r\n",
    b"550 5.1.1 No\r\n",
    b"452 No\r\n",
    b"421 Bye\r\n",
    b"250-x\r\n250-CHUNKING\r\n250-AUTH PLAIN\r\n250-STARTTLS\r\n250 PIPELINING\r\n",
    b"334 Ym9i\r\n",
    b"235 2.7.0 Ok\r\n",
    b"221\r\n",
    b"25",
    b"\r",
    b"\n",
    b"x" * 1000,
]
COMMANDS = [
    Ehlo("c.example"),
    Helo("c.example"),
    Mail(NULL_PATH),
    Mail(NULL_PATH, (("SIZE", "5"),)),
    Rcpt(Path(Address("b", "y.example"))),
    Data(),
    MailData(b"x"),
    Rset(),
    Noop(),
    Soml(NULL_PATH),
    Mail(Path(Address("\u00e9", "x.example")), (("SMTPUTF8", None), ("BODY", "BINARYMIME"))),
    Rcpt(Path(Address("\u00e9", "y.example"))),
    Chunk(b"abc"),
    LastChunk(b".\r\n"),
    StartTls(),
    Auth("PLAIN", b"\0b\0p"),
    Auth("LOGIN"),
    AuthResponse(b"bob"),
    AuthResponse(None),
    Etrn("#q"),
    Turn(),
    Atrn(),
    Lhlo("c.example"),
    Quit(),
]


def octets_of(likely):
    """Octets that are partly sense, partly anything."""
    return st.lists(st.one_of(st.sampled_from(likely), st.binary(max_size=12)), max_size=20).map(b"".join)


SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=6)
# A session that is half way through makes deep states likely.
OPENINGS = st.sampled_from(
    [b"", b"".join(LINES[:1]), LINES[0] + LINES[2] + LINES[4], LINES[1] + LINES[3] + LINES[4] + LINES[6]]
)


@settings(max_examples=max(300, settings().max_examples))
@given(OPENINGS, octets_of(LINES), SIZES, st.sampled_from([0, 3, 40]), st.booleans())
def test_server(opening, octets, sizes, limit, esmtp):
    """A server gives the same events and answers for the same octets, whatever they are and however they come."""
    check_server(opening + octets, sizes, {"size_limit": limit, "esmtp": esmtp})


@settings(max_examples=max(300, settings().max_examples))
@given(OPENINGS, octets_of(LINES), SIZES, st.sampled_from([3, 40]), st.booleans())
def test_server_that_offers_everything(opening, octets, sizes, limit, lmtp):
    """The same holds with every extension but STARTTLS, behind which it matters what has come; and for LMTP."""
    opening = opening.replace(b"EHLO", b"LHLO") if lmtp else opening
    check_server(opening + octets, sizes, {"size_limit": limit, "lmtp": lmtp, "extensions": LASTING})


def check_server(octets, sizes, options):
    """Compare what a server makes of the octets in one piece, in these pieces, and one by one."""
    whole = server_events([octets] if octets else [], **options)
    assert server_events(pieces(octets, sizes), **options) == whole
    assert server_events(pieces(octets, [1]), **options) == whole


@settings(max_examples=max(200, settings().max_examples))
@given(OPENINGS, octets_of(LINES), SIZES, st.booleans())
def test_server_that_drops_what_came_in_clear(opening, octets, sizes, willing):
    """With STARTTLS, and TURN taken or not, any octets give events, and each takes an answer."""
    extensions = tuple(EXTENSIONS)
    server_events(pieces(opening + octets, sizes), extensions=extensions, size_limit=40, willing=willing)


@settings(max_examples=max(300, settings().max_examples))
@given(octets_of(REPLIES), SIZES)
def test_client_that_listens(octets, sizes):
    """A client gives the same replies, and the same end, for the same octets however they come."""
    whole = client_events(pieces(octets, [len(octets) or 1]))
    assert client_events(pieces(octets, sizes)) == whole
    assert client_events(pieces(octets, [1])) == whole


@settings(max_examples=max(300, settings().max_examples))
@given(
    octets_of(REPLIES).map(lambda octets: REPLIES[0] + octets), SIZES, st.lists(st.sampled_from(COMMANDS), max_size=12)
)
def test_client_that_talks(octets, sizes, commands):
    """The same holds for a client that sends whatever command is legal whenever it has its reply."""
    commands = [COMMANDS[0], *commands]
    whole = client_events([octets], commands)
    assert client_events(pieces(octets, sizes), commands) == whole
    assert client_events(pieces(octets, [1]), commands) == whole


@settings(max_examples=max(200, settings().max_examples))
@given(
    st.lists(st.sampled_from(COMMANDS), max_size=20).map(lambda commands: [COMMANDS[0], *commands]),
    st.sampled_from([(), ("SIZE", "PIPELINING"), None, tuple(EXTENSIONS)]),
    st.data(),
)
def test_pair(commands, extensions, data):
    """Whatever a client may send, in groups it may form and with any refusals, both ends agree on the state."""

    def respond(server, event):
        refusals = [None, None, 450, 550]
        refusal = data.draw(st.sampled_from(refusals))
        reply = answer(server, event)
        return reply if refusal is None or hasattr(event, "reply") else type(reply)(refusal, ("No",))

    options = {} if extensions is None else {"extensions": extensions}
    pair = ConnectionPair(hello=None, respond=respond, **options)
    flight, sent = b"", 0
    for command in commands:
        try:
            flight += pair.client.send(command)
            sent += 1
        except LocalProtocolError:
            pair.put(flight)
            flight = b""
            assert pair.client.outstanding == 0
            assert pair.client.state is pair.server.state
    pair.put(flight)
    assert pair.client.outstanding == 0
    assert pair.client.state is pair.server.state
