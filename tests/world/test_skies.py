"""Weather that strikes several things: groups, the DNS, the routing's belief; and the date of time 0."""

from __future__ import annotations

from dataclasses import replace

from worlds import message, run, scenario

from sim.scenario.spec import DAY, HOUR, Group, Interval, NameService, Outages, Weather
from sim.scenario.spec.calendar import read_start
from sim.world.simulation import Simulation

ALL_DAY = Weather(down=(Interval(start=0.0, end=DAY),))


def struck(spec, **more):
    """The scenario with something more in its network."""
    return replace(spec, network=replace(spec.network, **more))


def outcomes(facts):
    """How each attempt ended, in order of their beginnings."""
    return [attempt.outcome for attempt in sorted(facts.attempts, key=lambda attempt: attempt.started_s)]


def test_a_group_of_links_and_hosts_is_down_together():
    """No way over either link for a day, and mail of the host in the group waits for it."""
    spec = scenario("a-b a-c", message(10, "u1@a", "u1@b"), message(20, "u1@a", "u1@c"), message(30, "u1@b", "u2@b"))
    cable = Group(members=("a-b", "a-c", "b"), down=ALL_DAY.down)
    facts = run(struck(spec, groups={"cable": cable}))
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    assert min(copy.ended_s for copy in facts.copies) >= DAY


def test_mail_is_queued_while_the_dns_is_down():
    """Attempts fail as name service errors with 4.4.3; when it answers, the next queue run delivers."""
    spec = struck(scenario("a-b", message(10, "u1@a", "u1@b")), dns=NameService(down=ALL_DAY.down))
    facts = run(spec)
    ends = outcomes(facts)
    assert (set(ends[:-1]), ends[-1], len(ends) > 10) == ({"dns-failure"}, "accepted", True)
    assert {(a.to_host, a.enhanced_code, a.session_id) for a in facts.attempts[:-1]} == {("b", "4.4.3", 0)}
    [copy] = facts.copies
    assert (copy.outcome, DAY < copy.ended_s < DAY + 4200) == ("delivered", True)


def test_mail_is_returned_when_the_dns_is_down_for_good():
    """After five days; the report to a user of the same host needs no DNS."""
    forever = NameService(down=(Interval(start=0.0, end=1000 * DAY),))
    facts = run(struck(scenario("a-b", message(10, "u1@a", "u1@b")), dns=forever))
    assert [(copy.outcome, copy.reason.split(":")[0]) for copy in facts.copies] == [
        ("bounced", "expired"),
        ("delivered", ""),
    ]


def test_a_resolver_that_is_down_stops_its_host_alone():
    """Mail from b goes at once, mail from a waits for a's resolver; mail within a host needs none."""
    spec = scenario(
        "a-b",
        message(10, "u1@a", "u1@b"),
        message(20, "u1@b", "u1@a"),
        message(30, "u1@a", "u2@a"),
        hosts={"a": {"resolver": ALL_DAY}},
    )
    ended = {copy.created_s: copy.ended_s for copy in run(spec).copies}
    assert (ended[10] > DAY, ended[20] < 30, ended[30]) == (True, True, 30)


def test_a_name_server_that_is_down_takes_the_dns_with_it():
    """Only host c runs it, and c is down for a day."""
    spec = scenario("a-b b-c", message(10, "u1@a", "u1@b"), hosts={"c": {"weather": ALL_DAY}})
    facts = run(struck(spec, dns=NameService(servers=("c",))))
    assert (outcomes(facts)[0], facts.copies[0].ended_s > DAY) == ("dns-failure", True)


def test_a_host_may_start_down():
    """Equilibrium: with an availability of a half, about half of the hosts are down at time 0, and mail to them waits."""
    weather = Weather(outages=Outages.exponential(mtbf=100 * HOUR, mttr=100 * HOUR))
    spec = scenario("a-b", message(1, "u1@a", "u1@b"), hosts={"b": {"weather": weather}}, drain=200 * DAY)
    first = [outcomes(run(spec, replication))[0] for replication in range(12)]
    assert sorted(set(first)) == ["accepted", "connect-timeout"]


def test_before_routing_has_converged_sessions_go_into_the_hole():
    """The direct line dies at 100 s; with a convergence of 60 s the message of 101 s is sent into it, in vain."""
    dead = {"a-b": Weather(down=(Interval(start=100.0, end=DAY),))}
    spec = scenario("a-b a-c c-b", message(101, "u1@a", "u1@b"), weather=dead, duration=200.0)
    slow = replace(spec, architectures={"x": replace(spec.architectures["end-to-end"], convergence=60.0)})
    assert [outcomes(run(one)) for one in (spec, slow)] == [["accepted"], ["connect-timeout", "accepted"]]


def test_the_date_in_a_message_is_that_of_the_scenarios_clock():
    """Time 0 is the scenario's start; where none is said, Monday, 3 January 2000."""
    spec = scenario("a-b", message(0, "u1@a", "u1@b"), dialogues=True)

    def received(spec):
        world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
        world.run()
        [content] = world.hosts["b"].custody.mailboxes["u1@b.example"]
        return content.partition(b"\r\n\r\n")[0]

    assert b"Mon, 03 Jan 2000 00:00:00 +0000" in received(spec)
    found = received(replace(spec, start=read_start("2026-07-01 10:00 Europe/Paris")))
    assert found.count(b"Wed, 01 Jul 2026 08:00:00 +0000") == 2


def test_tcp_outlives_a_route_that_does_not_come_back():
    """The direct line dies under a message of 200 kB; once routing has converged the rest goes by way of c."""
    dead = {"a-b": Weather(down=(Interval(start=1.0, end=DAY),))}
    spec = scenario("a-b a-c c-b", message(0, "u1@a", "u1@b", size=200_000), weather=dead, duration=200.0)
    slow = replace(spec, architectures={"x": replace(spec.architectures["end-to-end"], convergence=20.0)})
    ends = [run(one).copies[0].ended_s for one in (spec, slow)]
    assert [outcomes(run(one)) for one in (spec, slow)] == [["accepted"], ["accepted"]]
    assert (ends[0] < 10, 21 < ends[1] < 60) == (True, True)


def test_tcp_outlives_a_route_that_comes_back():
    """Static routing: the session waits for its line, 30 s, and goes on."""
    dead = {"a-b": Weather(down=(Interval(start=1.0, end=31.0),))}
    spec = scenario("a-b a-c c-b", message(0, "u1@a", "u1@b", size=200_000), weather=dead, routing="static")
    facts = run(spec)
    assert (outcomes(facts), 31 < facts.copies[0].ended_s < 75) == (["accepted"], True)
