"""The receiving side of a host, as the clients of other hosts meet it."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mta.queue.entry import Copy
from sim.mta.server.policy import AccessPolicy, ClientPolicy
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import AcceptedMail
from sim.network.tcp.metrics import MetricsCache
from sim.scenario.spec import Host
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.host_times import HostTimes
from sim.world.engine.ledger import LedgerError
from sim.world.host.custody import Custody
from sim.world.host.held_mail import HeldMail
from sim.world.host.listener import Listener
from sim.world.host.uptime import Part


@dataclass
class Server(Part):
    """What a host's server program and its kernel share among its sessions.

    Attributes:
        submission: the host as it is on the port for submission; None where nobody submits.
    """

    directory: Directory
    custody: Custody
    held_mail: HeldMail
    listener: Listener
    capacity: SharedCapacity | None
    access: AccessPolicy | None
    host_times: HostTimes
    tcp_metrics: MetricsCache
    submission: Host | None

    def reception(self, client: str, *, offering: Host | None = None, secure: bool = False) -> Reception:
        """What answers a client, to whom the host is offering to hand over mail, if so."""
        local = self.custody.local
        return Reception(
            offering or self.host,
            self.directory,
            policy=self.policy(client),
            held_mail=self.held_mail if offering else None,
            room=None if local is None else local.room,
            refuses=None if local is None else local.refusal,
            secure=secure,
        )

    def submission_reception(self, *, secure: bool = False) -> Reception:
        """What answers a user's mail program: it has to log in, and no policy of the host's is for it."""
        local = self.custody.local
        return Reception(
            self.submission or self.host,
            self.directory,
            submission=True,
            room=None if local is None else local.room,
            refuses=None if local is None else local.refusal,
            secure=secure,
        )

    def policy(self, client: str) -> ClientPolicy | None:
        """The policies that a client meets, if there are any."""
        return None if self.access is None else ClientPolicy(self.access, client, lambda: self.clock.now)

    def times(self) -> HostTimes:
        """How long things take now: longer where mail comes faster than it is taken up (Postfix's in_flow_delay)."""
        mta, incoming = self.host.mta, self.queue.count["incoming"]
        if not incoming or incoming < mta.process_limit or not mta.in_flow_delay:
            return self.host_times
        return self.host_times.slower(mta.in_flow_delay)

    def receive(
        self, mail: AcceptedMail, copies: list[Copy], now: float, *, offered: float, began: float, nth: int = 1
    ) -> None:
        """Take custody of what a client has handed over; as `Custody.receive`.

        Raises:
            LedgerError: the host is down; a defect of the simulator.
        """
        if not self.uptime.running:
            raise LedgerError(f"{self.host.name} is down at {now} s, and takes mail")
        self.custody.receive(mail, copies, now, offered=offered, began=began, nth=nth)

    def stop(self) -> None:
        """The program and its sessions end; nothing is remembered."""
        self.listener.crash()
        for part in (self.capacity, self.access):
            if part is not None:
                part.restart()
