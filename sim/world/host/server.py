"""The receiving side of a host, as the clients of other hosts meet it."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mta.queue.entry import Copy
from sim.mta.server.policy import AccessPolicy, ClientPolicy
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import AcceptedMail
from sim.network.tcp.metrics import MetricsCache
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.host_times import HostTimes
from sim.world.engine.ledger import LedgerError
from sim.world.host.custody import Custody
from sim.world.host.held_mail import HeldMail
from sim.world.host.listener import Listener
from sim.world.host.uptime import Part


@dataclass
class Server(Part):
    """What a host's server program and its kernel share among its sessions."""

    directory: Directory
    custody: Custody
    held_mail: HeldMail
    listener: Listener
    capacity: SharedCapacity | None
    access: AccessPolicy | None
    host_times: HostTimes
    tcp_metrics: MetricsCache

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
