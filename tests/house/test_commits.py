"""The subjects of commits, from the commit on that brought this rule."""

from __future__ import annotations

import subprocess

import pytest
from modules import ROOT

MOST_CHARACTERS = 72


def _git(*arguments: str) -> list[str]:
    try:
        told = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git, or no history of it here")
    return told.stdout.splitlines()


def test_subjects_of_commits_fit_into_a_line():
    """A commit's subject has at most 72 characters, since the commit that added this test."""
    first = _git("log", "--diff-filter=A", "--format=%H", "--", "tests/house/test_commits.py")
    if not first:
        pytest.skip("the history here does not reach back")
    subjects = _git("log", "--no-merges", "--format=%s", f"{first[-1]}^..HEAD")
    assert [subject for subject in subjects if len(subject) > MOST_CHARACTERS] == []
