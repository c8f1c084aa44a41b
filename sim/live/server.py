"""A host of a scenario on a real port: its machine, its users and its limits answer real clients.

Accepted mail is written to a Maildir, and gets its 250 when it is safe there. The host relays for nobody: what it takes
is for its own mailboxes, or for a domain that it is an MX of.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from time import time

from sim.live.errors import LiveError
from sim.live.limits import Limits, Memory
from sim.live.maildir import Maildir
from sim.live.session import CHUNK, Session
from sim.mail.trace import received, return_path
from sim.mta.directory import Directory, homes
from sim.mta.reception import AcceptedMail, Reception
from sim.network.dns import Dns
from sim.protocol.smtp import replies
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host, Scenario

__all__ = ["LiveServer", "serve"]

INTERRUPTED = 130
"""The exit status after Ctrl-C."""

_WRITERS = 16
"""Threads that wait for the disk."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the disk says when there is no room: 452 rather than 451."""


class LiveServer:
    """A host of a scenario, serving.

    Args:
        scenario: the world that the host is part of.
        host: the host as one of the scenario's architectures sets it.
        maildir: where its mail goes.
        limits: what peers may do.
        tell: takes a line for whoever runs the server.
    """

    def __init__(
        self, scenario: Scenario, host: Host, maildir: Maildir, limits: Limits, tell: Callable[[str], object]
    ) -> None:
        self._host = host if host.size_limit else replace(host, size_limit=limits.size)
        self._limits = replace(limits, size=self._host.size_limit)
        dns = Dns(scenario.domains, tuple(scenario.network.nodes))
        kept = homes(scenario.domains.values(), dns.mx).get(host.name, ())
        self._directory = Directory(
            host.name,
            kept,
            dns.mx,
            relays=False,
            source_routes=host.source_routes,
            percent_hack=host.percent_hack,
        )
        self._maildir = maildir
        self._tell = tell
        self._memory = Memory(limits.memory)
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._writers = ThreadPoolExecutor(_WRITERS, "maildir")
        self._serial = count(1)
        self._listener: asyncio.Server | None = None
        self._stopping = False

    async def listen(self, bind: str, port: int) -> list[str]:
        """Take connections from now on; gives the addresses, with the ports, that it listens on.

        Raises:
            LiveError: it cannot listen there.
        """
        asyncio.get_running_loop().set_exception_handler(self._report)
        try:
            self._listener = await asyncio.start_server(self._connected, bind, port, backlog=1024, limit=CHUNK)
        except (OSError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise LiveError(f"cannot listen on {bind}:{port} ({why}): name another port or address") from error
        return [_written(socket.getsockname()) for socket in self._listener.sockets]

    async def stop(self) -> None:
        """Take no more connections, let open transactions end for as long as the limits allow, then end all."""
        self._stopping = True
        if self._listener is not None:
            self._listener.close()
        for session in self._sessions:
            session.stop()
        await self._wait(self._limits.grace)
        self.hurry()
        await self._wait(2 * self._limits.linger + 1)
        for session in self._sessions:
            session.abort()
        await self._wait(None)
        self._writers.shutdown()

    def hurry(self) -> None:
        """End open transactions now; mail that is just being kept still gets its 250."""
        for session in self._sessions:
            session.cut()

    async def _wait(self, seconds: float | None) -> None:
        if self._sessions:
            await asyncio.wait(self._sessions.values(), timeout=seconds)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        address = _literal(peer[0]) if peer else "[unknown]"
        reception = Reception(self._host, self._directory, asks=True, error_limit=self._limits.errors)

        async def keep(mail: AcceptedMail) -> Reply:
            return await self._keep(mail, address)

        session = Session(reader, writer, reception, keep, limits=self._limits, memory=self._memory)
        busy = len(self._sessions) >= self._host.sessions
        task = asyncio.current_task()
        if task is not None:
            self._sessions[session] = task
        if self._stopping:
            session.stop()
        try:
            await session.run(busy=busy)
        except Exception as error:  # noqa: BLE001 - one session's end must not be another's
            self._tell(f"a defect of mtasim ended the session with {address}: {error!r}")
        finally:
            del self._sessions[session]

    async def _keep(self, mail: AcceptedMail, peer: str) -> Reply:
        """Put mail into the Maildir, and give the reply that it deserves."""
        queue_id = f"{int(time()):X}{next(self._serial):04X}"
        parts = self._message(mail, peer, queue_id)
        try:
            await asyncio.get_running_loop().run_in_executor(self._writers, self._maildir.keep, parts)
        except OSError as error:
            self._tell(f"{queue_id}: mail from {peer} could not be kept: {error}")
            return replies.E452_NO_STORAGE if error.errno in _FULL else replies.E451_LOCAL_ERROR
        return Reply(250, (f"Ok: queued as {queue_id}",), "2.0.0")

    def _message(self, mail: AcceptedMail, peer: str, queue_id: str) -> tuple[bytes, bytes]:
        """The message as its mailbox gets it: trace fields on top, and the line ends that files have here."""
        recipients = [str(path.mailbox) for path in mail.forward_paths]
        trace = received(
            helo=f"{mail.helo} ({peer})",
            by=self._host.domain,
            protocol=mail.protocol,
            queue_id=queue_id,
            recipient=recipients[0] if len(recipients) == 1 else None,
            date=format_datetime(datetime.now(UTC)),
        )
        delivered = "".join(f"Delivered-To: {recipient}\r\n" for recipient in recipients).encode("utf-8")
        top = return_path(mail.reverse_path) + delivered + trace
        return top.replace(b"\r\n", b"\n"), mail.content.replace(b"\r\n", b"\n")

    def _report(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """What asyncio has to say outside every session, e.g. that there is no file descriptor left: in one line."""
        self._tell(f"{context.get('message')}: {context.get('exception')}")


def _literal(address: str) -> str:
    """An address literal (RFC 5321 section 4.1.3)."""
    return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"


def _written(name: tuple[str, int]) -> str:
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def serve(
    scenario: Scenario,
    host: str,
    *,
    architecture: str = "",
    maildir: Path,
    port: int,
    bind: str = "127.0.0.1",
    limits: Limits | None = None,
    tell: Callable[[str], object],
) -> int:
    """Serve a host until SIGINT or SIGTERM; gives the exit status.

    Args:
        scenario: the scenario.
        host: which of its hosts.
        architecture: as which of its architectures sets it; the first one where it is empty.
        maildir: the folder of the Maildir.
        port: the TCP port; 0 takes any that is free.
        bind: the address to listen on.
        limits: what peers may do.
        tell: takes lines for whoever runs the server.

    Raises:
        LiveError: there is no such host, or it cannot listen or write where it should.
    """
    server = LiveServer(scenario, _host(scenario, host, architecture), Maildir(maildir), limits or Limits(), tell)
    return asyncio.run(_serve(server, bind, port, tell))


async def _serve(server: LiveServer, bind: str, port: int, tell: Callable[[str], object]) -> int:
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.put_nowait, number)
    for address in await server.listen(bind, port):
        tell(f"listening on {address}")
    first = await told.get()
    stopping = asyncio.ensure_future(server.stop())
    again = asyncio.ensure_future(told.get())
    await asyncio.wait((stopping, again), return_when=asyncio.FIRST_COMPLETED)
    again.cancel()
    server.hurry()
    await stopping
    return INTERRUPTED if first == signal.SIGINT else os.EX_OK


def _host(scenario: Scenario, name: str, architecture: str) -> Host:
    architectures = scenario.architectures
    if architecture and architecture not in architectures:
        raise LiveError(f"no architecture {architecture!r} in the scenario: there are {', '.join(architectures)}")
    hosts = architectures[architecture or next(iter(architectures))].hosts
    if name not in hosts:
        shown = ", ".join(list(hosts)[:20]) + (", ..." if len(hosts) > 20 else "")
        raise LiveError(f"no host {name!r} in the scenario: there are {shown}")
    return hosts[name]
