"""What a host answers to POP3, by RFC section: 1939 whole, 2449, 2595, 3206, 5034."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

import pytest

from sim.mailbox.interface import INBOX
from sim.mailbox.memory import MemoryAccount
from sim.mailbox.pop3_access import Pop3Access
from sim.protocol.sasl import cram_md5

ACCOUNTS = {"bob": "secret", "eve": "two words "}
TIMESTAMP = "<1896.697170952@b.example>"
FIRST = b"Subject: one\r\n\r\n.dots\r\n.\r\nlast\r\n"
SECOND = b"Subject: two\r\n\r\n"
LOGIN = b"USER bob\r\nPASS secret\r\n"


def base64(octets):
    """What stands on the wire for these octets."""
    return b64encode(octets) + b"\r\n"


def filled(*contents):
    """An account whose INBOX has these messages."""
    account = MemoryAccount()
    for content in contents:
        account.mailbox(INBOX).append(content, (), 0.0)
    return account


class Session:
    """A session with a host; `account` is bob's, and eve has one of her own."""

    def __init__(self, account=None, *, login=LOGIN, **options):
        self.account = filled(FIRST, SECOND) if account is None else account
        self.accounts = {"bob": self.account, "eve": MemoryAccount()}
        self.access = Pop3Access(ACCOUNTS, self.accounts.__getitem__, timestamp=TIMESTAMP, **options)
        self.greeting = self.access.greet()
        self.say(login)

    def say(self, octets):
        """What is answered to these octets."""
        return b"".join(self.access.replies(octets)) if octets else b""

    def each(self, octets):
        """How each answer of one line begins: `+OK` or `-ERR`, with its code."""
        return re.findall(rb"^(\+OK|-ERR(?: \[[^]]*\])?|\+(?= ))", self.say(octets), re.MULTILINE)

    def left(self):
        """The messages that the maildrop has."""
        return [self.account.mailbox(INBOX).content(uid) for uid in self.account.mailbox(INBOX).messages]


def fresh(**options):
    """A session in which nobody has logged in."""
    return Session(login=b"", **options)


def test_the_greeting_has_what_apop_needs():
    """RFC 1939 sections 4 and 7."""
    assert fresh().greeting == b"+OK mtasim ready. <1896.697170952@b.example>\r\n"


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        (b"USER bob\r\nPASS secret\r\n", [b"+OK", b"+OK"]),
        (b"USER eve\r\nPASS two words \r\n", [b"+OK", b"+OK"]),
        (b"USER eve\r\nPASS two words\r\n", [b"+OK", b"-ERR [AUTH]"]),
        (b"USER bob\r\nPASS wrong\r\nUSER bob\r\nPASS secret\r\n", [b"+OK", b"-ERR [AUTH]", b"+OK", b"+OK"]),
        # Who is there is not told apart from who is not.
        (b"USER nobody\r\nPASS secret\r\n", [b"+OK", b"-ERR [AUTH]"]),
        (b"USER bob\r\nPASS\r\n", [b"+OK", b"-ERR [AUTH]"]),
        (b"PASS secret\r\n", [b"-ERR"]),
        (b"USER bob\r\nPASS wrong\r\nPASS secret\r\n", [b"+OK", b"-ERR [AUTH]", b"-ERR"]),
        (b"USER eve\r\nUSER bob\r\nPASS secret\r\n", [b"+OK", b"+OK", b"+OK"]),
        (b"USER bob\r\nCAPA x\r\nPASS secret\r\n", [b"+OK", b"-ERR", b"+OK"]),
        (b"USER bob\r\nPASS secret\r\nUSER bob\r\nPASS secret\r\n", [b"+OK", b"+OK", b"-ERR", b"-ERR"]),
    ],
)
def test_user_and_pass(lines, answers):
    """RFC 1939 section 7; a wrong password is told as such (RFC 3206)."""
    assert fresh().each(lines) == answers


def digest(password):
    """What APOP says for a password."""
    return hashlib.md5(f"{TIMESTAMP}{password}".encode(), usedforsecurity=False).hexdigest().encode()


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        (b"APOP bob " + digest("secret"), [b"+OK"]),
        (b"APOP bob " + digest("secret").upper(), [b"+OK"]),
        (b"APOP bob " + digest("wrong"), [b"-ERR [AUTH]"]),
        (b"APOP nobody " + digest(""), [b"-ERR [AUTH]"]),
        ("APOP bob \u00e9".encode(), [b"-ERR [AUTH]"]),
        (b"USER eve\r\nAPOP bob " + digest("secret"), [b"+OK", b"+OK"]),
    ],
)
def test_apop(lines, answers):
    """RFC 1939 section 7."""
    assert fresh().each(lines + b"\r\n") == answers


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        (b"AUTH PLAIN " + base64(b"\0bob\0secret"), [b"+OK"]),
        (b"AUTH PLAIN\r\n" + base64(b"\0bob\0secret"), [b"+", b"+OK"]),
        (b"auth plain " + base64(b"\0bob\0wrong"), [b"-ERR [AUTH]"]),
        (b"AUTH PLAIN =\r\n", [b"-ERR"]),
        (b"AUTH PLAIN\r\n*\r\nNOOP\r\n", [b"+", b"-ERR", b"-ERR"]),
        (b"AUTH PLAIN\r\n!\r\n" + LOGIN, [b"+", b"-ERR", b"+OK", b"+OK"]),
        (b"AUTH LOGIN\r\n" + base64(b"bob") + base64(b"secret"), [b"+", b"+", b"+OK"]),
        (b"AUTH LOGIN " + base64(b"bob") + base64(b"secret"), [b"+", b"+OK"]),
        (b"AUTH CRAM-MD5\r\n" + base64(cram_md5("bob", "secret", TIMESTAMP.encode())), [b"+", b"+OK"]),
        (b"AUTH CRAM-MD5\r\n" + base64(cram_md5("bob", "wrong", TIMESTAMP.encode())), [b"+", b"-ERR [AUTH]"]),
        (b"AUTH CRAM-MD5 " + base64(b"bob"), [b"-ERR"]),
        (b"AUTH GSSAPI\r\n", [b"-ERR"]),
        (b"AUTH PLAIN " + base64(b"\0bob\0secret") + b"AUTH PLAIN " + base64(b"\0bob\0secret"), [b"+OK", b"-ERR"]),
    ],
)
def test_auth(lines, answers):
    """RFC 5034 section 4: each mechanism, with an initial response and without; `*` and rubbish give it up."""
    assert fresh().each(lines) == answers


def test_auth_alone_names_the_mechanisms():
    """And logs nobody in."""
    session = fresh()
    assert session.say(b"AUTH\r\n") == b"+OK Mechanisms follow.\r\nPLAIN\r\nLOGIN\r\nCRAM-MD5\r\n.\r\n"
    assert session.each(b"STAT\r\n") == [b"-ERR"]


def test_wrong_passwords_are_counted():
    """For whoever delays them; what is no password is none."""
    session = fresh()
    session.say(b"USER bob\r\nPASS x\r\nAPOP bob x\r\nAUTH PLAIN AGEAYg==\r\nAUTH PLAIN YQ==\r\nAUTH X\r\n")
    assert session.access.failures == 3


def test_passwords_in_the_clear():
    """Where TLS has to protect them, the ways that say them are refused, and named nowhere (RFC 2595 section 2.3)."""
    session = fresh(offers_tls=True, clear_login=False)
    assert session.each(b"USER bob\r\nAUTH PLAIN\r\nAUTH LOGIN\r\nAUTH X\r\n") == [b"-ERR [AUTH]"] * 3 + [b"-ERR"]
    capabilities = session.say(b"CAPA\r\n").split(b"\r\n")
    assert [line for line in capabilities if line in (b"USER", b"STLS") or line.startswith(b"SASL")] == [
        b"SASL CRAM-MD5",
        b"STLS",
    ]
    assert session.say(b"AUTH\r\n").split(b"\r\n")[1:-2] == [b"CRAM-MD5"]
    assert session.each(b"APOP bob " + digest("secret") + b"\r\n") == [b"+OK"]


def test_stls():
    """RFC 2595 section 4: nothing behind it counts, what was said before is forgotten, and it comes once."""
    session = fresh(offers_tls=True, clear_login=False)
    assert session.say(b"STLS\r\nUSER bob\r\nPASS secret\r\n") == b"+OK Begin TLS negotiation now.\r\n"
    assert session.access.wants_tls is True
    session.access.secured()
    assert session.each(b"STAT\r\nSTLS\r\nUSER bob\r\nPASS secret\r\nSTLS\r\n") == [
        *(b"-ERR", b"-ERR", b"+OK", b"+OK", b"-ERR"),
    ]
    assert b"STLS" not in session.say(b"CAPA\r\n")
    assert fresh().each(b"STLS\r\n") == [b"-ERR"]
    assert Session(offers_tls=True).each(b"STLS\r\n") == [b"-ERR"]


def test_tls_from_the_start():
    """Passwords may be said, and STLS is not offered."""
    session = fresh(offers_tls=True, clear_login=False, secure=True)
    assert b"STLS" not in session.say(b"CAPA\r\n")
    assert session.each(LOGIN) == [b"+OK", b"+OK"]


def test_capa():
    """RFC 2449 section 5: the same words in both states, but for those of the login."""
    said = fresh(offers_tls=True).say(b"CAPA\r\n")
    words = [b"TOP", b"UIDL", b"RESP-CODES", b"AUTH-RESP-CODE", b"PIPELINING", b"EXPIRE NEVER", b"USER"]
    after = [b"SASL PLAIN LOGIN CRAM-MD5", b"STLS", b"IMPLEMENTATION mtasim", b".", b""]
    assert said.split(b"\r\n")[1:] == [*words, *after]
    assert Session(offers_tls=True).say(b"CAPA\r\n").split(b"\r\n")[1:] == [
        *words,
        *(word for word in after if word != b"STLS"),
    ]


def test_stat_list_and_uidl():
    """RFC 1939 sections 5 and 7: what is marked is left out, numbers stay, and sizes are those of RETR."""
    session = Session()
    assert session.say(b"STAT\r\n") == b"+OK 2 48\r\n"
    assert session.say(b"LIST\r\n") == b"+OK 2 messages:\r\n1 32\r\n2 16\r\n.\r\n"
    assert session.say(b"LIST 2\r\n") == b"+OK 2 16\r\n"
    assert session.say(b"UIDL\r\n") == b"+OK 2 messages:\r\n1 0000000100000001\r\n2 0000000100000002\r\n.\r\n"
    assert session.say(b"UIDL 2\r\n") == b"+OK 2 0000000100000002\r\n"
    session.say(b"DELE 1\r\n")
    assert session.say(b"STAT\r\nLIST\r\n") == b"+OK 1 16\r\n+OK 1 messages:\r\n2 16\r\n.\r\n"
    assert session.each(b"LIST 1\r\nUIDL 1\r\nLIST 2\r\n") == [b"-ERR", b"-ERR", b"+OK"]
    assert Session(MemoryAccount()).say(b"STAT\r\nLIST\r\n") == b"+OK 0 0\r\n+OK 0 messages:\r\n.\r\n"


def test_identifiers_last():
    """A message keeps its unique identifier from session to session, and none is given twice (RFC 1939 section 7)."""
    first = Session()
    first.say(b"DELE 1\r\nQUIT\r\n")
    first.account.mailbox(INBOX).append(SECOND, (), 0.0)
    said = Session(first.account).say(b"UIDL\r\n")
    assert said.split(b"\r\n")[1:3] == [b"1 0000000100000002", b"2 0000000100000003"]


def test_retr_and_top():
    """RFC 1939 sections 5 and 7: dots are doubled, and TOP gives the header, the blank line and so many lines."""
    session = Session()
    assert session.say(b"RETR 1\r\n") == b"+OK 32 octets\r\nSubject: one\r\n\r\n..dots\r\n..\r\nlast\r\n.\r\n"
    tops = [session.say(b"TOP 1 %d\r\n" % lines).partition(b"\r\n")[2] for lines in (0, 1, 2, 3, 9_999_999_999)]
    header = b"Subject: one\r\n\r\n"
    lines = [b"", b"..dots\r\n", b"..dots\r\n..\r\n", b"..dots\r\n..\r\nlast\r\n", b"..dots\r\n..\r\nlast\r\n"]
    assert tops == [header + some + b".\r\n" for some in lines]


def test_a_message_without_an_empty_line():
    """Is all header."""
    session = Session(filled(b"Subject: x"))
    assert session.say(b"TOP 1 5\r\nRETR 1\r\n") == (
        b"+OK Top of message follows.\r\nSubject: x\r\n.\r\n+OK 10 octets\r\nSubject: x\r\n.\r\n"
    )


@pytest.mark.parametrize("verb", [b"LIST", b"UIDL", b"RETR", b"DELE", b"TOP"])
@pytest.mark.parametrize(
    "number", [b"0", b"3", b"4294967297", b"9999999999", b"99999999999", b"-1", b"+1", b"x", b"1 1 1"]
)
def test_numbers_of_no_message(verb, number):
    """RFC 1939 section 5: -ERR, and the session goes on."""
    assert Session().each(verb + b" " + number + (b" 0\r\n" if verb == b"TOP" else b"\r\n") + b"NOOP\r\n") == [
        b"-ERR",
        b"+OK",
    ]


def test_dele_rset_and_quit():
    """RFC 1939 sections 5 and 6: only QUIT deletes, what was marked and is not unmarked."""
    session = Session()
    assert session.each(b"DELE 1\r\nDELE 1\r\nRETR 1\r\nTOP 1 0\r\n") == [b"+OK", b"-ERR", b"-ERR", b"-ERR"]
    assert session.each(b"RSET\r\nRETR 1\r\nDELE 2\r\n") == [b"+OK", b"+OK", b"+OK"]
    assert session.left() == [FIRST, SECOND]
    assert session.say(b"QUIT\r\nNOOP\r\n") == b"+OK Bye; messages deleted.\r\n"
    assert (session.left(), session.access.is_over) == ([FIRST], True)
    assert (Session(session.account).say(b"QUIT\r\n"), session.left()) == (b"+OK Bye.\r\n", [FIRST])
    assert fresh().say(b"QUIT\r\n") == b"+OK Bye.\r\n"


@pytest.mark.parametrize("end", ["gone", "closed", "endless", "stopped"])
def test_no_deletion_without_quit(end):
    """RFC 1939 section 3: a session that ends in any other way deletes nothing, and gives the lock back."""
    session = Session()
    session.say(b"DELE 1\r\n")
    if end == "gone":
        assert b"".join(session.access.replies(b"")) == b""
    elif end == "closed":
        session.access.disconnected()
    elif end == "endless":
        assert session.say(b"A" * 70_000) == b"-ERR Line too long.\r\n"
    else:
        assert session.access.close("Shutting down.") == b"-ERR Shutting down.\r\n"
        assert session.access.close("Again.") == b""
    assert (session.access.is_over, session.left()) == (True, [FIRST, SECOND])
    assert Session(session.account).each(b"STAT\r\n") == [b"+OK"]


def test_one_session_at_a_time():
    """RFC 1939 section 4, RFC 2449 section 8.1.1: the second one is told so, and may try again."""
    session = Session()
    second = Session(session.account, login=b"")
    assert second.each(LOGIN) == [b"+OK", b"-ERR [IN-USE]"]
    assert second.each(b"APOP bob " + digest("secret") + b"\r\nSTAT\r\n") == [b"-ERR [IN-USE]", b"-ERR"]
    assert second.each(b"USER eve\r\nPASS two words \r\nQUIT\r\n") == [b"+OK", b"+OK", b"+OK"]
    assert (session.each(b"NOOP\r\n"), second.access.failures) == ([b"+OK"], 0)
    session.say(b"QUIT\r\n")
    assert Session(session.account, login=b"").each(LOGIN) == [b"+OK", b"+OK"]


@pytest.mark.parametrize("leaves", [True, False])
def test_a_session_waits_for_the_one_before(leaves: bool):
    """As often as its host has it: it says nothing until the maildrop is free, or it has waited in vain."""
    session = Session()
    second = Session(session.account, login=b"", lock_tries=4)
    said = second.access.replies(LOGIN + b"NOOP\r\n")
    assert (next(said)[:3], second.access.waits) == (b"+OK", False)
    assert [(next(said), second.access.waits) for _ in range(2)] == [(b"", True)] * 2
    if leaves:
        session.say(b"QUIT\r\n")
        assert [piece[:13] for piece in said] == [b"+OK Logged in", b"+OK Nothing d"]
    else:
        assert (next(said), next(said)[:13], second.access.waits) == (b"", b"-ERR [IN-USE]", False)


def test_what_comes_and_goes_meanwhile():
    """Numbers are fixed as the session begins: new mail waits for the next one, and what IMAP removed is gone."""
    session = Session()
    inbox = session.account.mailbox(INBOX)
    inbox.append(FIRST, (), 0.0)
    inbox.expunge([1])
    assert session.say(b"STAT\r\n") == b"+OK 2 48\r\n"
    assert session.each(b"RETR 1\r\nTOP 1 0\r\nRETR 2\r\nRETR 3\r\n") == [b"-ERR", b"-ERR", b"+OK", b"-ERR"]
    assert session.each(b"DELE 1\r\nDELE 2\r\nQUIT\r\n") == [b"+OK", b"+OK", b"+OK"]
    assert session.left() == [FIRST]


def test_noop_and_last():
    """NOOP does nothing; LAST is obsolete, and fetchmail would go by it (RFC 1725)."""
    assert Session().each(b"NOOP\r\nLAST\r\nXTND XMIT\r\n\r\n") == [b"+OK", b"-ERR", b"-ERR", b"-ERR"]


def test_pipelining():
    """RFC 2449 section 6.6: commands that come together are answered in order."""
    assert fresh().each(LOGIN + b"STAT\r\nDELE 1\r\nDELE 9\r\nQUIT\r\n") == [b"+OK"] * 4 + [b"-ERR", b"+OK"]


def test_pieces():
    """Octets may come one by one."""
    session = fresh()
    said = b"".join(session.say(bytes([octet])) for octet in LOGIN + b"RETR 2\n")
    assert said.endswith(b"+OK 16 octets\r\nSubject: two\r\n\r\n.\r\n")


def test_no_news():
    """POP3 tells a client nothing that it has not asked for."""
    session = Session()
    assert (session.access.idles, session.access.notify()) == (False, b"")


class Broken(MemoryAccount):
    """An account whose disk fails."""

    def __init__(self, *fails):
        super().__init__()
        self.fails = fails
        inbox = super().mailbox(INBOX)
        inbox.append(FIRST, (), 0.0)
        for name in fails:
            setattr(inbox, name, self.fail)

    def fail(self, *_):
        """The disk does not answer."""
        raise OSError("disk")

    def mailbox(self, name):
        """INBOX, where that can be opened."""
        return self.fail() if "open" in self.fails else super().mailbox(name)


def test_a_disk_that_fails():
    """It is the server's fault, and may pass (RFC 3206 section 3); what was not deleted is said (RFC 1939 section 6)."""
    broken = Session(Broken("content", "expunge"))
    assert broken.each(b"RETR 1\r\nNOOP\r\nDELE 1\r\nQUIT\r\n") == [
        b"-ERR [SYS/TEMP]",
        b"+OK",
        b"+OK",
        b"-ERR [SYS/TEMP]",
    ]
    assert broken.access.is_over is True
    account = Broken("open")
    assert Session(account, login=b"").each(LOGIN) == [b"+OK", b"-ERR [SYS/TEMP]"]
    account.fails = ()
    assert Session(account, login=b"").each(LOGIN) == [b"+OK", b"+OK"]
