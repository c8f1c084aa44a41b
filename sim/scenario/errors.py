"""What the loader says about a scenario file that it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

PRINTED: Final = 100
"""More mistakes than these are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake and where it stands; line and column count from 1, line 0 means the file (or option) as a whole."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}: {self.message}"


class ScenarioError(ValueError):
    """A scenario that cannot be used: all its problems at once, in the order of the file; its text has the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.line, p.column)))
        lines = [str(problem) for problem in self.problems[:PRINTED]]
        if len(self.problems) > PRINTED:
            lines.append(f"{self.problems[PRINTED].file}: {len(self.problems) - PRINTED} more mistakes like these")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        return ScenarioError, (self.problems,)
