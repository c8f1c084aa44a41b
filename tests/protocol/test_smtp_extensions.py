"""The rows of the extension table: offers, parameters, commands, and line lengths."""

from __future__ import annotations

import pytest
from smtp_pair import ConnectionPair, client_after, serve, server_at

from sim.mail.address import Address
from sim.mail.path import NULL_PATH, Path
from sim.protocol.smtp import (
    Auth,
    BadCommand,
    Ehlo,
    Etrn,
    Expn,
    Helo,
    LocalProtocolError,
    Mail,
    Rcpt,
    Saml,
    Send,
    Soml,
    State,
    Vrfy,
    replies,
)
from sim.protocol.smtp.extensions import EXTENSIONS, line_limit, longest_line

ALL = tuple(EXTENSIONS)
HELLO = Ehlo("client.example")
JOSE = Path(Address("jos\u00e9", "exemple.fr"))


def test_what_is_offered_by_default():
    """A server that is told nothing offers four extensions."""
    assert ConnectionPair().hello[0].lines[1:] == ("SIZE 0", "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")


def test_offers_can_say_more():
    """What follows a keyword is the table's, or the caller's."""
    pair = ConnectionPair(
        extensions=("SIZE", "FUTURERELEASE", "DELIVERBY", "MT-PRIORITY"), offers={"DELIVERBY": "240"}, size_limit=7
    )
    assert pair.hello[0].lines[1:] == (
        "SIZE 7",
        "FUTURERELEASE 2592000 9999-12-31T23:59:59Z",
        "DELIVERBY 240",
        "MT-PRIORITY",
    )


# Extension, command, parameter, and whether its value is good.
PARAMETERS = [
    ("SMTPUTF8", Mail, "SMTPUTF8", True),
    ("SMTPUTF8", Mail, "SMTPUTF8=1", False),
    ("DSN", Mail, "RET=FULL", True),
    ("DSN", Mail, "ret=hdrs", True),
    ("DSN", Mail, "RET=ALL", False),
    ("DSN", Mail, "RET", False),
    ("DSN", Mail, "ENVID=QQ314159", True),
    ("DSN", Mail, "ENVID=a+2Bb", True),
    ("DSN", Mail, "ENVID=a+b", False),
    ("DSN", Mail, "ENVID=" + "x" * 101, True),
    ("DSN", Rcpt, "NOTIFY=NEVER", True),
    ("DSN", Rcpt, "NOTIFY=success,FAILURE,DELAY", True),
    ("DSN", Rcpt, "NOTIFY=NEVER,DELAY", False),
    ("DSN", Rcpt, "NOTIFY=SUCCESS,", False),
    ("DSN", Rcpt, "ORCPT=rfc822;bob+2Bx@y.example", True),
    ("DSN", Rcpt, "ORCPT=utf-8;jos\\x{E9}@exemple.fr", True),
    ("DSN", Rcpt, "ORCPT=rfc822", False),
    ("DSN", Rcpt, "ORCPT=;bob", False),
    ("DSN", Rcpt, "ORCPT=rfc822;+zz", False),
    ("DSN", Rcpt, "ORCPT=rfc822;" + "x" * 493, True),
    ("DSN", Rcpt, "ORCPT=rfc822;" + "x" * 494, False),
    ("DELIVERBY", Mail, "BY=120;R", True),
    ("DELIVERBY", Mail, "BY=+120;rt", True),
    ("DELIVERBY", Mail, "BY=-120;N", True),
    ("DELIVERBY", Mail, "BY=0;NT", True),
    ("DELIVERBY", Mail, "BY=0;R", False),
    ("DELIVERBY", Mail, "BY=-1;R", False),
    ("DELIVERBY", Mail, "BY=1234567890;N", False),
    ("DELIVERBY", Mail, "BY=1234567890;R", False),
    ("DELIVERBY", Mail, "BY=120", False),
    ("DELIVERBY", Mail, "BY=120;T", False),
    ("FUTURERELEASE", Mail, "HOLDFOR=3600", True),
    ("FUTURERELEASE", Mail, "HOLDFOR=0", False),
    ("FUTURERELEASE", Mail, "HOLDFOR=1234567890", False),
    ("FUTURERELEASE", Mail, "HOLDUNTIL=2030-01-31T23:59:60Z", True),
    ("FUTURERELEASE", Mail, "HOLDUNTIL=2030-01-31t12:00:00.5+01:00", True),
    ("FUTURERELEASE", Mail, "HOLDUNTIL=2030-13-31T12:00:00Z", False),
    ("FUTURERELEASE", Mail, "HOLDUNTIL=2030-01-31", False),
    ("FUTURERELEASE", Mail, "HOLDFOR=1 HOLDUNTIL=2030-01-31T12:00:00Z", False),
    ("FUTURERELEASE", Mail, "HOLDUNTIL=2030-01-31T12:00:00Z HOLDFOR=1", False),
    ("MT-PRIORITY", Mail, "MT-PRIORITY=-9", True),
    ("MT-PRIORITY", Mail, "MT-PRIORITY=0", True),
    ("MT-PRIORITY", Mail, "MT-PRIORITY=-0", False),
    ("MT-PRIORITY", Mail, "MT-PRIORITY=10", False),
    ("AUTH", Mail, "AUTH=<>", True),
    ("AUTH", Mail, "AUTH=bob+2Bx@y.example", True),
    ("AUTH", Mail, "AUTH=a+b", False),
]


@pytest.mark.parametrize(("extension", "command", "words", "good"), PARAMETERS)
def test_parameters(extension, command, words, good):
    """A parameter is taken if its value fits the grammar, gets 501 if not, and 555 where it is not offered."""
    state, line = (State.READY, "MAIL FROM:<>") if command is Mail else (State.MAIL, "RCPT TO:<bob@y.example>")
    octets = f"{line} {words}\r\n".encode()
    (event,), _ = serve(server_at(state, extensions=(extension,)), octets)
    if good:
        keyword, _, value = words.partition("=")
        assert event.parameters == ((keyword.upper(), value or None),)
    else:
        assert event == BadCommand(octets[:-2], replies.E501_PARAMETER(event.reply.text.split()[-1]))
    if extension != "AUTH":
        assert serve(server_at(state, extensions=("SIZE",)), octets[:200] + b"\r\n")[0][0].reply.code == 555


def test_auth_as_a_parameter_where_it_is_not_offered():
    """It is taken, as long as it is by its grammar, and extensions are in force at all."""
    codes = [
        int(serve(server_at(state, extensions=("SIZE",)), hello + line)[1].splitlines()[-1][:3])
        for state, hello in ((State.READY, b""), (State.GREETED, b"HELO c\r\n"))
        for line in (b"MAIL FROM:<> AUTH=<>\r\n", b"MAIL FROM:<> AUTH=+\r\n")
    ]
    assert codes == [250, 501, 555, 501]


@pytest.mark.parametrize(
    ("extension", "command", "longer"),
    [
        ("SMTPUTF8", Mail, 10),
        ("SMTPUTF8", Vrfy, 10),
        ("DSN", Mail, 100),
        ("DSN", Rcpt, 500),
        ("DELIVERBY", Mail, 17),
        ("FUTURERELEASE", Mail, 34),
        ("MT-PRIORITY", Mail, 15),
        ("ETRN", Etrn, 0),
        ("AUTH", Mail, 500),
        ("AUTH", Auth, 12288 - 512),
    ],
)
def test_longer_lines(extension, command, longer):
    """An extension raises the limit of a command line by what its RFC says."""
    assert line_limit(command, (extension,)) == 512 + longer
    assert longest_line((extension,)) >= 512 + longer


def test_a_line_as_long_as_dsn_allows():
    """The longest RCPT of DSN is read by a server that offers it; a client without it writes none so long."""
    line = b"RCPT TO:<bob@y.example> ORCPT=rfc822;" + b"x" * 493 + b" " * (1012 - 2 - 530)
    assert len(line) + 2 == 1012
    assert isinstance(serve(server_at(State.MAIL, extensions=("DSN",)), line + b"\r\n")[0][0], Rcpt)
    pair = ConnectionPair(extensions=("SIZE",))
    pair.say(Mail(NULL_PATH))
    with pytest.raises(LocalProtocolError, match=r"octets of 512"):
        pair.say(Rcpt(Path(Address("bob", "y.example")), (("ORCPT", "rfc822;" + "x" * 480),)))


@pytest.mark.parametrize("kind", [Send, Soml, Saml])
def test_the_terminal_commands_of_rfc_821(kind):
    """SEND, SOML and SAML open a transaction in a host of RFC 821, and in one that offers them, even after HELO."""
    for options, hello in [
        ({"esmtp": False}, Helo("c.example")),
        ({"extensions": ("SEND", "SOML", "SAML")}, HELLO),
    ]:
        pair = ConnectionPair(hello=hello, **options)
        assert pair.say(kind(NULL_PATH))[0].code == 250
        assert pair.client.state is pair.server.state is State.MAIL
    line = f"{kind.__name__.upper()} FROM:<>\r\n".encode()
    server = server_at(State.GREETED, extensions=("SEND", "SOML", "SAML"))
    assert serve(server, b"HELO c.example\r\n" + line)[0][1] == kind(NULL_PATH)


@pytest.mark.parametrize("kind", [Send, Soml, Saml])
def test_terminal_commands_take_no_parameters(kind):
    """No extension adds a parameter to them."""
    line = f"{kind.__name__.upper()} FROM:<> SIZE=1\r\n".encode()
    assert serve(server_at(State.READY, extensions=ALL), line)[0][0].reply.code == 555


@pytest.mark.parametrize(
    ("command", "code"),
    [(Send(NULL_PATH), 500), (Soml(NULL_PATH), 500), (Saml(NULL_PATH), 500), (Etrn("c.example"), 502)],
)
def test_commands_that_are_not_offered(command, code):
    """A command whose extension is not offered gets 502, one that nobody has heard of 500; a client does not send it."""
    pair = ConnectionPair()
    keyword = type(command).__name__.upper()
    server = server_at(State.READY)
    assert serve(server, f"{keyword} FROM:<>\r\n".encode())[0][0].reply.code == code
    with pytest.raises(LocalProtocolError, match=f"does not offer {keyword}"):
        pair.say(command)


def test_new_commands_in_a_host_of_rfc_821():
    """A host without EHLO does not know ETRN: 500."""
    assert serve(server_at(State.READY, esmtp=False), b"ETRN c.example\r\n")[0][0].reply == replies.E500_UNKNOWN


def test_extension_commands_need_ehlo():
    """After HELO a command of an extension that the host has is out of sequence."""
    server = server_at(State.GREETED, extensions=("ETRN",))
    assert serve(server, b"HELO c.example\r\nETRN c.example\r\n")[0][1].reply == replies.E503_BAD_SEQUENCE


@pytest.mark.parametrize("node", ["c.example", "@c.example", "#queue/1", "[192.0.2.1]"])
def test_etrn(node):
    """ETRN names a domain, what is below it, or a queue."""
    pair = ConnectionPair(extensions=("ETRN",))
    assert pair.say(Etrn(node))[0].code == 251
    assert pair.events == [Etrn(node)]


@pytest.mark.parametrize("argument", [b"", b"@", b"#", b"c_example", b"a b", b"#a b"])
def test_bad_nodes(argument):
    """Another argument of ETRN gets 501."""
    assert serve(server_at(State.READY, extensions=("ETRN",)), b"ETRN " + argument + b"\r\n")[0][0].reply.code == 501


def test_utf8_in_a_transaction():
    """With SMTPUTF8 on MAIL, both paths may be in UTF-8, and what the client wrote is what the server reads."""
    pair = ConnectionPair(extensions=("SMTPUTF8", "DSN"))
    mail = Mail(JOSE, (("SMTPUTF8", None),))
    rcpt = Rcpt(JOSE, (("ORCPT", "utf-8;jos\u00e9@exemple.fr"),))
    assert [pair.say(command)[0].code for command in (mail, rcpt)] == [250, 250]
    assert pair.events == [rcpt]


def test_utf8_only_with_its_parameter():
    """A client does not send a path beyond US-ASCII in a transaction without SMTPUTF8."""
    pair = ConnectionPair(extensions=("SMTPUTF8",))
    with pytest.raises(LocalProtocolError, match="cannot send"):
        pair.say(Mail(JOSE))
    pair.say(Mail(NULL_PATH))
    with pytest.raises(LocalProtocolError, match="no parameter SMTPUTF8"):
        pair.say(Rcpt(JOSE))


@pytest.mark.parametrize(
    ("state", "line"), [(State.READY, "MAIL FROM:{}"), (State.MAIL, "RCPT TO:{}"), (State.READY, "VRFY {}")]
)
def test_utf8_without_its_parameter(state, line):
    """A server that offers SMTPUTF8 answers 553 5.6.7 to an address beyond US-ASCII that came without it."""
    events, _ = serve(server_at(state, extensions=("SMTPUTF8",)), line.format(JOSE).encode() + b"\r\n")
    assert events[0].reply == replies.E553_NOT_ASCII


@pytest.mark.parametrize(
    "line",
    [
        b"MAIL FROM:<jos\xe9@x.fr> SMTPUTF8",
        b"MAIL FROM:<\xed\xa0\x80@x.fr> SMTPUTF8",
        b"MAIL FROM:<\xc3\xa9\x00@x.fr> SMTPUTF8",
        b"NOOP \xc3\xa9",
        "\u017fend FROM:<>".encode(),
    ],
)
def test_utf8_that_is_none(line):
    """What is no UTF-8, has control characters, or belongs to another command gets 500."""
    assert serve(server_at(State.READY, extensions=ALL), line + b"\r\n")[0][0].reply == replies.E500_BAD_OCTETS


def test_no_break_spaces_do_not_separate():
    """Only US-ASCII spaces separate parameters."""
    line = "MAIL FROM:<> SMTPUTF8\u00a0SIZE=1\r\n".encode()
    assert serve(server_at(State.READY, extensions=ALL), line)[0][0].reply.code == 501


@pytest.mark.parametrize("kind", [Vrfy, Expn])
def test_queries_in_utf8(kind):
    """VRFY and EXPN take SMTPUTF8 as a last word, where it is offered."""
    pair = ConnectionPair(extensions=("SMTPUTF8",))
    pair.say(kind("jos\u00e9 m", utf8=True))
    assert pair.events == [kind("jos\u00e9 m", utf8=True)]
    pair.say(kind("SMTPUTF8"))
    assert pair.events == [kind("SMTPUTF8")]
    with pytest.raises(LocalProtocolError, match="does not offer SMTPUTF8"):
        client_after(HELLO).send(kind("bob", utf8=True))


@pytest.mark.parametrize("kind", [Vrfy, Expn])
def test_answers_in_utf8(kind):
    """VRFY and EXPN get UTF-8 where they ask for it, and nowhere else (RFC 6531 section 3.7.4.2)."""
    verb, found = kind.__name__.upper(), replies.Reply(250, ("<andr\u00e9@y.example>",), "2.1.5")
    server = server_at(State.READY, extensions=ALL)
    _, octets = serve(server, f"{verb} andr\u00e9 SMTPUTF8\r\n".encode(), lambda *_: found)
    assert octets == "250 2.1.5 <andr\u00e9@y.example>\r\n".encode()
    with pytest.raises(LocalProtocolError, match="not printable US-ASCII"):
        serve(server, f"{verb} andre\r\n".encode(), lambda *_: found)
