"""The DNS records of a scenario's mail domains, those of single architectures included."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from sim.scenario.findings import Findings
from sim.scenario.names import is_domain_name
from sim.scenario.pydantic_seam import KEY
from sim.scenario.quantity import format_duration
from sim.scenario.source import Path
from sim.scenario.spec import NULL_MX, TTL, Domain, MxChange
from sim.scenario.spec.mx import REMOVED, MxRecord, RecordsForm

Records = tuple[tuple[int, str], ...]


class Said(NamedTuple):
    """MX records, the host of the A record, how long both may be remembered (s), and how they change."""

    mx: Records = ()
    a: str = ""
    ttl: float = TTL
    changes: tuple[MxChange, ...] = ()


NO_RECORDS = Said()
"""Those of an alias."""


def resolve_records(
    name: str, form: RecordsForm, nodes: Collection[str], findings: Findings, *, ttl: float, known: bool
) -> Said:
    """What the DNS says of a domain; `ttl` where it says none.

    Without `mx` and `a` the domain is a host's own, and has no records.
    """
    place: Path = ("domains", name)
    mx = records_of(form.mx, (*place, "mx"), nodes, findings, known=known)
    a = _address(form.a, (*place, "a"), nodes, findings, known=known)
    if form.mx is None and form.a is None:
        own = next((node for node in nodes if node.lower() == name.lower()), None)
        if own is None and known and findings.whole("domains", name):
            findings.error(
                (*place, KEY),
                f"no mx, and no host bears the domain's name ({name}): allowed is e.g. mx: {{10: HOST}}, or a: HOST",
            )
    changes = _changes(form, Said(mx, a), place, nodes, findings, known=known)
    return Said(mx, a, ttl if form.ttl is None else form.ttl, changes)


def resolve_own_domains(
    architecture: str,
    forms: Mapping[str, RecordsForm],
    domains: Mapping[str, Domain],
    nodes: Collection[str],
    findings: Findings,
    *,
    known: bool,
) -> dict[str, Domain]:
    """The domains whose records an architecture has otherwise, as it has them; who their users are stays."""
    found: dict[str, Domain] = {}
    sure = findings.whole("domains")
    for name, form in forms.items():
        place: Path = ("architectures", architecture, "domains", name)
        domain = domains.get(name.lower())
        if name.lower() in found:
            findings.error((*place, KEY), f"this domain is there twice ({name}): upper and lower case are the same")
        elif domain is None:
            if sure:
                findings.error((*place, KEY), findings.unknown("domain", name, domains))
        elif domain.cname:
            findings.error(
                (*place, KEY), f"an alias has no records of its own ({name}): name the domain that it stands for"
            )
        elif domain.mx == NULL_MX or form.mx == ():
            findings.error(
                (*place, KEY if form.mx is None else "mx"),
                f"whether a domain takes mail is the same in all architectures ({name}): allowed are MX hosts of a "
                "domain that has some",
            )
        else:
            mx = records_of(form.mx, (*place, "mx"), nodes, findings, known=known) if form.mx else domain.mx
            a = _address(form.a, (*place, "a"), nodes, findings, known=known) or domain.a
            found[domain.name] = replace(
                domain,
                mx=mx,
                a=a,
                ttl=domain.ttl if form.ttl is None else form.ttl,
                changes=_changes(form, Said(mx, a), place, nodes, findings, known=known)
                if form.changes is not None
                else domain.changes,
            )
    return found


def records_of(
    given: tuple[MxRecord, ...] | None, place: Path, nodes: Collection[str], findings: Findings, *, known: bool
) -> Records:
    """The records that stand in the file at a place, of hosts that exist."""
    if given == ():
        return NULL_MX
    return tuple(
        (record.preference, record.host)
        for record in given or ()
        if record.host in nodes
        or _is_elsewhere(record.host)
        or findings.known((*place, *record.where), "host", record.host, nodes, whole=known)
    )


def _is_elsewhere(host: str) -> bool:
    """Whether it is the absolute name of something that is no host of the network (RFC 1034 section 3.1)."""
    return host.endswith(".") and is_domain_name(host[:-1])


def _address(host: str | None, place: Path, nodes: Collection[str], findings: Findings, *, known: bool) -> str:
    """The host of an A record; empty where none is said."""
    if host is not None:
        findings.known(place, "host", host, nodes, whole=known)
    return host or ""


def _changes(
    form: RecordsForm, first: Said, place: Path, nodes: Collection[str], findings: Findings, *, known: bool
) -> tuple[MxChange, ...]:
    """How a domain's first records change; each time once, and never whether it takes mail at all."""
    found: dict[float, tuple[Records | None, str, Path]] = {}
    removed: list[Path] = []
    for index, change in enumerate(form.changes or ()):
        where: Path = (*place, "changes", index)
        if first.mx == NULL_MX or change.mx == ():
            findings.error(
                where if change.mx else (*where, "mx"),
                "a change from or to a domain that takes no mail (mx: none): allowed are MX hosts before and after",
            )
            continue
        if change.at in found:
            findings.error(
                (*where, "at"), f"two changes at one time ({format_duration(change.at)}): allowed is one at each"
            )
        mx: Records | None = None
        if change.mx is not None:
            removed += [where] * (change.mx == REMOVED)
            mx = () if change.mx == REMOVED else records_of(change.mx, (*where, "mx"), nodes, findings, known=known)
        found[change.at] = mx, _address(change.a, (*where, "a"), nodes, findings, known=known), where
    own = any(node.lower() == str(place[-1]).lower() for node in nodes)
    changes = [MxChange(at=-1.0, mx=first.mx, a=first.a)]
    for at, (mx, a, where) in sorted(found.items()):
        before = changes[-1]
        changes.append(MxChange(at=at, mx=before.mx if mx is None else mx, a=a or before.a))
        if where in removed and not changes[-1].a and not own and known:
            fault = f"no MX record and no A record from then on ({place[-1]}): allowed is removed with a: HOST"
            findings.error((*where, "mx"), fault)
    return tuple(changes[1:])
