"""A queue as Postfix's users know it: what `mailq` lists, with each message's next attempt, and qshape's histogram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from sim.results.queue_state import QueueEntry

if TYPE_CHECKING:
    import pandas as pd

_AGES = (5, 10, 20, 40, 80, 160, 320, 640, 1280)
"""Where qshape's buckets end, in minutes."""


_WIDTH, _NAME = 80, 18
"""How wide qshape's table is, and its first column at least."""

_MARKS = {"active": "*", "hold": "!", "deferred": ""}

_ROW = "{:<11} {:>7} {:<20} {}"
"""A line of Postfix's listing (postqueue: showq_compat.c)."""


def mailq(entries: Sequence[QueueEntry], now: float) -> str:
    """The listing; `*` marks messages that are being delivered or wait for their turn, `!` those on hold (mailq(1)).

    Times are the run's.
    """
    if not entries:
        return "Mail queue is empty\n"
    lines = [_ROW.format("-Queue ID-", "--Size--", "----Arrival Time----", "-Sender/Recipient-------")]
    for entry in entries:
        name = (entry.queue_id or f"m{entry.message_id}") + _MARKS[entry.state]
        lines.append(_ROW.format(name, entry.size_bytes, f"{clock(entry.arrived_s):>20}", entry.sender))
        if entry.reason:
            lines.append(f"{'(' + entry.reason + ')':>78}")
        if entry.next_s is not None:
            lines.append(f"{'next attempt ' + clock(entry.next_s) + ', in ' + clock(entry.next_s - now):>78}")
        lines += [_ROW.format("", "", "", recipient) for recipient in entry.recipients] + [""]
    size = sum(entry.size_bytes for entry in entries)
    requests = f"{len(entries)} Request{'s' if len(entries) != 1 else ''}"
    return "\n".join([*lines, f"-- {max(round(size / 1024), 1)} Kbytes in {requests}.", ""])


def clock(seconds: float) -> str:
    """A time of the run: days where there are any, then hours, minutes and seconds."""
    days, rest = divmod(round(seconds), 86400)
    text = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days}d {text}" if days else text


def qshape(entries: Sequence[QueueEntry], now: float) -> str:
    """Recipients by domain and age in minutes, the busiest domain first (qshape(1))."""
    counts: dict[str, Counter[int]] = {}
    for entry in entries:
        age = (now - entry.arrived_s) / 60
        bucket = next((index for index, end in enumerate(_AGES) if age < end), len(_AGES))
        for recipient in entry.recipients:
            counts.setdefault(recipient.rpartition("@")[2].lower(), Counter())[bucket] += 1
    total: Counter[int] = sum(counts.values(), Counter())
    ordered = sorted(counts.items(), key=lambda one: (-one[1].total(), len(one[0]), one[0]))
    heads = ["T", *map(str, _AGES), f"{_AGES[-1]}+"]
    tops = [total.total(), *(total[bucket] for bucket in range(len(heads) - 1))]
    widths = [max(len(head), len(str(top))) + 1 for head, top in zip(heads, tops, strict=True)]
    widths = [max(width, 3) for width in widths]
    name = max(_WIDTH - sum(widths), _NAME)
    rows: list[tuple[str, Sequence[object]]] = [("", heads), ("TOTAL", tops)]
    rows += [(domain, [ages.total(), *(ages[b] for b in range(len(heads) - 1))]) for domain, ages in ordered]
    return "".join(_qshape_row(domain, counted, name, widths) for domain, counted in rows)


def _qshape_row(domain: str, counted: Sequence[object], name: int, widths: Sequence[int]) -> str:
    shown = domain if len(domain) <= name else "+" + domain[1 - name :]
    return shown.rjust(name) + "".join(str(c).rjust(width) for c, width in zip(counted, widths, strict=True)) + "\n"


def timeline(steps: pd.DataFrame, words: Mapping[str, str], acts: pd.DataFrame) -> str:
    """A queue by state from each change on, under the product's own words for the states, and what operators did."""
    heads = ["time", "messages", *words.values()]
    table = [
        heads,
        *(
            [f"{row['time_s']:.3f}", *(str(int(row[name])) for name in ("messages", *words))]
            for row in steps.to_dict("records")
        ),
    ]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    at = [-inf, *steps["time_s"]]
    told = [(row["time_s"], f"{row['time_s']:.3f}".rjust(widths[0]) + f"  # {row['command']}") for row in _rows(acts)]
    placed = sorted([*((when, 1, line) for when, line in zip(at, lines, strict=True)), *((t, 0, s) for t, s in told)])
    return "".join(f"{line}\n" for _, _, line in placed)


def _rows(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return frame.to_dict("records")
