"""A message on disk: whole, durable, or not there."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sim.live.errors import LiveError
from sim.live.maildir import Maildir


def test_a_message_is_put_in_new(tmp_path: Path):
    """Its parts joined, and nothing left in tmp."""
    place = Maildir(tmp_path / "mail").keep([b"one ", b"two"])
    assert (place.parent.name, place.read_bytes()) == ("new", b"one two")
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []


def test_names_never_meet(tmp_path: Path):
    """However many threads write at once."""
    maildir = Maildir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda number: maildir.keep([str(number).encode()]), range(200)))
    assert len({place.name for place in places}) == 200
    assert {place.read_bytes() for place in places} == {str(number).encode() for number in range(200)}


def test_a_maildir_that_is_there_keeps_its_mail(tmp_path: Path):
    """Another server on the same folder adds to it."""
    for _ in range(2):
        Maildir(tmp_path).keep([b"x"])
    assert len(list((tmp_path / "new").iterdir())) == 2


@pytest.mark.parametrize("failing", [1, 2])
def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch, failing: int):
    """Whether the file or its folder could not be made durable."""
    maildir, calls = Maildir(tmp_path), []
    sync = os.fsync

    def fail(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == failing:
            raise OSError(5, "Input/output error")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        maildir.keep([b"x"])
    assert [list((tmp_path / name).iterdir()) for name in ("tmp", "new", "cur")] == [[], [], []]


def test_a_file_is_no_maildir(tmp_path: Path):
    """One line that names the folder and the cure."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(LiveError, match=r"file: cannot be a Maildir .*: name a folder"):
        Maildir(tmp_path / "file")


@pytest.mark.parametrize("umask", [0, 0o22, 0o777])
def test_nobody_else_may_read_it(tmp_path: Path, umask: int):
    """Files have the mode 0600, folders 0700, whatever the umask."""
    before = os.umask(umask)
    try:
        place = Maildir(tmp_path / "mail").keep([b"hi"])
    finally:
        os.umask(before)
    folders = [tmp_path / "mail", *[tmp_path / "mail" / name for name in ("tmp", "new", "cur")]]
    assert [path.stat().st_mode & 0o777 for path in (place, *folders)] == [0o600, *[0o700] * 4]
