"""Hosts that fetch their mail from another: what is wrong with that, or in vain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sim.scenario.findings import Findings
from sim.scenario.source import Path
from sim.scenario.spec import Domain, Host


def check_collects(host: Host, hosts: Mapping[str, Host], place: Path, findings: Findings) -> None:
    """Report a host that asks itself, or could never prove who it is; `place` is where the file says that it asks."""
    collects = host.collects
    if collects is None or collects.source not in hosts:
        return
    if collects.source == host.name:
        said = f"a host that collects from itself ({host.name}): name the host that holds its mail, or say none for it"
        findings.error((*place, "from"), said)
    elif collects.by == "turn":
        findings.note(
            f"{host.name} collects its mail by TURN, and so may anyone who says HELO {host.domain} "
            "(RFC 5321 appendix F.1): atrn asks for a login"
        )
    elif collects.by == "atrn":
        _check_login(host, hosts[collects.source], place, findings)


def _check_login(host: Host, source: Host, place: Path, findings: Findings) -> None:
    if host.login is None:
        findings.error((*place, "by"), f"atrn without a login ({host.name}): it comes after AUTH (RFC 2645); set login")
    elif host.login[0] not in source.accounts:
        said = f"atrn with a login that {source.name} does not know ({host.login[0]}): set accounts there"
        findings.error((*place, "by"), said)


def note_strangers(hosts: Mapping[str, Host], domains: Mapping[str, Domain], findings: Findings) -> None:
    """Say which hosts ask for mail in vain: where nobody holds it for them."""
    holders: dict[str, set[str]] = defaultdict(set)
    for domain in domains.values():
        exchangers = [host for _, host in domain.mx]
        if exchangers:
            holders[exchangers[0]].update(exchangers)
    for host in hosts.values():
        if host.collects is not None and host.collects.source not in holders[host.name]:
            findings.note(
                f"{host.name} asks {host.collects.source} for its mail in vain: "
                "none of its domains has that host as a further MX"
            )
