"""Whatever happens to mail in whatever order: the ledger balances, and nobody is told twice, or told about a report."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.mail.address import Address
from sim.mail.path import Path
from sim.mta import bounce
from sim.scenario.policies import Policies, Refusal
from sim.scenario.products import (
    Exchange,
    Exim,
    OpenSmtpd,
    Postfix,
    Product,
    Qmail,
    RetryRule,
    Rfc5321,
    Sendmail,
)
from sim.scenario.spec import Domain, Interval, Weather
from sim.world.ledger import Ledger

POSTMASTER = Path(Address("postmaster", ""))
TIMES = st.integers(0, 30_000).map(lambda tenths: tenths / 10)
LENGTHS = st.sampled_from([0.1, 5.0, 60.0, 900.0, 8000.0])
HOSTS = st.sampled_from("abc")
RECIPIENTS = st.sampled_from(["u1@a", "u2@b", "u1@c", "nobody@a", "nobody@b", "nobody@c", "all@b"])
SUBMISSIONS = st.tuples(st.just("submit"), TIMES, HOSTS, st.lists(RECIPIENTS, min_size=1, max_size=3, unique=True))
TROUBLES = st.one_of(
    st.tuples(st.just("crash"), TIMES, LENGTHS, HOSTS),
    st.tuples(st.just("cut"), TIMES, LENGTHS, st.sampled_from(["a-b", "b-c"])),
    st.tuples(st.just("fail"), TIMES, LENGTHS, HOSTS, st.sampled_from([451, 550])),
)


class Watched(Ledger):
    """A ledger that remembers how many hosts went on with each copy at a time, and which copies were bounced."""

    instances: Counter[tuple[int, str]]
    bounced: set[tuple[int, str]]

    def __init__(self, *given) -> None:
        super().__init__(*given)
        Watched.instances, Watched.bounced = Counter(), set()

    def submit(self, copy) -> None:
        """One."""
        super().submit(copy)
        self.instances[copy.message_id, copy.recipient] += 1

    def take(self, copy) -> None:
        """One more."""
        super().take(copy)
        self.instances[copy.message_id, copy.recipient] += 1

    def hand_over(self, copy) -> None:
        """One less, which has not ended."""
        super().hand_over(copy)
        self.instances[copy.message_id, copy.recipient] -= 1

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


def world(operations, spool: str, unknown_users: str, mta: Product):
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
    hosts = {
        name: {
            "mta": mta,
            "spool": spool,
            "commit_time": 30.0,
            "weather": Weather(down=tuple(crashes.get(name, ()))),
            "policies": Policies(unknown_users=unknown_users, refuse=tuple(refusals.get(name, ()))),
        }
        for name in "abc"
    }
    lists = {"all": ("u1@a.example", "u2@b.example", "nobody@c.example")}
    domains = {
        f"{name}.example": Domain(
            name=f"{name}.example", mx=((0, name),), users=("u1", "u2"), lists=lists if name == "b" else {}
        )
        for name in "abc"
    }
    skies = {link: Weather(down=tuple(intervals)) for link, intervals in cuts.items()}
    return scenario(
        "a-b b-c",
        *mail,
        transfer="store-and-forward",
        hosts=hosts,
        domains=domains,
        weather=skies,
        duration=30_000.0,
        drain=100_000.0,
    )


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    st.lists(SUBMISSIONS, min_size=2, max_size=8),
    st.lists(TROUBLES, min_size=2, max_size=12),
    st.sampled_from(["durable", "volatile"]),
    st.sampled_from(["reject", "bounce"]),
    st.sampled_from(MTAS),
)
def test_mail_is_accounted_for(submissions, troubles, spool: str, unknown_users: str, mta: Product):
    """The run balances its ledger; each copy ends; whoever is told, is told once for each host that went on with it.

    Nobody but the host's own postmaster is told of a report, and he once; warnings come besides, and end nothing.
    """
    told: Counter[tuple[int, str]] = Counter()
    report = bounce.report

    def watched(host, entry, fates, *, to, action, **more):
        keys = [(copy.message_id, copy.recipient) for copy, _ in fates]
        assert to in ({POSTMASTER} if entry.reverse_path.is_null else {POSTMASTER, entry.reverse_path})
        assert not (entry.reverse_path.is_null and action != "failed")
        if action == "failed" and (to != POSTMASTER or entry.reverse_path.is_null):
            told.update(keys)
        return report(host, entry, fates, to=to, action=action, **more)

    with patch("sim.world.simulation.Ledger", Watched), patch.object(bounce, "report", watched):
        facts = run(world([*submissions, *troubles], spool, unknown_users, mta))
    assert {copy.outcome for copy in facts.copies if copy.recipient == "postmaster"} <= {"delivered"}
    reports = {fact.message_id for fact in facts.messages if fact.sender == "<>"}
    ends = {copy.outcome for copy in facts.copies if copy.message_id not in reports}
    assert ends <= {"delivered", "bounced", "lost"} - ({"lost"} if spool == "durable" else set())
    assert "bounced" not in {copy.outcome for copy in facts.copies if copy.message_id in reports}
    assert [key for key, times in told.items() if times > Watched.instances[key]] == []
    assert Watched.bounced <= set(told)
