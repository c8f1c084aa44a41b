"""One connection to a served host: octets from the socket to the machine and back, and a limit to every wait.

What to answer is `sim.mta.Reception`'s business. This module reads no command and writes no reply of its own, but for
the 421s that only somebody with a clock and a memory can give.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from sim.live.limits import Limits, Memory
from sim.live.tls import shake_hands
from sim.mta.server.reception import Reception
from sim.mta.server.transactions import AcceptedMail
from sim.protocol.smtp import replies
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.replies import Reply

CHUNK = 32_768
"""Octets read at a time. What they ask for is answered, and the answer read by the peer, before more is read."""

_E421_NO_STORAGE = Reply(421, replies.E452_NO_STORAGE.lines, replies.E452_NO_STORAGE.enhanced)

_GLANCE = 0.1
"""Seconds after which a session that is held back looks whether its peer is still there."""

_PIECE = 262_144
"""Octets written at a time, where the host is the client: the peer has the idle time for each such piece."""

Keep = Callable[[AcceptedMail], Awaitable[Sequence[Reply]]]
"""Puts mail where it is safe, and says what to answer to it: once, or for each recipient."""

Read = Callable[[], Awaitable[bytes]]
Write = Callable[[bytes], Awaitable[None]]

TurnedSession = Callable[[Client, tuple[str, ...], Read, Write], Awaitable[None]]
"""Goes on as the client, when TURN or ATRN has swapped the roles, and hands over what waits for these nodes."""


class Session:
    """The server's side of one connection.

    Args:
        reader: where the peer's octets come from.
        writer: where the answers go.
        reception: the host's side; it must ask about mail.
        keep: whom it is asked.
        hand_over: who goes on where roles are swapped.
        tls: what STARTTLS needs; None where it is not offered.
        limits: what the peer may do.
        memory: what this session shares with all others.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        reception: Reception,
        keep: Keep,
        hand_over: TurnedSession,
        *,
        tls: ssl.SSLContext | None,
        limits: Limits,
        memory: Memory,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._reception = reception
        self._keep = keep
        self._hand_over = hand_over
        self._tls = tls
        # The streams before the handshake.
        self._clear: list[asyncio.StreamWriter] = []
        self._limits = limits
        self._memory = memory
        self._now = asyncio.get_running_loop().time
        # Octets of mail data that came since the last answer, as far as they can be in memory.
        self._held = 0
        self._deadline = self._now() + limits.idle
        self._waiting: asyncio.Timeout | None = None
        self._stopping = False

    async def run(self, *, busy: bool) -> None:
        """Greet, or refuse the peer where the host is too busy; then answer until the session is over."""
        try:
            await self._converse(busy=busy)
            # Who only waits for the end of the connection may come again.
            self._reception.disconnected()
            await self._close()
        except (OSError, TimeoutError):
            # The peer is gone, or reads nothing, or cannot shake hands.
            self.abort()
            if self._writer not in self._clear:
                with suppress(OSError):
                    await self._writer.wait_closed()
        except BaseException:
            self.abort()
            raise
        finally:
            self._reception.disconnected()
            self._memory.give(self._held)

    def stop(self) -> None:
        """End the session with a 421 as soon as no transaction is open."""
        self._stopping = True
        self._reception.shut_down()
        if not self._reception.in_transaction:
            self._wake()

    def cut(self) -> None:
        """End the session with a 421 now, in a transaction or not. Mail that is just being kept gets its answer."""
        self._stopping = True
        self._wake()

    def abort(self) -> None:
        """End the connection with no word."""
        self._writer.transport.abort()

    def _wake(self) -> None:
        """End what the session waits for, if it does, and if that is not ending just now."""
        if self._waiting is not None:
            with suppress(RuntimeError):
                self._waiting.reschedule(self._now())

    async def _converse(self, *, busy: bool) -> None:
        reception = self._reception
        greeting = reception.greet(busy=busy)
        await self._hold_back()
        await self._write(greeting)
        while not reception.is_over:
            answer = await self._next_answer()
            if self._stopping and not reception.in_transaction and not reception.wants_tls:
                answer += reception.close(replies.E421_CLOSING)
            if reception.wants_tls:
                await self._secure(answer)
            elif answer:
                await self._write(answer)
            if reception.turn_nodes is not None and not reception.is_over:
                await self._hand_over(
                    reception.reverse_roles(), reception.turn_nodes, self._read_or_end, self._write_pieces
                )
                return

    async def _secure(self, answer: bytes) -> None:
        """Give the 220 to STARTTLS, and shake hands. Not an octet is read between the two that is not TLS's."""
        if self._tls is None:
            raise ConnectionAbortedError("STARTTLS was accepted without a certificate")
        limits, writer = self._limits, self._writer
        if isinstance(writer.transport, asyncio.ReadTransport):
            writer.transport.pause_reading()
        await self._write(answer)
        self._clear.append(writer)
        async with asyncio.timeout(limits.handshake) as self._waiting:
            if self._stopping:
                self._waiting.reschedule(self._now())
            self._reader, self._writer = await shake_hands(
                writer, self._tls, limit=CHUNK, handshake=limits.handshake, parting=limits.linger
            )
        self._waiting = None
        self._reception.secured()
        self._deadline = self._now() + limits.idle

    async def _next_answer(self) -> bytes:
        """Read once, and give what is to be answered; nothing where the peer has yet to say more."""
        reception = self._reception
        if self._stopping and not reception.in_transaction:
            return b""
        data = await self._read()
        if data is None:
            return reception.close(replies.E421_CLOSING if self._stopping else replies.E421_TIMEOUT)
        if not self._take_memory(len(data)):
            return reception.close(_E421_NO_STORAGE)
        answer = reception.read(data)
        await self._hold_back()
        while (mail := reception.offered) is not None:
            self._send(answer)
            answer = reception.decide(*await self._keep(mail))
            await self._hold_back()
        return answer

    async def _hold_back(self) -> None:
        """Wait as long as the host's policies hold back what is to be written next, or until the server stops.

        Raises:
            OSError: the peer has gone meanwhile.
        """
        if self._reception.sleep and not self._stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._reception.sleep) as self._waiting:
                    while not self._writer.is_closing():  # noqa: ASYNC110 - asyncio has no event for it
                        await asyncio.sleep(_GLANCE)
                    raise ConnectionResetError("the peer has gone")
            self._waiting = None

    async def _read_or_end(self) -> bytes:
        """What the peer writes next.

        Raises:
            TimeoutError: it takes too long, or the server stops.
        """
        data = None if self._stopping else await self._read()
        if data is None:
            raise TimeoutError
        return data

    async def _write_pieces(self, octets: bytes) -> None:
        for start in range(0, len(octets), _PIECE):
            await self._write(octets[start : start + _PIECE])

    async def _read(self) -> bytes | None:
        """What the peer writes next, nothing at its end; None when it takes too long."""
        limits = self._limits
        try:
            async with asyncio.timeout_at(self._deadline) as self._waiting:
                data = await self._reader.read(CHUNK)
        except TimeoutError:
            return None
        finally:
            self._waiting = None
        self._deadline = min(self._now() + limits.idle, self._deadline + len(data) / limits.rate)
        return data

    def _take_memory(self, octets: int) -> bool:
        """Count octets that wait for an answer; false where there is no memory for them."""
        if not self._reception.in_transaction:
            return True
        # The machine keeps no more of a message than one of the greatest size with all its dots doubled.
        more = min(octets, 2 * self._limits.size - self._held)
        if not self._memory.take(more):
            return False
        self._held += more
        return True

    def _send(self, octets: bytes) -> None:
        """Write octets that nobody waits for.

        Raises:
            OSError: the peer has gone, and reads no more: TLS has no half-closed connections.
        """
        if self._writer.is_closing():
            raise ConnectionResetError("the peer has gone")
        self._writer.write(octets)

    async def _write(self, octets: bytes) -> None:
        self._send(octets)
        async with asyncio.timeout(self._limits.idle):
            await self._writer.drain()
        if not self._reception.holds_mail_data:
            # Chunks that were answered are still in memory, until the last one of their message was.
            self._memory.give(self._held)
            self._held = 0
        self._deadline = self._now() + self._limits.idle

    async def _close(self) -> None:
        """Close, so that the peer can read the last reply even if it is still writing.

        Closing a socket with octets unread makes TCP reset it, and the peer's end then forgets what it has received.
        """
        writer = self._writer
        if writer.can_write_eof():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.linger):
                    writer.write_eof()
                    while await self._reader.read(CHUNK):
                        pass
        # TLS has a farewell of its own, and asyncio reads on until it comes.
        writer.close()
        # In a task of its own: who is cancelled while he waits takes the end of the connection from all who wait.
        closed = asyncio.ensure_future(writer.wait_closed())
        if not (await asyncio.wait([closed], timeout=self._limits.linger))[0]:
            self.abort()
        await closed
