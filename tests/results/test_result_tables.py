"""Tables of facts."""

from __future__ import annotations

from typing import get_type_hints

import pytest
from synthetic_results import attempt, copy, message, tables_of

from sim.results import facts
from sim.results.tables import SCHEMA, concat, describe

FACTS = {
    "messages": facts.MessageFact,
    "copies": facts.CopyFact,
    "attempts": facts.AttemptFact,
    "queues": facts.QueueFact,
    "acts": facts.ActFact,
    "deferrals": facts.DeferralFact,
    "dialogues": facts.DialogueFact,
}


def dtypes(frame) -> dict[str, str]:
    """Column -> dtype, as text."""
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


@pytest.mark.parametrize("table", FACTS)
def test_columns_are_the_run_and_the_fact(table):
    """A table has architecture and replication, then the fact's fields in their order."""
    assert list(SCHEMA[table]) == ["architecture", "replication", *get_type_hints(FACTS[table])]


@pytest.mark.parametrize("table", FACTS)
def test_empty_tables_have_dtypes(table):
    """A table without rows has the same columns and kinds of values as a full one."""
    frame = getattr(tables_of(), table)
    assert [kind.replace("object", "str") for kind in dtypes(frame).values()] == list(SCHEMA[table].values())


def test_rows_keep_their_order_and_values():
    """Rows come in the order of the facts, with the run in front."""
    found = tables_of(copies=[copy(2, ended_s=3), copy(1, ended_s=4)], architecture="b", replication=7).copies
    assert found[["architecture", "replication", "message_id", "ended_s"]].to_numpy().tolist() == [
        ["b", 7, 2, 3.0],
        ["b", 7, 1, 4.0],
    ]


def test_whole_numbers_in_a_float_column_are_floats():
    """A time that a run recorded as an int is a float in the table."""
    assert dtypes(tables_of(messages=[message(created_s=5)]).messages)["created_s"] == "float64"


def test_concat_keeps_runs_apart_and_dtypes():
    """Runs are put one under another; an empty one changes no dtype."""
    one, two = tables_of(copies=[copy()]), tables_of(copies=[copy()], replication=1)
    found = concat([one, tables_of(), two])
    assert found.copies["replication"].tolist() == [0, 1]
    assert dtypes(found.copies) == dtypes(one.copies)


def test_concat_of_nothing_is_empty():
    """No runs give empty tables of the right columns."""
    assert {name: list(getattr(concat([]), name)) for name in SCHEMA} == {name: list(SCHEMA[name]) for name in SCHEMA}


def test_reports_are_left_out_run_by_run():
    """A message_id that is a report's in one run may be a user's in another."""
    report = tables_of([message(1, sender="<>"), message(2)], [copy(1), copy(2)], [attempt(1), attempt(2)])
    user = tables_of([message(1)], [copy(1)], [attempt(1)], architecture="b")
    both = concat([report, user])
    assert both.user_copies[["architecture", "message_id"]].to_numpy().tolist() == [["a", 2], ["b", 1]]
    assert both.user_attempts["message_id"].tolist() == [2, 1]


def test_without_reports_nothing_is_left_out():
    """Where there is no report every copy is a user's."""
    assert len(tables_of([message(1)], [copy(1)]).user_copies) == 1


def test_description_covers_every_column():
    """Each column of each table has a meaning, in order."""
    assert {table: list(columns) for table, columns in describe().items()} == {
        table: list(columns) for table, columns in SCHEMA.items()
    }
    assert all(column.meaning for columns in describe().values() for column in columns.values())


def test_seconds_and_bytes_say_so():
    """A column whose name ends in a unit is described with it."""
    units = {name: column.unit for columns in describe().values() for name, column in columns.items()}
    assert {units[name] for name in units if name.endswith("_s")} == {"s"}
    assert units["size_bytes"] == units["bytes_on_wire"] == "bytes"
