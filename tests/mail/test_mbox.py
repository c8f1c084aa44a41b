"""Where the messages of a mailbox begin and end, and what its quoting made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.content import canonical
from sim.mail.mbox import Mbox

BOM = b"\xef\xbb\xbf"
FROM = b"From ann@a.example Mon Jan  3 10:00:00 2000\n"
HEADER = b"Subject: x\n\n"
LINES = [b"", b"Hello", b"From here on", b">From", b"From x Mon Jan 3 on", b">>From there", b"From: x", b"\xe9 \xff"]
WRITTEN = [
    "ann@a.example Mon Jan  3 10:00:00 2000",
    "- Mon Jan  3 10:00:00 2000",
    "MAILER-DAEMON Mon Jan 03 10:00:00 +0000 2000",
    "ann Mon Jan  3 10:00:00 EST 2000",
    "ann Mon Jan  3 10:00:00 2000 -0500",
    "uucp Fri Jan  3 10:00 1986 remote from seismo",
    '"Ann B" Mon Jan  3 10:00:00 2000',
    "Ann B Mon Jan  3 10:00:00 2000",
    "ann Mon, 3 Jan 2000 10:00:00 +0100",
    "ann 2000-01-03T10:00:00Z",
    "???@??? Mon Jan 03 10:00:00 2000",
    "",
]


def contents(data):
    """The mail data of a mailbox's messages."""
    return [message.content for message in Mbox(data).messages]


def framed(body, blank=b"\n"):
    """A message with a Content-Length."""
    return FROM + b"Subject: x\nContent-Length: %d\n\n" % len(body) + body + blank


@pytest.mark.parametrize("written", WRITTEN)
def test_what_programs_write(written):
    """A message begins behind whatever a program writes behind `From `, after a blank line."""
    data = FROM + HEADER + b"one\n\n" + f"From {written}\n".encode() + HEADER + b"two\n"
    assert contents(data) == [b"Subject: x\r\n\r\none\r\n", b"Subject: x\r\n\r\ntwo\r\n"]


@pytest.mark.parametrize(
    "line",
    [
        "From the beginning it was clear.",
        "From now until Mon Jan 3 at 10:00 we are closed, in 2000 too.",
        "From Monday on",
        "From ann@a.example",
        "From 2000-01-03 on",
        "From ann Mon Jan  3 10:00:00 2000, and so on",
    ],
)
def test_text_that_begins_with_from(line):
    """Without a date that ends it a line is text, and is told."""
    box = Mbox(FROM + HEADER + f"one\n\n{line}\nmore\n".encode())
    assert (len(box.messages), box.text_lines) == (1, [6])


def test_from_without_a_blank_line():
    """A line `From ` with a date but no blank line before it is text."""
    box = Mbox(FROM + HEADER + b"one\n" + FROM + b"two\n")
    assert (len(box.messages), box.text_lines) == (1, [5])


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", BOM])
@given(bodies=st.lists(st.lists(st.sampled_from(LINES), max_size=5), min_size=1, max_size=4))
def test_what_was_written_is_read(end, mark, bodies):
    """Messages of any lines come out as they went into an mboxrd, whatever its line ends, a BOM before it or not."""
    quoted = [[b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in body] for body in bodies]
    data = b"".join(FROM + HEADER + b"".join(line + b"\n" for line in body) + b"\n" for body in quoted)
    box = Mbox(mark + data.replace(b"\n", end))
    assert [message.content for message in box.messages] == [
        canonical(HEADER + b"".join(line + b"\n" for line in body)) for body in bodies
    ]
    assert not box.text_lines


@given(bodies=st.lists(st.lists(st.sampled_from([*LINES, FROM[:-1], b"From a\n\n" + FROM[:-1]])), min_size=1))
def test_framed_messages_are_read_as_they_are(bodies):
    """A Content-Length that fits says where a message ends; nothing is unquoted where such bodies quote nothing."""
    joined = [b"".join(line + b"\n" for line in (b"x", *body)) for body in bodies]
    found = contents(framed(b"From me\n") + b"".join(map(framed, joined)))
    assert [content.partition(b"\r\n\r\n")[2] for content in found] == [
        canonical(body) for body in (b"From me\n", *joined)
    ]


def test_framed_and_quoted():
    """Where framed bodies hold `From ` lines in quotes alone, the quotes are undone (mboxcl)."""
    found = contents(framed(b">From me\n") + framed(b"text", b"\n\n"))
    assert [content.partition(b"\r\n\r\n")[2] for content in found] == [b"From me\r\n", b"text\r\n"]


@pytest.mark.parametrize("length", [b"3", b"0", b"400"])
def test_a_content_length_that_does_not_fit(length):
    """It is not gone by, and told."""
    box = Mbox(FROM + b"Content-Length: %s\n\nHello\n\n" % length + FROM + HEADER)
    assert ([message.line for message in box.messages], box.misframed) == ([1, 6], [1])


def test_empty_messages():
    """A message without an octet is there, with its line."""
    assert [(m.line, m.content) for m in Mbox(FROM + b"\n" + FROM + b"\n").messages] == [(1, b""), (3, b"")]


def test_no_header():
    """Where there is no header all lines are unquoted."""
    assert contents(FROM + b">From me\n\n>From you\n") == [b"From me\r\n\r\nFrom you\r\n"]


def test_what_is_before_the_first_message():
    """Blank lines are nothing, text is counted; a file that begins with `From ` begins with a message."""
    assert [Mbox(data + FROM).skipped for data in (b"\n\n", b"junk\n\n")] == [0, 4]
    assert contents(b"From somebody\nSubject: x\n") == [b"Subject: x\r\n"]


@pytest.mark.parametrize("data", [b"", b"\n", b"Subject: x\n\nFrom here\n", b"x\n" + FROM])
def test_no_mailbox(data):
    """There is no message where none begins."""
    assert contents(data) == []


@given(
    st.lists(st.sampled_from([FROM, HEADER, b"\n", b"\r", b">From ", b"Content-Length: 7\n", b"x", BOM, b"From \n"]))
)
def test_any_octets(parts):
    """Whatever is read, every line ends in CRLF, and messages stand in order of their lines."""
    box = Mbox(b"".join(parts))
    assert all(message.content == canonical(message.content) for message in box.messages)
    lines = [message.line for message in box.messages]
    assert lines == sorted(set(lines))
