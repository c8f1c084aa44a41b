r"""Two sessions on one mailbox: what each is told of the other, and when (RFC 3501 sections 5.2 and 7.4.1, RFC 2180)."""

from __future__ import annotations

import pytest
from imap_dialogue import Dialogue, account
from imap_lines import MESSAGE


def both(*boxes: str, messages: int = 4):
    """Two sessions with one INBOX selected, and the account."""
    own = account(*boxes, messages=messages)
    return own, Dialogue(own), Dialogue(own)


@pytest.mark.parametrize("asks", ["NOOP", "CHECK", "UID FETCH 9 FLAGS", "UID SEARCH 9", "STATUS INBOX (MESSAGES)"])
def test_what_another_session_expunges_is_told_when_the_client_asks(asks):
    """NOOP and CHECK, and any command but FETCH, STORE and SEARCH by message numbers."""
    _, one, other = both()
    other(r"STORE 2:3 +FLAGS.SILENT (\Deleted)")
    one("NOOP")
    other("EXPUNGE")
    answer = one(asks)
    assert (answer.status, answer.numbers("EXPUNGE")) == ("OK", [2, 2])


@pytest.mark.parametrize("asks", ["FETCH 1 FLAGS", r"STORE 1 +FLAGS (\Seen)", "SEARCH ALL"])
def test_numbers_stay_while_they_are_used(asks):
    """No EXPUNGE while FETCH, STORE and SEARCH are answered; the numbers are the old ones until it comes."""
    _, one, other = both()
    other(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    other("EXPUNGE")
    first = one(asks)
    assert (first.status, first.of("EXPUNGE"), one("FETCH 3 UID").items("FETCH"), one("NOOP").numbers("EXPUNGE")) == (
        "OK",
        [],
        [{"UID": 3}],
        [2],
    )


@pytest.mark.parametrize(
    "asks", ["FETCH 2 BODY[]", "FETCH 2 FLAGS", r"STORE 2 +FLAGS (\Seen)", "COPY 2 a", "COPY 1:3 a", "MOVE 2 a"]
)
def test_what_has_gone_under_its_number_is_no(asks):
    """With EXPUNGEISSUED (RFC 5530); nothing of it is copied."""
    own, one, other = both("a")
    other(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    other("EXPUNGE")
    answer = one(asks)
    assert (answer.status, answer.code, len(own.mailbox("a").messages)) == ("NO", "EXPUNGEISSUED", 0)


def test_what_has_gone_does_not_keep_the_others_from_being_told():
    """Of three messages two are still there: OK, with EXPUNGEISSUED as in RFC 5530."""
    _, one, other = both()
    other(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    other("EXPUNGE")
    answers = [one("FETCH 1:3 FLAGS"), one(r"STORE 1:3 +FLAGS (\Seen)")]
    assert [(each.status, each.code, each.numbers("FETCH")) for each in answers] == [
        ("OK", "EXPUNGEISSUED", [1, 3])
    ] * 2


def test_a_search_does_not_find_what_has_gone():
    """OK, with EXPUNGEISSUED, and the numbers as they are told."""
    _, one, other = both()
    other(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    other("EXPUNGE")
    answer = one("SEARCH ALL")
    assert (answer.status, answer.code, answer.items("SEARCH")) == ("OK", "EXPUNGEISSUED", [([1, 3, 4], None)])


@pytest.mark.parametrize("asks", ["UID FETCH 2 FLAGS", r"UID STORE 2 +FLAGS (\Seen)", "UID COPY 2 a"])
def test_a_uid_that_has_gone_is_no_error(asks):
    """As one that never was."""
    _, one, other = both("a")
    other(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    other("EXPUNGE")
    answer = one(asks)
    assert (answer.status, answer.of("FETCH"), answer.numbers("EXPUNGE")) == ("OK", [], [2])


def test_new_messages_are_told_behind_the_answer():
    """EXISTS, and RECENT for the session that is told first."""
    own, one, other = both()
    own.mailbox("INBOX").append(MESSAGE, [], 0.0)
    assert (one("FETCH 1 UID").kinds, other("FETCH 1 UID").kinds) == (
        ["1 FETCH", "5 EXISTS", "5 RECENT"],
        ["1 FETCH", "5 EXISTS", "0 RECENT"],
    )


def test_flags_are_told_once():
    """An unsolicited FETCH, with nothing but the flags."""
    _, one, other = both()
    other(r"STORE 3 +FLAGS (\Answered)")
    assert [one("NOOP").items("FETCH"), one("NOOP").kinds] == [[{"FLAGS": "(\\Answered \\Recent)"}], []]


def test_flags_that_a_fetch_gives_are_told():
    """And not again."""
    _, one, other = both()
    other(r"STORE 3 +FLAGS (\Answered)")
    assert (one("FETCH 3 FLAGS").kinds, one("NOOP").kinds) == (["3 FETCH"], [])


def test_what_came_and_went_between_is_not_told():
    """The session never had a number for it."""
    own, one, _ = both()
    inbox = own.mailbox("INBOX")
    inbox.expunge([inbox.append(MESSAGE, [], 0.0)])
    assert one("NOOP").kinds == []


def test_expunges_come_before_what_is_new():
    """So that EXISTS counts what is there."""
    own, one, _ = both()
    own.mailbox("INBOX").expunge([1, 3])
    own.mailbox("INBOX").append(MESSAGE, [], 0.0)
    assert one("NOOP").kinds == ["1 EXPUNGE", "2 EXPUNGE", "3 EXISTS", "3 RECENT"]


def test_a_search_does_not_find_what_the_session_has_not_been_told_of():
    """It is told behind the answer."""
    own, one, _ = both()
    own.mailbox("INBOX").append(MESSAGE, [], 0.0)
    answer = one("SEARCH ALL")
    assert (answer.items("SEARCH"), answer.numbers("EXISTS")) == ([([1, 2, 3, 4], None)], [5])


def test_rfc_2177_idle_tells_at_once():
    """What was new before, what comes, and DONE ends it."""
    own, one, other = both()
    other(r"STORE 1 +FLAGS (\Seen)")
    begun = one("IDLE", tag="i")
    own.mailbox("INBOX").append(MESSAGE, [], 0.0)
    own.mailbox("INBOX").expunge([2])
    told = one.news()
    done = one.raw(b"DONE\r\n")
    assert ([each.kind for each in begun], [*told.kinds, told[-1].kind], done[-1].tag, done.status) == (
        ["+", "FETCH"],
        ["2 EXPUNGE", "4 EXISTS", "RECENT"],
        "i",
        "OK",
    )


def test_rfc_2177_idle_without_a_mailbox():
    """Nothing is told."""
    own = account()
    one = Dialogue(own, "LOGIN ann secret")
    one("IDLE")
    own.mailbox("INBOX").append(MESSAGE, [], 0.0)
    assert (one.news(), one.raw(b"done\r\n").status) == ([], "OK")


def test_rfc_2177_anything_but_done_is_bad():
    """And ends it."""
    one = Dialogue()
    one("IDLE")
    assert (one.raw(b"x NOOP\r\n").status, one("NOOP").status) == ("BAD", "OK")


def test_a_mailbox_that_another_session_deletes_is_empty():
    """Its messages are expunged; the session goes on."""
    own, one, other = both()
    own.create("a")
    own.mailbox("a").append(MESSAGE, [], 0.0)
    one("SELECT a")
    other("DELETE a")
    assert [one("NOOP").kinds, one("FETCH 1 FLAGS").status, one("CLOSE").status] == [["1 EXPUNGE"], "BAD", "OK"]


def test_a_mailbox_that_another_session_renames_stays_selected():
    """Under its old name there is none."""
    own, one, other = both()
    own.create("a")
    one("SELECT a")
    other("RENAME a b")
    own.mailbox("b").append(MESSAGE, [], 0.0)
    assert [one("NOOP").kinds, one("STATUS a (MESSAGES)").status] == [["1 EXISTS", "1 RECENT"], "NO"]
