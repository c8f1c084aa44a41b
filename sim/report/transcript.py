"""A message's way as `mail -v` told it: the dialogue with each relay, replies bare, the client's lines after `>>>`.

Then, where it was read, the dialogue in which a device got it from the mailbox, and when it took each step.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

import pandas as pd

from sim.results.metrics import ACCESS
from sim.results.outcomes import AttemptOutcome, Step
from sim.results.store import Result, ResultError
from sim.results.tables import where

_HEAD, _TAIL = 12, 4
_MOST_ACCESS = 40
"""Lines of a dialogue with a mailbox up to the message; one of many more may have been idle for days."""
_OUTCOMES: Mapping[str, AttemptOutcome] = {outcome.value: outcome for outcome in AttemptOutcome}
_UNREACHED = [outcome for outcome in AttemptOutcome if not outcome.reached]
_PATH = re.compile(r'<((?:"(?:[^"\\]|\\.)*"|[^">])*)>')
_NOBODY = (AttemptOutcome.NO_ROUTE, AttemptOutcome.DNS_FAILURE)


def transcript(
    result: Result,
    message_id: int,
    *,
    full: bool = False,
    architecture: str | None = None,
    replication: int | None = None,
) -> str:
    """A message's dialogues with each relay, attempt by attempt, ending in a newline.

    Args:
        result: a result whose dialogues were traced.
        message_id: which message.
        full: show mail data whole; otherwise the middle of long mail data is left out.
        architecture: under which; all, one after another, when not given.
        replication: in which; the first that has the message when not given.

    Raises:
        ResultError: no dialogue was traced, or there is no such message.
    """
    if result.dialogues.empty:
        raise ResultError(
            "no dialogues in this result: run again with `dialogues: true` in the scenario or with --dialogues"
        )
    found = _messages(result, message_id, architecture, replication)
    parts = []
    for row in found.drop_duplicates("architecture").itertuples(index=False):
        run = {"architecture": str(row.architecture), "replication": int(str(row.replication))}
        lines = [f"{key} {value}" for key, value in run.items()]
        heading = f"# message {message_id} from <{str(row.sender).strip('<>')}>, {', '.join(lines)}"
        parts.append("\n".join([heading, *_message(result, message_id, run, full=full)]))
    return "\n\n".join(parts) + "\n"


def _messages(result: Result, message_id: int, architecture: str | None, replication: int | None) -> pd.DataFrame:
    found = where(result.messages, message_id=message_id, architecture=architecture, replication=replication)
    if found.empty:
        known = result.messages["message_id"]
        places = [f"architecture {architecture!r}"] * (architecture is not None)
        places += [f"replication {replication}"] * (replication is not None)
        there = f"messages are numbered {known.min()} to {known.max()}" if len(known) else "it has no messages"
        raise ResultError(f"message {message_id}: not in {' and '.join(places) or 'this result'}: {there}")
    return found


def _message(result: Result, message_id: int, run: Mapping[str, Any], *, full: bool) -> Iterator[str]:
    attempts, dialogues = where(result.attempts, **run), where(result.dialogues, **run)
    copies = where(result.copies, message_id=message_id, **run)
    mine = attempts[attempts["message_id"] == message_id].sort_values("started_s", kind="stable")
    acts = _acts(where(result.acts, **run), mine, copies)
    addresses = where(result.addresses, message_id=message_id, **run)
    losses = where(result.losses, message_id=message_id, **run)
    for attempt in cast("list[dict[str, Any]]", mine.to_dict("records")):
        while acts and acts[0][0] <= attempt["started_s"]:
            yield acts.pop(0)[1]
        session = where(attempts, session_id=attempt["session_id"]).sort_values("started_s", kind="stable")
        yield from _turn_request(attempt, session, dialogues, full=full)
        said = _said(attempt, session, dialogues)
        whom = _whom(said, copies)
        yield ""
        by = f", by {attempt['protocol'].upper()}" if len(addresses) else ""
        yield f"# {_clock(attempt['started_s'])} {attempt['from_host']} to {attempt['to_host']}{by}"
        yield from _written(attempt, addresses, losses)
        if attempt["outcome"] not in _NOBODY:
            yield f"{whom}... {_opening(attempt, session)}"
        yield from _lines(said, full=full)
        yield f"{whom}... {_end(attempt)}"
    yield from (line for _, line in acts)
    yield from _access(copies, attempts, dialogues, full=full)
    yield ""
    for copy in copies.to_dict("records"):
        reason = f" ({copy['reason']})" if copy["reason"] else ""
        yield f"# {_clock(copy['ended_s'])} <{copy['recipient']}> {copy['outcome']}{reason}, by way of {copy['path']}"
        yield from _steps(copy)


def _written(attempt: Mapping[str, Any], addresses: pd.DataFrame, losses: pd.DataFrame) -> Iterator[str]:
    """What a gateway left out before this attempt, and how the addresses of what was passed on are written in it."""
    ended = attempt["ended_s"]
    hop = {"from_host": attempt["from_host"], "to_host": attempt["to_host"]}
    for row in where(addresses, **hop, time_s=ended, protocol=attempt["protocol"]).to_dict("records"):
        yield f"#   {row['recipient']}: to {row['address']}, from {row['sender']}"
    left_out = where(losses, host=attempt["from_host"], to_protocol=attempt["protocol"])
    for what in dict.fromkeys(left_out.loc[left_out["time_s"] <= attempt["started_s"], "what"]):
        yield f"#   left out: {what}"


def _access(copies: pd.DataFrame, attempts: pd.DataFrame, dialogues: pd.DataFrame, *, full: bool) -> Iterator[str]:
    """The sessions in which a first device of a recipient's was told of the message, and in which it got it."""
    sessions = attempts[attempts["protocol"].isin(ACCESS)].sort_values("started_s", kind="stable")
    found: dict[int, tuple[dict[str, Any], float]] = {}
    for copy in copies.to_dict("records"):
        its_own = sessions["from_host"].str.lower().str.startswith(f"{copy['recipient']}/".lower())
        for step in (Step.ANNOUNCED, Step.FETCHED):
            at = copy[step.column]
            during = sessions[its_own & (sessions["started_s"] <= at) & (at <= sessions["ended_s"])]
            for session in cast("list[dict[str, Any]]", during[-1:].to_dict("records")):
                found[session["session_id"]] = session, at
    for session, at in found.values():
        lines = dialogues[dialogues["session_id"] == session["session_id"]]
        shown = _flights(lines, full=full)
        if len(shown) > _HEAD + _MOST_ACCESS and not full:
            before = _flights(lines[lines["time_s"] <= at], full=full)
            shown = [*before[:_HEAD], "...", *before[max(_HEAD, len(before) - _MOST_ACCESS) :]]
        yield ""
        way = f"{session['from_host']} to {session['to_host']}"
        yield f"# {_clock(session['started_s'])} {way}, by {session['protocol'].upper()}, for the mail there"
        yield from shown


def _flights(lines: pd.DataFrame, *, full: bool) -> list[str]:
    """What the two said, each flight shortened in its middle."""
    said = zip(lines["direction"], lines["line"], strict=True)
    flights = (
        [f">>> {line}" if way == ">" else line for _, line in flight] for way, flight in groupby(said, itemgetter(0))
    )
    return [line for flight in flights for line in _shortened(flight, full=full)]


def _steps(copy: Mapping[Any, Any]) -> Iterator[str]:
    """When a copy took which step, where a device had a part in it."""
    taken = [step for step in Step if not math.isnan(copy[step.column])]
    if set(taken) - {Step.ACCEPTED, Step.STORED}:
        yield from (f"#   {step:<10}{_clock(copy[step.column])}" for step in taken)


def _acts(acts: pd.DataFrame, attempts: pd.DataFrame, copies: pd.DataFrame) -> list[tuple[float, str]]:
    """What operators told the hosts on a message's way as long as it was under way: when, and the line for it."""
    hosts = {*attempts["from_host"], *attempts["to_host"]}
    mine = acts[acts["host"].isin(hosts) & acts["time_s"].between(copies["created_s"].min(), copies["ended_s"].max())]
    lines = zip(mine["time_s"], mine["host"], mine["command"], strict=True)
    return sorted((at, f"\n# {_clock(at)} {host}: {command}") for at, host, command in lines)


def _opening(attempt: Mapping[str, Any], session: pd.DataFrame) -> str:
    if (session["started_s"] < attempt["started_s"]).any():
        return f"Using the connection with {attempt['to_host']}..."
    return f"Connecting to {attempt['to_host']} ({attempt['carrier']})..."


def _turn_request(
    attempt: Mapping[str, Any], session: pd.DataFrame, dialogues: pd.DataFrame, *, full: bool
) -> Iterator[str]:
    """What came before the first message of a session whose roles were swapped: TURN or ATRN of the server's host."""
    if (
        not attempt["session_id"]
        or session["message_id"].iloc[0]
        or session["started_s"].iloc[1] < attempt["started_s"]
    ):
        return
    asked = cast("dict[str, Any]", session.iloc[0].to_dict())
    yield ""
    yield f"# {_clock(asked['started_s'])} {asked['from_host']} to {asked['to_host']}, to ask for its mail"
    yield from _lines(_said(asked, session, dialogues), full=full)


def _clock(seconds: float) -> str:
    """Simulated time as days and a clock, e.g. `2 d 03:04:05.600`."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    clock = f"{hour:02}:{minute:02}:{rest // 1000:02}.{rest % 1000:03}"
    return f"{day} d {clock}" if day else clock


def _said(attempt: Mapping[str, Any], session: pd.DataFrame, dialogues: pd.DataFrame) -> list[tuple[str, str]]:
    """The lines of an attempt: its part of the session, with the greeting if it was the first, the end if the last."""
    if attempt["outcome"] in _UNREACHED:
        return []
    starts = session["started_s"]
    before, after = starts[starts < attempt["started_s"]], starts[starts > attempt["started_s"]]
    lines = dialogues[dialogues["session_id"] == attempt["session_id"]]
    # The reply that ended the one before was read at the very moment when this one began.
    answers = lines["direction"] == "<"
    if len(before):
        begun = (lines["time_s"] > attempt["started_s"]) | ((lines["time_s"] == attempt["started_s"]) & ~answers)
        lines, answers = lines[begun], answers[begun]
    if len(after):
        lines = lines[(lines["time_s"] < after.iloc[0]) | ((lines["time_s"] == after.iloc[0]) & answers)]
    return list(zip(lines["direction"], lines["line"], strict=True))


def _whom(said: Sequence[tuple[str, str]], copies: pd.DataFrame) -> str:
    """The recipients as the dialogue names them; without one, as the copies do."""
    named = [line[8:].strip() for way, line in said if way == ">" and line.upper().startswith("RCPT TO:")]
    paths = filter(None, map(_PATH.match, named))
    found = [path[1] for path in paths] or [str(one) for one in copies["recipient"]]
    more = f" and {len(found) - 2} others" if len(found) > 3 else ""
    return ", ".join(found[:2] if more else found) + more


def _lines(said: Sequence[tuple[str, str]], *, full: bool) -> Iterator[str]:
    """Replies bare, the client's lines after `>>>`; mail data (from the 354 on) abbreviated in its middle."""
    data: list[str] | None = None
    for way, line in said:
        if data is not None and way == ">":
            data.append(f">>> {line}" if line else ">>>")
            if line == ".":
                yield from _shortened(data, full=full)
                data = None
            continue
        if data is not None:
            yield from _shortened(data, full=full)
            data = None
        yield f">>> {line}" if way == ">" else line
        if way == "<" and line.startswith("354"):
            data = []
    yield from _shortened(data or [], full=full)


def _shortened(data: list[str], *, full: bool) -> list[str]:
    left_out = len(data) - _HEAD - _TAIL
    if full or left_out < 2:
        return data
    return [*data[:_HEAD], f"... {left_out} lines ...", *data[-_TAIL:]]


def _end(attempt: Mapping[str, Any]) -> str:
    # A result of a later version may hold outcomes that this one does not know.
    outcome = _OUTCOMES.get(attempt["outcome"])
    text = attempt["outcome"] if outcome is None else outcome.said.format_map(attempt)
    decided = outcome is None or (outcome.answered and outcome is not AttemptOutcome.ACCEPTED)
    if not decided or not attempt["reply_code"]:
        return text
    return f"{text}: {attempt['reply_code']} {attempt['enhanced_code']}".rstrip()
