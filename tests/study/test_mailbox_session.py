"""Sessions with mailboxes over a link: real programs as they were measured with Dovecot (`shared/truth/mailbox.csv`)."""

from __future__ import annotations

import pytest

from sim.scenario.spec import Loss
from sim.study.mailbox_times import IDLE, PROGRAMS, ImapCase, Pop3Case
from sim.study.session_times import run

CELLS = [
    ("poplib-keep", 1, 10_000, 923.2),
    ("poplib-keep", 10, 10_000, 1866.9),
    ("poplib-keep", 10, 64, 4874.9),
    ("poplib-keep", 100, 64, 40_059.6),
    ("fetchmail-pop3-keep", 10, 10_000, 2871.1),
    ("fetchmail-pop3-delete", 10, 64, 7351.6),
    ("mpop-keep", 10, 10_000, 1228.1),
    ("mpop-delete", 10, 10_000, 1434.6),
    ("mpop-delete", 100, 64, 28_494.9),
    ("curl-pop3", 10, 64, 4612.7),
    ("imaplib-each", 10, 10_000, 1767.0),
    ("imaplib-all", 100, 10_000, 1130.7),
    ("imaplib-delete", 10, 64, 6506.3),
    ("fetchmail-imap-keep", 10, 64, 7704.7),
    ("fetchmail-imap-delete", 10, 10_000, 4917.8),
    ("mbsync-first", 100, 10_000, 1364.5),
    ("mbsync-first", 10, 64, 4033.6),
    ("curl-imap", 10, 64, 4861.4),
]
"""Program, messages of 2000 octets, kbit/s; measured to the client's FIN at a round trip of 100 ms, ms."""

SAID = [
    ("poplib-keep", 10, 16, 129, 20_593),
    ("fetchmail-pop3-keep", 10, 26, 210, 20_640),
    ("fetchmail-pop3-delete", 10, 36, 372, 20_808),
    ("mpop-keep", 10, 8, 145, 20_681),
    ("curl-pop3", 10, 14, 127, 20_356),
    ("imaplib-each", 10, 15, 344, 22_191),
    ("imaplib-all", 10, 5, 106, 21_674),
    ("imaplib-delete", 10, 26, 701, 23_332),
    ("fetchmail-imap-keep", 10, 35, 1030, 23_844),
    ("fetchmail-imap-delete", 10, 46, 1272, 24_779),
    ("mbsync-first", 10, 7, 409, 22_293),
    ("curl-imap", 10, 14, 306, 22_092),
]
"""Program, messages; turns, octets of the client and of the server, as they were measured."""

TURNS = {
    "poplib-delete": 24,
    "mpop-delete": 9,
    "mbsync-second": 6,
}
"""Of the other programs, with ten messages."""


def case(program, **settings):
    """A case of a program's protocol."""
    return (Pop3Case if "pop" in program else ImapCase)(client=program, **settings)


@pytest.mark.parametrize(("program", "messages", "rate", "measured"), CELLS)
def test_a_session_takes_as_long_as_measured(program, messages, rate, measured):
    """Within 3 % and 2 ms."""
    took = run(case(program, messages=messages, rate=rate * 1e3), 1).durations[0] * 1e3
    assert took == pytest.approx(measured, rel=0.03, abs=2)


@pytest.mark.parametrize(("program", "messages", "turns", "client", "server"), SAID)
def test_a_session_says_as_much_as_measured(program, messages, turns, client, server):
    """Turns exactly; octets within three, and the server's within 0.3 %: it says how long commands took."""
    summary = run(case(program, messages=messages), 1).summary()
    assert summary["round_trips"] == turns
    assert summary["client_bytes"] == pytest.approx(client, abs=3)
    assert summary["server_bytes"] == pytest.approx(server, rel=0.003)


@pytest.mark.parametrize(("program", "turns"), TURNS.items())
def test_other_programs_take_as_many_turns_as_measured(program, turns):
    """Fact 19 and 20 of the measurements."""
    assert run(case(program), 1).summary()["round_trips"] == turns


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name != IDLE])
def test_every_program_reads_an_empty_mailbox(program):
    """It logs in, finds nothing, and leaves."""
    summary = run(case(program, messages=0), 1).summary()
    assert summary["failed"] == 0


def test_the_parts_add_up():
    """Connecting, greeting, login and mailbox are all of it."""
    summary = run(Pop3Case(loss=Loss(share=0.03)), 20).summary()
    parts = [summary["parts"][name] for name in Pop3Case().parts]
    assert sum(parts) == pytest.approx(summary["mean_s"])


@pytest.mark.parametrize(("rtt", "announced", "fetched"), [(0.02, 513, 557), (0.1, 552, 755), (0.3, 653, 1257)])
def test_dovecot_tells_idle_clients_half_a_second_late(rtt, announced, fetched):
    """As measured: from the delivery to EXISTS, and to the message, ms."""
    parts = run(ImapCase(client="imaplib-idle", rtt=rtt), 1).summary()["parts"]
    assert parts["announced_s"] * 1e3 == pytest.approx(announced, abs=3)
    assert (parts["announced_s"] + parts["fetched_s"]) * 1e3 == pytest.approx(fetched, rel=0.03)


@pytest.mark.slow
def test_a_percent_of_loss_costs_what_was_measured():
    """Ten messages at 100 ms: the mean is 8 % longer (poplib-delete), the 95th percentile 23 to 45 %."""
    lossy = run(Pop3Case(client="poplib-delete", loss=Loss(share=0.01)), 1000).summary()
    clean = run(Pop3Case(client="poplib-delete"), 1).summary()["mean_s"]
    assert lossy["mean_s"] / clean == pytest.approx(1.08, abs=0.03)
    assert 1.2 < lossy["p95_s"] / clean < 1.45
