"""What operators do to a host while it runs: they flush its queue, hold mail, release it, and restart the product."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sim.mta.queue.queue import Entry
from sim.network.links.availability import ALWAYS_UP, Timeline
from sim.results.facts import ActFact
from sim.scenario.spec.acts import RESTART_TIME, Act

if TYPE_CHECKING:
    from sim.world.host.host import Station
    from sim.world.simulation import Simulation

__all__ = ["restarts", "schedule"]


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


def schedule(world: Simulation, acts: Sequence[Act]) -> None:
    """Let all acts be done in their time."""
    for act in acts:
        world.env.call_at(act.at, partial(_operate, world, act))


def _operate(world: Simulation, act: Act) -> None:
    """Do it to each host that is up; a restart is its weather's."""
    now = world.env.now
    for station in map(world.stations.__getitem__, act.hosts):
        if station.weather.is_up(now) and (station.running or act.do == "restart"):
            chosen = [entry for entry in station.queue.entries.values() if _is_of(entry, act.of)]
            said = station.host.mta.command_for(act.do, act.of)
            world.recorder.acts.append(ActFact(station.host.name, now, act.do, said, len(chosen)))
            if act.do == "flush":
                _flush(station, chosen)
            elif act.do == "hold":
                _hold(station, chosen, now)
            elif act.do == "release":
                _release(station, chosen, now)


def _is_of(entry: Entry, domain: str) -> bool:
    return not domain or any(copy.next_domain == domain for copy in entry.copies)


def _flush(station: Station, chosen: Sequence[Entry]) -> None:
    """Try messages at once."""
    now = station.world.env.now
    if station.host.mta.flush_thaws:
        station.backlog.thaw(chosen, now)
    station.retry.flushed([entry.queue_id for entry in chosen])
    station.flush(chosen)


def _hold(station: Station, chosen: Sequence[Entry], now: float) -> None:
    """Keep messages back; of one that is being delivered what that leaves over, unless it is locked meanwhile."""
    if station.host.mta.holds == "all":
        station.backlog.pause()
        return
    locked = station.host.mta.holds == "unlocked"
    station.backlog.suspend([entry for entry in chosen if not (locked and entry.in_delivery)], now)


def _release(station: Station, chosen: Sequence[Entry], now: float) -> None:
    station.backlog.unpause()
    station.backlog.thaw(chosen, now, at_once=station.host.mta.releases_at_once)
