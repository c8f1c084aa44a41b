"""Processes that carry out runs: what becomes of their work when one is killed, and of them when their parent is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from sim.study import workers
from sim.study.workers import WorkerError, work_off

ROOT = Path(__file__).resolve().parents[2]


def killed_at_first(folder: Path, times: int, task: int) -> int:
    """Ten times the task; task 2's process is killed so many times before."""
    marks = len(list(folder.iterdir()))
    if task == 2 and marks < times:
        (folder / str(marks)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * task


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_process_that_is_killed_costs_its_task_alone(tmp_path: Path, jobs: int):
    """It is said, and done again; all outcomes are there, in order."""
    said: list[str] = []
    done: list[int] = []
    found = work_off(partial(killed_at_first, tmp_path, 1), range(6), jobs, done.append, said.append)
    assert (found, done, len(said)) == ([0, 10, 20, 30, 40, 50], [1, 2, 3, 4, 5, 6], 1)


@pytest.mark.slow
def test_a_process_that_is_killed_twice_ends_the_study(tmp_path: Path):
    """A line that names the task and says what can be done."""
    with pytest.raises(WorkerError, match=r"killed twice at 2, .* give --jobs 1"):
        work_off(partial(killed_at_first, tmp_path, 9), range(6), 2, id, id)
    assert len(list(tmp_path.iterdir())) == 2


LONG = """
title: long
duration: 30 d
network:
  generate: {barabasi_albert: {nodes: 60, links: 2}}
workload:
  constant: {every: 1 s, size: 1 kB}
"""


def children(process: int) -> set[int]:
    """The processes below one, by number."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, parent = int(stat.parent.name), int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == process:
            found |= {number} | children(number)
    return found


def alive(process: int) -> bool:
    """Whether it is there, and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it looks at processes in /proc")
def test_workers_end_with_their_parent(tmp_path: Path):
    """Even if it is killed, and they are in the midst of a run."""
    (tmp_path / "long.yaml").write_text(LONG)
    command = [sys.executable, "-m", "sim", "run", "long.yaml", "--jobs", "2", "-q"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as parent:
        end = time.monotonic() + 30
        # The resource tracker, the fork server and two workers.
        while len(below := children(parent.pid)) < 4:
            assert time.monotonic() < end
            time.sleep(0.05)
        parent.kill()
    end = time.monotonic() + 10
    while any(map(alive, below)):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_interruption_waits_until_a_started_process_is_known(monkeypatch):
    """Else nobody would end it, and it would complain of what its parent has taken away."""
    known = []

    class Starting(ThreadPoolExecutor):
        def __init__(self, jobs: int, **_settings: object) -> None:
            super().__init__(jobs)

        def submit(self, work, *arguments):
            os.kill(os.getpid(), signal.SIGINT)
            known.append(arguments)
            return super().submit(work, *arguments)

    monkeypatch.setattr(workers, "ProcessPoolExecutor", Starting)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            work_off(str, [7], 1, print, print)
    finally:
        signal.signal(signal.SIGINT, before)
    assert known == [(7,)]
