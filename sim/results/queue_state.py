"""A host's queue at a moment of a run, put together from what was recorded."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from operator import itemgetter
from typing import Any, Literal, NamedTuple, cast

import pandas as pd

from sim import arguments
from sim.results.outcomes import AttemptOutcome, CopyOutcome
from sim.results.store import Result, ResultError
from sim.results.tables import where

_TAKEN = (AttemptOutcome.ACCEPTED, AttemptOutcome.PARTIAL)
_ADDRESS = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^" ])+')
"""An address in a list that spaces divide: they are part of one within quotes alone (RFC 5321 section 4.1.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A message in a queue: its copies that are still to be passed on. Times are in s, sizes in bytes.

    `active` entries are being delivered (`under_way`) or wait for their turn; `deferred` ones sleep until `next_s`,
    for `reason`, those on `hold` until they are released. `queue_id` is empty where the host has not put the message
    off yet.
    """

    message_id: int
    queue_id: str
    state: Literal["active", "deferred", "hold"]
    under_way: bool
    size_bytes: int
    arrived_s: float
    sender: str
    recipients: tuple[str, ...]
    reason: str
    next_s: float | None


Row = Mapping[Hashable, Any]
Rows = Mapping[int, list[Row]]


def queue_at(
    result: Result, host: str, at: float, *, architecture: str | None = None, replication: int | None = None
) -> list[QueueEntry]:
    """What lay in a host's queue at a time, in order of arrival.

    Args:
        result: the result of a run or a comparison.
        host: whose queue.
        at: when, s.
        architecture: under which; the first one where not given.
        replication: in which; the first one where not given.

    Raises:
        ResultError: there is no such architecture, replication or host.
    """
    at = arguments.number(at, "at", "seconds")
    run = run_of(result, architecture, replication, host)
    messages = {int(row["message_id"]): row for row in _rows(where(result.messages, **run))}
    copies = _by_message(_rows(where(result.copies, **run)))
    attempts = where(result.attempts, **run)
    traces = _Traces(
        sent=_by_message(_rows(where(attempts, from_host=host))),
        received=_by_message(_rows(where(attempts[attempts["ended_s"] <= at], to_host=host))),
        put_off=_by_message(_rows(where(result.deferrals, **run, host=host))),
    )
    found = [
        entry
        for message_id, message in messages.items()
        for entry in [_entry(host, at, message, copies[message_id], traces)]
        if entry is not None
    ]
    return sorted(found, key=lambda entry: (entry.arrived_s, entry.message_id))


def run_of(result: Result, architecture: str | None, replication: int | None, host: str) -> dict[str, Any]:
    """The run that is asked for, the first one where nothing is said.

    Raises:
        ResultError: there is none, or there is no such host.
    """
    arguments.instance(result, Result, "a result", "what sim.run gives, or the result of a comparison")
    architectures = list(result.scenario["architectures"])
    name = architectures[0] if architecture is None else architecture
    if name not in architectures:
        raise ResultError(f"no architecture {name!r} in this result: there are {', '.join(architectures)}")
    count = int(result.manifest.get("replications", 1))
    number = 0 if replication is None else arguments.whole(replication, "replication")
    if not 0 <= number < count:
        raise ResultError(f"no replication {number} in this result: there are 0 to {count - 1}")
    hosts = sorted(result.scenario["architectures"][name]["hosts"])
    if host not in hosts:
        raise ResultError(f"no host {host!r} in this result: there are {', '.join(hosts)}")
    return {"architecture": name, "replication": number}


def _rows(frame: pd.DataFrame) -> list[Row]:
    return cast("list[Row]", frame.to_dict("records"))


def _by_message(rows: Iterable[Row]) -> Rows:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(int(row["message_id"]), []).append(row)
    return found


class _Traces(NamedTuple):
    """What a host did: attempts from it, attempts to it that are over, and deferrals, by message."""

    sent: Rows
    received: Rows
    put_off: Rows


def _entry(host: str, at: float, message: Row, copies: list[Row], traces: _Traces) -> QueueEntry | None:
    """The message in the host's queue; None where it is not there then."""
    message_id = int(message["message_id"])
    arrivals = [r["ended_s"] for r in traces.received.get(message_id, ()) if r["outcome"] in _TAKEN]
    at_home = any(str(copy["path"]).split(">")[0] == host for copy in copies)
    if at_home and message["created_s"] <= at:
        arrivals.append(message["created_s"])
    if not arrivals:
        return None
    attempts = traces.sent.get(message_id, [])
    under_way = any(row["started_s"] <= at < row["ended_s"] for row in attempts)
    deferrals = [row for row in traces.put_off.get(message_id, ()) if row["time_s"] <= at]
    last = max(deferrals, key=itemgetter("time_s"), default=None)
    sleeps = last is not None and not under_way and _sleeps(last, attempts, at)
    held = [copy for copy in copies if host in str(copy["path"]).split(">") and copy["ended_s"] > at]
    queued = any(copy["outcome"] == CopyOutcome.QUEUED for copy in held)
    to_come = queued or any(row["started_s"] > at for row in attempts)
    if not (under_way or sleeps or (to_come and held)):
        return None
    next_s = float(last["next_s"]) if sleeps and last is not None else None
    return QueueEntry(
        message_id=message_id,
        queue_id=str(last["queue_id"]) if last is not None else "",
        state="hold" if next_s == inf else "deferred" if sleeps else "active",
        under_way=under_way,
        size_bytes=int(message["size_bytes"]),
        arrived_s=float(last["arrived_s"]) if last is not None else float(max(arrivals)),
        sender=str(message["sender"]),
        recipients=tuple(_ADDRESS.findall(str(last["recipients"])))
        if last
        else tuple(str(copy["recipient"]) for copy in held),
        reason=str(last["reason"]) if sleeps and last is not None else "",
        next_s=None if next_s == inf else next_s,
    )


def _sleeps(last: Row, attempts: list[Row], at: float) -> bool:
    """Whether a message that was put off still sleeps: its time has not come, and nobody has woken it before."""
    # An attempt without a way takes no time: it begins and ends in the moment in which the message is put off for it.
    since = last["time_s"]
    return at < last["next_s"] and not any(
        since <= row["started_s"] <= at and row["ended_s"] > since for row in attempts
    )
