"""`mtasim fetch` and its client machines against Dovecot, pymap, a served host, and servers that misbehave."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from mailbox_host import SCENARIO, mailbox_host, message
from mailbox_servers import MailboxServer, dovecot, pymap

from sim.agent.fetching import Listed
from sim.cli.command import app
from sim.live.errors import LiveError
from sim.live.fetch import Fetched, fetch
from sim.live.tls import client_context
from sim.protocol.imap4 import client

BIG = b"Subject: big\r\n\r\n" + b"".join(b"%070d\r\n" % number for number in range(4_000))
CONTENTS = [
    message(1),
    b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.end\r\n",
    b"Subject: no body\r\n\r\n",
    "Subject: gr\u00fc\u00dfe\r\n\r\n\u53f0\u5317\r\n".encode(),
    b"Subject: octets\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
    BIG,
]
pytestmark = pytest.mark.slow

SERVERS = ["Dovecot", "pymap", "mtasim"]


@pytest.fixture(scope="module")
def real_dovecot(files: tuple[Path, Path, Path]) -> Iterator[MailboxServer]:
    """Dovecot."""
    with dovecot(files[0], files[1]) as found:
        yield found


@pytest.fixture(scope="module")
def real_pymap() -> Iterator[MailboxServer]:
    """Pymap."""
    with pymap() as found:
        yield found


@pytest.fixture(scope="module")
def own(server_side: ssl.SSLContext, tmp_path_factory) -> Iterator[MailboxServer]:
    """A served host."""
    with mailbox_host(tmp_path_factory.mktemp("mail"), tls=server_side, scenario=SCENARIO) as found:
        yield MailboxServer("mtasim", found.imap, found.pop3)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> MailboxServer:
    """The server of that name."""
    found = {"Dovecot": "real_dovecot", "pymap": "real_pymap", "mtasim": "own"}[request.param]
    return request.getfixturevalue(found)


def ask(server: MailboxServer | int, protocol: str = "imap", word: str = "secret", **options) -> Fetched:
    """Fetch, with the transcript thrown away."""
    ports = {"imap": server, "pop3": server} if isinstance(server, int) else vars(server)
    chosen = {"into": None, "tls": None, "longest_wait": 20.0, "say": lambda _: None, **options}
    return fetch(("localhost", ports[protocol]), protocol, ("alice", word), **chosen)


def kept(folder: Path) -> list[bytes]:
    """The messages of a Maildir as they were on the wire, in the order of their arrival."""
    files = sorted((folder / "new").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    return [file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for file in files]


class TestImap:
    """By IMAP."""

    @pytest.mark.parametrize("server", SERVERS, indirect=True)
    def test_fetches_every_octet(self, server: MailboxServer, tmp_path: Path):
        """Of dots, of octets beyond US-ASCII, of no body, of 280 kB."""
        server.fill(CONTENTS)
        found = ask(server, into=tmp_path / "kept")
        assert (found.fetched, sorted(kept(tmp_path / "kept"))) == (len(CONTENTS), sorted(CONTENTS))

    @pytest.mark.parametrize("server", SERVERS, indirect=True)
    def test_lists(self, server: MailboxServer):
        """Numbers, sizes, and flags as they are, but for Recent."""
        server.fill(CONTENTS[:2])
        with server.login() as client:
            client.store("2", "+FLAGS", r"(\Flagged)")
        found = [
            (each.number, each.size, [flag for flag in each.flags if flag != "\\Recent"])
            for each in ask(server).messages
        ]
        assert found == [
            (1, len(CONTENTS[0]), []),
            (2, len(CONTENTS[1]), ["\\Flagged"]),
        ]

    @pytest.mark.parametrize("server", SERVERS, indirect=True)
    def test_lists_nothing_where_there_is_nothing(self, server: MailboxServer):
        """An empty INBOX is no error."""
        server.fill([])
        assert ask(server).messages == ()

    @pytest.mark.parametrize("server", SERVERS, indirect=True)
    def test_marks_nothing_as_seen(self, server: MailboxServer, tmp_path: Path):
        """It examines, and peeks."""
        server.fill(CONTENTS[:1])
        ask(server, into=tmp_path / "kept")
        with server.login() as client:
            assert client.search(None, "SEEN")[1] == [b""]

    @pytest.mark.parametrize("server", SERVERS, indirect=True)
    def test_takes_few_round_trips(self, server: MailboxServer, tmp_path: Path):
        """Login, EXAMINE, the list, all 120 bodies in two flights, LOGOUT."""
        server.fill([message(number) for number in range(120)])
        found = ask(server, into=tmp_path / "kept")
        assert (found.fetched, found.round_trips) == (120, 6)

    @pytest.mark.parametrize("server", SERVERS, indirect=True)
    def test_is_refused_with_a_wrong_password(self, server: MailboxServer):
        """With the server's own words."""
        with pytest.raises(LiveError, match="the server says: "):
            ask(server, word="wrong")

    @pytest.mark.parametrize("server", ["Dovecot", "mtasim"], indirect=True)
    def test_begins_tls(self, server: MailboxServer, authorities: Path):
        """STARTTLS, with a certificate that it checks."""
        server.fill(CONTENTS[:1])
        lines: list[str] = []
        found = ask(server, tls=client_context(authorities, verify=True), say=lines.append)
        assert (len(found.messages), any("=== TLSv1.3" in line for line in lines)) == (1, True)

    @pytest.mark.parametrize("server", ["Dovecot", "mtasim"], indirect=True)
    def test_refuses_a_certificate_that_nobody_vouches_for(self, server: MailboxServer):
        """And logs in nowhere then."""
        lines: list[str] = []
        with pytest.raises(LiveError, match="certificate verify failed"):
            ask(server, tls=client_context(None, verify=True), say=lines.append)
        assert not any("LOGIN" in line for line in lines if ">>>" in line)


class TestPop3:
    """By POP3."""

    @pytest.mark.parametrize("server", ["Dovecot", "mtasim"], indirect=True)
    def test_fetches_every_octet(self, server: MailboxServer, tmp_path: Path):
        """With dots as they were."""
        server.fill(CONTENTS)
        found = ask(server, "pop3", into=tmp_path / "kept")
        assert (found.fetched, sorted(kept(tmp_path / "kept"))) == (len(CONTENTS), sorted(CONTENTS))

    @pytest.mark.parametrize("server", ["Dovecot", "mtasim"], indirect=True)
    def test_lists(self, server: MailboxServer):
        """Numbers and sizes, and identifiers of which no two are the same."""
        server.fill(CONTENTS[:3])
        found = ask(server, "pop3").messages
        assert [(each.number, each.size) for each in found] == [
            (number, len(content)) for number, content in enumerate(CONTENTS[:3], 1)
        ]
        assert len({each.uid for each in found}) == 3

    @pytest.mark.parametrize("server", ["Dovecot", "mtasim"], indirect=True)
    def test_deletes_nothing(self, server: MailboxServer, tmp_path: Path):
        """What was fetched is still there."""
        server.fill(CONTENTS[:2])
        ask(server, "pop3", into=tmp_path / "kept")
        assert len(ask(server, "pop3").messages) == 2

    @pytest.mark.parametrize("server", ["Dovecot", "mtasim"], indirect=True)
    def test_pipelines_where_that_is_offered(self, server: MailboxServer, tmp_path: Path):
        """CAPA, the login, the lists, all 20 messages, QUIT."""
        server.fill([message(number) for number in range(20)])
        assert ask(server, "pop3", into=tmp_path / "kept").round_trips == 5

    @pytest.mark.parametrize("server", ["Dovecot", "mtasim"], indirect=True)
    def test_is_refused_with_a_wrong_password(self, server: MailboxServer):
        """With the server's own words."""
        with pytest.raises(LiveError, match="the server says: "):
            ask(server, "pop3", word="wrong")

    @pytest.mark.parametrize("server", ["Dovecot", "mtasim"], indirect=True)
    def test_begins_tls(self, server: MailboxServer, authorities: Path):
        """STLS, with a certificate that it checks."""
        server.fill(CONTENTS[:1])
        assert len(ask(server, "pop3", tls=client_context(authorities, verify=True)).messages) == 1


@contextmanager
def saying(*said: bytes) -> Iterator[int]:
    """The port of a server that says its next piece after whatever it reads, and then closes."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            # Who closes with octets unread resets the connection; a client that gives up may do so.
            with connection, suppress(ConnectionError):
                connection.settimeout(20)
                for number, piece in enumerate(said):
                    if number and not connection.recv(65_536):
                        return
                    connection.sendall(piece)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(20)


HELLO = b"* OK [CAPABILITY IMAP4rev1] hello\r\n"


class TestBadServers:
    """Whatever a server says, there is an end, and a reason."""

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ([b"* BYE too busy\r\n"], "the server says: too busy"),
            ([b"220 mx.example ESMTP\r\n"], "what came is no response of IMAP"),
            ([HELLO], "the server has closed the connection"),
            ([b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hello\r\n"], "the server takes no password here"),
            ([HELLO, b"A1 NO [AUTHENTICATIONFAILED] no\r\n"], "the server says: no"),
            ([HELLO, b"A1 OK in\r\n", b"A9 OK what?\r\n"], "no command has the tag A9"),
            ([HELLO, b"A1 OK in\r\n", b"A2 OK\r\n", b"* 1 FETCH (UID 1)\r\nA3 OK\r\n"], "lacks UID or RFC822.SIZE"),
            ([HELLO, b"* 1 FETCH (BODY[] {99999999999}\r\n"], "literals of more than 2147483648 octets"),
            ([HELLO, b"* " + b"x" * 100_000], "a response is too long"),
            ([b"* OK hello\r\n", b"A1 BAD what?\r\n"], "the server says: what?"),
        ],
    )
    def test_imap(self, said: Sequence[bytes], why: str, monkeypatch: pytest.MonkeyPatch):
        """Each is told in one line."""
        monkeypatch.setattr(client, "READ_LIMIT", 50_000)
        with saying(*said) as port, pytest.raises(LiveError, match=f"localhost port {port}: .*{why}"):
            ask(port)

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ([b"-ERR too busy\r\n"], "the server says: too busy"),
            ([b"220 mx.example ESMTP\r\n"], "is no response of POP3"),
            ([b"+OK\r\n"], "the server has closed the connection"),
            ([b"+OK\r\n", b"-ERR\r\n", b"-ERR no such user\r\n"], "the server says: no such user"),
            ([b"+OK\r\n", b"-ERR\r\n", b"+OK\r\n", b"+OK\r\n", b"+OK\r\nx y\r\n.\r\n", b"-ERR\r\n"], "name no message"),
            ([b"+OK" + b"x" * 100_000], "a line has more than 65536 octets"),
            ([b"+OK\r\n", b"+OK\r\n" + b"x" * 100_000], "a line has more than 65536 octets"),
        ],
    )
    def test_pop3(self, said: Sequence[bytes], why: str):
        """Likewise."""
        with saying(*said) as port, pytest.raises(LiveError, match=why):
            ask(port, "pop3")

    def test_silence_ends(self):
        """After the longest wait."""
        with closing(socket.create_server(("127.0.0.1", 0))) as listener, pytest.raises(LiveError, match="timed out"):
            ask(listener.getsockname()[1], longest_wait=0.2)

    def test_nobody_listens(self):
        """As the system says it."""
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(LiveError, match="Connection refused"):
            ask(port)

    def test_a_password_with_quotes_is_not_shown(self):
        """Neither as it is nor with IMAP's backslashes."""
        lines: list[str] = []
        with saying(HELLO, b"A1 NO no\r\n") as port, pytest.raises(LiveError):
            ask(port, word='a"b\\c', say=lines.append)
        assert next(line[9:] for line in lines if ">>>" in line) == '>>> A1 LOGIN alice "***"'

    def test_capabilities_are_asked_for_where_the_greeting_has_none(self):
        """Else LOGINDISABLED would be overlooked (RFC 3501 section 6.2.3)."""
        said = b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nA1 OK\r\n"
        with saying(b"* OK hello\r\n", said) as port, pytest.raises(LiveError, match="ask for TLS"):
            ask(port)

    def test_mail_that_is_gone_meanwhile_is_left_out(self, tmp_path: Path):
        """Its FETCH gives nothing; the others are kept."""
        listed = b"* 1 FETCH (UID 1 RFC822.SIZE 3)\r\n* 2 FETCH (UID 2 RFC822.SIZE 3)\r\nA3 OK\r\n"
        bodies = b"A4 OK\r\n* 2 FETCH (UID 2 BODY[] {3}\r\na\r\n)\r\nA5 OK\r\n"
        with saying(HELLO, b"A1 OK\r\n", b"A2 OK\r\n", listed, bodies, b"* BYE\r\nA6 OK\r\n") as port:
            found = ask(port, into=tmp_path / "kept")
        assert (found.messages[1], found.fetched) == (Listed(2, "2", 3), 1)


def test_the_command_prints_the_transcript_and_the_list(own: MailboxServer, tmp_path: Path, capsys):
    """Times in front, the password left out, and what it took at the end."""
    own.fill(CONTENTS[:1])
    (tmp_path / "password").write_text("secret\n")
    login = ["--user", "alice", "--password-file", str(tmp_path / "password")]
    status = app(["fetch", f"127.0.0.1:{own.imap}", "--imap", *login], result_action="return_value")
    lines = capsys.readouterr().out.splitlines()
    assert (status, any("LOGIN alice ***" in line for line in lines), any("secret" in line for line in lines)) == (
        0,
        True,
        False,
    )
    # Whoever selected it first was told that it is recent.
    assert (lines[-2].partition(" ")[2].startswith("1 "), f" {len(CONTENTS[0])} octets" in lines[-2]) == (True, True)
    assert lines[-1].startswith("# 1 messages, 4 round trips, ")
