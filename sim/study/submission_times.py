"""How long one submission takes over one link, without a scenario: with AUTH and TLS, as users' programs have them.

The session is measured to the last reply, at which the client hangs up. The server is Postfix's; by LMTP it is one that
takes the same times.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final, Literal

from sim.mta.client.transmission import Transmission
from sim.mta.server.reception import Reception
from sim.network.links.line import Line
from sim.network.transport.connect import connect
from sim.network.transport.tls import TlsLayer
from sim.scenario.products.delays import Delays
from sim.scenario.pydantic_seam import Word
from sim.scenario.scalars import Flag, word
from sim.scenario.spec import Certificate, Host, TlsVersion
from sim.scenario.spec.tls import Tls
from sim.study.measured_session import MeasuredSession
from sim.study.session_times import CLIENTS, DIRECTORY, PARTS, SERVERS, Case, MessageSize, mailing
from sim.world.engine.streams import Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class _Curl(Delays):
    """Curl turns Nagle's algorithm off, and waits to be asked for its response to AUTH PLAIN."""

    nodelay = True
    initial_response = False


_CLIENTS: Final = {
    "smtplib": CLIENTS["smtplib"],
    "postfix": CLIENTS["postfix"],
    "curl": Host(name="client", mta=_Curl(), uses=("SIZE",), think_time=0.3e-3, timing="none"),
}
_LOGIN: Final = ("user1", "secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionCase(Case):
    """A link, who submits over it, and how: with AUTH, in TLS or not."""

    client: Annotated[str, word("client", *_CLIENTS)] = "smtplib"
    server: Annotated[str, word("server", "postfix")] = "postfix"
    size: MessageSize = 2000
    auth: Flag = False
    tls: Annotated[Literal["no", "starttls", "implicit"], Word("TLS")] = "no"
    tls_version: Annotated[TlsVersion, Word("version of TLS")] = "TLSv1.3"
    certificate: Annotated[Certificate, Word("certificate")] = "ec"
    resumed: Flag = False

    LMTP: ClassVar[bool] = False
    SAYS: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        """What the time goes to."""
        return (*PARTS, "quit_s")

    @property
    def end(self) -> str:
        """What ends it."""
        return "the last reply"

    def begin(self, lines: Sequence[Line], streams: Streams) -> MeasuredSession:
        """One session over a line there and one back."""
        return SubmissionSession(self, lines, streams)


@dataclass(frozen=True, slots=True, kw_only=True)
class LmtpCase(SubmissionCase):
    """By LMTP (RFC 2033)."""

    LMTP: ClassVar[bool] = True


class SubmissionSession(MeasuredSession):
    """One submission, to the last reply."""

    def __init__(self, case: SubmissionCase, lines: Sequence[Line], streams: Streams) -> None:
        tls = Tls(certificate=case.certificate, version=case.tls_version)
        words = [*(["AUTH"] if case.auth else []), *(["STARTTLS"] if case.tls == "starttls" else [])]
        client, server = _CLIENTS[case.client], SERVERS[case.server]
        client = replace(client, uses=(*client.uses, *words), login=_LOGIN if case.auth else None, tls=tls)
        accounts = dict([_LOGIN]) if case.auth else {}
        server = replace(server, extensions=(*server.extensions, *words), accounts=accounts, tls=tls)
        secure = case.tls == "implicit"
        reception = Reception(server, DIRECTORY, lmtp=case.LMTP, secure=secure)
        connection = connect(
            lines[:1],
            lines[1:],
            client_tcp=case.tcp,
            server_tcp=case.tcp,
            program=reception,
            patience=server.mta.idle_timeout,
            writes=client.mta.write_size,
        )
        transmission = Transmission(client, mailing(case.size), lmtp=case.LMTP, secure=secure)
        super().__init__((client, server), transmission, reception, connection, streams, marks=4, implicit_tls=secure)
        self._resumed, self._taken = case.resumed, False

    def resumes_tls(self, now: float) -> bool:  # noqa: ARG002
        """Whether the handshake resumes a session."""
        return self._resumed

    def take(self, *_: object) -> None:
        """The message is taken: the next that the client hears is the reply to it."""
        self._taken = True

    def _turns(self) -> int:
        handshake = self._session.connection
        return self._flights + (handshake.turns if isinstance(handshake, TlsLayer) else 0)

    def hears(self, now: float) -> None:
        """The client hears the server: its greeting, the last reply before the mail data, that to these, the last."""
        greeting, replies, taken, last = range(4)
        if self.heard[greeting] == math.inf:
            self.heard[greeting] = now
        elif not self._taken:
            self.heard[replies] = now
        elif self.heard[taken] == math.inf:
            self.heard[taken] = now
        if self._server.is_over:
            self.heard[last] = now
