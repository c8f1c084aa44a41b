r"""The answers to commands on messages, by section (RFC 3501 section 6.4, and the extensions that add to them)."""

from __future__ import annotations

import pytest
from imap_dialogue import Dialogue, account
from imap_lines import MESSAGE


def test_6_4_2_close_expunges_without_a_word():
    """What is marked goes, and no EXPUNGE is sent."""
    dialogue = Dialogue()
    dialogue(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    assert (dialogue("CLOSE").kinds, dialogue("SELECT INBOX").numbers("EXISTS")) == ([], [2])


@pytest.mark.parametrize("end", ["UNSELECT", "EXAMINE INBOX", "SELECT INBOX"])
def test_6_4_2_only_close_expunges(end):
    """UNSELECT and another SELECT leave what is marked."""
    dialogue = Dialogue()
    dialogue(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    dialogue(end)
    assert dialogue("STATUS INBOX (MESSAGES DELETED)").items("STATUS") == [("INBOX", {"MESSAGES": 3, "DELETED": 1})]


def test_6_4_2_close_of_a_mailbox_open_to_read_only_expunges_nothing():
    """It was opened by EXAMINE."""
    own = account()
    Dialogue(own)(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    dialogue = Dialogue(own, "LOGIN ann secret", "EXAMINE INBOX")
    assert (dialogue("CLOSE").status, len(own.mailbox("INBOX").messages)) == ("OK", 3)


def test_6_4_3_expunge_counts_down():
    """Each EXPUNGE moves the numbers of those behind it."""
    dialogue = Dialogue(account(messages=5))
    dialogue(r"STORE 2:4 +FLAGS.SILENT (\Deleted)")
    assert dialogue("EXPUNGE").kinds == ["2 EXPUNGE", "2 EXPUNGE", "2 EXPUNGE"]


@pytest.mark.parametrize(
    "command",
    [
        r"STORE 1 +FLAGS (\Seen)",
        r"UID STORE 1 -FLAGS.SILENT (\Seen)",
        "EXPUNGE",
        "UID EXPUNGE 1:*",
        "MOVE 1 a",
        "UID MOVE 1 a",
    ],
)
def test_6_3_2_a_mailbox_open_to_read_only_is_not_changed(command):
    """What would change it is NO."""
    own = account("a")
    Dialogue(own)(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    before = dict(own.mailbox("INBOX").messages)
    dialogue = Dialogue(own, "LOGIN ann secret", "EXAMINE INBOX")
    answer = dialogue(command)
    assert (answer.status, answer.kinds, dict(own.mailbox("INBOX").messages)) == ("NO", [], before)


def test_6_4_4_search_gives_numbers_and_uids():
    """SEARCH message numbers, UID SEARCH UIDs."""
    own = account()
    own.mailbox("INBOX").expunge([1])
    dialogue = Dialogue(own)
    found = [dialogue(f"{uid}SEARCH ALL").items("SEARCH") for uid in ("", "UID ")]
    assert found == [[([1, 2], None)], [([2, 3], None)]]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("ALL", [1, 2, 3]),
        ("SEEN", [2]),
        ("UNSEEN", [1, 3]),
        ("ANSWERED", []),
        ("UNANSWERED", [1, 2, 3]),
        ("DELETED", [3]),
        ("UNDELETED", [1, 2]),
        ("DRAFT", []),
        ("FLAGGED", [3]),
        ("NEW", [1, 3]),
        ("OLD", []),
        ("RECENT", [1, 2, 3]),
        ("KEYWORD work", [2]),
        ("KEYWORD WORK", [2]),
        ("UNKEYWORD work", [1, 3]),
        ("BEFORE 2-Jan-1970", [1]),
        ("ON 2-Jan-1970", [2]),
        ("SINCE 2-Jan-1970", [2, 3]),
        ("SENTBEFORE 8-Feb-1994", [2]),
        ("SENTON 7-Feb-1994", [2]),
        ("SENTSINCE 7-Feb-1994", [2]),
        ("SENTSINCE 8-Feb-1994", []),
        (f"LARGER {len(MESSAGE)}", [2]),
        (f"SMALLER {len(MESSAGE) + 1}", [1, 3]),
        ("SUBJECT HELLO", [1, 3]),
        ('SUBJECT "Grüße"', [2]),
        ("FROM ann@a", [1, 3]),
        ("FROM smith@b.example", [2]),
        ("TO bob", [1, 3]),
        ("CC carol", [2]),
        ("BCC x", []),
        ("HEADER Subject hello", [1, 3]),
        ('HEADER X-Odd ""', [2]),
        ('HEADER Subject ""', [1, 2, 3]),
        ("BODY wörld", [2]),
        ("BODY subject", []),
        ("TEXT subject", [1, 2, 3]),
        ('BODY ""', [1, 2, 3]),
        ("NOT SEEN", [1, 3]),
        ("OR SEEN FLAGGED", [2, 3]),
        ("(SEEN KEYWORD work)", [2]),
        ("SEEN FLAGGED", []),
        ("NOT (OR SEEN FLAGGED)", [1]),
        ("2", [2]),
        ("2:*", [2, 3]),
        ("*", [3]),
        ("9", []),
        ("1,3", [1, 3]),
        ("UID 2:9", [2, 3]),
        ("UID *", [3]),
        ("OLDER 910000", [1, 2]),
        ("YOUNGER 910000", [3]),
    ],
)
def test_6_4_4_search_keys(keys, found):
    """Every key of RFC 3501 and RFC 5032; texts in UTF-8 whatever their charset and encoding in the message."""
    own = account(messages=0)
    inbox = own.mailbox("INBOX")
    inbox.append(MESSAGE, [], 0.0)
    inbox.append(
        b"From: Smith <smith (at home) @ b.example>\r\nCc: Carol <c@d>\r\nDate: Mon, 7 Feb 1994 23:59:59 -0800\r\n"
        b"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nX-Odd: 1\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8gd8O2cmxkCg==\r\n',
        ["\\Seen", "work"],
        86_400.0,
    )
    inbox.append(MESSAGE, ["\\Flagged", "\\Deleted"], 172_800.0)
    dialogue = Dialogue(own)
    octets = keys.encode()
    if not keys.isascii():
        name, text = keys.split(" ", 1)
        text = text.strip('"').encode()
        octets = b"CHARSET UTF-8 %s {%d+}\r\n%s" % (name.encode(), len(text), text)
    assert dialogue(b"SEARCH " + octets).items("SEARCH") == [(found, None)]


@pytest.mark.parametrize(
    ("before", "behind"), [("(" * 200, ")" * 200), ("NOT " * 200, ""), ("OR 2 " * 200, ""), ("(OR 2 " * 100, ")" * 100)]
)
def test_6_4_4_keys_within_keys(before, behind):
    """As deep as any client goes."""
    assert Dialogue()(f"SEARCH {before}1{behind}").items("SEARCH")[0][0][0] == 1


@pytest.mark.parametrize("charset", ["x-nobody", "undefined", "idna", "base64"])
def test_6_4_4_an_unknown_charset_is_no_with_those_that_are_known(charset):
    """Whether or not there is a text in it; BAD would be wrong."""
    answer = Dialogue()(f"SEARCH CHARSET {charset} ALL")
    assert (answer.status, answer.code, answer.kinds) == ("NO", "BADCHARSET (US-ASCII UTF-8)", [])


def test_6_4_4_a_text_that_is_not_in_its_charset_is_no():
    """An ASCII text of other octets."""
    assert Dialogue()(b"SEARCH CHARSET US-ASCII SUBJECT {2+}\r\n\xc3\xa4").code == "BADCHARSET (US-ASCII UTF-8)"


def test_6_4_4_a_search_that_would_not_end_is_no(monkeypatch):
    """More texts in more messages than are looked for: LIMIT (RFC 5530)."""
    monkeypatch.setattr("sim.mailbox.search.TEXTS_LIMIT", 5)
    dialogue = Dialogue()
    answers = [dialogue("SEARCH TEXT qq"), dialogue("SEARCH OR TEXT qq TEXT zz")]
    assert [(each.status, each.code) for each in answers] == [("OK", ""), ("NO", "LIMIT")]


def test_6_4_5_fetch_sets_seen_and_says_so():
    """BODY[] does, once."""
    dialogue = Dialogue()
    first, again = dialogue("FETCH 2 BODY[]").items("FETCH"), dialogue("FETCH 2 BODY[]").items("FETCH")
    assert (first, again) == ([{"BODY[]": MESSAGE, "FLAGS": "(\\Seen \\Recent)"}], [{"BODY[]": MESSAGE}])


@pytest.mark.parametrize(
    "item", ["BODY.PEEK[]", "RFC822.HEADER", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE", "BINARY.PEEK[1]"]
)
def test_6_4_5_other_items_do_not_set_seen(item):
    """PEEK, headers and structures."""
    own = account()
    Dialogue(own)(f"FETCH 1:* {item}")
    assert {info.flags for info in own.mailbox("INBOX").messages.values()} == {frozenset()}


@pytest.mark.parametrize("item", ["BODY[]", "BODY[TEXT]", "RFC822", "RFC822.TEXT", "BINARY[1]", "BODY[1]"])
def test_6_4_5_items_that_set_seen(item):
    """Those that give of the body."""
    own = account()
    Dialogue(own)(f"FETCH 1:* {item}")
    assert {info.flags for info in own.mailbox("INBOX").messages.values()} == {frozenset({"\\Seen"})}


def test_6_4_5_no_item_sets_seen_in_a_mailbox_open_to_read_only():
    """It was opened by EXAMINE."""
    own = account()
    Dialogue(own, "LOGIN ann secret", "EXAMINE INBOX")("FETCH 1:* BODY[]")
    assert {info.flags for info in own.mailbox("INBOX").messages.values()} == {frozenset()}


HEADER, BODY = MESSAGE.split(b"\r\n\r\n")[0] + b"\r\n\r\n", b"body\r\n"


@pytest.mark.parametrize(
    ("item", "name", "value"),
    [
        ("BODY.PEEK[]", "BODY[]", MESSAGE),
        ("BODY.PEEK[HEADER]", "BODY[HEADER]", HEADER),
        ("BODY.PEEK[TEXT]", "BODY[TEXT]", BODY),
        ("BODY.PEEK[1]", "BODY[1]", BODY),
        ("BODY.PEEK[9]", "BODY[9]", None),
        ("BODY.PEEK[1.HEADER]", "BODY[1.HEADER]", None),
        ("BODY.PEEK[HEADER.FIELDS (to x)]", "BODY[HEADER.FIELDS (to x)]", b"To: bob@b.example\r\n\r\n"),
        ("BODY.PEEK[HEADER.FIELDS.NOT (to from)]", "BODY[HEADER.FIELDS.NOT (to from)]", b"Subject: hello\r\n\r\n"),
        ("BODY.PEEK[]<0.4>", "BODY[]<0>", b"From"),
        ("BODY.PEEK[TEXT]<2.99>", "BODY[TEXT]<2>", b"dy\r\n"),
        ("BODY.PEEK[TEXT]<99.1>", "BODY[TEXT]<99>", b""),
        ("RFC822", "RFC822", MESSAGE),
        ("RFC822.HEADER", "RFC822.HEADER", HEADER),
        ("RFC822.TEXT", "RFC822.TEXT", BODY),
        ("RFC822.SIZE", "RFC822.SIZE", len(MESSAGE)),
        ("INTERNALDATE", "INTERNALDATE", '" 1-Jan-1970 00:00:00 +0000"'),
        ("UID", "UID", 1),
        ("FLAGS", "FLAGS", "(\\Recent)"),
        ("BINARY.PEEK[]", "BINARY[]", MESSAGE),
        ("BINARY.PEEK[1]<1.2>", "BINARY[1]<1>", b"od"),
        ("BINARY.SIZE[1]", "BINARY.SIZE[1]", 6),
        ("BODY", "BODY", [b"text", b"plain", {b"charset": b"us-ascii"}, None, None, b"7bit", 6, 1]),
    ],
)
def test_6_4_5_items(item, name, value):
    """The name comes back without PEEK, and the value."""
    (found,) = Dialogue()(f"FETCH 1 {item}").items("FETCH")
    assert found[name] == value


@pytest.mark.parametrize(
    ("macro", "names"),
    [
        ("FAST", {"FLAGS", "INTERNALDATE", "RFC822.SIZE"}),
        ("ALL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}),
        ("FULL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}),
    ],
)
def test_6_4_5_macros(macro, names):
    """Each stands for its items."""
    assert set(Dialogue()(f"FETCH 1 {macro}").items("FETCH")[0]) == names


@pytest.mark.parametrize("messages", ["4", "1:4", "4:*", "2,9"])
@pytest.mark.parametrize("command", ["FETCH {} FLAGS", r"STORE {} +FLAGS (\Seen)", "COPY {} INBOX", "MOVE {} INBOX"])
def test_9_a_number_above_the_last_is_bad(command, messages):
    """Of three messages (the comment on seq-number)."""
    assert Dialogue()(command.format(messages)).status == "BAD"


def test_9_no_number_is_one_in_an_empty_mailbox():
    """Not even `*`; UIDs that nobody has are no error."""
    dialogue = Dialogue(account(messages=0))
    assert [dialogue(f"{uid}FETCH 1:* FLAGS").status for uid in ("", "UID ")] == ["BAD", "OK"]


def test_6_4_8_uid_fetch_of_unknown_uids_is_ok():
    """With nothing said."""
    answer = Dialogue()("UID FETCH 9:10 FLAGS")
    assert (answer.status, answer.kinds) == ("OK", [])


def test_6_4_8_uid_commands_say_the_uid():
    """FETCH responses have it whether or not it was asked for; the number in front stays a message number."""
    own = account()
    own.mailbox("INBOX").expunge([1])
    dialogue = Dialogue(own)
    fetched, stored = dialogue("UID FETCH 3 FLAGS"), dialogue(r"UID STORE 3 +FLAGS (\Seen)")
    assert [(each.number, each.items["UID"]) for each in (*fetched[:-1], *stored[:-1])] == [(2, 3), (2, 3)]


def test_6_4_8_a_range_to_the_largest_has_it_whatever_its_beginning():
    """`9:*` of UIDs up to 3 is 3."""
    assert Dialogue()("UID FETCH 9:* UID").numbers("FETCH") == [3]


@pytest.mark.parametrize(
    ("operation", "flags"),
    [
        (r"FLAGS (\Flagged)", {"\\Flagged"}),
        (r"+FLAGS (\Flagged)", {"\\Seen", "work", "\\Flagged"}),
        (r"-FLAGS (\Seen)", {"work"}),
        ("FLAGS ()", set()),
        (r"FLAGS \Seen \Draft", {"\\Seen", "\\Draft"}),
        ("+FLAGS (WORK)", {"\\Seen", "work"}),
        ("-FLAGS (WORK)", {"\\Seen"}),
    ],
)
def test_6_4_6_store(operation, flags):
    """FLAGS replaces, `+` adds, `-` takes; the answer has all flags. Case counts for nothing in keywords."""
    own = account()
    dialogue = Dialogue(own)
    dialogue(r"STORE 2 FLAGS.SILENT (\Seen work)")
    (found,) = dialogue(f"STORE 2 {operation}").items("FETCH")
    assert (set(found["FLAGS"][1:-1].split()) - {"\\Recent"}, own.mailbox("INBOX").messages[2].flags) == (flags, flags)


@pytest.mark.parametrize("command", ["STORE 1 FLAGS (a A work)", "APPEND INBOX (a A work) {3+}\r\nabc"])
def test_2_3_2_a_keyword_is_there_once(command):
    """However it is written; as the mailbox has it, or else as it came first."""
    own = account()
    dialogue = Dialogue(own)
    dialogue("STORE 2 FLAGS.SILENT (WORK)")
    assert dialogue(command).status == "OK"
    messages = own.mailbox("INBOX").messages
    assert messages[max(messages) if "APPEND" in command else 1].flags == {"a", "WORK"}


def test_6_4_6_a_store_that_changes_nothing_is_answered_all_the_same():
    """The client asked for the flags as they are."""
    dialogue = Dialogue()
    dialogue(r"STORE 1 +FLAGS (\Seen)")
    assert dialogue(r"STORE 1 +FLAGS (\Seen)").kinds == ["1 FETCH"]


def test_6_4_6_a_silent_store_is_not_answered():
    """Except with the tagged response."""
    assert Dialogue()(r"STORE 1:3 +FLAGS.SILENT (\Seen)").kinds == []


def test_6_4_6_a_silent_store_tells_what_another_session_did():
    """A change from an external source is told, silent or not."""
    own = account()
    one, other = Dialogue(own), Dialogue(own)
    other(r"STORE 1 +FLAGS (\Flagged)")
    (found,) = one(r"STORE 1:2 +FLAGS.SILENT (\Seen)").of("FETCH")
    assert (found.number, found.items["FLAGS"]) == (1, "(\\Flagged \\Seen \\Recent)")


@pytest.mark.parametrize("flag", [r"\Recent", r"\Nobody", r"\*"])
def test_6_4_6_a_flag_that_cannot_be_set_is_bad(flag):
    """The server's own, and what is none."""
    assert Dialogue()(f"STORE 1 +FLAGS ({flag})").status == "BAD"


def test_7_2_6_a_new_keyword_is_told_before_it_is_used():
    """FLAGS and PERMANENTFLAGS come first: in one's own answers and in others' news."""
    own = account()
    one, other = Dialogue(own), Dialogue(own)
    kinds = [one("STORE 1 +FLAGS (work)").kinds, other("NOOP").kinds, other("FETCH 1 FLAGS").kinds]
    first = ["FLAGS", "OK PERMANENTFLAGS", "1 FETCH"]
    assert kinds == [first, first, ["1 FETCH"]]


def test_6_4_7_copy_tells_where_the_copies_are():
    """COPYUID (RFC 4315), flags and dates kept."""
    own = account("a")
    dialogue = Dialogue(own)
    dialogue(r"STORE 2 +FLAGS.SILENT (\Flagged work)")
    answer = dialogue("COPY 1:2 a")
    copies = [(info.flags, info.internal_date) for info in own.mailbox("a").messages.values()]
    assert (answer.status, answer.code, copies) == (
        "OK",
        "COPYUID 2 1:2 1:2",
        [(frozenset(), 0.0), (frozenset({"\\Flagged", "work"}), 86_400.0)],
    )


@pytest.mark.parametrize("command", ["COPY 1 a", "UID COPY 1 a", "MOVE 1 a", "UID MOVE 1 a"])
def test_6_4_7_a_mailbox_that_is_not_there_is_no_trycreate(command):
    """It is not made."""
    answer = Dialogue()(command)
    assert (answer.status, answer.code, answer.kinds) == ("NO", "TRYCREATE", [])


def test_6_4_7_copies_into_the_selected_mailbox_are_told():
    """EXISTS and RECENT come before the tagged response."""
    assert Dialogue()("COPY 1:2 INBOX").kinds == ["5 EXISTS", "5 RECENT"]


def test_6_4_7_all_or_none_are_copied():
    """There is room for one of two."""
    own = account("a", messages=2, octets_limit=3 * len(MESSAGE) + 5)
    answer = Dialogue(own)("COPY 1:2 a")
    assert (answer.status, answer.code, len(own.mailbox("a").messages)) == ("NO", "OVERQUOTA", 0)


def test_rfc_6851_move_tells_copies_and_then_what_has_gone():
    """The untagged COPYUID, EXPUNGEs, the tagged OK."""
    own = account("a")
    answer = Dialogue(own)("MOVE 1,3 a")
    assert (answer.kinds, answer.codes, answer.code, list(own.mailbox("INBOX").messages)) == (
        ["OK COPYUID", "1 EXPUNGE", "2 EXPUNGE"],
        ["COPYUID 2 1,3 1:2"],
        "",
        [2],
    )


def test_rfc_6851_move_within_a_mailbox_gives_new_uids():
    """It goes and comes back."""
    own = account()
    answer = Dialogue(own)("UID MOVE 1 INBOX")
    assert (answer.kinds, list(own.mailbox("INBOX").messages)) == (
        ["OK COPYUID", "1 EXPUNGE", "3 EXISTS", "3 RECENT"],
        [2, 3, 4],
    )


def test_rfc_6851_uid_move_of_unknown_uids_is_ok():
    """Nothing is moved, and there is no COPYUID."""
    answer = Dialogue(account("a"))("UID MOVE 9 a")
    assert (answer.status, answer.code, answer.kinds) == ("OK", "", [])


def test_rfc_4315_uid_expunge_takes_only_those_named():
    """Of the marked."""
    own = account()
    dialogue = Dialogue(own)
    dialogue(r"STORE 1:2 +FLAGS.SILENT (\Deleted)")
    assert (dialogue("UID EXPUNGE 2:3").kinds, list(own.mailbox("INBOX").messages)) == (["2 EXPUNGE"], [1, 3])


def test_rfc_3516_what_nobody_can_decode_is_no():
    """UNKNOWN-CTE."""
    own = account(messages=0)
    own.mailbox("INBOX").append(b"Content-Transfer-Encoding: x-odd\r\n\r\nx", [], 0.0)
    answer = Dialogue(own)("FETCH 1 BINARY[1]")
    assert (answer.status, answer.code) == ("NO", "UNKNOWN-CTE")


def test_rfc_3516_what_has_a_nul_is_a_literal8():
    """Decoded; as it is it has none."""
    own = account(messages=0)
    own.mailbox("INBOX").append(b"Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n", [], 0.0)
    (found,) = Dialogue(own)("FETCH 1 (BINARY.SIZE[1] BINARY[1] BODY[1])").items("FETCH")
    assert [found[name] for name in ("BINARY.SIZE[1]", "BINARY[1]", "BODY[1]")] == [3, b"\0\1\2", b"AAEC\r\n"]


def test_rfc_3516_a_message_with_nuls_is_appended_by_a_literal8():
    """It is kept in base64: no other literal could have it."""
    own = account(messages=0)
    dialogue = Dialogue(own)
    content = b"Content-Type: a/b\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\1\2"
    dialogue(b"APPEND INBOX ~{%d+}\r\n%s" % (len(content), content))
    (found,) = dialogue("FETCH 1 (BODY[1] BINARY[1] BODY[1.MIME])").items("FETCH")
    assert [found[name] for name in ("BODY[1]", "BINARY[1]", "BODY[1.MIME]")] == [
        b"AAEC\r\n",
        b"\0\1\2",
        b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    ]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("", {"ALL": "1,3"}),
        ("ALL", {"ALL": "1,3"}),
        ("MIN", {"MIN": "1"}),
        ("MAX", {"MAX": "3"}),
        ("COUNT", {"COUNT": "2"}),
        ("MIN MAX COUNT ALL", {"MIN": "1", "MAX": "3", "COUNT": "2", "ALL": "1,3"}),
    ],
)
def test_rfc_4731_extended_search(wanted, said):
    """One ESEARCH with the tag, and what was asked for."""
    dialogue = Dialogue()
    dialogue(r"STORE 2 +FLAGS.SILENT (\Seen)")
    answer = dialogue(f"SEARCH RETURN ({wanted}) UNSEEN", tag="x")
    assert answer.items("ESEARCH") == [{"TAG": "x", "UID": False} | said]


@pytest.mark.parametrize(
    ("wanted", "said"), [("ALL", {}), ("MIN MAX", {}), ("COUNT", {"COUNT": "0"}), ("COUNT MIN", {"COUNT": "0"})]
)
def test_rfc_4731_nothing_found(wanted, said):
    """MIN, MAX and ALL are left out."""
    (found,) = Dialogue()(f"UID SEARCH RETURN ({wanted}) DELETED", tag="x").items("ESEARCH")
    assert found == {"TAG": "x", "UID": True} | said


@pytest.mark.parametrize(
    ("wanted", "saved"),
    [
        ("SAVE", [1, 2, 3]),
        ("SAVE ALL", [1, 2, 3]),
        ("SAVE COUNT MIN", [1, 2, 3]),
        ("SAVE MIN", [1]),
        ("SAVE MAX", [3]),
        ("SAVE MIN MAX", [1, 3]),
    ],
)
def test_rfc_5182_a_result_is_saved(wanted, saved):
    """`$` stands for it in the commands that follow; with MIN and MAX alone for those (section 2.4)."""
    dialogue = Dialogue()
    dialogue(f"SEARCH RETURN ({wanted}) ALL")
    assert dialogue("FETCH $ UID").numbers("FETCH") == saved


def test_rfc_5182_a_result_that_is_saved_alone_is_not_told():
    """The tagged OK only."""
    answer = Dialogue()("SEARCH RETURN (SAVE) ALL")
    assert (answer.status, answer.kinds) == ("OK", [])


def test_rfc_5182_what_has_gone_is_no_longer_in_a_saved_result():
    """And another mailbox has none; an empty one is no error."""
    dialogue = Dialogue(account("a"))
    dialogue("SEARCH RETURN (SAVE) ALL")
    dialogue(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    dialogue("EXPUNGE")
    before = dialogue("SEARCH UID $").items("SEARCH")
    dialogue("SELECT INBOX")
    after = dialogue("COPY $ a")
    assert (before, after.status, after.code) == ([([1, 2], None)], "OK", "")


def test_rfc_5182_a_search_that_is_no_forgets_the_result():
    """Section 2.1; one that is BAD does not."""
    dialogue = Dialogue()
    dialogue("SEARCH RETURN (SAVE) ALL")
    dialogue("SEARCH RETURN (SAVE) NOBODY")
    bad = dialogue("FETCH $ UID").numbers("FETCH")
    dialogue("SEARCH RETURN (SAVE) CHARSET x-nobody ALL")
    assert (bad, dialogue("FETCH $ UID").numbers("FETCH")) == ([1, 2, 3], [])


def test_9_no_literal_but_one_of_binary_has_a_nul():
    """It is told as 0x80, as by Dovecot, so that sizes stay; BINARY gives it as it is (RFC 3516)."""
    own = account("a")
    own.mailbox("a").append(b"X: \0\r\n\r\n\0\xff", [], 0.0)
    dialogue = Dialogue(own)
    dialogue("EXAMINE a")
    (found,) = dialogue("FETCH 1 (BODY[] RFC822.TEXT BODY[HEADER] BODY[1]<0.1> RFC822.SIZE BINARY[1])").items("FETCH")
    assert found == {
        "BODY[]": b"X: \x80\r\n\r\n\x80\xff",
        "RFC822.TEXT": b"\x80\xff",
        "BODY[HEADER]": b"X: \x80\r\n\r\n",
        "BODY[1]<0>": b"\x80",
        "RFC822.SIZE": 10,
        "BINARY[1]": b"\0\xff",
    }
