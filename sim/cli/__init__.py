"""The command `mtasim`: stdout is data, stderr is progress and log.

Exit status: 0 done, 1 an expectation failed, 2 usage or a bad scenario, 70 a defect of mtasim, 130 interrupted; of
`send`, 69 a permanent failure and 75 a temporary one.
"""

from __future__ import annotations

from sim.cli.command import main

__all__ = ["main"]
