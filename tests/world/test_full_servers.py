"""What a server with all its sessions taken does with a further client, product by product."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.load import loads
from sim.scenario.products import PRODUCTS
from sim.scenario.products.base import MANY, Product
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.products.zonemta import ZoneMta
from sim.scenario.spec import Host, Interval, Tcp, Weather
from sim.world.simulation import Simulation
from tests.world.worlds import message, run, scenario

SERVICE = 0.5


def herd(clients: int, /, gap: float = 0.0, **server) -> object:
    """So many clients, each with one message for the host z, so long after each other; it takes half a second for each."""
    names = [f"c{number}" for number in range(clients)]
    return scenario(
        " ".join(f"{name}-z" for name in names),
        *[message(number * gap, f"u1@{name}", "u1@z") for number, name in enumerate(names)],
        hosts={"z": {"commit_time": SERVICE, **server}},
    )


def outcomes(facts) -> dict[str, int]:
    """How often each outcome."""
    return dict(Counter(attempt.outcome for attempt in facts.attempts))


@pytest.mark.parametrize(
    ("product", "limit", "when_full"),
    [
        (Postfix(), 100, "wait"),
        (Postfix(default_process_limit=7), 7, "wait"),
        (Qmail(), 40, "wait"),
        (OpenSmtpd(), 497, "wait"),
        (Exim(), 20, "refuse"),
        (Exim(smtp_accept_max=0), MANY, "refuse"),
        (Exchange(), 5000, "refuse"),
        (Stalwart(), 8192, "refuse"),
        (Sendmail(), MANY, "reset"),
        (Sendmail(MaxDaemonChildren=12), 12, "reset"),
        (Haraka(), MANY, "refuse"),
        (ZoneMta(), MANY, "refuse"),
    ],
)
def test_a_host_has_as_many_sessions_as_its_product(product: Product, limit: int, when_full: str):
    """Where the scenario says nothing of them."""
    assert (Host(name="z", mta=product).sessions, product.when_full) == (limit, when_full)


@pytest.mark.parametrize("product", [Postfix(), Qmail(), OpenSmtpd()])
@pytest.mark.parametrize(("sessions", "clients"), [(1, 3), (2, 8), (20, 26)])
def test_clients_wait_for_a_process_in_the_listen_queue(product: Product, sessions: int, clients: int):
    """They are connected, and have their greeting when one that came before has ended: rounds of half a second each."""
    facts = run(herd(clients, mta=product, sessions=sessions))
    assert outcomes(facts) == {"accepted": clients}
    for number, ended in enumerate(sorted(copy.ended_s for copy in facts.copies)):
        rounds = number // sessions + 1
        assert rounds * SERVICE < ended < rounds * (SERVICE + 0.2)


@pytest.mark.parametrize("product", [Exim(), Exchange()])
def test_a_server_that_accepts_more_than_it_serves_says_421(product: Product):
    """A client that was refused takes no place: the first that comes after a session has ended is served."""
    facts = run(herd(5, mta=product, sessions=2))
    first = [attempt for attempt in facts.attempts if attempt.started_s == 0.0]
    assert Counter(attempt.reply_code for attempt in first) == {250: 2, 421: 3}
    assert {copy.outcome for copy in facts.copies} == {"delivered"}


def test_who_waits_for_too_long_gives_up():
    """The client's timer runs while it has no greeting (RFC 5321 section 4.5.3.2.1)."""
    spec = scenario(
        "a-z b-z",
        message(0, "u1@a", "u1@z"),
        message(0.1, "u1@b", "u1@z"),
        hosts={"z": {"sessions": 1, "commit_time": 60.0}, "b": {"mta": Postfix(smtp_helo_timeout=20.0)}},
    )
    late = next(attempt for attempt in run(spec).attempts if attempt.from_host == "b")
    assert (late.outcome, round(late.ended_s)) == ("timeout", 20)


def test_who_has_given_up_keeps_nobody_waiting():
    """Its place in the queue comes to nothing when its turn has come."""
    hosts = {
        "z": {"sessions": 1, "commit_time": 60.0},
        "b": {"mta": Postfix(smtp_helo_timeout=20.0)},
    }
    mail = [message(0, "u1@a", "u1@z"), message(0.1, "u1@b", "u1@z"), message(0.2, "u1@c", "u1@z")]
    facts = run(scenario("a-z b-z c-z", *mail, hosts=hosts))
    third = next(attempt for attempt in facts.attempts if attempt.from_host == "c")
    assert (third.outcome, 120 < third.ended_s < 121) == ("accepted", True)


def test_a_crash_clears_the_listen_queue():
    """Who waits hears nothing of it, and gives up in the end; after the restart others are served at once."""
    hosts = {"z": {"sessions": 1, "commit_time": 10.0, "weather": Weather(down=(Interval(start=5.0, end=6.0),))}}
    mail = [message(0, "u1@a", "u1@z"), message(1, "u1@b", "u1@z"), message(20, "u1@c", "u1@z")]
    facts = run(scenario("a-z b-z c-z", *mail, hosts=hosts))
    found = {attempt.from_host: attempt for attempt in reversed(facts.attempts)}
    assert (found["b"].outcome, 300 < found["b"].ended_s < 302) == ("timeout", True)
    assert (found["c"].outcome, found["c"].ended_s < 32) == ("accepted", True)


def test_a_full_listen_queue_is_silence():
    """Its length and one more wait; the SYNs of the others are dropped, and taken when they are repeated in time."""
    facts = run(herd(12, 0.02, mta=OpenSmtpd(), sessions=1))
    assert outcomes(facts) == {"accepted": 12}
    dropped = next(attempt for attempt in facts.attempts if attempt.from_host == "c7")
    assert dropped.ended_s - dropped.started_s > 1 + SERVICE


def test_a_client_gives_up_connecting_to_a_full_listen_queue():
    """Nobody leaves for a minute, and Postfix gives up after 30 s."""
    facts = run(herd(9, 0.1, mta=OpenSmtpd(), sessions=1, commit_time=200.0))
    late = [attempt for attempt in facts.attempts if attempt.outcome == "connect-timeout" and attempt.started_s < 1]
    assert [attempt.from_host for attempt in late] == ["c7", "c8"]
    assert [round(attempt.ended_s - attempt.started_s) for attempt in late] == [30, 30]


def test_sendmail_closes_its_socket_and_looks_again():
    """Who comes while all its children are busy is refused, also when one has ended, until 15 s have passed."""
    spec = scenario(
        " ".join(f"{name}-z" for name in "abcde"),
        *[message(at, f"u1@{name}", "u1@z") for name, at in zip("abcde", (0.0, 0.5, 3.0, 14.0, 16.0), strict=True)],
        hosts={"z": {"mta": Sendmail(MaxDaemonChildren=2), "commit_time": 2.0}},
        drain=0.0,
    )
    facts = run(spec)
    found = {attempt.from_host: attempt.outcome for attempt in facts.attempts}
    assert found == dict(zip("abcde", ["accepted", "accepted", *["connection-refused"] * 2, "accepted"], strict=True))


def test_sendmail_resets_who_is_connected_when_it_closes():
    """A burst within a round trip finds it listening; those that it has no child for are cut off."""
    facts = run(herd(5, mta=Sendmail(MaxDaemonChildren=2)))
    first = [attempt.outcome for attempt in facts.attempts if attempt.started_s == 0.0]
    assert Counter(first) == {"accepted": 2, "connection-lost": 3}
    assert {copy.outcome for copy in facts.copies} == {"delivered"}


def test_a_listen_queue_fills_within_a_round_trip():
    """One is served, six wait; the third packets of the others are dropped, and asked for again after 1, 3 and 7 s."""
    facts = run(herd(12, mta=OpenSmtpd(), sessions=1))
    ended = sorted(attempt.ended_s for attempt in facts.attempts)
    assert outcomes(facts) == {"accepted": 12}
    assert ended[6] < 7 * (SERVICE + 0.2) < ended[11]


@pytest.mark.parametrize(("stack", "gap"), [("linux", 1.0), ("bsd-1988", 6.0)])
def test_dropped_syns_go_out_again_as_the_client_s_kernel_has_it(stack: str, gap: float):
    """And are counted as packets."""
    tcp = Tcp() if stack == "linux" else Tcp(stack="bsd-1988", congestion="tahoe")
    spec = herd(9, 0.02, mta=OpenSmtpd(), sessions=1)
    [architecture] = spec.architectures.values()
    hosts = {name: replace(host, tcp=tcp) if name != "z" else host for name, host in architecture.hosts.items()}
    spec = replace(spec, architectures={architecture.name: replace(architecture, hosts=hosts)})
    late = next(attempt for attempt in run(spec).attempts if attempt.from_host == "c8")
    assert late.retransmissions >= 1
    assert late.ended_s - late.started_s > gap + SERVICE


@pytest.mark.slow
@given(
    product=st.sampled_from([Postfix(), Qmail(), OpenSmtpd(), Exim()]),
    sessions=st.integers(1, 4),
    clients=st.integers(1, 12),
    commit=st.sampled_from([0.0, 0.5, 40.0]),
    timeout=st.sampled_from([3.0, 300.0]),
    crash=st.none() | st.floats(0.0, 60.0),
)
@settings(max_examples=60, deadline=None)
def test_in_the_end_nobody_is_served(product, sessions, clients, commit, timeout, crash):
    """Whatever happens to those who wait: all mail arrives once the herd has passed, and no session is left over."""
    weather = Weather() if crash is None else Weather(down=(Interval(start=crash, end=crash + 5),))
    spec = herd(clients, mta=product, sessions=sessions, commit_time=commit, weather=weather)
    [architecture] = spec.architectures.values()
    architecture.hosts.update(
        {name: Host(name=name, mta=Postfix(smtp_helo_timeout=timeout)) for name in architecture.hosts if name != "z"}
    )
    world = Simulation(spec, architecture, 0, 1)
    facts = world.run()
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    world.clock.run(until=world.clock.now + 3600)
    assert [len(host.server.listener.inbound) for host in world.hosts.values()] == [0] * (clients + 1)


STORM = """
duration: 1 min
drain: 2 h
network: {{nodes: [a, b], links: [{{between: [a, b], delay: 10 ms}}]}}
hosts:
  a: {{mta: {product}}}
  b:
    policies:
      sessions_at_once: 1
      refuse: [{{at: rcpt, code: 452, text: full, during: [{{from: 0 s, to: 2 h}}]}}]
workload:
  messages_at:
    - {{at: 1 s, from: u1@a.example, to: u1@b.example}}
    - {{at: 1 s, from: u1@a.example, to: u2@b.example}}
    - {{at: 1 s, from: u1@a.example, to: u3@b.example}}
    - {{at: 1 s, from: u1@a.example, to: u4@b.example}}
architectures: {{x: {{transfer: end-to-end}}}}
"""


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_messages_that_are_put_off_do_not_set_each_other_free_for_ever(product):
    """Some hear 421 and some 452, and one's end is the other's beginning: four messages are at most 100 attempts in 2 h (42 seen)."""
    spec = loads(STORM.format(product=product))
    assert len(Simulation(spec, spec.architectures["x"], 0, 1).run().attempts) <= 100
