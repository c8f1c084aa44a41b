"""How long one session takes over one link, without a scenario: many sessions of two hosts, each by itself.

The duration is measured as a client's packets show it: from its first SYN to the 250 that follows the mail data.
Session number k of a seed is replication k of a scenario that has nothing but its message, from `SENDER` on the host
`client` to `RECIPIENT` on the host `server`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import Annotated, Any, ClassVar, Final

import numpy as np

from sim.mail.content import compose
from sim.mail.mailbox import parse_mailbox
from sim.mail.trace import date_time
from sim.mta.client.envelope import Mailing
from sim.mta.client.transmission import Transmission
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.network.links.line import Line
from sim.network.tcp.rtt import LINUX
from sim.network.transport.connect import connect
from sim.scenario.distribution import Constant
from sim.scenario.products import PRODUCTS, Product
from sim.scenario.products.delays import Delays
from sim.scenario.pydantic_seam import Reads
from sim.scenario.quantity import BIT_RATE, above_zero, format_size, parse_bytes
from sim.scenario.scalars import Duration, Mtu, word
from sim.scenario.sections import Section
from sim.scenario.spec import Domain, Host, Loss
from sim.scenario.spec.limits import Limits
from sim.scenario.spec.loss import LossOneWay, read_queue
from sim.scenario.spec.tcp import TcpSetting
from sim.scenario.syntax.extensions import resolve_extensions, split_words
from sim.study.measured_session import MeasuredSession, Run
from sim.world.engine.stepping import play
from sim.world.engine.streams import Streams

PARTS: Final = ("connect_s", "greeting_s", "dialogue_s", "data_s")
"""SYN to SYN-ACK; to the greeting; to the last reply before the mail data; to the 250 after them."""

SENDER, RECIPIENT = "ann@client.example", "bob@server.example"

_NO_LOSS: Final = Loss()
_CLEAN: Final = 100
_CHAIN: Final = 20
_PAUSE: Final = 0.1
_PHASES: Final = 16.0
"""Sessions start at any moment of this many s, since the kernel's timers tick with its clock."""


_EVER: Final = 1e9
PATIENT: Final = Delays(
    connect_timeout=_EVER,
    helo_timeout=_EVER,
    mail_timeout=_EVER,
    rcpt_timeout=_EVER,
    data_init_timeout=_EVER,
    data_xfer_timeout=_EVER,
    data_done_timeout=_EVER,
    quit_timeout=_EVER,
    idle_timeout=100.0,
)
"""A program that only sends, which waits for ever, or only receives, which does not."""


def _host(name: str, kind: type[Product]) -> Host:
    offers, uses = split_words(resolve_extensions(kind, [], has_accounts=False, has_login=False))
    return Host(name=name, mta=kind(), extensions=offers, uses=uses)


_CLIENTS: Final = {name: _host("client", kind) for name, kind in PRODUCTS.items()}

CLIENTS: Final[Mapping[str, Host]] = {
    **_CLIENTS,
    "postfix-nopipe": replace(_CLIENTS["postfix"], uses=("SIZE", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8")),
    "smtp-source": Host(name="client", mta=PATIENT, esmtp=False),
    "smtplib": Host(name="client", mta=PATIENT, uses=("SIZE",), think_time=0.3e-3, read_time=8e-9),
}
"""The programs that send: every product, Postfix where it says one thing at a time, smtp-source, Python's smtplib."""

SERVERS: Final[Mapping[str, Host]] = {
    **{name: _host("server", kind) for name, kind in PRODUCTS.items()},
    "smtp-sink": Host(name="server", mta=PATIENT, greeting_time=0.25e-3, service_time=0.17e-3, commit_time=0.0),
}
"""The programs that receive."""

DIRECTORY: Final = Directory(
    Host(name="server"),
    [Domain(name="server.example", mx=((0, "server"),), users=("bob",))],
    {"server.example": ((0, "server"),)}.get,
)
_FROM, _TO = parse_mailbox(SENDER).path, parse_mailbox(RECIPIENT).path


@lru_cache(maxsize=8)
def message(size: int) -> bytes:
    """As a scenario's only message is."""
    domain = parse_mailbox(SENDER).address.domain
    return compose(
        sender=SENDER,
        recipients=[RECIPIENT],
        subject="message 1",
        message_id=f"<1@{domain}>",
        date=date_time(0.0),
        size=size,
    )


def mailing(size: int) -> Mailing:
    """The message of that size, with its envelope."""
    return Mailing(_FROM, (_TO,), message(size))


def _read_size(value: object) -> int:
    size = parse_bytes(value)
    if size > Limits().size:
        raise ValueError(f"too big a message: allowed are {format_size(Limits().size)}")
    return size


MessageSize = Annotated[int, Reads(_read_size, {})]
"""Octets of a message."""


def _read_queue(value: object) -> float:
    return read_queue(value) or math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Section):
    """A link and who speaks over it: times in s, rate in bit/s, sizes in bytes (queue: infinity means no limit)."""

    rtt: Duration = 0.1
    rate: Annotated[float, Reads(partial(above_zero, BIT_RATE), {})] = 10e6
    loss: LossOneWay = _NO_LOSS
    size: MessageSize = 20_000
    client: Annotated[str, word("client", *CLIENTS)] = "postfix"
    server: Annotated[str, word("server", *SERVERS)] = "postfix"
    tcp: TcpSetting = LINUX
    queue: Annotated[float, Reads(_read_queue, {})] = math.inf
    mtu: Mtu = 1500

    SAYS: ClassVar[bool] = False
    """Whether the summary says the round trips, and what both sides say."""

    @property
    def parts(self) -> tuple[str, ...]:
        """What the time goes to."""
        return PARTS

    @property
    def end(self) -> str:
        """What ends it."""
        return "the 250 after the mail data"

    def begin(self, lines: Sequence[Line], streams: Streams) -> MeasuredSession:
        """One session over a line there and one back."""
        return OneSession(self, lines, streams)


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """Many sessions of one case; `clean` are some at the same moments on the same link where nothing is lost."""

    case: Case
    runs: Sequence[Run]
    clean: Sequence[Run]

    @cached_property
    def durations(self) -> np.ndarray:
        """Of those that came to their end, the shortest first, in s."""
        return np.array(sorted(run.duration for run in self.runs if run.duration < math.inf))

    def summary(self) -> dict[str, Any]:
        """The distribution as plain data: null where no session came to its end."""
        done, some = self.durations, bool(self.durations.size)
        levels = dict(zip(("p05_s", "median_s", "p95_s", "p99_s"), (5, 50, 95, 99), strict=True))
        finished = [run for run in self.runs if run.duration < math.inf]
        mean = float(done.mean()) if some else None
        again = sum(run.retransmissions for run in self.runs)
        waited = mean - math.fsum(run.duration for run in self.clean) / len(self.clean) if mean and again else 0.0
        means = {
            name: math.fsum(run.parts[index] for run in finished) / len(finished) if some else None
            for index, name in enumerate(self.case.parts)
        }
        said = ("round_trips", "client_bytes", "server_bytes") if some and self.case.SAYS else ()
        talk = [(run.round_trips, *run.octets) for run in finished]
        return {
            "n": len(self.runs),
            "failed": len(self.runs) - int(done.size),
            "mean_s": mean,
            **{name: float(np.percentile(done, level)) if some else None for name, level in levels.items()},
            "parts": {
                **means,
                "of_which_retransmission_s": None if mean is None else max(waited, 0.0),
            },
            "retransmissions": again / len(self.runs),
            "handshake_retransmissions": sum(run.handshake for run in self.runs) / len(self.runs),
            **{name: float(np.mean(column)) for name, column in zip(said, zip(*talk, strict=True), strict=False)},
        }


def run(case: Case, n: int, seed: int = 1) -> Sessions:
    """Run n sessions, each on a line of its own with draws of its own.

    Where losses come in bursts, 20 sessions follow each other on the same line, each soon after the one before, as the
    sessions of a mail server do: one that has just ended has found the line clear, so that few begin within a burst.
    """
    follow = _CHAIN if case.loss.burst or case.loss.burst_time else 1
    runs = [one for k in range(0, n, follow) for one in _chain(case, Streams(seed, k), min(follow, n - k))]
    calm = replace(case, loss=Loss(), queue=math.inf)
    clean = [one for k in range(min(n, _CLEAN)) for one in _chain(calm, Streams(seed, k), 1)]
    return Sessions(case=case, runs=runs, clean=clean)


def _chain(case: Case, streams: Streams, count: int) -> Iterator[Run]:
    """Sessions that follow each other on one line."""
    lines = tuple(
        Line(
            rate=case.rate,
            delay=Constant(case.rtt / 2),
            loss=case.loss,
            mtu=case.mtu,
            queue=case.queue,
            random=streams(f"link/client-server/{way}/loss"),
        )
        for way in ("client>server", "server>client")
    )
    phases = streams("start")
    start = phases.random() * _PHASES
    for left in range(count, 0, -1):
        one = case.begin(lines, streams)
        play(one.steps(start))
        yield one.run
        start = (one.close() if left > 1 else 0.0) + phases.random() * _PAUSE


class OneSession(MeasuredSession):
    """One of SMTP, to the 250 after the mail data."""

    def __init__(self, case: Case, lines: Sequence[Line], streams: Streams) -> None:
        client, server = hosts = CLIENTS[case.client], SERVERS[case.server]
        reception = Reception(server, DIRECTORY)
        connection = connect(
            lines[:1],
            lines[1:],
            client_tcp=case.tcp,
            server_tcp=case.tcp,
            program=reception,
            patience=server.mta.idle_timeout,
            writes=client.mta.write_size,
        )
        transmission = Transmission(client, mailing(case.size))
        # The greeting, the last reply before the mail data, the reply to these.
        super().__init__(hosts, transmission, reception, connection, streams, marks=3)
        # smtp-source resets (SO_LINGER of 0 s).
        self._resets = case.client == "smtp-source"
        self._taken = False

    def _half_closes(self) -> bool:
        return self._resets or super()._half_closes()

    def take(self, *_: object) -> None:
        """The message is taken: the next that the client hears is the reply to it."""
        self._taken = True

    def hears(self, now: float) -> None:
        """The client hears the server."""
        self.heard[2 if self._taken else min(self.heard[0] < math.inf, 1)] = now
