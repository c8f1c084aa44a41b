"""The DNS records of a scenario's mail domains, those of single architectures included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sim.scenario.findings import Findings
from sim.scenario.names import is_domain_name
from sim.scenario.pydantic_seam import KEY
from sim.scenario.quantity import format_duration
from sim.scenario.resolve.users import resolve_people, unknown_users
from sim.scenario.source import Path
from sim.scenario.spec import NULL_MX, Domain, MxChange
from sim.scenario.spec.domain import DomainSettings, OwnDomainSettings
from sim.scenario.spec.mx import MxChangeSettings, MxRecords, Records, by_preference


def resolve_records(said: Mapping[str, Any], usual: Records, place: Path, findings: Findings) -> dict[str, Any]:
    """What the DNS says of a domain, by the fields of `Records`: as the file has it at a place, else as usual."""
    mx = _exchangers(said["mx"], (*place, "mx"), findings) if "mx" in said else usual.mx
    a = said.get("a", usual.a)
    if "a" in said:
        findings.host((*place, "a"), a)
    changes = _changes(said["changes"], mx, a, place, findings) if "changes" in said else usual.changes
    return {"mx": mx, "a": a, "ttl": said.get("ttl", usual.ttl), "changes": changes}


def resolve_own_domains(
    architecture: str,
    forms: Mapping[str, OwnDomainSettings],
    domains: Mapping[str, Domain],
    common: Mapping[str, DomainSettings],
    findings: Findings,
) -> dict[str, Domain]:
    """The domains that an architecture has otherwise, as it has them; who their users are stays.

    `common` is what the file says of all domains.
    """
    by_key = {name.lower(): form for name, form in common.items()}
    found: dict[str, Domain] = {}
    for name, said in forms.items():
        place: Path = ("architectures", architecture, "domains", name)
        domain = domains.get(name.lower())
        if name.lower() in found:
            findings.error((*place, KEY), f"this domain is there twice ({name}): upper and lower case are the same")
        elif domain is None:
            if findings.whole("domains"):
                findings.error((*place, KEY), findings.unknown("domain", name, domains))
        elif domain.cname:
            findings.error(
                (*place, KEY), f"an alias has no records of its own ({name}): name the domain that it stands for"
            )
        elif NULL_MX in (domain.mx, said.get("mx")):
            findings.error(
                (*place, "mx" if "mx" in said else KEY),
                f"whether a domain takes mail is the same in all architectures ({name}): allowed are MX hosts of a "
                "domain that has some",
            )
        else:
            people = resolve_people(domain.users, by_key.get(domain.name, {}), said)
            found[domain.name] = replace(domain, people=people, **resolve_records(said, domain, place, findings))
            for user in unknown_users(said, domain.users):
                findings.error((*place, "users", user, KEY), findings.unknown("user", user, domain.users))
    return found


def _exchangers(records: MxRecords, place: Path, findings: Findings) -> MxRecords:
    """The records that stand in the file at a place, of hosts that exist."""
    if records == NULL_MX:
        return records
    return tuple(
        (preference, host)
        for preference, hosts in by_preference(records).items()
        for index, host in enumerate(hosts)
        if _is_elsewhere(host) or findings.host((*place, str(preference), index), host)
    )


def _is_elsewhere(host: str) -> bool:
    """Whether it is the absolute name of something that is no host of the network (RFC 1034 section 3.1)."""
    return host.endswith(".") and is_domain_name(host[:-1])


def _changes(
    said: tuple[MxChangeSettings, ...], mx: MxRecords, a: str, place: Path, findings: Findings
) -> tuple[MxChange, ...]:
    """How a domain's first records change; each time once, and never whether it takes mail at all."""
    found: dict[float, tuple[dict[str, Any], bool, Path]] = {}
    for index, change in enumerate(said):
        where: Path = (*place, "changes", index)
        if len(change) == 1:
            findings.error(where, "a change of nothing: allowed are mx, a, or both")
        elif NULL_MX in (mx, change.get("mx")):
            findings.error(
                (*where, "mx") if change.get("mx") == NULL_MX else where,
                "a change from or to a domain that takes no mail (mx: none): allowed are MX hosts before and after",
            )
        else:
            if change["at"] in found:
                times = format_duration(change["at"])
                findings.error((*where, "at"), f"two changes at one time ({times}): allowed is one at each")
            if "a" in change:
                findings.host((*where, "a"), change["a"])
            known = {"mx": _exchangers(change["mx"], (*where, "mx"), findings)} if "mx" in change else {}
            found[change["at"]] = {**change, **known}, change.get("mx") == (), where
    own = any(node.lower() == str(place[-1]).lower() for node in findings.hosts)
    changes = [MxChange(at=-1.0, mx=mx, a=a)]
    for _, (fields, removed, where) in sorted(found.items()):
        changes.append(replace(changes[-1], **fields))
        if removed and not changes[-1].a and not own and findings.has_all_hosts:
            fault = f"no MX record and no A record from then on ({place[-1]}): allowed is removed with a: HOST"
            findings.error((*where, "mx"), fault)
    return tuple(changes[1:])
