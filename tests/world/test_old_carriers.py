"""Mail over carriers from before the Internet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import message, run, scenario

from sim.scenario.spec import DAY, Interval, Weather
from sim.scenario.spec.carriers import X25, Bsc, DialUp, UucpG


def over(spec, *carriers):
    """The scenario with a carrier for each of its links."""
    links = tuple(replace(link, carrier=carrier) for link, carrier in zip(spec.network.links, carriers, strict=True))
    return replace(spec, network=replace(spec.network, links=links))


@pytest.mark.parametrize("carrier", [Bsc(), UucpG(window=7), X25(window=7), DialUp(modem=9600.0)], ids=repr)
def test_a_message_takes_what_the_carrier_needs(carrier):
    """20 kB at 9600 bit/s: the data at the carrier's throughput, the call, and a few turns of the dialogue."""
    facts = run(over(scenario("a-b", message(0, "u1@a", "u1@b", size=20_000), rate=9600.0), carrier))
    [copy], [attempt] = facts.copies, facts.attempts
    octet = 10 if isinstance(carrier, DialUp | UucpG) else 8
    data, packet = {Bsc: (512, 520), X25: (128, 137)}.get(type(carrier), (64, 70))
    body = 20_000 * octet / 9600 * packet / data
    call = carrier.setup if isinstance(carrier, DialUp | X25) else 0.0
    assert (copy.outcome, attempt.outcome) == ("delivered", "accepted")
    assert body + call < copy.ended_s < 1.35 * body + call + 5
    assert attempt.bytes_on_wire > 20_000 * packet / data


def test_end_to_end_crosses_links_of_all_kinds():
    """A call, a gateway to the Internet, a leased line: one session."""
    spec = scenario("a-b b-c c-d", message(0, "u1@a", "u1@d", size=2000), rate=9600.0, loss=0.02)
    facts = run(over(spec, DialUp(modem=9600.0), None, Bsc()))
    assert [(a.from_host, a.to_host, a.outcome) for a in facts.attempts] == [("a", "d", "accepted")]


def test_a_call_is_longer_than_tcp_would_wait():
    """Postfix waits 30 s for TCP to connect; a call that is set up in 90 s is no reason to give up."""
    spec = over(scenario("a-b", message(0, "u1@a", "u1@b"), rate=2400.0), DialUp(setup=90.0))
    assert [a.outcome for a in run(spec).attempts] == ["accepted"]


def test_other_links_of_the_same_network_keep_tcp():
    """Where one link is a leased line, the others' sessions take what they took."""
    spec = scenario("a-b c-d", message(0, "u1@a", "u1@b"), message(0, "u1@c", "u1@d"), rate=1e6)
    alone, beside = run(spec), run(over(spec, None, Bsc()))
    ends = [next(c.ended_s for c in facts.copies if c.recipient == "u1@b.example") for facts in (alone, beside)]
    assert ends[0] == ends[1]


def test_a_leased_line_that_fails_delays_its_mail():
    """The line dies in the middle of a session for an hour: its procedure gives up after ten tries, and says so."""
    weather = {"a-b": Weather(down=(Interval(start=3.0, end=3600.0),))}
    spec = scenario("a-b", message(0, "u1@a", "u1@b", size=20_000), rate=9600.0, weather=weather)
    facts = run(over(spec, Bsc()))
    outcomes = [attempt.outcome for attempt in facts.attempts]
    assert (outcomes[0], outcomes[-1], facts.copies[0].ended_s > 3600) == ("carrier-lost", "accepted", True)
    assert 3 + 10 * 3 < facts.attempts[0].ended_s < 3 + 11 * 4


@pytest.mark.parametrize("cut", [1.0 + 0.05 * step for step in range(40)])
def test_a_gateway_that_is_cut_off_for_good_holds_nothing_up(cut: float):
    """Whichever flight the Internet's part of the way loses for ever, one of its ends gives up, and the other waits."""
    line = {"a-b": Weather(down=(Interval(start=cut, end=1000 * DAY),))}
    spec = scenario("a-b b-c", message(0, "u1@a", "u1@c"), rate=9600.0, delay=0.1, weather=line, drain=DAY)
    first, *_ = run(over(spec, None, X25())).attempts
    assert first.ended_s < 1300.0
