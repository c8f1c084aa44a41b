"""Addresses and paths of RFC 6531: characters beyond US-ASCII, where they are asked for."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.address import (
    Address,
    AddressError,
    is_domain,
    local_key,
    mailbox_key,
    parse_address,
    parse_local_part,
)
from sim.mail.path import Path, parse_forward_path, parse_path

JOSE = Address("jos\u00e9", "exemple.fr")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("jos\u00e9@exemple.fr", JOSE),
        ("ana@pe\u00f1a-\u00f1u.es", Address("ana", "pe\u00f1a-\u00f1u.es")),
        ("\u7528\u6237@\u4f8b\u5b50.\u5e7f\u544a", Address("\u7528\u6237", "\u4f8b\u5b50.\u5e7f\u544a")),
        ('"jos\u00e9 m"@[192.0.2.1]', Address("jos\u00e9 m", "[192.0.2.1]")),
        ("plain@x.example", Address("plain", "x.example")),
    ],
)
def test_addresses(text, address):
    """An RFC 6531 Mailbox is read, and written as it was."""
    assert parse_address(text, utf8=True) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["jos\u00e9@", "jos\u00e9", "jos\u00e9 m@x", "a@-\u00e9.fr", "a@\u00e9-", "\u00e9..a@x", "\u00e9@@x"]
)
def test_what_is_no_address(text):
    """The rules of dots, hyphens and quotes hold beyond US-ASCII."""
    with pytest.raises(AddressError):
        parse_address(text, utf8=True)


def test_only_where_asked_for():
    """Without `utf8` nothing beyond US-ASCII is an address, a domain or a path."""
    with pytest.raises(AddressError, match="beyond US-ASCII"):
        parse_address(str(JOSE))
    with pytest.raises(AddressError, match="beyond US-ASCII"):
        parse_forward_path(f"<{JOSE}>")
    assert (is_domain("caf\u00e9.fr"), is_domain("caf\u00e9.fr", utf8=True)) == (False, True)


def test_paths():
    """A path, its source route included, may be in UTF-8."""
    assert parse_forward_path(f"<{JOSE}>", utf8=True) == Path(JOSE)
    assert parse_path(f"<@caf\u00e9.fr:{JOSE}>", utf8=True) == Path(JOSE, ("caf\u00e9.fr",))


@pytest.mark.parametrize(
    ("parse", "text", "limit"),
    [
        (parse_address, "{}@x.fr", 64),
        (parse_address, "a@{}", 254),
        (parse_path, "<@{}:b@x>", 248),
    ],
)
def test_limits_count_octets(parse, text, limit):
    """Lengths are those of the UTF-8 octets: two for each character here."""
    assert parse(text.format("\u00e9" * (limit // 2)), utf8=True)
    with pytest.raises(AddressError, match="octets"):
        parse(text.format("\u00e9" * (limit // 2 + 1)), utf8=True)


@pytest.mark.parametrize(
    ("text", "local"),
    [("bob", "bob"), ('"john doe"', "john doe"), (r'"a\"b"', 'a"b'), ("\u7528", "\u7528"), ('""', "")],
)
def test_local_parts(text, local):
    """What they mean, and how they are written."""
    assert parse_local_part(text) == local
    assert str(Address(local, "")) == text


@pytest.mark.parametrize("text", ["", "a b", "a@b", '"a', ".a", "\u00fc" * 33, '"' + "a" * 65 + '"'])
def test_what_is_no_local_part(text):
    """Neither atoms joined by dots nor a quoted string, or too long."""
    with pytest.raises(AddressError):
        parse_local_part(text)


@given(st.text())
def test_a_key_is_that_of_all_forms(local):
    """Lower case and both normalization forms have it; its own is itself."""
    key = local_key(local)
    assert {local_key(normalize("NFD", local)), local_key(local.lower()), local_key(key)} == {key}


def test_keys_of_mailboxes():
    """Equal for one mailbox, whatever its domain's case; accents and spaces make another one."""
    assert mailbox_key(Address("JOS\u00c9", "Exemple.FR")) == mailbox_key(JOSE)
    assert mailbox_key(Address("jose", "exemple.fr")) != mailbox_key(JOSE)
