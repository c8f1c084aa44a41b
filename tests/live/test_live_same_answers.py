"""One list of dialogues, three drivers.

Our client machine against the simulator's host in memory; Python's smtplib, and aiosmtplib, against the served host.
"""

from __future__ import annotations

import asyncio
import smtplib
from pathlib import Path

import pytest
from aiosmtplib import SMTP
from live_host import Served, scenario, served

from sim.mail.path import NULL_PATH, parse_forward_path, parse_path
from sim.mta.queue.mx import local_domains
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.network.dns import Dns
from sim.protocol.smtp import (
    NEED_DATA,
    Client,
    Data,
    Ehlo,
    Expn,
    Helo,
    Help,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Turn,
    Vrfy,
)
from sim.protocol.smtp.commands import write_command
from sim.scenario.spec import Host

HELLO, BYE = Ehlo("me.example"), Quit()
FROM = Mail(parse_path("<x@y.example>"))
BOB, EVE, FAR, CY = (
    Rcpt(parse_forward_path(f"<{who}>")) for who in ("bob@b.example", "eve@b.example", "ann@a.example", "cy@c.example")
)
HI = MailData(b"Subject: hi\r\n\r\n.hello\r\n")

DIALOGUES = {
    "a message": ([HELLO, FROM, BOB, Data(), HI, BYE], [250, 250, 250, 354, 250, 221]),
    "HELO": ([Helo("me.example"), FROM, BOB, Data(), HI, BYE], [250, 250, 250, 354, 250, 221]),
    "two messages": ([HELLO, *[FROM, BOB, Data(), HI] * 2, BYE], [250, *[250, 250, 354, 250] * 2, 221]),
    "unknown user": ([HELLO, FROM, EVE, Rset(), BYE], [250, 250, 550, 250, 221]),
    "relaying": ([HELLO, FROM, FAR, Rset(), BYE], [250, 250, 554, 250, 221]),
    "backup": ([HELLO, FROM, CY, Data(), HI, BYE], [250, 250, 250, 354, 250, 221]),
    "some recipients": ([HELLO, FROM, EVE, BOB, FAR, Data(), HI, BYE], [250, 250, 550, 250, 554, 354, 250, 221]),
    "reset": ([HELLO, FROM, BOB, Rset(), FROM, BOB, Data(), HI, BYE], [250, 250, 250, 250, 250, 250, 354, 250, 221]),
    "EHLO again": ([HELLO, FROM, BOB, HELLO, FROM, BYE], [250, 250, 250, 250, 250, 221]),
    "no hello": ([Noop(), Help(), Vrfy("bob@b.example"), Rset(), BYE], [250, 214, 250, 250, 221]),
    "VRFY": ([HELLO, *map(Vrfy, ("bob", "eve", "cy@c.example")), BYE], [250, 250, 550, 252, 221]),
    "EXPN and TURN": ([HELLO, Expn("staff"), Turn(), BYE], [250, 550, 502, 221]),
    "null path": ([HELLO, Mail(NULL_PATH), Rcpt(parse_forward_path("<Postmaster>")), Data(), HI, BYE], [250, 250, 250, 354, 250, 221]),
    "parameters": ([HELLO, Mail(FROM.reverse_path, (("SIZE", "100"), ("BODY", "8BITMIME"))), BOB, Data(), HI, BYE], [250, 250, 250, 354, 250, 221]),
    "too big": ([HELLO, Mail(FROM.reverse_path, (("SIZE", "2000"),)), FROM, BOB, Data(), MailData(b"x" * 2000 + b"\r\n"), BYE], [250, 552, 250, 250, 354, 552, 221]),
    "a loop": ([HELLO, FROM, BOB, Data(), MailData(b"Received: x\r\n" * 50), BYE], [250, 250, 250, 354, 554, 221]),
    "no data": ([HELLO, FROM, BOB, Data(), MailData(b""), BYE], [250, 250, 250, 354, 250, 221]),
}  # fmt: skip
BY_NAME = pytest.mark.parametrize(("commands", "codes"), DIALOGUES.values(), ids=DIALOGUES)


@BY_NAME
def test_in_the_simulator(commands: list, codes: list[int]):
    """The client machine and the host's reception, octets handed over in memory."""
    spec = scenario()
    host = Host(name="b", size_limit=1000)
    dns = Dns(spec.domains, tuple(spec.network.nodes))
    reception = Reception(
        host, Directory(Host(name="b"), local_domains(spec.domains.values(), dns.mx_ever)["b"], dns.mx, relays=False)
    )
    client, found = Client(), []
    client.receive_data(reception.greet(busy=False))
    assert client.next_event().code == 220
    for command in commands:
        client.receive_data(reception.read(client.send(command)))
        found.append(client.next_event().code)
        assert client.state.name == "CLOSED" or client.next_event() is NEED_DATA
    assert found == codes


def kept(host: Served, codes: list[int]) -> bool:
    """Whether the host has kept as many messages as got their 250, and no other."""
    return len(host.messages()) == sum(code == 250 for code, last in zip(codes[1:], codes, strict=False) if last == 354)


def line_of(command: object) -> bytes:
    """A command as the two libraries are given it, without its CRLF."""
    return write_command(command, ("SIZE", "8BITMIME")).removesuffix(b"\r\n")


@BY_NAME
def test_smtplib_over_a_socket(tmp_path: Path, commands: list, codes: list[int]):
    """Smtplib and the served host."""
    found = []
    with served(tmp_path, size_limit=1000) as host, smtplib.SMTP("127.0.0.1", host.port, timeout=10) as client:
        for command in commands:
            if isinstance(command, MailData):
                client.send(smtplib._quote_periods(command.content) + b".\r\n")
                found.append(client.getreply()[0])
            else:
                found.append(client.docmd(line_of(command).decode())[0])
        assert kept(host, codes)
        client.close()
    assert found == codes


async def converse(port: int, commands: list) -> list[int]:
    """The codes that aiosmtplib hears; mail data, which it would send in one with DATA, is written apart."""
    client = SMTP(hostname="127.0.0.1", port=port, timeout=10, start_tls=False)
    await client.connect()
    found = []
    for command in commands:
        if isinstance(command, MailData):
            client.protocol._response_pending = True
            client.protocol.write(smtplib._quote_periods(command.content) + b".\r\n")
            found.append((await client.protocol.read_response()).code)
        else:
            found.append((await client.execute_command(line_of(command))).code)
    client.close()
    return found


@BY_NAME
def test_aiosmtplib_over_a_socket(tmp_path: Path, commands: list, codes: list[int]):
    """Aiosmtplib and the served host."""
    with served(tmp_path, size_limit=1000) as host:
        assert asyncio.run(converse(host.port, commands)) == codes
        assert kept(host, codes)
