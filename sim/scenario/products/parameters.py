"""The kinds of parameters that products have; `syntax.products` says how each is written in a file.

Beside these there are flags (bool), words (Literal), and what only one product has.
"""

from __future__ import annotations

from typing import Annotated

Time = Annotated[float, "above 0 s"]
"""In s; one of 0 would let a host spin, or never have any time."""

TimeOrZero = Annotated[float, "0 s or more"]

Count = Annotated[int, "1 or more"]

CountOrZero = Annotated[int, "0 or more"]
"""0 means no limit, or none of it."""

Hops = Annotated[int, "hops"]
"""How many Received fields make a loop."""

Mailbox = Annotated[str, "mailbox"]
"""`postmaster`, or an address; empty for nobody's."""

NotifyClasses = Annotated[str, "classes"]
"""Postfix's classes of what its postmaster is told."""

Intervals = tuple[Time, ...]
"""In s, at least one."""

Ages = Annotated[tuple[float, ...], "ages"]
"""In s, each above the one before; there may be none."""

Gaps = Annotated[tuple[float, ...], "gaps"]
"""In s, each so long after the one before; there may be none."""
