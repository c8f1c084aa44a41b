"""The mail programs that a user's device can run: what each speaks, and how it is set unless its user says otherwise.

What they say in a session is in `sim.agent.products`, a file for each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sim.scenario.quantity import MINUTE

Access = Literal["imap", "pop3"]
"""How a program gets at a mailbox."""


@dataclass(frozen=True, slots=True)
class MailProgram:
    """A mail program.

    Attributes:
        title: its name as its makers write it.
        accesses: what it speaks, its default first.
        source: where what it says is known from.
        check: from the end of a session to the next one, s.
        can_idle: whether it can stay in IDLE (RFC 2177).
        idles: whether it does by default, where it speaks IMAP.
        leave: how long a message stays on the server once it has it, s: 0 not at all, infinity until it is deleted.
    """

    title: str
    accesses: tuple[Access, ...]
    source: str
    check: float
    can_idle: bool = False
    idles: bool = False
    leave: float = math.inf


MAIL_PROGRAMS: Final[Mapping[str, MailProgram]] = {
    "thunderbird": MailProgram(
        "Thunderbird",
        ("imap", "pop3"),
        "its documentation; it looks every ten minutes, and waits in IDLE",
        10 * MINUTE,
        can_idle=True,
        idles=True,
    ),
    "mbsync": MailProgram("isync's mbsync", ("imap",), "1.4.4, as it was measured; a timer runs it", 5 * MINUTE),
    "fetchmail": MailProgram(
        "fetchmail",
        ("pop3", "imap"),
        "6.4.37, as it was measured; Debian's daemon polls every five minutes",
        5 * MINUTE,
        can_idle=True,
        leave=0.0,
    ),
}
"""The programs by the names that a scenario file has for them."""
