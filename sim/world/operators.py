"""What operators do to a host while it runs: they flush its queue, hold mail, release it, and restart the product."""

from __future__ import annotations

from collections.abc import Mapping

from sim.mta.queue.entry import Entry
from sim.results.facts import ActFact
from sim.scenario.spec.acts import Act
from sim.world.engine.recorder import Recorder
from sim.world.host.host import HostAtWork


def operate(act: Act, hosts: Mapping[str, HostAtWork], recorder: Recorder) -> None:
    """Do it to each host that is up; a restart is its weather's."""
    for host in map(hosts.__getitem__, act.hosts):
        now, mta, deferred = host.clock.now, host.spec.mta, host.deferred
        if not host.uptime.host.is_up(now) or not (host.uptime.running or act.do == "restart"):
            continue
        chosen = [entry for entry in host.queue.entries.values() if _is_of(entry, act.of)]
        recorder.acts.append(ActFact(host.spec.name, now, act.do, mta.command_for(act.do, act.of), len(chosen)))
        if act.do == "flush":
            if mta.flush_thaws:
                deferred.thaw(chosen, now)
            host.retry.flushed([entry.queue_id for entry in chosen])
            host.flush(chosen)
        elif act.do == "hold":
            if mta.holds == "all":
                deferred.pause()
            else:
                # What is being delivered may be locked; else what an attempt leaves over is kept back.
                locked = mta.holds == "unlocked"
                deferred.suspend([entry for entry in chosen if not (locked and entry.in_delivery)], now)
        elif act.do == "release":
            deferred.thaw(chosen, now, at_once=mta.releases_at_once)


def _is_of(entry: Entry, domain: str) -> bool:
    return not domain or any(copy.next_domain == domain for copy in entry.copies)
