"""Addresses of header fields as they are written, for IMAP's ENVELOPE."""

from __future__ import annotations

from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.address_list import Entry, read_address_list


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        (b"ann@a.example", [Entry(None, None, b"ann", b"a.example")]),
        (b"Ann Bee <ann@a.example>", [Entry(b"Ann Bee", None, b"ann", b"a.example")]),
        (b'"Bee, Ann" <ann@a.example>', [Entry(b"Bee, Ann", None, b"ann", b"a.example")]),
        (b'"a\\"b" <ann@a.example>', [Entry(b'a"b', None, b"ann", b"a.example")]),
        (b"ann@a.example (Ann (the) \\) Bee)", [Entry(b"Ann (the) ) Bee", None, b"ann", b"a.example")]),
        (b"<@x,@y:ann@a.example>", [Entry(None, b"@x,@y", b"ann", b"a.example")]),
        (b"ann@[192.0.2.1]", [Entry(None, None, b"ann", b"[192.0.2.1]")]),
        (b'"a b"@a.example', [Entry(None, None, b"a b", b"a.example")]),
        (b"a <x@y>, b@z", [Entry(b"a", None, b"x", b"y"), Entry(None, None, b"b", b"z")]),
        (b"=?utf-8?q?=C3=A9?= <x@y>", [Entry(b"=?utf-8?q?=C3=A9?=", None, b"x", b"y")]),
        (b"undisclosed:;", [Entry(None, None, b"undisclosed", None), Entry(None, None, None, None)]),
        (
            b"g: a@b, C <c@d>;",
            [
                Entry(None, None, b"g", None),
                Entry(None, None, b"a", b"b"),
                Entry(b"C", None, b"c", b"d"),
                Entry(None, None, None, None),
            ],
        ),
        (b"g: a@b", [Entry(None, None, b"g", None), Entry(None, None, b"a", b"b"), Entry(None, None, None, None)]),
        (b"", []),
        (b",,", []),
        (b"nobody", [Entry(None, None, b"nobody", b"")]),
        (b"<>", [Entry(None, None, b"", b"")]),
        (b"a (open", [Entry(b"open", None, b"a", b"")]),
        (b"a <x (y) @z", [Entry(b"a", None, b"x", b"z")]),
        (b'"open', [Entry(None, None, b"open", b"")]),
        (b"a ; b", [Entry(None, None, b"a", b""), Entry(None, None, b"b", b"")]),
    ],
)
def test_a_field_gives_its_addresses(value, entries):
    """Nothing is decoded, and of what is broken what can be told."""
    assert list(read_address_list(value)) == entries


@given(st.lists(st.tuples(st.text("abc ", max_size=6).map(str.strip), st.text("xyz", min_size=1)), max_size=4))
def test_plain_lists_are_read_as_the_stdlib_reads_them(people):
    """Display names and addresses."""
    value = ", ".join(f"{name} <{local}@d.example>" for name, local in people)
    found = [
        ((each.name or b"").decode(), f"{each.mailbox.decode()}@{each.host.decode()}")
        for each in read_address_list(value.encode())
    ]
    assert found == [(" ".join(name.split()), address) for name, address in getaddresses([value] if value else [])]


@given(st.binary(max_size=100))
def test_any_octets_are_read(value):
    """Nothing is raised."""
    read_address_list(value)
