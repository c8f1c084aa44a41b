"""Mail data: dots, the one sequence that ends it, limits, and no work done twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtp_pair import pieces, serve, server_at

from sim.protocol.smtp import MailData, Noop, Quit, State, replies
from sim.protocol.smtp.mail_data import stuff, unstuff
from sim.protocol.smtp.reader import Reader

# Content made of what dot-stuffing and smuggling are about, and little else.
CONTENT = st.lists(st.sampled_from([b".", b"\r\n", b"\r", b"\n", b"x", b"..", b"\x00\xff"]), max_size=30).map(b"".join)
SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=5)


def whole_lines(content):
    """The content as mail data carries it: its last line ended."""
    return content if content.endswith(b"\r\n") or not content else content + b"\r\n"


@pytest.mark.parametrize(
    ("content", "octets"),
    [
        (b"", b".\r\n"),
        (b"\r\n", b"\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"..\r\n", b"...\r\n.\r\n"),
        (b"a\r\n.\r\n.b\r\n", b"a\r\n..\r\n..b\r\n.\r\n"),
        (b"a\n.\nb", b"a\n.\nb\r\n.\r\n"),
        (b"a\r", b"a\r\r\n.\r\n"),
        (b"\n", b"\n\r\n.\r\n"),
    ],
)
def test_stuff(content, octets):
    """Each line's leading dot is doubled, the last line is ended, and the final dot is put behind."""
    assert stuff(content) == octets


@given(CONTENT)
def test_unstuffing_undoes_stuffing(content):
    """What is stuffed ends with the only CRLF.CRLF in it, and is unstuffed to what it was."""
    octets = b"\r\n" + stuff(content)
    assert octets.find(b"\r\n.\r\n") == len(octets) - 5
    assert unstuff(octets[2:-3]) == whole_lines(content)


@given(CONTENT, SIZES)
def test_content_arrives_as_it_was(content, sizes):
    """Through a server, in any pieces, content comes out as it went in, and the session goes on."""
    server = server_at(State.DATA)
    events = []
    for piece in pieces(stuff(content) + b"NOOP\r\n", sizes):
        events += serve(server, piece)[0]
    assert events == [MailData(whole_lines(content)), Noop()]


@pytest.mark.parametrize(
    "smuggled",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\n\n.\r\n",
        b"\r\n\x00.\r\n",
        b"\r\n.\x00\r\n",
        b"\r\n. \r\n",
        b"\n.\r",
        b"\r\r\n.\n",
    ],
)
@pytest.mark.parametrize("sizes", [[10_000], [1]])
def test_only_crlf_dot_crlf_ends_mail_data(smuggled, sizes):
    """No other mixture of CR, LF and dots ends mail data, so no second message can be smuggled in with one."""
    server = server_at(State.DATA)
    attack = b"a" + smuggled + b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\nhello\r\n"
    events = []
    for piece in pieces(attack + b".\r\nQUIT\r\n", sizes):
        events += serve(server, piece)[0]
    assert events[0] == MailData(unstuff(attack))
    assert events[1] == Quit()


def test_two_messages_in_one_piece():
    """Mail data that comes together with the next transaction ends at the first final dot."""
    server = server_at(State.DATA)
    group = b"MAIL FROM:<>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n"
    events, _ = serve(server, b"one\r\n.\r\n" + group + b".\r\n" + group + b".two\r\n..\r\n.\r\n")
    assert [event.content for event in events if isinstance(event, MailData)] == [b"one\r\n", b"", b"two\r\n.\r\n"]


@pytest.mark.parametrize(
    ("content", "too_big"),
    [
        (b"x" * 98 + b"\r\n", False),
        (b"x" * 99 + b"\r\n", True),
        (b".\r\n" * 33, False),
        (b".\r\n" * 33 + b".", True),
        (b"x" * 100_000, True),
        (b"", False),
    ],
)
@pytest.mark.parametrize("sizes", [[1], [7], [1_000_000]])
def test_size_limit(content, too_big, sizes):
    """The limit counts octets without doubled dots; what is above it is reported, without its content."""
    server = server_at(State.DATA, size_limit=100)
    events, octets = [], b""
    for piece in pieces(stuff(content) + b"NOOP\r\n", sizes):
        more, answered = serve(server, piece)
        events += more
        octets += answered
        assert len(server._reader) <= 140
    assert events == [MailData(b"", too_big=True) if too_big else MailData(whole_lines(content)), Noop()]
    assert octets.startswith(b"552 5.3.4 " if too_big else b"250 2.0.0 ")


@given(CONTENT.map(lambda content: content * 5), st.integers(1, 100), SIZES)
def test_size_limit_is_exact_in_any_pieces(content, limit, sizes):
    """Whether mail data is too big depends on its size alone."""
    server = server_at(State.DATA, size_limit=limit)
    events = []
    for piece in pieces(stuff(content), sizes):
        events += serve(server, piece)[0]
    lines = whole_lines(content)
    assert events == [MailData(b"", too_big=True) if len(lines) > limit else MailData(lines)]


def test_a_message_after_one_too_big():
    """A message above the limit leaves nothing behind for the next one."""
    server = server_at(State.DATA, size_limit=100)
    assert serve(server, b"x" * 1000) == ([], b"")
    assert serve(server, b"\r\n.\r\n")[0] == [MailData(b"", too_big=True)]
    serve(server, b"MAIL FROM:<>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n")
    assert serve(server, stuff(b""))[0] == [MailData(b"")]


class CountingBytes(bytearray):
    """Octets that count how many of them are searched."""

    searched = 0

    def find(self, mark, start=0):
        """Search, and count."""
        CountingBytes.searched += len(self) - start
        return super().find(mark, start)


def test_no_octet_is_searched_again():
    """Mail data that comes octet by octet is searched once, but for the few octets that the end may begin in."""
    reader = Reader(0)
    octets = stuff(b"All mail shall be carried with care\r\n" * 100)
    reader._octets = CountingBytes()
    reader._octets += octets[:1]
    CountingBytes.searched = 0
    for octet in pieces(octets[1:], [1]):
        assert reader.mail_data() is None
        reader.append(octet)
    assert reader.mail_data() == MailData(octets[:-3])
    assert CountingBytes.searched <= 6 * len(octets)


def test_what_comes_into_an_empty_buffer_is_not_copied():
    """A buffer holds what came as it is, until more comes behind it."""
    reader = Reader(0)
    data = b"one\r\ntwo"
    reader.append(data)
    assert reader._octets is data
    assert reader.line(100) == b"one"
    reader.append(b"\r\n")
    assert (len(reader), reader.line(100), len(reader)) == (5, b"two", 0)


def test_replies_to_mail_data():
    """The reply to the final dot, of any class, ends the transaction."""
    for reply in (replies.S250_QUEUED, replies.E451_LOCAL_ERROR, replies.E554_FAILED):
        server = server_at(State.DATA)
        serve(server, b".\r\n", lambda _server, _event, reply=reply: reply)
        assert server.state is State.READY
