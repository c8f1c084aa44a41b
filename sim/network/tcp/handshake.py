"""TCP's three-way handshake, with every loss and timer played through.

On a current Linux a lost SYN is repeated after 1 s five times (tcp_syn_linear_timeouts = 4), then at doubled gaps, ten
times in all (tcp_syn_retries = 6). The server repeats its SYN-ACK after 1, 2, 4, 8 and 16 s and forgets the attempt
32 s later (tcp_synack_retries = 5); a repeated SYN has it repeated at once. If the third packet is lost, the client
believes to be connected while the server waits for its timer. Older systems differ: Linux from 3.7 to 6.4 doubled from
1 s on, six times (net/ipv4/tcp_timer.c); 4.3BSD-Tahoe (sys/netinet/tcp_timer.h) from 6 s on, for a SYN-ACK, too, and
dropped a connection that was not there after 75 s.

Where nobody listens the server's kernel answers a SYN with a reset (RFC 9293 section 3.10.7.1); who has that is
refused.

An end whose packet went out again twice starts with a window of one segment (tcp_init_transfer), unless the other end
echoes the timestamp of the first copy, so that none was lost (tcp_try_undo_spurious_syn, since Linux 5.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sim.network.interface import SYN_GAPS as LINUX_SYN_GAPS
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.tcp.path import Path
from sim.network.tcp.timers import EXPIRIES, TimerExpiry

SYN: Final = 60
_STAMP: Final = 8
"""What a SYN has less without timestamps: the other options need padding then."""
RESET: Final = 40
SYN_GAPS: Final[dict[str, tuple[float, ...]]] = {
    "linux": LINUX_SYN_GAPS,
    "linux-3": (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0),
    "bsd-1988": (6.0, 12.0, 24.0, 33.0),
}
"""From one SYN to the next, and from the last one until TCP gives up."""
ANSWER_GAPS: Final[dict[str, tuple[float, ...]]] = {
    "linux": (1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
    "linux-3": (1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
    "bsd-1988": (6.0, 12.0, 24.0, 33.0),
}
"""The same for a SYN-ACK: after the last one the attempt is forgotten."""
_SHORTEST_GAP: Final = 1.0
_REPEATED: Final = 2
"""With more copies of its packet than these an end has sent it again twice."""


@dataclass(slots=True)
class Handshake:
    """One attempt to connect.

    Attributes:
        connected: When the client has the SYN-ACK; infinity if it gave up.
        gives_up_at: When the client's TCP gave up; infinity if it did not.
        refused_at: When the client has heard that nobody listens; infinity if it has not.
        paused: Whether the third packet is to be sent when the client holds itself connected, by `go_on`.
        accepted: When the server has the third packet; infinity if it never came.
        syns, answers: How many SYNs and SYN-ACKs were sent.
        client_anew, server_anew: Whether that end starts with a window of one segment.
        wire_bytes: All packets together.

    Args:
        path: What the client's packets travel over; without timestamps nobody knows which copy of one was answered.
        stacks: The client's kind of TCP and the server's (`spec.Tcp.stack`).
        listens: When somebody listens there.
    """

    path: Path
    stacks: tuple[str, str] = ("linux", "linux")
    listens: Timeline = ALWAYS_UP
    connected: float = math.inf
    accepted: float = math.inf
    gives_up_at: float = math.inf
    refused_at: float = math.inf
    paused: bool = False
    syns: int = 0
    answers: int = 0
    wire_bytes: int = 0
    _syn_bytes: int = SYN
    _until: float = math.inf
    _requested: bool = False
    _syn_sent: float = math.inf
    _answer_sent: float = math.inf
    # How often the server's timer has run out.
    _gaps: int = 0
    _first_syn: float = 0.0
    # When the SYN was sent that the server took, its first answer, and the answer that the client took first.
    _created: float = 0.0
    _first_answer: float = 0.0
    _answered: float = 0.0
    _client_rtt: float = 0.0
    _server_rtt: float = 0.0

    def play(self, now: float, until: float, *, pauses: bool = False) -> None:
        """Play the handshake from the first SYN, sent at `now`, to the moment `until` when the client gives up.

        Where it `pauses`, the third packet is not sent before `go_on`, so that others can use the line before it.
        """
        self.paused = pauses
        if not self.path.stamped:
            self._syn_bytes -= _STAMP
        self._first_syn, self._until = now, until
        self._syn(now)
        if self.accepted - now < _SHORTEST_GAP:
            return
        self._play()

    def go_on(self) -> None:
        """Go on when the client holds itself connected: it sends the third packet."""
        self.paused = False
        self._acknowledge(self.connected)
        self._play()

    @property
    def client_rtt(self) -> float:
        """The round trip that the client's timestamps show, in s; negative where nobody knows it.

        It begins with the first copy that the server took, so that a lost answer stretches it by the wait for the next
        one. Without timestamps no sample is taken where a packet of that end went out again (RFC 6298 3).
        """
        return self._client_rtt if self.syns == 1 or self.path.stamped else -1.0

    @property
    def server_rtt(self) -> float:
        """The same of the server."""
        return self._server_rtt if self.answers == 1 or self.path.stamped else -1.0

    @property
    def client_anew(self) -> bool:
        """Whether the client starts with a window of one segment: SYNs went out again, and not for nothing."""
        return self.syns > _REPEATED and (not self._undoes(0) or self._created > self._first_syn)

    @property
    def server_anew(self) -> bool:
        """The same of the server and its SYN-ACKs; repeated SYNs alone do not make a current Linux start anew."""
        lost = self._gaps > 0 and self._answered > self._first_answer
        return self.answers > _REPEATED and (not self._undoes(1) or lost)

    def _undoes(self, end: int) -> bool:
        """Whether an end, the client (0) or the server, sees that a packet of its own went out again for nothing."""
        return self.path.stamped and self.stacks[end] == "linux"

    def _play(self) -> None:
        client = self.stacks[0]
        while True:
            syn = self._fires_at(EXPIRIES[client], self._syn_sent, SYN_GAPS[client], self.syns - 1, self.connected)
            answer = self._answers_again_at()
            # A client that believes to be connected waits for the server.
            until = min(self._until, self.refused_at) if self.connected == math.inf else math.inf
            following = min(syn, answer)
            if following == math.inf or following > until or (self.paused and following >= self.connected):
                return
            if syn > answer:
                self._answer_again(answer)
            elif self.syns < len(SYN_GAPS[client]):
                self._syn(syn)
            else:
                self.gives_up_at = syn
                return

    def _answers_again_at(self) -> float:
        """When the server's timer runs out."""
        server = self.stacks[1]
        return self._fires_at(EXPIRIES[server], self._answer_sent, ANSWER_GAPS[server], self._gaps, self.accepted)

    @staticmethod
    def _fires_at(expiry: TimerExpiry, sent: float, gaps: Sequence[float], number: int, over: float) -> float:
        """When the timer of a packet sent at `sent` runs out; infinity if there is none, or all is `over` by then."""
        if sent + _SHORTEST_GAP >= over or number >= len(gaps):
            return math.inf
        timer = expiry(sent, gaps[number])
        return timer if timer < over else math.inf

    def _syn(self, now: float) -> None:
        """Send a SYN and set the timer of the next."""
        self.syns += 1
        self.wire_bytes += self._syn_bytes
        path, listens = self.path, self.listens
        at = path.there.carry(now, self._syn_bytes)
        self._syn_sent = now
        if at == math.inf or not (path.away is ALWAYS_UP or path.away.is_up(at)):
            return
        if not (self._requested or listens is ALWAYS_UP or listens.is_up(at)):
            self.wire_bytes += RESET
            self.refused_at = min(self.refused_at, path.back.carry(at, RESET))
            return
        while self._requested and (answer := self._answers_again_at()) < at:
            # The server's timer was set about a round trip after the client's: often it is first by a little.
            self._answer_again(answer)
        if not self._requested:
            self._requested = True
            self._created, self._first_answer = now, at
            self._gaps = 0
        if at < self.accepted:
            self._answer(at)

    def _answer_again(self, now: float) -> None:
        """The server's timer ran out: repeat the SYN-ACK, or forget the attempt."""
        self._gaps += 1
        if self._gaps < len(ANSWER_GAPS[self.stacks[1]]):
            self._answer(now)
        else:
            self._answer_sent = math.inf
            self._requested = False

    def _answer(self, now: float) -> None:
        """Send a SYN-ACK; the client answers each one that it gets."""
        self.answers += 1
        self._answer_sent = now
        at, path = math.inf, self.path
        if path.away is ALWAYS_UP or path.away.is_up(now):
            self.wire_bytes += self._syn_bytes
            at = path.back.carry(now, self._syn_bytes)
        if at == math.inf or (at > self._until and self.connected == math.inf):
            # Lost, or it finds a closed socket.
            return
        if at < self.connected:
            self.connected = at
            self._client_rtt = at - self._created
            self._answered = now
        if not self.paused or at > self.connected:
            self._acknowledge(at)

    def _acknowledge(self, at: float) -> None:
        """The client sends the third packet."""
        path = self.path
        self.wire_bytes += path.headers
        third = path.there.carry(at, path.headers)
        if third < self.accepted and (path.away is ALWAYS_UP or path.away.is_up(third)):
            self.accepted = third
            self._server_rtt = third - self._answered
