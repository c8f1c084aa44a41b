"""What happens to mail: delivered, tried again, bounced, lost, delivered twice."""

from __future__ import annotations

import email
import gc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.mail.trace import hop_count
from sim.scenario.products.exim import Exim
from sim.scenario.spec import DAY, HOUR, Domain, Interval, Outages, Postfix, Weather, Window
from sim.world.simulation import Simulation

MINUTE = 60.0
DOWN_FOR_EVER = Weather(down=(Interval(start=0.0, end=1000 * DAY),))


def outcomes(facts) -> Counter:
    """How users' copies ended."""
    users = {fact.message_id for fact in facts.messages if fact.sender != "<>"}
    return Counter(copy.outcome for copy in facts.copies if copy.message_id in users)


@pytest.mark.parametrize("transfer", ["end-to-end", "store-and-forward"])
def test_fair_weather_delivers_everything(transfer: str):
    """No loss, no outage: every copy is delivered, to several recipients too."""
    mail = [message(t, "u1@a", "u1@d", "u2@b", "u1@c") for t in range(20)]
    facts = run(scenario("a-b b-c c-d", *mail, transfer=transfer))
    assert outcomes(facts) == {"delivered": 60}


@pytest.mark.parametrize("transfer", ["end-to-end", "store-and-forward"])
@pytest.mark.parametrize("routing", ["static", "shortest-delay"])
def test_a_line_that_stays_down_bounces_everything(transfer: str, routing: str):
    """No way to the recipients: after five days every copy is returned to its sender, and none is delivered."""
    mail = [message(t, "u1@a", "u1@c") for t in range(5)]
    weather = {"b-c": DOWN_FOR_EVER}
    facts = run(scenario("a-b b-c", *mail, transfer=transfer, routing=routing, weather=weather))
    assert outcomes(facts) == {"bounced": 5}
    assert all("expired" in copy.reason for copy in facts.copies if copy.recipient == "u1@c.example")
    assert Counter(fact.sender for fact in facts.messages)["<>"] == 5


def test_end_to_end_uses_one_session_over_the_whole_path():
    """The sender's host itself reaches the recipient's."""
    facts = run(scenario("a-b b-c", message(0, "u1@a", "u1@c")))
    assert [(attempt.from_host, attempt.to_host) for attempt in facts.attempts] == [("a", "c")]
    assert facts.copies[0].path == "a>c"


def test_store_and_forward_passes_every_host():
    """Each host on the way takes custody."""
    facts = run(scenario("a-b b-c", message(0, "u1@a", "u1@c"), transfer="store-and-forward"))
    assert facts.copies[0].path == "a>b>c"
    assert facts.copies[0].hops == 2


def test_one_session_for_all_recipients_of_a_next_hop():
    """Recipients behind the same neighbour share a transaction (RFC 5321 section 4.5.4.1)."""
    facts = run(scenario("a-b b-c b-d", message(0, "u1@a", "u1@c", "u2@c", "u1@d"), transfer="store-and-forward"))
    assert sorted((a.to_host, a.recipients) for a in facts.attempts) == [("b", 3), ("c", 2), ("d", 1)]


def test_each_hop_leaves_a_received_field_and_the_last_a_return_path():
    """What lies in the mailbox shows its way (RFC 5321 section 4.4)."""
    spec = scenario("a-b b-c", message(0, "u1@a", "u1@c"), transfer="store-and-forward", dialogues=True)
    world = Simulation(spec, spec.architectures["store-and-forward"], 0, 1)
    world.run()
    [content] = world.hosts["c"].custody.mailboxes["u1@c.example"]
    fields = email.message_from_bytes(content)
    assert hop_count(content) == 2
    assert fields["Return-Path"] == "<u1@a.example>"
    assert ["by c" in fields.get_all("Received")[0], "by b" in fields.get_all("Received")[1]] == [True, True]


def test_unknown_user_bounces_at_once():
    """550 at RCPT: the sender has a report, made of a real multipart/report, within seconds."""
    spec = scenario("a-b", message(0, "u1@a", "nobody@b.example"), dialogues=True)
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    facts = world.run()
    [copy, report] = facts.copies
    assert (copy.outcome, copy.reason) == ("bounced", "550 5.1.1 " + copy.reason.split(" ", 2)[2])
    assert copy.ended_s < 1.0
    assert (report.recipient, report.outcome) == ("u1@a.example", "delivered")
    found = email.message_from_bytes(world.hosts["a"].custody.mailboxes["u1@a.example"][0])
    assert found.get_content_type() == "multipart/report"
    assert found.get_param("report-type") == "delivery-status"
    status = found.get_payload()[1].get_payload()
    assert status[1]["Status"] == "5.1.1"
    assert found["Return-Path"] == "<>"


def test_unknown_local_user_bounces():
    """A user of the sender's own host that does not exist."""
    facts = run(scenario("a-b", message(0, "u1@a", "nobody@a.example")))
    assert outcomes(facts) == {"bounced": 1}


def test_unknown_domain_bounces():
    """No such domain: 5.1.2."""
    facts = run(scenario("a-b", message(0, "u1@a", "u1@nowhere.example")))
    assert facts.copies[0].reason.startswith("550 5.1.2")


def test_a_bounce_is_never_bounced():
    """Where the report cannot be delivered either, it expires; nobody is told."""
    mail = message(0, "u1@a", "nobody@b.example")
    weather = {"a-b": Weather(down=(Interval(start=0.3, end=1000 * DAY),))}
    spec = scenario("a-b", mail, weather=weather, transfer="store-and-forward")
    facts = run(spec)
    assert Counter(fact.sender for fact in facts.messages)["<>"] == 1


def test_undeliverable_report_expires():
    """The sender's line goes down before the far host gives up: its report has nowhere to go."""
    mail = message(0, "u1@a", "u1@c")
    weather = {
        "a-b": Weather(down=(Interval(start=60.0, end=1000 * DAY),)),
        "b-c": DOWN_FOR_EVER,
    }
    facts = run(
        scenario("a-b b-c", mail, transfer="store-and-forward", routing="static", weather=weather, drain=20 * DAY)
    )
    assert [copy.outcome for copy in facts.copies] == ["bounced", "expired"]
    assert Counter(fact.sender for fact in facts.messages)["<>"] == 1


def test_mail_waits_for_an_outage_to_end():
    """After a day's outage the message goes with the first queue run past its backoff."""
    weather = {"a-b": Weather(down=(Interval(start=0.0, end=DAY),))}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), weather=weather))
    [copy] = facts.copies
    assert copy.outcome == "delivered"
    assert DAY <= copy.ended_s <= DAY + 4000 + 300 + 60
    assert copy.retry_s > 0.9 * DAY


def test_backup_mx_takes_the_mail_and_releases_it():
    """The primary is down: the backup holds the mail and hands it on when the primary is back."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((10, "b"), (20, "c")), users=("u1",)),
    }
    hosts = {"b": {"weather": Weather(down=(Interval(start=0.0, end=2 * HOUR),))}}
    facts = run(scenario("a-b a-c b-c", message(0, "u1@a", "u1@b"), domains=domains, hosts=hosts))
    [copy] = facts.copies
    assert (copy.outcome, copy.path) == ("delivered", "a>c>b")


def test_durable_spool_survives_a_crash():
    """A relay that goes down with mail in its queue still has it afterwards."""
    mail = message(0, "u1@a", "u1@c")
    weather = {"b-c": Weather(down=(Interval(start=0.0, end=3 * HOUR),))}
    hosts = {"b": {"weather": Weather(down=(Interval(start=HOUR, end=2 * HOUR),))}}
    facts = run(scenario("a-b b-c", mail, transfer="store-and-forward", routing="static", weather=weather, hosts=hosts))
    assert facts.copies[0].outcome == "delivered"


def test_volatile_spool_loses_its_mail():
    """The same crash with a volatile spool: lost, and the ledger says where."""
    mail = message(0, "u1@a", "u1@c")
    weather = {"b-c": Weather(down=(Interval(start=0.0, end=3 * HOUR),))}
    hosts = {"b": {"weather": Weather(down=(Interval(start=HOUR, end=2 * HOUR),)), "spool": "volatile"}}
    facts = run(scenario("a-b b-c", mail, transfer="store-and-forward", routing="static", weather=weather, hosts=hosts))
    assert (facts.copies[0].outcome, facts.copies[0].reason) == ("lost", "volatile spool of b")


def test_lost_acknowledgement_delivers_twice():
    """The line dies between the final dot and its 250, for longer than the client waits: RFC 1047's duplicate."""
    clear = run(scenario("a-b", message(0, "u1@a", "u1@b"), delay=1.0))
    arrived = clear.copies[0].ended_s
    weather = {"a-b": Weather(down=(Interval(start=arrived - 0.01, end=arrived + HOUR),))}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), delay=1.0, weather=weather))
    [copy] = facts.copies
    assert (copy.outcome, copy.duplicates) == ("delivered", 1)
    assert [attempt.outcome for attempt in facts.attempts][:: len(facts.attempts) - 1] == ["timeout", "accepted"]


def test_down_host_is_a_connect_timeout():
    """A host that is down does not answer: 30 s of SYNs, as Postfix waits."""
    hosts = {"b": {"weather": Weather(down=(Interval(start=0.0, end=HOUR),))}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts))
    first = facts.attempts[0]
    assert (first.outcome, first.ended_s - first.started_s, first.round_trips) == ("connect-timeout", 30.0, 1)
    assert facts.copies[0].outcome == "delivered"


def test_senders_host_down_keeps_the_message_with_its_writer():
    """Mail cannot be submitted to a host that is down; it is when the host is back, and the wait is counted."""
    hosts = {"a": {"weather": Weather(down=(Interval(start=0.0, end=HOUR),))}}
    facts = run(scenario("a-b", message(10, "u1@a", "u1@b"), hosts=hosts))
    [copy] = facts.copies
    assert (copy.created_s, copy.outcome) == (10.0, "delivered")
    assert copy.queue_s == HOUR - 10


def test_never_submitted_mail_is_on_the_books():
    """A sender's host that never comes back: the copy ends the run as submitted."""
    hosts = {"a": {"weather": DOWN_FOR_EVER}}
    facts = run(scenario("a-b", message(10, "u1@a", "u1@b"), hosts=hosts, drain=DAY))
    assert outcomes(facts) == {"submitted": 1}


def test_mail_under_way_at_the_end_is_queued():
    """The run ends before the lifetime does."""
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), weather={"a-b": DOWN_FOR_EVER}, drain=DAY))
    [copy] = facts.copies
    assert (copy.outcome, copy.ended_s) == ("queued", DAY + 100)


def test_session_limit_puts_the_rest_off():
    """Beyond its sessions an Exim answers 421, and the client comes again later."""
    mail = [message(0, "u1@a", "u1@b", size=100_000) for _ in range(3)]
    facts = run(scenario("a-b", *mail, hosts={"b": {"sessions": 2, "mta": Exim()}}))
    assert Counter(attempt.outcome for attempt in facts.attempts) == {"accepted": 3, "deferred": 1}
    assert [attempt.reply_code for attempt in facts.attempts if attempt.outcome == "deferred"] == [421]


def test_concurrency_limit_lines_deliveries_up():
    """With one delivery at a time to a destination the second waits for the first, and the wait is queueing."""
    policy = Postfix(default_destination_concurrency_limit=1)
    mail = [message(0, "u1@a", "u1@b"), message(0, "u1@a", "u1@b")]
    facts = run(scenario("a-b", *mail, hosts={"a": {"mta": policy}}))
    first, second = facts.attempts
    assert second.started_s == first.ended_s
    assert facts.copies[1].queue_s == pytest.approx(first.ended_s)


def test_too_many_hops_end_in_a_bounce():
    """A message that would have hopcount_limit Received fields, Postfix's own counted, is refused and returned."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "z.example": Domain(name="z.example", mx=((0, "c"),), users=("u1",)),
    }
    hosts = {"*": {"mta": Postfix(hopcount_limit=2)}}
    facts = run(
        scenario("a-b b-c", message(0, "u1@a", "u1@z"), transfer="store-and-forward", domains=domains, hosts=hosts)
    )
    assert facts.copies[0].outcome == "bounced"
    assert (facts.copies[0].reason, facts.copies[0].hops) == ("554 5.4.0 Error: too many hops", 1)


def test_queue_is_a_step_series_that_ends_empty():
    """Queue facts count messages and bytes up and down."""
    facts = run(scenario("a-b b-c", message(0, "u1@a", "u1@c"), transfer="store-and-forward"))
    assert [(fact.host, fact.messages) for fact in facts.queues] == [("a", 1), ("b", 1), ("a", 0), ("b", 0)]
    assert [fact.bytes > 0 for fact in facts.queues] == [True, True, False, False]


def test_same_seed_same_facts():
    """A run is a function of scenario, seed and replication."""
    spec = scenario("a-b b-c", *[message(t, "u1@a", "u1@c") for t in range(30)], loss=0.1)
    assert run(spec) == run(spec)


def test_replications_differ():
    """Another replication has other losses."""
    spec = scenario("a-b b-c", *[message(t, "u1@a", "u1@c") for t in range(30)], loss=0.1)
    assert run(spec, 0) != run(spec, 1)


names = st.sampled_from(["a", "b", "c", "d"])
stretches = st.lists(
    st.tuples(st.floats(0, 2 * DAY), st.floats(1, DAY)).map(lambda pair: Interval(start=pair[0], end=sum(pair))),
    max_size=3,
)


@settings(max_examples=60)
@given(
    mail=st.lists(
        st.builds(
            lambda at, sender, recipients, size: message(
                at, f"u1@{sender}", *[f"{user}@{host}.example" for user, host in recipients], size=size
            ),
            st.floats(0, 3600),
            names,
            st.lists(
                st.tuples(st.sampled_from(["u1", "u2", "nobody"]), st.sampled_from(["a", "b", "c", "d", "x"])),
                min_size=1,
                max_size=4,
            ),
            st.floats(1, 50_000),
        ),
        max_size=12,
    ),
    transfer=st.sampled_from(["end-to-end", "store-and-forward"]),
    routing=st.sampled_from(["static", "shortest-delay"]),
    loss=st.sampled_from([0.0, 0.02, 0.2]),
    line=stretches,
    host=stretches,
    spool=st.sampled_from(["durable", "volatile"]),
    drain=st.sampled_from([HOUR, DAY, 12 * DAY]),
    sessions=st.sampled_from([1, 100]),
)
def test_the_ledger_balances(mail, transfer, routing, loss, line, host, spool, drain, sessions):
    """Whatever happens, every copy is accounted for once, and the delays of each add up to its time.

    `Simulation.run` compares the ledger with what the hosts hold; here the facts are compared with what was sent.
    """
    spec = scenario(
        "a-b b-c c-d d-a",
        *mail,
        transfer=transfer,
        routing=routing,
        loss=loss,
        weather={"b-c": Weather(down=tuple(line), outages=Outages.exponential(mtbf=6 * HOUR, mttr=HOUR))},
        hosts={"*": {"sessions": sessions}, "c": {"weather": Weather(down=tuple(host)), "spool": spool}},
        duration=3601.0,
        drain=drain,
    )
    facts = run(spec)
    sent = sum(len(dict.fromkeys(one.recipients)) for one in mail)
    assert sum(outcomes(facts).values()) == sent
    assert len({(copy.message_id, copy.recipient) for copy in facts.copies}) == len(facts.copies)
    assert sum(fact.recipients for fact in facts.messages) == len(facts.copies)
    for copy in facts.copies:
        parts = copy.queue_s, copy.retry_s, copy.contact_s, copy.transfer_s, copy.service_s
        assert sum(parts) == pytest.approx(copy.ended_s - copy.created_s, abs=1e-6)
        assert min(parts) >= -1e-6


def test_a_run_leaves_no_cycles():
    """The collector of cyclic garbage is off during a run, so a run must not make any."""
    mail = [message(t, "u1@a", "u1@c", "nobody@b.example") for t in range(20)]
    weather = {"b-c": Weather(outages=Outages.exponential(mtbf=600, mttr=600))}
    spec = scenario("a-b b-c", *mail, transfer="store-and-forward", loss=0.05, weather=weather)
    world = Simulation(spec, spec.architectures["store-and-forward"], 0, 1)
    gc.collect()
    gc.disable()
    try:
        world.run()
        assert (gc.isenabled(), gc.collect()) == (False, 0)
    finally:
        gc.enable()


def test_store_and_forward_needs_no_whole_path():
    """Two lines that are never up together: handed on, mail arrives; end to end, it never can."""
    weather = {
        "a-b": Weather(windows=(Window(period=DAY, start=0.0, end=6 * HOUR),)),
        "b-c": Weather(windows=(Window(period=DAY, start=12 * HOUR, end=18 * HOUR),)),
    }
    mail = [message(60.0, "u1@a", "u1@c")]
    found = {
        transfer: run(scenario("a-b b-c", *mail, transfer=transfer, weather=weather)).copies[0].outcome
        for transfer in ("end-to-end", "store-and-forward")
    }
    assert found == {"end-to-end": "bounced", "store-and-forward": "delivered"}


def backups(*down: str) -> tuple[dict, dict]:
    """B's mail is taken by b, and failing that by c and d; the given hosts are down for a day."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((10, "b"), (20, "c"), (30, "d")), users=("u1",)),
    }
    return domains, {host: {"weather": Weather(down=(Interval(start=0.0, end=DAY),))} for host in down}


def test_every_mail_exchanger_is_tried_until_one_answers():
    """Two that do not answer are no reason to leave out the third (RFC 5321 section 5.1)."""
    domains, hosts = backups("b", "c")
    facts = run(scenario("a-b a-c a-d b-d", message(0, "u1@a", "u1@b"), domains=domains, hosts=hosts))
    assert [attempt.to_host for attempt in facts.attempts[:3]] == ["b", "c", "d"]
    assert facts.copies[0].path == "a>d>b"


def test_next_hops_are_tried_in_the_order_of_preference():
    """Where the first and the third exchanger lie behind the same neighbour, that neighbour stays first."""
    domains, _ = backups()
    facts = run(scenario("a-x x-b a-c x-d", message(0, "u1@a", "u1@b"), domains=domains, transfer="store-and-forward"))
    assert facts.attempts[0].to_host == "x"


def with_lists(**lists: tuple[str, ...]) -> dict[str, Domain]:
    """Domains a.example and b.example, the latter with lists."""
    return {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1", "u2")),
        "b.example": Domain(name="b.example", mx=((0, "b"),), users=("u1",), lists=lists),
    }


def test_a_list_passes_mail_on_to_its_members():
    """The copy to the list arrives; a message in its owner's name goes to each member, wherever they are."""
    domains = with_lists(staff=("u1@b.example", "u2@a.example"))
    facts = run(scenario("a-b", message(0, "u1@a", "staff@b.example"), domains=domains))
    assert [(copy.recipient, copy.outcome) for copy in facts.copies] == [
        ("staff@b.example", "delivered"),
        ("u1@b.example", "delivered"),
        ("u2@a.example", "delivered"),
    ]
    assert facts.messages[1].sender == "owner-staff@b.example"


def test_reports_on_members_go_to_the_lists_owner():
    """The writer to a list does not hear of its members' troubles (RFC 5321 section 3.9.2)."""
    domains = with_lists(staff=("nobody@a.example",))
    facts = run(scenario("a-b", message(0, "u1@a", "staff@b.example"), domains=domains))
    assert [(copy.recipient, copy.outcome) for copy in facts.copies] == [
        ("staff@b.example", "delivered"),
        ("nobody@a.example", "bounced"),
        ("owner-staff@b.example", "delivered"),
    ]


def test_lists_that_lead_to_each_other_end():
    """A message that comes to a list for the second time is returned, not passed on for ever."""
    domains = with_lists(one=("two@b.example",), two=("one@b.example",))
    facts = run(scenario("a-b", message(0, "u1@a", "one@b.example"), domains=domains))
    assert Counter(copy.outcome for copy in facts.copies) == {"delivered": 3, "bounced": 1}
