"""The command with its subcommands, and what becomes of an error."""

from __future__ import annotations

import logging
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence

from cyclopts import App, CycloptsError

from sim.cli.check import check
from sim.cli.common import DEFECT, DONE, INTERRUPTED, USAGE, UsageError, tell
from sim.cli.compare import compare
from sim.cli.fetch import fetch
from sim.cli.queue import queue
from sim.cli.report import report
from sim.cli.route import route
from sim.cli.run import run
from sim.cli.scenarios import scenarios
from sim.cli.schema import schema
from sim.cli.send import send
from sim.cli.serve import serve
from sim.cli.session import session
from sim.cli.show import show
from sim.cli.transcript import transcript


def _version() -> str:
    import platform
    from importlib.metadata import version

    parts = [f"{name} {version(name)}" for name in ("mtasim", "simpy", "numpy")]
    return f"{parts[0]} ({', '.join([*parts[1:], f'Python {platform.python_version()}'])})"


app = App(
    name="mtasim",
    help="Simulate mail networks whose hosts speak real SMTP.",
    help_epilogue=(
        "Exit status: 0 done, 1 an expectation failed, 2 usage or a bad scenario, "
        "70 a defect of mtasim, 130 interrupted; of send, 69 a permanent failure and 75 a temporary one."
    ),
    version=_version,
    suppress_keyboard_interrupt=False,
)
for _subcommand in (
    check,
    compare,
    fetch,
    queue,
    report,
    route,
    run,
    scenarios,
    schema,
    send,
    serve,
    session,
    show,
    transcript,
):
    app.command(_subcommand)


def main(arguments: Sequence[str] | None = None, interrupted: Callable[[], bool] = lambda: False) -> int:
    """Run the command and give its exit status.

    Args:
        arguments: instead of those of the process.
        interrupted: whether Ctrl-C was pressed; some libraries make another error of it.
    """
    _quieten_libraries()
    try:
        return int(app(arguments, exit_on_error=False, print_error=False, result_action="return_value") or DONE)
    except CycloptsError as error:
        tell(" ".join(str(error).split()))
        return USAGE
    except KeyboardInterrupt:
        tell("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except Exception as error:  # noqa: BLE001 - the last one to hear of an error must not fail
        words = "interrupted" if interrupted() else _for_the_user(error)
        if words:
            tell(words)
            return INTERRUPTED if interrupted() else USAGE
        traceback.print_exc()
        tell("This is a defect of mtasim. Please report it with the lines above and the scenario file.")
        return DEFECT


def _quieten_libraries() -> None:
    """Keep to the program's own words: what libraries say of glyphs, callbacks and connections is for developers."""
    warnings.filterwarnings("ignore", message="Glyph .* missing from")
    for library in ("asyncio", "distributed", "matplotlib", "tornado"):
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)


def _for_the_user(error: Exception) -> str:
    """What to say of an error that is the user's to mend, or his machine's; nothing of a defect."""
    from sim.live.errors import LiveError
    from sim.results.store import ResultError
    from sim.scenario.errors import ScenarioError
    from sim.scenario.inputs import InputError
    from sim.scenario.spec.limits import LimitError
    from sim.study.workers import WorkerError

    if isinstance(error, OSError):
        return f"{error.filename or type(error).__name__}: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "there is not enough memory: make the scenario smaller, or give fewer --jobs"
    ours = (UsageError, LiveError, ScenarioError, ResultError, InputError, LimitError, WorkerError)
    return str(error) if isinstance(error, ours) else ""
