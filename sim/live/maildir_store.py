"""A user's mailboxes on disk: Maildir++, with a journal for what names cannot hold (UIDs, keywords, mod-sequences).

INBOX is the Maildir at the top; `a/b` is the folder `.a.b` in it. A message is one file, in `new` or `cur`, whose name
ends with its system flags. The journal `mtasim-journal` in each Maildir is only ever written at its end, a line at a
time, and rewritten beside itself when it has grown long:

    v VALIDITY UIDNEXT MODSEQ RECENT        what the mailbox has beside its messages
    + UID MODSEQ SIZE DATE NAME FLAGS...    a message has come
    f UID MODSEQ FLAGS...                   its flags are others
    - MODSEQ UID                            it has gone
    r RECENT                                the first UID that nobody was told of as recent

A message is acknowledged when its file, its name and its line are on disk. A file that has no line gets a new UID, and
a line whose file has gone is a message that has gone: so other programs may put mail in and take it out.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from io import FileIO
from itertools import count
from pathlib import Path
from time import time

from sim.live.maildir import Maildir, private
from sim.mailbox.interface import (
    DELIMITER,
    INBOX,
    BadNameError,
    ExpungedError,
    Mailbox,
    MailboxExistsError,
    MessageInfo,
    NoMailboxError,
    OverQuotaError,
    Quota,
    checked_name,
)
from sim.mailbox.memory import Changes
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.names import decode_name, encode_name

_JOURNAL = "mtasim-journal"
_LETTERS = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S", "\\Deleted": "T"}
_FLAGS = {letter: flag for flag, letter in _LETTERS.items()}
_DOT = "&AC4-"
"""A dot within a level of a mailbox name, in modified UTF-7: in a folder's name dots are between levels."""
_SLACK = 1000


class MaildirMailbox:
    """A mailbox in a Maildir; see `sim.mailbox.interface.Mailbox`. Whoever calls it holds the account's lock.

    Args:
        folder: the Maildir; made if it is not there.
        validity: its UIDVALIDITY, if it is new.
        account: whose it is: asked for room, and told of changes.
    """

    def __init__(self, folder: Path, validity: Callable[[], int], account: MaildirAccount) -> None:
        self.folder = folder
        self.maildir = Maildir(folder)
        self.uid_validity = 0
        self.uid_next = self.highest_mod_seq = self.first_recent = 1
        self._account = account
        self._messages: dict[int, MessageInfo] = {}
        self._files: dict[int, Path] = {}
        self._names: dict[str, int] = {}
        self._expunged: list[tuple[int, int]] = []
        self._changes = Changes()
        self._seen: tuple[int, ...] = ()
        lines = self._load()
        if not self.uid_validity:
            self.uid_validity = validity()
        self._journal = self._open_journal()
        if lines == 0 or lines > 2 * len(self._messages) + _SLACK:
            self._rewrite()
        self.poll()

    @property
    def messages(self) -> Mapping[int, MessageInfo]:
        """UID -> what is known of it."""
        return self._messages

    def content(self, uid: int) -> bytes:
        """A message's content, with CRLFs."""
        if uid in self._files:
            with suppress(FileNotFoundError):
                return with_crlfs(self._files[uid].read_bytes())
            # Another program has renamed or removed it.
            self.poll(force=True)
        if uid not in self._files:
            raise ExpungedError("the message is gone")
        try:
            return with_crlfs(self._files[uid].read_bytes())
        except FileNotFoundError as error:
            raise ExpungedError("the message is gone") from error

    def append(self, content: bytes, flags: Iterable[str], internal_date: float) -> int:
        """Put a message in, for good; gives its UID."""
        uid = self.adopt(self.maildir.draft([without_crlfs(content)]), len(content), frozenset(flags), internal_date)
        self.sync()
        return uid

    def adopt(self, draft: Path, size: int, flags: frozenset[str], internal_date: float) -> int:
        """Take a draft of its Maildir as a message of that size; `sync` makes that durable. Gives its UID.

        Raises:
            OverQuotaError: there is no room for it; the draft is removed.
        """
        try:
            self._account.claim_room(size)
        except OverQuotaError:
            draft.unlink()
            raise
        return self._take(self.maildir.file(draft), size, flags, internal_date)

    def sync(self) -> None:
        """Make durable what was adopted; the account's lock need not be held."""
        self.maildir.sync()
        os.fdatasync(self._journal.fileno())

    def _take(self, file: Path, size: int, flags: frozenset[str], internal_date: float) -> int:
        uid, self.uid_next = self.uid_next, self.uid_next + 1
        self.highest_mod_seq += 1
        info = MessageInfo(uid, size, internal_date, flags, self.highest_mod_seq)
        self._know(info, file)
        self._write(_added(info, file))
        if flags:
            self._rename(uid, flags)
        self._look()
        self._account.changed()
        return uid

    def adopt_copies(self, source: Mailbox, uids: Sequence[int]) -> Sequence[int]:
        """Put copies of another mailbox's messages in, as further names of their files; gives their UIDs."""
        if not isinstance(source, MaildirMailbox):
            raise TypeError("only mailboxes of one account are copied")
        infos = [source.messages[uid] for uid in uids if uid in source.messages]
        if len(infos) < len(uids):
            raise ExpungedError("a message is gone")
        self._account.check_room(sum(info.size for info in infos), len(infos))
        drafts: list[Path] = []
        try:
            drafts.extend(self.maildir.linked(source.file(uid)) for uid in uids)
        except OSError as error:
            for draft in drafts:
                draft.unlink(missing_ok=True)
            raise ExpungedError("a message is gone") from error
        after = [
            self.adopt(draft, info.size, info.flags, info.internal_date)
            for draft, info in zip(drafts, infos, strict=True)
        ]
        if after:
            self.sync()
        return after

    def file(self, uid: int) -> Path:
        """Where a message lies."""
        return self._files[uid]

    def change_flags(self, uid: int, flags: frozenset[str]) -> None:
        """A message has these flags from here on."""
        if uid not in self._messages:
            raise ExpungedError("the message is gone")
        info = self._messages[uid]
        if info.flags == flags:
            return
        self.highest_mod_seq += 1
        self._messages[uid] = replace(info, flags=flags, mod_seq=self.highest_mod_seq)
        self._changes.note(uid, self.highest_mod_seq)
        self._write(" ".join(["f", str(uid), str(self.highest_mod_seq), *sorted(flags)]))
        self._rename(uid, flags)
        self._look()
        self._account.changed()

    def expunge(self, uids: Iterable[int]) -> None:
        """Messages go."""
        going = [uid for uid in uids if uid in self._messages]
        if not going:
            return
        self.highest_mod_seq += 1
        for uid in going:
            with suppress(FileNotFoundError):
                self._files[uid].unlink()
            self._forget(uid)
        self._write("\n".join(f"- {self.highest_mod_seq} {uid}" for uid in going), durable=True)
        self._look()
        self._account.changed()

    def changed_since(self, mod_seq: int) -> Sequence[int]:
        """The UIDs of messages that have come or whose flags have changed since then."""
        return self._changes.since(mod_seq)

    def expunged_since(self, mod_seq: int) -> Sequence[int]:
        """The UIDs of what has gone since."""
        return sorted(uid for at, uid in self._expunged if at > mod_seq)

    def claim_recent(self) -> int:
        """The first UID that no session has been told of as recent."""
        first = self.first_recent
        if first != self.uid_next:
            self.first_recent = self.uid_next
            self._write(f"r {self.first_recent}")
        return first

    def poll(self, *, force: bool = False) -> None:
        """See what other programs have put in and taken out."""
        if not force and self._seen == self._times():
            return
        found = dict(self._on_disk())
        for name, uid in tuple(self._names.items()):
            if name in found:
                self._files[uid] = found[name]
            else:
                self.highest_mod_seq += 1
                self._forget(uid)
                self._write(f"- {self.highest_mod_seq} {uid}")
        for name in sorted(found.keys() - self._names.keys()):
            file = found[name]
            with suppress(OSError):
                at = file.stat().st_mtime
                size = len(with_crlfs(file.read_bytes()))
                self._account.take_room(size)
                self._take(file, size, _flags_of(file), at)
        self._look()

    def moved(self, folder: Path) -> None:
        """Its Maildir is there now; who has it open goes on."""
        self.folder.rename(folder)
        self.folder, self.maildir = folder, Maildir(folder)
        self._files = {uid: folder / file.parent.name / file.name for uid, file in self._files.items()}
        self._look()

    def _times(self) -> tuple[int, ...]:
        return tuple((self.folder / name).stat().st_mtime_ns for name in ("new", "cur"))

    def _look(self) -> None:
        with suppress(OSError):
            self._seen = self._times()

    def _on_disk(self) -> Iterator[tuple[str, Path]]:
        for place in ("new", "cur"):
            for entry in os.scandir(self.folder / place):
                if not entry.name.startswith("."):
                    yield entry.name.partition(":")[0], Path(entry.path)

    def _know(self, info: MessageInfo, file: Path) -> None:
        self._messages[info.uid] = info
        self._changes.note(info.uid, info.mod_seq)
        self._files[info.uid] = file
        self._names[file.name.partition(":")[0]] = info.uid

    def _forget(self, uid: int) -> None:
        self._expunged.append((self.highest_mod_seq, uid))
        self._changes.forget(uid)
        self._account.give_room(self._messages.pop(uid).size)
        del self._names[self._files.pop(uid).name.partition(":")[0]]

    def _rename(self, uid: int, flags: frozenset[str]) -> None:
        """Let the file's name say the flags; a file that another program has moved is found again by `poll`."""
        file = self._files[uid]
        letters = "".join(sorted(_LETTERS[flag] for flag in flags if flag in _LETTERS))
        place = self.folder / "cur" / f"{file.name.partition(':')[0]}:2,{letters}"
        with suppress(FileNotFoundError):
            file.rename(place)
            self._files[uid] = place

    def _load(self) -> int:
        """Read the journal, up to a line that was never finished; gives how many lines it has."""
        path = self.folder / _JOURNAL
        try:
            octets = path.read_bytes()
        except FileNotFoundError:
            return 0
        whole = octets[: octets.rfind(b"\n") + 1]
        if len(whole) != len(octets):
            os.truncate(path, len(whole))
        files = dict(self._on_disk())
        lines = whole.decode("utf-8", "replace").splitlines()
        names: dict[int, str] = {}
        for line in lines:
            with suppress(ValueError, IndexError, KeyError):
                self._replay(line.split(" "), names)
        for uid, name in names.items():
            if name in files:
                self._know(self._messages[uid], files[name])
                self._account.take_room(self._messages[uid].size)
            else:
                self.highest_mod_seq += 1
                self._expunged.append((self.highest_mod_seq, uid))
                del self._messages[uid]
        return len(lines)

    def _replay(self, words: Sequence[str], names: dict[int, str]) -> None:
        kind, *rest = words
        if kind == "v":
            self.uid_validity, self.uid_next, self.highest_mod_seq, self.first_recent = map(int, rest)
        elif kind == "r":
            self.first_recent = int(rest[0])
        elif kind == "+":
            uid, mod_seq, size = map(int, rest[:3])
            self._messages[uid] = MessageInfo(uid, size, float(rest[3]), frozenset(rest[5:]), mod_seq)
            names[uid] = rest[4]
            self.uid_next = max(self.uid_next, uid + 1)
            self.highest_mod_seq = max(self.highest_mod_seq, mod_seq)
        elif kind == "f":
            uid, mod_seq = map(int, rest[:2])
            self._messages[uid] = replace(self._messages[uid], flags=frozenset(rest[2:]), mod_seq=mod_seq)
            self.highest_mod_seq = max(self.highest_mod_seq, mod_seq)
        elif kind == "-":
            mod_seq, uid = map(int, rest)
            self.highest_mod_seq = max(self.highest_mod_seq, mod_seq)
            self._expunged.append((mod_seq, uid))
            del self._messages[uid], names[uid]

    def _rewrite(self) -> None:
        """Write the journal anew, with no more than what there is."""
        head = f"v {self.uid_validity} {self.uid_next} {self.highest_mod_seq} {self.first_recent}"
        lines = [head, *(_added(info, self._files[uid]) for uid, info in self._messages.items())]
        place = self.folder / _JOURNAL
        self.maildir.replace(place, ["".join(f"{line}\n" for line in lines).encode()])
        self._journal.close()
        self._journal = self._open_journal()

    def _open_journal(self) -> FileIO:
        return FileIO(self.folder / _JOURNAL, "ab", opener=private)

    def _write(self, line: str, *, durable: bool = False) -> None:
        self._journal.write(f"{line}\n".encode())
        if durable:
            os.fdatasync(self._journal.fileno())


class MaildirAccount:
    """A user's mailboxes in a Maildir++; see `sim.mailbox.interface.Account`. Its callers hold `guard`.

    Args:
        folder: the Maildir++; made if it is not there.
        octets_limit, messages_limit: its quota; 0 is none.
    """

    def __init__(self, folder: Path, *, octets_limit: int = 0, messages_limit: int = 0) -> None:
        self.guard = threading.RLock()
        """Held by whoever works on the account: its sessions run in threads of their own."""
        self._folder = folder
        self._top = Maildir(folder)
        self._octets_limit, self._messages_limit = octets_limit, messages_limit
        self._octets = self._count = 0
        self._last_validity = 0
        self._locked = False
        self._watchers: dict[int, Callable[[], None]] = {}
        self._watcher = count()
        self._mailboxes: dict[str, MaildirMailbox] = {INBOX: MaildirMailbox(folder, self._validity, self)}
        for entry in sorted(folder.iterdir()):
            name = _mailbox_name(entry.name)
            if name is not None and (entry / "cur").is_dir():
                self._mailboxes[name] = MaildirMailbox(entry, self._validity, self)
        self._uses = dict(line.split(" ", 1)[::-1] for line in self._lines("mtasim-special-use"))
        self._subscribed = dict.fromkeys(self._lines("subscriptions"))

    @property
    def inbox(self) -> MaildirMailbox:
        """INBOX."""
        return self._mailboxes[INBOX]

    def names(self) -> Sequence[str]:
        """The names of the mailboxes."""
        return sorted(self._mailboxes)

    def mailbox(self, name: str) -> MaildirMailbox:
        """A mailbox."""
        if name not in self._mailboxes:
            raise NoMailboxError(f"there is no mailbox {name}")
        return self._mailboxes[name]

    def create(self, name: str, use: str = "") -> None:
        """Make a mailbox."""
        name = checked_name(name)
        if name in self._mailboxes:
            raise MailboxExistsError(f"there is a mailbox {name}")
        place = self._place(name)
        self._mailboxes[name] = MaildirMailbox(place, self._validity, self)
        # Other programs tell by it that the folder is a part of a Maildir++.
        (place / "maildirfolder").touch(0o600)
        if use:
            self._uses[name] = use
            self._keep_uses()
        self.changed()

    def delete(self, name: str) -> None:
        """Delete a mailbox."""
        if name == INBOX:
            raise BadNameError("INBOX cannot be deleted")
        mailbox = self.mailbox(name)
        mailbox.expunge(tuple(mailbox.messages))
        del self._mailboxes[name]
        going = self._folder / "tmp" / f"deleted-{self._validity()}"
        mailbox.moved(going)
        shutil.rmtree(going, ignore_errors=True)
        if self._uses.pop(name, None):
            self._keep_uses()
        self.changed()

    def rename(self, name: str, new: str) -> None:
        """Give a mailbox, and those below it, another name."""
        new = checked_name(new)
        below = [each for each in self._mailboxes if each.startswith(name + DELIMITER)]
        if name not in self._mailboxes and not below:
            raise NoMailboxError(f"there is no mailbox {name}")
        if new in self._mailboxes or new.startswith(name + DELIMITER):
            raise MailboxExistsError(f"{name} cannot become {new}")
        if name == INBOX:
            self.create(new)
            inbox, to = self._mailboxes[INBOX], self._mailboxes[new]
            for uid, info in tuple(inbox.messages.items()):
                to.append(inbox.content(uid), info.flags, info.internal_date)
                inbox.expunge([uid])
            return
        renamed = {old: new + old[len(name) :] for old in [*([name] if name in self._mailboxes else []), *below]}
        for after in renamed.values():
            checked_name(after)
            if after in self._mailboxes:
                raise MailboxExistsError(f"there is a mailbox {after}")
        for old, after in renamed.items():
            self._mailboxes[after] = self._mailboxes.pop(old)
            self._mailboxes[after].moved(self._place(after))
            if old in self._uses:
                self._uses[after] = self._uses.pop(old)
        self._keep_uses()
        self.changed()

    def special_use(self, name: str) -> str:
        """The special use of a mailbox."""
        return self._uses.get(name, "")

    def subscriptions(self) -> Sequence[str]:
        """The names on the user's list."""
        return sorted(self._subscribed)

    def subscribe(self, name: str, *, on: bool) -> None:
        """Put a name onto the list, or take it away."""
        if on:
            self._subscribed[checked_name(name)] = None
        else:
            self._subscribed.pop(name.removesuffix(DELIMITER), None)
        self._keep("subscriptions", self._subscribed)

    def quota(self) -> Quota:
        """Use and limits."""
        return Quota(self._octets, self._octets_limit, self._count, self._messages_limit)

    def lock(self) -> bool:
        """Take the lock of the maildrop."""
        if self._locked:
            return False
        self._locked = True
        return True

    def unlock(self) -> None:
        """Give it back."""
        self._locked = False

    def watch(self, told: Callable[[], None]) -> Callable[[], None]:
        """Be told after each change in any mailbox."""
        key = next(self._watcher)
        self._watchers[key] = told
        return lambda: self._watchers.pop(key, None) and None

    def poll(self) -> None:
        """See what other programs have put in and taken out."""
        for mailbox in tuple(self._mailboxes.values()):
            with suppress(OSError):
                mailbox.poll()

    def check_room(self, octets: int, messages: int = 1) -> None:
        """Hold that there is room.

        Raises:
            OverQuotaError: there is none.
        """
        if 0 < self._octets_limit < self._octets + octets or 0 < self._messages_limit < self._count + messages:
            raise OverQuotaError("the mailbox is full")

    def claim_room(self, octets: int) -> None:
        """A message is to come.

        Raises:
            OverQuotaError: there is no room for it.
        """
        self.check_room(octets)
        self.take_room(octets)

    def take_room(self, octets: int) -> None:
        """A message is there, whether there is room for it or not."""
        self._octets += octets
        self._count += 1

    def give_room(self, octets: int) -> None:
        """A message is gone."""
        self._octets -= octets
        self._count -= 1

    def changed(self) -> None:
        """Tell those who watch."""
        for told in tuple(self._watchers.values()):
            told()

    def _validity(self) -> int:
        """A UIDVALIDITY that no mailbox of the account has had: the time, and where two are made in a second, more."""
        kept = self._lines("mtasim-uidvalidity")
        before = max([self._last_validity, *(int(line) for line in kept if line.isdigit())])
        self._last_validity = max(int(time()), before + 1)
        self._keep("mtasim-uidvalidity", [str(self._last_validity)])
        return self._last_validity

    def _place(self, name: str) -> Path:
        levels = [encode_name(level, utf8=False).decode("ascii").replace(".", _DOT) for level in name.split(DELIMITER)]
        return self._folder / f".{'.'.join(levels)}"

    def _lines(self, name: str) -> Sequence[str]:
        try:
            return (self._folder / name).read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, UnicodeDecodeError):
            return ()

    def _keep(self, name: str, lines: Iterable[str]) -> None:
        self._top.replace(self._folder / name, ["".join(f"{line}\n" for line in lines).encode()])

    def _keep_uses(self) -> None:
        self._keep("mtasim-special-use", [f"{use} {name}" for name, use in sorted(self._uses.items())])


def _added(info: MessageInfo, file: Path) -> str:
    words = (info.uid, info.mod_seq, info.size, info.internal_date, file.name.partition(":")[0], *sorted(info.flags))
    return " ".join(["+", *map(str, words)])


def _flags_of(file: Path) -> frozenset[str]:
    return frozenset(_FLAGS[letter] for letter in file.name.partition(":2,")[2] if letter in _FLAGS)


def _mailbox_name(folder: str) -> str | None:
    """The mailbox that a folder is; None where it is none."""
    if not folder.startswith(".") or folder in (".", ".."):
        return None
    try:
        # A NUL, which no name has, for the dots that are not between levels.
        levels = [decode_name(level.encode(), utf8=False) for level in folder[1:].replace(_DOT, "\0").split(".")]
        return checked_name(DELIMITER.join(level.replace("\0", ".") for level in levels))
    except (SyntaxFault, BadNameError, UnicodeEncodeError):
        return None


def without_crlfs(content: bytes) -> bytes:
    """A message as it lies on disk: with the system's line ends, where that loses nothing."""
    plain = content.replace(b"\r\n", b"\n")
    return plain if with_crlfs(plain) == content else content


def with_crlfs(octets: bytes) -> bytes:
    """A message as it is on the wire. A file that has a CRLF is that already."""
    return octets if b"\r\n" in octets else octets.replace(b"\n", b"\r\n")
