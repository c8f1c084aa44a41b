"""The command that writes the report of a result."""

from __future__ import annotations

from pathlib import Path

from sim.cli.common import DONE, ResultFolder, made_of, put


def report(result: ResultFolder, *, out: Path | None = None) -> int:
    """Write the report of a result: one HTML file with its figures, report.html in its folder by default."""
    from sim.report.html import write_report
    from sim.results.store import read

    path = out or result / "report.html"
    with made_of(result):
        write_report(read(result), path)
    put(path)
    return DONE
