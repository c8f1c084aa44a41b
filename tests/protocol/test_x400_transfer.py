"""The reliable transfer over an association: sizes and turns as the real program has them, breaks and resumption."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x400_pair import Pair

from sim.protocol.x400 import Bind, Receiving, RemoteProtocolError, Sending, pdus
from sim.protocol.x400.ber import wrap
from sim.protocol.x400.presentation import (
    read_bind,
    read_bind_result,
    unwrap_apdu,
    unwrap_data,
    wrap_apdu,
    wrap_data,
    write_bind,
    write_bind_result,
    write_release,
)
from sim.protocol.x400.syntax import encode

MODES = ("1984", "1988")
REFERENCES = {
    "1984": (b"\x14\x0e" + b"x" * 14, b"\x14\x08" + b"y" * 8),
    "1988": (b"\x04\x0c" + b"x" * 12, b"\x04\x06" + b"y" * 6),
}


def octets(both, *, out):
    """What one side has said, in octets."""
    return [len(said) for to_responder, said in both.said if to_responder is out]


@pytest.mark.parametrize(("mode", "out", "back"), [("1984", [22, 111], [14, 102]), ("1988", [22, 201], [14, 181])])
def test_set_up(mode, out, back):
    """Two turns over TCP's handshake, with names of 18 characters and passwords of 6 (RFC 1006, X.411 section 12.1.1).

    Session's references are as long as makes the sizes the measured ones.
    """
    both = Pair()
    both.open(mode, *REFERENCES[mode])
    assert (octets(both, out=True), octets(both, out=False)) == (out, back)


@pytest.mark.parametrize(("mode", "asks", "grants"), [("1984", 12, 9), ("1988", 28, 25)])
def test_release(mode, asks, grants):
    """One turn, and DR behind it."""
    both = Pair()
    both.open(mode)
    both.said.clear()
    both.to(pdus.Finish(write_release(mode, asks=True)))
    both.back(pdus.Disconnect(write_release(mode, asks=False)))
    both.to(pdus.DisconnectRequest())
    assert (octets(both, out=True), octets(both, out=False)) == ([asks, 11], [grants])


@pytest.mark.parametrize(
    ("mode", "size", "out", "back"),
    [
        ("1988", 462, 784, 234),
        ("1988", 1494, 1860, 248),
        ("1988", 2402, 2812, 262),
        ("1984", 373, 570, 139),
        ("1984", 1405, 1627, 153),
        ("1984", 2304, 2551, 167),
    ],
)
def test_a_whole_association(mode, size, out, back):
    """What one message costs each way, set-up and release with it: a block of 1,024 octets has 30 or 11 of headers."""
    both = Pair()
    both.open(mode, *REFERENCES[mode])
    assert both.send(b"m" * size, mode) == (b"m" * size, 1)
    both.to(pdus.Finish(write_release(mode, asks=True)))
    both.back(pdus.Disconnect(write_release(mode, asks=False)))
    both.to(pdus.DisconnectRequest())
    assert (sum(octets(both, out=True)), sum(octets(both, out=False))) == (out, back)


def test_the_window():
    """Four blocks leave before the first acknowledgement is needed, and three at a time after it."""
    sending = Sending(b"m" * 10_240, "1984")
    first = sending.next()
    assert [type(one).__name__ for one in first[1:]] == ["Data", "MinorSync"] * 3 + ["Data"]
    assert sending.next() == []
    sending.take(pdus.MinorSyncAck(2))
    assert [one.serial for one in sending.next() if isinstance(one, pdus.MinorSync)] == [4, 5]


@pytest.mark.slow
@given(size=st.integers(0, 9000), checkpoint=st.integers(0, 4), window=st.integers(0, 5), mode=st.sampled_from(MODES))
def test_all_of_it_comes(size, checkpoint, window, mode):
    """Whatever the parameters are; without checkpoints in one turn."""
    both = Pair()
    both.open(mode)
    content = bytes(number % 251 for number in range(size))
    came, turns = both.send(content, mode, checkpoint=checkpoint, window=window)
    blocks = max(-(-size // (checkpoint * 1024)), 1) if checkpoint else 1
    assert (came, turns) == (content, 1 + max(0, -(-(blocks - 1 - max(window, 1)) // max(window, 1))))


@given(size=st.integers(1, 9000), acknowledged=st.integers(0, 9))
def test_resumption(size, acknowledged):
    """What was acknowledged before a break does not go again (X.228 section 7.8)."""
    content = bytes(number % 251 for number in range(size))
    sending, receiving = Sending(content, "1984", window=9), Receiving("1984", 10_000)
    for one in sending.next():
        if not isinstance(one, pdus.ActivityStart):
            receiving.take(one)
        if isinstance(one, pdus.MinorSync) and one.serial <= acknowledged:
            sending.take(pdus.MinorSyncAck(one.serial))
    kept = sending.acknowledged
    again = Sending(content, "1984", window=99, identifier=2, resumes=(1, kept))
    begin, *rest = again.next()
    assert begin == (pdus.ActivityResume(2, 1, kept) if kept else pdus.ActivityStart(2))
    back = Receiving("1984", 10_000, receiving.blocks, kept)
    [end] = [back.take(one) for one in rest if isinstance(one, pdus.ActivityEnd | pdus.Data | pdus.MinorSync)][-1:]
    assert (back.message, end) == (content, pdus.ActivityEndAck(max(-(-size // 1024), 1)))
    assert sum(len(one.user_data) for one in rest if isinstance(one, pdus.Data)) == size - kept * 1024


def test_checkpoints_that_are_none():
    """One that was not set cannot be acknowledged, none is left out, and a message has an end."""
    sending, receiving = Sending(b"m" * 3000, "1984"), Receiving("1984", 2000)
    sending.next()
    with pytest.raises(RemoteProtocolError, match="checkpoint 3 is acknowledged: allowed are 1 to 2"):
        sending.take(pdus.MinorSyncAck(3))
    with pytest.raises(RemoteProtocolError, match="serial number 2: 1 is allowed"):
        receiving.take(pdus.MinorSync(2))
    with pytest.raises(RemoteProtocolError, match="a message of 2001 octets: at most 2000"):
        receiving.take(pdus.Data(b"m" * 2001))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.slow
@settings(max_examples=settings().max_examples // 4)
@given(
    bind=st.builds(Bind, st.text("aB9.", max_size=30), st.text("pq", max_size=9), st.integers(0, 99), st.integers(1, 9))
)
def test_binds(mode, bind):
    """What was written is read, either way."""
    assert read_bind(write_bind(bind, mode)) == (bind, mode)
    assert read_bind_result(write_bind_result(bind, mode)) == bind


def test_what_is_agreed():
    """The smaller interval and window; 0 means no checkpoints, and is no proposal."""
    assert Bind("b", "", 1, 9).agreed(Bind("a")) == Bind("b", "", 1, 3)
    assert Bind("b", "", 0, 9).agreed(Bind("a", "", 5)).checkpoint == 5
    assert Bind("b", "", 0).agreed(Bind("a", "", 0)).checkpoint == 0


def bind_of(**fields):
    """A bind of 1984 with other fields in it."""
    open_ = encode("MTABind", {"initiator-name": "a", "initiator-credentials": ("text", "b")})
    rtorq = encode("RTORQ", {"checkpoint-size": 1, "window-size": 3, "connection-data": ("open", open_)} | fields)
    return wrap(0x31, wrap(0xA0, wrap(0x80, b"\0")), wrap(0xA1, rtorq[2:]))


OCTETS = encode("MTABind", {"initiator-name": "a", "initiator-credentials": ("octets", b"b")})
RECOVER = (
    "recover",
    {
        "calling": b"",
        "common": datetime(2026, 1, 1),  # noqa: DTZ001 - the library has them so
    },
)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "hold no AARQ"),
        (b"\x31\x00", "no CP"),
        (b"\x31\x05", "says that it has 5 octets"),
        (bind_of(**{"window-size": 0}), "a checkpoint of 1 and a window of 0"),
        (bind_of(**{"connection-data": RECOVER}), "recovered that is not known"),
        (bind_of(**{"connection-data": ("open", OCTETS)}), "a password of octets"),
        (write_bind_result(Bind("a"), "1988"), "no AARQ"),
        (write_bind(Bind("a"), "1988").replace(b"\xb0", b"\xb2", 1), "the tag 0xb2: 0xb0 is allowed"),
        (write_bind(Bind("a"), "1988").replace(b"\xb0", b"\xb1", 2).replace(b"\xb1", b"\xb0", 1), "else than \\[16\\]"),
        (wrap(0x31, wrap(0xA0, wrap(0x80, b"\1"))), "no CP"),
    ],
)
def test_binds_that_are_none(octets, why):
    """Said, by the room's own error."""
    with pytest.raises(RemoteProtocolError, match=why):
        read_bind(octets)


@settings(max_examples=settings().max_examples // 4)
@given(block=st.binary(max_size=300), mode=st.sampled_from(MODES), octets=st.binary(max_size=40))
def test_blocks(block, mode, octets):
    """What was wrapped is unwrapped; anything else is a block, or the room's own error."""
    assert unwrap_data(wrap_data(block, mode), mode) == block
    for any_ in (octets, wrap_data(block, "1988")[:-1], wrap(0x61, wrap(0x30, octets))):
        try:
            unwrap_data(any_, "1988")
        except RemoteProtocolError:
            continue


def test_blocks_that_are_none():
    """More than one PDV, or one of another context."""
    with pytest.raises(RemoteProtocolError, match="not one PDV"):
        unwrap_data(wrap_data(b"x", "1988") * 2, "1988")
    with pytest.raises(RemoteProtocolError, match="no RT-TRANSFER"):
        unwrap_data(wrap_data(b"x", "1988").replace(b"\2\1\3", b"\2\1\1"), "1988")


@given(apdu=st.binary(max_size=300), mode=st.sampled_from(MODES))
def test_what_is_transferred(apdu, mode):
    """In 1988 in an EXTERNAL of P1's context, which comes back."""
    assert unwrap_apdu(wrap_apdu(apdu, mode), mode) == apdu


@pytest.mark.parametrize(
    ("octets", "why"),
    [(b"\x04\0\x04\0", "not one EXTERNAL"), (b"\x28\x06\2\1\3\xa0\1x", "no EXTERNAL of P1's context")],
)
def test_what_is_no_transfer(octets, why):
    """Said."""
    with pytest.raises(RemoteProtocolError, match=why):
        unwrap_apdu(octets, "1988")
