"""What all mail programs keep to: each message once, what a user does arrives, and nothing is asked for twice."""

from __future__ import annotations

import pytest
from sessions import INBOX, PASSWORD, USER, Device, Server, Session

from sim.agent.acts import Answered, Delete, MoveTo, Search, Seen
from sim.agent.products import MAIL_USER_AGENTS, mail_user_agent
from sim.mta.queue.failure import Failure
from sim.scenario import spec

READERS = [name for name, kind in MAIL_USER_AGENTS.items() if kind.tells and kind.access == "imap"]
"""The programs that tell the server what their user does."""
WAITING = [name for name, kind in MAIL_USER_AGENTS.items() if kind.can_idle]
POP3 = [name for name in MAIL_USER_AGENTS if name[1] == "pop3"]
BY_FLAGS = ("fetchmail", "imap")
"""What it has is a matter of flags on the server."""
CUT = Failure(0, "4.4.2", "lost connection")


def flags(server, mailbox=INBOX):
    """The flags of each message in a mailbox, by UID."""
    return {uid: sorted(info.flags) for uid, info in server.account.mailbox(mailbox).messages.items()}


def test_scenarios_know_the_programs():
    """What each speaks, and which can wait in IDLE."""
    known = {(name, access): usual.idles for name, each in spec.MAIL_PROGRAMS.items() for access, usual in each.items()}
    assert {name: kind.can_idle for name, kind in MAIL_USER_AGENTS.items()} == known


def test_a_device_has_the_program_of_its_user():
    """As he has set it."""
    agent = mail_user_agent(spec.Device(mua="fetchmail", access="pop3", tls=True), USER, PASSWORD)
    server = Server(offers_tls=True)
    server.deliver(2)
    said = b"".join(Session(agent, server).run().said)
    assert (b"STLS" in said, flags(server)) == (True, {})


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_a_program_fetches_every_message_once(name):
    """And again only what has come since."""
    server, device = Server(), Device(name)
    server.deliver(3)
    first = device.look(server)[1]
    server.deliver(2)
    assert (first, device.look(server)[1]) == ([1, 2, 3], [4, 5])


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_a_second_session_transfers_nothing(name):
    """Where there is nothing new: it says less, and hears of no message."""
    server, device = Server(), Device(name)
    server.deliver(3)
    first = len(device.run(server))
    device.look(server)
    second = len(device.run(server))
    assert device.learned() == ([], [])
    assert second < first


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_an_empty_mailbox_is_no_fault(name):
    """Nothing is announced."""
    assert Device(name).look(Server()) == ([], [])


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_a_program_logs_in_only_under_tls_where_it_is_to(name):
    """The password goes behind STARTTLS or STLS."""
    server, device = Server(offers_tls=True, clear_login=False), Device(name, starttls=True)
    server.deliver()
    assert device.look(server)[1] == [1]


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_a_refused_login_is_a_failure(name):
    """And ends the session."""
    session = Session(MAIL_USER_AGENTS[name](USER, "wrong"), Server()).run()
    assert session.client.failure is not None


@pytest.mark.parametrize("name", POP3)
def test_pop3_leaves_messages_as_long_as_it_is_told(name):
    """A message goes with the first session behind that time."""
    server, device = Server(), Device(name, leave=100.0)
    left, fetched = [], []
    for now in (0.0, 50.0, 100.0):
        server.deliver()
        fetched += device.look(server, now=now)[1]
        left.append(list(flags(server)))
    assert (left, fetched) == ([[1], [1, 2], [2, 3]], [1, 2, 3])


@pytest.mark.parametrize("name", POP3)
def test_pop3_deletes_what_it_has_where_nothing_is_to_be_left(name):
    """In the session that has fetched it."""
    server, device = Server(), Device(name, leave="no")
    server.deliver(3)
    assert (device.look(server)[1], flags(server)) == ([1, 2, 3], {})


@pytest.mark.parametrize("name", ["fetchmail", "getmail", "imaplib"])
def test_programs_that_fetch_by_imap_delete_what_they_have_where_nothing_is_to_be_left(name):
    """In the session that has fetched it."""
    server, device = Server(), Device((name, "imap"), leave="no")
    server.deliver(3)
    assert (device.look(server)[1], flags(server)) == ([1, 2, 3], {})


@pytest.mark.parametrize("name", [name for name in POP3 if MAIL_USER_AGENTS[name].tells])
def test_pop3_deletes_what_the_user_has_deleted(name):
    """Whether it was fetched or not."""
    server, device = Server(), Device(name)
    server.deliver(3)
    uid = device.look(server)[0][1]
    device.look(server, [Delete(INBOX, uid)])
    assert (list(flags(server)), device.agent.pending) == ([1, 3], ())


@pytest.mark.parametrize("name", MAIL_USER_AGENTS)
def test_a_session_that_is_cut_costs_no_message(name):
    """Wherever it is cut, the next one brings all, and none twice."""
    ends, flights = False, 0
    while not ends:
        flights += 1
        server, device = Server(), Device(name)
        server.deliver(3)
        session = Session(device.agent, server).run(until=lambda session, most=flights: len(session.said) >= most)
        ends = session.client.done
        session.client.end(CUT)
        session.access.disconnected()
        fetched = device.learned()[1] + device.look(server)[1]
        assert sorted(set(fetched) if name == BY_FLAGS else fetched) == [1, 2, 3]


@pytest.mark.parametrize("name", READERS)
def test_what_a_user_does_arrives(name):
    """Messages are seen and answered, go, and are moved into a mailbox that was not there."""
    server, device = Server(), Device(name)
    server.deliver(4)
    device.run(server)
    moved = server.account.mailbox(INBOX).content(4)
    acts = [Seen(INBOX, 1), Answered(INBOX, 1), Seen(INBOX, 2), Delete(INBOX, 3), MoveTo(INBOX, 4, "Projects", moved)]
    device.run(server, acts)
    assert flags(server) == {1: ["\\Answered", "\\Seen"], 2: ["\\Seen"]}
    assert [info.size for info in server.account.mailbox("Projects").messages.values()] == [len(moved)]
    assert device.agent.pending == ()


@pytest.mark.parametrize("name", READERS)
def test_acts_arrive_wherever_a_session_is_cut(name):
    """The next one says again what was not answered."""
    ends, flights = False, 0
    while not ends:
        flights += 1
        server, device = Server(), Device(name)
        server.deliver(3)
        device.look(server)
        acts = [
            Answered(INBOX, 1),
            Delete(INBOX, 2),
            MoveTo(INBOX, 3, "Projects", server.account.mailbox(INBOX).content(3)),
        ]
        session = Session(device.agent, server, acts).run(until=lambda session, most=flights: len(session.said) >= most)
        ends = session.client.done
        session.client.end(CUT)
        session.access.disconnected()
        device.look(server)
        assert [uid for uid, found in flags(server).items() if "\\Answered" in found] == [1]
        assert (list(flags(server)), len(flags(server, "Projects"))) == ([1], 1)


@pytest.mark.parametrize("name", READERS)
def test_what_is_deleted_in_the_trash_is_gone(name):
    """There it is moved no more."""
    server, device = Server(), Device(name)
    server.account.create("Trash")
    server.deliver(2, "Trash")
    server.deliver()
    device.run(server)
    device.run(server, [Delete("Trash", 1)])
    assert (list(flags(server, "Trash")), device.agent.pending) == ([2], ())


@pytest.mark.parametrize("name", READERS)
def test_what_a_program_has_moved_is_not_new_to_it(name):
    """It knows it in its new mailbox; to another device it is new."""
    server, device, other = Server(), Device(name), Device(name)
    server.deliver(2)
    device.look(server)
    device.look(server, [MoveTo(INBOX, 1, "Projects", server.account.mailbox(INBOX).content(1))])
    assert (device.look(server)[1], other.look(server)[1]) == ([], [1, 2])


@pytest.mark.parametrize("name", READERS)
def test_acts_on_a_mailbox_that_was_made_anew_are_forgotten(name):
    """Its UIDVALIDITY is another: its UIDs mean other messages."""
    server, device = Server(), Device(name)
    server.account.create("Projects")
    server.deliver(1, "Projects")
    first = device.look(server)[1]
    server.account.delete("Projects")
    server.account.create("Projects")
    server.deliver(1, "Projects")
    second = device.look(server, [Delete("Projects", 1)])[1]
    assert (first, second, device.agent.pending) == ([1], [2], ())
    assert list(flags(server, "Projects")) == [1]


@pytest.mark.parametrize("name", READERS)
def test_what_can_no_longer_be_told_is_forgotten(name):
    """A message that another device has deleted, a mailbox that is gone."""
    server, device = Server(), Device(name)
    server.deliver(2)
    device.look(server)
    server.account.mailbox(INBOX).expunge([1])
    device.run(server, [Seen(INBOX, 1), MoveTo(INBOX, 1, "Projects"), Seen("Gone", 1), Search(INBOX, "letter")])
    assert (device.agent.pending, list(flags(server))) == ((), [2])


@pytest.mark.parametrize("name", WAITING)
def test_a_waiting_program_is_told_of_new_mail(name):
    """It fetches it in the same session, and waits again."""
    server, device = Server(), Device(name, idles=True)
    server.deliver()
    session = Session(device.agent, server).run()
    first = device.look_on(session)[1]
    server.deliver(2)
    session.tell().run()
    assert (first, device.look_on(session)[1], session.client.listens) == ([1], [2, 3], True)


@pytest.mark.parametrize("name", WAITING)
def test_a_waiting_program_that_is_woken_waits_again(name):
    """As it is to be every half an hour."""
    session = Session(Device(name, idles=True).agent, Server()).run()
    before = len(session.said)
    session.client.resume()
    session.run()
    assert session.client.listens
    assert b"".join(session.said[before:]).startswith(b"DONE\r\n")


@pytest.mark.parametrize("name", [name for name in READERS if name in WAITING])
def test_a_waiting_program_says_at_once_what_its_user_does(name):
    """It is woken for that."""
    server, device = Server(), Device(name, idles=True)
    server.deliver()
    session = Session(device.agent, server).run()
    device.agent.do(Seen(INBOX, 1))
    session.client.resume()
    session.run()
    assert (session.client.listens, flags(server)) == (True, {1: ["\\Seen"]})
