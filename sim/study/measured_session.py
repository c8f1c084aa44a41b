"""One session over a line there and one back, and what became of it, as a client's packets show it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Final, NamedTuple

from sim.network.interface import Transport
from sim.network.transport.tls import TlsLayer
from sim.scenario.spec import Host
from sim.world.engine.host_times import HostTimes
from sim.world.engine.interfaces import ClientDialogue, ServerDialogue, ServerHost
from sim.world.engine.session import Session
from sim.world.engine.stepping import IdleClock, Waits
from sim.world.engine.streams import Streams

ALONE: Final = IdleClock()
_HOPELESS: Final = 134.0
"""How long after its last sign of life a connection is given up, so that the next one may begin, in s."""


class Run(NamedTuple):
    """One session: its parts in s (infinite from where it failed), and packets that were sent again.

    `handshake` is how many of these were SYNs and SYN-ACKs, `round_trips` how many flights the client wrote, and
    `octets` how many octets it and the server said.
    """

    parts: tuple[float, ...]
    retransmissions: int
    handshake: int
    round_trips: int
    octets: tuple[int, int]

    @property
    def duration(self) -> float:
        """From the first SYN to its end; infinity if that never came."""
        return math.fsum(self.parts)


class MeasuredSession(ServerHost, ABC):
    """One session over a line there and one back: `steps` through it, then tells its `run`.

    Neither TCP remembers anything of the sessions before, as with `metrics: no`.

    Args:
        hosts: the client's and the server's.
        client, server: their dialogues.
        connection: what carries their octets.
        streams: of random numbers.
        marks: how many moments `hears` notes.
        implicit_tls: whether the connection begins with TLS.

    Attributes:
        heard: when the client heard what; infinity where it has not.
    """

    def __init__(
        self,
        hosts: tuple[Host, Host],
        client: ClientDialogue,
        server: ServerDialogue,
        connection: Transport,
        streams: Streams,
        *,
        marks: int,
        implicit_tls: bool = False,
    ) -> None:
        self._connection = connection
        self._client, self._server = client, server
        both = zip(hosts, ("client", "server"), strict=True)
        self._times = [HostTimes(host, streams(f"host/{end}/times")) for host, end in both]
        self.heard = [math.inf] * marks
        self._implicit_tls = implicit_tls
        self._repeats = [0, 0]
        self._octets = {">": 0, "<": 0}
        self._flights = 0

    @abstractmethod
    def hears(self, now: float) -> None:
        """The client hears the server."""

    def steps(self, start: float, clock: IdleClock = ALONE) -> Waits:
        """Go through it from `start` on, s; as of `world.engine.session.Session`."""
        self._start = self._end = start
        self._session = Session(
            self._client,
            self._server,
            self._connection,
            self,
            client_times=self._times[0],
            server_times=self._times[1],
            implicit_tls=self._implicit_tls,
            trace=self._trace,
            clock=clock,
        )
        return self._session.run(start)

    def close(self) -> float:
        """Close the connection; when another session may begin, s."""
        if self._session.connected:
            self._connection.close(self._end, half_closed=self._half_closes())
        return self._end + (_HOPELESS if self._session.outcome else 0.0)

    def _half_closes(self) -> bool:
        return self._times[0].host.mta.half_closes

    @property
    def run(self) -> Run:
        """What became of it."""
        ends = [self._start, self._session.connected_at, *self.heard]
        parts = tuple(after - before if after < math.inf else math.inf for before, after in pairwise(ends))
        again, at_first = self._repeats if self._session.connected else [self._connection.retransmissions] * 2
        said, heard = self._octets.values()
        if isinstance(layer := self._session.connection, TlsLayer):
            shake = layer.handshake
            said, heard = said + shake.hello + shake.finished, heard + shake.answer + shake.ticket
        return Run(parts, again, at_first, self._turns(), (said, heard))

    def _turns(self) -> int:
        """How often the client has said something after it had heard something."""
        return self._client.round_trips

    def admit(self) -> bool:
        """It is served at once."""
        self._repeats = [self._connection.retransmissions] * 2
        return True

    def _trace(self, now: float, direction: str, data: bytes) -> None:
        self._end = now
        layer = self._session.connection
        self._octets[direction] += layer.protected(len(data)) if isinstance(layer, TlsLayer) else len(data)
        self._flights += direction == ">"
        if direction == "<" and self.heard[-1] == math.inf:
            self.hears(now)
            self._repeats[0] = self._connection.retransmissions
