"""Mail that is to be there in time, to wait, or to go first (RFC 2852, 4865, 6710)."""

from __future__ import annotations

import pytest
from asked import ALL, FEW, KNOWS_ALL, KNOWS_FEW, Mail, send

from sim.scenario.spec import DAY, HOUR, Interval, Postfix, Weather
from sim.scenario.spec.calendar import Start

CHAIN = "a-b b-c"


def down(start: float, end: float) -> Weather:
    """Down during this."""
    return Weather(down=(Interval(start=start, end=end),))


def over(*mails: Mail, hosts: dict | None = None, **settings):
    """Send over the chain a, b, c, one link at a time."""
    return send(CHAIN, *mails, hosts=hosts or {"*": KNOWS_ALL}, transfer="store-and-forward", **settings)


def test_the_time_left_becomes_shorter():
    """BY counts down on the way: what the second hop is told is less than the first one was."""
    slow = {**KNOWS_ALL, "service_time": 5.0}
    outcome = over(Mail({"u1@c.example": ()}, (("BY", "600;RT"),)), hosts={"*": KNOWS_ALL, "b": slow})
    told = [line.partition("BY=")[2].split()[0] for line in outcome.said("MAIL") if "BY=" in line]
    # MAIL, RCPT, DATA and the mail data cost b 5 s each before it has the mail, and EHLO before them, and a few flights.
    assert told == ["600;RT", "574;RT"]


@pytest.mark.parametrize("in_flight", [False, True])
def test_late_mail_is_returned(in_flight: bool):
    """By-mode R: at its time the message is given up with 5.4.7, though it could be tried for days."""
    weather = {"b-c": down(0.0, DAY)} if not in_flight else {}
    hosts = {"*": KNOWS_ALL, "c": {**KNOWS_ALL, "service_time": 400.0 if in_flight else 0.0}}
    outcome = over(Mail({"u1@c.example": ()}, (("BY", "60;R"),)), hosts=hosts, weather=weather, routing="static")
    [report] = outcome.reports
    [copy] = [copy for copy in outcome.facts.copies if copy.recipient == "u1@c.example"]
    assert (report.recipients[0]["Status"], copy.outcome) == ("5.4.7", "bounced")
    assert (copy.ended_s >= 300.0) is in_flight
    if not in_flight:
        assert copy.ended_s == pytest.approx(60.0, abs=1.0)


def test_mail_that_has_become_late_in_line_is_not_tried():
    """By-mode R, with one process that is busy until the time is over: returned when the turn comes, and not before."""
    busy = {"a": {**KNOWS_ALL, "mta": Postfix(default_process_limit=1)}, "b": {**KNOWS_ALL, "service_time": 50.0}}
    mails = [Mail({"u1@b.example": ()}), Mail({"u1@c.example": ()}, (("BY", "60;R"),))]
    outcome = send("a-b a-c", *mails, hosts={"*": KNOWS_ALL, **busy})
    [report] = outcome.reports
    [first] = outcome.facts.attempts
    [copy] = [copy for copy in outcome.facts.copies if copy.recipient == "u1@c.example"]
    assert (report.recipients[0]["Status"], first.to_host, copy.ended_s) == ("5.4.7", "b", first.ended_s)


def test_late_mail_is_reported():
    """By-mode N: at its time the sender is told, and the message goes on."""
    outcome = over(Mail({"u1@c.example": ()}, (("BY", "60;N"),)), weather={"b-c": down(0.0, HOUR)}, routing="static")
    [report] = outcome.reports
    assert (report.recipients[0]["Action"], report.recipients[0]["Status"]) == ("delayed", "4.4.7")
    assert outcome.fates()["u1@c.example"] == "delivered"


def test_delays_are_told_to_those_who_want_it():
    """NOTIFY without DELAY: no word of it."""
    mail = Mail({"u1@c.example": (("NOTIFY", "FAILURE"),)}, (("BY", "60;N"),))
    assert over(mail, weather={"b-c": down(0.0, HOUR)}, routing="static").reports == []


def test_mail_that_must_be_in_time_is_not_given_to_those_who_do_not_care():
    """By-mode R and a next host without DELIVERBY: returned at once."""
    mail = Mail({"u1@c.example": ()}, (("BY", "600;R"),))
    [report] = over(mail, hosts={"*": KNOWS_ALL, "c": KNOWS_FEW}).reports
    assert (report.message["Reporting-MTA"], report.recipients[0]["Status"]) == ("dns; b", "5.4.7")


def test_mail_that_may_be_late_goes_on():
    """By-mode N and a next host without DELIVERBY."""
    outcome = over(Mail({"u1@c.example": ()}, (("BY", "600;N"),)), hosts={"*": KNOWS_ALL, "c": KNOWS_FEW})
    assert outcome.fates()["u1@c.example"] == "delivered"


def test_mail_delivered_in_time_is_not_spoken_of():
    """The hour comes when the message has long gone."""
    outcome = over(Mail({"u1@c.example": ()}, (("BY", "60;R"),)), Mail({"u2@c.example": ()}, at=90.0))
    assert (outcome.reports, set(outcome.fates().values())) == ([], {"delivered"})


def test_a_deadline_in_the_night_is_kept_in_the_morning():
    """The host that holds the message is down at its time: it is returned when the host is back."""
    hosts = {"*": KNOWS_ALL, "b": {**KNOWS_ALL, "weather": down(30.0, 300.0)}}
    outcome = over(
        Mail({"u1@c.example": ()}, (("BY", "60;R"),)), hosts=hosts, weather={"b-c": down(0.0, DAY)}, routing="static"
    )
    [copy] = [copy for copy in outcome.facts.copies if copy.recipient == "u1@c.example"]
    assert (copy.outcome, copy.ended_s) == ("bounced", 300.0)


@pytest.mark.parametrize(
    ("parameters", "until"),
    [
        ((("HOLDFOR", "3600"),), HOUR),
        ((("HOLDUNTIL", "2000-01-03T02:00:00Z"),), 2 * HOUR),
        ((("HOLDUNTIL", "2000-01-03T02:00:00+01:00"),), HOUR),
        ((("HOLDUNTIL", "2000-01-03T02:00:00.5-01:00"),), 3 * HOUR + 0.5),
    ],
)
@pytest.mark.parametrize("recipient", ["u1@c.example", "u2@a.example"])
def test_mail_waits_for_its_time(parameters, until: float, recipient: str):
    """The sender's host holds it, and the next ones are not told."""
    outcome = over(Mail({recipient: ()}, parameters))
    [copy] = [copy for copy in outcome.facts.copies if copy.message_id > 1]
    assert (copy.outcome, copy.queue_s) == ("delivered", until)
    assert until <= copy.ended_s < until + 1.0
    assert not [line for line in outcome.said("MAIL") if "HOLD" in line]


def test_the_calendar_says_until_when_mail_waits_and_what_reports_are_dated():
    """Time 0 is 1 April 1987, 12:00 UTC: HOLDUNTIL 13:00 is an hour later, and a report is of that day."""
    held = Mail({"u1@c.example": ()}, (("HOLDUNTIL", "1987-04-01T13:00:00Z"),))
    late = Mail({"u2@c.example": ()}, (("BY", "60;R"),), at=7200.0)
    weather = {"b-c": down(7200.0, DAY)}
    outcome = over(held, late, weather=weather, routing="static", start=Start(at=544276800.0))
    [copy] = [copy for copy in outcome.facts.copies if copy.recipient == "u1@c.example"]
    assert (copy.outcome, copy.queue_s) == ("delivered", HOUR)
    assert [report.at for report in outcome.reports] == ["Wed, 01 Apr 1987 14:01:00 +0000"]
    assert outcome.reports[0].recipients[0]["Last-Attempt-Date"] == "Wed, 01 Apr 1987 14:01:00 +0000"


def test_a_host_that_does_not_hold_mail_passes_it_on():
    """Without FUTURERELEASE there is no waiting."""
    few = {"extensions": FEW, "uses": ALL}
    outcome = over(Mail({"u1@c.example": ()}, (("HOLDFOR", "3600"),)), hosts={"*": KNOWS_ALL, "a": few})
    assert max(copy.ended_s for copy in outcome.facts.copies) < 1.0


def test_held_mail_survives_a_restart():
    """What is held when the host goes down is held afterwards."""
    hosts = {"*": KNOWS_ALL, "a": {**KNOWS_ALL, "weather": down(100.0, 200.0)}}
    outcome = over(Mail({"u1@c.example": (), "u2@a.example": ()}, (("HOLDFOR", "150"),)), hosts=hosts)
    ended = [copy.ended_s for copy in outcome.facts.copies if copy.message_id > 1]
    assert (set(outcome.fates().values()), min(ended)) == ({"delivered"}, 200.0)


def test_mail_whose_time_never_comes_is_on_the_books():
    """The run ends first."""
    outcome = over(Mail({"u1@c.example": ()}, (("HOLDFOR", "3600"),)), drain=60.0)
    assert outcome.fates()["u1@c.example"] == "queued"


def test_priority_goes_first():
    """Of those who wait for one place, the highest priority is next; equal ones in order of arrival."""
    one = Postfix(default_destination_concurrency_limit=1)
    mails = [
        Mail({"u1@b.example": ()}, (("MT-PRIORITY", str(rank)), ("ENVID", f"n{n}")))
        for n, rank in enumerate([0, 0, -9, 9, 0, 3, 9])
    ]
    outcome = send("a-b", *mails, hosts={"*": {**KNOWS_ALL, "mta": one}})
    order = [line.partition("ENVID=")[2][1] for line in outcome.said("MAIL") if "ENVID" in line]
    assert order == ["0", "3", "6", "5", "1", "4", "2"]
    assert [line.partition("MT-PRIORITY=")[2].split()[0] for line in outcome.said("MAIL")][1] == "9"


def test_priority_goes_before_other_lines():
    """With one process the line with the most urgent mail has the next turn."""
    one = Postfix(default_process_limit=1)
    mails = [Mail({f"u1@{host}.example": ()}, (("MT-PRIORITY", rank),)) for host, rank in ("b0", "b0", "c5")]
    outcome = send("a-b a-c", *mails, hosts={"*": {**KNOWS_ALL, "mta": one}})
    assert [attempt.to_host for attempt in outcome.facts.attempts] == ["b", "c", "b"]
