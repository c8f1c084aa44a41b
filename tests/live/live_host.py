"""A served host in this process, for tests: its event loop runs in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from sim.live.limits import Limits
from sim.live.maildir import Maildir
from sim.live.server import LiveServer
from sim.scenario.load import loads
from sim.scenario.spec import Scenario

SCENARIO = """
title: three hosts
duration: 1 h
network:
  nodes: [a, b, c]
  links:
    - {between: [a, b], rate: 1 Mbit/s, delay: 10 ms}
    - {between: [b, c], rate: 1 Mbit/s, delay: 10 ms}
domains:
  a.example: {mx: [a], users: [ann]}
  b.example: {mx: {10: b, 20: c}, users: [bob, ben]}
  c.example: {mx: {10: c, 20: b}, users: [cy]}
  deaf.example: {mx: none}
workload:
  constant: {every: 1 min, size: 1 kB}
"""
ENVELOPE = b"EHLO me.example\r\nMAIL FROM:<x@y.example>\r\nRCPT TO:<bob@b.example>\r\n"
MESSAGE = b"Subject: hi\r\n\r\nhello\r\n"


def scenario() -> Scenario:
    """Three hosts; b is the best MX of b.example and the second one of c.example."""
    return loads(SCENARIO)


class Served:
    """A served host: where it listens, and what it has kept."""

    def __init__(self, server: LiveServer, loop: asyncio.AbstractEventLoop, port: int, folder: Path) -> None:
        self.server = server
        self.loop = loop
        self.port = port
        self.folder = folder
        self.told: list[str] = []
        self.log: list[str] = []

    def messages(self) -> list[bytes]:
        """The messages in the Maildir; nothing may lie in its tmp."""
        assert list((self.folder / "tmp").iterdir()) == []
        return [file.read_bytes() for file in sorted((self.folder / "new").iterdir())]

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until something is so; ten seconds at most."""
        end = time.monotonic() + 10
        while not what():
            assert time.monotonic() < end
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop as a signal would make it, and wait for the end."""
        asyncio.run_coroutine_threadsafe(self.server.stop(), self.loop).result(60)

    def begin_stop(self) -> asyncio.Future[None]:
        """Stop as a signal would make it; the future ends when all is over."""
        return asyncio.run_coroutine_threadsafe(self.server.stop(), self.loop)


@contextmanager
def served(
    tmp_path: Path,
    limits: Limits | None = None,
    *,
    name: str = "b",
    lmtp: bool = False,
    tls: ssl.SSLContext | None = None,
    **settings,
) -> Iterator[Served]:
    """Serve a host, b unless another is named, as the settings change it."""
    spec = scenario()
    host = replace(next(iter(spec.architectures.values())).hosts[name], **settings)
    folder, told, log = tmp_path / ("mail" if name == "b" else f"mail-{name}"), [], []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = LiveServer(
        spec, host, Maildir(folder), limits or Limits(linger=0.5), told.append, tls=tls, note=log.append
    )
    try:
        [address] = asyncio.run_coroutine_threadsafe(
            server.listen("127.0.0.1", 0, "lmtp" if lmtp else "smtp"), loop
        ).result(60)
        found = Served(server, loop, int(address.rpartition(":")[2]), folder)
        found.told, found.log = told, log
        yield found
    finally:
        try:
            # A test that failed, too, must leave no open listener behind, of which another test would be accused.
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


class Peer:
    """A client that writes what it likes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self.socket.close()

    def write(self, octets: bytes) -> None:
        """Send octets."""
        self.socket.sendall(octets)

    def line(self) -> bytes:
        """The next line, without its end."""
        return self._file.readline().rstrip(b"\r\n")

    def octets(self, number: int) -> bytes:
        """The next so many octets."""
        return self._file.read(number)

    def half_close(self) -> None:
        """Say that nothing more will come."""
        self.socket.shutdown(socket.SHUT_WR)

    def code(self) -> int:
        """The code of the next reply; 0 where the server has closed."""
        while line := self._file.readline():
            if line[3:4] == b" ":
                return int(line[:3])
        return 0

    def codes(self, number: int) -> list[int]:
        """The codes of so many replies."""
        return [self.code() for _ in range(number)]

    def rest(self) -> list[int]:
        """The codes of all replies until the server closes."""
        found = []
        while code := self.code():
            found.append(code)
        return found
