"""The kinds of parameters that products have: how each is read from a file and written into one.

Beside these there are flags (bool), words (Literal), and what only one product has.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import Annotated

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Collected, JsonSchema, Reads
from sim.scenario.quantity import DURATION, above_zero, format_duration
from sim.scenario.scalars import whole

_MOST_INTERVALS = 1000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_INTERVAL = re.compile(r"(\d{1,9})\s*([smhd])\s*(?:\*\s*(\d{1,4}))?", re.ASCII)

MOST_HOPS = 1000
"""What goes round has a Received field more with each hop, all of which each next host reads."""


def read_intervals(value: object) -> tuple[float, ...]:
    """A list of durations, or a text as Haraka has it: `1m,5m*2,1h*3`.

    Raises:
        ValueError: neither, or nothing, or too many.
    """
    if isinstance(value, str):
        return _repeated(value)
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_INTERVALS:
        raise ValueError(f"not a list of times ({shown(value)}): allowed is e.g. [5 min, 15 min, 1 h], or 5m,15m,1h*3")
    collected = Collected()
    parse = partial(above_zero, DURATION)
    times = tuple(collected.read((index,), parse, item, 1.0) for index, item in enumerate(value))
    collected.done()
    return times


def _repeated(text: str) -> tuple[float, ...]:
    times: list[float] = []
    for part in text.split(","):
        found = _INTERVAL.fullmatch(part.strip())
        again = int(found[3] or 1) if found else 0
        if found is None or not int(found[1]) or not 0 < again + len(times) <= _MOST_INTERVALS:
            raise ValueError(f"not a list of times ({shown(text)}): allowed is e.g. 1m,5m*2,1h*3, in s, m, h and d")
        times += [float(int(found[1]) * _UNITS[found[2]])] * again
    return tuple(times)


def read_warnings(grow: bool, value: object) -> tuple[float, ...]:
    """Times, one or a list of them; an empty list, or 0, means none. They have to `grow` where they are ages.

    Raises:
        ValueError: something else.
    """
    if value in ([], 0, "0"):
        return ()
    times = read_intervals([value] if isinstance(value, str) and "," not in value else value)
    if grow and any(later <= time for time, later in pairwise(times)):
        ages = ", ".join(map(format_duration, times))
        raise ValueError(f"ages that do not grow ({ages}): allowed is e.g. [4 h, 1 d], each above the one before")
    return times


def read_mailbox(value: object) -> str:
    """Whose mailbox takes what comes back: `postmaster`, or an address; empty for nobody's.

    Raises:
        ValueError: neither.
    """
    if value == "" or (isinstance(value, str) and value.lower() == "postmaster"):
        return str(value)
    local, _, domain = value.rpartition("@") if isinstance(value, str) else ("", "", "")
    if not local or not domain or any(one.isspace() for one in str(value)):
        raise ValueError(
            f"not a mailbox ({shown(value)}): allowed are postmaster, USER@DOMAIN of the host, and nothing"
        )
    return str(value)


def write_times(times: tuple[float, ...]) -> list[str]:
    """Times as a file says them."""
    return [format_duration(time) for time in times]


_TIME = DURATION.json_schema()
_TIMES: JsonSchema = {"anyOf": [{"type": "array", "items": _TIME, "minItems": 1}, {"type": "string"}]}
_WARNINGS: JsonSchema = {"anyOf": [{"type": "array", "items": _TIME}, _TIME]}

Time = Annotated[float, Reads(partial(above_zero, DURATION), _TIME, format_duration)]
"""In s; one of 0 would let a host spin, or never have any time."""

TimeOrZero = Annotated[float, Reads(DURATION.parse, _TIME, format_duration)]

Count = Annotated[int, whole(1)]

CountOrZero = Annotated[int, whole(0)]
"""0 means no limit, or none of it."""

Hops = Annotated[int, whole(1, MOST_HOPS)]
"""How many Received fields make a loop."""

Mailbox = Annotated[str, Reads(read_mailbox, {"type": "string"})]

Intervals = Annotated[tuple[float, ...], Reads(read_intervals, _TIMES, write_times)]
"""In s, at least one."""

Ages = Annotated[tuple[float, ...], Reads(partial(read_warnings, True), _WARNINGS, write_times)]
"""In s, each above the one before; there may be none."""

Gaps = Annotated[tuple[float, ...], Reads(partial(read_warnings, False), _WARNINGS, write_times)]
"""In s, each so long after the one before; there may be none."""
