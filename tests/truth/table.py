"""What was measured beside what is simulated: a Markdown table of every cell of the measurements.

    python tests/truth/table.py FOLDER [SESSIONS]

`cells` says when a cell holds.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alone import sessions
from cells import HEAD
from hosts import hosts
from mailboxes import idle, mailboxes
from outages import outages
from paths import paths
from sharing import shared
from slow import ambiguous, buffers, slow
from submissions import submission_sessions, submissions
from uucp import uucp


def main(folder: Path, n: int) -> None:
    """Print the table."""
    print(HEAD)
    parts = (sessions(folder, n), shared(folder), outages(folder), ambiguous(folder), slow(folder), buffers(folder))
    for part in (
        *parts,
        paths(folder),
        hosts(folder),
        submissions(folder),
        submission_sessions(folder),
        mailboxes(folder, n),
        idle(folder),
        uucp(folder),
    ):
        for row in part:
            print(row, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
