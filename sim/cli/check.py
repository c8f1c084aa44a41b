"""The command that checks a scenario file."""

from __future__ import annotations

from sim.cli.common import DONE, Overrides, ScenarioFile, put, read_scenario
from sim.scenario.names import counted


def check(scenario: ScenarioFile, *, overrides: Overrides = ()) -> int:
    """Check a scenario file; say every mistake in it."""
    spec = read_scenario(scenario, overrides, quiet=False)
    parts = {"node": spec.network.nodes, "link": spec.network.links, "domain": spec.domains}
    parts["architecture"] = spec.architectures
    put(f"{scenario}: fine: {', '.join(counted(len(what), name) for name, what in parts.items())}")
    return DONE
