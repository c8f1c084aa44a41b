"""POP3's maildrop against a model of it (RFC 1939 sections 5 and 6), and its answers to any octets."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mailbox.interface import INBOX
from sim.mailbox.memory import MemoryAccount
from sim.mailbox.pop3_access import Pop3Access

LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a", b"a.b", b"\xff", b"x" * 80]), max_size=6)
CONTENTS = st.lists(
    LINES.map(lambda lines: b"Subject: x\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)), max_size=4
)
NUMBERS = st.integers(0, 5)
COMMANDS = st.lists(
    st.one_of(
        st.sampled_from([("STAT",), ("LIST",), ("NOOP",), ("RSET",)]),
        st.tuples(st.sampled_from(["LIST", "RETR", "DELE"]), NUMBERS),
        st.tuples(st.just("TOP"), NUMBERS, st.integers(0, 7)),
    ),
    max_size=20,
)
# RFC 2449 section 4: a line of 512 octets at most, and a code in brackets (section 8).
FIRST_LINE = re.compile(rb"(\+OK|-ERR(?: \[[A-Z/-]+\])?)( [\x20-\x7e]*)?\r\n|\+ [A-Za-z0-9+/]*=*\r\n")


class Model:
    """A maildrop as RFC 1939 has it: messages in lines, and which of them are marked."""

    def __init__(self, contents):
        self.contents = [content.removesuffix(b"\r\n").split(b"\r\n") for content in contents]
        self.marked = set()

    def answer(self, verb, number=None, lines=None):
        """What a command is answered: None for a -ERR, else the words that count, or the lines of what follows."""
        sizes = [sum(len(line) + 2 for line in content) for content in self.contents]
        left = [n for n in range(1, len(sizes) + 1) if n not in self.marked]
        if number is not None and number not in left:
            return None
        if verb == "STAT":
            return b"%d %d" % (len(left), sum(sizes[n - 1] for n in left))
        if verb == "LIST":
            shown = [b"%d %d" % (n, sizes[n - 1]) for n in left if number in (None, n)]
            return shown if number is None else shown[0]
        if verb == "DELE":
            self.marked.add(number)
        elif verb == "RSET":
            self.marked.clear()
        elif verb != "NOOP":
            content = self.contents[number - 1]
            blank = content.index(b"")
            return content if lines is None else content[: blank + 1 + lines]
        return b""


def opened(contents, login=b"USER bob\r\nPASS x\r\n"):
    """A session in a maildrop with these messages, and the maildrop."""
    account = MemoryAccount()
    for content in contents:
        account.mailbox(INBOX).append(content, (), 0.0)
    access = Pop3Access({"bob": "x"}, lambda _: account, timestamp="<1@b>")
    access.greet()
    if login:
        list(access.replies(login))
    return access, account.mailbox(INBOX)


@pytest.mark.slow
@given(CONTENTS, COMMANDS, st.booleans())
def test_a_maildrop_is_as_its_model(contents, commands, quits):
    """Whatever is listed, fetched and marked in any order; what is marked at QUIT goes, and nothing without it."""
    access, inbox = opened(contents)
    model = Model(contents)
    for command in commands:
        [said] = access.replies(" ".join(map(str, command)).encode() + b"\r\n")
        expected = model.answer(*command)
        first, _, rest = said.partition(b"\r\n")
        assert FIRST_LINE.fullmatch(first + b"\r\n")
        if expected is None:
            assert (first[:4], rest) == (b"-ERR", b"")
        elif isinstance(expected, list):
            stuffed = [b"." + line if line.startswith(b".") else line for line in expected]
            assert (first[:3], rest) == (b"+OK", b"".join(line + b"\r\n" for line in [*stuffed, b"."]))
        else:
            assert (first.startswith(b"+OK " + expected), rest) == (True, b"")
    list(access.replies(b"QUIT\r\n" if quits else b""))
    stays = [content for n, content in enumerate(contents, 1) if not (quits and n in model.marked)]
    assert [inbox.content(uid) for uid in inbox.messages] == stays


@pytest.mark.slow
@given(
    st.lists(
        st.binary(max_size=20)
        | st.sampled_from(
            [b"USER bob", b"PASS x", b"AUTH PLAIN", b"AGJvYgB4", b"STAT", b"TOP 1 1", b"DELE 1", b"RSET"]
        ),
        max_size=20,
    )
)
def test_every_line_gets_one_answer(lines):
    """Any octets, line by line: one answer each, whose first line is by the grammar, and no other end than QUIT's."""
    access, inbox = opened([b"Subject: x\r\n\r\n"], b"")
    for line in [each.replace(b"\n", b" ") for each in lines]:
        [said] = access.replies(line + b"\r\n")
        first, end, rest = said.partition(b"\r\n")
        assert FIRST_LINE.fullmatch(first + end)
        assert not rest or rest.endswith(b"\r\n.\r\n") or rest == b".\r\n"
        if access.is_over:
            assert line.upper().strip(b" ") == b"QUIT"
            return
    access.disconnected()
    assert len(inbox.messages) == 1
