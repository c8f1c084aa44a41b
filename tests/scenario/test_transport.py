"""What a scenario file says of losses, queues and a host's TCP."""

from __future__ import annotations

import pytest

from sim.scenario.distribution import Constant, Uniform
from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.show import show
from sim.scenario.spec import Loss, Tcp
from sim.scenario.spec.directions import Both, alike
from sim.scenario.spec.tcp import PRESETS

FILE = """
network:
  nodes: [a, b]
  links:
    - {{between: [a, b], loss: {loss}, queue: {queue}}}
hosts:
  defaults: {{tcp: {tcp}}}
"""


def loaded(loss="0", queue="0", tcp="linux"):
    """A scenario of two hosts."""
    return loads(FILE.format(loss=loss, queue=queue, tcp=tcp))


@pytest.mark.parametrize(
    ("said", "loss"),
    [
        ("1 %", alike(Loss(share=0.01))),
        ("{there: 1 %, back: 1 %}", alike(Loss(share=0.01))),
        ("{gilbert-elliott: {loss: 2 %, burst: 3}}", alike(Loss(share=0.02, burst=3.0))),
        ("{there: 4 %, back: 0}", Both(Loss(share=0.04), Loss())),
        (
            "{there: {gilbert-elliott: {loss: 2 %, burst: 100 ms}}, back: 2 %}",
            Both(Loss(share=0.02, burst_time=0.1), Loss(share=0.02)),
        ),
    ],
)
def test_losses_are_read_and_shown(said, loss):
    """What is shown is read as the same again."""
    scenario = loaded(loss=said)
    assert scenario.network.links[0].loss == loss
    assert loads(show(scenario)).network == scenario.network


FAR = Constant(0.055636029)
"""What 100 degrees of longitude on the equator take."""


@pytest.mark.parametrize(
    ("said", "rate", "delay"),
    [
        ("rate: 2 Mbit/s, delay: 3 ms", alike(2e6), alike(Constant(0.003))),
        ("rate: {there: 8 Mbit/s, back: 1 Mbit/s}", Both(8e6, 1e6), alike(FAR)),
        (
            "delay: {there: 10 ms, back: {uniform: {low: 1 ms, high: 3 ms}}}",
            alike(1e7),
            Both(Constant(0.01), Uniform(0.001, 0.003)),
        ),
        ("delay: {there: from-coordinates, back: 40 ms}", alike(1e7), Both(FAR, Constant(0.04))),
        ("delay: {there: 1 s, back: 1 s}, rate: {there: 1 bit/s, back: 1 bit/s}", alike(1.0), alike(Constant(1.0))),
    ],
)
def test_rates_and_delays_of_each_direction_are_read_and_shown(said, rate, delay):
    """What is shown is read as the same again; where both directions are alike they are said once."""
    nodes = "{a: {lat: 0, lon: 0}, b: {lat: 0, lon: 100}}"
    scenario = loads(f"network: {{nodes: {nodes}, links: [{{between: [a, b], {said}}}]}}")
    link = scenario.network.links[0]
    assert (link.rate, link.delay) == (rate, delay)
    assert loads(show(scenario)).network == scenario.network


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("rate: {there: 0, back: 1}", "a rate must be above zero (0)"),
        ("rate: {there: 1 Mbit/s}", "back is missing: needed are there, back"),
        ("delay: {there: 1 s, back: soon}", "not a delay (soon)"),
        ("delay: {there: 1 s, back: 1 s, up: 1 s}", "unknown key (up): allowed are there, back"),
        ("delay: {there: from-coordinates, back: 1 s}", "no coordinates to take the delay from (a - b)"),
    ],
)
def test_mistakes_in_a_direction(said, words):
    """Each direction is checked as the whole is."""
    with pytest.raises(ScenarioError) as error:
        loads(f"network: {{nodes: [a, b], links: [{{between: [a, b], {said}}}]}}")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("said", "tcp"),
    [
        (
            "bsd-1988",
            Tcp(
                stack="bsd-1988",
                congestion="tahoe",
                initial_window=1,
                min_rto=1.0,
                sack=False,
                timestamps=False,
                metrics=False,
            ),
        ),
        ("rtt-only", Tcp(stack="rtt-only", metrics=False)),
        ("{congestion: reno, initial_window: 3}", Tcp(congestion="reno", initial_window=3)),
        ("{send_buffer: 8 kB}", Tcp(send_buffer=8000)),
        ("{send_buffer: auto}", Tcp(send_buffer=0)),
        ("{congestion: tahoe, sack: yes}", Tcp(congestion="tahoe")),
        ("{timestamps: no}", Tcp(timestamps=False)),
        ("{metrics: no}", Tcp(metrics=False)),
        ("{preset: bsd-1988, metrics: no}", PRESETS["bsd-1988"]),
        ("{preset: linux-3, min_rto: 300 ms, sack: false}", Tcp(stack="linux-3", min_rto=0.3, sack=False)),
    ],
)
def test_tcp_is_read_and_shown(said, tcp):
    """A preset, or what differs from one."""
    scenario = loaded(tcp=said)
    assert {host.tcp for host in scenario.architectures["end-to-end"].hosts.values()} == {tcp}
    assert loads(show(scenario)).architectures == scenario.architectures


def test_a_queue_is_a_size():
    """0 means no limit."""
    assert loaded(queue="64 kB").network.links[0].queue == 64_000
    assert loaded().network.links[0].queue == 0


@pytest.mark.parametrize(
    ("what", "said", "words"),
    [
        ("loss", "{gilbert: {loss: 1 %}}", "gilbert-elliott"),
        ("loss", "{gilbert-elliott: {loss: 1 %}}", "burst is missing"),
        ("loss", "{gilbert-elliott: {loss: 1 %, burst: 0}}", "1 to 1000000 packets"),
        ("loss", "{gilbert-elliott: {loss: 1 %, burst: true}}", "1 to 1000000 packets"),
        ("loss", "{gilbert-elliott: {loss: 80 %, burst: 2}}", "at least 4"),
        ("loss", "{there: 1 %}", "back is missing"),
        ("loss", "{there: 100 %, back: 2}", "loses everything"),
        ("queue", "50 B", "holds no packet"),
        ("tcp", "windows", "unknown TCP"),
        ("tcp", "{congestion: vegas}", "unknown congestion control"),
        ("tcp", "{initial_window: 0}", "too small"),
        ("tcp", "{min_rto: 0 s}", "above zero"),
        ("tcp", "{timestamps: maybe}", "maybe"),
        ("tcp", "{metrics: maybe}", "maybe"),
        ("tcp", "{preset: bsd-1988, metrics: yes}", "bsd-1988 remembers nothing of other hosts (yes): allowed is no"),
        ("tcp", "{cwnd: 4}", "unknown key"),
        ("tcp", "{send_buffer: 100 B}", "auto (two windows, as Linux makes it), or 512 B and more"),
        ("tcp", "{send_buffer: large}", "not a size"),
    ],
)
def test_mistakes_are_said_where_they_are(what, said, words):
    """In the line of the setting."""
    with pytest.raises(ScenarioError) as error:
        loaded(**{what: said})
    assert words in str(error.value)
    assert f":{8 if what == 'tcp' else 6 if what else 0}:" in str(error.value).replace(":5:", ":6:").replace(
        ":7:", ":8:"
    )


TAHOES = ("{congestion: tahoe}", "{congestion: tahoe, sack: true}")


def test_all_mistakes_of_a_mapping_are_said_at_once():
    """An unknown key does not hide what is wrong with the others."""
    with pytest.raises(ScenarioError) as error:
        loaded(tcp="{nagle: on, initial_window: 0, preset: linux-4}")
    text = str(error.value)
    assert [words in text for words in ("unknown key (nagle)", "too small (0)", "unknown TCP (linux-4)")] == [True] * 3


def test_tahoe_is_older_than_sack():
    """Unless the file says otherwise."""
    tahoes = [next(iter(loaded(tcp=said).architectures.values())).hosts["a"].tcp for said in TAHOES]
    assert [tcp.sack for tcp in tahoes] == [False, True]
