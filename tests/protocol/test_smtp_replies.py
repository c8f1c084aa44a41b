"""The registry of replies, and reply lines as they are written and read."""

from __future__ import annotations

import re

import pytest
from smtp_pair import client_after, pieces

from sim.protocol.smtp import Client, Ehlo, LocalProtocolError, RemoteProtocolError, Reply, Rset, replies
from sim.protocol.smtp.replies import ReplyForm
from sim.protocol.smtp.reply_lines import write_reply

REGISTRY = {name: value for name, value in vars(replies).items() if isinstance(value, Reply | ReplyForm)}

# Reply <-> its octets, once without and once with enhanced status codes shown.
REPLIES = [
    (Reply(220, ("mx.example ESMTP ready",)), False, b"220 mx.example ESMTP ready\r\n"),
    (Reply(250), False, b"250 \r\n"),
    (Reply(250, ("mx.example", "SIZE 1000", "HELP")), False, b"250-mx.example\r\n250-SIZE 1000\r\n250 HELP\r\n"),
    (Reply(250, ("Ok",), "2.1.0"), True, b"250 2.1.0 Ok\r\n"),
    (Reply(250, ("",), "2.0.0"), True, b"250 2.0.0 \r\n"),
    (Reply(214, ("a", "b"), "2.0.0"), True, b"214-2.0.0 a\r\n214 2.0.0 b\r\n"),
    (Reply(550, ("No such user here",), "5.1.1"), True, b"550 5.1.1 No such user here\r\n"),
    (Reply(450, ("5.1.1 is not of class 4",), "4.123.456"), True, b"450 4.123.456 5.1.1 is not of class 4\r\n"),
]


def heard(octets, *, enhanced, chunk=None):
    """The first reply that a client reads: the greeting, or the reply to RSET with ENHANCEDSTATUSCODES in force."""
    client = client_after(Ehlo("client.example")) if enhanced else Client()
    if enhanced:
        client.send(Rset())
    for piece in pieces(octets, [chunk or len(octets)]):
        client.receive_data(piece)
    return client.next_event()


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_name_says_the_code(name):
    """The letter is the class of the reply, the number its code, and the enhanced code is of that class."""
    reply = REGISTRY[name]
    letter, number = re.fullmatch(r"([SE])(\d{3})_[A-Z_]+", name).groups()
    assert reply.code == int(number)
    assert letter == ("S" if reply.code < 400 else "E")
    assert reply.enhanced[:1] in ("", number[0])


def test_all_registered_replies_can_be_sent():
    """However long the words that fill a form's blanks, the reply can be written."""
    for reply in REGISTRY.values():
        value = reply(*["x" * 1000] * reply.form.count("{")) if isinstance(reply, ReplyForm) else reply
        assert write_reply(value, enhanced=True).startswith(str(reply.code).encode())


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (250, (True, False, False, False)),
        (299, (True, False, False, False)),
        (354, (False, True, False, False)),
        (421, (False, False, True, False)),
        (555, (False, False, False, True)),
        (599, (False, False, False, True)),
    ],
)
def test_kinds_go_by_the_first_digit(code, kinds):
    """A reply is positive, intermediate, transient or permanent by its first digit alone."""
    reply = Reply(code)
    assert (reply.positive, reply.intermediate, reply.transient, reply.permanent) == kinds


def test_text_joins_the_lines():
    """The text of a reply is its lines, joined by newlines."""
    assert Reply(250, ("a", "b")).text == "a\nb"


@pytest.mark.parametrize(("reply", "enhanced", "octets"), REPLIES)
def test_write_reply(reply, enhanced, octets):
    """A reply is written as RFC 5321 section 4.2 says."""
    assert write_reply(reply, enhanced=enhanced) == octets


@pytest.mark.parametrize(("reply", "enhanced", "octets"), REPLIES)
@pytest.mark.parametrize("chunk", [None, 1])
def test_read_reply(reply, enhanced, octets, chunk):
    """A client reads what was written, whole or octet by octet."""
    assert heard(octets, enhanced=enhanced, chunk=chunk) == reply


@pytest.mark.parametrize(("reply", "enhanced", "octets"), REPLIES)
def test_read_reply_before_more(reply, enhanced, octets):
    """What follows a reply does not change it."""
    assert heard(octets + b"250 more\r\n", enhanced=enhanced) == reply


def test_no_enhanced_code_is_still_one():
    """Where enhanced codes are in force, a reply without one shows that no more is known (RFC 3463 section 3.1)."""
    assert write_reply(Reply(452, ("a", "b")), enhanced=True) == b"452-4.0.0 a\r\n452 4.0.0 b\r\n"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(199),
        Reply(600),
        Reply(250, ()),
        Reply(250, ("a\r\n250 b",)),
        Reply(250, ("bell\a",)),
        Reply(250, ("x" * 507,)),
        Reply(250, ("Ok",), "5.0.0"),
        Reply(250, ("Ok",), "2.0"),
        Reply(354, ("Go",), "3.0.0"),
    ],
)
def test_illegal_replies_are_not_written(reply):
    """A reply outside RFC 5321 section 4.2 or RFC 3463 section 2 is our caller's fault."""
    with pytest.raises(LocalProtocolError, match="reply"):
        write_reply(reply, enhanced=False)


@pytest.mark.parametrize(
    ("text", "octets"),
    [("bo\u00eete pleine", b"boite pleine"), ("e\u0301t\u00e9", b"ete"), ("\u90ae\u7bb1 full", b"?? full")],
)
def test_text_is_folded_where_the_client_reads_no_utf_8(text, octets):
    """Letters lose their accents, all else is a question mark; a client that reads UTF-8 gets it (RFC 6531 3.7.4)."""
    assert write_reply(Reply(550, (text,)), enhanced=False) == b"550 " + octets + b"\r\n"
    assert write_reply(Reply(550, (text,)), enhanced=False, utf8=True) == f"550 {text}\r\n".encode()


def test_the_longest_reply_line_is_written():
    """A reply line may have 512 octets with its CRLF."""
    assert len(write_reply(Reply(250, ("x" * 506,)), enhanced=False)) == 512


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"220\r\n", Reply(220)),
        (b"220 \r\n", Reply(220)),
        (b"299 odd\r\n", Reply(299, ("odd",))),
        (b"220-\r\n220\r\n", Reply(220, ("", ""))),
        (b"220 caf\xc3\xa9 \x00\xe9\t\xe2\x80\xae\xef\xbf\xbd\r\n", Reply(220, ("caf\u00e9 ??\t??",))),
        (b"220 2.0.0 no EHLO yet\r\n", Reply(220, ("2.0.0 no EHLO yet",))),
        (b"220 " + b"x" * 2042 + b"\r\n", Reply(220, ("x" * 2042,))),
        (b"220-a\r\n" * 1023 + b"220 b\r\n", Reply(220, ("a",) * 1023 + ("b",))),
    ],
)
def test_what_real_servers_send_is_read(octets, reply):
    """A client takes odd codes, absent texts, octets that are not printable, and long replies."""
    assert heard(octets, enhanced=False) == reply


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"250 Ok\r\n", Reply(250, ("Ok",))),
        (b"250 2.1.0\r\n", Reply(250, ("",), "2.1.0")),
        (b"250-2.0.0 a\r\n250 b\r\n", Reply(250, ("a", "b"), "2.0.0")),
        (b"250-a\r\n250 2.0.0 b\r\n", Reply(250, ("a", "2.0.0 b"))),
        (b"250 5.1.1 other class\r\n", Reply(250, ("5.1.1 other class",))),
        (b"250 2.1.0.4 is no code\r\n", Reply(250, ("2.1.0.4 is no code",))),
        (b"250 2.1.0; nor this\r\n", Reply(250, ("2.1.0; nor this",))),
    ],
)
def test_only_a_fitting_enhanced_code_is_split_off(octets, reply):
    """Text that merely resembles an enhanced status code stays text."""
    assert heard(octets, enhanced=True) == reply


@pytest.mark.parametrize(
    "octets",
    [
        b"\r\n",
        b"22\r\n",
        b"22x hello\r\n",
        b"199 hello\r\n",
        b"600 hello\r\n",
        b"099 hello\r\n",
        b"220hello\r\n",
        b"2200 hello\r\n",
        b"220 hello\n",
        b"220-hello\n",
        b"220 hel\rlo\r\n",
        b" 220 hello\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"220-a\r\n221 b\r\n",
        b"220-a\r\nb\r\n",
        b"220 " + b"x" * 2043 + b"\r\n",
        b"x" * 2048,
        b"220-a\r\n" * 1024,
        b"220-a\r\n" * 1024 + b"220 a\r\n",
    ],
)
@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_what_is_no_reply_is_the_peers_fault(octets, chunk):
    """A client refuses what is no reply as soon as it knows, and has no reply to give to it."""
    with pytest.raises(RemoteProtocolError) as error:
        heard(octets, enhanced=False, chunk=chunk)
    assert error.value.reply is None
