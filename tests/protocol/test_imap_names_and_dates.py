"""Mailbox names and dates on the wire (RFC 3501 sections 5.1.3 and 9)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.imap4.dates import read_date, read_date_time, write_date, write_date_time
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.names import decode_name, encode_name


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501 5.1.3
        ("a&b", b"a&-b"),
        ("\U0001f600", b"&2D3eAA-"),
        ("a\tb", b"a&AAk-b"),
    ],
)
def test_names_in_modified_utf7(name, octets):
    """Printable ASCII is itself, `&` is `&-`, the rest is shifted."""
    assert (encode_name(name, utf8=False), decode_name(octets, utf8=False)) == (octets, name)


@given(st.text(max_size=20), st.booleans())
def test_a_name_reads_as_it_was_written(name, utf8):
    """In either form; INBOX has no case."""
    expected = "INBOX" if name.upper() == "INBOX" else name
    assert decode_name(encode_name(name, utf8=utf8), utf8=utf8) == expected


@given(st.text("&-ABab,/+=\u00e4", max_size=12).map(str.encode))
def test_a_name_has_one_form(octets):
    """What is decoded is written as it was, or was UTF-8."""
    with suppress(SyntaxFault):
        name = decode_name(octets, utf8=False)
        assert octets in (encode_name(name, utf8=False), encode_name(name, utf8=True))


@given(st.dates())
def test_a_date_reads_as_it_was_written(day):
    """For every day there is."""
    assert read_date(write_date(day)) == day


@pytest.mark.parametrize(("text", "day"), [("1-feb-1994", date(1994, 2, 1)), ("01-FEB-1994", date(1994, 2, 1))])
def test_dates(text, day):
    """A day has one digit or two, a month any case."""
    assert read_date(text) == day


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_a_date_time_reads_as_it_was_written(seconds):
    """To the second."""
    assert read_date_time(write_date_time(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)),  # RFC 3501 7.4.2
        (" 1-Jan-1970 05:30:00 +0530", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_date_times(text, at):
    """The zone says what to take off."""
    assert read_date_time(text) == at.timestamp()


@pytest.mark.parametrize("text", ["", "x", "1-Jan-1970", "31-Dec-9999 23:59:59 -0100", "00-Jan-1970 00:00:00 +0000"])
def test_what_is_no_date_time(text):
    """It is said, in ASCII."""
    with pytest.raises(SyntaxFault, match="is no date-time"):
        read_date_time(text)
