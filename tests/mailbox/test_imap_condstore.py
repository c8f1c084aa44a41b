r"""Mod-sequences (RFC 7162 section 3.1): when a client is told them, and what goes by them."""

from __future__ import annotations

import pytest
from imap_dialogue import Dialogue, account
from imap_lines import MESSAGE

SELECTED = ("LOGIN ann secret", "SELECT INBOX")


def aware(own=None) -> Dialogue:
    """A session that has enabled CONDSTORE."""
    return Dialogue(account() if own is None else own, "LOGIN ann secret", "ENABLE CONDSTORE", "SELECT INBOX")


def test_without_it_no_mod_sequence_is_told():
    """Neither with one's own changes nor with another's."""
    own = account()
    one, other = Dialogue(own), aware(own)
    stored = one(r"STORE 1 +FLAGS (\Seen)")
    other(r"STORE 2 +FLAGS (\Seen)")
    assert [set(each) for each in stored.items("FETCH") + one("NOOP").items("FETCH")] == [{"FLAGS"}, {"FLAGS"}]


@pytest.mark.parametrize(
    "command",
    [
        "ENABLE CONDSTORE",
        "FETCH 1 MODSEQ",
        "FETCH 1 FLAGS (CHANGEDSINCE 1)",
        "SEARCH MODSEQ 1",
        "STATUS INBOX (HIGHESTMODSEQ)",
        r"STORE 1 (UNCHANGEDSINCE 99) +FLAGS (\Seen)",
        'LIST "" INBOX RETURN (STATUS (HIGHESTMODSEQ))',
    ],
)
def test_what_enables_it(command):
    """It tells the mailbox's highest, once, and from then on each change has its own."""
    own = account()
    one, other = Dialogue(own), Dialogue(own)
    codes = [one(command).codes, one(command).codes]
    other(r"STORE 3 +FLAGS (\Flagged)")
    (found,) = one("NOOP").items("FETCH")
    highest = own.mailbox("INBOX").highest_mod_seq
    assert ([each[0].partition(" ")[0] if each else "" for each in codes], found["MODSEQ"]) == (
        ["HIGHESTMODSEQ", ""],
        highest,
    )


def test_select_with_condstore_enables_it():
    """The parameter; HIGHESTMODSEQ is among what SELECT says in any case."""
    dialogue = Dialogue(account(), "LOGIN ann secret", "SELECT INBOX (CONDSTORE)")
    assert set(dialogue(r"STORE 1 +FLAGS (\Seen)").items("FETCH")[0]) == {"FLAGS", "MODSEQ"}


def test_each_change_has_a_greater_one():
    """And what does not change has the same."""
    dialogue = aware()
    found = [dialogue(rf"STORE {n} +FLAGS (\Seen)").items("FETCH")[0]["MODSEQ"] for n in (1, 2, 1)]
    assert (found[0] < found[1], found[2] == found[0]) == (True, True)


def test_a_silent_store_tells_the_mod_sequence_alone():
    """With the UID where it was asked by UID."""
    dialogue = aware()
    found = [
        dialogue(rf"{uid}STORE 1 +FLAGS.SILENT ({flag})").items("FETCH") for uid, flag in (("", "a"), ("UID ", "b"))
    ]
    assert found == [[{"MODSEQ": 5}], [{"UID": 1, "MODSEQ": 6}]]


def test_seen_that_a_fetch_sets_has_its_own():
    """It is a change as any."""
    (found,) = aware()("FETCH 1 BODY[TEXT]").items("FETCH")
    assert (found["FLAGS"], found["MODSEQ"]) == ("(\\Seen \\Recent)", 5)


def test_changed_since_gives_what_has_changed():
    """With its mod-sequence."""
    dialogue = aware()
    dialogue(r"STORE 2 +FLAGS.SILENT (\Seen)")
    assert dialogue("FETCH 1:* FLAGS (CHANGEDSINCE 4)").items("FETCH") == [{"FLAGS": "(\\Seen \\Recent)", "MODSEQ": 5}]


def test_unchanged_since_leaves_what_has_changed():
    """MODIFIED names it; the others are stored."""
    own = account()
    dialogue = aware(own)
    dialogue(r"STORE 2 +FLAGS.SILENT (\Seen)")
    answer = dialogue(r"STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\Deleted)")
    assert (answer.status, answer.code, answer.numbers("FETCH")) == ("OK", "MODIFIED 2", [1, 3])
    assert "\\Deleted" not in own.mailbox("INBOX").messages[2].flags


def test_unchanged_since_by_uid_names_uids():
    """MODIFIED has UIDs."""
    own = account()
    own.mailbox("INBOX").expunge([1])
    assert aware(own)(r"UID STORE 2:3 (UNCHANGEDSINCE 0) +FLAGS (\Seen)").code == "MODIFIED 2:3"


def test_search_by_mod_sequence():
    """The answer has the highest of what was found; nothing found has none."""
    dialogue = aware()
    dialogue(r"STORE 2 +FLAGS.SILENT (\Seen)")
    found = [dialogue(f"SEARCH MODSEQ {n}").items("SEARCH") for n in ("4", '"/flags/\\\\seen" all 5', "6")]
    assert found == [[([2, 3], 5)], [([2], 5)], [([], None)]]


@pytest.mark.parametrize(
    ("wanted", "mod_seq"), [("MIN", "2"), ("MAX", "4"), ("MIN MAX", "4"), ("ALL", "5"), ("COUNT", "5")]
)
def test_extended_search_by_mod_sequence(wanted, mod_seq):
    """Of MIN and MAX it is theirs (RFC 4731 section 3.2)."""
    dialogue = aware()
    dialogue(r"STORE 2 +FLAGS.SILENT (\Seen)")
    (found,) = dialogue(f"SEARCH RETURN ({wanted}) MODSEQ 1").items("ESEARCH")
    assert found["MODSEQ"] == mod_seq


@pytest.mark.parametrize("command", ["EXPUNGE", "UID EXPUNGE 1:*", "MOVE 1 a"])
def test_what_goes_is_answered_with_the_highest(command):
    """Where something has gone."""
    own = account("a")
    dialogue = aware(own)
    dialogue(r"STORE 1 +FLAGS.SILENT (\Deleted)")
    answer = dialogue(command)
    assert answer.code == f"HIGHESTMODSEQ {own.mailbox('INBOX').highest_mod_seq}"


def test_an_expunge_of_nothing_has_no_code():
    """Nothing has changed."""
    assert aware()("EXPUNGE").code == ""


def test_appended_messages_have_one():
    """As all that is in the mailbox."""
    own = account(messages=0)
    own.mailbox("INBOX").append(MESSAGE, [], 0.0)
    assert aware(own)("FETCH 1 (FLAGS MODSEQ)").items("FETCH") == [{"FLAGS": "(\\Recent)", "MODSEQ": 2}]
