"""What a served host's mailboxes take under load: mail in by SMTP, out by IMAP, byte for byte; and who waits in IDLE.

2,000 messages of 2,000 octets over ten SMTP sessions into one user's Maildir++, then one FETCH of them all; 5,000 with an
IMAP session that fetches them, and the memory that the server has then; 200 sessions in IDLE that are told of a message.
Then the whole way by programs that others wrote: smtp-source, over one connection a message, over one that is kept, and
over ten; the served host's SMTP, Maildir and IMAP; mbsync, which puts all into a Maildir of its own.

    python tests/benchmarks/mailbox_load.py [MESSAGES]
"""

from __future__ import annotations

import imaplib
import os
import random
import re
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "live"))

from served_process import Process, process

SESSIONS, IDLE = 10, 200


def message(number: int) -> bytes:
    """A message of 2,000 octets that no other is like."""
    lines = random.Random(number).randbytes(940).hex()
    body = "\r\n".join(lines[start : start + 76] for start in range(0, len(lines), 76))
    return f"From: x@y.example\r\nSubject: {number}\r\n\r\n{body}\r\n".encode()


def send(port: int, numbers: range) -> None:
    """Hand messages in over one session."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        for number in numbers:
            client.sendmail("x@y.example", ["ann@a.example"], message(number))


def fill(server: Process, messages: int) -> float:
    """Hand all of them in; gives how long it took."""
    parts = [range(start, messages, SESSIONS) for start in range(SESSIONS)]
    threads = [threading.Thread(target=send, args=(server.ports["smtp"], part)) for part in parts]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - started


def fetch(server: Process, messages: int) -> float:
    """Fetch all by one command, and hold that each is there as it was sent; gives how long the command took."""
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"]) as client:
        client.login("ann", "secret")
        client.select()
        started = time.monotonic()
        _, answer = client.fetch("1:*", "(BODY.PEEK[])")
        took = time.monotonic() - started
    contents = [item[1] for item in answer if isinstance(item, tuple)]
    # The host's trace fields stand on top.
    found = {int(re.search(rb"^Subject: ([0-9]+)", content, re.MULTILINE)[1]): content for content in contents}
    wrong = [number for number in range(messages) if not found[number].endswith(message(number))]
    if len(contents) != messages or wrong:
        sys.exit(f"{messages} messages were taken, {len(contents)} fetched, and of these {len(wrong)} are others")
    return took


def idle(server: Process) -> float:
    """How long it takes until the last of many sessions in IDLE is told of a message."""
    peers = [socket.create_connection(("127.0.0.1", server.ports["imap"])) for _ in range(IDLE)]
    files = [peer.makefile("rwb") for peer in peers]
    for file in files:
        file.write(b"a LOGIN ann secret\r\nb SELECT INBOX\r\nc IDLE\r\n")
        file.flush()
    for file in files:
        while not file.readline().startswith(b"+"):
            pass
    started = time.monotonic()
    send(server.ports["smtp"], range(1))
    for file in files:
        while b"EXISTS" not in file.readline():
            pass
    took = time.monotonic() - started
    for file, peer in zip(files, peers, strict=True):
        file.close()
        peer.close()
    return took


def program(name: str, *arguments: object) -> None:
    """Run a program to its end."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        sys.exit(f"{name} is not installed")
    subprocess.run([found, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def loop(server: Process, folder: Path, messages: int, how: list[str]) -> tuple[float, float]:
    """The whole way; holds that all is there to the octet, and gives how long smtp-source and mbsync took."""
    near = folder / "near"
    near.mkdir()
    file = folder / "mbsyncrc"
    file.write_text(
        f"IMAPStore far\nHost localhost\nPort {server.ports['imap']}\nUser ann\nPass secret\nSSLType None\n\n"
        f"MaildirStore near\nPath {near}/\nInbox {near}/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :far:\nNear :near:\nCreate Near\nSyncState *\n"
    )
    to = ["-l", "2000", "-f", "x@y.example", "-t", "ann@a.example", f"127.0.0.1:{server.ports['smtp']}"]
    started = time.monotonic()
    program("smtp-source", *how, "-m", messages, *to)
    sent = time.monotonic()
    program("mbsync", "-c", file, "-a")
    done = time.monotonic()
    kept = sorted(each.read_bytes() for each in folder.glob("mail/ann@a.example/new/*"))
    kept += sorted(each.read_bytes() for each in folder.glob("mail/ann@a.example/cur/*"))
    # mbsync writes a field of its own into each.
    fetched = [re.sub(rb"X-TUID: .*\n", b"", each.read_bytes()) for each in near.glob("INBOX/*/*,*")]
    if len(kept) != messages or sorted(kept) != sorted(fetched):
        sys.exit(f"{len(kept)} of {messages} messages were kept, {len(fetched)} fetched, or they are others")
    return sent - started, done - sent


def memory(server: Process) -> int:
    """The most memory that a server has had, in bytes."""
    status = Path(f"/proc/{server.running.pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+([0-9]+)", status)[1])


def main(messages: int) -> None:
    """Print the figures."""
    for number in (messages, 5 * messages // 2):
        with tempfile.TemporaryDirectory() as folder, process(Path(folder)) as server:
            before = memory(server)
            took = fill(server, number)
            print(f"{number} messages in at {number / took:.0f}/s", end="; ")
            full = memory(server)
            print(f"fetched at {number / fetch(server, number):.0f}/s, each as it was sent", end="; ")
            print(f"memory {before / 1e6:.0f} MB, {full / 1e6:.0f} MB full, {memory(server) / 1e6:.0f} MB behind FETCH")
            print(f"the last of {IDLE} sessions in IDLE is told after {1000 * idle(server):.0f} ms")
    for name, how in (("one connection a message", ["-s", "1"]), ("one", ["-s", "1", "-d"]), ("ten", ["-s", "10"])):
        with tempfile.TemporaryDirectory() as folder, process(Path(folder)) as server:
            sent, fetched = loop(server, Path(folder), messages, how)
            print(
                f"smtp-source ({name}) to mbsync, {messages} messages to the octet: {messages / sent:.0f}/s in",
                end=", ",
            )
            print(f"{messages / fetched:.0f}/s out, {messages / (sent + fetched):.0f}/s the whole way")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
