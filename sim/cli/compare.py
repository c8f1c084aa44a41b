"""The command that compares the architectures of a scenario."""

from __future__ import annotations

from sim.cli.common import ScenarioFile
from sim.cli.run import USUAL, StudyOptions, study


def compare(scenario: ScenarioFile, options: StudyOptions = USUAL) -> int:
    """Run a scenario's architectures under the same mail and weather; print what differs and write report.html."""
    return study(scenario, options, report=True)
