"""Mailboxes beyond the grammar, as servers at large read them."""

from __future__ import annotations

import pytest

from sim.mail.address import Address, AddressError
from sim.mail.liberal import parse_liberal_address
from sim.mail.path import Path, parse_liberal_path


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("a@c.d", "a", "c.d"),
        ("a..b@c.d", "a..b", "c.d"),
        (".a.@c.d", ".a.", "c.d"),
        ('"a".b@c.d', "a.b", "c.d"),
        ('"a\\"@ b".b@c.d', 'a"@ b.b', "c.d"),
        ("a\\@b@c.d", "a@b", "c.d"),
        ("a(who)@c.d", "a", "c.d"),
        ("a@c_d._e", "a", "c_d._e"),
        ("a@c.d.", "a", "c.d"),
        ("a@[192.0.2.1]", "a", "[192.0.2.1]"),
        ("a" * 300 + "@c.d", "a" * 300, "c.d"),
    ],
)
def test_read(text: str, local: str, domain: str):
    """Each has one reading, and its written form is by the grammar but for its length and its domain."""
    assert parse_liberal_address(text) == Address(local, domain)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@c.d",
        "a@",
        "a@b@c",
        "a b@c.d",
        'a"b"@c.d',
        '"a"b@c.d',
        '"a@c.d',
        "a,b@c.d",
        "a@-c.d",
        "a@c..d",
        "a@x[1]",
    ],
)
def test_refused(text: str):
    """What could mean two things, or nothing, is no mailbox."""
    with pytest.raises(AddressError):
        parse_liberal_address(text)


def test_a_domain_has_a_length():
    """255 octets, as always."""
    assert parse_liberal_address("a@" + "c" * 255).domain == "c" * 255
    with pytest.raises(AddressError):
        parse_liberal_address("a@" + "c" * 256)


def test_a_path_has_a_length():
    """256 octets with its brackets."""
    assert parse_liberal_path("a" * 250 + "@c.d") == Path(Address("a" * 250, "c.d"))
    with pytest.raises(AddressError, match="257 octets"):
        parse_liberal_path("a" * 251 + "@c.d")
