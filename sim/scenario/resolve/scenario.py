"""From the form of a scenario file to the full scenario, with every check of one part against another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from sim.scenario.findings import Findings
from sim.scenario.names import some, unknown
from sim.scenario.pydantic_seam import Step
from sim.scenario.quantity import format_duration
from sim.scenario.resolve.acts import resolve_acts
from sim.scenario.resolve.address_owners import Owners
from sim.scenario.resolve.bounds import check_bounds
from sim.scenario.resolve.collects import note_strangers
from sim.scenario.resolve.domains import resolve_domains
from sim.scenario.resolve.hosts import resolve_architectures
from sim.scenario.resolve.loops import warn_of_loops
from sim.scenario.resolve.network import resolve_network
from sim.scenario.resolve.protocols import check_protocols
from sim.scenario.resolve.unknown_addresses import note_unknown_addresses
from sim.scenario.resolve.users import FaultOf, check_device_names, check_users
from sim.scenario.resolve.workload import resolve_workload
from sim.scenario.spec import Architecture, Expectation, Scenario, Weather
from sim.scenario.spec.calendar import ClockWindow, Window, format_start, opens
from sim.scenario.spec.limits import Limits
from sim.scenario.spec.scenario import OwnKeys
from sim.scenario.spec.windows import format_window
from sim.scenario.syntax.form import HostSettings, NetworkForm, ScenarioForm


def resolve(
    form: ScenarioForm, findings: Findings, folder: Path, metrics: Collection[str], fault_of: FaultOf | None
) -> Scenario:
    """The full scenario. It is good for use only when `findings` has no problems at the end.

    `metrics` and `fault_of` are as of `load`.
    """
    limits = form.limits
    network, known = resolve_network(form, findings, folder)
    findings.meet_hosts(network.nodes, whole=known)
    domains = resolve_domains(form.domains, findings, ttl=network.dns.ttl)
    whole = findings.whole("domains") and (known or form.domains is not None)
    workload = resolve_workload(form, Owners(domains), findings, folder, known=whole)
    architectures = resolve_architectures(form, domains, network.nodes, findings, known=known)
    check_protocols(form.network or NetworkForm(), network, architectures, findings)
    if whole:
        note_unknown_addresses(workload, domains, network.nodes, findings)
    if findings.whole("domains"):
        for architecture in architectures.values():
            note_strangers(architecture.hosts, {**domains, **architecture.domains}, findings)
        warn_of_loops(domains, architectures, findings)
        check_device_names(domains, architectures, network.nodes, findings)
    horizon = form.duration + form.drain
    check_users(form, workload, findings, fault_of)
    _check_windows(form, horizon, limits, findings)
    names = {name.lower() for name in domains}
    acts = resolve_acts(form.acts, architectures, findings, domains=sorted(names), horizon=horizon)
    _check_expectations(form.expect, architectures, metrics, findings)
    own = {key.name: getattr(form, key.name) for key in fields(OwnKeys)} | {"acts": acts}
    scenario = Scenario(
        network=network,
        domains=domains,
        workload=workload,
        architectures=architectures,
        folder=folder,
        notes=tuple(findings.notes),
        **own,
    )
    check_bounds(scenario, findings)
    return scenario


def _check_windows(form: ScenarioForm, horizon: float, limits: Limits, findings: Findings) -> None:
    """Every schedule opens before the run ends; one that opens too often for the limits is refused anyway."""
    for place, windows in _schedules(form):
        if (
            windows
            and sum(horizon / window.period for window in windows) <= limits.outages
            and not opens(windows, form.start, horizon)
        ):
            texts = some([format_window(window) for window in windows])
            findings.error(
                place,
                f"windows that never open ({texts}, in {format_duration(horizon)} from {format_start(form.start)} on): "
                "allowed are some that do",
            )


def _schedules(form: ScenarioForm) -> Iterator[tuple[tuple[Step, ...], tuple[Window | ClockWindow, ...] | None]]:
    """Where the file has windows, and which."""
    network = form.network
    if network is not None:
        if network.link_defaults is not None:
            yield ("network", "link_defaults", "windows"), network.link_defaults.get("windows")
        for index, link in enumerate(network.links or ()):
            yield ("network", "links", index, "windows"), link.get("windows")
        for name, group in (network.groups or {}).items():
            yield ("network", "groups", name, "windows"), group.windows
        if network.dns is not None:
            yield ("network", "dns", "windows"), network.dns.windows
    layers: list[tuple[tuple[str, ...], Mapping[str, HostSettings]]] = [(("hosts",), form.hosts)] if form.hosts else []
    layers += [(("architectures", name, "hosts"), a.hosts) for name, a in (form.architectures or {}).items() if a.hosts]
    for path, hosts in layers:
        for name, host in hosts.items():
            yield (*path, name, "windows"), host.get("windows")
            for place, when in _parts(host):
                if isinstance(when, Weather):
                    yield (*path, name, *place, "windows"), when.windows


def _parts(host: HostSettings) -> Iterator[tuple[tuple[Step, ...], object]]:
    """What of a host has weather of its own."""
    yield ("resolver",), host.get("resolver")
    yield ("listening",), host.get("listening")
    for index, address in enumerate(host.get("addresses", ())):
        yield ("addresses", index, "reachable"), address.reachable
        yield ("addresses", index, "listening"), address.listening


def _check_expectations(
    expect: Sequence[Expectation],
    architectures: Mapping[str, Architecture],
    metrics: Collection[str],
    findings: Findings,
) -> None:
    for index, expectation in enumerate(expect):
        place: tuple[Step, ...] = ("expect", index)
        for side in (expectation.left, expectation.right):
            if not side.metric:
                continue
            whole = findings.whole("architectures")
            findings.known(place, "architecture", side.architecture, architectures, whole=whole)
            if metrics and side.metric not in metrics:
                findings.error(place, unknown("metric", side.metric, metrics))
