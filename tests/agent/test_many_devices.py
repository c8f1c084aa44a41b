"""Any devices of one user on his mailboxes, in any order, whatever happens meanwhile: each has each message once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sessions import INBOX, Device, Server, Session

from sim.agent.acts import Answered, Delete, MoveTo, Seen
from sim.agent.products import MAIL_USER_AGENTS
from sim.mta.queue.failure import Failure

NAMES = [name for name in MAIL_USER_AGENTS if name != ("fetchmail", "imap")]
"""All but the program whose memory is the flags on the server."""
EVERYWHERE = [("thunderbird", "imap"), ("mutt", "imap"), ("mbsync", "imap"), ("getmail", "imap")]
"""Those that look into other mailboxes than INBOX."""
TELL = EVERYWHERE[:3]
FOLDERS = ("Projects", "Lists")
CUT = Failure(0, "4.4.2", "lost connection")

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("deliver"), st.integers(1, 3)),
        st.tuples(st.just("file"), st.sampled_from(FOLDERS)),
        st.tuples(st.just("expunge"), st.integers(0, 9)),
        st.tuples(st.just("anew"), st.sampled_from(FOLDERS)),
        st.tuples(st.just("look"), st.integers(0, 2)),
        st.tuples(st.just("cut"), st.tuples(st.integers(0, 2), st.integers(1, 25))),
    ),
    max_size=25,
)


class Household:
    """Devices on one account, and what each has announced and fetched, mailbox by mailbox."""

    def __init__(self, names):
        self.server = Server()
        self.devices = [Device(name) for name in names]
        self.fetched = [[] for _ in names]

    def deliver(self, count):
        """Letters come."""
        self.server.deliver(count)

    def file(self, folder):
        """A rule files a letter."""
        if folder not in self.server.account.names():
            self.server.account.create(folder)
        self.server.deliver(1, folder)

    def expunge(self, place):
        """A letter goes, by another's hand."""
        inbox = self.server.account.mailbox(INBOX)
        inbox.expunge([*inbox.messages][place : place + 1])

    def anew(self, folder):
        """A mailbox is deleted and made anew: its UIDVALIDITY is another."""
        if folder in self.server.account.names():
            self.server.account.delete(folder)
        self.server.account.create(folder)

    def look(self, place):
        """A device has a whole session."""
        self.fetched[place] += self.devices[place].look(self.server)[1]

    def cut(self, where):
        """A device has a session that ends after some flights."""
        place, flights = where
        device = self.devices[place]
        session = Session(device.agent, self.server).run(until=lambda session: len(session.said) >= flights)
        session.client.end(CUT)
        session.access.disconnected()
        self.fetched[place] += device.learned()[1]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(names=st.lists(st.sampled_from(NAMES), min_size=3, max_size=3), events=EVENTS)
def test_every_device_has_every_message_once(names, events):
    """Letters come, are filed and go, mailboxes are made anew, sessions are cut: none is fetched twice, none is left out."""
    household = Household(names)
    for event, argument in events:
        if event == "anew" and ("thunderbird", "imap") in names:
            # It does not ask for UIDVALIDITY where it asks whether there is news.
            continue
        getattr(household, event)(argument)
    for place, name in enumerate(names):
        household.look(place)
        household.look(place)
        fetched = household.fetched[place]
        assert len(fetched) == len(set(fetched))
        shown = household.server.numbers(every=name in EVERYWHERE)
        assert set(shown) <= set(fetched)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    names=st.lists(st.sampled_from(TELL), min_size=2, max_size=2),
    acts=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([Seen, Answered, Delete, MoveTo]), st.integers(1, 4)), max_size=8
    ),
)
def test_what_is_done_at_any_device_arrives(names, acts):
    """A message is where it was moved first, gone where it was deleted first, and has the flags of what was done to it before."""
    server, devices = Server(), [Device(name) for name in names]
    server.deliver(4)
    for device in devices:
        device.look(server)
    inbox = {uid: set() for uid in range(1, 5)}
    moved = 0
    for place, act, uid in acts:
        if act is MoveTo:
            content = server.account.mailbox(INBOX).content(uid) if uid in inbox else b""
            devices[place].look(server, [MoveTo(INBOX, uid, "Projects", content)])
            moved += inbox.pop(uid, None) is not None
        else:
            devices[place].look(server, [act(INBOX, uid)])
            if act is Delete:
                inbox.pop(uid, None)
            elif uid in inbox:
                inbox[uid].add({Seen: "\\Seen", Answered: "\\Answered"}[act])
    found = {uid: {*info.flags} - {"\\Deleted"} for uid, info in server.account.mailbox(INBOX).messages.items()}
    assert {uid: flags | {"\\Seen"} for uid, flags in found.items()} == {
        uid: flags | {"\\Seen"} for uid, flags in inbox.items()
    }
    there = server.account.names()
    assert (len(server.account.mailbox("Projects").messages) if "Projects" in there else 0) == moved
