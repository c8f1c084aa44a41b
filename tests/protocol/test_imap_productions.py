"""The productions of IMAP's commands that clients use, and what is none (RFC 3501 section 9, RFC 9051 section 9)."""

from __future__ import annotations

from datetime import date

import pytest
from imap_pair import serve, server_at

from sim.protocol.imap4 import State
from sim.protocol.imap4 import commands as c
from sim.protocol.imap4.commands import SAVED, FetchItem, SearchKey, Section
from sim.protocol.imap4.events import BadCommand

ONE, ALL = ((1, 1),), SearchKey("ALL")
FLAGS = (FetchItem("FLAGS"),)


def read(line: bytes, state: State = State.SELECTED) -> object:
    """The only command that a server reads, behind a tag."""
    [command] = serve(server_at(state), b"t " + line + b"\r\n")[0]
    return command


def fetched(items: bytes) -> tuple[FetchItem, ...]:
    """The items that a FETCH asks for."""
    return read(b"FETCH 1 " + items).items


def found(keys: bytes) -> SearchKey:
    """The key of a SEARCH."""
    return read(b"SEARCH " + keys).key


@pytest.mark.parametrize(
    ("line", "command"),
    [
        # RFC 3501 section 6.2.3: astrings, in any form; RFC 7888.
        (b"LOGIN fred blurdybloop", c.Login(b"fred", b"blurdybloop")),
        (b'LOGIN "fred" "a \\"b\\\\"', c.Login(b"fred", b'a "b\\')),
        (b'LOGIN {4}\r\nfred ""', c.Login(b"fred", b"")),
        (b"LOGIN {4+}\r\nfred {0+}\r\n", c.Login(b"fred", b"")),
        (b"LOGIN a]b {3}\r\n\r\n\xff", c.Login(b"a]b", b"\r\n\xff")),
        # RFC 4959
        (b"AUTHENTICATE plain =", c.Authenticate("PLAIN", b"")),
        (b"AUTHENTICATE CRAM-MD5", c.Authenticate("CRAM-MD5")),
        # RFC 2971
        (b"ID nil", c.Id(None)),
        (b"ID ()", c.Id(())),
        (b'ID ("name" "x" "version" NIL)', c.Id(((b"name", b"x"), (b"version", None)))),
        (b"ID ({1}\r\na {1+}\r\nb)", c.Id(((b"a", b"b"),))),
        # Spaces that nothing is lost by
        (b"NOOP ", c.Noop()),
        (b"LOGIN  a  b ", c.Login(b"a", b"b")),
    ],
)
def test_before_the_login(line, command):
    """What a client says to be let in."""
    assert read(line, State.NOT_AUTHENTICATED) == command


@pytest.mark.parametrize(
    ("line", "command"),
    [
        # RFC 3501 sections 6.3.1 to 6.3.11
        (b"SELECT inbox", c.Select("INBOX")),
        (b'SELECT "a b"', c.Select("a b")),
        (b"SELECT {3}\r\na/b", c.Select("a/b")),
        (b"SELECT &AOQ-", c.Select("\u00e4")),
        (b'SELECT "a&-b"', c.Select("a&b")),
        (b"RENAME a b", c.Rename("a", "b")),
        (b'LIST "" "*"', c.ListMailboxes("", ("*",))),
        (b"LIST a/ %.x*", c.ListMailboxes("a/", ("%.x*",))),
        (b'LIST "" {1}\r\n%', c.ListMailboxes("", ("%",))),
        (b'LIST "" ""', c.ListMailboxes("", ("",))),
        (b'LSUB "" a.%', c.Lsub("", "a.%")),
        (b"STATUS a (MESSAGES unseen)", c.Status("a", ("MESSAGES", "UNSEEN"))),
        (b"STATUS a (MESSAGES MESSAGES)", c.Status("a", ("MESSAGES",))),
        (b"APPEND a {3}\r\nabc", c.Append("a", b"abc")),
        (b"APPEND a (\\seen foo) {3+}\r\nabc", c.Append("a", b"abc", ("\\Seen", "foo"))),
        (b"APPEND a () {0}\r\n", c.Append("a", b"")),
        (b'APPEND a " 1-Feb-1994 21:52:25 -0800" {1}\r\nx', c.Append("a", b"x", (), 760_168_345.0)),
        (
            b'APPEND {1}\r\na (\\Draft) "17-Jul-1996 02:44:25 +0000" {1}\r\nx',
            c.Append("a", b"x", ("\\Draft",), 837571465),
        ),
        (b'APPEND "a \\"b" {1+}\r\nx', c.Append('a "b', b"x")),
        # RFC 3516 section 4.4: literal8 has NULs.
        (b"APPEND a ~{3}\r\n\0\r\n", c.Append("a", b"\0\r\n")),
        (b"APPEND a ~{1+}\r\n\0", c.Append("a", b"\0")),
        # RFC 5161
        (b"ENABLE condstore x-y", c.Enable(("CONDSTORE", "X-Y"))),
        # RFC 6154 section 3
        (b"CREATE a (USE (\\drafts \\Sent))", c.Create("a", ("\\Drafts", "\\Sent"))),
        (b"CREATE a/b/", c.Create("a/b/")),
        # RFC 7162 section 3.1.8
        (b"SELECT a (CONDSTORE)", c.Select("a", condstore=True)),
        (b"EXAMINE a (condstore)", c.Examine("a", condstore=True)),
        # RFC 5258 section 3, RFC 5819
        (b'LIST () "" *', c.ListMailboxes("", ("*",), extended=True)),
        (b'LIST (SUBSCRIBED REMOTE) "" *', c.ListMailboxes("", ("*",), ("SUBSCRIBED", "REMOTE"), extended=True)),
        (b'LIST "" (a% "b c")', c.ListMailboxes("", ("a%", "b c"), extended=True)),
        (
            b'LIST (RECURSIVEMATCH SUBSCRIBED) "" % RETURN (CHILDREN STATUS (UNSEEN))',
            c.ListMailboxes("", ("%",), ("RECURSIVEMATCH", "SUBSCRIBED"), ("CHILDREN",), ("UNSEEN",), True),
        ),
        (b'LIST "" * return ()', c.ListMailboxes("", ("*",), extended=True)),
        # RFC 9208 section 4.1
        (b'GETQUOTA "#user/x"', c.GetQuota("#user/x")),
        (b"SETQUOTA {1+}\r\na (STORAGE 512 MESSAGE 9)", c.SetQuota("a", (("STORAGE", 512), ("MESSAGE", 9)))),
        (b'SETQUOTA "" ()', c.SetQuota("", ())),
    ],
)
def test_on_mailboxes(line, command):
    """What a client says of mailboxes."""
    assert read(line, State.AUTHENTICATED) == command


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        # RFC 3501 section 6.4.5
        (b"FLAGS", FLAGS),
        (b"(uid Flags)", (FetchItem("UID"), FetchItem("FLAGS"))),
        (b"FAST", (FetchItem("FLAGS"), FetchItem("INTERNALDATE"), FetchItem("RFC822.SIZE"))),
        (b"all", (*map(FetchItem, ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE")),)),
        (b"FULL", (*map(FetchItem, ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY")),)),
        (b"(BODY BODYSTRUCTURE)", (FetchItem("BODY"), FetchItem("BODYSTRUCTURE"))),
        (b"RFC822", (FetchItem("RFC822"),)),
        (b"RFC822.HEADER", (FetchItem("RFC822.HEADER", peek=True),)),
        (b"BODY[]", (FetchItem("BODY", Section()),)),
        (b"body.peek[]<0.100>", (FetchItem("BODY", Section(), peek=True, partial=(0, 100)),)),
        (b"BODY[4.2.2.MIME]", (FetchItem("BODY", Section((4, 2, 2), "MIME")),)),
        (b"BODY[1]", (FetchItem("BODY", Section((1,))),)),
        (b"BODY[1.HEADER]", (FetchItem("BODY", Section((1,), "HEADER")),)),
        (b"BODY[text]", (FetchItem("BODY", Section((), "TEXT")),)),
        (
            b'BODY[HEADER.FIELDS (Date "From" {2}\r\nTo)]<1.2>',
            (FetchItem("BODY", Section((), "HEADER.FIELDS", (b"Date", b"From", b"To")), partial=(1, 2)),),
        ),
        (b"BODY[2.HEADER.FIELDS.NOT (To)]", (FetchItem("BODY", Section((2,), "HEADER.FIELDS.NOT", (b"To",))),)),
        # RFC 3516
        (b"BINARY[1.2]", (FetchItem("BINARY", Section((1, 2))),)),
        (b"BINARY.PEEK[]<3.4>", (FetchItem("BINARY", Section(), peek=True, partial=(3, 4)),)),
        (b"BINARY.SIZE[2]", (FetchItem("BINARY.SIZE", Section((2,)), peek=True),)),
        # RFC 7162
        (b"MODSEQ", (FetchItem("MODSEQ"),)),
    ],
)
def test_fetch_items(items, expected):
    """What a client asks of messages."""
    assert fetched(items) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        # RFC 3501 section 6.4.4
        (b"ALL", ALL),
        (b"(ALL)", ALL),
        (b"ALL seen", SearchKey("AND", (ALL, SearchKey("SEEN")))),
        (b"(NEW OLD)", SearchKey("AND", (SearchKey("NEW"), SearchKey("OLD")))),
        (b"NOT (UNSEEN)", SearchKey("NOT", (SearchKey("UNSEEN"),))),
        (b"OR ALL NOT ALL", SearchKey("OR", (ALL, SearchKey("NOT", (ALL,))))),
        (b"2:4,*", SearchKey("SEQUENCE", (((2, 4), (None, None)),))),
        (b"UID 5:*", SearchKey("UID", (((5, None),),))),
        (b"FROM smith", SearchKey("FROM", (b"smith",))),
        (b'TEXT "a b"', SearchKey("TEXT", (b"a b",))),
        (b"SUBJECT {2}\r\n\xc3\xa4", SearchKey("SUBJECT", (b"\xc3\xa4",))),
        (b'HEADER Message-ID ""', SearchKey("HEADER", (b"Message-ID", b""))),
        (b"KEYWORD $Junk", SearchKey("KEYWORD", ("$Junk",))),
        (b"SINCE 1-Feb-1994", SearchKey("SINCE", (date(1994, 2, 1),))),
        (b'SENTON "01-feb-1994"', SearchKey("SENTON", (date(1994, 2, 1),))),
        (b"LARGER 18446744073709551615", SearchKey("LARGER", (2**64 - 1,))),
        # RFC 5032
        (b"YOUNGER 60", SearchKey("YOUNGER", (60,))),
        # RFC 5182
        (b"$", SearchKey("SEQUENCE", (SAVED,))),
        (b"UID $", SearchKey("UID", (SAVED,))),
        # RFC 7162 section 3.1.5
        (b"MODSEQ 620162338", SearchKey("MODSEQ", (620162338,))),
        (b'MODSEQ "/flags/\\\\draft" all 5', SearchKey("MODSEQ", (5,))),
    ],
)
def test_search_keys(keys, expected):
    """What a client looks for."""
    assert found(keys) == expected


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"SEARCH CHARSET utf-8 ALL", c.Search(ALL, charset="UTF-8")),
        (b"UID SEARCH RETURN (MIN max) CHARSET US-ASCII ALL", c.Search(ALL, True, "US-ASCII", ("MIN", "MAX"))),
        (b"SEARCH RETURN () ALL", c.Search(ALL, returns=())),
        (b"FETCH 1 FLAGS (CHANGEDSINCE 5)", c.Fetch(ONE, FLAGS, changed_since=5)),
        (b"UID FETCH $ FLAGS", c.Fetch(SAVED, FLAGS, uid=True)),
        (b"FETCH *:4294967295 FLAGS", c.Fetch(((None, 2**32 - 1),), FLAGS)),
        (b"STORE 1 FLAGS ()", c.Store(ONE, "", ())),
        (b"STORE 1 +flags.silent \\deleted", c.Store(ONE, "+", ("\\Deleted",), silent=True)),
        (b"STORE 1 -FLAGS \\Seen a a", c.Store(ONE, "-", ("\\Seen", "a"))),
        (b"UID STORE 1 (UNCHANGEDSINCE 0) FLAGS (a)", c.Store(ONE, "", ("a",), uid=True, unchanged_since=0)),
        (b'COPY 1:2 "a b"', c.Copy(((1, 2),), "a b")),
        (b"UID COPY 1 &AOQ-", c.Copy(ONE, "\u00e4", uid=True)),
        (b"MOVE 1 {1}\r\nb", c.Move(ONE, "b")),
        (b"UID EXPUNGE 1:3", c.Expunge(((1, 3),))),
    ],
)
def test_on_messages(line, command):
    """What a client says of messages."""
    assert read(line) == command


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"FOO",
        b"NOOP x",
        b"NOOP(",
        b"UID",
        b"UID NOOP",
        b"UID UID FETCH 1 FLAGS",
        b"CREATE",
        b"CREATE ",
        b"CREATE a b",
        b"CREATE a%",
        b"CREATE (a)",
        b"CREATE a (USE)",
        b"CREATE a (USE (Sent))",
        b'SELECT "a',
        b'SELECT "a\\b"',
        b'SELECT "a\rb"',
        b"SELECT a\x01",
        b"SELECT a (QRESYNC)",
        b"SELECT a (CONDSTORE",
        b"SELECT a ()",
        b"RENAME a",
        b"LIST",
        b'LIST ""',
        b'LIST (FOO) "" *',
        b'LIST (RECURSIVEMATCH) "" *',
        b'LIST (RECURSIVEMATCH REMOTE) "" *',
        b'LIST "" * RETURN (FOO)',
        b'LIST "" * CHILDREN',
        b'LIST "" ()',
        b'LIST "" * RETURN (STATUS)',
        b"STATUS a",
        b"STATUS a ()",
        b"STATUS a MESSAGES",
        b"STATUS a (FOO)",
        b"APPEND a",
        b"APPEND a x",
        b'APPEND a "x"',
        b"APPEND a (\\Recent) {1+}\r\nx",
        b'APPEND a "32-Feb-1994 21:52:25 -0800" {1+}\r\nx',
        b'APPEND a "01-Foo-1994 21:52:25 -0800" {1+}\r\nx',
        b'APPEND a "01-Feb-1994 21:61:25 -0800" {1+}\r\nx',
        b'APPEND a "01-Feb-1994 21:51:61 -0800" {1+}\r\nx',
        b'APPEND a "01-Feb-1994 21:51:25 -9900" {1+}\r\nx',
        b'APPEND a "01-Jan-0001 00:00:00 +0100" {1+}\r\nx',
        b'APPEND a "1-Feb-1994 21:51:25 +0000" {1+}\r\nx',
        b"APPEND a {1+}\r\nx {1+}\r\ny",
        b"ENABLE",
        b"GETQUOTA",
        b"GETQUOTA {1+}\r\n\xff",
        b"SETQUOTA a (STORAGE)",
        b"SETQUOTA a (STORAGE x)",
        b"ID",
        b"ID x",
        b'ID ("a")',
        b"ID (a b)",
        b'ID ("a" x)',
        b"ID (" + b'"a" NIL ' * 31 + b")",
        b"ID (" + b" ".join([b'"a" NIL'] * 31) + b")",
        b"FETCH",
        b"FETCH 1",
        b"FETCH 1 ()",
        b"FETCH 1 FOO",
        b"FETCH 1 (ALL)",
        b"FETCH 1 (FLAGS",
        b"FETCH 1 (FLAGS,UID)",
        b"FETCH 0 FLAGS",
        b"FETCH 1: FLAGS",
        b"FETCH ,1 FLAGS",
        b"FETCH 1:2:3 FLAGS",
        b"FETCH 4294967296 FLAGS",
        b"FETCH x FLAGS",
        b"FETCH 1 BODY.PEEK",
        b"FETCH 1 BINARY",
        b"FETCH 1 BODY[",
        b"FETCH 1 BODY[0]",
        b"FETCH 1 BODY[1.]",
        b"FETCH 1 BODY[1.0]",
        b"FETCH 1 BODY[1x]",
        b"FETCH 1 BODY[" + b"1." * 100 + b"1]",
        b"FETCH 1 BODY[FOO]",
        b"FETCH 1 BODY[()]",
        b"FETCH 1 BODY[MIME]",
        b"FETCH 1 BODY[HEADER.FIELDS]",
        b"FETCH 1 BODY[HEADER.FIELDS ()]",
        b"FETCH 1 BODY[]<0>",
        b"FETCH 1 BODY[]<0.0>",
        b"FETCH 1 BODY[]<0.1",
        b"FETCH 1 BINARY[TEXT]",
        b"FETCH 1 BINARY.SIZE[1]<0.1>",
        b"FETCH 1 FLAGS (VANISHED)",
        b"FETCH 1 FLAGS (CHANGEDSINCE x)",
        b"FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)",
        b"STORE 1 FLAGS",
        b"STORE 1 FOO (a)",
        b"STORE 1 FLAGSX (a)",
        b"STORE 1 FLAGS (\\Foo)",
        b"STORE 1 +FLAGS (\\Recent)",
        b"STORE 1 FLAGS (a",
        b"STORE 1 FLAGS a)",
        b"STORE 1 (UNCHANGEDSINCE x) FLAGS (a)",
        b"COPY 1",
        b"EXPUNGE 1",
        b"UID EXPUNGE",
        b"SEARCH",
        b"SEARCH FOO",
        b"SEARCH FROM",
        b"SEARCH HEADER a",
        b"SEARCH NOT",
        b"SEARCH OR ALL",
        b"SEARCH ()",
        b"SEARCH (ALL",
        b"SEARCH ALL)",
        b"SEARCH CHARSET",
        b"SEARCH CHARSET UTF-8",
        b"SEARCH RETURN ALL",
        b"SEARCH RETURN (FOO) ALL",
        b"SEARCH SINCE 32-Feb-1994",
        b"SEARCH SINCE 1-Foo-1994",
        b"SEARCH SINCE x",
        b"SEARCH ON \xe4",
        b"SEARCH LARGER x",
        b"SEARCH LARGER 18446744073709551616",
        b"SEARCH OLDER 0",
        b"SEARCH KEYWORD \\Seen",
        b'SEARCH MODSEQ "/flags/x" foo 5',
        b"SEARCH" + b" ALL" * 1001,
        b"SEARCH " + b"NOT " * 202 + b"ALL",
        b"SEARCH " + b"(" * 10_000 + b"ALL" + b")" * 10_000,
        b"SEARCH TEXT x\0y",
        b"SEARCH TEXT {3+}\r\nx\0y",
        b"SEARCH TEXT ~{3+}\r\nx\0y",
        b'SEARCH TEXT "{3+}\r\nabc',
        b"SEARCH TEXT x{3+}\r\nabc",
    ],
)
def test_what_is_no_command(line):
    """It gets BAD, in words of ASCII, and the session goes on as it was."""
    server = server_at(State.SELECTED)
    commands, octets = serve(server, b"t " + line + b"\r\nu NOOP\r\n")
    assert isinstance(commands[0], BadCommand)
    assert octets == b"t BAD " + commands[0].why.encode("ascii") + b"\r\nu OK Done.\r\n"
    assert server.state is State.SELECTED


@pytest.mark.parametrize(
    "line",
    [b"", b" ", b"+ NOOP", b"(", b"\xff NOOP", b'"t" NOOP', b"\0", b"{5", b"t\x01 NOOP", b"t+1 NOOP", b"t% NOOP"],
)
def test_what_has_no_tag(line):
    """A BAD whose tag is `*` answers it (section 7.1.3)."""
    commands, octets = serve(server_at(State.SELECTED), line + b"\r\n")
    assert isinstance(commands[0], BadCommand)
    assert octets.split()[:2] == [b"*", b"BAD"]


@pytest.mark.parametrize(
    "name", [b"a&", b"&x", b"&AGE-", b"&AOQ-&AOQ-", b"&4-", b"&2AA-", b'"\xe4"', b"{1+}\r\n\xe4", b"{2+}\r\n\xc3\xa4"]
)
def test_names_that_no_mailbox_has(name):
    """They are no modified UTF-7, or not the shortest; CREATE says NO (RFC 3501 section 5.1.3, RFC 5530)."""
    commands, octets = serve(server_at(State.AUTHENTICATED), b"t CREATE " + name + b"\r\n")
    assert commands[0].code == "CANNOT"
    assert octets.startswith(b"t NO [CANNOT] ")


def test_names_in_utf8():
    """Behind ENABLE IMAP4rev2 an ampersand is one (RFC 9051 section 5.1)."""
    server = server_at(State.AUTHENTICATED)
    serve(server, b"a ENABLE IMAP4rev2\r\n")
    assert serve(server, b'b CREATE "\xc3\xa4&AOQ-"\r\n')[0] == [c.Create("\u00e4&AOQ-")]


def test_a_leap_second_is_the_second_before_it():
    """Time since 1970 has none."""
    [at, leap] = [
        read(b'APPEND a "31-Dec-2016 23:59:%d +0000" {1}\r\nx' % second, State.AUTHENTICATED).internal_date
        for second in (59, 60)
    ]
    assert at == leap == 1_483_228_799.0
