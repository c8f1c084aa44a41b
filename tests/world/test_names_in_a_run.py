"""What hosts know of names in a run: answers that live on, outages of the DNS, records that change, time to ask."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import message, run, scenario

from sim.scenario.spec import HOUR, MINUTE, Domain, Interval, MxChange, NameService, Weather

OUT = Weather(down=(Interval(start=60.0, end=3 * HOUR),))


def domains(**settings):
    """Domain a at host a; domain b at host x, unless something else is said of it."""
    b = {"mx": ((10, "x"),), "users": ("u1",), **settings}
    return {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", **b),
    }


def named(spec, **service):
    """The scenario with a name service of this kind."""
    return replace(spec, network=replace(spec.network, dns=NameService(**service)))


def ends(facts):
    """When each message was delivered, in order of writing."""
    return [copy.ended_s for copy in sorted(facts.copies, key=lambda copy: copy.created_s)]


def test_an_outage_is_felt_where_nothing_is_remembered():
    """The hour of the first answer lasts into the outage; after it mail is put off with 4.4.3 until the DNS is back."""
    mail = [message(at, "u1@a", "u1@b") for at in (0.0, 50 * MINUTE, 70 * MINUTE)]
    facts = run(named(scenario("a-x", *mail, domains=domains(), duration=2 * HOUR), down=OUT.down))
    first, second, third = ends(facts)
    assert (first < 1, second < 50 * MINUTE + 1, 3 * HOUR < third < 3 * HOUR + 4000 + 300) == (True, True, True)
    failed = [attempt for attempt in facts.attempts if attempt.outcome == "dns-failure"]
    assert {(attempt.from_host, attempt.enhanced_code, attempt.session_id) for attempt in failed} == {("a", "4.4.3", 0)}
    assert {fact.reason for fact in facts.deferrals} == {"4.4.3 name service error: try again"}


def test_a_crash_takes_what_the_resolver_knew():
    """The same message as above, but its host has been down for a minute in between."""
    hosts = {"a": {"weather": Weather(down=(Interval(start=10 * MINUTE, end=11 * MINUTE),))}}
    mail = [message(0.0, "u1@a", "u1@b"), message(50 * MINUTE, "u1@a", "u1@b")]
    facts = run(named(scenario("a-x", *mail, domains=domains(), hosts=hosts, duration=2 * HOUR), down=OUT.down))
    assert ends(facts)[1] > 3 * HOUR


@pytest.mark.parametrize(("ttl", "old"), [(0.0, 0), (5 * MINUTE, 1), (HOUR, 3)])
def test_old_answers_are_gone_by_until_they_expire(ttl: float, old: int):
    """The domain moves from x to y after a minute: a shorter TTL brings less mail to the old host."""
    moved = domains(ttl=ttl, changes=(MxChange(at=60.0, mx=((10, "y"),)),))
    mail = [message(at, "u1@a", "u1@b") for at in (0.0, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 90 * MINUTE)]
    facts = run(scenario("a-x a-y", *mail, domains=moved, duration=2 * HOUR))
    paths = [copy.path for copy in sorted(facts.copies, key=lambda copy: copy.created_s)]
    assert paths == ["a>x"] * (old + 1) + ["a>y"] * (4 - old)


def test_mail_follows_its_domain():
    """The old host is switched off with the move: mail that was waiting for it goes to the new one, an hour later."""
    moved = domains(changes=(MxChange(at=60.0, mx=((10, "y"),)),))
    hosts = {"x": {"weather": Weather(down=(Interval(start=60.0, end=1e9),))}}
    mail = [message(at, "u1@a", "u1@b") for at in (0.0, 2 * MINUTE)]
    facts = run(scenario("a-x a-y", *mail, domains=moved, hosts=hosts, duration=300.0))
    last = max(facts.copies, key=lambda copy: copy.created_s)
    assert (last.path, HOUR < last.ended_s < 2 * HOUR + 600) == ("a>y", True)


def test_asking_takes_its_time_once():
    """A lookup of 5 s holds up the first message, not those that come while its answer is remembered."""
    mail = [message(at, "u1@a", "u1@b") for at in (0.0, 30.0, 2 * HOUR)]
    facts = run(named(scenario("a-x", *mail, domains=domains(), duration=2 * HOUR + 1), lookup=5.0))
    waits = [copy.queue_s for copy in sorted(facts.copies, key=lambda copy: copy.created_s)]
    assert waits == [5.0, 0.0, 5.0]


def test_a_crash_in_the_middle_of_a_lookup():
    """The message is asked for anew when its host is back."""
    hosts = {"a": {"weather": Weather(down=(Interval(start=3.0, end=4.0),))}}
    facts = run(named(scenario("a-x", message(0.0, "u1@a", "u1@b"), domains=domains(), hosts=hosts), lookup=5.0))
    assert (facts.copies[0].outcome, 9.0 < facts.copies[0].ended_s < 10.0) == ("delivered", True)


def test_an_architecture_goes_by_its_own_records():
    """The same mail goes to another host."""
    spec = scenario("a-x a-y", message(0.0, "u1@a", "u1@b"), domains=domains())
    own = domains(mx=((10, "y"),))["b.example"]
    [architecture] = spec.architectures.values()
    other = replace(spec, architectures={"o": replace(architecture, domains={"b.example": own})})
    assert [run(one).copies[0].path for one in (spec, other)] == ["a>x", "a>y"]
