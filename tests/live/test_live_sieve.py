"""Rules of a served host's users: the script in their folder says what becomes of their mail."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Sequence
from pathlib import Path

import pytest
from mailbox_host import MailboxHost, mailbox_host, message

from sim.live.maildir import Maildir
from sim.live.user_mailboxes import UserMailboxes
from sim.live.user_rules import UserRules
from sim.mail.address import Address
from sim.mail.content import canonical
from sim.mailbox.sieve_tests import Incoming
from sim.scenario.spec import Domain, User

pytestmark = pytest.mark.slow

ALICE, BOB = "alice@example.test", "bob@example.test"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "messages"


@pytest.fixture
def host(tmp_path: Path):
    """A served host with alice and bob."""
    with mailbox_host(tmp_path / "mail") as found:
        yield found


def write(host: MailboxHost, script: str, user: str = ALICE) -> None:
    """Give a user a script."""
    folder = host.folder / user
    folder.mkdir(exist_ok=True)
    (folder / "sieve").write_text(script)


def bobs(host: MailboxHost) -> list[bytes]:
    """What is in bob's INBOX."""
    with imaplib.IMAP4("127.0.0.1", host.imap) as client:
        client.login("bob", "pw")
        client.select("INBOX", readonly=True)
        return [each[1] for each in client.uid("FETCH", "1:*", "(BODY.PEEK[])")[1] if isinstance(each, tuple)]


def hand_in(host: MailboxHost, to: Sequence[str], sender: str = BOB) -> tuple[int, bytes]:
    """Hand a message in by SMTP; gives the reply to its final dot."""
    with smtplib.SMTP("127.0.0.1", host.smtp) as client:
        client.ehlo("me.test")
        client.mail(sender)
        assert [client.rcpt(each)[0] for each in to] == [250] * len(to)
        return client.data(message(1))


def test_mail_goes_where_the_script_says(host: MailboxHost):
    """Into folders that are made; a script that is changed counts from the next message on; without one all is kept."""
    host.deliver(message(1))
    write(host, 'require "fileinto"; if header :contains "subject" "note" { fileinto "Notes/2026"; }')
    host.deliver(message(2))
    write(host, 'require ["fileinto", "copy"]; fileinto :copy "Copies";  # longer')
    host.deliver(message(3))
    write(host, "discard;")
    host.deliver(message(4))
    (host.folder / ALICE / "sieve").unlink()
    host.deliver(message(5))
    found = {name: host.contents(name) for name in ("INBOX", "Notes/2026", "Copies")}
    numbers = {name: [int(each.split(b"note ")[1].split(b"\r\n")[0]) for each in found[name]] for name in found}
    assert numbers == {"INBOX": [1, 3, 5], "Notes/2026": [2], "Copies": [3]}


def test_what_a_user_refuses(host: MailboxHost):
    """In the reply, where all refuse it; else its sender is told in a message."""
    write(host, 'require "reject"; reject "No more,\nplease";')
    assert hand_in(host, [ALICE]) == (550, b"5.7.1 No more,\n5.7.1 please")
    with smtplib.LMTP("127.0.0.1", host.lmtp) as client:
        client.ehlo("me.test")
        client.mail(BOB)
        assert [client.rcpt(each)[0] for each in (ALICE, BOB)] == [250, 250]
        assert (client.data(message(1)), client.getreply()[0]) == ((550, b"5.7.1 No more,\n5.7.1 please"), 250)
    assert hand_in(host, [ALICE, BOB])[0] == 250
    assert (host.contents(), len(bobs(host))) == ([], 3)
    assert sum(b"disposition-notification" in each and b"No more," in each for each in bobs(host)) == 1


def test_mail_that_is_sent_on(host: MailboxHost):
    """To a user here at once; for elsewhere it waits in the Maildir that is all users', as other such mail does."""
    write(host, f'redirect "{BOB}"; redirect "cid@far.test";')
    assert hand_in(host, [ALICE], "eve@x.test")[0] == 250
    (here,), (away,) = bobs(host), [file.read_bytes() for file in (host.folder / "new").iterdir()]
    assert here.startswith(b"Return-Path: <eve@x.test>\r\nDelivered-To: bob@example.test\r\n")
    assert away.startswith(b"Return-Path: <eve@x.test>\nDelivered-To: cid@far.test\n")
    assert (here.count(b"Return-Path:"), here.count(b"Delivered-To:"), here.count(b"Received:")) == (1, 2, 2)
    assert (host.contents(), here.endswith(message(1))) == ([], True)


def test_rules_that_send_mail_round_and_round(host: MailboxHost):
    """It ends in a mailbox, soon."""
    write(host, f'redirect "{BOB}";')
    write(host, f'redirect "{ALICE}";', BOB)
    assert hand_in(host, [ALICE], "eve@x.test")[0] == 250
    assert len(host.contents() + bobs(host)) == 1


def test_whoever_writes_is_answered_once(host: MailboxHost):
    """By a message in his own mailbox; a server that is started anew knows it still."""
    write(host, 'require "vacation"; vacation "I am away.";')
    for _ in range(2):
        host.deliver(message(1))
    assert len(host.contents()) == 2
    (answer,) = bobs(host)
    assert answer.startswith(b"Return-Path: <>\r\n")
    assert b"Subject: Auto: note 1\r\n" in answer
    again = UserRules(Maildir(host.folder / ALICE), lambda: "<1@x>")
    mail = Incoming(message(1), Address("bob", "example.test"), Address("alice", "example.test"))
    assert again.decide(mail, (), 0.0, "").outgoing == []


def test_a_script_that_is_none_keeps_all(tmp_path: Path):
    """And it is said which line is wrong, until it is right."""
    rules = UserRules(Maildir(tmp_path / "m"), lambda: "<1@x>")
    mail = Incoming(message(1), None, Address("alice", "example.test"))
    file = tmp_path / "m" / "sieve"
    file.write_text("discard;\nbogus;")
    found = [rules.decide(mail, (), 0.0, "") for _ in range(2)]
    assert [(each.folders, each.error) for each in found] == [
        (("INBOX",), f"{file}: line 2: unknown command 'bogus'")
    ] * 2
    file.write_text("discard;")
    assert rules.decide(mail, (), 0.0, "") == rules.decide(mail, (), 0.0, "")
    assert rules.decide(mail, (), 0.0, "").folders == ()


def test_rules_of_the_scenario_hold_where_the_folder_has_none(tmp_path: Path):
    """A file `sieve` comes before them, for as long as it is there."""
    domain = Domain(name="a.test", users=("ann", "bob"), people={"ann": User(sieve="discard;")})
    mailboxes = UserMailboxes(tmp_path, [domain], {})
    folders = []
    for user in ("ann", "Ann", "bob"):
        to = Address(user, "a.test")
        folders.append(mailboxes.rules(to).decide(Incoming(message(1), None, to), (), 0.0, "").folders)
    file, ann = tmp_path / "ann@a.test" / "sieve", Address("ann", "a.test")
    for script in ("keep;", None):
        file.write_text(script) if script else file.unlink()
        folders.append(mailboxes.rules(ann).decide(Incoming(message(1), None, ann), (), 0.0, "").folders)
    mailboxes.close()
    assert folders == [(), (), ("INBOX",), ("INBOX",), ()]


def test_what_a_crash_left_of_the_answers_is_passed_over(tmp_path: Path):
    """A line that is none counts for nothing."""
    maildir = Maildir(tmp_path / "m")
    (tmp_path / "m" / "mtasim-answered").write_text("nonsense\n5.0 key\n")
    assert UserRules(maildir, lambda: "<1@x>").decide(
        Incoming(message(1), None, Address("a", "b")), (), 0.0, ""
    ).folders == ("INBOX",)


@pytest.mark.parametrize("file", sorted(SHARED.iterdir()), ids=lambda file: file.name)
def test_any_message_comes_out_as_it_went_in(host: MailboxHost, file: Path):
    """Real mail, by LMTP and by APPEND: to the octet."""
    content = canonical(file.read_bytes())
    with smtplib.LMTP("127.0.0.1", host.lmtp) as client:
        client.sendmail(BOB, [ALICE], content)
    with host.login() as client:
        client.append("INBOX", "", "", content)
    delivered, appended = host.contents()
    assert appended == content
    assert delivered.endswith(content)
