"""Three ways in which a connection does not come about: nobody answers, nobody listens, routers know of no way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.products import PRODUCTS
from sim.scenario.products.postfix import Postfix
from sim.scenario.show import show
from sim.scenario.spec import Interval, Tcp, Weather
from tests.world.worlds import message, run, scenario

HOUR = 3600.0
DOWN = Weather(down=(Interval(start=0.0, end=2 * HOUR),))
STACKS = [Tcp(), Tcp(stack="linux-3"), Tcp(stack="bsd-1988", congestion="tahoe"), Tcp(stack="rtt-only")]


def first(links: str, **more):
    """The first attempt to pass one message on from a to b."""
    more = {"drain": 0.0, **more}
    return run(scenario(links, message(0.0, "u1@a", "u1@b"), **more)).attempts[0]


@pytest.mark.parametrize("product", [kind() for kind in PRODUCTS.values()])
@pytest.mark.parametrize("tcp", STACKS, ids=lambda tcp: tcp.stack)
def test_where_nobody_listens_the_client_is_refused_in_one_round_trip(product, tcp):
    """The kernel's reset is the answer to the SYN, whatever the program and the stack (RFC 9293 section 3.10.7.1)."""
    hosts = {"a": {"mta": product, "tcp": tcp}, "b": {"listening": None}}
    attempt = first("a-b", hosts=hosts, delay=0.05)
    assert (attempt.outcome, attempt.enhanced_code, attempt.reply_code) == ("connection-refused", "4.4.1", 0)
    assert attempt.ended_s == pytest.approx(0.1, abs=2e-3)


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, HOUR), st.floats(0.0, 0.3))
def test_mail_goes_when_somebody_listens_again(until: float, loss: float):
    """It is refused until then, for all that packets are lost, and delivered after it."""
    hosts = {"b": {"listening": Weather(down=(Interval(start=0.0, end=until),))}}
    facts = run(scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts, loss=loss))
    early = {attempt.outcome for attempt in facts.attempts if attempt.ended_s < until}
    late = [attempt for attempt in facts.attempts if attempt.started_s > until + 2]
    assert (early - {"connection-refused"}, facts.copies[0].outcome) == (set(), "delivered")
    assert not [attempt for attempt in late if attempt.outcome == "connection-refused"]


def test_a_session_outlives_its_listener():
    """What is connected stays so: only new connections are refused."""
    hosts = {"b": {"listening": Weather(down=(Interval(start=1.0, end=HOUR),)), "service_time": 1.0}}
    assert first("a-b", hosts=hosts, drain=60.0).outcome == "accepted"


@pytest.mark.parametrize("transfer", ["end-to-end", "store-and-forward"])
@pytest.mark.parametrize("routing", ["shortest-delay", "static"])
def test_a_link_that_is_down_is_silence(transfer: str, routing: str):
    """Nobody says that there is no way: the client waits as long as its product does."""
    hosts = {"a": {"mta": Postfix(smtp_connect_timeout=12.0)}}
    attempt = first("a-b", hosts=hosts, weather={"a-b": DOWN}, transfer=transfer, routing=routing)
    assert (attempt.outcome, attempt.ended_s) == ("connect-timeout", 12.0)


def test_a_link_that_comes_back_lets_a_repeated_syn_through():
    """SYNs go out after 1, 2, 3, 4, 5 and 7 s; the link is up from 5.5 s on, by another way than that of the first."""
    weather = {"a-c": DOWN, "a-b": Weather(down=(Interval(start=0.0, end=5.5),))}
    attempt = first("a-b a-c c-b", weather=weather, drain=60.0)
    assert (attempt.outcome, attempt.ended_s) == ("accepted", pytest.approx(7.2, abs=0.3))


@pytest.mark.parametrize(("routing", "heard"), [("shortest-delay", 0.0), ("static", 0.04)])
@pytest.mark.parametrize("cut", ["b-c", "c-d"])
def test_routers_that_say_so_make_it_no_route(routing: str, heard: float, cut: str):
    """Routing that follows outages knows at home; a static way is known to be cut by the router before the cut."""
    mail = message(0.0, "u1@a", "u1@d")
    spec = scenario("a-b b-c c-d", mail, weather={cut: DOWN}, routing=routing, unreachable="icmp", drain=0.0, rate=1e9)
    attempt = run(spec).attempts[0]
    around = 0.0 if not heard else 0.02 * (1 + "bc".index(cut[0]))
    assert (attempt.outcome, attempt.session_id) == ("no-route", 0)
    assert attempt.ended_s == pytest.approx(around, abs=1e-4)


FILE = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}], unreachable: {word}}}
hosts: {{b: {{listening: {listening}}}}}
architectures: {{x: {{transfer: end-to-end}}, y: {{transfer: end-to-end, unreachable: silent}}}}
"""


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("no", None),
        ("false", None),
        ("yes", Weather()),
        ("{down: [{from: 1 s, to: 2 s}]}", Weather(down=(Interval(start=1.0, end=2.0),))),
    ],
)
def test_a_file_says_whether_or_when_somebody_listens(said: str, meant: Weather | None):
    """And what routers answer: the network for all architectures that say nothing. `show` gives the same."""
    spec = loads(FILE.format(word="icmp", listening=said))
    again = loads(show(spec))
    assert [spec.architectures[name].unreachable for name in "xy"] == ["icmp", "silent"]
    assert (spec.architectures["x"].hosts["b"].listening, again.architectures) == (meant, spec.architectures)


@pytest.mark.parametrize(
    ("word", "listening", "message"),
    [
        ("loud", "yes", "unknown answer where no way leads (loud): allowed are silent, icmp"),
        ("icmp", "perhaps", "neither true nor false (perhaps): allowed are true, false, yes, no"),
        ("icmp", "{windows: daily 02:00-02:00}", "not a stretch of a day (daily 02:00-02:00)"),
    ],
)
def test_other_words_are_errors(word: str, listening: str, message: str):
    """With what is allowed instead."""
    with pytest.raises(ScenarioError) as caught:
        loads(FILE.format(word=word, listening=listening))
    assert message in str(caught.value)
