"""What a server writes: every octet of a response (RFC 3501 and 9051 sections 7 and 9)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.imap4 import LocalProtocolError, responses
from sim.protocol.imap4.commands import Section
from sim.protocol.imap4.responses import Continue, Tagged, Untagged, write
from sim.protocol.imap4.scanner import Scanner


@pytest.mark.parametrize(
    ("response", "octets"),
    [
        (Tagged("OK", "Done."), b"t OK Done.\r\n"),
        (Tagged("NO", "No.", "TRYCREATE"), b"t NO [TRYCREATE] No.\r\n"),
        (Tagged("BAD", "no \u00e4"), b"t BAD no \\xe4\r\n"),
        (Continue("YQ=="), b"+ YQ==\r\n"),
        (Continue(), b"+ \r\n"),
        (responses.state("BYE", "Bye.", "UNAVAILABLE"), b"* BYE [UNAVAILABLE] Bye.\r\n"),
        (responses.capability(["IMAP4rev1", "IDLE"]), b"* CAPABILITY IMAP4rev1 IDLE\r\n"),
        (responses.enabled(["CONDSTORE"]), b"* ENABLED CONDSTORE\r\n"),
        (responses.enabled([]), b"* ENABLED\r\n"),
        (responses.exists(3), b"* 3 EXISTS\r\n"),
        (responses.recent(0), b"* 0 RECENT\r\n"),
        (responses.expunge(2), b"* 2 EXPUNGE\r\n"),
        (responses.flags(["\\Seen", "a"]), b"* FLAGS (\\Seen a)\r\n"),
        (responses.fetch(1, [(b"UID", b"7"), (b"FLAGS", b"()")]), b"* 1 FETCH (UID 7 FLAGS ())\r\n"),
        (responses.listed("LIST", ["\\Noselect"], "/", "a b", utf8=False), b'* LIST (\\Noselect) "/" "a b"\r\n'),
        (responses.listed("LSUB", [], "", "\u00e4", utf8=False), b"* LSUB () NIL &AOQ-\r\n"),
        (
            responses.listed("LIST", [], "/", "\u00e4", utf8=True, extra=b"(CHILDINFO (x))"),
            b'* LIST () "/" "\xc3\xa4" (CHILDINFO (x))\r\n',
        ),
        (responses.status("a", [("MESSAGES", 1), ("UNSEEN", 0)], utf8=False), b"* STATUS a (MESSAGES 1 UNSEEN 0)\r\n"),
        (responses.search([]), b"* SEARCH\r\n"),
        (responses.search([1, 4], 9), b"* SEARCH 1 4 (MODSEQ 9)\r\n"),
        (responses.esearch("t", [], uid=False), b'* ESEARCH (TAG "t")\r\n'),
        (responses.esearch("t", [("ALL", b"1:3")], uid=True), b'* ESEARCH (TAG "t") UID ALL 1:3\r\n'),
        (responses.namespace("/"), b'* NAMESPACE (("" "/")) NIL NIL\r\n'),
        (responses.identification([("name", "x")]), b'* ID ("name" "x")\r\n'),
        (responses.identification([]), b"* ID NIL\r\n"),
        (responses.quota("", [("STORAGE", 1, 2)]), b'* QUOTA "" (STORAGE 1 2)\r\n'),
        (responses.quota_root("INBOX", ["", "a"], utf8=False), b'* QUOTAROOT INBOX "" a\r\n'),
    ],
)
def test_responses(response, octets):
    """Each is one line."""
    assert write(response, "t") == octets


@pytest.mark.parametrize("text", ["a\r\nb", "a\n", "\0"])
def test_what_no_response_can_say(text):
    """A line ends where the machine ends it; a tagged response has words."""
    for make in (
        lambda: write(Tagged("OK", text), "t"),
        lambda: write(Tagged("OK", "x", text), "t"),
        lambda: write(Continue(text), ""),
        lambda: responses.state("OK", text),
        lambda: write(Tagged("OK", ""), "t"),
    ):
        with pytest.raises(LocalProtocolError, match=r"cannot say|has to say"):
            make()


@pytest.mark.parametrize(
    ("octets", "plain", "utf8"),
    [
        (b"a", b"a", b"a"),
        (b"a]", b"a]", b"a]"),
        (b"", b'""', b'""'),
        (b"nil", b'"nil"', b'"nil"'),
        (b"a b", b'"a b"', b'"a b"'),
        (b'a"\\', b'"a\\"\\\\"', b'"a\\"\\\\"'),
        (b"a\r\n", b"{3}\r\na\r\n", b"{3}\r\na\r\n"),
        (b"x" * 1001 + b" ", b"{1002}\r\n" + b"x" * 1001 + b" ", b"{1002}\r\n" + b"x" * 1001 + b" "),
        (b"\xc3\xa4", b"{2}\r\n\xc3\xa4", b'"\xc3\xa4"'),
        (b"\xe4", b"{1}\r\n\xe4", b"{1}\r\n\xe4"),
        (b"\xc3\xa4\n", b"{3}\r\n\xc3\xa4\n", b"{3}\r\n\xc3\xa4\n"),
    ],
)
def test_strings(octets, plain, utf8):
    """An atom where it is one, a quoted string of 7 bits, else a literal; UTF-8 in quotes is IMAP4rev2's."""
    assert (responses.astring(octets), responses.astring(octets, utf8=True)) == (plain, utf8)


def test_nstrings_and_literals():
    """NIL is no string, and a literal8 says so (RFC 3516)."""
    assert (responses.nstring(None), responses.nstring(b"NIL")) == (b"NIL", b'"NIL"')
    assert responses.literal(b"\0", binary=True) == b"~{1}\r\n\0"


@given(st.sets(st.integers(1, 60)))
def test_the_shortest_sequence_set(numbers):
    """It has each number once, and no two ranges that touch."""
    ranges = responses.ranges_of(sorted(numbers))
    assert [n for low, high in ranges for n in range(low, high + 1)] == sorted(numbers)
    assert all(low > high + 1 for (_, high), (low, _) in pairwise(ranges))


@pytest.mark.parametrize(
    ("asked", "first", "octets"),
    [
        (Section(), None, b"BODY[]"),
        (Section((1, 2), "MIME"), None, b"BODY[1.2.MIME]"),
        (Section((), "HEADER.FIELDS", (b"To", b"a b")), 5, b'BODY[HEADER.FIELDS (To "a b")]<5>'),
    ],
)
def test_sections(asked, first, octets):
    """A section is given back under the name it was asked by."""
    assert responses.section("BODY", asked, first) == octets


def test_untagged_data_is_what_it_is():
    """It goes between `* ` and the line's end."""
    assert write(Untagged(b"X"), "") == b"* X\r\n"


@given(st.binary(max_size=20))
def test_a_string_reads_as_it_was_written(octets):
    """Those that are no literals."""
    written = responses.string(octets)
    if not written.startswith(b"{"):
        assert Scanner(written).string() == octets
