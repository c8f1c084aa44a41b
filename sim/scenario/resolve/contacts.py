"""Contacts: recorded times in which nodes can reach each other, as the links that they make.

A trace is a list of connections of The ONE (`TIME CONN A B up`, `TIME CONN A B down`), both ways alike, or a CSV with
the columns from, to, start, end and, where contacts have them, rate and delay; each of its rows is one-way. They stand
in any order. A session needs both ways: a link is up while its nodes reach each other, at the rates and delays that
they then have. Where these change from contact to contact there is a link for each pair, and one of them is up.

Sources: The ONE's StandardEventsReader; contact plans as of CCSDS 734.3-B-1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from operator import attrgetter
from typing import NamedTuple

from sim.scenario.names import shown, some
from sim.scenario.quantity import BIT_RATE, DURATION, above_zero
from sim.scenario.resolve.csv_rows import Row, csv_rows, delimiter, moment
from sim.scenario.resolve.plan import DEFAULTS
from sim.scenario.spec import Interval
from sim.scenario.spec.calendar import Start
from sim.scenario.spec.directions import Both, alike

COLUMNS = ("from", "to", "start", "end")
_RATE, _DELAY = "rate", "delay"
_LOOKED_AT = 100
"""The ONE's events are told by a connection among so many lines."""
_WORDS = {"up": True, "down": False}


class Pace(NamedTuple):
    """How fast one way is: rate in bit/s, delay in s; None: as the link is."""

    rate: float | None = None
    delay: float | None = None


Wrong = Callable[[int, str], None]
"""Takes a mistake and its line."""


@dataclass(frozen=True, slots=True)
class _Contact:
    """One way: from when to when, in s, at which pace, and its line in the trace."""

    start: float
    end: float
    pace: Pace
    line: int


class _Event(NamedTuple):
    """A connection that goes up or down: its line, when, whose, which."""

    line: int
    at: float
    pair: tuple[str, str]
    up: bool


class Contacts:
    """All contacts of a trace.

    Attributes:
        nodes: Who meets, in order of appearance.
        lines: Where each of them stands first.
        notes: What there is to say about the trace.
    """

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.notes: list[str] = []
        self._ways: dict[tuple[str, str], list[_Contact]] = {}

    @property
    def nodes(self) -> list[str]:
        """Who meets, in order of appearance."""
        return list(self.lines)

    def add(self, way: tuple[str, str], contact: _Contact) -> None:
        """A contact one way."""
        for node in way:
            self.lines.setdefault(node, contact.line)
        self._ways.setdefault(way, []).append(contact)

    def check(self, wrong: Wrong) -> None:
        """Put each way's contacts in order; no two of them overlap."""
        for (here, there), contacts in self._ways.items():
            contacts.sort(key=lambda contact: contact.start)
            for before, after in pairwise(contacts):
                if after.start < before.end:
                    words = f"this contact from {here} to {there} overlaps the one on line {before.line}"
                    wrong(after.line, f"{words}: allowed is one at a time")
        alone = [f"{here} -> {there}" for here, there in self._ways if (there, here) not in self._ways]
        if alone:
            self.notes.append(f"contacts without one back, over which no session can go: {some(alone)}")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Who meets whom, each pair once."""
        return [way for way in self._ways if way[::-1] not in self._ways or way < way[::-1]]

    def links(self, between: tuple[str, str], horizon: float) -> dict[Both[Pace], tuple[Interval, ...]]:
        """When a link between two nodes is down until the horizon, for each pair of paces that it has while it is up.

        Empty where the trace says nothing of them.
        """
        there, back = (self._ways.get(way, []) for way in (between, between[::-1]))
        if not (there or back):
            return {}
        up: dict[Both[Pace], list[tuple[float, float]]] = {}
        for one, other, start, end in _meetings(there, back):
            if end > 0 and start < horizon:
                up.setdefault(Both(one.pace, other.pace), []).append((max(start, 0.0), min(end, horizon)))
        return {paces: _between(spans, horizon) for paces, spans in (up or {alike(Pace()): []}).items()}


def _meetings(there: Sequence[_Contact], back: Sequence[_Contact]) -> Iterator[tuple[_Contact, _Contact, float, float]]:
    """The contacts there and back that are at one time, and from when to when both are."""
    i = j = 0
    while i < len(there) and j < len(back):
        one, other = there[i], back[j]
        start, end = max(one.start, other.start), min(one.end, other.end)
        if start < end:
            yield one, other, start, end
        if one.end <= other.end:
            i += 1
        else:
            j += 1


def _between(spans: Sequence[tuple[float, float]], horizon: float) -> tuple[Interval, ...]:
    """What is left of the time until the horizon."""
    ends = [0.0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), horizon]
    return tuple(Interval(start=a, end=b) for a, b in zip(ends, starts, strict=True) if a < b)


def is_of_contacts(text: str) -> bool:
    """Whether a trace is one of contacts, and not of outages."""
    lines = list(islice((line for line in text.splitlines() if line.strip() and not line.startswith("#")), _LOOKED_AT))
    first = "".join(lines[:1])
    columns = {column.strip(' "').lower() for column in first.split(delimiter(first))}
    return any(map(_is_of_the_one, lines)) or set(COLUMNS[:2]) <= columns


def _is_of_the_one(line: str) -> bool:
    return line.split()[1:2] == ["CONN"]


def read_contacts(text: str, start: Start, wrong: Wrong) -> Contacts:
    """The contacts of a trace; each mistake is told to `wrong`, with its line."""
    contacts = Contacts()
    lines = text.splitlines()
    if any(map(_is_of_the_one, lines)):
        _read_the_one(lines, contacts, wrong)
    else:
        _read_csv(text, start, contacts, wrong)
    contacts.check(wrong)
    return contacts


def _read_csv(text: str, start: Start, contacts: Contacts, wrong: Wrong) -> None:
    for row in csv_rows(text, COLUMNS, (_RATE, _DELAY), wrong, contacts.notes.append):
        way = row.values["from"], row.values["to"]
        if not _are_names(way, row.line, wrong):
            continue
        times = [moment(row, column, start, wrong) for column in COLUMNS[2:]]
        pace = Pace(_said(row, _RATE, partial(above_zero, BIT_RATE), wrong), _said(row, _DELAY, DURATION.parse, wrong))
        if way[0] == way[1]:
            wrong(row.line, f"a contact from a node to itself ({' - '.join(way)}): allowed are two different nodes")
        elif None not in times:
            begins, ends = (time or 0.0 for time in times)
            if begins >= ends:
                texts = ", ".join(row.values[column] for column in COLUMNS[2:])
                wrong(row.line, f"a contact that ends before it begins ({texts}): allowed is start < end")
            else:
                contacts.add(way, _Contact(begins, ends, pace, row.line))


def _are_names(nodes: tuple[str, str], line: int, wrong: Wrong) -> bool:
    """Whether nodes can be called so; if not, that is told."""
    for node in nodes:
        if node == DEFAULTS or node != node.strip() or not (node and node.isprintable()):
            wrong(line, f"not a name for a node ({shown(node or None)}): allowed is text")
            return False
    return True


def _said(row: Row, column: str, parse: Callable[[object], float], wrong: Wrong) -> float | None:
    text = row.values.get(column, "")
    try:
        return parse(text) if text else None
    except ValueError as error:
        wrong(row.line, f"{column}: {error}")
        return None


def _read_the_one(lines: Sequence[str], contacts: Contacts, wrong: Wrong) -> None:
    """The ONE's events: connections that go up and down; a second one that says the same changes nothing."""
    events: list[_Event] = []
    others: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if fields[1:2] != ["CONN"]:
            others[fields[1] if len(fields) > 1 else line.strip()] = None
            continue
        event = _event(number, fields)
        if event is None:
            wrong(number, f"not a connection ({shown(line.strip())}): allowed is TIME CONN A B up, or down")
        elif _are_names(event.pair, number, wrong):
            events.append(event)
    _connect(events, contacts)
    if others:
        contacts.notes.append(f"events of the trace that are ignored: {some([shown(other) for other in others])}")


def _connect(events: Sequence[_Event], contacts: Contacts) -> None:
    """Make contacts of connections, in order of time."""
    opened: dict[tuple[str, str], _Event] = {}
    for event in sorted(events, key=attrgetter("at")):
        if event.up:
            opened.setdefault(event.pair, event)
        elif event.pair in opened:
            _close(contacts, opened.pop(event.pair), event.at)
    for event in opened.values():
        _close(contacts, event, math.inf)


def _event(number: int, fields: Sequence[str]) -> _Event | None:
    try:
        time, _, a, b, word = fields
        at, up = float(time), _WORDS[word.lower()]
    except (ValueError, KeyError):
        return None
    return _Event(number, at, (min(a, b), max(a, b)), up) if a != b and math.isfinite(at) else None


def _close(contacts: Contacts, opened: _Event, at: float) -> None:
    """Note a connection, which is a contact both ways."""
    if opened.at < at:
        for way in (opened.pair, opened.pair[::-1]):
            contacts.add(way, _Contact(opened.at, at, Pace(), opened.line))
