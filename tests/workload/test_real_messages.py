"""Real messages, from a folder or an mbox."""

from __future__ import annotations

import pytest

from sim.mail.content import canonical
from sim.workload.messages import read_messages


def test_folder(tmp_path):
    """The .eml files of a folder, sorted by name, other files left alone."""
    (tmp_path / "b.eml").write_bytes(b"Subject: b\n\nB")
    (tmp_path / "a.eml").write_bytes(b"Subject: a\r\n\r\n\xe9\r\n")
    (tmp_path / "c.txt").write_bytes(b"no")
    assert read_messages(tmp_path) == [b"Subject: a\r\n\r\n\xe9\r\n", b"Subject: b\r\n\r\nB\r\n"]


def test_mbox(tmp_path):
    """The messages of an mbox, in its order, without their `From ` lines."""
    file = tmp_path / "mbox"
    file.write_bytes(b"From x Sat Jan  1\nSubject: 2\n\ntwo\n\nFrom y Sat Jan  1\nSubject: 1\n\none\n")
    assert read_messages(file) == [b"Subject: 2\r\n\r\ntwo\r\n", b"Subject: 1\r\n\r\none\r\n"]


def test_nothing_there(tmp_path):
    """An empty folder, and a file that is no mbox, are errors that name them."""
    (tmp_path / "x.eml").mkdir()
    (tmp_path / "x.txt").write_bytes(b"Subject: x\n\n")
    for path in (tmp_path / "x.eml", tmp_path / "x.txt"):
        with pytest.raises(ValueError, match=f"no message in {path}: give a folder"):
            read_messages(path)


def test_missing(tmp_path):
    """A path that is not there is the system's error, not an empty mbox."""
    with pytest.raises(FileNotFoundError):
        read_messages(tmp_path / "none")


def test_samples(shared):
    """All sample messages are read, to the octet but for line ends."""
    folder = shared / "data" / "messages"
    files = sorted(folder.glob("*.eml"))
    assert len(files) > 30
    assert read_messages(folder) == [canonical(file.read_bytes()) for file in files]


def test_sample_mbox(shared):
    """A real mbox gives its one message, which begins with a field."""
    messages = read_messages(shared / "data" / "messages" / "sisimai-mbox-1.mbox")
    assert [message.partition(b":")[0] for message in messages] == [b"Return-Path"]
