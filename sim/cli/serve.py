"""The command that serves a simulated host to real clients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sim.cli.common import Overrides, ScenarioFile, UsageError, Whole, read_scenario, tell


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """Where and how a host is served."""

    host: Annotated[str, Parameter(help="Which of the scenario's hosts.")]
    maildir: Annotated[Path, Parameter(help="The Maildir that takes its mail; made if it is not there.")]
    smtp: Annotated[Whole | None, Parameter(help="The TCP port; 0 takes any that is free and says which.")] = None
    lmtp: Annotated[Whole | None, Parameter(help="A TCP port for LMTP, beside the other or instead of it.")] = None
    submission: Annotated[Whole | None, Parameter(help="A TCP port for mail from users who log in (RFC 6409).")] = None
    pop3: Annotated[Whole | None, Parameter(help="A TCP port for POP3; each user then has his own Maildir.")] = None
    imap: Annotated[Whole | None, Parameter(help="A TCP port for IMAP, likewise.")] = None
    cert: Annotated[Path | None, Parameter(help="Certificate in PEM, for STARTTLS; it is offered if this is.")] = None
    key: Annotated[Path | None, Parameter(help="Its private key, where it is in a file of its own.")] = None
    bind: Annotated[str, Parameter(help="The address to listen on.")] = "127.0.0.1"
    architecture: Annotated[str, Parameter(help="The host as this architecture sets it; the first one's else.")] = ""
    idle: Annotated[float, Parameter(help="Seconds that a client may be silent.")] = 300.0
    verbose: Annotated[bool, Parameter(name=["-v", "--verbose"], negative="", help="Log mail and refusals.")] = False
    overrides: Overrides = ()


def serve(scenario: ScenarioFile, options: Annotated[ServeOptions, Parameter(name="*")]) -> int:
    """Serve a host of a scenario to real clients, until interrupted; its mail goes to a Maildir."""
    from sim.live.limits import Limits
    from sim.live.service import serve as serve_host

    ports = {"--smtp": options.smtp, "--lmtp": options.lmtp, "--submission": options.submission}
    ports |= {"--pop3": options.pop3, "--imap": options.imap}
    if all(port is None for port in ports.values()):
        raise UsageError(f"no port to listen on: give one of {', '.join(ports)}, or several")
    for option, port in ports.items():
        if port is not None and not 0 <= port <= 65_535:
            raise UsageError(f"{option} {port}: a port from 0 to 65535 is needed")
    if options.key is not None and options.cert is None:
        raise UsageError("--key is nothing without its certificate: give --cert, too")
    if not options.bind:
        raise UsageError("--bind is empty: name an address, such as 127.0.0.1, or 0.0.0.0 for all of them")
    if not options.idle > 0:
        raise UsageError(f"--idle {options.idle}: more than 0 seconds are needed")
    return serve_host(
        read_scenario(scenario, options.overrides, quiet=False),
        options.host,
        architecture=options.architecture,
        maildir=options.maildir,
        smtp=options.smtp,
        lmtp=options.lmtp,
        submission=options.submission,
        pop3=options.pop3,
        imap=options.imap,
        certificate=options.cert,
        key=options.key,
        bind=options.bind,
        limits=Limits(idle=options.idle),
        verbose=options.verbose,
        tell=tell,
    )
