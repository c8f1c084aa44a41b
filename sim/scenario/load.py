"""Loading a scenario: from a YAML file to the full scenario, or all its mistakes at once."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from sim import arguments
from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.findings import Findings
from sim.scenario.inputs import irregular
from sim.scenario.quantity import format_size
from sim.scenario.resolve.scenario import resolve
from sim.scenario.resolve.users import FaultOf
from sim.scenario.source import Document, override, read
from sim.scenario.source import Path as Place
from sim.scenario.spec import Scenario
from sim.scenario.spec.limits import Limits
from sim.scenario.syntax.form import ScenarioForm
from sim.scenario.syntax.python_data import document

_MOST: Final = Limits().file
"""The biggest scenario file, in bytes: what it says of limits is in it."""


def load(
    path: str | Path,
    *,
    overrides: Sequence[str] = (),
    metrics: Collection[str] = (),
    fault_of: FaultOf | None = None,
) -> Scenario:
    """The scenario that a file holds; the path `-` means standard input.

    Args:
        path: the file; relative names inside it are found from its folder.
        overrides: settings `a.b=value` that replace or add to what the file says; the value is YAML.
        metrics: the names that expectations may use; not checked when empty.
        fault_of: the line of a Sieve script, from 1, and what is wrong there, None where nothing is; not checked
            without it.

    Raises:
        TypeError: not a path.
        ScenarioError: the file cannot be read, or what it says cannot be used.
    """
    name = str(arguments.path(path, "a scenario file"))
    if name == "-":
        text = _text(sys.stdin.buffer.read(_MOST + 1), "stdin")
        return loads(text, Path(), file="stdin", overrides=overrides, metrics=metrics, fault_of=fault_of)
    try:
        reason = irregular(Path(path))
        raw = b"" if reason else _bounded(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if reason:
        raise ScenarioError(
            [Problem(name, 0, 0, f"unreadable ({reason}): allowed is a scenario file, or - for standard input")]
        ) from None
    text = _text(raw, name)
    return loads(text, Path(path).parent, file=name, overrides=overrides, metrics=metrics, fault_of=fault_of)


def loads(
    text: str,
    folder: str | Path = ".",
    *,
    file: str = "scenario",
    overrides: Sequence[str] = (),
    metrics: Collection[str] = (),
    fault_of: FaultOf | None = None,
) -> Scenario:
    """The scenario that a text holds; `file` is what error messages call it. Otherwise as `load`.

    Raises:
        ScenarioError: what the text says cannot be used.
    """
    found = read(arguments.instance(text, str, "a text", "the text of a scenario file; sim.load reads a file"), file)
    for option in arguments.names(overrides, "overrides"):
        found = override(found, option)
    return _scenario(found, folder, metrics, fault_of)


def from_dict(
    data: dict[str, Any], folder: str | Path = ".", *, name: str = "scenario", fault_of: FaultOf | None = None
) -> Scenario:
    """The scenario that Python data holds: what `load` reads of a file, as dicts, lists, text and numbers.

    `network`, or its `graph`, may be a graph of networkx, whose attributes are read as those of a graph file.

    Args:
        data: the scenario, as in `{"network": graph, "workload": {"poisson": {"rate": "20 /h"}}}`.
        folder: where files that it names are found.
        name: what error messages call it; each mistake has its path, as in `scenario: network.links[0].rate`.
        fault_of: as of `load`.

    Raises:
        TypeError: not a dict.
        ScenarioError: what it says cannot be used.
    """
    arguments.instance(data, dict, "a dict", "what a scenario file has, as a dict")
    return _scenario(document(data, name), folder, (), fault_of)


def _scenario(found: Document, folder: str | Path, metrics: Collection[str], fault_of: FaultOf | None) -> Scenario:
    form, whole, problems, holes = _form(found)
    findings = Findings(whole, holes)
    scenario = resolve(form, findings, Path(folder), metrics, fault_of)
    mistakes = (*found.problems, *problems, *findings.problems)
    if mistakes:
        raise ScenarioError(mistakes)
    return scenario


def _bounded(path: str | Path) -> bytes:
    """What a file holds, and no more than one octet too many: `_text` refuses that."""
    with Path(path).open("rb") as file:
        return file.read(_MOST + 1)


def _text(raw: bytes, name: str) -> str:
    if len(raw) > _MOST:
        raise ScenarioError([Problem(name, 0, 0, f"too big: allowed are {format_size(_MOST)}")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = f"not UTF-8 (byte 0x{raw[error.start]:02x}): allowed is text in UTF-8"
        raise ScenarioError([Problem(name, line, column, message)]) from None


@lru_cache(maxsize=1)
def adapter() -> TypeAdapter[ScenarioForm]:
    """The reader of the form; it takes a while to build."""
    return TypeAdapter(ScenarioForm)


def _form(found: Document) -> tuple[ScenarioForm, Document, list[Problem], set[Place]]:
    """The form of what can be read, the document without the rest, what is wrong with the rest, and where it was."""
    problems: list[Problem] = []
    holes: set[Place] = set()
    rest = found
    while True:
        try:
            return adapter().validate_python(rest.data), rest, problems, holes
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
        if not holes:
            problems = [found.at(fault["loc"]).problem(fault["msg"]) for fault in faults]
        refused = {rest.resolve(fault["loc"]) for fault in faults}
        holes |= refused
        rest = rest.without(refused) if () not in refused else Document({}, found.place)
