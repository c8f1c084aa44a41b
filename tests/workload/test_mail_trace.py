"""Replay of recorded traces: reading, grouping, spreading."""

from __future__ import annotations

import gzip
from itertools import pairwise

import pytest

from sim.scenario.inputs import InputError
from sim.workload.trace import Letter, read_letters, spread


@pytest.fixture
def trace(tmp_path):
    """Writes a trace file."""

    def write(data):
        file = tmp_path / "trace.txt"
        file.write_bytes(data)
        return tmp_path, file.name

    return write


ROWS = b"# source target seconds\nb c 20\n\na b 10\n a\tc  10\nc d 10\na d 10\na a 30.5\r\n"
LETTERS = [
    Letter(10, "a", ("b", "c", "d")),
    Letter(10, "c", ("d",)),
    Letter(20, "b", ("c",)),
    Letter(30.5, "a", ("a",)),
]


@pytest.mark.parametrize("data", [ROWS, gzip.compress(ROWS)], ids=["plain", "gzip"])
def test_letters(trace, data):
    """Rows are put in order; those of one source and second are one message; comments and blanks are none."""
    assert read_letters(*trace(data), start=0, duration=100) == LETTERS


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [(10, 20, [0, 0, 10]), (11, 9, []), (20, 10.5, [0]), (20, 10.6, [0, 10.5])],
)
def test_window(trace, start, duration, expected):
    """The part from start, included, to its end, not included, is replayed from zero on."""
    assert [letter.at for letter in read_letters(*trace(ROWS), start=start, duration=duration)] == expected


def test_a_row_twice_is_one_recipient(trace):
    """A target that is named twice gets the message once."""
    assert read_letters(*trace(b"a b 1\na b 1\n"), start=0, duration=9) == [Letter(1, "a", ("b",))]


@pytest.mark.parametrize("line", ["a b", "a b 1 2", "a b soon", "a b nan", "a b inf"])
def test_bad_line(trace, line):
    """The error names the file, the line, its text and what a row is."""
    file = trace(f"a b 1\n{line}\n".encode())
    with pytest.raises(ValueError, match=f"trace.txt:2: line '{line}' is no row .*`source target seconds`"):
        read_letters(*file, start=0, duration=9)


def test_damaged_gzip(trace):
    """A gzip file that breaks off is an error that names it."""
    file = trace(gzip.compress(ROWS)[:-12])
    with pytest.raises(ValueError, match=r"trace\.txt: damaged gzip"):
        read_letters(*file, start=0, duration=9)


def test_missing_file(tmp_path):
    """A file that is not there is an error that names it."""
    with pytest.raises(InputError, match="no such file"):
        read_letters(tmp_path, "none", start=0, duration=9)


def test_spread():
    """People take addresses as they appear, and share them from the first on when there are too few."""
    assert spread(LETTERS, ["x@1", "x@2", "y@1"]) == {"a": "x@1", "b": "x@2", "c": "y@1", "d": "x@1"}


@pytest.mark.slow
def test_real_trace(shared):
    """The e-mail of a European institution: 986 people, 803 days, each different (sender, recipient, second) once."""
    file = shared / "data" / "traces" / "email-Eu-core-temporal.txt.gz"
    letters = read_letters(file.parent, file.name, start=0, duration=804 * 86400)
    rows = {tuple(line.split()) for line in gzip.decompress(file.read_bytes()).decode().splitlines()}
    assert (sum(len(letter.targets) for letter in letters), len(spread(letters, ["x"]))) == (len(rows), 986)
    assert all(one.at <= other.at for one, other in pairwise(letters))
    assert len(letters) == len({(source, seconds) for source, _, seconds in rows})
