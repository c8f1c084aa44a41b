"""What goes wrong in a host's life, at the worst moment."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.scenario.products import PRODUCTS
from sim.scenario.spec import DAY, HOUR, Domain, Interval, Outages, Postfix, Weather
from sim.world.engine.clock import Clock
from sim.world.host import world

BUSY = Postfix(queue_run_delay=30.0, minimal_backoff_time=30.0, maximal_backoff_time=60.0)


def down(*stretches: tuple[float, float]) -> Weather:
    """Down during these."""
    return Weather(down=tuple(Interval(start=start, end=end) for start, end in stretches))


def mx(*records: tuple[int, str], name: str = "b.example") -> dict[str, Domain]:
    """A domain of these hosts, beside a.example."""
    return {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1", "u2")),
        name: Domain(name=name, mx=records, users=("u1", "u2")),
    }


def test_client_dies_while_the_server_puts_mail_on_disk():
    """The server delivers on its own; the client, back again, sends the message once more (RFC 1047)."""
    hosts = {"a": {"weather": down((0.5, 100.0))}, "b": {"commit_time": 1.0}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts))
    [copy] = facts.copies
    assert (copy.outcome, copy.duplicates) == ("delivered", 1)
    assert [attempt.outcome for attempt in facts.attempts] == ["host-crash", "accepted"]
    assert facts.attempts[0].ended_s == 0.5


def test_a_volatile_client_that_dies_then_does_not_end_the_run():
    """What the server has on its hands is delivered, although nobody else knows of it."""
    hosts = {"a": {"weather": down((0.5, 100.0)), "spool": "volatile"}, "b": {"commit_time": 1.0}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts))
    assert (facts.copies[0].outcome, facts.copies[0].path) == ("delivered", "a>b")


def test_a_server_slower_than_the_clients_patience_delivers_again_and_again():
    """700 s for each commit, 600 s of patience: the recipient has one message for every attempt."""
    policy = Postfix(maximal_queue_lifetime=HOUR)
    hosts = {"a": {"mta": policy}, "b": {"commit_time": 700.0}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts))
    [copy] = [copy for copy in facts.copies if copy.recipient == "u1@b.example"]
    assert (copy.outcome, copy.duplicates) == ("delivered", len(facts.attempts) - 1)
    assert {attempt.outcome for attempt in facts.attempts} == {"timeout"}
    assert min(copy.contact_s, copy.transfer_s, copy.service_s) >= 0


@pytest.mark.parametrize("routing", ["static", "shortest-delay"])
def test_a_backup_that_cannot_reach_the_primary_waits(routing: str):
    """The relay between them does not offer the mail to the backup again: no loop, and delivery when the primary is back."""
    facts = run(
        scenario(
            "s-x x-b x-p",
            message(0, "u1@s", "u1@p"),
            transfer="store-and-forward",
            routing=routing,
            domains={
                "s.example": Domain(name="s.example", mx=((0, "s"),), users=("u1",)),
                "p.example": Domain(name="p.example", mx=((10, "p"), (20, "b")), users=("u1",)),
            },
            weather={"x-p": down((0.0, HOUR))},
        )
    )
    [copy] = facts.copies
    assert copy.outcome == "delivered"
    assert copy.hops <= 4


def test_a_short_backoff_does_not_stop_the_clock():
    """Retries come with queue runs, and each run is later than the one before."""
    policy = Postfix(
        minimal_backoff_time=0.5, maximal_backoff_time=0.5, queue_run_delay=1.0, maximal_queue_lifetime=60.0
    )
    hosts = {"a": {"mta": policy}}
    weather = {"a-b": down((0.0, DAY))}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts, weather=weather, unreachable="icmp"))
    assert facts.copies[0].outcome == "bounced"
    assert 10 < len(facts.attempts) <= 62


def test_a_client_that_never_reached_the_host_takes_no_session():
    """The limit is for connections that the host has."""
    hosts = {"c": {"sessions": 1}}
    weather = {"a-c": down((0.0, HOUR))}
    mail = [message(0, "u1@a", "u1@c"), message(1, "u1@d", "u1@c")]
    facts = run(scenario("a-c d-c", *mail, hosts=hosts, weather=weather, routing="static"))
    assert [attempt.outcome for attempt in facts.attempts if attempt.from_host == "d"] == ["accepted"]


def test_a_restart_forgets_the_sessions():
    """A client that still waits for an answer from before holds no place after the restart."""
    hosts = {"c": {"sessions": 1, "service_time": 5.0, "weather": down((1.0, 2.0))}}
    mail = [message(0, "u1@a", "u1@c"), message(20, "u1@d", "u1@c")]
    facts = run(scenario("a-c d-c", *mail, hosts=hosts))
    assert next(attempt.outcome for attempt in facts.attempts if attempt.from_host == "d") == "accepted"


def test_equal_exchangers_share_one_session():
    """All recipients of a domain go to the same host at a time (RFC 5321 section 4.5.4.1)."""
    domains = mx((10, "x"), (10, "y"), (10, "z"))
    domains["b.example"] = Domain(name="b.example", mx=domains["b.example"].mx, users=tuple(f"u{n}" for n in range(9)))
    mail = message(0, "u1@a", *[f"u{n}@b" for n in range(9)])
    facts = run(scenario("a-x a-y a-z", mail, domains=domains))
    assert [attempt.recipients for attempt in facts.attempts] == [9]


def test_many_recipients_go_in_several_transactions():
    """Postfix's default_destination_recipient_limit: 50 at a time, all at once."""
    users = tuple(f"u{n}" for n in range(120))
    domains = {**mx((0, "b"))}
    domains["b.example"] = Domain(name="b.example", mx=((0, "b"),), users=users)
    facts = run(scenario("a-b", message(0, "u1@a", *[f"{user}@b" for user in users]), domains=domains))
    assert sorted(attempt.recipients for attempt in facts.attempts) == [20, 50, 50]
    assert max(copy.ended_s for copy in facts.copies) < 10.0


def test_no_line_starves():
    """With one process mail goes first in, first out, as Postfix has it: no later mail passes that to another host."""
    mail = [message(at, "u1@a", "u1@b") for at in (0, 0.6) for _ in range(20)] + [message(0.5, "u1@a", "u1@c")]
    hosts = {"a": {"mta": Postfix(default_process_limit=1)}}
    facts = run(scenario("a-b a-c", *sorted(mail, key=lambda one: one.at), hosts=hosts))
    place = [attempt.to_host for attempt in sorted(facts.attempts, key=lambda attempt: attempt.started_s)].index("c")
    assert place == 20


def test_small_messages_pass_a_big_one():
    """With one process, a message to many hosts lets a later one to one host pass (Postfix's preemptive scheduler)."""
    hops = [f"h{number}" for number in range(20)]
    mail = [message(0, "u1@a", *[f"u1@{hop}" for hop in hops]), message(0.1, "u1@a", "u1@z")]
    hosts = {"a": {"mta": Postfix(default_process_limit=1)}}
    facts = run(scenario(" ".join(f"a-{hop}" for hop in [*hops, "z"]), *mail, hosts=hosts))
    assert [attempt.to_host for attempt in facts.attempts].index("z") < 5


def test_a_dead_destination_is_spared():
    """After three failures all that waits is put off at once; what comes in the next five minutes is not tried."""
    hosts = {"b": {"weather": down((0.0, 10 * HOUR))}}
    mail = [message(0, "u1@a", "u1@b") for _ in range(20)] + [message(200.0, "u1@a", "u1@b")]
    facts = run(scenario("a-b", *mail, hosts=hosts, duration=300.0))
    early = [attempt for attempt in facts.attempts if attempt.started_s < 290.0]
    assert [attempt.outcome for attempt in early] == ["connect-timeout"] * 5
    assert {copy.outcome for copy in facts.copies} == {"delivered"}


def test_a_rate_delay_paces_deliveries():
    """default_destination_rate_delay: one message to a destination, a pause, the next; others are not concerned."""
    hosts = {"a": {"mta": Postfix(default_destination_rate_delay=10.0)}}
    mail = [message(0, "u1@a", "u1@b") for _ in range(3)] + [message(24.0, "u1@a", "u1@b"), message(0, "u1@a", "u1@c")]
    facts = run(scenario("a-b a-c", *sorted(mail, key=lambda one: one.at), hosts=hosts))
    paced = [attempt for attempt in facts.attempts if attempt.to_host == "b"]
    gaps = [later.started_s - before.ended_s for before, later in pairwise(paced)]
    assert gaps == pytest.approx([10.0, 10.0, 10.0])
    assert next(attempt.started_s for attempt in facts.attempts if attempt.to_host == "c") == 0.0


def test_a_way_that_broke_while_mail_stood_in_line():
    """Ways are looked up when the turn comes; mail that has none then gives its place back and is put off."""
    hosts = {"a": {"mta": Postfix(default_process_limit=1)}, "b": {"service_time": 50.0}}
    mail = [message(0, "u1@a", f"u1@{hop}") for hop in "bcd"]
    weather = {"a-c": down((10.0, HOUR))}
    facts = run(scenario("a-b a-c a-d", *mail, hosts=hosts, weather=weather, unreachable="icmp"))
    assert [(one.to_host, one.outcome) for one in facts.attempts][:3] == [
        ("b", "accepted"),
        ("c", "no-route"),
        ("d", "accepted"),
    ]
    assert {copy.outcome for copy in facts.copies} == {"delivered"}


def test_messages_wait_for_the_active_queue():
    """qmgr_message_active_limit 1: one message at a time, new ones before those that were put off."""
    hosts = {"a": {"mta": Postfix(qmgr_message_active_limit=1)}}
    mail = [message(0, "u1@a", f"u1@{hop}") for hop in "bcd"]
    facts = run(scenario("a-b a-c a-d", *mail, hosts=hosts))
    assert all(one.ended_s <= next_.started_s for one, next_ in pairwise(facts.attempts))
    assert [attempt.to_host for attempt in facts.attempts] == ["b", "c", "d"]


def test_a_refused_copy_is_not_offered_again_after_a_crash():
    """550 for one copy while another is under way: the crash in between does not make it forgotten."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((0, "b"),), users=("u1",)),
        "c.example": Domain(name="c.example", mx=((0, "c"),), users=("u1",)),
    }
    hosts = {"a": {"weather": down((5.0, 100.0))}, "c": {"weather": down((0.0, 50.0))}}
    mail = message(0, "u1@a", "nobody@b.example", "u1@c")
    facts = run(scenario("a-b a-c", mail, domains=domains, hosts=hosts))
    assert Counter(attempt.to_host for attempt in facts.attempts)["b"] == 1
    assert {copy.recipient: copy.outcome for copy in facts.copies if copy.message_id == 1} == {
        "nobody@b.example": "bounced",
        "u1@c.example": "delivered",
    }


def test_a_restart_begins_with_a_queue_run():
    """What was under way when the host went down is tried again at once, and later runs count from the restart."""
    hosts = {"a": {"weather": down((10.0, 20.0)), "mta": BUSY}}
    weather = {"a-b": down((0.0, 200.0))}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts, weather=weather, routing="static"))
    starts = [attempt.started_s for attempt in facts.attempts]
    assert (starts[1], (starts[2] - 20.0) % 30.0) == (20.0, 0.0)


def test_nothing_starts_while_the_host_is_down():
    """What stands in line when the host goes down waits for it to come back."""
    policy = Postfix(default_destination_concurrency_limit=1)
    hosts = {"a": {"mta": policy, "weather": down((30.0, 60.0))}, "b": {"weather": down((0.0, 100.0))}}
    facts = run(scenario("a-b", *[message(0, "u1@a", "u1@b") for _ in range(5)], hosts=hosts))
    assert [attempt for attempt in facts.attempts if 30.0 <= attempt.started_s < 60.0] == []


@pytest.mark.parametrize("product", [product() for product in PRODUCTS.values()], ids=list(PRODUCTS))
def test_mail_that_was_never_tried_is_returned_when_its_time_is_over(product):
    """A host that is down for longer than mail may wait ends all of it, the mail that stood in line too."""
    hosts = {"a": {"mta": product, "weather": down((0.1, 30 * DAY))}, "b": {"weather": down((0.0, 40 * DAY))}}
    mail = [message(0, "u1@a", "u1@b") for _ in range(3)]
    facts = run(scenario("a-b", *mail, hosts=hosts, drain=90 * DAY))
    assert Counter(copy.outcome for copy in facts.copies if copy.message_id <= 3) == {"bounced": 3}


def test_a_domain_named_like_a_host_is_where_its_records_say():
    """DNS decides where mail goes, not the name that a relay happens to bear."""
    domains = mx((0, "z"), name="r.x")
    mail = message(0, "u1@a.example", "u1@r.x")
    facts = run(scenario("a-r.x r.x-z", mail, transfer="store-and-forward", domains=domains))
    assert facts.copies[0].outcome == "delivered"


def test_waiting_copies_are_not_in_transfer():
    """Only what a session carries is; the rest is queued, and the session under way at the end is on record."""
    hosts = {"a": {"mta": Postfix(default_destination_concurrency_limit=1)}, "b": {"service_time": 50.0}}
    facts = run(scenario("a-b", *[message(0, "u1@a", "u1@b") for _ in range(5)], hosts=hosts, drain=0.0))
    assert Counter(copy.outcome for copy in facts.copies) == {"in-transfer": 1, "queued": 4}
    assert [attempt.outcome for attempt in facts.attempts] == ["unfinished"]


def test_one_address_in_two_spellings_is_one_copy():
    """Domains have no case."""
    facts = run(scenario("a-b", message(0, "u1@a.example", "u1@b.example", "u1@B.example")))
    assert len(facts.copies) == 1


class Stepwise(Clock):
    """A clock that never leaps."""

    def advance_if_idle(self, time: float) -> bool:
        """No."""
        assert time >= self.now
        return False


names = st.sampled_from(["a", "b", "c"])


@settings(max_examples=80)
@given(
    mail=st.lists(
        st.builds(
            lambda at, sender, hosts, user: message(at, f"u1@{sender}", *[f"{user}@{host}.example" for host in hosts]),
            st.floats(0, 600),
            names,
            st.lists(names, min_size=1, max_size=3),
            st.sampled_from(["u1", "nobody"]),
        ),
        max_size=10,
    ),
    transfer=st.sampled_from(["end-to-end", "store-and-forward"]),
    loss=st.sampled_from([0.0, 0.1]),
    crashes=st.lists(st.tuples(st.floats(0, 900), st.floats(0.1, 300)), max_size=4),
    spool=st.sampled_from(["durable", "volatile"]),
    service=st.sampled_from([0.0, 0.05, 3.0]),
    commit=st.sampled_from([0.0, 1.0, 700.0]),
    limits=st.sampled_from([(1, 1), (2, 1), (100, 20)]),
    sessions=st.sampled_from([1, 2, 100]),
    lifetime=st.sampled_from([0.0, 50.0, DAY]),
    reuse=st.sampled_from(["rset", "mail", "pipeline", "never"]),
)
def test_leaping_changes_nothing(
    mail, transfer, loss, crashes, spool, service, commit, limits, sessions, lifetime, reuse
):
    """Every row is the same whether time leaps or goes event by event; times only go forward; delays add up."""
    policy = Postfix(
        default_process_limit=limits[0],
        default_destination_concurrency_limit=limits[1],
        maximal_queue_lifetime=lifetime,
        queue_run_delay=30.0,
    )
    everywhere = {"mta": policy, "service_time": service, "commit_time": commit, "sessions": sessions, "reuse": reuse}
    sky = Weather(down=tuple(Interval(start=start, end=start + length) for start, length in crashes))
    spec = scenario(
        "a-b b-c",
        *mail,
        transfer=transfer,
        loss=loss,
        hosts={"*": everywhere, "b": {"weather": sky, "spool": spool}},
        weather={"b-c": Weather(outages=Outages.exponential(mtbf=300.0, mttr=60.0))},
        duration=601.0,
        drain=HOUR,
    )
    leaping = run(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "Clock", Stepwise)
        assert run(spec) == leaping
    for copy in leaping.copies:
        parts = copy.queue_s, copy.retry_s, copy.contact_s, copy.transfer_s, copy.service_s
        assert sum(parts) == pytest.approx(copy.ended_s - copy.created_s, abs=1e-6)
        assert min(parts) >= -1e-6
    assert all(attempt.ended_s >= attempt.started_s for attempt in leaping.attempts)


@settings(max_examples=30, deadline=None)
@given(
    crash=st.floats(0.0, 3.0),
    which=st.sampled_from(["a", "b"]),
    links=st.sampled_from(["a-b", "a-c c-b"]),
    transfer=st.sampled_from(["end-to-end", "store-and-forward"]),
)
def test_hops_are_the_passes_that_were_accepted(crash, which, links, transfer):
    """None, where the writer's host is down to the end of the run; never fewer, whoever goes down when."""
    mail = [message(at, "u1@a", "u1@b") for at in (0.0, 1.0, 2.0)]
    facts = run(
        scenario(links, *mail, hosts={which: {"weather": down((crash, 1e9))}}, transfer=transfer, duration=3, drain=9.0)
    )
    passed = sum(attempt.outcome == "accepted" for attempt in facts.attempts)
    assert min(copy.hops for copy in facts.copies) >= 0
    assert sum(copy.hops + copy.duplicates for copy in facts.copies) <= passed
    if crash == 0.0 and which == "a":
        assert {copy.hops for copy in facts.copies} == {0}
