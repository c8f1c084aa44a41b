"""The mail programs that `mtasim session` knows: what each says in a dialogue, and how long it thinks about it.

Octets and times are constants of the programs. Those of Postfix 3.7, smtp-source and smtp-sink are held to measurements
over a line without loss (tests/README.md). Those of smtplib, Exim 4.96 and qmail-remote 1.03 are not: their lines are
what the programs write, their times about what such programs take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["CLIENTS", "SERVERS", "Client", "Server", "turns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program that sends: the octets of its lines, how it groups them, and what it takes before each flight (s).

    `helo` says that it greets with HELO, and thus knows no extension. `pipelines` says that MAIL, RCPT and DATA ride
    together where the server lets them; `quits_with_dot` that QUIT rides behind the final dot then. `added` is what
    comes to the message on its way out: trace field, final dot, dots doubled. `gives_up_connecting` in s. `writes` as
    `tcp.Connection` has it.
    """

    helo: bool = False
    pipelines: bool = False
    quits_with_dot: bool = False
    hello: int = 25
    mail: int = 40
    rcpt: int = 40
    data: int = 6
    added: int = 5
    quit: int = 6
    thinks: float
    gives_up_connecting: float = 1e9
    writes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A program that receives: the octets of its replies, and what it takes (s).

    `greets` before the greeting, `thinks` before each other reply, `commits` more before the 250 to the mail data.
    """

    greeting: int
    helo: int
    ehlo: int
    pipelining: bool
    mail: int = 14
    rcpt: int = 14
    data: int = 37
    queued: int = 36
    bye: int = 15
    greets: float
    thinks: float
    commits: float


CLIENTS: Final[Mapping[str, Client]] = {
    "postfix": Client(
        pipelines=True, quits_with_dot=True, mail=45, rcpt=55, added=230, thinks=0.25e-3, gives_up_connecting=30.0
    ),
    "postfix-nopipe": Client(mail=45, rcpt=55, added=230, thinks=0.25e-3, gives_up_connecting=30.0),
    "smtp-source": Client(helo=True, hello=24, added=74, thinks=0.2e-3),
    "smtplib": Client(mail=45, thinks=0.25e-3),
    "qmail": Client(helo=True, mail=42, rcpt=42, added=160, thinks=0.25e-3, gives_up_connecting=60.0, writes=1024),
    "exim": Client(pipelines=True, mail=45, added=250, thinks=0.3e-3, gives_up_connecting=300.0),
}
"""The programs that send."""

SERVERS: Final[Mapping[str, Server]] = {
    "postfix": Server(greeting=38, helo=25, ehlo=130, pipelining=True, greets=0.4e-3, thinks=0.25e-3, commits=0.9e-3),
    "smtp-sink": Server(
        greeting=20,
        helo=18,
        ehlo=100,
        pipelining=True,
        data=36,
        queued=8,
        bye=9,
        greets=0.3e-3,
        thinks=0.1e-3,
        commits=0.0,
    ),
    "exim": Server(
        greeting=66,
        helo=45,
        ehlo=161,
        pipelining=True,
        mail=8,
        data=56,
        queued=28,
        bye=37,
        greets=0.9e-3,
        thinks=0.1e-3,
        commits=3e-3,
    ),
}
"""The programs that receive."""


def turns(client: Client, server: Server, size: int) -> list[tuple[str, int, int]]:
    """What client and server say in turn, from the client's first word on, for a message of that many bytes.

    Returns:
        Of each turn the phase it belongs to (dialogue, data), the octets of the client and those of the reply.
    """
    hello = ("dialogue", client.hello, server.helo if client.helo else server.ehlo)
    commands = [(client.mail, server.mail), (client.rcpt, server.rcpt), (client.data, server.data)]
    together = client.pipelines and server.pipelining and not client.helo
    if together:
        commands = [(sum(said for said, _ in commands), sum(answered for _, answered in commands))]
    rides = together and client.quits_with_dot
    message = size + client.added + (client.quit if rides else 0)
    answer = server.queued + (server.bye if rides else 0)
    return [hello, *[("dialogue", *command) for command in commands], ("data", message, answer)]
