"""What every mailbox store does, in memory and on disk: one contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.live.maildir_store import MaildirAccount
from sim.mailbox.interface import (
    INBOX,
    Account,
    BadNameError,
    ExpungedError,
    MailboxExistsError,
    NoMailboxError,
    OverQuotaError,
    Quota,
)
from sim.mailbox.memory import MemoryAccount

CONTENT = b"Subject: hi\r\n\r\nhello\r\n"
NAMES = ["Sent", "a/b/c", "été", "a.b", "a/x.y/z", "&", "日本語/台北", "INBOX/sub", "with space", "~peter", "x'\"\\y"]


@pytest.fixture(params=[MemoryAccount, MaildirAccount])
def made(request, tmp_path: Path):
    """Makes an account, with a quota or without."""
    folder = () if request.param is MemoryAccount else (tmp_path / "ann",)
    return lambda **limits: request.param(*folder, **limits)


@pytest.fixture
def account(made) -> Account:
    """An account with no quota."""
    return made()


@pytest.fixture
def inbox(account: Account):
    """Its INBOX with three messages."""
    mailbox = account.mailbox(INBOX)
    for number in range(3):
        mailbox.append(CONTENT * (number + 1), ["\\Seen"] if number else [], 1e9 + number)
    return mailbox


def test_a_new_account_has_an_empty_inbox(account: Account):
    """And nothing else."""
    inbox = account.mailbox(INBOX)
    assert (account.names(), dict(inbox.messages), inbox.uid_next, inbox.first_recent) == ([INBOX], {}, 1, 1)
    assert inbox.uid_validity > 0


def test_what_is_put_in_is_there(inbox):
    """With its size, flags and date, under UIDs that ascend."""
    found = [(info.uid, info.size, info.internal_date, info.flags) for info in inbox.messages.values()]
    size, seen = len(CONTENT), frozenset({"\\Seen"})
    assert found == [(1, size, 1e9, frozenset()), (2, 2 * size, 1e9 + 1, seen), (3, 3 * size, 1e9 + 2, seen)]
    assert [inbox.content(uid) for uid in (1, 2, 3)] == [CONTENT * number for number in (1, 2, 3)]
    assert inbox.uid_next == 4


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"x", b"\n", b"\r", b"\r\n", b"\r\r\n", b"a\nb", b"a\nb\r\nc\rd\n", b"a\r\nb", b"\0\r\n\xff\n\r"),
        *(b"\r\n\n", b"\n\r\n", b"bare\nends\nonly\n", bytes(range(256)) * 3),
    ],
)
def test_no_octet_changes(account: Account, content: bytes):
    """Whatever line ends a message has, what is read is what was put in, and has the size that is told."""
    inbox = account.mailbox(INBOX)
    uid = inbox.append(content, [], 0.0)
    assert (inbox.content(uid), inbox.messages[uid].size) == (content, len(content))


def test_flags_change_with_the_mod_sequence(inbox):
    """And only where they are others."""
    before = inbox.highest_mod_seq
    inbox.change_flags(2, frozenset({"\\Seen"}))
    assert (inbox.highest_mod_seq, inbox.changed_since(before)) == (before, [])
    inbox.change_flags(2, frozenset({"\\Flagged", "$Label", "word"}))
    info = inbox.messages[2]
    assert (info.flags, info.mod_seq > before) == ({"\\Flagged", "$Label", "word"}, True)
    assert (inbox.highest_mod_seq, inbox.changed_since(before)) == (info.mod_seq, [2])
    assert list(inbox.messages) == [1, 2, 3]


def test_changes_are_in_the_order_of_uids(inbox):
    """Whichever of them was first."""
    before = inbox.highest_mod_seq
    for uid in (3, 1):
        inbox.change_flags(uid, frozenset({"\\Deleted"}))
    new = inbox.append(CONTENT, [], 0.0)
    assert inbox.changed_since(before) == [1, 3, new]


def test_what_is_expunged_is_gone(inbox):
    """Its UID is given to nobody else, and who asks since when is told."""
    before = inbox.highest_mod_seq
    inbox.expunge([3, 1, 3, 9])
    assert (list(inbox.messages), inbox.expunged_since(before), inbox.changed_since(before)) == ([2], [1, 3], [])
    after = inbox.highest_mod_seq
    assert after > before
    inbox.expunge([1])
    assert (inbox.highest_mod_seq, inbox.expunged_since(after)) == (after, [])
    assert inbox.append(CONTENT, [], 0.0) == 4


@pytest.mark.parametrize(
    "asks",
    [
        lambda inbox, _: inbox.content(2),
        lambda inbox, _: inbox.change_flags(2, frozenset()),
        lambda inbox, other: other.adopt_copies(inbox, [1, 2]),
        lambda inbox, other: other.adopt_moved(inbox, [1, 2]),
    ],
)
def test_who_asks_for_what_is_gone_is_told(account: Account, inbox, asks):
    """And nothing is done."""
    account.create("other")
    other = account.mailbox("other")
    inbox.expunge([2])
    with pytest.raises(ExpungedError):
        asks(inbox, other)
    assert (list(inbox.messages), list(other.messages)) == ([1, 3], [])


@pytest.mark.parametrize("within", [False, True])
def test_copies_have_flags_and_dates(account: Account, inbox, within):
    """And UIDs of their own, in another mailbox or in the same."""
    account.create("other")
    other = inbox if within else account.mailbox("other")
    uids = other.adopt_copies(inbox, [2, 3])
    assert uids == ([4, 5] if within else [1, 2])
    for before, after in zip((2, 3), uids, strict=True):
        one, two = inbox.messages[before], other.messages[after]
        assert (one.flags, one.internal_date, one.size) == (two.flags, two.internal_date, two.size)
        assert other.content(after) == inbox.content(before)
    inbox.expunge([2])
    assert other.content(uids[0]) == CONTENT * 2


@pytest.mark.parametrize("within", [False, True])
def test_what_moves_is_in_one_place(account: Account, inbox, within):
    """Where it was it has been expunged."""
    account.create("other")
    other, before = inbox if within else account.mailbox("other"), inbox.highest_mod_seq
    uids = other.adopt_moved(inbox, [1, 3])
    assert uids == ([4, 5] if within else [1, 2])
    assert list(inbox.messages) == ([2, 4, 5] if within else [2])
    assert inbox.expunged_since(before) == [1, 3]
    assert [(other.content(uid), other.messages[uid].internal_date) for uid in uids] == [
        (CONTENT, 1e9),
        (CONTENT * 3, 1e9 + 2),
    ]
    assert account.quota().messages == 3


def test_recent_is_claimed_once(inbox):
    """By the first session that asks."""
    assert (inbox.first_recent, inbox.claim_recent(), inbox.claim_recent(), inbox.first_recent) == (1, 1, 4, 4)
    inbox.append(CONTENT, [], 0.0)
    assert (inbox.claim_recent(), inbox.first_recent) == (4, 5)


@pytest.mark.parametrize("name", NAMES)
def test_mailboxes_are_made_and_deleted(account: Account, name: str):
    """Under any name that is one."""
    account.create(name)
    assert set(account.names()) == {INBOX, name}
    account.mailbox(name).append(CONTENT, [], 0.0)
    with pytest.raises(MailboxExistsError):
        account.create(name)
    account.delete(name)
    assert (account.names(), account.quota().messages) == ([INBOX], 0)
    with pytest.raises(NoMailboxError):
        account.mailbox(name)
    with pytest.raises(NoMailboxError):
        account.delete(name)


@pytest.mark.parametrize(
    "name", ["", "/", "a//b", "/a", "..", "a/../b", ".", "a\0b", "a*", "%", "x" * 300, "/".join("abcdefghijklmnopqrstuvwxyz"), "a\nb"]
)  # fmt: skip
def test_bad_names_are_refused(account: Account, name: str):
    """As mailboxes and as names on the list."""
    for asks in (
        account.create,
        lambda name: account.subscribe(name, on=True),
        lambda name: account.rename(INBOX, name),
    ):
        with pytest.raises(BadNameError):
            asks(name)
    assert (account.names(), account.subscriptions()) == ([INBOX], [])


def test_inbox_is_not_deleted(account: Account):
    """Nor made again, in any case."""
    with pytest.raises(BadNameError):
        account.delete(INBOX)
    for name in (INBOX, "inbox", "InBox/"):
        with pytest.raises(MailboxExistsError):
            account.create(name)


def test_each_mailbox_has_a_validity_of_its_own(account: Account):
    """Also one that comes after another of the same name."""
    found = [account.mailbox(INBOX).uid_validity]
    for _ in range(3):
        account.create("again")
        found.append(account.mailbox("again").uid_validity)
        account.delete("again")
    assert found == sorted(set(found))


def test_a_renamed_mailbox_keeps_all(account: Account):
    """Its messages, their UIDs, the mailboxes below it and its use."""
    account.create("a", "\\Sent")
    account.create("a/b")
    mailbox = account.mailbox("a")
    mailbox.append(CONTENT, ["\\Flagged"], 5.0)
    validity = mailbox.uid_validity
    account.rename("a", "x/y")
    assert account.names() == [INBOX, "x/y", "x/y/b"]
    assert (account.special_use("x/y"), account.special_use("a")) == ("\\Sent", "")
    after = account.mailbox("x/y")
    assert (after.uid_validity, after.messages[1].flags, after.content(1)) == (validity, {"\\Flagged"}, CONTENT)
    # Who has it open goes on.
    assert mailbox.content(1) == CONTENT


def test_names_without_a_mailbox_are_renamed_with_what_is_below(account: Account):
    """A level that is no mailbox itself."""
    account.create("a/b")
    account.rename("a", "c")
    assert account.names() == [INBOX, "c/b"]


@pytest.mark.parametrize(
    ("name", "new", "error"),
    [
        ("none", "x", NoMailboxError),
        ("a", "b", MailboxExistsError),
        ("a", "a/c", BadNameError),
        ("a", "b/x", MailboxExistsError),
        ("a", INBOX, MailboxExistsError),
        ("a", "x//y", BadNameError),
        ("a", "/".join("x" * 20), BadNameError),
    ],
)
def test_what_cannot_be_renamed_stays(account: Account, name, new, error):
    """With all that is below it."""
    for each in ("a", "a/x", "b", "b/x/x"):
        account.create(each)
    with pytest.raises(error):
        account.rename(name, new)
    assert account.names() == [INBOX, "a", "a/x", "b", "b/x/x"]


def test_of_inbox_the_messages_are_renamed(account: Account, inbox):
    """It stays, and what is below it (RFC 3501 section 6.3.5)."""
    account.create("INBOX/sub")
    account.rename(INBOX, "old")
    assert (account.names(), dict(inbox.messages)) == ([INBOX, "INBOX/sub", "old"], {})
    assert [account.mailbox("old").content(uid) for uid in (1, 2, 3)] == [CONTENT * number for number in (1, 2, 3)]


def test_a_subscription_is_a_name_on_a_list(account: Account):
    """Whether there is a mailbox or not."""
    account.subscribe("b", on=True)
    account.subscribe("a/c/", on=True)
    account.subscribe("b", on=True)
    assert account.subscriptions() == ["a/c", "b"]
    account.subscribe("a/c", on=False)
    account.subscribe("none", on=False)
    assert account.subscriptions() == ["b"]


def test_the_maildrop_is_locked_once(account: Account):
    """Until it is given back."""
    assert (account.lock(), account.lock()) == (True, False)
    account.unlock()
    assert account.lock() is True


def test_who_watches_is_told(account: Account):
    """Of each change in any mailbox, until he has enough."""
    told: list[int] = []
    stop = account.watch(lambda: told.append(1))
    inbox = account.mailbox(INBOX)
    inbox.append(CONTENT, [], 0.0)
    inbox.change_flags(1, frozenset({"\\Seen"}))
    inbox.expunge([1])
    account.create("a")
    seen = len(told)
    assert seen == 4
    stop()
    stop()
    account.delete("a")
    assert len(told) == seen


def test_a_quota_of_octets(made):
    """A message that fits is taken, one octet more is not."""
    account = made(octets_limit=3 * len(CONTENT))
    inbox = account.mailbox(INBOX)
    inbox.append(CONTENT, [], 0.0)
    with pytest.raises(OverQuotaError):
        inbox.append(CONTENT * 2 + b"x", [], 0.0)
    inbox.append(CONTENT * 2, [], 0.0)
    assert account.quota() == Quota(3 * len(CONTENT), 3 * len(CONTENT), 2, 0)
    inbox.expunge([1])
    assert account.quota() == Quota(2 * len(CONTENT), 3 * len(CONTENT), 1, 0)
    assert list(inbox.messages) == [2]


def test_a_quota_of_messages(made):
    """Over all mailboxes: copies need room, all of it or none is taken; what moves needs none."""
    account = made(messages_limit=3)
    account.create("other")
    inbox, other = account.mailbox(INBOX), account.mailbox("other")
    inbox.append(CONTENT, [], 0.0)
    inbox.append(CONTENT, [], 0.0)
    with pytest.raises(OverQuotaError):
        other.adopt_copies(inbox, [1, 2])
    assert (len(other.messages), account.quota().messages) == (0, 2)
    other.adopt_copies(inbox, [1])
    assert other.adopt_moved(inbox, [1, 2]) == [2, 3]
    account.rename("other", "another")
    account.rename(INBOX, "old")
    assert account.quota() == Quota(3 * len(CONTENT), 0, 3, 3)
