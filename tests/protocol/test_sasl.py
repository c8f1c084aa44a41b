"""SASL's mechanisms, whichever protocol carries them (RFC 4422, 4616, 2195)."""

from __future__ import annotations

import pytest

from sim.protocol.sasl import Credentials, SaslServer, Verdict, cram_md5, plain, read_plain

CHALLENGE = b"<1896.697170952@postoffice.reston.mci.net>"
ACCOUNTS = {"tim": "tanstaaftanstaaf", "jos\u00e9": "p\u00e9", "nobody": ""}
TIM = b"tim b913a602c7eda7a495b4e6e7334d3890"


def dialogue(mechanism, *messages, initial=None):
    """What the server says to each message of a dialogue, and who has proved himself."""
    server = SaslServer(ACCOUNTS, CHALLENGE)
    return [server.begin(mechanism, initial), *map(server.respond, messages)], server.user


def test_plain():
    """A message of PLAIN is read as it was written (RFC 4616 section 2)."""
    for credentials in (Credentials("", "bob", "secret"), Credentials("eve", "jos\u00e9", "p\u00e9")):
        assert read_plain(plain(credentials)) == credentials


@pytest.mark.parametrize("message", [b"", b"bob\0secret", b"\0bob\0a\0b", b"\0\0secret", b"\0bob\0", b"\0\xff\0x"])
def test_no_plain(message):
    """A message of another form is none."""
    assert read_plain(message) is None


def test_cram_md5():
    """The example of RFC 2195 section 2."""
    assert cram_md5("tim", "tanstaaftanstaaf", CHALLENGE) == TIM


@pytest.mark.parametrize(
    ("mechanism", "initial", "messages", "said", "user"),
    [
        ("PLAIN", b"\0tim\0tanstaaftanstaaf", [], [Verdict.ACCEPTED], "tim"),
        ("PLAIN", None, [b"\0tim\0tanstaaftanstaaf"], [b"", Verdict.ACCEPTED], "tim"),
        ("PLAIN", "\0jos\u00e9\0p\u00e9".encode(), [], [Verdict.ACCEPTED], "jos\u00e9"),
        # An identity to act as is the user's own, or none (RFC 4616 section 2).
        ("PLAIN", b"tim\0tim\0tanstaaftanstaaf", [], [Verdict.ACCEPTED], "tim"),
        ("PLAIN", b"bob\0tim\0tanstaaftanstaaf", [], [Verdict.REFUSED], ""),
        ("PLAIN", b"\0tim\0wrong", [], [Verdict.REFUSED], ""),
        ("PLAIN", b"\0eve\0wrong", [], [Verdict.REFUSED], ""),
        ("PLAIN", b"\0nobody\0x", [], [Verdict.REFUSED], ""),
        ("PLAIN", b"tim", [], [Verdict.MALFORMED], ""),
        ("LOGIN", None, [b"tim", b"tanstaaftanstaaf"], [b"Username:", b"Password:", Verdict.ACCEPTED], "tim"),
        ("LOGIN", b"tim", [b"tanstaaftanstaaf"], [b"Password:", Verdict.ACCEPTED], "tim"),
        ("LOGIN", None, [b"tim", b"wrong"], [b"Username:", b"Password:", Verdict.REFUSED], ""),
        ("LOGIN", None, [b"nobody", b""], [b"Username:", b"Password:", Verdict.REFUSED], ""),
        ("LOGIN", None, [b"\xff"], [b"Username:", Verdict.MALFORMED], ""),
        ("CRAM-MD5", None, [TIM], [CHALLENGE, Verdict.ACCEPTED], "tim"),
        ("CRAM-MD5", None, [TIM[:-1] + b"1"], [CHALLENGE, Verdict.REFUSED], ""),
        ("CRAM-MD5", None, [cram_md5("eve", "", CHALLENGE)], [CHALLENGE, Verdict.REFUSED], ""),
        ("CRAM-MD5", None, [b""], [CHALLENGE, Verdict.REFUSED], ""),
        ("CRAM-MD5", None, [b"tim \xff"], [CHALLENGE, Verdict.MALFORMED], ""),
        ("CRAM-MD5", TIM, [], [Verdict.SERVER_FIRST], ""),
        ("DIGEST-MD5", None, [], [Verdict.UNKNOWN_MECHANISM], ""),
    ],
)
def test_dialogues(mechanism, initial, messages, said, user):
    """Each mechanism asks for what it needs, and knows who has proved himself."""
    assert dialogue(mechanism, *messages, initial=initial) == (said, user)


def test_a_password():
    """A password said without SASL is checked likewise."""
    server = SaslServer(ACCOUNTS, CHALLENGE)
    assert [server.check("tim", word) for word in ("wrong", "tanstaaftanstaaf")] == [Verdict.REFUSED, Verdict.ACCEPTED]
    assert server.user == "tim"
