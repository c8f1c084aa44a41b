"""The DNS records of a scenario's mail domains, those of single architectures included."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from sim.scenario.findings import Findings
from sim.scenario.quantity import format_duration
from sim.scenario.reading import KEY
from sim.scenario.source import Path
from sim.scenario.spec import NULL_MX, TTL, Domain, MxChange
from sim.scenario.zones import MxRecord, RecordsForm

Records = tuple[tuple[int, str], ...]
Said = tuple[Records, float, tuple[MxChange, ...]]
"""MX records, how long they may be remembered (s), and how they change."""

NO_RECORDS: Said = (), TTL, ()
"""Those of an alias."""


def resolve_records(
    name: str, form: RecordsForm, nodes: Collection[str], findings: Findings, *, ttl: float, known: bool
) -> Said:
    """What the DNS says of a domain; `ttl` where it says none.

    Without `mx` the domain is a host's own, and has no records.
    """
    place: Path = ("domains", name)
    mx = records_of(form.mx, (*place, "mx"), nodes, findings, known=known)
    if form.mx is None:
        own = next((node for node in nodes if node.lower() == name.lower()), None)
        if own is None and known and findings.whole("domains", name):
            findings.error(
                (*place, KEY),
                f"no mx, and no host bears the domain's name ({name}): allowed is e.g. mx: {{10: HOST}}",
            )
    changes = _changes(form, mx, place, nodes, findings, known=known)
    return mx, ttl if form.ttl is None else form.ttl, changes


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
            found[domain.name] = replace(
                domain,
                mx=mx,
                ttl=domain.ttl if form.ttl is None else form.ttl,
                changes=_changes(form, mx, place, nodes, findings, known=known)
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
        if findings.known((*place, *record.where), "host", record.host, nodes, whole=known)
    )


def _changes(
    form: RecordsForm, mx: Records, place: Path, nodes: Collection[str], findings: Findings, *, known: bool
) -> tuple[MxChange, ...]:
    """How a domain's records change; each time once, and never whether it takes mail at all."""
    found: dict[float, MxChange] = {}
    for index, change in enumerate(form.changes or ()):
        where: Path = (*place, "changes", index)
        if mx == NULL_MX or change.mx == ():
            findings.error(
                where if change.mx else (*where, "mx"),
                "a change from or to a domain that takes no mail (mx: none): allowed are MX hosts before and after",
            )
            continue
        if change.at in found:
            findings.error(
                (*where, "at"), f"two changes at one time ({format_duration(change.at)}): allowed is one at each"
            )
        records = records_of(change.mx, (*where, "mx"), nodes, findings, known=known)
        found[change.at] = MxChange(at=change.at, mx=records)
    return tuple(found[at] for at in sorted(found))
