"""What the resolution of a scenario finds: problems at their places, and notes."""

from __future__ import annotations

from collections.abc import Collection

from sim.scenario.errors import Problem
from sim.scenario.names import unknown
from sim.scenario.source import Document, Path


class Findings:
    """Collects problems and notes while a form is resolved.

    `holes` are the paths of parts that were refused already and are not in the form: where they may be the reason, a
    problem is not reported.
    """

    def __init__(self, document: Document, holes: Collection[Path]) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._document = document
        self._holes = tuple(holes)

    def error(self, path: Path, message: str) -> None:
        """Report a problem at a path, once: many hosts may have it from one place."""
        problem = self._document.at(path).problem(message)
        if problem not in self.problems:
            self.problems.append(problem)

    def note(self, text: str) -> None:
        """Say something that is no mistake but worth knowing, once."""
        if text not in self.notes:
            self.notes.append(text)

    def whole(self, *path: str) -> bool:
        """Whether nothing was refused at this path, above it, or just below it."""
        size = len(path)
        return not any(
            hole == path[: len(hole)] or (hole[:size] == path and len(hole) == size + 1) for hole in self._holes
        )

    def untouched(self, *path: str) -> bool:
        """Whether nothing was refused at this path, above or anywhere below it."""
        return not any(hole == path[: len(hole)] or hole[: len(path)] == path for hole in self._holes)

    def known(self, path: Path, what: str, name: str, allowed: Collection[str], *, whole: bool) -> bool:
        """Whether the name is one of the allowed ones; if not, and if the allowed ones are all known, report it."""
        if name not in allowed and whole:
            self.error(path, unknown(what, name, allowed))
        return name in allowed
