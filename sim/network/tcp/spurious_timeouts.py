"""Where a line is so slow that TCP's haste shows although nothing is lost.

An end acknowledges the first data that it gets at once (quick acknowledgement): on a slow line its program's answer
waits behind that packet. And where a segment takes longer onto the line than the short packets before it have taught
the sender to wait, it is sent again for nothing.

Sources: Linux's net/ipv4/tcp_input.c (tcp_event_data_recv, __tcp_ack_snd_check), RFC 8985 7.2, RFC 6298.
"""

from __future__ import annotations

from typing import Final

from sim.network.tcp.endpoint import End
from sim.network.tcp.path import Way
from sim.network.tcp.rtt_and_window import Sender
from sim.network.tcp.send_queue import ATO

__all__ = ["PATIENT", "holds_still", "hurries", "is_late", "overtaken", "slow"]

_SLOW: Final = 3e6
"""Below this rate in bit/s two full segments take longer than the 8 ms that a probe grants beside two round trips."""
PATIENT: Final = 0.2
"""No timer runs out for a lone segment that is there sooner, in s."""


def slow(way: Way) -> bool:
    """Whether one of the lines there and back is so slow that it matters."""
    return way.there.rate < _SLOW or way.back.rate < _SLOW


def hurries(way: Way, mine: Sender, now: float) -> bool:
    """Whether a timer would run out before several full segments, sent now, are acknowledged the first time.

    The receiver acknowledges the second one at once, and does not wait long for it.
    """
    wire = way.mss + way.headers
    at, second = way.there.expects(now, wire), wire * 8 / way.there.rate
    return overtaken(way, mine, now, at + min(second, ATO), lone=False)


def overtaken(way: Way, mine: Sender, now: float, at: float, *, lone: bool) -> bool:
    """Whether a timer runs out before an acknowledgement is back.

    Args:
        way: What its segments travelled over.
        mine: Their sender, who has learnt all there is.
        now: When they were sent, in s.
        at: When the acknowledgement leaves the other end, in s.
        lone: Whether it is a single segment.
    """
    return way.back.expects(at, way.headers) - now > holds_still(mine, lone=lone)


def is_late(peer: End, now: float, at: float) -> bool:
    """Whether the other end's timer runs out before a flight that acknowledges its last one, sent `now`, is there.

    That of several segments was set anew with each acknowledgement on the way.
    """
    if peer.sent < 0 or not peer.lone or now - peer.arrived >= ATO:
        return False
    return at - peer.sent > holds_still(peer, lone=True)


def holds_still(mine: Sender, *, lone: bool) -> float:
    """How long after a flight no timer of its sender runs out, in s."""
    return mine.probe_timeout(mine.rto, lone=lone) if mine.tcp.sack else mine.rto
