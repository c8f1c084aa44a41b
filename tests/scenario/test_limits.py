"""How much a scenario may ask for: errors with their place and the key that raises the bound, before work is done."""

from __future__ import annotations

import gzip
import os
from random import Random

import pytest

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.inputs import InputError, read_input
from sim.scenario.load import load, loads
from sim.scenario.show import show
from sim.scenario.spec.limits import LimitError
from sim.study.comparison import run
from sim.workload.submissions import submissions

NET = "network: {nodes: [a, b], links: [{between: [a, b]}]}\n"
MAIL = "{at: 0 s, from: u1@a.example, to: u1@b.example"


def refusal(text, folder="."):
    """What is said about a scenario."""
    with pytest.raises(ScenarioError) as caught:
        loads(text, folder)
    return str(caught.value)


DAY = "duration: 1 d\ndrain: 1 h\n"
TOO_MUCH = {
    "a message a nanosecond": (
        NET + DAY + "workload: {constant: {every: 1e-9 s}}",
        "scenario:4:22: too many messages (86,400,000,000,000): allowed are 10 M, or more by `limits: {messages: ...}`",
    ),
    "the sum of sources": (
        NET + DAY + "workload: [{poisson: {rate: 70 /s}}, {poisson: {rate: 70 /s}}]",
        "scenario:4:48: too many messages (12,096,000): allowed are 10 M",
    ),
    "an mbox at a rate": (
        NET + DAY + "workload: {messages: {path: m, rate: 1000 /s}}",
        "scenario:4:22: too many messages (86,400,000): allowed are 10 M",
    ),
    "a mail of 10 GB": (
        NET + f"workload: {{messages_at: [{MAIL}, size: 10 GB}}]}}",
        "scenario:2:80: too big a message (10 GB): allowed are 100 MB, or more by `limits: {size: ...}`",
    ),
    "mail of any size": (
        NET + "workload: {poisson: {rate: 1 /h, size: {lognormal: {median: 1 MB, p95: 3 GB}}}}",
        "scenario:2:40: too big a message (3 GB): allowed are 100 MB",
    ),
    "a text": (
        NET + f"limits: {{size: 10 B}}\nworkload: {{messages_at: [{MAIL}, text: Good morning}}]}}",
        "scenario:3:80: too big a message (14 B): allowed are 10 B",
    ),
    "a real message": (
        NET + "limits: {size: 10 B}\nworkload: {messages: m}",
        "scenario:3:22: too big a message (12 B): allowed are 10 B",
    ),
    "forwards that go round": (
        ("network: {nodes: [a, b], links: [{between: [a, b]}]}\nlimits: {copies: 50}\n"
        "domains: {a.example: {mx: a, users: [u1], forwards: {f: g@a.example, g: f@a.example}}}\n"
        "workload: {messages_at: [{at: 0 s, from: u1@a.example, to: f@a.example}]}"),
        "scenario:4:26: too many copies (102): allowed are 50, or more by `limits: {copies: ...}`",
    ),
    "a forward that many lists name": (
        NET + "limits: {copies: 20}\n"
        "domains: {a.example: {mx: a, users: [u1], forwards: {F: g@a.example, g: u1@a.example}, "
        "lists: {l: [m@a.example, n@a.example], m: [f@a.example, g@a.example], n: [f@a.example, l@a.example]}}}\n"
        "workload: {messages_at: [{at: 0 s, from: u1@a.example, to: [l@a.example, l@a.example]}]}",
        "scenario:4:26: too many copies (24): allowed are 20, or more by `limits: {copies: ...}`",
    ),
    "hops": (
        NET + "hosts: {a: {mta: {postfix: {hopcount_limit: 1001}}}, b: {mta: {exim: {received_headers_max: 1000}}}}",
        "scenario:2:45: too big (1001): allowed is a whole number of at least 1 and at most 1000",
    ),
    "replications": (
        NET + "replications: 0xffffffff",
        "scenario:2:15: too many replications (4,294,967,295): allowed are 10 k, or more by `limits: {replications: ",
    ),
    "a seed": (NET + f"seed: 0x{'f' * 17}", "scenario:2:7: too big (295147905179352825855): allowed is a whole number"),
    "a number that nobody means": (NET + f"seed: 0x{'f' * 9000}", "scenario:2:7: not a number that can be read (0xfff"),
    "delays of a nanosecond": (
        NET + "hosts: {a: {mta: {delays: [1e-9 s], lifetime: 5 d}}}",
        "scenario:2:18: too many attempts of a message (432,000,000,000,000 before a gives it up): allowed are 1 M, or",
    ),
    "queue runs of a microsecond": (
        NET + "hosts: {defaults: {mta: {exim: {queue_run: 0.001 ms}}}}",
        "too many attempts of a message (345,600,000,000 before a gives it up): allowed are 1 M",
    ),
    "mail asked for all the time": (
        NET + DAY + "hosts: {a: {collects: {from: b, every: 0.001 ms}}}",
        "scenario:4:40: a asks for mail too often (90,000,000,000 times): allowed are 1 M, or more by",
    ),
    "users": (
        NET + "domains: {a.example: {mx: a, users: 2000000}, b.example: {mx: b}}",
        "scenario:2:37: too big (2000000): allowed is a whole number of at least 1 and at most 1000000",
    ),
    "users of all domains": (
        NET + "limits: {users: 19}\ndomains: {a.example: {mx: a}, b.example: {mx: b}}",
        "scenario:3:10: too many users (20): allowed are 19, or more by `limits: {users: ...}`",
    ),
    "runs": (
        NET + "limits: {runs: 9}\nreplications: 5",
        "scenario:1:1: too many runs (10): allowed are 9, or more by `limits: {runs: ...}`",
    ),
    "outages of one link": (
        NET.replace("b]}]", "b], outages: {mtbf: 1e-9 s, mttr: 1e-9 s}}]") + DAY,
        "scenario:1:10: too many outages of a-b (45,000,000,000,000 in a run, on average): allowed are 5 M, or more by",
    ),
    "outages of all links": (
        "network: {generate: {complete: {nodes: 100}}, link_defaults: {outages: {mtbf: 30 s, mttr: 30 s}}}\n" + DAY,
        "n43-n80 (1,500 in a run, on average; 5,001,000 with all before it): allowed are 5 M, or more by",
    ),
    "bursts of loss": (
        NET.replace("b]}]", "b], loss: {gilbert-elliott: {loss: 2 %, burst: 1e-9 s}}}]") + DAY,
        "scenario:1:10: too many bursts of loss of a-b (1,800,000,000,000 in a run, on average): allowed are 5 M, or",
    ),
    "nodes": (NET + "limits: {nodes: 1}", "scenario:1:10: too many nodes (2): allowed are 1, or more by"),
    "links": (
        "network: {generate: {complete: {nodes: 60}}}\nlimits: {links: 1 k}",
        "scenario:1:10: too many links (1,770): allowed are 1 k, or more by",
    ),
    "a file": (
        NET + "limits: {file: 10 B}\nworkload: {messages: m}",
        "scenario:3:22: m: too big: allowed are 10 B, or more by `limits: {file: ...}`",
    ),
    "a gzip": (
        NET + "limits: {file: 900 kB}\nworkload: {trace: {file: t.gz}}",
        "scenario:3:26: t.gz: unfolds to too much: allowed are 900 kB, or more by `limits: {file: ...}`",
    ),
    "copies": (
        NET + "limits: {copies: 61}\ndomains: {a.example: {mx: a, users: [u1], lists: {"
        + ", ".join(f"l{n}: [l{n + 1}@a.example, m{n + 1}@a.example], m{n}: [l{n + 1}@a.example, m{n + 1}@a.example]"
                    for n in range(15))
        + ", l15: [u1@a.example], m15: [u1@a.example]}}}\n"
        "workload: {messages_at: [{at: 0 s, from: u1@a.example, to: l0@a.example}]}",
        "scenario:4:26: too many copies (61): allowed are 60, or more by",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_more_than_the_limits_is_an_error(tmp_path, text, expected):
    """It says how much, where, what is allowed, and the key that raises the bound."""
    (tmp_path / "m").write_text("From x\nSubject: x\n\n")
    (tmp_path / "t.gz").write_bytes(gzip.compress(b"\n" * 1_000_000))
    text = text.replace("copies: 61", "copies: 60")
    assert expected in refusal(text, tmp_path)


def test_raised_limits_are_gone_by_and_shown():
    """A count is a number alone or with k, M or G; what is shown loads back."""
    text = NET + "limits: {messages: 50 M, replications: 20000, size: 2 GB}\nreplications: 20000\n"
    scenario = loads(text + "workload: {constant: {rate: 200 /s, size: 1 GB}}")
    limits = scenario.limits
    assert (limits.messages, limits.replications, limits.size, limits.nodes) == (50_000_000, 20_000, 2 * 10**9, 20_000)
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize("said", ["messages: 0", "messages: 1.5", "messages: many", "attempts: -1", "words: 3"])
def test_limits_that_are_none(said):
    """A limit is a whole number of at least one."""
    assert "scenario:2:" in refusal(NET + f"limits: {{{said}}}")


def test_a_size_drawn_is_cut_to_the_limit():
    """No draw gives more than the biggest message."""
    text = (
        NET
        + "limits: {size: 30 kB}\nworkload: {poisson: {rate: 1000 /h, size: {lognormal: {median: 2 kB, p95: 30 kB}}}}"
    )
    sizes = [one.size for one in submissions(loads(text), Random)]
    assert (max(sizes), len(sizes) > 1000) == (30_000, True)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_ends_at_its_limit_of_attempts(jobs):
    """However many messages are tried however often: here one, every minute, at a host that refuses connections."""
    down = NET + "hosts: {a: {mta: {delays: [1 min]}}, b: {listening: no}}\nreplications: 2\n"
    mail = f"workload: {{messages_at: [{MAIL}}}]}}\nlimits: {{run_attempts: 30}}\n"
    with pytest.raises(LimitError) as caught:
        run(loads(down + mail), jobs=jobs)
    assert "too many attempts in a run: allowed are 30, or more by `limits: {run_attempts: ...}`" in str(caught.value)


def test_a_hundred_mistakes_are_printed():
    """The others are counted, and all are there."""
    problems = [Problem("x", line, 1, "wrong") for line in range(1, 1_000)]
    error = ScenarioError(problems)
    lines = str(error).splitlines()
    assert (len(lines), lines[-1], len(error.problems)) == (101, "x: 899 more mistakes like these", 999)


@pytest.mark.slow
def test_finding_many_mistakes_takes_no_time_but_theirs():
    """Ten thousand mistakes of two kinds in one file are all found."""
    text = NET + "hosts:\n" + "".join(f"  h{n}: {{esmtp: maybe}}\n" for n in range(5_000))
    assert refusal(text).endswith("scenario: 9900 more mistakes like these")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("network: !net {nodes: [a]}", "scenario:1:10: unknown tag (!net): allowed are plain values without a tag"),
        ("network: {nodes: !!set [a]}", "scenario:1:18: unknown tag (tag:yaml.org,2002:set)"),
        ("!x\nseed: 1", "scenario:1:1: unknown tag (!x)"),
    ],
)
def test_tags_of_lists_and_mappings(text, expected):
    """They are refused as those of plain values are."""
    assert expected in refusal(text)


@pytest.fixture
def fifo(tmp_path):
    """A folder with a FIFO that nobody writes to, under all names that files have."""
    for name in ("s.yaml", "g.gml", "t.csv", "m", "t.txt"):
        os.mkfifo(tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("network: {graph: g.gml}", "g.gml"),
        (NET[:-2] + ", trace: t.csv}", "t.csv"),
        (NET + "workload: {messages: m}", "m"),
        (NET + "workload: {trace: {file: t.txt}}", "t.txt"),
        (NET + "workload: {messages: /dev/zero}", "/dev/zero"),
        ("network: {graph: x.gml}", "x.gml"),
    ],
)
def test_nothing_but_regular_files_is_opened(fifo, text, name):
    """A FIFO, a device or a folder is refused by its name, whatever it stands for."""
    (fifo / "x.gml").symlink_to("/dev/null")
    kind = "a device" if name in {"/dev/zero", "x.gml"} else "a FIFO"
    assert f"{name}: {kind}: allowed is a regular file" in refusal(text, fifo)


@pytest.mark.parametrize(("name", "kind"), [("s.yaml", "a FIFO"), ("", "a folder"), ("/dev/zero", "a device")])
def test_a_scenario_is_a_regular_file(fifo, name, kind):
    """Or standard input."""
    with pytest.raises(ScenarioError, match=rf"unreadable \({kind}\): allowed is a scenario file, or - for standard"):
        load(fifo / name)


def test_gzip_of_several_members(tmp_path):
    """They are read one behind the other; damage is said."""
    data = gzip.compress(b"one") + gzip.compress(b"two")
    (tmp_path / "g").write_bytes(data)
    assert read_input(tmp_path, "g", 100) == b"onetwo"
    (tmp_path / "g").write_bytes(data[:-3])
    with pytest.raises(InputError, match="damaged gzip"):
        read_input(tmp_path, "g", 100)
