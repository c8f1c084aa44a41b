"""What operators did, where it is shown: transcripts, queues, the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sim
from sim import cli
from sim.report.html import render
from sim.report.transcript import transcript
from sim.results.store import Result, read
from sim.scenario.load import loads

TEXT = """
network: {nodes: [a, b], links: [{between: [a, b]}]}
duration: 1 h
dialogues: yes
hosts: {b: {down: [{from: 0 s, to: 2 h}]}}
domains: {a.example: {mx: a}, b.example: {mx: b}}
workload: {messages_at: [{at: 0 s, from: u1@a.example, to: u1@b.example}, {at: 59 min, from: u2@a.example, to: u1@b.example}]}
architectures: {x: {transfer: end-to-end}}
acts: [{at: 30 min, host: a, do: hold}, {at: 3 h, host: a, do: release}, {at: 150 min, host: all, do: restart}]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result on disk."""
    place = tmp_path_factory.mktemp("acts")
    path = place / "acts.yaml"
    path.write_text(TEXT)
    assert cli.main(["run", str(path), "--jobs", "1", "-q", "--out", str(place / "out")]) == 0
    return place / "out"


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    """It, read."""
    return read(folder)


def test_acts_are_a_table(result: Result):
    """When, where, what, and how many messages it was about."""
    rows = result.acts[["time_s", "host", "command", "messages"]].itertuples(index=False, name=None)
    assert list(rows) == [
        (1800.0, "a", "postsuper -h ALL", 1),
        (9000.0, "a", "postfix stop && postfix start", 1),
        (9000.0, "b", "postfix stop && postfix start", 0),
        (10800.0, "a", "postsuper -H ALL", 1),
    ]


def test_a_transcript_tells_what_was_done_meanwhile(result: Result):
    """At its time, between the attempts."""
    told = [line for line in transcript(result, 1).splitlines() if "postsuper" in line]
    assert told == ["# 00:30:00.000 a: postsuper -h ALL", "# 03:00:00.000 a: postsuper -H ALL"]


def test_a_queue_shows_what_is_held(folder: Path, capsys: pytest.CaptureFixture[str]):
    """`!` is mailq's mark for it; there is no next attempt."""
    assert cli.main(["queue", str(folder), "--host", "a", "--at", "31 min"]) == 0
    said = capsys.readouterr().out
    assert ("1! " in said, "next attempt" in said) == (True, False)
    assert cli.main(["queue", str(folder), "--host", "a", "--at", "31 min", "--json"]) == 0
    assert [(one["state"], one["next_s"]) for one in json.loads(capsys.readouterr().out)] == [("hold", None)]


def test_a_timeline_has_the_acts_in_their_place(folder: Path, capsys: pytest.CaptureFixture[str]):
    """Before the step that they bring about; in JSON a list of their own."""
    assert cli.main(["queue", str(folder), "--host", "a", "--timeline"]) == 0
    lines = capsys.readouterr().out.splitlines()
    place = next(number for number, line in enumerate(lines) if line.endswith("# postsuper -h ALL"))
    assert lines[place + 1].split() == ["1800.000", "1", "0", "0", "0", "0", "1"]
    assert cli.main(["queue", str(folder), "--host", "a", "--timeline", "--json"]) == 0
    assert [act["act"] for act in json.loads(capsys.readouterr().out)["acts"]] == ["hold", "restart", "release"]


@pytest.mark.slow
def test_the_report_lists_the_acts(result: Result):
    """With their commands, where there are any."""
    assert "02:30:00 a under x: <code>postqueue -f</code>" not in render(result)
    assert "00:30:00 a under x: <code>postsuper -h ALL</code>" in render(result)
    assert "What operators did" not in render(sim.run(loads(TEXT[: TEXT.index("acts:")])))
