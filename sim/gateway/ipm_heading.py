"""The heading of an interpersonal message as values (X.420, P22), and what its envelope is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sim.mail.or_address import ORAddress

Importance = Literal["low", "normal", "high"]
Sensitivity = Literal["", "personal", "private", "company-confidential"]
Priority = Literal["non-urgent", "normal", "urgent"]
Notification = Literal["receipt", "non-receipt", "return"]


@dataclass(frozen=True, slots=True)
class MessageIdentifier:
    """What users call a message: a text of their own, and whose it is (IPMIdentifier)."""

    local: str
    user: ORAddress | None = None


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A user: the address, a name for people, a telephone number (ORDescriptor); one of the first two at the least."""

    address: ORAddress | None
    name: str = ""
    telephone: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient, the notifications that the originator wants of him, and whether he is to reply."""

    descriptor: Descriptor
    notifications: tuple[Notification, ...] = ()
    reply_requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading; dates are s since 1970.

    Attributes:
        fields: RFC 822's fields that have no place of their own, as `Name: text` (the extension of RFC 2156 5.1.3).
        extensions: other extensions, by their object identifiers.
    """

    identifier: MessageIdentifier
    originator: Descriptor | None = None
    authorizing: tuple[Descriptor, ...] = ()
    primary: tuple[Recipient, ...] = ()
    copies: tuple[Recipient, ...] = ()
    blind_copies: tuple[Recipient, ...] = ()
    replied_to: MessageIdentifier | None = None
    obsoleted: tuple[MessageIdentifier, ...] = ()
    related: tuple[MessageIdentifier, ...] = ()
    subject: str | None = None
    expiry: int | None = None
    reply_by: int | None = None
    reply_to: tuple[Descriptor, ...] = ()
    importance: Importance = "normal"
    sensitivity: Sensitivity = ""
    auto_forwarded: bool = False
    incomplete: bool = False
    languages: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What a header asks of the message transfer system; dates are s since 1970.

    Attributes:
        written: when the message was, by its Date: the arrival time in its first trace element (section 5.1.6).
    """

    priority: Priority = "normal"
    written: int | None = None
    deferred: int | None = None
    latest: int | None = None
    conversion_prohibited: bool = False
    loss_prohibited: bool = False
    alternate_allowed: bool = True
