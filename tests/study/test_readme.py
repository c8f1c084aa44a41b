"""The README says what is: its scenario is a shipped one, its output is that scenario's, its Python runs."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

import sim
from sim import cli
from sim.report.table import text
from sim.scenario.load import loads
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix
from sim.scenario.quantity import format_duration
from sim.scenario.spec import IDLE, MAIL_PROGRAMS, TIMES
from sim.scenario.spec.devices import Usual

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, after: str = "") -> str:
    """The first fenced block of a language behind some words."""
    return re.search(rf"```{language}\n(.*?)```", README[README.index(after) :], re.DOTALL)[1]


def test_scenario_is_the_shipped_one():
    """Twenty lines that can be run."""
    assert block("yaml") == (ROOT / "scenarios" / "scheduled-lines" / "scenario.yaml").read_text(encoding="utf-8")
    assert len(block("yaml").splitlines()) <= 20


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
def test_output_is_what_it_prints():
    """To the letter, at 100 columns; and what the scenario expects holds."""
    comparison = sim.compare(sim.load(ROOT / "scenarios" / "scheduled-lines" / "scenario.yaml"))
    assert block("text") == text(comparison.result.summary, width=100)
    assert comparison.holds


def test_mistakes_are_said_as_shown(tmp_path: Path, monkeypatch, capsys):
    """The file of the README, and what check says of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.yaml").write_text(block("yaml", "names that do not exist"))
    assert cli.main(["check", "broken.yaml"]) == 2
    assert block("text", "names that do not exist") == "$ mtasim check broken.yaml\n" + capsys.readouterr().err


def test_hosts_can_be_as_shown():
    """The README's hosts and domains load over its network."""
    file = "network: {nodes: [paris, lyon], links: [{between: [paris, lyon]}]}\n" + block("yaml", "A host can play")
    hosts = loads(file).architectures["end-to-end"].hosts
    assert [type(host.mta).__name__ for host in hosts.values()] == ["Qmail", "Delays"]


def test_machines_can_be_as_shown():
    """The README's addresses, limits and times are settings that a host takes."""
    hosts = loads(block("yaml", "A host has what a machine has")).architectures["end-to-end"].hosts
    assert (len(hosts["paris"].addresses), hosts["nice"].sends_from, hosts["lyon"].sessions) == (2, "in-turn", 50)


def test_the_times_of_products_are_as_printed():
    """Each in a scenario's own words, beside what takes it."""
    printed = re.findall(r"^\| `\w+_time.*", README, re.MULTILINE)
    rows = [[cell.strip(" `") for cell in row.split("|")[1:-1]] for row in printed]
    assert tuple(row[0] for row in rows) == TIMES
    for column, product in ((2, Postfix()), (3, Exim())):
        said = ", ".join(f"{row[0]}: {row[column]}" for row in rows)
        [host] = loads(f"network: {{nodes: [a]}}\nhosts: {{a: {{{said}}}}}").architectures["end-to-end"].hosts.values()
        assert [getattr(host, time) for time in TIMES] == [getattr(product, time) for time in TIMES]


def test_users_can_be_as_shown():
    """The README's users load, rules and all."""
    people = sim.loads(block("yaml", "## Users")).domains["lyon.example"].people
    assert {name: list(user.devices) for name, user in people.items()} == {"bob": ["desk"], "eve": ["phone", "desk"]}


def test_what_mail_programs_do_is_as_printed():
    """How often each looks, and what it leaves, where nothing is said."""
    printed = re.findall(
        r"^\| `(\w+)` \| (.*) \|$",
        README[README.index("| `thunderbird`") : README.index("A device without")],
        re.MULTILINE,
    )
    rows = {name: [cell.strip() for cell in cells.split("|")] for name, cells in printed}
    assert rows == {name: [*_usual(by.get("imap")), *_usual(by.get("pop3"))] for name, by in MAIL_PROGRAMS.items()}


def _usual(usual: Usual | None) -> list[str]:
    """How often it looks, and whether it leaves mail, as the README says it."""
    if usual is None:
        return ["", ""]
    leaves = {None: "yes", "yes": "yes", "no": "no"}
    looks = "idle" if usual.check == IDLE else f"every {format_duration(usual.check)}"
    return [looks, leaves.get(usual.leave) or format_duration(usual.leave)]


def test_python_runs(monkeypatch):
    """From the project's folder."""
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block("python"), "README.md", "exec"), {})  # noqa: S102 - it is our own
    assert "delivered" in printed.getvalue()


@pytest.mark.slow
def test_a_scenario_made_in_python_runs_and_is_saved(tmp_path: Path, monkeypatch):
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)
    exec(compile(block("python", "A scenario can be made in Python"), "README.md", "exec"), {})  # noqa: S102 - our own
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "watts-strogatz.yaml"]


def test_weather_example_is_a_scenario(tmp_path: Path):
    """What the README says of weather can be said, with a trace beside it."""
    (tmp_path / "outages.csv").write_text("link,down_at,up_at\nparis-nice,1 h,2 h\n", encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(block("yml"), encoding="utf-8")
    scenario = sim.load(tmp_path / "scenario.yaml")
    assert [len(link.weather.down) for link in scenario.network.links] == [0, 1, 2]


PAGES = [page for page in ROOT.rglob("*.md") if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)]


def test_every_link_between_pages_leads_somewhere():
    """Relative links of README, ARCHITECTURE and the pages below."""
    links = [
        (page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert [f"{page.relative_to(ROOT)}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_the_architecture_is_read_in_a_quarter_of_an_hour():
    """What is generated and what is detail is said elsewhere: at most 15 kB here."""
    assert (ROOT / "ARCHITECTURE.md").stat().st_size <= 15_000
