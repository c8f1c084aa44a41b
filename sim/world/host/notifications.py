"""What a host tells the senders of mail, as mail of its own: reports, where they are wanted (RFC 3461).

Some products tell their postmaster, too, or him alone where a report itself comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sim.mail.address import Address, parse_address
from sim.mail.path import NULL_PATH, Path
from sim.mail.report import Action
from sim.mta.queue.message_options import notifies
from sim.mta.queue.queue import Copy, Entry, Failure
from sim.mta.reports import dsn

if TYPE_CHECKING:
    from sim.world.host.host import Station

_EVENTS: dict[Action, str] = {
    "failed": "FAILURE",
    "delayed": "DELAY",
    "delivered": "SUCCESS",
    "relayed": "SUCCESS",
    "expanded": "SUCCESS",
}
_COPIED: dict[Action, str] = {"failed": "bounce", "delayed": "delay"}
"""What the postmaster hears of a report by (`Product.postmaster_hears`)."""

Fates = Sequence[tuple[Copy, Failure]]


def send_dsn(station: Station, entry: Entry, fates: Fates, now: float, action: Action = "failed") -> set[str]:
    """Report on copies of an entry to its sender, as far as he wants to know; gives the recipients reported on.

    Nobody is told about a message with a null reverse-path (RFC 5321 section 4.5.5).
    """
    told = [(copy, why) for copy, why in fates if not copy.parameters or notifies(copy.parameters, _EVENTS[action])]
    back, product = entry.reverse_path, station.host.mta
    if back.is_null or not told or not product.reports:
        return set()
    whole = action == "failed" and dsn.returns_whole(product, entry)
    _send(station, entry, told, now, back, action=action, full=whole)
    if _COPIED.get(action) in product.postmaster_hears and (mailbox := _postmaster(station)):
        _send(station, entry, told, now, mailbox, action=action, full=False)
    return {copy.recipient for copy, _ in told}


def send_double_bounce(station: Station, entry: Entry, fates: Fates, now: float) -> bool:
    """Tell the host's postmaster of a report that came back, where its product does; says whether he was told.

    He is told in his mailbox here: nothing goes out that could come back a third time.
    """
    product = station.host.mta
    if not fates or "2bounce" not in product.postmaster_hears or (mailbox := _postmaster(station)) is None:
        return False
    _send(station, entry, fates, now, mailbox, action="failed", full=dsn.returns_whole(product, entry))
    return True


def _send(station: Station, entry: Entry, told: Fates, now: float, to: Path, *, action: Action, full: bool) -> None:
    world, host = station.world, station.host.domain
    message_id = world.new_message_id()
    content = dsn.report(
        host,
        entry,
        [(copy, replace(why, host=world.stations[why.host].host.domain) if why.host else why) for copy, why in told],
        message_id=f"<{message_id}@{host}>",
        now=now,
        to=to,
        action=action,
        full=full,
        until=entry.arrival + station.host.mta.lifetime,
        clock=world.clock,
    )
    copies = world.write(message_id, NULL_PATH, [to], len(content), about=told[0][0].message_id)
    station.submit(NULL_PATH, copies, content)


def _postmaster(station: Station) -> Path | None:
    """The mailbox of the host that takes what its postmaster is told; None where it has no such mailbox."""
    name, directory = station.host.mta.postmaster, station.directory
    if not name:
        return None
    address = parse_address(name) if "@" in name else Address(name, "")
    passed_on = directory.members(address) is not None or directory.forwarding_reply(address) is not None
    kept = directory.is_local(address) and directory.has_user(address) and not passed_on
    return Path(address) if kept else None
