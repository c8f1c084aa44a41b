"""Responses as a client reads them, of whatever name (RFC 3501 and 9051 section 9)."""

from __future__ import annotations

import pytest

from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.response_grammar import ContinueResponse, DataResponse, StatusResponse, read_response
from sim.protocol.imap4.scanner import mark


@pytest.mark.parametrize(
    ("line", "response"),
    [
        (b"+", ContinueResponse("")),
        (b"+ YQ==", ContinueResponse("YQ==")),
        (b"* OK", StatusResponse("*", "OK", "", "")),
        (b"a1 no [TRYCREATE] No.", StatusResponse("a1", "NO", "TRYCREATE", "No.")),
        (b"* OK [UIDNEXT 5]", StatusResponse("*", "OK", "UIDNEXT 5", "")),
        (b'* OK [X "a]\\"]" (y)] z', StatusResponse("*", "OK", 'X "a]\\"]" (y)', "z")),
        (b"* BAD [x", StatusResponse("*", "BAD", "", "[x")),
        (b"* OK \xc3\xa4\xff", StatusResponse("*", "OK", "", "\u00e4\ufffd")),
        (b"* OKAY", DataResponse("OKAY", None, ())),
        (b"* 23 exists", DataResponse("EXISTS", 23, ())),
        (b"* SEARCH", DataResponse("SEARCH", None, ())),
        (b"* SEARCH 1 22 ", DataResponse("SEARCH", None, (1, 22))),
        (b"* FLAGS (\\Seen \\* $a)", DataResponse("FLAGS", None, (("\\Seen", "\\*", "$a"),))),
        (b'* LIST () "/" Sent', DataResponse("LIST", None, ((), b"/", "Sent"))),
        (b"* LIST (\\NoSelect) NIL [Gmail]/a]b", DataResponse("LIST", None, (("\\NoSelect",), None, "[Gmail]/a]b"))),
        (b"* STATUS [x (MESSAGES 1)", DataResponse("STATUS", None, ("[x", ("MESSAGES", 1)))),
        (b"* LIST () NIL 007", DataResponse("LIST", None, ((), None, "007"))),
        (b'* X ((NIL NIL "a" "b")(1 2) )', DataResponse("X", None, (((None, None, b"a", b"b"), (1, 2)),))),
        (b"* 1 FETCH (BODY[] " + mark(0) + b")", DataResponse("FETCH", 1, (("BODY[]", b"literal"),))),
        (
            b'* 1 FETCH (BODY[HEADER.FIELDS (To "Cc")]<5> "x")',
            DataResponse("FETCH", 1, (('BODY[HEADER.FIELDS (To "Cc")]<5>', b"x"),)),
        ),
        (b"* VANISHED (EARLIER) 1:5,7", DataResponse("VANISHED", None, (("EARLIER",), "1:5,7"))),
    ],
)
def test_responses(line, response):
    """Each is read as it stands."""
    assert read_response(line, [b"literal"]) == response


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"*",
        b"* ",
        b"x",
        b"a1 EXISTS",
        b"* 1",
        b"* X (",
        b"* X )",
        b"* X (a))",
        b'* X "a',
        b"* FLAGS ()x",
        b"*OK x",
    ],
)
def test_what_is_none(line):
    """It is said."""
    with pytest.raises(SyntaxFault):
        read_response(line, [])


def test_items_of_a_fetch():
    """Their names in upper case, up to the bracket."""
    response = read_response(b'* 1 FETCH (uid 5 Flags (\\Seen) body[Text] "x")', [])
    assert isinstance(response, DataResponse)
    assert response.items() == {"UID": 5, "FLAGS": ("\\Seen",), "BODY[Text]": b"x"}


@pytest.mark.parametrize("line", [b"* SEARCH", b"* SEARCH 1"])
def test_what_has_no_items(line):
    """Nothing is made up."""
    response = read_response(line, [])
    assert isinstance(response, DataResponse)
    assert response.items() == {}


def test_many_numbers_take_time_in_proportion():
    """A SEARCH that finds twenty thousand messages is read at once."""
    response = read_response(b"* SEARCH " + b" ".join(b"%d" % n for n in range(20_000)), [])
    assert isinstance(response, DataResponse)
    assert response.values == tuple(range(20_000))
