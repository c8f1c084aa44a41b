"""The MIME structure of messages, part by part, to the octet; the stdlib's parser is the oracle for what is well formed."""

from __future__ import annotations

from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import SMTP, compat32
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.mime import DEPTH_LIMIT, Part, parameters_of, read_message, split_header

SHARED = Path(__file__).parents[3] / "shared" / "data" / "messages"

MIXED = (
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n'
    b"--b\r\nContent-Type: text/html\r\n\r\nhi\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: inner\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n"
    b"--bb\r\n\r\none\r\n--bb\r\n\r\ntwo\r\n--bb--\r\n"
    b"--b--\r\nepilogue\r\n"
)


def types(part: Part) -> list[object]:
    """The type of a part, and of the parts in it."""
    return ["/".join(part.content_type), *map(types, part.parts)]


def stdlib_types(message: Message) -> list[object]:
    """The same, as the stdlib's parser has it."""
    inner = message.get_payload() if message.is_multipart() else []
    return [message.get_content_type(), *map(stdlib_types, inner)]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=50)


def leaf(text: str, subtype: str, encoding: str) -> EmailMessage:
    """A message of one text."""
    message = EmailMessage()
    message.set_content(text, subtype=subtype, cte=encoding)
    return message


def mixed(several: list[EmailMessage], subtype: str) -> EmailMessage:
    """A multipart of several messages."""
    message = EmailMessage()
    message["Subject"] = "several"
    message.add_header("Content-Type", f"multipart/{subtype}")
    message.set_payload([])
    for each in several:
        message.attach(each)
    return message


def forwarded(inner: EmailMessage) -> EmailMessage:
    """A message in a message."""
    message = EmailMessage()
    message["Subject"] = "forwarded"
    message.add_attachment(inner)
    return message


MESSAGES = st.recursive(
    st.builds(leaf, TEXTS, st.sampled_from(["plain", "html"]), st.sampled_from(["base64", "quoted-printable", "8bit"])),
    lambda inner: (
        st.builds(mixed, st.lists(inner, min_size=1, max_size=3), st.sampled_from(["mixed", "alternative"]))
        | st.builds(forwarded, inner)
    ),
    max_leaves=6,
)


@given(MESSAGES)
def test_parts_are_those_that_the_stdlib_finds(message):
    """For messages that the stdlib has written."""
    octets = message.as_bytes(policy=SMTP)
    parsed = BytesParser(policy=compat32).parsebytes(octets)
    assert types(read_message(octets)) == stdlib_types(parsed)


@given(MESSAGES)
def test_header_and_body_are_the_whole_message(message):
    """Nothing is lost between them."""
    octets = message.as_bytes(policy=SMTP)
    assert b"".join(split_header(octets)) == octets


def test_a_part_is_what_stands_between_its_delimiters():
    """The line end in front of a delimiter belongs to the delimiter (RFC 2046 section 5.1.1)."""
    assert read_message(MIXED).parts[0].body == b"hi"


@pytest.mark.parametrize(
    ("numbers", "body"),
    [((1,), b"hi"), ((2, 1), b"one"), ((2, 2), b"two"), ((2, 3), None), ((1, 1), None), ((3,), None), ((1, 2), None)],
)
def test_parts_are_numbered_as_imap_numbers_them(numbers, body):
    """Those of a message in a message are counted anew (RFC 3501 section 6.4.5)."""
    part = read_message(MIXED).find(numbers)
    assert (None if part is None else part.body) == body


def test_a_message_that_is_no_multipart_has_one_part():
    """Its number is 1."""
    message = read_message(b"Subject: x\r\n\r\nhello\r\n")
    assert [message.find((1,)).body, message.find((2,)), message.find((1, 1))] == [b"hello\r\n", None, None]


def test_a_message_of_a_message_has_it_as_part_one():
    """And within it parts are counted anew."""
    message = read_message(b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nhello\r\n")
    assert message.find((1, 1)).body == b"hello\r\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"Content-Type: multipart/mixed\r\n\r\nno boundary", ["multipart/mixed"]),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ncut off", ["multipart/mixed", ["text/plain"]]),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--bb\r\n\r\nx", ["multipart/mixed"]),
        (
            b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nA: b\r\n\r\nx\r\n--b--",
            ["multipart/digest", ["message/rfc822", ["text/plain"]]],
        ),
        (b"Content-Type: nonsense\r\n\r\nx", ["text/plain"]),
        (b"no header at all", ["text/plain"]),
        (b"", ["text/plain"]),
        (b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ==", ["message/rfc822"]),
    ],
)
def test_what_is_broken_is_read_as_far_as_it_goes(content, expected):
    """No message is refused."""
    assert types(read_message(content)) == expected


def test_parameters_lose_their_quotes():
    """Their names are in lower case."""
    assert parameters_of(b'text/plain; Charset="Utf-8"; name=a') == (("charset", "Utf-8"), ("name", "a"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"name*=utf-8''a%20b", [("name*", "utf-8''a%20b")]),
        (b"name*0*=utf-8''%ZZ; name*2=b; name*=x", [("name*0*", "utf-8''%ZZ"), ("name*2", "b"), ("name*", "x")]),
        (b'a="x;y\\"z"; b="open', [("a", 'x;y"z'), ("b", "open")]),
        (b";; a ; =b; c = d ", [("a", ""), ("c", "d")]),
    ],
)
def test_parameters_are_as_they_are_written(written, read):
    """Pieces and percent signs too (RFC 2231), whatever is wrong with them."""
    assert parameters_of(b"text/plain; " + written) == tuple(read)


def test_a_boundary_in_pieces():
    """RFC 2231 section 3."""
    content = b'Content-Type: multipart/mixed; boundary*0="a;"; boundary*1=b\r\n\r\n--a;b\r\n\r\none\r\n--a;b--\r\n'
    assert [part.body for part in read_message(content).parts] == [b"one"]


def test_no_value_has_no_parameters():
    """Nor has a value without any."""
    assert [parameters_of(None), parameters_of(b"text/plain")] == [(), ()]


def test_a_text_without_charset_is_us_ascii():
    """RFC 2045 section 5.2; other types have none."""
    texts = [
        b"Content-Type: text/html\r\n\r\n",
        b"Content-Type: text/plain; charset=x\r\n\r\n",
        b"Content-Type: image/png\r\n\r\n",
    ]
    assert [read_message(text).parameters for text in texts] == [
        (("charset", "us-ascii"),),
        (("charset", "x"),),
        (),
    ]


@pytest.mark.parametrize(("body", "lines"), [(b"", 0), (b"a\r\n", 1), (b"a\r\nb", 1)])
def test_lines_are_counted_by_their_ends(body, lines):
    """As Dovecot counts: the end of a part's last line belongs to the boundary (RFC 2046 section 5.1.1)."""
    assert read_message(b"\r\n" + body).lines() == lines


@pytest.mark.parametrize("encoding", ["", "Content-Transfer-Encoding: \r\n", "Content-Transfer-Encoding: 7BIT (x)\r\n"])
def test_an_encoding_that_is_not_said_is_7bit(encoding):
    """RFC 2045 section 6.1."""
    assert read_message(f"{encoding}\r\nx".encode()).encoding.split()[0] == "7bit"


@pytest.mark.parametrize(
    "level", [b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n"]
)
def test_what_is_nested_too_deep_is_a_leaf(level):
    """So that a message nested a thousand times ends."""
    part = read_message(b"".join(level % ((n, n) if b"%" in level else ()) for n in range(1000)))
    depth = 0
    while part.parts:
        part, depth = part.parts[0], depth + 1
    assert depth == DEPTH_LIMIT


@pytest.mark.slow
def test_many_parts_cost_time_in_proportion():
    """20,000 of them."""
    begun = process_time()
    parts = read_message(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000).parts
    assert (len(parts), process_time() - begun < 10) == (20_000, True)


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data/messages is not there")
def test_real_messages_keep_every_octet():
    """Their parts stand in them as they are found."""
    for file in sorted(SHARED.rglob("*")):
        if file.is_file():
            octets = file.read_bytes()
            waiting = [read_message(octets)]
            while waiting:
                part = waiting.pop()
                assert part.header + part.body in octets
                waiting += part.parts


@pytest.mark.parametrize("piece", [b"x", b"x:", b"x: y\r\n ", b"x y: ", b":", b"x\t", b"x\r\n"])
def test_a_header_of_a_megabyte_takes_no_time(piece):
    """A line without a colon, above all, which every octet of could begin a field."""
    part = read_message(piece * (1_000_000 // len(piece)))
    assert (len(part.header), len(part.fields)) == (1_000_000 // len(piece) * len(piece), piece[:2] == b"x:")
