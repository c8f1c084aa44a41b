"""Addresses of a workload that nobody has: no mistakes, but worth knowing before the run shows what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sim.mail.address import Address
from sim.mail.mailbox import parse_mailbox
from sim.scenario.findings import Findings
from sim.scenario.names import shown, suggestion
from sim.scenario.spec import NULL_MX, Domain
from sim.scenario.workload import MessagesAt, Source

__all__ = ["note_nobodies"]

_TOLD = 10
"""More addresses than these are not all told."""

_EVERYWHERE = ("postmaster", "mailer-daemon")


def note_nobodies(
    workload: Iterable[Source], domains: Mapping[str, Domain], nodes: Collection[str], findings: Findings
) -> None:
    """Say which addresses are no user's, list's or alias's, or in no domain of the scenario."""
    hosts = {node.lower() for node in nodes}
    told = [
        said
        for text in dict.fromkeys(_addresses(workload))
        if (said := _nobody(parse_mailbox(text).address, domains, hosts))
    ]
    for said in told[:_TOLD]:
        findings.note(said)
    if len(told) > _TOLD:
        findings.note(f"{len(told) - _TOLD} more addresses are nobody's")


def _addresses(workload: Iterable[Source]) -> Iterator[str]:
    for source in workload:
        if isinstance(source, MessagesAt):
            for message in source.messages:
                yield message.sender
                yield from message.recipients


def _nobody(address: Address, domains: Mapping[str, Domain], hosts: Collection[str]) -> str:
    """What is strange about an address; nothing where it has an owner, or where only a host can know that."""
    local, name = address.local.lower(), address.domain.lower()
    domain = domains.get(name)
    if domain is None:
        if name in hosts or name[:1] == "[":
            return ""
        return f"{shown(str(address))}: no domain of the scenario ({shown(name)}){suggestion(name, domains)}"
    if domain.mx == NULL_MX or "%" in local or local in _EVERYWHERE:
        return ""
    known = [one for names in (domain.users, domain.lists, domain.forwards, domain.moved) for one in names]
    if local.removeprefix("owner-") in {one.lower() for one in known}:
        return ""
    return f"{shown(str(address))}: no user of {domain.name}{suggestion(address.local, known)}"
