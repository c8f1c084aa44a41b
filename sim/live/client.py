"""A simulated host's client against a real server: one message, one session, every wait bounded (RFC 5321 4.5.3.2)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import NamedTuple

from sim.live.errors import LiveError
from sim.live.send_request import has_utf8_header
from sim.live.transcript import Transcript, printable
from sim.mail.path import Path
from sim.mta.client.envelope import Fitted, Mailing, fit, needs_smtputf8
from sim.mta.client.transmission import Transmission
from sim.mta.queue.failure import Failure
from sim.protocol.smtp.events import Parameters
from sim.protocol.smtp.replies import Reply
from sim.scenario.products.base import Product
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec import Host

ACCEPTED, PERMANENT, TEMPORARY = 0, 69, 75
"""Exit statuses: all of it was taken, some of it never will be, some of it may be another time (sysexits.h)."""

_BLOCK = 65_536
_END_OF_DATA = b"\r\n.\r\n"

_BEFORE_TLS = (b"EHLO", b"HELO", b"LHLO", b"STAR", b"QUIT")
"""How flights begin that may go out in the clear where TLS is required."""

_NO_TLS = Failure(0, "4.7.10", "the server has no TLS to offer, and without it nothing is sent")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message: for each forward-path the reply or the failure that decided, and what it took."""

    outcomes: Mapping[Path, Reply | Failure]
    round_trips: int
    seconds: float

    @property
    def status(self) -> int:
        """The exit status: the worst outcome's."""
        statuses = {_status(outcome) for outcome in self.outcomes.values()}
        return next((status for status in (PERMANENT, TEMPORARY) if status in statuses), ACCEPTED)

    def lines(self) -> Iterator[str]:
        """What to tell a user: a line for each recipient, and one of what it took."""
        for path, outcome in self.outcomes.items():
            code = str(outcome.code or "")
            words = [part for part in (code, outcome.enhanced, *outcome.text.split("\n")) if part]
            yield f"{path}: {printable(' '.join(words))}"
        yield f"{self.round_trips} round trips, {self.seconds:.3f} s"


def _status(outcome: Reply | Failure) -> int:
    if isinstance(outcome, Reply) and outcome.positive:
        return ACCEPTED
    return PERMANENT if outcome.permanent else TEMPORARY


def parse_server(text: str) -> tuple[str, int]:
    """Read `HOST:PORT`, `[ADDRESS]:PORT` or `HOST`, whose port is 25.

    Raises:
        LiveError: it is none.
    """
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port = text, "25"
    bare = host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host
    if not bare or (":" in bare and bare == host) or not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise LiveError(f"{text!r} is no server: write HOST:PORT, e.g. 127.0.0.1:25 or [::1]:25")
    return bare, int(port)


def send(
    server: tuple[str, int],
    reverse_path: Path,
    forward_paths: Sequence[Path],
    content: bytes,
    *,
    name: str = "",
    policy: Product | None = None,
    longest_wait: float = inf,
    tls: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
    lmtp: bool = False,
    say: Callable[[str], object],
) -> Delivery:
    """Offer a message to a server.

    Args:
        server: its host and port.
        reverse_path: whom to tell of failures.
        forward_paths: whom the message is for, nobody twice.
        content: the mail data; its lines end in CRLF.
        name: what the client calls itself; its address literal where it is empty.
        policy: how long it waits for what.
        longest_wait: how long it waits at the most for a connection, a flight or an answer, in s.
        tls: what is expected of the server's certificate; TLS is a condition then, and not used otherwise.
        login: the name and password for AUTH, where the server offers it.
        lmtp: whether to speak LMTP.
        say: takes the lines of the transcript; what proves a login is left out of them.

    Raises:
        LiveError: the server's name is not known.
    """
    policy = policy or Postfix()
    client = _Identity(name, login, lmtp, policy)
    return _ClientSession(policy, longest_wait, tls, say).run(server, reverse_path, forward_paths, content, client)


class _Identity(NamedTuple):
    """Who speaks, and what."""

    name: str
    login: tuple[str, str] | None
    lmtp: bool
    policy: Product

    def host(self, connection: socket.socket, *, tls: bool) -> Host:
        host = Host(name=self.name or _own_literal(connection), login=self.login, mta=self.policy)
        return replace(host, uses=(*host.uses, "SMTPUTF8", *(["STARTTLS"] if tls else [])))


def _fit_submission(mailing: Mailing, usable: Collection[str], product: Product) -> Fitted | Failure:
    """What a user submits: a header in UTF-8 asks for SMTPUTF8 where that is offered, and goes as it is where not.

    Postfix does so with what sendmail(1) submits (smtputf8_autodetect_classes).
    """
    asked = any(keyword == "SMTPUTF8" for keyword, _ in mailing.parameters)
    if not asked and "SMTPUTF8" in usable and has_utf8_header(mailing.content):
        mailing = mailing._replace(parameters=(*mailing.parameters, ("SMTPUTF8", None)))
    return fit(mailing, usable, product)


class _ClientSession:
    """One session over a blocking socket."""

    def __init__(
        self, policy: Product, longest_wait: float, tls: ssl.SSLContext | None, say: Callable[[str], object]
    ) -> None:
        self._policy = policy
        self._longest_wait = longest_wait
        self._tls = tls
        self._transcript = Transcript(say)
        self._secured = False
        # Whether the server has just asked for what proves a login.
        self._challenged = False

    def run(
        self,
        server: tuple[str, int],
        reverse_path: Path,
        forward_paths: Sequence[Path],
        content: bytes,
        who: _Identity,
    ) -> Delivery:
        try:
            connection = socket.create_connection(server, min(self._policy.connect_timeout, self._longest_wait))
        except (socket.gaierror, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise LiveError(f"no host {server[0]!r}: {why}") from error
        except OSError as error:
            refused = Failure(0, "4.4.1", f"no connection to {server[0]} port {server[1]}: {error.strerror or error}")
            return self._delivery(dict.fromkeys(forward_paths, refused), 0)
        with ExitStack() as connections:
            connections.enter_context(connection)
            host = who.host(connection, tls=self._tls is not None)
            utf8: Parameters = (("SMTPUTF8", None),) if needs_smtputf8(reverse_path, forward_paths) else ()
            mailing = Mailing(reverse_path, forward_paths, content, utf8)
            client = Transmission(host, mailing, lmtp=who.lmtp, fit=_fit_submission)
            failure = self._run(connections, connection, client, server[0])
        if failure is not None:
            client.end(failure)
        decided = client.failure or Failure(0, "4.4.2", "the session ended without an answer")
        return self._delivery({path: client.replies.get(path, decided) for path in forward_paths}, client.round_trips)

    def _delivery(self, outcomes: Mapping[Path, Reply | Failure], round_trips: int) -> Delivery:
        return Delivery(outcomes, round_trips, self._transcript.seconds)

    def _run(
        self, connections: ExitStack, connection: socket.socket, client: Transmission, name: str
    ) -> Failure | None:
        deadline = self._deadline(client)
        try:
            while True:
                client.read(self._receive(connection, deadline))
                if client.done:
                    return None
                if client.wants_tls and self._tls is not None:
                    connection = connections.enter_context(self._secure(connection, self._tls, name))
                    client.secured()
                flight = client.write()
                if flight:
                    if self._tls is not None and not self._secured and flight[:4] not in _BEFORE_TLS:
                        return _NO_TLS
                    self._send(connection, flight)
                    deadline = self._deadline(client)
        except TimeoutError:
            return Failure(0, "4.4.2", "timed out: the server fell silent")
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or error.reason or error
            return Failure(0, "4.7.5", f"no TLS with the server: {why}")
        except OSError as error:
            return Failure(0, "4.4.2", f"lost connection with the server: {error.strerror or error}")

    def _deadline(self, client: Transmission) -> float:
        """Until when the server may answer to what was written just now."""
        return monotonic() + min(client.timeout(), self._longest_wait)

    def _secure(self, connection: socket.socket, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
        """Shake hands; the connection that goes on."""
        connection.settimeout(min(self._policy.helo_timeout, self._longest_wait))
        secured = context.wrap_socket(connection, server_hostname=name)
        self._secured = True
        cipher = secured.cipher()
        self._transcript.note(f"{secured.version()}, {cipher[0] if cipher else 'no cipher'}")
        return secured

    def _receive(self, connection: socket.socket, deadline: float) -> bytes:
        connection.settimeout(max(deadline - monotonic(), 0.001))
        data = connection.recv(_BLOCK)
        self._transcript.show("", data, whole=True)
        self._challenged = data.startswith(b"334")
        return data

    def _send(self, connection: socket.socket, flight: bytes) -> None:
        shown = self._without_password(flight)
        # Of mail data the beginning and the end; all commands.
        self._transcript.show(">>> ", shown, whole=_END_OF_DATA not in shown[-12:])
        connection.settimeout(min(self._policy.data_xfer_timeout, self._longest_wait))
        try:
            with memoryview(flight) as octets:
                for start in range(0, len(octets), _BLOCK):
                    connection.sendall(octets[start : start + _BLOCK])
        except ConnectionError:
            # The server closed before it had read all; why may still be there to be read.
            return

    def _without_password(self, flight: bytes) -> bytes:
        """A flight without what proves a login."""
        if self._challenged:
            return b"***\r\n"
        words = flight.split(None, 2)
        return b" ".join([*words[:2], b"***\r\n"]) if words[0] == b"AUTH" and len(words) > 2 else flight


def _own_literal(connection: socket.socket) -> str:
    """This end's address literal: what a client without a name calls itself (RFC 5321 section 4.1.4)."""
    address = str(connection.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
