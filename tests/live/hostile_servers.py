"""Servers that `mtasim send` must survive: any octets at any point, at any pace, and any end.

A seed makes a server that knows SMTP well enough to go wrong anywhere in it, and what is sent to it. The command must
end in its time, with an exit status that it is documented to have, and must call nothing accepted that was not.

Run as a program, it tries so many seeds and prints those that break a rule: `python tests/live/hostile_servers.py 2000`,
or `python tests/live/hostile_servers.py 1 17` for seed 17 alone.
"""

from __future__ import annotations

import io
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache
from pathlib import Path
from random import Random

from hostile_clients import contexts
from seeds import try_seeds
from wire import Wire

from sim import cli

TIMEOUT = 0.3
"""What `--timeout` is given, s."""

LONGEST = 60.0
"""How long the command may take, s: some 20 waits of so long, on a machine that has other things to do."""

_PATIENCE = 3.0
"""How long a server waits for its client, s: that is for ever."""

KEYWORDS = [
    *(b"PIPELINING", b"SIZE", b"SIZE 10", b"SIZE x", b"SIZE 99999999999999999999999", b"8BITMIME", b"SMTPUTF8"),
    *(b"ENHANCEDSTATUSCODES", b"CHUNKING", b"BINARYMIME", b"DSN", b"STARTTLS", b"AUTH PLAIN", b"AUTH LOGIN"),
    *(
        b"AUTH CRAM-MD5",
        b"AUTH",
        b"AUTH=PLAIN",
        b"AUTH XOAUTH2",
        b"pipelining now",
        b"X\xff",
        b"",
        b" ",
        b"DELIVERBY -1",
    ),
]
MESSAGES = [
    *(
        b"",
        b"hi",
        b"Subject: hi\n\nhello\n",
        b".\n..\n.x\n",
        b"Subject: \xc3\xbc\n\n\xc3\xbc\n",
        b"Subject: \xff\n\n\xff\0\n",
    ),
    *(
        b"X: " + b"x" * 2000 + b"\n\n" + b"y" * 5000 + b"\n",
        b"Subject: big\n\n" + b"z" * 70 + b"\n" * 3000 + b"z\n" * 150_000,
    ),
]
ADDRESSES = [
    "bob@b.example",
    "ben@b.example",
    '"a b"@b.example',
    "jürgen@exämple.de",
    "@a,@b:c@d",
    "Postmaster",
    "x@[192.0.2.1]",
]
CODES = [
    200,
    211,
    220,
    221,
    235,
    250,
    251,
    252,
    334,
    354,
    399,
    421,
    450,
    451,
    452,
    500,
    503,
    535,
    550,
    552,
    554,
    599,
    600,
    999,
]
OCTETS = [
    *(
        b"\r\n",
        b"\n",
        b"250\r\n",
        b"250",
        b"25",
        b"250-\r\n",
        b"250 ok\n",
        b"250 o\0k\r\n",
        b"250 \xff\xfe\r\n",
        b"250\tok\r\n",
    ),
    *(
        b"250-a\r\n550 b\r\n",
        b"250-a\r\n250\r\n",
        b"2 50 x\r\n",
        b" 250 x\r\n",
        b"-250 x\r\n",
        b"250 \x1b[2J\x07\r\n",
        b"150 x\r\n",
    ),
    *(
        b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"354 go\r\n",
    ),
    *(
        b"421 bye\r\n",
        b"334 \r\n",
        b"334 =\r\n",
        b"334 VXNlcm5hbWU6\r\n",
        b"235 ok\r\n",
        "\u0662\u0665\u0660 ok\r\n".encode(),
        b"250 " + b"x" * 600 + b"\r\n",
    ),
]


class LeaveError(Exception):
    """The server has ended the connection."""


class Server:
    """One that speaks to one client.

    `dots` counts the messages that came whole; `heard_of` is what was said since the last of them; `ahead` whether
    anything was said that nobody had asked for.
    """

    def __init__(self, chance: Random, wildness: float, *, lmtp: bool, secure: bool) -> None:
        self._chance = chance
        self._wildness = wildness
        self._lmtp = lmtp
        self._context = contexts()[0]
        self._secure = secure
        self._taken = 0
        self._octets = b""
        self.dots = 0
        self.since_dot = b""
        self.ahead = False
        self.wild = False

    def talk(self, connection: socket.socket) -> None:
        """Serve a client."""
        wire = Wire(connection, _PATIENCE)
        with suppress(OSError, LeaveError):
            try:
                self._say(wire, b"220 s ESMTP\r\n")
                while (line := self._line(wire)) is not None:
                    self._answer(wire, line)
            finally:
                wire.close()

    def _answer(self, wire: Wire, line: bytes) -> None:
        word = line[:4].upper()
        if word in (b"EHLO", b"LHLO"):
            self._say(wire, self._offer())
        elif word == b"DATA":
            if not self._say(wire, b"354 go\r\n"):
                # Any 3yz lets the mail data come, and whatever is said to its lines is the answer to it.
                self.ahead = True
            elif self._until(wire, b"\r\n.\r\n", b".\r\n"):
                self._take(wire)
        elif word == b"BDAT":
            self._chunk(wire, line)
        elif word == b"STAR":
            self._say(wire, b"220 go\r\n")
            wire.budget = self._chance.choice([10**9] * 3 + [self._chance.randint(0, 3000)])
            wire.start_tls(self._context, drip=self._chance.choice([0.0, 0.0, 0.0, 0.02]))
        elif word == b"AUTH":
            self._say(wire, b"235 ok\r\n" if b"PLAIN " in line else b"334 PHhAeT4=\r\n")
        elif word == b"RCPT":
            self._taken += self._say(wire, b"250 ok\r\n")
        elif word == b"QUIT":
            self._say(wire, b"221 bye\r\n")
            raise LeaveError
        else:
            self._say(wire, b"250 ok\r\n" if word in (b"MAIL", b"RSET", b"HELO") else b"235 ok\r\n")

    def _offer(self) -> bytes:
        offered = self._chance.sample(KEYWORDS, self._chance.randint(0, 8))
        if self._secure and self._chance.random() < 0.9:
            offered.append(b"STARTTLS")
        return b"".join([b"250-" + one + b"\r\n" for one in [b"s", *offered]]) + b"250 HELP\r\n"

    def _chunk(self, wire: Wire, line: bytes) -> None:
        size = int(line.split()[1])
        while len(self._octets) < size and (octets := wire.read(_PATIENCE)):
            self._octets += octets
        if len(self._octets) < size:
            raise LeaveError
        self._octets = self._octets[size:]
        if line.upper().endswith(b"LAST"):
            self._take(wire)
        else:
            self._say(wire, b"250 ok\r\n")

    def _take(self, wire: Wire) -> None:
        self.dots += 1
        self.since_dot = b""
        for _ in range(self._taken if self._lmtp else 1):
            self._say(wire, b"250 taken\r\n")
        self._taken = 0

    def _line(self, wire: Wire) -> bytes | None:
        while b"\n" not in self._octets:
            octets = wire.read(_PATIENCE)
            if not octets:
                return None
            self._octets += octets
        line, _, self._octets = self._octets.partition(b"\n")
        return line.rstrip(b"\r")

    def _until(self, wire: Wire, end: bytes, at_once: bytes) -> bool:
        """Take mail data up to its end."""
        if self._chance.random() < self._wildness / 4:
            # It reads nothing any more.
            time.sleep(1)
            raise LeaveError
        while not (self._octets.startswith(at_once) or end in self._octets):
            octets = wire.read(_PATIENCE)
            if not octets:
                return False
            self._octets += octets
        mark = at_once if self._octets.startswith(at_once) else end
        self._octets = self._octets.partition(mark)[2]
        return True

    def _say(self, wire: Wire, reply: bytes) -> bool:
        """Say something, the right thing or another; whether it was the right one."""
        if self._chance.random() >= self._wildness:
            self._write(wire, reply)
            return True
        self.wild = True
        how = self._chance.choice(list(WAYS))
        WAYS[how](self, wire, reply)
        return False

    def _write(self, wire: Wire, octets: bytes) -> None:
        self.since_dot += octets[:1000]
        wire.write(octets)

    def _another(self, wire: Wire, reply: bytes) -> None:
        lines = b"%d" % self._chance.choice(CODES) + self._chance.choice(
            [b" no\r\n", b"-no\r\n", b" 5.1.1 no\r\n", b"\r\n"]
        )
        self._write(wire, lines + (reply if b"-" in lines else b""))

    def _drip(self, wire: Wire, reply: bytes) -> None:
        for octet in reply:
            self._write(wire, bytes([octet]))
            time.sleep(0.01)

    def _drip_on(self, wire: Wire, reply: bytes) -> None:
        while True:
            self._drip(wire, reply[:3] + b"-x\r\n")

    def _ahead(self, wire: Wire, reply: bytes) -> None:
        self.ahead = True
        self._write(
            wire, reply + self._chance.choice([reply, b"250 ok\r\n", b"354 go\r\n", b"354 go\r\n250 ok\r\n", b"220"])
        )

    def _flood(self, wire: Wire, reply: bytes) -> None:
        self._write(wire, reply[:3] + self._chance.choice([b" ", b"-"]) + b"x" * 3_000_000)

    def _lines(self, wire: Wire, reply: bytes) -> None:
        self._write(wire, (reply[:3] + b"-x\r\n") * self._chance.choice([100, 1023, 1024, 100_000]) + reply)

    def _cut(self, wire: Wire, reply: bytes) -> None:
        self._write(wire, reply[: self._chance.randint(0, len(reply))])
        raise LeaveError

    def _reset(self, wire: Wire, reply: bytes) -> None:
        self._write(wire, reply[: self._chance.choice([0, 3, 100])])
        wire.reset()
        raise LeaveError

    def _half(self, wire: Wire, reply: bytes) -> None:
        self._write(wire, reply)
        wire.half_close()


WAYS: dict[str, Callable[[Server, Wire, bytes], None]] = {
    "another": Server._another,
    "another code": Server._another,
    "octets": lambda self, wire, _: self._write(wire, self._chance.choice(OCTETS)),
    "strange": lambda self, wire, _: self._write(wire, self._chance.choice(OCTETS)),
    "random": lambda self, wire, _: self._write(wire, self._chance.randbytes(self._chance.choice([1, 20, 3000]))),
    "lf": lambda self, wire, reply: self._write(wire, reply.replace(b"\r", b"")),
    "silence": lambda _, __, ___: time.sleep(2 * TIMEOUT),
    "ahead": Server._ahead,
    "drip": Server._drip,
    "drip on": Server._drip_on,
    "flood": Server._flood,
    "lines": Server._lines,
    "cut": Server._cut,
    "reset": Server._reset,
    "half": Server._half,
}
"""What a server may do instead of what it should say."""


@cache
def _files() -> tuple[Path, list[Path]]:
    """A password, and the messages."""
    folder = Path(tempfile.mkdtemp())
    (folder / "password").write_text("secret\n")
    for number, message in enumerate(MESSAGES):
        (folder / f"{number}.eml").write_bytes(message)
    return folder / "password", [folder / f"{number}.eml" for number in range(len(MESSAGES))]


def _arguments(chance: Random, port: int) -> list[str]:
    password, messages = _files()
    sender = chance.choice(["x@y.example", "", "jürgen@exämple.de", '"x\\"y"@y.example'])
    to = [part for one in chance.sample(ADDRESSES, chance.randint(1, 3)) for part in ("--to", one)]
    found = [
        "send",
        f"127.0.0.1:{port}",
        str(chance.choice(messages)),
        "--from",
        sender,
        *to,
        "--timeout",
        str(TIMEOUT),
    ]
    secure = chance.random() < 0.4
    found += ["--tls", "--any-certificate"] if secure else []
    if chance.random() < 0.3:
        found += ["--user", "u", "--password-file", str(password), *([] if secure else ["--insecure-login"])]
    return [*found, *(["--lmtp"] if chance.random() < 0.2 else [])]


def tried(seed: int) -> list[str]:
    """Send to the server of a seed; gives what is wrong with what came of it."""
    chance = Random(seed)
    out, err = io.StringIO(), io.StringIO()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        arguments = _arguments(chance, listener.getsockname()[1])
        wildness = chance.choice([0.0, 0.05, 0.1, 0.2])
        server = Server(chance, wildness, lmtp="--lmtp" in arguments, secure="--tls" in arguments)

        def serve() -> None:
            connection, _ = listener.accept()
            server.talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        started = time.monotonic()
        with redirect_stdout(out), redirect_stderr(err):
            status = cli.main(arguments)
        seconds = time.monotonic() - started
        thread.join()
    return list(_wrong(server, status, seconds, out.getvalue(), err.getvalue()))


def _wrong(server: Server, status: int, seconds: float, out: str, err: str):
    if status not in (0, 69, 75) or err:
        yield f"exit status {status}, {err[-2000:]}"
    if seconds > LONGEST:
        yield f"{seconds:.1f} s"
    if not out.replace("\n", "").isprintable() or len(out) > 5_000_000:
        yield f"{len(out)} characters, not all of them printable"
    accepted = re.search(r"(?m)^# <.*>: 2\d\d", out) is not None
    if accepted and not server.ahead and not (server.dots and re.search(rb"(?m)^2\d\d", server.since_dot)):
        yield "called accepted what was not"
    if status == 0 and not accepted:
        yield "nothing was accepted"


if __name__ == "__main__":
    sys.exit(try_seeds("servers of send", tried, *map(int, sys.argv[1:])) > 0)
