"""The mail programs that `mtasim session` knows: what each says in a dialogue, and how long it thinks about it.

Octets and times are constants of the programs, measured over links without loss (tests/MEASURED.md): Postfix 3.7 with
its smtp-source and smtp-sink, smtplib of Python 3.11, Exim 4.96. Those of qmail-remote 1.03 are not measured: its
lines are what it writes, its times about what such a program takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program that sends: the octets of its lines, how it groups them, and what it takes before each flight (s).

    `helo` says that it greets with HELO, and thus knows no extension. `pipelines` says that MAIL, RCPT and DATA ride
    together where the server lets them; `quits_with_dot` that QUIT rides behind the end of the mail data then, and
    `half_closes` that its side of the connection is closed with it. `added` is what comes to the message on its way
    out: trace field, final dot, dots doubled. `reads` is the time that each octet of the message takes before MAIL and
    before the mail data. `chunk` is the longest message that rides together with MAIL and RCPT (BDAT, RFC 3030), where
    the server has CHUNKING; of a longer one the first `header` octets do. `gives_up_connecting` in s. `writes` as
    `tcp.Connection` has it.
    """

    helo: bool = False
    pipelines: bool = False
    quits_with_dot: bool = False
    half_closes: bool = False
    hello: int = 16
    mail: int = 39
    rcpt: int = 25
    data: int = 6
    added: int
    quit: int = 6
    chunk: int = 0
    header: int = 0
    thinks: float
    reads: tuple[float, float] = (0.0, 0.0)
    gives_up_connecting: float = 1e9
    writes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A program that receives: the octets of its replies, and what it takes (s).

    `greets` before the greeting, `thinks` before each other reply, `checks` more for a recipient, `commits` more for
    the message. `chunk` and `chunked` are its replies to BDAT, before the last one and to that; 0 where it has no
    CHUNKING. `lingers` is how long its answers to a pipelined QUIT, and to all that came with it, stay in its socket,
    unless the client has closed its side. `patience` is how long it waits for something to read before it hangs up.
    """

    greeting: int
    helo: int
    ehlo: int
    pipelining: bool = True
    mail: int = 14
    rcpt: int = 14
    data: int = 37
    queued: int
    bye: int
    chunk: int = 0
    chunked: int = 0
    greets: float
    thinks: float
    checks: float = 0.0
    commits: float = 0.0
    lingers: float = 0.0
    patience: float = 300.0


CLIENTS: Final[Mapping[str, Client]] = {
    "postfix": Client(
        pipelines=True,
        quits_with_dot=True,
        hello=13,
        mail=38,
        rcpt=53,
        added=253,
        thinks=0.2e-3,
        gives_up_connecting=30.0,
    ),
    "postfix-nopipe": Client(hello=13, mail=38, rcpt=53, added=253, thinks=0.2e-3, gives_up_connecting=30.0),
    "smtp-source": Client(helo=True, hello=11, mail=23, rcpt=21, added=123, thinks=0.2e-3),
    "smtplib": Client(added=3, thinks=0.3e-3, reads=(9e-9, 7e-9)),
    # QUIT and FIN go out with the last octets of the message, which the last of the BDATs introduces.
    "exim": Client(
        pipelines=True,
        quits_with_dot=True,
        half_closes=True,
        added=257,
        chunk=8192 - 254,
        header=315,
        thinks=0.4e-3,
        gives_up_connecting=300.0,
    ),
    "qmail": Client(helo=True, mail=42, rcpt=42, added=160, thinks=0.25e-3, gives_up_connecting=60.0, writes=1024),
}
"""The programs that send."""

SERVERS: Final[Mapping[str, Server]] = {
    "postfix": Server(
        greeting=26,
        helo=12,
        ehlo=143,
        queued=37,
        bye=15,
        chunk=25,
        chunked=49,
        greets=0.4e-3,
        thinks=0.2e-3,
        checks=0.5e-3,
        commits=1e-3,
    ),
    "smtp-sink": Server(
        greeting=21, helo=15, ehlo=165, queued=14, bye=9, greets=0.25e-3, thinks=0.17e-3, patience=100.0
    ),
    # Its QUIT corks the socket and waits 200 ms for the client's FIN (smtp_in.c, smtp_quit_handler).
    "exim": Server(
        greeting=63,
        helo=38,
        ehlo=147,
        mail=8,
        data=56,
        queued=28,
        bye=34,
        chunk=29,
        chunked=64,
        greets=1.3e-3,
        thinks=0.2e-3,
        commits=3.1e-3,
        lingers=0.2,
    ),
}
"""The programs that receive."""


class Turn(NamedTuple):
    """What a client says and a server answers: the phase it belongs to (dialogue, data), octets, and times in s.

    The client takes `prepares` before it says `said` octets, the server `works` before it answers `answered`.
    """

    phase: str
    said: int
    answered: int
    prepares: float
    works: float


def turns(client: Client, server: Server, size: int) -> list[Turn]:
    """What client and server say in turn, from the client's first word on, for a message of that many bytes."""
    hello = Turn("dialogue", client.hello, server.helo if client.helo else server.ehlo, client.thinks, server.thinks)
    before, again = (client.thinks + each * size for each in client.reads)
    mail = Turn("dialogue", client.mail, server.mail, before, server.thinks)
    rcpt = Turn("dialogue", client.rcpt, server.rcpt, client.thinks, server.thinks + server.checks)
    if client.helo or not (client.pipelines and server.pipelining):
        data = Turn("dialogue", client.data, server.data, client.thinks, server.thinks)
        end = Turn("data", size + client.added, server.queued, again, server.thinks + server.commits)
        return [hello, mail, rcpt, data, end]
    envelope = _together(mail, rcpt)
    if not (client.chunk and server.chunked):
        data = Turn("dialogue", client.data, server.data, 0.0, 0.0)
        end = Turn("data", size + client.added, server.queued, again, server.thinks + server.commits)
        return [hello, _together(envelope, data), _with_quit(end, client, server)]
    if size <= client.chunk:
        whole = Turn(
            "data", len(f"BDAT {size} LAST\r\n") + size + client.added - 3, server.chunked, 0.0, server.commits
        )
        return [hello, _with_quit(_together(envelope, whole), client, server)]
    header = Turn("dialogue", len(f"BDAT {client.header}\r\n") + client.header, server.chunk, 0.0, 0.0)
    rest = size + client.added - 3 - client.header
    end = Turn(
        "data", len(f"BDAT {rest} LAST\r\n") + rest, server.chunked, client.thinks, server.thinks + server.commits
    )
    return [hello, _together(envelope, header), _with_quit(end, client, server)]


def _together(one: Turn, other: Turn) -> Turn:
    """Two turns in one; the server answers both when it has both."""
    return Turn(
        other.phase,
        one.said + other.said,
        one.answered + other.answered,
        max(one.prepares, other.prepares),
        max(one.works, other.works) if other.phase == "dialogue" else one.works + other.works,
    )


def _with_quit(end: Turn, client: Client, server: Server) -> Turn:
    """The last turn with QUIT behind it, where the client does so."""
    if not client.quits_with_dot:
        return end
    late = 0.0 if client.half_closes else server.lingers
    return end._replace(said=end.said + client.quit, answered=end.answered + server.bye, works=end.works + late)
