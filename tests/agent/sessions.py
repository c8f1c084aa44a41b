"""Mail programs against the servers' dialogues, machine against machine, without time."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.agent.acts import Announced, Fetched, Seen
from sim.agent.dialogue import RetrievalDialogue
from sim.agent.products import MAIL_USER_AGENTS
from sim.agent.retrieval import Retrieval
from sim.mailbox.dialogue import AccessDialogue
from sim.mailbox.imap_access import ImapAccess
from sim.mailbox.memory import MemoryAccount
from sim.mailbox.pop3_access import Pop3Access

USER, PASSWORD = "ann", "secret"
INBOX = "INBOX"


def letter(number, size=300):
    """A message with an ID of its own."""
    text = b"From: bob@b.example\r\nSubject: letter\r\nMessage-ID: <%d@b.example>\r\n\r\n" % number
    return text + b"x" * (size - len(text) - 2) + b"\r\n"


@dataclass
class Server:
    """A host with ann's mailboxes."""

    account: MemoryAccount = field(default_factory=MemoryAccount)
    offers_tls: bool = False
    clear_login: bool = True
    delivered: int = 0

    def deliver(self, count=1, mailbox=INBOX, size=300):
        """Letters come into a mailbox."""
        for _ in range(count):
            self.delivered += 1
            self.account.mailbox(mailbox).append(letter(self.delivered, size), (), 0.0)

    def numbers(self, *, every):
        """The numbers of the letters that are there, in INBOX or in every mailbox."""
        mailboxes = [self.account.mailbox(name) for name in self.account.names() if every or name == INBOX]
        contents = [each.content(uid) for each in mailboxes for uid in each.messages]
        return [int(content.split(b"<")[1].split(b"@")[0]) for content in contents]

    def answers(self, agent):
        """Its side of a session with a program."""
        settings = {
            "accounts": {USER: PASSWORD},
            "open_account": lambda _: self.account,
            "offers_tls": self.offers_tls,
            "clear_login": self.clear_login,
        }
        if agent.access == "pop3":
            return Pop3Access(timestamp="<1@a>", **settings)
        return ImapAccess(challenge=b"<1@a>", now=float, message_limit=1 << 20, **settings)


class Session:
    """A session that goes on until its program has nothing to say; `said` has its flights."""

    def __init__(self, agent, server, acts=(), now=0.0):
        self.agent, self.client = agent, RetrievalDialogue(Retrieval(agent.client(), agent.session(acts, now)))
        self.access, self.said = server.answers(agent), []
        self.server = AccessDialogue(self.access)
        self.client.read(self.server.greet(busy=False))

    def run(self, until=None):
        """Take turns until the program listens, is done, or `until` says so."""
        while not (self.client.done or (until is not None and until(self))):
            flight = self.client.write()
            if not flight and self.client.listens:
                break
            if not flight:
                self.server.secured()
                self.client.secured()
                continue
            self.said.append(flight)
            self.client.read(self.server.read(flight))
        return self

    def tell(self):
        """The server says what is new to a program that waits."""
        self.client.read(self.access.notify())
        return self


class Device:
    """A device of ann's; where its program fetches nothing by itself she opens all that it announces."""

    def __init__(self, name, **settings):
        self.agent = MAIL_USER_AGENTS[name](USER, PASSWORD, **settings)
        self._opened = []

    def learned(self):
        """UIDs that were announced and numbers of letters that were fetched since this was asked last."""
        found = self.agent.take_news()
        announced = [each for each in found if isinstance(each, Announced)]
        if not self.agent.fetches:
            self._opened += [Seen(each.mailbox, each.uid) for each in announced]
        fetched = [int(each.content.split(b"<")[1].split(b"@")[0]) for each in found if isinstance(each, Fetched)]
        return [each.uid for each in announced], sorted(fetched)

    def run(self, server, acts=(), now=0.0):
        """A whole session; gives what it says."""
        session = Session(self.agent, server, acts, now).run()
        assert session.client.failure is None
        return b"".join(session.said)

    def look(self, server, acts=(), now=0.0):
        """A session, and one more where she opens something; gives what was learned."""
        self.run(server, acts, now)
        announced, fetched = self.learned()
        if self._opened:
            opened, self._opened = self._opened, []
            self.run(server, opened, now)
            fetched += self.learned()[1]
        return announced, fetched

    def look_on(self, session):
        """Likewise, in a session that waits."""
        announced, fetched = self.learned()
        if self._opened:
            self.agent.do(*self._opened)
            self._opened = []
            session.client.resume()
            session.run()
            fetched += self.learned()[1]
        return announced, fetched
