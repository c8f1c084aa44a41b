"""The command that prints a scenario in full."""

from __future__ import annotations

import sys

from sim.cli.common import DONE, Overrides, ScenarioFile, read_scenario


def show(scenario: ScenarioFile, *, overrides: Overrides = ()) -> int:
    """Print a scenario in full, after its defaults, as a scenario file."""
    from sim.scenario.show import show as text

    # As it is, for it is to be loaded again; YAML writes control characters out by itself.
    sys.stdout.write(text(read_scenario(scenario, overrides, quiet=False)))
    return DONE
