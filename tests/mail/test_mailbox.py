"""Mailboxes as people write them."""

from __future__ import annotations

import string
from email import message_from_bytes
from email.policy import SMTPUTF8

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.mail.address import Address, AddressError
from sim.mail.mailbox import header_form, parse_mailbox
from sim.mail.path import Path, parse_path

PRINTABLE = "".join(map(chr, range(32, 127)))
labels = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,8}[A-Za-z0-9])?", fullmatch=True)
domains = st.one_of(
    st.lists(labels, min_size=1, max_size=5).map(".".join).filter(lambda name: not name.replace(".", "").isdigit()),
    st.ip_addresses(v=4).map("[{}]".format),
    st.ip_addresses(v=6).map("[IPv6:{}]".format),
)
addresses = st.builds(Address, st.text(PRINTABLE, max_size=64), domains)
GERARD = Address("gerard", "cnam.fr")


@given(addresses)
def test_parse_mailbox_takes_what_smtp_takes(address):
    """A header may hold any address that SMTP can carry."""
    assert parse_mailbox(str(address)) == ("", address, Path(address))


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=60), addresses)
@example("a  b ", Address("u", "c"))
@example("=?utf-8?q?a?=", Address("u", "c"))
@example("Florin, Gérard (CNAM)", Address("u", "c"))
def test_mailbox_round_trip(name, address):
    """Any name in quotes is read back."""
    quoted = name.replace("\\", r"\\").replace('"', r"\"")
    assert parse_mailbox(f'"{quoted}" <{address}>') == (name, address, Path(address))


FORMS_OF_THE_COURSE = [
    ("gerard @ cnam.fr", "", "<gerard@cnam.fr>"),
    ('"gerard"@cnam.fr', "", "<gerard@cnam.fr>"),
    ("gerard (Gérard Florin) @cnam.fr", "Gérard Florin", "<gerard@cnam.fr>"),
    ("Gérard Florin <gerard@cnam.fr>", "Gérard Florin", "<gerard@cnam.fr>"),
    ("Gerard@136.173.24.11", "", "<Gerard@[136.173.24.11]>"),
    ("<@ibp.fr,@uvsq.fr:gerard@cnam.fr>", "", "<@ibp.fr,@uvsq.fr:gerard@cnam.fr>"),
    ("<gerard % cnam.fr % uvsq.fr @ ibp.fr>", "", "<gerard%cnam.fr%uvsq.fr@ibp.fr>"),
]


@pytest.mark.parametrize(("text", "name", "path"), FORMS_OF_THE_COURSE)
def test_forms_of_the_course(text, name, path):
    """The forms that a French course on mail lists, slides 19 and 20."""
    found = parse_mailbox(text)
    assert (found.name, found.path) == (name, parse_path(path))


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [
        ("(one (two) \\(three)gerard(four)@cnam.fr()", "one (two) (three four", "<gerard@cnam.fr>"),
        ('"Florin, Gérard" (x) < gerard@cnam.fr > ', "Florin, Gérard", "<gerard@cnam.fr>"),
        ('"a  \\"b" c <gerard@cnam.fr>', 'a  "b c', "<gerard@cnam.fr>"),
        ("=?iso-8859-1?q?G=E9rard?=\r\n =?utf-8?b?IEY=?= <gerard@cnam.fr>", "Gérard F", "<gerard@cnam.fr>"),
        ("gerard@cnam.fr (=?utf-8?q?G=C3=A9rard?=)", "Gérard", "<gerard@cnam.fr>"),
        ("=?nonsense?q?G=E9rard?= <gerard@cnam.fr>", "=?nonsense?q?G=E9rard?=", "<gerard@cnam.fr>"),
        ("gerard . florin@cnam . fr", "", "<gerard.florin@cnam.fr>"),
        ('"gerard florin"@[192.0.2.1]', "", '<"gerard florin"@[192.0.2.1]>'),
        ('gerard."le chef".florin@cnam.fr', "", '<"gerard.le chef.florin"@cnam.fr>'),
        ('"gerard florin" % cnam.fr @ ibp.fr', "", '<"gerard florin%cnam.fr"@ibp.fr>'),
        ('""@cnam.fr', "", '<""@cnam.fr>'),
        ("@ibp.fr:gerard@cnam.fr", "", "<@ibp.fr:gerard@cnam.fr>"),
        ("< ,, @ibp.fr , , @ 192.0.2.1 : gerard @ cnam.fr >", "", "<@ibp.fr,@[192.0.2.1]:gerard@cnam.fr>"),
        ("<@[IPv6:2001:db8::1],@B.fr:gerard@[192.0.2.1]>", "", "<@[IPv6:2001:db8::1],@B.fr:gerard@[192.0.2.1]>"),
        ("gérard@café.fr", "", "<gérard@café.fr>"),
        ("host!user@gateway.fr", "", "<host!user@gateway.fr>"),
    ],
)
def test_header_forms(text, name, path):
    """Comments nest and stand anywhere; names are phrases, quoted strings or encoded words (RFC 5322, RFC 2047)."""
    found = parse_mailbox(text)
    assert (found.name, found.path) == (name, parse_path(path, utf8=True))
    assert found.address == found.path.mailbox


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
        ("Gérard <>", "holds no address"),
        ("@cnam.fr", "does not end: write <@one"),
        ("192.0.2.1", "no domain"),
        ("host!user", "no domain"),
        ('"a""b"@cnam.fr', "side by side"),
        ("<@ibp.fr,uvsq.fr:gerard@cnam.fr>", "has 'uvsq.fr': write <@one"),
        ("<@ibp.fr,@uvsq_fr:gerard@cnam.fr>", "not a domain"),
        ("<@ibp.fr:@uvsq.fr:gerard@cnam.fr>", "single dots"),
        ("l" * 65 + "@d", "65 octets: at most 64"),
        (f"<@{'d' * 250}:g@c>", "256 are allowed"),
    ],
)
def test_not_a_mailbox(text, reason):
    """What is not exactly one mailbox is refused with the reason."""
    with pytest.raises(AddressError, match=reason):
        parse_mailbox(text)


@pytest.mark.parametrize(("text", "name", "path"), FORMS_OF_THE_COURSE)
def test_a_header_field_says_what_was_written(text, name, path):
    """What the header says of an address is US-ASCII, and means what was written; plain text is left as it was."""
    written = header_form(text)
    assert (parse_mailbox(written)[::2], written.isascii()) == ((name, parse_path(path)), True)
    assert (written == text) == text.isascii()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("gerard (Gérard Florin) @cnam.fr", "gerard (=?utf-8?q?G=C3=A9rard_Florin?=) @cnam.fr"),
        ("Gérard (né) F <g@c.fr>", "=?utf-8?q?G=C3=A9rard__F?= (=?utf-8?b?bsOp?=)<g@c.fr>"),
        ("Gerard (né) F <g@c.fr>", "Gerard (=?utf-8?b?bsOp?=) F <g@c.fr>"),
        ("gérard@café.fr (né)", "gérard@café.fr (=?utf-8?b?bsOp?=)"),
        ("@b,@c:g@d.fr", "<@b,@c:g@d.fr>"),
        ("Gerard\n Florin <g@d.fr>", "Gerard\r\n Florin <g@d.fr>"),
    ],
)
def test_header_form(text, written):
    """Names and comments are encoded where they must be, an address is not; folds are folds of mail."""
    assert header_form(text) == written


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40))
def test_any_name_in_a_header_form(name):
    """Python's own parser reads the name and the address that were written."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    written = header_form(f'"{quoted}" <g@c.fr>')
    field = f"From: {written}\r\n\r\n".encode()
    address = message_from_bytes(field, policy=SMTPUTF8)["From"].addresses[0]
    assert address.addr_spec == "g@c.fr"


@given(st.text(string.printable + "é", max_size=40))
def test_parsers_raise_nothing_else(text):
    """Any text is an address or an AddressError."""
    try:
        parse_mailbox(text)
    except AddressError as error:
        assert str(error)  # noqa: PT017 - both outcomes are right
