"""Saving a scenario as a file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from sim import arguments
from sim.scenario.show import show
from sim.scenario.spec import Scenario
from sim.scenario.spec.sources import Messages, Source, Trace


def save(scenario: Scenario, path: str | Path) -> None:
    """Write a scenario, every default filled in, as a file that loads back to it.

    The names of the files that it needs are written as seen from the new file's folder.

    Raises:
        TypeError: not a scenario, or not a path.
        OSError: the file cannot be written.
    """
    arguments.instance(scenario, Scenario, "a scenario", "what sim.load or sim.from_dict gives")
    file = arguments.path(path, "the file to write")
    file.write_text(show(_seen_from(file.parent, scenario)), encoding="utf-8")


def _seen_from(folder: Path, scenario: Scenario) -> Scenario:
    """The scenario with the names of its files as they are seen from another folder."""

    def seen(name: str) -> str:
        return os.path.relpath(scenario.folder / name, folder)

    def source(of: Source) -> Source:
        match of:
            case Trace():
                return replace(of, file=seen(of.file))
            case Messages():
                return replace(of, path=seen(of.path))
            case _:
                return of

    return replace(scenario, folder=folder, workload=tuple(map(source, scenario.workload)))
