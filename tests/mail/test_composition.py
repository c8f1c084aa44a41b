"""MIME messages as they are composed: any reader finds what was put in, in lines that hosts take; sizes on the wire."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.composition import (
    Attachment,
    CompositionError,
    Enclosed,
    Multipart,
    Part,
    Text,
    compose_mime,
    entity,
    filler,
)
from sim.mail.content import longest_line
from sim.mail.mime import read_message
from sim.mail.seven_bit import to_7bit

FIELDS = [("From", "Ann <ann@x.test>"), ("To", "bob@y.test"), ("Subject", "s")]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60) | st.sampled_from(
    ["x" * 2000, "é" * 700, "a \r\n.\rb\n", "--=_", "From me"]
)
LEAVES = st.one_of(
    st.builds(Text, text=TEXTS, subtype=st.sampled_from(["plain", "html"])),
    st.builds(
        Attachment,
        octets=st.binary(max_size=200),
        encoding=st.sampled_from(["base64", "quoted-printable", "binary"]),
        name=st.sampled_from(["", "a b.bin", "bild ü.png"]),
    ),
    st.just(Enclosed(content=b"Subject: in\r\n\r\nhi\r\n")),
)
PARTS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Multipart, parts=st.lists(inner, min_size=1, max_size=3), subtype=st.sampled_from(["mixed", "alternative"])
    ),
    max_leaves=6,
)


def stdlib(content: bytes) -> EmailMessage:
    """A message as the stdlib reads it."""
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def lines(text: str) -> str:
    """A text with CRLF for each line end, the last line's too."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return (text if text.endswith("\n") or not text else text + "\n").replace("\n", "\r\n")


def leaves(part: Part) -> list[bytes]:
    """The octets of what is in a part that holds no other, in order."""
    if isinstance(part, Multipart):
        return [octets for each in part.parts for octets in leaves(each)]
    if isinstance(part, Text):
        return [lines(part.text).encode()]
    return [part.octets if isinstance(part, Attachment) else part.content]


def found_leaves(part) -> list[bytes]:
    """The same, as they are read again."""
    if part.content_type[0] == "multipart":
        return [octets for each in part.parts for octets in found_leaves(each)]
    leaf = message_from_bytes(b"Content-Transfer-Encoding: %s\r\n\r\n" % part.encoding.encode())
    if part.encoding in ("7bit", "8bit", "binary"):
        return [part.body]
    leaf.set_payload(part.body.decode("ascii"))
    decoded = leaf.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    return [decoded]


@given(PARTS)
def test_what_is_read_is_what_was_put_in(part: Part):
    """To the octet, however deep."""
    assert found_leaves(read_message(compose_mime(FIELDS, part))) == leaves(part)


@given(PARTS)
def test_what_says_that_it_has_lines_has_them(part: Part):
    """Unless a message says `binary`, it has no line that a host refuses, and is in seven bits where it says so."""
    content = compose_mime(FIELDS, part)
    encoding = read_message(content).encoding
    assert encoding == "binary" or longest_line(content) <= 998
    assert encoding != "7bit" or content.isascii()


@pytest.mark.parametrize("charset", ["us-ascii", "iso-8859-1", "utf-8", "koi8-r", "shift_jis", "iso-2022-jp", "utf-16"])
def test_a_text_in_any_charset(charset: str):
    """A reader gets its characters."""
    text = {"iso-8859-1": "Grüße", "koi8-r": "Привет", "us-ascii": "hi"}.get(
        charset, "こんにちは" if "j" in charset else "€"
    )
    message = stdlib(compose_mime(FIELDS, Text(text=text, charset=charset)))
    assert (message.get_content().rstrip(), message.get_content_charset()) == (text, charset)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hi", "7bit"),
        ("é", "8bit"),
        ("x" * 999, "quoted-printable"),
        ("é" * 500, "base64"),
        ("a\0", "quoted-printable"),
    ],
)
def test_the_encoding_that_a_text_gets(text: str, expected: str):
    """None where none is needed, and else the shorter one."""
    assert read_message(compose_mime(FIELDS, Text(text=text))).encoding == expected


def test_a_name_beyond_ascii():
    """RFC 2231 for a file's name, RFC 2047 for a header's texts and people's names."""
    fields = [("From", "Jürg <j@x.test>"), ("Subject", "grüße " * 30), ("X-Long", "word " * 40)]
    message = stdlib(compose_mime(fields, Attachment(octets=b"x", name="bild ü.png")))
    assert message.get_filename() == "bild ü.png"
    assert (message["From"], message["Subject"]) == ("Jürg <j@x.test>", "grüße " * 30)
    assert message["X-Long"].split() == ["word"] * 40


def test_an_attachment_says_how_it_is_to_be_shown():
    """RFC 2183."""
    message = stdlib(compose_mime(FIELDS, Attachment(octets=b"x", content_type="image/png", disposition="inline")))
    assert (message.get_content_disposition(), message.get_filename(), message.get_content_type()) == (
        "inline",
        None,
        "image/png",
    )


def test_a_multipart_has_the_parameters_that_it_is_given():
    """Such as the type of a report (RFC 6522)."""
    part = Multipart(parts=[Text(text="a")], subtype="report", parameters=[("report-type", "disposition-notification")])
    assert stdlib(compose_mime(FIELDS, part)).get_param("report-type") == "disposition-notification"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Text(text="é", encoding="7bit"), "7bit"),
        (Text(text="x" * 999, encoding="8bit"), "998"),
        (Attachment(octets=b"a\nb", encoding="8bit"), "CRLF"),
        (Attachment(octets=b"\0", encoding="7bit"), "NUL"),
        (Text(text="é", charset="us-ascii"), "us-ascii"),
        (Text(text="é", charset="martian"), "martian"),
        (Text(text="a", encoding="uuencode"), "uuencode"),
        (Multipart(parts=[]), "without parts"),
    ],
)
def test_what_cannot_be_composed(part: Part, said: str):
    """It is said, and nothing that a host would break goes out."""
    with pytest.raises(CompositionError, match=said):
        entity(part)


def test_a_field_is_one_line():
    """Nobody writes further fields through a value."""
    with pytest.raises(CompositionError, match="Subject"):
        compose_mime([("Subject", "a\r\nBcc: x@y.test")], Text(text="a"))


@given(st.sampled_from(["text/plain", "text/csv", "image/jpeg", "application/zip"]), st.integers(0, 3000))
def test_a_file_of_a_size(content_type: str, size: int):
    """So many octets, and the same ones for the same type; text has whole line ends."""
    octets = filler(content_type, size)
    assert (len(octets), octets) == (size, filler(content_type, size))
    assert not content_type.startswith("text/") or (octets.isascii() and not octets.endswith(b"\r"))


@pytest.mark.parametrize(
    ("encoding", "hop", "expected"),
    [
        ("base64", "7bit", 136_846),
        ("base64", "binary", 136_846),
        ("binary", "binary", 100_000),
        ("binary", "7bit", 136_846),
    ],
)
def test_what_an_attachment_costs_on_the_wire(encoding: str, hop: str, expected: int):
    """100 kB: what a hop without BINARYMIME makes of a binary part is what base64 is from the beginning."""
    content = compose_mime(FIELDS, Attachment(octets=filler("image/jpeg", 100_000), encoding=encoding))
    carried = to_7bit(content) if hop == "7bit" else content
    assert carried is not None
    assert len(read_message(carried).body) == expected
