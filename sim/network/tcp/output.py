"""How an endpoint sends: new segments as far as the window allows, acknowledgements; and how it sets its timer.

Function by function this is Linux's net/ipv4/tcp_output.c.

Sources: RFC 9293, 8985 (tail loss probe), 6298.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from sim.network.tcp.congestion import OPEN, CongestionControl
from sim.network.tcp.path import Packet, Path
from sim.network.tcp.receiver import AckPolicy, ReceiveQueue
from sim.network.tcp.rtt import RttEstimator
from sim.network.tcp.scoreboard import Scoreboard
from sim.network.tcp.send_queue import SendQueue
from sim.network.tcp.timers import PROBE, REORDER, RETRANSMIT, Timer

_TICK: Final = 0.004


@dataclass(slots=True)
class Output:
    """The outgoing side of an endpoint.

    Args:
        sack: Whether the other end is told what came in out of order.
        path: What packets travel over.
        outbox: Where packets arrive at the other end, in order.
    """

    sack: bool
    path: Path
    outbox: deque[Packet]
    queue: SendQueue
    board: Scoreboard
    rtt: RttEstimator
    congestion: CongestionControl
    received: ReceiveQueue
    acks: AckPolicy
    timer: Timer
    wire_bytes: int = 0
    _last_at: float = -math.inf

    def push(self, now: float, *, probe: bool = False, arrives: float | None = None) -> bool:
        """Send new segments as far as the window allows (tcp_write_xmit); as a `probe` one, even beyond it.

        It may be known when the first `arrives`, in s (infinity: it is lost). Returns whether any went out.
        """
        board, queue, congestion = self.board, self.queue, self.congestion
        first, end, limited = board.next, len(queue.sizes), False
        idle = board.una == first
        while (number := board.next) < end:
            if not probe and congestion.cwnd <= board.packets_in_flight():
                limited = True
                break
            if queue.holds_back(number, board.una, idle=idle, probe=probe):
                break
            if number == first == board.una and congestion.last_sent >= 0:
                congestion.restart_after_idle(now)
            board.on_sent(now)
            self.transmit(now, number, arrives)
            if number == board.una or self.timer.kind == PROBE:
                self.rearm(now)
            if probe:
                break
        count = board.next - first
        queue.on_sent(first, board.next)
        if count:
            congestion.on_sent(now, count)
            if not probe:
                self.arm_probe(now, advancing=False)
            limited = limited or board.packets_in_flight() >= congestion.cwnd
        if count or limited:
            congestion.validate(board.una, board.next, limited=limited)
        return count > 0

    def transmit(self, now: float, number: int, arrives: float | None = None) -> None:
        """Put a segment on its path, the first time or again (__tcp_transmit_skb); as `put`."""
        self.acks.on_data_sent(now)
        self.put(now, number, self.queue.sizes[number], arrives)

    def acknowledge(self, now: float) -> None:
        """Send an acknowledgement alone."""
        self.put(now, self.board.next, 0)

    def put(self, now: float, number: int, size: int, arrives: float | None = None) -> None:
        """Put a packet on its path; it acknowledges what there is."""
        path, received, acks = self.path, self.received, self.acks
        wire = size + path.headers
        self.wire_bytes += wire
        at = path.cross(now, wire) if arrives is None else arrives
        if at < math.inf:
            at = self._last_at = max(at, self._last_at)
            blocks = tuple(received.out_of_order[:3]) if received.out_of_order and self.sack else ()
            stamp = now if received.ts_recent >= 0 else -1.0
            self.outbox.append(
                Packet(at, number, size, received.next, blocks, stamp, received.ts_recent, received.duplicate)
            )
        received.on_told()
        if acks.due < math.inf:
            acks.on_told()

    # Timers

    def rearm(self, now: float) -> None:
        """Set the retransmission timer; instead of a probe's or RACK's it runs from when the first segment was sent."""
        board = self.board
        if board.una == board.next:
            self.timer.stop()
            return
        delay = self.rtt.rto
        if self.timer.kind in {REORDER, PROBE}:
            delay = max(board.sent_at[board.una] + delay - now, _TICK)
        self.timer.set(now, delay, RETRANSMIT)

    def arm_probe(self, now: float, *, advancing: bool) -> bool:
        """Set the timer of the tail loss probe, where one is due (tcp_schedule_loss_probe)."""
        board = self.board
        if not self.sack or self.congestion.state != OPEN or board.una == board.next:
            return False
        delay = self.rtt.probe_timeout(lone=board.next - board.una == 1)
        if not advancing:
            left = board.sent_at[board.una] + self.rtt.rto - now
            if left > 0:
                delay = min(delay, left)
        self.timer.set(now, delay, PROBE)
        return True
