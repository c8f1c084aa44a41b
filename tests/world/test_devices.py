"""Users' devices as hosts: what they write goes to their own MTA by submission, when they are online."""

from __future__ import annotations

import pytest
from mailboxes import folders, lines, world

from sim.mail.content import split

WRITES = "at: 10 s, from: ann@a.example, to: bob@b.example"
SENDS = "{mua: fetchmail, check: 365 d}"
"""A device that looks for mail when all is over."""
ANN = f"{{ann: {{devices: {{phone: {SENDS}}}}}}}"
HALF_HOURS = "{ann: {devices: {phone: {mua: fetchmail, check: 365 d, online: every 2 h for 30 min}}}}"


def copies(facts):
    """Each copy's outcome and path."""
    return [(str(copy.outcome), copy.path) for copy in facts.copies]


def test_a_device_hands_its_mail_to_its_users_own_mta():
    """What is written at a device goes from it to the host of its user, and from there on as all mail."""
    facts = world(WRITES, a=ANN).run()
    assert copies(facts) == [("delivered", "ann@a.example/phone>a>b")]


def test_it_logs_in_before_it_writes():
    """The session is one of submission: AUTH comes before MAIL."""
    facts = world(WRITES, a=ANN).run()
    assert [line.split()[0] for line in lines(facts, 1, ">")[:4]] == ["EHLO", "AUTH", "MAIL", "RCPT"]


def test_with_tls_it_begins_with_starttls():
    """A device that asks for TLS has it before it logs in."""
    facts = world(WRITES, a="{ann: {devices: {phone: {mua: fetchmail, check: 365 d, tls: yes}}}}").run()
    assert [line.split()[0] for line in lines(facts, 1, ">")[:4]] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


def test_who_has_no_device_hands_his_mail_in_as_before():
    """Of a domain in which others have devices, too."""
    facts = world(
        "at: 10 s, from: al@a.example, to: bob@b.example", a=f"{{ann: {{devices: {{phone: {SENDS}}}}}, al: {{}}}}"
    ).run()
    assert copies(facts) == [("delivered", "a>b")]


def test_the_ledger_notes_when_it_was_written_and_submitted():
    """composed_s is when it was written, submitted_s when the user's own MTA had it."""
    facts = world(WRITES, a=ANN).run()
    (copy,) = facts.copies
    assert copy.composed_s == 10.0
    assert copy.composed_s < copy.submitted_s < copy.ended_s


def test_mail_waits_in_the_outbox_until_the_device_is_online():
    """Written in a hole of its coverage, it goes when the next one begins."""
    written = "at: 40 min, from: ann@a.example, to: bob@b.example"
    facts = world(written, a=HALF_HOURS).run()
    assert [(row.from_host, row.started_s) for row in facts.attempts][:1] == [("ann@a.example/phone", 7200.0)]


def test_the_outbox_is_a_queue():
    """What waits there is in the table of queues, under the device's name."""
    facts = world("at: 40 min, from: ann@a.example, to: bob@b.example", a=HALF_HOURS).run()
    mine = [row for row in facts.queues if row.host == "ann@a.example/phone"]
    assert [(row.time_s, row.messages, row.deferred) for row in mine][:2] == [(2400.0, 1, 0), (2400.0, 1, 1)]


def test_he_writes_at_the_first_device_that_is_online():
    """Of two, the one in a hole of its coverage is passed over."""
    devices = "{ann: {devices: {phone: {mua: fetchmail, check: 365 d, online: every 2 h for 30 min}, desk: {mua: fetchmail, check: 365 d}}}}"
    facts = world("at: 40 min, from: ann@a.example, to: bob@b.example", WRITES, a=devices).run()
    assert [path.split(">")[0] for _, path in copies(facts)] == ["ann@a.example/phone", "ann@a.example/desk"]


def test_a_broken_session_is_tried_again():
    """Coverage that ends in the middle of a message costs an attempt, and the message goes the next time."""
    slow = "{ann: {devices: {phone: {mua: fetchmail, check: 365 d, online: every 1 h for 20 s, link: {rate: 9600 bit/s}}}}}"
    facts = world("at: 5 s, from: ann@a.example, to: bob@b.example, size: 20 kB", a=slow, duration="2 h").run()
    mine = [str(row.outcome) for row in facts.attempts if row.from_host == "ann@a.example/phone"]
    assert len(mine) > 1
    assert "accepted" not in mine


@pytest.mark.parametrize("architecture", ["end-to-end", "store-and-forward"])
def test_its_sessions_go_end_to_end_whatever_the_mtas_do(architecture):
    """A device behind another node speaks to its own MTA itself."""
    facts = world(
        WRITES, a="{ann: {devices: {phone: {mua: fetchmail, check: 365 d, at: b}}}}", architecture=architecture
    ).run()
    assert [(row.from_host, row.to_host) for row in facts.attempts][:1] == [("ann@a.example/phone", "a")]


def test_its_own_link_carries_its_sessions():
    """The link of the device is in the way: a second of delay each way is felt."""
    slow = "{ann: {devices: {phone: {mua: fetchmail, check: 365 d, link: {delay: 1 s}}}}}"
    fast, late = (world(WRITES, a=a).run().attempts[0] for a in (ANN, slow))
    flights = fast.round_trips
    assert late.ended_s - fast.ended_s == pytest.approx(2 * 0.99 * flights, rel=0.1)


def test_a_refusal_is_told_on_the_screen():
    """What his MTA refuses for good ends as bounced, and no report is mailed."""
    facts = world("at: 10 s, from: ann@a.example, to: none@a.example", a=ANN).run()
    assert [(str(copy.outcome), copy.reason.split()[0]) for copy in facts.copies] == [("bounced", "550")]


def test_nobody_writes_in_anothers_name():
    """A forged reverse-path of a user of the same host is refused on submission (RFC 6409 section 6.1)."""
    made = world(WRITES, a=f"{{ann: {{devices: {{phone: {SENDS}}}}}, al: {{}}}}")
    reception = made.servers["a"].submissions.answer("", False)
    reception.greet(busy=False)
    said = [reception.read(line) for line in (b"EHLO x.example\r\n", b"MAIL FROM:<al@a.example>\r\n")]
    assert said[1][:3] == b"530"


def test_reports_come_back_to_the_mailbox():
    """Mail that cannot be delivered elsewhere comes back to the user's mailbox, not to his device."""
    facts = world("at: 10 s, from: ann@a.example, to: none@b.example", a=ANN).run()
    assert copies(facts)[1] == ("delivered", "a") or copies(facts)[1][1].endswith("a")


def test_a_device_is_nobodys_next_hop():
    """Its name is no domain of the name service."""
    made = world(WRITES, a=ANN)
    assert made.dns.mx("ann@a.example/phone") is None


def test_what_a_device_writes_has_the_authenticated_trace_field():
    """The MTA's Received field says ESMTPA (RFC 3848)."""
    made = world(WRITES, a=ANN, b=f"{{bob: {{devices: {{desk: {SENDS}}}, reads: none}}}}")
    made.run()

    (content,) = folders(made, "bob@b.example")["INBOX"]
    assert b"with ESMTPA id" in split(content)[0]


def test_a_new_device_moves_nothing_of_others():
    """The attempts of all other mail are as without the device."""
    mail = [f"at: {n} s, from: al@a.example, to: bob@b.example" for n in range(5, 50, 5)]
    with_it = world(*mail, a=f"{{ann: {{devices: {{phone: {SENDS}}}}}, al: {{}}}}").run()
    without = world(*mail, a="{ann: {}, al: {}}").run()
    assert with_it.attempts == without.attempts


def test_submission_has_sessions_of_its_own():
    """A host whose only session with other hosts is taken serves its users' programs all the same."""
    long = "at: 1 s, from: bob@b.example, to: al@a.example, size: 20 MB"
    busy = world(long, WRITES, a="{ann: {devices: [phone]}, al: {}}", hosts="a: {sessions: 1}").run()
    (submitted,) = [row for row in busy.attempts if row.from_host == "ann@a.example/phone" and row.message_id]
    (came,) = [row for row in busy.attempts if row.to_host == "a" and row.from_host == "b"]
    assert came.started_s < submitted.started_s < submitted.ended_s < came.ended_s
