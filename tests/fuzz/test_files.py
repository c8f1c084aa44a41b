"""A few mutated files of each kind; `make fuzz` tries thousands, each in a process of its own."""

from __future__ import annotations

import sys
import time
from collections import Counter

import pytest
from apart import apart
from cases import Case
from files import DRAWERS, drawn, faults, smaller

FEW = {"scenario": 12, "mailbox": 12, "result": 12}
"""How many inputs of a kind are tried here; 20 of others."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", DRAWERS)
def test_commands_end_in_order_whatever_a_file_holds(kind):
    """Exit status 0 or 2, no traceback; what is accepted is shown, loads back and runs."""
    ends = Counter()
    assert {number: found for number in range(FEW.get(kind, 20)) if (found := faults(drawn(kind, number), ends))} == {}
    # Some are taken and some are refused; of mangled text there may be none that is taken among so few.
    assert {end.split()[1] for end in ends} >= ({"2"} if kind == "text" else {"0", "2"})


@pytest.mark.parametrize("kind", ["text", "trace", "graph", "options"])
def test_an_input_is_that_of_its_number(kind):
    """Drawn again, it is the same."""
    assert drawn(kind, 7) == drawn(kind, 7)


def test_work_apart_gives_its_value():
    """And no fault."""
    ended = apart(lambda: [1, 2], seconds=5, memory=10**9)
    assert (ended.value, ended.fault) == ([1, 2], "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: bytearray(2 * 10**9), "MemoryError"),
        (lambda: [None for _ in iter(int, 1)], "more than 0.2 s of work"),
        (lambda: sys.exit(3), "SystemExit"),
    ],
    ids=["error", "memory", "time", "exit"],
)
def test_work_apart_that_fails_is_told(work, said):
    """An error, too much memory, too much time, and an end."""
    started = time.monotonic()
    assert said in apart(work, seconds=0.2, memory=10**9).fault
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_a_failing_input_is_made_smaller(monkeypatch):
    """As little is left as breaks the same rule."""
    monkeypatch.setattr("files.faults", lambda case: ["bad"] if b"x" in case.files["f"] else [])
    case = Case({"f": b"a\nbcxde\nf\n", "g": b"1"})
    assert smaller(case, "bad") == Case({"f": b"x"})
