"""Real messages: a folder of .eml files or an mbox, as the canonical mail data that a host would submit."""

from __future__ import annotations

import mailbox
from contextlib import closing
from pathlib import Path

from sim.mail.content import canonical
from sim.workload.errors import SourceError

__all__ = ["read_messages"]


def read_messages(path: Path) -> list[bytes]:
    """Read the messages of a folder of .eml files, in order of their names, or of an mbox file, in its order.

    Nothing but line ends is changed, and the mbox's own `From ` lines are left out.

    Raises:
        OSError: the path or a file in it cannot be read.
        SourceError: there is no message.
    """
    if path.is_dir():
        messages = [canonical(file.read_bytes()) for file in sorted(path.glob("*.eml"))]
    else:
        # An mbox that does not exist would count as empty.
        path.stat()
        with closing(mailbox.mbox(path, create=False)) as box:
            messages = [canonical(box.get_bytes(key)) for key in box.keys()]  # noqa: SIM118 - iterating gives messages
    if not messages:
        raise SourceError(f"no message in {path}: give a folder of .eml files, or an mbox whose messages begin 'From '")
    return messages
