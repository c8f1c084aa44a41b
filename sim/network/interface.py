"""What carries a session's octets between its client and its server, whatever it is: the one interface to all of them.

TCP (`network.tcp.connection`), delay and rate alone (`propagation`), a circuit of older carriers (`circuit`); over any
of these a layer: swapped roles (`reversed`). Times are in s, sizes in octets.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from enum import Enum, auto
from math import inf
from typing import Final, Protocol

Steps = Generator[float, float | None, float]
"""What is played step by step, so that those who use the lines at the same time share them.

Yields the time at which to go on: doing so when that time has come lets packets queue in the order in which they come.
Is sent until when nobody else is due, or None if that is not known. Returns the time that was asked for.
"""

SYN_GAPS: Final = (1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""From one SYN of a current Linux to the next, and from the last one until it gives up, in s."""


def at_once(sent: float | Steps) -> float:
    """The time that was asked for, without waiting: for those who have the lines to themselves."""
    if isinstance(sent, float):
        return sent
    while True:
        try:
            next(sent)
        except StopIteration as end:
            arrives: float = end.value
            return arrives


class Ending(Enum):
    """What the client's program hears of a connection that does not go on, before its own patience ends."""

    HUNG_UP = auto()
    """The server's last words, with which its program has closed the connection."""
    TIMED_OUT = auto()
    """TCP has repeated a segment in vain and given up (ETIMEDOUT)."""
    RESET = auto()
    """The server's host has answered with a reset (ECONNRESET)."""
    REFUSED = auto()
    """Nobody listens there (ECONNREFUSED)."""
    CLEARED = auto()
    """A link of an older carrier has tried often enough, and cleared the call."""


class Transport(Protocol):
    """A connection from a client to a server.

    The unit is a flight: what one side writes before it must wait for the other. A flight of which all is known when it
    is sent costs one call; one that has to be played through, and shares its lines meanwhile, is `Steps`.

    What is not said otherwise is that of a connection which is told all at once and keeps nobody waiting.

    Attributes:
        accepted_at: When the server's program has the connection; infinity while it has not.
        setup: What a client grants the network for setting up, beside its own patience.
        delayed_ack: How long a small segment waits for its acknowledgement where no reply brings it (Nagle's algorithm,
            RFC 896); None where nothing waits for that.
        mss: The most octets that are one packet for sure.
        carrier: What its packets are, as one speaks of it.
    """

    carrier: str = "TCP"
    accepted_at: float = inf
    setup: float = 0.0
    delayed_ack: float | None = None
    mss: int

    @property
    def wire_bytes(self) -> int:
        """Bytes of all packets of both directions so far."""

    @property
    def retransmissions(self) -> int:
        """How many packets so far were sent again."""

    @property
    def damaged(self) -> int:
        """How many packets so far came damaged, and were taken."""
        return 0

    def open(self, now: float, until: float = inf) -> float | Steps:
        """Connect, and give up at `until`: when the client is connected; infinity if it never is (`end` says why)."""

    def repeat_syn(self, now: float) -> Iterator[float]:
        """What asks to connect is dropped, since the server's listen queue is full: when the client asks again.

        Unless it is TCP's own, that costs nothing, and is as Linux has it.
        """
        for gap in SYN_GAPS:
            now += gap
            yield now

    def send(self, now: float, size: int, to_server: bool) -> float | Steps:
        """Send a flight: when its last octet is there, so that the program can read it; infinity if it never is."""

    def wrote(self, *, to_server: bool = True) -> tuple[float, int]:  # noqa: ARG002
        """When a program wrote last into its socket (minus infinity: at once), and how many writes wait for room."""
        return -inf, 0

    def pieces(self, size: int) -> Iterator[tuple[float, int]]:  # noqa: ARG002
        """How the flight of that size that was sent last, to the client, comes in, as far as that is known.

        Yields:
            The times at which there is more to read, and how many octets are there in order then. Nothing where a
            flight is there whole or not at all.
        """
        return iter(())

    def end(self, until: float, words: int = 0) -> tuple[float, Ending | None]:  # noqa: ARG002
        """What the client hears if it waits for what does not come, a flight or the connection.

        Args:
            until: How long it waits.
            words: The octets of what the server's program says where it has waited for too long and hangs up.

        Returns:
            When it hears something, and what; at `until` nothing.
        """
        return until, None

    def reset(self, now: float, until: float) -> float:
        """A packet has reached the server's restarted host; when the client has its reset, `until` if not by then."""
        return min(at_once(self.send(now, 1, to_server=False)), until)

    def abandon(self, now: float, sent: float, arrives: float, *, to_server: bool = True) -> float | Steps:  # noqa: ARG002
        """A program gives up `now` and closes: its kernel goes on for a while with what it holds of the flight.

        That was `sent` at a time and would have been there when it `arrives`, infinity if that is not known.

        Returns:
            When all of it is there; infinity if it never is, as where not all of it was written.
        """
        return arrives

    def close(self, now: float, *, half_closed: bool = False) -> None:
        """Close the connection, for which nobody waits.

        `half_closed`: nobody acknowledges what the client closes with, since it has closed its side before, or resets.
        """
        del now, half_closed


class Layer(Transport):
    """A transport over another one, which is connected; what it does not say itself is said by the one below."""

    def __init__(self, below: Transport) -> None:
        self._below = below
        self.accepted_at, self.setup, self.mss = below.accepted_at, below.setup, below.mss
        self.delayed_ack, self.carrier = below.delayed_ack, below.carrier

    @property
    def wire_bytes(self) -> int:
        """As below."""
        return self._below.wire_bytes

    @property
    def retransmissions(self) -> int:
        """As below."""
        return self._below.retransmissions

    @property
    def damaged(self) -> int:
        """As below."""
        return self._below.damaged

    def open(self, now: float, _until: float = inf) -> float | Steps:
        """Nothing is to be set up."""
        self.accepted_at = now
        return now

    def wrote(self, *, to_server: bool = True) -> tuple[float, int]:
        """As below."""
        return self._below.wrote(to_server=to_server)

    def end(self, until: float, words: int = 0) -> tuple[float, Ending | None]:
        """As below."""
        return self._below.end(until, words)

    def reset(self, now: float, until: float) -> float:
        """As below."""
        return self._below.reset(now, until)

    def abandon(self, now: float, sent: float, arrives: float, *, to_server: bool = True) -> float | Steps:
        """As below."""
        return self._below.abandon(now, sent, arrives, to_server=to_server)

    def close(self, now: float, *, half_closed: bool = False) -> None:
        """As below."""
        self._below.close(now, half_closed=half_closed)
