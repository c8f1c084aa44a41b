"""What things take a host: fixed times, and times that vary from one to the next."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from worlds import message, run, scenario

from sim.scenario.distribution import Lognormal, Uniform
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec import Host, Interval, Weather
from sim.scenario.spec.policies import Policies, Refusal
from sim.world.engine.host_times import HostTimes

BUSY = Policies(refuse=(Refusal(at="connect", code=421, during=((0.0, 120.0),)),))


def times(facts) -> list[float]:
    """When each attempt that was accepted ended, s."""
    return [attempt.ended_s for attempt in facts.attempts if attempt.outcome == "accepted"]


def waiting(mta, **settings):
    """A run in which eight messages wait for one host, and go in one session."""
    mail = [message(n / 100, "u1@a", "u1@b") for n in range(8)]
    hosts = {"a": {"mta": mta}, "b": {"policies": BUSY}, **settings.pop("hosts", {})}
    hosts["a"] = {"timing": "product", **hosts.get("a", {})}
    return run(scenario("a-b", *mail, hosts=hosts, drain=10_000.0, **settings))


def test_a_server_takes_a_time_for_each_command_and_one_for_the_commit():
    """Three commands at 2 s and a commit of 0.5 s; nothing is committed without mail."""
    host = HostTimes(Host(name="a", service_time=2.0, commit_time=0.5), Random(1))
    assert (host.serving(3, commits=True), host.serving(3, commits=False), host.serves_at_once) == (6.5, 6.0, False)


def test_a_host_of_no_times_serves_at_once():
    """Unless what it puts on disk waits for a moment (Postfix's in_flow_delay)."""
    host = HostTimes(Host(name="a", timing="none"), Random(1))
    slower = host.slower(1.0)
    assert (host.serves_at_once, host.serving(5, commits=True)) == (True, 0.0)
    assert (slower.serves_at_once, slower.serving(5, commits=True)) == (False, 1.0)


def test_times_that_vary_are_drawn_for_each_command():
    """Each within its bounds, and no two alike."""
    varies = Uniform(1.0, 2.0)
    host = HostTimes(Host(name="a", service_time=varies, commit_time=varies, next_message_time=varies), Random(1))
    drawn = [host.serving(1, commits=False), host.serving(0, commits=True), host.next_message()]
    assert all(1 <= one <= 2 for one in drawn)
    assert len({*drawn, host.serving(1, commits=False)}) == 4
    assert 10 <= host.serving(10, commits=False) <= 20


def test_a_host_takes_what_its_product_does():
    """As measured, unless `timing` is none; what is said of one time holds for that one."""
    exim = Host(name="a", mta=Exim(), commit_time=0.5)
    times = HostTimes(exim, Random(1))
    assert (times.greeting(), times.serving(3, commits=True), times.thinking(1000)) == (0.0013, 0.5006, 0.0004)
    times = HostTimes(Host(name="a", mta=Exim(), timing="none"), Random(1))
    assert (times.greeting(), times.serving(3, commits=True), times.thinking(1000)) == (0.0, 0.0, 0.0)


def test_only_exim_takes_a_time_before_the_next_message():
    """As measured: median 31.5 ms; where a file says something else, that holds."""
    assert (Host(name="a", mta=Exim()).next_message_time, Host(name="a").next_message_time) == (
        Lognormal(0.0315, 0.047),
        0.0,
    )
    assert Host(name="a", mta=Exim(), next_message_time=0.0).next_message_time == 0.0


def test_exim_pauses_between_the_messages_of_a_session():
    """Each later by what was drawn, from a stream of the host's own: without it every message takes as long."""
    paused, plain = (
        times(waiting(Exim(), hosts=more)) for more in ({}, {"a": {"mta": Exim(), "next_message_time": 0}})
    )
    gaps, even = ([b - a for a, b in pairwise(ends)] for ends in (paused, plain))
    assert even == pytest.approx([even[0]] * 7, rel=0.01)
    assert all(0.015 < gap - even[0] < 0.08 for gap in gaps)
    assert len(set(gaps)) == 7


def test_what_varies_with_one_host_shifts_nothing_of_another():
    """The client's attempts that are refused come at the same times, whatever the server's commits take."""
    plain, varied = (waiting(Postfix(), hosts=more) for more in ({}, {"b": {"policies": BUSY, "commit_time": VARIES}}))
    starts = [[a.started_s for a in facts.attempts if a.outcome == "deferred"] for facts in (plain, varied)]
    assert starts[0] == starts[1]
    assert times(plain) != times(varied)


VARIES = Lognormal(0.01, 0.02)


def test_a_crash_between_two_messages_of_a_session_ends_the_attempt_that_has_begun():
    """The client's host goes down before it has written anything of the next one, which goes later, once."""
    hosts = {"a": {"mta": Exim(), "next_message_time": 5.0}}
    first = times(waiting(Exim(), hosts=hosts))[0]
    crash = Weather(down=(Interval(start=first + 2.0, end=first + 60.0),))
    facts = waiting(Exim(), hosts={"a": {**hosts["a"], "weather": crash}})
    struck = [attempt for attempt in facts.attempts if attempt.outcome == "host-crash"]
    assert [(one.started_s, one.ended_s) for one in struck] == [(pytest.approx(first), pytest.approx(first + 2.0))]
    assert [copy.outcome for copy in facts.copies] == ["delivered"] * 8
