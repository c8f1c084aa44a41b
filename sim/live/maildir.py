"""A Maildir: one file a message, there whole or not at all (Bernstein, "Using maildir format").

Nobody but its owner may read it: files are made with the mode 0600, folders with 0700.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from time import time_ns

from sim.live.errors import LiveError

_FOLDERS = ("tmp", "new", "cur")

_SERIAL = count(1)
"""Of the names that this process gives."""


class _Shared:
    """Does something for all who want it at a time: once, after the last of them has begun to want it.

    Args:
        does: what is to be done.
    """

    def __init__(self, does: Callable[[], None]) -> None:
        self._does = does
        self._wanted = count(1)
        self._last_wanted = self._done = 0
        self._turn = threading.Lock()

    def __call__(self) -> None:
        """Return when it has been done since this call."""
        wanted = self._last_wanted = next(self._wanted)
        with self._turn:
            if self._done < wanted:
                upto = max(wanted, self._last_wanted)
                self._does()
                self._done = upto


class Maildir:
    """A Maildir that several threads may write to.

    Raises:
        LiveError: the folder cannot be made, or is none.
    """

    def __init__(self, folder: Path) -> None:
        try:
            for place in (folder, *[folder / name for name in _FOLDERS]):
                if not place.is_dir():
                    place.mkdir(0o700, parents=True)
                    # Whatever the umask.
                    place.chmod(0o700)
        except OSError as error:
            raise LiveError(f"{folder}: cannot be a Maildir ({error.strerror}): name a folder to be made") from error
        self.folder = folder
        # What the format asks for: no slash and no colon in a file's name.
        self._host = socket.gethostname().replace("/", "\\057").replace(":", "\\072")
        self._syncs = {each: _Shared(partial(sync_folder, each)) for each in (folder, folder / "new", folder / "cur")}

    def keep(self, parts: Sequence[bytes]) -> Path:
        """Put a message of these parts on disk, so that a crash right after this call does not lose it.

        Raises:
            OSError: it could not be; then nothing of it is left.
        """
        place = self.folder / "new" / self.name()
        try:
            self._write(parts, place)
        except OSError:
            with suppress(OSError):
                place.unlink()
            raise
        return place

    def replace(self, place: Path, parts: Sequence[bytes]) -> None:
        """Put a message of these parts where another one is, at once: a crash leaves the one or the other.

        Raises:
            OSError: it could not be; then the other one is still there.
        """
        self._write(parts, place)

    def remove(self, place: Path) -> None:
        """Remove a message for good; nothing to do where somebody else has.

        Raises:
            OSError: it could not be.
        """
        place.unlink(missing_ok=True)
        sync_folder(place.parent)

    def draft(self, parts: Sequence[bytes]) -> Path:
        """Put a message of these parts on disk where nobody looks for it yet; whoever wants it there renames it.

        Raises:
            OSError: it could not be; then nothing of it is left.
        """
        draft = self.folder / "tmp" / self.name()
        try:
            with open(draft, "xb", opener=private) as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise
        return draft

    def linked(self, file: Path) -> Path:
        """A draft that is another name of a file.

        Raises:
            OSError: it could not be, or the file is gone.
        """
        draft = self.folder / "tmp" / self.name()
        draft.hardlink_to(file)
        return draft

    def name(self) -> str:
        """A name that no file of any Maildir has had."""
        seconds, rest = divmod(time_ns(), 1_000_000_000)
        return f"{seconds}.M{rest // 1000:06}P{os.getpid()}Q{next(_SERIAL)}.{self._host}"

    def sync(self, place: Path) -> None:
        """Make the names in one of its folders durable; what several threads want at a time is done once for all."""
        self._syncs[place]()

    def _write(self, parts: Sequence[bytes], place: Path) -> None:
        draft = self.draft(parts)
        try:
            draft.rename(place)
            self.sync(place.parent)
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise


def private(path: str, flags: int) -> int:
    """Open a file that is for nobody else."""
    descriptor = os.open(path, flags, 0o600)
    # Whatever the umask.
    os.fchmod(descriptor, 0o600)
    return descriptor


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
