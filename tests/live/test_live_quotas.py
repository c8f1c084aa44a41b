"""Quotas of a served host's users: told at RCPT, at the final dot, to LMTP for each, and to who appends."""

from __future__ import annotations

import imaplib
import smtplib
from pathlib import Path

import pytest
from served_process import process

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads

DOMAIN = ", quota: 4 kB, quotas: {bob: {messages: 2}}"


def message(octets: int) -> bytes:
    """A message of so many octets."""
    head = b"Subject: full\r\n\r\n"
    return head + b"x" * (octets - len(head) - 2) + b"\r\n"


@pytest.mark.slow
def test_mail_that_comes_in_has_a_grace(tmp_path: Path):
    """Whoever appends has none; a grace is used up once."""
    with process(tmp_path, domain=", quota: {size: 4 kB, grace: 2 kB}") as server:
        with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as client:
            assert client.sendmail("x@y.example", ["ann@a.example"], message(5000)) == {}
            client.mail("x@y.example")
            client.rcpt("ann@a.example")
            assert client.data(message(1000)) == (452, b"4.2.2 The mailbox is full")
        with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as client:
            client.login("ann", "secret")
            assert client.append("INBOX", "", "", message(100))[0] == "NO"


@pytest.mark.slow
def test_a_full_mailbox_is_told_everywhere(tmp_path: Path):
    """As 4.2.2 where it may have room again, as 5.2.2 where the message is more than the quota."""
    with process(tmp_path, domain=DOMAIN) as server:
        ann, bob = "ann@a.example", "bob@a.example"
        with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as client:
            client.ehlo()
            client.mail("x@y.example", ["size=5000"])
            assert client.rcpt(ann) == (552, b"5.2.2 Mailbox full")
            assert client.rcpt(bob)[0] == 250
            client.rset()
            # What nobody announced is found at the final dot, and then nobody gets it.
            client.mail("x@y.example")
            assert (client.rcpt(ann)[0], client.rcpt(bob)[0]) == (250, 250)
            assert client.data(message(5000)) == (552, b"5.2.2 Mailbox full")
            for _ in range(2):
                assert client.sendmail("x@y.example", [bob], message(300)) == {}
            client.mail("x@y.example")
            assert client.rcpt(bob) == (452, b"4.2.2 The mailbox is full")
            assert client.rcpt(ann)[0] == 250
            client.rset()
        with smtplib.LMTP("127.0.0.1", server.ports["lmtp"]) as client:
            assert client.sendmail("x@y.example", [ann, bob], message(3000)) == {
                bob: (452, b"4.2.2 The mailbox is full")
            }
            client.ehlo()
            client.mail("x@y.example")
            client.rcpt(ann)
            assert client.data(message(3000))[1] == b"4.2.2 The mailbox is full"
        with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as client:
            client.login("ann", "secret")
            status, [text] = client.append("INBOX", None, None, message(3000))
            assert (status, text[:11]) == ("NO", b"[OVERQUOTA]")
            client.select()
            assert client.copy("1", "INBOX")[1][0][:11] == b"[OVERQUOTA]"
            assert client.getquota('"User quota"')[1][0].endswith(b"(STORAGE 4 4)")
            client.store("1", "+FLAGS", "\\Deleted")
            client.expunge()
            assert client.append("INBOX", None, None, message(3000))[0] == "OK"


def test_quotas_are_of_users_who_are_there():
    """Others are told with their place."""
    text = """
duration: 1 h
network: {nodes: [a, b], links: [{between: [a, b], rate: 1 Mbit/s, delay: 1 ms}]}
domains: {a.example: {mx: a, users: [ann, '"b b"'], quotas: {"%s": none}}}
workload: {constant: {every: 1 min, size: 1 kB}}
"""
    for name in ("Ann", "b b"):
        assert len(loads(text % name).domains["a.example"].quotas) == 1
    with pytest.raises(ScenarioError, match="unknown user \\(an\\)"):
        loads(text % "an")
