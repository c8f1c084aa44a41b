"""The full scenario, and the architectures that it compares."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Literal

from sim.scenario.quantity import format_duration
from sim.scenario.spec.acts import Act
from sim.scenario.spec.calendar import Start
from sim.scenario.spec.domain import Domain
from sim.scenario.spec.host import Host
from sim.scenario.spec.limits import Limits
from sim.scenario.spec.network import Network
from sim.scenario.spec.sources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """How mail finds its way.

    `transfer` says how far one session reaches: to the recipient's MX host (`end-to-end`), or one link
    (`store-and-forward`). `routing` is over the links that are up now (`shortest-delay`) or over all (`static`);
    it takes a change for true when it has lasted for `convergence` seconds. Where no way leads to a host, who connects
    to it hears nothing (`silent`), or routers tell him that there is no route (`icmp`; RFC 1812 section 5.2.7.1).
    `hosts` holds every host as this architecture sets it, `domains` those domains whose records differ from the
    scenario's. `protocol` is what hosts speak with each other: `smtp`; `ftp`, by which the sender's host puts a file
    for each recipient on the recipient's; `mqtt`, by which it publishes a message to a `broker` that passes it on.
    """

    name: str
    transfer: Literal["end-to-end", "store-and-forward"]
    routing: Literal["shortest-delay", "static"]
    hosts: Mapping[str, Host]
    convergence: float = 0.0
    unreachable: Literal["silent", "icmp"] = "silent"
    domains: Mapping[str, Domain] = field(default_factory=dict)
    protocol: Literal["smtp", "ftp", "mqtt"] = "smtp"
    broker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """One side of an expectation: a metric of an architecture, or a number (then the other two are empty)."""

    architecture: str = ""
    metric: str = ""
    number: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A relation that the results must satisfy, e.g. `store-and-forward.delivery_prob > 0.99`."""

    text: str
    left: Operand
    operator: Literal["<", "<=", "==", ">=", ">"]
    right: Operand


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that a run needs; `start` is the instant of simulated time 0.

    `folder` is where relative file names start; it is no part of the scenario's identity.
    """

    title: str
    seed: int
    replications: int
    duration: float
    drain: float
    network: Network
    domains: Mapping[str, Domain]
    workload: tuple[Source, ...]
    architectures: Mapping[str, Architecture]
    expect: tuple[Expectation, ...] = ()
    acts: tuple[Act, ...] = ()
    dialogues: bool = False
    start: Start = field(default=Start())
    limits: Limits = field(default=Limits())
    folder: Path = field(default=Path(), compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        title, *rest = self._in_short().values()
        return f"<Scenario {title!r}: {', '.join(rest)}>"

    def _repr_html_(self) -> str:
        rows = (f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in self._in_short().items())
        return f"<table>{''.join(rows)}</table>"

    def _in_short(self) -> dict[str, str]:
        network = self.network
        return {
            "title": self.title or "untitled",
            "network": f"{_count(network.nodes, 'host')} and {_count(network.links, 'link')}",
            "architectures": " and ".join(self.architectures),
            "time": f"{format_duration(self.duration)} and {format_duration(self.drain)} to drain",
            "replications": f"{_count(range(self.replications), 'replication')} from seed {self.seed}",
        }


def _count(things: Sized, what: str) -> str:
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"
