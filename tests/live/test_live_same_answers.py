"""One list of dialogues, two drivers: our client machine against the simulator's host in memory, smtplib over a socket."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest
from live_host import scenario, served

from sim.mail.path import NULL_PATH, parse_forward_path, parse_path
from sim.mta.directory import Directory, homes
from sim.mta.reception import Reception
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
    reception = Reception(host, Directory("b", homes(spec.domains.values(), dns.mx)["b"], dns.mx, relays=False))
    client, found = Client(), []
    client.receive_data(reception.greet(busy=False))
    assert client.next_event().code == 220
    for command in commands:
        client.receive_data(reception.read(client.send(command)))
        found.append(client.next_event().code)
        assert client.state.name == "CLOSED" or client.next_event() is NEED_DATA
    assert found == codes


@BY_NAME
def test_over_a_socket(tmp_path: Path, commands: list, codes: list[int]):
    """Smtplib and the served host."""
    found = []
    with served(tmp_path, size_limit=1000) as host, smtplib.SMTP("127.0.0.1", host.port, timeout=10) as client:
        for command in commands:
            if isinstance(command, MailData):
                client.send(smtplib._quote_periods(command.content) + b".\r\n")
                found.append(client.getreply()[0])
            else:
                line = write_command(command, ("SIZE", "8BITMIME")).decode().strip()
                found.append(client.docmd(line)[0])
        assert len(host.messages()) == codes.count(354) - sum(
            code >= 500 for code, last in zip(codes[1:], codes, strict=False) if last == 354
        )
        client.close()
    assert found == codes
