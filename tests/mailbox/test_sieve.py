"""Sieve by RFC 5228 and its extensions: what a script makes of a message, and what is no script, with its line."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.address import Address
from sim.mailbox.sieve import DAY, Script, SieveError, Vacation, Verdict
from sim.mailbox.sieve_script import CAPABILITIES, SIZE_LIMIT, read_script
from sim.mailbox.sieve_tests import Incoming
from sim.mailbox.vacation import answer

MESSAGE = (
    b"From: Ann <Ann@X.test>, bob@y.test\r\nTo: undisclosed:;\r\nSubject: =?utf-8?q?h=C3=A9llo?= World\r\n"
    b"X-Two:  first \r\nX-Two: a\r\n\tb\r\nX-Empty:\r\nX-Odd: =?martian?q?known?=\r\nX-Odd: a=?utf-8?b?a?=\r\n\r\nhi\r\n"
)
MAIL = Incoming(MESSAGE, Address("ann", "x.test"), Address("bob", "y.test"))
REQUIRE = "require [" + ", ".join(f'"{name}"' for name in CAPABILITIES) + "];\n"


def verdict(script: str, mail: Incoming = MAIL) -> Verdict:
    """What a script makes of a message."""
    return read_script((REQUIRE + script).encode()).run(mail)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("true", True),
        ("false", False),
        ("not false", True),
        ("allof(true, true, false)", False),
        ("anyof(false, not allof(true, false))", True),
        # Section 5.7: a header's value without the blanks around it, decoded and unfolded; any of them, any key.
        ('header "subject" "héllo world"', True),
        ('header :is "SUBJECT" "hello"', False),
        ('header :is "x-two" ["c", "a b"]', True),
        ('header :is ["x-none", "x-two"] "first"', True),
        ('header :is "x-odd" "a=?utf-8?b?a?="', True),
        ('header :is "x-odd" "known"', True),
        ('header :is "x-empty" ""', True),
        ('header :contains "x-empty" ""', True),
        ('header :contains "x-none" ""', False),
        ('header :contains "subject" "LLO w"', True),
        ('header :comparator "i;octet" :contains "subject" "LLO w"', False),
        ('header :comparator "i;ascii-casemap" :contains "subject" "LLO w"', True),
        # Only the letters of US-ASCII have no case.
        ('header :contains "subject" "É"', False),
        # Section 2.7.1: "?" is one octet for both comparators.
        ('header :matches "subject" "h?llo*"', False),
        ('header :matches "subject" "h??llo*"', True),
        ('header :matches "subject" "*"', True),
        ('header :matches "subject" "*world"', True),
        ('header :matches "subject" "world*"', False),
        ('header :matches "subject" "*l*o*"', True),
        ('header :matches "subject" "*x*o*"', False),
        ('header :matches "x-two" "first*first"', False),
        ('header :matches "x-two" "a\\\\*b"', False),
        ('header :matches "x-two" "a ?"', True),
        ('header :matches "x-two" "a"', False),
        # Section 5.1: addresses without names and comments; of something that is none the whole text.
        ('address "from" "ann@x.test"', True),
        ('address :domain :is ["to", "from"] "Y.TEST"', True),
        ('address :localpart :is "from" "ann"', True),
        ('address :localpart :is "from" "Ann <Ann"', False),
        ('address :contains "to" "undisclosed"', True),
        ('address :domain :contains "to" ""', False),
        ('address :all :contains "cc" ""', False),
        # Section 5.4.
        ('envelope "from" "ann@x.test"', True),
        ('envelope :domain "TO" "y.test"', True),
        ('envelope :localpart ["to", "from"] "ann"', True),
        # Section 5.5 and 5.9.
        ('exists ["from", "subject"]', True),
        ('exists ["from", "x-none"]', False),
        (f"size :over {len(MESSAGE) - 1}", True),
        (f"size :over {len(MESSAGE)}", False),
        (f"size :under {len(MESSAGE)}", False),
        (f"size :under {len(MESSAGE) + 1}", True),
        ("size :under 1k", True),
        ("size :over 1M", False),
        ("size :under 4G", True),
    ],
)
def test_a_test_of_a_message(test: str, expected: bool):
    """It holds, or it does not."""
    assert verdict(f"if {test} {{ discard; }}").folders == (() if expected else ("INBOX",))


@pytest.mark.parametrize("part", [":all", ":localpart", ":domain"])
def test_the_null_reverse_path_is_empty_text(part: str):
    """Section 5.4: whatever part of it is asked for."""
    mail = Incoming(MESSAGE, None, MAIL.recipient)
    assert verdict(f'if envelope {part} :is "from" "" {{ discard; }}', mail).folders == ()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", Verdict(("INBOX",))),
        ("keep;", Verdict(("INBOX",))),
        ('fileinto "Work/2026";', Verdict(("Work/2026",))),
        ('fileinto "a"; fileinto "a"; fileinto "b"; keep; fileinto "inbox";', Verdict(("a", "b", "INBOX"))),
        ('fileinto :copy "a";', Verdict(("a", "INBOX"))),
        ('fileinto :create "a";', Verdict(("a",))),
        ("discard;", Verdict(())),
        ("discard; keep;", Verdict(("INBOX",))),
        ("keep; stop; discard;", Verdict(("INBOX",))),
        ("if true { stop; } discard;", Verdict(("INBOX",))),
        ('redirect "Ann <a@b.c>"; redirect "a@b.c";', Verdict((), ("a@b.c",))),
        ('redirect :copy "a@b.c";', Verdict(("INBOX",), ("a@b.c",))),
        ('reject "no"; discard;', Verdict((), (), "no")),
        ("if false { discard; } elsif true { keep; } else { discard; }", Verdict(("INBOX",))),
        ("if false { keep; } elsif false { keep; } else { discard; }", Verdict(())),
        ("/* a\n comment */ # another\nDISCARD;", Verdict(())),
        ("reject text: # said\r\n..two\r\nlines\r\n.\r\n;", Verdict((), (), ".two\r\nlines\r\n")),
        ('reject "a\nb";', Verdict((), (), "a\r\nb")),
    ],
)
def test_what_becomes_of_a_message(script: str, expected: Verdict):
    """Each folder and each address once; the implicit keep goes with what takes its place (section 2.10.2)."""
    assert verdict(script) == expected


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ('reject "no";\nkeep;', 3),
        ('keep;\nreject "no";', 3),
        ('redirect "a@b.c"; reject "no";', 2),
        ('reject "no"; reject "no";', 2),
        ('reject "no"; vacation "x";', 2),
        ('vacation "x";\n\nvacation "y";', 4),
        ("".join(f'redirect "{n}@b.c";\n' for n in range(5)), 6),
        ("".join(f'fileinto "{n}";\n' for n in range(33)), 34),
    ],
)
def test_a_run_that_fails_keeps_the_message(script: str, line: int):
    """Section 2.10.6: nothing else is done, and the user can be told where it was."""
    found = verdict(script)
    assert (found.folders, found.redirects, found.rejection, found.vacation) == (("INBOX",), (), None, None)
    assert found.error.startswith(f"line {line}: ")


def test_a_vacation_as_it_is_written():
    """RFC 5230 section 4: with all that may be said."""
    script = (
        'vacation :days 3 :subject "Away" :from "Bob <bob@z.test>" :addresses ["b@y.test"] :handle "h" :mime "text";'
    )
    assert verdict(script).vacation == Vacation(
        reason="text",
        period=3 * DAY,
        subject="Away",
        sender="Bob <bob@z.test>",
        addresses=("b@y.test",),
        handle="h",
        mime=True,
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [("", 7 * DAY), (":days 0", DAY), (":days 400", 400 * DAY), (":seconds 30", 30.0), (":seconds 0", 1.0)],
)
def test_the_period_of_a_vacation(said: str, expected: float):
    """A week where nothing is said (RFC 5230 section 4.1), a day or a second at the least (RFC 6131)."""
    found = verdict(f'vacation {said} "x";').vacation
    assert found is not None
    assert found.period == expected


def test_vacations_that_say_something_else_have_another_handle():
    """RFC 5230 section 4.2: what makes an answer another one is its text, subject, sender and kind."""
    scripts = ['"x"', '"y"', ':subject "x" "x"', ':from "a@b.c" "x"', ':mime "x"']
    found = [verdict(f"vacation {script};").vacation for script in scripts]
    assert len({each.handle for each in found if each is not None}) == len(scripts)


@pytest.mark.parametrize(
    ("script", "line", "said"),
    [
        ("keep", 1, "semicolon"),
        ("keep;\n\nif true", 3, ""),
        ("if true {\nkeep;", 2, "right_cbracket"),
        ("keep;\n}", 2, "bracket"),
        ("\nbogus;", 2, "bogus"),
        ('fileinto "a";', 1, "fileinto"),
        ('if envelope "from" "a" {}', 1, "envelope"),
        ('require ["fileinto",\n"bogus"];', 1, "'bogus'"),
        ('keep;\nrequire "fileinto";', 2, "before all else"),
        ('require "fileinto";\nif true {\nfileinto "a/../b";\n}', 3, "name"),
        ('require "fileinto"; fileinto "";', 1, "name"),
        ('redirect "a b";', 1, "a b"),
        ('redirect "a@b.c, d@e.f";', 1, ""),
        ('if address "subject" "x" {}', 1, "'subject'"),
        ('require "envelope";\nif envelope "auth" "x" {}', 2, "'auth'"),
        ('require "vacation"; vacation :from "x y" "z";', 1, "x y"),
        ('require "vacation"; vacation :addresses ["x y"] "z";', 1, "x y"),
        ('require "relational"; if header :count "gt" "a" "1" {}', 1, "'relational'"),
        ('if header :comparator "i;unicode-casemap" "a" "b" {}', 1, "i;unicode-casemap"),
        ('if header :is :contains "a" "b" {}', 1, ":contains"),
        ("else { keep; }", 1, "else"),
        ('keep;\nif header "a" {}', 2, "not complete"),
        ('if anyof(true,\nheader :is "a") {}', 2, ""),
        ('keep;\nredirect "unclosed', 2, "unclosed"),
        ("/* unclosed", 1, "/*"),
        ("keep; \x00", 1, ""),
        ('if header "a" "\xff" {}', 1, ""),
        ("if true {" * 33 + "}" * 33, 1, "nested"),
        ("if " + "not " * 33 + "true {}", 1, "nested"),
        ("if " + "allof(" * 33 + "true" + ")" * 33 + "{}", 1, "nested"),
        ("if " + "not anyof(" * 20 + "true" + ")" * 20 + "{}", 1, "nested"),
        ("#" * SIZE_LIMIT + "\n", 1, str(SIZE_LIMIT)),
    ],
)
def test_what_is_no_script(script: str, line: int, said: str):
    """It is said with its line and in words."""
    with pytest.raises(SieveError) as caught:
        read_script(script.encode("latin-1"))
    assert str(caught.value).startswith(f"line {line}: ")
    assert said in str(caught.value)


def test_many_tests_side_by_side_are_not_deep():
    """Only what is within another counts."""
    side = ", ".join(["not allof(not false, true)"] * 40)
    assert verdict(f"if anyof({side}) {{ discard; }}" + "if not true { keep; }" * 40 + "discard;").folders == ()


SCRAPS = """
if elsif else not anyof allof true false header address size exists keep fileinto redirect reject vacation stop discard
require { } ( ) [ ] ; , "a" "a@b.c" "subject" "fileinto" :is :over :days :comparator 10K :copy :mime setflag hasflag
date notify set body environment " \\ \u00e9
"""
WORDS = st.sampled_from([*SCRAPS.split(), "text:\na\n.\n", "#x\n", "\n"])


@given(st.lists(WORDS, max_size=30).map(" ".join).map(str.encode) | st.binary(max_size=60))
def test_any_text_is_a_script_or_is_said_not_to_be_one(octets: bytes):
    """Nothing else happens, whatever the octets."""
    with suppress(SieveError):
        assert isinstance(read_script(REQUIRE.encode() + octets).run(MAIL), Verdict)


def test_no_pattern_takes_long():
    """Stars cost one search each, not one for each way to share what is there."""
    pattern = "*a" * 5000 + "b"
    mail = Incoming(b"Subject: " + b"a" * 20_000 + b"\r\n\r\n", None, MAIL.recipient)
    assert verdict(f'if header :matches "subject" "{pattern}" {{ discard; }}', mail).folders == ("INBOX",)


def test_an_empty_script_keeps():
    """As no script at all does."""
    assert Script().run(MAIL) == Verdict(("INBOX",))


def test_a_field_of_400_kilobytes_takes_no_time():
    """Encoded words by the thousand, or nothing but the beginnings of message identifiers."""
    word = b"=?utf-8?q?a=C3=BC?= "
    fields = (word * 20_000, b"<" * 200_000)
    content = b"Subject: %s\r\nReferences: %s\r\nMessage-ID: <1@x>\r\n\r\n" % fields
    mail = Incoming(content, MAIL.sender, MAIL.recipient)
    assert verdict('if header :contains "subject" "=?utf-8" { discard; }', mail) == verdict("discard;")
    away = Vacation(reason="away", subject="away")
    said = answer(away, mail, message_id="<2@x>", date="Mon, 7 Feb 1994 21:52:25 +0000")
    assert b"References: <1@x>\r\n" in said
