"""A user's mailboxes on disk: Maildir++. INBOX is the Maildir at the top; `a/b` is the folder `.a.b` in it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from time import time

from sim.live.errors import LiveError
from sim.live.maildir import Maildir, sync_folder
from sim.live.maildir_mailbox import MaildirMailbox
from sim.mailbox.account import BaseAccount
from sim.mailbox.interface import DELIMITER, INBOX, BadNameError, MailboxError, checked_name
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.names import decode_name, encode_name

_DOT = "&AC4-"
"""A dot within a level of a mailbox name, in modified UTF-7: in a folder's name dots are between levels."""

_LONGEST = 255
"""Octets of a folder's name."""

_USES, _SUBSCRIPTIONS, _VALIDITY = "mtasim-special-use", "subscriptions", "mtasim-uidvalidity"
"""Files at the top."""

_DELETED = "deleted-"
"""How the folders of deleted mailboxes are called in `tmp`, until they are gone."""

_LEFT_OVER = 36 * 3600.0
"""Seconds after which a file in `tmp` is one that a crash has left, as the format has it."""


class MaildirAccount(BaseAccount[MaildirMailbox]):
    """A user's mailboxes in a Maildir++; see `sim.mailbox.interface.Account`. Its callers hold `guard`.

    Args:
        folder: the Maildir++; made if it is not there.
        octets_limit, messages_limit, grace: its quota, as of `sim.mailbox.account.Room`.

    Raises:
        LiveError: the folder cannot be made, or is none.
        OSError: it cannot be read.
    """

    def __init__(self, folder: Path, *, octets_limit: int = 0, messages_limit: int = 0, grace: int = 0) -> None:
        super().__init__(octets_limit=octets_limit, messages_limit=messages_limit, grace=grace)
        self.guard = threading.RLock()
        """Held by whoever works on the account: its sessions run in threads of their own."""
        self._folder = folder
        self._top = Maildir(folder)
        self._last_validity = 0
        _tidy(folder / "tmp")
        self._mailboxes[INBOX] = self._opened(folder)
        for entry in sorted(folder.iterdir()):
            name = _mailbox_name(entry.name)
            if name is not None and name != INBOX and (entry / "cur").is_dir():
                self._mailboxes[name] = self._opened(entry)
        self._uses |= dict(line.split(" ", 1)[::-1] for line in self._lines(_USES) if " " in line)
        self._subscribed |= dict.fromkeys(self._lines(_SUBSCRIPTIONS))

    @property
    def inbox(self) -> MaildirMailbox:
        """INBOX."""
        return self._mailboxes[INBOX]

    def poll(self) -> None:
        """See what other programs have put in and taken out; what is known of UIDs is durable then."""
        for mailbox in tuple(self._mailboxes.values()):
            with suppress(OSError):
                mailbox.poll()
                mailbox.sync()

    def _opened(self, folder: Path) -> MaildirMailbox:
        return MaildirMailbox(folder, self._validity, self.room, self.changed)

    def _made(self, name: str) -> MaildirMailbox:
        place = self._place(name)
        try:
            mailbox = self._opened(place)
        except LiveError as error:
            raise MailboxError("the mailbox cannot be made") from error
        # Other programs tell by it that the folder is a part of a Maildir++.
        (place / "maildirfolder").touch(0o600)
        sync_folder(self._folder)
        return mailbox

    def _removed(self, mailbox: MaildirMailbox) -> None:
        going = self._folder / "tmp" / f"{_DELETED}{self._validity()}"
        mailbox.moved(going)
        sync_folder(self._folder)
        shutil.rmtree(going, ignore_errors=True)

    def _moved(self, mailbox: MaildirMailbox, name: str) -> None:
        mailbox.moved(self._place(name))
        sync_folder(self._folder)

    def _keep_uses(self) -> None:
        self._keep(_USES, [f"{use} {name}" for name, use in sorted(self._uses.items())])

    def _keep_subscriptions(self) -> None:
        self._keep(_SUBSCRIPTIONS, self._subscribed)

    def _validity(self) -> int:
        """A UIDVALIDITY that no mailbox of the account has had: the time, and where two are made in a second, more."""
        kept = self._lines(_VALIDITY)
        before = max([self._last_validity, *(int(line) for line in kept if line.isdecimal())])
        self._last_validity = max(int(time()), before + 1)
        self._keep(_VALIDITY, [str(self._last_validity)])
        return self._last_validity

    def _place(self, name: str) -> Path:
        levels = [encode_name(level, utf8=False).decode("ascii").replace(".", _DOT) for level in name.split(DELIMITER)]
        folder = f".{'.'.join(levels)}"
        if len(folder) > _LONGEST:
            raise BadNameError("the name is too long")
        return self._folder / folder

    def _lines(self, name: str) -> Sequence[str]:
        try:
            text = (self._folder / name).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return ()
        return [line for line in text.split("\n") if line]

    def _keep(self, name: str, lines: Iterable[str]) -> None:
        self._top.replace(self._folder / name, ["".join(f"{line}\n" for line in lines).encode()])


def _mailbox_name(folder: str) -> str | None:
    """The mailbox that a folder is; None where it is none."""
    if not folder.startswith(".") or folder in (".", ".."):
        return None
    try:
        # A slash, which no level has, for the dots that are not between levels.
        levels = folder[1:].replace(_DOT, DELIMITER).split(".")
        # With something in front, since INBOX in any case is another name in the first level only.
        decoded = [decode_name(f"_{level}".encode(), utf8=False)[1:] for level in levels]
        return checked_name(DELIMITER.join(level.replace(DELIMITER, ".") for level in decoded))
    except (SyntaxFault, BadNameError, UnicodeEncodeError):
        return None


def _tidy(tmp: Path) -> None:
    """Remove what crashes have left."""
    for entry in tmp.iterdir():
        with suppress(OSError):
            if entry.name.startswith(_DELETED):
                shutil.rmtree(entry)
            elif entry.stat().st_mtime < time() - _LEFT_OVER:
                entry.unlink()
