"""Sieve: what a user's rules make of a message (RFC 5228), with reject (5429), vacation (5230) and :copy (3894).

Nothing is done here: a run gives a verdict, and the MDA acts on it. A run that fails keeps the message (2.10.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sim.mailbox.interface import INBOX
from sim.mailbox.sieve_tests import Incoming, Test

ACTION_LIMIT, REDIRECT_LIMIT = 32, 4
"""Actions, and redirects among them, of one run (Pigeonhole's sieve_max_actions and sieve_max_redirects)."""

DAY = 86_400.0


class SieveError(ValueError):
    """A script that is none, or a run that fails; the text begins with the line, and `said` is the rest of it."""

    def __init__(self, line: int, said: str) -> None:
        super().__init__(f"line {line}: {said}")
        self.line, self.said = line, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacation:
    """An answer for whoever writes while the user is away (RFC 5230).

    Attributes:
        reason: its text; with `mime` a MIME entity.
        period: seconds within which a sender gets it once.
        subject: its subject; empty where it is made of the message's.
        sender: its From; empty for the user's own address.
        addresses: further addresses of the user.
        handle: what makes it another answer than another one.
    """

    reason: str
    period: float = 7 * DAY
    subject: str = ""
    sender: str = ""
    addresses: Sequence[str] = ()
    handle: str = ""
    mime: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with a message.

    Attributes:
        folders: the mailboxes that it goes into, each once.
        redirects: the addresses that it is sent on to, each once.
        rejection: why it is refused; None where it is not.
        vacation: what its sender is told; None for nothing.
        error: why the run failed; empty where it did not.
    """

    folders: Sequence[str]
    redirects: Sequence[str] = ()
    rejection: str | None = None
    vacation: Vacation | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Fileinto:
    """`fileinto`, and `keep`, which is one into INBOX."""

    line: int
    folder: str = INBOX
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """`redirect`."""

    line: int
    address: str
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Discard:
    """`discard`."""

    line: int


@dataclass(frozen=True, slots=True)
class Reject:
    """`reject`."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`vacation`."""

    line: int
    vacation: Vacation


@dataclass(frozen=True, slots=True)
class Stop:
    """`stop`."""

    line: int


@dataclass(frozen=True, slots=True)
class If:
    """`if`, with each `elsif` and with `else`: tests, and the statements behind the first that holds."""

    line: int
    branches: Sequence[tuple[Test, Sequence[Statement]]]


Action = Fileinto | Redirect | Discard | Reject | Answer
Statement = Action | Stop | If


@dataclass(frozen=True, slots=True)
class Script:
    """A script that has been read; without statements it keeps all."""

    statements: Sequence[Statement] = ()

    def run(self, mail: Incoming) -> Verdict:
        """What is to be done with a message."""
        run = _Run(mail)
        try:
            run.execute(self.statements)
        except SieveError as error:
            return Verdict((INBOX,), error=str(error))
        return run.verdict()


@dataclass(slots=True)
class _Run:
    mail: Incoming
    count: int = 0
    implicit_keep: bool = True
    folders: dict[str, None] = field(default_factory=dict)
    redirects: dict[str, None] = field(default_factory=dict)
    rejection: str | None = None
    vacation: Vacation | None = None

    def execute(self, statements: Sequence[Statement]) -> bool:
        """Do what statements say; false where one of them has been `stop`."""
        for statement in statements:
            if isinstance(statement, Stop):
                return False
            if isinstance(statement, If):
                if not self.execute(self._branch(statement)):
                    return False
            else:
                self._act(statement)
        return True

    def verdict(self) -> Verdict:
        """What all of it comes to."""
        if self.implicit_keep:
            self.folders[INBOX] = None
        return Verdict(tuple(self.folders), tuple(self.redirects), self.rejection, self.vacation)

    def _branch(self, statement: If) -> Sequence[Statement]:
        return next((block for test, block in statement.branches if test.holds(self.mail)), ())

    def _act(self, action: Action) -> None:
        line = action.line
        if isinstance(action, Fileinto):
            self._one_more(line, action.folder not in self.folders)
            self.folders[action.folder] = None
            self.implicit_keep &= action.copy
        elif isinstance(action, Redirect):
            self._one_more(line, action.address not in self.redirects)
            self.redirects[action.address] = None
            self.implicit_keep &= action.copy
            if len(self.redirects) > REDIRECT_LIMIT:
                raise SieveError(line, f"more than {REDIRECT_LIMIT} addresses to redirect to")
        elif isinstance(action, Answer):
            self._one_more(line, True)
            if self.vacation is not None:
                raise SieveError(line, "vacation for a second time")
            self.vacation = action.vacation
        elif isinstance(action, Discard):
            self.implicit_keep = False
        else:
            self._one_more(line, True)
            self.implicit_keep = False
            if self.rejection is not None:
                raise SieveError(line, "reject for a second time")
            self.rejection = action.reason
        if self.rejection is not None and (self.folders or self.redirects or self.vacation is not None):
            raise SieveError(line, "a message that is rejected is neither kept nor sent on nor answered")

    def _one_more(self, line: int, counts: bool) -> None:
        self.count += counts
        if self.count > ACTION_LIMIT:
            raise SieveError(line, f"more than {ACTION_LIMIT} actions")
