"""What hosts speak with each other to pass mail on: by an architecture's `protocol`, or by that of each link."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from sim.scenario.scalars import word

MailProtocol = Annotated[
    Literal["smtp", "ftp", "mqtt", "nje", "phonenet", "uucp", "x400"],
    word("protocol", "smtp", "ftp", "mqtt", "nje", "phonenet", "uucp", "x400"),
]

ENDS: Final = frozenset({"ftp", "mqtt"})
"""Those by which no host passes on what it was given for others: mail goes no further than one session brings it."""

OF_NEIGHBOURS: Final = frozenset({"uucp", "nje", "phonenet"})
"""Those whose sessions are of two neighbours, over the one link between them."""
