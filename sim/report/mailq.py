"""A queue as Postfix's users know it: what `mailq` lists, with each message's next attempt, and qshape's histogram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sim.results.queue_state import QueueEntry

_AGES = (5, 10, 20, 40, 80, 160, 320, 640, 1280)
"""Where qshape's buckets end, in minutes."""


def mailq(entries: Sequence[QueueEntry], now: float) -> str:
    """The listing; `*` marks messages that are being delivered or wait for their turn. Times are the run's."""
    if not entries:
        return "Mail queue is empty\n"
    lines = ["-Queue ID-  --Size-- ---Arrival Time--- -Sender/Recipients-------"]
    for entry in entries:
        name = (entry.queue_id or f"m{entry.message_id}") + ("*" if entry.state == "active" else " ")
        lines.append(f"{name:<11} {entry.size_bytes:>8} {clock(entry.arrived_s):>18}  {entry.sender}")
        if entry.reason:
            lines.append(f"{'(' + entry.reason + ')':>80}")
        if entry.next_s is not None:
            lines.append(f"{'next attempt ' + clock(entry.next_s) + ', in ' + clock(entry.next_s - now):>80}")
        lines += [f"{'':41}{recipient}" for recipient in entry.recipients] + [""]
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
    ordered = sorted(counts.items(), key=lambda one: (-one[1].total(), one[0]))
    heads = ["T", *map(str, _AGES), f"{_AGES[-1]}+"]
    rows = [[name, str(ages.total()), *(str(ages[i]) for i in range(len(heads) - 1))] for name, ages in ordered]
    rows = [["", *heads], ["TOTAL", str(total.total()), *(str(total[i]) for i in range(len(heads) - 1))], *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads) + 1)]
    return "".join(" ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + "\n" for row in rows)
