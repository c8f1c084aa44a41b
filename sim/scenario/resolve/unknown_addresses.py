"""Addresses of a workload that nobody has: no mistakes, but worth knowing before the run shows what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sim.mail.address import Address, domain_key, is_literal, local_key
from sim.mail.mailbox import parse_mailbox
from sim.scenario.findings import Findings
from sim.scenario.names import ehlo_names, shown, suggestion
from sim.scenario.resolve.address_owners import Owners
from sim.scenario.spec import Domain
from sim.scenario.spec.sources import Arrivals, Messages, MessagesAt, Source

_TOLD = 10
"""More addresses than these are not all told."""

_MAILER_DAEMON = "mailer-daemon"


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
        self._owners = Owners(domains)
        known_as = ehlo_names(nodes)
        self._hosts = frozenset(name.lower() for node in nodes for name in (node, known_as[node]))

    def may_have(self, address: Address) -> bool:
        """Whether somebody has the address, or only a host can know that."""
        local, name = local_key(address.local), domain_key(address.domain)
        if name not in self._owners.domains:
            return name in self._hosts or is_literal(name)
        list_or_user = Address(local.removeprefix("owner-"), name)
        return "%" in local or local == _MAILER_DAEMON or self._owners.has(list_or_user)

    def told(self, address: Address) -> str:
        """What is strange about an address that nobody has."""
        domains = self._owners.domains
        domain = domains.get(domain_key(address.domain))
        if domain is None:
            near = suggestion(address.domain, domains)
            return f"{shown(str(address))}: no domain of the scenario ({shown(address.domain)}){near}"
        near = suggestion(address.local, list(self._owners.names(domain).values()))
        return f"{shown(str(address))}: no user of {domain.name}{near}"
