"""A mailbox on disk: a Maildir, whose journal has what the names of its files cannot hold.

A message is one file, in `new` or `cur`, whose name ends with its system flags. It is acknowledged when its file, its
name and its line are written, and its file and name are durable; its UID is told to nobody before its line is, too.
A file that has no line gets a new UID, a line whose file has gone is a message that has gone, and flags that a name in
`cur` has are the message's: so other programs may put mail in, take it out and mark it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic, time_ns

from sim.live.maildir import Maildir
from sim.live.maildir_journal import Journal, expunged_line, flags_line, message_line, recent_line, state_line
from sim.mailbox.account import Room
from sim.mailbox.interface import ExpungedError, Mailbox, MessageInfo, OverQuotaError
from sim.mailbox.memory import Changes

_LETTERS = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S", "\\Deleted": "T"}
_FLAGS = {letter: flag for flag, letter in _LETTERS.items()}

_SLACK = 1000
"""Lines that a journal may have beyond twice those that it needs."""

_TICK = 50_000_000
"""Nanoseconds within which a folder may change twice and keep its time: the clock of file systems is a coarse one."""

_OWN_CHANGES = 1.0
"""Seconds for which what changes a folder may be taken for this program's own, where it has changed it itself."""


class MaildirMailbox:
    """A mailbox in a Maildir; see `sim.mailbox.interface.Mailbox`. Whoever calls it holds the account's lock.

    Args:
        folder: the Maildir; made if it is not there.
        validity: gives its UIDVALIDITY, if it is new.
        room: what its account may take.
        changed: is called after each change.
    """

    def __init__(self, folder: Path, validity: Callable[[], int], room: Room, changed: Callable[[], None]) -> None:
        self.maildir = Maildir(folder)
        self._journal = Journal(self.maildir)
        recorded = self._journal.read()
        self.uid_validity = recorded.validity or validity()
        self.uid_next, self.first_recent = recorded.uid_next, recorded.first_recent
        self.highest_mod_seq = recorded.highest_mod_seq
        self._room = room
        self._changed = changed
        self._expunged = recorded.expunged
        self._changes = Changes()
        self._messages: dict[int, MessageInfo] = {}
        self._files: dict[int, Path] = {}
        self._names: dict[str, int] = {}
        # Whether the journal has lines of UIDs that are not durable.
        self._dirty = False
        # When its folders were changed last: as they were last read, as this program has left them, and when read.
        self._read_at = self._left_at = (0, 0)
        self._read_when = 0.0
        for info, name in sorted(recorded.messages.values(), key=lambda each: each[0].uid):
            # Where its file is, if it still is, is found below.
            self._know(info, folder / "new" / name)
            room.take(info.size)
        if self._journal.lines == 0:
            self._rewrite()
        self.poll(force=True)

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.maildir.folder

    @property
    def messages(self) -> Mapping[int, MessageInfo]:
        """UID -> what is known of it."""
        return self._messages

    def content(self, uid: int) -> bytes:
        """A message's content, with CRLFs."""
        for again in (False, True):
            if again:
                # Another program has renamed or removed it.
                self.poll(force=True)
            if uid in self._files:
                with suppress(FileNotFoundError):
                    octets = self._files[uid].read_bytes()
                    return octets if len(octets) == self._messages[uid].size else with_crlfs(octets)
        raise ExpungedError("the message is gone")

    def append(self, content: bytes, flags: Iterable[str], internal_date: float) -> int:
        """Put a message in, for good; gives its UID."""
        draft = self.maildir.draft([without_crlfs(content)])
        uid = self.adopt(draft, len(content), frozenset(flags), internal_date)
        self.maildir.sync(self._files[uid].parent)
        self.sync()
        return uid

    def adopt(
        self, draft: Path, size: int, flags: frozenset[str], internal_date: float, *, delivered: bool = False
    ) -> int:
        """Take a draft of its Maildir as a message of that size; gives its UID. It has yet to be made durable.

        Raises:
            OverQuotaError: there is no room for it; the draft is removed.
            OSError: it could not be; the draft is removed.
        """
        try:
            self._room.check(size, delivered=delivered)
            return self._take(draft, draft.name, size, flags, internal_date)
        except (OverQuotaError, OSError):
            draft.unlink(missing_ok=True)
            raise

    def adopt_copies(self, source: Mailbox, uids: Sequence[int]) -> Sequence[int]:
        """Put copies of another mailbox's messages in, as further names of their files; gives their UIDs."""
        found = self._found(source, uids)
        self._room.check(sum(info.size for _, info in found), len(found))
        drafts: list[Path] = []
        try:
            drafts.extend(self.maildir.linked(file) for file, _ in found)
        except OSError as error:
            for draft in drafts:
                draft.unlink(missing_ok=True)
            if isinstance(error, FileNotFoundError):
                raise ExpungedError("a message is gone") from error
            raise
        return self._all_taken(
            self._take(draft, draft.name, info.size, info.flags, info.internal_date)
            for draft, (_, info) in zip(drafts, found, strict=True)
        )

    def adopt_moved(self, source: Mailbox, uids: Sequence[int]) -> Sequence[int]:
        """Take messages out of another mailbox, or out of this one, and put them in; gives their UIDs."""
        found = self._found(source, uids)
        after = self._all_taken(
            self._take(file, self.maildir.name(), info.size, info.flags, info.internal_date) for file, info in found
        )
        # Their files are here: there they have gone.
        source.expunge(uids)
        return after

    def _found(self, source: Mailbox, uids: Sequence[int]) -> Sequence[tuple[Path, MessageInfo]]:
        if not isinstance(source, MaildirMailbox):
            raise TypeError("only mailboxes of one account have the same files")
        if not all(uid in source.messages and source.file(uid).exists() for uid in uids):
            source.poll(force=True)
        if not all(uid in source.messages for uid in uids):
            raise ExpungedError("a message is gone")
        return [(source.file(uid), source.messages[uid]) for uid in uids]

    def _all_taken(self, takes: Iterable[int]) -> Sequence[int]:
        uids = list(takes)
        for place in dict.fromkeys(self._files[uid].parent for uid in uids):
            self.maildir.sync(place)
        self.sync()
        return uids

    def _take(self, file: Path, name: str, size: int, flags: frozenset[str], internal_date: float) -> int:
        """Take a file in under that name: first it has its line, then its place."""
        uid, self.uid_next = self.uid_next, self.uid_next + 1
        self.highest_mod_seq += 1
        info = MessageInfo(uid, size, internal_date, flags, self.highest_mod_seq)
        self._journal.write([message_line(info, name)])
        self._dirty = True
        place = self._place(name, flags) if flags else self.folder / "new" / name
        with self._own_change():
            file.rename(place)
        self._know(info, place)
        self._room.take(size)
        self._changed()
        return uid

    def file(self, uid: int) -> Path:
        """Where a message lies."""
        return self._files[uid]

    def sync(self) -> None:
        """Make durable which UIDs its messages have."""
        if self._dirty:
            self._dirty = False
            self._journal.sync()

    def change_flags(self, uid: int, flags: frozenset[str]) -> None:
        """A message has these flags from here on."""
        if uid not in self._messages:
            raise ExpungedError("the message is gone")
        if self._messages[uid].flags == flags:
            return
        self._flagged(uid, flags)
        file = self._files[uid]
        place = self._place(_base(file.name), flags)
        # A file that another program has moved is found again by `poll`.
        with suppress(FileNotFoundError), self._own_change():
            file.rename(place)
            self._files[uid] = place
        self._changed()

    def expunge(self, uids: Iterable[int]) -> None:
        """Messages go."""
        going = [uid for uid in dict.fromkeys(uids) if uid in self._messages]
        if not going:
            return
        self.highest_mod_seq += 1
        with self._own_change():
            for uid in going:
                self._files[uid].unlink(missing_ok=True)
        for uid in going:
            self._forget(uid)
        self._journal.write([expunged_line(self.highest_mod_seq, uid) for uid in going])
        self._dirty = True
        self.sync()
        self._changed()

    def changed_since(self, mod_seq: int) -> Sequence[int]:
        """The UIDs of messages that have come or whose flags have changed since then."""
        return self._changes.since(mod_seq)

    def expunged_since(self, mod_seq: int) -> Sequence[int]:
        """The UIDs of what has gone since."""
        found = []
        for at, uid in reversed(self._expunged):
            if at <= mod_seq:
                break
            found.append(uid)
        return sorted(found)

    def claim_recent(self) -> int:
        """The first UID that no session has been told of as recent."""
        first = self.first_recent
        if first != self.uid_next:
            self.first_recent = self.uid_next
            self._journal.write([recent_line(self.first_recent)])
        return first

    def poll(self, *, force: bool = False) -> None:
        """See what other programs have put in, taken out and marked."""
        if self._journal.lines > 2 * len(self._messages) + _SLACK:
            self._rewrite()
        times = self._times()
        if not force and (
            times == self._read_at or (times == self._left_at and monotonic() - self._read_when < _OWN_CHANGES)
        ):
            return
        self._left_at = times
        # What has just changed may change again without being seen to.
        self._read_at = times if max(times) < time_ns() - _TICK else (0, 0)
        self._read_when = monotonic()
        known = self.highest_mod_seq
        self._compare()
        if self.highest_mod_seq != known:
            self._changed()

    def _compare(self) -> None:
        """Let what is known be what is on disk."""
        found = dict(self._on_disk())
        gone = [name for name in self._names if name not in found]
        if gone:
            self.highest_mod_seq += 1
            uids = [self._names[name] for name in gone]
            for uid in uids:
                self._forget(uid)
            self._journal.write([expunged_line(self.highest_mod_seq, uid) for uid in uids])
        for name, uid in self._names.items():
            self._files[uid] = found[name]
            before = self._messages[uid].flags
            after = before if found[name].parent.name == "new" else _with_letters(before, found[name].name)
            if after != before:
                self._flagged(uid, after)
        for name in sorted(found.keys() - self._names.keys()):
            # One that cannot be read is none.
            with suppress(OSError):
                self._discover(name, found[name])

    def _discover(self, name: str, file: Path) -> None:
        """A message that another program has put in."""
        at, size = file.stat().st_mtime, len(with_crlfs(file.read_bytes()))
        uid, self.uid_next = self.uid_next, self.uid_next + 1
        self.highest_mod_seq += 1
        info = MessageInfo(uid, size, at, _with_letters(frozenset(), file.name), self.highest_mod_seq)
        self._journal.write([message_line(info, name)])
        self._dirty = True
        self._know(info, file)
        self._room.take(size)

    def moved(self, folder: Path) -> None:
        """Its Maildir is there now; who has it open goes on."""
        self.folder.rename(folder)
        self.maildir = self._journal.maildir = Maildir(folder)
        self._files = {uid: folder / file.parent.name / file.name for uid, file in self._files.items()}

    @contextmanager
    def _own_change(self) -> Iterator[None]:
        """What changes the folders now is known already; what has changed them before, and is not, is seen later."""
        known = self._times() in (self._read_at, self._left_at)
        yield
        if known:
            self._left_at = self._times()

    def _times(self) -> tuple[int, int]:
        return (self.folder / "new").stat().st_mtime_ns, (self.folder / "cur").stat().st_mtime_ns

    def _on_disk(self) -> Iterator[tuple[str, Path]]:
        for place in ("new", "cur"):
            with os.scandir(self.folder / place) as entries:
                for entry in entries:
                    if not entry.name.startswith(".") and entry.is_file():
                        yield _base(entry.name), Path(entry.path)

    def _place(self, name: str, flags: frozenset[str]) -> Path:
        letters = "".join(sorted(_LETTERS[flag] for flag in flags if flag in _LETTERS))
        return self.folder / "cur" / f"{name}:2,{letters}"

    def _know(self, info: MessageInfo, file: Path) -> None:
        self._messages[info.uid] = info
        self._changes.note(info.uid, info.mod_seq)
        self._files[info.uid] = file
        self._names[_base(file.name)] = info.uid

    def _forget(self, uid: int) -> None:
        self._expunged.append((self.highest_mod_seq, uid))
        self._changes.forget(uid)
        self._room.give(self._messages.pop(uid).size)
        del self._names[_base(self._files.pop(uid).name)]

    def _flagged(self, uid: int, flags: frozenset[str]) -> None:
        info = replace(self._messages[uid], flags=flags, mod_seq=self.highest_mod_seq + 1)
        self._journal.write([flags_line(info)])
        self.highest_mod_seq += 1
        self._messages[uid] = info
        self._changes.note(uid, self.highest_mod_seq)

    def _rewrite(self) -> None:
        """Write the journal anew, with no more than what there is."""
        state = state_line(self.uid_validity, self.uid_next, self.highest_mod_seq, self.first_recent)
        messages = [message_line(info, _base(self._files[uid].name)) for uid, info in self._messages.items()]
        self._journal.rewrite([state, *messages])


def _base(name: str) -> str:
    """A file's name without its flags: so it is called all its life."""
    return name.partition(":")[0]


def _with_letters(flags: frozenset[str], name: str) -> frozenset[str]:
    """Flags, the system's of them as a file's name has them."""
    letters = name.partition(":2,")[2]
    return flags.difference(_LETTERS).union(_FLAGS[letter] for letter in letters if letter in _FLAGS)


def without_crlfs(content: bytes) -> bytes:
    """A message as it lies on disk: with the system's line ends, where that loses nothing."""
    plain = content.replace(b"\r\n", b"\n")
    return plain if with_crlfs(plain) == content else content


def with_crlfs(octets: bytes) -> bytes:
    """A file as a message on the wire; one that has a CRLF is that already."""
    return octets if b"\r\n" in octets else octets.replace(b"\n", b"\r\n")
