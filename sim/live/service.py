"""A host that is served until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sim.live import log
from sim.live.errors import LiveError
from sim.live.limits import Limits
from sim.live.maildir import Maildir
from sim.live.server import LiveServer
from sim.live.tls import server_context
from sim.scenario.spec import Host, Scenario

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
    server = LiveServer(scenario, chosen, Maildir(maildir), limits or Limits(), say, tls=tls, note=note)
    return asyncio.run(_serve(server, bind, smtp, lmtp, say))


def _whether_heard_or_not(tell: Callable[[str], object]) -> Callable[[str], object]:
    """Take lines for a log that may be full, or that nobody reads any more: no mail is to suffer for it."""

    def say(line: str) -> None:
        with suppress(OSError):
            tell(line)

    return say


async def _serve(
    server: LiveServer, bind: str, smtp: int | None, lmtp: int | None, tell: Callable[[str], object]
) -> int:
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.put_nowait, number)
    listening = []
    try:
        if smtp is not None:
            listening += await server.listen(bind, smtp)
        if lmtp is not None:
            listening += [f"{address} (LMTP)" for address in await server.listen(bind, lmtp, lmtp=True)]
    except LiveError:
        await server.stop()
        raise
    for address in listening:
        tell(f"listening on {address}")
    first = await told.get()
    stopping = asyncio.ensure_future(server.stop())
    again = asyncio.ensure_future(told.get())
    await asyncio.wait((stopping, again), return_when=asyncio.FIRST_COMPLETED)
    again.cancel()
    server.end_transactions()
    await stopping
    return INTERRUPTED if first == signal.SIGINT else os.EX_OK


def _host(scenario: Scenario, name: str, architecture: str) -> Host:
    architectures = scenario.architectures
    if architecture and architecture not in architectures:
        raise LiveError(f"no architecture {architecture!r} in the scenario: there are {', '.join(architectures)}")
    hosts = architectures[architecture or next(iter(architectures))].hosts
    if name not in hosts:
        shown = ", ".join(list(hosts)[:20]) + (", ..." if len(hosts) > 20 else "")
        raise LiveError(f"no host {name!r} in the scenario: there are {shown}")
    return hosts[name]
