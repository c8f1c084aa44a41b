"""TLS in the simulation: what the handshake and the records cost."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

from sim.network.transport.propagation import Propagation
from sim.network.transport.tls import TlsLayer
from sim.scenario.load import loads
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec import Host, Interval, Tcp, Tls, Weather
from sim.world.simulation import Simulation

FEW = ("PIPELINING", "SIZE")
SECRET = (*FEW, "STARTTLS")
BARE = Propagation([], [])
FULL = TlsLayer(BARE, Host(name="a"), Host(name="b"), resumed=False)


def session(uses: tuple[str, ...], *, weather: Weather | None = None, **settings):
    """The facts of one message from a to b."""
    hosts = {"*": {"extensions": SECRET, "uses": uses}}
    if weather is not None:
        hosts["b"] = {"weather": weather, **hosts["*"]}
    return run(scenario("a-b", message(0, "u1@a", "u1@b", size=40_000), hosts=hosts, dialogues=True, **settings))


def test_tls_takes_four_round_trips_more():
    """STARTTLS, the handshake of TLS 1.3, whose Finished holds the EHLO back, and EHLO again."""
    assert [session(uses).attempts[0].round_trips for uses in (FEW, SECRET)] == [5, 9]


@pytest.mark.parametrize(("delay", "took"), [(0.010, 0.190), (0.050, 0.912), (0.150, 2.716)])
def test_tls_takes_as_long_as_it_was_measured(delay: float, took: float):
    """A message of 2 kB between two Postfixes over 10 Mbit/s, from the connection to its end."""
    text = f"""
        duration: 1 min
        network: {{nodes: [a, b], links: [{{between: [a, b], rate: 10 Mbit/s, delay: {delay} s}}]}}
        hosts: {{defaults: {{extensions: {{STARTTLS: yes}}}}}}
        workload: {{messages_at: [{{at: 0 s, from: u1@a.example, to: u1@b.example, size: 2 kB}}]}}
        architectures: {{direct: {{transfer: end-to-end}}}}
    """
    spec = loads(text)
    [attempt] = Simulation(spec, spec.architectures["direct"], 0, 1).run().attempts
    assert attempt.ended_s - attempt.started_s == pytest.approx(took, rel=0.04)


def test_a_bigger_certificate_costs_its_octets():
    """What the server shows goes over the wire, and a segment more its headers and an acknowledgement."""
    sent = []
    for certificate in ("ec", "rsa", "chain"):
        hosts = {"*": {"extensions": SECRET, "uses": SECRET, "tls": Tls(certificate=certificate)}}
        sent.append(run(scenario("a-b", message(0, "u1@a", "u1@b", size=2000), hosts=hosts)).attempts[0].bytes_on_wire)
    assert [sent[1] - sent[0], sent[2] - sent[0] - 2 * 52] == [1387 - 805, 2226 - 805]


def test_what_is_said():
    """EHLO, STARTTLS, EHLO, and the mail."""
    said = [line.line[:8] for line in session(SECRET).dialogues if line.direction == ">"]
    assert [said[n] for n in (0, 1, 2, 3)] == ["EHLO a", "STARTTLS", "EHLO a", "MAIL FRO"]


def test_the_octets_are_counted():
    """The handshake, a record around each flight, and three around 40 kB; each packet has headers of 52 octets."""
    plain, secret = session(FEW).attempts[0], session(SECRET).attempts[0]
    said = len("STARTTLS\r\n") + len("220 2.0.0 Ready to start TLS\r\n") - len("2.0.0 ")
    hello = sum(
        len(line.line) + 2
        for line in session(FEW).dialogues
        if line.line.startswith(("EHLO", "250-b", "250-SIZE", "250-P", "250 SIZE"))
    )
    records = 3 * 22 + 22 * 5
    more = secret.bytes_on_wire - plain.bytes_on_wire
    payload = said + hello + sum(FULL.handshake) + records
    # Eight segments more, and an acknowledgement or two.
    assert payload + 8 * 52 <= more <= payload + 11 * 52


@pytest.mark.parametrize(("size", "octets"), [(1, 23), (16_384, 16_406), (16_385, 16_429)])
def test_records(size: int, octets: int):
    """22 octets around each 16 KiB."""
    assert FULL.protected(size) == octets


def test_a_server_that_dies_over_the_handshake():
    """The connection is lost with it, and the mail is not."""
    spec_time = next(line.time_s for line in session(SECRET).dialogues if line.line.startswith("220 Ready"))
    facts = session(SECRET, weather=Weather(down=(Interval(start=spec_time + 0.001, end=10.0),)))
    assert (facts.attempts[0].outcome, facts.copies[0].outcome) == ("connection-lost", "delivered")


def test_a_handshake_that_takes_for_ever_is_given_up():
    """The line goes down for good behind STARTTLS: the client waits its five minutes."""
    spec_time = next(line.time_s for line in session(SECRET).dialogues if line.line.startswith("220 Ready"))
    line = Weather(down=(Interval(start=spec_time + 0.001, end=1e9),))
    hosts = {"*": {"extensions": SECRET, "uses": SECRET}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b", size=40_000), hosts=hosts, weather={"a-b": line}))
    assert (facts.attempts[0].outcome, round(facts.attempts[0].ended_s)) == ("timeout", 300)


def took(*messages, hosts=None, delay: float = 0.05, **of_a) -> list[float]:
    """How long a's sessions with b are, s, where each has one message and a round trip takes 100 ms."""
    ours = {"extensions": SECRET, "uses": SECRET, "reuse": "never", **of_a}
    everyone = {"a": ours, "b": {"extensions": SECRET}} | (hosts or {})
    mail = messages or (message(0, "u1@a", "u1@b"),)
    facts = run(scenario("a-b", *mail, hosts=everyone, delay=delay, rate=1e9, duration=10_000.0, drain=20_000.0))
    return [attempt.ended_s - attempt.started_s for attempt in facts.attempts if attempt.outcome == "accepted"]


CACHE = {"tls": Tls(session_cache=True)}


def twice(gap: float = 60.0):
    """Two messages, so long after each other."""
    return message(0, "u1@a", "u1@b"), message(gap, "u1@a", "u1@b")


@pytest.mark.parametrize("delay", [0.01, 0.05, 0.15])
def test_a_resumed_session_costs_a_delayed_acknowledgement(delay: float):
    """Nothing answers its Finished, whose acknowledgement EHLO waits for: 40 ms more, at any round trip."""
    full, resumed = took(*twice(), delay=delay, **CACHE)
    assert resumed - full == pytest.approx(0.04, abs=1e-3)


def test_sessions_are_resumed_where_the_client_keeps_them():
    """Not by default, as in Postfix; not after an hour; and never the first."""
    plain, cached, late = took(*twice()), took(*twice(), **CACHE), took(*twice(3700.0), **CACHE)
    assert [pytest.approx(pair[0], abs=1e-3) == pair[1] for pair in (plain, cached, late)] == [True, False, True]
    assert cached[0] == pytest.approx(plain[0])


def test_a_server_that_has_restarted_resumes_no_session():
    """Its keys for tickets are in its memory."""
    crash = Weather(down=(Interval(start=20.0, end=40.0),))
    first, second = took(*twice(), hosts={"b": {"extensions": SECRET, "weather": crash}}, **CACHE)
    assert second == pytest.approx(first, abs=1e-3)


def test_sessions_are_kept_by_server():
    """One with b is no use with c."""
    mail = [message(0, "u1@a", "u1@b"), message(60, "u1@a", "u1@c")]
    hosts = {"*": {"extensions": SECRET, "uses": SECRET, **CACHE}}
    facts = run(scenario("a-b a-c", *mail, hosts=hosts, delay=0.05, rate=1e9))
    first, second = (attempt.ended_s - attempt.started_s for attempt in facts.attempts)
    assert second == pytest.approx(first, abs=1e-3)


def dialogue(**of_a):
    """What is said between a and b, and when."""
    hosts = {"a": {"extensions": SECRET, "uses": SECRET, **of_a}, "b": {"extensions": SECRET}}
    mail = message(0, "u1@a", "u1@b")
    return run(scenario("a-b", mail, hosts=hosts, delay=0.05, rate=1e9, dialogues=True)).dialogues


@pytest.mark.parametrize(
    ("settings", "at"),
    [
        ({"tls": Tls(implicit=True)}, 0.44),
        ({"tls": Tls(implicit=True, version="TLSv1.2")}, 0.44),
        ({"tls": Tls(implicit=True), "mta": Exim()}, 0.44),
        ({"tls": Tls(implicit=True), "tcp": Tcp(stack="rtt-only")}, 0.3),
    ],
)
def test_implicit_tls_holds_the_greeting_behind_the_ticket(settings: dict, at: float):
    """Nagle's algorithm, until the client has acknowledged it late: measured 447 ms to the first command, not 304."""
    lines = dialogue(**settings)
    assert [line.line.split()[0] for line in lines[:2]] == ["220", "EHLO"]
    assert lines[0].time_s == pytest.approx(at, abs=2e-3)
    assert "STARTTLS" not in [line.line for line in lines]


def test_a_server_without_nagle_greets_behind_the_ticket():
    """Exim sets tcp_nodelay: the handshake's two round trips, and half a one for the greeting."""
    hosts = {"a": {"tls": Tls(implicit=True)}, "b": {"extensions": SECRET, "mta": Exim()}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts, delay=0.05, rate=1e9, dialogues=True))
    assert facts.dialogues[0].time_s == pytest.approx(0.3, abs=2e-3)


def test_implicit_tls_is_for_servers_that_have_tls():
    """Another one is spoken to in the clear."""
    hosts = {"a": {"extensions": SECRET, "uses": SECRET, "tls": Tls(implicit=True)}, "b": {"extensions": FEW}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts))
    assert (facts.copies[0].outcome, facts.attempts[0].round_trips) == ("delivered", 5)


def test_the_trace_says_that_implicit_tls_was_used():
    """RFC 3848: ESMTPS."""
    said = [line.line for line in dialogue(tls=Tls(implicit=True))]
    assert not any("STARTTLS" in line for line in said)
    hosts = {"*": {"extensions": SECRET, "uses": SECRET, "tls": Tls(implicit=True)}}
    facts = run(
        scenario("a-b b-c", message(0, "u1@a", "u1@c"), hosts=hosts, transfer="store-and-forward", dialogues=True)
    )
    assert any("with ESMTPS" in line.line for line in facts.dialogues)


@pytest.mark.parametrize(
    ("settings", "ehlo", "answered"),
    [
        ({}, 0.6, 0.7),
        ({"mta": Exim()}, 0.5, 0.74),
        ({"mta": Exim(), "tls": Tls(version="TLSv1.2")}, 0.6, 0.7),
        ({"tls": Tls(version="TLSv1.2")}, 0.6, 0.7),
    ],
)
def test_a_client_without_nagle_says_ehlo_with_its_finished(settings: dict, ehlo: float, answered: float):
    """But the reply waits behind the ticket for a delayed acknowledgement; TLS 1.2's Finished has to be answered first."""
    lines = [line for line in dialogue(reuse="never", **settings) if line.line.startswith(("EHLO", "250-b"))]
    # What is said is read half a round trip later.
    assert lines[2].time_s == pytest.approx(ehlo + 0.05, abs=3e-3)
    assert lines[3].time_s == pytest.approx(answered, abs=3e-3)


def test_tls_1_2_where_one_side_knows_no_newer():
    """Its records have 29 octets around them, and its server's flight is shorter; the round trips are the same."""
    old = Host(name="a", tls=Tls(version="TLSv1.2"))
    new = Host(name="b")
    assert [sum(TlsLayer(BARE, one, other, resumed=False).handshake) for one, other in ((old, new), (new, old))] == [
        162 + 647 + 93 + 242,
        517 + 647 + 93 + 242,
    ]
    assert TlsLayer(BARE, new, old, resumed=False).protected(100) == 129
    assert took(tls=Tls(version="TLSv1.2")) == pytest.approx(took(), abs=1e-3)


def test_a_resumed_handshake_carries_no_certificate():
    """Neither version's."""
    for version in ("TLSv1.2", "TLSv1.3"):
        hosts = [Host(name="a", tls=Tls(certificate=word, version=version)) for word in ("ec", "chain")]
        assert len({TlsLayer(BARE, hosts[0], host, resumed=True).handshake for host in hosts}) == 1


@pytest.mark.parametrize("moment", [0.22, 0.24, 0.28, 0.35])
def test_a_server_that_dies_over_an_implicit_handshake(moment: float):
    """Before its Finished, and before the greeting: the connection is lost, and the mail goes later."""
    crash = Weather(down=(Interval(start=moment, end=10.0),))
    hosts = {"a": {"tls": Tls(implicit=True)}, "b": {"extensions": SECRET, "weather": crash}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts, delay=0.05, rate=1e9, drain=10_000.0))
    assert (facts.attempts[0].outcome in ("connection-lost", "timeout"), facts.copies[0].outcome) == (True, "delivered")


@pytest.mark.parametrize("mta", [Postfix(), Exim()])
@pytest.mark.parametrize("implicit", [False, True])
def test_mail_gets_through_with_tls_where_packets_are_lost(mta, implicit: bool):
    """All of twenty, at one packet in ten."""
    hosts = {"*": {"extensions": SECRET, "uses": SECRET, "mta": mta, "tls": Tls(implicit=implicit)}}
    mail = [message(4 * n, "u1@a", "u1@b") for n in range(20)]
    facts = run(scenario("a-b", *mail, hosts=hosts, loss=0.1, drain=200_000.0))
    assert [copy.outcome for copy in facts.copies] == ["delivered"] * 20
