"""A host's side of a session with a mailbox, a flight at a time."""

from __future__ import annotations

import pytest

from sim.mailbox.dialogue import AccessDialogue
from sim.mailbox.dovecot import DovecotImap, DovecotPop3
from sim.mailbox.imap_access import ImapAccess
from sim.mailbox.memory import MemoryAccount
from sim.mailbox.pop3_access import Pop3Access

SETTINGS = {"accounts": {"ann": "secret"}, "open_account": lambda _: MemoryAccount()}


def pop3(access=Pop3Access):
    """A POP3 session that takes a second for a login, and two for a wrong password."""
    return AccessDialogue(access(timestamp="<1@a>", **SETTINGS), login_time=1.0, failure_delay=2.0)


def imap(access=ImapAccess):
    """An IMAP session."""
    return AccessDialogue(access(challenge=b"<1@a>", now=float, message_limit=1000, **SETTINGS))


def test_a_login_takes_its_time():
    """PASS does, USER does not, and nothing behind it."""
    dialogue = pop3()
    dialogue.greet(busy=False)
    sleeps = []
    for command in (b"USER ann\r\n", b"PASS secret\r\n", b"STAT\r\n"):
        dialogue.read(command)
        sleeps.append(dialogue.sleep)
    assert sleeps == [0.0, 1.0, 0.0]


def test_a_wrong_password_is_answered_late():
    """By what the host takes for it."""
    dialogue = pop3()
    dialogue.greet(busy=False)
    dialogue.read(b"USER ann\r\nPASS wrong\r\n")
    assert dialogue.sleep == 2.0


def test_commands_are_counted():
    """Each of a group, wrong ones too."""
    dialogue = pop3()
    dialogue.greet(busy=False)
    dialogue.read(b"CAPA\r\nNONSENSE\r\nQUIT\r\n")
    assert dialogue.commands == 3


@pytest.mark.parametrize(("begin", "quits"), [(pop3, b"QUIT\r\n"), (imap, b"a LOGOUT\r\n")])
def test_behind_its_end_nothing_is_said(begin, quits):
    """The session is over then."""
    dialogue = begin()
    dialogue.greet(busy=False)
    dialogue.read(quits)
    assert dialogue.is_over
    assert dialogue.read(b"more\r\n") == b""


@pytest.mark.parametrize(("begin", "first"), [(pop3, b"-ERR"), (imap, b"* BYE")])
def test_a_busy_host_says_so(begin, first):
    """Instead of its greeting."""
    assert begin().greet(busy=True).startswith(first)


@pytest.mark.parametrize("begin", [pop3, imap])
def test_a_silent_client_is_told_why(begin):
    """In about as many octets as was said before."""
    dialogue = begin()
    dialogue.greet(busy=False)
    assert len(dialogue.time_out()) == pytest.approx(dialogue.last_words, abs=3)


def test_dovecot_refuses_last():
    """It is no command of RFC 1939."""
    dialogue = pop3(DovecotPop3)
    dialogue.greet(busy=False)
    dialogue.read(b"USER ann\r\nPASS secret\r\n")
    assert dialogue.read(b"LAST\r\n") == b"-ERR Unknown command: LAST\r\n"


def test_dovecot_lists_capabilities_at_a_login_once_they_were_asked_for():
    """Untagged behind CAPABILITY, else in a response code."""
    asked, not_asked = imap(DovecotImap), imap(DovecotImap)
    for dialogue in (asked, not_asked):
        dialogue.greet(busy=False)
    asked.read(b"a CAPABILITY\r\n")
    assert asked.read(b"b LOGIN ann secret\r\n").endswith(b"\r\nb OK Logged in\r\n")
    assert not_asked.read(b"b LOGIN ann secret\r\n").startswith(b"b OK [CAPABILITY ")
