"""The scenarios that come with mtasim: each runs, and holds what it expects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

import sim
from sim.report.transcript import transcript
from sim.results.outcomes import Step
from sim.scenario.schema import schema

HOME = Path(__file__).resolve().parents[2] / "scenarios"
ALL = sorted(folder.name for folder in HOME.iterdir())
QUICK = {
    "arpanet-1972": {"replications": 2, "overrides": ["duration=1 d"]},
    "arpanet-to-bitnet-1986": {"replications": 1},
    "big-destination-down": {"replications": 1},
    "bounce-storm": {"replications": 1},
    "crash-and-duplicates": {"replications": 1},
    "one-cable": {"replications": 1},
    "pop3-or-imap": {"replications": 1, "overrides": ["duration=3 h"]},
}
"""What takes longest is held to its expectations on a part of its mail; whole in `make test-all`."""


def broken(name: str, *, overrides: Sequence[str] = (), **quick: int) -> list[str]:
    """The expectations of a scenario that do not hold."""
    scenario = sim.load(HOME / name / "scenario.yaml", overrides=overrides)
    assert scenario.expect
    return [check.expectation.text for check in sim.compare(scenario, **quick).checks if not check.holds]


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ALL if name != "scheduled-lines"])
def test_scenario_holds_what_it_expects(name: str):
    """Every expectation of the scenario; the test of the README has those of scheduled-lines."""
    assert broken(name, **QUICK.get(name, {})) == []


@pytest.mark.long
@pytest.mark.parametrize("name", QUICK)
def test_a_whole_scenario_holds_what_it_expects(name: str):
    """With all its replications and all its mail."""
    assert broken(name) == []


@pytest.mark.parametrize("name", ALL)
def test_scenario_is_explained(name: str):
    """A README with question, model and result."""
    text = (HOME / name / "README.md").read_text(encoding="utf-8")
    assert [heading in text for heading in ("## Question", "## Model", "## Result")] == [True] * 3


def test_the_courses_dialogue():
    """Slide 22: the same commands, and the same reply codes in the same order."""
    result = sim.run(sim.load(HOME / "course-transcript" / "scenario.yaml"))
    lines = transcript(result, 1).splitlines()
    commands = [line.removeprefix(">>> ") for line in lines if line.startswith(">>> ")]
    codes = [line[:3] for line in lines if line[:3].isdigit()]
    assert commands[:4] == [
        "HELO litp.ibp.fr",
        "MAIL FROM:<im@litp.ibp.fr>",
        "RCPT TO:<lo@artemis.ibp.fr>",
        "DATA",
    ]
    assert commands[-3:] == ["Ceci est un essai", ".", "QUIT"]
    assert codes == ["220", "250", "250", "250", "354", "250", "221"]
    assert "lo@artemis.ibp.fr... Sent" in lines


def test_the_courses_eight_steps():
    """Slides 13 to 15: each step is taken, none before the one before it, and the transcript ends with them."""
    result = sim.run(sim.load(HOME / "eight-steps" / "scenario.yaml"), architectures=["pop3"])
    (copy,) = result.copies.to_dict("records")
    times = [copy[step.column] for step in Step]
    assert times == sorted(times)
    assert [line.split()[1] for line in transcript(result, 1).splitlines()[-7:]] == [*Step]


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
def test_a_real_trace_over_a_real_network(shared: Path):
    """A week of a research institute's mail over Renater's lines: both architectures deliver it."""
    scenario = sim.load(
        HOME / "campus-trace" / "scenario.yaml",
        overrides=[
            f"network.graph={shared / 'data/topologies/zoo/Renater2004.graphml'}",
            f"workload.trace.file={shared / 'data/traces/email-Eu-core-temporal.txt.gz'}",
            "workload.trace.start=100 d",
            "replications=1",
        ],
    )
    comparison = sim.compare(scenario)
    assert [check.expectation.text for check in comparison.checks if not check.holds] == []


def test_real_messages_arrive_as_they_are(shared: Path):
    """The octets of real .eml files cross the links: the mailbox has each, below the fields that its way added."""
    from sim.mail.content import canonical  # noqa: PLC0415
    from sim.world.simulation import Simulation  # noqa: PLC0415

    folder = shared / "data" / "messages"
    scenario = sim.load(
        HOME / "two-hosts" / "scenario.yaml",
        overrides=[f"workload={{messages: {folder}}}", "dialogues=true", "expect=[]"],
    )
    world = Simulation(scenario, scenario.architectures["end-to-end"], 0, 1)
    world.run()
    found = [
        content for host in world.hosts.values() for contents in host.custody.mailboxes.values() for content in contents
    ]
    sent = [canonical(file.read_bytes()) for file in sorted(folder.glob("*.eml"))]
    assert all(any(content.endswith(original) for content in found) for original in sent)
    assert len(found) == len(sent)


@pytest.mark.parametrize("version", [(1, 1), (1, 2)])
@pytest.mark.parametrize("file", sorted(HOME.rglob("*.yaml")), ids=lambda file: file.parent.name)
def test_the_schema_takes_each_by_either_yaml(file: Path, version: tuple[int, int]):
    """Editors read YAML 1.1 or 1.2: what is `no` in the one is text in the other."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    data = json.loads(json.dumps(yaml.load(file.read_text(encoding="utf-8")), default=str))
    jsonschema.Draft202012Validator(schema()).validate(data)
