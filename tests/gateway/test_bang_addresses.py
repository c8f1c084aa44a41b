"""Addresses between SMTP and UUCP: RFC 976, RFC 1137, RFC 1123 section 5.2.16."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.gateway.bang_addresses import (
    BangPath,
    BangPathError,
    from_atom,
    parse_bang_path,
    percent_of,
    readings,
    to_address,
    to_atom,
    to_bang_path,
)
from sim.mail.address import Address, AddressError, parse_address
from sim.mail.path import NULL_PATH, Path, percent_route


def test_a_path_is_read_and_written() -> None:
    """Hosts and a user."""
    assert parse_bang_path("ihnp4!seismo!joe") == BangPath(("ihnp4", "seismo"), "joe")
    assert str(parse_bang_path("joe")) == "joe"


@pytest.mark.parametrize("text", ["", "a!", "!a", "a!!b", "a b!c", "a!b\n"])
def test_what_is_no_path_is_refused(text: str) -> None:
    """A host or the user is missing, or is no name."""
    with pytest.raises(BangPathError, match="is no bang path"):
        parse_bang_path(text)


def test_a_mixed_address_is_ambiguous() -> None:
    """RFC 976 2.1: domains first, so mail goes to c; UUCP goes to a."""
    assert [str(way) for way in readings("a!b@c.edu")] == ["<a!b@c.edu>", "a!b@c.edu"]
    by_domain, by_bang = readings("a!b@c.edu")
    assert (by_domain.mailbox, by_bang.hosts) == (Address("a!b", "c.edu"), ("a",))


def test_an_address_of_one_kind_is_not() -> None:
    """Both readings go to the same host."""
    assert readings("b@c.edu") == (Path(Address("b", "c.edu")), BangPath(("c.edu",), "b"))
    assert readings("a!b") == (Path(Address("a!b", "")), BangPath(("a",), "b"))


@pytest.mark.parametrize("text", ["@c.edu", "a@-", "a!@c.edu"])
def test_what_is_neither_is_refused(text: str) -> None:
    """No local part, no domain, no user."""
    with pytest.raises(BangPathError):
        readings(text)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (Path(Address("joe", "mit.edu")), "h1!gw!mit.edu!joe"),
        (Path(Address("joe", "mit")), "h1!gw!mit.!joe"),
        (Path(Address("joe", "c.edu"), ("a.edu", "b.edu")), "h1!gw!a.edu!b.edu!c.edu!joe"),
        (Path(Address("h2!joe", "c.edu")), "h1!gw!c.edu!h2!joe"),
        (Path(Address("Joe Soap", "c.edu")), "h1!gw!c.edu!Joe_Soap"),
        (Path(Address("postmaster", "")), "h1!gw!postmaster"),
    ],
)
def test_smtp_becomes_a_bang_path(path: Path, written: str) -> None:
    """RFC 976 2.2 and 3, behind the hosts up to the gateway."""
    assert str(to_bang_path(path, BangPath(("h1", "gw"), ""))) == written


def test_nobody_has_no_path() -> None:
    """There is no empty sender for rmail; the percent hack has none either."""
    with pytest.raises(BangPathError, match="'<>' has no bang path"):
        to_bang_path(NULL_PATH)
    with pytest.raises(AddressError, match="names nobody"):
        percent_of(NULL_PATH)


@pytest.mark.parametrize(
    ("written", "hidden", "address"),
    [
        ("h1!gw!mit.edu!joe", True, "joe@mit.edu"),
        ("h1!mit.!joe", True, "joe@mit"),
        ("h1!mit.edu!Joe_Soap", True, '"Joe Soap"@mit.edu'),
        ("h1!mit.edu!joe", False, "h1!mit.edu!joe@gw.edu"),
        ("h1!h2!joe", True, "h1!h2!joe@gw.edu"),
        ("h1!-.-!joe", True, "h1!-.-!joe@gw.edu"),
        ("joe", True, "joe@gw.edu"),
    ],
)
def test_a_bang_path_becomes_smtp(written: str, hidden: bool, address: str) -> None:
    """RFC 976 2.1: hidden behind a domain, or visible at the gateway."""
    if written == "h1!-.-!joe":
        assert str(to_address(BangPath(("h1", "-.-"), "joe"), "gw.edu")) == address
    else:
        assert str(to_address(parse_bang_path(written), "gw.edu", hidden=hidden)) == address


def test_local_parts_are_atoms() -> None:
    """RFC 1137: the named characters and the numbered ones."""
    local = 'A b_(c),:\\#=/"d'
    assert to_atom(local) == "A_b#u##l#c#r##m##c##b##h##e##s##034#d"
    assert (from_atom(to_atom(local)), from_atom("#z#")) == (local, "#z#")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_atoms_come_back(local: str) -> None:
    """Any printable local part."""
    assert from_atom(to_atom(local)) == local


def test_a_source_route_becomes_percents() -> None:
    """RFC 1123 5.2.16: the rightmost percent is the first to become an @."""
    path = Path(Address("user", "c.edu"), ("a.edu", "b.edu"))
    assert str(percent_of(path)) == "user%c.edu%b.edu@a.edu"
    assert percent_route(percent_of(path)) == path


@settings(max_examples=30)
@given(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,3}){0,2}", fullmatch=True))
def test_a_domain_comes_back_through_uucp(local: str, domain: str) -> None:
    """Round trip of RFC 976."""
    address = parse_address(f"{local}@{domain}")
    assert to_address(to_bang_path(Path(address)), "gw.edu") == address


@given(st.text() | st.text("a!@.%"))
def test_any_text_is_read_or_refused(text: str) -> None:
    """With the room's own error."""
    try:
        by_domain, by_bang = readings(text)
    except BangPathError:
        return
    assert by_bang.user
    assert by_domain.mailbox is not None
