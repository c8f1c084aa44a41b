"""Whose mailbox is where: the users of a served host, each with a Maildir++ below one folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from time import monotonic, sleep, time
from typing import TypeVar
from uuid import uuid4

from sim.live.errors import LiveError
from sim.live.maildir import private
from sim.live.maildir_mailbox import MaildirMailbox, without_crlfs
from sim.live.maildir_store import MaildirAccount
from sim.live.user_rules import UserRules
from sim.mail.address import Address, local_key
from sim.mailbox.delivery import made_folder
from sim.mailbox.interface import OverQuotaError
from sim.mailbox.sieve_script import read_script
from sim.scenario.spec import Domain, User
from sim.scenario.spec.quota import NO_QUOTA, MailboxQuota

T = TypeVar("T")

_NO_SETTINGS = User()

_LOCK = "mtasim-lock"
"""A file in the folder: who has locked it has the mailboxes."""

_PATIENCE, _PAUSE = 10.0, 0.05
"""Seconds for which a server that is just ending is waited for, and between two looks."""


class UserMailboxes:
    """The accounts of a host's users: `DIR/alice@example.test/`.

    Args:
        folder: where they lie; each is made when it is first asked for.
        domains: the domains whose mailboxes the host has.
        accounts: the logins, name -> password; a name without its domain is that of the first of them that has it.

    Attributes:
        folder: likewise.

    Raises:
        LiveError: another server has the folder.
    """

    def __init__(self, folder: Path, domains: Sequence[Domain], accounts: Mapping[str, str]) -> None:
        self.folder = folder
        self._lock = _locked(folder)
        self._domains = domains
        self._guard = threading.Lock()
        self._opened: dict[str, MaildirAccount] = {}
        self._rules: dict[str, UserRules] = {}
        self._address_of = {name: self._full(name) for name in accounts}
        self.logins: Mapping[str, str] = {
            **{self._address_of[name]: password for name, password in accounts.items()},
            **accounts,
        }
        """Who may log in, under his short name and his whole address: name -> password."""

    def account(self, login: str) -> MaildirAccount:
        """The account of a user who has logged in.

        Raises:
            OSError: its folder cannot be made or read.
        """
        return self._open(self._address_of.get(login, login))

    def close(self) -> None:
        """Let another server have the folder."""
        os.close(self._lock)

    def rules(self, to: Address) -> UserRules:
        """The rules of a user.

        Raises:
            OSError: his folder cannot be made or read.
        """
        key = f"{to.local}@{to.domain}".lower()
        inbox = self._open(key).inbox
        with self._guard:
            if key not in self._rules:
                usual = read_script(self._settings(key).sieve.encode())
                self._rules[key] = UserRules(inbox.maildir, lambda: f"<{uuid4()}@{to.domain}>", usual)
            return self._rules[key]

    def deliver(self, copies: Sequence[tuple[Address, str, bytes]]) -> None:
        """Put messages into mailboxes of users (whose, which, what), for good: all of them or none. Folders are made.

        Raises:
            OverQuotaError: one of them has no room.
            OSError: one could not be written.
        """
        now = time()
        found = [(self._open(f"{to.local}@{to.domain}".lower()), name, each) for to, name, each in copies]
        drafts: list[tuple[MaildirAccount, MaildirMailbox, Path, int]] = []
        try:
            for account, name, content in found:
                with account.guard:
                    account.room.check(len(content), delivered=True)
                    mailbox = account.mailbox(made_folder(account, name))
                draft = mailbox.maildir.draft([without_crlfs(content)])
                drafts.append((account, mailbox, draft, len(content)))
            for account, mailbox, draft, octets in drafts:
                with account.guard:
                    mailbox.adopt(draft, octets, frozenset(), now, delivered=True)
        except (OverQuotaError, OSError):
            for _, _, draft, _ in drafts:
                draft.unlink(missing_ok=True)
            raise
        for _, mailbox, _, _ in drafts:
            mailbox.maildir.sync(mailbox.folder / "new")

    def check_room(self, to: Address, octets: int) -> None:
        """Hold that a mailbox has room for a message.

        Raises:
            OverQuotaError: it has not.
            OSError: it cannot be opened.
        """
        key = f"{to.local}@{to.domain}".lower()
        if self._quota(key) == NO_QUOTA:
            return
        account = self._open(key)
        try:
            account.room.check(octets, delivered=True)
        except OverQuotaError:
            # Another program may have made room. Nobody is waited for.
            if not account.guard.acquire(blocking=False):
                raise
            try:
                account.poll()
            finally:
                account.guard.release()
            account.room.check(octets, delivered=True)

    def _quota(self, address: str) -> MailboxQuota:
        local, domain = self._home(address)
        return _of_user(local, domain.quotas, domain.quota) if domain is not None else NO_QUOTA

    def _settings(self, address: str) -> User:
        local, domain = self._home(address)
        return _of_user(local, domain.people, _NO_SETTINGS) if domain is not None else _NO_SETTINGS

    def _home(self, address: str) -> tuple[str, Domain | None]:
        """The local-part of a user's address, and his domain."""
        local, _, name = address.rpartition("@")
        return local, next((domain for domain in self._domains if domain.name == name), None)

    def _open(self, address: str) -> MaildirAccount:
        with self._guard:
            if address not in self._opened:
                quota = self._quota(address)
                try:
                    self._opened[address] = MaildirAccount(
                        self.folder / _file_name(address),
                        octets_limit=quota.size,
                        messages_limit=quota.messages,
                        grace=quota.grace,
                    )
                except LiveError as error:
                    raise OSError(str(error)) from error
            return self._opened[address]

    def _full(self, name: str) -> str:
        if "@" in name:
            return name.lower()
        own = [domain.name for domain in self._domains if name in domain.users]
        every = own or [domain.name for domain in self._domains] or ["localhost"]
        return f"{name}@{every[0]}".lower()


def _of_user(local: str, said: Mapping[str, T], otherwise: T) -> T:
    """What is said of a user under his local-part, whatever its case."""
    return {local_key(user): value for user, value in said.items()}.get(local, otherwise)


def _locked(folder: Path) -> int:
    """A descriptor that has the lock of a folder: it is free again however the process ends."""
    try:
        descriptor = private(str(folder / _LOCK), os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise LiveError(f"{folder}: its mailboxes cannot be locked ({error.strerror})") from error
    end = monotonic() + _PATIENCE
    while True:
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            if monotonic() > end:
                os.close(descriptor)
                raise LiveError(f"{folder}: another server has its mailboxes: stop it, or name another") from None
            sleep(_PAUSE)
        else:
            return descriptor


def _file_name(address: str) -> str:
    """An address as the name of a folder: no slash, no NUL, and no dot in front."""
    name = address.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    return f"%2E{name[1:]}" if name.startswith(".") else name
