"""A session of IMAP in memory, and the responses that it gives, read by the grammar."""

from __future__ import annotations

import re

from sim.mailbox.imap_access import ImapAccess
from sim.mailbox.memory import MemoryAccount
from sim.protocol.imap4.response_grammar import read_response
from sim.protocol.imap4.scanner import mark

MESSAGE = b"From: Ann <ann@a.example>\r\nTo: bob@b.example\r\nSubject: hello\r\n\r\nbody\r\n"
_LITERAL = re.compile(rb"~?\{([0-9]+)\}\Z")


def session(account: MemoryAccount | None = None, **settings) -> ImapAccess:
    """A session with the mailboxes of ann, whose password is secret; INBOX has four messages by default."""
    if account is None:
        account = MemoryAccount()
        for number in range(4):
            account.mailbox("INBOX").append(MESSAGE, [], 86_400.0 * number)
    return ImapAccess(
        {"ann": "secret"},
        lambda _: account,
        **{"challenge": b"<1@a.example>", "now": lambda: 1e6, "message_limit": 10_000} | settings,
    )


def selected(**settings) -> ImapAccess:
    """The same, logged in with INBOX selected."""
    access = session(**settings)
    access.greet()
    said(access, b"x1 LOGIN ann secret\r\nx2 SELECT INBOX\r\n")
    return access


def said(access: ImapAccess, octets: bytes) -> bytes:
    """What a session answers to octets."""
    return b"".join(access.replies(octets))


def lines(access: ImapAccess, *texts: str) -> list[str]:
    """The lines that a session answers to command lines."""
    octets = "".join(f"{text}\r\n" for text in texts).encode()
    return said(access, octets).decode().splitlines()


def responses(octets: bytes) -> list[object]:
    """The responses that octets are, which have to be whole."""
    found, text, literals = [], b"", []
    while octets:
        line, end, octets = octets.partition(b"\r\n")
        assert end == b"\r\n", line
        announced = _LITERAL.search(line)
        if announced is None:
            found.append(read_response(text + line, literals))
            text, literals = b"", []
            continue
        size = int(announced[1])
        text += line[: announced.start()] + mark(len(literals))
        literals.append(octets[:size])
        octets = octets[size:]
    assert not text
    return found
