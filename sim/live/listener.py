"""Listening sockets, and how connections are taken from them."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from sim.live.errors import LiveError

BACKLOG = 1024
"""The length of the kernel's listen queue; Linux shortens it to net.core.somaxconn."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
"""Seconds until accept(2) is tried again after it has failed: doubled each time."""

_FILES = 32
"""Descriptors that are left for files: the keeper's threads write as many at a time as half of them."""

_QUIET = 60.0
"""Seconds without a failure of accept(2) after which the next one is said again."""

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
"""Serves a connection, in a task of its own."""


async def bound(bind: str, port: int) -> list[socket.socket]:
    """Sockets that listen on a port of every address that a name has.

    Args:
        bind: the address or name.
        port: the TCP port; 0 takes any that is free.

    Raises:
        LiveError: it cannot be listened on.
    """
    sockets: list[socket.socket] = []
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, address in dict.fromkeys((one[0], one[4]) for one in found):
            sockets.append(socket.create_server(address, family=family, backlog=BACKLOG))
            sockets[-1].setblocking(False)
    except (OSError, OverflowError, UnicodeError) as error:
        for one in sockets:
            one.close()
        why = error.strerror if isinstance(error, OSError) else error
        raise LiveError(f"cannot listen on {bind}:{port} ({why}): name another port or address") from error
    return sockets


class Listener:
    """Takes the connections of one listening socket, until it is closed.

    Args:
        listening: the socket.
        connected: serves a connection.
        chunk: octets that a connection's reader holds.
        tell: takes a line for whoever runs the server.
    """

    def __init__(
        self, listening: socket.socket, connected: Connected, chunk: int, tell: Callable[[str], object]
    ) -> None:
        self._socket = listening
        self._connected = connected
        self._chunk = chunk
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._making: set[asyncio.Task[None]] = set()
        self._said = -_QUIET
        self._pause = _FIRST_PAUSE
        self._resuming: asyncio.TimerHandle | None = None
        self._resume()

    @property
    def address(self) -> str:
        """Where it listens, with the port."""
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def close(self) -> None:
        """Take no more connections; those that nobody has taken are reset."""
        if self._resuming is not None:
            self._resuming.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        if self._making:
            await asyncio.wait(self._making)

    def _resume(self) -> None:
        self._resuming = None
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        """Take a connection. Where descriptors or memory run out, who has connected waits in the kernel's queue."""
        try:
            self._spare()
            connection, _ = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            # It was gone before it was taken.
            return
        except OSError as error:
            self._say(error)
            self._loop.remove_reader(self._socket)
            self._resuming = self._loop.call_later(self._pause, self._resume)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            return
        self._pause = _FIRST_PAUSE
        connection.setblocking(False)
        task = self._loop.create_task(self._make(connection))
        self._making.add(task)
        task.add_done_callback(self._making.discard)

    def _spare(self) -> None:
        """See that there are descriptors left for files, so that the mail of those who are served can be written.

        Raises:
            OSError: there are not.
        """
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        lowest = os.dup(self._socket.fileno())
        os.close(lowest)
        if limit != resource.RLIM_INFINITY and lowest + min(_FILES, limit // 4) >= limit:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async def _make(self, connection: socket.socket) -> None:
        reader = asyncio.StreamReader(limit=self._chunk, loop=self._loop)
        await self._loop.connect_accepted_socket(
            lambda: asyncio.StreamReaderProtocol(reader, self._connected, loop=self._loop), connection
        )

    def _say(self, error: OSError) -> None:
        now = self._loop.time()
        if now - self._said >= _QUIET:
            self._tell(f"no further connection can be taken ({error.strerror}): they wait until some have ended")
        self._said = now
