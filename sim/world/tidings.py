"""What a host tells the senders of messages, as mail of its own: reports, where they are wanted (RFC 3461)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.mail.path import NULL_PATH
from sim.mail.report import Action
from sim.mta import bounce
from sim.mta.envelope import needs_smtputf8
from sim.mta.queue import Copy, Entry, Failure
from sim.mta.wishes import notifies

if TYPE_CHECKING:
    from sim.world.station import Station

_EVENTS: dict[Action, str] = {
    "failed": "FAILURE",
    "delayed": "DELAY",
    "delivered": "SUCCESS",
    "relayed": "SUCCESS",
    "expanded": "SUCCESS",
}


def tell(
    station: Station, entry: Entry, fates: Sequence[tuple[Copy, Failure]], now: float, action: Action = "failed"
) -> set[str]:
    """Report on copies of an entry to its sender, as far as he wants to know; gives the recipients reported on.

    Nobody is told about a message with a null reverse-path (RFC 5321 section 4.5.5).
    """
    told = [(copy, why) for copy, why in fates if not copy.parameters or notifies(copy.parameters, _EVENTS[action])]
    back = entry.reverse_path
    if back.is_null or not told:
        return set()
    world, host = station.world, station.host.domain
    message_id = world.new_message_id()
    content = bounce.report(
        host, entry, told, message_id=f"<{message_id}@{host}>", now=now, action=action, clock=world.clock
    )
    copies = world.write(message_id, NULL_PATH, [back], len(content))
    station.submit(NULL_PATH, copies, content, (("SMTPUTF8", None),) if needs_smtputf8(back, ()) else None)
    return {copy.recipient for copy, _ in told}
