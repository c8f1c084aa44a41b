"""A served host with users' mailboxes in this process, for tests: its event loop runs in a thread of its own."""

from __future__ import annotations

import asyncio
import imaplib
import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sim.live.access_server import AccessServer
from sim.live.limits import Limits
from sim.live.maildir import Maildir
from sim.live.server import LiveServer, is_near
from sim.live.user_mailboxes import UserMailboxes
from sim.scenario.load import loads

SCENARIO = """
network: {nodes: {a: {}, b: {}}, links: [{between: [a, b], delay: 1 ms, rate: 1 Mbit/s}]}
hosts: {a: {accounts: {alice: secret, bob: pw}}}
domains: {example.test: {mx: {10: a}, users: [alice, bob]}}
workload: {messages_at: [{at: 0 s, from: alice@example.test, to: bob@example.test, size: 1 kB}]}
duration: 1 h
"""


def message(number: int, size: int = 0) -> bytes:
    """A message as it is on the wire: with a number in its Subject and Message-ID, and a text of so many octets."""
    head = f"From: Bob <bob@example.test>\r\nTo: alice@example.test\r\nSubject: note {number}\r\n"
    head += f"Date: Mon, 30 Nov 2026 10:00:{number % 60:02d} +0000\r\nMessage-ID: <{number}@example.test>\r\n"
    text = b"From the start\r\n.a dot\r\n" + b"x" * 70 + b"\r\n"
    return head.encode() + b"\r\n" + text + b"y" * max(0, size - 2) + (b"\r\n" if size else b"")


@dataclass(frozen=True)
class MailboxHost:
    """Where a served host listens for each protocol, its folder of users' Maildirs, and what ends their sessions."""

    smtp: int
    lmtp: int
    submission: int
    pop3: int
    imap: int
    folder: Path
    stop: Callable[[], None]

    def deliver(self, *contents: bytes, to: str = "alice@example.test") -> None:
        """Hand messages in by LMTP."""
        with smtplib.LMTP("127.0.0.1", self.lmtp) as client:
            for content in contents:
                client.sendmail("bob@example.test", [to], content)

    def login(self) -> imaplib.IMAP4:
        """A session of Python's own client, with INBOX selected."""
        client = imaplib.IMAP4("127.0.0.1", self.imap)
        client.login("alice", "secret")
        client.select("INBOX")
        return client

    def fill(self, number: int, mailbox: str = "INBOX", *, size: int = 0) -> None:
        """Append messages to a mailbox of alice's, made if it is not there."""
        with self.login() as client:
            if mailbox != "INBOX":
                client.create(mailbox)
            for each in range(1, number + 1):
                assert client.append(mailbox, "", "", message(each, size))[0] == "OK"

    def contents(self, mailbox: str = "INBOX") -> list[bytes]:
        """The messages of a mailbox of alice's, as they are on the wire."""
        with self.login() as client:
            assert client.select(mailbox, readonly=True)[0] == "OK"
            # By UID, since an empty mailbox has no number 1.
            found = client.uid("FETCH", "1:*", "(BODY.PEEK[])")[1]
        return [each[1] for each in found if isinstance(each, tuple)]

    def flags(self, mailbox: str = "INBOX") -> list[tuple[bytes, ...]]:
        """The flags of each message of a mailbox of alice's but Recent, in order."""
        with self.login() as client:
            assert client.select(mailbox, readonly=True)[0] == "OK"
            found = client.uid("FETCH", "1:*", "(FLAGS)")[1]
        shown = [imaplib.ParseFlags(each) for each in found if each]
        return [tuple(sorted(flag for flag in flags if flag != b"\\Recent")) for flags in shown]


def until(what: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def mailbox_host(
    folder: Path, *, tls: ssl.SSLContext | None = None, scenario: str = SCENARIO, limits: Limits | None = None
) -> Iterator[MailboxHost]:
    """Serve host a of the scenario; alice and bob have mailboxes there."""
    spec, chosen = loads(scenario), limits or Limits(linger=0.5, maildrop=2.0)
    host = next(iter(spec.architectures.values())).hosts["a"]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    told: list[str] = []

    def run(what):
        async def awaited():
            return await what

        return asyncio.run_coroutine_threadsafe(awaited(), loop).result(60)

    def mailboxes(domains) -> UserMailboxes:
        return UserMailboxes(folder, domains, host.accounts)

    server = LiveServer(spec, host, Maildir(folder), chosen, told.append, tls=tls, own_mailboxes=mailboxes)
    access = AccessServer(
        host.domain, server.mailboxes, chosen, told.append, tls=tls, clear_login=False, is_near=is_near
    )
    try:
        ports = [
            int(run(listening)[0].rpartition(":")[2])
            for listening in (
                server.listen("127.0.0.1", 0),
                server.listen("127.0.0.1", 0, service="lmtp"),
                server.listen("127.0.0.1", 0, service="submission"),
                access.listen("127.0.0.1", 0, "pop3"),
                access.listen("127.0.0.1", 0, "imap"),
            )
        ]
        yield MailboxHost(*ports, folder=folder, stop=lambda: run(access.stop()))
        assert told == []
    finally:
        try:
            run(access.stop())
            run(server.stop())
            server.mailboxes.close()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
