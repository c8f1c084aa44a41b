"""Ways of transfer that are a name for some data: what hosts route, what the DNS says, who keeps what they pass on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from sim.scenario.findings import Findings
from sim.scenario.pydantic_seam import KEY
from sim.scenario.source import Path
from sim.scenario.spec import NULL_MX, Architecture, Domain, Host
from sim.scenario.spec.replicas import USUAL_COPIES, Replicas
from sim.scenario.spec.routes import ALL_OTHERS
from sim.scenario.syntax.form import ArchitectureForm

APPOINTED = ("hub-and-spoke", "smart-host", "backup-mx")
"""Those in which mail goes by way of hosts that are appointed to it (`via`)."""

REPLICATING = ("epidemic", "spray-and-wait")
"""Those in which hosts give what they have to whom they meet, and keep it."""

_WORSE = 10
"""By how much a backup's preference is worse than that of all others."""


def reach(form: ArchitectureForm) -> Literal["end-to-end", "store-and-forward"]:
    """How far a session reaches where mail is transferred so."""
    return "store-and-forward" if form.transfer in ("store-and-forward", *REPLICATING) else "end-to-end"


def replicas_of(form: ArchitectureForm, name: str, findings: Findings) -> Replicas | None:
    """How hosts keep what they give to others; None where each copy has one host."""
    said, place = form.replicas, ("architectures", name, "replicas")
    if form.transfer == "epidemic":
        if said is not None and said.copies:
            findings.error((*place, "copies"), f"an epidemic of {said.copies} copies: allowed is spray-and-wait, or 0")
        return said or Replicas()
    if form.transfer == "spray-and-wait":
        said = said or Replicas()
        return said if said.copies else replace(said, copies=USUAL_COPIES)
    if said is not None and form.transfer != "store-and-forward":
        allowed = ", ".join(("store-and-forward", *REPLICATING))
        findings.error(place, f"replicas where the transfer is {form.transfer}: allowed are they with {allowed}")
    return said


def appoint(
    form: ArchitectureForm, architecture: Architecture, domains: Mapping[str, Domain], findings: Findings
) -> Architecture:
    """An architecture as its transfer has its hosts, and what the DNS says.

    What the file says of a host's routes goes before.

    Args:
        form: the architecture as the file has it.
        architecture: the same, with all that the file says of hosts and domains.
        domains: all domains, as they are in all architectures.
        findings: where mistakes go.
    """
    hosts, domains = architecture.hosts, {**domains, **architecture.domains}
    via = _via(form, list(hosts), ("architectures", architecture.name), findings)
    if not via:
        return architecture
    homes = {name: home for name, domain in domains.items() if (home := _home(domain, hosts)) is not None}
    if form.transfer == "backup-mx":
        return replace(architecture, domains={**architecture.domains, **_backed_up(via, homes, domains)})
    if form.transfer == "smart-host":
        homes = {}
    return replace(
        architecture,
        hosts={
            name: replace(host, routes=_routes(name, via, homes) | dict(host.routes)) for name, host in hosts.items()
        },
    )


def _via(form: ArchitectureForm, nodes: list[str], place: Path, findings: Findings) -> dict[str, str]:
    """The host that is appointed to each that has one; empty where there is a mistake in it."""
    said, where = form.via or {}, (*place, "via")
    if form.transfer not in APPOINTED:
        if said:
            allowed = ", ".join(APPOINTED)
            findings.error(where, f"a way where the transfer is {form.transfer}: allowed is one with {allowed}")
        return {}
    if form.protocol != "smtp":
        findings.error((*place, "protocol"), f"{form.protocol} by way of others ({form.transfer}): allowed is smtp")
        return {}
    if not said:
        findings.error((*place, "transfer"), f"{form.transfer} by way of nobody: needed is e.g. via: hub")
        return {}
    for name, host in said.items():
        known = findings.host((*where, name), host)
        if not (name == ALL_OTHERS or findings.host((*where, name, KEY), name)) or not known:
            return {}
        if name == host:
            findings.error((*where, name), f"a host by way of itself ({name}): allowed is another host")
            return {}
    everybodys = said.get(ALL_OTHERS, "")
    found = {name: host for name in nodes if (host := said.get(name, everybodys)) and host != name}
    # Two hosts may be backups of each other.
    return found if form.transfer == "backup-mx" or _ends(found, where, findings) else {}


def _ends(via: Mapping[str, str], where: Path, findings: Findings) -> bool:
    """Whether the way from each host comes to an end."""
    for name in via:
        way = [name]
        while way[-1] in via:
            way.append(via[way[-1]])
            if way[-1] == name:
                findings.error(where, f"a way that goes round ({' -> '.join(way)}): allowed is one with an end")
                return False
            if way[-1] in way[:-1]:
                break
    return True


def _home(domain: Domain, hosts: Mapping[str, Host]) -> str | None:
    """The first host that keeps a domain's mailboxes; None where there is none, or it takes no mail."""
    if domain.mx == NULL_MX:
        return None
    named = (*domain.mailboxes, *[host for _, host in domain.mx], domain.a)
    found = next((host for host in named if host in hosts), None)
    return found or next((host for host in hosts if host.lower() == domain.name), None)


def _routes(name: str, via: Mapping[str, str], homes: Mapping[str, str]) -> dict[str, str]:
    """The routes of a host: up to its own, or down to whose way leads through it, or to the end of that way."""
    up = via.get(name)
    routes = {} if up is None else {ALL_OTHERS: up}
    for domain, home in homes.items():
        way = [home]
        while way[-1] in via:
            way.append(via[way[-1]])
        onward = way[way.index(name) - 1] if name in way[1:] else up or way[-1]
        if home != name and onward != (up or home):
            routes[domain] = onward
    return routes


def _backed_up(via: Mapping[str, str], homes: Mapping[str, str], domains: Mapping[str, Domain]) -> dict[str, Domain]:
    """The domains that get one more MX host, worse than all others, at all times."""
    found: dict[str, Domain] = {}
    for name, home in homes.items():
        domain, backup = domains[name], via.get(home)
        if backup is None or domain.cname or backup in (host for _, host in domain.mx):
            continue
        mx = _with_backup(domain.mx or ((0, home),), backup)
        changes = [replace(change, mx=_with_backup(change.mx, backup)) for change in domain.changes]
        found[name] = replace(domain, mx=mx, changes=tuple(changes))
    return found


def _with_backup(mx: tuple[tuple[int, str], ...], backup: str) -> tuple[tuple[int, str], ...]:
    worst = max((preference for preference, _ in mx), default=0)
    return (*mx, (min(worst + _WORSE, 65535), backup)) if mx else mx
