"""From the form of a scenario file to the full scenario, with every check of one part against another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sim.scenario.findings import Findings
from sim.scenario.form import ScenarioForm
from sim.scenario.machines import resolve_architectures
from sim.scenario.mailing import resolve_workload
from sim.scenario.people import resolve_domains
from sim.scenario.reading import Step
from sim.scenario.spec import Architecture, Expectation, Network, Scenario, Weather
from sim.scenario.wiring import resolve_network

_PARTS_OF_NODES = ("graph", "nodes", "generate")
MOST_OUTAGES = 1_000_000
"""The weather is drawn before the run; of more outages than this that takes minutes and gigabytes."""


def resolve(form: ScenarioForm, findings: Findings, folder: Path, metrics: Collection[str]) -> Scenario:
    """The full scenario. It is good for use only when `findings` has no problems at the end."""
    network, known = resolve_network(form.network, findings, folder, form.seed)
    known = known and all(findings.whole("network", part) for part in _PARTS_OF_NODES)
    domains = resolve_domains(form.domains, network.nodes, findings, known=known)
    sure = findings.whole("domains") and (known or form.domains is not None)
    workload = resolve_workload(form.workload, domains, findings, folder, sure=sure, duration=form.duration)
    architectures = resolve_architectures(form.architectures, form.hosts, network.nodes, findings, known=known)
    _check_outages(network, architectures, form.duration + form.drain, findings)
    expect = form.expect or ()
    _check_expectations(expect, architectures, metrics, findings)
    return Scenario(
        title=form.title,
        seed=form.seed,
        replications=form.replications,
        duration=form.duration,
        drain=form.drain,
        network=network,
        domains=domains,
        workload=workload,
        architectures=architectures,
        expect=expect,
        dialogues=form.dialogues,
        folder=folder,
        notes=tuple(findings.notes),
    )


def _check_outages(
    network: Network, architectures: Mapping[str, Architecture], horizon: float, findings: Findings
) -> None:
    """No weather of so many outages that drawing it would never end."""
    for link in network.links:
        if _too_many(link.weather, horizon):
            findings.error(
                ("network",), f"too many outages of {link.name}: allowed are {MOST_OUTAGES:,} in a run, on average"
            )
    hosts = [host for architecture in architectures.values() for host in architecture.hosts.values()]
    for name in dict.fromkeys(host.name for host in hosts if _too_many(host.weather, horizon)):
        findings.error(("hosts",), f"too many crashes of {name}: allowed are {MOST_OUTAGES:,} in a run, on average")


def _too_many(weather: Weather, horizon: float) -> bool:
    return weather.outages is not None and horizon / (weather.outages.mtbf + weather.outages.mttr) > MOST_OUTAGES


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
            sure = findings.whole("architectures")
            findings.known(place, "architecture", side.architecture, architectures, whole=sure)
            findings.known(place, "metric", side.metric, metrics, whole=bool(metrics))
