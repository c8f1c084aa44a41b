"""FTP between two hosts: what the client says, what the server takes, and what becomes of a message (RFC 959)."""

from __future__ import annotations

import pytest

from sim.mail.path import parse_path
from sim.mta.client.envelope import Mailing
from sim.mta.client.file_transfer import FileTransfer
from sim.mta.queue.failure import Failure
from sim.mta.server.file_reception import FileReception
from sim.mta.server.recipients import Directory
from sim.protocol import ftp
from sim.protocol.ftp import commands
from sim.protocol.ftp.replies import read_passive
from sim.scenario.spec import Domain, Host

ANN, BOB, NOBODY = (parse_path(f"<{name}@b.example>") for name in ("ann", "bob", "nobody"))
BACK = parse_path("<writer@a.example>")
CONTENT = b"Subject: x\r\n\r\nhello\r\n"


def reception(**settings):
    """The server of a host that keeps the mailboxes of b.example."""
    host = Host(name="b", **settings)
    return FileReception(host, Directory(host, [Domain(name="b.example", users=("ann", "bob"))], lambda _: None))


def run(client, server, *, busy=False, until=50):
    """Let the two take turns; give what each wrote, flight by flight, and what the server took."""
    said, taken, written = [], [], server.greet(busy=busy)
    for _ in range(until):
        client.read(written)
        if client.done:
            break
        flight = client.write()
        written = server.read(flight)
        said.append((client.lane, flight))
        taken += server.accepted
    return said, taken


def put(*paths, content=CONTENT, **settings):
    """A message put for these, on a host with these settings."""
    client, server = FileTransfer(Host(name="a"), Mailing(BACK, paths, content), "a-1"), reception(**settings)
    said, taken = run(client, server)
    return client, server, said, taken


def test_a_file_for_each_recipient():
    """Each goes over a data connection of its own, after EPSV, into the directory of its owner."""
    client, server, said, taken = put(ANN, BOB)
    assert said == [
        ("control", b"USER anonymous\r\n"),
        ("control", b"PASS anonymous@\r\n"),
        ("control", b"TYPE I\r\n"),
        ("control", b"EPSV\r\n"),
        ("opens", b"STOR b.example/ann/a-1\r\n"),
        ("file", CONTENT),
        ("control", b"EPSV\r\n"),
        ("opens", b"STOR b.example/bob/a-1\r\n"),
        ("file", CONTENT),
        ("control", b"QUIT\r\n"),
    ]
    assert [(mail.forward_paths, mail.content, mail.reverse_path.is_null) for mail in taken] == [
        ((ANN,), CONTENT, True),
        ((BOB,), CONTENT, True),
    ]
    assert {path: reply.code for path, reply in client.replies.items()} == {ANN: 226, BOB: 226}
    # Each data connection is a round trip of its own; QUIT comes when all is known.
    assert (client.failure, client.round_trips, client.contacted, server.is_over) == (None, 11, True, True)
    assert server.commands == 10


def test_who_is_not_there():
    """There is no directory of his, or of another domain; the others get their files all the same."""
    stranger = parse_path("<x@c.example>")
    client, _, said, taken = put(NOBODY, ANN, stranger)
    assert {path: reply.code for path, reply in client.replies.items()} == {NOBODY: 550, ANN: 226, stranger: 550}
    assert [lane for lane, _ in said].count("file") == len(taken) == 1
    refusal = client.refusal(NOBODY, "b")
    assert refusal == Failure(550, "", "No such directory.", "b", "rcpt")
    assert refusal.permanent


def test_a_file_that_is_too_big():
    """It is refused when it has come (552), unlike mail, whose size MAIL announces."""
    client, _, _, taken = put(ANN, size_limit=10)
    assert (client.refusal(ANN, "b").code, client.refusal(ANN, "b").at, taken) == (552, "dot", [])


def test_a_message_without_octets():
    """It goes as an empty line: a flight has octets."""
    assert put(ANN, content=b"")[3][0].content == b"\r\n"


def test_a_host_that_is_full():
    """421 instead of a greeting: it blames the host, and is tried again."""
    client, server = FileTransfer(Host(name="a"), Mailing(BACK, (ANN,), CONTENT), "a-1"), reception()
    assert run(client, server, busy=True) == ([], [])
    assert (client.failure.code, client.failure.at, client.failure.permanent) == (421, "greeting", False)
    assert (client.replies, client.done, server.is_over, server.read(b"NOOP\r\n")) == ({}, True, True, b"")


class Picky:
    """A server that refuses one verb, or hangs up, or breaks the protocol."""

    accepted = ()

    def __init__(self, verb, word):
        self._verb, self._word, self._server = verb, word, reception()

    def greet(self, *, busy):
        """As the other."""
        return self._server.greet(busy=busy)

    def read(self, flight):
        """Its word to that verb, else as the other."""
        return self._word if flight.startswith(self._verb) else self._server.read(flight)


@pytest.mark.parametrize(
    ("verb", "word", "at", "code"),
    [
        (b"USER", b"530 Not today\r\n", "hello", 530),
        (b"PASS", b"332 Account?\r\n", "hello", 332),
        (b"TYPE", b"504 Text only\r\n", "hello", 504),
        (b"EPSV", b"425 No\r\n", "mail", 425),
        (b"USER", b"", "hello", 0),
        (b"STOR", b"hello\r\n", "rcpt", 0),
        (b"STOR", b"421 Time is up\r\n", "rcpt", 421),
    ],
)
def test_a_session_that_comes_to_nothing(verb, word, at, code):
    """What refused it, or that it was cut, is the failure of all that had no reply."""
    client = FileTransfer(Host(name="a"), Mailing(BACK, (ANN,), CONTENT), "a-1")
    said, taken = run(client, Picky(verb, word))
    assert (client.failure.at, client.failure.code, client.replies, taken, client.done) == (at, code, {}, [], True)
    assert (said[-1][1] == b"QUIT\r\n") == (code not in (0, 421))


def test_a_client_that_is_cut():
    """The first failure counts; nothing is kept to go on with."""
    client = FileTransfer(Host(name="a"), Mailing(BACK, (ANN,), CONTENT), "a-1")
    assert (client.awaits, client.timeout(), client.kept) == ("greeting", 300.0, False)
    client.end(Failure(0, "4.4.1", "timed out"))
    client.end(Failure(0, "4.4.2", "lost"))
    assert (client.failure.text, client.done) == ("timed out", True)
    assert client.complete(b"150 Ok\r\n226") == 8
    with pytest.raises(LookupError):
        client.follow(Mailing(BACK, (ANN,), CONTENT), None)


def talk(server, *said):
    """The codes of the replies to commands, from the login on."""
    server.greet(busy=False)
    lines = [server.read(commands.write_command(each)) for each in (commands.User("x"), commands.Pass("y"), *said)]
    return [int(line[:3]) for line in lines[2:]], lines[-1]


def test_what_else_is_answered():
    """As RFC 1123 section 4.1.2.13 wants it of a server that takes files; what it has not is not implemented."""
    said = [
        *(commands.Noop(), commands.Syst(), commands.Feat(), commands.Pwd(), commands.Cwd("b.example"), commands.Pwd()),
        *(commands.Type("I"), commands.Type("A"), commands.Stru("F"), commands.Stru("R"), commands.Mode("S")),
        *(commands.Mode("B"), commands.Allo(5), commands.Abor(), commands.Pasv(), commands.Epsv(), commands.Retr("x")),
        *(commands.Stor("x"), commands.Stor("/b.example/ann/x")),
    ]
    codes, last = talk(reception(), *said)
    assert codes == [200, 215, 211, 257, 250, 257, 200, 504, 200, 504, 200, 504, 202, 226, 227, 229, 502, 550, 150]
    assert last == b"150 Ok to send data.\r\n"
    assert talk(reception(), commands.Cwd('a"b'), commands.Pwd())[1] == b'257 "/a""b" is the current directory.\r\n'


def test_where_the_server_listens():
    """By either command it is the host of the control connection."""
    for command, host in ((commands.Pasv(), ".".join("0000")), (commands.Epsv(), "")):
        _, line = talk(reception(), command)
        reader = ftp.replies.ReplyReader()
        assert read_passive(reader.read(line.rstrip())) == (host, 49_152)


def test_a_directory_that_is_gone_to():
    """What is stored is found from there, as curl goes down step by step."""
    server = reception()
    talk(server, commands.Cwd("b.example"), commands.Cwd("ann"), commands.Stor("x"))
    assert server.in_transaction
    assert server.read(b"content") == b"226 Transfer complete.\r\n"
    assert [mail.forward_paths for mail in server.accepted] == [(ANN,)]
    assert not server.in_transaction


def test_a_bad_line():
    """It has the reply that says what is wrong with it."""
    server = reception()
    server.greet(busy=False)
    assert server.read(b"XYZZY\r\n") == b"500 Unknown command.\r\n"
    assert server.read(b"STOR x\r\n") == b"530 Please log in.\r\n"


def test_a_server_whose_client_is_silent():
    """It says 421 and hangs up; the end of a connection ends all."""
    server = reception()
    server.greet(busy=False)
    assert server.time_out() == b"421 Timeout.\r\n"
    assert (server.is_over, server.time_out()) == (True, b"")
    other = reception()
    other.greet(busy=False)
    other.disconnected()
    assert other.is_over
