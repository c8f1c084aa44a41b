"""What the session driver (`session`) asks of those whom it brings together: two dialogues and a server's host.

A dialogue is one side of a session in any protocol in which the two take turns: SMTP's are
`mta.client.dialogue.SmtpDialogue` and `mta.server.reception.Reception`. It knows no time: it is given the octets that
have come, and gives those to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sim.mta.queue.entry import HopTime
from sim.mta.queue.failure import Failure
from sim.scenario.products.base import Refuses
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.stepping import Waits

AT_ONCE = 16_384
"""Octets that a new socket takes at once (net.ipv4.tcp_wmem): who writes more waits for nobody until most have gone."""


class Place(Protocol):
    """A place in a listen queue, which comes to an end: `admitted` says whether by its turn."""

    admitted: bool


class ClientDialogue(Protocol):
    """The side that connects."""

    @property
    def connect_timeout(self) -> float:
        """How long it waits to be connected, s."""

    @property
    def session_timeout(self) -> float:
        """How long a session may last, s."""

    @property
    def write_timeout(self) -> float:
        """How long each of its writes waits for room in its socket, s."""

    @property
    def flight_timeout(self) -> float:
        """How long all writes of a flight wait for room together, s."""

    @property
    def write_size(self) -> int:
        """How many octets it writes at once, where that leaves Nagle's algorithm something to hold; else 0."""

    @property
    def half_closes(self) -> bool:
        """Whether it closes its side of the connection with its last flight."""

    @property
    def done(self) -> bool:
        """Whether nothing is left to say or to hear about what it came for."""

    @property
    def kept(self) -> bool:
        """Whether it has left the session open: it goes on with `resume`, or when the server speaks first."""

    @property
    def contacted(self) -> bool:
        """Whether what it came for has begun: before that, the two get to know each other."""

    @property
    def round_trips(self) -> int:
        """How many flights it has written until the fate of what it came for was known."""

    @property
    def reads(self) -> int:
        """How many octets of what it brings it looks through before it writes its next flight."""

    @property
    def awaits(self) -> str:
        """What the server is to answer next, for a `Failure`."""

    def write(self) -> bytes:
        """The next flight, for which the server waits. Empty where TLS is to protect it: then `secured` is called."""

    def read(self, octets: bytes, /) -> None:
        """Take what the server wrote: a flight, or whole answers of it. Nothing means that the server has hung up."""

    def complete(self, octets: bytes, /) -> int:
        """How many of the first octets of a flight are whole answers, after each of which it waits anew."""

    def timeout(self) -> float:
        """How long it waits for the answer to what it wrote last, s."""

    def secured(self) -> None:
        """TLS protects the connection from here on."""

    def resume(self) -> None:
        """The session is to go on with what the client was given to do next."""

    def end(self, failure: Failure, /) -> None:
        """The session is over before its time; what has been answered counts."""


class ServerDialogue(Protocol):
    """The side that is connected to."""

    @property
    def patience(self) -> float:
        """How long it waits for the client to say something, s."""

    @property
    def linger(self) -> float:
        """How long it keeps the connection open when it has said its last, s."""

    @property
    def accepted(self) -> Sequence[Any]:
        """What it has taken with the flight that it read last, and is responsible for once that is on disk."""

    @property
    def in_transaction(self) -> bool:
        """Whether the next of what it takes has begun to come in."""

    @property
    def commands(self) -> int:
        """How many commands it has answered so far; each costs its host some time."""

    @property
    def sleep(self) -> float:
        """How long it holds back what it gave last, s."""

    @property
    def is_over(self) -> bool:
        """Whether it closes the connection behind what it wrote last."""

    @property
    def last_words(self) -> int:
        """About how many octets `time_out` gives."""

    def greet(self, *, busy: bool) -> bytes:
        """What it says first, or to one for whom it has no room; nothing where the client speaks first."""

    def read(self, octets: bytes, /) -> bytes:
        """Take a flight and give the answer; nothing where it had hung up behind the one before."""

    def notify(self) -> bytes:
        """What it says of itself, while the client has left the session open; nothing where it has nothing to say."""

    def secured(self) -> None:
        """TLS protects the connection from here on."""

    def disconnected(self) -> None:
        """The connection is gone, for whatever reason."""

    def time_out(self) -> bytes:
        """The client was silent for too long: what it says before it closes the connection."""


class ServerHost:
    """The host that a session is with, and where what the server has taken goes.

    This one has room for everybody, and keeps nothing.
    """

    @property
    def capacity(self) -> SharedCapacity | None:
        """What its disk and filters can do, where that is not without limit."""
        return None

    def drops(self) -> bool:
        """Whether a SYN would go unanswered: so many wait to be served."""
        return False

    def admit(self) -> bool:
        """A connection is made; whether it is served at once."""
        return True

    def resumes_tls(self, now: float) -> bool:  # noqa: ARG002
        """A handshake of TLS begins; whether it resumes a session that the two have had."""
        return False

    def join_queue(self, until: float) -> Place | Refuses:  # noqa: ARG002
        """A place in the listen queue, for a client that waits until then, or what the host does instead."""
        return "refuse"

    def take(self, taken: Any, spent: HopTime, now: float, offered: float, began: float) -> None:  # noqa: ANN401
        """Something is on disk now, was offered first at `offered`, and began to come in at `began`."""

    def take_later(self, taken: Any, spent: HopTime, at: float, offered: float, began: float) -> None:  # noqa: ANN401
        """Something will be on disk at `at`, when its client has gone."""

    def outlive(self, waits: Waits) -> None:
        """Go on with what outlives the session."""


class WireTrace(Protocol):
    """Who is told each flight's octets: the recorder, when dialogues are traced."""

    def __call__(self, now: float, direction: str, data: bytes, /) -> None:
        """The octets of one flight, at the time when they were read; "<" came from the server, ">" from the client."""
