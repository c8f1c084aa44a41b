"""Scenarios of two domains whose users have devices, rules and mailboxes, for tests of the world."""

from __future__ import annotations

from sim.mail.address import parse_address
from sim.scenario.load import loads
from sim.world.simulation import Simulation

TEXT = """
duration: {duration}
drain: {drain}
dialogues: yes
network:
  nodes: [a, m, b]
  links: [{{between: [a, m]}}, {{between: [m, b]}}]
hosts: {{defaults: {{timing: none}}, {hosts}}}
domains:
  a.example: {{mx: {{10: a}}, users: {a}}}
  b.example: {{mx: {{10: b}}, users: {b}{of_b}}}
workload: [messages_at: [{mail}]]
acts: [{acts}]
"""


def world(
    *mail: str,
    a: str = "{ann: {}, al: {}}",
    b: str = "{bob: {}}",
    of_b: str = "",
    hosts: str = "",
    duration: str = "1 d",
    drain: str = "1 d",
    architecture: str = "end-to-end",
    acts: str = "",
) -> Simulation:
    """A world before its run: hosts a and b with a node between, each with a domain whose users are given."""
    more = f", {of_b}" if of_b else ""
    written = ", ".join(f"{{{one}}}" for one in mail)
    text = TEXT.format(a=a, b=b, of_b=more, mail=written, hosts=hosts, duration=duration, drain=drain, acts=acts)
    scenario = loads(text)
    return Simulation(scenario, scenario.architectures[architecture], 0, 1)


def folders(made: Simulation, address: str) -> dict[str, list[bytes]]:
    """What lies in the mailboxes of a user, by mailbox."""
    own = made.user_mailboxes.of(parse_address(address))
    assert own is not None
    account = own.account
    return {
        name: [account.mailbox(name).content(uid) for uid in account.mailbox(name).messages] for name in account.names()
    }


def lines(facts, session_id: int, direction: str) -> list[str]:
    """The lines of a session that went one way."""
    return [row.line for row in facts.dialogues if (row.session_id, row.direction) == (session_id, direction)]
