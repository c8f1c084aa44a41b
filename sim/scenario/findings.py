"""What the resolution of a scenario finds: problems at their places, and notes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sim.scenario.errors import PRINTED, Problem
from sim.scenario.names import some, unknown
from sim.scenario.source import Document, Path


class Findings:
    """Collects problems and notes while a form is resolved.

    `holes` are the paths of parts that were refused already and are not in the form: where they may be the reason, a
    problem is not reported. `hosts` are those of the scenario, and whether these are all.
    """

    def __init__(self, document: Document, holes: Collection[Path]) -> None:
        self._problems: dict[Problem, None] = {}
        self.notes: list[str] = []
        self._document = document
        self._holes = frozenset(holes)
        self._parents = {hole[:-1] for hole in holes if hole}
        self.hosts: Collection[str] = ()
        self.has_all_hosts = False
        self._above = {hole[:size] for hole in holes for size in range(len(hole))}

    def error(self, path: Path, message: str) -> None:
        """Report a problem at a path, once: many hosts may have it from one place."""
        self._problems[self._document.at(path).problem(message)] = None

    def error_in_text(self, path: Path, line: int, message: str) -> None:
        """Report a problem in a line, from 1, of a text at a path: there, where the file has the text line by line."""
        place = self._document.at(path)
        where = f" (line {line} of the text)" if not place.is_block else ""
        self._problems[place.below(line).problem(message + where)] = None

    @property
    def problems(self) -> list[Problem]:
        """What was reported, in order."""
        return list(self._problems)

    def note(self, text: str) -> None:
        """Say something that is no mistake but worth knowing, once."""
        if text not in self.notes:
            self.notes.append(text)

    def warn(self, paths: Sequence[Path], text: str) -> None:
        """Say something that is no mistake, but looks like one, and where: at the first of the paths that is there."""
        there = (path for path in paths if len(self._document.resolve(path)) == len(path))
        self.note(str(self._document.at(next(there, paths[-1])).problem(text)))

    def whole(self, *path: str) -> bool:
        """Whether nothing was refused at this path, above it, or just below it."""
        return not (self._gone(path) or path in self._parents)

    def untouched(self, *path: str) -> bool:
        """Whether nothing was refused at this path, above or anywhere below it."""
        return not (self._gone(path) or path in self._above)

    def _gone(self, path: Path) -> bool:
        """Whether a part was refused that is at the path or holds it."""
        return any(path[:size] in self._holes for size in range(len(path) + 1))

    def known(self, path: Path, what: str, name: str, allowed: Collection[str], *, whole: bool) -> bool:
        """Whether the name is one of the scenario's; if not, and if these are all known, report it."""
        if name not in allowed and whole:
            self.error(path, self.unknown(what, name, allowed))
        return name in allowed

    def meet_hosts(self, hosts: Collection[str], *, whole: bool) -> None:
        """From now on these are known as the scenario's hosts, which are all there are where they are `whole`."""
        self.hosts, self.has_all_hosts = hosts, whole

    def host(self, path: Path, name: str) -> bool:
        """Whether a host is one of the scenario's; if not, and if these are all known, report it."""
        return self.known(path, "host", name, self.hosts, whole=self.has_all_hosts)

    def unknown(self, what: str, name: str, allowed: Collection[str]) -> str:
        """The message about a name that the scenario does not have.

        The nearest one is looked for as long as the message is one of the few that are printed.
        """
        return unknown(what, name, allowed, some, near=len(self._problems) < PRINTED)
