"""Messages whose senders ask for more than delivery, in a world of their own."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message
from typing import NamedTuple

from worlds import later, message, scenario

from sim.mail.path import parse_forward_path, parse_path
from sim.protocol.smtp.events import Parameters
from sim.results.facts import Facts
from sim.world.simulation import Simulation

ALL = (
    "PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "DSN", "DELIVERBY", "FUTURERELEASE",
    "MT-PRIORITY",
)  # fmt: skip
FEW = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES")
KNOWS_ALL = {"extensions": ALL, "uses": ALL}
KNOWS_FEW = {"extensions": FEW, "uses": FEW}


class Mail(NamedTuple):
    """A message as a user hands it in at host a: parameters for all, and of each recipient's RCPT."""

    to: dict[str, Parameters]
    parameters: Parameters = ()
    sender: str = "<u1@a.example>"
    at: float = 0.0
    content: bytes = b"Subject: hello\r\n\r\nbody\r\n"
    host: str = "a"


class Told(NamedTuple):
    """A report: the blocks of its delivery status, and the kind of its last part."""

    message: dict[str, str]
    recipients: list[dict[str, str]]
    returned: str
    at: float


class Outcome(NamedTuple):
    """What became of it all."""

    facts: Facts
    world: Simulation
    reports: list[Told]

    def said(self, verb: str) -> list[str]:
        """The lines of all dialogues that begin with this."""
        return [line.line for line in self.facts.dialogues if line.direction == ">" and line.line.startswith(verb)]

    def fates(self) -> dict[str, str]:
        """The end of each copy of the users' messages."""
        reports = {fact.message_id for fact in self.facts.messages if fact.sender == "<>"}
        return {copy.recipient: copy.outcome for copy in self.facts.copies if copy.message_id not in reports}


def send(links: str, *mails: Mail, **settings) -> Outcome:
    """Run a world in which these messages are handed in."""
    # A world without workload does not run: a message that stays at home makes it.
    home = message(0, "u2@a", "u2@a")
    spec = scenario(links, home, dialogues=True, **settings)
    [architecture] = spec.architectures.values()
    world = Simulation(spec, architecture, 0, 1)

    def hand_in(mail: Mail) -> None:
        back = parse_path(mail.sender, utf8=True)
        paths = [parse_forward_path(one if one[0] == "<" else f"<{one}>", utf8=True) for one in mail.to]
        copies = world.messages.write(world.messages.next_id(), back, paths, len(mail.content))
        for copy, parameters in zip(copies, mail.to.values(), strict=True):
            copy.parameters = parameters
        world.hosts[mail.host].submit(back, copies, mail.content, mail.parameters)

    for mail in mails:
        later(world, mail.at, lambda mail=mail: hand_in(mail))
    facts = world.run()
    return Outcome(facts, world, list(_reports(world)))


def _reports(world: Simulation):
    for host in world.hosts.values():
        for contents in host.custody.mailboxes.values():
            for content in contents:
                found = message_from_bytes(content)
                if found.get_content_type() == "multipart/report":
                    _, status, last = found.get_payload()
                    first, *others = status.get_payload()
                    yield Told(_fields(first), [_fields(one) for one in others], last.get_content_type(), found["Date"])


def _fields(block: Message) -> dict[str, str]:
    return dict(block.items())
