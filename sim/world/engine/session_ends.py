"""How a session can end before its time: one table of what failed, by who knows of it.

What the client has read by then counts, answer by answer (RFC 5321 section 6.1): where the server has said that it took
the mail it has custody, a refusal decides for its recipient. For all the others the attempt has the outcome of the row.

    python -m sim.world.engine.session_ends docs/sessions.md

prints the table, and that of the outcomes, into that file anew.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from sim.network.interface import Ending
from sim.protocol.diagram import draw_into
from sim.results.outcomes import AttemptOutcome


class Cause(Enum):
    """What ends a session where the connection does not (`Ending`)."""

    NO_SYN_ACK = auto()
    CLIENT_TIMER = auto()
    CLIENT_DOWN = auto()
    CLIENT_STOPPED = auto()
    SERVER_STOPPED = auto()


class End(NamedTuple):
    """A row of the table.

    Attributes:
        failed: What has failed.
        known_to: Who knows of it, and by what.
        outcome: What the attempt comes to; None where the server's reply decides.
        custody: Who has the mail that is under way.
        client_waits: Until when the client waits.
        server_waits: Whether the server does not know, and waits in vain until its own timer runs out.
        kernel_sends: Whether the client's kernel goes on with what it holds of the flight.
    """

    failed: str
    known_to: str
    outcome: AttemptOutcome | None
    custody: str
    client_waits: str
    server_waits: bool = False
    kernel_sends: bool = False


_CLIENT = "the client"
_BOTH = "the client; both, if the server had the whole"

ENDS: Mapping[Ending | Cause, End] = {
    Cause.NO_SYN_ACK: End(
        "no SYN-ACK comes", "the client, by its timer or ETIMEDOUT", AttemptOutcome.CONNECT_TIMEOUT, _CLIENT, "either"
    ),
    Ending.REFUSED: End(
        "nobody listens", "the client, by a reset", AttemptOutcome.CONNECTION_REFUSED, _CLIENT, "the reset"
    ),
    Cause.CLIENT_TIMER: End(
        "a flight or its answer is late",
        "the client, by its timer",
        AttemptOutcome.TIMEOUT,
        "the client; both, if the server has the whole by then or by what the client's kernel still sends",
        "its timer",
        server_waits=True,
        kernel_sends=True,
    ),
    Ending.TIMED_OUT: End(
        "TCP repeats a segment in vain",
        "the client, by ETIMEDOUT",
        AttemptOutcome.TCP_TIMEOUT,
        _BOTH,
        "TCP's last repetition",
        server_waits=True,
    ),
    Ending.RESET: End(
        "the server's host has restarted, or its program is gone",
        "both; the client, by a reset",
        AttemptOutcome.CONNECTION_LOST,
        _BOTH,
        "the reset",
    ),
    Cause.SERVER_STOPPED: End(
        "the server's program is stopped",
        "both; the client, by a FIN",
        AttemptOutcome.CONNECTION_LOST,
        _BOTH,
        "the FIN",
    ),
    Ending.HUNG_UP: End(
        "the server has waited for too long", "both; the client, by its last words", None, _CLIENT, "these"
    ),
    Ending.CLEARED: End(
        "an older carrier's link clears the call",
        "the client, by its carrier",
        AttemptOutcome.CARRIER_LOST,
        _BOTH,
        "the carrier's last repetition",
        server_waits=True,
    ),
    Cause.CLIENT_DOWN: End(
        "the client's host goes down", "nobody", AttemptOutcome.HOST_CRASH, _BOTH, "", server_waits=True
    ),
    Cause.CLIENT_STOPPED: End(
        "the client's program is stopped",
        "both; the server, by a FIN",
        AttemptOutcome.HOST_CRASH,
        "the client; both, if the server has the whole by what the client's kernel still sends",
        "",
        kernel_sends=True,
    ),
}


def ends() -> str:
    """The table as Markdown."""
    return _markdown(
        ("what has failed", "who knows of it", "outcome", "who has the mail", "client waits for", "server waits for"),
        [
            (
                end.failed,
                end.known_to,
                f"`{end.outcome}`" if end.outcome else "the reply's",
                end.custody,
                end.client_waits or "-",
                "its own timer" if end.server_waits else "-",
            )
            for end in ENDS.values()
        ],
    )


def outcomes() -> str:
    """The outcomes of attempts as Markdown."""
    return _markdown(
        ("outcome", "what it is", "whose fault", "reached a host", "broken off", "reason in reports"),
        [
            (
                f"`{one}`",
                one.meaning,
                one.fault or "-",
                "yes" if one.reached else "no",
                "yes" if one.broken_off else "no",
                one.reason or ("the reply" if one.answered else "-"),
            )
            for one in AttemptOutcome
        ],
    )


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def main(arguments: Sequence[str]) -> None:
    """Print the tables into each of these files."""
    for name in arguments:
        draw_into(Path(name), "ends", ends())
        draw_into(Path(name), "outcomes", outcomes())


if __name__ == "__main__":
    main(sys.argv[1:])
