"""What a client says and hears, as lines with times for whoever looks on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import monotonic

_HEAD, _TAIL = 12, 4
"""Lines shown of a long flight."""


class Transcript:
    """Shows octets as lines with the seconds since it was made.

    Args:
        say: takes the lines.
    """

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._started = monotonic()

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return monotonic() - self._started

    def note(self, text: str) -> None:
        """Show a line that nobody said."""
        self._say(f"{self.seconds:8.3f} === {printable(text)}")

    def show(self, mark: str, data: bytes, *, whole: bool = False) -> None:
        """Show octets; of many lines the first and the last, unless they are to be shown as a whole."""
        start = f"{self.seconds:8.3f} {mark}"
        lines = data.removesuffix(b"\n").split(b"\n") if data else []
        if len(lines) > _HEAD + _TAIL and not whole:
            shown = [*_lines(start, lines[:_HEAD]), f"{start}... {len(lines) - _HEAD - _TAIL} lines ..."]
            shown += _lines(start, lines[-_TAIL:])
        else:
            shown = list(_lines(start, lines))
        for line in shown:
            self._say(line)


def printable(text: str) -> str:
    """Text that moves no cursor, whatever a server put in it."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)


def _lines(start: str, lines: Sequence[bytes]) -> Iterator[str]:
    for line in lines:
        yield start + printable(line.removesuffix(b"\r").decode("utf-8", "backslashreplace"))
