"""Transfers over slow lines: when a client gives up, what its kernel still brings, and what becomes of several at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import message, run, scenario

from sim.scenario.products import PRODUCTS
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec import HOUR, Tcp


def over(rate, *messages, queue=0, mta=None, tcp=None, drain=100 * HOUR):
    """Run messages from a to b over a line."""
    hosts = {"*": {"mta": mta or Postfix(), **({"tcp": tcp} if tcp else {})}}
    made = scenario("a-b", *messages, rate=rate, hosts=hosts, routing="static", drain=drain)
    [link] = made.network.links
    return run(replace(made, network=replace(made.network, links=(replace(link, queue=queue),))))


def outcomes(facts):
    """How each attempt ended, and how often each copy was delivered."""
    copies = [copy.duplicates + (copy.outcome == "delivered") for copy in facts.copies]
    return [str(attempt.outcome) for attempt in facts.attempts], copies


@pytest.mark.parametrize("count", [2, 5])
def test_big_messages_at_once_all_get_through(count):
    """350 kB each at 9600 bit/s: as long as all together take, longer than the reply's timer, and none is given up."""
    messages = [message(0.1 * k, "u1@a", "u1@b", size=350_000) for k in range(count)]
    facts = over(9600.0, *messages, queue=16_000)
    assert outcomes(facts) == (["accepted"] * count, [1] * count)
    assert max(copy.ended_s for copy in facts.copies) == pytest.approx(8 * 350_000 * count * 1.036 / 9600, rel=0.03)


def test_what_was_written_arrives_again_and_again():
    """50 kB at 9600 bit/s, 20 s for the reply: it takes 35 s from the last write, and every try brings a copy."""
    mta = Postfix(smtp_data_done_timeout=20.0)
    facts = over(9600.0, message(0, "u1@a", "u1@b", size=50_000), mta=mta, drain=2000.0)
    attempts, [copies] = outcomes(facts)
    assert set(attempts) == {"timeout"}
    assert copies == len(attempts)
    assert facts.attempts[0].ended_s == pytest.approx(31.0, abs=0.5)
    assert facts.copies[0].ended_s == pytest.approx(45.5, abs=0.5)


def test_what_was_not_written_does_not_arrive():
    """30 kB are more than the socket holds at first: after a second the last write still waits for room."""
    mta = Postfix(smtp_data_done_timeout=1.0)
    facts = over(9600.0, message(0, "u1@a", "u1@b", size=30_000), mta=mta, drain=1000.0)
    assert {str(attempt.outcome) for attempt in facts.attempts} == {"timeout"}
    assert [copy.duplicates + (copy.outcome == "delivered") for copy in facts.copies] == [0]


def test_a_write_that_waits_for_room_has_a_timer_of_its_own():
    """The body's: 4 s for four segments, which take 5 s."""
    mta = Postfix(smtp_data_xfer_timeout=4.0)
    facts = over(9600.0, message(0, "u1@a", "u1@b", size=100_000), mta=mta, drain=600.0)
    assert facts.attempts[0].outcome == "timeout"
    assert facts.attempts[0].ended_s < 10.0


@pytest.mark.parametrize("rate", [300.0, 1200.0, 4800.0])
@pytest.mark.parametrize("name", sorted(set(PRODUCTS)))
def test_every_product_gets_a_message_over_a_slow_line(name, rate):
    """60 kB, in one attempt; but Stalwart has 10 minutes for all of it, which takes 28 at 300 bit/s."""
    facts = over(rate, message(0, "u1@a", "u1@b", size=60_000), mta=PRODUCTS[name](), drain=2 * HOUR)
    if (name, rate) == ("stalwart", 300.0):
        first = facts.attempts[0]
        assert (first.outcome, first.ended_s) == ("timeout", pytest.approx(610.0, abs=30.0))
    else:
        assert outcomes(facts) == (["accepted"], [1])


def test_nullmailer_kills_what_takes_too_long():
    """An hour for a message, whatever it is doing, and no other timer."""
    line = message(0, "u1@a", "u1@b", size=500_000)
    [first, *_] = over(1000.0, line, mta=Nullmailer(), drain=3 * HOUR).attempts
    assert (first.outcome, first.ended_s) == ("timeout", HOUR)
    assert outcomes(over(1000.0, line, mta=Nullmailer(sendtimeout=3 * HOUR), drain=3 * HOUR)) == (["accepted"], [1])


def test_large_sockets_on_a_slow_line_make_a_client_give_up():
    """With what Linux grows them to there is more in a socket at 600 bit/s than the line carries in 10 minutes."""
    facts = over(600.0, message(0, "u1@a", "u1@b", size=200_000), tcp=Tcp(send_buffer=0), drain=4 * HOUR)
    assert facts.attempts[0].outcome == "timeout"
