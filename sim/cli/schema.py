"""The command that prints the JSON schema of scenario files."""

from __future__ import annotations

import json

from sim.cli.common import DONE, put


def schema() -> int:
    """Print the JSON schema of scenario files."""
    from sim.scenario.schema import schema as of_files

    put(json.dumps(of_files(), indent=2))
    return DONE
