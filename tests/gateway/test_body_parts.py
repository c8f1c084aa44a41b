"""Bodies of MIME and of X.400: RFC 2157."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.gateway.body_parts import BodyPart, Kind, to_body_parts, to_content
from sim.gateway.losses import Loss
from sim.mail.mime import read_message

FIELDS = [("Subject", "x")]


def content(*lines: str) -> bytes:
    """A message of these lines."""
    return "\r\n".join([*lines, ""]).encode("latin-1")


def test_plain_text_is_ia5_text() -> None:
    """With its line ends, and decoded."""
    assert to_body_parts(content("Subject: x", "", "hello")) == ((BodyPart("ia5-text", b"hello\r\n"),), ())
    told = to_body_parts(content("Content-Transfer-Encoding: quoted-printable", "", "a=3Db"))
    assert told.parts == (BodyPart("ia5-text", b"a=b\r\n"),)


@pytest.mark.parametrize(
    ("header", "body", "part", "losses"),
    [
        ("Content-Type: text/plain; charset=ISO-8859-1", "é", BodyPart("general-text", b"\xe9\r\n", "iso-8859-1"), []),
        ("Content-Type: text/plain; charset=koi8-r", "é", BodyPart("bilaterally-defined", b"\xe9\r\n"), ["text/plain"]),
        ("Content-Type: message/rfc822", "Subject: y", BodyPart("message", b"Subject: y\r\n"), []),
        ("Content-Type: image/g3fax", "x", BodyPart("g3-facsimile", b"x\r\n"), []),
        ("Content-Type: application/octet-stream", "x", BodyPart("bilaterally-defined", b"x\r\n"), []),
        ("Content-Type: image/png", "x", BodyPart("bilaterally-defined", b"x\r\n"), ["image/png"]),
        ("Content-Transfer-Encoding: base64", "aGk=", BodyPart("ia5-text", b"hi"), []),
        ("Content-Transfer-Encoding: base64", "a", BodyPart("ia5-text", b"a\r\n"), []),
    ],
)
def test_a_type_has_its_body_part(header: str, body: str, part: BodyPart, losses: list[str]) -> None:
    """What has none goes as octets, and its type is lost; what is broken goes as it is."""
    assert to_body_parts(content(header, "", body)) == ((part,), tuple(Loss("body part", name) for name in losses))


def test_a_tree_becomes_a_sequence() -> None:
    """Alternatives stand side by side, and nothing says that they were some; names of files are gone."""
    octets = content(
        'Content-Type: multipart/mixed; boundary="a"', "",
        "--a", 'Content-Type: multipart/alternative; boundary="b"', "",
        "--b", "", "plain", "--b", "Content-Type: text/html", "", "<p>", "--b--",
        "--a", "Content-Type: application/octet-stream", "Content-Disposition: attachment; filename=x", "", "y", "--a--",
    )  # fmt: skip
    parts, losses = to_body_parts(octets)
    assert [part.kind for part in parts] == ["ia5-text", "bilaterally-defined", "bilaterally-defined"]
    assert [str(loss) for loss in losses] == [
        "body part multipart/alternative",
        "body part text/html",
        "field Content-Disposition",
    ]


def test_body_parts_become_a_message() -> None:
    """One alone is the body; several are multipart/mixed; none is an empty text."""
    one = to_content(FIELDS, [BodyPart("ia5-text", b"hello\r\n")])
    assert (read_message(one.content).content_type, one.losses) == (("text", "plain"), ())
    several = [BodyPart("message", b"Subject: y\r\n\r\nhi"), BodyPart("g3-facsimile", b"\0\1")]
    many = read_message(to_content(FIELDS, several).content)
    assert [part.content_type for part in many.parts] == [("message", "rfc822"), ("image", "g3fax")]
    assert read_message(to_content(FIELDS, []).content).content_type == ("text", "plain")


@pytest.mark.parametrize("kind", ["voice", "teletex", "videotex", "encrypted"])
def test_what_mime_has_no_word_for_is_lost_by_name(kind: Kind) -> None:
    """A line says so where it was."""
    mapped = to_content(FIELDS, [BodyPart(kind, b"\0")])
    assert mapped.losses == (Loss("body part", kind),)
    assert f"{kind}, was left out".encode() in mapped.content


def test_a_text_in_no_charset_is_octets() -> None:
    """It is not lost for that."""
    for part in (BodyPart("general-text", b"\xff", "us-ascii"), BodyPart("general-text", b"x", "klingon")):
        assert read_message(to_content(FIELDS, [part]).content).content_type == ("application", "octet-stream")


@given(st.lists(st.binary(max_size=30).map(lambda octets: BodyPart("bilaterally-defined", octets)), max_size=3))
def test_octets_come_back(parts: list[BodyPart]) -> None:
    """Round trip of what has no other meaning."""
    told = to_body_parts(to_content(FIELDS, parts).content).parts
    assert [part.data for part in told if part.kind == "bilaterally-defined"] == [part.data for part in parts]


@given(st.binary())
def test_any_message_has_body_parts(octets: bytes) -> None:
    """With no error."""
    assert all(part.kind for part in to_body_parts(octets).parts)
