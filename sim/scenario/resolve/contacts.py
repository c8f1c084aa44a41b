"""Contacts: recorded times in which nodes can reach each other, as the links that they make.

A trace is a list of connections of The ONE (`TIME CONN A B up`, `TIME CONN A B down`), both ways alike, or a CSV with
the columns from, to, start, end and, where contacts have them, rate and delay; each of its rows is one-way. They stand
in any order. A session needs both ways: a link is up while its nodes reach each other, at the rates and delays that
they then have. Where these change from contact to contact there is a link for each pair, and one of them is up.

Sources: The ONE's StandardEventsReader; contact plans as of CCSDS 734.3-B-1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from sim.scenario.names import shown, some
from sim.scenario.quantity import BIT_RATE, DURATION, above_zero
from sim.scenario.resolve.plan import DEFAULTS
from sim.scenario.resolve.traces import Stretch, Trace, delimiter
from sim.scenario.spec import Interval
from sim.scenario.spec.directions import Both, alike

COLUMNS = ("from", "to", "start", "end")
_LOOKED_AT = 100
"""The ONE's events are told by a connection among so many lines."""

Ends = tuple[str, str]


class Pace(NamedTuple):
    """How fast a link is: rate in bit/s, delay in s; None: as it is without contacts."""

    rate: Both[float | None] = alike(None)
    delay: Both[float | None] = alike(None)


class Contacts:
    """All contacts of a trace.

    Attributes:
        lines: Who meets, in order of appearance, and where each of them stands first.
    """

    def __init__(self, trace: Trace) -> None:
        self.lines: dict[str, int] = {}
        self._ways: dict[Ends, list[Stretch]] = {}
        (_read_the_one if any(map(_is_of_the_one, trace.text.splitlines())) else _read_csv)(trace, self)
        for (here, there), contacts in self._ways.items():
            contacts[:] = trace.in_order(f"contact from {here} to {there}", contacts)
        alone = [f"{here} -> {there}" for here, there in self._ways if (there, here) not in self._ways]
        if alone:
            trace.note(f"contacts without one back, over which no session can go: {some(alone)}")

    def add(self, way: Ends, contact: Stretch) -> None:
        """A contact one way."""
        for node in way:
            self.lines.setdefault(node, contact.line)
        self._ways.setdefault(way, []).append(contact)

    @property
    def pairs(self) -> list[Ends]:
        """Who meets whom, each pair once."""
        return [way for way in self._ways if way[::-1] not in self._ways or way < way[::-1]]

    def links(self, between: Ends, horizon: float) -> dict[Pace, tuple[Interval, ...]]:
        """When a link between two nodes is down until the horizon, for each pace that it has while it is up.

        Empty where the trace says nothing of them.
        """
        there, back = (self._ways.get(way, []) for way in (between, between[::-1]))
        if not (there or back):
            return {}
        up: dict[Pace, list[tuple[float, float]]] = {}
        for one, other, start, end in _meetings(there, back):
            if end > 0 and start < horizon:
                pace = Pace(Both(one.rate, other.rate), Both(one.delay, other.delay))
                up.setdefault(pace, []).append((max(start, 0.0), min(end, horizon)))
        return {pace: _between(spans, horizon) for pace, spans in (up or {Pace(): []}).items()}


def _meetings(there: Sequence[Stretch], back: Sequence[Stretch]) -> Iterator[tuple[Stretch, Stretch, float, float]]:
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


def _read_csv(trace: Trace, contacts: Contacts) -> None:
    for row in trace.rows(COLUMNS, ("rate", "delay")):
        here, there = row.values["from"], row.values["to"]
        if not _are_names((here, there), row.line, trace):
            continue
        times = trace.times(row, "a contact", COLUMNS[2:])
        rate = trace.value(row, "rate", lambda text: above_zero(BIT_RATE, text) if text else None)
        delay = trace.value(row, "delay", lambda text: DURATION.parse(text) if text else None)
        if here == there:
            trace.wrong(row.line, f"a contact from a node to itself ({here} - {here}): allowed are two different nodes")
        elif times is not None:
            contacts.add((here, there), Stretch(row.line, *times, rate, delay))


def _are_names(nodes: Ends, line: int, trace: Trace) -> bool:
    """Whether nodes can be called so; if not, that is told."""
    for node in nodes:
        if node == DEFAULTS or node != node.strip() or not (node and node.isprintable()):
            trace.wrong(line, f"not a name for a node ({shown(node or None)}): allowed is text")
            return False
    return True


def _read_the_one(trace: Trace, contacts: Contacts) -> None:
    """The ONE's events: connections that go up and down; a second one that says the same changes nothing."""
    up_since: dict[Ends, tuple[float, int]] = {}
    for at, number, pair, up in sorted(_events(trace)):
        if up:
            up_since.setdefault(pair, (at, number))
        elif pair in up_since:
            _connected(contacts, pair, *up_since.pop(pair), at)
    for pair, since in up_since.items():
        _connected(contacts, pair, *since, math.inf)


def _events(trace: Trace) -> Iterator[tuple[float, int, Ends, bool]]:
    """When a connection goes up or down, the line that says it, whose it is, and which."""
    others: dict[str, None] = {}
    for number, line in enumerate(trace.text.splitlines(), 1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if fields[1:2] != ["CONN"]:
            others[shown(fields[:2][-1])] = None
            continue
        try:
            time, _, a, b, word = fields
            at, up = float(time), {"up": True, "down": False}[word.lower()]
        except (ValueError, KeyError):
            at, a, b, up = math.inf, "", "", False
        if a == b or not math.isfinite(at):
            trace.wrong(number, f"not a connection ({shown(line.strip())}): allowed is TIME CONN A B up, or down")
        elif _are_names((a, b), number, trace):
            yield at, number, (min(a, b), max(a, b)), up
    if others:
        trace.note(f"events of the trace that are ignored: {some(others)}")


def _connected(contacts: Contacts, pair: Ends, start: float, line: int, end: float) -> None:
    """Note a connection, which is a contact both ways."""
    if start < end:
        for way in (pair, pair[::-1]):
            contacts.add(way, Stretch(line, start, end))
