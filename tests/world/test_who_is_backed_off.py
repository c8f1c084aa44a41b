"""Site failure against message failure: which reply at which command backs off what, for Postfix (smtp_trouble.c)."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

from sim.scenario.spec import Interval, Postfix, Weather
from sim.scenario.spec.policies import Policies, Refusal

MESSAGES = 12
FIRST_WINDOW = 5


def refusing(place: str, code: int) -> dict:
    """A host that answers so for ten minutes."""
    return {"policies": Policies(refuse=(Refusal(at=place, code=code, during=((0.0, 600.0),)),))}


def down(start: float, end: float) -> dict:
    """A host that is down in between."""
    return {"weather": Weather(down=(Interval(start=start, end=end),))}


IMPATIENT = Postfix(smtp_helo_timeout=30.0, smtp_mail_timeout=30.0)

DESTINATION, MESSAGE, NOBODY = "destination", "message", "nobody"

TABLE = [
    # The host cannot be talked to: three failures, and its destination is left alone.
    (down(0.0, 600.0), DESTINATION, "deferred", "no connection"),
    (refusing("connect", 450), DESTINATION, "deferred", "4yz greeting"),
    (refusing("connect", 421), DESTINATION, "deferred", "421 greeting"),
    ({**down(0.5, 1.0), "service_time": 1.0}, DESTINATION, "deferred", "silence"),
    # It answers, and puts this message off.
    (refusing("mail", 451), MESSAGE, "deferred", "4yz to MAIL"),
    (refusing("rcpt", 451), MESSAGE, "deferred", "4yz to RCPT"),
    (refusing("data", 451), MESSAGE, "deferred", "4yz to the final dot"),
    # It answers for good.
    (refusing("mail", 550), NOBODY, "bounced", "5yz to MAIL"),
    (refusing("rcpt", 550), NOBODY, "bounced", "5yz to RCPT"),
    (refusing("data", 554), NOBODY, "bounced", "5yz to the final dot"),
]


@pytest.mark.parametrize(("host", "backed_off", "fate", "what"), TABLE, ids=[row[-1] for row in TABLE])
def test_who_is_backed_off(host: dict, backed_off: str, fate: str, what: str):
    """A failing site is tried by the first window of deliveries alone, the others are put off untried; a message by itself."""
    mail = [message(0.0, "u1@a", "u1@b") for _ in range(MESSAGES)]
    hosts = {"b": host, "a": {"reuse": "never", "mta": IMPATIENT}}
    facts = run(scenario("a-b", *mail, hosts=hosts, drain=290.0, duration=10.0))
    assert len(facts.attempts) == (FIRST_WINDOW if backed_off == DESTINATION else MESSAGES), what
    users = [copy for copy in facts.copies if copy.recipient == "u1@b.example"]
    if fate == "bounced":
        assert {copy.outcome for copy in users} == {"bounced"}
        assert facts.deferrals == []
        return
    assert {copy.outcome for copy in users} == {"queued"}
    suspended = [fact for fact in facts.deferrals if "delivery temporarily suspended" in fact.reason]
    assert len(suspended) == (MESSAGES - FIRST_WINDOW if backed_off == DESTINATION else 0)
    assert len(facts.deferrals) == MESSAGES


def test_mail_that_was_put_off_untried_comes_back():
    """When the destination gets its other chance all of it is delivered."""
    mail = [message(0.0, "u1@a", "u1@b") for _ in range(MESSAGES)]
    facts = run(scenario("a-b", *mail, hosts={"b": down(0.0, 100.0)}))
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    assert [attempt.outcome for attempt in facts.attempts].count("accepted") == MESSAGES
