"""Replay of recorded traces: reading, grouping, spreading."""

from __future__ import annotations

import gzip
from functools import partial
from itertools import pairwise
from random import Random
from time import process_time

import pytest

from sim.scenario.errors import ScenarioError
from sim.scenario.inputs import InputError
from sim.scenario.load import loads
from sim.scenario.resolve.address_owners import Owners
from sim.scenario.resolve.mail_trace import Letter, addresses_of, read_letters, unknown_people
from sim.scenario.spec import NULL_MX, Domain
from sim.workload.submissions import submissions

read = partial(read_letters, most=10**9)


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
    assert list(read(*trace(data), start=0, duration=100).letters) == LETTERS


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [(10, 20, [0, 0, 10]), (11, 9, []), (20, 10.5, [0]), (20, 10.6, [0, 10.5])],
)
def test_window(trace, start, duration, expected):
    """The part from start, included, to its end, not included, is replayed from zero on."""
    assert [letter.at for letter in read(*trace(ROWS), start=start, duration=duration).letters] == expected


def test_a_row_twice_is_one_recipient(trace):
    """A target that is named twice gets the message once."""
    assert read(*trace(b"a b 1\na b 1\n"), start=0, duration=9).letters == (Letter(1, "a", ("b",)),)


@pytest.mark.parametrize("line", ["a b", "a b 1 2", "a b soon", "a b nan", "a b inf"])
def test_bad_line(trace, line):
    """The error names the file, the line, its text and what a row is."""
    file = trace(f"a b 1\n{line}\n".encode())
    with pytest.raises(ValueError, match=f"trace.txt:2: line '{line}' is no row .*`source target seconds`"):
        read(*file, start=0, duration=9)


def test_damaged_gzip(trace):
    """A gzip file that breaks off is an error that names it."""
    file = trace(gzip.compress(ROWS)[:-12])
    with pytest.raises(ValueError, match=r"trace\.txt: damaged gzip"):
        read(*file, start=0, duration=9)


def test_missing_file(tmp_path):
    """A file that is not there is an error that names it."""
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path, "none", start=0, duration=9)


def test_people_have_the_line_that_they_are_first_on(trace):
    """In order of the messages, though the file is not sorted."""
    assert read(*trace(ROWS), start=0, duration=100).people == {"a": 4, "b": 4, "c": 5, "d": 6}


DOMAINS = {
    "x.example": Domain(
        name="x.example", mx=(), users=("ann", "bob", "j d", "j\u00fc"), lists={"all": ("ann@x.example",)}
    ),
    "y.example": Domain(name="y.example", mx=(), users=("eve",), forwards={"on": "eve@y.example"}),
    "none.example": Domain(name="none.example", mx=NULL_MX, users=()),
}


def test_people_keep_their_addresses(trace):
    """Whoever is an address, however it is written, writes and gets their own mail, as hosts find their users."""
    rows = b"eve@Y.example all@x.example 1\nann@x.example PostMaster@y.example 2\non@y.example who@none.example 3\n"
    rows += b'"j d"@x.example "\\bob"@x.example 3\nj\xc3\xbc@x.example "on"@y.example 3\n'
    recorded = read(
        *trace(rows + b"7 Ann@x.example 4\nANN@X.EXAMPLE ALL@x.example 4\nbob@z.example @x.example 5\n"),
        start=0,
        duration=9,
    )
    owners = Owners(DOMAINS)
    assert unknown_people(recorded, owners) == ["7", "bob@z.example", "@x.example"]
    assert addresses_of(recorded, owners, ["u@1", "u@2", "u@3"]) == {
        "eve@Y.example": "eve@y.example",
        "all@x.example": "all@x.example",
        "ann@x.example": "ann@x.example",
        "PostMaster@y.example": "PostMaster@y.example",
        "on@y.example": "on@y.example",
        "who@none.example": "who@none.example",
        '"j d"@x.example': '"j d"@x.example',
        '"\\bob"@x.example': "bob@x.example",
        "j\u00fc@x.example": "j\u00fc@x.example",
        '"on"@y.example': "on@y.example",
        "7": "u@1",
        "Ann@x.example": "ann@x.example",
        "ANN@X.EXAMPLE": "ann@x.example",
        "ALL@x.example": "all@x.example",
        "bob@z.example": "u@2",
        "@x.example": "u@3",
    }


FILE = """duration: 1 h
network: {nodes: [a, b], links: [{between: [a, b]}]}
workload: {trace: {file: trace.txt%s}}
"""


def test_unknown_people_are_mistakes(trace):
    """Each has its line, unless the scenario says that people are to be dealt to the users; then that is said."""
    folder, _ = trace(b"u1@a.example u2@b.example 1\nu1@a.example u99@b.example 2\nann@corp.example u1@b.example 3\n")
    with pytest.raises(ScenarioError) as caught:
        loads(FILE % "", folder)
    allowed = "allowed are users, lists and forwards; with `deal: yes` people are dealt to the users"
    assert str(caught.value).splitlines() == [
        f"scenario:3:26: trace.txt:2: no address of the scenario (u99@b.example): {allowed}",
        f"scenario:3:26: trace.txt:3: no address of the scenario (ann@corp.example): {allowed}",
    ]
    assert loads(FILE % ", deal: yes", folder).notes == (
        "trace.txt: 3 messages to 3 recipients",
        "trace.txt: 2 people who are no addresses of the scenario are dealt to its users",
    )


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (b"u1@a.example u2@b.example 1446854400\n", "1 of 1 row, which are at 1446854400 to 1446854400 s"),
        (b"u1@a.example u2@b.example 1\nu1@a.example u2@b.example 3600\n", "1 of 2 rows, which are at 1 to 3600 s"),
        (b"u1@a.example u2@b.example 5\nu1@a.example u2@b.example -1\n", "1 of 2 rows, which are at -1 to 5 s"),
    ],
)
def test_what_is_not_replayed_is_said(trace, rows, note):
    """Mail from outside of the replayed time, in a trace of the seconds since 1970, say, does not vanish unseen."""
    folder, _ = trace(rows)
    said = f"trace.txt: left out are {note}; replayed are 0 to 3600 s, by `start` and `duration`"
    assert said in loads(FILE % "", folder).notes


@pytest.mark.slow
def test_people_are_found_at_once(trace):
    """However many users there are."""
    folder, _ = trace(b"".join(b"u%d@a.example u%d@b.example 1\n" % (n, n) for n in range(1, 20_000)))
    users = "domains: {a.example: {mx: a, users: 500000}, b.example: {mx: b, users: 500000}}\n"
    began = process_time()
    loads(FILE % "" + users, folder)
    assert process_time() - began < 60


def test_many_unknown_people_are_counted(trace):
    """Ten are named."""
    folder, _ = trace(b"".join(b"p%d u1@b.example 1\n" % number for number in range(40)))
    with pytest.raises(ScenarioError) as caught:
        loads(FILE % "", folder)
    lines = str(caught.value).splitlines()
    assert (len(lines), "30 more people are no addresses" in lines[-1]) == (11, True)


def test_a_run_replays_addresses(trace):
    """Mail goes from whom it came from to whom it went."""
    folder, _ = trace(b"u3@b.example u7@a.example 5\n")
    (one,) = submissions(loads(FILE % "", folder), Random)
    assert (one.at, one.sender, one.recipients) == (5.0, "u3@b.example", ("u7@a.example",))


@pytest.mark.slow
def test_real_trace(shared):
    """The e-mail of a European institution: 986 people, 803 days, each different (sender, recipient, second) once."""
    file = shared / "data" / "traces" / "email-Eu-core-temporal.txt.gz"
    recorded = read(file.parent, file.name, start=0, duration=804 * 86400)
    letters = recorded.letters
    rows = {tuple(line.split()) for line in gzip.decompress(file.read_bytes()).decode().splitlines()}
    assert (sum(len(letter.targets) for letter in letters), len(recorded.people)) == (len(rows), 986)
    assert all(one.at <= other.at for one, other in pairwise(letters))
    assert len(letters) == len({(source, seconds) for source, _, seconds in rows})
