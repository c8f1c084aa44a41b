"""Interpersonal messages and notifications: what is written is read, and octets that are none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x400_pair import address

from sim.protocol.x400 import RemoteProtocolError
from sim.protocol.x400.ipms import Ipm, Ipn, read_content, write_ipm, write_ipn
from sim.protocol.x400.syntax import encode

NAMES = st.sampled_from([(), (address("a"),), (address("a"), address("b"))])
IPMS = st.builds(
    Ipm,
    st.text("ab1", max_size=9),
    st.none() | st.just(address("a")),
    NAMES,
    NAMES,
    st.sampled_from(["", "Lunch"]),
    st.sampled_from([(), ("Date: now", "X: y")]),
    st.binary(max_size=50) | st.just(b"hello\r\n"),
)
IPNS = st.builds(
    Ipn, st.text("ab1", max_size=9), st.none() | st.just(address("a")), st.integers(0, 2_000_000_000)
) | st.builds(Ipn, st.text("ab1", max_size=9), reason=st.integers(0, 2))


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 2)
@given(ipm=IPMS, ipn=IPNS, data=st.data())
def test_what_is_written_is_read(ipm, ipn, data):
    """All of it; what is damaged is another content, or the room's own error."""
    for written, meant in ((write_ipm(ipm), ipm), (write_ipn(ipn), ipn)):
        assert read_content(written) == meant
        damaged = bytearray(written)
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        try:
            read_content(bytes(damaged))
        except RemoteProtocolError:
            continue


@pytest.mark.parametrize("said", [write_ipm(Ipm("i")), write_ipn(Ipn("i"))])
def test_the_least(said):
    """An identifier and an empty text, or a reason."""
    assert len(said) < 30
    assert read_content(said) in (Ipm("i"), Ipn("i"))


def test_the_size_of_a_content():
    """135 octets with an empty text and two names as the real program has them (X.420 section 7)."""
    assert len(write_ipm(Ipm("i" * 24, address("s1"), (address("r1"),)))) == 135


def test_other_extensions():
    """A heading extension that is not known is passed over; two body parts are one body."""
    part = ("ia5-text", {"parameters": {}, "data": "a"})
    heading = {
        "this-IPM": {"user-relative-identifier": "i"},
        "originator": {},
        "extensions": [{"type": "1.2.3"}, {"type": "1.3.6.1.7.1.1.1", "value": b"\x30\x00"}],
    }
    said = encode("InformationObject", ("ipm", {"heading": heading, "body": [part, ("bilaterally-defined", b"\xff")]}))
    assert read_content(said) == Ipm("i", body=b"a\xff")
    with pytest.raises(RemoteProtocolError):
        read_content(b"\xa0\x00")


def test_a_time_that_is_none():
    """A notification of receipt in the thirteenth month is malformed."""
    late = write_ipn(Ipn("1", None, 1_000_000_000)).replace(b"010909", b"011309")
    with pytest.raises(RemoteProtocolError, match="no InformationObject: "):
        read_content(late)
