"""TLS in the simulation: what the handshake and the records cost."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

from sim.scenario.load import loads
from sim.scenario.spec import Interval, Weather
from sim.world.simulation import Simulation
from sim.world.tls import CLIENT_FINISHED, CLIENT_HELLO, SERVER_FLIGHT, TICKETS, protected

FEW = ("PIPELINING", "SIZE")
SECRET = (*FEW, "STARTTLS")


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
    """What the server shows goes over the wire, and a segment more takes its headers."""
    sent = []
    for certificate in ("ec", "rsa", "chain"):
        hosts = {"*": {"extensions": SECRET, "uses": SECRET, "certificate": certificate}}
        sent.append(run(scenario("a-b", message(0, "u1@a", "u1@b", size=2000), hosts=hosts)).attempts[0].bytes_on_wire)
    assert [sent[1] - sent[0], sent[2] - sent[0] - 52] == [1387 - 805, 2226 - 805]


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
    payload = said + hello + CLIENT_HELLO + SERVER_FLIGHT["ec"] + CLIENT_FINISHED + TICKETS + records
    # Eight segments more, and an acknowledgement or two.
    assert payload + 8 * 52 <= more <= payload + 11 * 52


@pytest.mark.parametrize(("size", "octets"), [(1, 23), (16_384, 16_406), (16_385, 16_429)])
def test_records(size: int, octets: int):
    """22 octets around each 16 KiB."""
    assert protected(size) == octets


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
