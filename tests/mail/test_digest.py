"""Content-MD5 (RFC 1864)."""

from __future__ import annotations

from email import message_from_bytes

from hypothesis import given
from hypothesis import strategies as st

from sim.mail.digest import seal, seal_holds

PLAIN = b"Subject: hi\r\n\r\nThe quick brown fox\r\n"


def test_a_sealed_message_says_what_its_body_is():
    """The field is in the header, where a mail program finds it; the rest is as it was."""
    sealed = message_from_bytes(seal(PLAIN))
    assert (sealed["Content-MD5"], sealed["Subject"]) == ("Rj4DbOmj7KFxmk8uMmCAGQ==", "hi")
    assert sealed.get_payload() == "The quick brown fox\r\n"


def test_a_message_is_sealed_once():
    """A digest that is there already is its author's."""
    assert seal(seal(PLAIN)) == seal(PLAIN)


def test_a_message_without_a_body_or_a_header_is_sealed():
    """The digest is that of nothing, or stands alone."""
    assert seal_holds(seal(b"Subject: hi\r\n"))
    assert seal(b"\r\nbody\r\n").startswith(b"Content-MD5: ")


def test_without_a_digest_nothing_is_found():
    """Nobody can tell."""
    assert seal_holds(PLAIN)


def test_the_header_is_not_part_of_it():
    """Trace fields come on top on the way (RFC 1864 section 2: the digest is of the body)."""
    assert seal_holds(b"Received: from a by b\r\n" + seal(PLAIN))


@given(st.integers(0, 20), st.integers(1, 255))
def test_any_change_of_the_body_is_found(place: int, difference: int):
    """One octet is enough."""
    sealed = bytearray(seal(PLAIN))
    sealed[-21 + place] ^= difference
    assert not seal_holds(bytes(sealed))
