"""Replies: how they are written and read (RFC 959 section 4.2), and what those to PASV and EPSV say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError

LINE_LIMIT = 65_536
"""Octets of one line of a reply that a client reads."""

REPLY_LIMIT = 1_000_000
"""Octets of a reply of many lines that a client reads."""

CLOSING = 421
"""The server closes the control connection, whatever it was asked (RFC 959 section 4.2.2)."""

_FIRST = re.compile(rb"([1-5][0-9]{2})(-| |$)([^\r\n]*)")
_PASSIVE = re.compile(r"([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3}),([0-9]{1,3})")
_EXTENDED = re.compile(r"\(([!-~])\1\1([0-9]{1,5})\1\)")


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply: its code (100 to 599), and its lines of text without code and line end.

    Decide by the first digit: 1yz preliminary, 2yz done, 3yz go on, 4yz not now, 5yz no.
    """

    code: int
    lines: tuple[str, ...] = ("",)

    @property
    def digit(self) -> int:
        """The first digit."""
        return self.code // 100

    @property
    def text(self) -> str:
        """All lines, joined by newlines."""
        return "\n".join(self.lines)


def reply(code: int, *lines: str) -> Reply:
    """A reply of these lines."""
    return Reply(code, lines or ("",))


def write_reply(said: Reply) -> bytes:
    """The octets of a reply, its CRLFs included.

    Of several lines each but the last has a hyphen behind its code, so that none can be taken for the last one.

    Raises:
        LocalProtocolError: it has a line that FTP does not allow, or a code that it does not know.
    """
    if not 100 <= said.code <= 599 or any("\r" in line or "\n" in line for line in said.lines) or not said.lines:
        raise LocalProtocolError(f"cannot reply {said!r}: a code of 100 to 599 and whole lines are needed")
    *most, last = said.lines
    return "".join([*(f"{said.code}-{line}\r\n" for line in most), f"{said.code} {last}\r\n"]).encode("utf-8")


class ReplyReader:
    """Reads replies line by line."""

    __slots__ = ("_code", "_lines", "_octets")

    def __init__(self) -> None:
        self._code = 0
        self._lines: list[str] = []
        self._octets = 0

    def read(self, line: bytes) -> Reply | None:
        """Take a line without its line end; the reply that it ends.

        Within a reply of many lines, any line counts that is not the last: the last begins with the first one's code
        and a space (RFC 959 section 4.2).

        Raises:
            RemoteProtocolError: it is no line of a reply, or there is no end of them.
        """
        self._octets += len(line)
        if len(line) > LINE_LIMIT or self._octets > REPLY_LIMIT:
            raise RemoteProtocolError(f"a reply has more than {LINE_LIMIT} octets in a line, or {REPLY_LIMIT} in all")
        found = _FIRST.fullmatch(line)
        if not self._code:
            if found is None:
                raise RemoteProtocolError(f"{line[:80]!r} is no reply of FTP: it does not begin with a code")
            self._code = int(found[1])
        ends = found is not None and int(found[1]) == self._code and found[2] != b"-"
        mine = found is not None and int(found[1]) == self._code
        self._lines.append((found[3] if found is not None and mine else line).decode("utf-8", "replace"))
        if not ends:
            return None
        whole = Reply(self._code, tuple(self._lines))
        self._code, self._lines, self._octets = 0, [], 0
        return whole


def passive(host: tuple[int, int, int, int], port: int) -> Reply:
    """The reply to PASV: where the server listens."""
    numbers = ",".join(map(str, (*host, port >> 8, port & 255)))
    return reply(227, f"Entering Passive Mode ({numbers}).")


def extended_passive(port: int) -> Reply:
    """The reply to EPSV (RFC 2428 section 3)."""
    return reply(229, f"Entering Extended Passive Mode (|||{port}|)")


def read_passive(said: Reply) -> tuple[str, int]:
    """Where to connect by the reply to PASV or EPSV: the address, empty for that of the control connection; the port.

    Raises:
        RemoteProtocolError: it says no such thing.
    """
    if said.code == 229 and (extended := _EXTENDED.search(said.text)) is not None and int(extended[2]) < 65_536:
        return "", int(extended[2])
    found = _PASSIVE.search(said.text) if said.code == 227 else None
    numbers = [int(number) for number in found.groups()] if found is not None else [256]
    if max(numbers) > 255:
        raise RemoteProtocolError(f"{said.code} {said.text[:80]!r} does not say where the server listens")
    return ".".join(map(str, numbers[:4])), numbers[4] * 256 + numbers[5]
