"""POP3 clients that others wrote, and hostile ones, against a served host's mailboxes."""

from __future__ import annotations

import poplib
import re
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from interop_servers import run, tool
from live_host import Peer
from mailbox_host import MailboxHost, mailbox_host, message, until

from sim.live.limits import Limits
from sim.live.tls import server_context

# Each serves a host of its own, and most run another program.
pytestmark = pytest.mark.slow

NUMBERS = (1, 2, 3)
MESSAGES = [message(number) for number in NUMBERS]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[MailboxHost]:
    """A host where alice has three messages."""
    with mailbox_host(tmp_path / "mail") as found:
        found.fill(len(NUMBERS))
        yield found


@pytest.fixture
def secure(tmp_path: Path, authority: trustme.CA) -> Iterator[MailboxHost]:
    """The same with a certificate, which has a common name: fetchmail asks for one."""
    issued = authority.issue_cert("localhost", common_name="localhost")
    certificate = tmp_path / "certificate.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(certificate)
    with mailbox_host(tmp_path / "mail", tls=server_context(certificate, None)) as found:
        found.fill(len(NUMBERS))
        yield found


def left(host: MailboxHost) -> list[bytes]:
    """The messages in alice's maildrop."""
    client = poplib.POP3("127.0.0.1", host.pop3, timeout=10)
    client.apop("alice", "secret")
    found = [b"".join(line + b"\r\n" for line in client.retr(n + 1)[1]) for n in range(client.stat()[0])]
    client.quit()
    return found


def in_lines(octets: bytes) -> bytes:
    """With LF alone at the ends of lines, as files have them."""
    return octets.replace(b"\r\n", b"\n")


def maildir(folder: Path) -> Path:
    """An empty Maildir, for programs that deliver to one."""
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


def bodies(folder: Path) -> list[bytes]:
    """The messages in a Maildir, without what the program put on top of them, sorted."""
    found = [file.read_bytes() for file in (folder / "new").iterdir()]
    return sorted(content[content.index(b"From: Bob") :] for content in found)


class TestPoplib:
    """Python's own client."""

    @pytest.fixture
    def client(self, host: MailboxHost) -> Iterator[poplib.POP3]:
        """A session in which alice has logged in."""
        client = poplib.POP3("127.0.0.1", host.pop3, timeout=10)
        client.user("alice")
        client.pass_("secret")
        yield client
        client.close()

    def test_lists(self, client: poplib.POP3):
        """STAT, LIST and UIDL agree about what is there."""
        sizes = [len(content) for content in MESSAGES]
        assert client.stat() == (3, sum(sizes))
        assert client.list()[1] == [b"%d %d" % pair for pair in enumerate(sizes, 1)]
        assert client.list(2) == b"+OK 2 %d" % sizes[1]
        identifiers = [line.split()[1] for line in client.uidl()[1]]
        assert (len(set(identifiers)), client.uidl(3).split()[2]) == (3, identifiers[2])

    def test_retrieves_every_octet(self, client: poplib.POP3):
        """With lines that begin with a dot."""
        got = [b"".join(line + b"\r\n" for line in client.retr(number)[1]) for number in NUMBERS]
        assert got == MESSAGES

    def test_takes_the_top(self, client: poplib.POP3):
        """The header, the empty line and a line of the body."""
        head, _, body = MESSAGES[0].partition(b"\r\n\r\n")
        assert client.top(1, 1)[1] == [*head.split(b"\r\n"), b"", body.split(b"\r\n")[0]]

    def test_deletes_at_quit(self, client: poplib.POP3, host: MailboxHost):
        """What was marked and not unmarked; the others keep their identifiers."""
        before = client.uidl()[1]
        client.dele(1)
        client.rset()
        client.dele(2)
        assert host.contents() == MESSAGES
        client.quit()
        assert left(host) == [MESSAGES[0], MESSAGES[2]]
        with_new_login = poplib.POP3("127.0.0.1", host.pop3)
        with_new_login.apop("alice", "secret")
        after = [line.split()[1] for line in with_new_login.uidl()[1]]
        with_new_login.quit()
        assert after == [before[0].split()[1], before[2].split()[1]]

    def test_deletes_nothing_without_quit(self, client: poplib.POP3, host: MailboxHost):
        """A connection that breaks off deletes nothing, and the next session may come at once."""
        client.dele(1)
        client.close()

        def is_free() -> bool:
            other = poplib.POP3("127.0.0.1", host.pop3)
            try:
                other.user("alice")
                return other.pass_("secret").startswith(b"+OK")
            except poplib.error_proto:
                return False
            finally:
                other.quit()

        until(is_free)
        assert left(host) == MESSAGES

    def test_waits_for_the_session_before(self, client: poplib.POP3, host: MailboxHost):
        """A login goes through as soon as the maildrop is free, and what was written behind it."""
        with Peer(host.pop3) as other:
            other.line()
            other.write(b"USER alice\r\nPASS secret\r\nSTAT\r\n")
            other.line()
            client.quit()
            assert [other.line()[:5] for _ in range(2)] == [b"+OK L", b"+OK 3"]

    def test_is_alone(self, client: poplib.POP3, host: MailboxHost):
        """The second session on a maildrop is told so, and another user's is not; IMAP is not in the way."""
        with Peer(host.pop3) as other:
            other.line()
            other.write(b"USER alice\r\nPASS secret\r\n")
            assert [other.line()[:13] for _ in range(2)] == [b"+OK Send your", b"-ERR [IN-USE]"]
            other.write(b"USER bob\r\nPASS pw\r\nSTAT\r\n")
            assert [other.line() for _ in range(3)][2] == b"+OK 0 0"
        client.dele(3)
        client.quit()
        assert left(host) == MESSAGES[:2]

    def test_begins_tls(self, secure: MailboxHost, client_side: ssl.SSLContext):
        """STLS, with a certificate that it checks; what follows is the same session."""
        client = poplib.POP3("localhost", secure.pop3, timeout=10)
        assert client.capa()["STLS"] == []
        client.stls(client_side)
        assert "STLS" not in client.capa()
        client.user("alice")
        client.pass_("secret")
        assert client.stat()[0] == 3
        client.quit()

    def test_waits_for_wrong_passwords(self, host: MailboxHost):
        """A wrong password is told as such (RFC 3206), and the right one is taken behind it."""
        client = poplib.POP3("127.0.0.1", host.pop3, timeout=10)
        client.user("alice")
        with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
            client.pass_("wrong")
        client.user("alice")
        assert client.pass_("secret").startswith(b"+OK")
        client.quit()


def curl(port: int, *arguments: object, path: str = "", user: str = "alice:secret") -> tuple[int, bytes]:
    """Curl's exit status, and what it wrote."""
    found = run("curl", "-s", "--max-time", 10, "--user", user, f"pop3://localhost:{port}/{path}", *arguments)
    return found.returncode, found.stdout


class TestCurl:
    """Curl: SASL by its own choice, APOP, any command."""

    @pytest.mark.parametrize("login", ["AUTH=*", "AUTH=PLAIN", "AUTH=LOGIN", "AUTH=CRAM-MD5", "AUTH=+APOP"])
    def test_logs_in(self, host: MailboxHost, login: str):
        """By each way, and gets the second message octet for octet."""
        assert curl(host.pop3, "--login-options", login, path="2") == (0, MESSAGES[1])

    @pytest.mark.parametrize("login", ["AUTH=PLAIN", "AUTH=CRAM-MD5", "AUTH=+APOP"])
    def test_is_refused(self, host: MailboxHost, login: str):
        """Exit status 67: login denied."""
        assert curl(host.pop3, "--login-options", login, user="alice:wrong")[0] == 67

    @pytest.mark.parametrize(
        ("command", "said"),
        [
            ("", rb"1 \d+\r\n2 \d+\r\n3 \d+\r\n"),
            ("UIDL", rb"1 [0-9a-f]{16}\r\n2 [0-9a-f]{16}\r\n3 [0-9a-f]{16}\r\n"),
            ("TOP 1 0", rb"From: Bob(?s:.)*\r\n\r\n"),
            ("CAPA", rb"TOP\r\nUIDL\r\n(?s:.)*IMPLEMENTATION mtasim\r\n"),
        ],
    )
    def test_says_any_command(self, host: MailboxHost, command: str, said: bytes):
        """With many lines in the answer."""
        status, output = curl(host.pop3, *(["-X", command] if command else []))
        assert (status, re.fullmatch(said, output) is not None) == (0, True)

    @pytest.mark.parametrize("command", ["STAT", "NOOP", "RSET", "UIDL 1", "LIST 1"])
    def test_says_commands_of_one_line(self, host: MailboxHost, command: str):
        """Of which it shows nothing (-I)."""
        assert curl(host.pop3, "-I", "-X", command) == (0, b"")

    def test_deletes(self, host: MailboxHost):
        """DELE, and its QUIT makes it so."""
        assert curl(host.pop3, "-I", "-X", "DELE", path="1") == (0, b"")
        until(lambda: left(host) == MESSAGES[1:])

    def test_over_tls(self, secure: MailboxHost, authorities: Path):
        """--ssl-reqd, with a certificate that it checks."""
        assert curl(secure.pop3, "--ssl-reqd", "--cacert", authorities, path="3") == (0, MESSAGES[2])


def fetchmail(tmp_path: Path, host: MailboxHost, *options: str, into: str = "got") -> tuple[int, list[bytes]]:
    """Fetchmail's exit status, and what a file has that it delivers to; messages are separated by a mark."""
    got = tmp_path / into
    settings = tmp_path / "fetchmailrc"
    identify = "uidl" if "uidl" in options else ""
    how = " ".join(option for option in options[1:] if option != "uidl")
    settings.write_text(
        f"poll localhost service {host.pop3} proto {options[0]} {identify} user alice password secret {how}\n"
    )
    settings.chmod(0o600)
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    run_at = {"HOME": str(home), "FETCHMAILHOME": str(home)}
    found = run("fetchmail", "-f", settings, "--nosyslog", "--mda", f"{{ cat; echo ==; }} >>{got}; :", **run_at)
    text = got.read_bytes() if got.exists() else b""
    contents = [each[each.index(b"From: Bob") :] for each in text.split(b"==\n")[:-1]]
    return found.returncode, contents


class TestFetchmail:
    """Fetchmail by POP3 and APOP; it writes LF at the ends of lines, and fields of its own on top."""

    @pytest.mark.parametrize(
        "options",
        [
            ("pop3", "keep"),
            ("pop3", "keep", "uidl"),
            ("apop", "keep"),
            ("pop3", "nokeep"),
            ("apop", "nokeep", "fetchlimit 3"),
            ("pop3", "nokeep", "uidl", "flush"),
        ],
    )
    def test_fetches(self, host: MailboxHost, tmp_path: Path, options: tuple[str, ...]):
        """All of them once, octet for octet; a second run finds none that is new."""
        options = (*options, "sslproto ''")
        assert fetchmail(tmp_path, host, *options) == (0, [in_lines(content) for content in MESSAGES])
        assert left(host) == (MESSAGES if "keep" in options else [])
        assert fetchmail(tmp_path, host, *options, into="again") == (1, [])

    def test_over_tls(self, secure: MailboxHost, tmp_path: Path, authorities: Path):
        """STLS, with a certificate that it checks."""
        options = ("pop3", "keep", "sslproto tls1.2+ sslcertck", f"sslcertfile {authorities}")
        assert fetchmail(tmp_path, secure, *options) == (0, [in_lines(content) for content in MESSAGES])


def mpop(tmp_path: Path, host: MailboxHost, *options: str) -> tuple[int, list[bytes], bytes]:
    """Mpop's exit status, what it has delivered, and what it said."""
    server = ("--host=localhost", f"--port={host.pop3}", "--user=alice", "--passwordeval=echo secret")
    folder = tmp_path / "mpop"
    if not folder.exists():
        maildir(folder)
    files = (f"--delivery=maildir,{folder}", f"--uidls-file={tmp_path}/uidls", "--received-header=off")
    found = run("mpop", "--file=/dev/null", *server, *files, *options, HOME=str(tmp_path))
    return found.returncode, bodies(folder), found.stdout + found.stderr


class TestMpop:
    """Mpop: pipelines what it may."""

    @pytest.mark.parametrize("login", ["user", "apop", "plain", "cram-md5", "login"])
    def test_logs_in(self, host: MailboxHost, tmp_path: Path, login: str):
        """By each way; and keeps what it has fetched for the next time."""
        options = ("--tls=off", f"--auth={login}", "--keep=on")
        assert mpop(tmp_path, host, *options)[:2] == (0, [in_lines(content) for content in MESSAGES])
        assert (mpop(tmp_path, host, *options)[:2], len(left(host))) == ((0, [in_lines(c) for c in MESSAGES]), 3)

    @pytest.mark.parametrize("pipelining", ["on", "off", "auto"])
    def test_deletes(self, host: MailboxHost, tmp_path: Path, pipelining: str):
        """Whether it pipelines or not."""
        options = ("--tls=off", "--auth=plain", f"--pipelining={pipelining}", "--keep=off")
        assert mpop(tmp_path, host, *options)[:2] == (0, [in_lines(content) for content in MESSAGES])
        assert left(host) == []

    def test_over_tls(self, secure: MailboxHost, tmp_path: Path, authorities: Path):
        """STLS, with a certificate that it checks."""
        options = ("--tls=on", "--tls-starttls=on", f"--tls-trust-file={authorities}", "--keep=on")
        status, got, said = mpop(tmp_path, secure, *options)
        assert (status, len(got)) == (0, 3), said

    def test_reads_the_capabilities(self, secure: MailboxHost, authorities: Path):
        """--serverinfo names what is offered."""
        server = ("--host=localhost", f"--port={secure.pop3}", "--tls=on", "--tls-starttls=on")
        found = run("mpop", "--file=/dev/null", "--serverinfo", *server, f"--tls-trust-file={authorities}")
        words = (b"TLS", b"PIPELINING", b"TOP", b"UIDL", b"PLAIN", b"CRAM-MD5", b"RESP-CODES")
        assert (found.returncode, [word for word in words if word not in found.stdout]) == (0, []), found.stderr


def getmail(tmp_path: Path, host: MailboxHost, *settings: str) -> tuple[int, list[bytes], bytes]:
    """Getmail's exit status, what it has delivered, and what it said."""
    folder = tmp_path / "getmail"
    if not folder.exists():
        maildir(folder)
    retriever = ("type = SimplePOP3Retriever", "server = localhost", f"port = {host.pop3}")
    login = ("username = alice", "password = secret")
    fields = ("delivered_to = false", "received = false", "verbose = 1")
    sections = {
        "retriever": (*retriever, *login, *(each for each in settings if "=" in each and "use_" in each)),
        # It delivers to no Maildir as root.
        "destination": (
            "type = MDA_external",
            "path = /bin/sh",
            f'arguments = ("-c", "cat >{folder}/new/$$")',
            "allow_root_commands = true",
        ),
        "options": (*fields, *(each for each in settings if "use_" not in each)),
    }
    text = "".join(f"[{name}]\n" + "\n".join(lines) + "\n" for name, lines in sections.items())
    (tmp_path / "getmailrc").write_text(text)
    found = run("getmail", f"--getmaildir={tmp_path}", "--rcfile=getmailrc", HOME=str(tmp_path))
    return found.returncode, bodies(folder), found.stdout + found.stderr


class TestGetmail:
    """Getmail6."""

    def test_fetches_what_is_new(self, host: MailboxHost, tmp_path: Path):
        """Once; by its identifiers it knows what it has."""
        everything = [in_lines(content) for content in MESSAGES]
        assert getmail(tmp_path, host, "read_all = false")[:2] == (0, everything)
        assert getmail(tmp_path, host, "read_all = false")[:2] == (0, everything)
        assert left(host) == MESSAGES

    def test_deletes(self, host: MailboxHost, tmp_path: Path):
        """What it has delivered."""
        assert getmail(tmp_path, host, "delete = true", "use_apop = true")[:2] == (
            0,
            [in_lines(content) for content in MESSAGES],
        )
        assert left(host) == []


class TestOthers:
    """Programs that look, and do not fetch."""

    def test_nmap_reads_the_capabilities(self, host: MailboxHost):
        """pop3-capabilities lists them, and the version scan knows a POP3 server."""
        scan = ("-Pn", "-sT", "-n", "-p", host.pop3, "--script", "+pop3-capabilities", "127.0.0.1")
        said = run("nmap", *scan).stdout
        assert [
            word for word in (b"TOP", b"UIDL", b"PIPELINING", b"SASL(PLAIN LOGIN CRAM-MD5)") if word not in said
        ] == []

    def test_openssl_begins_tls(self, secure: MailboxHost, authorities: Path):
        """`s_client -starttls pop3`, with the chain verified."""
        command = ("-quiet", "-starttls", "pop3", "-connect", f"localhost:{secure.pop3}", "-CAfile", authorities)
        found = run("openssl", "s_client", *command, "-verify_return_error", data=b"QUIT\r\n")
        assert (found.returncode, b"+OK" in found.stdout) == (0, True), found.stderr


class TestHostilePeers:
    """Whatever comes, the host answers in order, stays small, and serves others."""

    @staticmethod
    def still_serves(host: MailboxHost) -> bool:
        """Whether another client is served."""
        client = poplib.POP3("127.0.0.1", host.pop3, timeout=10)
        client.apop("alice", "secret")
        number = client.stat()[0]
        client.quit()
        return number == len(NUMBERS)

    @pytest.mark.parametrize(
        "octets",
        [
            b"\0" * 5000 + b"\r\n",
            b"\xff\xfe\r\n" * 50,
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"USER " + b"x" * 9000 + b"\r\n",
            b"APOP alice " + b"0" * 300 + b"\r\n",
            b"AUTH PLAIN " + b64encode(b"\0" * 9000) + b"\r\n",
            b"AUTH CRAM-MD5\r\n" + b"=" * 9000 + b"\r\n",
            b"RETR 1\r\nLIST\r\nDELE 1\r\nSTAT\r\nUIDL\r\nTOP 1 1\r\nNOOP\r\nRSET\r\n",
            b"PASS secret\r\n",
            b"\n" * 500,
        ],
    )
    def test_rubbish(self, host: MailboxHost, octets: bytes):
        """Each line gets a -ERR or, in a login, what it asks for; then the session goes on."""
        with Peer(host.pop3) as peer:
            peer.write(octets + b"QUIT\r\n")
            lines = []
            while line := peer.line():
                lines.append(line)
        assert {line.split(b" ")[0] for line in lines[1:-1]} <= {b"-ERR", b"+", b"+OK"}
        assert (lines[-1], self.still_serves(host)) == (b"+OK Bye.", True)

    def test_an_endless_line(self, host: MailboxHost):
        """Ends the session with a -ERR, after 64 kB or so; the peer may go on writing for a while."""
        with Peer(host.pop3) as peer:
            peer.line()

            def is_closed() -> bool:
                try:
                    peer.write(b"A" * 65_536)
                except OSError:
                    return True
                return False

            until(is_closed)
        assert self.still_serves(host)

    def test_the_last_word_on_an_endless_line(self, host: MailboxHost):
        """A peer that reads gets it."""
        with Peer(host.pop3) as peer:
            peer.line()
            peer.write(b"A" * 70_000)
            assert (peer.line(), peer.line()) == (b"-ERR Line too long.", b"")

    def test_who_reads_nothing(self, tmp_path: Path):
        """Ends when it has taken too long; the maildrop is free again."""
        with mailbox_host(tmp_path / "mail", limits=Limits(idle=0.5, linger=0.2)) as host:
            host.fill(1, size=3_000_000)
            with socket.create_connection(("127.0.0.1", host.pop3)) as peer:
                peer.sendall(b"USER alice\r\nPASS secret\r\n" + b"RETR 1\r\n" * 20)

                def is_free() -> bool:
                    with Peer(host.pop3) as other:
                        other.line()
                        other.write(b"USER alice\r\nPASS secret\r\n")
                        return [other.line() for _ in range(2)][1].startswith(b"+OK")

                until(is_free)

    def test_guesses_end(self, host: MailboxHost, monkeypatch: pytest.MonkeyPatch):
        """After five wrong passwords the session does."""
        monkeypatch.setattr("sim.live.access._WRONG_PASSWORD", 0.001)
        with Peer(host.pop3) as peer:
            peer.line()
            peer.write(b"USER alice\r\nPASS x\r\n" * 9)
            lines = []
            while line := peer.line():
                lines.append(line)
        assert [line[:11] for line in lines[1::2]] == [b"-ERR [AUTH]"] * 5
        assert lines[-1].startswith(b"-ERR Too many")

    def test_the_end_of_the_server_is_told_to_who_waits(self, tmp_path: Path):
        """At once."""
        limits = Limits(linger=0.2, maildrop=60.0)
        with mailbox_host(tmp_path / "mail", limits=limits) as host, Peer(host.pop3) as first, Peer(host.pop3) as other:
            for peer in (first, other):
                peer.line()
                peer.write(b"USER alice\r\nPASS secret\r\n")
                peer.line()
                if peer is first:
                    peer.line()
            started = time.monotonic()
            host.stop()
            said = other.line()
            # The maildrop may be free before its session is told.
            said = other.line() if said.startswith(b"+OK") else said
            assert (said, time.monotonic() - started < 10) == (b"-ERR Shutting down.", True)

    def test_many_sessions_at_once(self, host: MailboxHost):
        """One of those that want the same maildrop gets it; the others are told, and nothing is lost."""
        outcomes: list[bytes] = []
        everybody = threading.Barrier(8)

        def session() -> None:
            with Peer(host.pop3) as peer:
                peer.line()
                peer.write(b"USER alice\r\nPASS secret\r\n")
                outcomes.append([peer.line() for _ in range(2)][1][:13])
                everybody.wait(20)

        threads = [threading.Thread(target=session) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == [b"+OK Logged in", *([b"-ERR [IN-USE]"] * 7)]
        until(lambda: self.still_serves(host))

    def test_nothing_said_in_the_clear_counts_under_tls(self, secure: MailboxHost, client_side: ssl.SSLContext):
        """A command in STLS's own packet is forgotten (CVE-2011-0411)."""
        with socket.create_connection(("localhost", secure.pop3)) as peer:
            peer.recv(200)
            peer.sendall(b"STLS\r\nCAPA\r\n")
            assert peer.recv(200).startswith(b"+OK")
            with client_side.wrap_socket(peer, server_hostname="localhost") as under_tls:
                under_tls.sendall(b"QUIT\r\n")
                assert under_tls.recv(200) == b"+OK Bye.\r\n"


def test_the_programs_are_there():
    """Each that is absent says so here, with the package that it comes with."""
    for name in ("curl", "fetchmail", "mpop", "getmail", "nmap", "openssl"):
        tool(name)
