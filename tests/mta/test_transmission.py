"""One outbound session: which commands go out in which flight, and what the replies mean for each recipient."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.address import parse_address
from sim.mail.path import NULL_PATH, Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.transmission import Transmission
from sim.mta.server.reception import Reception
from sim.mta.server.recipients import Directory
from sim.scenario.spec import Domain, Host

RECORDS = {"b.example": ((10, "b"),), "c.example": ((10, "c"),)}
DOMAINS = {"b.example": Domain(name="b.example", mx=((10, "b"),), users=("u", "v"))}
CONTENT = b"Subject: x\r\n\r\n.hidden dot\r\n"


def path(text: str) -> Path:
    """A path to an address."""
    return Path(parse_address(text))


def transmission(*recipients: str, content: bytes = CONTENT, **settings) -> Transmission:
    """A's side of a session about one message."""
    return Transmission(
        Host(name="a", **settings), Mailing(path("s@a.example"), [path(r) for r in recipients], content)
    )


def talk(client: Transmission, server: Reception, *, busy: bool = False) -> tuple[list[str], list]:
    """Run a session to its end; give the client's flights as text and the mail that the server accepted."""
    flights, accepted = [], []
    written = server.greet(busy=busy)
    while True:
        client.read(written)
        if client.done:
            return flights, accepted
        flight = client.write()
        flights.append(flight.decode())
        written = server.read(flight)
        accepted += server.accepted


def script(client: Transmission, *replies: bytes) -> list[str]:
    """Run a session against a server that says these things, flight by flight."""
    flights = []
    for reply in replies:
        client.read(reply)
        if client.done:
            break
        flights.append(client.write().decode())
    return flights


def reception(**settings) -> Reception:
    """B's side, which keeps b.example and passes mail on to c.example."""
    return Reception(Host(name="b", **settings), Directory(Host(name="b"), DOMAINS.values(), RECORDS.get))


def test_pipelining_takes_three_flights():
    """EHLO; MAIL, RCPT and DATA together; mail data with QUIT behind it."""
    client = transmission("u@b.example")
    flights, _ = talk(client, reception())
    assert flights == [
        "EHLO a\r\n",
        f"MAIL FROM:<s@a.example> SIZE={len(CONTENT)}\r\nRCPT TO:<u@b.example>\r\nDATA\r\n",
        "Subject: x\r\n\r\n..hidden dot\r\n.\r\nQUIT\r\n",
    ]
    assert client.round_trips == 3


def test_without_pipelining_every_command_waits():
    """HELO hosts talk in lockstep, as in the course's example."""
    client = transmission("u@b.example", esmtp=False)
    flights, _ = talk(client, reception(esmtp=False))
    assert [flight.split("\r\n")[0] for flight in flights] == [
        "HELO a",
        "MAIL FROM:<s@a.example>",
        "RCPT TO:<u@b.example>",
        "DATA",
        "Subject: x",
        "QUIT",
    ]
    assert client.round_trips == 5


def test_ehlo_falls_back_to_helo():
    """A server that does not know EHLO is asked again with HELO (RFC 5321 section 3.2)."""
    flights, accepted = talk(transmission("u@b.example"), reception(esmtp=False))
    assert flights[:2] == ["EHLO a\r\n", "HELO a\r\n"]
    assert len(accepted) == 1


def test_the_server_gets_the_mail_as_it_was():
    """Envelope and content arrive unchanged, dots unstuffed."""
    _, [mail] = talk(transmission("u@b.example", "x@c.example"), reception())
    assert (str(mail.reverse_path), mail.content, mail.helo, mail.protocol) == ("<s@a.example>", CONTENT, "a", "ESMTP")
    assert [str(path) for path in mail.forward_paths] == ["<u@b.example>", "<x@c.example>"]


def test_each_recipient_has_its_own_fate():
    """A refused recipient does not keep the others from their mail."""
    client = transmission("u@b.example", "nobody@b.example", "x@nowhere.example")
    _, [mail] = talk(client, reception())
    assert [str(p) for p in mail.forward_paths] == ["<u@b.example>"]
    assert [client.replies[path(r)].code for r in ("u@b.example", "nobody@b.example", "x@nowhere.example")] == [
        250,
        550,
        550,
    ]


@pytest.mark.parametrize("esmtp", [True, False])
def test_no_valid_recipient_sends_no_data(esmtp: bool):
    """Where every recipient is refused, no mail data crosses the line and no mail is accepted."""
    client = transmission("nobody@b.example", esmtp=esmtp)
    flights, accepted = talk(client, reception())
    assert (flights[-1], accepted, client.replies[path("nobody@b.example")].code) == ("QUIT\r\n", [], 550)


def test_go_ahead_without_recipients_is_answered_by_the_dot_alone():
    """RFC 2920 section 3.1: after a 354 to a transaction without recipients only the final dot may follow."""
    client = transmission("u@b.example")
    flights = script(
        client,
        b"220 b\r\n",
        b"250-b\r\n250 PIPELINING\r\n",
        b"250 ok\r\n550 no\r\n354 go\r\n",
        b"554 none\r\n221 bye\r\n",
    )
    assert flights[-1] == ".\r\nQUIT\r\n"
    assert client.replies[path("u@b.example")].code == 550


def test_sender_refused_refuses_all():
    """The reply to MAIL decides for every recipient."""
    client = transmission("u@b.example", "v@b.example", content=b"x" * 2000 + b"\r\n")
    talk(client, reception(size_limit=1000))
    assert [reply.code for reply in client.replies.values()] == [552, 552]


def test_data_refused_refuses_those_not_refused_before():
    """A 451 to DATA is for the recipients that were fine until then."""
    client = transmission("u@b.example", "v@b.example")
    script(
        client,
        b"220 b\r\n",
        b"250-b\r\n250 PIPELINING\r\n",
        b"250 ok\r\n550 no\r\n250 ok\r\n451 later\r\n",
        b"221 bye\r\n",
    )
    assert {str(p): r.code for p, r in client.replies.items()} == {"<u@b.example>": 550, "<v@b.example>": 451}


def test_lockstep_stops_at_the_refused_sender():
    """Without PIPELINING a refused MAIL is followed by QUIT, not by RCPT."""
    client = transmission("u@b.example", esmtp=False)
    flights = script(client, b"220 b\r\n", b"250 b\r\n", b"451 not now\r\n", b"221 bye\r\n")
    assert flights == ["HELO a\r\n", "MAIL FROM:<s@a.example>\r\n", "QUIT\r\n"]
    assert client.replies[path("u@b.example")].code == 451


def test_busy_server_is_a_failure_of_the_site():
    """421 in the greeting: nothing is said about the message."""
    client = transmission("u@b.example")
    flights, _ = talk(client, reception(), busy=True)
    assert (flights, client.replies, client.failure.code, client.contacted) == ([], {}, 421, False)


def test_refused_hello_is_a_failure_of_the_site():
    """Both EHLO and HELO refused: the client takes its leave."""
    client = transmission("u@b.example")
    flights = script(client, b"220 b\r\n", b"550 no\r\n", b"550 no\r\n", b"221 bye\r\n")
    assert flights == ["EHLO a\r\n", "HELO a\r\n", "QUIT\r\n"]
    assert client.failure.code == 550


def test_shutdown_in_the_middle_leaves_all_to_be_tried_again():
    """A 421 while the envelope is on its way decides for every recipient, and ends the session."""
    client = transmission("u@b.example", "v@b.example")
    script(client, b"220 b\r\n", b"250-b\r\n250 PIPELINING\r\n", b"250 ok\r\n421 closing\r\n")
    assert client.done
    assert [reply.code for reply in client.replies.values()] == [421, 421]


def test_lost_connection_leaves_the_message_undecided():
    """The server closes before its word on the mail: no reply, a failure."""
    client = transmission("u@b.example")
    script(client, b"220 b\r\n", b"250 b\r\n", b"")
    assert (client.done, client.replies, client.failure.enhanced) == (True, {}, "4.4.2")


def test_garbage_ends_the_session():
    """A peer that breaks the protocol gets no second flight."""
    client = transmission("u@b.example")
    script(client, b"hello there\r\n")
    assert (client.done, client.failure.enhanced) == (True, "4.5.0")


def test_eight_bit_mail_says_so():
    """Content with high octets that is marked so is declared where the server offers 8BITMIME (RFC 6152)."""
    content = "Content-Transfer-Encoding: 8bit\r\n\r\nVoilà\r\n".encode()
    flights, _ = talk(transmission("u@b.example", content=content), reception())
    assert "BODY=8BITMIME" in flights[1]


def test_null_reverse_path_is_kept():
    """A report travels with MAIL FROM:<>."""
    client = Transmission(Host(name="a"), Mailing(NULL_PATH, [path("u@b.example")], CONTENT))
    flights, [mail] = talk(client, reception())
    assert flights[1].startswith("MAIL FROM:<> ")
    assert mail.reverse_path.is_null


def test_timers_are_those_of_the_command_awaited():
    """Postfix waits 300 s for a greeting, 300 s for the envelope, 600 s for the word on the mail."""
    client, server, timers = transmission("u@b.example"), reception(), [300.0]
    written = server.greet(busy=False)
    while True:
        client.read(written)
        if client.done:
            break
        written = server.read(client.write())
        timers.append(client.timeout())
    assert timers == [300.0, 300.0, 300.0, 600.0]


@pytest.mark.parametrize("lmtp", [False, True])
@pytest.mark.parametrize("sender", [b"550 no\r\n", b"451 no\r\n"])
def test_go_ahead_to_a_refused_sender_is_answered_by_the_dot_alone(sender: bytes, lmtp: bool):
    """MAIL was refused, and DATA got its 354 all the same: the transaction is empty, and MAIL's reply counts."""
    client = Transmission(Host(name="a"), Mailing(path("s@a.example"), [path("u@b.example")], CONTENT), lmtp=lmtp)
    flights = script(
        client,
        b"220 b\r\n",
        b"250-b\r\n250 PIPELINING\r\n",
        sender + b"503 no\r\n354 go\r\n",
        b"554 none\r\n221 bye\r\n",
    )
    assert (flights[-1], client.replies[path("u@b.example")].code) == (".\r\nQUIT\r\n", int(sender[:3]))


CODES = st.sampled_from([220, 250, 251, 334, 354, 421, 450, 452, 500, 503, 550, 552, 554])


@given(
    st.lists(CODES, min_size=30, max_size=30),
    st.lists(st.sampled_from(["PIPELINING", "CHUNKING", "SIZE", "8BITMIME"]), unique=True),
    st.booleans(),
    st.booleans(),
)
def test_any_reply_to_anything_leaves_a_fate(codes: list[int], offer: list[str], lmtp: bool, polite: bool):
    """Whatever a server answers to whatever command, the client ends in order, and each recipient has a fate."""
    recipients = [path("u@b.example"), path("v@b.example")]
    host = Host(name="a", uses=("PIPELINING", "CHUNKING", "SIZE", "8BITMIME"))
    client = Transmission(host, Mailing(path("s@a.example"), recipients, CONTENT), lmtp=lmtp)
    said = iter(codes)
    lines = ["250-b", *[f"250-{keyword}" for keyword in offer], "250 HELP"]
    answer = "220 b\r\n" if polite else f"{next(said)} b\r\n"
    for flight in range(20):
        client.read(answer.encode())
        if client.done:
            break
        written = client.write().decode()
        number = max(client._machine.outstanding, 1)
        answer = "".join([f"{next(said, 421)} x\r\n" for _ in range(number)])
        if flight == 0 and polite and written[1:4] == "HLO":
            answer = "\r\n".join(lines) + "\r\n"
    assert client.done
    assert client.failure is not None or set(client.replies) == set(recipients)
