"""The weather of links, hosts and the DNS, drawn once before the run.

Every architecture lives through the same outages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

from sim.network.links.timeline import ALWAYS_UP, NEVER_UP, Timeline, all_down, any_down, covered
from sim.scenario import spec
from sim.scenario.spec.calendar import Start, openings


def draw(weather: spec.Weather, random: Random, horizon: float, start: Start | None = None) -> Timeline:
    """Draw the timeline of one thing that can be up or down.

    Nothing new begins after the horizon (an outage under way then ends when it was drawn to end).

    Args:
        weather: Random outages, explicit ones, and windows outside of which it is down.
        random: The entity's own generator.
        horizon: The end of simulated time, in s.
        start: The instant of simulated time 0, for windows by the clock.
    """
    down = [(interval.start, interval.end) for interval in weather.down]
    if weather.outages is not None:
        down += _random_outages(weather.outages, random, horizon)
    if weather.windows:
        clock = Start() if start is None else start
        open_at = [stretch for window in weather.windows for stretch in openings(window, clock, horizon)]
        down += _outside(covered(open_at), horizon)
    return Timeline(covered(down)) if down else ALWAYS_UP


class AvailabilityModel:
    """The weather of all things of a run, what they share with their groups included.

    Args:
        network: Where groups stand.
        horizon: The end of simulated time, in s.
        streams: Gives an entity's own generator by name: `group/NAME/weather` and `ENTITY/weather`.
        start: The instant of simulated time 0.
    """

    __slots__ = ("_groups", "_horizon", "_start", "_streams")

    def __init__(
        self, network: spec.Network, horizon: float, streams: Callable[[str], Random], start: Start | None = None
    ) -> None:
        self._horizon = horizon
        self._streams = streams
        self._start = start
        self._groups: dict[str, list[Timeline]] = {}
        for name, group in network.groups.items():
            timeline = self.draw(f"group/{name}", group)
            for member in group.members:
                self._groups.setdefault(member, []).append(timeline)

    def draw(self, entity: str, weather: spec.Weather) -> Timeline:
        """Draw an entity's own weather from its own stream; its name has its kind before a slash."""
        return draw(weather, self._streams(f"{entity}/weather"), self._horizon, self._start)

    def of(self, entity: str, weather: spec.Weather) -> Timeline:
        """The timeline of an entity with that of all its groups."""
        shared = self._groups.get(entity.partition("/")[2], ())
        return any_down((self.draw(entity, weather), *shared))

    def availability(self, entity: str, weather: spec.Weather | None) -> Timeline:
        """The timeline of something that may never be there (None); by its name, as `draw`."""
        if weather is None:
            return NEVER_UP
        return ALWAYS_UP if weather == spec.Weather() else self.draw(entity, weather)

    def name_service(
        self, dns: spec.NameService, hosts: Mapping[str, spec.Host], up: Mapping[str, Timeline]
    ) -> dict[str, Timeline]:
        """When each host can look names up; hosts that always can are left out.

        Args:
            dns: The DNS: its own weather, and the hosts that run it.
            hosts: The hosts with their resolvers.
            up: When each host is up.
        """
        common = any_down((self.draw("dns", dns), all_down([up[server] for server in dns.servers])))
        found = {}
        for name, host in hosts.items():
            timeline = any_down((common, self.draw(f"resolver/{name}", host.resolver)))
            if timeline is not ALWAYS_UP:
                found[name] = timeline
        return found


def _random_outages(outages: spec.Outages, random: Random, horizon: float) -> Iterator[tuple[float, float]]:
    """Times up and down in turn, from time 0 to the horizon.

    In equilibrium it is down at time 0 with the share of time that it is down, and the time under way is drawn by its
    remaining length.
    """
    up, down = outages.up, outages.down
    if outages.start == "up":
        start = up.sample(random)
    elif random.random() < outages.availability:
        start = up.remaining(random)
    else:
        end = down.remaining(random)
        yield 0.0, end
        start = end + up.sample(random)
    while start < horizon:
        end = start + down.sample(random)
        yield start, end
        start = end + up.sample(random)


def _outside(up: Sequence[tuple[float, float]], horizon: float) -> Iterator[tuple[float, float]]:
    """The gaps between the stretches, from time 0 on; what has closed before the horizon for good stays down."""
    end = 0.0
    for start, stop in up:
        if end < start:
            yield end, start
        end = max(end, stop)
    if end < horizon:
        yield end, math.inf
