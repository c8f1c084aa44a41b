"""Addresses of a workload that nobody has: no mistakes, but worth knowing before the run shows what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sim.mail.address import Address, domain_key, is_literal
from sim.mail.mailbox import parse_mailbox
from sim.scenario.findings import Findings
from sim.scenario.names import ehlo_names, shown, suggestion
from sim.scenario.spec import NULL_MX, Domain
from sim.scenario.workload import Arrivals, Messages, MessagesAt, Source

__all__ = ["note_nobodies"]

_TOLD = 10
"""More addresses than these are not all told."""

_EVERYWHERE = ("postmaster", "mailer-daemon")


def note_nobodies(
    workload: Iterable[Source], domains: Mapping[str, Domain], nodes: Collection[str], findings: Findings
) -> None:
    """Say which addresses are no user's, list's or alias's, or in no domain of the scenario."""
    register = _Register(domains, nodes)
    found = [
        address
        for text in dict.fromkeys(_addresses(workload))
        if not register.may_have(address := parse_mailbox(text).address)
    ]
    for address in found[:_TOLD]:
        findings.note(register.told(address))
    if len(found) > _TOLD:
        findings.note(f"{len(found) - _TOLD} more addresses are nobody's")


def _addresses(workload: Iterable[Source]) -> Iterator[str]:
    for source in workload:
        match source:
            case MessagesAt():
                for message in source.messages:
                    yield message.sender
                    yield from message.recipients
            case Arrivals() | Messages():
                yield from (who for who, _ in (*source.senders, *source.recipients) if "@" in who)


class _Register:
    """Who has an address, as far as the scenario's domains say."""

    def __init__(self, domains: Mapping[str, Domain], nodes: Collection[str]) -> None:
        self._domains = domains
        known_as = ehlo_names(nodes)
        self._hosts = frozenset(name.lower() for node in nodes for name in (node, known_as[node]))
        self._known: dict[str, frozenset[str]] = {}

    def may_have(self, address: Address) -> bool:
        """Whether somebody has the address, or only a host can know that."""
        local, name = address.local.lower(), domain_key(address.domain)
        domain = self._domains.get(name)
        if domain is None:
            return name in self._hosts or is_literal(name)
        if domain.mx == NULL_MX or "%" in local or local in _EVERYWHERE:
            return True
        if name not in self._known:
            self._known[name] = frozenset(one.lower() for one in _names(domain))
        return local.removeprefix("owner-") in self._known[name]

    def told(self, address: Address) -> str:
        """What is strange about an address that nobody has."""
        domain = self._domains.get(domain_key(address.domain))
        if domain is None:
            near = suggestion(address.domain, self._domains)
            return f"{shown(str(address))}: no domain of the scenario ({shown(address.domain)}){near}"
        return f"{shown(str(address))}: no user of {domain.name}{suggestion(address.local, list(_names(domain)))}"


def _names(domain: Domain) -> Iterator[str]:
    yield from (*domain.users, *domain.lists, *domain.forwards, *domain.moved)
