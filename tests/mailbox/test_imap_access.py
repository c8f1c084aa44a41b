r"""The answers to commands on the session, and every command in every state (RFC 3501 sections 3 and 6)."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5
from hmac import HMAC

import pytest
from imap_dialogue import Dialogue, account
from imap_lines import session
from strict_responses import read_all

LOGIN = "LOGIN ann secret"
NONE = ("NOOP",)
"""What a session begins with that has nobody logged in."""
STATES = {
    "not authenticated": NONE,
    "authenticated": (LOGIN,),
    "selected": (LOGIN, "SELECT INBOX"),
    "read only": (LOGIN, "EXAMINE INBOX"),
}
ANY, USER, MAILBOX = frozenset(STATES), frozenset(STATES) - {"not authenticated"}, frozenset({"selected", "read only"})
COMMANDS = {
    "CAPABILITY": ANY,
    "NOOP": ANY,
    "LOGOUT": ANY,
    "ID NIL": ANY,
    'ID ("name" "x")': ANY,
    LOGIN: {"not authenticated"},
    "AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=": {"not authenticated"},
    "STARTTLS": {"not authenticated"},
    "ENABLE CONDSTORE": USER,
    "SELECT INBOX": USER,
    "EXAMINE INBOX": USER,
    "CREATE new": USER,
    "DELETE a": USER,
    "RENAME a b": USER,
    "SUBSCRIBE a": USER,
    "UNSUBSCRIBE a": USER,
    'LIST "" *': USER,
    'LSUB "" *': USER,
    "STATUS a (MESSAGES)": USER,
    "NAMESPACE": USER,
    "APPEND a {1+}\r\nx": USER,
    "GETQUOTAROOT INBOX": USER,
    "CHECK": MAILBOX,
    "CLOSE": MAILBOX,
    "UNSELECT": MAILBOX,
    "EXPUNGE": {"selected"},
    "UID EXPUNGE 1": {"selected"},
    "SEARCH ALL": MAILBOX,
    "UID SEARCH ALL": MAILBOX,
    "FETCH 1 FLAGS": MAILBOX,
    "UID FETCH 1 FLAGS": MAILBOX,
    r"STORE 1 +FLAGS (\Seen)": {"selected"},
    r"UID STORE 1 +FLAGS (\Seen)": {"selected"},
    "COPY 1 a": MAILBOX,
    "UID COPY 1 a": MAILBOX,
    "MOVE 1 a": {"selected"},
    "UID MOVE 1 a": {"selected"},
}
"""Command -> the states in which it is OK."""


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_every_state(command, state):
    """OK where it belongs, BAD where it does not; NO for what would change a mailbox that is open to read only."""
    dialogue = Dialogue(account("a"), *STATES[state], offers_tls=True)
    answer = dialogue(command, tag="x")
    wrong = "NO" if state == "read only" and COMMANDS[command] == {"selected"} else "BAD"
    assert (answer[-1].tag, answer.status) == ("x", "OK" if state in COMMANDS[command] else wrong)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_has_no_place_changes_nothing(command, state):
    """The session is in the state in which it was."""
    dialogue = Dialogue(account("a"), *STATES[state])
    if dialogue(command, tag="x").status == "BAD":
        assert dialogue("NOOP").status == "OK"
        assert dialogue("CHECK").status == ("OK" if state in MAILBOX else "BAD")


@pytest.mark.parametrize("state", STATES)
def test_logout_says_bye_first(state):
    """BYE, then the tagged OK; the connection is over."""
    dialogue = Dialogue(account(), *STATES[state])
    answer = dialogue("LOGOUT")
    assert ([each.kind for each in answer], dialogue.access.is_over) == (["BYE", "OK"], True)


def test_6_1_1_capabilities():
    """They are told in the greeting, when asked, and behind the login, where there are more."""
    access = session(account())
    (greeting,) = read_all(access.greet())
    dialogue = Dialogue(account(), *NONE)
    asked = dialogue("CAPABILITY").items("CAPABILITY")[0]
    behind = dialogue(LOGIN)
    assert (greeting.code.split()[1:], behind.code.split()[1:]) == (
        asked,
        dialogue("CAPABILITY").items("CAPABILITY")[0],
    )
    assert {"IMAP4rev1", "IMAP4rev2", "AUTH=PLAIN"} <= set(asked)
    assert {"UIDPLUS", "MOVE", "CONDSTORE", "QUOTA", "APPENDLIMIT=10000"} <= set(behind.code.split())


def test_6_2_3_wrong_passwords():
    """NO [AUTHENTICATIONFAILED], counted, and the session goes on."""
    dialogue = Dialogue(account(), *NONE)
    answers = [dialogue("LOGIN ann wrong"), dialogue('LOGIN nobody ""'), dialogue(LOGIN)]
    assert ([(each.status, each.code.partition(" ")[0]) for each in answers], dialogue.access.failures) == (
        [("NO", "AUTHENTICATIONFAILED"), ("NO", "AUTHENTICATIONFAILED"), ("OK", "CAPABILITY")],
        2,
    )


def test_6_2_3_passwords_in_the_clear_need_tls_where_the_host_says_so():
    """LOGINDISABLED; CRAM-MD5 says none."""
    dialogue = Dialogue(account(), *NONE, clear_login=False, offers_tls=True)
    words = set(dialogue("CAPABILITY").items("CAPABILITY")[0])
    codes = [dialogue(LOGIN).code, dialogue("AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=").code]
    assert ({"LOGINDISABLED", "STARTTLS", "AUTH=CRAM-MD5"} <= words, "AUTH=PLAIN" in words, codes) == (
        True,
        False,
        ["PRIVACYREQUIRED"] * 2,
    )


def test_6_2_1_starttls():
    """Behind it nothing counts that came before; it is neither offered nor taken again."""
    dialogue = Dialogue(account(), *NONE, clear_login=False, offers_tls=True)
    answer = dialogue.raw(b"s STARTTLS\r\nx LOGIN ann secret\r\n")
    wanted = dialogue.access.wants_tls
    dialogue.access.secured()
    words = dialogue("CAPABILITY").items("CAPABILITY")[0]
    assert (len(answer), answer.status, wanted, "STARTTLS" in words, "LOGINDISABLED" in words) == (
        *(1, "OK", True, False, False),
    )
    assert [dialogue("STARTTLS").status, dialogue(LOGIN).status] == ["BAD", "OK"]


def test_6_2_1_starttls_that_is_not_offered():
    """BAD."""
    assert Dialogue(account(), *NONE)("STARTTLS").status == "BAD"


def test_6_2_2_authenticate_in_steps():
    """PLAIN and LOGIN ask, CRAM-MD5 says what to digest; the tag is that of the command."""
    plain, cram = Dialogue(account(), *NONE), Dialogue(account(), *NONE)
    asked = plain("AUTHENTICATE PLAIN")
    assert (asked[-1].text, plain.raw(b"AGFubgBzZWNyZXQ=\r\n").status) == ("", "OK")
    assert cram("AUTHENTICATE CRAM-MD5", tag="c").status == "+"
    digest = HMAC(b"secret", b"<1@a.example>", md5).hexdigest()
    answer = cram.raw(b64encode(f"ann {digest}".encode()) + b"\r\n")
    assert (answer[-1].tag, answer.status) == ("c", "OK")


@pytest.mark.parametrize(
    ("line", "status"), [(b"*", "BAD"), (b"!", "BAD"), (b"AGFubgB3cm9uZw==", "NO"), (b"YQ==", "NO"), (b"", "NO")]
)
def test_6_2_2_authenticate_that_fails(line, status):
    """Given up, no base64, a wrong password, not what the mechanism says; the session goes on."""
    dialogue = Dialogue(account(), *NONE)
    dialogue("AUTHENTICATE PLAIN")
    assert (dialogue.raw(line + b"\r\n").status, dialogue(LOGIN).status) == (status, "OK")


def test_6_2_2_an_unknown_mechanism_is_no():
    """Nothing is asked."""
    assert Dialogue(account(), *NONE)("AUTHENTICATE X-NOBODY").status == "NO"


def test_rfc_5161_enable():
    """What is known of it is said, once; what is not is passed over."""
    dialogue = Dialogue(account(), LOGIN)
    said = [dialogue(f"ENABLE {words}").items("ENABLED") for words in ("X-NOBODY CONDSTORE imap4REV2 CONDSTORE", "X")]
    assert said == [[["CONDSTORE", "IMAP4rev2"]], [[]]]


def test_rfc_2971_id():
    """The server says its name."""
    assert Dialogue(account(), *NONE)('ID ("name" "x" "version" NIL)').items("ID") == [{b"name": b"mtasim"}]


def test_5_5_pipelined_commands_are_answered_in_their_order():
    """Each with its tag."""
    answer = Dialogue(account(), *NONE).raw(b"a LOGIN ann secret\r\nb SELECT INBOX\r\nc FETCH 1 UID\r\nd LOGOUT\r\n")
    assert [each.tag for each in answer if each.tag != "*"] == ["a", "b", "c", "d"]


def test_what_the_peer_does_not_say_in_time():
    """A BYE with the reason; nothing behind the end."""
    dialogue = Dialogue()
    said = [read_all(dialogue.access.close("Idle for too long.")), dialogue.access.close("Again.")]
    assert ([each.kind for each in said[0]], said[1], dialogue.access.is_over) == (["BYE"], b"", True)


def test_a_store_that_cannot_be_read_is_no():
    """UNAVAILABLE; the session goes on."""
    own = account()

    def fails(_name: str) -> None:
        raise OSError("the disk is gone")

    dialogue = Dialogue(own)
    own.mailbox = fails
    answer = dialogue("STATUS INBOX (MESSAGES)")
    assert (answer.status, answer.code, dialogue("NOOP").status) == ("NO", "UNAVAILABLE", "OK")
