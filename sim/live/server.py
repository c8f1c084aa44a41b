"""A host of a scenario on a real port: its machine, its users, its policies and its limits answer real clients.

Accepted mail is written to a Maildir, and gets its 250 when it is safe there. The host relays for nobody: what it takes
is for its own mailboxes, or for a domain that it is an MX of.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from ipaddress import IPv6Address, ip_address
from time import monotonic, time
from typing import Literal

from sim.live import log
from sim.live.custody import Custody
from sim.live.held_mail import MaildirHeldMail
from sim.live.limits import Limits, Memory
from sim.live.listener import Listener, bound
from sim.live.maildir import Maildir
from sim.live.session import CHUNK, Read, Session, Write
from sim.live.turned_delivery import TurnedDelivery
from sim.live.user_mailboxes import UserMailboxes
from sim.mail.address import Address, literal_of, local_key
from sim.mail.mailbox import parse_mailbox
from sim.mail.path import NULL_PATH, Path
from sim.mail.submission import completed
from sim.mailbox.delivery import over_quota
from sim.mailbox.interface import OverQuotaError
from sim.mta.queue.mx import local_domains, mailbox_hosts, stated_mailbox_hosts
from sim.mta.server.policy import AccessPolicy, ClientPolicy
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import AcceptedMail
from sim.network.dns import Dns
from sim.protocol.smtp import replies
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.replies import Reply
from sim.scenario.products.base import ErrorLimits
from sim.scenario.spec import Domain, Host, Scenario

_NOT_KEPT = frozenset({"FUTURERELEASE", "DSN", "DELIVERBY", "MT-PRIORITY"})
"""What a served host offers to nobody: it holds no mail until a time that the sender names (RFC 4865), writes no
reports (RFC 3461 section 6.2, RFC 2852), and has no order in which mail goes (RFC 6710)."""

_NOT_LMTP = frozenset({"ETRN", "ATRN", "TURN", "SEND", "SOML", "SAML"})
"""What makes no sense where mail is delivered for good (RFC 2033)."""

SmtpService = Literal["smtp", "lmtp", "submission"]

_LMTP = ("PIPELINING", "ENHANCEDSTATUSCODES")
"""What every server of LMTP offers (RFC 2033 section 5)."""

_SUBMISSION = (*_LMTP, "8BITMIME", "AUTH")
"""What every server of submission offers; to it ETRN is as strange as to LMTP (RFC 6409 section 7)."""


class LiveServer:
    """A host of a scenario, serving.

    Args:
        scenario: the world that the host is part of.
        host: the host as one of the scenario's architectures sets it.
        maildir: where its mail goes.
        limits: what peers may do.
        tell: takes a line for whoever runs the server.
        tls: the certificate for STARTTLS, which is offered if there is one, and only then.
        own_mailboxes: makes the mailboxes of the users of these domains; None where one Maildir is for all.
        note: takes the lines of the log: one for each message that is kept, and for each refusal.
    """

    def __init__(
        self,
        scenario: Scenario,
        host: Host,
        maildir: Maildir,
        limits: Limits,
        tell: Callable[[str], object],
        *,
        tls: ssl.SSLContext | None = None,
        own_mailboxes: Callable[[Sequence[Domain]], UserMailboxes] | None = None,
        note: Callable[[str], object] = log.nothing,
    ) -> None:
        host = host if host.size_limit else replace(host, size_limit=limits.size)
        self._host = replace(host, extensions=_extensions(host, tls is not None))
        possible = [keyword for keyword in self._host.extensions if keyword not in _NOT_LMTP]
        self._lmtp_host = replace(self._host, extensions=tuple(dict.fromkeys([*possible, *_LMTP])))
        offered = tuple(dict.fromkeys([*possible, *_SUBMISSION]))
        self._submission_host = replace(self._host, extensions=offered, esmtp=True)
        self._limits = replace(limits, size=host.size_limit)
        self._started = monotonic()
        dns = Dns(scenario.domains, tuple(scenario.network.nodes), scenario.network.dns)
        mailboxes = stated_mailbox_hosts(scenario.domains.values())
        kept = local_domains(scenario.domains.values(), dns.mx_ever).get(host.name, ())
        self._directory = Directory(host, kept, dns.exchangers, relays=False, mailboxes=mailboxes)
        self._held = MaildirHeldMail(
            maildir,
            filter(self._directory.is_backup_mx, scenario.domains),
            lambda domain: mailbox_hosts(domain, mailboxes, dns.exchangers(domain)),
        )
        self.mailboxes = None if own_mailboxes is None else own_mailboxes(kept)
        """The mailboxes of its users, where they have any of their own."""
        self._custody = Custody(
            host.domain,
            maildir,
            self._held,
            canonical=self._canonical,
            local=self._local,
            mailboxes=self.mailboxes,
            tell=tell,
            note=note,
        )
        at_once = host.policies.sessions_at_once or limits.client_sessions
        if any(host.name in act.hosts for act in scenario.acts):
            tell("note: acts: a served host has a real operator: nobody flushes, holds or restarts it by the file")
        if host.policies.unknown_users == "bounce":
            tell("note: unknown_users: a served host returns no mail: it refuses unknown users, as with reject")
        policies = replace(host.policies, sessions_at_once=at_once, unknown_users="reject")
        self._error_limits = ErrorLimits(soft_limit=0, hard_limit=limits.errors, delay=0.0)
        self._access = AccessPolicy(policies, random.random, self._held.octets, host.mta.rate_windows, dns.mx)
        self._tell = tell
        self._note = note
        self._tls = tls
        self._memory = Memory(limits.memory)
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(host.sessions)
        self._listeners: list[Listener] = []
        self._stopping = False

    @property
    def sessions(self) -> int:
        """How many sessions there are."""
        return len(self._sessions)

    async def listen(self, bind: str, port: int, service: SmtpService = "smtp") -> list[str]:
        """Take connections from now on; gives the addresses, with the ports, that it listens on.

        Args:
            bind: the address.
            port: the TCP port; 0 takes any that is free.
            service: what is spoken there: SMTP, LMTP, or SMTP for who logs in first (RFC 6409).

        Raises:
            LiveError: it cannot listen there.
        """
        asyncio.get_running_loop().set_exception_handler(self._report)
        connected = partial(self._connected, service)
        listeners = [Listener(one, connected, CHUNK, self._tell) for one in await bound(bind, port)]
        self._listeners += listeners
        return [listener.address for listener in listeners]

    async def stop(self) -> None:
        """Take no more connections, let open transactions end for as long as the limits allow, then end all."""
        self._stopping = True
        while self._listeners:
            await self._listeners.pop().close()
        for session in self._sessions:
            session.stop()
        await self._wait(self._limits.grace)
        self.end_transactions()
        await self._wait(2 * self._limits.linger + 1)
        for session in self._sessions:
            session.abort()
        await self._wait(None)
        self._custody.close()

    def end_transactions(self) -> None:
        """End open transactions now; mail that is just being kept still gets its 250."""
        for session in self._sessions:
            session.cut()

    async def _wait(self, seconds: float | None) -> None:
        if self._sessions:
            await asyncio.wait(self._sessions.values(), timeout=seconds)

    async def _connected(
        self, service: SmtpService, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        peer = writer.get_extra_info("peername")
        if peer is None:
            # It was reset before it was taken.
            writer.transport.abort()
            return
        ends = peer[0], writer.get_extra_info("sockname")[0]
        address = literal_of(peer[0])
        self._directory.add_literal(literal_of(ends[1]))

        async def keep(mail: AcceptedMail) -> Sequence[Reply]:
            if service == "lmtp":
                return await self._custody.keep_each(mail, address)
            if service == "submission":
                mail = mail._replace(content=self._completed(mail.content))
            return [await self._custody.keep(mail, address)]

        session = Session(
            reader,
            writer,
            self._reception(address, service, near=is_near(*ends)),
            keep,
            self._hand_over,
            tls=self._tls,
            limits=self._limits,
            memory=self._memory,
        )
        when_full = self._host.mta.when_full
        busy = len(self._sessions) >= self._host.sessions
        if busy and when_full == "reset":
            _reset(writer)
            return
        task = asyncio.current_task()
        if task is not None:
            self._sessions[session] = task
        if self._stopping:
            session.stop()
        try:
            if when_full == "wait":
                # As in the listen queue of a program that accepts nobody before it can serve him.
                async with self._places:
                    await session.run(busy=False)
            else:
                await session.run(busy=busy)
        except Exception as error:  # noqa: BLE001 - one session's end must not be another's
            self._tell(f"a defect of mtasim ended the session with {address}: {error!r}")
        finally:
            del self._sessions[session]

    def _canonical(self, path: Path) -> Path:
        """The path that a forward-path means here: a percent address is followed, and what of a route is done with."""
        return self._directory.onward_paths(path, NULL_PATH)[0]

    def _local(self, path: Path) -> Sequence[Address]:
        """The mailboxes here that a path leads to, those of a list's members among them; none where it leads on."""
        if path.mailbox is None or path.route:
            return ()
        found: dict[Address, None] = {}
        seen: dict[Address, None] = {}
        waiting = [path.mailbox]
        while waiting:
            address = waiting.pop()
            if address in seen or not self._directory.is_local(address):
                continue
            seen[address] = None
            members = self._directory.members(address)
            if members is None:
                found[Address(local_key(address.local), address.domain.lower() or self._host.domain)] = None
            else:
                waiting += [parse_mailbox(member).address for member in reversed(members)]
        return tuple(found)

    def _no_room(self, mailboxes: UserMailboxes, path: Path, octets: int) -> Reply | None:
        """Why there is no room for a message, if there is none; who is on a list is asked when the message is there."""
        to = self._local(self._canonical(path))
        try:
            if len(to) == 1:
                mailboxes.check_room(to[0], octets)
        except OverQuotaError as error:
            return over_quota(error)
        except OSError:
            return replies.E451_LOCAL_ERROR
        return None

    def _now(self) -> float:
        """The time that the policies go by: seconds since the host began to serve."""
        return monotonic() - self._started

    def _reception(self, client: str, service: SmtpService, *, near: bool) -> Reception:
        """The host's side of a session, of a service, with a client that is near (on this machine) or is not."""

        def refused(event: object, reply: Reply) -> None:
            self._note(log.refused(event, reply, client, reception.helo))

        host = {"lmtp": self._lmtp_host, "submission": self._submission_host}.get(service, self._host)
        if host.clear_auth is None:
            host = replace(host, clear_auth=near)
        reception = Reception(
            host,
            self._directory,
            offers=True,
            error_limits=host.policies.errors or self._error_limits,
            junk_limit=self._limits.junk,
            lmtp=service == "lmtp",
            submission=service == "submission",
            room=None if self.mailboxes is None else partial(self._no_room, self.mailboxes),
            tls=self._tls is not None,
            challenge=self._challenge,
            held_mail=self._held,
            policy=ClientPolicy(self._access, client, self._now),
            refused=refused,
        )
        return reception

    def _challenge(self) -> bytes:
        """What nobody can foresee, in the form that RFC 2195 section 2 asks for."""
        return f"<{secrets.randbits(64)}.{int(time())}@{self._host.domain}>".encode()

    def _completed(self, content: bytes) -> bytes:
        """A submitted message with the fields that it lacks."""
        message_id = f"<{int(time())}.{secrets.token_hex(8)}@{self._host.domain}>"
        return completed(content, date=format_datetime(datetime.now(UTC)), message_id=message_id)

    async def _hand_over(self, client: Client, nodes: tuple[str, ...], read: Read, write: Write) -> None:
        await TurnedDelivery(client, self._host, self._held, read, write).run(nodes)

    def _report(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """What asyncio has to say outside every session, e.g. that there is no file descriptor left: in one line."""
        self._tell(f"{context.get('message')}: {context.get('exception')}")


def _extensions(host: Host, tls: bool) -> tuple[str, ...]:
    """What a host can offer to real clients: STARTTLS where it has a certificate, AUTH where it has accounts."""
    impossible = {*_NOT_KEPT, *(() if tls else ("STARTTLS",)), *(() if host.accounts else ("AUTH", "ATRN"))}
    possible = tuple([keyword for keyword in host.extensions if keyword not in impossible])
    return possible if not tls or "STARTTLS" in possible else (*possible, "STARTTLS")


def _reset(writer: asyncio.StreamWriter) -> None:
    """Refuse a connection, as near to nobody's listening as it can be when it is made already."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def is_near(client: str, server: str) -> bool:
    """Whether nobody can listen between two addresses: Dovecot, too, takes it so where they are the same."""
    address = ip_address(client.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return client == server or (mapped or address).is_loopback
