"""What a user sees of a study that runs."""

from __future__ import annotations

import io

from sim.study.progress import _lines, shown


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


def test_lines_come_at_growing_intervals():
    """No flood in a log file: the gap grows with the time that has passed, and the end is said."""
    times = iter([0.0, *range(1, 101)])
    out = io.StringIO()
    tell = _lines("x", out, lambda: float(next(times)))
    for done in range(1, 101):
        tell(done, 100)
    said = [int(line.split()[1]) for line in out.getvalue().splitlines()]
    assert said == [2, 3, 5, 8, 12, 18, 27, 41, 62, 93, 100]


def test_quiet_says_nothing():
    """With -q not a word."""
    out = io.StringIO()
    with shown("x", quiet=True, stream=out) as tell:
        tell(1, 1)
    assert out.getvalue() == ""


def test_a_terminal_gets_a_bar():
    """The title and the count of runs."""
    out = Terminal()
    with shown("my study", quiet=False, stream=out) as tell:
        tell(1, 4)
    assert ("my study" in out.getvalue(), "1/4" in out.getvalue()) == (True, True)


def test_a_file_gets_lines():
    """No control characters outside a terminal."""
    out = io.StringIO()
    with shown("x", quiet=False, stream=out) as tell:
        tell(1, 1)
    assert out.getvalue() == "x: 1 of 1 runs after 0 s\n"
