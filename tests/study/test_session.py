"""One session's duration over a link, without a scenario."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sim import cli
from sim.network.links.line import Line
from sim.scenario.distribution import Constant
from sim.scenario.spec import Loss, Tcp
from sim.scenario.spec.tcp import PRESETS
from sim.study.session_times import CLIENTS, PARTS, SERVERS, Case, OneSession, run
from sim.world.engine.stepping import play
from sim.world.engine.streams import Streams


def mean(n=60, **case):
    """The mean duration of some sessions, in s."""
    return float(run(Case(**case), n).durations.mean())


def clean(**case):
    """The duration of a session without loss, in s."""
    return run(Case(**case), 1).runs[0].duration


def durations(n=150, **case):
    """How long each of n sessions takes, in s; one that fails counts as 1,000 s."""
    return np.array([min(one.duration, 1000.0) for one in run(Case(**case), n).runs])


def test_a_session_over_a_good_line_is_its_turns():
    """Postfix needs five round trips to the 250 of 1 kB: handshake, greeting, EHLO, envelope, mail data."""
    assert clean(rtt=1.0, size=1000) == pytest.approx(5.0, abs=0.01)
    assert clean(rtt=1.0, size=1000, client="postfix-nopipe") == pytest.approx(7.0, abs=0.01)
    assert clean(rtt=1.0, size=1000, client="smtp-source", server="smtp-sink") == pytest.approx(7.0, abs=0.01)


@pytest.mark.parametrize("client", ["postfix-nopipe", "smtp-source", "smtplib"])
@pytest.mark.parametrize("server", ["postfix", "exim", "smtp-sink"])
def test_what_is_no_product_talks_to_every_server(client, server):
    """One command at a time; products are held to scenarios (test_one_driver.py)."""
    assert clean(rtt=1.0, client=client, server=server, size=1000) == pytest.approx(7.0, abs=0.02)


def test_exim_sends_a_short_message_with_its_envelope():
    """BDAT needs no answer first (RFC 3030): up to its buffer of 8 kB one round trip less, where CHUNKING is offered."""
    exim = {"rtt": 1.0, "client": "exim", "rate": 1e9}
    assert clean(**exim, size=7000) == pytest.approx(4.0, abs=0.01)
    assert clean(**exim, size=8500) == pytest.approx(5.0, abs=0.01)
    assert clean(**exim, size=7000, server="smtp-sink") == pytest.approx(5.0, abs=0.01)


def test_exim_keeps_its_last_answers_for_200_ms():
    """It corks its socket at QUIT and waits for the client's FIN, which Exim sends at once and Postfix does not."""
    at_postfix, at_exim = (clean(client="postfix", server=server) for server in ("postfix", "exim"))
    assert at_exim - at_postfix == pytest.approx(0.2, abs=0.005)
    assert clean(client="exim", server="exim") - clean(client="exim") == pytest.approx(0.0, abs=0.005)


def test_smtplib_reads_the_message_twice(monkeypatch):
    """Once before MAIL, for the ends of its lines, and once before the data, for their dots; each octet takes its time."""
    reads = clean(client="smtplib", server="smtp-sink", size=200_000)
    monkeypatch.setitem(CLIENTS, "smtplib", replace(CLIENTS["smtplib"], read_time=0.0))
    assert reads - clean(client="smtplib", server="smtp-sink", size=200_000) == pytest.approx(3.2e-3)


def test_the_parts_add_up():
    """Connecting, greeting, dialogue and data are all of it."""
    summary = run(Case(loss=Loss(share=0.05), size=50_000), 50).summary()
    assert sum(summary["parts"][part] for part in PARTS) == pytest.approx(summary["mean_s"])
    assert 0 < summary["parts"]["of_which_retransmission_s"] < summary["mean_s"]


def test_equal_seeds_give_equal_sessions():
    """And other seeds others."""
    case = Case(loss=Loss(share=0.1))
    first, again, other = (run(case, 40, seed).summary() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_session_that_fails_is_counted():
    """A dead line: Postfix stops connecting after 30 s."""
    summary = run(Case(loss=Loss(share=0.999)), 3).summary()
    assert (summary["failed"], summary["mean_s"], summary["parts"]["data_s"]) == (3, None, None)


def test_a_server_hangs_up_that_has_waited_too_long(monkeypatch):
    """Smtp-sink after 100 s without anything to read, as its connections end in packet logs; all others go as before."""
    case = Case(loss=Loss(share=0.3), client="smtp-source", server="smtp-sink", size=1000)
    hasty = [one.duration for one in run(case, 150).runs]
    sink = SERVERS["smtp-sink"]
    monkeypatch.setitem(SERVERS, "smtp-sink", replace(sink, mta=replace(sink.mta, idle_timeout=math.inf)))
    patient = [one.duration for one in run(case, 150).runs]
    left = [(mine, theirs) for mine, theirs in zip(hasty, patient, strict=True) if mine != theirs]
    assert 0 < len(left) < 30
    assert all(mine == math.inf and theirs > 100 for mine, theirs in left)


@pytest.mark.usefixtures("unmeasured")
def test_reno_and_cubic_differ_in_long_bodies_only():
    """One loss more or less hardly matters in 1 kB."""
    lossy = {"loss": Loss(share=0.01), "size": 2_000_000, "n": 40}
    assert mean(**lossy, tcp=Tcp(congestion="reno")) > mean(**lossy)
    assert clean(size=1000, tcp=Tcp(congestion="reno")) == clean(size=1000)


def test_old_tcp_is_slower():
    """A window of one segment, and no SACK."""
    old = Tcp(stack="bsd-1988", congestion="tahoe", initial_window=1, min_rto=1.0, sack=False, timestamps=False)
    assert clean(size=20_000, tcp=old) > clean(size=20_000) + 0.25
    assert mean(size=20_000, loss=Loss(share=0.02), tcp=old) > mean(size=20_000, loss=Loss(share=0.02)) + 0.2


def test_tcp_without_sack_gets_everything_through():
    """NewReno: one lost segment a round trip."""
    without = Tcp(congestion="reno", sack=False)
    assert run(Case(size=200_000, loss=Loss(share=0.03), tcp=without), 40).durations.size == 40


def test_a_syn_of_linux_3_doubles_its_gaps():
    """Two SYNs lost cost 3 s instead of 2."""
    lossy = {"loss": Loss(share=0.3), "size": 100}
    older, newer = (run(Case(**lossy, tcp=tcp), 200).summary()["parts"] for tcp in (Tcp(stack="linux-3"), Tcp()))
    assert older["connect_s"] > newer["connect_s"]


def test_no_tcp_is_round_trips_and_rate():
    """Five round trips as with TCP; 200 kB at 10 Mbit/s take 160 ms, whatever is lost."""
    bare = {"rtt": 0.1, "size": 200_000, "tcp": Tcp(stack="rtt-only")}
    assert clean(**bare) == pytest.approx(0.5 + 0.16, abs=0.01)
    assert mean(**bare, loss=Loss(share=0.2), n=3) == pytest.approx(mean(**bare, n=3))


def test_a_small_queue_costs_losses():
    """A body of 1 MB overflows a queue of 20 kB at 1 Mbit/s, and still arrives."""
    sessions = run(Case(rate=1e6, size=1_000_000, queue=20_000), 2)
    assert all(one.retransmissions > 0 for one in sessions.runs)
    assert sessions.durations.size == 2


def test_bursts_spoil_fewer_sessions_more_thoroughly():
    """The same share of packets, in bursts of five: better medians of short sessions, worse tails."""
    alone, together = (run(Case(loss=Loss(share=0.05, burst=burst), size=1000), 600).summary() for burst in (0.0, 5.0))
    assert together["median_s"] <= alone["median_s"]
    assert together["p99_s"] > alone["p99_s"]


class Counted(Line):
    """A line that counts its packets."""

    count = 0

    def carry(self, at, wire):
        """One packet."""
        self.count += 1
        return super().carry(at, wire)


SESSIONS = [
    ("smtp-source", "smtp-sink", 1120, 10, 10),
    ("smtp-source", "smtp-sink", 20_120, 23, 17),
    ("smtp-source", "smtp-sink", 200_120, 148, 79),
    ("postfix", "postfix", 1250, 7, 8),
    ("postfix", "postfix", 2250, 8, 9),
    ("postfix", "postfix", 20_250, 20, 15),
    ("postfix", "postfix", 200_250, 145, 77),
    ("smtplib", "postfix", 2000, 11, 12),
    ("smtplib", "postfix", 20_000, 23, 18),
]
"""Client, server, octets of the message; packets each way as they were measured at 100 ms, pure acknowledgements too."""


def closed(client, server, size, loss):
    """One session with its connection closed, and its two lines."""
    case, streams = Case(client=client, server=server, size=size), Streams(1, 0)
    lines = [
        Counted(rate=case.rate, delay=Constant(case.rtt / 2), loss=loss, random=streams(way)) for way in ("out", "back")
    ]
    one = OneSession(case, lines, streams)
    play(one.steps(0.3))
    one.close()
    return one, lines


@pytest.mark.parametrize(("client", "server", "size", "there", "back"), SESSIONS)
def test_where_packets_are_lost_in_bursts_each_one_counts(client, server, size, there, back):
    """As many each way as real programs sent: each moves the chain.

    The client acknowledges the greeting at once, and the server HELO; each FIN of two takes the acknowledgement of the
    other along, and nobody acknowledges smtp-source's reset.
    """
    _, lines = closed(client, server, size, Loss(share=1e-12, burst=3))
    assert [line.count for line in lines] == [there, back]


@pytest.mark.parametrize(("client", "server", "size", "there", "back"), SESSIONS)
def test_flights_that_are_sums_count_the_acknowledgements_that_they_do_not_play(client, server, size, there, back):
    """The bytes on the wire are those of all packets that were measured; a FIN that is played counts as an octet."""
    played, _ = closed(client, server, size, Loss(share=1e-12, burst=3))
    summed, lines = closed(client, server, size, Loss())
    assert sum(line.count for line in lines) < there + back
    assert 0 <= played._connection.wire_bytes - summed._connection.wire_bytes <= 1


def test_storms_pass_while_the_timer_waits():
    """Bursts in time of 50 ms cost little more than a timer."""
    stormy = run(Case(loss=Loss(share=0.05, burst_time=0.05), size=1000), 3000).summary()
    assert stormy["failed"] == 0
    assert stormy["p99_s"] < 4


# What must hold whatever the numbers are


RTTS = st.floats(0.001, 0.5)
RATES = st.floats(1e5, 1e8)
SIZES = st.integers(0, 300_000)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    rtt=RTTS,
    rate=RATES,
    size=SIZES,
    more=st.floats(1.0, 3.0),
    client=st.sampled_from(["postfix", "smtp-source", "smtplib"]),
    congestion=st.sampled_from(["cubic", "reno"]),
)
def test_longer_slower_and_larger_are_never_quicker(rtt, rate, size, more, client, congestion):
    """Without loss, from 100 kbit/s on; below see `test_a_longer_round_trip_can_make_a_slow_session_shorter`.

    Nor where a tail loss probe has sent a packet again in vain, which a longer round trip may do without.
    """
    case = {"rtt": rtt, "rate": rate, "size": size, "client": client, "tcp": Tcp(congestion=congestion)}
    first = run(Case(**case), 1).runs[0]
    assume(first.retransmissions == 0)
    base = first.duration - 1e-9
    assert clean(**case | {"rtt": rtt * more}) >= base
    assert clean(**case | {"rate": rate / min(more, rate / 1e5)}) >= base
    assert clean(**case | {"size": int(size * more)}) >= base


@pytest.mark.long
@settings(deadline=None, derandomize=True, max_examples=12)
@given(
    rtt=st.floats(0.005, 0.3),
    rate=st.floats(1e6, 1e8),
    size=st.integers(100, 100_000),
    share=st.floats(0.002, 0.1),
    more=st.floats(1.2, 3.0),
)
def test_with_loss_too_the_mean_never_falls(rtt, rate, size, share, more):
    """More loss, a longer round trip, a lower rate, a larger message: with the same draws, beyond the sampling error."""
    case = {"rtt": rtt, "rate": rate, "size": size, "client": "smtp-source", "server": "smtp-sink"}
    base = durations(**case, loss=Loss(share=share))
    changes = {"loss": Loss(share=share * more)}, {"rtt": rtt * more}, {"rate": rate / more}, {"size": int(size * more)}
    for change in changes:
        gained = durations(**{"loss": Loss(share=share)} | case | change) - base
        assert gained.mean() >= -4 * gained.std(ddof=1) / math.sqrt(gained.size)


# The command


def test_the_command_prints_a_table(capsys):
    """Quantiles, and where the time went."""
    assert cli.main(["session", "-n", "20", "--loss", "2%", "--size", "5kB"]) == 0
    said = capsys.readouterr().out
    assert "median" in said
    assert "waiting for the greeting" in said
    assert "20 sessions, 0 failed" in said


def test_the_command_says_when_nothing_arrived(capsys):
    """No quantiles of nothing."""
    assert cli.main(["session", "-n", "2", "--loss", "99.9%"]) == 0
    assert "2 sessions, 2 failed" in capsys.readouterr().out


def test_the_command_prints_json(capsys):
    """The figures by name."""
    arguments = ["--burst", "3", "--loss", "1%", "--queue", "64kB", "--tcp", "linux-3", "--congestion", "reno"]
    assert cli.main(["session", "-n", "30", "--json", *arguments]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"n", "mean_s", "median_s", "p05_s", "p95_s", "p99_s"} <= said.keys()
    assert said["n"] == 30


@pytest.mark.parametrize("option", ["-n", "--seed"])
def test_a_number_that_is_not_whole_is_not_rounded(option, capsys):
    """One session and a half is a mistake."""
    assert cli.main(["session", option, "1.5"]) == 2
    assert f"{option}: not a whole number (1.5)" in capsys.readouterr().err


def test_all_mistakes_are_said_at_once(capsys):
    """A line for each, and status 2."""
    wrong = ["--rate", "0", "--loss", "100%", "--mtu", "50", "--size=-5", "--client", "sendmial", "-n", "0"]
    more = ["--burst", "0", "--queue", "5", "--seed", "-1", "--congestion", "vegas", "--rtt=-1s", "--tcp", "bsd"]
    assert cli.main(["session", *wrong, *more]) == 2
    said = capsys.readouterr().err.splitlines()
    options = [
        "rtt",
        "rate",
        "loss",
        "burst",
        "size",
        "client",
        "tcp",
        "congestion",
        "queue",
        "mtu",
        "sessions",
        "seed",
    ]
    assert [line.split()[0].lstrip("-") for line in said] == options


def test_bursts_must_be_long_enough_for_the_loss(capsys):
    """Half of the packets lost in bursts of one: impossible above a half."""
    assert cli.main(["session", "--loss", "0.8", "--burst", "1"]) == 2
    assert "at least 4" in capsys.readouterr().err


def test_what_a_coarse_clock_costs_is_no_retransmission():
    """4.3BSD's delayed acknowledgements make sessions differ, and nothing is sent again."""
    summary = run(Case(tcp=PRESETS["bsd-1988"], size=10_000), 30).summary()
    assert summary["p95_s"] > summary["p05_s"] + 0.05
    assert summary["parts"]["of_which_retransmission_s"] == 0


def test_what_a_full_queue_drops_is_waited_for():
    """The session that it is held against has no limit to its queue."""
    summary = run(Case(queue=2_000, size=50_000), 5).summary()
    assert summary["parts"]["of_which_retransmission_s"] > 0.1


def test_tahoe_has_no_sack(capsys):
    """It is older than that: --congestion tahoe sends everything from the gap on again."""
    case = Case(tcp=Tcp(congestion="tahoe", sack=False), loss=Loss(share=0.05))
    assert cli.main(["session", "-n", "20", "--loss", "5%", "--congestion", "tahoe", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mean_s"] == run(case, 20).summary()["mean_s"]


def test_the_command_draws(tmp_path, capsys):
    """A picture of the kind that the name says; an unknown kind is a mistake."""
    picture = tmp_path / "session.svg"
    assert cli.main(["session", "-n", "5", "--plot", str(picture), "--burst", "100 ms", "--loss", "1%"]) == 0
    assert picture.stat().st_size > 1000
    assert cli.main(["session", "-n", "2", "--loss", "99.9%", "--plot", str(picture)]) == 0
    capsys.readouterr()
    assert cli.main(["session", "-n", "1", "--plot", str(tmp_path / "session.exe"), "--rtt", "5"]) == 2
    assert cli.main(["session", "-n", "1", "--plot", str(tmp_path / "nowhere" / "session.png")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(" ")[0] for line in err.splitlines()] == ["--rtt", "--plot", "--plot"]


def test_units_do_not_matter(capsys):
    """The same case said in other units is the same case."""
    said = []
    for rtt, rate, size in (("100ms", "10Mbit/s", "20kB"), ("0.1 s", "10000 kbit/s", "20000 B")):
        assert (
            cli.main(["session", "--rtt", rtt, "--rate", rate, "--size", size, "--loss", "1%", "--json", "-n", "50"])
            == 0
        )
        said.append(capsys.readouterr().out)
    assert said[1] == said[0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--size", "1 GB"], "--size 1 GB: too big a message: allowed are 100 MB"),
        (
            ["-n", "1000000000"],
            "--sessions 1000000000: too big (1000000000): allowed is a whole number of at least 1 and at most 10000000",
        ),
    ],
)
def test_what_no_memory_holds_is_refused(asked: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    """Before anything is done."""
    assert cli.main(["session", *asked]) == 2
    assert said in capsys.readouterr().err
