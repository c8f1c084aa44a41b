"""The mail programs of the simulation beside the real ones: the same lines to the same server, session after session."""

from __future__ import annotations

import imaplib
import re
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from interop_servers import run, tool
from mailbox_host import message
from mailbox_servers import MailboxServer, dovecot

from sim.agent.acts import Answered, Delete, MoveTo, Seen
from sim.agent.products import MAIL_USER_AGENTS
from sim.agent.retrieval import Retrieval
from sim.protocol.sasl import Credentials, plain

pytestmark = pytest.mark.slow

REAL, OURS = "realuser", "ouruser1"


@pytest.fixture(scope="module")
def server(files: tuple[Path, Path, Path]) -> Iterator[MailboxServer]:
    """Dovecot, to which any user may log in."""
    with dovecot(files[0], files[1]) as found:
        yield found


class Tap:
    """A port in front of a server; `said` has the lines of each client, session by session."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.said: list[bytearray] = []
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []

    def serve(self) -> None:
        """Pass on what clients and server say until the listener is closed."""
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server))
            said = bytearray()
            self.said.append(said)
            self._connections += [client, server]
            for ends in ((client, server, said), (server, client, bytearray())):
                self._threads.append(threading.Thread(target=_pump, args=ends, daemon=True))
                self._threads[-1].start()

    def lines(self, user: str) -> list[list[str]]:
        """What was said, once every session is over; the user is called USER, and tags have no letters of their own."""
        for thread in self._threads:
            thread.join(20)
        token = b64encode(plain(Credentials("", user, "secret")))
        said = [session.replace(token, b"TOKEN").replace(user.encode(), b"USER") for session in self.said]
        return [[re.sub(r"^[A-Z]{4}(?=\d)", "TAG", line) for line in session.decode().splitlines()] for session in said]

    def close(self) -> None:
        """Nobody else may come."""
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in (self._listener, *self._connections):
            each.close()


def _pump(source: socket.socket, sink: socket.socket, said: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            said += data
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def tapped(port: int) -> Iterator[Tap]:
    """A tap in front of a server's port."""
    tap = Tap(port)
    threading.Thread(target=tap.serve, daemon=True).start()
    try:
        yield tap
    finally:
        tap.close()


def deliver(server: MailboxServer, user: str, numbers: Sequence[int]) -> None:
    """Letters come into a user's INBOX."""
    with imaplib.IMAP4("127.0.0.1", server.imap) as client:
        client.login(user, "secret")
        for number in numbers:
            client.append("INBOX", "", "", message(number))


def converse(agent, port: int, acts=()) -> None:
    """A session of ours over a socket."""
    retrieval = Retrieval(agent.client(), agent.session(acts))
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        while not retrieval.done:
            retrieval.read(connection.recv(65_536))
            if flight := retrieval.write():
                connection.sendall(flight)


def fetchmail(folder: Path, protocol: str, keep: str) -> Callable[[int, str], object]:
    """Fetchmail with `keep` or `nokeep`."""

    def session(port: int, user: str) -> object:
        settings = f"poll 127.0.0.1 protocol {protocol} port {port} auth password user {user} password secret"
        file = folder / "fetchmailrc"
        file.write_text(f"{settings} {keep} mda 'cat >/dev/null' sslproto ''\n")
        file.chmod(0o700)
        return run(
            "fetchmail", "-f", file, "-i", folder / "ids", "--nodetach", "--pidfile", folder / "pid", "--nosyslog"
        )

    return session


def mpop(folder: Path, keep: str) -> Callable[[int, str], object]:
    """Mpop, its command line alone."""
    options = ("--host=127.0.0.1", "--auth=plain", "--tls=off", f"--keep={keep}", "--delivery=mda,cat >/dev/null")

    def session(port: int, user: str) -> object:
        login = (f"--port={port}", f"--user={user}", "--passwordeval=echo secret", f"--uidls-file={folder}/uidls")
        return run("mpop", *options, *login)

    return session


def getmail(folder: Path, kind: str, delete: str) -> Callable[[int, str], object]:
    """Getmail that reads what it has not."""

    def session(port: int, user: str) -> object:
        (folder / "getmailrc").write_text(
            f"[retriever]\ntype = Simple{kind}Retriever\nserver = 127.0.0.1\nport = {port}\nusername = {user}\n"
            f"password = secret\n{'mailboxes = ALL' if kind == 'IMAP' else ''}\n"
            "[destination]\ntype = MDA_external\npath = /bin/dd\narguments = ('of=/dev/null',)\n"
            "allow_root_commands = true\nignore_stderr = true\n"
            f"[options]\nread_all = false\ndelete = {delete}\n"
        )
        return run("getmail", f"--getmaildir={folder}")

    return session


def mbsync(folder: Path) -> Callable[[int, str], object]:
    """Isync's mbsync, which expunges nothing."""

    def session(port: int, user: str) -> object:
        (folder / "near").mkdir(exist_ok=True)
        (folder / "mbsyncrc").write_text(
            f"IMAPAccount a\nHost 127.0.0.1\nPort {port}\nUser {user}\nPass secret\nSSLType None\nAuthMechs LOGIN\n\n"
            f"IMAPStore far\nAccount a\n\nMaildirStore near\nPath {folder}/near/\nInbox {folder}/near/INBOX\n"
            "SubFolders Verbatim\n\nChannel c\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nSyncState *\n"
        )
        return run("mbsync", "-c", folder / "mbsyncrc", "c")

    return session


CASES = {
    "fetchmail pop3 keep": (("fetchmail", "pop3"), "yes", lambda folder: fetchmail(folder, "pop3", "keep")),
    "fetchmail pop3 nokeep": (("fetchmail", "pop3"), "no", lambda folder: fetchmail(folder, "pop3", "nokeep")),
    "fetchmail imap keep": (("fetchmail", "imap"), "yes", lambda folder: fetchmail(folder, "imap", "keep")),
    "fetchmail imap nokeep": (("fetchmail", "imap"), "no", lambda folder: fetchmail(folder, "imap", "nokeep")),
    "mpop keep": (("mpop", "pop3"), "yes", lambda folder: mpop(folder, "on")),
    "mpop delete": (("mpop", "pop3"), "no", lambda folder: mpop(folder, "off")),
    "getmail pop3 keep": (("getmail", "pop3"), "yes", lambda folder: getmail(folder, "POP3", "false")),
    "getmail pop3 delete": (("getmail", "pop3"), "no", lambda folder: getmail(folder, "POP3", "true")),
    "getmail imap keep": (("getmail", "imap"), "yes", lambda folder: getmail(folder, "IMAP", "false")),
    "getmail imap delete": (("getmail", "imap"), "no", lambda folder: getmail(folder, "IMAP", "true")),
    "mbsync": (("mbsync", "imap"), "yes", mbsync),
}
"""What each is here, whether messages stay on the server, and what runs the real one."""


@pytest.mark.parametrize("case", CASES)
def test_a_program_says_what_the_real_one_says(server: MailboxServer, case: str, tmp_path: Path):
    """In an empty mailbox, with three messages, with nothing new, and with two more; its tags' letters are its own."""
    name, leave, real = CASES[case]
    tool(name[0])
    users = [f"{user}{list(CASES).index(case):02}" for user in (REAL, OURS)]
    session, agent = real(tmp_path), MAIL_USER_AGENTS[name](users[1], "secret", leave=leave)
    with tapped(getattr(server, name[1])) as theirs, tapped(getattr(server, name[1])) as ours:
        for numbers in ([], [1, 2, 3], [], [4, 5]):
            for user in users:
                deliver(server, user, numbers)
            session(theirs.port, users[0])
            converse(agent, ours.port)
        assert ours.lines(users[1]) == theirs.lines(users[0])


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_a_program_reads_a_real_server(server: MailboxServer, name: tuple[str, str]):
    """It fetches every message once, and what its user does arrives."""
    user = "".join(name)
    agent = MAIL_USER_AGENTS[name](user, "secret", leave="yes")
    fetched = []
    for numbers in ([1, 2, 3], [4]):
        deliver(server, user, numbers)
        converse(agent, getattr(server, name[1]))
        news = agent.take_news()
        if not agent.fetches:
            converse(agent, getattr(server, name[1]), [Seen(each.mailbox, each.uid) for each in news])
            news = agent.take_news()
        fetched += [each.content for each in news if hasattr(each, "content")]
    assert fetched == [message(number) for number in (1, 2, 3, 4)]
    if name[1] == "imap" and agent.tells:
        converse(
            agent, server.imap, [Answered("INBOX", 1), Delete("INBOX", 2), MoveTo("INBOX", 3, "Projects", message(3))]
        )
        with imaplib.IMAP4("127.0.0.1", server.imap) as client:
            client.login(user, "secret")
            assert client.select("INBOX")[1] == [b"2"]
            assert client.search(None, "ANSWERED")[1] == [b"1"]
            assert client.select("Projects")[1] == [b"1"]
