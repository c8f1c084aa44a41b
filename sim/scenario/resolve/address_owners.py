"""Who has which address of a scenario: users, lists and those who are elsewhere, by what hosts go by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeVar

from sim.mail.address import Address, AddressError, domain_key, local_key, parse_address
from sim.scenario.spec import NULL_MX, Domain

T = TypeVar("T")

POSTMASTER = "postmaster"
"""RFC 5321 4.5.1: every domain has one, in upper or lower case alike."""


class Owners:
    """The owners of addresses; each domain's are looked through when one is first asked for.

    Args:
        domains: all there are.
    """

    __slots__ = ("_names", "domains")

    def __init__(self, domains: Mapping[str, Domain]) -> None:
        self.domains = domains
        self._names: dict[str, dict[str, str]] = {}

    def names(self, domain: Domain) -> Mapping[str, str]:
        """The names of a domain that mail can be for, as the scenario has them, by their `local_key`."""
        found = self._names.get(domain.name)
        if found is None:
            kinds = (domain.users, domain.lists, domain.forwards, domain.moved)
            found = self._names[domain.name] = {local_key(name): name for names in kinds for name in names}
        return found

    def has(self, address: Address) -> bool:
        """Whether a domain of the scenario has the address; one that takes no mail may have any."""
        domain = self.domains.get(domain_key(address.domain))
        if domain is None:
            return False
        key = local_key(address.local)
        return domain.mx == NULL_MX or key == POSTMASTER or key in self.names(domain)

    def own(self, address: Address) -> Address:
        """An address that somebody has, as the scenario writes it."""
        domain = self.domains[domain_key(address.domain)]
        return Address(self.names(domain).get(local_key(address.local), address.local), domain.name)

    def forward(self, address: Address) -> Address | None:
        """Where the mail of the user whose address it is is passed on to; None of any other."""
        found = self._under(address, lambda domain: domain.forwards)
        return None if found is None else address_of(found)

    def leads_to(self, address: Address) -> tuple[Address, ...]:
        """The members of the list whose address it is, and where its user's mail is passed on to."""
        members = self._under(address, lambda domain: domain.lists) or ()
        forward = self.forward(address)
        return (*filter(None, map(address_of, members)), *(() if forward is None else (forward,)))

    def _under(self, address: Address, kind: Callable[[Domain], Mapping[str, T]]) -> T | None:
        """What stands under an address's local part among those of a kind."""
        domain = self.domains.get(domain_key(address.domain))
        name = None if domain is None else self.names(domain).get(local_key(address.local))
        return None if domain is None or name is None else kind(domain).get(name)


@lru_cache(maxsize=65536)
def address_of(text: str) -> Address | None:
    """The address that a text is; None where it is none."""
    try:
        return parse_address(text, utf8=True)
    except AddressError:
        return None
