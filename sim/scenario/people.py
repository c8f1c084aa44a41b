"""The mail domains of a scenario, and who is an address in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sim.scenario.findings import Findings
from sim.scenario.form import DomainForm
from sim.scenario.names import dns_label, is_domain_name, shown, unique, unknown
from sim.scenario.population import DEFAULT_PREFERENCE, numbered
from sim.scenario.reading import KEY
from sim.scenario.source import Path
from sim.scenario.spec import Domain

DEFAULT_USERS = 10
POSTMASTER = "postmaster"
"""RFC 5321 4.5.1: every domain has one, in upper or lower case alike."""


def resolve_domains(
    forms: Mapping[str, DomainForm] | None, nodes: Collection[str], findings: Findings, *, known: bool
) -> dict[str, Domain]:
    """The domains in lower case; without any, each node is a domain of its own under `.example`."""
    if forms is None:
        labels = unique(map(dns_label, nodes))
        return {
            f"{label}.example": Domain(
                name=f"{label}.example", mx=((DEFAULT_PREFERENCE, node),), users=numbered(DEFAULT_USERS)
            )
            for label, node in zip(labels, nodes, strict=True)
        }
    if not forms and findings.whole("domains"):
        findings.error(("domains",), "no domains (an empty mapping): allowed is at least one")
    domains: dict[str, Domain] = {}
    for name, form in forms.items():
        key = name.lower()
        _check_name(name, key in domains, findings)
        mx = _mx(name, form, nodes, findings, known=known)
        users, lists = form.users or numbered(DEFAULT_USERS), form.lists or {}
        for twice in [local for local in lists if local in users]:
            findings.error(
                ("domains", name, "lists", twice, KEY), f"a user and a list of one name ({twice}): rename one"
            )
        domains[key] = Domain(name=key, mx=mx, users=users, lists=lists)
    return _with_members(forms, domains, findings)


def _with_members(forms: Mapping[str, DomainForm], domains: dict[str, Domain], findings: Findings) -> dict[str, Domain]:
    """The domains with their lists' members checked: addresses that exist, and no list inside itself."""
    sure = findings.whole("domains")
    for name, form in forms.items():
        found = {}
        for local, members in (form.lists or {}).items():
            place: Path = ("domains", name, "lists", local)
            found[local] = tuple(
                resolve_address(member, (*place, index), domains, findings, sure=sure)
                for index, member in enumerate(members)
            )
            if _reaches(f"{local}@{name.lower()}", found[local], domains):
                findings.error(
                    place, f"a list that contains itself ({local}): allowed are members that do not lead back"
                )
        domains[name.lower()] = replace(domains[name.lower()], lists=found)
    return domains


def _reaches(goal: str, members: Sequence[str], domains: Mapping[str, Domain]) -> bool:
    """Whether one of the members is the goal, or a list that leads to it."""
    todo, seen = list(members), set[str]()
    while todo:
        local, _, name = (member := todo.pop()).rpartition("@")
        if f"{local}@{name.lower()}" == goal:
            return True
        if member not in seen and name.lower() in domains:
            todo += domains[name.lower()].lists.get(local, ())
        seen.add(member)
    return False


def _check_name(name: str, again: bool, findings: Findings) -> None:
    place = ("domains", name, KEY)
    if again:
        findings.error(place, f"this domain is there twice ({name}): upper and lower case are the same")
    elif not is_domain_name(name):
        findings.error(
            place,
            f"not a domain name ({shown(name)}): allowed are letters, digits, inner hyphens, and dots between",
        )


def _mx(
    name: str, form: DomainForm, nodes: Collection[str], findings: Findings, *, known: bool
) -> tuple[tuple[int, str], ...]:
    place: Path = ("domains", name, "mx")
    if form.mx is None:
        own = next((node for node in nodes if node.lower() == name.lower()), None)
        if own is None and known and findings.whole("domains", name):
            findings.error(
                ("domains", name, KEY),
                f"no mx, and no host bears the domain's name ({name}): allowed is e.g. mx: {{10: HOST}}",
            )
        return ()
    return tuple(
        (record.preference, record.host)
        for record in form.mx
        if findings.known((*place, *record.where), "host", record.host, nodes, whole=known)
    )


def resolve_address(text: str, path: Path, domains: Mapping[str, Domain], findings: Findings, *, sure: bool) -> str:
    """The address with its domain in lower case, after a check that there is such a user.

    `sure` says that the domains are all known, so that an unknown one is a mistake.
    """
    local, at, name = text.rpartition("@")
    if not at or not local:
        findings.error(path, f"not an address ({shown(text)}): allowed is USER@DOMAIN")
        return text
    domain = domains.get(name.lower())
    if domain is None:
        if sure:
            findings.error(path, unknown("domain", name, domains))
        return text
    if local not in domain.users and local not in domain.lists and local.lower() != POSTMASTER:
        if sure and findings.untouched("domains", name):
            findings.error(path, unknown(f"user of {domain.name}", local, (*domain.users, *domain.lists)))
        return text
    return f"{local}@{domain.name}"
