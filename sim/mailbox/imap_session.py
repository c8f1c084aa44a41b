"""What an IMAP session is about: who is logged in, what is selected and enabled. The answers work on it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

from sim.mailbox.interface import Account
from sim.mailbox.view import View
from sim.protocol.imap4 import responses
from sim.protocol.imap4.responses import Tagged, Untagged

Answer = Generator[Untagged, None, Tagged]
"""What answers a command: what is said of it as it is made, and how it ended."""


@dataclass(slots=True)
class ImapSession:
    """The state of one session beyond what its protocol machine has.

    Attributes:
        account: the user's; None until the login.
        view: the selected mailbox; None where there is none.
        condstore: whether the client is told mod-sequences (RFC 7162).
        rev2: whether it has enabled IMAP4rev2 (RFC 9051).
        saved: the UIDs that `$` stands for (RFC 5182).
        now: the time, in seconds since 1970.
        message_limit: octets of the greatest message that APPEND may bring.
    """

    account: Account | None = None
    view: View | None = None
    condstore: bool = False
    rev2: bool = False
    saved: list[int] = field(default_factory=list)
    now: float = 0.0
    message_limit: int = 0

    @property
    def user_account(self) -> Account:
        """The account of who has logged in: the table of states lets nobody else get here."""
        if self.account is None:
            raise LookupError("nobody has logged in")
        return self.account

    @property
    def selected(self) -> View:
        """The selected mailbox: the table of states lets nobody get here without one."""
        if self.view is None:
            raise LookupError("no mailbox is selected")
        return self.view

    def select(self, view: View | None) -> None:
        """Another mailbox is selected, or none."""
        self.view = view
        self.saved = []

    def enable_condstore(self) -> Iterator[Untagged]:
        """The client is told mod-sequences from here on, and first the mailbox's (RFC 7162 section 3.1)."""
        if not self.condstore:
            self.condstore = True
            if self.view is not None:
                yield highest_mod_seq(self.view)

    def is_recent(self, uid: int) -> bool:
        """Whether the client is told that a message is recent: IMAP4rev2 has no such thing."""
        return not self.rev2 and uid in self.selected.recent

    def news(self, *, expunges: bool) -> Iterable[Untagged]:
        """What has happened in the selected mailbox."""
        if self.view is None:
            return ()
        return self.view.news(expunges=expunges, mod_seqs=self.condstore, recents=not self.rev2)


def highest_mod_seq(view: View) -> Untagged:
    """The mod-sequence of the last change in a mailbox."""
    return responses.state("OK", "The highest mod-sequence.", f"HIGHESTMODSEQ {view.mailbox.highest_mod_seq}")


def ok(text: str, code: str = "") -> Tagged:
    """A success."""
    return Tagged("OK", text, code)


def no(text: str, code: str = "") -> Tagged:
    """A refusal."""
    return Tagged("NO", text, code)


def bad(text: str, code: str = "") -> Tagged:
    """A command that cannot be."""
    return Tagged("BAD", text, code)
