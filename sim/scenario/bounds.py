"""What a scenario asks for, held against its limits before any of it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sim.scenario.distribution import Constant, Distribution, Empirical, Exponential, Lognormal, Uniform, Weibull
from sim.scenario.findings import Findings
from sim.scenario.limits import Limits, raised
from sim.scenario.product import most_attempts
from sim.scenario.quantity import format_size
from sim.scenario.source import Path as Place
from sim.scenario.spec import Architecture, Domain, Network

__all__ = ["check_bounds", "check_size", "copies_of", "typical_most"]


def check_bounds(
    replications: int,
    network: Network,
    architectures: Mapping[str, Architecture],
    limits: Limits,
    findings: Findings,
) -> None:
    """More replications, nodes, links or attempts than the limits have are errors where the file asks for them."""
    counts: tuple[tuple[Place, str, int], ...] = (
        (("replications",), "replications", replications),
        (("network",), "nodes", len(network.nodes)),
        (("network",), "links", len(network.links)),
    )
    for place, key, count in counts:
        if count > getattr(limits, key):
            findings.error(place, f"too many {key} ({count:,}): {raised(key, limits)}")
    for where, name, attempts in _attempts(architectures):
        if attempts > limits.attempts:
            words = f"too many attempts of a message ({attempts:,.0f} before {name} gives it up)"
            findings.error(where, f"{words}: {raised('attempts', limits)}")


def _attempts(architectures: Mapping[str, Architecture]) -> Iterator[tuple[Place, str, float]]:
    """How often each product's hosts try a message at most; a product of many hosts once."""
    seen: list[object] = []
    for architecture in architectures.values():
        for host in architecture.hosts.values():
            if host.mta not in seen:
                seen.append(host.mta)
                yield ("hosts", host.name, "mta"), host.name, most_attempts(host.mta)


def copies_of(addresses: Iterable[str], domains: Mapping[str, Domain]) -> int:
    """How many copies a message to these addresses becomes: each list expands once, each forward goes on once."""
    todo, seen = list(addresses), set[str]()
    count = len(todo)
    while todo:
        local, _, name = (address := todo.pop()).rpartition("@")
        if address not in seen and name in domains:
            seen.add(address)
            domain = domains[name]
            further = (*domain.lists.get(local, ()), *([domain.forwards[local]] if local in domain.forwards else ()))
            count += len(further)
            todo += further
    return count


def typical_most(distribution: Distribution) -> float:
    """About the biggest value that a distribution gives: its end, or what few are beyond."""
    match distribution:
        case Constant():
            return distribution.value
        case Uniform():
            return distribution.high
        case Lognormal():
            return distribution.p95
        case Exponential() | Weibull():
            return distribution.mean()
        case Empirical():
            return max(distribution.values)


def check_size(size: float, place: Place, limits: Limits, findings: Findings) -> None:
    """No message is bigger than the limit."""
    if size > limits.size:
        findings.error(place, f"too big a message ({format_size(size)}): {raised('size', limits)}")
