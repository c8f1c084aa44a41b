"""The full scenario, and the architectures that it compares."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Annotated, Literal

from sim.scenario.pydantic_seam import Shorthand
from sim.scenario.quantity import DAY, format_duration
from sim.scenario.scalars import Duration, Flag, LongDuration, Title, whole
from sim.scenario.sections import Section
from sim.scenario.spec.acts import Act
from sim.scenario.spec.calendar import Start, StartText
from sim.scenario.spec.domain import Domain
from sim.scenario.spec.expectations import Expect
from sim.scenario.spec.host import Host
from sim.scenario.spec.limits import Limits
from sim.scenario.spec.network import Network
from sim.scenario.spec.protocols import MailProtocol
from sim.scenario.spec.replicas import Replicas
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
    for each recipient on the recipient's; `mqtt`, by which it publishes a message to a `broker` that passes it on;
    `nje`, by which hosts store a message as a file of cards, and forward it over one link; `phonenet`, by which they
    call their neighbours; `uucp`, by which they call them for jobs of rmail; `x400`, by which MTAs transfer messages by
    P1 over the RTS. A link may have a protocol of its own: hosts between links of several protocols are gateways.
    """

    name: str
    transfer: Literal["end-to-end", "store-and-forward"]
    routing: Literal["shortest-delay", "static"]
    hosts: Mapping[str, Host]
    convergence: float = 0.0
    unreachable: Literal["silent", "icmp"] = "silent"
    domains: Mapping[str, Domain] = field(default_factory=dict)
    protocol: MailProtocol = "smtp"
    broker: str = ""
    replicas: Replicas | None = None
    """Where there are some nobody is the next hop: each host passes on to all that it meets, and keeps what it has."""


MOST_SEED = 2**64 - 1
"""More than enough, and a number that every reader of JSON keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKeys(Section):
    """What a scenario says of itself: the keys of a file that need nothing else of it."""

    title: Title = ""
    """One line that says what it is about."""
    seed: Annotated[int, whole(0, MOST_SEED)] = 1
    """What all random draws start from."""
    replications: Annotated[int, whole(1)] = 1
    """How many independent runs."""
    duration: LongDuration = DAY
    """Mail is written during this time."""
    drain: Duration = 5 * DAY
    """After that the network runs on until it is empty, or this long."""
    start: StartText = field(default=Start())
    """The instant of simulated time 0: a date, a time of day (00:00) and a time zone (UTC)."""
    dialogues: Flag = False
    """Whether to record what is said in each session."""
    acts: tuple[Act, ...] = ()
    """What operators do to hosts at times."""
    limits: Limits = field(default=Limits())
    """How much it may ask for; the defaults keep slips of the pen from filling a machine."""
    expect: Annotated[tuple[Expect, ...], Shorthand(lambda value: [] if value is None else value)] = ()
    """Relations between metrics that the results must satisfy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario(OwnKeys):
    """All that a run needs; times in s.

    `folder` is where relative file names start; it is no part of the scenario's identity.
    """

    network: Network
    domains: Mapping[str, Domain]
    workload: tuple[Source, ...]
    architectures: Mapping[str, Architecture]
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
