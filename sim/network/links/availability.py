"""When a link, a host or the DNS is up: drawn once before the run, then only looked up.

A timeline says for every moment whether something is up and when that changes next, so a flight of bytes can ask what
its link will do instead of waiting for an event, and every architecture lives through the same outages.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random

from sim.scenario import spec
from sim.scenario.spec.calendar import Start, openings


class Timeline:
    """Up at all times (in s) except within the given intervals.

    Args:
        down: Stretches of time [start, end), sorted and disjoint; the last may end at infinity.

    Raises:
        ValueError: An interval is empty, or begins before the one before it ends.
    """

    __slots__ = ("_times",)

    def __init__(self, down: Sequence[tuple[float, float]] = ()) -> None:
        times: list[float] = []
        for start, end in down:
            if not start < end:
                raise ValueError(f"down [{start}, {end}): an interval must end after it starts")
            if times and start < times[-1]:
                raise ValueError(f"down [{start}, {end}) starts before {times[-1]}: sort and merge the intervals first")
            if times and start == times[-1]:
                times[-1] = end
            else:
                times += (start, end)
        self._times = tuple(times)

    def is_up(self, t: float) -> bool:
        """Whether it is up at time t; an outage [start, end) is over at its end."""
        return not self._times or not bisect_right(self._times, t) % 2

    def next_change(self, t: float) -> float:
        """The first moment after t at which it goes down or comes up; infinity if there is none."""
        index = bisect_right(self._times, t)
        return self._times[index] if index < len(self._times) else math.inf

    def next_up(self, t: float) -> float:
        """The first moment from t on when it is up: t itself if it is up now; infinity if it stays down."""
        return t if not self._times or self.is_up(t) else self.next_change(t)

    def next_down(self, t: float) -> float:
        """The first moment from t on when it is down: t itself if it is down now; infinity if it stays up."""
        if not self._times:
            return math.inf
        return self.next_change(t) if self.is_up(t) else t

    def changes(self) -> list[float]:
        """All moments at which it goes down or comes up, in order."""
        return [t for t in self._times if t < math.inf]

    def outages(self) -> list[tuple[float, float]]:
        """The stretches of time in which it is down, in order."""
        return list(zip(self._times[::2], self._times[1::2], strict=True))

    def settled(self, hold: float) -> Timeline:
        """What an observer believes who takes a change for true when it has lasted for `hold` s.

        Changes that are undone sooner are never noticed; what is down at time 0 is known.
        """
        if not hold or not self._times:
            return self
        believed: list[float] = []
        for index, change in enumerate(self._times):
            if index % 2 == len(believed) % 2 and change < math.inf:
                following = self._times[index + 1] if index + 1 < len(self._times) else math.inf
                if change <= 0:
                    believed.append(0.0)
                elif following - change > hold:
                    believed.append(change + hold)
        ends = [*believed[1::2], math.inf]
        return Timeline(list(zip(believed[::2], ends, strict=False)))


ALWAYS_UP = Timeline()
"""The timeline without an outage."""

NEVER_UP = Timeline([(0.0, math.inf)])
"""The timeline of one outage."""


def any_down(timelines: Iterable[Timeline]) -> Timeline:
    """The timeline of what is down while any of these is."""
    changing = [timeline for timeline in timelines if timeline is not ALWAYS_UP]
    if len(changing) < 2:
        return changing[0] if changing else ALWAYS_UP
    return Timeline(_covered([outage for timeline in changing for outage in timeline.outages()]))


def all_down(timelines: Sequence[Timeline]) -> Timeline:
    """The timeline of what is down while all of these are; it is up at all times where there is none of them."""
    together = _covered([outage for timeline in timelines for outage in timeline.outages()], len(timelines))
    return Timeline(together) if together else ALWAYS_UP


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
        down += _outside(_covered(open_at), horizon)
    return Timeline(_covered(down)) if down else ALWAYS_UP


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
        for group in network.groups:
            timeline = self.draw(f"group/{group.name}", group.weather)
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
        common = any_down((self.draw("dns", dns.weather), all_down([up[server] for server in dns.servers])))
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


def _covered(intervals: Iterable[tuple[float, float]], times: int = 1) -> list[tuple[float, float]]:
    """The stretches that lie in at least so many of the intervals, sorted and disjoint; empty ones are left out."""
    covered: list[tuple[float, float]] = []
    count, since = 0, 0.0
    for t, ends in sorted((t, index) for pair in intervals if pair[0] < pair[1] for index, t in enumerate(pair)):
        if ends:
            if count == times and since < t:
                covered.append((since, t))
            count -= 1
        else:
            count += 1
            if count == times:
                since = t
    return covered
