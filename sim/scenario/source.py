"""The text of a scenario: YAML to plain values, with the line and column of every key and value.

The YAML is composed by ruamel.yaml into nodes that know their marks; the values (dict, list, str, int, float, bool,
None) and a tree of the same shape that holds the places are made from those. An alias stands where its anchor stands.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.inputs import printable
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import KEY, Step

Path = tuple[Step, ...]

_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True)
class Place:
    """Where a value stands, where the keys of a mapping stand, and the places of its parts.

    Attributes:
        is_block: whether it is a text whose lines are lines of the file, below the first: `key: |`.
    """

    file: str
    line: int = 0
    column: int = 0
    keys: dict[Step, Place] = field(default_factory=dict)
    parts: dict[Step, Place] = field(default_factory=dict)
    is_block: bool = False

    def below(self, line: int) -> Place:
        """The place of a line of a text, from 1; the text's where its lines are none of the file."""
        return Place(self.file, self.line + line, 1) if self.is_block else self

    def problem(self, message: str) -> Problem:
        """A problem here."""
        return Problem(self.file, self.line, self.column, message)


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a scenario file and their places; `problems` are those of the YAML that leave the rest readable."""

    data: object
    place: Place
    problems: tuple[Problem, ...] = ()

    def resolve(self, path: Path) -> Path:
        """The steps of a path that the file really has.

        A step that is not there is passed over, so that the path of a value which was written in a short form leads
        to that form.
        """
        place, found = self.place, list[Step]()
        for step in path:
            name = _key_of(place, step)
            if name is not None:
                found.append(name)
                place = place.parts[name]
        return tuple(found)

    def at(self, path: Path) -> Place:
        """The place of the value at a path, or of its key when the path ends with `KEY`; else of what encloses it."""
        wanted = path[:-1] if path[-1:] == (KEY,) else path
        steps = self.resolve(wanted)
        parent = place = self.place
        for step in steps:
            parent, place = place, place.parts[step]
        if wanted != path and steps and str(steps[-1]) == str(wanted[-1]):
            return parent.keys.get(steps[-1], place)
        return place

    def without(self, paths: Iterable[Path]) -> Document:
        """The document without the values at these paths."""
        data, place = _pruned(self.data, self.place, {path for path in paths if path})
        return Document(data, place, self.problems)


def _key_of(place: Place, step: Step) -> Step | None:
    if step in place.parts:
        return step
    if isinstance(step, str) and step.isdecimal() and len(step) < 20 and int(step) in place.keys:
        return int(step)
    return None


def _pruned(data: object, place: Place, doomed: set[Path]) -> tuple[object, Place]:
    if not doomed or not isinstance(data, dict | list):
        return data, place
    kept: dict[Step, tuple[object, Place]] = {}
    below: dict[Step, set[Path]] = {}
    for path in doomed:
        below.setdefault(path[0], set()).add(path[1:])
    items: Iterable[tuple[Step, object]] = data.items() if isinstance(data, dict) else enumerate(data)
    for step, value in items:
        if (step,) not in doomed:
            kept[step] = _pruned(value, place.parts[step], below.get(step, set()))
    values = [value for value, _ in kept.values()]
    steps = kept if isinstance(data, dict) else range(len(kept))
    parts = dict(zip(steps, (part for _, part in kept.values()), strict=True))
    left: object = dict(zip(kept, values, strict=True)) if isinstance(data, dict) else values
    return left, Place(place.file, place.line, place.column, place.keys, parts)


def read(text: str, file: str) -> Document:
    """The values and places of a YAML text.

    Raises:
        ScenarioError: not YAML.
    """

    def place(line: int, column: int) -> Place:
        return Place(file, line, column)

    return _read(text, place)


def _read(text: str, place: Callable[[int, int], Place]) -> Document:
    try:
        with warnings.catch_warnings(action="ignore"):
            node = YAML(typ="rt").compose(text)
        reader = _Reader(place)
        data, root = reader.value(node) if node is not None else (None, place(1, 1))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = place(mark.line + 1, mark.column + 1) if mark else place(1, 1)
        raise ScenarioError([where.problem(f"not YAML: {_sentence(error)}")]) from None
    except ReaderError as error:
        before = text[: error.position]
        where = place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ScenarioError(
            [where.problem(f"not YAML: this character is not allowed (#x{ord(text[error.position]):04x})")]
        ) from None
    except RecursionError:
        raise ScenarioError([place(1, 1).problem("not readable: it is nested too deeply")]) from None
    except YAMLError as error:
        raise ScenarioError([place(1, 1).problem(f"not YAML: {' '.join(printable(str(error)).split())}")]) from None
    return Document(data, root, tuple(reader.problems))


def _sentence(error: MarkedYAMLError) -> str:
    parts = [part for part in (error.problem, error.context) if part]
    return " ".join(", ".join(parts).split())


class _Reader:
    """Makes values and places of nodes; keeps the problems that it meets."""

    def __init__(self, place: Callable[[int, int], Place]) -> None:
        self.problems: list[Problem] = []
        self._place = place
        self._done: dict[int, tuple[object, Place]] = {}
        self._open: set[int] = set()

    def value(self, node: Node) -> tuple[object, Place]:
        """The node's value and place."""
        known = self._done.get(id(node))
        if known is not None:
            return known
        place = self._place(node.start_mark.line + 1, node.start_mark.column + 1)
        if id(node) in self._open:
            self.problems.append(
                place.problem("an anchor that contains itself: allowed are aliases of finished values")
            )
            return None, place
        self._open.add(id(node))
        data = self._content(node, place)
        self._open.discard(id(node))
        self._done[id(node)] = data, place
        return data, place

    def _content(self, node: Node, place: Place) -> object:
        if isinstance(node, ScalarNode):
            place.is_block = node.style == "|" and place.line > 0
            return self._scalar(node, place)
        if str(node.tag) not in _COLLECTIONS:
            self._no_tag(node, place)
        if isinstance(node, MappingNode):
            return self._mapping(node, place)
        data = []
        for index, item in enumerate(node.value):
            value, place.parts[index] = self.value(item)
            data.append(value)
        return data

    def _mapping(self, node: MappingNode, place: Place) -> dict[Any, object]:
        own: dict[Step, object] = {}
        merged: dict[Step, object] = {}
        seen: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key, key_place = self.value(key_node)
            value, value_place = self.value(value_node)
            if key_node.tag == f"{_TAG}merge":
                self._merge(value, value_place, merged, place)
            elif not isinstance(key, str | int) or isinstance(key, bool):
                self.problems.append(key_place.problem(f"not a key ({shown(key)}): allowed is text, or a whole number"))
            elif str(key) in seen:
                first = seen[str(key)].line
                self.problems.append(
                    key_place.problem(
                        f"this key is there twice ({shown(key)}, first on line {first}): allowed is each key once"
                    )
                )
            else:
                seen[str(key)] = place.keys[key] = key_place
                place.parts[key] = value_place
                own[key] = value
        return merged | own

    def _merge(self, value: object, source: Place, merged: dict[Step, object], place: Place) -> None:
        """Take over what `<<` refers to: a mapping, or a list of them of which the first wins."""
        maps = [(value, source)] if isinstance(value, dict) else []
        if isinstance(value, list):
            maps = [(item, source.parts[index]) for index, item in enumerate(value)]
        if not maps or not all(isinstance(item, dict) for item, _ in maps):
            self.problems.append(
                source.problem(f"<< needs a mapping ({shown(value)}): allowed is an alias of one, or a list of them")
            )
            return
        for item, origin in maps:
            for key, part in item.items():
                merged.setdefault(key, part)
                place.keys.setdefault(key, origin.keys[key])
                place.parts.setdefault(key, origin.parts[key])

    def _scalar(self, node: ScalarNode, place: Place) -> object:
        read = _SCALARS.get(str(node.tag))
        if read is None:
            self._no_tag(node, place)
            return None
        try:
            return read(node.value)
        except ValueError:
            self.problems.append(
                place.problem(f"not a number that can be read ({shown(node.value)}): put text in quotes")
            )
            return None

    def _no_tag(self, node: Node, place: Place) -> None:
        self.problems.append(place.problem(f"unknown tag ({shown(node.tag)}): allowed are plain values without a tag"))


_COLLECTIONS = (f"{_TAG}map", f"{_TAG}seq")
_LONGEST_NUMBER = 100
"""More digits than these are no number that anybody means."""


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("too long")
    digits = text.replace("_", "").lower()
    body = digits.lstrip("+-")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(body[:2], 10)
    return int(digits, base)


def _float(text: str) -> float:
    return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))


def _text(text: str) -> str:
    """The text, in which pairs of escapes as JSON writes them (RFC 8259 section 7) are one character each."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


_SCALARS: Mapping[str, Callable[[str], object]] = {
    f"{_TAG}str": _text,
    f"{_TAG}int": _integer,
    f"{_TAG}float": _float,
    f"{_TAG}bool": lambda text: text.lower() in {"true", "yes", "on", "y"},
    f"{_TAG}null": lambda _text: None,
    f"{_TAG}timestamp": str,
    f"{_TAG}merge": str,
    f"{_TAG}value": str,
}


def override(document: Document, option: str) -> Document:
    """The document with one value replaced as an option `a.b=value` says; the value is YAML.

    A step may be a key, a key with dots in it that the mapping has, or the index of a list.

    Raises:
        ScenarioError: not of that form, not YAML, or a step below something that has no keys.
    """
    here = Place(f"--set {option}")
    path, equals, text = option.partition("=")
    if not equals or not path.strip():
        raise ScenarioError(
            [
                here.problem(
                    f"not an assignment ({shown(option)}): allowed is KEY=VALUE, as in network.link_defaults.loss=1 %"
                )
            ]
        )
    new = _read(text, lambda _line, _column: Place(here.file))
    data, place = _assigned(document.data, document.place, path.strip().split("."), new, here)
    return Document(data, place, document.problems + new.problems)


def _assigned(data: object, place: Place, words: list[str], new: Document, here: Place) -> tuple[object, Place]:
    if not words:
        return new.data, new.place
    if data is None:
        data = {}
    step: Step
    if isinstance(data, list):
        step, rest = _index(data, words, here), words[1:]
    elif isinstance(data, dict):
        step, rest = _longest_key(data, words)
    else:
        raise ScenarioError(
            [here.problem(f"{words[0]} stands below a plain value ({shown(data)}): allowed is a key of a mapping")]
        )
    old = dict[Step, object](enumerate(data)).get(step) if isinstance(data, list) else data.get(step)
    value, part = _assigned(old, place.parts.get(step, here), rest, new, here)
    changed = Place(place.file, place.line, place.column, {**place.keys, step: here}, {**place.parts, step: part})
    if isinstance(data, list):
        return [value if index == step else item for index, item in enumerate(data)], changed
    return {**data, step: value}, changed


def _index(data: list[Any], words: list[str], here: Place) -> int:
    index = int(words[0]) if words[0].isdecimal() and len(words[0]) < 10 else -1
    if not 0 <= index < len(data):
        raise ScenarioError(
            [here.problem(f"no such item of a list ({shown(words[0])}): allowed are 0 to {len(data) - 1}")]
        )
    return index


def _longest_key(data: dict[Any, object], words: list[str]) -> tuple[Step, list[str]]:
    names = {str(key): key for key in data}
    for count in range(len(words), 0, -1):
        name = ".".join(words[:count])
        if name in names:
            return names[name], words[count:]
    return words[0], words[1:]
