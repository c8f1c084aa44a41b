"""Outcomes are enumerated once: whoever asks for one asks the enumeration."""

import ast
from pathlib import Path

import pytest

import sim
from sim.results.outcomes import AttemptOutcome, CopyOutcome, Step
from sim.results.tables import describe

ROOM = Path(sim.__file__).parent
WORDS = {str(outcome) for outcome in (*AttemptOutcome, *CopyOutcome)}


def spelled(tree):
    """Outcomes as literal strings: those that are no other word, and what is compared with an outcome."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in WORDS and "-" in node.value:
            yield node
        if isinstance(node, ast.Compare) and "outcome" in ast.unparse(node):
            yield from (one for one in ast.walk(node) if isinstance(one, ast.Constant) and one.value in WORDS)


@pytest.mark.parametrize(
    "path",
    sorted({*ROOM.rglob("*.py")} - {ROOM / "results" / "outcomes.py"}),
    ids=lambda path: path.relative_to(ROOM).as_posix(),
)
def test_no_module_spells_an_outcome(path):
    """A literal would be forgotten when an outcome is added."""
    assert [node.lineno for node in spelled(ast.parse(path.read_text()))] == []


def test_an_outcome_is_its_text_wherever_it_is_written():
    """Fingerprints are made of the repr, tables of the text."""
    assert [(repr(outcome), f"{outcome}") for outcome in AttemptOutcome] == [
        (repr(outcome.value), outcome.value) for outcome in AttemptOutcome
    ]


def test_the_columns_name_all_outcomes():
    """What the documentation of the tables says is the enumeration."""
    found = describe()
    assert all(outcome in found["attempts"]["outcome"].meaning for outcome in AttemptOutcome)
    assert all(outcome in found["copies"]["outcome"].meaning for outcome in CopyOutcome)


def test_each_step_has_a_column():
    """The steps from hand to eye are columns of copies, in their order."""
    columns = list(describe()["copies"])
    assert [column for column in columns if column in {step.column for step in Step}] == [step.column for step in Step]


@pytest.mark.parametrize("outcome", AttemptOutcome)
def test_what_no_reply_decides_has_a_reason(outcome):
    """Each outcome has words for a transcript, and each that no reply decides has words and a code for reports."""
    told = bool(outcome.reason and outcome.status.startswith("4.4."))
    assert (bool(outcome.said), bool(outcome.meaning), told) == (
        True,
        True,
        not outcome.answered and outcome is not AttemptOutcome.UNFINISHED,
    )


@pytest.mark.parametrize("outcome", AttemptOutcome)
def test_an_attempt_is_decided_one_way(outcome):
    """By replies, by finding nobody, by being broken off, or by the end of the run."""
    ways = [outcome.answered, not outcome.reached, outcome.broken_off, outcome is AttemptOutcome.UNFINISHED]
    assert sum(ways) == 1
