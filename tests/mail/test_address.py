"""Addresses: the SMTP form, and the forms of header fields."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.mail.address import Address, AddressError, format_mailbox, is_domain, parse_address, parse_mailbox

PRINTABLE = "".join(map(chr, range(32, 127)))
labels = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,8}[A-Za-z0-9])?", fullmatch=True)
domains = st.one_of(
    st.lists(labels, min_size=1, max_size=5).map(".".join),
    st.ip_addresses(v=4).map("[{}]".format),
    st.ip_addresses(v=6).map("[IPv6:{}]".format),
)
addresses = st.builds(Address, st.text(PRINTABLE, max_size=64), domains)


@given(addresses)
@example(Address("", "a"))
@example(Address('a"\\ ', "a"))
@example(Address("a..b", "a"))
def test_address_round_trip(address):
    """What str() writes of any address, parse_address reads back."""
    assert parse_address(str(address)) == address


@given(addresses)
def test_parse_mailbox_takes_what_smtp_takes(address):
    """A header may hold any address that SMTP can carry."""
    assert parse_mailbox(str(address)) == ("", address)


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=60), addresses)
@example("a  b ", Address("u", "c"))
@example("=?utf-8?q?a?=", Address("u", "c"))
@example("Florin, Gérard (CNAM)", Address("u", "c"))
def test_mailbox_round_trip(name, address):
    """What format_mailbox writes of any name, parse_mailbox reads back."""
    assert parse_mailbox(format_mailbox(name, address)) == (name, address)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address("gerard", "cnam.fr"), "gerard@cnam.fr"),
        (Address("gerard%uvsq.fr", "ibp.fr"), "gerard%uvsq.fr@ibp.fr"),
        (Address("gerard florin", "cnam.fr"), '"gerard florin"@cnam.fr'),
        (Address("a.", "cnam.fr"), '"a."@cnam.fr'),
        (Address('a"b\\c', "cnam.fr"), '"a\\"b\\\\c"@cnam.fr'),
        (Address("u", "[IPv6:2001:db8::1]"), "u@[IPv6:2001:db8::1]"),
        (Address("Postmaster", ""), "Postmaster"),
    ],
)
def test_str_quotes_only_where_needed(address, text):
    """The text is RFC 5321's Mailbox, with quotes only around what is no dot-string."""
    assert str(address) == text


def test_quotes_carry_no_meaning():
    """RFC 5321 section 4.1.2: a quoted local part equals the same one without quotes."""
    assert parse_address('"ger\\ard"@cnam.fr') == parse_address("gerard@cnam.fr")


def test_domain_stays_as_written():
    """Case is kept, since a domain is shown as its owner wrote it."""
    assert parse_address("u@CNAM.fr").domain == "CNAM.fr"


def test_limits_are_inclusive():
    """RFC 5321 section 4.5.3.1: 64 octets of local part and 255 of domain are still allowed."""
    domain = ".".join(["d" * 63] * 4)
    assert parse_address("l" * 64 + "@" + domain) == Address("l" * 64, domain)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("gerard", "no domain"),
        ("", "no domain"),
        ("gérard@cnam.fr", "US-ASCII"),
        ("gerard@cnam.fr.", "neither labels"),
        ("gerard@-cnam.fr", "neither labels"),
        ("gerard@cnam-.fr", "neither labels"),
        ("gerard@", "neither labels"),
        ("gerard@[136.173.24.256]", "neither labels"),
        ("gerard@[136.173.24]", "neither labels"),
        ("gerard@[IPv6:1::2::3]", "neither labels"),
        ("gerard@[IPv6:fe80::1%eth0]", "neither labels"),
        ("gerard@[]", "neither labels"),
        ("gerard@[1.2.3.4", "neither labels"),
        ("@cnam.fr", "single dots"),
        (".gerard@cnam.fr", "single dots"),
        ("ger..ard@cnam.fr", "single dots"),
        ("ger ard@cnam.fr", "single dots"),
        ('"gerard@cnam.fr', "single dots"),
        ('"a"b@cnam.fr', "single dots"),
        ("gerard@cnam.fr\n", "neither labels"),
        ("l" * 65 + "@d", "65 octets: at most 64"),
        ("l@" + "d" * 256, "256 octets: at most 255"),
    ],
)
def test_not_an_address(text, reason):
    """Anything else is refused with the reason."""
    with pytest.raises(AddressError, match=reason):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cnam.fr", True),
        ("localhost", True),
        ("[192.0.2.1]", True),
        ("[ipv6:::1]", True),
        ("[x25:20801234]", False),
        ("a_b", False),
        ("[192.0.2.1", False),
        ("", False),
    ],
)
def test_is_domain(text, expected):
    """Names, IPv4, IPv6 and tagged literals are what EHLO may be followed by."""
    assert is_domain(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("u@CNAM.fr", "u@cnam.FR", True),
        ("U@cnam.fr", "u@cnam.fr", False),
        ("postMaster@cnam.fr", "Postmaster@CNAM.fr", True),
        ('"u"@cnam.fr', "u@cnam.fr", True),
    ],
)
def test_key_compares_mailboxes(one, other, same):
    """Domains and the postmaster have no case, other local parts do."""
    assert (parse_address(one).key == parse_address(other).key) == same


def test_postmaster_key_needs_no_domain():
    """The address of `<Postmaster>` has a key as well."""
    assert Address("Postmaster", "").key == "postmaster"


GERARD = Address("gerard", "cnam.fr")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gerard @ cnam.fr", ("", GERARD)),
        ('"gerard"@cnam.fr', ("", GERARD)),
        ("gerard (Gérard Florin) @cnam.fr", ("Gérard Florin", GERARD)),
        ("Gérard Florin <gerard@cnam.fr>", ("Gérard Florin", GERARD)),
        ("Gerard@136.173.24.11", ("", Address("Gerard", "[136.173.24.11]"))),
        ("<@ibp.fr,@uvsq.fr:gerard@cnam.fr>", ("", GERARD)),
        ("<gerard % cnam.fr % uvsq.fr @ ibp.fr>", ("", Address("gerard%cnam.fr%uvsq.fr", "ibp.fr"))),
    ],
)
def test_forms_of_the_course(text, expected):
    """The forms that a French course on mail lists, slides 19 and 20."""
    assert parse_mailbox(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(one (two) \\(three)gerard(four)@cnam.fr()", ("one (two) (three four", GERARD)),
        ('"Florin, Gérard" (x) < gerard@cnam.fr > ', ("Florin, Gérard", GERARD)),
        ('"a  \\"b" c <gerard@cnam.fr>', ('a  "b c', GERARD)),
        ("=?iso-8859-1?q?G=E9rard?=\r\n =?utf-8?b?IEY=?= <gerard@cnam.fr>", ("Gérard F", GERARD)),
        ("gerard@cnam.fr (=?utf-8?q?G=C3=A9rard?=)", ("Gérard", GERARD)),
        ("=?nonsense?q?G=E9rard?= <gerard@cnam.fr>", ("=?nonsense?q?G=E9rard?=", GERARD)),
        ("gerard . florin@cnam . fr", ("", Address("gerard.florin", "cnam.fr"))),
        ('"gerard florin"@[192.0.2.1]', ("", Address("gerard florin", "[192.0.2.1]"))),
    ],
)
def test_header_forms(text, expected):
    """Comments nest and stand anywhere; names are phrases, quoted strings or encoded words (RFC 5322, RFC 2047)."""
    assert parse_mailbox(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("gerard@cnam.fr (florin", "comment that does not end"),
        ("gerard) @cnam.fr", "stray '\\)' at character 7"),
        ('"gerard@cnam.fr', "stray"),
        ("Gérard <gerard@cnam.fr", "does not end with '>'"),
        ("Gérard <gerard@cnam.fr> x", "does not end with '>'"),
        ("gerard florin@cnam.fr", "space inside"),
        ("gerard", "no domain"),
        ("gerard@cnam.fr, a@b", "space inside"),
        ("gerard@cnam.fr,a@b", "neither labels"),
        ("Gérard <>", "no domain"),
        ("@cnam.fr", "single dots"),
        ("192.0.2.1", "no domain"),
    ],
)
def test_not_a_mailbox(text, reason):
    """What is not exactly one mailbox is refused with the reason."""
    with pytest.raises(AddressError, match=reason):
        parse_mailbox(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "gerard@cnam.fr"),
        ("Gerard Florin", "Gerard Florin <gerard@cnam.fr>"),
        ('G. "le chef"', '"G. \\"le chef\\"" <gerard@cnam.fr>'),
        ("Gérard", "=?utf-8?q?G=C3=A9rard?= <gerard@cnam.fr>"),
    ],
)
def test_format_mailbox(name, text):
    """A name is plain, quoted or encoded, as little as it needs."""
    assert format_mailbox(name, GERARD) == text


@given(st.text(string.printable + "é", max_size=40))
def test_parsers_raise_nothing_else(text):
    """Any text is an address or an AddressError."""
    for parse in (parse_address, parse_mailbox):
        try:
            parse(text)
        except AddressError as error:
            assert str(error)  # noqa: PT017 - both outcomes are right
