"""Real messages, from a folder, a file or an mbox: what is read, and what is said about it."""

from __future__ import annotations

import gzip
import os
from functools import partial

import pytest

from sim.mail.content import canonical
from sim.scenario.errors import ScenarioError
from sim.scenario.inputs import InputError
from sim.scenario.load import loads
from sim.scenario.resolve.messages import read_messages

read = partial(read_messages, most=10**9)
FROM = b"From x Sat Jan  1 10:00:00 2000\n"
ONE = FROM + b"Subject: 2\n\ntwo\n\n"
OTHER = FROM + b"Subject: 1\n\none\n"


def test_folder(tmp_path):
    """The .eml files of a folder, sorted by name, other files left alone."""
    (tmp_path / "b.EML").write_bytes(b"Subject: b\n\nB")
    (tmp_path / "a.eml").write_bytes(b"\xef\xbb\xbfSubject: a\r\n\r\n\xe9\r\n")
    (tmp_path / "c.txt").write_bytes(b"no")
    (tmp_path / "d.eml.gz").write_bytes(gzip.compress(b"Subject: d\n\nD"))
    assert read(tmp_path, ".").contents == (
        b"Subject: a\r\n\r\n\xe9\r\n",
        b"Subject: b\r\n\r\nB\r\n",
        b"Subject: d\r\n\r\nD\r\n",
    )


def test_one_file(tmp_path):
    """A file with a name of a message is one, whatever lines it has."""
    (tmp_path / "a.eml").write_bytes(b"Subject: a\n\nFrom here\n\n" + ONE)
    found = read(tmp_path, "a.eml")
    assert (len(found.contents), found.remarks) == (1, ("a.eml: 1 message",))


def test_mbox(tmp_path):
    """The messages of an mbox, in its order, without their `From ` lines."""
    (tmp_path / "mbox").write_bytes(ONE + OTHER)
    found = read(tmp_path, "mbox")
    assert found.contents == (b"Subject: 2\r\n\r\ntwo\r\n", b"Subject: 1\r\n\r\none\r\n")
    assert found.remarks == ("mbox: 2 messages",)


def test_nothing_there(tmp_path):
    """An empty folder, and a file that is no mbox, are errors that name them."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "x.txt").write_bytes(b"Subject: x\n\n")
    for name in ("folder", "x.txt"):
        with pytest.raises(InputError, match=f"no message in {name}: give a folder"):
            read(tmp_path, name)


def test_missing(tmp_path):
    """A path that is not there is an error, not an empty mbox."""
    with pytest.raises(InputError, match=r"no such messages \(none\)"):
        read(tmp_path, "none")


def test_what_is_strange_is_said(tmp_path):
    """An empty message is left out, one without a header is sent; both are said with the line that they begin at."""
    (tmp_path / "m").write_bytes(b"junk\n\n" + ONE + FROM + b"\n" + FROM + b"\nFrom where?\n\n" + FROM + b"Hello!\n")
    found = read(tmp_path, "m")
    assert found.contents == (b"Subject: 2\r\n\r\ntwo\r\n", b"\r\nFrom where?\r\n", b"Hello!\r\n")
    assert found.remarks == (
        "m: 3 messages",
        "m:1: 4 octets before the first message are left out",
        "m: lines that begin with From and are text, for want of a blank line before them or of a date: 12",
        "m:8: an empty message is left out",
        "m:10: this message does not begin with a header field; it is sent as it is",
        "m:14: this message does not begin with a header field; it is sent as it is",
    )


def test_many_strange_messages_are_not_all_told(tmp_path):
    """Ten places of a kind are told, the others counted."""
    (tmp_path / "m").write_bytes(ONE + (FROM + b"text\n\n") * 20)
    remarks = read(tmp_path, "m").remarks
    assert len(remarks) == 12
    assert remarks[-1].startswith("m:36 and 9 more: this message does not begin")


def test_a_content_length_that_does_not_fit_is_said(tmp_path):
    """Nobody goes by a Content-Length that leads into the middle of things."""
    (tmp_path / "m").write_bytes(FROM + b"Subject: x\nContent-Length: 2\n\nHello\n\n" + OTHER)
    assert "Content-Length does not fit" in read(tmp_path, "m").remarks[1]


def test_nothing_but_regular_files(tmp_path):
    """A FIFO among the messages is refused by name, and nobody waits for it."""
    os.mkfifo(tmp_path / "a.eml")
    with pytest.raises(InputError, match=r"a\.eml: a FIFO: allowed is a regular file"):
        read(tmp_path, ".")


def test_check_finds_what_a_run_would(tmp_path):
    """A scenario whose mailbox holds no message is refused at its place."""
    (tmp_path / "m").write_bytes(b"nothing\n")
    with pytest.raises(ScenarioError, match="scenario:2:24: no message in m"):
        loads("network: {nodes: [a, b], links: [{between: [a, b]}]}\nworkload: {messages:   m}", tmp_path)


def test_notes_say_how_many(tmp_path):
    """A scenario's notes say what was read."""
    (tmp_path / "m").write_bytes(ONE + OTHER)
    scenario = loads("network: {nodes: [a, b], links: [{between: [a, b]}]}\nworkload: {messages: m}", tmp_path)
    assert "m: 2 messages" in scenario.notes


def test_samples(shared):
    """All sample messages are read, to the octet but for line ends."""
    folder = shared / "data" / "messages"
    files = sorted(folder.glob("*.eml"))
    assert len(files) > 30
    assert read(folder, ".").contents == tuple(canonical(file.read_bytes()) for file in files)


def test_sample_mbox(shared):
    """A real mbox gives its one message, which begins with a field."""
    messages = read(shared / "data" / "messages", "sisimai-mbox-1.mbox").contents
    assert [message.partition(b":")[0] for message in messages] == [b"Return-Path"]
