"""The command that asks a real server for a user's messages."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sim.cli.common import DONE, UsageError, put


@dataclass(frozen=True, kw_only=True)
class FetchOptions:
    """Whose messages are fetched, and how."""

    imap: Annotated[bool, Parameter(negative="", help="Speak IMAP4.")] = False
    pop3: Annotated[bool, Parameter(negative="", help="Speak POP3.")] = False
    user: Annotated[str, Parameter(help="The login's name.")]
    password_file: Annotated[Path, Parameter(help="The file whose first line is its password.")]
    list: Annotated[bool, Parameter(name="--list", negative="", help="Only list the messages; so by default.")] = False
    into: Annotated[Path | None, Parameter(help="Put the messages into this Maildir; made if it is not there.")] = None
    tls: Annotated[bool, Parameter(negative="", help="Require TLS, and a certificate that is good.")] = False
    ca: Annotated[Path | None, Parameter(help="Certificates, in PEM, to trust besides the system's.")] = None
    any_certificate: Annotated[bool, Parameter(negative="", help="With --tls: take every certificate.")] = False
    timeout: Annotated[float, Parameter(help="Seconds to wait for each answer at the most.")] = 60.0


def fetch(
    server: Annotated[str, Parameter(help="HOST:PORT of the server.")],
    options: Annotated[FetchOptions, Parameter(name="*")],
) -> int:
    """List or fetch a user's messages from a real POP3 or IMAP server; print the transcript with its times.

    Nothing is deleted and nothing marked as read.
    """
    from sim.live import client, fetch, send_request, tls

    if options.imap == options.pop3:
        raise UsageError("give --imap or --pop3, one of them")
    if options.list and options.into is not None:
        raise UsageError("--list only lists: leave it out, or --into")
    if not options.tls and (options.ca is not None or options.any_certificate):
        raise UsageError("--ca and --any-certificate are about TLS: give --tls, too")
    if not 0 < options.timeout < inf:
        raise UsageError(f"--timeout {options.timeout}: more than 0 seconds are needed, and an end")
    login = send_request.login(options.user, options.password_file)
    if login is None:
        raise UsageError("--user is empty: name who logs in")
    found = fetch.fetch(
        client.parse_server(server),
        "imap" if options.imap else "pop3",
        login,
        into=options.into,
        tls=tls.client_context(options.ca, verify=not options.any_certificate) if options.tls else None,
        longest_wait=options.timeout,
        say=put,
    )
    for message in found.messages:
        put(f"# {' '.join([str(message.number), message.uid, f'{message.size} octets', *message.flags])}")
    kept = f", {found.fetched} kept in {options.into}" if options.into is not None else ""
    put(f"# {len(found.messages)} messages{kept}, {found.round_trips} round trips, {found.seconds:.3f} s")
    return DONE
