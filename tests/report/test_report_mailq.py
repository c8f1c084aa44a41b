"""A host's queue at a moment: what is in it, how mailq lists it, how qshape counts it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import sim
from sim import cli
from sim.report.mailq import clock, mailq, qshape
from sim.results.queue_state import QueueEntry, queue_at
from sim.results.queue_timeline import STATES, queue_timeline, words_of
from sim.results.store import Result, ResultError, read

SCENARIO = """
title: a line that is down for two hours
duration: 3 h
network:
  nodes: [a, b, c]
  links: [{between: [a, b], down: [{from: 10 min, to: 130 min}]}, {between: [b, c]}]
domains:
  a.example: {mx: [a], users: [ann]}
  b.example: {mx: [b], users: [bob]}
  c.example: {mx: [c], users: [cyd]}
hosts: {c: {service_time: 20 s}}
workload: {constant: {every: 3 min, size: 2 kB}}
architectures: {store-and-forward: {transfer: store-and-forward, routing: static}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result folder of a run."""
    place = tmp_path_factory.mktemp("mailq")
    (place / "down.yaml").write_text(SCENARIO)
    assert cli.main(["run", str(place / "down.yaml"), "--out", str(place / "out"), "--jobs", "1", "-q"]) == 0
    return place / "out"


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    """What it holds."""
    return read(folder)


def entry(**more) -> QueueEntry:
    """An entry of which only what matters need be said."""
    values = {
        "message_id": 1, "queue_id": "A", "state": "deferred", "under_way": False, "size_bytes": 2048,
        "arrived_s": 3600.0, "sender": "ann@a.example", "recipients": ("bob@b.example",),
        "reason": "4.4.1 no route to host", "next_s": 90_000.0,
    }  # fmt: skip
    return QueueEntry(**{**values, **more})


@pytest.mark.parametrize("host", ["a", "b", "c"])
def test_there_are_as_many_as_the_queue_held(result: Result, host: str):
    """At any time, the messages found are as many as the recorded length of the queue."""
    lengths = result.queues[result.queues["host"] == host]
    for at in [60.5 + 317.0 * step for step in range(45)]:
        before = lengths[lengths["time_s"] <= at]
        assert len(queue_at(result, host, at)) == (int(before["messages"].iloc[-1]) if len(before) else 0), at


def test_messages_that_were_put_off_say_why_and_until_when(result: Result):
    """In the middle of the outage all of host a's mail sleeps."""
    found = queue_at(result, "a", 3600.0)
    assert len(found) > 2
    assert {(one.state, one.reason) for one in found} == {("deferred", "4.4.1 connection timed out")}
    assert all(one.arrived_s <= 3600.0 < one.next_s for one in found)
    assert [one.arrived_s for one in found] == sorted(one.arrived_s for one in found)


def test_messages_that_had_no_way_sleep(tmp_path: Path):
    """Such an attempt takes no time: it is over as it begins, in the moment in which the message is put off."""
    (tmp_path / "cut.yaml").write_text(SCENARIO.replace("routing: static", "unreachable: icmp"))
    assert cli.main(["run", str(tmp_path / "cut.yaml"), "--out", str(tmp_path / "out"), "--jobs", "1", "-q"]) == 0
    found = queue_at(read(tmp_path / "out"), "a", 3600.0)
    assert {(one.state, one.reason) for one in found} == {("deferred", "4.4.1 no route to host")}
    assert all(one.next_s > 3600.0 for one in found)


def test_messages_under_way_are_active(result: Result):
    """While the slow host takes its time, the relay's messages for it are being delivered."""
    attempts = result.attempts[(result.attempts["to_host"] == "c") & (result.attempts["from_host"] == "b")]
    middle = float((attempts["started_s"].iloc[0] + attempts["ended_s"].iloc[0]) / 2)
    found = [one for one in queue_at(result, "b", middle) if one.under_way]
    assert [(one.state, one.next_s, one.queue_id) for one in found] == [("active", None, "")] * len(found)
    assert found


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"host": "x"}, "no host 'x' in this result: there are a, b, c"),
        ({"architecture": "none"}, "no architecture 'none' in this result: there are store-and-forward"),
        ({"replication": 1}, "no replication 1 in this result: there are 0 to 0"),
    ],
)
def test_what_is_not_there_is_said(result: Result, asked: dict, said: str):
    """With what is."""
    with pytest.raises(ResultError) as caught:
        queue_at(result, **{"host": "a", "at": 0.0, **asked})
    assert str(caught.value) == said


def test_the_command_lists_a_queue(folder: Path, capsys: pytest.CaptureFixture[str]):
    """As mailq does, with each message's next attempt; as qshape does; and mistakes with their cure."""
    assert cli.main(["queue", str(folder), "--host", "a", "--at", "1 h"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("a under store-and-forward, replication 0, at 01:00:00\n")
    assert said.count("next attempt") == len(queue_at(read(folder), "a", 3600.0))
    assert cli.main(["queue", str(folder), "--host", "a", "--at", "1 h", "--qshape"]) == 0
    assert "TOTAL" in capsys.readouterr().out
    assert cli.main(["queue", str(folder), "--host", "a", "--at", "soon"]) == 2
    assert "--at" in capsys.readouterr().err


def test_the_command_prints_a_queue_by_state(folder: Path, capsys: pytest.CaptureFixture[str]):
    """Under Postfix's words; as JSON; as a picture; and it says what it needs."""
    place = ["queue", str(folder), "--host", "a"]
    assert cli.main([*place, "--timeline"]) == 0
    head, *said = capsys.readouterr().out.splitlines()
    assert head == "a under store-and-forward, replication 0"
    assert said[0].split() == ["time", "messages", "incoming", "active", "in", "transfer", "deferred", "hold"]
    assert cli.main([*place, "--timeline", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["architecture"], data["replication"]) == ("store-and-forward", 0)
    assert len(data["steps"]) == len(said) - 1
    assert max(step["deferred"] for step in data["steps"]) > 2
    assert cli.main([*place, "--timeline", "--plot", str(folder / "a.png")]) == 0
    assert (folder / "a.png").stat().st_size > 1000
    assert cli.main(place) == 2
    assert "give --at, or --timeline" in capsys.readouterr().err
    assert cli.main([*place, "--at", "1 h", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {(one["architecture"], one["replication"]) for one in listed} == {("store-and-forward", 0)}


@pytest.mark.parametrize("host", ["a", "b", "c"])
def test_the_states_add_up_to_the_queue(result: Result, host: str):
    """At each change, and what sleeps then is what the listing says sleeps."""
    steps = queue_timeline(result, host)
    assert (steps[list(STATES)].sum(axis="columns") == steps["messages"]).all()
    for at in [30.5 + 317.0 * step for step in range(1, 40)]:
        before = steps[steps["time_s"] <= at]
        listed = Counter(
            "deferred" if one.state == "deferred" else "in_transfer" if one.under_way else "active"
            for one in queue_at(result, host, at)
        )
        counted = {state: int(before[state].iloc[-1]) if len(before) else 0 for state in STATES}
        assert {state: n for state, n in counted.items() if n} == dict(listed), at


def test_mailq_lists_as_postfix_does():
    """The sender, why it waits, when it is tried again, the recipients; a star for what is active."""
    active = entry(message_id=2, queue_id="", state="active", reason="", next_s=None, recipients=("x@y", "z@y"))
    assert mailq([entry(), active], 86_400.0).splitlines() == [
        "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------",
        "A              2048             01:00:00 ann@a.example",
        "                                                      (4.4.1 no route to host)",
        "                                         next attempt 1d 01:00:00, in 01:00:00",
        "                                         bob@b.example",
        "",
        "m2*            2048             01:00:00 ann@a.example",
        "                                         x@y",
        "                                         z@y",
        "",
        "-- 4 Kbytes in 2 Requests.",
    ]


def test_an_empty_queue_is_said():
    """As Postfix says it; one message is a request."""
    assert mailq([], 0.0) == "Mail queue is empty\n"
    assert mailq([entry(size_bytes=10)], 0.0).endswith("-- 1 Kbytes in 1 Request.\n")


def test_recipients_with_quoted_spaces_are_one_each(tmp_path: Path):
    """They are listed as the messages have them."""
    to = ['"x y"@b.example', '"a\\"b c"@c.example', "bob@b.example"]
    letter = {"messages_at": [{"at": "11 min", "from": "ann@a.example", "to": to}]}
    text = SCENARIO.replace("{constant: {every: 3 min, size: 2 kB}}", json.dumps(letter))
    (tmp_path / "q.yaml").write_text(text)
    assert cli.main(["run", str(tmp_path / "q.yaml"), "--out", str(tmp_path / "out"), "--jobs", "1", "-q"]) == 0
    [waiting] = queue_at(read(tmp_path / "out"), "a", 3600.0)
    assert list(waiting.recipients) == to


def test_qshape_counts_recipients_by_domain_and_age():
    """The busiest domain first; the buckets are qshape's."""
    entries = [
        entry(arrived_s=0.0, recipients=("a@x", "b@X", "c@y")),
        entry(arrived_s=100_000.0 - 299.0),
        entry(arrived_s=100_000.0 - 300.0),
        entry(arrived_s=100_000.0 - 1280 * 60, recipients=("a@x",)),
    ]
    assert qshape(entries, 100_000.0).splitlines() == [
        "                                         T  5 10 20 40 80 160 320 640 1280 1280+",
        "                                  TOTAL  6  1  1  0  0  0   0   0   0    0     4",
        "                                      x  3  0  0  0  0  0   0   0   0    0     3",
        "                              b.example  2  1  1  0  0  0   0   0   0    0     0",
        "                                      y  1  0  0  0  0  0   0   0   0    0     1",
    ]


def test_a_name_too_long_for_qshape_shows_its_end():
    """As qshape cuts it: a plus sign, and what fits of the end, in lines of 80 columns."""
    line = qshape([entry(recipients=(f"a@{'x' * 60}.example",))], 3600.0).splitlines()[2]
    assert line.startswith("+xxx")
    assert (".example  1" in line, len(line)) == (True, 80)


def test_times_have_days_where_there_are_any():
    """Hours, minutes and seconds else."""
    assert [clock(time) for time in (0.0, 3661.4, 90_061.0)] == ["00:00:00", "01:01:01", "1d 01:01:01"]


@pytest.mark.parametrize(("mta", "word"), [("exim", "frozen"), ("zonemta", "suspended"), ("opensmtpd", "hold")])
def test_the_states_have_the_words_of_the_product(mta: str, word: str):
    """In a result as it is written, whose products are named by their types."""
    scenario = sim.loads(SCENARIO.replace("hosts: {", f"hosts: {{a: {{mta: {mta}}}, "))
    assert words_of(sim.run(scenario, replications=1), "a")["hold"] == word


def test_a_product_that_is_not_known_here_has_no_words():
    """Its result was written by a tree that had it."""
    result = sim.run(sim.loads(SCENARIO), replications=1)
    result.scenario["architectures"]["store-and-forward"]["hosts"]["a"]["mta"]["type"] = "Courier"
    with pytest.raises(ResultError, match=r"^a has a product that is not known here \(Courier\)"):
        words_of(result, "a")
