"""A served host as the client, on a connection whose roles TURN or ATRN has swapped: it hands over what it holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing

from sim.live.held_mail import HeldMessage, MaildirHeldMail
from sim.mail.content import is_8bit
from sim.mail.path import parse_forward_path
from sim.mail.seven_bit import to_7bit
from sim.protocol.errors import ProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.events import Command
from sim.protocol.smtp.replies import Reply


class TurnedDelivery:
    """One session of a served host's client, in lockstep: the peer is often a small one that passes lines on.

    Args:
        client: the machine that goes on.
        name: what the host calls itself.
        read: gives what the peer writes next, nothing at its end.
        write: takes what goes to the peer.
    """

    def __init__(
        self,
        client: Client,
        name: str,
        read: Callable[[], Awaitable[bytes]],
        write: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._client = client
        self._name = name
        self._read = read
        self._write = write

    async def run(self, held: MaildirHeldMail, nodes: tuple[str, ...]) -> None:
        """Offer all that waits for these nodes. A message leaves the Maildir when it got its 250, and not before.

        Raises:
            OSError: the connection is gone, or the Maildir cannot be changed.
        """
        try:
            if (await self._reply()).positive and (await self._hello()).positive:
                with closing(held.messages(nodes)) as messages:
                    for message in messages:
                        taken = await self._offer(message)
                        if taken:
                            held.handed_over(message, taken)
            await self._ask(events.Quit())
        except ProtocolError as error:
            raise ConnectionAbortedError(str(error)) from error

    async def _hello(self) -> Reply:
        reply = await self._ask(events.Ehlo(self._name))
        return reply if not reply.permanent else await self._ask(events.Helo(self._name))

    async def _offer(self, message: HeldMessage) -> list[str]:
        """Offer a message; gives the recipients for whom it was taken.

        BINARYMIME goes as one chunk, or as base64 where it cannot (RFC 3030 section 3).
        """
        offered = self._client.extensions
        as_chunk = message.binary and "BINARYMIME" in offered and "CHUNKING" in offered
        content = to_7bit(message.content) if message.binary and not as_chunk else message.content
        needs_utf8 = not f"{message.reverse_path}{''.join(message.wanted)}".isascii()
        if content is None or (needs_utf8 and "SMTPUTF8" not in offered):
            return []
        parameters: list[tuple[str, str | None]] = []
        if "SIZE" in offered:
            parameters.append(("SIZE", str(len(content))))
        if as_chunk:
            parameters.append(("BODY", "BINARYMIME"))
        elif "8BITMIME" in offered and is_8bit(content):
            parameters.append(("BODY", "8BITMIME"))
        if needs_utf8:
            parameters.append(("SMTPUTF8", None))
        if not (await self._ask(events.Mail(message.reverse_path, tuple(parameters)))).positive:
            return []
        taken = await self._recipients(message.wanted)
        if taken and (as_chunk or (await self._ask(events.Data())).intermediate):
            mail_data = events.LastChunk(content) if as_chunk else events.MailData(content)
            return taken if (await self._ask(mail_data)).positive else []
        await self._ask(events.Rset())
        return []

    async def _recipients(self, wanted: Sequence[str]) -> list[str]:
        """Those recipients whom the peer accepts."""
        asked = {one: events.Rcpt(parse_forward_path(f"<{one}>", utf8=True)) for one in wanted}
        return [one for one, command in asked.items() if (await self._ask(command)).positive]

    async def _ask(self, command: Command) -> Reply:
        await self._write(self._client.send(command))
        return await self._reply()

    async def _reply(self) -> Reply:
        while (event := self._client.next_event()) is NEED_DATA:
            self._client.receive_data(await self._read())
        if isinstance(event, ConnectionClosed):
            raise ConnectionResetError("the peer closed the connection")
        return event
