"""Summary vectors, and the session in which two hosts that meet tell each other what they have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mta.client.anti_entropy import NOT_A_VECTOR, AntiEntropyClient
from sim.mta.queue.failure import Failure
from sim.mta.server.anti_entropy import AntiEntropyReception
from sim.protocol.summary_vector import DIGEST, HEAD, MOST, VectorError, VectorReader, digest, write_vector

digests = st.frozensets(st.binary(min_size=DIGEST, max_size=DIGEST), max_size=20)


def read(octets: bytes, *cuts: int) -> frozenset[bytes] | None:
    """What a reader makes of octets that come in pieces."""
    reader = VectorReader()
    for start, end in zip((0, *cuts), (*cuts, len(octets)), strict=True):
        reader.read(octets[start:end])
    return reader.vector


@given(digests, st.data())
def test_a_vector_is_read_as_it_was_written(vector, data):
    """However it is cut."""
    octets = write_vector(vector)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=4)))
    assert read(octets, *cuts) == vector


@given(digests)
def test_a_vector_has_eight_octets_a_copy(vector):
    """And five before them."""
    assert len(write_vector(vector)) == HEAD + DIGEST * len(vector)


def test_a_digest_stands_for_a_copy():
    """A message to another recipient is another copy."""
    assert digest("1", "ann@a.example").hex() == "bb90e2fc43ac19f1"
    assert digest("1", "bob@a.example") != digest("1", "ann@a.example")


@given(st.binary(max_size=60))
def test_any_octets_are_a_vector_or_a_mistake(octets):
    """No other exception, and what is read is written so."""
    reader = VectorReader()
    try:
        reader.read(octets)
    except VectorError:
        assert octets[0] != 1 or int.from_bytes(octets[1:HEAD]) * DIGEST + HEAD < len(octets) or len(octets) >= HEAD
    else:
        assert reader.vector is None or len(write_vector(reader.vector)) <= len(octets)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"EHLO a.example\r\n", "not a summary vector (version 69): allowed is 1"),
        (b"\x01" + (MOST + 1).to_bytes(4), "too many digests (1000001): allowed are 1000000"),
        (b"\x01" + bytes(4) + b"QUIT", "octets behind a summary vector (4): allowed are none"),
    ],
)
def test_what_is_no_vector_is_said(octets, said):
    """With what is allowed."""
    with pytest.raises(VectorError) as raised:
        read(octets)
    assert str(raised.value) == said


ONE, OTHER = digest("1", "ann@a.example"), digest("2", "bob@b.example")


def test_two_tell_each_other():
    """One flight each way: who begins says what it has, and so does who answers; then it is over."""
    client, server = AntiEntropyClient([ONE]), AntiEntropyReception(lambda: [OTHER])
    assert server.greet(busy=False) == b""
    client.read(server.read(client.write()))
    assert (client.vector, server.vector, client.done, server.is_over) == ({OTHER}, {ONE}, True, True)
    assert (client.failure, client.round_trips, server.commands) == (None, 0, 1)


def test_a_vector_may_come_in_parts():
    """Neither side answers a half."""
    client, server = AntiEntropyClient([ONE]), AntiEntropyReception(lambda: [OTHER])
    asked = client.write()
    assert (server.read(asked[:7]), server.vector, server.is_over) == (b"", None, False)
    answer = server.read(asked[7:])
    client.read(answer[:3])
    assert (client.done, client.complete(answer)) == (False, len(answer))
    client.read(answer[3:])
    assert client.vector == {OTHER}


def test_a_host_without_room_hangs_up():
    """The client knows nothing then."""
    client, server = AntiEntropyClient([ONE]), AntiEntropyReception(lambda: [OTHER])
    assert server.greet(busy=True) == b""
    client.read(server.read(client.write()))
    assert (client.vector, client.failure, client.done) == (None, NOT_A_VECTOR, True)


def test_what_is_no_vector_ends_the_session():
    """On either side."""
    client, server = AntiEntropyClient([ONE]), AntiEntropyReception(lambda: [OTHER])
    assert (server.read(b"EHLO x\r\n"), server.is_over, server.vector) == (b"", True, None)
    client.read(b"220 x\r\n")
    assert (client.failure, client.done) == (NOT_A_VECTOR, True)


def test_a_session_that_is_cut_has_a_reason():
    """The driver says which."""
    client, cut = AntiEntropyClient([ONE]), Failure(0, "4.4.2", "lost connection")
    client.end(cut)
    assert (client.failure, client.done, client.vector) == (cut, True, None)
