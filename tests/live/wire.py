"""One end of a TCP connection that obeys no protocol: any octets, cut anywhere, with TLS that may break at any octet."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import suppress
from math import inf

_BLOCK = 65_536


class CutError(ConnectionError):
    """As many octets have gone out as were to."""


class Wire:
    """A connected socket, with TLS or without.

    Args:
        connection: the socket.
        patience: how long one call may wait, in s.
    """

    def __init__(self, connection: socket.socket, patience: float) -> None:
        self._socket = connection
        self._errors = patience
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.budget = inf
        """Octets of TLS that may still go out."""
        self.ended = False
        """Whether the peer has said that nothing more will come, in order."""

    @property
    def secure(self) -> bool:
        """Whether it has TLS, be it broken."""
        return self._tls is not None

    def write(self, octets: bytes) -> None:
        """Send octets.

        Raises:
            OSError: the peer is gone, or reads nothing; or the budget is spent.
        """
        if self._tls is None:
            self._send(octets)
        else:
            self._tls.write(octets)
            self._flush()

    def read(self, wait: float) -> bytes:
        """What comes first within so many s; nothing where the peer stays silent, or has ended.

        Raises:
            OSError: the connection has been reset, or its TLS has come to no proper end.
        """
        end = time.monotonic() + wait
        while not self.ended and (left := end - time.monotonic()) > 0:
            if self._tls is not None:
                with suppress(ssl.SSLWantReadError):
                    octets = self._tls.read(_BLOCK)
                    self.ended = not octets
                    return octets
            octets = self._receive(left)
            if self._tls is None:
                return octets
            self._incoming.write(octets)
            if self.ended:
                self._incoming.write_eof()
        return b""

    def start_tls(self, context: ssl.SSLContext, name: str | None = None, *, drip: float = 0.0) -> None:
        """Shake hands, as the server where no name is given; each octet `drip` s after the last.

        Raises:
            OSError: it failed, or took too long, or the budget was spent.
        """
        self._tls = context.wrap_bio(self._incoming, self._outgoing, name is None, name)
        end = time.monotonic() + self._errors
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush(drip)
                octets = self._receive(max(end - time.monotonic(), 0.001))
                if not octets:
                    raise ConnectionResetError("no handshake") from None
                self._incoming.write(octets)
            else:
                self._flush(drip)
                return

    def half_close(self) -> None:
        """Say that nothing more will come."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End with a RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """End with a FIN, or with a RST where octets came that nobody has read."""
        self._socket.close()

    def _flush(self, drip: float = 0.0) -> None:
        octets = self._outgoing.read()
        spent = len(octets) > self.budget
        octets = octets[: int(self.budget)] if spent else octets
        self.budget -= len(octets)
        if drip:
            for octet in octets:
                self._send(bytes([octet]))
                time.sleep(drip)
        elif octets:
            self._send(octets)
        if spent:
            raise CutError("cut amid TLS")

    def _send(self, octets: bytes) -> None:
        self._socket.settimeout(self._errors)
        self._socket.sendall(octets)

    def _receive(self, wait: float) -> bytes:
        self._socket.settimeout(min(wait, self._errors))
        try:
            octets = self._socket.recv(_BLOCK)
        except TimeoutError:
            return b""
        self.ended = not octets
        return octets
