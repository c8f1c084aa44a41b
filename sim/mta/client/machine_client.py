"""A client's side of a session in which a machine's end says what it is given, and reads what the peer says."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic

from sim.mta.queue.failure import Failure
from sim.protocol.dialogue import MachineT, UsualClient
from sim.protocol.errors import RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.scenario.spec import Host


class MachineClient(UsualClient, Generic[MachineT]):
    """What such clients have in common: what was read, and what became of it.

    Args:
        host: whose side this is.
        machine: its end.
        patience: how long it waits for each answer, s.

    Attributes:
        failure: why it came to nothing; None where it did not.
        contacted: whether what it came for has begun.
        round_trips: how many flights it has written until the fate of that was known.
    """

    awaits = "hello"
    """What the peer is to answer next: one of `products.tables.PLACES`."""
    peer = "peer"
    """What the other side is called."""

    def __init__(self, host: Host, machine: MachineT, patience: float) -> None:
        super().__init__(patience)
        self.connect_timeout = host.mta.connect_timeout
        self._patience = patience
        self._machine = machine
        self.failure: Failure | None = None
        self.contacted = self.done = False
        self.round_trips = 0

    def timeout(self) -> float:
        """How long it waits for the answer to what it wrote last, s."""
        return self._patience

    def read(self, octets: bytes) -> None:
        """Take what the peer wrote."""
        self._machine.receive_data(octets)
        try:
            while (event := self._machine.next_event()) is not NEED_DATA:
                if isinstance(event, ConnectionClosed):
                    self._cut_off()
                    return
                self._take(event)
        except RemoteProtocolError as error:
            self.end(Failure(0, "4.5.0", f"the {self.peer} broke the protocol: {error}", at=self.awaits))

    def complete(self, octets: bytes) -> int:
        """All of a flight is one answer."""
        return len(octets)

    def end(self, failure: Failure) -> None:
        """The session is over before its time: what has been answered counts, the failure is for the rest."""
        self.failure = self.failure or failure
        self.done = True

    @abstractmethod
    def _cut_off(self) -> None:
        """The peer has closed the connection."""

    @abstractmethod
    def _take(self, event: Any) -> None:  # noqa: ANN401
        """The peer has said something."""
