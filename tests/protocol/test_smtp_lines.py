"""Command lines: one table of events and their octets, for the writer and, in several ways, for the reader."""

from __future__ import annotations

import pytest
from smtp_pair import GREETING, client_after, pieces, serve, server_at

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.protocol.smtp import (
    BadCommand,
    ConnectionClosed,
    Data,
    Ehlo,
    Expn,
    Helo,
    Help,
    LocalProtocolError,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    RemoteProtocolError,
    Rset,
    Server,
    State,
    Turn,
    Vrfy,
    replies,
)
from sim.protocol.smtp.commands import command_kind, read_command
from sim.protocol.smtp.extensions import DEFAULT_EXTENSIONS, line_limit

BOB = Path(Address("bob", "y.example"))
HELLO = Ehlo("client.example")
MAIL = Mail(NULL_PATH)

# The state it is legal in, the event, and its octets.
CASES = [
    (State.GREETED, Helo("client.example"), b"HELO client.example\r\n"),
    (State.GREETED, Ehlo("[192.0.2.1]"), b"EHLO [192.0.2.1]\r\n"),
    (State.READY, Mail(BOB), b"MAIL FROM:<bob@y.example>\r\n"),
    (State.READY, Mail(NULL_PATH), b"MAIL FROM:<>\r\n"),
    (State.READY, Mail(BOB, (("SIZE", "1000"),)), b"MAIL FROM:<bob@y.example> SIZE=1000\r\n"),
    (
        State.READY,
        Mail(Path(Address("a >b", "y.example")), (("BODY", "8BITMIME"), ("SIZE", "0"))),
        b'MAIL FROM:<"a >b"@y.example> BODY=8BITMIME SIZE=0\r\n',
    ),
    (State.MAIL, Rcpt(BOB), b"RCPT TO:<bob@y.example>\r\n"),
    (State.RCPT, Rcpt(Path(Address("c", "z"), ("x", "y"))), b"RCPT TO:<@x,@y:c@z>\r\n"),
    (State.MAIL, Rcpt(Path(Address("Postmaster", ""))), b"RCPT TO:<Postmaster>\r\n"),
    (State.MAIL, Rcpt(Path(Address('a"\\', "z"))), b'RCPT TO:<"a\\"\\\\"@z>\r\n'),
    (State.RCPT, Data(), b"DATA\r\n"),
    (State.DATA, MailData(b""), b".\r\n"),
    (State.DATA, MailData(b"\r\n"), b"\r\n.\r\n"),
    (State.DATA, MailData(b"a\r\n.b\r\n"), b"a\r\n..b\r\n.\r\n"),
    (State.RCPT, Rset(), b"RSET\r\n"),
    (State.READY, Vrfy("bob"), b"VRFY bob\r\n"),
    (State.READY, Expn("staff SMTPUTF8"), b"EXPN staff SMTPUTF8\r\n"),
    (State.READY, Noop(), b"NOOP\r\n"),
    (State.READY, Noop("a b"), b"NOOP a b\r\n"),
    (State.READY, Help(), b"HELP\r\n"),
    (State.READY, Help("MAIL"), b"HELP MAIL\r\n"),
    (State.READY, Turn(), b"TURN\r\n"),
    (State.READY, Quit(), b"QUIT\r\n"),
]

BEFORE = {
    State.GREETED: (),
    State.READY: (HELLO,),
    State.MAIL: (HELLO, MAIL),
    State.RCPT: (HELLO, MAIL, Rcpt(BOB)),
    State.DATA: (HELLO, MAIL, Rcpt(BOB), Data()),
}


@pytest.mark.parametrize(("state", "event", "octets"), CASES)
def test_write(state, event, octets):
    """A client writes the command's octets."""
    assert client_after(*BEFORE[state]).send(event) == octets


@pytest.mark.parametrize(("state", "event", "octets"), CASES)
def test_read_whole(state, event, octets):
    """A server reads the command from its octets."""
    server = server_at(state)
    server.receive_data(octets)
    assert server.next_event() == event


@pytest.mark.parametrize(("state", "event", "octets"), CASES)
def test_read_octet_by_octet(state, event, octets):
    """A server has the event with the last octet, and not before."""
    server = server_at(state)
    for octet in pieces(octets, [1])[:-1]:
        assert serve(server, octet) == ([], b"")
    server.receive_data(octets[-1:])
    assert server.next_event() == event


@pytest.mark.parametrize(("state", "event", "octets"), CASES)
def test_read_with_trailing_data(state, event, octets):
    """What follows a command is the next one."""
    server = server_at(state)
    events, _ = serve(server, octets + b"noop\r\n")
    assert events[0] == event
    assert events[1:] == {Quit: [ConnectionClosed()], Data: []}.get(type(event), [Noop()])


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"mail from:<bob@y.example>", Mail(BOB)),
        (b"Mail From: <>", MAIL),
        (b"MAIL FROM:<> ", MAIL),
        (b"MAIL  \tFROM:<>\t", MAIL),
        (b"MAIL FROM:<> size=10  body=8bitmime", Mail(NULL_PATH, (("SIZE", "10"), ("BODY", "8bitmime")))),
        (b"rset  ", Rset()),
        (b"vrfy  bob ", Vrfy("bob")),
        (b"ehlo my_pc", Ehlo("my_pc")),
        (b"HELO two words", Helo("two words")),
        (b"HELO " + b"x" * 300, Helo("x" * 255)),
        (b"NOOP " + b"x" * 2041, Noop("x" * 2041)),
        (b"NOOP \x01\r\x7fx", Noop("x")),
        (b"NOOP\r\r", Noop()),
        (b"MAIL FROM:bob@y.example SIZE=1", Mail(BOB, (("SIZE", "1"),))),
        (b"MAIL FROM: < bob@y.example >", Mail(BOB)),
        (b"MAIL FROM:< >", MAIL),
        (b"MAIL FROM:(who)<bob@y.example>", Mail(BOB)),
        (b"MAIL FROM:@z:bob@y.example", Mail(Path(BOB.mailbox, ("z",)))),
        (b"MAIL FROM:<bob..b@y.example.>", Mail(Path(Address("bob..b", "y.example")))),
        (b'MAIL FROM:"b>b".x@y.example', Mail(Path(Address("b>b.x", "y.example")))),
        (b"MAIL FROM:<> SIZE=1 size=2 BODY=7BIT body=8BITMIME", Mail(NULL_PATH, (("SIZE", "2"), ("BODY", "8BITMIME")))),
        (b"MAIL FROM:<> SIZE=" + b"1" * 100, Mail(NULL_PATH, (("SIZE", "1" * 100),))),
        (b"MAIL FROM:<> SIZE=1" + b" " * 534, Mail(NULL_PATH, (("SIZE", "1"),))),
    ],
)
def test_lines_are_read_with_tolerance(line, event):
    """What Postfix and Exim take is taken: case, spaces, names that are no domains, mailboxes without brackets."""
    server = server_at(State.READY)
    server.receive_data(line + b"\r\n")
    assert server.next_event() == event


@pytest.mark.parametrize(
    ("line", "code", "enhanced"),
    [
        (b"", 500, "5.5.2"),
        (b" ", 500, "5.5.2"),
        (b" NOOP", 500, "5.5.2"),
        (b"XYZZY", 500, "5.5.2"),
        (b"NOOPS", 500, "5.5.2"),
        (b"MAILFROM:<>", 500, "5.5.2"),
        (b"EHLO:x", 500, "5.5.2"),
        (b"NOOP\rNOOP", 500, "5.5.2"),
        (b"NOOP\x00", 500, "5.5.2"),
        (b"NOOP \x00", 501, "5.5.4"),
        (b"NOOP \xff", 500, "5.5.2"),
        (b"MAIL FROM:<a\x01@x.example>", 501, "5.5.4"),
        (b"get / http/1.0", 421, "4.7.0"),
        (b"GET /", 500, "5.5.2"),
        (b"Subject: x", 500, "5.5.2"),
        (b"VRFY caf\xc3\xa9", 500, "5.5.2"),
        (b"\xff\xfe", 500, "5.5.2"),
        (b"NOOP " + b"x" * 2042, 500, "5.5.2"),
        (b"MAIL FROM:<>" + b" " * 2035, 500, "5.5.2"),
        (b"x" * 100_000, 500, "5.5.2"),
        (b"HELO", 501, "5.5.4"),
        (b"EHLO ", 501, "5.5.4"),
        (b"VRFY", 501, "5.5.4"),
        (b"EXPN  ", 501, "5.5.4"),
        (b"RSET now", 501, "5.5.4"),
        (b"QUIT now", 501, "5.5.4"),
        (b"TURN now", 501, "5.5.4"),
        (b"MAIL", 501, "5.5.4"),
        (b"MAIL TO:<a@x.example>", 501, "5.5.4"),
        (b"MAIL FROM <a@x.example>", 501, "5.5.4"),
        (b"MAIL FROM:", 501, "5.1.7"),
        (b"MAIL FROM:a", 501, "5.1.7"),
        (b"MAIL FROM:a@x.example>", 501, "5.1.7"),
        (b"MAIL FROM:<<a@x.example>>", 501, "5.1.7"),
        (b"MAIL FROM:Ann <a@x.example>", 501, "5.1.7"),
        (b"MAIL FROM:caf\xc3\xa9@x.example", 500, "5.5.2"),
        (b"MAIL FROM:<" + b"a" * 255 + b"@x.example>", 501, "5.1.7"),
        (b"MAIL FROM:<a@x.example", 501, "5.1.7"),
        (b"MAIL FROM:<a@>", 501, "5.1.7"),
        (b'MAIL FROM:<"a@x.example>', 501, "5.1.7"),
        (b"MAIL FROM:<a@x.example>SIZE=1", 501, "5.1.7"),
        (b"MAIL FROM:<> =1", 501, "5.5.4"),
        (b"MAIL FROM:<> SIZE=", 501, "5.5.4"),
        (b"MAIL FROM:<> SIZE=1=2", 501, "5.5.4"),
        (b"MAIL FROM:<> SIZE", 501, "5.5.4"),
        (b"MAIL FROM:<> SIZE=-1", 501, "5.5.4"),
        (b"MAIL FROM:<> SIZE=" + b"1" * 101, 501, "5.5.4"),
        (b"MAIL FROM:<> BODY=BINARYMIME", 501, "5.5.4"),
        (b"MAIL FROM:<> XYZZY=1", 555, "5.5.4"),
        (b"MAIL FROM:<> SMTPUTF8", 555, "5.5.4"),
    ],
)
def test_bad_lines(line, code, enhanced):
    """A line at fault is a BadCommand with the fitting reply, and the session goes on, but for a request of HTTP."""
    server = server_at(State.READY)
    events, octets = serve(server, line + b"\r\n")
    assert (events[0].reply.code, events[0].reply.enhanced) == (code, enhanced)
    assert events[0] == BadCommand(line[:2048], events[0].reply)
    assert octets.startswith(f"{code} {enhanced} ".encode())
    assert server.state is (State.CLOSED if code == 421 else State.READY)
    assert serve(server, b"NOOP\r\n")[0] == [ConnectionClosed() if code == 421 else Noop()]


@pytest.mark.parametrize(
    ("line", "code", "enhanced"),
    [
        (b"RCPT TO:<>", 501, "5.1.3"),
        (b"RCPT TO:<bob>", 501, "5.1.3"),
        (b"RCPT TO:bob", 501, "5.1.3"),
        (b"RCPT FROM:<bob@y.example>", 501, "5.5.4"),
        (b"RCPT TO:<bob@y.example> SIZE=1", 555, "5.5.4"),
        (b"RCPT TO:<bob@y.example>" + b" " * 2024, 500, "5.5.2"),
        (b"DATA now", 501, "5.5.4"),
    ],
)
def test_bad_lines_inside_a_transaction(line, code, enhanced):
    """A line at fault leaves the transaction as it was."""
    server = server_at(State.RCPT)
    events, _ = serve(server, line + b"\r\n")
    assert (events[0].reply.code, events[0].reply.enhanced) == (code, enhanced)
    assert server.state is State.RCPT


@pytest.mark.parametrize("extensions", [(), ("8BITMIME", "PIPELINING"), ("SIZE",)])
@pytest.mark.parametrize("word", ["SIZE=1", "BODY=7BIT"])
def test_parameters_need_their_extension(extensions, word):
    """A parameter of an extension that is not offered gets 555, one that is offered is taken."""
    server = server_at(State.READY, extensions=extensions)
    server.receive_data(f"MAIL FROM:<> {word}\r\n".encode())
    event = server.next_event()
    offered = {"SIZE=1": "SIZE", "BODY=7BIT": "8BITMIME"}[word] in extensions
    assert event == (
        Mail(NULL_PATH, (tuple(word.split("=")),))
        if offered
        else BadCommand(f"MAIL FROM:<> {word}".encode(), replies.E555_PARAMETER(word.split("=")[0]))
    )


def test_no_parameters_after_helo():
    """After HELO no extension is in force: 555, but 501 for what would be wrong after EHLO, too."""
    server = server_at(State.GREETED)
    events, _ = serve(server, b"HELO c\r\nMAIL FROM:<> SIZE=1\r\nMAIL FROM:<> SIZE=x\r\nMAIL FROM:<> X=1\r\n")
    assert [event.reply.code for event in events[1:]] == [555, 501, 555]


@pytest.mark.parametrize(
    ("command", "offered", "limit"),
    [
        (None, DEFAULT_EXTENSIONS, 512),
        (Mail, (), 512),
        (Mail, ("SIZE",), 538),
        (Mail, DEFAULT_EXTENSIONS, 555),
        (Rcpt, DEFAULT_EXTENSIONS, 512),
    ],
)
def test_line_limits(command, offered, limit):
    """A command line may have 512 octets, and as many more as the extensions in force add."""
    assert line_limit(command, offered) == limit


@pytest.mark.parametrize(
    ("line", "kind"), [(b"mail\tx", Mail), (b"QUIT", Quit), (b"QUITS", None), (b"\xff", None), (b"", None)]
)
def test_command_kind(line, kind):
    """The verb alone says which command a line wants to be."""
    assert command_kind(line) is kind


def test_a_fault_carries_its_reply():
    """The error of a command line carries the reply to answer with."""
    with pytest.raises(RemoteProtocolError, match="501") as error:
        read_command(b"HELO", ())
    assert error.value.reply == replies.E501_SYNTAX("HELO <domain>")


@pytest.mark.parametrize(
    "command",
    [
        Mail(NULL_PATH, (("SIZE", "x"),)),
        Mail(NULL_PATH, (("SMTPUTF8", None),)),
        Mail(Path(Address("a", "y.example\r\nQUIT"))),
        Mail(Path(Address("caf\u00e9", "y.example"))),
        Vrfy("\ud800"),
        Vrfy(""),
        Ehlo(""),
        Noop("x" * 600),
        Noop("x\r\nQUIT"),
    ],
)
def test_a_client_writes_only_what_a_server_reads(command):
    """A value that makes no legal line is our caller's fault, and nothing is sent."""
    client = client_after(HELLO)
    with pytest.raises(LocalProtocolError, match="cannot send"):
        client.send(command)
    assert client.outstanding == 0


def test_only_known_extensions_can_be_offered():
    """A server refuses to offer what it does not know."""
    with pytest.raises(LocalProtocolError, match="'XYZZY' is not known"):
        Server("mx.example", extensions=("SIZE", "XYZZY"))


@pytest.mark.parametrize("length", range(2045, 2052))
@pytest.mark.parametrize("cut", range(2045, 2054))
def test_a_line_about_as_long_as_is_kept(length, cut):
    """Wherever a line that is too long is cut, its CRLF included, it is one BadCommand with the same octets."""
    server = server_at(State.READY)
    octets = b"x" * length + b"\r\nNOOP\r\n"
    events = serve(server, octets[:cut])[0] + serve(server, octets[cut:])[0]
    reply = replies.E500_TOO_LONG if length > 2046 else replies.E500_UNKNOWN
    assert events == [BadCommand(b"x" * min(length, 2048), reply), Noop()]


@pytest.mark.parametrize("cut", [None, 1])
def test_a_lone_line_feed_ends_a_command(cut):
    """It is answered, wherever it stands; mail data is another matter, which only CRLF.CRLF ends."""
    server = Server("mx.example")
    server.send(GREETING)
    octets = b"EHLO c\nMAIL FROM:<>\nRCPT TO:<bob@y.example>\r\r\nDATA\na\n.\nb\n.\r\nc\r\n.\r\n\nNOOP x\nQUIT\n"
    events = [event for piece in pieces(octets, [cut or len(octets)]) for event in serve(server, piece)[0]]
    assert events == [
        Ehlo("c"),
        MAIL,
        Rcpt(BOB),
        Data(),
        MailData(b"a\n.\nb\n.\r\nc\r\n"),
        BadCommand(b"", replies.E500_UNKNOWN),
        Noop("x"),
        Quit(),
        ConnectionClosed(),
    ]


@pytest.mark.parametrize("total", [10_000, 1_000_000])
def test_an_endless_line_takes_no_memory(total):
    """Of a line without an end only the beginning is kept, and its end brings one BadCommand."""
    server = Server("mx.example")
    server.send(GREETING)
    for _ in range(total // 1000):
        assert serve(server, b"x" * 1000) == ([], b"")
        assert len(server._reader) <= 2048
    events, _ = serve(server, b"\r\nNOOP\r\n")
    assert events == [BadCommand(b"x" * 2048, replies.E500_TOO_LONG), Noop()]
