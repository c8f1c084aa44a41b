"""A mail program's side of a session, as whoever drives sessions by the clock sees it: `ClientDialogue`."""

from __future__ import annotations

from sim.agent.retrieval import Retrieval, RetrievalError
from sim.mta.queue.failure import Failure
from sim.protocol.errors import RemoteProtocolError as ImapError
from sim.protocol.errors import RemoteProtocolError as Pop3Error
from sim.scenario.products.base import Product


class RetrievalDialogue:
    """A retrieval, a flight at a time (`world.engine.interfaces.ClientDialogue`).

    Args:
        retrieval: the program's session.

    Attributes:
        failure: why it came to nothing; None where it did not.
        reads: 0: it looks through nothing before it writes.
        awaits: what the server is to answer next, for a `Failure`.
    """

    reads = 0
    awaits = "hello"

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval
        self.failure: Failure | None = None

    @property
    def done(self) -> bool:
        """Whether nothing is left to say or to hear."""
        return self._retrieval.done or self.failure is not None

    @property
    def contacted(self) -> bool:
        """Whether the server has greeted."""
        return self._retrieval.round_trips > 0

    @property
    def round_trips(self) -> int:
        """How many flights it has written."""
        return self._retrieval.round_trips

    def write(self) -> bytes:
        """The next flight."""
        return self._retrieval.write()

    def read(self, octets: bytes) -> None:
        """Take what the server wrote."""
        try:
            self._retrieval.read(octets)
        except (RetrievalError, Pop3Error, ImapError) as error:
            self.end(Failure(0, "4.4.2", str(error), at=self.awaits))

    def complete(self, octets: bytes) -> int:
        """How many of the first octets of a flight are whole lines."""
        return octets.rfind(b"\n") + 1

    def timeout(self, policy: Product) -> float:
        """How long it waits for the answer to what it wrote last, s."""
        return policy.helo_timeout

    @property
    def listens(self) -> bool:
        """Whether it has nothing to say until the server speaks, as in IDLE, or until it is to go on (`resume`)."""
        return self._retrieval.listens

    def secured(self) -> None:
        """TLS protects the connection from here on."""
        self._retrieval.secured()

    def resume(self) -> None:
        """The session goes on, though the server is silent: `write` gives what is to be said."""
        self._retrieval.wake()

    def end(self, failure: Failure) -> None:
        """The session is over before its time."""
        self.failure = self.failure or failure
        self._retrieval.end()
