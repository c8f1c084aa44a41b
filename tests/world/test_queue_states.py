"""How many messages stand where in a host's queue: what is recorded is what the host holds, at every moment."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, scenario

from sim.results.queue_timeline import STATES, by_state
from sim.results.tables import frames
from sim.scenario.products.exim import Exim
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec import Interval, Weather
from sim.scenario.spec.policies import Policies, Refusal
from sim.scenario.spec.sources import Asks, MessageAt
from sim.world.simulation import Simulation

SECONDS = st.floats(0.0, 3000.0).map(lambda time: round(time, 1))
LENGTHS = st.sampled_from([1.0, 60.0, 900.0, 5000.0])
MAIL = st.tuples(SECONDS, st.sampled_from("abc"), st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
DOWN = st.tuples(st.sampled_from(["a", "b", "c", "a-b", "b-c"]), SECONDS, LENGTHS)
PRODUCTS = st.sampled_from([Postfix(), Postfix(qmgr_message_active_limit=1), Exim(), OpenSmtpd(), Nullmailer()])
HELD = Asks(hold_for=400.0)


def world_of(mail, downs, product, spool) -> Simulation:
    """Three hosts in a row, of which the last one puts off mail for a while; every third message waits for its time."""
    down = {name: [Interval(start=at, end=at + length) for of, at, length in downs if of == name] for name, *_ in downs}
    skies = {name: Weather(down=tuple(intervals)) for name, intervals in down.items()}
    hosts = {
        name: {"mta": product, "spool": spool, "weather": skies.get(name, Weather()), "service_time": 0.3}
        for name in "abc"
    }
    hosts["a"]["extensions"] = hosts["a"]["uses"] = ("PIPELINING", "SIZE", "FUTURERELEASE")
    hosts["c"]["policies"] = Policies(refuse=(Refusal(at="rcpt", code=451, during=((500.0, 1500.0),)),))
    messages: list[MessageAt] = []
    for nth, (at, sender, recipients) in enumerate(mail):
        plain = message(at, f"u1@{sender}", *[f"u2@{name}" for name in recipients])
        asked = HELD if nth % 3 == 2 else None
        messages.append(MessageAt(at=at, sender=plain.sender, recipients=plain.recipients, size=1000, asks=asked))
    spec = scenario(
        "a-b b-c",
        *messages,
        hosts=hosts,
        weather={name: sky for name, sky in skies.items() if "-" in name},
        transfer="store-and-forward",
        drain=9000.0,
    )
    return Simulation(spec, spec.architectures["store-and-forward"], 0, 1)


def standing(world: Simulation, host: str) -> Counter[str]:
    """What a host really has, by state."""
    entries = world.hosts[host].queue.entries.values()
    return Counter(
        "in_transfer" if any(copy.in_transfer for copy in entry.copies) else entry.state for entry in entries
    )


@settings(max_examples=15, deadline=None)
@given(
    st.lists(MAIL, min_size=1, max_size=12),
    st.lists(DOWN, max_size=3),
    PRODUCTS,
    st.sampled_from(["durable", "volatile"]),
    st.lists(st.floats(0.0, 9000.0), min_size=1, max_size=20),
)
def test_the_timeline_is_what_the_host_holds(mail, downs, product, spool, moments):
    """The states add up to what the ledger knows of, and each is what the recorded series say."""
    world = world_of(mail, downs, product, spool)
    seen: list[tuple[float, dict[str, Counter[str]]]] = []

    def look() -> None:
        seen.append((world.clock.now, {host: standing(world, host) for host in world.hosts}))
        held = sum(len(entry.copies) for one in world.hosts.values() for entry in one.queue.entries.values())
        waiting = sum(len(copies) for copies in world._unsent.values())
        assert held + waiting == world.ledger.live

    for moment in moments:
        # Between two events: what happens at a moment is there from then on.
        world.clock.call_at(moment + 0.0123456789, look)
    tables = frames(world.run(), "x", 0)
    for host in world.hosts:
        queues, attempts = tables.queues, tables.attempts
        steps = by_state(queues[queues["host"] == host], attempts[attempts["from_host"] == host])
        assert (steps[list(STATES)].sum(axis="columns") == steps["messages"]).all()
        for now, found in seen:
            before = steps[steps["time_s"] <= now]
            recorded = {state: int(before[state].iloc[-1]) if len(before) else 0 for state in STATES}
            assert {state: n for state, n in recorded.items() if n} == dict(found[host])
