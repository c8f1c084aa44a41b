"""Tables of facts: seven pandas frames whose columns are the facts' fields.

Each table begins with `architecture` and `replication`, so that tables of many runs are simply put one under another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, get_type_hints

import pandas as pd

from sim.results.facts import ActFact, AttemptFact, CopyFact, DeferralFact, DialogueFact, Facts, MessageFact, QueueFact
from sim.results.outcomes import AttemptOutcome, CopyOutcome, either

NULL_PATH = "<>"
"""The sender of a delivery report: the null reverse-path (RFC 5321 4.5.5)."""

_FACTS: Mapping[str, type[Any]] = {
    "messages": MessageFact,
    "copies": CopyFact,
    "attempts": AttemptFact,
    "queues": QueueFact,
    "deferrals": DeferralFact,
    "dialogues": DialogueFact,
    "acts": ActFact,
}
_DTYPES = {int: "int64", float: "float64", str: "str", AttemptOutcome: "str", CopyOutcome: "str"}

SCHEMA: Mapping[str, Mapping[str, str]] = {
    table: {
        "architecture": "str",
        "replication": "int64",
        **{name: _DTYPES[kind] for name, kind in get_type_hints(fact).items()},
    }
    for table, fact in _FACTS.items()
}
"""Table -> column -> dtype, in the order of the columns."""


@dataclass(frozen=True)
class Tables:
    """The facts of one or more runs as pandas frames; `SCHEMA` names their columns."""

    messages: pd.DataFrame
    copies: pd.DataFrame
    attempts: pd.DataFrame
    queues: pd.DataFrame
    deferrals: pd.DataFrame
    dialogues: pd.DataFrame
    acts: pd.DataFrame

    @property
    def user_copies(self) -> pd.DataFrame:
        """The copies of users' messages: all but those of delivery reports."""
        return self.without_reports(self.copies)

    @property
    def user_attempts(self) -> pd.DataFrame:
        """The attempts to pass users' messages on."""
        return self.without_reports(self.attempts)

    def without_reports(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of `frame` (which has a message_id) that do not belong to a delivery report."""
        key = ["architecture", "replication", "message_id"]
        reports = self.messages.loc[self.messages["sender"] == NULL_PATH, key]
        if reports.empty:
            return frame
        kept = frame[key].merge(reports, on=key, how="left", indicator=True)["_merge"] == "left_only"
        return frame[kept.to_numpy()]


def frames(facts: Facts, architecture: str, replication: int) -> Tables:
    """The tables of one run, their rows in the order of the facts."""
    return Tables(**{table: _frame(table, rows, architecture, replication) for table, rows in facts._asdict().items()})


def concat(tables: Sequence[Tables]) -> Tables:
    """The tables of several runs, one under another in the order given; none give empty tables."""
    parts = tables or [frames(Facts([], [], [], [], [], [], []), "", 0)]
    return Tables(
        **{
            field.name: pd.concat([getattr(part, field.name) for part in parts], ignore_index=True)
            for field in fields(Tables)
        }
    )


def _frame(table: str, rows: Sequence[tuple[Any, ...]], architecture: str, replication: int) -> pd.DataFrame:
    architecture_dtype, replication_dtype, *dtypes = SCHEMA[table].values()
    columns = list(zip(*rows, strict=True)) or [()] * len(dtypes)
    index = pd.RangeIndex(len(rows))
    series = [
        pd.Series(architecture, index=index, dtype=architecture_dtype),
        pd.Series(replication, index=index, dtype=replication_dtype),
        *(pd.Series(values, index=index, dtype=dtype) for values, dtype in zip(columns, dtypes, strict=True)),
    ]
    return pd.DataFrame(dict(zip(SCHEMA[table], series, strict=True)))


class Column(NamedTuple):
    """What a column holds: its unit (empty where it has none) and its meaning."""

    unit: str
    meaning: str


_RUN = {
    "architecture": Column("", "the scenario's name of the architecture"),
    "replication": Column("", "which replication, from 0; equal numbers share mail and weather"),
}
_MESSAGE_ID = {"message_id": Column("", "which message, unique within a run")}
_COLUMNS: Mapping[str, Mapping[str, Column]] = {
    "messages": {
        **_RUN,
        **_MESSAGE_ID,
        "created_s": Column("s", "when it entered the network"),
        "size_bytes": Column("bytes", "size of the mail data"),
        "sender": Column("", "the reverse-path's address; `<>` for a delivery report"),
        "recipients": Column("", "how many recipients it has"),
        "author": Column("", "who wrote it: not the sender where the reverse-path is forged, empty for a host"),
        "about": Column("", "the message_id of the message that a report tells of; 0 for other messages"),
    },
    "copies": {
        **_RUN,
        **_MESSAGE_ID,
        "recipient": Column("", "the forward-path's address"),
        "outcome": Column("", either(CopyOutcome)),
        "reason": Column("", "why, where it was not delivered"),
        "created_s": Column("s", "when its message entered the network"),
        "ended_s": Column("s", "when it reached its outcome, or when the run ended"),
        "hops": Column("", "passes from one MTA to the next that were accepted"),
        "attempts": Column("", "attempts that carried it"),
        "duplicates": Column("", "times that it was passed on once more because a reply was lost (RFC 1047)"),
        "path": Column("", "the hosts that had custody, joined by `>`"),
        "queue_s": Column("s", "time in queues before a first attempt at a host"),
        "retry_s": Column("s", "time between a failed attempt and the next"),
        "contact_s": Column("s", "time to make contact: connection, greeting and commands"),
        "transfer_s": Column("s", "time of mail data on the way"),
        "service_s": Column("s", "time at work in hosts"),
        "damage": Column("", "unseen or found, where its content is no longer what was written"),
    },
    "attempts": {
        **_RUN,
        "message_id": Column("", "which message, unique within a run; 0 where a host only asked for its mail"),
        "from_host": Column("", "the client's host"),
        "to_host": Column("", "the server's host"),
        "started_s": Column("s", "when the attempt began"),
        "ended_s": Column("s", "when its outcome was known to the client"),
        "outcome": Column("", either(AttemptOutcome)),
        "reply_code": Column("", "the reply code that decided it; 0 where none did"),
        "enhanced_code": Column("", "the enhanced status code beside it, where there was one"),
        "round_trips": Column("", "times that one side had to wait for the other"),
        "bytes_on_wire": Column("bytes", "every packet on every link that it crosses, both directions, repeats too"),
        "retransmissions": Column("", "segments sent again by TCP"),
        "session_id": Column("", "which session, unique within a run; 0 where there was nobody to connect to"),
        "recipients": Column("", "how many copies it carried"),
        "delay_a_s": Column(
            "s", "time before the queue manager: receiving the message, sleeping; a of Postfix's delays=a/b/c/d"
        ),
        "delay_b_s": Column("s", "time in the queue manager: waiting for a place; b of delays="),
        "delay_c_s": Column("s", "time to set up the connection: lookup, TCP, EHLO, TLS, hosts tried before; c"),
        "delay_d_s": Column("s", "time to transmit the message, from MAIL on; d. All four: time since it came in"),
        "from_address": Column("", "the client's address; empty where its host has one of any family"),
        "to_address": Column("", "the server's address; likewise"),
    },
    "queues": {
        **_RUN,
        "host": Column("", "whose queue"),
        "time_s": Column("s", "when it changed"),
        "messages": Column("", "messages in it from then on"),
        "bytes": Column("bytes", "size of their mail data"),
        "incoming": Column("", "of the messages, those that wait to become active"),
        "deferred": Column("", "those that sleep until they are tried again"),
        "hold": Column("", "those that are held back until their time (RFC 4865)"),
    },
    "deferrals": {
        **_RUN,
        "host": Column("", "whose queue"),
        "queue_id": Column("", "the message's name there"),
        **_MESSAGE_ID,
        "arrived_s": Column("s", "when the host took custody"),
        "time_s": Column("s", "when it was put off"),
        "next_s": Column("s", "when it is tried again; infinity for what is held until it is released"),
        "recipients": Column("", "those who are left, separated by spaces"),
        "reason": Column("", "why, as to the first of them"),
    },
    "dialogues": {
        **_RUN,
        "session_id": Column("", "which session, as in attempts"),
        "time_s": Column("s", "when the line was sent"),
        "direction": Column("", "`>` from client to server, `<` back"),
        "line": Column("", "the line without its CRLF"),
    },
    "acts": {
        **_RUN,
        "host": Column("", "which host its operators did something to"),
        "time_s": Column("s", "when"),
        "act": Column("", "flush, hold, release or restart"),
        "command": Column("", "what they told its product"),
        "messages": Column("", "how many messages it was about"),
    },
}


def describe() -> dict[str, dict[str, Column]]:
    """Table -> column -> unit and meaning, in the order of the columns."""
    return {table: dict(columns) for table, columns in _COLUMNS.items()}
