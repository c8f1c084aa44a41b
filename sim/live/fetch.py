"""The client machines of POP3 and IMAP against a real server: list a mailbox, or fetch its messages into a Maildir."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sim.agent.fetching import Listed, fetch_imap, fetch_pop3
from sim.agent.retrieval import Retrieval, RetrievalError
from sim.live.errors import LiveError
from sim.live.maildir import Maildir
from sim.live.maildir_mailbox import without_crlfs
from sim.live.transcript import Transcript
from sim.protocol.imap4 import Client as ImapClient
from sim.protocol.imap4 import ProtocolError as ImapError
from sim.protocol.pop3 import Client as Pop3Client
from sim.protocol.pop3 import ProtocolError as Pop3Error

_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a session brought: the messages that the server has, how many were fetched, and what it took."""

    messages: tuple[Listed, ...]
    fetched: int
    round_trips: int
    seconds: float


def fetch(
    server: tuple[str, int],
    protocol: Literal["pop3", "imap"],
    login: tuple[str, str],
    *,
    into: Path | None,
    tls: ssl.SSLContext | None,
    longest_wait: float,
    say: Callable[[str], object],
) -> Fetched:
    """Ask a server for a user's messages.

    Args:
        server: its host and port.
        protocol: what is spoken.
        login: name and password.
        into: the Maildir that the messages go into; None where they are only listed.
        tls: what is expected of the server's certificate; TLS is a condition then, and not used otherwise.
        longest_wait: seconds to wait for a connection or an answer at the most.
        say: takes the lines of the transcript; the password is left out of them.

    Raises:
        LiveError: the server cannot be reached, refuses, or breaks the protocol; a message cannot be written.
    """
    name = f"{server[0]} port {server[1]}"
    try:
        with ExitStack() as connections:
            connection = connections.enter_context(socket.create_connection(server, longest_wait))
            transcript = Transcript(say)
            session = _Session(connection, server[0], login, tls, connections=connections, transcript=transcript)
            return session.run(protocol, into)
    except (RetrievalError, ImapError, Pop3Error) as error:
        raise LiveError(f"{name}: {error}") from error
    except TimeoutError as error:
        raise LiveError(f"{name}: timed out: the server fell silent") from error
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise LiveError(f"{name}: {why or error}") from error


class _Session:
    def __init__(
        self,
        connection: socket.socket,
        name: str,
        login: tuple[str, str],
        tls: ssl.SSLContext | None,
        *,
        connections: ExitStack,
        transcript: Transcript,
    ) -> None:
        self._connection = connection
        self._name = name
        self._login = login
        self._tls = tls
        self._connections = connections
        self._transcript = transcript
        self._messages: list[Listed] = []
        self._fetched = 0

    def run(self, protocol: Literal["pop3", "imap"], into: Path | None) -> Fetched:
        maildir = None if into is None else Maildir(into)

        def fetched(_message: Listed, content: bytes) -> None:
            if maildir is not None:
                maildir.keep([without_crlfs(content)])
                self._fetched += 1

        takes = None if maildir is None else fetched
        tls = self._tls is not None
        user, password = self._login
        if protocol == "pop3":
            pop3 = Pop3Client()
            program = fetch_pop3(pop3, user, password, listed=self._messages.append, fetched=takes, tls=tls)
            retrieval = Retrieval(pop3, program)
        else:
            imap = ImapClient()
            program = fetch_imap(imap, user, password, listed=self._messages.append, fetched=takes, tls=tls)
            retrieval = Retrieval(imap, program)
        while not retrieval.done:
            data = self._connection.recv(_BLOCK)
            self._transcript.show("", data)
            retrieval.read(data)
            if retrieval.wants_tls:
                self._secure()
                retrieval.secured()
            flight = retrieval.write()
            if flight:
                self._transcript.show(">>> ", _without(password, flight))
                self._connection.sendall(flight)
        return Fetched(tuple(self._messages), self._fetched, retrieval.round_trips, self._transcript.seconds)

    def _secure(self) -> None:
        """Shake hands."""
        if self._tls is not None:
            secured = self._connections.enter_context(
                self._tls.wrap_socket(self._connection, server_hostname=self._name)
            )
            self._transcript.note(str(secured.version()))
            self._connection = secured


def _without(password: str, flight: bytes) -> bytes:
    """A flight without the password, as it is or within IMAP's quotes."""
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    return flight.replace(quoted.encode(), b"***").replace(password.encode(), b"***")
