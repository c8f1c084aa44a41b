"""Transcripts in the way of `mail -v`."""

from __future__ import annotations

import dataclasses

import pytest
from synthetic_results import attempt, copy, dialogue, message, result, tables_of

from sim.report.transcript import transcript
from sim.results.facts import DialogueFact
from sim.results.store import ResultError
from sim.results.tables import concat


def of(*tables):
    """A result of these tables."""
    return dataclasses.replace(result(replications=1, copies=2), **vars(concat(tables)))


def sent(lines=1, **more):
    """Message 1, passed on in session 7."""
    return tables_of(
        [message(1, created_s=5.0)],
        [copy(1, created_s=5.0, ended_s=6.5)],
        [attempt(1, session_id=7, started_s=5.0, ended_s=6.0, to_host="MIT")],
        dialogues=dialogue(7, 1, 5.0, "mit.example", lines),
        **more,
    )


def test_a_delivery_reads_like_mail_v():
    """Connecting, replies bare, client lines after >>>, mail data too, Sent."""
    assert transcript(of(sent()), 1) == (
        "# message 1 from <u2@ucla.example>, architecture a, replication 0\n"
        "\n"
        "# 00:00:05.000 UCLA to MIT\n"
        "u1@mit.example... Connecting to MIT (TCP)...\n"
        "220 mit.example ESMTP\n"
        ">>> EHLO ucla.example\n"
        "250-mit.example\n"
        "250 PIPELINING\n"
        ">>> MAIL FROM:<u2@ucla.example>\n"
        "250 2.1.0 Ok\n"
        ">>> RCPT TO:<u1@mit.example>\n"
        "250 2.1.5 Ok\n"
        ">>> DATA\n"
        "354 End data with <CR><LF>.<CR><LF>\n"
        ">>> Subject: message 1\n"
        ">>>\n"
        ">>> line 0\n"
        ">>> .\n"
        "250 2.0.0 Ok: queued\n"
        ">>> QUIT\n"
        "221 2.0.0 Bye\n"
        "u1@mit.example... Sent\n"
        "\n"
        "# 00:00:06.500 <u1@mit.example> delivered, by way of UCLA>MIT\n"
    )


def test_long_mail_data_is_shortened_in_the_middle():
    """Of 103 lines of mail data twelve at the start and four at the end are shown."""
    found = transcript(of(sent(lines=100)), 1).splitlines()
    at = found.index("... 87 lines ...")
    assert (found[at - 1], found[at + 1]) == (">>> line 9", ">>> line 97")


def test_full_shows_all_mail_data():
    """With full nothing is left out."""
    found = transcript(of(sent(lines=100)), 1, full=True)
    assert "lines ..." not in found
    assert all(f">>> line {n}\n" in found for n in range(100))


def test_a_broken_session_shows_what_was_said():
    """A dialogue that ends within mail data is shown to its end, and how it ended."""
    tables = tables_of(
        [message(1)],
        [copy(1, "queued")],
        [attempt(1, "connection-lost", session_id=7, reply_code=0)],
        dialogues=dialogue(7, 1, 0.0, "mit.example", 1)[:12],
    )
    found = transcript(of(tables), 1).splitlines()
    assert found[-4:-2] == [">>>", "u1@mit.example... Deferred: connection to MIT lost"]


def test_a_reply_within_mail_data_is_shown_in_its_place():
    """A server that answers before the final dot (421) is heard where it spoke."""
    lines = [("<", "354 go"), (">", "line"), ("<", "421 4.3.2 closing")]
    tables = tables_of(
        [message(1)],
        [copy(1, "queued")],
        [attempt(1, "deferred", session_id=7, reply_code=421, enhanced_code="4.3.2")],
        dialogues=[DialogueFact(7, float(n), *line) for n, line in enumerate(lines)],
    )
    found = transcript(of(tables), 1).splitlines()
    assert found[4:8] == ["354 go", ">>> line", "421 4.3.2 closing", "u1@mit.example... Deferred: 421 4.3.2"]


@pytest.mark.parametrize(
    ("outcome", "code", "enhanced", "end"),
    [
        ("refused", 550, "5.1.1", "Refused: 550 5.1.1"),
        ("refused", 554, "", "Refused: 554"),
        ("no-route", 0, "4.4.1", "Deferred: no route to MIT"),
        ("dns-failure", 0, "4.4.3", "Deferred: name service error"),
        ("connect-timeout", 0, "", "Deferred: connection to MIT timed out"),
        ("timeout", 0, "", "Deferred: MIT fell silent"),
        ("tcp-timeout", 0, "4.4.2", "Deferred: MIT acknowledged nothing more"),
        ("carrier-lost", 0, "4.4.2", "Deferred: the carrier to MIT gave up"),
        ("unfinished", 0, "", "under way when the run ended"),
        ("host-crash", 0, "", "Deferred: a host crashed"),
        ("partial", 0, "", "Sent to some of them, the others deferred or refused"),
        ("something-new", 0, "", "something-new"),
    ],
)
def test_ends(outcome, code, enhanced, end):
    """Each outcome of an attempt has its words, with the reply that decided it."""
    failed = tables_of(
        [message(1)],
        [copy(1, "bounced", reason="5.1.1")],
        [attempt(1, outcome, session_id=9, reply_code=code, enhanced_code=enhanced)],
        dialogues=dialogue(8, 2, 0.0, "other.example", 1),
    )
    found = transcript(of(failed), 1).splitlines()
    assert found[-3] == f"u1@mit.example... {end}"
    assert found[-1] == "# 00:00:10.000 <u1@mit.example> bounced (5.1.1), by way of UCLA>MIT"
    assert ("u1@mit.example... Connecting to MIT (TCP)..." in found) == (outcome not in {"no-route", "dns-failure"})


def test_a_shared_session_is_divided_by_transaction():
    """Of a session that carried three messages each transcript shows its own part."""
    said = [
        (0.0, "<", "220 hello"),
        (1.0, ">", "MAIL FROM:<first@a.example>"),
        (2.0, ">", "MAIL FROM:<second@a.example>"),
        (3.0, ">", "MAIL FROM:<third@a.example>"),
        (4.0, ">", "QUIT"),
    ]
    tables = tables_of(
        [message(n) for n in (1, 2, 3)],
        [copy(n) for n in (1, 2, 3)],
        [attempt(n, session_id=7, started_s=float(n), ended_s=n + 0.9) for n in (1, 2, 3)],
        dialogues=[DialogueFact(7, *line) for line in said],
    )
    parts = [[line for line in transcript(of(tables), n).splitlines() if line[:3] in {"220", ">>>"}] for n in (1, 2, 3)]
    assert parts == [
        ["220 hello", ">>> MAIL FROM:<first@a.example>"],
        [">>> MAIL FROM:<second@a.example>"],
        [">>> MAIL FROM:<third@a.example>", ">>> QUIT"],
    ]


def test_many_recipients_are_summed_up():
    """More than three recipients are named as two and others."""
    lines = [DialogueFact(7, 0.0, ">", f"RCPT TO:<u{n}@mit.example> NOTIFY=NEVER") for n in range(5)]
    tables = tables_of([message(1)], [copy(1)], [attempt(1, session_id=7)], dialogues=lines)
    assert "u0@mit.example, u1@mit.example and 3 others... Sent" in transcript(of(tables), 1)


def test_a_quoted_recipient_is_named_whole():
    """A bracket within quotes ends no path."""
    tables = sent()
    tables.dialogues["line"] = tables.dialogues["line"].str.replace("<u1@mit.example>", '<"a>b c"@mit.example>')
    assert '"a>b c"@mit.example... Sent\n' in transcript(of(tables), 1)


def test_architectures_are_told_one_after_another():
    """Each architecture's way of the message is told, or the one that is asked for."""
    both = of(sent(), sent(architecture="b"))
    assert transcript(both, 1).count("# message 1") == 2
    assert transcript(both, 1, architecture="b").startswith("# message 1 from <u2@ucla.example>, architecture b")
    assert transcript(both, 1, architecture="b").count("# message 1") == 1


def test_a_replication_can_be_chosen():
    """The first replication is told unless another is asked for."""
    runs = of(sent(), sent(replication=1))
    assert "replication 0" in transcript(runs, 1)
    assert "replication 1" in transcript(runs, 1, replication=1)


def test_days_are_told_apart():
    """Times past a day say the day."""
    tables = tables_of([message(1)], [copy(1, ended_s=2 * 86400 + 3661.25)], [], dialogues=dialogue(1, 2, 0.0, "x", 1))
    assert "# 2 d 01:01:01.250 <u1@mit.example> delivered" in transcript(of(tables), 1)


def test_untraced_dialogues_are_an_error_with_its_cure():
    """Without dialogues the error says how to get them."""
    with pytest.raises(ResultError, match=r"`dialogues: true` in the scenario or with --dialogues"):
        transcript(of(tables_of([message(1)])), 1)


def test_an_unknown_message_is_an_error_with_the_known():
    """A message that is not there is an error that says which are, and where it looked."""
    with pytest.raises(ResultError, match="message 9: not in this result: messages are numbered 1 to 1"):
        transcript(of(sent()), 9)
    with pytest.raises(ResultError, match="message 1: not in architecture 'x' and replication 4: "):
        transcript(of(sent()), 1, architecture="x", replication=4)
    with pytest.raises(ResultError, match="it has no messages"):
        transcript(of(tables_of(dialogues=dialogue(1, 1, 0.0, "x", 1))), 1)


def fetched(lines=1, **steps):
    """Message 1 that u1's laptop got in session 8, by POP3."""
    said = [("<", "+OK ready"), (">", "RETR 1"), ("<", "+OK"), *[("<", f"line {n}") for n in range(lines)], ("<", ".")]
    session = attempt(
        0, session_id=8, started_s=60.0, ended_s=61.0, from_host="u1@mit.example/laptop", to_host="MIT",
        recipients=0, protocol="pop3",
    )  # fmt: skip
    return tables_of(
        [message(1, created_s=5.0)],
        [copy(1, created_s=5.0, ended_s=6.5, stored_s=6.5, **{"announced_s": 60.4, "fetched_s": 60.8, **steps})],
        [session],
        dialogues=[DialogueFact(8, 60.0 + 0.01 * n, *line) for n, line in enumerate(said)],
    )


def test_the_session_in_which_a_device_got_it_is_shown():
    """A POP3 session is an attempt of no message; it is told by its device and the times of the copy."""
    found = transcript(of(fetched()), 1)
    assert (
        "# 00:01:00.000 u1@mit.example/laptop to MIT, by POP3, for the mail there\n"
        "+OK ready\n>>> RETR 1\n+OK\nline 0\n.\n"
    ) in found
    assert found.count("by POP3") == 1


def test_steps_are_listed():
    """When a copy took each step that it took, in their order."""
    found = transcript(of(fetched(read_s=90.0)), 1).splitlines()
    assert found[-4:] == [
        "#   stored    00:00:06.500",
        "#   announced 00:01:00.400",
        "#   fetched   00:01:00.800",
        "#   read      00:01:30.000",
    ]


def test_what_another_fetches_is_not_shown():
    """A session of somebody else's device at the same time is not the message's."""
    tables = fetched()
    tables.attempts["from_host"] = "u12@mit.example/laptop"
    assert "by POP3" not in transcript(of(tables), 1)


def test_a_long_message_from_a_mailbox_is_shortened():
    """As mail data is, unless all is asked for."""
    found = transcript(of(fetched(lines=300)), 1)
    assert "... 286 lines ..." in found
    assert transcript(of(fetched(lines=300)), 1, full=True).count("\nline ") == 300


def test_of_a_session_that_went_on_for_long_the_ends_are_shown():
    """One that was idle for days before the message came: its beginning, and what led to the message."""
    idle = [DialogueFact(8, 60.0, "><"[n % 2], f"idle {n}") for n in range(400)]
    whole = dataclasses.replace(fetched(), dialogues=tables_of(dialogues=idle).dialogues)
    found = transcript(of(whole), 1)
    assert ("\nidle 11\n" in found.replace(">>> ", ""), "idle 200" in found, "idle 399" in found) == (True, False, True)
