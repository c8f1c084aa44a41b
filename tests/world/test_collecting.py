"""A host that is not always there, and asks a backup for its mail: ETRN, TURN and ATRN in a run."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

from sim.network.transport.propagation import Propagation
from sim.network.transport.tls import TlsLayer
from sim.scenario.products.exim import Exim, RetryRule
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.quantity import DAY
from sim.scenario.spec import HOUR, Collects, Domain, Host, Interval, Postfix, Weather
from sim.scenario.spec.policies import Policies, Refusal

DOMAINS = {
    "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
    "b.example": Domain(name="b.example", mx=((10, "x"), (20, "y")), users=("u1", "u2")),
    "c.example": Domain(name="c.example", mx=((10, "x"), (20, "y")), users=("u1",)),
    "other.example": Domain(name="other.example", mx=((10, "z"), (20, "y")), users=("u1",)),
}
SLOW = Postfix(queue_run_delay=3000.0, minimal_backoff_time=40_000.0, maximal_backoff_time=40_000.0)
"""A backup that seldom tries by itself."""

LOGIN = {"login": ("x", "secret")}
ACCOUNTS = {"accounts": {"x": "secret"}, "extensions": ("AUTH",)}
TEN_MINUTES = tuple(Interval(start=n * HOUR, end=(n + 1) * HOUR - 600) for n in range(48))
"""Down but for the last ten minutes of each hour."""

BARE = Propagation([], [])


def dialed_in(by: str = "etrn", *, every: float = 0.0, hold: bool = False, **more) -> dict[str, dict]:
    """A host x that is up for ten minutes of each hour, and asks its backup for its mail."""
    asks = Collects(source="y", by=by, every=every, hold=hold)
    x = {"weather": Weather(down=TEN_MINUTES), "collects": asks}
    y = {"mta": SLOW}
    if by == "atrn":
        x, y = x | LOGIN, y | ACCOUNTS
    return {"x": x | more, "y": y}


def facts_of(hosts, *mail, links: str = "a-y x-y", **more):
    """A run with dialogues."""
    mails = mail or [message(60, "u1@a", "u1@b")]
    return run(scenario(links, *mails, domains=DOMAINS, hosts=hosts, dialogues=True, **more))


def asked(facts):
    """The attempts rows of the sessions that only asked: what the server said to it, and the outcome."""
    return [(fact.reply_code, fact.outcome) for fact in facts.attempts if not fact.message_id]


def said(facts, session_id: int, direction: str) -> list[str]:
    """The lines of a session that went one way."""
    lines = [line for line in facts.dialogues if (line.session_id, line.direction) == (session_id, direction)]
    return [line.line for line in lines]


def test_etrn_releases_what_a_backup_holds():
    """The host asks when it comes up, and its mail comes at once, on a new connection."""
    facts = facts_of(dialed_in())
    [copy] = facts.copies
    assert (copy.outcome, copy.path) == ("delivered", "a>y>x")
    assert HOUR - 600 < copy.ended_s < HOUR - 599
    assert asked(facts) == [(253, "accepted")]
    [first, second] = [
        fact.session_id for fact in facts.attempts if fact.from_host in "xy" and fact.started_s > HOUR - 601
    ]
    assert first != second
    assert said(facts, first, ">")[1:] == ["ETRN b.example", "ETRN c.example", "QUIT"]


def test_a_backup_that_runs_exim_forces_what_is_asked_for():
    """ETRN is `exim -R`: the first message goes although its retry time is hours away, and takes along the others."""
    hosts = dialed_in()
    hosts["y"] = {"mta": Exim(retry=(RetryRule("F", DAY, 10 * HOUR),))}
    facts = facts_of(hosts, *(message(at, "u1@a", "u1@b") for at in (60, 70, 80)))
    assert {(copy.path, copy.ended_s // 2) for copy in facts.copies} == {("a>y>x", (HOUR - 600) // 2)}


def test_asking_costs_and_is_on_record():
    """Each session that asks is an attempt of no message, with its bytes and round trips."""
    facts = facts_of(
        dialed_in(every=500.0), message(60, "u1@a", "u1@a"), message(2 * HOUR, "u1@a", "u1@a"), duration=3 * HOUR
    )
    rows = [fact for fact in facts.attempts if not fact.message_id]
    assert [round(row.started_s) for row in rows] == [3000, 3500, 6600, 7000]
    assert {(row.from_host, row.to_host, row.reply_code, row.recipients) for row in rows} == {("x", "y", 251, 0)}
    # SYN and greeting, EHLO, two times ETRN; nobody waits for QUIT.
    assert {row.round_trips for row in rows} == {5}
    assert all(row.bytes_on_wire > 500 for row in rows)


def test_a_host_that_is_down_asks_nobody():
    """Its turns pass; the mail waits until it comes up."""
    facts = facts_of(dialed_in(every=1100.0))
    assert HOUR - 600 < facts.copies[0].ended_s < HOUR - 599


def test_a_backup_that_is_down_is_asked_in_vain():
    """The connection times out, and the next turn comes."""
    hosts = dialed_in(every=3300.0)
    hosts["y"]["weather"] = Weather(down=(Interval(start=2990.0, end=3200.0),))
    facts = facts_of(hosts)
    assert asked(facts) == [(0, "connect-timeout"), (253, "accepted")]
    assert 3300 < facts.copies[0].ended_s < 3301


def test_a_host_asks_when_its_line_comes_up():
    """A dial-up host is always on; it is the line that comes and goes, and routing takes a while to see it."""
    hosts = dialed_in()
    hosts["x"].pop("weather")
    facts = facts_of(hosts, weather={"x-y": Weather(down=TEN_MINUTES)})
    assert asked(facts)[0] == (253, "accepted")
    assert HOUR - 600 < facts.copies[0].ended_s < HOUR - 599


@pytest.mark.parametrize("by", ["turn", "atrn"])
def test_roles_are_swapped_on_the_connection_at_hand(by: str):
    """One session: x asks as the client, then it greets as the server, and y hands over all that waits."""
    mail = [message(60, "u1@a", "u1@b"), message(61, "u1@a", "u2@b", "u1@c"), message(62, "u1@a", "u1@other")]
    facts = facts_of(
        dialed_in(by), *mail, links="a-y x-y y-z", weather={"y-z": Weather(down=(Interval(start=0, end=2 * HOUR),))}
    )
    ends = {copy.recipient: (copy.outcome, copy.path, copy.ended_s < HOUR - 599) for copy in facts.copies}
    assert ends == {
        "u1@b.example": ("delivered", "a>y>x", True),
        "u2@b.example": ("delivered", "a>y>x", True),
        "u1@c.example": ("delivered", "a>y>x", True),
        "u1@other.example": ("delivered", "a>y>z", False),
    }
    turned = [
        fact for fact in facts.attempts if HOUR - 601 < fact.started_s < HOUR and "x" in (fact.from_host, fact.to_host)
    ]
    assert [(fact.message_id, fact.from_host, fact.to_host, fact.reply_code, fact.recipients) for fact in turned] == [
        (0, "x", "y", 250, 0), (1, "y", "x", 250, 1), (2, "y", "x", 250, 1), (2, "y", "x", 250, 1)
    ]  # fmt: skip
    assert len({fact.session_id for fact in turned}) == 1
    client, server = (said(facts, turned[0].session_id, direction) for direction in "><")
    assert "ATRN b.example,c.example" in client if by == "atrn" else "TURN" in client
    assert sum(line.startswith("220 ") for line in server) == 2
    assert "220 x ESMTP ready" in server
    assert client[-1] == "QUIT"


def test_what_is_handed_over_goes_on_after_a_refusal():
    """There is no other session: one message that nobody takes does not keep the others."""
    mail = [message(60 + number, "u1@a", recipient) for number, recipient in enumerate(["u1@b", "nobody@b", "u2@b"])]
    facts = facts_of(dialed_in("turn"), *mail)
    ends = {copy.recipient: (copy.outcome, copy.ended_s < HOUR - 590) for copy in facts.copies if copy.message_id < 4}
    assert ends == {
        "u1@b.example": ("delivered", True),
        "nobody@b.example": ("bounced", True),
        "u2@b.example": ("delivered", True),
    }
    handed = [
        fact for fact in facts.attempts if (fact.from_host, fact.to_host) == ("y", "x") and fact.started_s > HOUR - 601
    ]
    assert [(fact.outcome, fact.reply_code) for fact in handed] == [
        ("accepted", 250),
        ("refused", 550),
        ("accepted", 250),
    ]


def test_what_is_refused_for_now_waits_for_the_next_time():
    """A 451 leaves the message where it is; its retry time is as it was."""
    refuse = Refusal(at="rcpt", code=451, during=((0.0, HOUR),))
    facts = facts_of(dialed_in("turn", policies=Policies(refuse=(refuse,))))
    assert [fact.reply_code for fact in facts.attempts if fact.to_host == "x" and fact.reply_code] == [451, 250]
    assert 2 * HOUR - 600 < facts.copies[0].ended_s < 2 * HOUR - 599


def test_atrn_without_mail_is_told_so():
    """453, and the roles stay (RFC 2645 section 5.2.1)."""
    facts = facts_of(
        dialed_in("atrn"), message(60, "u1@a", "u1@a"), message(2 * HOUR, "u1@a", "u1@a"), duration=3 * HOUR
    )
    assert asked(facts) == [(453, "deferred")] * 2


def test_turn_without_mail_swaps_roles_and_ends():
    """TURN cannot say that there is nothing: the new client says QUIT to the greeting."""
    facts = facts_of(
        dialed_in("turn"), message(60, "u1@a", "u1@a"), message(2 * HOUR, "u1@a", "u1@a"), duration=3 * HOUR
    )
    assert asked(facts) == [(250, "accepted")] * 2
    [one, _] = [fact.session_id for fact in facts.attempts]
    assert said(facts, one, ">") == ["EHLO x", "TURN", "QUIT"]
    assert [line[:3] for line in said(facts, one, "<")][-2:] == ["220", "221"]


@pytest.mark.parametrize(("login", "code"), [(("x", "wrong"), 0), (("x@b.example", "secret"), 450)])
def test_atrn_gives_nobody_the_mail_of_others(login, code: int):
    """A wrong password, and a login for one domain that asks for two."""
    hosts = dialed_in("atrn", login=login)
    hosts["y"] |= {"accounts": {"x": "secret", "x@b.example": "secret"}}
    facts = facts_of(hosts)
    assert set(asked(facts)) == {(code, "deferred")}


def test_a_turn_is_protected_by_the_tls_of_its_session():
    """STARTTLS before ATRN holds for both directions, and is not offered again."""
    hosts = dialed_in("atrn", uses=("STARTTLS", "AUTH"), extensions=("STARTTLS",))
    hosts["y"] |= {"extensions": ("STARTTLS", "AUTH"), "uses": ("STARTTLS",)}
    facts = facts_of(hosts)
    assert facts.copies[0].path == "a>y>x"
    [session] = {fact.session_id for fact in facts.attempts if not fact.message_id and fact.outcome == "accepted"}
    assert sum(line == "STARTTLS" for line in said(facts, session, ">")) == 1
    plain = facts_of(dialed_in("atrn"))
    over = [sum(fact.bytes_on_wire for fact in one.attempts if fact.started_s > HOUR - 601) for one in (facts, plain)]
    assert over[0] > over[1] + sum(TlsLayer(BARE, Host(name="a"), Host(name="b"), resumed=False).handshake)


@pytest.mark.parametrize("by", ["etrn", "turn"])
def test_mail_that_is_held_is_not_tried_before_it_is_asked_for(by: str):
    """No attempt of the backup's finds the host down; when it asks, its mail comes."""
    hosts = dialed_in(by, hold=True)
    hosts["y"]["mta"] = Postfix()
    facts = facts_of(hosts)
    assert [fact.outcome for fact in facts.attempts if fact.from_host == "y"] == ["accepted"]
    assert HOUR - 600 < facts.copies[0].ended_s < HOUR - 599
    assert {fact.reason for fact in facts.deferrals} == {"4.3.2 held until its host asks for it"}
    assert {
        fact.outcome for fact in facts_of(dialed_in(by) | {"y": {"mta": Postfix()}}).attempts if fact.from_host == "y"
    } > {"accepted"}


def test_held_mail_that_nobody_asks_for_comes_back():
    """The backup keeps it for its product's lifetime, and returns it."""
    hosts = {
        "x": {
            "weather": Weather(down=(Interval(start=0.0, end=30 * 24 * HOUR),)),
            "collects": Collects(source="y", hold=True),
        }
    }
    facts = facts_of(hosts)
    copy = facts.copies[0]
    assert (copy.outcome, copy.reason) == ("bounced", "expired: 4.3.2 held until its host asks for it")
    assert 5 * 24 * HOUR < copy.ended_s < 5 * 24 * HOUR + 4000 + 600


def test_held_mail_that_was_asked_for_in_vain_is_held_again():
    """What the host refuses for now waits until it asks again; there is no retry in between."""
    refuse = Refusal(at="rcpt", code=451, during=((0.0, HOUR),))
    hosts = dialed_in(hold=True, policies=Policies(refuse=(refuse,)))
    hosts["y"]["mta"] = Postfix()
    facts = facts_of(hosts)
    assert [fact.reply_code for fact in facts.attempts if fact.from_host == "y"] == [451, 250]


@pytest.mark.parametrize("who", ["x", "y"])
def test_a_crash_amid_a_turn_loses_nothing(who: str):
    """Whoever goes down while mail is handed over: it comes when the host asks again, once or (RFC 1047) twice."""
    for offset in range(0, 700, 13):
        down = Interval(start=3000.0 + offset / 1000, end=3200.0)
        hosts = dialed_in("turn", every=250.0, commit_time=0.05)
        crash = Weather(down=(*TEN_MINUTES[:1], down) if who == "x" else (down,))
        hosts[who]["weather"] = crash
        facts = facts_of(hosts, *[message(60 + number, "u1@a", "u1@b") for number in range(3)])
        assert {copy.outcome for copy in facts.copies} == {"delivered"}, offset
        handed = [fact for fact in facts.attempts if fact.to_host == "x" and fact.outcome == "accepted"]
        arrivals = 3 + sum(copy.duplicates for copy in facts.copies)
        assert len(handed) <= 3 <= arrivals <= 4, offset


def test_what_is_refused_after_a_turn_goes_once_where_a_report_wakes_the_queue():
    """Nullmailer tries its whole queue when mail comes: its own report on mail that x does not take, too."""
    hosts = dialed_in("turn", hold=True, policies=Policies(refuse=(Refusal(at="data", code=550),)))
    hosts["y"] = {"mta": Nullmailer(), "extensions": ("TURN",)}
    facts = facts_of(hosts)
    assert sorted((copy.recipient, copy.outcome) for copy in facts.copies) == [
        ("u1@a.example", "delivered"),
        ("u1@b.example", "bounced"),
    ]
