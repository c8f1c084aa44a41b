"""When a host and its product are up, and what each part of a host at work is handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from sim.mta.queue.entry import Queue
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline, any_down
from sim.network.tcp.path import HEADERS, gets_through
from sim.scenario.spec import Host
from sim.scenario.spec.acts import RESTART_TIME, Act
from sim.world.engine.clock import Clock
from sim.world.engine.ledger import Ledger
from sim.world.engine.recorder import Recorder
from sim.world.engine.stepping import Waits


def restarts(acts: Sequence[Act], host: str) -> Timeline:
    """When a host's product is stopped, since its operators restart it."""
    times = [act.at for act in acts if act.do == "restart" and host in act.hosts]
    stops: list[tuple[float, float]] = []
    for at in sorted(times):
        end = at + RESTART_TIME
        if stops and at <= stops[-1][1]:
            stops[-1] = stops[-1][0], end
        else:
            stops.append((at, end))
    return Timeline(stops) if stops else ALWAYS_UP


class Uptime:
    """A host's weather, and that of the product that runs on it.

    Attributes:
        host: when the host is up.
        product: when its product is: its operators may stop it.
        running: whether both are, now.
        boots: how often the product has gone down.

    Args:
        host: as the attribute.
        stops: when the operators have stopped the product.
    """

    def __init__(self, host: Timeline, stops: Timeline) -> None:
        self.host = host
        self.product = any_down((host, stops))
        self.running = self.product.is_up(0.0)
        self.boots = 0

    def live(
        self,
        clock: Clock,
        stop: Callable[[], None],
        crash: Callable[[float], None],
        boot: Callable[[float], None],
    ) -> Waits:
        """Live through the weather: the product stops, the host crashes, the product boots."""
        while (stops := self.product.next_down(clock.now)) < clock.horizon:
            yield stops
            self.running = False
            self.boots += 1
            stop()
            starts = self.product.next_up(stops)
            # The host itself may go down while its product is being restarted.
            falls = self.host.next_down(stops)
            if falls < min(starts, clock.horizon):
                if falls > stops:
                    yield falls
                crash(falls)
            if starts >= clock.horizon:
                return
            yield starts
            self.running = True
            boot(starts)

    def hangs_up(self, back: Sequence[Line]) -> Callable[[float], float] | None:
        """When a client hears over these lines that the product stops at a time: never, if the host does.

        None where the product only ever stops with its host.
        """
        if self.product is self.host:
            return None
        return lambda at: gets_through(back, at, HEADERS) if self.host.is_up(at) else inf


@dataclass
class Part:
    """A part of a host at work, with what most of them use: its settings, its queue, the time, and the books.

    Attributes:
        host: the settings.
        ledger, recorder: where copies are counted, and where facts are written.
    """

    host: Host
    clock: Clock
    uptime: Uptime
    ledger: Ledger
    recorder: Recorder
    queue: Queue
