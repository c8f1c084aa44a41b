"""xtext: the encoding of text in ESMTP parameters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.xtext import XTEXT, decode_unitext, decode_xtext, encode_unitext, encode_xtext


@pytest.mark.parametrize(
    ("text", "xtext"), [("", ""), ("QQ314159", "QQ314159"), ("a+b=c d", "a+2Bb+3Dc+20d"), ("\t\x7f", "+09+7F")]
)
def test_both_ways(text, xtext):
    """All but printable US-ASCII, and "+" and "=", is written in hexadecimal, and read again."""
    assert encode_xtext(text) == xtext
    assert decode_xtext(xtext) == text


@given(st.text(st.characters(max_codepoint=127)))
def test_any_ascii_survives(text):
    """What is encoded fits the grammar and decodes to what it was."""
    assert re.fullmatch(XTEXT, encode_xtext(text))
    assert decode_xtext(encode_xtext(text)) == text


def test_only_ascii_can_be_encoded():
    """Text beyond US-ASCII has no xtext."""
    with pytest.raises(ValueError, match="beyond US-ASCII"):
        encode_xtext("caf\u00e9")


@pytest.mark.parametrize("text", ["a b", "a=b", "+", "+4", "+4g", "+4f", "\u00e9"])
def test_what_is_no_xtext(text):
    """A stray plus, lower-case digits and characters outside the grammar are refused."""
    with pytest.raises(ValueError, match="is no xtext"):
        decode_xtext(text)


@pytest.mark.parametrize(
    ("text", "unitext"),
    [("j\u00fc@x", "j\u00fc@x"), ('"j d"@x', r'"j\x{20}d"@x'), ("a+b=c", r"a\x{2B}b\x{3D}c"), ("\\", r"\x{5C}")],
)
def test_addresses_beyond_ascii(text, unitext):
    """RFC 6533 section 3: what a parameter cannot hold is embedded by its code point."""
    assert encode_unitext(text) == unitext
    assert decode_unitext(unitext) == text


@given(st.text())
def test_any_address_survives(text):
    """No space, "+" or "=" is left, and it is read again."""
    assert set(encode_unitext(text)).isdisjoint(" +=\t\r\n\x7f")
    assert decode_unitext(encode_unitext(text)) == text


def test_what_embeds_no_character():
    """It stays as it is; utf-8-addr-xtext is read as well."""
    assert decode_unitext(r"a\x{110000}\x{zz}b\x{FC}") == "a\\x{110000}\\x{zz}b\u00fc"
