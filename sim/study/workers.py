"""Runs in processes of our own: as many at a time as there are cores, none of which outlives the study.

A process that is killed, since memory has run out as a rule, costs what was under way. That is done again, once, with
half as many processes beside each other.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from typing import Generic, TypeVar

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


class WorkerError(Exception):
    """A task cannot be carried out by a process of this machine; one line that says which, and the cure."""


Killed = Callable[[str], object]
"""Takes a line that says that a process was killed."""


def work_off(
    work: Callable[[Task], Outcome], tasks: Sequence[Task], jobs: int, done: Callable[[int], object], killed: Killed
) -> list[Outcome]:
    """Carry out tasks in processes; their outcomes, in the order of the tasks.

    Args:
        work: carries out one, and can be pickled.
        tasks: all there are.
        jobs: how many processes, 1 at least.
        done: told how many are done, after each.
        killed: told when a process was killed.

    Raises:
        WorkerError: a task's process was killed twice.
    """
    found = _Works(work, tasks, done)
    tried: set[int] = set()
    while found.waiting:
        with _pool(min(jobs, len(found.waiting))) as executor:
            lost = found.through(executor, jobs)
        again = [index for index in lost if index in tried]
        if again:
            raise WorkerError(
                f"a process was killed twice at {tasks[again[0]]}, for want of memory as a rule: give --jobs 1, or make"
                " the scenario smaller"
            )
        if lost or found.waiting:
            tried.update(lost)
            jobs = max(jobs // 2, 1)
            killed(f"a process was killed, for want of memory as a rule: what it did is done again, {jobs} at a time")
            found.waiting.extendleft(reversed(lost))
    return [found.outcomes[index] for index in range(len(tasks))]


class _Works(Generic[Task, Outcome]):
    """Tasks by number: those that wait, and the outcomes of those that are done."""

    def __init__(self, work: Callable[[Task], Outcome], tasks: Sequence[Task], done: Callable[[int], object]) -> None:
        self._work = work
        self._tasks = tasks
        self._done = done
        self.waiting = deque(range(len(tasks)))
        self.outcomes: dict[int, Outcome] = {}

    def through(self, executor: Executor, jobs: int) -> list[int]:
        """Carry out what waits, no more at a time than there are processes; what was under way when one was killed."""
        under_way: dict[Future[Outcome], int] = {}
        lost: list[int] = []
        while under_way or (self.waiting and not lost):
            try:
                while len(under_way) < jobs and self.waiting and not lost:
                    with _uninterrupted():
                        under_way[executor.submit(self._work, self._tasks[self.waiting[0]])] = self.waiting[0]
                    self.waiting.popleft()
            except BrokenProcessPool:
                # A process was killed that had nothing to do yet, or of whose end the futures are about to tell.
                lost.append(self.waiting.popleft())
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                index = under_way.pop(future)
                try:
                    self.outcomes[index] = future.result()
                except BrokenProcessPool:
                    lost.append(index)
                else:
                    self._done(len(self.outcomes))
        return sorted(lost)


@contextmanager
def _pool(jobs: int) -> Iterator[Executor]:
    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    others = multiprocessing.active_children()
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare)
    try:
        yield executor
    except BaseException:
        # The work of an interrupted study is of no use to anybody: don't wait for it.
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()
        executor.shutdown(cancel_futures=True)
        raise
    executor.shutdown()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait: a process that is being started is not yet known to those who would end it."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        # It is not for Python, or not for this thread, to hear of it.
        yield
        return
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard:
            signal.raise_signal(signal.SIGINT)


def _prepare() -> None:
    """Ctrl-C reaches a worker too, and the parent alone speaks of it; a worker without its parent is of no use."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the parent's end, however it ends: its end of a pipe is closed then."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
