"""A mail program's side of a session, as whoever drives sessions by the clock sees it: `ClientDialogue`."""

from __future__ import annotations

from sim.agent.retrieval import Retrieval, RetrievalError
from sim.mta.queue.failure import Failure
from sim.protocol.dialogue import UsualClient
from sim.protocol.errors import RemoteProtocolError as ImapError
from sim.protocol.errors import RemoteProtocolError as Pop3Error


class RetrievalDialogue(UsualClient):
    """A retrieval, a flight at a time (`world.engine.interfaces.ClientDialogue`).

    Args:
        retrieval: the program's session.
        patience: as of `UsualClient`.

    Attributes:
        failure: why it came to nothing; None where it did not.
        awaits: what the server is to answer next, for a `Failure`.
    """

    awaits = "hello"

    def __init__(self, retrieval: Retrieval, patience: float = 300.0) -> None:
        super().__init__(patience)
        self._retrieval = retrieval
        # Until the server has greeted.
        self.contacted = False
        self.failure: Failure | None = None

    @property
    def done(self) -> bool:
        """Whether nothing is left to say or to hear, unless there is news."""
        return self._retrieval.done or self._retrieval.listens or self.failure is not None

    @property
    def kept(self) -> bool:
        """Whether it waits for news, as in IDLE."""
        return self._retrieval.listens and self.failure is None

    @property
    def round_trips(self) -> int:
        """How many flights it has written."""
        return self._retrieval.round_trips

    def write(self) -> bytes:
        """The next flight."""
        self.contacted = True
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
