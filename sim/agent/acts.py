"""What a user does with his mail, which his program is to tell the server, and what it learns there.

A message is named by its mailbox and, there, its UID; by POP3 that is what UIDL says.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Uid = int | str
"""A UID of IMAP, or a unique identifier of POP3 (UIDL)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """He has read it. A program that has not fetched it yet does so for that."""

    mailbox: str
    uid: Uid


@dataclass(frozen=True, slots=True)
class Answered:
    """He has replied to it."""

    mailbox: str
    uid: Uid


@dataclass(frozen=True, slots=True)
class Forwarded:
    """He has passed it on."""

    mailbox: str
    uid: Uid


@dataclass(frozen=True, slots=True)
class Delete:
    """It goes."""

    mailbox: str
    uid: Uid


@dataclass(frozen=True, slots=True)
class MoveTo:
    """It goes into another mailbox, which is made where it is not there.

    Attributes:
        mailbox, uid: the message.
        folder: the other mailbox.
        content: the message itself, for programs that do not move it but put it there anew.
    """

    mailbox: str
    uid: Uid
    folder: str
    content: bytes = field(repr=False, compare=False, default=b"")


@dataclass(frozen=True, slots=True)
class Search:
    """He looks for messages of a mailbox that have a text."""

    mailbox: str
    text: str


Act = Seen | Answered | Forwarded | Delete | MoveTo | Search
"""What a user does. By POP3 none but `Delete` can be told, and few programs tell that."""


@dataclass(frozen=True, slots=True)
class Announced:
    """The program has been told of a message that it did not know."""

    mailbox: str
    uid: Uid


@dataclass(frozen=True, slots=True)
class Fetched:
    """The program has a message's content.

    Attributes:
        mailbox: where it is.
        uid: its UID there; 0 where the program knows messages by their numbers only (nor does it announce any then).
        size: octets.
        content: the octets.
    """

    mailbox: str
    uid: Uid
    size: int
    content: bytes = field(repr=False, compare=False, default=b"")
