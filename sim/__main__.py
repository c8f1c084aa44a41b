"""The start and the end of the command's process; the command itself is `sim.cli`."""

from __future__ import annotations

import os
import signal
import sys

INTERRUPTED = 130


class Interrupts:
    """Remembers Ctrl-C, which some libraries swallow or make another error of while they are imported."""

    def __init__(self) -> None:
        self.seen = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, _number: int, _frame: object) -> None:
        self.seen = True
        raise KeyboardInterrupt


def console() -> None:
    """The console script: run the command, and end the process with its exit status."""
    interrupts = Interrupts()
    try:
        from sim.cli import main  # noqa: PLC0415 - Ctrl-C may come while it is loaded

        status = main(interrupted=lambda: interrupts.seen)
    except BaseException:
        if not interrupts.seen:
            raise
        sys.stderr.write("interrupted\n")
        status = INTERRUPTED
    if interrupts.seen:
        # CPython ends by the signal itself, with no exit status, where Ctrl-C fell into certain imports: leave before.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)
    sys.exit(status)


if __name__ == "__main__":
    console()
