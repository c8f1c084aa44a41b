"""How far a study is, said on stderr: a bar on a terminal or in a notebook, plain lines at growing intervals elsewhere.

In a notebook rich draws its bar by ipywidgets; where that is not installed there are lines.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TextIO

from sim.study.execute import Progress, unheard


def _in_notebook() -> bool:
    from rich.console import Console  # noqa: PLC0415 - loaded when somebody runs a study

    return Console().is_jupyter


@contextmanager
def shown(title: str, *, quiet: bool | None = None, stream: TextIO | None = None) -> Iterator[Progress]:
    """Show the progress of a study while it runs; quiet shows nothing, and None shows it in notebooks alone."""
    out = stream or sys.stderr
    if quiet or (quiet is None and not _in_notebook()):
        yield unheard
    elif out.isatty() or (_in_notebook() and find_spec("ipywidgets") is not None):
        with _bar(title, out) as tell:
            yield tell
    else:
        yield _lines(title, out, time.monotonic)


@contextmanager
def _bar(title: str, out: TextIO) -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415 - loaded when there is a terminal to draw on
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=out), refresh_per_second=4) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(title: str, out: TextIO, clock: Callable[[], float]) -> Progress:
    """A line after 2 s, then whenever the time since the start has grown by half, and one at the end."""
    started = clock()
    due = 2.0

    def tell(done: int, total: int) -> None:
        nonlocal due
        elapsed = clock() - started
        if elapsed >= due or done == total:
            due = elapsed * 1.5
            out.write(f"{title}: {done} of {total} runs after {elapsed:.0f} s\n")
            out.flush()

    return tell
