"""Any octets, in any pieces: responses that the grammar knows, one tagged one a command, and no exception."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from imap_lines import said, selected, session
from strict_responses import read_all

from sim.mailbox.memory import MemoryAccount
from sim.protocol.imap4.command_writer import write_command

sys.path.append(str(Path(__file__).parent.parent / "protocol"))
from imap_values import COMMANDS

LINES = [
    b"{t} LOGIN ann secret",
    b"{t} SELECT INBOX",
    b"{t} EXAMINE a/b",
    b"{t} CREATE a/b",
    b"{t} CREATE Sent (USE (\\Sent))",
    b"{t} DELETE a/b",
    b"{t} RENAME a/b c",
    b"{t} RENAME INBOX old",
    b"{t} SUBSCRIBE a/b",
    b'{t} LIST "" *',
    b'{t} LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES SIZE))',
    b'{t} LSUB "" %',
    b"{t} STATUS INBOX (MESSAGES UIDNEXT UNSEEN RECENT DELETED SIZE HIGHESTMODSEQ UIDVALIDITY)",
    b"{t} FETCH 1:* ALL",
    b"{t} FETCH 1:* (BODY[] BODYSTRUCTURE BINARY[1] BINARY.SIZE[1] BODY[1.MIME] RFC822.TEXT BODY[HEADER.FIELDS (To)])",
    b"{t} FETCH 2 (FLAGS) (CHANGEDSINCE 1)",
    b"{t} UID FETCH 2:* (BODY.PEEK[TEXT]<1.3> MODSEQ)",
    b"{t} FETCH 1 (UID FLAGS uid BODY[TEXT] RFC822.SIZE FLAGS BODY[TEXT])",
    b"{t} STORE 1:2 +FLAGS (\\Deleted foo)",
    b"{t} STORE 1 +FLAGS (Foo \\SEEN FOO bar BAR \\Seen)",
    b"{t} UID STORE 3 (UNCHANGEDSINCE 2) FLAGS.SILENT (\\Seen)",
    b"{t} COPY 1:2 a/b",
    b"{t} UID MOVE 1 Sent",
    b"{t} EXPUNGE",
    b"{t} UID EXPUNGE 1:3",
    b"{t} CLOSE",
    b"{t} UNSELECT",
    b"{t} SEARCH RETURN (MIN MAX COUNT ALL SAVE) NOT DELETED",
    b"{t} FETCH $ FLAGS",
    b"{t} SEARCH OR SUBJECT hello TEXT body SINCE 2-Jan-1970",
    b"{t} APPEND INBOX (\\Seen) {5+}\r\nhello",
    b"{t} APPEND INBOX {5}\r\nhello",
    b"{t} APPEND INBOX {99999+}\r\n" + b"x" * 99_999,
    b"{t} IDLE\r\nDONE",
    b"{t} ENABLE IMAP4rev2 CONDSTORE",
    b"{t} GETQUOTAROOT INBOX",
    b"{t} ID NIL",
    b"{t} NOOP",
    b"{t} CAPABILITY",
    b"{t} AUTHENTICATE PLAIN\r\n*",
    b"{t} AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=",
    b"{t} NAMESPACE",
    b"{t} CHECK",
    b"{t} FETCH 1 (((((",
    b"{t} foo",
    b"\x00\xff",
    b"",
]


def pieces(octets: bytes, cuts: list[int]) -> list[bytes]:
    """Octets cut at these places."""
    places = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    return [octets[start:end] for start, end in pairwise(places)]


SCRIPTS = st.lists(
    st.sampled_from(LINES).map(lambda line: line + b"\r\n")
    | COMMANDS.map(lambda command: write_command("{t}", command, utf8=False)),
    max_size=12,
)


@given(SCRIPTS, st.booleans())
@settings(deadline=None)
def test_every_command_gets_one_tagged_response_that_the_grammar_knows(script, logged_in):
    """Literals that wait to be asked for are sent all the same."""
    access = selected() if logged_in else session()
    octets = b"" if logged_in else access.greet()
    tags = []
    for number, line in enumerate(script):
        octets += said(access, line.replace(b"{t}", b"t%d" % number, 1))
        tags.append(f"t{number}")
    found = [each.tag for each in read_all(octets, utf8=True) if each.tag in tags]
    assert len(found) == len(set(found))


@given(SCRIPTS, st.lists(st.integers(0, 10**6), max_size=20))
@settings(deadline=None)
def test_pieces_do_not_matter(script, cuts):
    """What is answered to octets depends on nothing but them."""
    octets = b"".join(line.replace(b"{t}", b"t%d" % number, 1) for number, line in enumerate(script))
    whole, parts = selected(), selected()
    assert b"".join(said(parts, piece) for piece in pieces(octets, cuts)) == said(whole, octets)


@given(st.binary(max_size=300))
def test_noise_is_answered_or_ends_the_session(octets):
    """Nothing is raised."""
    access = session(MemoryAccount())
    read_all(access.greet() + said(access, octets + b"\r\n"))
