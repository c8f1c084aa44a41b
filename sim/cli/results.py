"""The commands that read a result folder: report, transcript and queue."""

# ruff: noqa: PLC0415 - what only one command needs is loaded by that command

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sim.cli.common import DONE, ResultFolder, UsageError, put


def report(result: ResultFolder, *, out: Path | None = None) -> int:
    """Write the report of a result: one HTML file with its figures, report.html in its folder by default."""
    from sim.report.html import write_report
    from sim.results.store import read

    path = out or result / "report.html"
    write_report(read(result), path)
    put(path)
    return DONE


def transcript(
    result: ResultFolder,
    message: int = 1,
    *,
    architecture: str | None = None,
    replication: int | None = None,
    full: Annotated[bool, Parameter(negative="", help="Print mail data whole.")] = False,
) -> int:
    """Print a message's dialogue with each relay, as `mail -v` does."""
    from sim.report.transcript import transcript as text
    from sim.results.store import read

    put(text(read(result), message, full=full, architecture=architecture, replication=replication), end="")
    return DONE


def queue(
    result: ResultFolder,
    *,
    host: Annotated[str, Parameter(help="Whose queue.")],
    at: Annotated[str, Parameter(help="When, from the start of the run, e.g. 90 min.")],
    qshape: Annotated[bool, Parameter(negative="", help="Count by domain and age instead of listing.")] = False,
    architecture: str | None = None,
    replication: int | None = None,
) -> int:
    """Print a host's queue at a time as `mailq` does, with each message's next attempt; or as `qshape` does."""
    from sim.report import mailq as report_of
    from sim.results.queue_state import queue_at
    from sim.results.store import read
    from sim.scenario.quantity import DURATION

    try:
        now = DURATION.parse(at)
    except ValueError as error:
        raise UsageError(f"--at {error}") from error
    entries = queue_at(read(result), host, now, architecture=architecture, replication=replication)
    put((report_of.qshape if qshape else report_of.mailq)(entries, now), end="")
    return DONE
