"""What happens to a server in an IMAP dialogue: commands, literals, and the end of the connection. Values."""

from __future__ import annotations

from dataclasses import dataclass

from sim.protocol.imap4.commands import Command


@dataclass(frozen=True, slots=True)
class BadCommand:
    """What is no legal command here. `why` says so in words that may follow a BAD.

    `code` is the response code of a NO that says it better: TOOBIG for a literal above a limit (RFC 7889 section 4),
    CANNOT for a name that no mailbox can have; empty where BAD is due.
    """

    why: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A command with its tag, as a server machine reports it. What ends IDLE or answers a challenge has their tag."""

    tag: str
    command: Command | BadCommand


@dataclass(frozen=True, slots=True)
class LiteralAsked:
    """A client waits for a `+` before it sends a literal of that many octets, which are within the limits.

    `appends` says whether it is APPEND's message.
    """

    tag: str
    size: int
    appends: bool


@dataclass(frozen=True, slots=True)
class TooLong:
    """What the client has begun is longer than anyone waits for the end of; `why` says so in words."""

    why: str
