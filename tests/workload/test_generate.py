"""The workload of a run: all sources together."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from sim.scenario.distribution import Constant, Lognormal
from sim.scenario.spec import Architecture, Domain, Network, Scenario
from sim.scenario.spec.sources import ConstantArrivals, Forged, MessageAt, Messages, MessagesAt, PoissonArrivals, Trace
from sim.workload.submissions import Submission, submissions

DAY = 86400.0


def scenario(*sources, folder=Path(), duration=DAY, users=3, architecture="end-to-end"):
    """Two domains with the given number of users each, and the sources."""
    names = tuple(f"u{number}" for number in range(1, users + 1))
    domains = {name: Domain(name=name, mx=(), users=names) for name in ("a.example", "b.example")}
    return Scenario(
        title="t",
        seed=1,
        replications=1,
        duration=duration,
        drain=0.0,
        network=Network(nodes={}, links=()),
        domains=domains,
        workload=sources,
        architectures={"x": Architecture(name="x", transfer=architecture, routing="static", hosts={})},
        folder=folder,
    )


def run(*sources, seed=1972, **changes):
    """The submissions, with streams named after a seed."""
    return submissions(scenario(*sources, **changes), lambda name: Random(f"{seed}/{name}"))


def at(seconds, size=100.0, sender="u1@a.example"):
    """One message at a given time."""
    return MessageAt(at=seconds, sender=sender, recipients=("u1@b.example",), size=size)


POISSON = PoissonArrivals(rate=200 / 3600, size=Lognormal(2000, 20000))


def test_poisson_count():
    """The number of messages is Poisson: 4800 in a day, within four standard deviations."""
    assert abs(len(run(POISSON)) - 4800) < 4 * 4800**0.5


def test_poisson_gaps():
    """The gaps' standard deviation is their mean, within 6% (four standard errors for 4800 gaps)."""
    times = [0.0, *(submission.at for submission in run(POISSON))]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert abs(deviation / mean - 1) < 0.06


def test_all_times_are_within_the_duration():
    """Nothing is written before zero or from the duration on, whatever the source says."""
    times = [s.at for s in run(POISSON, MessagesAt(messages=(at(DAY - 1), at(DAY), at(DAY + 1))))]
    assert (min(times) >= 0, max(times) < DAY, times.count(DAY - 1), times.count(DAY)) == (True, True, 1, 0)


@pytest.mark.parametrize(
    ("rate", "duration", "expected"),
    [(1 / 3600, DAY, 24), (1 / 3600, DAY + 1, 25), (0.1, 0.5, 1), (3.0, 1.0, 3), (1 / 49, 49.0, 1), (0.7, 10.0, 7)],
)
def test_constant_rate(rate, duration, expected):
    """Even gaps from zero on give rate x duration messages, the last one before the end."""
    times = [s.at for s in run(ConstantArrivals(rate=rate, size=Constant(1)), duration=duration)]
    assert times == [number / rate for number in range(expected)]


def test_sizes_are_whole_octets():
    """Sizes are drawn, rounded, and at least 1."""
    sizes = {s.size for size in (0.2, 2.6) for s in run(ConstantArrivals(rate=1 / DAY, size=Constant(size)))}
    assert sizes == {1, 3}


def test_some_recipients_are_nobody():
    """A share of the messages goes to users that their domains do not have; times, senders and domains are the same."""
    plain = run(POISSON)
    storm = run(replace(POISSON, strangers=0.25))
    assert [(s.at, s.sender, s.size) for s in storm] == [(s.at, s.sender, s.size) for s in plain]
    changed = [
        (one.recipients[0], other.recipients[0]) for one, other in zip(plain, storm, strict=True) if one != other
    ]
    assert abs(len(changed) / len(plain) - 0.25) < 0.025
    assert {other.partition("@")[0][:6] for _, other in changed} == {"nobody"}
    assert [one.partition("@")[2] for one, _ in changed] == [other.partition("@")[2] for _, other in changed]


def test_some_senders_are_somebody_else():
    """A share of the messages bears an address of another domain; who hands it in, when and to whom is as before."""
    plain = run(POISSON)
    forged = run(replace(POISSON, forged=Forged(share=0.25)))
    assert [(s.at, s.recipients, s.size) for s in forged] == [(s.at, s.recipients, s.size) for s in plain]
    assert [s.author or s.sender for s in forged] == [s.sender for s in plain]
    changed = [one for one in forged if one.author]
    assert abs(len(changed) / len(plain) - 0.25) < 0.025
    assert all(one.author.partition("@")[2] != one.sender.partition("@")[2] for one in changed)


def test_one_domain_may_be_borne():
    """Where it is named, all forged mail bears addresses of its users."""
    forged = run(replace(POISSON, forged=Forged(share=1.0, domain="b.example")))
    assert {one.sender.partition("@")[2] for one in forged} == {"b.example"}


def test_gravity_pairs():
    """A source's own way of choosing pairs is used."""
    source = PoissonArrivals(rate=0.01, size=Constant(1), pairs="gravity")
    assert all(s.sender.split("@")[1] != s.recipients[0].split("@")[1] for s in run(source))


def test_messages_at():
    """Given messages are taken as they are, in order of time."""
    late, early = at(5.0, size=2.5), at(1.0, sender="u2@a.example")
    assert run(MessagesAt(messages=(late, early))) == [
        Submission(1.0, "u2@a.example", ("u1@b.example",), 100, None),
        Submission(5.0, "u1@a.example", ("u1@b.example",), 2, None),
    ]


def test_equal_times_keep_their_order():
    """Ties go by source, then by the order in the source."""
    one = MessagesAt(messages=(at(1.0, size=1), at(0.0, size=2), at(1.0, size=3)))
    other = MessagesAt(messages=(at(1.0, size=4), at(0.0, size=5)))
    assert [s.size for s in run(one, other)] == [2, 5, 1, 3, 4]


def test_same_streams_same_mail():
    """The seed alone decides, not the architecture."""
    assert run(POISSON, architecture="store-and-forward") == run(POISSON)


def test_other_seed_other_mail():
    """Another seed gives another workload."""
    assert run(POISSON, seed=2) != run(POISSON)


def test_sources_do_not_disturb_each_other():
    """A source's messages stay the same when another one comes after it."""
    both = run(POISSON, PoissonArrivals(rate=0.001, size=Constant(7)))
    assert [s for s in both if s.size != 7] == run(POISSON)


def test_sizes_do_not_shift_times_and_pairs():
    """Another distribution of sizes leaves times and people as they were."""
    other = PoissonArrivals(rate=POISSON.rate, size=Constant(1))
    assert [s[:3] for s in run(other)] == [s[:3] for s in run(POISSON)]


def test_trace(tmp_path):
    """People take users of each domain in turn; two who share a user get one copy; a note to oneself is kept."""
    (tmp_path / "t").write_text("9 p 5\np q 10\np r 10\np t 10\nq q 11\ns p 12\ns q 99\n")
    source = Trace(file="t", size=Constant(50), start=10.0)
    assert run(source, folder=tmp_path, duration=80, users=1) == [
        Submission(0, "u1@a.example", ("u1@b.example", "u1@a.example"), 50),
        Submission(1, "u1@b.example", ("u1@b.example",), 50),
        Submission(2, "u1@a.example", ("u1@a.example",), 50),
    ]


def test_real_trace_keeps_all_hosts_busy(shared):
    """A week of a real trace: both domains send, and no message is lost or made up."""
    source = Trace(file="email-Eu-core-temporal.txt.gz", size=Constant(50), start=30 * DAY)
    mail = run(source, folder=shared / "data" / "traces", duration=7 * DAY, users=500)
    domains = [s.sender.split("@")[1] for s in mail]
    assert len(mail) > 1000
    assert 0.3 < domains.count("a.example") / len(domains) < 0.7


@pytest.fixture
def folder(tmp_path):
    """A folder with three messages of 14 to 16 octets."""
    for number in range(3):
        (tmp_path / f"{number}.eml").write_bytes(b"Subject: %s\r\n\r\n" % (b"x" * (number + 1)))
    return tmp_path


def test_messages_once_each(folder):
    """Without a rate each message is sent once, at even gaps over the duration."""
    assert [(s.at, s.size, s.content) for s in run(Messages(path="."), folder=folder, duration=30.0)] == [
        (0.0, 14, b"Subject: x\r\n\r\n"),
        (10.0, 15, b"Subject: xx\r\n\r\n"),
        (20.0, 16, b"Subject: xxx\r\n\r\n"),
    ]


def test_messages_in_turn(folder):
    """With a rate they are sent at random gaps, in turn, over and over."""
    mail = run(Messages(path=".", rate=0.01), folder=folder)
    assert len(mail) > 100
    assert [s.size for s in mail] == [14 + number % 3 for number in range(len(mail))]
