"""The host at the other end of a session: whatever is handed over in the session is handed to that host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from sim.mail.path import Path
from sim.mta.queue.queue import Copy, HopTime
from sim.mta.server.accepted_mail import AcceptedMail
from sim.mta.server.reception import Reception
from sim.network.interface import Transport
from sim.scenario.products.base import Refuses
from sim.world.engine.corruption import UNSEEN, ResidualCorruption
from sim.world.host.listener import Place

if TYPE_CHECKING:
    from sim.world.engine.stepping import Waits
    from sim.world.host.host import Station
    from sim.world.host.next_hops import Way


class Peer:
    """The far end of one session, as long as the session lasts; attempts come and go.

    `messages` counts those that have been offered. An attempt that goes on with a session finds here whom it talks to.

    Args:
        client: the host whose session it is.
        station: the host at the other end.
        way: the nodes that the session's bytes pass, from the one to the other.
        session_id: the session's number.
        connection: what the bytes go over.
        source, ip: the addresses of the two, where they have more than one of any family.
    """

    __slots__ = (
        "_client",
        "_copies",
        "_until",
        "capacity",
        "connection",
        "ip",
        "messages",
        "session_id",
        "source",
        "station",
        "way",
    )

    def __init__(
        self,
        client: Station,
        station: Station,
        way: Way,
        session_id: int,
        connection: Transport,
        *,
        source: str = "",
        ip: str = "",
    ) -> None:
        self._client = client
        self.station = station
        self.capacity = station.capacity
        self.way = way
        self.session_id = session_id
        self.connection = connection
        self.source = source
        self.ip = ip
        self.messages = 0
        self._copies: Mapping[Path, Copy] = {}
        self._until = -inf

    def is_offered(self, copies: Mapping[Path, Copy]) -> None:
        """The next message's turn has come: its copies by their forward-paths."""
        self._copies = copies
        self.messages += 1

    def drops(self) -> bool:
        """Whether a SYN would go unanswered."""
        return self.station.listener.drops

    def admit(self) -> bool:
        """A connection is made; whether the host serves it at once."""
        return self.station.listener.admit(self)

    def resumes_tls(self, now: float) -> bool:
        """A handshake of TLS begins; whether it resumes a session that the two hosts have had."""
        client, station = self._client, self.station
        return client.host.tls.session_cache and client.tls_sessions.resumes(station.host.name, station.boots, now)

    def line_up(self, until: float) -> Place | Refuses:
        """A place in the host's listen queue, for a client that waits until then, or what it does instead."""
        return self.station.listener.line_up(self, until)

    def take(self, mail: AcceptedMail, spent: HopTime, now: float, offered: float, began: float) -> None:
        """The host has custody of what was offered first at `offered`, and began to come in at `began`."""
        copies = self._there(mail, spent, now)
        self.station.receive(self._carried(mail, copies), copies, now, offered=offered, began=began, nth=self.messages)

    def take_later(self, mail: AcceptedMail, spent: HopTime, at: float, offered: float, began: float) -> None:
        """The host will have custody at `at`, and nobody will know."""
        station, copies = self.station, self._there(mail, spent, at)
        carried = self._carried(mail, copies)
        self._client.world.later(at, lambda: station.receive(carried, copies, at, offered=offered, began=began))

    def outlive(self, waits: Waits) -> None:
        """Go on with what outlives the session: it brings the copies as they are now, whatever comes of them here."""
        self._copies = {path: replace(copy) for path, copy in self._copies.items()}
        self._client.world.outlive(waits)

    def leave(self, reception: Reception, at: float) -> None:
        """The server's program ends, now or at `at`, unless its host has gone down since."""
        if at > self._client.world.env.now:
            self._until = at
            self._client.world.env.call_at(at, lambda: self._end(reception))
        else:
            self._end(reception)

    def is_there(self, now: float) -> bool:
        """Whether the session goes on, or the server does not know yet that it is over."""
        return self.session_id in self._client.attempts or self._until >= now

    def _end(self, reception: Reception) -> None:
        if self.station.listener.dismiss(self):
            reception.disconnected()

    def _there(self, mail: AcceptedMail, spent: HopTime, at: float) -> list[Copy]:
        """The copies as the host has them."""
        name = self.station.host.name
        return [self._copies[path].at(name, spent, at) for path in mail.forward_paths]

    def _carried(self, mail: AcceptedMail, copies: Sequence[Copy]) -> AcceptedMail:
        """The mail as the links gave it on."""
        corruption = self._client.world.corruption
        return mail if corruption is None else self._damaged(corruption, mail, copies)

    def _damaged(self, corruption: ResidualCorruption, mail: AcceptedMail, copies: Sequence[Copy]) -> AcceptedMail:
        """The mail, and its copies marked where it is not as they got it."""
        content = corruption.carry(mail.content, self.way, self.connection.mss)
        for copy, before in zip(copies, [self._copies[path] for path in mail.forward_paths], strict=True):
            copy.damage = UNSEEN if content is not mail.content else before.damage
        return mail._replace(content=content)
