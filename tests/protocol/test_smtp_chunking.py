"""CHUNKING and BINARYMIME: mail data by BDAT (RFC 3030)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_pair import ConnectionPair, answer, client_after, pieces, refuse_chunks, serve, server_at

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
    LocalProtocolError,
    Mail,
    MailData,
    Noop,
    Rcpt,
    Reply,
    Rset,
    Server,
    State,
    replies,
)
from sim.protocol.smtp.commands import Bdat
from sim.protocol.smtp.reader import Reader

CHUNKING = {"extensions": ("PIPELINING", "CHUNKING", "8BITMIME", "BINARYMIME")}
BINARY = Mail(NULL_PATH, (("BODY", "BINARYMIME"),))
MAIL = Mail(NULL_PATH)
BOB, EVE = (Rcpt(Path(Address(name, "y.example"))) for name in ("bob", "eve"))


def codes(heard):
    """The codes of replies, without the end of the session."""
    return [event.code for event in heard if isinstance(event, Reply)]


def test_a_message_in_chunks():
    """Each chunk has its reply, and the last one brings the server the whole mail data."""
    pair = ConnectionPair(**CHUNKING)
    assert codes(pair.say(MAIL, BOB)) == [250, 250]
    for chunk in (Chunk(b"one\r\n.\r\n"), Chunk(b""), Chunk(b"\x00\n")):
        assert codes(pair.say(chunk)) == [250]
        assert pair.events == [chunk]
        assert pair.client.state is pair.server.state is State.CHUNKS
    assert codes(pair.say(LastChunk(b"end"))) == [250]
    assert pair.events == [LastChunk(b"one\r\n.\r\n\x00\nend")]
    assert pair.client.state is pair.server.state is State.READY


def test_a_transaction_in_one_flight():
    """Chunks may be pipelined behind MAIL and RCPT, and the next transaction behind them."""
    pair = ConnectionPair(**CHUNKING)
    flight = (MAIL, BOB, Chunk(b"a"), LastChunk(b"b"), MAIL, BOB, LastChunk(b"c"))
    assert codes(pair.say(*flight)) == [250] * 7
    assert [event.content for event in pair.events if isinstance(event, LastChunk)] == [b"ab", b"c"]


def test_what_a_client_writes():
    """A chunk's octets follow its line as they are."""
    client = client_after(Ehlo("c"), MAIL, BOB, **CHUNKING)
    assert client.send(Chunk(b".\r\n")) == b"BDAT 3\r\n.\r\n"
    assert client.send(LastChunk(b"")) == b"BDAT 0 LAST\r\n"


@pytest.mark.parametrize("line", [b"BDAT 1 last", b"bdat 01  LAST ", b"BDAT\t1\tLAST"])
def test_lines_are_read_with_tolerance(line):
    """Case and spaces are as in other commands."""
    server = server_at(State.RCPT, **CHUNKING)
    assert serve(server, line + b"\r\nx")[0] == [LastChunk(b"x")]


@pytest.mark.parametrize("argument", [b"", b" x", b" -1", b" 1 FIRST", b" 1 LAST x", b" LAST", b" " + b"1" * 21])
def test_bad_lines(argument):
    """A BDAT line that cannot be understood gets 521 and ends the session: what follows may be the chunk's octets."""
    server = server_at(State.RCPT, **CHUNKING)
    events, octets = serve(server, b"BDAT" + argument + b"\r\nRSET\r\n")
    assert (len(events), octets[:4]) == (2, b"521 ")
    assert events[1] == ConnectionClosed()


@pytest.mark.parametrize("state", [State.GREETED, State.MAIL, State.CHUNKS, State.FAILED])
def test_bad_lines_anywhere(state):
    """Wherever it stands: 521, where chunks are offered at all; else it is one unknown command among others."""
    server = server_at(state, **CHUNKING)
    assert serve(server, b"BDAT x\r\nNOOP\r\n")[0][0].reply.code == 521
    assert server.state is State.CLOSED
    assert serve(server_at(State.RCPT), b"BDAT x\r\n")[0][0].reply.code == 502


@pytest.mark.parametrize("state", [State.GREETED, State.READY, State.MAIL, State.FAILED, State.REFUSED])
@pytest.mark.parametrize("sizes", [[1], [1000]])
def test_out_of_place(state, sizes):
    """Where BDAT has no place it gets 503, and its octets are eaten all the same."""
    server = server_at(state, **CHUNKING)
    events = []
    for piece in pieces(b"BDAT 6 LAST\r\nQUIT\r\nXYZZY\r\n", sizes):
        events += serve(server, piece)[0]
        assert len(server._reader) < 30
    assert events[0] == BadCommand(b"BDAT 6 LAST", replies.E503_BAD_SEQUENCE)
    assert [event.line for event in events] == [b"BDAT 6 LAST", b"XYZZY"]
    assert server.state is state


def test_after_helo():
    """After HELO no BDAT is legal, but a server that has it knows that octets follow."""
    server = server_at(State.GREETED, **CHUNKING)
    events, _ = serve(server, b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@y>\r\nBDAT 4\r\nQUITNOOP\r\n")
    assert events[3:] == [BadCommand(b"BDAT 4", replies.E503_BAD_SEQUENCE), Noop()]


@pytest.mark.parametrize(
    ("options", "reply"), [({}, replies.E502_NOT_IMPLEMENTED), ({"esmtp": False}, replies.E500_UNKNOWN)]
)
def test_a_server_without_chunking(options, reply):
    """A server that has no BDAT reads what follows as commands."""
    server = server_at(State.RCPT, **options)
    assert serve(server, b"BDAT 6\r\nNOOP\r\n")[0] == [BadCommand(b"BDAT 6", reply), Noop()]


def test_a_client_without_the_offer():
    """A client sends chunks only where CHUNKING is offered."""
    with pytest.raises(LocalProtocolError, match="does not offer CHUNKING"):
        client_after(Ehlo("c"), MAIL, BOB).send(LastChunk(b""))


def test_data_and_chunks_do_not_mix():
    """DATA after a chunk gets 503, and the chunks go on."""
    server = server_at(State.CHUNKS, **CHUNKING)
    assert serve(server, b"DATA\r\nBDAT 1 LAST\r\ny")[0] == [
        BadCommand(b"DATA", replies.E503_BAD_SEQUENCE),
        LastChunk(b"xy"),
    ]


@pytest.mark.parametrize("between", [b"RSET\r\n", b"EHLO c\r\n"])
def test_rset_between_chunks(between):
    """RSET and EHLO drop the chunks that came."""
    server = server_at(State.CHUNKS, **CHUNKING)
    events, _ = serve(server, between + b"MAIL FROM:<>\r\nRCPT TO:<b@y>\r\nBDAT 1 LAST\r\nz")
    assert events[-1] == LastChunk(b"z")


def test_a_refused_chunk():
    """After a refused chunk the rest gets 503, until RSET; client and server agree."""
    pair = ConnectionPair(respond=refuse_chunks, **CHUNKING)
    assert codes(pair.say(MAIL, BOB, Chunk(b"a"), Chunk(b"b"), LastChunk(b"c"))) == [250, 250, 452, 503, 503]
    assert pair.client.state is pair.server.state is State.FAILED
    with pytest.raises(LocalProtocolError, match="Mail is not legal in state FAILED"):
        pair.client.send(MAIL)
    assert codes(pair.say(Rset(), MAIL, BOB, LastChunk(b"d"))) == [250] * 4
    assert pair.events[-1] == LastChunk(b"d")


def test_no_recipient_for_the_chunks():
    """When every recipient is refused, pipelined chunks get 503, and the transaction stays open."""

    def only_bob(server, event):
        return replies.E550_NO_SUCH_USER if event == EVE else answer(server, event)

    pair = ConnectionPair(respond=only_bob, **CHUNKING)
    assert codes(pair.say(MAIL, EVE, Chunk(b"a"), LastChunk(b"b"))) == [250, 550, 503, 503]
    assert pair.client.state is pair.server.state is State.MAIL


def test_size_limit():
    """The limit holds for all chunks together; what is above it is eaten, reported, and not kept."""
    server = server_at(State.RCPT, size_limit=10, **CHUNKING)
    assert serve(server, b"BDAT 4\r\nabcd")[0] == [Chunk(b"abcd")]
    serve(server, b"BDAT 1000000\r\n")
    for _ in range(999):
        assert serve(server, b"x" * 1000) == ([], b"")
        assert len(server._reader) == 0
    assert serve(server, b"x" * 1000)[0] == [Chunk(b"", too_big=True)]
    assert serve(server, b"BDAT 1 LAST\r\nx")[0] == [BadCommand(b"BDAT 1 LAST", replies.E503_BAD_SEQUENCE)]
    assert serve(server, b"RSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@y>\r\nBDAT 10 LAST\r\n0123456789")[0][-1] == LastChunk(
        b"0123456789"
    )


def test_many_small_chunks_cost_no_more_than_a_large_one():
    """What a peer cuts into octets is joined in linear time, limit or not."""
    reader = Reader(1_000_000)
    for _ in range(100_000):
        reader.begin_chunk(Bdat(1, last=False), b"BDAT 1", None)
        reader.append(b"x")
        assert reader.chunk(*reader.due) == Chunk(b"x")
    reader.begin_chunk(Bdat(0, last=True), b"BDAT 0 LAST", None)
    assert reader.chunk(*reader.due) == LastChunk(b"x" * 100_000)


def test_a_last_chunk_too_big():
    """A last chunk above the limit ends the transaction with the caller's refusal."""
    server = server_at(State.RCPT, size_limit=10, **CHUNKING)
    events, octets = serve(server, b"BDAT 11 LAST\r\n01234567890NOOP\r\n")
    assert events == [LastChunk(b"", too_big=True), Noop()]
    assert octets.startswith(b"552")
    assert server.state is State.READY


def test_the_transaction_after_one_too_big():
    """What was too big is forgotten with its reply, though no octet of it was kept."""
    server = server_at(State.RCPT, size_limit=10, **CHUNKING)
    assert serve(server, b"BDAT 11 LAST\r\nhello world")[0] == [LastChunk(b"", too_big=True)]
    events = serve(server, b"MAIL FROM:<>\r\nRCPT TO:<bob@y.example>\r\nBDAT 2 LAST\r\nhi")[0]
    assert events[-1] == LastChunk(b"hi")


def test_too_big_for_good():
    """A caller that takes a chunk above the limit all the same hears of it again with the next one."""
    server = server_at(State.RCPT, size_limit=3, **CHUNKING)
    events, _ = serve(server, b"BDAT 4\r\nabcdBDAT 0 LAST\r\n", lambda *_: replies.S250_OK)
    assert events == [Chunk(b"", too_big=True), LastChunk(b"", too_big=True)]


def test_binarymime_is_for_chunks():
    """After MAIL with BODY=BINARYMIME, DATA gets 503, and a client does not send it."""
    pair = ConnectionPair(**CHUNKING)
    pair.say(BINARY, BOB)
    with pytest.raises(LocalProtocolError, match="BODY=BINARYMIME"):
        pair.say(Data())
    assert serve(pair.server, b"DATA\r\n")[0] == [BadCommand(b"DATA", replies.E503_BAD_SEQUENCE)]
    assert codes(pair.say(LastChunk(b"\x00"), MAIL, BOB, Data())) == [250, 250, 250, 354]
    assert codes(pair.say(MailData(b""))) == [250]


def test_binarymime_needs_chunking():
    """A server cannot offer BINARYMIME without CHUNKING."""
    with pytest.raises(LocalProtocolError, match="'BINARYMIME' needs 'CHUNKING'"):
        Server("mx.example", extensions=("BINARYMIME",))


@pytest.mark.parametrize(
    ("extensions", "body", "code"),
    [
        (("8BITMIME",), "BINARYMIME", 501),
        (("CHUNKING", "BINARYMIME"), "binarymime", 250),
        (("CHUNKING", "BINARYMIME"), "8BITMIME", 501),
        (("CHUNKING", "8BITMIME", "BINARYMIME"), "8BITMIME", 250),
        (("CHUNKING",), "BINARYMIME", 555),
    ],
)
def test_bodies(extensions, body, code):
    """Each value of BODY belongs to its extension."""
    _, octets = serve(server_at(State.READY, extensions=extensions), f"MAIL FROM:<> BODY={body}\r\n".encode())
    assert int(octets[:3]) == code


CHUNKS = st.lists(st.binary(max_size=8), min_size=1, max_size=5)


@settings(deadline=None)
@given(CHUNKS, st.lists(st.integers(1, 12), min_size=1, max_size=4), st.sampled_from([0, 1, 20]))
def test_any_chunks_in_any_pieces(chunks, sizes, limit):
    """However the octets come, the same chunks give the same events, within the limit."""
    client = client_after(Ehlo("c"), MAIL, BOB, **CHUNKING)
    octets = b"".join([client.send(Chunk(chunk)) for chunk in chunks[:-1]]) + client.send(LastChunk(chunks[-1]))
    server = server_at(State.RCPT, size_limit=limit, **CHUNKING)
    whole, _ = serve(server_at(State.RCPT, size_limit=limit, **CHUNKING), octets)
    events = []
    for piece in pieces(octets, sizes):
        events += serve(server, piece)[0]
    assert events == whole
    fits = not limit or sum(map(len, chunks)) <= limit
    assert (events[-1] == LastChunk(b"".join(chunks))) is fits


def test_helo_still_greets():
    """A client that falls back to HELO has no chunks."""
    with pytest.raises(LocalProtocolError, match="does not offer CHUNKING"):
        client_after(Helo("c"), MAIL, BOB, **CHUNKING).send(Chunk(b""))
