"""Work that may hang, fill the memory or crash, done in a process of its own."""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

_GRACE = 3.0
"""How much more of a processor than allowed work may take before its process is killed, s."""
_BUSY = 20
"""How much longer it may take, for a machine that has other work; what takes longer only waits."""
_OURS = f"{os.sep}sim{os.sep}"


@dataclass(frozen=True)
class Ended:
    """What work came to: its value, or what went wrong; and the most memory that it had, in bytes."""

    value: Any
    fault: str
    memory: int


class _Over(BaseException):
    """The time is over; no `except Exception` takes it."""


def apart(work: Callable[[], Any], *, seconds: float, memory: int) -> Ended:
    """Do work in a process of its own, which may take so much of a processor, and so many bytes more than this one."""
    reads, writes = os.pipe()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        # This process has no threads of its own; those of a library of linear algebra sleep.
        child = os.fork()
    if not child:
        os.close(reads)
        _work(work, writes, seconds, memory)
    os.close(writes)
    with os.fdopen(reads, "rb", buffering=0) as pipe:
        heard = _heard(pipe.fileno(), time.monotonic() + _BUSY * (seconds + _GRACE))
    if heard is None:
        os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    value, fault = pickle.loads(heard) if heard else (None, "")  # noqa: S301 - our own child wrote it
    if heard is None:
        fault = "it hangs"
    elif not heard:
        number = os.waitstatus_to_exitcode(status)
        fault = f"the process ended by {signal.Signals(-number).name if number < 0 else number}"
    return Ended(value, fault, used.ru_maxrss * 1024)


def _heard(pipe: int, deadline: float) -> bytes | None:
    """All that is written into a pipe until its other end is closed; None where that takes too long."""
    parts = []
    while (left := deadline - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            part = os.read(pipe, 1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
    return None


def _work(work: Callable[[], Any], pipe: int, seconds: float, memory: int) -> None:
    """The child's life."""
    signal.signal(signal.SIGVTALRM, _over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    processor = int(seconds + _GRACE) + 1
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    said: tuple[Any, str] = (None, "")
    try:
        said = work(), ""
    except _Over as error:
        said = None, f"more than {seconds:g} s of work, in {where(error)}"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        said = None, f"{type(error).__name__} in {where(error)}: {str(error)[:300]}"
    with suppress(_Over):
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    _write(pipe, pickle.dumps(said))
    os._exit(0)


def _write(pipe: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(pipe, octets) :]


def _over(_number: int, _frame: FrameType | None) -> None:
    raise _Over


def where(error: BaseException) -> str:
    """The innermost place of the program itself that an error went through."""
    places = traceback.extract_tb(error.__traceback__)
    ours = [place for place in places if _OURS in place.filename] or places
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}" if ours else "?"
