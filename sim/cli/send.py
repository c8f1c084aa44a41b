"""The command that sends messages to a real server."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sim.cli.common import DONE, UsageError, put


@dataclass(frozen=True, kw_only=True)
class SendOptions:
    """From whom, to whom and how messages are sent."""

    sender: Annotated[str, Parameter(name="--from", help="The reverse-path; an empty one is the null path.")]
    recipients: Annotated[tuple[str, ...], Parameter(name="--to", negative="", help="A forward-path; may come again.")]
    helo: Annotated[str, Parameter(help="What to call oneself; the address literal by default.")] = ""
    lmtp: Annotated[bool, Parameter(negative="", help="Speak LMTP.")] = False
    tls: Annotated[bool, Parameter(negative="", help="Require STARTTLS, and a certificate that is good.")] = False
    ca: Annotated[Path | None, Parameter(help="Certificates, in PEM, to trust besides the system's.")] = None
    any_certificate: Annotated[bool, Parameter(negative="", help="With --tls: take every certificate.")] = False
    user: Annotated[str, Parameter(help="The login for AUTH, where the server offers it.")] = ""
    insecure_login: Annotated[bool, Parameter(negative="", help="Prove the login without TLS, too.")] = False
    timeout: Annotated[float, Parameter(help="Seconds to wait for each answer at the most.")] = inf
    password_file: Annotated[Path | None, Parameter(help="The file whose first line is its password.")] = None


def send(
    server: Annotated[str, Parameter(help="HOST:PORT of the server.")],
    *files: Annotated[str, Parameter(help="Messages; - reads standard input.", allow_leading_hyphen=True)],
    options: Annotated[SendOptions, Parameter(name="*")],
) -> int:
    """Send messages to a real server, each in a session; print the transcript.

    Exit status: 0 all recipients of all messages were accepted, 69 some were refused for good, 75 some for now.
    """
    from sim.live import client, send_request, tls

    address = client.parse_server(server)
    if not files:
        raise UsageError("no message to send: name a file, or - for standard input")
    if not options.tls and (options.ca is not None or options.any_certificate):
        raise UsageError("--ca and --any-certificate are about TLS: give --tls, too")
    if not options.timeout > 0:
        raise UsageError(f"--timeout {options.timeout}: more than 0 seconds are needed")
    reverse_path, *forward_paths = send_request.paths(options.sender, options.recipients)
    name = send_request.helo(options.helo)
    login = send_request.login(options.user, options.password_file)
    if options.insecure_login and (options.tls or login is None):
        raise UsageError("--insecure-login is about --user without --tls: leave it out")
    if login is not None and not (options.tls or options.insecure_login):
        raise UsageError("--user without TLS shows the password to all on the way: give --tls, or --insecure-login")
    context = tls.client_context(options.ca, verify=not options.any_certificate) if options.tls else None
    contents = [send_request.message(file) for file in files]
    statuses = set()
    for content in contents:
        delivery = client.send(
            address,
            reverse_path,
            forward_paths,
            content,
            name=name,
            longest_wait=options.timeout,
            tls=context,
            login=login,
            lmtp=options.lmtp,
            say=put,
        )
        for line in delivery.lines():
            put(f"# {line}")
        statuses.add(delivery.status)
    return next((status for status in (client.PERMANENT, client.TEMPORARY) if status in statuses), DONE)
