"""message/partial: pieces that any host takes, and the message that they make again (RFC 2046 section 5.2.2)."""

from __future__ import annotations

import random
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.composition import Attachment, Text, compose_mime, filler
from sim.mail.content import split
from sim.mail.partial import PartialError, Pieces, cut, join

FIELDS = [("Date", "Sat, 01 Jan 2000 00:00:00 +0000"), ("From", "ann@x.test"), ("To", "bob@y.test")]
LAST = [("Subject", "a long one"), ("Message-ID", "<1@x.test>")]
MESSAGE = compose_mime([*FIELDS, *LAST], Text(text="A line of text.\r\n" * 200))


def pieces_of(limit: int, content: bytes = MESSAGE) -> list[bytes]:
    """What it is cut into."""
    return list(cut(content, limit, "p1@x.test"))


@given(st.integers(320, 4000), st.randoms(use_true_random=False))
def test_what_is_put_together_is_what_was_cut(limit: int, order: random.Random):
    """Whatever the limit, and in whatever order the pieces come; some come twice."""
    pieces = pieces_of(limit)
    shuffled = [*pieces[:2], *pieces]
    order.shuffle(shuffled)
    reader = Pieces()
    found = [whole for whole in map(reader.add, shuffled) if whole is not None]
    assert found[0] == MESSAGE
    assert max(map(len, pieces)) <= limit


def test_a_message_that_is_small_enough_stays_as_it_is():
    """One piece, whatever its octets."""
    assert pieces_of(len(MESSAGE)) == [MESSAGE]
    assert Pieces().add(MESSAGE) == MESSAGE


def test_a_piece_says_what_it_is():
    """Its type, number and total; a Subject that people can read; and the fields that all mail needs."""
    pieces = pieces_of(1000)
    second = message_from_bytes(pieces[1])
    assert second.get_content_type() == "message/partial"
    assert [second.get_param(name) for name in ("id", "number", "total")] == ["p1@x.test", "2", str(len(pieces))]
    assert (second["Subject"], second["Message-ID"]) == (f"a long one (2/{len(pieces)})", "<2.p1@x.test>")
    assert (second["From"], second["To"], second["MIME-Version"]) == ("ann@x.test", "bob@y.test", "1.0")


def test_the_fields_of_the_whole_stand_behind_the_others():
    """RFC 2046 section 5.2.2.1: what was written on the first piece on its way is on the whole, and nothing else is."""
    content = b"Subject: s\r\nFrom: ann@x.test\r\nX-Two: a\r\n b\r\nContent-Language: en\r\n\r\n" + b"text\r\n" * 99
    pieces = [b"Received: by h\r\n" + piece for piece in pieces_of(500, content)]
    header, body = split(join(pieces))
    assert header == (b"Received: by h\r\nFrom: ann@x.test\r\nX-Two: a\r\n b\r\nSubject: s\r\nContent-Language: en\r\n")
    assert body == b"text\r\n" * 99


def test_a_message_without_a_subject_has_none_when_it_is_whole():
    """Its pieces have one that says where they belong."""
    content = b"From: ann@x.test\r\n\r\n" + b"text\r\n" * 99
    pieces = pieces_of(400, content)
    assert message_from_bytes(pieces[0])["Subject"] == f"(1/{len(pieces)})"
    assert join(pieces) == content


def test_what_has_eight_bits_goes_in_seven():
    """RFC 2046 section 5.2.2: a piece may not be encoded, so the message is before it is cut."""
    content = compose_mime(FIELDS, Text(text="é\r\n" * 300, encoding="8bit"))
    pieces = pieces_of(900, content)
    assert all(piece.isascii() for piece in pieces)
    assert message_from_bytes(join(pieces)).get_payload(decode=True) == "é\r\n".encode() * 300


def test_an_attachment_comes_out_of_its_pieces():
    """100 kB of a file for a host that takes 16 kB."""
    octets = filler("image/png", 100_000)
    content = compose_mime([*FIELDS, *LAST], Attachment(octets=octets, content_type="image/png", name="a.png"))
    pieces = pieces_of(16_384, content)
    assert (len(pieces), join(pieces)) == (9, content)
    assert message_from_bytes(join(pieces)).get_payload(decode=True) == octets


@pytest.mark.parametrize(
    ("content", "limit"),
    [
        (MESSAGE, 60),
        (MESSAGE, 260),
        (b"From: ann@x.test\r\n\r\n" + b"x" * 900 + b"\r\n", 800),
        (b"Subject: \xe9\r\n\r\n" + b"text\r\n" * 99, 500),
    ],
)
def test_what_cannot_be_cut(content: bytes, limit: int):
    """Lines stay whole, and a header in eight bits cannot be had in seven."""
    with pytest.raises(PartialError):
        cut(content, limit, "p1@x.test")


@pytest.mark.parametrize(
    "value",
    ["text/plain", "message/partial", "message/partial; id=x", "message/partial; id=x; number=0; total=2"]
    + [f"message/partial; id=x; number={number}" for number in ("a", "-1", "1234567", "\u0662")]
    + ["message/partial; id=x; number=1; total=many", "message/partial; number=1; total=1"],
)
def test_what_is_no_piece_is_a_message(value: str):
    """A message whose type says so wrongly is shown as it is."""
    content = f"Content-Type: {value}\r\n\r\nx\r\n".encode()
    assert Pieces().add(content) == content


def test_the_total_may_stand_on_the_last_piece_alone():
    """RFC 2046 section 5.2.2: there it must, elsewhere it may; what is missing is waited for."""
    one = b'Content-Type: message/partial; id="x"; number=1\r\n\r\nSubject: s\r\n\r\na\r\n'
    three = b'Content-Type: message/partial; id="x"; number=3; total=3\r\n\r\nc\r\n'
    extra = b'Content-Type: message/partial; id="x"; number=9\r\n\r\nz\r\n'
    two = b'Content-Type: message/partial; id="x"; number=2\r\n\r\nb\r\n'
    reader = Pieces()
    assert [reader.add(each) for each in (one, three, extra)] == [None, None, None]
    assert reader.add(two) == b"Subject: s\r\n\r\na\r\nb\r\nc\r\n"
    assert reader.waiting == {}
