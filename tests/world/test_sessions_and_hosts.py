"""What is handed over in a session is handed to the host at its other end, whatever becomes of ways and routes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.mta.server.transactions import AcceptedMail
from sim.scenario.products import PRODUCTS
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.quantity import DAY
from sim.scenario.spec import Domain, Interval, Weather
from sim.world.engine.ledger import LedgerError
from sim.world.host.client import Peer
from sim.world.simulation import Simulation

ALWAYS_DOWN = Weather(down=(Interval(start=0.0, end=1000 * DAY),))
BOTH = {
    "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
    "big.example": Domain(name="big.example", mx=((10, "x"), (10, "y")), users=("u1", "u2", "u3")),
    "too.example": Domain(name="too.example", mx=((10, "y"), (20, "x")), users=("u1",)),
}


def hosts_of_sessions(facts) -> dict[int, set[str]]:
    """The hosts that the attempts of each session name."""
    found: dict[int, set[str]] = {}
    for attempt in facts.attempts:
        if attempt.session_id:
            found.setdefault(attempt.session_id, set()).add(attempt.to_host)
    return found


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([*PRODUCTS.values(), Delays]),
    st.sampled_from([None, "rset", "mail", "pipeline"]),
    st.sampled_from(["end-to-end", "store-and-forward"]),
    st.lists(st.sampled_from(["u1@big.example", "u2@big.example", "u1@too.example"]), min_size=5, max_size=25),
    st.sampled_from([0.0, 0.7, 40.0]),
    st.sampled_from([0.0, 2.0]),
)
def test_a_host_that_is_down_takes_nothing(product, reuse, transfer, recipients, gap, service):
    """One of two equal MX is down: it has no session with anybody, and every session has one host."""
    mail = [message(gap * number, "u1@a", recipient) for number, recipient in enumerate(recipients)]
    spec = scenario(
        "a-x a-y",
        *mail,
        transfer=transfer,
        hosts={"a": {"mta": product(), "reuse": reuse}, "x": {"weather": ALWAYS_DOWN}, "y": {"service_time": service}},
        domains=BOTH,
    )
    facts = run(spec)
    assert {copy.path for copy in facts.copies if copy.outcome == "delivered"} <= {"a>y"}
    assert {attempt.outcome for attempt in facts.attempts if attempt.to_host == "x"} <= {"connect-timeout"}
    assert all(len(hosts) == 1 for hosts in hosts_of_sessions(facts).values())


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([Postfix, Exim, Sendmail, OpenSmtpd, Exchange]),
    st.sampled_from([None, "rset", "pipeline"]),
    st.lists(st.floats(0.0, 300.0), min_size=1, max_size=4),
    st.integers(1, 9),
)
def test_sessions_keep_their_host_where_routes_change(product, reuse, failures, replication):
    """Lines fail and come back, so that mail for one host goes by turns to either of two relays."""
    down = tuple(Interval(start=at * 3, end=at * 3 + 100) for at in sorted(set(failures)))
    spec = scenario(
        "a-r r-z a-s s-z",
        *[message(9.0 * number, "u1@a", "u1@z") for number in range(40)],
        transfer="store-and-forward",
        hosts={"*": {"mta": product(), "reuse": reuse}, "r": {"service_time": 3.0}, "s": {"service_time": 3.0}},
        weather={"r-z": Weather(down=_apart(down)), "a-s": Weather(down=(Interval(start=150.0, end=200.0),))},
    )
    facts = run(spec, replication)
    assert all(len(hosts) == 1 for hosts in hosts_of_sessions(facts).values())
    assert {copy.path.split(">")[0] for copy in facts.copies} == {"a"}


def _apart(intervals):
    """Those that overlap none before them."""
    found: list[Interval] = []
    for interval in intervals:
        if not found or interval.start > found[-1].end:
            found.append(interval)
    return tuple(found)


def test_mail_in_a_kept_session_goes_to_its_host():
    """Forty messages at once to two equal MX, one of which is down: none arrives there, all arrive."""
    mail = [message(0, "u1@a", "u1@big.example") for _ in range(40)]
    facts = run(scenario("a-x a-y", *mail, domains=BOTH, hosts={"x": {"weather": ALWAYS_DOWN}}))
    assert {(copy.outcome, copy.path) for copy in facts.copies} == {("delivered", "a>y")}


def test_a_server_counts_its_own_sessions_only():
    """Few places at one of two equal MX: when all is delivered neither counts a session, so none is full for ever."""
    mail = [message(number, "u1@a", "u1@big.example") for number in range(40)]
    spec = scenario("a-x a-y", *mail, domains=BOTH, hosts={"x": {"sessions": 2}, "y": {"service_time": 1.0}})
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    facts = world.run()
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    assert [len(world.hosts[name].server.listener.inbound) for name in ("x", "y")] == [0, 0]


def test_a_run_that_counts_a_session_that_is_over_is_a_defect():
    """The invariant of every run: a host counts the sessions that go on."""
    spec = scenario("a-x", message(0, "u1@a", "u1@x"))
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    a, x = world.hosts["a"], world.hosts["x"]
    x.server.listener.admit(Peer(a.client, x.server, ("a", "x"), 99, None))
    with pytest.raises(LedgerError, match="x counts session 99, which is over"):
        world.run()


def test_a_host_that_is_down_and_takes_mail_is_a_defect():
    """The invariant of every run: nothing is handed to a host that is down."""
    spec = scenario("a-x", message(0, "u1@a", "u1@x"), hosts={"x": {"weather": ALWAYS_DOWN}})
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    mail = AcceptedMail(*([None] * len(AcceptedMail._fields)))
    with pytest.raises(LedgerError, match="x is down at"):
        world.hosts["x"].server.receive(mail, [], 1.0, offered=1.0, began=1.0)
