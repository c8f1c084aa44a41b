"""What is said in a call of PhoneNet (MMDF's src/phone: ph_slave.c, ph_wtmail.c, ph_io.c)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Submit:
    """Who calls has mail."""


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more is to be said."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A message begins: how it is to be submitted, and where its errors go; empty for nowhere."""

    address: str
    options: str = "m"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One of its recipients."""

    address: str


@dataclass(frozen=True, slots=True)
class EndOfRecipients:
    """No further one follows."""


@dataclass(frozen=True, slots=True)
class Text:
    """All of the message."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a code of eight bits, and words for people."""

    code: int
    text: str = ""

    @property
    def positive(self) -> bool:
        """Whether it went well, at least in part."""
        return not self.code & 0o200


Record = Submit | End | Sender | Recipient | EndOfRecipients | Text | Reply

# The codes of MMDF's reply, mmdf.h: two bits say how well it went, three what it is about, three what it is.
OK: Final = 0o011
"""RP_OK: all went well."""

ACCEPTED_ADDRESS: Final = 0o140
"""RP_AOK: the address is accepted."""

ACCEPTED_MESSAGE: Final = 0o040
"""RP_MOK: the message is accepted, with its text."""

AGAIN: Final = 0o210
"""RP_AGN: not now, perhaps later."""

NO_SPACE: Final = 0o253
"""RP_FSPC: there is not enough room on the disk."""

UNKNOWN_USER: Final = 0o330
"""RP_USER: the user is not known."""

UNDELIVERABLE: Final = 0o340
"""RP_NDEL: it could not be delivered."""
