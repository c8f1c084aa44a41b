"""Older carriers: throughput against the laws of link control, calls, chains of links, and outages."""

from __future__ import annotations

import math
from random import Random

import pytest
from alone import Connection, connect, connect_stepwise

from sim.network.interface import at_once
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.transport.arq import Arq, Procedure
from sim.network.transport.circuit import Circuit, relay
from sim.network.transport.propagation import Propagation
from sim.scenario.distribution import Constant, Uniform
from sim.scenario.spec import Tcp
from sim.scenario.spec.carriers import X25, Bsc, DialUp, UucpG


def line(carrier=None, *, rate=9600.0, delay=0.01, loss=0.0, timeline=ALWAYS_UP, seed=1):
    """One direction of a link."""
    return Line(
        rate=rate,
        delay=Constant(delay) if isinstance(delay, float) else delay,
        loss=loss,
        timeline=timeline,
        random=Random(seed),
        carrier=carrier,
    )


def circuit(carrier, *, links=1, back_loss=0.0, server=ALWAYS_UP, loss=0.0, **more):
    """A circuit over equal links in a row."""
    out = [line(carrier, seed=f"o{k}", loss=loss, **more) for k in range(links)]
    back = [line(carrier, seed=f"b{k}", loss=back_loss, **more) for k in range(links)]
    return connect(out, back, server=server)


def throughput(made, size):
    """Bits of data a second of one long flight."""
    return size * 8 / made.send(0.0, size, True)


@pytest.mark.parametrize("window", [1, 3, 7])
@pytest.mark.parametrize(("rate", "delay"), [(1200.0, 0.01), (9600.0, 0.3), (14400.0, 0.02)])
def test_g_is_as_fast_as_the_line_or_its_window(window, rate, delay):
    """min(rate x 64/70, window x 64 x 8 / cycle), the cycle a packet, its acknowledgement and the delay both ways."""
    made, size = circuit(UucpG(window=window), rate=rate, delay=delay), 64 * 3000
    cycle = (70 + 6) * 10 / rate + 2 * delay
    law = min(rate * 0.8 * 64 / 70, window * 64 * 8 / cycle)
    assert throughput(made, size) == pytest.approx(law, rel=0.005)
    assert made.rate == pytest.approx(law)


def test_a_short_command_fills_a_packet_of_g():
    """All data segments of `g` are of one length: 10 bytes are 70 on the line, and on X.25 19."""
    g, x25 = (circuit(carrier, rate=9600.0, delay=0.01).send(0.0, 10, True) for carrier in (UucpG(), X25()))
    assert (g, x25) == pytest.approx((0.01 + 70 * 10 / 9600, 0.01 + 19 * 8 / 9600))


def test_an_asynchronous_modem_takes_ten_bits_a_byte():
    """2400 bit/s carry 240 bytes a second, 64 of 70 of them data."""
    made = circuit(DialUp(modem=2400.0, window=7), rate=2400.0)
    assert throughput(made, 64 * 3000) == pytest.approx(2400 * 8 / 10 * 64 / 70, rel=0.001)


@pytest.mark.parametrize("block", [128, 512, 2048])
@pytest.mark.parametrize("delay", [0.0, 0.25])
def test_bsc_uses_the_line_as_stop_and_wait_does(block, delay):
    """Utilisation: a block's data over block, acknowledgement, two turnarounds and the delay both ways."""
    made = circuit(Bsc(block=block, turnaround=0.05), delay=delay)
    cycle = (block + 8 + 6) * 8 / 9600 + 2 * delay + 2 * 0.05
    assert throughput(made, block * 500) == pytest.approx(block * 8 / cycle, rel=0.005)


@pytest.mark.parametrize("loss", [0.01, 0.1, 0.3])
def test_stop_and_wait_with_loss_is_the_textbooks(loss):
    """A block damaged is rejected at once: U = (1 - p) / (1 + 2a), within four standard errors of the geometric tries."""
    n, cycle = 10_000, (512 + 14) * 8 / 9600 + 0.02 + 0.1
    made = circuit(Bsc(), loss=loss)
    law = 512 * 8 * (1 - loss) / cycle
    bound = 4 * math.sqrt(loss / n) + 0.001
    assert throughput(made, 512 * n) == pytest.approx(law, rel=bound)
    assert made.retransmissions / n == pytest.approx(loss / (1 - loss), rel=4 / math.sqrt(loss * n))


@pytest.mark.parametrize("loss", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("frames_of_delay", [1, 3, 6])
def test_go_back_n_with_loss_is_the_textbooks(loss, frames_of_delay):
    """Window above 1 + 2a: U = (1 - p) / (1 + 2a p), for each loss costs the packets that followed it (Stallings)."""
    n = 10_000
    how = Procedure(payload=125, overhead=0, control=0, window=7 + 2 * frames_of_delay, timer=10.0)
    rate, frame = 8000.0, 0.125
    made = Arq(
        how,
        line(rate=rate, delay=frame * frames_of_delay, loss=loss),
        line(rate=rate, delay=frame * frames_of_delay),
    )
    ends = finished(made, 125 * n)
    law = (1 - loss) / (1 + 2 * frames_of_delay * loss)
    cost = 1 + 2 * frames_of_delay
    bound = 4 * cost * math.sqrt(loss / n) + 0.002
    assert n * frame / ends == pytest.approx(law, rel=bound)


@pytest.mark.parametrize("loss", [0.01, 0.1])
def test_go_back_n_in_a_small_window_is_the_textbooks(loss):
    """Window below 1 + 2a: U = W (1 - p) / ((1 + 2a) (1 - p + W p)) where a rejection costs a whole cycle (Stallings).

    It takes the first packet of a window lost or none; with the others the cycle under way is used better, so that the
    law is a lower bound, and (1 - p) W / (1 + 2a) without any go-back an upper one.
    """
    n, a, window = 10_000, 6, 5
    how = Procedure(payload=125, overhead=0, control=0, window=window, timer=10.0)
    made = Arq(how, line(rate=8000.0, delay=0.125 * a, loss=loss), line(rate=8000.0, delay=0.125 * a))
    use = n * 0.125 / finished(made, 125 * n)
    law = window * (1 - loss) / ((1 + 2 * a) * (1 - loss + window * loss))
    assert 0.98 * law <= use <= window * (1 - loss) / (1 + 2 * a)


def finished(made, size):
    """When a flight of one link is there."""
    flight = made.flight(size)
    arrives = at_once(relay([flight], 0.0, size))
    assert sum(chunk.size for chunk in flight.arrived) == size
    return arrives


@pytest.mark.parametrize("carrier", [Bsc(), X25(window=7)], ids=repr)
def test_more_loss_never_makes_it_faster_and_all_arrives(carrier):
    """Lost packets, acknowledgements and rejections are repaired; the mean of ten circuits grows with the loss."""
    means = [
        sum(
            connect([line(carrier, loss=p, seed=f"{k}o")], [line(carrier, loss=p, seed=f"{k}b")]).send(0.0, 9000, True)
            for k in range(10)
        )
        for p in (0.0, 0.02, 0.1, 0.3)
    ]
    assert means == sorted(means)
    assert means[-1] < math.inf


def test_x25_passes_packets_on_as_they_come():
    """All n packets over k links: (n + k - 1) packet times and k delays, where windows are no limit."""
    made = circuit(X25(window=7), links=3, delay=0.005)
    packet = 137 * 8 / 9600
    assert made.send(0.0, 128 * 40, True) == pytest.approx(42 * packet + 3 * 0.005)
    assert made.wire_bytes == pytest.approx(40 * (137 + 9), rel=0.03)


def test_losses_of_one_link_are_repaired_on_that_link():
    """Three links, the last one bad: only its packets go again, and the others are not held up for their delay."""
    good = [line(X25(), delay=0.5, seed=f"{k}") for k in range(5)]
    bad = line(X25(), delay=0.001, loss=0.2)
    made = connect([*good[:2], bad], [line(X25(), delay=0.001), *good[2:4]])
    clean = connect([*good[:2], line(X25(), delay=0.001)], [line(X25(), delay=0.001), *good[2:4]])
    took, best = made.send(0.0, 12800, True), clean.send(1e6, 12800, True) - 1e6
    assert made.retransmissions > 10
    assert took < best + made.retransmissions * 3 * 0.12 + 5


def test_setting_up_takes_what_each_carrier_needs():
    """BSC asks for the line once, g agrees in three exchanges, X.25 waits for its call, dial-up for its modems, too."""
    trip = 12 * 8 / 9600 + 0.02
    assert circuit(Bsc(turnaround=0.05)).open(0.0) == pytest.approx(trip + 0.1)
    assert circuit(UucpG()).open(0.0) == pytest.approx(3 * (12 * 10 / 9600 + 0.02))
    assert circuit(UucpG(protocol="i")).open(0.0) == pytest.approx(28 * 10 / 9600 + 0.02)
    call = circuit(X25(setup=1.5), links=2)
    assert call.open(0.0) == pytest.approx(3.0 + 2 * ((24 + 9) * 8 / 9600 + 0.02))
    assert call.accepted_at < call.open(0.0)
    modem = DialUp(setup=30.0, modem=9600.0)
    assert circuit(modem).open(5.0) == pytest.approx(35.0 + 3 * (12 * 10 / 9600 + 0.02))
    assert circuit(modem).setup == 60.0


def test_an_engaged_number_is_dialled_again():
    """A busy chance of a half: on average one redial, within four standard errors of 400 calls."""
    out = line(DialUp(setup=10.0, busy=0.5, redial=60.0))
    calls = [connect([out], [line(DialUp())]).open(k * 1e5) - k * 1e5 for k in range(400)]
    redials = [round((call - 10.2) / 60) for call in calls]
    assert set(redials) >= {0, 1, 2, 3}
    assert abs(sum(redials) / 400 - 1) < 4 * math.sqrt(2 / 400)
    busy = connect([line(DialUp(busy=0.999))], [line(DialUp())])
    assert (busy.open(0.0, 100.0), busy.setup) == (math.inf, 30 + 30 + 180)


def test_a_line_that_comes_back_lets_the_flight_go_on():
    """Down for 20 s in the middle of a body: 10 s timers, so it is over 20 to 31 s later."""
    made, calm = (circuit(UucpG(), timeline=t) for t in (Timeline([(5.0, 25.0)]), ALWAYS_UP))
    late = made.send(0.0, 20_000, True) - calm.send(0.0, 20_000, True)
    assert 19.0 <= late <= 31.0


@pytest.mark.parametrize(
    ("carrier", "after"), [(UucpG(), 70), (X25(), 33), (Bsc(), 33), (DialUp(modem=9600.0, setup=1.0), 71)], ids=repr
)
def test_a_dead_line_is_given_up(carrier, after):
    """After ten timers in a row, of UUCP's seven, nothing arrives any more; and nobody connects over it."""
    made = circuit(carrier, timeline=Timeline([(5.0, math.inf)]))
    assert made.send(0.0, 20_000, True) == math.inf
    assert made.send(math.inf, 20, True) == math.inf
    assert circuit(carrier, timeline=Timeline([(0.0, math.inf)])).open(0.0) == math.inf
    slow = circuit(carrier, timeline=Timeline([(0.0, after - 25.0)]))
    assert slow.open(0.0) < after


def test_a_server_that_is_down_hears_and_says_nothing():
    """What arrives there while it is down is lost, whole or damaged; so is what it would send."""
    server = Timeline([(0.0, 25.0)])
    assert 25.0 < circuit(UucpG(), server=server).send(0.0, 1000, True) < 36.0
    assert 25.0 < circuit(UucpG(), server=server).send(0.0, 1000, False) < 36.0
    assert 25.0 < circuit(UucpG(), server=server).open(0.0) < 36.0


def test_long_flights_let_others_in_between():
    """Two flights at once each get half of the line: gone on with in the order of time, both end together."""
    out, back = line(UucpG(window=7)), line(UucpG(window=7))
    flows = [connect_stepwise([out], [back]).send(0.0, 64 * 1000, True) for _ in range(2)]
    due, ends = [0.0, 0.0], [0.0, 0.0]
    while min(due) < math.inf:
        first = due.index(min(due))
        try:
            due[first] = next(flows[first])
        except StopIteration as end:
            due[first], ends[first] = math.inf, end.value
    alone = 64_000 * 8 / (9600 * 0.8 * 64 / 70)
    assert max(ends) == pytest.approx(2 * alone, rel=0.03)
    assert min(ends) > 1.7 * alone


def test_links_of_the_internet_are_crossed_by_tcp():
    """A gateway takes a flight from TCP and passes it on by g; the connection's numbers are those of both."""
    plain = [line(rate=1e6, delay=0.05, seed=k) for k in range(4)]
    made = connect([*plain[:2], line(UucpG())], [line(UucpG()), *plain[2:]])
    over_g = circuit(UucpG())
    over_tcp = Connection(plain[:2], plain[2:])
    assert made.open(0.0) == pytest.approx(over_tcp.open(1e4) - 1e4 + over_g.open(0.0), abs=0.2)
    assert made.accepted_at < math.inf
    took = made.send(10.0, 5000, True) - 10
    assert took == pytest.approx(over_g.send(10.0, 5000, True) - 10, abs=0.5)
    assert (made.mss, made.rate, made.wire_bytes > 5000) == (64, over_g.rate, True)
    assert made.send(20.0, 40, False) > 20.1
    made.close(30.0)


def test_a_gateway_that_tcp_gives_up_on_ends_it():
    """Nothing arrives where the line of the Internet is down for good."""
    dead = [line(rate=1e6, timeline=Timeline([(1.0, math.inf)]), seed=k) for k in range(2)]
    made = connect([dead[0], line(UucpG())], [line(UucpG()), dead[1]])
    assert made.send(2.0, 40, True) == math.inf


def test_a_delay_that_varies_is_drawn_for_each_flight():
    """Flights of one packet take different times."""
    made = circuit(UucpG(), delay=Uniform(0.01, 0.5))
    assert len({round(made.send(100.0 * k, 10, True) - 100 * k, 6) for k in range(5)}) == 5


def test_connections_are_what_their_lines_are():
    """TCP over lines of the Internet, none where hosts have none, a circuit where a line has an older carrier."""
    plain, older = [line()], [line(Bsc())]
    assert isinstance(connect(plain, plain), Connection)
    assert isinstance(connect(plain, plain, client_tcp=Tcp(stack="rtt-only")), Propagation)
    assert isinstance(connect(older, older), Circuit)
    made = connect(older, older)
    assert made.abandon(9.0, 1.0, 12.0) == math.inf
    assert made.wrote() == (-math.inf, 0)
    assert [made.setup, Connection.setup, Propagation.setup] == [30.0, 0.0, 0.0]
