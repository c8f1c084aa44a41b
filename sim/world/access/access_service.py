"""What a host serves to its users' mail programs by POP3 and IMAP, in Dovecot's words and times."""

from __future__ import annotations

from itertools import count
from typing import Final

from sim.mail.trace import EPOCH
from sim.mailbox import dovecot
from sim.mailbox.dialogue import AccessDialogue
from sim.mailbox.interface import Account
from sim.network.links.timeline import Timeline
from sim.scenario.products.delays import Delays
from sim.scenario.spec import Host
from sim.scenario.spec.devices import Access
from sim.world.engine.clock import Clock
from sim.world.engine.host_times import HostTimes
from sim.world.host.device_hosts import PASSWORD
from sim.world.host.listener import Listener
from sim.world.host.server import Server, Service
from sim.world.host.world import World

_SESSIONS: Final = 1024
"""How many sessions Dovecot has of a protocol (process_limit of its services imap and pop3); others are turned away."""
_BIGGEST: Final = 50 * 1024 * 1024
"""Octets that APPEND may bring."""


class AccessService(Service[AccessDialogue]):
    """What a host serves to its users' mail programs by one protocol.

    Args:
        protocol: which.
        server: the host's receiving side.
        world: where the mailboxes are.
    """

    def __init__(self, protocol: Access, server: Server, world: World) -> None:
        name, spec = server.host.name, server.host
        takes = spec.timing == "product"
        program = Host(
            name=name,
            called=spec.called,
            mta=Delays(),
            sessions=_SESSIONS,
            timing="none",
            greeting_time=dovecot.GREETING_TIME if takes else 0.0,
            service_time=dovecot.SERVICE_TIME if takes else 0.0,
            tcp=spec.tcp,
            tls=spec.tls,
        )
        times = HostTimes(program, world.streams(f"host/{name}/{protocol}"))
        listener = _AccessListener(world.clock, program, world.listening[name])
        super().__init__(server, listener, self._answer, lambda: times, quick_acks=True)
        self._protocol, self._world, self._opened = protocol, world, listener.opened
        self._login_time = dovecot.LOGIN_TIME if takes else 0.0
        self._domain, self._serial = spec.domain, count(1)
        self._users = {
            str(device.user): device.user for device in world.devices.values() if device.mailbox_host == name
        }
        self._logins = dict.fromkeys(self._users, PASSWORD)

    def _answer(self, _client: str, secure: bool) -> AccessDialogue:
        timestamp, logins = f"<{next(self._serial)}.{self._protocol}@{self._domain}>", self._logins
        if self._protocol == "pop3":
            pop3 = dovecot.DovecotPop3(logins, self._open, timestamp=timestamp, offers_tls=True, secure=secure)
            return AccessDialogue(pop3, login_time=self._login_time, patience=dovecot.POP3_PATIENCE)
        imap = dovecot.DovecotImap(
            logins,
            self._open,
            challenge=timestamp.encode(),
            now=self._now,
            message_limit=_BIGGEST,
            offers_tls=True,
            secure=secure,
        )
        return AccessDialogue(imap, login_time=self._login_time, patience=dovecot.IMAP_PATIENCE)

    def _open(self, login: str) -> Account:
        mailboxes = self._world.user_mailboxes.of(self._users[login])
        if mailboxes is None:
            raise OSError(f"{login} has no mailboxes")
        self._opened[login] = mailboxes.account
        return mailboxes.account

    def _now(self) -> float:
        now: float = self._world.clock.now
        return now + self._world.messages.epoch + EPOCH


class _AccessListener(Listener):
    """A listening socket whose host remembers no maildrop's lock when it comes back; `opened` are the accounts."""

    def __init__(self, clock: Clock, host: Host, listens: Timeline) -> None:
        super().__init__(clock, host, listens)
        self.opened: dict[str, Account] = {}

    def crash(self) -> None:
        """All that was known is forgotten."""
        super().crash()
        for account in self.opened.values():
            account.unlock()
        self.opened.clear()
