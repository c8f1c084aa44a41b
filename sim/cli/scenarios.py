"""The commands about scenario files: check, show, schema, and the scenarios that come with mtasim."""

# ruff: noqa: PLC0415 - what only one command needs is loaded by that command

from __future__ import annotations

import json
import sys
from pathlib import Path

from cyclopts import App

from sim.cli.common import DONE, Overrides, ScenarioFile, UsageError, put, read_scenario
from sim.scenario.names import counted

scenarios = App(name="scenarios", help="The scenarios that come with mtasim.")


def check(scenario: ScenarioFile, *, overrides: Overrides = ()) -> int:
    """Check a scenario file; say every mistake in it."""
    spec = read_scenario(scenario, overrides, quiet=False)
    parts = {"node": spec.network.nodes, "link": spec.network.links, "domain": spec.domains}
    parts["architecture"] = spec.architectures
    put(f"{scenario}: fine: {', '.join(counted(len(what), name) for name, what in parts.items())}")
    return DONE


def show(scenario: ScenarioFile, *, overrides: Overrides = ()) -> int:
    """Print a scenario in full, after its defaults, as a scenario file."""
    from sim.scenario.show import show as text

    # As it is, for it is to be loaded again; YAML writes control characters out by itself.
    sys.stdout.write(text(read_scenario(scenario, overrides, quiet=False)))
    return DONE


def schema() -> int:
    """Print the JSON schema of scenario files."""
    from sim.scenario.schema import schema as of_files

    put(json.dumps(of_files(), indent=2))
    return DONE


@scenarios.command(name="list")
def list_scenarios() -> int:
    """List the scenarios with their titles."""
    for folder in _shipped():
        title = next((line.removeprefix("title:").strip() for line in _lines(folder) if line.startswith("title:")), "")
        put(f"{folder.name:20} {title}")
    return DONE


@scenarios.command
def copy(name: str, target: Path | None = None) -> int:
    """Copy a scenario's folder, to change it."""
    import shutil

    known = {folder.name: folder for folder in _shipped()}
    if name not in known:
        raise UsageError(f"no scenario {name!r}: there are {', '.join(known)}")
    place = target or Path(name)
    if place.exists():
        raise UsageError(f"{place}: exists already: name another folder")
    shutil.copytree(known[name], place)
    put(place)
    return DONE


def _shipped() -> list[Path]:
    package = Path(__file__).parent.parent
    home = next(folder for folder in (package / "_scenarios", package.parent / "scenarios") if folder.is_dir())
    return sorted(file.parent for file in home.glob("*/scenario.yaml"))


def _lines(folder: Path) -> list[str]:
    return (folder / "scenario.yaml").read_text(encoding="utf-8").splitlines()
