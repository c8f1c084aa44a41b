"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest
from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("fuzz", deadline=None, max_examples=34_000, print_blob=True)
settings.load_profile("ci")


@pytest.fixture
def unmeasured() -> Iterator[None]:
    """Coverage is not measured meanwhile: for tests that run long over lines that the others reach, too."""
    measuring = coverage.Coverage.current()
    if measuring is None:
        yield
        return
    measuring.stop()
    try:
        yield
    finally:
        measuring.start()


_SHARED = Path(os.environ.get("MTASIM_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real topologies, traces, messages and measurements, kept beside the project."""
    if not (_SHARED / "data").is_dir():
        pytest.skip(f"no shared data at {_SHARED}; set MTASIM_SHARED to the folder that holds data/ and truth/")
    return _SHARED
