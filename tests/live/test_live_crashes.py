"""kill -9, again and again, while mail comes in: nothing that was acknowledged is lost, and UIDs mean what they meant."""

from __future__ import annotations

import imaplib
import random
import re
import smtplib
import threading
import time
from contextlib import suppress
from email.utils import formatdate
from itertools import count
from pathlib import Path

import pytest
from served_process import Process, process

ROUNDS = 6
FIELDS = "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])"
DOWN = (OSError, smtplib.SMTPException, imaplib.IMAP4.error)


def message(name: str) -> bytes:
    """A message that is found again by its subject."""
    return f"From: x@y.example\r\nDate: {formatdate()}\r\nSubject: {name}\r\n\r\n{name}\r\n".encode()


def by_smtp(port: int, names, acknowledged: list[str], kind=smtplib.SMTP) -> None:
    """Hand mail in until the server is gone."""
    with suppress(*DOWN), kind("127.0.0.1", port, timeout=20) as client:
        for name in names:
            client.sendmail("x@y.example", ["ann@a.example"], message(name))
            acknowledged.append(name)


def by_lmtp(port: int, names, acknowledged: list[str]) -> None:
    """The same by LMTP."""
    by_smtp(port, names, acknowledged, smtplib.LMTP)


def by_append(port: int, names, acknowledged: list[str]) -> None:
    """The same by APPEND, with a flag; each tenth message moves to Kept and back, each seventh of all is deleted."""
    with suppress(*DOWN), login(port) as client:
        client.create("Kept")
        client.select()
        for number, name in enumerate(names):
            status, _ = client.append("INBOX", "(\\Flagged kept)", None, message(name))
            assert status == "OK"
            acknowledged.append(name)
            if number % 10 == 9:
                client.uid("MOVE", "1:3", "Kept")
                client.select("Kept")
                client.uid("MOVE", "1:*", "INBOX")
                client.select()


def login(port: int) -> imaplib.IMAP4:
    """A session of ann's."""
    client = imaplib.IMAP4("127.0.0.1", port, timeout=20)
    client.login("ann", "secret")
    return client


def held(client: imaplib.IMAP4, mailbox: str) -> tuple[int, int, dict[int, str]]:
    """A mailbox's UIDVALIDITY and UIDNEXT, and the subjects of its messages by their UIDs."""
    status, [count] = client.select(mailbox)
    if status != "OK":
        return 0, 1, {}
    validity, following = (int(client.response(word)[1][0]) for word in ("UIDVALIDITY", "UIDNEXT"))
    if count == b"0":
        return validity, following, {}
    _, answer = client.fetch("1:*", FIELDS)
    pairs = [item for item in answer if isinstance(item, tuple)]
    found = {
        int(re.search(rb"UID ([0-9]+)", head)[1]): re.search(rb"Subject: (\S+)", text)[1].decode()
        for head, text in pairs
    }
    return validity, following, found


def load(server: Process, round_: int, acknowledged: list[str]) -> list[threading.Thread]:
    """Mail that comes in by every way at once."""
    threads = []
    for number, (way, port) in enumerate([*[(by_smtp, "smtp")] * 3, (by_lmtp, "lmtp"), (by_append, "imap")]):
        names = map(f"r{round_}w{number}n{{}}".format, count())
        threads.append(threading.Thread(target=way, args=(server.ports[port], names, acknowledged), daemon=True))
        threads[-1].start()
    return threads


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_kill_9_loses_nothing(tmp_path: Path):
    """Whatever it interrupts; no UID means two messages, and none is there twice."""
    chance = random.Random(13)
    acknowledged: list[str] = []
    deleted: set[str] = set()
    meant: dict[tuple[str, int, int], str] = {}
    greatest: dict[tuple[str, int], int] = {}
    validities: dict[str, int] = {}
    for round_ in range(ROUNDS):
        with process(tmp_path) as server:
            client = login(server.ports["imap"])
            here: list[str] = []
            for mailbox in ("INBOX", "Kept"):
                validity, following, found = held(client, mailbox)
                if not validity:
                    continue
                assert validities.setdefault(mailbox, validity) == validity
                assert following >= greatest.get((mailbox, validity), 1)
                assert following > max(found, default=0)
                greatest[mailbox, validity] = following
                for uid, name in found.items():
                    assert meant.setdefault((mailbox, validity, uid), name) == name
                here += found.values()
            assert len(here) == len(set(here))
            assert set(acknowledged) - deleted - set(here) == set()
            assert deleted.isdisjoint(here)
            _, _, found = held(client, "INBOX")
            going = chance.sample(sorted(found), len(found) // 7)
            if going:
                client.uid("STORE", ",".join(map(str, going)), "+FLAGS", "(\\Deleted)")
                assert client.expunge()[0] == "OK"
                deleted |= {found[uid] for uid in going}
            client.logout()
            threads = load(server, round_, acknowledged)
            time.sleep(chance.uniform(0.5, 2.5))
            server.kill()
            for thread in threads:
                thread.join(30)
    assert len(acknowledged) > 20 * ROUNDS
