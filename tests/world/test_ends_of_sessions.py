"""Every end that the network can put to a session is an outcome of its own, at its own time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import message, run, scenario

from sim.scenario.products.base import ErrorLimits
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.spec import DAY, Interval, Weather
from sim.scenario.spec.carriers import X25, Bsc
from sim.scenario.spec.policies import Policies


def first(*, down=(), up=DAY, crash=None, size=1000, client=None, server=None, rate=1e6):
    """The first attempt of a message sent at 0 over a link that is down from the one time to the other.

    RTT 0.1 s; `crash` is when the server is down.
    """
    weather = {"a-b": Weather(down=(Interval(start=down, end=up),))} if down != () else {}
    hosts = {"a": {"mta": client or Postfix()}, "b": {"mta": server or Postfix()}}
    if crash:
        hosts["b"]["weather"] = Weather(down=(Interval(start=crash[0], end=crash[1]),))
    facts = run(
        scenario(
            "a-b",
            message(0, "u1@a", "u1@b", size=size),
            routing="static",
            hosts=hosts,
            weather=weather,
            delay=0.05,
            rate=rate,
        )
    )
    return facts.attempts[0], facts.copies[0]


def test_a_program_stops_connecting_before_its_tcp_does():
    """Postfix's smtp_connect_timeout."""
    attempt, _ = first(down=0.0)
    assert (attempt.outcome, attempt.ended_s) == ("connect-timeout", 30.0)


def test_tcp_stops_connecting_before_a_patient_program_does():
    """Exim waits 5 min; Linux sends SYNs for 69 s (truth's tcp.csv) and gives up 64 s later."""
    attempt, _ = first(down=0.0, client=Exim())
    assert attempt.outcome == "connect-timeout"
    assert attempt.ended_s == pytest.approx(133.5, abs=2)


@pytest.mark.parametrize(
    ("down", "timer"),
    [(0.12, 300), (0.17, 300), (0.22, 300), (0.27, 300), (0.32, 300), (0.37, 600), (0.43, 600)],
    ids=["greeting", "EHLO", "its reply", "MAIL", "its replies", "mail data", "the last reply"],
)
def test_an_smtp_timer_ends_a_session_that_has_fallen_silent(down, timer):
    """RFC 5321 section 4.5.3.2 as Postfix has it: where DATA rides with MAIL, it is MAIL's reply that it waits for."""
    attempt, _ = first(down=down)
    assert attempt.outcome == "timeout"
    assert attempt.ended_s == pytest.approx(timer, abs=1)


def test_tcp_gives_up_before_a_patient_program_does():
    """Linux retries for 924.6 s, and gives up when the timer of 120 s runs out next; qmail waits 20 min for each reply."""
    attempt, _ = first(down=0.32, client=Qmail(), server=Qmail())
    assert attempt.outcome == "tcp-timeout"
    assert 924.6 < attempt.ended_s < 924.6 + 120 + 4


def test_a_host_that_has_restarted_resets():
    """Down from 0.32 s to 5 s: what the client sends again then finds no connection."""
    attempt, _ = first(crash=(0.32, 5.0))
    assert attempt.outcome == "connection-lost"
    assert 5.1 < attempt.ended_s < 10.1


def test_a_server_that_has_heard_nothing_for_5_minutes_hangs_up():
    """RFC 5321 section 4.5.3.2.7: its 421 comes through when the line is back after 310 s, long before the client's timer."""
    attempt, copy = first(down=0.42, up=310.0, size=5000)
    assert (attempt.outcome, attempt.reply_code, copy.duplicates) == ("deferred", 421, 0)
    assert 310 < attempt.ended_s < 340


def test_what_reaches_a_server_that_has_hung_up_is_reset():
    """The line is back when the server's kernel has given up its last words, after another 102 s or less."""
    attempt, copy = first(down=0.42, up=500.0, size=5000)
    assert (attempt.outcome, copy.duplicates) == ("connection-lost", 0)
    assert 500 < attempt.ended_s < 600


def test_a_more_patient_server_takes_what_comes_late():
    """Sendmail's Timeout.command is an hour: the same outage is outlived."""
    attempt, copy = first(down=0.42, up=310.0, size=5000, server=Sendmail())
    assert (attempt.outcome, copy.duplicates) == ("accepted", 0)


def test_a_last_reply_is_not_repeated_for_ever():
    """QUIT rode with the mail data, so the server has closed behind its 250, and its kernel gives up after 102 s.

    What it repeats at 77 s is lost, what the client repeats at 97 s is acknowledged: nobody says more, as measured.
    """
    attempt, copy = first(down=0.6, up=90.0, size=20_000)
    assert (attempt.outcome, copy.outcome, copy.duplicates) == ("timeout", "delivered", 1)
    assert attempt.ended_s == pytest.approx(600, abs=1)


def test_a_carrier_gives_up_by_itself():
    """LAPB tries ten times, and the circuit is cleared: no timer of SMTP is waited for."""
    weather = {"a-b": Weather(down=(Interval(start=5.0, end=DAY),))}
    spec = scenario("a-b", message(0, "u1@a", "u1@b", size=20_000), weather=weather, rate=9600.0)
    links = tuple(replace(link, carrier=X25()) for link in spec.network.links)
    facts = run(replace(spec, network=replace(spec.network, links=links)))
    assert facts.attempts[0].outcome == "carrier-lost"
    assert 5 + 10 * 3 < facts.attempts[0].ended_s < 5 + 11 * 4


@pytest.mark.parametrize("patience", [0.0, 0.02, 0.06])
def test_mail_that_arrives_when_its_client_has_given_up_took_no_longer(patience):
    """Its delay is that of the attempt that brought it, once: the client's own count of it is for the copy that it keeps."""
    _, copy = first(size=20_000, client=Postfix(smtp_data_done_timeout=patience))
    parts = (copy.queue_s, copy.retry_s, copy.contact_s, copy.transfer_s, copy.service_s)
    assert (copy.outcome, copy.attempts, sum(parts)) == ("delivered", 1, pytest.approx(copy.ended_s - copy.created_s))
    assert copy.duplicates > 0


@pytest.mark.parametrize("carrier", [None, Bsc()], ids=["TCP", "BSC"])
def test_a_client_says_quit_to_a_server_that_has_hung_up(carrier):
    """Its 421 stood behind the replies to a whole envelope (smtpd_hard_error_limit): the client reads it for QUIT's."""
    hosts = {"b": {"policies": Policies(errors=ErrorLimits(soft_limit=0, hard_limit=2))}}
    spec = scenario("a-b", message(0, "u1@a", "nobody@b"), hosts=hosts)
    links = tuple(replace(link, carrier=carrier) for link in spec.network.links)
    facts = run(replace(spec, network=replace(spec.network, links=links)))
    assert [(attempt.outcome, attempt.reply_code) for attempt in facts.attempts] == [("refused", 550)]
