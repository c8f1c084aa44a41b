"""What a host answers where mail is submitted (RFC 6409)."""

from __future__ import annotations

from base64 import b64encode

import pytest

from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.scenario.spec import Domain, Host

DOMAINS = (
    Domain(name="b.example", mx=((10, "b"),), users=("ann", "bob"), lists={"staff": ("bob@b.example",)}),
    Domain(name="d.example", mx=((10, "b"),), users=("bob",)),
)
ACCOUNTS = {"ann": "secret", "bob@b.example": "secret", "relay": "secret"}
RECORDS = {domain.name: domain.mx for domain in DOMAINS}


def said(*lines, login=""):
    """The last lines of the replies to what a client says behind EHLO and, where it logs in, AUTH."""
    host = Host(name="b", accounts=ACCOUNTS, extensions=("AUTH", "ENHANCEDSTATUSCODES"))
    reception = Reception(host, Directory(host, DOMAINS, RECORDS.get), submission=True)
    reception.greet(busy=False)
    reception.read(b"EHLO c.example\r\n")
    if login:
        assert reception.read(b"AUTH PLAIN %s\r\n" % b64encode(f"\0{login}\0secret".encode())).startswith(b"235 ")
    return [reception.read(line.encode() + b"\r\n").decode().splitlines()[-1][:9] for line in lines]


def test_nobody_submits_who_has_not_logged_in():
    """RFC 6409 section 4.3: 530 to MAIL, and so 503 to what follows; the rest of the session is as ever."""
    lines = ("MAIL FROM:<ann@b.example>", "RCPT TO:<bob@b.example>", "DATA", "NOOP", "RSET", "QUIT")
    assert said(*lines) == ["530 5.7.0", "503 5.5.1", "503 5.5.1", "250 2.0.0", "250 2.0.0", "221 2.0.0"]


def test_a_failed_login_is_none():
    """And one that was given up."""
    wrong = b64encode(b"\0ann\0wrong").decode()
    lines = (f"AUTH PLAIN {wrong}", "MAIL FROM:<>", "AUTH LOGIN", "*", "MAIL FROM:<>")
    assert [line[:3] for line in said(*lines)] == ["535", "530", "334", "501", "530"]


@pytest.mark.parametrize(
    ("login", "path", "reply"),
    [
        ("ann", "<ann@b.example>", "250 2.1.0"),
        ("ann", "<Ann@B.example>", "250 2.1.0"),
        ("ann", "<>", "250 2.1.0"),
        ("ann", "<ann@elsewhere.example>", "250 2.1.0"),
        ("ann", "<ann@[192.0.2.1]>", "250 2.1.0"),
        ("ann", "<ann@localhost>", "250 2.1.0"),
        ("ann", "<staff@b.example>", "250 2.1.0"),
        ("ann", "<nobody@b.example>", "250 2.1.0"),
        ("ann", "<bob@b.example>", "550 5.7.1"),
        ("ann", "<postmaster@b.example>", "550 5.7.1"),
        ("ann", "<ann@relay>", "554 5.1.8"),
        ("bob@b.example", "<bob@b.example>", "250 2.1.0"),
        ("bob@b.example", "<ann@b.example>", "550 5.7.1"),
        # A machine's account is no user, and speaks for all.
        ("relay", "<bob@b.example>", "250 2.1.0"),
    ],
)
def test_in_whose_name(login, path, reply):
    """Not in another user's (RFC 6409 section 6.1), and with domains in full (section 4.2)."""
    assert said(f"MAIL FROM:{path}", login=login) == [reply]
