"""Small scenarios for tests of the world, made without files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from sim.scenario.distribution import Constant
from sim.scenario.spec import DAY, Architecture, Domain, Host, Link, Loss, Network, Node, Scenario, Weather
from sim.scenario.spec.calendar import Start
from sim.scenario.spec.directions import alike
from sim.scenario.spec.sources import MessageAt, MessagesAt
from sim.world.engine.ledger import Ledger
from sim.world.simulation import Simulation, simulate


class Counting(Ledger):
    """A ledger that tells how many hosts ever go on with a copy: how often custody was taken, less hand-overs."""

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.instances: Counter[tuple[int, str]] = Counter()

    def submit(self, copy) -> None:
        """The writer's host."""
        super().submit(copy)
        self.instances[copy.message_id, copy.recipient] += 1

    def take(self, copy) -> None:
        """A further host."""
        super().take(copy)
        self.instances[copy.message_id, copy.recipient] += 1

    def hand_over(self, copy) -> None:
        """One less."""
        super().hand_over(copy)
        self.instances[copy.message_id, copy.recipient] -= 1


def later(world: Simulation, at: float, act: Callable[[], None]) -> None:
    """Do something in a world at a time, and let its run not end before."""

    def due() -> None:
        act()
        world.ledger.came()

    world.ledger.expect()
    world.clock.call_at(at, due)


def message(at: float, sender: str, *recipients: str, size: float = 1000) -> MessageAt:
    """A message at a time; addresses may leave out their `.example`."""
    full = [f"{name}.example" if "." not in name else name for name in (sender, *recipients)]
    return MessageAt(at=at, sender=full[0], recipients=tuple(full[1:]), size=size)


def scenario(
    links: str,
    *messages: MessageAt,
    transfer: str = "end-to-end",
    routing: str = "shortest-delay",
    unreachable: str = "silent",
    hosts: dict[str, dict] | None = None,
    domains: dict[str, Domain] | None = None,
    weather: dict[str, Weather] | None = None,
    loss: float = 0.0,
    rate: float = 1e6,
    delay: float = 0.01,
    duration: float = 100.0,
    drain: float = 10 * DAY,
    dialogues: bool = False,
    start: Start | None = None,
    users: int = 2,
) -> Scenario:
    """A scenario over links given as `a-b b-c`; each node X is a host with a domain X.example and users u1, u2 ...

    Hosts take no time where nothing is said (`timing`).
    """
    pairs = [tuple(link.split("-")) for link in links.split()]
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    settings, skies = hosts or {}, weather or {}
    everywhere = {"timing": "none", **settings.get("*", {})}
    return Scenario(
        title="test",
        seed=1,
        replications=1,
        duration=duration,
        drain=drain,
        network=Network(
            nodes={name: Node() for name in names},
            links=tuple(
                Link(
                    name=f"{a}-{b}",
                    between=(a, b),
                    rate=alike(rate),
                    delay=alike(Constant(delay)),
                    loss=alike(Loss(share=loss)),
                    weather=skies.get(f"{a}-{b}", Weather()),
                )
                for a, b in pairs
            ),
        ),
        domains=domains
        or {
            f"{name}.example": Domain(
                name=f"{name}.example", mx=((0, name),), users=tuple(f"u{number + 1}" for number in range(users))
            )
            for name in names
        },
        workload=(MessagesAt(messages=messages),),
        architectures={
            transfer: Architecture(
                name=transfer,
                transfer=transfer,
                routing=routing,
                unreachable=unreachable,
                hosts={name: Host(name=name, **{**everywhere, **settings.get(name, {})}) for name in names},
            )
        },
        dialogues=dialogues,
        start=start or Start(),
    )


def run(spec: Scenario, replication: int = 0):
    """The facts of a scenario's only architecture."""
    [name] = spec.architectures
    return simulate(spec, name, replication)
