"""What a session asks of the host at its other end, and of whoever listens to it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

from sim.mta.queue.queue import HopTime
from sim.mta.server.accepted_mail import AcceptedMail
from sim.scenario.products.base import Refuses
from sim.world.engine.capacity import SharedCapacity

__all__ = ["NullSink", "Place", "ServerHost", "Waits", "WireTrace"]


class Place(Protocol):
    """A place in a listen queue, which comes to an end: `admitted` says whether by its turn."""

    admitted: bool


Waits = Generator[Any, float, None]
"""Yields the time at which it goes on (s), or a `Place`, whose time nobody knows; is sent the time when it has come."""


class WireTrace(Protocol):
    """Who is told each flight's bytes: the recorder, when dialogues are traced."""

    def __call__(self, now: float, direction: str, data: bytes) -> None:
        """The bytes of one flight, at the time when they were read."""


class ServerHost(Protocol):
    """The server's host, as far as a session has to do with it."""

    @property
    def capacity(self) -> SharedCapacity | None:
        """What its disk and filters can do, where that is not without limit."""

    def drops(self) -> bool:
        """Whether a SYN would go unanswered: so many wait to be served."""

    def admit(self) -> bool:
        """A connection is made; whether it is served at once."""

    def resumes_tls(self, now: float) -> bool:
        """A handshake of TLS begins; whether it resumes a session that the two have had."""

    def line_up(self, until: float) -> Place | Refuses:
        """A place in the listen queue, for a client that waits until then, or what the host does instead."""

    def take(self, mail: AcceptedMail, spent: HopTime, now: float, offered: float, began: float) -> None:
        """Take custody of mail that is on disk now, was offered first at `offered`, and began to come in at `began`."""

    def take_later(self, mail: AcceptedMail, spent: HopTime, at: float, offered: float, began: float) -> None:
        """Take custody of mail that will be on disk at `at`, when its client has gone."""

    def outlive(self, waits: Waits) -> None:
        """Go on with what outlives the session."""


class NullSink:
    """A far end to which no mail is offered: it is asked for some, or left."""

    capacity = None

    def resumes_tls(self, _now: float) -> bool:
        """Nobody keeps sessions of TLS for that."""
        return False

    def drops(self) -> bool:
        """It is there."""
        return False

    def line_up(self, _until: float) -> Refuses:
        """Nobody waits for it."""
        return "421"

    def take(self, mail: AcceptedMail, spent: HopTime, now: float, offered: float, began: float) -> None:
        """Never asked."""

    def take_later(self, mail: AcceptedMail, spent: HopTime, at: float, offered: float, began: float) -> None:
        """Never asked."""

    def outlive(self, waits: Waits) -> None:
        """What is left brings nobody mail."""
