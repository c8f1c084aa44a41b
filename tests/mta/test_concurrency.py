"""Places of outbound deliveries, and the lines that wait for them."""

from __future__ import annotations

from sim.mta.concurrency import Places
from sim.scenario.spec import Postfix


def places(process: int, destination: int) -> Places[str]:
    """Nobody has a place yet."""
    return Places(Postfix(default_process_limit=process, default_destination_concurrency_limit=destination))


def test_each_next_hop_has_its_limit():
    """A full next hop does not keep others from theirs."""
    room = places(10, 1)
    assert [room.take(hop) for hop in ("a", "a", "b")] == [True, False, True]


def test_the_host_has_its_limit():
    """default_process_limit is for all together."""
    room = places(2, 10)
    assert [room.take(hop) for hop in ("a", "b", "c")] == [True, True, False]


def test_lines_take_turns():
    """A long line does not starve a short one."""
    room = places(1, 1)
    room.take("a")
    for number in range(3):
        room.line_up("a", f"a{number}")
    room.line_up("b", "b0")
    order = []
    hop = "a"
    for _ in range(4):
        room.leave(hop)
        order.append(room.next_in_line())
        hop = order[-1][0]
        room.take(hop)
    assert order == ["a0", "b0", "a1", "a2"]


def test_nobody_goes_where_there_is_no_room():
    """The line of a full next hop waits, and so does everybody when the host is full."""
    room = places(2, 1)
    room.take("a")
    room.line_up("a", "a0")
    assert room.next_in_line() is None
    room.take("b")
    room.line_up("c", "c0")
    assert room.next_in_line() is None


def test_clear_sends_all_away():
    """After a crash nobody stands in line."""
    room = places(1, 1)
    room.line_up("a", "a0")
    room.line_up("b", "b0")
    assert [*room.clear(), room.next_in_line()] == ["a0", "b0", None]
