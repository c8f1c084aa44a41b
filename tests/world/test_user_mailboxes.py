"""Mail for users with rules, a quota, times away, retention or an archive: what lies in their mailboxes at last."""

from __future__ import annotations

import pytest
from mailboxes import folders, world

from sim.mail.address import parse_address

MAIL = "from: ann@a.example, to: bob@b.example"
ONE = f"at: 10 s, {MAIL}"


def rules(script: str, more: str = "") -> str:
    """Users of b: bob with a script, and carl."""
    quoted = script.replace('"', '\\"')
    return f'{{bob: {{sieve: "{quoted}"{more}}}, carl: {{}}}}'


def ends(facts):
    """How copies ended, and why."""
    return [(copy.recipient, str(copy.outcome), copy.reason) for copy in facts.copies]


def counts(made, address: str = "bob@b.example") -> dict[str, int]:
    """How many messages lie in each mailbox."""
    return {name: len(contents) for name, contents in folders(made, address).items()}


def test_mail_for_a_user_with_a_device_lies_in_his_inbox():
    """With its trace fields and its Return-Path."""
    made = world(ONE, b="{bob: {devices: [desk], reads: none}}")
    facts = made.run()
    (content,) = folders(made, "bob@b.example")["INBOX"]
    assert content.startswith(b"Return-Path: <ann@a.example>\r\nReceived: from a\r\n\tby b ")
    assert (facts.copies[0].accepted_s, facts.copies[0].stored_s) == (facts.copies[0].ended_s,) * 2


def test_who_has_none_of_it_has_no_mailbox_of_his_own():
    """His mail is delivered as it always was, without steps."""
    made = world(ONE)
    (copy,) = made.run().copies
    assert made.user_mailboxes.of(parse_address("bob@b.example")) is None
    assert (str(copy.outcome), copy.stored_s != copy.stored_s) == ("delivered", True)


def test_rules_file():
    """A copy that is filed is delivered, and its reason says where."""
    made = world(ONE, b=rules('require \\"fileinto\\"; fileinto \\"Projects/x\\";'.replace("\\", "")))
    assert ends(made.run()) == [("bob@b.example", "delivered", "filed into Projects/x")]
    assert counts(made) == {"INBOX": 0, "Projects/x": 1}


def test_rules_throw_away():
    """A copy that is discarded is delivered with that reason, and stored nowhere."""
    made = world(ONE, b=rules("discard;"))
    facts = made.run()
    assert ends(facts) == [("bob@b.example", "delivered", "discarded")]
    assert counts(made) == {"INBOX": 0}
    assert facts.copies[0].stored_s != facts.copies[0].stored_s


def test_rules_send_on():
    """What is redirected goes on in its sender's name as a message of its own."""
    facts = world(ONE, b=rules('redirect "al@a.example";')).run()
    assert ends(facts)[0] == ("bob@b.example", "delivered", "redirected to al@a.example")
    assert ends(facts)[1][:2] == ("al@a.example", "delivered")
    assert facts.messages[1].sender == "ann@a.example"


def test_two_who_send_each_other_on_end():
    """A message that comes back to the rules that sent it on is kept."""
    users = '{bob: {sieve: "redirect \\"carl@b.example\\";"}, carl: {sieve: "redirect \\"bob@b.example\\";"}}'
    made = world(ONE, b=users)
    made.run()
    assert counts(made) == {"INBOX": 1}


def test_rules_that_refuse_do_it_in_the_session():
    """Where all recipients refuse the mail data get 550, and the sender's host reports."""
    facts = world(ONE, b=rules('require "reject"; reject "not me";')).run()
    assert ends(facts)[0] == ("bob@b.example", "bounced", "550 5.7.1 not me")
    assert facts.attempts[0].reply_code == 550


def test_where_others_take_it_the_host_reports():
    """One of two refuses: the mail is taken, and the user's host returns his copy."""
    both = "at: 10 s, from: ann@a.example, to: [bob@b.example, carl@b.example]"
    facts = world(both, b=rules('require "reject"; reject "not me";')).run()
    assert facts.attempts[0].reply_code == 250
    assert ends(facts)[:2] == [
        ("bob@b.example", "bounced", "550 5.7.1 not me"),
        ("carl@b.example", "delivered", ""),
    ]
    assert [message.about for message in facts.messages] == [0, 1]


def test_who_is_away_answers_once():
    """In that time, to each sender once, and the mail is kept all the same."""
    away = "{bob: {away: {from: 1 h, to: 3 h, says: back soon}}}"
    mail = [f"at: {at} min, {MAIL}" for at in (10, 70, 80, 200)]
    made = world(*mail, b=away, a="{ann: {devices: [desk], reads: none}}")
    facts = made.run()
    answers = [message for message in facts.messages if message.sender == "<>"]
    assert [round(answer.created_s / 60) for answer in answers] == [70]
    assert counts(made) == {"INBOX": 4}
    (answer,) = folders(made, "ann@a.example")["INBOX"]
    assert b"\r\n\r\nback soon" in answer
    assert b"Auto-Submitted: auto-replied" in answer


def test_away_for_a_second_time_answers_anew():
    """Each time away has answers of its own."""
    away = "{bob: {away: [{from: 1 h, to: 2 h}, {from: 3 h, to: 4 h}]}}"
    facts = world(*[f"at: {at} min, {MAIL}" for at in (70, 80, 190, 200)], b=away).run()
    assert [round(message.created_s / 60) for message in facts.messages if message.sender == "<>"] == [70, 190]


def test_a_full_mailbox_turns_mail_away_for_the_time_being():
    """RCPT with a size for which there is no room gets 452: the sender's host tries again, until it is over."""
    mail = [f"at: {at} s, {MAIL}, size: 6 kB" for at in (10, 20)]
    facts = world(*mail, of_b="quota: 10 kB").run()
    assert [row.reply_code for row in facts.attempts][:2] == [250, 452]


def test_grace_lets_the_last_message_in():
    """Mail that is delivered may take so much more."""
    mail = [f"at: {at} s, {MAIL}, size: 6 kB" for at in (10, 20, 30)]
    facts = world(*mail, of_b="quota: {size: 10 kB, grace: 4 kB}").run()
    assert [row.reply_code for row in facts.attempts][:3] == [250, 250, 452]


def test_a_message_that_never_fits_comes_back():
    """552: no room, nor would there be in an empty mailbox."""
    facts = world(f"at: 10 s, {MAIL}, size: 20 kB", of_b="quota: 10 kB").run()
    assert (facts.attempts[0].reply_code, str(facts.copies[0].outcome)) == (552, "bounced")


def test_mail_that_finds_no_room_after_all_comes_back():
    """A host that has taken its own user's mail reports that the mailbox is full."""
    facts = world("at: 10 s, from: bob@b.example, to: bob@b.example, size: 20 kB", of_b="quota: 10 kB").run()
    assert ends(facts)[0] == ("bob@b.example", "bounced", "552 5.2.2 Mailbox full")


def test_what_is_too_old_expires():
    """Once a day what is older than the retention goes, and nobody hears of it."""
    mail = [f"at: {at} h, {MAIL}" for at in (1, 30, 80)]
    made = world(*mail, b="{bob: {retention: 2 d}}", duration="4 d")
    made.run()
    assert counts(made) == {"INBOX": 2}


def test_old_mail_goes_into_the_archive():
    """What has lain in INBOX so long is moved, and keeps its date, so that it expires in its time."""
    mail = [f"at: {at} h, {MAIL}" for at in (1, 30, 118)]
    made = world(*mail, b="{bob: {archive: {after: 1 d, to: Old}, retention: 3 d}}", duration="5 d")
    made.run()
    assert counts(made) == {"INBOX": 1, "Old": 1}


def test_mail_that_somebody_will_read_keeps_the_run_going():
    """Until he has read it, it is gone, or the horizon."""
    made = world(ONE, b="{bob: {devices: {desk: {mua: fetchmail, check: 365 d}}}}")
    own = made.user_mailboxes.of(parse_address("bob@b.example"))

    def read() -> None:
        own.account.was_read(own.account.mailbox("INBOX").content(1))

    made.clock.call_at(500.0, read)
    made.run()
    assert made.clock.now == 500.0


@pytest.mark.parametrize("by", ["delete", "move"])
def test_deleted_unread_it_is_waited_for_no_more(by):
    """A message that is expunged is; one that is moved is waited for still."""
    made = world(ONE, b="{bob: {devices: {desk: {mua: fetchmail, check: 365 d}}}}")
    own = made.user_mailboxes.of(parse_address("bob@b.example"))

    def act() -> None:
        own.account.create("Old")
        inbox = own.account.mailbox("INBOX")
        if by == "delete":
            inbox.expunge([1])
        else:
            own.account.mailbox("Old").adopt_moved(inbox, [1])

    made.clock.call_at(500.0, act)
    made.run()
    assert made.clock.now == {"delete": 500.0, "move": 2 * 86_400.0}[by]


def test_recipients_of_a_message_share_its_content():
    """One object for all mailboxes of a host."""
    both = "at: 10 s, from: ann@a.example, to: [bob@b.example, carl@b.example]"
    made = world(both, b="{bob: {retention: 365 d}, carl: {retention: 365 d}}")
    made.run()
    (one,), (other,) = (folders(made, f"{name}@b.example")["INBOX"] for name in ("bob", "carl"))
    assert one is other


def test_a_copy_is_known_by_its_content_wherever_it_lies():
    """Moved or copied, a message is the copy of the ledger that it was."""
    made = world(ONE, b="{bob: {retention: 365 d}}")
    made.run()
    account = made.user_mailboxes.of(parse_address("bob@b.example")).account
    account.create("Old")
    (uid,) = account.mailbox("Old").adopt_moved(account.mailbox("INBOX"), [1])
    assert account.copies(account.mailbox("Old").content(uid)) == [(1, "bob@b.example")]
    assert account.copies(b"of another source") == []


def test_a_user_has_the_same_mailboxes_at_all_hosts_of_his_domain():
    """Two best MX hosts keep one mailbox."""
    made = world(
        *[f"at: {at} s, {MAIL}" for at in range(10, 30)], b="{bob: {retention: 365 d}}", of_b="mailboxes: [b, m]"
    )
    made.run()
    assert counts(made) == {"INBOX": 20}


def test_what_mailboxes_hold_is_written_down_once_a_day():
    """Where it has changed, and at the end of the run."""
    mail = [f"at: {at} h, {MAIL}, size: 1 kB" for at in (1, 2, 80)]
    made = world(*mail, b="{bob: {retention: 2 d}}", duration="4 d")
    facts = made.run()
    held = [(row.user, row.time_s / 3600, row.messages, row.bytes > 900 * row.messages) for row in facts.mailboxes]
    assert [row[:3] for row in held[:2]] == [("bob@b.example", 24.0, 2), ("bob@b.example", 72.0, 0)]
    assert held[-1][2:] == (1, True)


def test_without_mailboxes_nothing_is_written_down():
    """Runs of scenarios without such users have an empty table."""
    assert world(ONE).run().mailboxes == []
