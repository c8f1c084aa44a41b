"""Texts as bodies of messages: MIME fields and octets that decode to what was written."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.content import body_of, canonical, longest_line

PIECES = st.text(max_size=30) | st.sampled_from(
    ["\r\n", "\r", "\n", " \n", ".\n", "From me\n", "x" * 989, "é" * 500, "\0"]
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)


def encoding(text: str) -> str:
    """The Content-Transfer-Encoding of a text; empty where it needs no MIME."""
    return message_from_bytes(body_of(text)[0].encode() + b"\r\n")["Content-Transfer-Encoding"] or ""


def lines(text: str) -> str:
    """A text with every line ended by LF."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") or not text else text + "\n"


@given(TEXTS)
def test_what_is_read_is_what_was_written(text: str):
    """By any mail program that knows MIME; in lines that every host takes."""
    mime, body = body_of(text)
    message = message_from_bytes(mime.encode() + b"\r\n" + body, policy=default)
    assert lines(message.get_content()) == lines(text)
    assert canonical(body) == body
    assert longest_line(body) <= 990


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("hello", ""),
        ("a\tb \r\n.\rFrom me\n", ""),
        ("x" * 990, ""),
        ("x" * 991, "quoted-printable"),
        ("café", "8bit"),
        ("أهلا\nwörld 😀", "8bit"),
        ("é" * 495, "8bit"),
        ("é" * 496, "base64"),
        ("a plain line and one é " * 60, "quoted-printable"),
        ("a\0b", "quoted-printable"),
        ("\x1b[31m", "quoted-printable"),
    ],
)
def test_the_encoding_that_a_text_needs(text: str, expected: str):
    """None for plain US-ASCII, eight bits for other plain text; what lines cannot hold is encoded the shorter way."""
    assert encoding(text) == expected


def test_an_empty_text_has_no_line():
    """The message is its header."""
    assert body_of("") == ("", b"")


def test_half_a_character_is_none():
    """A lone surrogate cannot be written in UTF-8."""
    with pytest.raises(UnicodeEncodeError):
        body_of("\ud83d")
