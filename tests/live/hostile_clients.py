"""Peers of a served host that send any octets, at any time, and end in any way; and what the host must be all the same.

A seed makes a host and a few peers that come together; some hosts are stopped amid them. What each peer sends is drawn
beforehand; when the host answers, and in which order the peers are served, is not. Messages that are well formed bear
their own sum.

Run as a program, it tries so many seeds and prints those that break a rule: `python tests/live/hostile_clients.py 2000`,
or `python tests/live/hostile_clients.py 1 17` for seed 17 alone.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import socket
import ssl
import sys
import tempfile
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random

import trustme
from live_host import Served, served
from peer_scripts import CLIENT_HELLO, FIRST, Act, acts, digest
from seeds import try_seeds
from wire import Wire

from sim.live.limits import Limits
from sim.mta.server import policy
from sim.scenario.products.base import ErrorLimits
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.spec.policies import Policies

ACCOUNTS = {"u": "secret", "boss@c.example": "secret"}
EXTENSIONS = (
    *("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "CHUNKING", "BINARYMIME"),
    *("AUTH", "ETRN", "ATRN", "TURN", "VRFY", "EXPN", "HELP", "SEND", "SOML", "SAML"),
)
TURNING = ("ATRN", "TURN")
PATIENCE = 5.0
"""How long a peer waits for anything, s."""

_QUEUED = re.compile(rb"250 (?:2\.0\.0 )?Ok: queued as ([0-9A-F]+)\r\n")
_ID = re.compile(rb"Received: from (\S+) \(\[127\.0\.0\.1\]\)\r?\n\tby b with [A-Z0-9]+ id ([0-9A-F]+)(?:;|\r?\n)")
_SUMS = re.compile(rb"(?s)X-Sum: ([0-9a-f]{64}) ([0-9a-f]{64})\r?\n(.*)")


@cache
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS, and a client's that trusts it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("b.example").configure_cert(server)
    authority.configure_trust(client)
    return server, client


class Peer:
    """A client of no good, run by a thread."""

    def __init__(self, port: int, name: bytes, doing: list[Act]) -> None:
        self._port = port
        self.name = name
        self._doing = doing
        # Whether its TLS is no TLS any more.
        self._broke = False
        self.heard = b""
        self.early = True
        """Whether it left before it had heard all that the host said."""

    @property
    def asked_for_mail(self) -> bool:
        """Whether it has tried to be the server of others' mail."""
        return any(b"TURN" in octets or b"ATRN" in octets for _, octets, _ in self._doing)

    def run(self) -> None:
        """Do all, as far as the host lets it."""
        with suppress(OSError):
            wire = Wire(socket.create_connection(("127.0.0.1", self._port), PATIENCE), PATIENCE)
            try:
                for kind, octets, number in self._doing:
                    self._do(wire, kind, octets, number)
            except ConnectionError:
                # The host has ended the session; what it said last may still be there.
                self._hear_out(wire)
            finally:
                wire.close()

    def _do(self, wire: Wire, kind: str, octets: bytes, number: float) -> None:
        if kind.startswith("tls"):
            self._broke |= wire.secure
            self._secure(wire, kind, octets, int(number))
        elif kind in ("quit", "half", "silent"):
            # What stands between this and the host's end may be much, or the host may wait for its own idle time.
            wire.write(octets)
            if kind == "half":
                # To TLS the end of its octets alone is a broken connection, and nobody is answered.
                self._broke |= wire.secure
                with suppress(OSError):
                    wire.half_close()
            self._hear_out(wire)
        elif kind in ("close", "reset", "deaf"):
            time.sleep(0.3 if kind == "deaf" else number)
            if kind == "reset":
                wire.reset()
        elif kind == "read":
            self.heard += wire.read(number)
        elif kind == "drip":
            for octet in octets[: min(int(number), 40)]:
                wire.write(bytes([octet]))
                time.sleep(0.001)
            wire.write(octets[min(int(number), 40) :])
        else:
            whole = octets[: int(number)] if kind == "cut" else octets
            step = max(int(number), len(whole) // 100 + 1) if kind == "pieces" else len(whole) + 1
            for start in range(0, len(whole), step):
                wire.write(whole[start : start + step])

    def _hear_out(self, wire: Wire) -> None:
        end = time.monotonic() + 2 * PATIENCE
        while not wire.ended and time.monotonic() < end:
            self.heard += wire.read(PATIENCE)
        self.early = self._broke or not wire.ended

    def _secure(self, wire: Wire, kind: str, behind: bytes, number: int) -> None:
        """STARTTLS with octets behind it, and a handshake that may break."""
        wire.write(b"RSET\r\nSTARTTLS\r\n" + behind)
        heard, end = b"", time.monotonic() + 1
        while b"220 2.0.0" not in heard and b"220 Ready" not in heard and time.monotonic() < end and not wire.ended:
            heard += wire.read(0.2)
            if re.search(rb"(?m)^[45]\d\d ", heard):
                break
        self.heard += heard
        if kind == "tls silent":
            time.sleep(0.2)
        elif kind == "tls garbage":
            wire.write(CLIENT_HELLO + bytes(range(number % 256)))
        else:
            if kind == "tls cut":
                wire.budget = number
            wire.start_tls(contexts()[1], "b.example", drip=0.0005 if kind == "tls drip" else 0.0)


class Log(logging.Handler):
    """What asyncio has to say."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


def _flaky(host: Served, chance: Random) -> None:
    """Let the disk fail now and then."""
    maildir = host.server._custody._maildir
    keep = maildir.keep

    def fails(parts):
        number = next(numbers)
        if number:
            raise OSError(number, os.strerror(number))
        return keep(parts)

    numbers = iter([chance.choice([0, errno.ENOSPC, errno.EIO]) for _ in range(100_000)])
    maildir.keep = fails


def _settings(chance: Random) -> dict[str, object]:
    policies = chance.choice(
        [
            Policies(),
            Policies(),
            Policies(sessions_at_once=3),
            Policies(greeting_delay=0.02, errors=ErrorLimits(soft_limit=2, hard_limit=8, delay=0.01)),
        ]
    )
    offers = tuple(chance.sample(EXTENSIONS, len(EXTENSIONS))) if chance.random() < 0.7 else ("SIZE",)
    if "CHUNKING" not in offers:
        offers = ("SIZE",)
    return {
        "lmtp": chance.random() < 0.2,
        "tls": contexts()[0] if chance.random() < 0.6 else None,
        "policies": policies,
        "extensions": offers,
        "accounts": ACCOUNTS if "AUTH" in offers else {},
        "size_limit": chance.choice([0, 0, 3000]),
        "mta": chance.choice([Postfix(), Postfix(), Exim(), Sendmail(), Qmail()]),
    }


def tried(seed: int, folder: Path) -> list[str]:
    """Let the peers of a seed come to their host; gives what is wrong with it."""
    chance = Random(seed)
    log, logger = Log(), logging.getLogger("asyncio")
    logger.addHandler(log)
    before, policy.AUTH_FAILURE_DELAY = policy.AUTH_FAILURE_DELAY, 0.01
    limits = Limits(idle=0.5, handshake=0.6, linger=0.1, grace=0.5, errors=chance.choice([5, 20, 20]), memory=200_000)
    settings = _settings(chance)
    flaky, stops = chance.random() < 0.1, chance.random() < 0.15
    try:
        with served(folder, limits, **settings) as host:
            rest = _at_rest(host)
            if flaky:
                _flaky(host, chance)
            lmtp = bool(settings["lmtp"])
            first = Peer(host.port, b"first.example", [("write", FIRST, 0), ("quit", b"QUIT\r\n", 0)])
            first.run()
            names = [b"p%d.example" % number for number in range(chance.randint(1, 7))]
            peers = [Peer(host.port, name, acts(chance, name, lmtp=lmtp)) for name in names]
            threads = [threading.Thread(target=peer.run) for peer in peers]
            for thread in threads:
                thread.start()
            if stops:
                time.sleep(chance.uniform(0, 0.5))
                host.stop()
            for thread in threads:
                thread.join()
            found = [*_not_at_rest(host, rest), *([] if stops else _serves(host, lmtp=lmtp))]
            host.stop()
            if not flaky:
                found += [f"said: {line}" for line in host.told]
            return [*found, *[f"asyncio: {line}" for line in log.lines], *_wrong(host, [first, *peers])]
    finally:
        logger.removeHandler(log)
        policy.AUTH_FAILURE_DELAY = before


def _at_rest(host: Served) -> tuple[int, int]:
    """How many descriptors are open, and how many tasks there are."""

    async def tasks() -> int:
        return len(asyncio.all_tasks()) - 1

    number = asyncio.run_coroutine_threadsafe(tasks(), host.loop).result(PATIENCE)
    return len(list(Path("/proc/self/fd").iterdir())), number


def _not_at_rest(host: Served, rest: tuple[int, int]) -> list[str]:
    """What the peers have left behind in the host a while after they have gone."""
    server, end = host.server, time.monotonic() + 2 * PATIENCE
    while True:
        # What the threads of the disk hold is not the peers' doing.
        left = {
            "sessions": server.sessions,
            "descriptors or tasks": sum(now > then for now, then in zip(_at_rest(host), rest, strict=True)),
            "memory": server._limits.memory - server._memory._free,
            "clients": len(server._access.connected),
        }
        if not any(left.values()) or time.monotonic() > end:
            return [f"left behind: {number} {what}" for what, number in left.items() if number]
        time.sleep(0.01)


def _serves(host: Served, *, lmtp: bool) -> list[str]:
    """A last client in good order is served, if need be at its third try: the host's patience is short here."""
    hello = b"LHLO" if lmtp else b"EHLO"
    doing = [("write", hello + b" good.example\r\nMAIL FROM:<>\r\n", 0), ("quit", b"QUIT\r\n", 0)]
    heard = b""
    for _ in range(3):
        peer = Peer(host.port, b"good.example", doing)
        peer.run()
        heard = peer.heard
        if [line[:3] for line in heard.splitlines() if line[3:4] == b" "] == [b"220", b"250", b"250", b"221"]:
            return []
    return [f"the last client heard {heard[-300:]!r}"]


def _wrong(host: Served, peers: list[Peer]) -> list[str]:
    """What of the mail in the Maildir, and of what the peers were told, does not go together."""
    found, kept = [], dict[bytes, bytes]()
    for content in host.messages():
        queued = _ID.search(content)
        if queued is None:
            found.append(f"no trace: {content[:200]!r}")
            continue
        found += [f"kept twice: {queued[2]!r}"] if queued[2] in kept else []
        kept[queued[2]] = queued[1]
        binary = content.split(b"\n", 1)[0].endswith(b"\r")
        sums = _SUMS.fullmatch(_body(content))
        if sums and sums[2 if binary else 1] != digest(sums[3]):
            found.append(f"not complete: {queued[2]!r}")
    promised = [one for peer in peers for one in _QUEUED.findall(peer.heard)]
    handed_over = {one for peer in peers for _, one in _ID.findall(peer.heard)}
    found += [f"promised twice: {one!r}" for one in set(promised) if promised.count(one) > 1]
    if not any(peer.early and peer.asked_for_mail for peer in peers):
        # Who says 250 to what he does not read has had it, too.
        found += [f"promised and not kept: {one!r}" for one in {*promised}.difference(kept, handed_over)]
    heard_all = {peer.name for peer in peers if not peer.early}
    found += [
        f"kept and not promised: {one!r}" for one, name in kept.items() if name in heard_all and one not in promised
    ]
    return found


def _body(content: bytes) -> bytes:
    """A message without the trace fields that the host put on top of it."""
    return re.sub(rb"(?s)^Return-Path: .*?\n((?:Delivered-To: .*?\n)*)Received: .*?\n(?:[ \t].*?\n)*", b"", content)


def alone(seed: int) -> list[str]:
    """Try a seed in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return tried(seed, Path(folder))


if __name__ == "__main__":
    sys.exit(try_seeds("peers of serve", alone, *map(int, sys.argv[1:])) > 0)
