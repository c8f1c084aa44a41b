"""Hosts try again as their product does, in the world: when, whom, and for how long."""

from __future__ import annotations

from itertools import pairwise

import pytest
from worlds import message, run, scenario

from sim.mta.server.recipients import Directory
from sim.protocol.smtp.replies import Reply
from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim, RetryRule
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.quantity import DAY, HOUR, MINUTE
from sim.scenario.spec import Domain, Interval, Weather
from sim.scenario.spec.policies import Policies, Refusal
from sim.world.host.deferred_queue import MANY_IN_A_SESSION
from sim.world.simulation import Simulation

E450_BUSY = Reply(450, ("Mailbox busy",), "4.2.1")
FOR_EVER = Weather(down=(Interval(start=0.0, end=1000 * DAY),))


def facts_of(product: Product, *mail, **settings):
    """What happens where a's queue runs begin with the simulation."""
    hosts = {"a": {"mta": product}, **settings.pop("hosts", {})}
    spec = scenario("a-b", *mail, hosts=hosts, drain=20 * DAY, **settings)
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    world.hosts["a"].deferred.runs_since = 0.0
    return world.run()


GOLDEN = {
    "postfix": (Postfix(), [0, 5, 10, 20, 40, 80, 150, 220], 108, 5 * DAY + 20 * MINUTE),
    "exim": (Exim(), [0, 30, 60, 90, 120, 150, 210, 300, 450, 660, 990, 1350], 25, 4 * DAY + 4.5 * HOUR),
    "sendmail": (Sendmail(queuereturn=DAY), [0, 30, 60], 50, 24.5 * HOUR),
    "qmail": (Qmail(), [400 * k * k / 60 for k in range(12)], 40, 7 * DAY + HOUR),
    "opensmtpd": (OpenSmtpd(), [400 * k * k / 60 for k in range(12)], 30, 4 * DAY),
    "exchange": (Exchange(), [0, 1, 2, 3, 4, 9, 14, 19, 24, 29, 34, 44], 295, 2 * DAY),
    "haraka": (Haraka(), [(2**k - 64) / 60 for k in range(6, 18)], 13, 2**18 - 64),
    "stalwart": (Stalwart(), [0, 2, 7, 17, 32, 62, 122, 242], 9, 3 * DAY),
    "nullmailer": (Nullmailer(queuelifetime=DAY), [0, 1, 3, 7, 15, 31, 63], 12, 2047 * MINUTE),
    "a list": (Delays(delays=(300.0, 900.0, 3600.0), lifetime=DAY), [0, 5, 20, 80, 140], 27, DAY + 20 * MINUTE),
}


@pytest.mark.parametrize(("product", "minutes", "attempts", "end"), GOLDEN.values(), ids=GOLDEN)
def test_one_message_without_a_way_is_tried_at_the_golden_times(product, minutes, attempts, end):
    """Each attempt fails at once; the message is returned when the product gives up."""
    facts = facts_of(product, message(0, "u1@a", "u1@b"), weather={"a-b": FOR_EVER}, unreachable="icmp")
    times = [fact.started_s for fact in facts.attempts]
    assert times[: len(minutes)] == pytest.approx([60 * m for m in minutes])
    assert (len(times), [fact.ended_s for fact in facts.copies if fact.outcome == "bounced"]) == (attempts, [end])


def test_a_try_that_takes_a_moment_does_not_make_exim_miss_a_queue_run():
    """Its records know whole seconds: a gap of two runs ends with the second, though the host answered after it began."""
    busy = {"b": {"policies": Policies(refuse=(Refusal(at="connect", code=450),))}}
    facts = facts_of(Exim(), message(0, "u1@a", "u1@b"), hosts=busy)
    _, minutes, attempts, end = GOLDEN["exim"]
    times = [fact.started_s for fact in facts.attempts]
    assert times[: len(minutes)] == pytest.approx([60 * m for m in minutes])
    assert (len(times), facts.copies[0].ended_s) == (attempts, pytest.approx(end, abs=1.0))


def test_exim_keeps_new_mail_from_a_host_that_fails():
    """Each run tries the host with one message; the one that gets through takes the other along."""
    hosts = {"b": {"weather": Weather(down=(Interval(start=0.0, end=70 * MINUTE),))}}
    facts = facts_of(Exim(connect_timeout=10.0), message(0, "u1@a", "u1@b"), message(60, "u1@a", "u2@b"), hosts=hosts)
    starts = [(round(fact.started_s / MINUTE), fact.outcome) for fact in facts.attempts]
    assert starts[:3] == [(0, "connect-timeout"), (30, "connect-timeout"), (60, "connect-timeout")]
    assert starts[3:] == [(90, "accepted"), (90, "accepted")]
    assert len({fact.session_id for fact in facts.attempts[3:]}) == 1
    assert [copy.outcome for copy in facts.copies] == ["delivered", "delivered"]


@pytest.mark.parametrize(("count", "cutoff"), [(2, 3), (7, 5), (12, 8)])
def test_exim_tries_a_dead_host_once_for_all_that_waits(count: int, cutoff: int):
    """Behind the last cutoff one attempt is made, and what else waits returns at once, however old (Exim 4.96's log)."""
    product = Exim(retry=(RetryRule("F", cutoff * HOUR, HOUR),), queue_run=600.0)
    hosts = {"b": {"weather": Weather(down=(Interval(start=0.0, end=3 * DAY),))}}
    facts = facts_of(product, *[message(5 * n, "u1@a", "u1@b") for n in range(count)], hosts=hosts)
    last = max(attempt.ended_s for attempt in facts.attempts)
    assert len([attempt for attempt in facts.attempts if attempt.ended_s > last - 1800]) == 1
    reasons = [copy.reason for copy in facts.copies if copy.outcome == "bounced"]
    ended = {copy.ended_s for copy in facts.copies if copy.outcome == "bounced"}
    assert (len(reasons), last > cutoff * HOUR, min(ended) >= last, max(ended) <= last + 600) == (count, *[True] * 3)
    assert (
        sum("all hosts for 'b.example' have been failing for a long time" in reason for reason in reasons) == count - 1
    )


@pytest.mark.parametrize("transfer", ["end-to-end", "store-and-forward"])
def test_exim_forgets_that_there_was_no_way_when_mail_has_gone(transfer: str):
    """Two outages days apart are two failures: the second does not find the mail failing since the first."""
    line = Weather(down=tuple(Interval(start=day * DAY, end=day * DAY + HOUR) for day in (0, 5)))
    mail = [message(day * DAY + minutes * MINUTE, "u1@a", "u1@c") for day in (0, 5) for minutes in (1, 50, 300)]
    hosts, weather = {"a": {"mta": Exim()}}, {"a-b": line}
    spec = scenario(
        "a-b b-c", *mail, hosts=hosts, weather=weather, transfer=transfer, duration=6 * DAY, unreachable="icmp"
    )
    facts = run(spec)
    assert [copy.outcome for copy in facts.copies] == ["delivered"] * 6
    assert {attempt.outcome for attempt in facts.attempts} == {"no-route", "accepted"}


def test_exim_holds_a_missing_way_against_the_host_of_every_domain():
    """What waits for one domain keeps another domain's mail from the same host, and goes when that is there."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((0, "b"),), users=("u1",)),
        "c.example": Domain(name="c.example", mx=((0, "b"),), users=("u1",)),
    }
    line = Weather(down=(Interval(start=0.0, end=10 * MINUTE),))
    mail = [message(0, "u1@a", "u1@b"), message(12 * MINUTE, "u1@a", "u1@c")]
    facts = facts_of(Exim(), *mail, domains=domains, weather={"a-b": line}, duration=HOUR)
    assert [(fact.message_id, fact.started_s) for fact in facts.attempts][:2] == [(1, 0), (1, 30 * MINUTE)]
    assert {copy.outcome for copy in facts.copies} == {"delivered"}


def test_exim_does_not_return_mail_while_a_host_that_it_passed_over_may_still_come_back():
    """The second exchanger has failed for too long, the first has not: one try at the second alone is no end."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((0, "b"), (10, "c")), users=("u1",)),
    }
    rules = (RetryRule("F", HOUR, 30 * MINUTE), RetryRule("F", 4 * HOUR, 15 * MINUTE))
    down = Weather(down=(Interval(start=0.0, end=HOUR), Interval(start=5 * HOUR, end=6 * HOUR)))
    hosts = {"a": {"mta": Exim(retry=rules, connect_timeout=10.0)}, "b": {"weather": down}, "c": {"weather": FOR_EVER}}
    mail = [message(minutes * MINUTE, "u1@a", "u1@b") for minutes in (0, 301, 321)]
    facts = run(scenario("a-b a-c", *mail, hosts=hosts, domains=domains, duration=DAY))
    assert [fact.to_host for fact in facts.attempts if fact.started_s == 321 * MINUTE] == ["c"]
    assert {copy.outcome for copy in facts.copies} == {"delivered"}


def test_exim_forgets_that_the_name_service_was_silent_when_it_answers():
    """Two failures of the DNS days apart are two as well."""
    sky = Weather(down=tuple(Interval(start=day * DAY, end=day * DAY + HOUR) for day in (0, 5)))
    mail = [message(day * DAY + minutes * MINUTE, "u1@a", "u1@b") for day in (0, 5) for minutes in (1, 50, 300)]
    facts = facts_of(Exim(), *mail, duration=6 * DAY, hosts={"a": {"mta": Exim(), "resolver": sky}})
    assert [copy.outcome for copy in facts.copies] == ["delivered"] * 6
    assert {attempt.outcome for attempt in facts.attempts} == {"dns-failure", "accepted"}


def test_one_success_wakes_what_waits_for_the_host_in_exims_next_run():
    """Mail that found the host busy would wait for ten hours, but the session that made it busy ends well."""
    rules = (RetryRule("F", 4 * DAY, 10 * HOUR),)
    mail = [message(0, "u1@a", "u1@b", size=1e6), message(10, "u1@a", "u2@b")]
    facts = facts_of(Exim(retry=rules), *mail, hosts={"b": {"sessions": 1, "mta": Exim()}}, rate=1e5)
    assert [(fact.message_id, fact.outcome) for fact in facts.attempts] == [
        (2, "deferred"),
        (1, "accepted"),
        (2, "accepted"),
    ]
    assert facts.attempts[2].started_s == 30 * MINUTE


def test_exim_returns_mail_to_a_domain_that_does_not_exist_at_once():
    """There is no host to keep a record of."""
    facts = facts_of(Exim(), message(0, "u1@a", "u1@nowhere"))
    assert [(copy.outcome, copy.ended_s) for copy in facts.copies if "nowhere" in copy.recipient] == [("bounced", 0.0)]


def test_exim_returns_new_mail_to_a_long_dead_host_without_an_attempt():
    """The first message grows too old, the second finds the host dead for too long, the third is not tried any more."""
    rules = (RetryRule("F", HOUR, 10 * MINUTE),)
    mail = [message(minutes * MINUTE, "u1@a", "u1@b") for minutes in (0, 40, 95)]
    facts = facts_of(
        Exim(retry=rules, connect_timeout=10.0), *mail, hosts={"b": {"weather": FOR_EVER}}, duration=6000.0
    )
    ends = [(copy.outcome, copy.ended_s, copy.reason) for copy in facts.copies if copy.recipient == "u1@b.example"]
    why = "550 5.4.1 all hosts for 'b.example' have been failing for a long time (and retry time not reached)"
    assert ends == [
        ("bounced", 60 * MINUTE + 10, "expired: 4.4.1 connection timed out"),
        ("bounced", 90 * MINUTE + 10, "expired: 4.4.1 connection timed out"),
        ("bounced", 95 * MINUTE, why),
    ]
    assert {fact.message_id for fact in facts.attempts} == {1, 2}


def test_exim_backs_off_a_message_that_the_host_puts_off(monkeypatch):
    """The recipient who is refused for now waits for a queue run; the host is tried for other mail."""
    judge, asked = Directory.rcpt_reply, []

    def busy(directory: Directory, path):
        if path.mailbox is None or path.mailbox.local != "u2" or asked:
            return judge(directory, path)
        asked.append(path)
        return E450_BUSY

    monkeypatch.setattr(Directory, "rcpt_reply", busy)
    facts = facts_of(Exim(), message(0, "u1@a", "u1@b", "u2@b"), message(60, "u1@a", "u1@b"))
    assert [(fact.message_id, fact.outcome) for fact in facts.attempts] == [
        (1, "partial"),
        (2, "accepted"),
        (1, "accepted"),
    ]
    assert facts.attempts[2].started_s == 30 * MINUTE


def test_exim_tries_the_second_host_where_the_first_is_not_due():
    """An MX host that failed is passed over until its time has come; its neighbour is not."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((0, "b"), (10, "c")), users=("u1",)),
        "c.example": Domain(name="c.example", mx=((0, "c"),), users=("u1",)),
    }
    hosts = {"a": {"mta": Exim(connect_timeout=10.0)}, "b": {"weather": FOR_EVER}}
    mail = [message(0, "u1@a", "u1@b"), message(60, "u1@a", "u1@b")]
    facts = run(scenario("a-b a-c", *mail, hosts=hosts, domains=domains, drain=HOUR))
    assert [(fact.message_id, fact.to_host) for fact in facts.attempts if fact.from_host == "a"] == [
        (1, "b"),
        (1, "c"),
        (2, "c"),
    ]


def test_new_mail_sets_off_nullmailers_whole_queue():
    """What rests is tried again with it, and the pauses begin anew."""
    mail = [message(0, "u1@a", "u1@b"), message(400, "u1@a", "u2@b")]
    facts = facts_of(Nullmailer(), *mail, weather={"a-b": FOR_EVER}, duration=1000.0, unreachable="icmp")
    tried = {1: [], 2: []}
    for fact in facts.attempts:
        tried[fact.message_id].append(fact.started_s)
    assert tried[1][:7] == [0, 60, 180, 400, 460, 580, 820]
    assert tried[2][:4] == [400, 460, 580, 820]


def test_a_restart_of_nullmailer_tries_everything():
    """Its pause does not outlive it."""
    hosts = {"a": {"mta": Nullmailer(), "weather": Weather(down=(Interval(start=200.0, end=300.0),))}}
    mail, weather = message(0, "u1@a", "u1@b"), {"a-b": FOR_EVER}
    facts = run(scenario("a-b", mail, weather=weather, hosts=hosts, drain=HOUR, unreachable="icmp"))
    assert [fact.started_s for fact in facts.attempts][:5] == [0, 60, 180, 300, 360]


def test_mail_that_expired_while_the_host_was_down_is_returned_when_it_is_back():
    """OpenSMTPD's timer finds it then, without an attempt."""
    hosts = {"a": {"mta": OpenSmtpd(expire=HOUR), "weather": Weather(down=(Interval(start=2000.0, end=9000.0),))}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), weather={"a-b": FOR_EVER}, hosts=hosts))
    assert [fact.started_s for fact in facts.attempts] == [0, 400, 1600]
    assert (facts.copies[0].outcome, facts.copies[0].ended_s) == ("bounced", 9000.0)


def test_qmail_opens_a_session_for_each_recipient():
    """One recipient a transaction, all at the same time."""
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b", "u2@b"), hosts={"a": {"mta": Qmail()}}))
    assert [(fact.started_s, fact.recipients) for fact in facts.attempts] == [(0, 1), (0, 1)]


def forwarding(**names: dict[str, str]) -> dict[str, Domain]:
    """Domains a.example and b.example, whose people have left or moved."""
    return {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",), **names),
        "b.example": Domain(name="b.example", mx=((0, "b"),), users=("u1",)),
    }


def test_a_forward_passes_mail_on_in_its_senders_name():
    """RFC 5321 section 3.9.1: the reverse-path stays, and so does who hears of failures."""
    domains = forwarding(forwards={"Gone": "u1@b.example", "lost": "nobody@b.example"})
    facts = run(scenario("a-b", message(0, "u1@a", "gone@a", "lost@a"), domains=domains))
    assert [(copy.recipient, copy.outcome, copy.reason) for copy in facts.copies][:2] == [
        ("gone@a.example", "delivered", "forwarded to u1@b.example"),
        ("lost@a.example", "delivered", "forwarded to nobody@b.example"),
    ]
    assert [fact.sender for fact in facts.messages] == ["u1@a.example"] * 3 + ["<>"]
    assert [copy.outcome for copy in facts.copies if copy.recipient == "u1@b.example"] == ["delivered"]


def test_forwards_that_lead_to_each_other_end():
    """A message that comes to a forward for the second time is returned."""
    domains = forwarding(forwards={"one": "two@a.example", "two": "one@a.example"})
    facts = run(scenario("a-b", message(0, "u1@b", "u1@a"), message(0, "u1@a", "one@a"), domains=domains))
    assert [copy.reason for copy in facts.copies if copy.outcome == "bounced"] == [
        "554 5.4.6 mail forwarding loop for one@a.example"
    ]


def test_who_has_moved_gets_nothing_and_the_sender_learns_the_address():
    """551 names it (RFC 5321 section 3.4)."""
    facts = run(scenario("a-b", message(0, "u1@a", "gone@a"), domains=forwarding(moved={"gone": "u1@b.example"})))
    assert (facts.copies[0].outcome, facts.copies[0].reason) == (
        "bounced",
        "551 5.1.6 User not local; please try <u1@b.example>",
    )


def test_qmail_leaves_a_silent_host_alone_for_an_hour():
    """Two connect timeouts 120 s apart, then an hour in which nobody's mail is tried there (tcpto.c)."""
    mail = [message(at, "u1@a", "u1@b") for at in (0, 200, 300, 2000)]
    facts = facts_of(Qmail(), *mail, hosts={"b": {"weather": FOR_EVER}}, duration=3900.0)
    early = [(fact.message_id, fact.started_s) for fact in facts.attempts if fact.started_s < 3900]
    assert early == [(1, 0.0), (2, 200.0)]


def test_exim_lets_the_eleventh_message_of_a_session_wait_for_a_queue_run():
    """smtp_accept_queue_per_connection (chatmail/core issue 3490): the first ten go on at once."""
    one_by_one = Delays(destination_concurrency_limit=1)
    hosts = {"a": {"mta": one_by_one}, "b": {"mta": Exim()}}
    mail = [message(0, "u1@a", "u1@c") for _ in range(12)]
    facts = run(scenario("a-b b-c", *mail, hosts=hosts, transfer="store-and-forward"))
    late = [fact.message_id for fact in facts.attempts if fact.from_host == "b" and fact.started_s > 60]
    assert {fact.session_id for fact in facts.attempts if fact.from_host == "a"} == {1}
    assert sorted(late) == [11, 12]
    assert {fact.reason for fact in facts.deferrals} == {MANY_IN_A_SESSION}


def test_opensmtpd_tries_a_new_route_with_one_connection_and_all_wait_for_its_fate():
    """The route is disabled, so nobody else tries; the one that gets through later takes all along, in one session."""
    hosts = {"b": {"weather": Weather(down=(Interval(start=0.0, end=300.0),))}}
    mail = [message(at, "u1@a", "u1@b") for at in (0, 1, 2, 200)]
    facts = facts_of(OpenSmtpd(), *mail, hosts=hosts, duration=500.0)
    attempts = [(fact.message_id, fact.started_s, fact.outcome) for fact in facts.attempts]
    assert attempts[:2] == [(1, 0.0, "connect-timeout"), (4, 200.0, "connect-timeout")]
    assert attempts[2] == (1, 400.0, "accepted")
    # The others have a time of their own, 401 s and later, but follow at once.
    assert sorted((number, outcome) for number, _, outcome in attempts[3:]) == [(n, "accepted") for n in (2, 3, 4)]
    assert {fact.session_id for fact in facts.attempts[2:]} == {facts.attempts[2].session_id}
    assert max(start for _, start, _ in attempts) < 401.0


def test_an_idle_session_of_opensmtpd_waits_ten_seconds_for_mail():
    """sessdelay_keepalive: what comes within 10 s goes in the session that is there."""
    mail = [message(at, "u1@a", "u1@b") for at in (0, 9, 25)]
    facts = facts_of(OpenSmtpd(), *mail)
    assert [fact.session_id for fact in facts.attempts] == [1, 1, 2]


def test_exim_takes_what_waits_for_a_host_along_in_the_session_that_reached_it():
    """One message at a time in one session, without a look at retry times (transport_check_waiting; wait-remote_smtp)."""
    hosts = {"b": {"weather": Weather(down=(Interval(start=0.0, end=70 * MINUTE),))}}
    mail = [message(at, "u1@a", "u1@b") for at in (0, 60, 120, 180)]
    facts = facts_of(Exim(connect_timeout=10.0), *mail, hosts=hosts, duration=300.0)
    done = [fact for fact in facts.attempts if fact.outcome == "accepted"]
    assert len({fact.session_id for fact in done}) == 1
    assert [later.started_s == before.ended_s for before, later in pairwise(done)] == [True] * 3
    one_each = facts_of(Exim(connect_timeout=10.0, connection_max_messages=1), *mail, hosts=hosts, duration=300.0)
    assert len({fact.session_id for fact in one_each.attempts if fact.outcome == "accepted"}) == 4


def test_a_queue_run_of_exim_takes_one_message_after_the_other_and_five_run_at_a_time():
    """queue_run_max: slow hosts hold up a run, and where five are under way no further one begins."""
    names = [f"b{n}" for n in range(9)]
    down = {"weather": FOR_EVER}
    domains = {f"{name}.example": Domain(name=f"{name}.example", mx=((0, name),), users=("u1",)) for name in names}
    domains["a.example"] = Domain(name="a.example", mx=((0, "a"),), users=("u1",))
    rules = (RetryRule("F", 4 * DAY, 5.0),)
    product = Exim(retry=rules, queue_run=10.0, connect_timeout=100.0)
    spec = scenario(
        " ".join(f"a-{name}" for name in names),
        *[message(0, "u1@a", f"u1@{name}") for name in names],
        hosts={"a": {"mta": product}, **dict.fromkeys(names, down)},
        domains=domains,
        duration=HOUR,
        drain=1.0,
    )
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    world.hosts["a"].deferred.runs_since = 0.0
    later = [fact for fact in world.run().attempts if fact.started_s > 0]
    under_way = [sum(other.started_s <= one.started_s < other.ended_s for other in later) for one in later]
    assert max(under_way) == 5
    assert len({fact.started_s for fact in later}) == len(later)


def test_a_queue_run_of_sendmail_takes_the_jobs_of_least_priority_number_first():
    """Size, recipients and attempts make a job wait (queue.c; RecipientFactor, RetryFactor)."""
    hosts = {"a": {"mta": Sendmail(connect=10.0)}, "b": {"weather": Weather(down=(Interval(start=0.0, end=60.0),))}}
    mail = [message(0, "u1@a", "u1@b", size=size) for size in (90_000, 500, 20_000)]
    mail.append(message(0, "u1@a", "u1@b", "u2@b"))
    facts = facts_of(Sendmail(connect=10.0), *mail, hosts=hosts)
    done = [fact for fact in facts.attempts if fact.outcome == "accepted"]
    assert [fact.message_id for fact in done] == [2, 3, 4, 1]
    assert all(before.ended_s <= after.started_s for before, after in pairwise(done))


def test_a_queue_run_of_sendmail_tries_a_silent_host_once():
    """Its process remembers (mci.c); new mail has a process of its own, and the next run tries again."""
    mail = [message(at, "u1@a", "u1@b") for at in (0, 0, 0, 1900)]
    facts = facts_of(Sendmail(connect=10.0), *mail, hosts={"b": {"weather": FOR_EVER}}, duration=4000.0)
    starts = [fact.started_s for fact in facts.attempts if fact.started_s < 5000]
    assert starts == [0, 0, 0, 1800, 1900, 3600]


def test_postfix_slows_down_who_gets_ahead_of_its_queue_manager():
    """in_flow_delay: where more wait in the incoming queue than default_process_limit, each further 250 is late."""
    slow = Postfix(qmgr_message_active_limit=1, default_process_limit=2)
    hosts = {"b": {"mta": slow}, "c": {"service_time": 50.0}}
    mail = [message(10.0 * nth, "u1@a", "u1@c") for nth in range(6)]
    facts = run(scenario("a-b b-c", *mail, hosts=hosts, transfer="store-and-forward"))
    took = [fact.ended_s - fact.started_s for fact in facts.attempts if fact.from_host == "a"]
    assert [round(time - took[0], 2) for time in took] == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]


def test_asking_for_one_domains_mail_revives_every_dead_destination_of_postfix():
    """ETRN, as `postqueue -s`: the messages of one domain go, and mail that comes for another is tried again, too."""
    down = {"weather": FOR_EVER}
    one = Postfix(smtp_connect_timeout=5.0, default_destination_concurrency_failed_cohort_limit=1)
    mail = [message(0, "u1@a", f"u1@{to}") for to in "bbbbbcccccc"]
    late = [message(100, "u1@a", "u1@c")]
    spec = scenario("a-b a-c", *mail, *late, hosts={"a": {"mta": one}, "b": down, "c": down}, duration=200.0, drain=1.0)
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    host = world.hosts["a"]
    host.deferred.runs_since = 0.0
    world.clock.call_at(90.0, lambda: host.server.held_mail.start("b.example"))
    assert [fact.to_host for fact in world.run().attempts if fact.started_s >= 100] == ["c"]


@pytest.mark.parametrize(("client", "longer"), [(Postfix(), 0.2), (Exim(), 0.0)])
def test_a_server_of_exim_waits_for_the_clients_fin_behind_quit(client: Product, longer: float):
    """Its socket is corked for 200 ms then: a 250 with QUIT behind it is as late, where the client does not half-close."""
    mail = message(0, "u1@a", "u1@b")
    plain, linger = (facts_of(client, mail, hosts={"b": {"mta": server}}) for server in (Postfix(), Exim()))
    times = [facts.attempts[0].ended_s for facts in (plain, linger)]
    assert times[1] - times[0] == pytest.approx(longer, abs=2e-3)
    assert linger.copies[0].ended_s == pytest.approx(plain.copies[0].ended_s, abs=2e-3)
