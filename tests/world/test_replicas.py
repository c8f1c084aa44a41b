"""Hosts that give what they have to all whom they meet: epidemic routing, and spray and wait."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.results.facts import Facts
from sim.results.metrics import measure
from sim.results.tables import frames
from sim.scenario.spec import DAY, HOUR, Interval, Scenario, Weather
from sim.scenario.spec.replicas import Replicas
from sim.world.simulation import Simulation, simulate
from tests.world.worlds import message, scenario


def opportunistic(links: str, *mail, how: Replicas, **more) -> Scenario:
    """A scenario in which hosts keep replicas of what they pass on."""
    found = scenario(links, *mail, transfer="store-and-forward", **more)
    [(name, architecture)] = found.architectures.items()
    return replace(found, architectures={name: replace(architecture, replicas=how)})


def run(links: str, *mail, **more) -> Facts:
    """What comes of it."""
    return simulate(opportunistic(links, *mail, **more), "store-and-forward", 0)


def up(*spans: tuple[float, float], until: float = 1e9) -> Weather:
    """A link that is up in these stretches of time."""
    starts, ends = [0.0, *(end for _, end in spans)], [*(start for start, _ in spans), until]
    return Weather(down=tuple(Interval(start=a, end=b) for a, b in zip(starts, ends, strict=True) if a < b))


def passes(facts: Facts) -> list[tuple[str, str, int]]:
    """The sessions of SMTP: from whom, to whom, about which message."""
    return [(it.from_host, it.to_host, it.message_id) for it in facts.attempts if it.protocol == "smtp"]


def vectors(facts: Facts) -> list[tuple[str, str]]:
    """The sessions in which hosts told each other what they have."""
    return [(it.from_host, it.to_host) for it in facts.attempts if it.protocol == "summary-vector"]


SHORT = Replicas(ttl=HOUR)


def test_every_host_gets_what_it_has_not():
    """By each host that it meets, once: a ring of four has two ways, and one of the two comes too late."""
    facts = run("a-b b-c c-d d-a", message(0, "u1@a", "u1@b"), how=SHORT)
    [copy] = facts.copies
    assert sorted(to for _, to, _ in passes(facts)) == ["b", "c", "d"]
    assert (copy.outcome, copy.path, copy.relays, copy.drops, copy.duplicates) == ("delivered", "a>b", 3, 3, 0)


def test_nothing_is_lost_at_the_end_of_its_time():
    """Replicas end, and nobody writes a report."""
    facts = run("a-b b-c", message(0, "u1@a", "u1@c"), how=SHORT, weather={"b-c": up()})
    [copy] = facts.copies
    assert (copy.outcome, copy.reason, copy.ended_s, copy.drops) == ("expired", "its time to live is over", HOUR, 2)
    assert len(facts.messages) == 1


def test_mail_crosses_links_that_are_never_up_together():
    """A host keeps what it has until it meets somebody."""
    sky = {"a-b": up((10, 20)), "b-c": up((1000, 1010))}
    [copy] = run("a-b b-c", message(0, "u1@a", "u1@c"), weather=sky, how=SHORT).copies
    assert (copy.outcome, copy.path, 1000 < copy.ended_s < 1001) == ("delivered", "a>b>c", True)
    assert copy.queue_s == pytest.approx(copy.ended_s - copy.contact_s - copy.transfer_s)


def test_two_tell_each_other_at_each_contact_what_they_have():
    """The first of the network begins, and the cost is on record: two round trips, and eight octets a copy."""
    facts = run("a-b", message(90, "u1@a", "u2@a"), weather={"a-b": up((10, 20), (50, 60))}, how=SHORT)
    told = [it for it in facts.attempts if it.protocol == "summary-vector"]
    assert [(it.from_host, it.started_s, it.round_trips, it.recipients) for it in told] == [
        ("a", 10.0, 2, 0),
        ("a", 50.0, 2, 0),
    ]


def test_news_are_told_while_a_contact_lasts():
    """Whoever has something new begins anew, and who has it already is not given it."""
    facts = run("a-b", message(0, "u1@a", "u1@b"), message(50, "u1@b", "u1@a"), how=SHORT)
    assert vectors(facts) == [("a", "b")] * 2
    assert passes(facts) == [("a", "b", 1), ("b", "a", 2)]


def test_one_session_brings_all():
    """What is for the other host goes first."""
    mail = message(0, "u1@a", "u1@c"), message(1, "u1@a", "u1@b"), message(2, "u1@a", "u1@c", "u2@b")
    facts = run("a-b b-c", *mail, weather={"a-b": up((10, 60)), "b-c": up()}, how=SHORT)
    assert passes(facts) == [("a", "b", 2), ("a", "b", 3), ("a", "b", 1)]
    assert len({it.session_id for it in facts.attempts if it.protocol == "smtp"}) == 1


def test_copies_are_shared_out_by_halves():
    """Of five a host gives three away and keeps two, then one and one; who has one left waits for the recipient's."""
    how, away = Replicas(copies=5, ttl=HOUR), {"a-e": up(), "b-e": up(), "c-e": up(), "d-e": up()}
    sky = away | {
        "a-b": up((10, 20)),
        "a-c": up((30, 40)),
        "a-d": up((50, 60)),
        "b-d": up((70, 80)),
        "c-d": up((90, 99)),
    }
    facts = run("a-b a-c a-d b-d c-d a-e b-e c-e d-e", message(0, "u1@a", "u1@e"), how=how, weather=sky)
    assert passes(facts) == [("a", "b", 1), ("a", "c", 1), ("b", "d", 1)]
    assert facts.copies[0].drops == 4


def test_the_last_one_is_for_the_recipients_host():
    """With one copy nobody else gets it."""
    sky = {"a-b": up((10, 20)), "b-c": up((30, 40)), "a-c": up((50, 60))}
    facts = run("a-b b-c a-c", message(0, "u1@a", "u1@c"), how=Replicas(copies=1, ttl=HOUR), weather=sky)
    assert (passes(facts), facts.copies[0].outcome) == ([("a", "c", 1)], "delivered")


def test_a_copy_that_was_not_passed_on_comes_back():
    """It is offered again at the next contact."""
    sky, how = {"a-b": up((10, 10.3), (5000, 5060)), "b-c": up()}, Replicas(copies=2, ttl=6 * HOUR)
    facts = run("a-b b-c", message(0, "u1@a", "u1@c", size=200_000), how=how, weather=sky)
    assert [(it.outcome, it.message_id) for it in facts.attempts if it.protocol == "smtp"] == [
        ("timeout", 1),
        ("accepted", 1),
    ]


def test_a_host_that_hears_of_delivery_removes_its_own():
    """If that is the rule; else it keeps it until it is old."""
    sky = {"a-b": up((0, 5)), "b-c": up((100, 110)), "a-c": up((200, 210))}
    mail = message(0, "u1@a", "u1@c")
    removed = run("a-b b-c a-c", mail, weather=sky, how=Replicas(ttl=HOUR, delete_delivered=True))
    kept = run("a-b b-c a-c", mail, weather=sky, how=SHORT)
    assert [facts.copies[0].drops for facts in (removed, kept)] == [0, 2]
    assert max(fact.time_s for fact in removed.queues) < 201


def test_a_full_buffer_drops_the_oldest():
    """Whoever wrote it: what has just been written is kept, and what comes."""
    mail = [message(at, "u1@a", "u1@c", size=4000) for at in (0, 1, 2)]
    sky = {"a-b": up((5, 10)), "b-c": up((500, 600))}
    facts = run("a-b b-c", *mail, weather=sky, how=Replicas(ttl=HOUR, buffer=9_500))
    assert [copy.outcome for copy in facts.copies] == ["expired", "delivered", "delivered"]
    assert [copy.drops for copy in facts.copies] == [1, 2, 2]
    assert facts.copies[0].reason == "dropped for younger mail: no room in the buffer"


def test_what_never_fits_is_not_kept_for_others():
    """Its own mail a host keeps whatever its size."""
    sky = {"a-b": up((5, 10)), "b-c": up((500, 600)), "a-c": up((700, 800))}
    facts = run("a-b b-c a-c", message(0, "u1@a", "u1@c", size=9000), weather=sky, how=Replicas(ttl=HOUR, buffer=5_000))
    assert (facts.copies[0].path, facts.copies[0].drops) == ("a>c", 2)


def test_what_its_own_host_refuses_is_over():
    """No report: others may have it, too."""
    facts = run("a-b", message(0, "u1@a", "nobody@b"), how=SHORT)
    [copy] = facts.copies
    assert (copy.outcome, copy.reason[:9], len(facts.messages)) == ("expired", "550 5.1.1", 1)


def test_a_host_that_is_full_is_asked_again():
    """After one second, two, four ..., not at once."""
    facts = run(
        "a-b",
        message(0, "u1@a", "u1@b"),
        how=SHORT,
        hosts={"b": {"listening": Weather(down=(Interval(start=0, end=20),))}},
    )
    assert [round(it.started_s) for it in facts.attempts] == [0, 1, 3, 7, 15, 31, 31]
    assert facts.copies[0].outcome == "delivered"


def test_a_volatile_spool_loses_its_replicas():
    """Others have theirs."""
    crash = {"b": {"weather": Weather(down=(Interval(start=100, end=200),)), "spool": "volatile"}}
    sky = {"a-b": up((0, 10)), "b-c": up((300, 400)), "a-c": up((600, 700))}
    [copy] = run("a-b b-c a-c", message(0, "u1@a", "u1@c"), hosts=crash, weather=sky, how=SHORT).copies
    assert (copy.outcome, copy.path, copy.drops) == ("delivered", "a>c", 2)


def test_a_restart_keeps_what_is_there():
    """A durable spool is taken up, and given to whom the host meets then."""
    crash = {"b": {"weather": Weather(down=(Interval(start=100, end=200),))}}
    sky = {"a-b": up((0, 10)), "b-c": up((300, 400))}
    [copy] = run("a-b b-c", message(0, "u1@a", "u1@c"), hosts=crash, weather=sky, how=SHORT).copies
    assert (copy.outcome, copy.path) == ("delivered", "a>b>c")


def test_metrics_are_those_of_the_one():
    """Relayed are all passes, dropped all instances, and overhead what of these was not delivery."""
    facts = run("a-b b-c c-d d-a", message(0, "u1@a", "u1@b"), message(5, "u1@c", "u1@d"), how=SHORT)
    row = measure(frames(facts, "x", 0)).iloc[0]
    assert [row[name] for name in ("created", "started", "relayed", "aborted", "dropped", "delivered")] == [
        2, 6, 6, 0, 6, 2,
    ]  # fmt: skip
    assert row["overhead_ratio"] == 2.0


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.floats(0, 90)), min_size=1, max_size=6),
    st.lists(
        st.tuples(st.sampled_from(["a-b", "b-c", "c-d", "a-c"]), st.floats(0, 900), st.floats(1, 200)), max_size=5
    ),
    st.sampled_from([0, 1, 2, 5]),
    st.booleans(),
    st.floats(0, 400),
)
def test_the_ledger_balances(mail, spans, copies, removes, crash):
    """Whatever meets when, and whoever crashes: no copy is lost unseen, and none is delivered twice to anybody."""
    sky = {
        link: up(*[(start, start + length) for name, start, length in spans[:1] if name == link])
        for link in ("a-b", "b-c", "c-d", "a-c")
    }
    hosts = {"b": {"weather": Weather(down=(Interval(start=crash, end=crash + 100),))}}
    messages = [message(at, f"u1@{one}", f"u1@{other}") for one, other, at in mail]
    how = Replicas(copies=copies, ttl=2000, buffer=3000, delete_delivered=removes)
    spec = opportunistic("a-b b-c c-d a-c", *messages, weather=sky, hosts=hosts, how=how, loss=0.02, drain=DAY)
    facts = Simulation(spec, spec.architectures["store-and-forward"], 0, 1).run()
    assert {copy.outcome for copy in facts.copies} <= {"delivered", "expired", "queued"}
    assert all(copy.relays >= copy.hops for copy in facts.copies)
