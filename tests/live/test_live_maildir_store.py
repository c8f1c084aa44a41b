"""A user's mailboxes on disk, beside what every store does: restarts, other programs, crashes between two steps."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sim.live.errors import LiveError
from sim.live.maildir_store import MaildirAccount
from sim.live.user_mailboxes import UserMailboxes
from sim.mailbox.interface import INBOX, BadNameError, ExpungedError, MailboxError

pytestmark = pytest.mark.slow

CONTENT = b"Subject: hi\r\n\r\nhello\r\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where ann's mailboxes are."""
    return tmp_path / "ann"


@pytest.fixture
def account(place: Path) -> MaildirAccount:
    """An account with three messages in INBOX."""
    found = MaildirAccount(place)
    for flags in ([], ["\\Seen", "word"], ["\\Flagged"]):
        found.inbox.append(CONTENT, flags, 1e9)
    return found


def state(account: MaildirAccount) -> object:
    """All that one sees of an account."""
    mailboxes = {name: account.mailbox(name) for name in account.names()}
    return account.subscriptions(), {
        name: (
            *(box.uid_validity, box.uid_next, box.first_recent, account.special_use(name)),
            [(info, box.content(info.uid)) for info in box.messages.values()],
        )
        for name, box in mailboxes.items()
    }


def put(place: Path, content: bytes = b"Subject: x\n\nother\n") -> Path:
    """Another program puts a file in."""
    draft = place.parent.parent / "tmp" / "draft"
    draft.write_bytes(content)
    return draft.rename(place)


def aged(place: Path) -> None:
    """A while goes by: the folders have changed long ago."""
    for name in ("new", "cur"):
        os.utime(place / name, (1e9, 1e9))


def test_all_is_there_after_a_restart(account: MaildirAccount, place: Path):
    """UIDs, UIDVALIDITY, flags, keywords, mod-sequences, uses, the list, and what has been claimed."""
    for name, use in (("Sent", "\\Sent"), ("a/b.c/été", ""), ("inbox/x", ""), ("a/inbox", ""), ("Ä", "")):
        account.create(name, use)
    account.mailbox("Sent").adopt_copies(account.inbox, [1, 2])
    account.mailbox("Ä").adopt_moved(account.inbox, [1])
    account.inbox.claim_recent()
    account.inbox.append(b"bare\nends\n", ["$a"], 5.0)
    account.inbox.change_flags(3, frozenset({"\\Deleted", "\\Draft", "\\Answered", "x"}))
    account.inbox.expunge([2])
    account.subscribe("gone/é", on=True)
    account.rename("a", "z")
    before = state(account)
    assert state(MaildirAccount(place)) == before
    assert state(MaildirAccount(place)) == before
    assert MaildirAccount(place).names() == [INBOX, "INBOX/x", "Sent", "z/b.c/été", "z/inbox", "Ä"]


def test_the_layout_is_maildir_plus_plus(account: MaildirAccount, place: Path):
    """So that other programs find it."""
    account.create("a/b.c")
    assert (place / ".a.b&AC4-c" / "maildirfolder").exists()
    assert [len(list((place / name).iterdir())) for name in ("new", "cur", "tmp")] == [1, 2, 0]
    assert sorted(file.name.partition(":2,")[2] for file in (place / "cur").iterdir()) == ["F", "S"]
    assert {file.stat().st_mode & 0o777 for file in place.rglob("*") if file.is_file()} == {0o600}


def test_what_other_programs_put_in_is_there(account: MaildirAccount, place: Path):
    """Under a new UID, with the time and the flags of its file."""
    file = put(place / "cur" / "1.a b%:2,FS")
    os.utime(file, (5e8, 5e8))
    account.poll()
    info = account.inbox.messages[4]
    assert (info.flags, info.internal_date, info.size) == ({"\\Flagged", "\\Seen"}, 5e8, 21)
    assert account.inbox.content(4) == b"Subject: x\r\n\r\nother\r\n"
    assert list(MaildirAccount(place).inbox.messages) == [1, 2, 3, 4]


def test_what_comes_while_this_program_writes_is_seen(account: MaildirAccount, place: Path):
    """Though the folder's time has changed since, and was known."""
    aged(place)
    account.poll()
    put(place / "new" / "1.x")
    assert account.inbox.append(CONTENT, [], 0.0) == 4
    account.poll()
    assert list(account.inbox.messages) == [1, 2, 3, 4, 5]


def test_what_other_programs_take_out_is_gone(account: MaildirAccount, place: Path):
    """Who watches is told, once."""
    told: list[int] = []
    account.watch(lambda: told.append(1))
    before = account.inbox.highest_mod_seq
    account.inbox.file(2).unlink()
    account.inbox.file(3).unlink()
    account.poll()
    assert (list(account.inbox.messages), account.inbox.expunged_since(before), told) == ([1], [2, 3], [1])
    assert account.quota().messages == 1
    assert list(MaildirAccount(place).inbox.messages) == [1]


def test_what_other_programs_mark_is_marked(account: MaildirAccount, place: Path):
    """Keywords, which a name cannot hold, stay."""
    file, before = account.inbox.file(2), account.inbox.highest_mod_seq
    file.rename(file.with_name(file.name.replace(":2,S", ":2,FR")))
    assert account.inbox.content(2) == CONTENT
    assert account.inbox.messages[2].flags == {"\\Flagged", "\\Answered", "word"}
    assert account.inbox.changed_since(before) == [2]
    assert MaildirAccount(place).inbox.messages[2].flags == {"\\Flagged", "\\Answered", "word"}


def test_a_message_that_another_program_reads_keeps_its_uid(account: MaildirAccount):
    """It goes from new to cur."""
    file = account.inbox.file(1)
    file.rename(file.parent.parent / "cur" / f"{file.name}:2,")
    account.inbox.change_flags(1, frozenset({"\\Seen"}))
    account.poll()
    assert (account.inbox.content(1), list(account.inbox.messages)) == (CONTENT, [1, 2, 3])


@pytest.mark.parametrize(
    "asks", [lambda inbox, uid: inbox.content(uid), lambda inbox, uid: inbox.adopt_copies(inbox, [uid])]
)
def test_who_asks_for_a_file_that_has_gone_is_told(account: MaildirAccount, asks):
    """As for any message that has been expunged."""
    account.inbox.file(2).unlink()
    with pytest.raises(ExpungedError):
        asks(account.inbox, 2)
    assert list(account.inbox.messages) == [1, 3]


@pytest.mark.parametrize("cut", [1, 7, 20])
def test_a_line_that_was_never_finished_counts_for_nothing(account: MaildirAccount, place: Path, cut: int):
    """Its message is found by its file, under a UID that none has had."""
    account.inbox.append(CONTENT, [], 0.0)
    journal = place / "mtasim-journal"
    journal.write_bytes(journal.read_bytes()[:-cut])
    again = MaildirAccount(place).inbox
    assert [again.content(uid) for uid in again.messages] == [CONTENT] * 4
    assert MaildirAccount(place).inbox.messages == again.messages


def test_lines_that_make_no_sense_are_passed_over(account: MaildirAccount, place: Path):
    """All others count."""
    before = state(account)
    with (place / "mtasim-journal").open("ab") as journal:
        journal.write(b"\n \n+ 1\n+ x y z\nf 77 1\n- 5\n- 5 77\nv 1\nr\nr x\nq 1\n\xff\xfe\n")
    assert state(MaildirAccount(place)) == before


def test_without_its_journal_a_mailbox_is_another_one(account: MaildirAccount, place: Path):
    """Its UIDVALIDITY says that UIDs mean nothing any more; no message is lost."""
    before = account.inbox.uid_validity
    (place / "mtasim-journal").unlink()
    inbox = MaildirAccount(place).inbox
    assert (inbox.uid_validity > before, len(inbox.messages)) == (True, 3)


@pytest.mark.usefixtures("account")
def test_a_crash_before_a_file_is_in_place_leaves_no_message(place: Path):
    """It has its line, and was not acknowledged; its UID is given to no other."""
    with (place / "mtasim-journal").open("ab") as journal:
        journal.write(b"+ 4 99 5 0.0 1.never\n")
    inbox = MaildirAccount(place).inbox
    assert (list(inbox.messages), inbox.append(CONTENT, [], 0.0), inbox.highest_mod_seq > 99) == ([1, 2, 3], 5, True)


@pytest.mark.usefixtures("account")
def test_what_crashes_leave_is_tidied(place: Path):
    """Drafts of long ago, and mailboxes that were being deleted; not what may be under way."""
    for name, age in (("old", 40 * 3600), ("new", 3600)):
        (place / "tmp" / name).write_bytes(b"x")
        os.utime(place / "tmp" / name, (time.time() - age,) * 2)
    (place / "tmp" / "deleted-5" / "cur").mkdir(parents=True)
    MaildirAccount(place)
    assert [file.name for file in (place / "tmp").iterdir()] == ["new"]


def test_a_journal_is_written_anew_when_it_has_grown_long(account: MaildirAccount, place: Path):
    """With all that there is."""
    for number in range(600):
        account.inbox.change_flags(1, frozenset({"\\Seen"}))
        account.inbox.change_flags(1, frozenset({f"k{number}"}))
    account.inbox.expunge([3])
    before = state(account)
    lines = len((place / "mtasim-journal").read_bytes().splitlines())
    account.poll()
    assert (lines > 1200, len((place / "mtasim-journal").read_bytes().splitlines())) == (True, 3)
    assert state(MaildirAccount(place)) == before == state(account)


@pytest.mark.usefixtures("account")
def test_folders_that_are_no_mailboxes_are_left_alone(place: Path):
    """Whatever their names are."""
    for name in (".&&", ".a..b", ".x", ".INBOX", "plain", ".ü"):
        (place / name).mkdir()
    (place / ".&&" / "cur").mkdir()
    (place / ".a..b" / "cur").mkdir()
    (place / ".INBOX" / "cur").mkdir()
    (place / "cur" / "folder").mkdir()
    (place / "new" / ".hidden").write_bytes(b"x")
    assert MaildirAccount(place).names() == [INBOX]
    assert list(MaildirAccount(place).inbox.messages) == [1, 2, 3]


def test_names_too_long_for_a_folder_are_refused(account: MaildirAccount):
    """A dot takes five octets there."""
    with pytest.raises(BadNameError):
        account.create("a" + "." * 60)


def test_a_mailbox_that_cannot_be_made_is_refused(account: MaildirAccount, place: Path):
    """A file has its name."""
    (place / ".a").write_bytes(b"")
    with pytest.raises(MailboxError):
        account.create("a")
    assert account.names() == [INBOX]


def test_two_servers_do_not_have_one_folder(tmp_path: Path, monkeypatch):
    """They would spoil each other's journals."""
    monkeypatch.setattr("sim.live.user_mailboxes._PATIENCE", 0.1)
    first = UserMailboxes(tmp_path, [], {})
    with pytest.raises(LiveError, match="another server has its mailboxes"):
        UserMailboxes(tmp_path, [], {})
    first.close()
    UserMailboxes(tmp_path, [], {}).close()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path):
    """At the start, and when a user logs in."""
    with pytest.raises(LiveError, match="cannot be locked"):
        UserMailboxes(tmp_path / "none", [], {})
    (tmp_path / "ann@a.example").write_bytes(b"")
    mailboxes = UserMailboxes(tmp_path, [], {"ann@a.example": "secret"})
    with pytest.raises(OSError, match="cannot be a Maildir"):
        mailboxes.account("ann@a.example")
    mailboxes.close()


@pytest.mark.parametrize(
    "name", ["../evil@a.example", "a/b@a.example", ".@a.example", "..@a.example", "a%2Fb@a.example"]
)
def test_no_login_leads_out_of_the_folder(tmp_path: Path, name: str):
    """Each has a folder of his own there."""
    (tmp_path / "mail").mkdir()
    mailboxes = UserMailboxes(tmp_path / "mail", [], {name: "secret"})
    mailboxes.account(name).inbox.append(CONTENT, [], 0.0)
    mailboxes.close()
    assert [file.name for file in tmp_path.iterdir()] == ["mail"]
    assert len([file for file in (tmp_path / "mail").iterdir() if file.is_dir()]) == 1
