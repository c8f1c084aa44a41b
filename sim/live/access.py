"""One connection to a served host's mailboxes: octets from the socket to POP3's or IMAP's answers and back.

What to answer is `sim.mailbox`'s business. It reads and writes files, so it runs in a thread, under the account's lock;
what it says goes out in pieces, so that a large mailbox is not in memory.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Protocol, TypeVar

from sim.live.limits import Limits
from sim.live.maildir_store import MaildirAccount
from sim.live.tls import shake_hands

CHUNK = 65_536
"""Octets read at a time."""

_PIECE = 262_144
"""Octets gathered before they are written."""

_WRONG_PASSWORD = 0.5
"""Seconds that a wrong password costs, times how many there have been."""

_WRONG_PASSWORDS = 5
"""After so many the session ends."""

LOCK_PAUSE = 0.25
"""Seconds between two tries of a maildrop's lock."""

Result = TypeVar("Result")

Open = Callable[[str], MaildirAccount]
"""Gives the account of who has logged in."""


class Access(Protocol):
    """The answers of one session; see `sim.mailbox.pop3_access` and `sim.mailbox.imap_access`."""

    failures: int
    wants_tls: bool

    @property
    def waits(self) -> bool:
        """Whether it waits for another session to leave the maildrop: some time is to pass before the next piece."""

    @property
    def is_over(self) -> bool:
        """Whether the connection is to be closed behind what was written last."""

    @property
    def idles(self) -> bool:
        """Whether the client waits for news."""

    def greet(self) -> bytes:
        """What the server says first."""

    def replies(self, octets: bytes) -> Iterator[bytes]:
        """What to write for what was read."""

    def notify(self) -> bytes:
        """What is new, for a client that waits for it."""

    def secured(self) -> None:
        """TLS protects the connection from here on."""

    def close(self, why: str) -> bytes:
        """The session ends now: what there is to say."""

    def disconnected(self) -> None:
        """The connection is gone."""


class AccessSession:
    """The server's side of one connection.

    Args:
        reader: where the peer's octets come from.
        writer: where the answers go.
        access: makes what answers, given how it opens the account of who has logged in.
        account: gives the account of a login.
        workers: the threads that answer.
        tls: what STARTTLS or STLS needs; None where it is not offered.
        limits: what the peer may do.
        idle: seconds that the peer may be silent.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        access: Callable[[Open], Access],
        account: Callable[[str], MaildirAccount],
        *,
        workers: Executor,
        tls: ssl.SSLContext | None,
        limits: Limits,
        idle: float,
    ) -> None:
        self._reader = reader
        self._writer = writer
        # The writer that TLS took the place of, which asyncio must not see forgotten.
        self._clear = writer
        self._access = access(self._open)
        self._account_of = account
        self._workers = workers
        self._tls = tls
        self._limits = limits
        self._idle = idle
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        # The account of who has logged in, and what the thread at work holds of it.
        self._account: MaildirAccount | None = None
        self._held = ExitStack()
        self._unwatch: Callable[[], None] = _nothing

    async def run(self) -> None:
        """Greet, then answer until the session is over."""
        try:
            await self._converse()
            await self._close()
        except (OSError, TimeoutError):
            self.abort()
        finally:
            self._unwatch()
            await self._in_thread(self._disconnect)
            self._writer.transport.abort()

    @property
    def idle_account(self) -> MaildirAccount | None:
        """The account whose news its client waits for; None where it does not."""
        return self._account if self._access.idles else None

    def stop(self) -> None:
        """End the session as soon as it waits."""
        self._stopping = True
        self._news.set()

    cut = stop

    def abort(self) -> None:
        """End the connection with no word."""
        self._writer.transport.abort()

    async def _converse(self) -> None:
        access = self._access
        await self._write(access.greet())
        failures = 0
        while not access.is_over:
            data = await self._read()
            if data is None:
                await self._write(access.close("Shutting down." if self._stopping else "Idle for too long."))
                return
            answers = access.replies(data)
            while (octets := await self._in_thread(partial(self._gather, answers))) is not None:
                if access.failures > failures:
                    failures = access.failures
                    await asyncio.sleep(_WRONG_PASSWORD * failures)
                if access.waits:
                    await asyncio.sleep(LOCK_PAUSE)
                    if self._stopping:
                        await self._write(access.close("Shutting down."))
                        return
                if access.wants_tls and isinstance(self._writer.transport, asyncio.ReadTransport):
                    # Whoever reads on would take the handshake for what belongs to the clear.
                    self._writer.transport.pause_reading()
                await self._write(octets)
                if failures >= _WRONG_PASSWORDS:
                    await self._write(access.close("Too many wrong passwords."))
                    return
            if access.wants_tls:
                await self._secure()

    async def _in_thread(self, does: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._workers, does)

    def _open(self, login: str) -> MaildirAccount:
        """The account of who has logged in, whose lock the thread at work has from here on.

        Raises:
            OSError: it cannot be opened.
        """
        account = self._account_of(login)
        self._held.enter_context(account.guard)
        self._account = account
        self._unwatch()
        self._unwatch = account.watch(self._told)
        return account

    def _told(self) -> None:
        """Something has changed, says a thread."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._news.set)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with ExitStack() as self._held:
            if self._account is not None:
                self._held.enter_context(self._account.guard)
                self._account.poll()
            yield

    def _gather(self, answers: Iterator[bytes]) -> bytes | None:
        """The next octets to write; None when there are no more."""
        pieces: list[bytes] = []
        size, failures = 0, self._access.failures
        with self._guarded():
            for piece in answers:
                pieces.append(piece)
                size += len(piece)
                if size >= _PIECE or self._access.failures > failures or self._access.waits:
                    break
        return b"".join(pieces) if pieces else None

    def _notify(self) -> bytes:
        with self._guarded():
            return self._access.notify()

    def _disconnect(self) -> None:
        with self._guarded():
            self._access.disconnected()

    async def _read(self) -> bytes | None:
        """What the peer writes next, nothing at its end; None when it takes too long, or the server stops."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._idle
        reading = asyncio.ensure_future(self._reader.read(CHUNK))
        try:
            while not self._stopping:
                if self._news.is_set():
                    # First of all: what comes while it is told is told the next time.
                    self._news.clear()
                    if self._access.idles and (said := await self._in_thread(self._notify)):
                        await self._write(said)
                left = deadline - loop.time()
                if left <= 0:
                    return None
                news = asyncio.ensure_future(self._news.wait())
                await asyncio.wait((reading, news), timeout=left, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                if reading.done():
                    return reading.result()
            return None
        finally:
            if not reading.done():
                reading.cancel()
                with suppress(asyncio.CancelledError):
                    await reading

    async def _secure(self) -> None:
        if self._tls is None:
            raise ConnectionAbortedError("TLS was accepted without a certificate")
        limits, self._clear = self._limits, self._writer
        self._reader, self._writer = await shake_hands(
            self._clear, self._tls, limit=CHUNK, handshake=limits.handshake, parting=limits.linger
        )
        self._access.secured()

    async def _write(self, octets: bytes) -> None:
        if not octets:
            return
        if self._writer.is_closing():
            raise ConnectionResetError("the peer has gone")
        self._writer.write(octets)
        async with asyncio.timeout(self._limits.idle):
            await self._writer.drain()

    async def _close(self) -> None:
        """Close, so that the peer can read the last answer even if it is still writing."""
        writer = self._writer
        if writer.can_write_eof():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.linger):
                    writer.write_eof()
                    while await self._reader.read(CHUNK):
                        pass
        writer.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.linger):
                await writer.wait_closed()


def _nothing() -> None:
    """What ends nothing."""
