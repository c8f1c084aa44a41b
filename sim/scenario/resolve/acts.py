"""What operators do, and what of it the products can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import get_args

from sim.scenario.findings import Findings
from sim.scenario.names import listing
from sim.scenario.products.tables import Operation
from sim.scenario.quantity import format_duration
from sim.scenario.source import Path
from sim.scenario.spec import Architecture
from sim.scenario.spec.acts import Act, ActForm

ALL = "all"
"""Every host, unless a host is called so."""


def resolve_acts(
    forms: Sequence[ActForm],
    architectures: Mapping[str, Architecture],
    nodes: Collection[str],
    findings: Findings,
    *,
    domains: Collection[str],
    horizon: float,
    known: bool,
) -> tuple[Act, ...]:
    """The acts in order of time; `known` when the nodes are all there are, `horizon` is when the run ends, s."""
    acts = []
    for index, form in enumerate(forms):
        path: Path = ("acts", index)
        said = dict.fromkeys(form.host)
        hosts = tuple(nodes) if ALL in said and ALL not in nodes else tuple(said)
        of = form.of.lower()
        strangers = [
            host for host in said if not findings.known((*path, "host"), "host", host, [*nodes, ALL], whole=known)
        ]
        sure = not strangers
        if of:
            sure &= findings.known((*path, "of"), "domain", of, domains, whole=findings.whole("domains") and known)
        if form.at >= horizon:
            ends = f"{format_duration(form.at)}; the run ends after {format_duration(horizon)}"
            findings.error((*path, "at"), f"an act that never comes ({ends}): allowed are times before that")
        act = Act(at=form.at, hosts=hosts, do=form.do, of=of)
        if sure:
            _check_commands(act, path, architectures, findings)
        acts.append(act)
    return tuple(sorted(acts, key=lambda act: act.at))


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


def show_acts(acts: Sequence[Act]) -> list[object]:
    """Acts as a file says them."""
    return [
        {"at": format_duration(act.at), "host": list(act.hosts), "do": act.do} | ({"of": act.of} if act.of else {})
        for act in acts
    ]
