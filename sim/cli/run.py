"""The command that runs a scenario, which `compare` does too."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sim.cli.common import (
    DONE,
    EXPECTATION_FAILED,
    AsJson,
    Overrides,
    Quiet,
    ScenarioFile,
    UsageError,
    Whole,
    printable,
    put,
    read_scenario,
    tell,
)

if TYPE_CHECKING:
    from sim.results.summary import Check


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What run and compare have in common."""

    out: Annotated[Path | None, Parameter(help="Result folder; reports/NAME by default.")] = None
    force: Annotated[bool, Parameter(negative="", help="Replace a result that is there.")] = False
    seed: Annotated[Whole | None, Parameter(help="Instead of the scenario's seed.")] = None
    replications: Annotated[Whole | None, Parameter(help="Instead of the scenario's number.")] = None
    jobs: Annotated[Whole, Parameter(help="Processes; 0 means one a core.")] = 0
    scheduler: Annotated[str, Parameter(help="Address of a Dask scheduler to use instead.")] = ""
    dialogues: Annotated[bool, Parameter(negative="", help="Record every line of every session.")] = False
    overrides: Overrides = ()
    as_json: AsJson = False
    quiet: Quiet = False
    verbose: Annotated[bool, Parameter(name=["-v", "--verbose"], negative="", help="Print every metric.")] = False


USUAL = StudyOptions()


def run(scenario: ScenarioFile, options: StudyOptions = USUAL) -> int:
    """Run a scenario; write its result folder and print its metrics."""
    return study(scenario, options, report=False)


def study(path: str, options: StudyOptions, *, report: bool) -> int:
    """Run a scenario, with a report or without; the exit status."""
    from sim.results.store import refuse_what_is_there, write
    from sim.scenario.spec.limits import raised
    from sim.scenario.spec.scenario import MOST_SEED
    from sim.study.comparison import compare as compared
    from sim.study.progress import shown

    if options.replications is not None and options.replications < 1:
        raise UsageError(f"--replications {options.replications}: at least 1 is needed")
    if options.seed is not None and not 0 <= options.seed <= MOST_SEED:
        raise UsageError(f"--seed {options.seed}: 0 or more is needed, and at most {MOST_SEED}")
    if options.jobs < 0:
        raise UsageError(f"--jobs {options.jobs}: 0 (one a core) or more is needed")
    overrides = [*options.overrides, *(["dialogues=true"] if options.dialogues else [])]
    spec = read_scenario(path, overrides, quiet=options.quiet)
    out = options.out or Path("reports") / _name(path)
    if options.replications is not None and options.replications > spec.limits.replications:
        raise UsageError(
            f"--replications {options.replications}: too many: {raised('replications', spec.limits)} in the scenario"
        )
    refuse_what_is_there(out, force=options.force)
    with shown(printable(spec.title or _name(path)), quiet=options.quiet) as progress:
        comparison = compared(
            spec,
            seed=options.seed,
            replications=options.replications,
            jobs=options.jobs,
            scheduler=options.scheduler,
            progress=progress,
            killed=tell,
            command=sys.argv[1:],
        )
    page = {}
    if report:
        from sim.report.html import render

        page["report.html"] = render(comparison.result, checks=comparison.checks)
    write(comparison.result, out, force=options.force, also=page)
    if options.as_json:
        put(json.dumps(comparison.result.summary, indent=2))
    else:
        from sim.report.table import text

        width = get_terminal_size((100, 24)).columns
        put(text(comparison.result.summary, every=options.verbose, width=max(width, 80)), end="")
    if not options.quiet:
        tell(f"result: {out}{'; report: ' + str(out / 'report.html') if report else ''}")
    return _say_checks(comparison.checks)


def _name(path: str) -> str:
    file = Path(path)
    if path == "-":
        return "stdin"
    return file.resolve().parent.name if file.stem == "scenario" else file.stem


def _say_checks(checks: Sequence[Check]) -> int:
    for item in checks:
        verdict = "holds" if item.holds else "does NOT hold"
        tell(f"expected {item.expectation.text}: {verdict} ({item.left:.6g}, {item.right:.6g})")
    return DONE if all(item.holds for item in checks) else EXPECTATION_FAILED
