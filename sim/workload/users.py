"""The people of a scenario, and who of them writes to whom."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import zip_longest
from random import Random
from typing import Literal

from sim.mail.address import Address, domain_key, mailbox_key
from sim.mail.mailbox import parse_mailbox
from sim.scenario.spec import Domain


class Population:
    """All users of all domains, in the order of the scenario.

    There may be none, where nobody is drawn.
    """

    def __init__(self, domains: Mapping[str, Domain]) -> None:
        self._domains = tuple(domains.values())
        self._by_domain = tuple(
            tuple(str(Address(user, domain.name)) for user in domain.users) for domain in domains.values()
        )
        self.addresses = tuple(address for users in self._by_domain for address in users)
        """Every user's address, domain by domain."""
        self._others: dict[tuple[str, str], tuple[str, ...]] = {}
        # For each user, where the users of the same domain begin and how many they are.
        self._neighbours: list[tuple[int, int]] = []
        for users in self._by_domain:
            self._neighbours += [(len(self._neighbours), len(users))] * len(users)

    @cached_property
    def _taken(self) -> frozenset[str]:
        """Every address that leads somewhere, by its key."""
        return frozenset(
            mailbox_key(Address(local, domain.name))
            for domain in self._domains
            for names in (domain.users, domain.lists, domain.forwards, domain.moved)
            for local in names
        )

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where each user stands among all."""
        return {address: place for place, address in enumerate(self.addresses)}

    def of_domain(self, name: str) -> tuple[tuple[str, ...], int]:
        """The addresses of a domain's users, and where the first of them stands among all."""
        start = 0
        for domain, users in zip(self._domains, self._by_domain, strict=True):
            if domain.name == name.lower():
                return users, start
            start += len(users)
        raise ValueError(f"no domain {name}: there are {', '.join(domain.name for domain in self._domains)}")

    def stretch(self, address: str, kind: Literal["uniform", "gravity"]) -> tuple[int, int]:
        """Where those begin whom somebody does not write to, and how many they are; none for who is no user."""
        place = self._places.get(address)
        if place is None:
            return 0, 0
        return self._neighbours[place] if kind == "gravity" else (place, 1)

    @cached_property
    def in_turn(self) -> tuple[str, ...]:
        """Every user's address, one of each domain in turn, so that any first part of it is spread over the domains."""
        rounds = zip_longest(*self._by_domain)
        return tuple(address for users in rounds for address in users if address is not None)

    def pair(self, kind: Literal["uniform", "gravity"], random: Random) -> tuple[str, str]:
        """Draw a sender and a recipient; always two numbers of the stream.

        `uniform`: any user writes to any other, within a domain or not.
        `gravity`: domains attract mail in proportion to their users: any user writes to any user of the other domains.
        Where no other domain has users, it is as `uniform`. Where there is one user in all, they write to themselves.
        """
        total = len(self.addresses)
        sender = int(random.random() * total)
        first, count = self._neighbours[sender] if kind == "gravity" else (sender, 1)
        if count == total:
            first, count = sender, 1
        # The recipient is any user outside the stretch of `count` users from `first` on.
        recipient = int(random.random() * (total - count))
        if recipient >= first and total > 1:
            recipient += count
        return self.addresses[sender], self.addresses[recipient]

    def victim(self, writer: str, domain: str, random: Random) -> str:
        """Draw whose address a writer bears: a user's of a domain, or, where that is empty, of another than his.

        Where nobody else has a user, it is anybody's; always one number of the stream.
        """
        key = _domain_of(writer), domain
        among = self._others.get(key)
        if among is None:
            own, _ = key
            by_name = zip(self._domains, self._by_domain, strict=True)
            found = [users for one, users in by_name if (one.name == domain if domain else one.name != own)]
            among = self._others[key] = tuple(address for users in found for address in users) or self.addresses
        return among[int(random.random() * len(among))]

    def stranger(self, number: int, neighbour: str) -> str:
        """An address in the domain of a user that nobody has there; another one for each number."""
        domain = _domain_of(neighbour)
        local = f"nobody{number}"
        while mailbox_key(Address(local, domain)) in self._taken:
            local = f"x{local}"
        return str(Address(local, domain))


def _domain_of(text: str) -> str:
    """The domain of an address, in lower case."""
    return domain_key(parse_mailbox(text).address.domain)
