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


def note_unknown_addresses(
    workload: Iterable[Source], domains: Mapping[str, Domain], nodes: Collection[str], findings: Findings
) -> None:
    """Say which addresses are no user's, list's or alias's, or in no domain of the scenario."""
    owners, known_as = Owners(domains), ehlo_names(nodes)
    hosts = frozenset(name.lower() for node in nodes for name in (node, known_as[node]))
    addresses = [parse_mailbox(text).address for text in dict.fromkeys(_addresses(workload))]
    unknown = [address for address in addresses if not _may_exist(address, owners, hosts)]
    for address in unknown[:_TOLD]:
        domain = domains.get(domain_key(address.domain))
        if domain is None:
            near = suggestion(address.domain, domains)
            findings.note(f"{shown(str(address))}: no domain of the scenario ({shown(address.domain)}){near}")
        else:
            near = suggestion(address.local, list(owners.names(domain).values()))
            findings.note(f"{shown(str(address))}: no user of {domain.name}{near}")
    if len(unknown) > _TOLD:
        findings.note(f"{len(unknown) - _TOLD} more addresses are nobody's")


def _may_exist(address: Address, owners: Owners, hosts: Collection[str]) -> bool:
    """Whether somebody has the address, or only a host can know that."""
    local, name = local_key(address.local), domain_key(address.domain)
    if name not in owners.domains:
        return name in hosts or is_literal(name)
    return (
        "%" in local
        or "!" in local
        or local == "mailer-daemon"
        or owners.has(Address(local.removeprefix("owner-"), name))
    )


def _addresses(workload: Iterable[Source]) -> Iterator[str]:
    for source in workload:
        match source:
            case MessagesAt():
                for message in source.messages:
                    yield message.sender
                    yield from message.recipients
            case Arrivals() | Messages():
                yield from (who for who, _ in (*source.senders, *source.recipients) if "@" in who)
