"""Tables of facts: ten pandas frames whose columns are the facts' fields.

Each table begins with `architecture` and `replication`, so that tables of many runs are simply put one under another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

import pandas as pd

from sim.results.facts import (
    ActFact,
    AddressFact,
    AttemptFact,
    Column,
    CopyFact,
    DeferralFact,
    DialogueFact,
    Facts,
    LossFact,
    MailboxFact,
    MessageFact,
    QueueFact,
)
from sim.results.outcomes import AttemptOutcome, CopyOutcome

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
    "mailboxes": MailboxFact,
    "losses": LossFact,
    "addresses": AddressFact,
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
    mailboxes: pd.DataFrame
    losses: pd.DataFrame
    addresses: pd.DataFrame

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


def where(frame: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows whose columns have these values; None is any."""
    for column, value in values.items():
        if value is not None:
            frame = frame[frame[column] == value]
    return frame


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


def describe() -> dict[str, dict[str, Column]]:
    """Table -> column -> unit and meaning, in the order of the columns."""
    run = {
        "architecture": Column("", "the scenario's name of the architecture"),
        "replication": Column("", "which replication, from 0; equal numbers share mail and weather"),
    }
    hints = {table: get_type_hints(fact, include_extras=True) for table, fact in _FACTS.items()}
    return {
        table: run | {name: hint.__metadata__[0] for name, hint in fields_of.items()}
        for table, fields_of in hints.items()
    }
