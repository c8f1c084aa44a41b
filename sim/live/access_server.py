"""A served host's mailboxes on real ports: POP3 and IMAP for the users that its scenario gives accounts."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import ceil
from tempfile import SpooledTemporaryFile
from time import time
from typing import IO, Literal

from sim.live.access import CHUNK, LOCK_PAUSE, Access, AccessSession, Open
from sim.live.limits import Limits
from sim.live.listener import Listener, bound
from sim.live.maildir_store import MaildirAccount
from sim.live.user_mailboxes import UserMailboxes
from sim.mailbox.imap_access import ImapAccess
from sim.mailbox.pop3_access import Pop3Access

AccessProtocol = Literal["pop3", "imap"]

_IDLE = {"pop3": 600.0, "imap": 1800.0}
"""Seconds after which a silent session ends: the least that RFC 1939 section 3 and RFC 3501 section 5.4 allow."""


_WORKERS = 64
"""Threads that answer: where many commands of one user's sessions wait for each other, others' go on."""

_IN_MEMORY = 262_144
"""Octets of a message that comes by IMAP which are held in memory; more wait on disk until it is whole."""

_GLANCE = 0.5
"""Seconds between two looks at the Maildirs that idle sessions wait at (Dovecot: as long after inotify)."""


class AccessServer:
    """Serves the mailboxes of a host's users.

    Args:
        host: what the host calls itself.
        mailboxes: the users and their mailboxes.
        limits: what peers may do.
        tell: takes a line for whoever runs the server.
        tls: the certificate for STARTTLS and STLS, which are offered if there is one.
        clear_login: whether passwords may be said without TLS from other machines, too.
        is_near: whether nobody can listen between two addresses, the client's and the server's.
    """

    def __init__(
        self,
        host: str,
        mailboxes: UserMailboxes,
        limits: Limits,
        tell: Callable[[str], object],
        *,
        tls: ssl.SSLContext | None,
        clear_login: bool,
        is_near: Callable[[str, str], bool],
    ) -> None:
        self._host = host
        self._mailboxes = mailboxes
        self._limits = limits
        self._tell = tell
        self._tls = tls
        self._clear_login = clear_login
        self._is_near = is_near
        self._sessions: dict[AccessSession, asyncio.Task[None]] = {}
        self._listeners: list[Listener] = []
        self._looking: asyncio.Task[None] | None = None
        self._workers = ThreadPoolExecutor(_WORKERS, "access")
        self._stopping = False

    async def listen(self, bind: str, port: int, protocol: AccessProtocol) -> list[str]:
        """Take connections from now on; gives the addresses, with the ports, that it listens on.

        Raises:
            LiveError: it cannot listen there.
        """
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())
        connected = partial(self._connected, protocol)
        listeners = [Listener(one, connected, CHUNK, self._tell) for one in await bound(bind, port)]
        self._listeners += listeners
        return [listener.address for listener in listeners]

    async def stop(self) -> None:
        """Take no more connections, and end all sessions."""
        self._stopping = True
        while self._listeners:
            await self._listeners.pop().close()
        if self._looking is not None:
            self._looking.cancel()
        for session in self._sessions:
            session.stop()
        await self._wait(2 * self._limits.linger + 1)
        for session in self._sessions:
            session.abort()
        await self._wait(None)
        self._workers.shutdown()

    async def _look(self) -> None:
        """See again and again what other programs have put into Maildirs that clients wait at."""
        while True:
            await asyncio.sleep(_GLANCE)
            waiting = dict.fromkeys(session.idle_account for session in self._sessions)
            accounts = [account for account in waiting if account is not None]
            await asyncio.get_running_loop().run_in_executor(self._workers, _poll, accounts)

    async def _wait(self, seconds: float | None) -> None:
        if self._sessions:
            await asyncio.wait(self._sessions.values(), timeout=seconds)

    async def _connected(
        self, protocol: AccessProtocol, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        peer = writer.get_extra_info("peername")
        task = asyncio.current_task()
        if peer is None or task is None:
            writer.transport.abort()
            return
        near = self._is_near(peer[0], writer.get_extra_info("sockname")[0])
        session = AccessSession(
            reader,
            writer,
            partial(self._access, protocol, clear_login=near or self._clear_login),
            self._mailboxes.account,
            workers=self._workers,
            tls=self._tls,
            limits=self._limits,
            idle=max(self._limits.idle, _IDLE[protocol]),
        )
        self._sessions[session] = task
        if self._stopping:
            session.stop()
        try:
            await session.run()
        except Exception as error:  # noqa: BLE001 - one session's end must not be another's
            self._tell(f"a defect of mtasim ended the session with {peer[0]}: {error!r}")
            session.abort()
        finally:
            del self._sessions[session]

    def _access(self, protocol: AccessProtocol, open_account: Open, *, clear_login: bool) -> Access:
        challenge = f"<{secrets.randbits(63)}.{int(time())}@{self._host}>"
        logins, tls = self._mailboxes.logins, self._tls is not None
        if protocol == "pop3":
            return Pop3Access(
                logins,
                open_account,
                timestamp=challenge,
                offers_tls=tls,
                clear_login=clear_login,
                lock_tries=1 + ceil(self._limits.maildrop / LOCK_PAUSE),
            )
        return ImapAccess(
            logins,
            open_account,
            challenge=challenge.encode(),
            now=time,
            message_limit=self._limits.size,
            literal_file=self._literal_file,
            offers_tls=tls,
            clear_login=clear_login,
        )

    def _literal_file(self) -> IO[bytes]:
        """A file without a name, on disk where it becomes large: what a client takes its time to send."""
        return SpooledTemporaryFile(_IN_MEMORY, "w+b", dir=str(self._mailboxes.folder))


def _poll(accounts: Sequence[MaildirAccount]) -> None:
    for account in accounts:
        with account.guard:
            account.poll()
