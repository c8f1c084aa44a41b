"""What operators do, and what of it the products can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from sim.scenario.findings import Findings
from sim.scenario.names import listing
from sim.scenario.products.tables import Operation
from sim.scenario.quantity import format_duration
from sim.scenario.source import Path
from sim.scenario.spec import Architecture
from sim.scenario.spec.acts import Act

ALL = "all"
"""Every host, unless a host is called so."""


def resolve_acts(
    acts: Sequence[Act],
    architectures: Mapping[str, Architecture],
    findings: Findings,
    *,
    domains: Collection[str],
    horizon: float,
) -> tuple[Act, ...]:
    """The acts in order of time; `horizon` is when the run ends, s."""
    found = []
    for index, said in enumerate(acts):
        path: Path = ("acts", index)
        everywhere = ALL in said.hosts and ALL not in findings.hosts
        hosts = tuple(findings.hosts if everywhere else dict.fromkeys(said.hosts))
        act = replace(said, hosts=hosts, of=said.of.lower())
        allowed = [*findings.hosts, ALL]
        whole = findings.has_all_hosts
        known = [
            findings.known((*path, "host"), "host", host, allowed, whole=whole) for host in dict.fromkeys(said.hosts)
        ]
        valid = all(known)
        if act.of:
            whole = whole and findings.whole("domains")
            valid &= findings.known((*path, "of"), "domain", act.of, domains, whole=whole)
        if act.at >= horizon:
            ends = f"{format_duration(act.at)}; the run ends after {format_duration(horizon)}"
            findings.error((*path, "at"), f"an act that never comes ({ends}): allowed are times before that")
        if valid:
            _check_commands(act, path, architectures, findings)
        found.append(act)
    return tuple(sorted(found, key=lambda act: act.at))


def _check_commands(act: Act, path: Path, architectures: Mapping[str, Architecture], findings: Findings) -> None:
    """Every host's product has a command for it."""
    for name, architecture in architectures.items():
        for host in map(architecture.hosts.get, act.hosts):
            if host is None or host.mta.command_for(act.do, act.of):
                continue
            product, where = host.mta.title, f"{host.name}, under {name}"
            if host.mta.command_for(act.do):
                fault = f"{product} has no {act.do} of one domain's mail ({act.of}, at {where}): leave `of` out"
                findings.error((*path, "of"), fault)
            else:
                known = listing([do for do in get_args(Operation) if host.mta.command_for(do)])
                fault = f"{product} has no command for that ({act.do} of {where}): allowed are {known}"
                findings.error((*path, "do"), fault)
