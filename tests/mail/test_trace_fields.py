"""Trace fields and simulated dates."""

from __future__ import annotations

import ast
import math
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.mail.content import canonical, split
from sim.mail.path import NULL_PATH, parse_path
from sim.mail.trace import EPOCH, date_time, delivered_to, hop_count, moment, received, return_path

DATE = "Sat, 01 Jan 2000 00:00:00 +0000"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, DATE),
        (0.999, DATE),
        (59 * 86400 + 3661.5, "Tue, 29 Feb 2000 01:01:01 +0000"),
        (366 * 86400 - 1, "Sun, 31 Dec 2000 23:59:59 +0000"),
        (-0.5, "Fri, 31 Dec 1999 23:59:59 +0000"),
    ],
)
def test_date_time(seconds, expected):
    """Seconds from the beginning of the year 2000, whole ones."""
    assert date_time(seconds) == expected


def test_dates_end_with_the_year_9999():
    """What is later is said to be then."""
    assert [date_time(seconds) for seconds in (252_455_615_999, 252_455_616_000, 1e18, math.inf)] == [
        "Fri, 31 Dec 9999 23:59:59 +0000"
    ] * 4


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2000-01-01T00:00:00Z", 0),
        ("2000-01-01t02:00:00.25+01:30", 1800.25),
        ("1999-12-31T23:59:60z", 0),
        ("1998-12-31T23:59:60.5-00:00", -365 * 86400 + 0.5),
    ],
)
def test_a_moment_is_what_rfc_3339_says(text, seconds):
    """In any zone, in lower case, with fractions, and a leap second."""
    assert moment(text) == seconds


@pytest.mark.parametrize("text", ["2001-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "soon"])
def test_what_is_no_moment_is_an_error(text):
    """A day that no calendar has."""
    with pytest.raises(ValueError, match=r"."):
        moment(text)


@given(st.integers(-EPOCH, 10**10))
def test_date_time_agrees_with_the_stdlib(seconds):
    """The stdlib reads the same instant, and the same weekday, out of any date."""
    read = parsedate_to_datetime(date_time(seconds))
    assert (read.timestamp(), read.strftime("%a")) == (EPOCH + seconds, date_time(seconds)[:3])


@pytest.mark.parametrize(
    ("recipient", "end"),
    [("u1@utah.example", b"\r\n\tfor <u1@utah.example>; "), (None, b";\r\n\t")],
)
def test_received(recipient, end):
    """The field is folded as Postfix does it, with `for` only when there is one recipient."""
    field = received(
        helo="mit.example", by="bbn.example", protocol="ESMTP", queue_id="4F2", recipient=recipient, date=DATE
    )
    assert field == (
        b"Received: from mit.example\r\n\tby bbn.example with ESMTP id 4F2" + end + DATE.encode() + b"\r\n"
    )


def test_received_is_ascii():
    """A HELO beyond US-ASCII does no harm to the header."""
    field = received(helo="é", by="b", protocol="SMTP", queue_id="1", recipient=None, date=DATE)
    assert field.startswith(b"Received: from ?\r\n\tby b ")


def test_mail_of_rfc_6531_keeps_its_characters():
    """Its recipient stands in the field as it was said (RFC 6531 section 3.7.3)."""
    field = received(helo="a", by="b", protocol="UTF8SMTP", queue_id="1", recipient="ü@b.example", date=DATE)
    assert "\tfor <ü@b.example>; ".encode() in field


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (NULL_PATH, b"Return-Path: <>\r\n"),
        (parse_path("<@a:u@c>"), b"Return-Path: <@a:u@c>\r\n"),
    ],
)
def test_return_path(path, expected):
    """The field holds the reverse-path as the command did."""
    assert return_path(path) == expected


@pytest.mark.parametrize(
    ("content", "hops"),
    [
        (b"", 0),
        (b"Subject: x\r\n\r\nReceived: no\r\n", 0),
        (b"\r\nReceived: no\r\n", 0),
        (b"Received: a\r\n\tb\r\nRECEIVED: c\r\nX-Received: d\r\n received: e\r\n\r\nx\r\nReceived: f\r\n", 2),
        (b"Subject: x\r\nReceived: a\r\n", 1),
    ],
)
def test_hop_count(content, hops):
    """Received fields are counted in any case, in the header only, and not in folded lines."""
    assert hop_count(content) == hops


def test_delivered_to_fields_count_where_they_are_asked_for():
    """As qmail-smtpd counts, in the header alone."""
    content = b"delivered-to: a@b\r\nReceived: x\r\nDelivered-To: c@d\r\n\r\nDelivered-To: e@f\r\n"
    assert (hop_count(content), hop_count(content, delivered=True)) == (1, 3)


def test_hop_count_of_real_messages(shared):
    """The stdlib counts as many Received fields."""
    counts = []
    for file in sorted((shared / "data" / "messages").glob("*.eml")):
        content = canonical(file.read_bytes())
        counts.append(hop_count(content))
        assert counts[-1] == len(message_from_bytes(split(content)[0]).get_all("Received", [])), file
    assert max(counts) > 2


def test_addresses_beyond_ascii():
    """Under SMTPUTF8 trace fields are in UTF-8 (RFC 6532)."""
    assert return_path(parse_path("<andré@cnam.fr>", utf8=True)) == "Return-Path: <andré@cnam.fr>\r\n".encode()
    assert delivered_to("andré@cnam.fr") == "Delivered-To: andré@cnam.fr\r\n".encode()


@pytest.mark.parametrize("room", ["mail", "protocol", "mta", "scenario", "network"])
def test_no_decision_asks_a_clock(room):
    """Calendars are allowed, what tells the time of day is not."""
    files = (Path(sim.__file__).parent / room).rglob("*.py")
    calls = [
        node.func for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
    ]
    assert [call.attr for call in calls if getattr(call, "attr", "") in {"now", "utcnow", "today", "localtime"}] == []
