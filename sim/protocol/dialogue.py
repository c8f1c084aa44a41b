"""What is usual of the two sides of a session, whatever they speak: a dialogue says what is otherwise with it.

What the sides are asked is in `sim.world.engine.interfaces`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import inf
from typing import Any, Generic, TypeVar

from sim.protocol.errors import RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.machine import Machine

MachineT = TypeVar("MachineT", bound=Machine[Any, Any])


class UsualClient:
    """A client that has come for what it says first, leaves no session open, and knows one time for all its waiting.

    Args:
        patience: how long it waits for the connection, for each answer, and for room to write, s.
    """

    session_timeout = flight_timeout = inf
    reads = write_size = 0
    half_closes = False
    contacted = True

    def __init__(self, patience: float = 300.0) -> None:
        self.connect_timeout = self.write_timeout = patience

    @property
    def kept(self) -> bool:
        """Whether it has left the session open: never."""
        return False

    def timeout(self) -> float:
        """How long it waits for the answer to what it wrote last, s."""
        return self.connect_timeout

    def secured(self) -> None:
        """TLS protects the connection from here on."""

    def resume(self) -> None:
        """It has nothing more to say."""


class UsualServer:
    """A server that takes nothing into its care, speaks when it is spoken to, and hangs up without a word."""

    accepted: Sequence[Any] = ()
    in_transaction = False
    patience = 300.0
    linger = 0.0
    sleep = 0.0
    last_words = 0

    def notify(self) -> bytes:
        """It says nothing that it was not asked for."""
        return b""

    def secured(self) -> None:
        """TLS protects the connection from here on."""

    def disconnected(self) -> None:
        """The connection is gone: nothing is to be given back."""

    def time_out(self) -> bytes:
        """The client was silent for too long."""
        return b""


class MachineServer(UsualServer, Generic[MachineT]):
    """A server that answers what its machine reads: its client speaks first, and who breaks the protocol hears nothing.

    Args:
        machine: its end.

    Attributes:
        accepted: what was taken by the last call of `read`.
        commands: how many things have been answered.
    """

    def __init__(self, machine: MachineT) -> None:
        self._machine = machine
        self._busy = False
        self.accepted: list[Any] = []
        self.commands = 0

    @property
    def is_over(self) -> bool:
        """Whether it closes the connection behind what it wrote last."""
        return self._machine.is_over

    def greet(self, *, busy: bool) -> bytes:
        """The client speaks first."""
        self._busy = busy
        return b""

    def read(self, octets: bytes) -> bytes:
        """Take a flight and give the answers."""
        self.accepted = []
        if self.is_over:
            return b""
        self._machine.receive_data(octets)
        written: list[bytes] = []
        try:
            while (event := self._machine.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
                written += [self._machine.send(one) for one in self._answer(event)]
        except RemoteProtocolError:
            self._machine.close()
        return b"".join(written)

    def disconnected(self) -> None:
        """The connection is gone: what has come of a message is nothing."""
        self._machine.close()

    def time_out(self) -> bytes:
        """The client was silent for too long: it hangs up without a word."""
        self.disconnected()
        return b""

    @abstractmethod
    def _answer(self, event: Any) -> Sequence[Any]:  # noqa: ANN401
        """What the machine is to say to what it read."""
