"""Paths: SMTP's angle brackets, source routes and the percent hack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.address import Address, AddressError, parse_address
from sim.mail.path import (
    NULL_PATH,
    Path,
    parse_forward_path,
    parse_path,
    percent_decode,
    percent_route,
)

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?(\.[a-z]{1,3}){0,2}", fullmatch=True)
domains = st.one_of(names, st.ip_addresses(v=6).map("[IPv6:{}]".format))
locals_ = st.text("".join(map(chr, range(32, 127))), max_size=20)
paths = st.builds(Path, st.builds(Address, locals_, domains), st.lists(domains, max_size=3).map(tuple))


@given(paths | st.just(NULL_PATH))
def test_path_round_trip(path):
    """What str() writes of any path, parse_path reads back."""
    assert parse_path(str(path)) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("<u@c>", Path(Address("u", "c"))),
        ("<@a,@b:u@c>", Path(Address("u", "c"), ("a", "b"))),
        ("<@[IPv6:::1]:u@c>", Path(Address("u", "c"), ("[IPv6:::1]",))),
        ("<>", NULL_PATH),
    ],
)
def test_path_forms(text, path):
    """A path is read from and written to the form of RFC 5321 section 4.1.2."""
    assert (parse_path(text), str(path)) == (path, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("u@c", "angle brackets"),
        ("<u@c", "angle brackets"),
        ("<", "angle brackets"),
        ("", "angle brackets"),
        ("<u>", "no domain"),
        ("<<u@c>>", "single dots"),
        ("< >", "no domain"),
        ("<@a>", "does not end"),
        ("<@a,b:u@c>", "does not end"),
        ("<@a_b:u@c>", "'a_b', which is not a domain"),
        ("<@:u@c>", "'', which is not a domain"),
        ("<@a:>", "no domain"),
        ("<#@[]>", "neither labels"),
        ("<u@" + "d" * 253 + ">", "257 octets: at most 256"),
    ],
)
def test_not_a_path(text, reason):
    """Anything else is refused with the reason."""
    with pytest.raises(AddressError, match=reason):
        parse_path(text)


def test_longest_path():
    """RFC 5321 section 4.5.3.1.3: 256 octets with the brackets are still allowed."""
    assert parse_path("<u@" + "d" * 252 + ">").mailbox == Address("u", "d" * 252)


@pytest.mark.parametrize(("path", "null"), [(NULL_PATH, True), (Path(Address("u", "c")), False)])
def test_is_null(path, null):
    """Only `<>` is the null path."""
    assert path.is_null == null


@pytest.mark.parametrize("text", ["<Postmaster>", "<postmaster>", "<POSTMASTER>"])
def test_postmaster_needs_no_domain(text):
    """RFC 5321 section 4.1.1.3: the forward-path `<Postmaster>`, in any case."""
    assert str(parse_forward_path(text)) == "<Postmaster>"


def test_forward_path():
    """Any path with a mailbox is a forward-path."""
    assert parse_forward_path("<@a:u@c>") == Path(Address("u", "c"), ("a",))


@pytest.mark.parametrize("text", ["<>", "<postmaster@>", "<u>", "postmaster"])
def test_not_a_forward_path(text):
    """A forward-path is never null, and only the postmaster goes without a domain."""
    with pytest.raises(AddressError):
        parse_forward_path(text)


@pytest.mark.parametrize(
    ("before", "domains", "after"),
    [
        ("user%c%b@a", ["a", "b"], "user@c"),
        ("user%c%b@a", ["a"], "user%c@b"),
        ("user%c%b@a", ["b"], "user%c%b@a"),
        ("user%c%b@A", ["a"], "user%c@b"),
        ("user@a", ["a"], "user@a"),
        ("user%@a", ["a"], "user%@a"),
        ("%c@a", ["a"], '""@c'),
    ],
)
def test_percent_decode(before, domains, after):
    """As qmail: split at the last `%` while the domain is listed and there is a domain to go to."""
    assert str(percent_decode(parse_address(before), domains)) == after


def test_two_syntaxes_of_a_source_route():
    """Slide 20 of the course: both forms send gerard's mail by ibp.fr, then uvsq.fr."""
    assert percent_route(parse_address("gerard%cnam.fr%uvsq.fr@ibp.fr")) == parse_path(
        "<@ibp.fr,@uvsq.fr:gerard@cnam.fr>"
    )


def test_percent_route_of_a_plain_address():
    """An address without `%` has no route."""
    assert percent_route(parse_address("u@c")) == Path(Address("u", "c"))
