"""The journal of a mailbox on disk: what the names of its files cannot hold (UIDs, keywords, mod-sequences).

It is a text file that is only ever written at its end, and rewritten beside itself when it has grown long:

    v VALIDITY UIDNEXT MODSEQ RECENT        what the mailbox has beside its messages
    + UID MODSEQ SIZE DATE NAME FLAGS...    a message has come
    f UID MODSEQ FLAGS...                   its flags are others
    - MODSEQ UID                            it has gone
    r RECENT                                the first UID that nobody was told of as recent

NAME is the file's without its flags, with percent signs for what would end a word. A line that was never finished
counts for nothing, and neither does one that makes no sense.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, unquote

from sim.live.maildir import Maildir, private
from sim.mailbox.interface import MessageInfo

_FILE = "mtasim-journal"
_PLAIN = "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"


@dataclass(slots=True)
class Recorded:
    """What a journal says of its mailbox.

    Attributes:
        validity: its UIDVALIDITY; 0 where it has none yet.
        uid_next, highest_mod_seq, first_recent: as a mailbox has them.
        messages: UID -> what is known of the message, and its file's name.
        expunged: mod-sequence and UID of what has gone.
    """

    validity: int = 0
    uid_next: int = 1
    highest_mod_seq: int = 1
    first_recent: int = 1
    messages: dict[int, tuple[MessageInfo, str]] = field(default_factory=dict)
    expunged: list[tuple[int, int]] = field(default_factory=list)

    def replay(self, words: Sequence[str]) -> None:
        """What a line tells is so.

        Raises:
            ValueError, IndexError, KeyError: the line makes no sense.
        """
        kind, *rest = words
        if kind == "v":
            validity, uid_next, mod_seq, recent = map(int, rest)
            self.validity, self.uid_next, self.highest_mod_seq, self.first_recent = validity, uid_next, mod_seq, recent
        elif kind == "r":
            self.first_recent = int(rest[0])
        elif kind == "+":
            uid, mod_seq, size = map(int, rest[:3])
            info = MessageInfo(uid, size, float(rest[3]), frozenset(rest[5:]), mod_seq)
            self.messages[uid] = info, unquote(rest[4], errors="surrogateescape")
            self.uid_next = max(self.uid_next, uid + 1)
            self._reached(mod_seq)
        elif kind == "f":
            uid, mod_seq = map(int, rest[:2])
            info, name = self.messages[uid]
            self.messages[uid] = replace(info, flags=frozenset(rest[2:]), mod_seq=mod_seq), name
            self._reached(mod_seq)
        elif kind == "-":
            mod_seq, uid = map(int, rest)
            del self.messages[uid]
            self.expunged.append((mod_seq, uid))
            self._reached(mod_seq)

    def _reached(self, mod_seq: int) -> None:
        self.highest_mod_seq = max(self.highest_mod_seq, mod_seq)


class Journal:
    """The journal of one Maildir. No descriptor stays open: an account may have thousands of mailboxes.

    Args:
        maildir: where it lies.

    Attributes:
        lines: how many it has.
    """

    def __init__(self, maildir: Maildir) -> None:
        self.maildir = maildir
        self.lines = 0

    @property
    def _path(self) -> Path:
        return self.maildir.folder / _FILE

    def read(self) -> Recorded:
        """What it says; where it ends in a line that was never finished, that is taken away."""
        recorded = Recorded()
        try:
            octets = self._path.read_bytes()
        except FileNotFoundError:
            return recorded
        whole = octets[: octets.rfind(b"\n") + 1]
        if len(whole) != len(octets):
            os.truncate(self._path, len(whole))
        lines = whole.decode("utf-8", "replace").split("\n")[:-1]
        for line in lines:
            with suppress(ValueError, IndexError, KeyError):
                recorded.replay(line.split(" "))
        self.lines = len(lines)
        return recorded

    def write(self, lines: Sequence[str]) -> None:
        """Write lines, all or none; `sync` makes them durable.

        Raises:
            OSError: they could not be written.
        """
        octets = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        descriptor = private(str(self._path), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            before = os.fstat(descriptor).st_size
            try:
                while octets:
                    octets = octets[os.write(descriptor, octets) :]
            except OSError:
                # Half a line would spoil the next one.
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
        self.lines += len(lines)

    def sync(self) -> None:
        """Make durable what was written."""
        with suppress(FileNotFoundError):
            descriptor = os.open(self._path, os.O_RDONLY)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

    def rewrite(self, lines: Iterable[str]) -> None:
        """Have these lines instead of those that it has, at once and for good."""
        text = [f"{line}\n" for line in lines]
        self.maildir.replace(self._path, ["".join(text).encode("utf-8", "replace")])
        self.lines = len(text)


def state_line(validity: int, uid_next: int, highest_mod_seq: int, first_recent: int) -> str:
    """The line that says what a mailbox has beside its messages."""
    return f"v {validity} {uid_next} {highest_mod_seq} {first_recent}"


def message_line(info: MessageInfo, name: str) -> str:
    """The line of a message that has come."""
    word = quote(name, safe=_PLAIN, errors="surrogateescape")
    words = (info.uid, info.mod_seq, info.size, info.internal_date, word, *sorted(info.flags))
    return " ".join(["+", *map(str, words)])


def flags_line(info: MessageInfo) -> str:
    """The line of a message whose flags are others."""
    return " ".join(["f", str(info.uid), str(info.mod_seq), *sorted(info.flags)])


def expunged_line(mod_seq: int, uid: int) -> str:
    """The line of a message that has gone."""
    return f"- {mod_seq} {uid}"


def recent_line(first_recent: int) -> str:
    """The line of what nobody was told of as recent."""
    return f"r {first_recent}"
