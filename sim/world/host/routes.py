"""Mail on its way to a next hop: the routes there, and a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sim.mta.client.envelope import Mailing
from sim.mta.queue.entry import Copy, Entry
from sim.world.engine.paths import Nodes


class Route(NamedTuple):
    """The nodes to a next hop, and its address; whether it is a host of another than the best preference.

    `protocol` is what is spoken on the way, where links have several; empty where it is the only one.
    """

    nodes: Nodes
    ip: str = ""
    backup: bool = False
    protocol: str = ""

    @property
    def host(self) -> str:
        """The next hop."""
        return self.nodes[-1]

    @property
    def place(self) -> tuple[str, str]:
        """The next hop and its address."""
        return self.nodes[-1], self.ip


@dataclass(slots=True, eq=False)
class Delivery:
    """Copies of an entry, the routes that they go, best first, and when these were looked up, s."""

    entry: Entry
    copies: Sequence[Copy]
    routes: tuple[Route, ...]
    looked_up_at: float

    def mailing(self, now: float) -> Mailing:
        """The message as a session is given it."""
        entry, paths, options = self.entry, tuple([copy.forward_path for copy in self.copies]), self.entry.options
        if options is None:
            return Mailing(entry.reverse_path, paths, entry.content, arrival=entry.arrival, queue_id=entry.queue_id)
        asked = tuple([copy.parameters for copy in self.copies])
        back, content, queue_id = entry.reverse_path, entry.content, entry.queue_id
        return Mailing(back, paths, content, options.at(now), asked, entry.arrival, queue_id)
