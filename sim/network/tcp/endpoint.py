"""One end of a connection: the parts that it is composed of, and what happens to it as a whole.

Between flights that are sums it is no more than its round-trip estimate, its window and its latest flight; the other
parts come while it is played packet by packet.

Sources: RFC 9293 (closing, resets), RFC 896.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import ClassVar

from sim.network.interface import Ending
from sim.network.tcp.congestion import CongestionControl
from sim.network.tcp.output import Output
from sim.network.tcp.path import RESET, Packet, Path
from sim.network.tcp.receiver import ATO, FILLS_GAP, AckPolicy, ReceiveQueue
from sim.network.tcp.recovery import Recovery
from sim.network.tcp.rtt import LINUX, RttEstimator
from sim.network.tcp.scoreboard import Scoreboard
from sim.network.tcp.send_queue import SendQueue
from sim.network.tcp.timers import Timer
from sim.scenario.spec import Tcp


class Endpoint:
    """One end of a connection as a current Linux plays it.

    Its parts `queue`, `board`, `received`, `acks`, `timer`, `output` and `recovery`, and all that is said of a program,
    are there while it is played packet by packet.

    Attributes:
        tcp: How the host's TCP is.
        rtt, congestion: The round-trip estimate and the congestion window.
        inbox: The packets that are on their way to this end, in the order of arrival.
        heard: How often data came in that it was to acknowledge; the first 16 times it does at once.
        sent, arrived: When the latest flight was sent, and when it was there; `sent` is negative once that flight's
            acknowledgement was counted.
        lone: Whether its latest flight that was a sum was a single segment.
        orphan, dead: Whether its program has closed the connection; whether that is no more, as far as this end goes.
        lost, lost_at: What its program hears of that: TIMED_OUT (it gave up), RESET, or nothing; and when.
        gone_from: When the host goes down: what is up later knows nothing of the connection.
    """

    rtt_estimator: ClassVar[type[RttEstimator]] = RttEstimator
    congestion_control: ClassVar[type[CongestionControl]] = CongestionControl
    send_queue: ClassVar[type[SendQueue]] = SendQueue
    scoreboard: ClassVar[type[Scoreboard]] = Scoreboard
    ack_policy: ClassVar[type[AckPolicy]] = AckPolicy
    loss_recovery: ClassVar[type[Recovery]] = Recovery

    def __init__(self, tcp: Tcp = LINUX) -> None:
        self.tcp = tcp
        self.rtt = self.rtt_estimator(tcp)
        self.congestion = self.congestion_control(tcp, self.rtt)
        self.heard = 0
        self.sent = -1.0
        self.arrived = 0.0
        self.lone = True
        self.dead = False
        self._sndbuf = 0

    def begin(self, path: Path, inbox: deque[Packet], outbox: deque[Packet], gone_from: float = math.inf) -> None:
        """Begin to be played packet by packet, with nothing outstanding, over a path into the other end's inbox."""
        tcp, rtt, congestion = self.tcp, self.rtt, self.congestion
        congestion.begin()
        self.inbox = inbox
        self.queue = self.send_queue(tcp, path.mss, self._sndbuf)
        self.queue.expand(congestion.cwnd)
        self.board = self.scoreboard(tcp.sack, rtt)
        self.received = ReceiveQueue(0.0 if path.stamped else -1.0)
        self.acks = self.ack_policy(rtt, path.mss)
        self.timer = Timer(tcp.stack)
        self.output = Output(
            tcp.sack, path, outbox, self.queue, self.board, rtt, congestion, self.received, self.acks, self.timer
        )
        self.recovery = self.loss_recovery(tcp, rtt, congestion, self.board, self.timer, self.output)
        self.dead = self.orphan = False
        self.lost: Ending | None = None
        self.lost_at = math.inf
        self.gone_from = gone_from

    # Flights that are sums

    def on_flight(self, sent: float, arrived: float, *, lone: bool) -> None:
        """Its latest flight was sent at a time, and is there at another."""
        self.congestion.on_sent(sent, 0)
        self.sent, self.arrived, self.lone = sent, arrived, lone

    def on_acked(self) -> None:
        """The acknowledgement of its latest flight was counted."""
        self.sent = -1.0

    def on_answer(self, rtt: float) -> None:
        """Its latest flight was acknowledged, the round trip later, with an answer."""
        self.rtt.sample(rtt)
        self.congestion.on_answer()
        self.sent = -1.0

    def hear(self, segments: int) -> None:
        """So often data has come in that it acknowledges."""
        self.heard += segments

    def times_out_before(self, now: float, at: float) -> bool:
        """Whether a timer runs out before a flight that acknowledges its latest one, sent `now`, is there.

        That of several segments was set anew with each acknowledgement on the way.
        """
        if self.sent < 0 or not self.lone or now - self.arrived >= ATO:
            return False
        return at - self.sent > self.rtt.shortest_timeout(lone=True)

    def rest(self) -> None:
        """Its flights are sums again."""
        self._sndbuf = self.queue.sndbuf

    # Taking over from sums

    def awaits(self, size: int, since: float) -> None:
        """Its latest flight, of that size, is not acknowledged yet; its timer runs `since` a time."""
        self.queue.write([size])
        self.board.on_sent(self.sent)
        self.output.arm_probe(since, advancing=True)

    def owes(self, sent: float, at: float, *, told: bool) -> None:
        """The other end's last flight, a segment, has arrived; unless it is `told` already, it may be so at once."""
        self.received.resume(sent)
        if self.acks.owe(at) and not told:
            self.output.acknowledge(at)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is left of a loss."""
        return self.recovery.at_rest and not self.received.out_of_order

    # What its program does

    def write(self, now: float, sizes: Sequence[int], *, nodelay: bool) -> None:
        """The program writes a flight: as much of it as there is room for, the rest later."""
        self.queue.add(sizes, nodelay=nodelay)
        self._write_on(now)

    def write_sent(self, now: float, size: int, arrives: float) -> None:
        """The program has written a segment that is on its way and arrives at a time; infinity if it is lost."""
        self.queue.write([size])
        self.output.push(now, arrives=arrives)

    def _write_on(self, now: float) -> None:
        while self.queue.write_next(now, self.board.una, self.board.next):
            self.output.push(now)

    def close(self, now: float) -> None:
        """The program closes: a FIN goes out behind all that it writes."""
        self.orphan = True
        if self.queue.finish():
            self.output.push(now)

    def leave(self) -> None:
        """The program has closed the connection, and hears nothing more of it."""
        self.orphan = True

    # What happens to it

    def take(self, now: float, packet: Packet) -> None:
        """Take a packet that has arrived."""
        if (self.dead or self.orphan or packet.number == RESET or now >= self.gone_from) and self._is_over(now, packet):
            return
        received, queue, board = self.received, self.queue, self.board
        if not received.is_new(packet):
            self._take_segment(now, packet)
            return
        self.recovery.on_ack(now, packet)
        if packet.size:
            self._take_segment(now, packet)
        if board.next < len(queue.sizes):
            self.output.push(now)
        if queue.unwritten:
            queue.on_acked(self.congestion.cwnd, board.packets_in_flight())
            self._write_on(now)
            queue.on_written()

    def _is_over(self, now: float, packet: Packet) -> bool:
        """Whether the packet finds or makes an end of the connection; where it finds one, a reset answers it.

        A program that has closed reads nothing more: what is new for it is answered like that, too (RFC 9293 3.6.1).
        """
        if packet.number == RESET:
            if not self.dead:
                self.die(now, Ending.RESET)
            return True
        if now >= self.gone_from or (self.orphan and packet.size and packet.number >= self.received.next):
            self.die(now)
        if self.dead:
            self.output.put(now, RESET, 0)
        return self.dead

    def _take_segment(self, now: float, packet: Packet) -> None:
        arrival = self.received.take(packet.number)
        if arrival <= FILLS_GAP:
            self.heard += 1
        if self.acks.on_segment(now, packet.size, arrival):
            self.output.acknowledge(now)

    def acknowledge_late(self, now: float) -> None:
        """No reply came in time to take the acknowledgement with it."""
        self.acks.on_late()
        self.output.acknowledge(now)

    def on_timer(self, now: float) -> None:
        """The timer has fired."""
        if not self.recovery.on_timer(now, orphan=self.orphan):
            self.die(now, Ending.TIMED_OUT)

    def die(self, now: float, lost: Ending | None = None) -> None:
        """The connection is no more: no timer runs, and whatever comes in is answered with a reset."""
        self.dead = True
        self.lost, self.lost_at = lost, now
        self.timer.stop()
        self.acks.stop()
