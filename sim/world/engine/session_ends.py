"""How a session can end before its time: a table of what has failed, by who hears of it.

What the client has read by then counts, reply by reply (RFC 5321 section 6.1; `mta.client.dialogue.Caller.end`): a 250
to the mail data is custody of the server's, a refusal decides for its recipient. For all the others the attempt has the
outcome of the row. Mail that the server took without the client's knowing is with both.

| what has failed | who hears of it | outcome | the server's program |
|---|---|---|---|
| nothing came | the client, by its own timer | timeout, connect-timeout | waits in vain |
| TCP repeated a segment in vain | the client, by ETIMEDOUT | tcp-timeout | waits in vain |
| the server's host restarted, or its program is gone | the client, by a reset or a FIN | connection-lost | is gone |
| a link of an older carrier cleared the call | both | carrier-lost | waits in vain |
| the server waited for too long | the client, by a 421 | what the 421 says | is gone |
| the client's host went down | nobody | host-crash | waits in vain |
| the client's program was stopped | the server, by a FIN | host-crash | is gone |

A program that waits in vain ends by its own timer. Where only the client's timer has run out, its kernel goes on for a
while with what it holds of the flight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sim.network.ending import Ending
from sim.results.outcomes import AttemptOutcome

__all__ = ["ENDS", "End"]


class End(NamedTuple):
    """A row of the table.

    `outcome` is None where a reply decides. `server_waits` says whether the server's program does not hear of it.
    """

    outcome: AttemptOutcome | None
    server_waits: bool


ENDS: Mapping[Ending | None, End] = {
    None: End(AttemptOutcome.TIMEOUT, server_waits=True),
    Ending.TIMED_OUT: End(AttemptOutcome.TCP_TIMEOUT, server_waits=True),
    Ending.RESET: End(AttemptOutcome.CONNECTION_LOST, server_waits=False),
    Ending.CLEARED: End(AttemptOutcome.CARRIER_LOST, server_waits=True),
    Ending.HUNG_UP: End(None, server_waits=False),
}
"""By how the connection ended; without that, by the client's own timer."""
