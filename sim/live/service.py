"""A host that is served until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from sim.live import log
from sim.live.access_server import AccessServer
from sim.live.errors import LiveError
from sim.live.limits import Limits
from sim.live.maildir import Maildir
from sim.live.server import LiveServer, is_near
from sim.live.tls import server_context
from sim.live.user_mailboxes import UserMailboxes
from sim.scenario.spec import Domain, Host, Scenario

Ports = list[tuple[str, int | None, Callable[[str, int], Awaitable[list[str]]]]]
"""The name of a protocol, its port, and what listens there for it."""

INTERRUPTED = 130
"""The exit status after Ctrl-C."""


def serve(
    scenario: Scenario,
    host: str,
    *,
    architecture: str = "",
    maildir: Path,
    smtp: int | None = None,
    lmtp: int | None = None,
    submission: int | None = None,
    pop3: int | None = None,
    imap: int | None = None,
    bind: str = "127.0.0.1",
    certificate: Path | None = None,
    key: Path | None = None,
    limits: Limits | None = None,
    verbose: bool = False,
    tell: Callable[[str], object],
) -> int:
    """Serve a host until SIGINT or SIGTERM; gives the exit status.

    Args:
        scenario: the scenario.
        host: which of its hosts.
        architecture: as which of its architectures sets it; the first one where it is empty.
        maildir: the folder of the Maildir.
        smtp: the TCP port for SMTP; 0 takes any that is free, None is none.
        lmtp: the one for LMTP, likewise.
        submission: the one for SMTP submission, where nobody hands mail in who has not logged in, likewise.
        pop3: the one for POP3; with it each user has a Maildir++ of his own below `maildir`.
        imap: the one for IMAP, likewise.
        bind: the address to listen on.
        certificate: a file with the certificate for STARTTLS, in PEM.
        key: a file with its private key, where it is not in the same file.
        limits: what peers may do.
        verbose: whether each message and each refusal is told.
        tell: takes lines for whoever runs the server.

    Raises:
        LiveError: there is no such host, or it cannot listen or write where it should, or has no certificate.
    """
    chosen = _host(scenario, host, architecture)
    say = _whether_heard_or_not(tell)
    tls = None if certificate is None else server_context(certificate, key)
    note = say if verbose else log.nothing
    chosen_limits = limits or Limits()
    if (submission is not None or pop3 is not None or imap is not None) and not chosen.accounts:
        raise LiveError(f"host {host!r} has no accounts, so nobody can log in: give it e.g. accounts: {{ann: secret}}")
    own = (
        None if submission is None and pop3 is None and imap is None else partial(_mailboxes, maildir, chosen.accounts)
    )
    server = LiveServer(scenario, chosen, Maildir(maildir), chosen_limits, say, tls=tls, own_mailboxes=own, note=note)
    access = None
    if server.mailboxes is not None:
        access = AccessServer(
            chosen.domain,
            server.mailboxes,
            chosen_limits,
            say,
            tls=tls,
            clear_login=chosen.clear_auth is True,
            is_near=is_near,
        )
    ports: Ports = [
        ("SMTP", smtp, server.listen),
        ("LMTP", lmtp, partial(server.listen, service="lmtp")),
        ("submission", submission, partial(server.listen, service="submission")),
    ]
    if access is not None:
        ports += [
            ("POP3", pop3, partial(access.listen, protocol="pop3")),
            ("IMAP", imap, partial(access.listen, protocol="imap")),
        ]
    return asyncio.run(_serve(server, access, bind, ports, say))


def _mailboxes(maildir: Path, accounts: Mapping[str, str], domains: Sequence[Domain]) -> UserMailboxes:
    return UserMailboxes(maildir, domains, accounts)


def _whether_heard_or_not(tell: Callable[[str], object]) -> Callable[[str], object]:
    """Take lines for a log that may be full, or that nobody reads any more: no mail is to suffer for it."""

    def say(line: str) -> None:
        with suppress(OSError):
            tell(line)

    return say


async def _serve(
    server: LiveServer, access: AccessServer | None, bind: str, ports: Ports, tell: Callable[[str], object]
) -> int:
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.put_nowait, number)
    listening = []
    try:
        for name, port, listen in ports:
            if port is not None:
                named = "" if name == "SMTP" else f" ({name})"
                listening += [f"{address}{named}" for address in await listen(bind, port)]
    except LiveError:
        await _stop(server, access)
        raise
    for address in listening:
        tell(f"listening on {address}")
    first = await told.get()
    stopping = asyncio.ensure_future(_stop(server, access))
    again = asyncio.ensure_future(told.get())
    await asyncio.wait((stopping, again), return_when=asyncio.FIRST_COMPLETED)
    again.cancel()
    server.end_transactions()
    await stopping
    return INTERRUPTED if first == signal.SIGINT else os.EX_OK


async def _stop(server: LiveServer, access: AccessServer | None) -> None:
    await asyncio.gather(server.stop(), *([] if access is None else [access.stop()]))
    if server.mailboxes is not None:
        server.mailboxes.close()


def _host(scenario: Scenario, name: str, architecture: str) -> Host:
    architectures = scenario.architectures
    if architecture and architecture not in architectures:
        raise LiveError(f"no architecture {architecture!r} in the scenario: there are {', '.join(architectures)}")
    hosts = architectures[architecture or next(iter(architectures))].hosts
    if name not in hosts:
        shown = ", ".join(list(hosts)[:20]) + (", ..." if len(hosts) > 20 else "")
        raise LiveError(f"no host {name!r} in the scenario: there are {shown}")
    return hosts[name]
