"""The client machine over a socket: against aiosmtpd, against served hosts, and against servers that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from live_host import served

from sim.live.client import Delivery, parse_server, send
from sim.live.errors import LiveError
from sim.live.send_request import paths
from sim.mail.path import NULL_PATH, parse_forward_path, parse_path
from sim.scenario.spec import Postfix

QUICK = Postfix(
    **dict.fromkeys((name for name in Postfix.__slots__ if name.startswith("smtp_") and "limit" not in name), 0.3)
)
MESSAGE = b"Subject: hi\r\n\r\n.hello\r\n"


def offer(
    port: int, *recipients: str, content: bytes = MESSAGE, policy: Postfix | None = None, longest_wait: float = inf
) -> tuple[Delivery, list[str]]:
    """Send a message to a port of this machine; what became of it, and the transcript without its times."""
    lines: list[str] = []
    delivery = send(
        ("127.0.0.1", port),
        parse_path("<x@y.example>"),
        [parse_forward_path(f"<{recipient}>") for recipient in recipients],
        content,
        policy=policy,
        longest_wait=longest_wait,
        say=lambda line: lines.append(line[9:]),
    )
    return delivery, lines


def codes(delivery: Delivery) -> list[int]:
    """The reply code for each recipient."""
    return [outcome.code for outcome in delivery.outcomes.values()]


@contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that talks to one client as told; its port."""

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def script(*answers: bytes) -> Callable[[socket.socket], None]:
    """A server that gives an answer for each flight, the first one at once, and then closes."""

    def talk(connection: socket.socket) -> None:
        for answer in answers:
            connection.sendall(answer)
            connection.recv(65536)

    return talk


PIPELINING = b"250-hi\r\n250 PIPELINING\r\n"


class Keeper:
    """An aiosmtpd handler that keeps what comes and refuses one user."""

    def __init__(self) -> None:
        self.envelopes: list[object] = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        """Refuse eve for good, ida for now."""
        if address.startswith("eve@"):
            return "550 no such user"
        if address.startswith("ida@"):
            return "450 not now"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        """Keep the envelope."""
        self.envelopes.append(envelope)
        return "250 kept"


@pytest.fixture
def aiosmtpd() -> Iterator[tuple[int, Keeper]]:
    """An aiosmtpd server: its port, and what it keeps."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    keeper = Keeper()
    controller = Controller(keeper, hostname="127.0.0.1", port=port)
    controller.start()
    yield port, keeper
    controller.stop()


def test_aiosmtpd_takes_a_message(aiosmtpd):
    """Envelope and content as they were given."""
    port, keeper = aiosmtpd
    delivery, _ = offer(port, "bob@b.example", "ben@b.example")
    [envelope] = keeper.envelopes
    assert (delivery.status, codes(delivery)) == (0, [250, 250])
    assert (envelope.mail_from, envelope.rcpt_tos, envelope.content) == (
        "x@y.example",
        ["bob@b.example", "ben@b.example"],
        MESSAGE,
    )


@pytest.mark.parametrize(
    ("recipients", "status", "found"),
    [
        (("eve@b.example",), 69, [550]),
        (("ida@b.example",), 75, [450]),
        (("bob@b.example", "ida@b.example"), 75, [250, 450]),
        (("bob@b.example", "eve@b.example", "ida@b.example"), 69, [250, 550, 450]),
    ],
)
def test_aiosmtpd_refuses_some(aiosmtpd, recipients: tuple[str, ...], status: int, found: list[int]):
    """The exit status is the worst recipient's."""
    delivery, _ = offer(aiosmtpd[0], *recipients)
    assert (delivery.status, codes(delivery)) == (status, found)


def test_aiosmtpd_takes_a_big_message(aiosmtpd):
    """Five megabytes of lines that all begin with a dot."""
    port, keeper = aiosmtpd
    content = b"." + b"x" * 60 + b"\r\n"
    assert offer(port, "bob@b.example", content=content * 80_000)[0].status == 0
    assert keeper.envelopes[0].content == content * 80_000


def test_a_served_host_takes_a_message(tmp_path: Path):
    """Our own client and our own server over a socket: three round trips with PIPELINING (RFC 2920)."""
    with served(tmp_path) as host:
        delivery, _ = offer(host.port, "bob@b.example", "ben@b.example", "eve@b.example")
        assert (codes(delivery), delivery.status, delivery.round_trips) == ([250, 250, 550], 69, 3)
        assert host.messages()[0].endswith(MESSAGE.replace(b"\r\n", b"\n"))


def test_transcript_of_a_session(tmp_path: Path):
    """Replies bare, the client's lines after >>>."""
    with served(tmp_path, extensions=()) as host:
        _, lines = offer(host.port, "bob@b.example")
    queued = lines.pop(-3)
    assert queued.startswith("250 Ok: queued as ")
    assert lines == [
        "220 b ESMTP ready",
        ">>> EHLO [127.0.0.1]",
        "250 b greets [127.0.0.1]",
        ">>> MAIL FROM:<x@y.example>",
        "250 Ok",
        ">>> RCPT TO:<bob@b.example>",
        "250 Ok",
        ">>> DATA",
        "354 End data with <CR><LF>.<CR><LF>",
        ">>> Subject: hi",
        ">>> ",
        ">>> ..hello",
        ">>> .",
        ">>> QUIT",
        "221 Bye",
    ]


def test_long_mail_data_is_shortened(tmp_path: Path):
    """The transcript shows its beginning and its end."""
    with served(tmp_path) as host:
        _, lines = offer(host.port, "bob@b.example", content=b"line\r\n" * 1000)
    assert [line for line in lines if "..." in line] == [">>> ... 986 lines ..."]


def test_a_client_falls_back_to_helo(tmp_path: Path):
    """An RFC 821 server knows no EHLO; one more round trip."""
    with served(tmp_path, esmtp=False) as host:
        delivery, lines = offer(host.port, "bob@b.example")
    assert (delivery.status, [line for line in lines if "LO " in line]) == (
        0,
        [">>> EHLO [127.0.0.1]", ">>> HELO [127.0.0.1]"],
    )


@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [
        ((b"421 busy\r\n",), 75, "busy"),
        ((b"554 go away\r\n", b"221 bye\r\n"), 69, "go away"),
        ((b"220 hi\r\n", b"250 hi\r\n", b"451 not now\r\n", b"221 bye\r\n"), 75, "not now"),
        ((b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"554 no\r\n", b"221 bye\r\n"), 69, "no"),
        ((b"220 hi\r\n", b"250 hi\r\n"), 75, "lost connection"),
        ((b"garbage\r\n",), 75, "broke the protocol"),
        ((b"220 hi\n",), 75, "b'220 hi' ends in LF alone: it"),
        ((b"220-hi\n220 ho\r\n",), 75, "b'220-hi' ends in LF alone: it"),
        ((b"220 hi\r\n", b"250-hi\n250 PIPELINING\r\n"), 75, "b'250-hi' ends in LF alone: it"),
        ((b"220 hi\r\n", PIPELINING, b"550 no\r\n503 no\r\n354 go\r\n", b"554 none\r\n221 bye\r\n"), 69, "no"),
        ((b"220 hi\r\n", PIPELINING, b"450 no\r\n250 ok\r\n354 go\r\n", b"250 ok\r\n221 bye\r\n"), 75, "no"),
        ((b"220 " + b"x" * 5000,), 75, "broke the protocol"),
        ((), 75, "lost connection"),
    ],
)
def test_servers_that_refuse(answers: tuple[bytes, ...], status: int, words: str):
    """Whatever they say and wherever they stop: an outcome for the recipient, and no exception."""
    with server(script(*answers)) as port:
        delivery, _ = offer(port, "bob@b.example")
    [outcome] = delivery.outcomes.values()
    assert (delivery.status, words in outcome.text) == (status, True)


def test_a_server_that_falls_silent():
    """The client's time runs out, and the message may be sent another time."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 hi\r\n")
        while connection.recv(65536):
            pass

    with server(talk) as port:
        delivery, _ = offer(port, "bob@b.example", policy=QUICK)
    assert (delivery.status, "fell silent" in next(iter(delivery.outcomes.values())).text) == (75, True)


@pytest.mark.parametrize("answers", [(), (b"220 hi\r\n",), (b"220 hi\r\n", b"250 hi\r\n")])
def test_the_longest_wait_bounds_every_other(answers: tuple[bytes, ...]):
    """Whatever the product waits for."""

    def talk(connection: socket.socket) -> None:
        script(*answers)(connection)
        connection.recv(65536)

    with server(talk) as port:
        delivery, _ = offer(port, "bob@b.example", longest_wait=0.2)
    assert (delivery.status, 0.2 <= delivery.seconds < 5) == (75, True)


UTF8 = "Subject: grüße\r\n\r\nhello\r\n".encode()


@pytest.mark.parametrize(
    ("keywords", "content", "asked"),
    [
        (b"SMTPUTF8", UTF8, True),
        (b"8BITMIME", UTF8, False),
        (b"SMTPUTF8", MESSAGE, False),
        (b"SMTPUTF8", b"Subject: hi\r\n\r\ngr\xc3\xbc\xc3\x9fe\r\n", False),
        (b"SMTPUTF8", b"Subject: gr\xfc\xdfe\r\n\r\nhello\r\n", False),
    ],
)
def test_a_header_in_utf8_asks_for_smtputf8(keywords: bytes, content: bytes, asked: bool):
    """Where that is offered; elsewhere it goes as it is. A body, and a header in Latin-1, ask for nothing."""
    words = [
        b"220 b\r\n",
        b"250-b\r\n250 %s\r\n" % keywords,
        b"250 ok\r\n",
        b"250 ok\r\n",
        b"354 go\r\n",
        b"250 ok\r\n",
    ]
    with server(script(*words)) as port:
        delivery, lines = offer(port, "bob@b.example", content=content)
    [mail] = [line for line in lines if line.startswith(">>> MAIL")]
    assert (codes(delivery), "SMTPUTF8" in mail) == ([250], asked)


def test_addresses_in_any_script(tmp_path: Path):
    """They go with SMTPUTF8; to a server without it the message cannot go."""
    with served(tmp_path, extensions=("SMTPUTF8",)) as host, served(tmp_path, name="c", extensions=()) as old:
        sent = []
        for port in (host.port, old.port):
            reverse_path, *forward_paths = paths("jürgen@exämple.de", ["bob@b.example"])
            sent.append(send(("127.0.0.1", port), reverse_path, forward_paths, MESSAGE, say=str))
        assert [delivery.status for delivery in sent] == [0, 69]
        assert "Return-Path: <jürgen@exämple.de>\n".encode() in host.messages()[0]


def test_a_server_that_trickles():
    """An octet now and then is no answer: the time is for the whole reply."""

    def talk(connection: socket.socket) -> None:
        for _ in range(100):
            try:
                connection.sendall(b"2")
            except OSError:
                return
            threading.Event().wait(0.05)

    with server(talk) as port:
        assert offer(port, "bob@b.example", policy=QUICK)[0].seconds < 2


def test_a_server_that_stops_reading_mail_data():
    """It says 421 and closes amid the data: its reason is reported, not just the broken connection."""

    def talk(connection: socket.socket) -> None:
        for answer in (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
            connection.sendall(answer)
            connection.recv(65536)
        connection.sendall(b"421 4.3.1 disk full\r\n")

    with server(talk) as port:
        delivery, _ = offer(port, "bob@b.example", content=b"x\r\n" * 3_000_000)
    assert delivery.status == 75


def test_a_reply_moves_no_cursor():
    """Control characters are written out in the transcript."""
    with server(script(b"554 \x1b[2J gone\r\n", b"221 bye\r\n")) as port:
        assert offer(port, "bob@b.example")[1][0] == "554 \\x1b[2J gone"


def test_nobody_listens():
    """A refused connection is a temporary failure."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    delivery, lines = offer(port, "bob@b.example")
    assert (delivery.status, delivery.round_trips, lines) == (75, 0, [])


def test_an_unknown_server_is_the_users_mistake():
    """A name that no resolver knows."""
    with pytest.raises(LiveError, match=r"no host 'nosuch\.invalid'"):
        send(("nosuch.invalid", 25), NULL_PATH, [], b"", say=str)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:2525", ("127.0.0.1", 2525)),
        ("mx.example", ("mx.example", 25)),
        ("[::1]:2525", ("::1", 2525)),
        ("[::1]", ("::1", 25)),
    ],
)
def test_servers_are_read(text: str, found: tuple[str, int]):
    """Port 25 is meant where there is none."""
    assert parse_server(text) == found


@pytest.mark.parametrize("text", ["", ":25", "a:", "a:b", "a:65536", "::1", "a:-1", "[]:25"])
def test_what_is_no_server(text: str):
    """The message shows the text and a right one."""
    with pytest.raises(LiveError, match="write HOST:PORT"):
        parse_server(text)


def test_quick_timers_are_what_they_seem():
    """The tests above wait for 0.3 s, whatever they wait for."""
    assert replace(QUICK) == QUICK
    assert QUICK.smtp_helo_timeout == 0.3


@pytest.mark.parametrize("silent", [False, True])
def test_a_250_to_the_final_dot_is_custody_whatever_comes_after(silent):
    """QUIT rides behind the dot; its answer never comes, for the server closes, or says nothing more."""
    envelope = b"250 ok\r\n250 ok\r\n354 go\r\n"

    def talk(connection: socket.socket) -> None:
        script(b"220 b\r\n", b"250-b\r\n250 PIPELINING\r\n", envelope, b"250 taken\r\n")(connection)
        if silent:
            connection.recv(65536)

    with server(talk) as port:
        delivery, _ = offer(port, "u@b.example", policy=QUICK)
    assert codes(delivery) == [250]
