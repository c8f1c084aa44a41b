"""What messages cost in round trips, from the first SYN to the final 250: the figures that `attempts` has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import message, run, scenario

from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec import Domain, Interval, Weather

LOCKSTEP = ("SIZE", "8BITMIME")
PIPELINED = ("PIPELINING", *LOCKSTEP)
CHUNKED = ("CHUNKING", *PIPELINED)
CHUNKED_LOCKSTEP = ("CHUNKING", *LOCKSTEP)

ONE_TRANSACTION = Postfix(default_destination_recipient_limit=100)
ONE_AT_A_TIME = Delays(destination_concurrency_limit=1)


def domains(users: int) -> dict[str, Domain]:
    """A.example with a user, b.example with many."""
    return {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((0, "b"),), users=tuple(f"u{n}" for n in range(1, users + 1))),
    }


@pytest.mark.parametrize(
    ("extensions", "recipients", "round_trips"),
    [
        # Lockstep: SYN, greeting, EHLO, MAIL, n times RCPT, DATA and the final dot.
        (LOCKSTEP, 1, 7),
        (LOCKSTEP, 2, 8),
        (LOCKSTEP, 10, 16),
        (LOCKSTEP, 100, 106),
        # PIPELINING: SYN, greeting, EHLO, the envelope with DATA, the final dot.
        (PIPELINED, 1, 5),
        (PIPELINED, 2, 5),
        (PIPELINED, 10, 5),
        (PIPELINED, 100, 5),
        # PIPELINING and CHUNKING: SYN, greeting, EHLO, and all the rest.
        (CHUNKED, 1, 4),
        (CHUNKED, 2, 4),
        (CHUNKED, 10, 4),
        (CHUNKED, 100, 4),
        # CHUNKING alone spares the wait for 354.
        (CHUNKED_LOCKSTEP, 1, 6),
        (CHUNKED_LOCKSTEP, 10, 15),
    ],
)
def test_round_trips_of_a_message(extensions: tuple[str, ...], recipients: int, round_trips: int):
    """In lockstep n + 6, with PIPELINING 5, with BDAT 4, for n recipients of a small message."""
    hosts = {"*": {"extensions": extensions, "uses": extensions, "mta": ONE_TRANSACTION}}
    mail = message(0, "u1@a", *[f"u{n}@b" for n in range(1, recipients + 1)])
    facts = run(scenario("a-b", mail, hosts=hosts, domains=domains(recipients)))
    assert [(attempt.outcome, attempt.recipients, attempt.round_trips) for attempt in facts.attempts] == [
        ("accepted", recipients, round_trips)
    ]


@pytest.mark.parametrize(
    ("reuse", "extensions", "recipients", "round_trips"),
    [
        # The next envelope is pipelined behind the final dot: one more for each further message.
        ("pipeline", PIPELINED, 1, 1),
        ("pipeline", PIPELINED, 10, 1),
        # Nothing can be pipelined without PIPELINING, and with BDAT nothing need be.
        ("pipeline", LOCKSTEP, 1, 4),
        ("pipeline", LOCKSTEP, 10, 13),
        ("pipeline", CHUNKED, 10, 1),
        # Exim: as in a session of its own behind EHLO.
        ("mail", PIPELINED, 1, 2),
        ("mail", PIPELINED, 10, 2),
        ("mail", LOCKSTEP, 1, 4),
        ("mail", CHUNKED, 10, 1),
        # Postfix: RSET, then the same.
        ("rset", PIPELINED, 1, 3),
        ("rset", PIPELINED, 10, 3),
        ("rset", LOCKSTEP, 1, 5),
        ("rset", LOCKSTEP, 10, 14),
        ("rset", CHUNKED, 10, 2),
    ],
)
def test_round_trips_of_a_second_message(reuse: str, extensions: tuple[str, ...], recipients: int, round_trips: int):
    """A session that is there costs no connection, no greeting and no EHLO."""
    hosts = {"*": {"extensions": extensions, "uses": extensions, "mta": ONE_AT_A_TIME, "reuse": reuse}}
    mail = [message(0, "u1@a", *[f"u{n}@b" for n in range(1, recipients + 1)]) for _ in range(2)]
    facts = run(scenario("a-b", *mail, hosts=hosts, domains=domains(recipients)))
    first, second = facts.attempts
    assert (second.outcome, second.round_trips, second.session_id) == ("accepted", round_trips, first.session_id)
    assert (first.message_id, second.message_id) == (1, 2)


def test_each_message_has_its_own_share_of_a_session():
    """Times follow each other, and the octets of both are those of the session."""
    hosts = {"*": {"mta": ONE_AT_A_TIME}}
    spec = scenario("a-b", message(0, "u1@a", "u1@b"), message(0, "u1@a", "u1@b"), hosts=hosts)
    first, second = run(spec).attempts
    alone = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts)).attempts[0]
    assert second.started_s == first.ended_s
    # The first one is spared QUIT and the end of the connection; the second one has them.
    assert 0 < second.bytes_on_wire < alone.bytes_on_wire
    assert first.bytes_on_wire < alone.bytes_on_wire


def test_only_mail_that_waits_goes_in_a_session_that_is_there():
    """A message that comes when the line is empty gets a session of its own."""
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), message(0.05, "u1@a", "u1@b")))
    assert [attempt.session_id for attempt in facts.attempts] == [1, 2]


def test_never_reusing_is_a_session_each():
    """Where the client does not keep sessions, every message has its own."""
    hosts = {"*": {"mta": ONE_AT_A_TIME, "reuse": "never"}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), message(0, "u1@a", "u1@b"), hosts=hosts))
    assert [(attempt.session_id, attempt.round_trips) for attempt in facts.attempts] == [(1, 5), (2, 5)]


def test_a_session_is_reused_for_five_minutes():
    """Postfix's smtp_connection_reuse_time_limit: what is left after 300 s goes in a new session."""
    hosts = {"a": {"mta": Postfix(default_destination_concurrency_limit=1)}, "b": {"service_time": 20.0}}
    facts = run(scenario("a-b", *[message(0, "u1@a", "u1@b") for _ in range(6)], hosts=hosts))
    assert [attempt.session_id for attempt in facts.attempts] == [1, 2, 2, 2, 2, 3]


@pytest.mark.parametrize(
    ("product", "sessions"),
    [
        # The second delivery comes back to back; what comes 1.9 s after the last finds its connection, and later ones
        # find a destination of which nothing is remembered.
        (Postfix(default_destination_concurrency_limit=1), [1, 2, 2, 3]),
        (Postfix(default_destination_concurrency_limit=1, smtp_connection_cache_on_demand=False), [1, 2, 3, 4]),
        (Postfix(default_destination_concurrency_limit=1, smtp_connection_reuse_count_limit=1), [1, 2, 3, 4]),
        (ONE_AT_A_TIME, [1, 1, 1, 2]),
        (Exchange(MaxPerDomainOutboundConnections=1, SmtpMaxMessagesPerConnection=2), [1, 1, 2, 3]),
    ],
    ids=["postfix", "off", "once", "plain", "exchange"],
)
def test_the_queue_manager_says_which_session_is_left_open(product: Product, sessions: list[int]):
    """Three messages at once, one at a time, and one later (CONNECTION_CACHE_README; qmgr_entry.c)."""
    mail = [message(at, "u1@a", "u1@b") for at in (0, 0, 0, 2)]
    facts = run(scenario("a-b", *mail, hosts={"a": {"mta": product}}))
    assert [attempt.session_id for attempt in facts.attempts] == sessions


@pytest.mark.parametrize(
    ("product", "sessions"),
    [(Delays(process_limit=1), [1, 1, 2, 3]), (Postfix(default_process_limit=1), [1, 2, 3, 2])],
    ids=["plain", "postfix"],
)
def test_a_session_goes_to_those_who_are_next_in_line(product: Product, sessions: list[int]):
    """With one process, mail for another next hop has its turn first; Postfix finds the session again after that."""
    mail = [message(0, "u1@a", f"u1@{to}") for to in "bbcb"]
    facts = run(scenario("a-b a-c", *mail, hosts={"a": {"mta": product}}))
    assert [(attempt.to_host, attempt.session_id) for attempt in facts.attempts] == list(
        zip("bbcb", sessions, strict=True)
    )


def test_a_heir_whose_session_has_died_gets_a_new_one():
    """The server goes down over the first message: the second one goes when it is back, and nothing is lost."""
    spec = scenario("a-b", message(0, "u1@a", "u1@b"), message(0, "u1@a", "u1@b"), hosts={"*": {"mta": ONE_AT_A_TIME}})
    dot = run(spec).copies[0].ended_s
    hosts = {"*": {"mta": ONE_AT_A_TIME}, "b": {"weather": Weather(down=(Interval(start=dot - 0.005, end=100.0),))}}
    facts = run(replace(spec, architectures=scenario("a-b", hosts=hosts).architectures))
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    assert [(attempt.message_id, attempt.outcome, attempt.session_id) for attempt in facts.attempts] == [
        (1, "connection-lost", 1),
        (2, "accepted", 2),
        (1, "accepted", 3),
    ]


def test_a_session_that_died_between_two_messages_says_nothing_about_the_host():
    """The server restarts before RSET arrives: the message goes at once in a new session, not after a backoff."""
    spec = scenario("a-b", message(0, "u1@a", "u1@b"), message(0, "u1@a", "u1@b"), hosts={"*": {"mta": ONE_AT_A_TIME}})
    first = run(spec).attempts[0].ended_s
    hosts = {"*": {"mta": ONE_AT_A_TIME}, "b": {"weather": Weather(down=(Interval(start=first, end=first + 1.0),))}}
    facts = run(replace(spec, architectures=scenario("a-b", hosts=hosts).architectures))
    assert [(attempt.outcome, attempt.session_id) for attempt in facts.attempts] == [
        ("accepted", 1),
        ("connection-lost", 1),
        ("accepted", 2),
    ]
    assert max(copy.ended_s for copy in facts.copies) < 10.0


def test_recipients_beyond_the_limit_go_at_once(monkeypatch: pytest.MonkeyPatch):
    """452 to the third and later: two at a time in the same session, with no backoff (RFC 5321 section 4.5.3.1.10)."""
    monkeypatch.setattr("sim.mta.server.transactions.RECIPIENT_LIMIT", 2)
    facts = run(scenario("a-b", message(0, "u1@a", *[f"u{n}@b" for n in range(1, 6)]), domains=domains(5)))
    assert [(attempt.outcome, attempt.recipients, attempt.round_trips) for attempt in facts.attempts] == [
        ("accepted", 5, 9)
    ]
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    assert {copy.retry_s for copy in facts.copies} == {0.0}


def test_a_host_of_rfc_821_is_asked_with_ehlo_first():
    """HELO in a run: EHLO gets 500, and the rest goes in lockstep: one round trip more than between old hosts."""
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts={"b": {"esmtp": False}}, dialogues=True))
    said = [line.line[:4] for line in facts.dialogues if line.direction == ">"]
    assert said[:5] == ["EHLO", "HELO", "MAIL", "RCPT", "DATA"]
    assert facts.attempts[0].round_trips == 8
