"""A served host as the client, on a connection whose roles TURN or ATRN has swapped: it hands over what it holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import replace

from sim.live.held_mail import HeldMessage, MaildirHeldMail
from sim.mail.content import is_8bit
from sim.mail.path import Path, parse_forward_path
from sim.mta.client.dialogue import QuitOnly, SmtpDialogue
from sim.mta.client.envelope import Mailing, needs_smtputf8
from sim.mta.client.transmission import Transmission
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host

_NOT_USED = ("PIPELINING", "STARTTLS")
"""The peer is often a small one that passes lines on, and is asked one thing at a time; TLS was its to begin."""


class TurnedDelivery:
    """One session of a served host's client, which says what it says in a simulation.

    Args:
        client: the machine that goes on.
        host: whose side this is.
        held: the mail that the host holds.
        read: gives what the peer writes next, nothing at its end.
        write: takes what goes to the peer.
    """

    def __init__(
        self,
        client: Client,
        host: Host,
        held: MaildirHeldMail,
        read: Callable[[], Awaitable[bytes]],
        write: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._client = client
        self._host = replace(host, uses=tuple(word for word in host.uses if word not in _NOT_USED), login=None)
        self._held = held
        self._read = read
        self._write = write

    async def run(self, nodes: tuple[str, ...]) -> None:
        """Offer all that waits for these nodes. A message leaves the Maildir when it got its 250, and not before.

        Raises:
            OSError: the connection is gone, or the Maildir cannot be changed.
        """
        with closing(self._held.messages(nodes)) as messages:
            offered = next(messages, None)
            if offered is None:
                await self._converse(QuitOnly(self._host, self._client))
                return
            message = offered

            def following() -> Mailing | bool:
                """The next message; asked for when it is known what came of the one before."""
                nonlocal message
                self._let_go(message, dialogue.replies)
                offered = next(messages, None)
                if offered is None:
                    return False
                message = offered
                return _mailing(message)

            dialogue = Transmission(self._host, _mailing(message), stays=following, machine=self._client)
            await self._converse(dialogue)
            while dialogue.kept:
                dialogue.resume()
                await self._converse(dialogue)

    async def _converse(self, dialogue: SmtpDialogue) -> None:
        while not dialogue.done:
            flight = dialogue.write()
            if flight:
                await self._write(flight)
            dialogue.read(await self._read())

    def _let_go(self, message: HeldMessage, replies: Mapping[Path, Reply]) -> None:
        """Keep the message for those alone for whom the peer has not taken it."""
        taken = [one for one, path in _paths(message).items() if path in replies and replies[path].positive]
        if taken:
            self._held.handed_over(message, taken)


def _mailing(message: HeldMessage) -> Mailing:
    paths = list(dict.fromkeys(_paths(message).values()))
    asked: list[tuple[str, str | None]] = []
    if message.binary or is_8bit(message.content):
        # What MAIL said of it is not kept with it.
        asked.append(("BODY", "BINARYMIME" if message.binary else "8BITMIME"))
    if needs_smtputf8(message.reverse_path, paths):
        asked.append(("SMTPUTF8", None))
    return Mailing(message.reverse_path, paths, message.content, tuple(asked))


def _paths(message: HeldMessage) -> dict[str, Path]:
    """Where the message is to go, for each of those who are to have it now."""
    return {one: parse_forward_path(f"<{one}>", utf8=True) for one in message.wanted}
