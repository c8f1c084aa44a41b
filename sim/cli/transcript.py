"""The command that prints a message's dialogues."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sim.cli.common import DONE, ResultFolder, Whole, made_of, put


def transcript(
    result: ResultFolder,
    message: Whole = 1,
    *,
    architecture: str | None = None,
    replication: Whole | None = None,
    full: Annotated[bool, Parameter(negative="", help="Print mail data whole.")] = False,
) -> int:
    """Print a message's dialogue with each relay, as `mail -v` does."""
    from sim.report.transcript import transcript as text
    from sim.results.store import read

    with made_of(result):
        said = text(read(result), message, full=full, architecture=architecture, replication=replication)
    put(said, end="")
    return DONE
