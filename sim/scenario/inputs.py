"""The files that a scenario names: regular files only, plain or gzip, and no bigger than memory bears."""

from __future__ import annotations

import stat
import zlib
from pathlib import Path

from sim.scenario.quantity import format_size

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


class InputError(ValueError):
    """A file that cannot be taken; it says which, why, and what is allowed."""


def irregular(path: Path) -> str:
    """What there is instead of a regular file, empty where that is one.

    Raises:
        OSError: it cannot be looked at.
        ValueError: no file can have that name.
    """
    mode = path.stat().st_mode
    return "" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")


def check_regular(folder: Path, name: str) -> Path:
    """The path of a file, which is a regular one: a FIFO has no end, and reading a device may do anything.

    Args:
        folder: where a relative name starts.
        name: what the user calls it.

    Raises:
        InputError: it is not there, cannot be looked at, or is something else.
    """
    path, name = folder / name, printable(name)
    try:
        kind = irregular(path)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"no such file ({name}): allowed is a regular file, found from {folder}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be read ({_reason(error)}): allowed is a regular file") from None
    if kind:
        raise InputError(f"{name}: {kind}: allowed is a regular file")
    return path


def read_input(folder: Path, name: str, most: int) -> bytes:
    """What a file holds; unfolded where it is gzip.

    Args:
        folder: where a relative name starts.
        name: what the user calls it.
        most: how many octets it may have, and unfold to.

    Raises:
        InputError: it cannot be read, is no regular file, is damaged gzip, or holds more.
    """
    path, name = check_regular(folder, name), printable(name)
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({_reason(error)}): allowed is a regular file") from None
    if len(data) > most:
        raise InputError(f"{name}: too big: {_allowed(most)}")
    return _unfolded(data, name, most) if data.startswith(_GZIP_MAGIC) else data


def printable(name: str) -> str:
    """A name as it can be shown, whatever characters it is of."""
    return "".join(c if c.isprintable() else "?" for c in name)


def _unfolded(data: bytes, name: str, most: int) -> bytes:
    """What gzip's members hold, one behind the other."""
    parts, size = [], 0
    while data.startswith(_GZIP_MAGIC):
        member = zlib.decompressobj(_GZIP)
        try:
            parts.append(member.decompress(data, most + 1 - size))
        except zlib.error as error:
            raise InputError(f"{name}: damaged gzip ({error}): allowed is a file, plain or gzip") from None
        size += len(parts[-1])
        if size > most:
            raise InputError(f"{name}: unfolds to too much: {_allowed(most)}")
        if not member.eof:
            raise InputError(f"{name}: damaged gzip (it ends too early): allowed is a file, plain or gzip")
        data = member.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _allowed(most: int) -> str:
    return f"allowed are {format_size(most)}, or more by `limits: {{file: ...}}`"


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
