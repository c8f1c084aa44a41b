"""What a scenario asks for, held against its limits before any of it is done."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sim.mail.address import Address, domain_key, is_literal, mailbox_key
from sim.mail.mailbox import parse_mailbox
from sim.mail.path import percent_route
from sim.scenario.distribution import Constant, Distribution, Empirical, Exponential, Lognormal, Uniform, Weibull
from sim.scenario.findings import Findings
from sim.scenario.resolve.address_owners import Owners
from sim.scenario.source import Path as Place
from sim.scenario.spec import Architecture, Domain, Host, Network, Product, Scenario, Weather
from sim.scenario.spec.limits import raised
from sim.scenario.syntax.mta import most_attempts


def check_bounds(scenario: Scenario, findings: Findings) -> None:
    """What there is more of than the limits allow is an error where the file asks for it."""
    limits = scenario.limits
    counts: tuple[tuple[Place, str, int], ...] = (
        (("replications",), "replications", scenario.replications),
        (("architectures",), "runs", scenario.replications * len(scenario.architectures)),
        (("network",), "nodes", len(scenario.network.nodes)),
        (("network",), "links", len(scenario.network.links)),
        (("domains",), "users", sum(len(domain.users) for domain in scenario.domains.values())),
    )
    for place, key, count in counts:
        if count > getattr(limits, key):
            findings.error(place, f"too many {key} ({count:,}): {raised(key, limits)}")
    devices = max(
        (sum(len(user.devices) for domain in domains for user in domain.people.values()) for domains in _all(scenario)),
        default=0,
    )
    if len(scenario.network.nodes) <= limits.nodes < len(scenario.network.nodes) + devices:
        text = f"too many nodes ({len(scenario.network.nodes):,} and {devices:,} devices)"
        findings.error(("domains",), f"{text}: {raised('nodes', limits)}")
    for where, name, attempts in _attempts(scenario.architectures):
        if attempts > limits.attempts:
            words = f"too many attempts of a message ({attempts:,.0f} before {name} gives it up)"
            findings.error(where, f"{words}: {raised('attempts', limits)}")
    horizon = scenario.duration + scenario.drain
    _check_outages(scenario, horizon, findings)
    for host in (host for architecture in scenario.architectures.values() for host in architecture.hosts.values()):
        often = horizon / host.collects.every if host.collects is not None and host.collects.every else 0.0
        if often > limits.attempts:
            words = f"{host.name} asks for mail too often ({often:,.0f} times)"
            findings.error(("hosts", host.name, "collects", "every"), f"{words}: {raised('attempts', limits)}")


def _check_outages(scenario: Scenario, horizon: float, findings: Findings) -> None:
    """Weather is drawn before the run; an error stands where there is too much of it, alone or with what is before."""
    most, total = scenario.limits.outages, 0.0
    for where, what, name, count in (
        *_outages(scenario.network, scenario.architectures, horizon),
        *_outages_of_devices(scenario, horizon),
    ):
        before, total = total, total + count
        if count > most or total > most >= before:
            words = f"too many {what} of {name} ({count:,.0f} in a run, on average"
            words += f"; {total:,.0f} with all before it)" if count <= most else ")"
            findings.error(where, f"{words}: {raised('outages', scenario.limits)}")


def _outages(
    network: Network, architectures: Mapping[str, Architecture], horizon: float
) -> Iterator[tuple[Place, str, str, float]]:
    """How often everything goes down on average: where the file says it, what that is called, whose it is."""
    for link in network.links:
        yield ("network",), "outages", link.name, _often(link.weather, horizon)
        for loss in link.loss.pair:
            if loss.burst_time:
                yield ("network",), "bursts of loss", link.name, horizon * loss.share / loss.burst_time
    for name, group in network.groups.items():
        yield ("network", "groups", name), "outages", name, _often(group, horizon)
    yield ("network", "dns"), "outages", "dns", _often(network.dns, horizon)
    hosts = [host for architecture in architectures.values() for host in architecture.hosts.values()]
    for host in {(h.name, h.weather, h.listening, h.addresses, h.resolver): h for h in hosts}.values():
        for what, name, weather in _of_host(host):
            yield ("hosts",), what, name, _often(weather, horizon) if weather is not None else 0.0


def _outages_of_devices(scenario: Scenario, horizon: float) -> Iterator[tuple[Place, str, str, float]]:
    """Likewise, how often devices are not online."""
    for domain in {id(domain): domain for domains in _all(scenario) for domain in domains}.values():
        for user, does in domain.people.items():
            for device, its in does.devices.items():
                often = _often(its.link.weather, horizon) + sum(horizon / window.period for window in its.online)
                yield ("domains", domain.name), "outages", f"{user}@{domain.name}/{device}", often


def _all(scenario: Scenario) -> list[Collection[Domain]]:
    """The domains of each architecture."""
    return [{**scenario.domains, **its.domains}.values() for its in scenario.architectures.values()]


def _of_host(host: Host) -> Iterator[tuple[str, str, Weather | None]]:
    """What of a host goes down."""
    yield "crashes", host.name, host.weather
    yield "outages of the resolver", host.name, host.resolver
    yield "outages of the listener", host.name, host.listening
    for address in host.addresses:
        yield "outages", address.ip, address.reachable
        yield "outages of the listener", address.ip, address.listening


def _often(weather: Weather, horizon: float) -> float:
    """How often something goes down until the horizon, on average."""
    outages = weather.outages
    often = horizon / (outages.up.mean() + outages.down.mean()) if outages is not None else 0.0
    return often + len(weather.down) + sum(horizon / window.period for window in weather.windows)


def _attempts(architectures: Mapping[str, Architecture]) -> Iterator[tuple[Place, str, float]]:
    """How often each product's hosts try a message at most; a product of many hosts once."""
    seen = set[Product]()
    for architecture in architectures.values():
        for host in architecture.hosts.values():
            if host.mta not in seen:
                seen.add(host.mta)
                yield ("hosts", host.name, "mta"), host.name, most_attempts(host.mta)


def copies_of(text: str, owners: Owners) -> int:
    """How many copies a message to an address becomes at most: each list expands once, each forward goes on.

    A percent address and a bang path may be followed, and an address literal may be any domain's. Forwards that lead
    back to each other go on for as many hops as hosts let pass (`_HOPS`).
    """
    address = parse_mailbox(text).address
    meant = address, percent_route(address).mailbox or address
    found = [_copies(Address(one.local, name), owners) for one in meant for name in _homes(one.domain, owners)]
    *hosts, user = address.local.split("!")
    return max([*found, *(_copies(Address(user, name), owners) for name in owners.domains if hosts)])


def _homes(domain: str, owners: Owners) -> Collection[str]:
    """The domains whose mailboxes may be meant."""
    return [domain, *owners.domains] if is_literal(domain) else (domain_key(domain),)


def _copies(address: Address, owners: Owners) -> int:
    count, lists, todo = 0, set[str](), [address]
    while todo:
        copies, end = _forwarded(todo.pop(), owners)
        count += copies
        key = mailbox_key(end)
        if key not in lists and owners.forward(end) is None:
            lists.add(key)
            todo += owners.leads_to(end)
    return count


_HOPS = 100
"""What no product lets pass by its defaults (RFC 5321 section 6.3)."""


def _forwarded(address: Address, owners: Owners) -> tuple[int, Address]:
    """How many copies the forwards of an address make, its own included, and where they end."""
    way, one = set[str](), address
    while (key := mailbox_key(one)) not in way:
        way.add(key)
        to = owners.forward(one)
        if to is None:
            return len(way), one
        one = to
    return len(way) + _HOPS, one


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
