"""How programs spell commands changes what they look like and never what they mean, whatever names and content are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.agent.imap_agent import ImapAgent
from sim.agent.imap_spelling import SPELLINGS, Spelling, SpellingClient
from sim.agent.products import MAIL_USER_AGENTS
from sim.protocol.events import NEED_DATA
from sim.protocol.imap4 import commands as c
from sim.protocol.imap4.responses import Tagged, state
from sim.protocol.imap4.server import Server

OWN = {name: kind.spelling for (name, access), kind in MAIL_USER_AGENTS.items() if issubclass(kind, ImapAgent)}
ALL = [spelling for spelling in {**OWN, **SPELLINGS}.values() if spelling is not None]
SPELLED = b'LOGIN a b\r\n SELECT INBOX\r\n UID FETCH 1 BODY.PEEK[]\r\n LIST "" "*"\r\n'
"""What a content may look like."""
STRANGE = [b'"john doe"@a.example', b"a b", b"{3}", b'x"', b"\\", "jürgen".encode()]
WORDS = st.binary(max_size=20).filter(lambda octets: b"\0" not in octets) | st.sampled_from(STRANGE)
SETS = st.lists(st.integers(1, 10**9), min_size=1, max_size=200).map(lambda uids: tuple((uid, uid) for uid in uids))
COMMANDS = st.one_of(
    st.builds(c.Login, WORDS, WORDS),
    st.builds(c.Append, st.sampled_from(["INBOX", "Ä b"]), st.sampled_from([SPELLED, b"x" * 5000, SPELLED * 99])),
    st.builds(c.Select, st.sampled_from(["INBOX", "INBOX/INBOX", "Ä b", " SELECT INBOX"])),
    st.builds(c.ListMailboxes, st.just(""), st.sampled_from([("*",), ("%",)])),
    st.builds(c.Fetch, SETS, st.sampled_from([(c.FetchItem("FLAGS"),), (c.FetchItem("BODY", c.Section(), True),)])),
)


def understood(spelling: Spelling, command: c.Command) -> object:
    """What a server understands of a command that is spelled so."""
    client, server = SpellingClient(spelling), Server(message_limit=1 << 20)
    greeting = state("OK" if isinstance(command, c.Login) else "PREAUTH", "Ready.", "CAPABILITY LITERAL+")
    client.receive_data(server.send(greeting))
    client.next_event()
    if isinstance(command, c.Fetch):
        server.receive_data(client.send(c.Select("INBOX")))
        server.next_event()
        client.receive_data(server.send(Tagged("OK", "Selected.")))
        client.next_event()
    server.receive_data(client.send(command))
    event = server.next_event()
    server.send(Tagged("OK", "Done."))
    assert server.next_event() is NEED_DATA
    return event.command


@pytest.mark.parametrize("spelling", ALL)
@given(command=COMMANDS)
def test_a_spelling_keeps_what_is_said(spelling, command):
    """The server has the command that the program meant: names in quotes stay so, and no content is changed."""
    assert understood(spelling, command) == command
