"""The receiving side of a host, as the clients of other hosts meet it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from sim.mail.path import Path
from sim.mta.queue.entry import Copy
from sim.mta.server.file_reception import FileReception
from sim.mta.server.message_queue import BrokerReception, Subscriptions
from sim.mta.server.phone_reception import PhoneReception
from sim.mta.server.policy import AccessPolicy, ClientPolicy
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.mta.server.rmail import RmailReception
from sim.mta.server.spool_reception import SpoolReception
from sim.mta.server.transactions import AcceptedMail
from sim.mta.server.x400_reception import Begun, TransferReception
from sim.network.tcp.metrics import MetricsCache
from sim.scenario.spec import Host
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.host_times import HostTimes
from sim.world.engine.interfaces import ServerDialogue
from sim.world.engine.ledger import LedgerError
from sim.world.host.custody import Custody
from sim.world.host.held_mail import HeldMail
from sim.world.host.listener import Listener
from sim.world.host.uptime import Part

ServerT = TypeVar("ServerT", bound=ServerDialogue)


@dataclass(slots=True)
class Service(Generic[ServerT]):
    """What a host serves on a port of its own.

    Attributes:
        server: the receiving side of its host.
        listener: its listening socket.
        answer: makes what answers a client, by his name or address, and whether the connection begins with TLS.
        times: tells what things take its program now.
        turns: whether the two sides may swap roles later on.
        quick_acks: whether its host acknowledges each command ahead of the answer.
    """

    server: Server
    listener: Listener
    answer: Callable[[str, bool], ServerT]
    times: Callable[[], HostTimes]
    turns: bool = False
    quick_acks: bool = False


@dataclass
class Server(Part):
    """What a host's server program and its kernel share among its sessions.

    Attributes:
        submission: the host as it is on the port for submission, and its listening socket; None where nobody submits.
        others: the services of other programs of the host.
    """

    directory: Directory
    custody: Custody
    held_mail: HeldMail
    listener: Listener
    capacity: SharedCapacity | None
    access: AccessPolicy | None
    host_times: HostTimes
    tcp_metrics: MetricsCache
    submission: tuple[Host, Listener] | None
    others: list[Service[Any]] = field(default_factory=list)
    _files: set[tuple[Path, str]] = field(default_factory=set)
    _begun: Begun = field(default_factory=Begun)

    @cached_property
    def transfer(self) -> Service[Reception]:
        """What it serves to other hosts."""
        return Service(self, self.listener, self._reception, self.times)

    @cached_property
    def submissions(self) -> Service[Reception]:
        """What it serves to users' mail programs: they have to log in, and no policy of the host's is for them."""
        _, listener = self.submission or (self.host, self.listener)
        return Service(self, listener, self._submission, self.times)

    @cached_property
    def files(self) -> Service[FileReception]:
        """What it serves by FTP: each user's directory."""
        return Service(self, self.listener, lambda _, __: FileReception(self.host, self.directory), self.times)

    @cached_property
    def spool(self) -> Service[SpoolReception]:
        """What it serves by NJE: its spool takes files."""
        return Service(self, self.listener, lambda _, __: SpoolReception(self.host), self.times)

    @cached_property
    def calls(self) -> Service[PhoneReception]:
        """What it serves by PhoneNet: MMDF's slave."""
        return Service(self, self.listener, lambda _, __: PhoneReception(self.host, self.directory), self.times)

    @cached_property
    def uucico(self) -> Service[RmailReception]:
        """What it serves by UUCP: it is called, and rmail gets what comes."""
        return Service(self, self.listener, lambda _, __: RmailReception(self.host), self.times)

    @cached_property
    def topics(self) -> Service[BrokerReception]:
        """What it serves by MQTT, as a broker. Either side may speak first later on."""
        subscriptions = self.held_mail.subscriptions or Subscriptions()
        return Service(
            self, self.listener, lambda _, __: BrokerReception(self.host, subscriptions), self.times, turns=True
        )

    @cached_property
    def associations(self) -> Service[TransferReception]:
        """What it serves to other MTAs of X.400."""
        return Service(self, self.listener, lambda _, __: TransferReception(self.host, self._begun), self.times)

    def offering(self, host: Host) -> Service[Reception]:
        """What it serves to hosts that may ask for mail which it holds, as which it has these settings."""

        def answer(client: str, secure: bool) -> Reception:
            return self._reception(client, secure, host)

        return Service(self, self.listener, answer, self.times, turns=True)

    def _reception(self, client: str, secure: bool, offering: Host | None = None) -> Reception:
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

    def _submission(self, _: str, secure: bool) -> Reception:
        local = self.custody.local
        return Reception(
            self.host if self.submission is None else self.submission[0],
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
        self,
        mail: AcceptedMail,
        copies: list[Copy],
        now: float,
        *,
        offered: float,
        began: float,
        nth: int = 1,
        by: str = "smtp",
    ) -> None:
        """Take custody of what a client has handed over; as `Custody.receive`.

        Raises:
            LedgerError: the host is down; a defect of the simulator.
        """
        if not self.uptime.running:
            raise LedgerError(f"{self.host.name} is down at {now} s, and takes mail")
        if mail.file:
            # One that is put again replaces the one before: there are no two of them.
            file = mail.forward_paths[0], mail.file
            if file in self._files:
                return
            self._files.add(file)
        self.custody.receive(mail, copies, now, offered=offered, began=began, nth=nth, by=by)

    def stop(self) -> None:
        """The program and its sessions end; nothing is remembered."""
        for listener in (self.listener, *[service.listener for service in self.others]):
            listener.crash()
        for part in (self.capacity, self.access):
            if part is not None:
                part.restart()
