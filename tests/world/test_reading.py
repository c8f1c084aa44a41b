"""Users at their mailboxes in a run: devices look for mail or are told of it, their users read it and do things with it."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from mailboxes import folders, lines, world

from sim.agent.products import MAIL_USER_AGENTS
from sim.mailbox.dovecot import NOTICE_TIME
from sim.results.outcomes import AttemptOutcome

STEPS = ("composed_s", "submitted_s", "accepted_s", "stored_s", "announced_s", "fetched_s", "read_s")
WRITES = "at: 600 s, from: ann@a.example, to: bob@b.example"
AGAIN = "at: 2 h, from: ann@a.example, to: bob@b.example"


def bob(devices="{phone: {mua: thunderbird}}", reads="{after: 60 s, takes: 30 s}"):
    """A user with these devices who reads so."""
    return f"{{bob: {{devices: {devices}, reads: {reads}}}}}"


def steps(copy):
    """When a copy took each step."""
    return [getattr(copy, step) for step in STEPS]


def fetching(facts, protocol="imap", host="bob"):
    """The attempts of sessions with bob's mailbox."""
    return [row for row in facts.attempts if row.protocol == protocol and row.from_host.startswith(host)]


def test_a_message_takes_eight_steps_from_hand_to_eye():
    """Each after the one before."""
    (copy,) = world(WRITES, a="{ann: {devices: [desk]}}", b=bob()).run().copies
    assert all(before <= after for before, after in pairwise(steps(copy)))


def test_the_server_tells_a_device_that_idles_half_a_second_after_the_delivery():
    """EXISTS comes then and half a round trip later, the message some round trips after that."""
    (copy,) = world("at: 100 s, from: ann@a.example, to: bob@b.example", b=bob()).run().copies
    assert copy.announced_s == pytest.approx(copy.stored_s + NOTICE_TIME + 0.010, abs=1e-3)
    assert 0.02 < copy.fetched_s - copy.announced_s < 0.2


def test_a_device_that_looks_now_and_then_has_it_when_it_looks():
    """The first session after the delivery brings it."""
    facts = world(WRITES, b=bob("{desk: {mua: fetchmail, check: 7 min}}")).run()
    (copy,) = facts.copies
    session = next(row for row in fetching(facts, "pop3") if row.started_s > copy.stored_s)
    assert session.started_s < copy.announced_s < copy.fetched_s < session.ended_s


def test_sessions_come_as_often_as_the_device_looks():
    """From the end of one to the beginning of the next."""
    facts = world(WRITES, AGAIN, b=bob("{desk: {mua: fetchmail, check: 7 min}}")).run()
    sessions = fetching(facts, "pop3")
    gaps = [after.started_s - before.ended_s for before, after in pairwise(sessions)]
    assert gaps == pytest.approx([420.0] * len(gaps))


def test_he_reads_after_his_time_and_for_his_time():
    """A minute after a device has it, for half a minute."""
    (copy,) = world(WRITES, b=bob()).run().copies
    assert copy.read_s == pytest.approx(copy.fetched_s + 90.0)


def test_he_reads_while_he_is_at_it():
    """What comes in the night waits for the morning."""
    (copy,) = world(WRITES, b=bob(reads="{after: 0 s, takes: 30 s, at: daily 08:00-18:00}")).run().copies
    assert copy.read_s == 8 * 3600 + 30.0


def test_he_reads_one_message_after_the_other():
    """Two that came together are read half a minute apart."""
    mail = "at: 600 s, from: ann@a.example, to: bob@b.example"
    facts = world(mail, mail, b=bob(reads="{after: 0 s, takes: 30 s}")).run()
    one, two = sorted(copy.read_s for copy in facts.copies)
    assert two == pytest.approx(one + 30.0, abs=0.5)


def test_the_run_goes_on_until_it_is_read_and_the_server_knows():
    """And no longer: here it is told at once."""
    made = world(WRITES, b=bob())
    facts = made.run()
    (copy,) = facts.copies
    assert copy.read_s < facts.attempts[-1].ended_s == made.clock.now < copy.read_s + 0.5


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_no_session_is_cut_by_the_end_of_a_run(name):
    """What he does with his last message is told, and what his other devices are at comes to its end."""
    mua, access = name
    program = f"mua: {mua}, access: {access}, link: {{rate: 9600 bit/s, delay: 400 ms}}"
    devices = (
        f"{{own: {{{program}}}, other: {{mua: fetchmail, access: imap, check: 9 s}}, phone: {{mua: thunderbird}}}}"
    )
    mail = "at: 60 s, from: ann@a.example, to: bob@b.example"
    made = world(mail, mail, b=bob(devices, "{after: 0 s, takes: 1 s, deletes: 50 %, archives: 50 %}"))
    facts = made.run()
    assert [row for row in facts.attempts if row.outcome == AttemptOutcome.UNFINISHED] == []
    assert all(copy.read_s < made.clock.now for copy in facts.copies)


def test_a_device_that_never_comes_back_keeps_no_run_from_its_end():
    """What he did with his mail is told nobody then."""
    devices = "{phone: {mua: thunderbird, online: every 30 d for 2 h}}"
    mail = "at: 10 min, from: ann@a.example, to: bob@b.example"
    made = world(mail, b=bob(devices, "{after: 3 h, takes: 0 s, deletes: 100 %}"))
    (copy,) = made.run().copies
    assert (made.clock.now, len(folders(made, "bob@b.example")["INBOX"])) == (copy.read_s, 1)


def test_the_run_waits_for_a_device_that_comes_back():
    """It tells what he did when it is online again."""
    devices = "{phone: {mua: thunderbird, online: every 6 h for 30 min}}"
    mail = "at: 10 min, from: ann@a.example, to: bob@b.example"
    made = world(mail, b=bob(devices, "{after: 1 h, takes: 0 s, deletes: 100 %}"))
    made.run()
    assert (folders(made, "bob@b.example")["INBOX"], round(made.clock.now / 3600)) == ([], 6)


def test_who_does_not_read_keeps_nobody_waiting():
    """Then the run is over when the mail is delivered."""
    made = world(WRITES, b=bob(reads="none"))
    (copy,) = made.run().copies
    assert (math.isnan(copy.read_s), made.clock.now < copy.stored_s + 1) == (True, True)


def test_two_devices_have_it_and_he_reads_it_once():
    """Both fetch it; the first that has it counts."""
    facts = world(WRITES, AGAIN, b=bob("{phone: {mua: thunderbird}, desk: {mua: mbsync}}", "{after: 10 min}")).run()
    told = [row.line for row in facts.dialogues if "BODY[] {" in row.line]
    assert len(told) == 4
    assert all(copy.read_s == pytest.approx(copy.fetched_s + 630.0) for copy in facts.copies)


def test_a_device_that_is_offline_has_it_when_it_is_online_again():
    """Its coverage comes back after two hours."""
    (copy,) = (
        world(
            "at: 40 min, from: ann@a.example, to: bob@b.example",
            b=bob("{phone: {mua: thunderbird, online: every 2 h for 30 min}}"),
        )
        .run()
        .copies
    )
    assert 7200.0 < copy.announced_s < 7201.0


def test_a_session_ends_with_the_coverage():
    """The one that idles when the device goes offline; the next is another one."""
    facts = world(
        "at: 40 min, from: ann@a.example, to: bob@b.example",
        b=bob("{phone: {mua: thunderbird, online: every 2 h for 30 min}}"),
    ).run()
    assert len({row.session_id for row in fetching(facts)}) == 2


def test_a_crash_of_the_server_ends_the_session_and_the_device_comes_again():
    """It finds out when it renews its wait, and then begins anew."""
    facts = world(AGAIN, b=bob(), hosts="b: {down: [{from: 30 min, to: 31 min}]}").run()
    (copy,) = facts.copies
    assert AttemptOutcome.CONNECTION_LOST in {row.outcome for row in fetching(facts)}
    assert len({row.session_id for row in fetching(facts)}) > 1
    assert copy.read_s > copy.stored_s


def test_an_idle_session_renews_its_wait():
    """Before half an hour is over (RFC 2177): Thunderbird does so every ten minutes."""
    facts = world(AGAIN, b=bob()).run()
    first = fetching(facts)[0].session_id
    said = [row for row in facts.dialogues if row.session_id == first and row.line.endswith(" IDLE")]
    gaps = [after.time_s - before.time_s for before, after in pairwise(said)]
    assert gaps[:3] == pytest.approx([600.0] * 3, abs=1.0)


def test_what_he_deletes_goes_from_the_mailbox():
    """The open session tells the server."""
    made = world(WRITES, AGAIN, b=bob(reads="{after: 0 s, takes: 30 s, deletes: 100 %}"))
    made.run()
    assert folders(made, "bob@b.example")["INBOX"] == []


def test_what_he_files_is_in_the_folder():
    """It is made where it was not there; the archive has a name of its own."""
    made = world(WRITES, AGAIN, b=bob(reads="{after: 0 s, takes: 30 s, files: {Projects: 100 %}}"))
    made.run()
    assert {name: len(all_in) for name, all_in in folders(made, "bob@b.example").items()} == {"INBOX": 0, "Projects": 2}


def test_what_he_archives_is_in_the_archive():
    """In the mailbox Archive, where he says nothing else."""
    made = world(WRITES, AGAIN, b=bob(reads="{after: 0 s, takes: 30 s, archives: 100 %}"))
    made.run()
    assert len(folders(made, "bob@b.example")["Archive"]) == 2


def test_what_he_has_read_is_seen():
    """Its flag is set by a later command."""
    made = world(WRITES, AGAIN, b=bob())
    made.run()
    inbox = made.user_mailboxes.of(made.devices["bob@b.example/phone"].user).account.mailbox("INBOX")
    assert ["\\Seen" in message.flags for message in inbox.messages.values()] == [True, True]


def test_he_answers_the_author():
    """With a message of his own, which names the one that it is about."""
    made = world(
        WRITES,
        a="{ann: {devices: [desk], reads: {after: 0 s}}}",
        b=bob(reads="{after: 0 s, takes: 30 s, replies: 100 %, writes_for: 60 s}"),
    )
    facts = made.run()
    assert [(copy.recipient, str(copy.outcome)) for copy in facts.copies] == [
        ("bob@b.example", "delivered"),
        ("ann@a.example", "delivered"),
    ]
    (answer,) = folders(made, "ann@a.example")["INBOX"]
    assert b"\r\nIn-Reply-To: <1@a.example>\r\n" in answer
    assert b"\r\nSubject: Re: message 1\r\n" in answer


def test_an_answer_is_composed_when_it_is_written():
    """After he has read for half a minute and written for one."""
    facts = world(
        WRITES, a="{ann: {devices: [desk]}}", b=bob(reads="{after: 0 s, takes: 30 s, replies: 100 %, writes_for: 60 s}")
    ).run()
    first, answer = facts.copies
    assert answer.composed_s == pytest.approx(first.read_s + 60.0)


def test_nobody_answers_what_a_program_wrote():
    """An answer out of office is not answered."""
    facts = world(
        WRITES,
        a="{ann: {devices: [desk], reads: {after: 0 s, replies: 100 %}}}",
        b="{bob: {away: {from: 0 s, to: 1 d}}}",
    ).run()
    assert len(facts.messages) == 2


def test_he_passes_mail_on_to_others_of_his_domain():
    """With what it was about, and his own words."""
    facts = world(
        WRITES,
        b="{bob: {devices: [phone], reads: {after: 0 s, forwards: 100 %, writes_for: 60 s, size: 1 kB}}, ben: {}}",
    ).run()
    assert [copy.recipient for copy in facts.copies] == ["bob@b.example", "ben@b.example"]
    assert facts.messages[1].size_bytes > facts.messages[0].size_bytes


def test_mail_that_leaves_the_server_is_read_all_the_same():
    """A device that takes it away has it."""
    made = world(WRITES, b=bob("{desk: {mua: fetchmail, leave: no}}"))
    (copy,) = made.run().copies
    assert copy.read_s > copy.fetched_s
    assert folders(made, "bob@b.example")["INBOX"] == []


def test_with_tls_the_session_is_protected():
    """STARTTLS comes before the password."""
    facts = world(WRITES, b=bob("{phone: {mua: thunderbird, tls: yes}}")).run()
    first = fetching(facts)[0].session_id
    words = [line.split()[1] for line in lines(facts, first, ">")[:3]]
    assert words[0] == "STARTTLS"
    assert "AUTHENTICATE" in words


def test_a_device_reads_end_to_end_whatever_the_architecture():
    """Mail is passed on from host to host, and yet the program asks the host that has the mailbox."""
    facts = world(WRITES, b=bob("{phone: {mua: thunderbird, at: a}}"), architecture="store-and-forward").run()
    assert {(row.from_host, row.to_host) for row in fetching(facts)} == {("bob@b.example/phone", "b")}


def test_a_run_is_the_same_again():
    """All that is drawn comes from streams of its own."""
    settings = {"b": bob("{phone: {}, desk: {mua: mbsync}}", "{replies: 50 %, deletes: 30 %, searches: 1 /h}")}
    assert world(WRITES, AGAIN, **settings).run() == world(WRITES, AGAIN, **settings).run()


def test_a_program_that_shows_headers_fetches_what_he_opens():
    """Mutt has a message when its user wants to see it, and not before."""
    (copy,) = world(WRITES, b=bob("{desk: {mua: mutt}}")).run().copies
    assert copy.fetched_s > copy.announced_s + 60.0
    assert copy.read_s == pytest.approx(copy.fetched_s + 30.0, abs=1.0)


@pytest.mark.parametrize(
    ("mua", "access"),
    [
        *[
            (mua, access)
            for mua in ("thunderbird", "mutt", "fetchmail", "getmail", "curl")
            for access in ("imap", "pop3")
        ],
        ("mbsync", "imap"),
        ("imaplib", "imap"),
        ("mpop", "pop3"),
        ("poplib", "pop3"),
    ],
)
def test_whatever_the_program_his_mail_is_read(mua, access):
    """Announced, fetched and read, in this order."""
    facts = world(WRITES, b=bob(f"{{desk: {{mua: {mua}, access: {access}}}}}")).run()
    (copy,) = facts.copies
    assert copy.stored_s < copy.announced_s <= copy.fetched_s < copy.read_s
    assert {row.protocol for row in facts.attempts} == {"smtp", access}


def test_a_restarted_server_hangs_up_over_a_way_that_may_change():
    """A device that idles hears at once that the product stops, and begins anew; a link elsewhere has outages."""
    flaky = "{phone: {mua: thunderbird}, desk: {mua: mbsync, link: {outages: {mtbf: 1 h, mttr: 1 min}}}}"
    facts = world(AGAIN, b=bob(flaky), hosts="b: {}", acts="{at: 30 min, do: restart, host: b}").run()
    (copy,) = facts.copies
    lost = [row for row in fetching(facts) if row.outcome is AttemptOutcome.CONNECTION_LOST]
    assert 1800.0 < lost[0].ended_s < 1801.0
    assert copy.read_s > copy.stored_s


@pytest.mark.slow
@pytest.mark.parametrize("name", [("fetchmail", "imap"), ("thunderbird", "imap"), ("poplib", "pop3")])
def test_what_takes_hours_to_fetch_is_fetched_once(name):
    """A server that is still writing has not waited for its client yet: it does not hang up behind its own words."""
    mua, access = name
    device = f"{{modem: {{mua: {mua}, access: {access}, link: {{rate: 1200 bit/s}}}}}}"
    large = "at: 600 s, from: ann@a.example, to: bob@b.example, size: 450 kB"
    facts = world(large, AGAIN, b=bob(device, "{after: 0 s, takes: 1 s, deletes: 100 %}")).run()
    assert {str(row.outcome) for row in fetching(facts, access)} == {"accepted"}
    assert [math.isnan(copy.read_s) for copy in facts.copies] == [False, False]
    assert sum(row.bytes_on_wire for row in fetching(facts, access)) < 650_000
