"""The MDA: what a user's rules make of a message, what it writes itself, and whom it answers (RFC 5230, 5429, 3834)."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from itertools import count

import pytest

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.mailbox.delivery import Delivery, DeliveryAgent, Outgoing, made_folder
from sim.mailbox.memory import MemoryAccount
from sim.mailbox.sieve_script import read_script
from sim.mailbox.sieve_tests import Incoming

ANN, BOB = Address("ann", "x.test"), Address("bob", "y.test")
REVERSE = Path(ANN)
DATE = "Sat, 01 Jan 2000 00:00:00 +0000"
MESSAGE = b"From: Ann <ann@x.test>\r\nTo: Bob <BOB@y.test>\r\nSubject: =?utf-8?q?h=C3=A9?=\r\n you\r\nMessage-ID: <1@x>\r\n\r\nhi\r\n"
AWAY = 'require "vacation"; vacation :days 2 "I am away, é";'
DAY = 86_400.0


def agent(script: str) -> DeliveryAgent:
    """Who delivers by a script."""
    serial: Iterator[int] = count(1)
    return DeliveryAgent(read_script(script.encode()), lambda: f"<{next(serial)}@y.test>")


def mail(content: bytes = MESSAGE, sender: Address | None = ANN) -> Incoming:
    """A message for Bob."""
    return Incoming(content, sender, BOB)


def with_field(field: str) -> bytes:
    """The message with one more field."""
    return field.encode() + b"\r\n" + MESSAGE


def decided(one: DeliveryAgent, message: Incoming, now: float = 0.0) -> Delivery:
    """What becomes of a message."""
    return one.decide(message, NULL_PATH if message.sender is None else Path(message.sender), now, DATE)


def answered(script: str, message: Incoming) -> bool:
    """Whether its sender is answered; if not, it is said why."""
    found = decided(agent(script), message)
    assert bool(found.outgoing) is not bool(found.remark)
    return bool(found.outgoing)


def test_a_message_that_is_sent_on_keeps_its_reverse_path():
    """RFC 5228 section 4.2: and its content."""
    found = decided(agent('redirect "cid@z.test";'), mail())
    assert found == Delivery((), [Outgoing(REVERSE, Address("cid", "z.test"), MESSAGE)])


def test_a_script_that_fails_is_said_to():
    """The message is in INBOX, and the user learns in which line."""
    found = decided(agent('require "reject"; keep; reject "no";'), mail())
    assert (found.folders, found.error.partition(":")[0]) == (("INBOX",), "line 1")


def test_an_answer():
    """RFC 5230 section 5: from the user, to the sender, with nobody to report to, and never to be answered itself."""
    found = decided(agent(AWAY), mail())
    (sent,) = found.outgoing
    message = message_from_bytes(sent.content, policy=default)
    assert (found.folders, sent.reverse_path, sent.recipient) == (("INBOX",), NULL_PATH, ANN)
    assert (message["From"], message["To"], message["Date"]) == ("bob@y.test", "ann@x.test", DATE)
    assert (message["Subject"], message["Message-ID"]) == ("Auto: hé you", "<1@y.test>")
    assert (message["In-Reply-To"], message["References"]) == ("<1@x>", "<1@x>")
    assert (message["Auto-Submitted"], message["Precedence"]) == ("auto-replied (vacation)", "bulk")
    assert message.get_content().rstrip() == "I am away, é"


@pytest.mark.parametrize(
    ("script", "content", "expected"),
    [
        (':subject "Süß" :from "Bob <b@z.test>" "x"', MESSAGE, ("Süß", "Bob <b@z.test>", "text/plain")),
        ('"x"', MESSAGE.replace(b"Subject", b"X"), ("Automated reply", "bob@y.test", "text/plain")),
        (
            ':mime "Content-Type: text/html\n\n<b>x</b>"',
            MESSAGE.replace(b"Message-ID", b"X"),
            ("Auto: hé you", "bob@y.test", "text/html"),
        ),
    ],
)
def test_an_answer_as_the_script_has_it(script: str, content: bytes, expected: tuple[str, str, str]):
    """RFC 5230 sections 4.3 to 4.5."""
    (sent,) = decided(agent(f'require "vacation"; vacation {script};'), mail(content)).outgoing
    message = message_from_bytes(sent.content, policy=default)
    assert (message["Subject"], message["From"], message.get_content_type()) == expected
    assert "x" in message.get_content()


def test_an_answer_goes_on_with_the_thread():
    """RFC 3834 section 3.1.5; what is no identifier is left out."""
    (sent,) = decided(agent(AWAY), mail(with_field("References: <0@x> rubbish <9@x>"))).outgoing
    assert message_from_bytes(sent.content)["References"] == "<0@x> <9@x> <1@x>"


def test_a_sender_is_answered_once_in_a_period():
    """RFC 5230 section 4.1; another sender is answered, and so is he when the period is over."""
    one = agent(AWAY)
    other = mail(MESSAGE, Address("cid", "x.test"))
    times = [(mail(), 0.0), (mail(), 1.0), (other, 1.0), (mail(), 2 * DAY - 1), (mail(), 2 * DAY)]
    assert [len(decided(one, each, now).outgoing) for each, now in times] == [1, 0, 1, 0, 1]


def test_another_answer_is_sent_within_the_period():
    """RFC 5230 section 4.2: what is said is another thing."""
    first = agent(AWAY)
    second = DeliveryAgent(read_script(b'require "vacation"; vacation "back soon";'), lambda: "<2@y>", first.answered)
    assert [len(decided(each, mail()).outgoing) for each in (first, second, first, second)] == [1, 1, 0, 0]


def test_what_is_remembered_is_bounded():
    """Where too many have been answered, those go whose period is over, or else the oldest."""
    one = agent(AWAY)
    one.answered.update({str(number): 5.0 for number in range(10_000)})
    decided(one, mail(), 1.0)
    assert (len(one.answered), "0" in one.answered) == (10_000, False)
    decided(one, mail(MESSAGE, Address("cid", "x.test")), 6.0)
    assert len(one.answered) == 2


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (mail(), True),
        (mail(MESSAGE, None), False),
        (mail(MESSAGE, BOB), False),
        (mail(MESSAGE, Address("BOB", "Y.test")), False),
        (mail(MESSAGE, Address("MAILER-DAEMON", "x.test")), False),
        (mail(MESSAGE, Address("owner-list", "x.test")), False),
        (mail(MESSAGE, Address("list-request", "x.test")), False),
        (mail(MESSAGE, Address("requests", "x.test")), True),
        (mail(with_field("List-Id: <l.x.test>")), False),
        (mail(with_field("Auto-Submitted: auto-generated")), False),
        (mail(with_field("Auto-Submitted: No (really)")), True),
        (mail(with_field("Precedence: Bulk")), False),
        (mail(with_field("Precedence: first-class")), True),
        (mail(with_field("X-Auto-Response-Suppress: DR, OOF")), False),
        (mail(with_field("X-Auto-Response-Suppress: DR")), True),
        (mail(MESSAGE.replace(b"To:", b"X-To:")), False),
        (mail(MESSAGE.replace(b"To:", b"Resent-Cc:")), True),
        (mail(MESSAGE.replace(b"BOB@y.test", b"others:;")), False),
    ],
)
def test_who_is_answered(message: Incoming, expected: bool):
    """RFC 5230 sections 4.5 and 4.6, RFC 3834 section 2: people who wrote to the user himself."""
    assert answered(AWAY, message) is expected


def test_further_addresses_of_the_user():
    """RFC 5230 section 4.5: mail to them is for him, and mail from them is his."""
    script = 'require "vacation"; vacation :addresses ["b@z.test", "bobby@y.test"] "x";'
    assert answered(script, mail(MESSAGE.replace(b"BOB@y.test", b"Bobby@y.test")))
    assert not answered(script, mail(MESSAGE, Address("b", "z.test")))


def test_a_notice_of_what_the_user_refuses():
    """RFC 5429 section 2.2: a message disposition notification, with nobody to report to."""
    one = agent('require "reject"; reject "No more,\nplease";')
    found = decided(one, mail())
    assert (found.folders, found.rejection) == ((), "No more,\r\nplease")
    (sent,) = one.notice(mail(), found.rejection, DATE)
    message = message_from_bytes(sent.content, policy=default)
    parts = list(message.iter_parts())
    assert (sent.reverse_path, sent.recipient) == (NULL_PATH, ANN)
    assert (message.get_content_type(), message.get_param("report-type")) == (
        "multipart/report",
        "disposition-notification",
    )
    assert [part.get_content_type() for part in parts] == [
        "text/plain",
        "message/disposition-notification",
        "message/rfc822",
    ]
    assert "No more,\r\nplease" in parts[0].get_content()
    assert b"Final-Recipient: rfc822; bob@y.test\r\nOriginal-Message-ID: <1@x>\r\n" in sent.content


def test_a_notice_without_an_original_message_id():
    """The field is left out."""
    (sent,) = agent("").notice(mail(b"From: ann@x.test\r\n\r\nhi\r\n"), "no", DATE)
    assert b"Original-Message-ID" not in sent.content


def test_nobody_is_told_where_the_reverse_path_is_null():
    """RFC 5429 section 2.2."""
    assert agent("").notice(mail(MESSAGE, None), "no", DATE) == ()


def test_folders_are_made_where_they_are_not():
    """Those that are there stay as they are; a name that no mailbox can have is INBOX's."""
    account = MemoryAccount()
    assert [made_folder(account, name) for name in ("a/b", "a/b", "..")] == ["a/b", "a/b", "INBOX"]
    assert account.names() == ["INBOX", "a/b"]
