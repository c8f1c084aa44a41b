"""Which users of a run have mailboxes of their own: those who have devices, rules, times away, ages or a quota."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from sim.mail.address import Address, domain_key, local_key, mailbox_key
from sim.mailbox.delivery import DeliveryAgent
from sim.mailbox.sieve import Script, Vacation
from sim.mailbox.sieve_script import read_script
from sim.scenario.spec import Domain
from sim.scenario.spec.quota import NO_QUOTA
from sim.scenario.spec.users import User
from sim.world.engine.ledger import Ledger
from sim.world.mailbox.account import RunAccount

_NO_RULES, _NO_SETTINGS = Script(), User()


@dataclass(frozen=True, slots=True)
class UserMailboxes:
    """A user's mailboxes, and what becomes of mail that comes for him.

    Attributes:
        account: the mailboxes.
        user: his settings.
        agent: delivers by his rules; None where he has none and is never away.
    """

    account: RunAccount
    user: User
    agent: DeliveryAgent | None

    def vacation(self, now: float) -> Vacation | None:
        """What those who write to him now are told, where he is away."""
        away = next((each for each in self.user.away if each.start <= now < each.end), None)
        if away is None:
            return None
        # One who is away for a second time answers anew.
        return Vacation(reason=away.says, subject=away.subject, period=away.every, handle=f"away from {away.start}")


class AllMailboxes:
    """The mailboxes of all users, each made when somebody first asks; a user has the same at all hosts of his domain.

    Args:
        domains: all there are, by name.
        ledger: waits for the copies that somebody will read.
    """

    def __init__(self, domains: Mapping[str, Domain], ledger: Ledger) -> None:
        self._domains = domains
        self._ledger = ledger
        self._found: dict[str, UserMailboxes | None] = {}
        self._names: dict[str, dict[str, str]] = {}
        self.are_any = any(domain.people or domain.quota != NO_QUOTA or domain.quotas for domain in domains.values())

    def of(self, address: Address) -> UserMailboxes | None:
        """Those of the user whose address it is; None where he has none, or is no user."""
        if not self.are_any:
            return None
        key = mailbox_key(address)
        if key not in self._found:
            self._found[key] = self._make(address)
        return self._found[key]

    def made(self) -> list[UserMailboxes]:
        """All that have been asked for, each once, in that order."""
        return [made for key, made in self._found.items() if made and key == mailbox_key(made.account.address)]

    def _make(self, address: Address) -> UserMailboxes | None:
        domain = self._domains.get(domain_key(address.domain))
        if domain is not None and domain.cname:
            return self.of(Address(address.local, domain.cname.lower()))
        names = {} if domain is None else self._users(domain)
        name = names.get(local_key(address.local))
        if domain is None or name is None:
            return None
        user, quota = domain.people.get(name, _NO_SETTINGS), domain.quotas.get(name, domain.quota)
        if not (user.devices or user.sieve or user.away or user.retention or user.archive or quota != NO_QUOTA):
            return None
        own = Address(name, domain.name)
        is_read = user.reads is not None and bool(user.devices)
        expires, archives = bool(user.retention), user.archive is not None
        account = RunAccount(own, quota, self._ledger, is_read=is_read, expires=expires, archives=archives)
        script = read_script(user.sieve.encode()) if user.sieve else _NO_RULES
        agent = DeliveryAgent(script, _message_ids(own)) if user.sieve or user.away else None
        return UserMailboxes(account, user, agent)

    def _users(self, domain: Domain) -> Mapping[str, str]:
        """The users of a domain by their keys."""
        if domain.name not in self._names:
            self._names[domain.name] = {local_key(name): name for name in domain.users}
        return self._names[domain.name]


def _message_ids(address: Address) -> Callable[[], str]:
    """Message-IDs of what a user's rules write."""
    serial = count(1)
    return lambda: f"<{next(serial)}.rules.{address}>"
