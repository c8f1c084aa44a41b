"""Whatever happens to mail in whatever order: the ledger balances, and nobody is told twice, or told about a report."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st
from worlds import Counting, message, run, scenario

from sim.mail.address import Address
from sim.mail.path import Path
from sim.mta import dsn
from sim.scenario.products.base import Product
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim, RetryRule
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.spec import Collects, Domain, Interval, Weather
from sim.scenario.spec.policies import Greylist, Policies, Rate, Refusal

POSTMASTER = Path(Address("postmaster", ""))
TIMES = st.integers(0, 30_000).map(lambda tenths: tenths / 10)
LENGTHS = st.sampled_from([0.1, 5.0, 60.0, 900.0, 8000.0])
HOSTS = st.sampled_from("abc")
RECIPIENTS = st.sampled_from(["u1@a", "u2@b", "u1@c", "nobody@a", "nobody@b", "nobody@c", "all@b", "round@c", "on@a"])
SUBMISSIONS = st.tuples(st.just("submit"), TIMES, HOSTS, st.lists(RECIPIENTS, min_size=1, max_size=3, unique=True))
TROUBLES = st.one_of(
    st.tuples(st.just("crash"), TIMES, LENGTHS, HOSTS),
    st.tuples(st.just("cut"), TIMES, LENGTHS, st.sampled_from(["a-b", "b-c"])),
    st.tuples(st.just("fail"), TIMES, LENGTHS, HOSTS, st.sampled_from([451, 550])),
)


class Watched(Counting):
    """A ledger that remembers, beside how many hosts went on with each copy, which copies were bounced."""

    instances: Counter[tuple[int, str]]
    bounced: set[tuple[int, str]]

    def __init__(self, *given) -> None:
        super().__init__(*given)
        Watched.instances, Watched.bounced = self.instances, set()

    def end(self, copy, outcome, reason, now) -> None:
        """Keep who was bounced."""
        super().end(copy, outcome, reason, now)
        if outcome == "bounced":
            self.bounced.add((copy.message_id, copy.recipient))


MTAS = [
    Postfix(maximal_queue_lifetime=7200.0, bounce_queue_lifetime=3600.0),
    Postfix(
        maximal_queue_lifetime=7200.0,
        bounce_queue_lifetime=3600.0,
        delay_warning_time=900.0,
        notify_classes="bounce, 2bounce, delay",
    ),
    Exim(
        retry=(RetryRule("F", 7200.0, 600.0),),
        queue_run=600.0,
        delay_warning=(900.0,),
        ignore_bounce_errors_after=5400.0,
    ),
    Sendmail(queuereturn=7200.0, queuewarn=900.0, queue_interval=600.0),
    Qmail(queuelifetime=7200.0),
    OpenSmtpd(expire=7200.0, warn_interval=(600.0, 3000.0)),
    Exchange(MessageExpirationTimeout=7200.0, DelayNotificationTimeout=900.0),
    Rfc5321(give_up_time=7200.0),
]
"""Products that give mail up after two hours: with and without warnings, double bounces and reports that are kept."""


GUARDS = [
    Policies(),
    Policies(greylist=Greylist(delay=300.0, window=1800.0, lifetime=3000.0, whitelist_after=2)),
    Policies(messages=Rate(count=2, per=600.0), sessions=Rate(count=3, per=300.0)),
    Policies(sessions_at_once=1, spool=3000),
    Policies(refuse=(Refusal(at="data", code=452, probability=0.3), Refusal(at="connect", code=421, probability=0.2))),
    Policies(refuse=(Refusal(at="mail", code=550, probability=0.2),), unknown_users="bounce"),
]
COLLECTS = st.one_of(
    st.none(),
    st.builds(
        Collects,
        source=st.just("b"),
        every=st.sampled_from([0.0, 500.0, 1700.0]),
        by=st.sampled_from(["etrn", "turn", "atrn"]),
        hold=st.booleans(),
    ),
)


class Setting(NamedTuple):
    """How the three hosts are: all alike, but for c, which may ask b for its mail."""

    spool: str
    unknown_users: str
    mta: Product
    guard: Policies
    collects: Collects | None
    corruption: float
    digests: bool


SETTINGS = st.builds(
    Setting,
    spool=st.sampled_from(["durable", "volatile"]),
    unknown_users=st.sampled_from(["reject", "bounce"]),
    mta=st.sampled_from(MTAS),
    guard=st.sampled_from(GUARDS),
    collects=COLLECTS,
    corruption=st.sampled_from([0.0, 0.0, 0.2]),
    digests=st.booleans(),
)


def world(operations, how: Setting):
    """Three hosts in a row that live through the operations, and give mail up after two hours."""
    mail, crashes, cuts, refusals = [], {}, {}, {}
    for kind, at, *rest in operations:
        if kind == "submit":
            mail.append(message(at, f"u1@{rest[0]}", *rest[1]))
        elif kind == "fail":
            refusals.setdefault(rest[1], []).append(Refusal(at="rcpt", code=rest[2], during=((at, at + rest[0]),)))
        else:
            struck = crashes if kind == "crash" else cuts
            struck.setdefault(rest[1], []).append(Interval(start=at, end=at + rest[0]))
    unknown = "bounce" if how.guard.unknown_users == "bounce" else how.unknown_users
    hosts = {
        name: {
            "mta": how.mta,
            "spool": how.spool,
            "commit_time": 30.0,
            "weather": Weather(down=tuple(crashes.get(name, ()))),
            "digests": how.digests,
            "policies": replace(how.guard, unknown_users=unknown, refuse=(*how.guard.refuse, *refusals.get(name, ()))),
        }
        for name in "abc"
    }
    hosts["b"] |= {"accounts": {"c": "secret"}, "extensions": ("AUTH", "PIPELINING", "SIZE", "DSN")}
    hosts["c"] |= {"collects": how.collects, "login": ("c", "secret")}
    skies = {link: Weather(down=tuple(intervals)) for link, intervals in cuts.items()}
    spec = scenario(
        "a-b b-c",
        *mail,
        transfer="store-and-forward",
        hosts=hosts,
        domains=DOMAINS,
        weather=skies,
        duration=30_000.0,
        drain=100_000.0,
    )
    links = tuple(replace(link, corruption=how.corruption) for link in spec.network.links)
    return replace(spec, network=replace(spec.network, links=links))


def domain(name: str, *mx: tuple[int, str], **more) -> Domain:
    """A domain with two users."""
    return Domain(name=f"{name}.example", mx=mx, users=("u1", "u2"), **more)


LISTS = {"all": ("u1@a.example", "u2@b.example", "nobody@c.example", "round@c.example")}
DOMAINS = {
    "a.example": domain("a", (0, "a"), forwards={"on": "u1@c.example"}),
    "b.example": domain("b", (0, "b"), lists=LISTS),
    "c.example": domain("c", (0, "c"), (10, "b"), lists={"round": ("all@b.example", "on@a.example")}),
}
"""A list that leads to another and back, a forward, and a domain whose mail another host may hold."""


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    st.lists(SUBMISSIONS, min_size=2, max_size=8),
    st.lists(TROUBLES, min_size=2, max_size=12),
    SETTINGS,
)
@example(
    [("submit", 0.0, "a", ["u2@b"]), ("submit", 0.0, "a", ["u2@b", "u1@c"])],
    [("crash", 0.0, 8000.0, "b"), ("crash", 0.0, 0.1, "a")],
    Setting("durable", "reject", OpenSmtpd(expire=7200.0), Policies(), None, corruption=0.0, digests=False),
).via("deliveries of a message that are put off one after the other, of a product that spaces its connections")
def test_mail_is_accounted_for(submissions, troubles, how: Setting):
    """The run balances its ledger; each copy ends; whoever is told, is told once for each host that went on with it.

    Nobody but the host's own postmaster is told of a report, and he once; warnings come besides, and end nothing.
    """
    told: Counter[tuple[int, str]] = Counter()
    report = dsn.report

    def watched(host, entry, fates, *, to, action, **more):
        keys = [(copy.message_id, copy.recipient) for copy, _ in fates]
        assert to in ({POSTMASTER} if entry.reverse_path.is_null else {POSTMASTER, entry.reverse_path})
        assert not (entry.reverse_path.is_null and action != "failed")
        if action == "failed" and (to != POSTMASTER or entry.reverse_path.is_null):
            told.update(keys)
        return report(host, entry, fates, to=to, action=action, **more)

    with patch("sim.world.host.world.Ledger", Watched), patch.object(dsn, "report", watched):
        facts = run(world([*submissions, *troubles], how))
    assert {copy.outcome for copy in facts.copies if copy.recipient == "postmaster"} <= {"delivered"}
    reports = {fact.message_id for fact in facts.messages if fact.sender == "<>"}
    ends = {copy.outcome for copy in facts.copies if copy.message_id not in reports}
    assert ends <= {"delivered", "bounced", "lost"} - ({"lost"} if how.spool == "durable" else set())
    assert "bounced" not in {copy.outcome for copy in facts.copies if copy.message_id in reports}
    assert [key for key, times in told.items() if times > Watched.instances[key]] == []
    assert Watched.bounced <= set(told)
    damaged = {copy.damage for copy in facts.copies}
    assert damaged <= {""} | ({"unseen"} if how.corruption else set()) | ({"found"} if how.digests else set())
    if how.collects is None:
        assert all(fact.message_id for fact in facts.attempts)
