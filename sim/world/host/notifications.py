"""What a host tells the senders of messages, as mail of its own: reports, where they are wanted (RFC 3461).

Some products tell their postmaster, too, or him alone where a report itself comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sim.mail.address import Address, parse_address
from sim.mail.delivery_report import Action
from sim.mail.path import NULL_PATH, Path
from sim.mta import dsn
from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.failure import Failure
from sim.mta.queue.message_options import notifies
from sim.mta.server.recipients import Directory
from sim.results.outcomes import CopyOutcome
from sim.scenario.spec import Host
from sim.world.engine.ledger import Ledger
from sim.world.engine.messages import Messages

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


@dataclass(frozen=True)
class Notifications:
    """Writes a host's reports; `hosts` are all of the architecture's, `submit` takes mail of the host's own."""

    host: Host
    hosts: Mapping[str, Host]
    directory: Directory
    messages: Messages
    ledger: Ledger
    submit: Callable[[Path, list[Copy], bytes], None]

    def give_up(self, entry: Entry, given_up: Fates, now: float) -> None:
        """End copies of an entry that were not delivered, and report on them where that is wanted."""
        told = self.send_dsn(entry, given_up, now)
        again = entry.reverse_path.is_null and self._send_double_bounce(entry, given_up, now)
        for copy, failure in given_up:
            why = failure.diagnostic if failure.permanent else f"expired: {failure.diagnostic}"
            why = f"{why}; the postmaster was told" if again else why
            outcome = CopyOutcome.BOUNCED if copy.recipient in told else CopyOutcome.EXPIRED
            self.ledger.end(copy, outcome, why, now)

    def send_dsn(self, entry: Entry, fates: Fates, now: float, action: Action = "failed") -> set[str]:
        """Report on copies of an entry to its sender, as far as he wants to know; gives the recipients reported on.

        Nobody is told about a message with a null reverse-path (RFC 5321 section 4.5.5).
        """
        told = [(copy, why) for copy, why in fates if not copy.parameters or notifies(copy.parameters, _EVENTS[action])]
        back, product = entry.reverse_path, self.host.mta
        if back.is_null or not told or not product.reports:
            return set()
        whole = action == "failed" and dsn.returns_whole(product, entry)
        self._send(entry, told, now, back, action=action, full=whole)
        if _COPIED.get(action) in product.postmaster_hears and (mailbox := self._postmaster()):
            self._send(entry, told, now, mailbox, action=action, full=False)
        return {copy.recipient for copy, _ in told}

    def _send_double_bounce(self, entry: Entry, fates: Fates, now: float) -> bool:
        """Tell the host's postmaster of a report that came back, where its product does; says whether he was told.

        He is told in his mailbox here: nothing goes out that could come back a third time.
        """
        product = self.host.mta
        if not fates or "2bounce" not in product.postmaster_hears or (mailbox := self._postmaster()) is None:
            return False
        self._send(entry, fates, now, mailbox, action="failed", full=dsn.returns_whole(product, entry))
        return True

    def _send(self, entry: Entry, told: Fates, now: float, to: Path, *, action: Action, full: bool) -> None:
        host, message_id = self.host.domain, self.messages.next_id()
        content = dsn.report(
            host,
            entry,
            [(copy, replace(why, host=self.hosts[why.host].domain) if why.host else why) for copy, why in told],
            message_id=f"<{message_id}@{host}>",
            now=now,
            to=to,
            action=action,
            full=full,
            until=entry.arrival + self.host.mta.lifetime,
            clock=self.messages.epoch,
        )
        about = told[0][0].message_id
        self.submit(NULL_PATH, self.messages.write(message_id, NULL_PATH, [to], len(content), about=about), content)

    def _postmaster(self) -> Path | None:
        """The mailbox of the host that takes what its postmaster is told; None where it has no such mailbox."""
        name, directory = self.host.mta.postmaster, self.directory
        if not name:
            return None
        address = parse_address(name) if "@" in name else Address(name, "")
        passed_on = directory.members(address) is not None or directory.forwarding_reply(address) is not None
        kept = directory.is_local(address) and directory.has_user(address) and not passed_on
        return Path(address) if kept else None


class OnScreen(Notifications):
    """A user's mail program tells him on his screen what could not be sent."""

    def send_dsn(self, entry: Entry, fates: Fates, now: float, action: Action = "failed") -> set[str]:  # noqa: ARG002
        """Tell him; gives the recipients whom he knows about."""
        return {copy.recipient for copy, _ in fates}
