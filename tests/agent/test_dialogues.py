"""What Thunderbird and mutt say, line by line, as they were seen with Dovecot: they need a screen, so it stands here.

That of the others is held to the programs themselves (tests/live/test_live_mail_programs.py).
"""

from __future__ import annotations

from sessions import INBOX, Device, Server, Session

from sim.agent.acts import Delete, MoveTo, Search, Seen

THUNDERBIRD_HEADER = (
    "(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority "
    "References Newsgroups In-Reply-To Content-Type Reply-To Received)])"
)
THUNDERBIRD_PREVIEW = "(UID BODY.PEEK[HEADER.FIELDS (Content-Type Content-Transfer-Encoding)] BODY.PEEK[TEXT]<0.2048>)"
MUTT_HEADER = (
    "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SENDER SUBJECT TO CC MESSAGE-ID REFERENCES "
    "CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO LINES LIST-POST X-LABEL)])"
)


class Waiting:
    """A program in IDLE, with three letters in INBOX."""

    def __init__(self, name):
        self.server, self.device = Server(), Device((name, "imap"), idles=True)
        self.server.deliver(3)
        self.session = Session(self.device.agent, self.server).run()
        self._before = 0

    def said(self):
        """Its flights since this was asked last: lines without their tags."""
        flights, self._before = self.session.said[self._before :], len(self.session.said)
        return [[line.partition(" ")[2] or line for line in flight.decode().splitlines()] for flight in flights]

    def told(self):
        """What it says when a letter has come."""
        self.said()
        self.server.deliver()
        self.session.tell().run()
        return self.said()

    def does(self, *acts):
        """What it says when its user does something."""
        self.said()
        self.device.agent.do(*acts)
        self.session.client.resume()
        self.session.run()
        return self.said()


def pop3(name, acts=()):
    """What a program says by POP3 in its first session with three letters, and in one with one more, behind the login."""
    server, device = Server(), Device((name, "pop3"))
    server.deliver(3)
    first = device.run(server)
    server.deliver()
    second = device.run(server, acts)
    return [said.decode().split("AGFubgBzZWNyZXQ=\r\n")[1].splitlines() for said in (first, second)]


def test_thunderbird_asks_for_flags_header_fields_messages_and_a_preview():
    """Then whether there is more, and waits."""
    assert Waiting("thunderbird").said() == [
        ["AUTHENTICATE PLAIN"],
        ["AGFubgBzZWNyZXQ="],
        ["NAMESPACE"],
        ['ID ("name" "Thunderbird" "version" "153.8.0")'],
        ['select "INBOX"'],
        ["UID FETCH 1:* (FLAGS)"],
        [f"UID FETCH 1:3 {THUNDERBIRD_HEADER}"],
        ["UID FETCH 1:3 (UID RFC822.SIZE BODY.PEEK[])"],
        [f"UID FETCH 1 {THUNDERBIRD_PREVIEW}"],
        ["NOOP"],
        ["UID FETCH 4:* (FLAGS)"],
        ['LIST "" "*"'],
        ["IDLE"],
    ]


def test_thunderbird_goes_on_where_a_letter_has_come():
    """It ends IDLE, asks for what is new alone, and waits again."""
    assert Waiting("thunderbird").told() == [
        ["DONE"],
        ["NOOP"],
        ["UID FETCH 4:* (FLAGS)"],
        [f"UID FETCH 4 {THUNDERBIRD_HEADER}"],
        ["UID FETCH 4 (UID RFC822.SIZE BODY.PEEK[])"],
        [f"UID FETCH 4 {THUNDERBIRD_PREVIEW}"],
        ["IDLE"],
    ]


def test_thunderbird_moves_what_is_deleted_into_the_trash():
    """It makes the trash where there is none."""
    assert Waiting("thunderbird").does(Delete(INBOX, 2))[1:4] == [
        ["UID MOVE 2 Trash"],
        ["CREATE Trash"],
        ["UID MOVE 2 Trash"],
    ]


def test_thunderbird_has_the_server_search():
    """In the mailbox that is selected."""
    assert Waiting("thunderbird").does(Search(INBOX, "lunch"))[1] == ["UID SEARCH TEXT lunch"]


def test_thunderbird_fetches_many_messages_in_groups():
    """Of 50 kB at most."""
    server, device = Server(), Device(("thunderbird", "imap"))
    server.deliver(5, size=20_000)
    said = device.run(server).decode().splitlines()
    assert [line.split()[3] for line in said if line.endswith("(UID RFC822.SIZE BODY.PEEK[])")] == ["1:2", "3:4", "5"]


def test_mutt_asks_for_header_fields_alone():
    """By message numbers."""
    assert Waiting("mutt").said() == [
        ["AUTHENTICATE PLAIN AGFubgBzZWNyZXQ="],
        ["CAPABILITY"],
        ["ENABLE UTF8=ACCEPT", 'LIST "" ""', 'LIST "" "*"'],
        ['SELECT "INBOX"'],
        [f"FETCH 1:3 {MUTT_HEADER}"],
        ["IDLE"],
    ]


def test_mutt_says_with_done_what_it_says_next():
    """Without waiting for the end of IDLE."""
    assert Waiting("mutt").told() == [["DONE", f"UID FETCH 4:* {MUTT_HEADER}"], ["IDLE"]]


def test_mutt_fetches_a_message_when_it_is_opened():
    """And copies what is moved."""
    waiting = Waiting("mutt")
    assert waiting.does(Seen(INBOX, 1))[1:] == [
        ["UID FETCH 1 BODY.PEEK[]"],
        ["UID STORE 1 +FLAGS.SILENT (\\Seen)"],
        ["IDLE"],
    ]
    assert waiting.does(MoveTo(INBOX, 2, "Projects"))[1:] == [
        ["UID COPY 2 Projects"],
        ["CREATE Projects"],
        ["UID COPY 2 Projects"],
        ["UID STORE 2 +FLAGS.SILENT (\\Deleted)"],
        ["EXPUNGE"],
        ["IDLE"],
    ]


def test_mutt_fetches_all_that_it_has_not_to_look_for_a_text():
    """It looks into messages itself."""
    assert Waiting("mutt").does(Search(INBOX, "lunch"))[1:4] == [[f"UID FETCH {uid} BODY.PEEK[]"] for uid in (1, 2, 3)]


def test_thunderbird_by_pop3():
    """Statistics, sizes, identifiers, and what is new."""
    assert pop3("thunderbird") == [
        ["STAT", "LIST", "UIDL", "RETR 1", "RETR 2", "RETR 3", "QUIT"],
        ["STAT", "LIST", "UIDL", "RETR 4", "QUIT"],
    ]


def test_mutt_by_pop3():
    """Sizes and headers of what is new; a message where it is opened."""
    opened = [Seen(INBOX, f"{1:08x}{2:08x}")]
    assert pop3("mutt", opened) == [
        ["CAPA", "STAT", "UIDL", "LIST 1", "TOP 1 0", "LIST 2", "TOP 2 0", "LIST 3", "TOP 3 0", "QUIT"],
        ["CAPA", "STAT", "UIDL", "LIST 4", "TOP 4 0", "RETR 2", "QUIT"],
    ]
