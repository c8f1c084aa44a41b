"""What a machine has been sent and has yet to look at."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.octets import OctetQueue


def lines(pieces: list[bytes], longest: int) -> list[bytes]:
    """The lines that a queue gives for octets in these pieces."""
    queue, found = OctetQueue(), []
    for piece in pieces:
        queue.append(piece)
        while (line := queue.line(longest)) is not None:
            found.append(line)
    return found


def test_lines_end_with_crlf_or_lf():
    """A CR alone ends none."""
    assert lines([b"a\r\nb\nc\rd\n\r\ne"], 10) == [b"a", b"b", b"c\rd", b""]


@given(st.lists(st.binary(max_size=9) | st.sampled_from([b"\r\n", b"\n", b"ab\r\n"]), max_size=12), st.integers(1, 9))
def test_pieces_do_not_matter(pieces, longest):
    """However they come, the lines are the same; of one that is too long the beginning is kept."""
    octets = b"".join(pieces)
    assert lines([bytes([octet]) for octet in octets], longest) == lines([octets], longest) == lines(pieces, longest)
    whole = [line.removesuffix(b"\r") for line in octets.split(b"\n")[:-1]]
    assert lines([octets], longest) == [line[: longest + 1] for line in whole]


def test_of_an_endless_line_little_is_held():
    """The rest of a line that is too long is dropped as it comes, and its beginning is given with its end."""
    queue = OctetQueue()
    for _ in range(100):
        queue.append(b"0123456789")
        assert queue.line(20) is None
        assert len(queue) <= 22
    assert queue.overflows
    queue.append(b"\nnext\n")
    assert queue.line(20) == b"012345678901234567890"
    assert not queue.overflows
    assert queue.line(20) == b"next"


def test_octets_are_taken_by_number():
    """As many as there are, and lines go on behind them."""
    queue = OctetQueue()
    queue.append(b"abcde\n")
    assert (queue.take(3), len(queue)) == (b"abc", 3)
    queue.append(b"f")
    assert queue.line(10) == b"de"
    assert (queue.take(9), queue.take(9), len(queue)) == (b"f", b"", 0)


def test_all_are_forgotten():
    """A line that was too long is, too."""
    queue = OctetQueue()
    queue.append(b"x" * 99)
    assert queue.line(3) is None
    queue.clear()
    queue.append(b"a\n")
    assert (queue.overflows, queue.line(3)) == (False, b"a")
