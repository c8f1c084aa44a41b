"""What the commands have in common: exit statuses, options, and where words go."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO
from unicodedata import category

from cyclopts import Parameter, Token

if TYPE_CHECKING:
    from sim.scenario.spec import Scenario

DONE, EXPECTATION_FAILED, USAGE, DEFECT, INTERRUPTED = 0, 1, 2, 70, 130

ScenarioFile = Annotated[str, Parameter(help="A scenario file; - reads standard input.", allow_leading_hyphen=True)]
ResultFolder = Annotated[Path, Parameter(help="A folder that run or compare has written.")]
Overrides = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set", negative="", help="key=value: override a key of the scenario, e.g. network.graph=my.graphml."
    ),
]


def _whole(_type: type, tokens: Sequence[Token]) -> int:
    """The number that an option says, which is not to be rounded."""
    text = tokens[0].value
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f"not a whole number ({text})")
    return int(text)


Whole = Annotated[int, Parameter(converter=_whole)]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON instead of a table.")]
Quiet = Annotated[bool, Parameter(name=["-q", "--quiet"], negative="", help="No progress, no notes.")]


class UsageError(Exception):
    """The command was given something that it cannot do; one line that says what, and the cure."""


def printable(text: str) -> str:
    r"""The text with what would move the cursor, turn the line round or break it written out, e.g. as `\x1b`.

    It may come from mail, a result or a file's name that somebody else has made.
    """
    if text.isprintable():
        return text
    return "".join(
        [
            one
            if one.isprintable() or one in "\n\t" or category(one) == "Zs"
            else one.encode("unicode_escape").decode()
            for one in text
        ]
    )


def put(data: object, *, end: str = "\n") -> None:
    """Data, for stdout."""
    _write(sys.stdout, f"{printable(str(data))}{end}")


def tell(words: object) -> None:
    """Anything but data, for stderr."""
    _write(sys.stderr, f"{printable(str(words))}\n")


def _write(stream: TextIO, text: str) -> None:
    """Write a text, and write out what the stream's encoding has not."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def read_scenario(path: str, overrides: Sequence[str], *, quiet: bool) -> Scenario:
    """Read a scenario file; its notes are told unless it is to be quiet."""
    from sim.results.metrics import METRICS
    from sim.study.load import load

    spec = load(path, overrides=overrides, metrics=tuple(METRICS))
    if not quiet:
        for note in spec.notes:
            tell(f"note: {note}")
    return spec


@contextmanager
def made_of(folder: Path) -> Iterator[None]:
    """Work on a result that somebody else may have made, whose parts may not fit together."""
    from sim.results.store import ResultError

    try:
        with warnings.catch_warnings():
            # Of numbers that no plot or mean can make sense of.
            warnings.simplefilter("ignore")
            yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, RuntimeError, TypeError, ValueError) as error:
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ResultError(
            f"{folder}: its parts do not fit together ({why}): damaged, or of another version; run the scenario again"
        ) from error
