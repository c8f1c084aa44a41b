"""Addresses in the SMTP form."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.mail.address import Address, AddressError, domain_key, is_domain, parse_address

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


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CNAM.fr", "cnam.FR", True),
        ("[192.0.2.1]", "[192.000.002.001]", True),
        ("[IPv6:2001:DB8:0::1]", "[ipv6:2001:db8::1]", True),
        ("caf\u00e9.fr", "XN--caf-dma.fr", True),
        ("CAF\u00c9.fr", "caf\u00e9.fr", True),
        ("caf\u00e9.fr", "cafe.fr", False),
        ("\u00e9" * 64 + ".fr", "\u00c9" * 64 + ".fr", True),
        ("[192.0.2.1]", "192.0.2.1", False),
        ("[no literal]", "[NO literal]", True),
    ],
)
def test_key_compares_domains(one, other, same):
    """In any case, by U-label or A-label, and literals by their address; a label that is too long has its case alone."""
    assert (domain_key(one) == domain_key(other)) == same


@given(st.text(string.printable + "é", max_size=40))
def test_the_parser_raises_nothing_else(text):
    """Any text is an address or an AddressError."""
    try:
        parse_address(text)
    except AddressError as error:
        assert str(error)  # noqa: PT017 - both outcomes are right
