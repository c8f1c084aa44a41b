r"""The answers to commands on mailboxes, by section (RFC 3501 section 6.3, and the extensions that add to them)."""

from __future__ import annotations

import pytest
from imap_dialogue import Answer, Dialogue, account
from imap_lines import MESSAGE

LOGIN = "LOGIN ann secret"


def listed(answer: Answer, kind: str = "LIST") -> dict[str, set[str]]:
    """Name -> attributes."""
    return {name: attributes for attributes, _, name, _ in answer.items(kind)}


def names(answer: Answer, kind: str = "LIST") -> list[str]:
    """The names in their order."""
    return [name for _, _, name, _ in answer.items(kind)]


def test_6_3_1_select_says_all_that_it_must():
    """RFC 3501 section 6.3.1, RFC 7162 section 3.1.2.1; in this order."""
    own = account()
    own.mailbox("INBOX").change_flags(1, frozenset({"\\Seen", "work"}))
    answer = Dialogue(own, LOGIN)("SELECT INBOX")
    assert (answer.kinds, answer.codes, answer.code) == (
        [
            *("FLAGS", "OK PERMANENTFLAGS", "3 EXISTS", "3 RECENT", "OK UNSEEN", "OK UIDVALIDITY", "OK UIDNEXT"),
            "OK HIGHESTMODSEQ",
        ],
        [
            r"PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft work \*)",
            *("UNSEEN 2", "UIDVALIDITY 1", "UIDNEXT 4", "HIGHESTMODSEQ 5"),
        ],
        "READ-WRITE",
    )


def test_6_3_1_without_unseen_messages_there_is_no_unseen():
    """0 is no message number."""
    assert "OK UNSEEN" not in Dialogue(account(messages=0), LOGIN)("SELECT INBOX").kinds


def test_6_3_2_examine_says_the_same_and_is_read_only():
    """No flag can be changed, and messages stay recent."""
    own = account()
    dialogue = Dialogue(own, LOGIN)
    answers = [dialogue("EXAMINE INBOX"), dialogue("EXAMINE INBOX")]
    assert [(each.code, each.codes[-5], each.numbers("RECENT")) for each in answers] == [
        ("READ-ONLY", "PERMANENTFLAGS ()", [3])
    ] * 2


def test_6_3_1_messages_are_recent_for_the_first_session_that_selects():
    """And for that one as long as it lasts."""
    own = account()
    one, other = Dialogue(own), Dialogue(own, LOGIN)
    assert (one("FETCH 1 FLAGS").items("FETCH"), other("SELECT INBOX").numbers("RECENT")) == (
        [{"FLAGS": "(\\Recent)"}],
        [0],
    )


def test_6_3_1_another_select_says_that_the_one_before_is_closed():
    """RFC 9051 section 7.1: what comes before CLOSED is about the mailbox before."""
    assert Dialogue()("SELECT INBOX").kinds[0] == "OK CLOSED"


@pytest.mark.parametrize("name", ["nobody", "a/../b", '""'])
def test_6_3_1_a_select_that_fails_leaves_none_selected(name):
    """NO, and what needs a mailbox is BAD."""
    dialogue = Dialogue()
    assert [dialogue(f"SELECT {name}").status, dialogue("CHECK").status] == ["NO", "BAD"]


def test_6_3_1_a_select_that_is_bad_leaves_all_as_it_was():
    """It was none."""
    dialogue = Dialogue()
    assert [dialogue("SELECT").status, dialogue("CHECK").status] == ["BAD", "OK"]


def test_6_3_3_create_makes_the_levels_above_too():
    """As names without a mailbox."""
    dialogue = Dialogue(account(), LOGIN)
    dialogue("CREATE a/b/c")
    assert listed(dialogue('LIST "" *')) == {
        "INBOX": {"\\HasNoChildren"},
        "a": {"\\Noselect", "\\HasChildren"},
        "a/b": {"\\Noselect", "\\HasChildren"},
        "a/b/c": {"\\HasNoChildren"},
    }


def test_6_3_3_a_delimiter_at_the_end_says_that_there_will_be_names_below():
    """The name is the one without it."""
    dialogue = Dialogue(account(), LOGIN)
    dialogue("CREATE a/")
    assert names(dialogue('LIST "" *')) == ["INBOX", "a"]


@pytest.mark.parametrize("name", ["INBOX", "inbox", "a", "a/"])
def test_6_3_3_what_is_there_cannot_be_made(name):
    """NO [ALREADYEXISTS]."""
    answer = Dialogue(account("a"), LOGIN)(f"CREATE {name}")
    assert (answer.status, answer.code) == ("NO", "ALREADYEXISTS")


@pytest.mark.parametrize(
    "name", ['""', "/a", "a//b", "../a", "a/../b", "&", "&Jjo", "&Jjo!", "&AGE-", '"a*"', '"a%b"', "x" * 999, "/"]
)
def test_6_3_3_a_name_that_no_mailbox_can_have_is_no(name):
    """Not BAD: it is a string as any."""
    answer = Dialogue(account(), LOGIN)(f"CREATE {name}")
    assert (answer.status, answer.code) == ("NO", "CANNOT")


def test_6_3_3_octets_beyond_ascii_are_no_name():
    """RFC 3501 section 5.1: 8-bit names are not made; modified UTF-7 is."""
    dialogue = Dialogue(account(), LOGIN)
    assert [dialogue(b"CREATE {2+}\r\n\xc3\xa4").status, dialogue("CREATE &AOQ-").status] == ["NO", "OK"]


def test_6_3_3_inbox_in_any_case_is_the_first_level_of_what_is_below_it():
    """`inbox/a` is INBOX/a."""
    dialogue = Dialogue(account(), LOGIN)
    dialogue("CREATE iNbOx/a")
    assert (dialogue("SELECT Inbox/a").status, names(dialogue('LIST "" inbox/*'))) == ("OK", ["INBOX/a"])


def test_6_3_4_delete_takes_the_messages_and_leaves_what_is_below():
    """The name stays as one without a mailbox."""
    dialogue = Dialogue(account("a", "a/b"), LOGIN)
    answer = dialogue("DELETE a")
    assert (answer.status, listed(dialogue('LIST "" a*'))) == (
        "OK",
        {"a": {"\\Noselect", "\\HasChildren"}, "a/b": {"\\HasNoChildren"}},
    )


@pytest.mark.parametrize(
    ("name", "code"), [("INBOX", "CANNOT"), ("nobody", "NONEXISTENT"), ("a", "HASCHILDREN"), ("&", "CANNOT")]
)
def test_6_3_4_what_cannot_be_deleted(name, code):
    """INBOX, what is not there, and what has mailboxes below it and is none."""
    answer = Dialogue(account("a/b"), LOGIN)(f"DELETE {name}")
    assert (answer.status, answer.code) == ("NO", code)


def test_6_3_4_a_mailbox_made_anew_has_another_uidvalidity():
    """A greater one."""
    dialogue = Dialogue(account("a"), LOGIN)
    before = dialogue("STATUS a (UIDVALIDITY)").items("STATUS")[0][1]["UIDVALIDITY"]
    dialogue("DELETE a")
    dialogue("CREATE a")
    assert dialogue("STATUS a (UIDVALIDITY)").items("STATUS")[0][1]["UIDVALIDITY"] > before


def test_6_3_5_rename_takes_what_is_below_along():
    """Messages, UIDs and UIDVALIDITY stay."""
    own = account("a", "a/b")
    dialogue = Dialogue(own, LOGIN)
    dialogue(b"APPEND a {1+}\r\nx")
    before = dialogue("STATUS a (UIDVALIDITY MESSAGES UIDNEXT)").items("STATUS")[0][1]
    dialogue("RENAME a c/d")
    assert (names(dialogue('LIST "" *')), dialogue("STATUS c/d (UIDVALIDITY MESSAGES UIDNEXT)").items("STATUS")) == (
        ["INBOX", "c", "c/d", "c/d/b"],
        [("c/d", before)],
    )


def test_6_3_5_rename_of_inbox_moves_its_messages():
    """INBOX stays, empty, and so does what is below it."""
    dialogue = Dialogue(account("INBOX/a"), LOGIN)
    dialogue("RENAME INBOX old")
    found = [dialogue(f"STATUS {name} (MESSAGES)").items("STATUS")[0][1]["MESSAGES"] for name in ("INBOX", "old")]
    assert (found, names(dialogue('LIST "" *'))) == ([0, 3], ["INBOX", "INBOX/a", "old"])


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("nobody", "c", "NONEXISTENT"),
        ("a", "b", "ALREADYEXISTS"),
        ("a", "INBOX", "ALREADYEXISTS"),
        ("a", "a", "ALREADYEXISTS"),
        ("a", "a/c", "CANNOT"),
        ("a", "c//d", "CANNOT"),
    ],
)
def test_6_3_5_what_cannot_be_renamed(old, new, code):
    """NO, and why."""
    answer = Dialogue(account("a", "b"), LOGIN)(f"RENAME {old} {new}")
    assert (answer.status, answer.code) == ("NO", code)


def test_6_3_6_subscribe():
    """Names that are there, or have names below them."""
    dialogue = Dialogue(account("a", "b/c"), LOGIN)
    statuses = [dialogue(f"SUBSCRIBE {name}").status for name in ("a", "b", "nobody", "inbox")]
    assert (statuses, names(dialogue('LSUB "" *'), "LSUB")) == (["OK", "OK", "NO", "OK"], ["INBOX", "a", "b"])


def test_6_3_6_a_subscription_outlives_its_mailbox():
    """The user's list is the user's."""
    dialogue = Dialogue(account("a"), LOGIN)
    dialogue("SUBSCRIBE a")
    dialogue("DELETE a")
    assert (names(dialogue('LSUB "" *'), "LSUB"), listed(dialogue('LIST (SUBSCRIBED) "" *'))) == (
        ["a"],
        {"a": {"\\NonExistent", "\\HasNoChildren", "\\Subscribed"}},
    )


def test_6_3_7_unsubscribe():
    """A name that is not on the list is no error."""
    dialogue = Dialogue(account("a"), LOGIN)
    dialogue("SUBSCRIBE a")
    statuses = [dialogue("UNSUBSCRIBE a").status, dialogue("UNSUBSCRIBE a").status]
    assert (statuses, dialogue('LSUB "" *').kinds) == (["OK", "OK"], [])


@pytest.mark.parametrize(
    ("reference", "pattern", "found"),
    [
        ('""', "*", ["INBOX", "a", "a/b", "a/b/c", "ab"]),
        ('""', "%", ["INBOX", "a", "ab"]),
        ('""', "a/%", ["a/b"]),
        ('""', "a/*", ["a/b", "a/b/c"]),
        ('""', "a%", ["a", "ab"]),
        ('""', "%/%", ["a/b"]),
        ('""', "%b", ["ab"]),
        ('""', "*b", ["a/b", "ab"]),
        ('""', "*%*b", ["a/b", "ab"]),
        ('""', "%%", ["INBOX", "a", "ab"]),
        ('""', "inbox", ["INBOX"]),
        ('""', "iN*", ["INBOX"]),
        ('""', "I%x", ["INBOX"]),
        ('""', "A", []),
        ("a/", "%", ["a/b"]),
        ("a", "/b", ["a/b"]),
        ('""', "a/b", ["a/b"]),
        ('""', "nobody", []),
        ('""', "&", []),
        ('""', "a/", []),
    ],
)
def test_6_3_8_list_patterns(reference, pattern, found):
    """`*` is anything, `%` anything within a level, INBOX is there in any case."""
    assert names(Dialogue(account("a", "a/b/c", "ab"), LOGIN)(f"LIST {reference} {pattern}")) == found


def test_6_3_8_an_empty_pattern_asks_for_the_delimiter():
    """One response, without a mailbox."""
    assert Dialogue(account(), LOGIN)('LIST "" ""').items("LIST") == [({"\\Noselect"}, '"/"', "", False)]


def test_6_3_8_a_pattern_of_many_wildcards_takes_no_time():
    """A regular expression of these would not end."""
    own = account("a" * 90)
    assert names(Dialogue(own, LOGIN)(f'LIST "" {"*a" * 60}b')) == []


def test_6_3_9_lsub_with_percent_finds_the_levels_above():
    """As names that cannot be selected."""
    dialogue = Dialogue(account("a/b", "c"), LOGIN)
    for name in ("a/b", "c"):
        dialogue(f"SUBSCRIBE {name}")
    assert (listed(dialogue('LSUB "" %'), "LSUB"), names(dialogue('LSUB "" *'), "LSUB")) == (
        {"a": {"\\Noselect"}, "c": set()},
        ["a/b", "c"],
    )


def test_6_3_10_status():
    """All that can be asked for: RFC 3501, 7162, 7889, 8438, 9051, 9208 (DELETED-STORAGE: the RFC822.SIZEs' sum)."""
    own = account()
    dialogue = Dialogue(own, LOGIN)
    own.mailbox("INBOX").change_flags(1, frozenset({"\\Seen", "\\Deleted"}))
    items = "MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ APPENDLIMIT DELETED-STORAGE"
    assert dialogue(f"STATUS INBOX ({items})").items("STATUS") == [
        ("INBOX", dict(zip(items.split(), (3, 3, 4, 1, 2, 1, 3 * len(MESSAGE), 5, 10_000, len(MESSAGE)), strict=True)))
    ]


@pytest.mark.parametrize("name", ["nobody", "a"])
def test_6_3_10_status_of_what_is_no_mailbox(name):
    """NO."""
    answer = Dialogue(account("a/b"), LOGIN)(f"STATUS {name} (MESSAGES)")
    assert (answer.status, answer.code) == ("NO", "NONEXISTENT")


def test_6_3_11_append():
    """Flags and date are kept, and where it is now is told (RFC 4315)."""
    own = account(messages=0)
    dialogue = Dialogue(own)
    answer = dialogue(b'APPEND INBOX (\\Seen work) "17-Jul-1996 02:44:25 -0700" {1+}\r\nx')
    assert (answer.status, answer.code, answer.kinds) == (
        "OK",
        "APPENDUID 1 1",
        ["1 EXISTS", "1 RECENT", "FLAGS", "OK PERMANENTFLAGS"],
    )
    (found,) = dialogue("FETCH 1 (FLAGS INTERNALDATE)").items("FETCH")
    assert found == {"FLAGS": "(\\Seen work \\Recent)", "INTERNALDATE": '"17-Jul-1996 09:44:25 +0000"'}


def test_6_3_11_append_to_what_is_not_there():
    """NO [TRYCREATE]; it is not made."""
    dialogue = Dialogue(account(), LOGIN)
    answer = dialogue(b"APPEND nobody {1+}\r\nx")
    assert (answer.status, answer.code, names(dialogue('LIST "" nobody'))) == ("NO", "TRYCREATE", [])


def test_6_3_11_append_of_nothing():
    """A message of no octets is none."""
    assert Dialogue()(b"APPEND INBOX {0+}\r\n").status == "NO"


def test_rfc_7889_append_of_too_much():
    """NO [TOOBIG], whether the client waits to be asked or not."""
    dialogue = Dialogue()
    answers = [dialogue(b"APPEND INBOX {10001}"), dialogue(b"APPEND INBOX {10001+}\r\n" + b"x" * 10_001)]
    assert [(each.status, each.code) for each in answers] == [("NO", "TOOBIG")] * 2


def test_rfc_9208_append_beyond_the_quota():
    """NO [OVERQUOTA]."""
    answer = Dialogue(account(messages_limit=3))(b"APPEND INBOX {1+}\r\nx")
    assert (answer.status, answer.code) == ("NO", "OVERQUOTA")


def test_rfc_9208_quota():
    """Storage in units of 1024 octets; the mailbox need not be there."""
    dialogue = Dialogue(account(octets_limit=10_240, messages_limit=9), LOGIN)
    answer = dialogue("GETQUOTAROOT nobody")
    assert (
        answer.status,
        answer.items("QUOTAROOT"),
        answer.items("QUOTA"),
        dialogue('GETQUOTA "User quota"').kinds,
    ) == (
        "OK",
        [["nobody", "User quota"]],
        [("User quota", "(STORAGE 1 10 MESSAGE 3 9)")],
        ["QUOTA"],
    )


def test_rfc_9208_without_limits_there_is_no_quota_root():
    """The mailbox has none, and none is there to be asked for; nobody but the operator sets one."""
    dialogue = Dialogue(account(), LOGIN)
    assert (
        dialogue("GETQUOTAROOT INBOX").items("QUOTAROOT"),
        dialogue('GETQUOTA ""').code,
        dialogue('SETQUOTA "" (STORAGE 1)').code,
    ) == ([["INBOX"]], "NONEXISTENT", "NOPERM")


def test_rfc_6154_special_use():
    """Made with CREATE, shown by LIST, selected by LIST."""
    dialogue = Dialogue(account("a"), LOGIN)
    answers = [dialogue("CREATE Sent (USE (\\Sent))").status, dialogue("CREATE All (USE (\\All))").code]
    assert (answers, listed(dialogue('LIST (SPECIAL-USE) "" * RETURN (SPECIAL-USE)'))) == (
        ["OK", "USEATTR"],
        {"Sent": {"\\HasNoChildren", "\\Sent"}},
    )


def test_rfc_5258_several_patterns_and_what_is_subscribed():
    """Each name once."""
    dialogue = Dialogue(account("a", "b", "c"), LOGIN)
    dialogue("SUBSCRIBE b")
    assert listed(dialogue('LIST "" (a b %b) RETURN (SUBSCRIBED CHILDREN)')) == {
        "a": {"\\HasNoChildren"},
        "b": {"\\HasNoChildren", "\\Subscribed"},
    }


def test_rfc_5258_recursive_match_says_what_is_below():
    """CHILDINFO, for what does not match itself."""
    dialogue = Dialogue(account("a/b", "c"), LOGIN)
    dialogue("SUBSCRIBE a/b")
    assert dialogue('LIST (SUBSCRIBED RECURSIVEMATCH) "" %').items("LIST") == [
        ({"\\NonExistent", "\\HasChildren"}, '"/"', "a", True)
    ]


@pytest.mark.parametrize("options", ["(RECURSIVEMATCH)", "(NOBODY)"])
def test_rfc_5258_options_that_are_bad(options):
    """RECURSIVEMATCH alone, and unknown ones."""
    assert Dialogue(account(), LOGIN)(f'LIST {options} "" *').status == "BAD"


def test_rfc_5819_list_with_status():
    """STATUS behind each mailbox; none for what is none."""
    dialogue = Dialogue(account("a/b"), LOGIN)
    answer = dialogue('LIST "" * RETURN (STATUS (MESSAGES))')
    assert (answer.kinds, answer.items("STATUS")) == (
        ["LIST", "STATUS", "LIST", "LIST", "STATUS"],
        [("INBOX", {"MESSAGES": 3}), ("a/b", {"MESSAGES": 0})],
    )


def test_rfc_2342_namespace():
    """One's own."""
    assert Dialogue(account(), LOGIN)("NAMESPACE").kinds == ["NAMESPACE"]


def test_rfc_9051_what_a_client_of_rev2_is_told():
    """UTF-8 names, LIST in SELECT, ESEARCH, nothing recent."""
    own = account("ä/b")
    own.mailbox("ä/b").append(MESSAGE, [], 0.0)
    dialogue = Dialogue(own, LOGIN, "ENABLE IMAP4rev2")
    answer = dialogue(b'SELECT "\xc3\xa4/b"')
    assert (answer.kinds, answer.items("LIST")) == (
        ["FLAGS", "OK PERMANENTFLAGS", "1 EXISTS", "LIST", "OK UIDVALIDITY", "OK UIDNEXT", "OK HIGHESTMODSEQ"],
        [({"\\HasNoChildren"}, '"/"', "ä/b", False)],
    )
    assert [dialogue("FETCH 1 FLAGS").items("FETCH"), dialogue("SEARCH ALL", tag="x").items("ESEARCH")] == [
        [{"FLAGS": "()"}],
        [{"TAG": "x", "UID": False, "ALL": "1"}],
    ]
    assert names(dialogue('LIST "" *')) == ["INBOX", "ä", "ä/b"]
