"""The command that prints a host's queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sim.cli.common import DONE, AsJson, ResultFolder, UsageError, Whole, made_of, put

if TYPE_CHECKING:
    from sim.results.store import Result


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class QueueOptions:
    """Which queue, and what of it."""

    host: Annotated[str, Parameter(help="Whose queue.")]
    at: Annotated[str | None, Parameter(help="When, from the start of the run, e.g. 90 min.")] = None
    qshape: Annotated[bool, Parameter(negative="", help="Count by domain and age instead of listing.")] = False
    timeline: Annotated[bool, Parameter(negative="", help="Count by state over the whole run.")] = False
    plot: Annotated[Path | None, Parameter(help="Draw the timeline into this file (.png, .svg or .pdf).")] = None
    as_json: AsJson = False
    architecture: str | None = None
    replication: Whole | None = None


def queue(result: ResultFolder, options: QueueOptions) -> int:
    """Print a host's queue at a time as `mailq` does, with each message's next attempt; or as `qshape` does.

    With --timeline, how many messages stood in which state from each change on.
    """
    with made_of(result):
        return _queue(result, options)


def _queue(result: Path, options: QueueOptions) -> int:
    from sim.results.store import read

    if options.timeline or options.plot is not None:
        return _timeline(read(result), options)
    if options.at is None:
        raise UsageError("no time to look at: give --at, or --timeline for the whole run")
    from sim.report import mailq as report_of
    from sim.results.queue_state import queue_at, run_of
    from sim.scenario.quantity import DURATION

    try:
        now = DURATION.parse(options.at)
    except ValueError as error:
        raise UsageError(f"--at {error}") from error
    found = read(result)
    run = run_of(found, options.architecture, options.replication, options.host)
    entries = queue_at(found, options.host, now, **run)
    if options.as_json:
        put(json.dumps([{**run, **asdict(entry)} for entry in entries]))
    else:
        put(f"{_heading(options.host, run)}, at {report_of.clock(now)}")
        put((report_of.qshape if options.qshape else report_of.mailq)(entries, now), end="")
    return DONE


def _heading(host: str, run: Mapping[str, object]) -> str:
    return f"{host} under {run['architecture']}, replication {run['replication']}"


def _timeline(result: Result, options: QueueOptions) -> int:
    from sim.results.queue_state import run_of
    from sim.results.queue_timeline import acts_on, queue_timeline, words_of

    run = run_of(result, options.architecture, options.replication, options.host)
    steps = queue_timeline(result, options.host, **run)
    words = words_of(result, options.host, options.architecture)
    acts = acts_on(result, options.host, **run)
    if options.plot is not None:
        from sim.report.plots import queue_states
        from sim.results.store import writing

        with writing(options.plot):
            queue_states(steps, words).figure.canvas.figure.savefig(options.plot)
        put(options.plot)
    elif options.as_json:
        put(
            json.dumps(
                {
                    "host": options.host,
                    **run,
                    "words": words,
                    "steps": steps.to_dict("records"),
                    "acts": acts.to_dict("records"),
                }
            )
        )
    else:
        from sim.report.mailq import timeline

        put(_heading(options.host, run))
        put(timeline(steps, words, acts), end="")
    return DONE
