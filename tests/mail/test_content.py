"""Mail data: canonical lines, header and body, composed messages."""

from __future__ import annotations

from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.content import canonical, compose, fold, has_longer_line, is_8bit, longest_line, split

MESSAGE = {
    "sender": "u1@mit.example",
    "recipients": ["u1@utah.example", '"u 2"@bbn.example'],
    "subject": "Message 7",
    "message_id": "<7@mit.example>",
    "date": "Sat, 01 Jan 2000 00:00:00 +0000",
}
SMALLEST = len(compose(**MESSAGE, size=0))

lines = st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b".", b"\xe9"]), max_size=12).map(b"".join)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", b""),
        (b"a", b"a\r\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\nb\rc\r\n", b"a\r\nb\r\nc\r\n"),
        (b"a\r\r\n", b"a\r\n\r\n"),
        (b"a\n\r", b"a\r\n\r\n"),
        (b"a\r", b"a\r\n"),
        (b".\n", b".\r\n"),
    ],
)
def test_canonical(data, expected):
    """Every bare CR and LF is a line's end of its own, and the last line ends."""
    assert canonical(data) == expected


@given(lines)
def test_canonical_has_no_bare_line_end(data):
    """What is left without its CRLFs has neither CR nor LF."""
    rest = canonical(data).replace(b"\r\n", b"")
    assert (rest.count(b"\r"), rest.count(b"\n")) == (0, 0)


@given(lines)
def test_canonical_twice_is_once(data):
    """Canonical data is not changed again."""
    assert canonical(canonical(data)) == canonical(data)


def test_long_lines_stay():
    """A line over 998 octets is kept, and longest_line tells."""
    assert longest_line(canonical(b"a\n" + b"x" * 1200)) == 1200


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nbody\r\n\r\nmore\r\n", (b"A: 1\r\nB: 2\r\n", b"body\r\n\r\nmore\r\n")),
        (b"\r\nbody\r\n", (b"", b"body\r\n")),
        (b"A: 1\r\n", (b"A: 1\r\n", b"")),
        (b"A: 1\r\n\r\n", (b"A: 1\r\n", b"")),
        (b"", (b"", b"")),
    ],
)
def test_split(content, expected):
    """The header ends at the first blank line, which may be the first line or missing."""
    assert split(content) == expected


@pytest.mark.parametrize(("content", "expected"), [(b"Gerard\r\n", False), ("Gérard\r\n".encode(), True)])
def test_is_8bit(content, expected):
    """One octet with its high bit set makes 8-bit content."""
    assert is_8bit(content) == expected


@pytest.mark.parametrize("size", [*range(SMALLEST, SMALLEST + 300), 10_000, 71_000, 200_001])
def test_compose_has_exactly_the_size(size):
    """Whatever the size from the smallest message on, it is met to the octet."""
    assert len(compose(**MESSAGE, size=size)) == size


def test_compose_cannot_be_smaller():
    """A size below the smallest message gives that message: its header and one line."""
    assert split(compose(**MESSAGE, size=SMALLEST - 1))[1] == b"A\r\n"


@pytest.mark.parametrize("size", [0, *range(SMALLEST, SMALLEST + 150), 100_000])
def test_compose_is_canonical(size):
    """Lines end in CRLF wherever the text was cut."""
    content = compose(**MESSAGE, size=size)
    assert canonical(content) == content


def test_compose_lines_are_text_lines():
    """No line comes near the limit of 998, and none begins with a dot."""
    content = compose(**MESSAGE, size=90_000)
    assert (longest_line(content), content.count(b"\r\n.")) == (69, 0)


def test_compose_header():
    """The stdlib reads the fields back."""
    message = message_from_bytes(compose(**MESSAGE | {"subject": "Été"}, size=0))
    assert dict(message.items()) == {
        "Date": "Sat, 01 Jan 2000 00:00:00 +0000",
        "From": "u1@mit.example",
        "To": 'u1@utah.example,\r\n "u 2"@bbn.example',
        "Subject": "=?utf-8?b?w4l0w6k=?=",
        "Message-ID": "<7@mit.example>",
    }


def test_real_messages(shared):
    """Real messages of all kinds become canonical, split, and keep their fields and body."""
    files = sorted((shared / "data" / "messages").iterdir())
    assert len(files) > 30
    for file in files:
        original = message_from_bytes(file.read_bytes())
        content = canonical(file.read_bytes())
        header, body = split(content)
        parsed = message_from_bytes(header + b"\r\n" + body)
        assert parsed.keys() == original.keys(), file
        assert message_from_bytes(header).keys() == original.keys(), file
        assert header + b"\r\n" + body in {content, content + b"\r\n"}, file


def test_compose_writes_a_given_text():
    """A text of the caller's own is the body, whatever size was asked for."""
    content = compose(
        sender="a@x.example",
        recipients=["b@y.example"],
        subject="s",
        message_id="<1@x>",
        date="now",
        size=9999,
        mime="MIME-Version: 1.0\r\n",
        body=b"hello\r\n",
    )
    assert split(content) == (
        b"Date: now\r\nFrom: a@x.example\r\nTo: b@y.example\r\nSubject: s\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n",
        b"hello\r\n",
    )


@given(lengths=st.lists(st.integers(0, 40), max_size=12), limit=st.integers(3, 30))
def test_lines_longer_than_a_limit(lengths: list[int], limit: int):
    """They are found wherever they stand, and folded there is none left; the rest stays."""
    content = b"".join([b"x" * length + b"\r\n" for length in lengths])
    longer = any(length > limit for length in lengths)
    folded = fold(content, limit, b"!")
    assert has_longer_line(content, limit) == longer
    assert (has_longer_line(folded, limit), folded.replace(b"!\r\n ", b"") == content) == (False, True)
    assert (folded == content) == (not longer)


@given(limit=st.integers(1, 4), mark=st.sampled_from([b"", b"!"]), line=st.binary(min_size=1, max_size=30))
def test_whatever_the_limit_a_line_is_folded_and_nothing_is_lost(limit, mark, line):
    """Where there is no room beside the mark and the space, each line has one octet all the same."""
    line = line.translate(bytes(range(256)), b"\r\n! ")
    pieces = fold(line, limit, mark).split(mark + b"\r\n ")
    assert b"".join(pieces) == line
    assert [piece for piece in pieces[1:] if len(piece) > max(limit - len(mark) - 1, 1)] == []
