"""What a scenario file may say of the mail that a host fetches from another, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from sim.scenario.findings import Findings
from sim.scenario.pydantic_seam import Section
from sim.scenario.quantity import format_duration
from sim.scenario.scalars import Flag, LongDuration, Name, word
from sim.scenario.source import Path
from sim.scenario.spec import Collects, Domain, Host


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectsForm(Section):
    """A host that asks another for the mail that is held for it."""

    from_: Name
    """The host that holds it: a backup MX."""
    by: Annotated[Literal["etrn", "turn", "atrn"], word("way to collect", "etrn", "turn", "atrn")] = "etrn"
    """ETRN: the mail comes on new connections; TURN, ATRN (after AUTH): on the one at hand, with roles swapped."""
    every: LongDuration | None = None
    """How often it asks; where absent, only when it, or a line of its own, has come up."""
    hold: Flag = False
    """Whether its mail waits there until it asks, untried."""

    def collects(self) -> Collects:
        """What it means."""
        return Collects(source=self.from_, by=self.by, every=self.every or 0.0, hold=self.hold)


def show_collects(collects: Collects | None) -> object:
    """What a host fetches, as a file says it."""
    if collects is None:
        return "none"
    every = {"every": format_duration(collects.every)} if collects.every else {}
    return {"from": collects.source, "by": collects.by, **every, "hold": collects.hold}


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
    for host in hosts.values():
        if host.collects is None:
            continue
        own = [domain for domain in domains.values() if host.name in _exchangers(domain)[:1]]
        if not any(host.collects.source in _exchangers(domain) for domain in own):
            findings.note(
                f"{host.name} asks {host.collects.source} for its mail in vain: "
                "none of its domains has that host as a further MX"
            )


def _exchangers(domain: Domain) -> list[str]:
    return [host for _, host in domain.mx]
