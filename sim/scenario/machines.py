"""The hosts of each architecture: built-in settings and four layers of the file's, weakest first.

The order is `hosts.defaults`, the architecture's `hosts.defaults`, `hosts.NAME`, the architecture's `hosts.NAME`. A
stronger layer replaces a setting as a whole; only the parameters of an MTA add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from sim.scenario.findings import Findings
from sim.scenario.form import ArchitectureForm, CrashesForm, HostForm
from sim.scenario.names import dns_label, is_domain_name
from sim.scenario.reading import KEY
from sim.scenario.source import Path
from sim.scenario.spec import Architecture, Host, Postfix, Weather
from sim.scenario.wiring import DEFAULTS, intervals, outages

DEFAULT_ARCHITECTURES: Mapping[str, ArchitectureForm] = {
    "end-to-end": ArchitectureForm(transfer="end-to-end"),
    "store-and-forward": ArchitectureForm(transfer="store-and-forward"),
}

Hosts = Mapping[str, HostForm]


def resolve_architectures(
    forms: Mapping[str, ArchitectureForm] | None,
    common: Hosts | None,
    nodes: Iterable[str],
    findings: Findings,
    *,
    known: bool,
) -> dict[str, Architecture]:
    """The architectures with every host as each has it; `known` when the nodes are all there are."""
    nodes, common = list(nodes), common or {}
    _check_names(("hosts",), common, nodes, findings, known=known)
    if forms is not None and not forms and findings.whole("architectures"):
        findings.error(("architectures",), "no architectures (an empty mapping): allowed is at least one")
    architectures = {}
    for name, form in (DEFAULT_ARCHITECTURES if forms is None else forms).items():
        own = form.hosts or {}
        _check_names(("architectures", name, "hosts"), own, nodes, findings, known=known)
        hosts = {
            node: _host(node, (common.get(DEFAULTS), own.get(DEFAULTS), common.get(node), own.get(node)))
            for node in nodes
        }
        architectures[name] = Architecture(name=name, transfer=form.transfer, routing=form.routing, hosts=hosts)
    return architectures


def _check_names(path: Path, hosts: Hosts, nodes: list[str], findings: Findings, *, known: bool) -> None:
    allowed = [DEFAULTS, *nodes]
    for name in hosts:
        findings.known((*path, name, KEY), "host", name, allowed, whole=known)


def _host(name: str, layers: Iterable[HostForm | None]) -> Host:
    said: dict[str, object] = {}
    parameters: dict[str, float] = {}
    for layer in layers:
        if layer is None:
            continue
        said |= {field.name: value for field in fields(HostForm) if (value := getattr(layer, field.name)) is not None}
        if layer.mta is not None:
            parameters |= layer.mta.parameters
    settings = replace(HostForm(), **said)  # type: ignore[arg-type]
    return _built(name, settings, parameters)


def _built(name: str, settings: HostForm, parameters: Mapping[str, float]) -> Host:
    crashes = settings.crashes if isinstance(settings.crashes, CrashesForm) else None
    plain = ("esmtp", "extensions", "sessions", "size_limit", "service_time", "commit_time")
    said = {key: value for key in plain if (value := getattr(settings, key)) is not None}
    return Host(
        name=name,
        called="" if is_domain_name(name) else dns_label(name),
        mta=Postfix(**parameters),  # type: ignore[arg-type]
        weather=Weather(outages=outages(crashes), down=intervals(settings.down)),
        spool=crashes.spool if crashes else "durable",
        **said,
    )
