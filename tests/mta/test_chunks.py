"""Mail data in chunks (RFC 3030), as each product's client makes them, and what goes out behind the last one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_extensions_used import client, offer
from test_transmission import path, script

from sim.mta.client.envelope import chunks
from sim.protocol.smtp.events import Chunk, LastChunk
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix

HEADER = b"Subject: x\r\n\r\n"
LARGE = HEADER + (b"y" * 68 + b"\r\n") * 200
BDATS = [f"BDAT {len(HEADER)}\r\n{HEADER.decode()}", f"BDAT {len(LARGE) - len(HEADER)} LAST\r\n"]
EVERYTHING = offer("PIPELINING", "CHUNKING")
GREETING = b"220 b\r\n"


def sizes(content: bytes, product) -> list[int]:
    """How many octets each chunk has."""
    return [len(chunk.content) for chunk in chunks(content, product)]


@given(header=st.integers(0, 20_000), body=st.integers(0, 20_000), product=st.sampled_from([Exim(), Exchange()]))
def test_chunks_are_the_mail_data_and_the_last_one_is_the_last(header: int, body: int, product):
    """Joined they are what was to be sent; none but the last is a LastChunk, none but that is longer than the limit."""
    content = b"X: " + b"h" * header + b"\r\n\r\n" + b"b" * body
    pieces = chunks(content, product)
    assert b"".join(piece.content for piece in pieces) == content
    assert [type(piece) for piece in pieces] == [Chunk] * (len(pieces) - 1) + [LastChunk]
    assert max([0, *[len(piece.content) for piece in pieces[:-1]]]) <= product.chunk_limit


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEADER + b"b" * (8192 - len(HEADER)), [8192]),
        (HEADER + b"b" * (8193 - len(HEADER)), [len(HEADER), 8193 - len(HEADER)]),
        (b"X: " + b"h" * 9000 + b"\r\n\r\nb", [8192, 9008 - 8192]),
        (b"X: " + b"h" * 9000 + b"\r\n\r\n" + b"b" * 9000, [8192, 9007 - 8192, 9000]),
        (b"h" * 9000, [8192, 808]),
    ],
)
def test_exim_fills_a_buffer_with_the_header(content: bytes, expected: list[int]):
    """All in one chunk where it fits 8192 octets; else the header by itself, in as many chunks as it fills buffers."""
    assert sizes(content, Exim()) == expected


def test_other_clients_send_one_chunk():
    """Whatever its length."""
    assert sizes(LARGE, Exchange()) == [len(LARGE)]


def test_exim_sends_the_header_with_the_envelope_and_quits_with_the_last_chunk():
    """Two flights behind EHLO; nobody waits for more mail here, so that QUIT goes out with the end."""
    sender = client(content=LARGE, mta=Exim())
    flights = script(sender, GREETING, EVERYTHING, b"250 ok\r\n" * 3, b"250 taken\r\n221 bye\r\n")
    assert flights[1] == f"MAIL FROM:<s@a.example>\r\nRCPT TO:<u@b.example>\r\n{BDATS[0]}"
    assert flights[2].startswith(BDATS[1])
    assert flights[2].endswith("\r\nQUIT\r\n")
    assert (len(flights), sender.done, sender.round_trips, sender.replies[path("u@b.example")].code) == (
        3,
        True,
        3,
        250,
    )


def test_exim_waits_for_the_word_on_the_last_chunk():
    """Its final_timeout runs, although QUIT is behind it; for the header's chunk its command_timeout does."""
    sender = client(content=LARGE, mta=Exim(final_timeout=7.0, command_timeout=3.0))
    script(sender, GREETING, EVERYTHING)
    assert (sender.timeout(), sender.awaits) == (3.0, "data")
    script(sender, b"250 ok\r\n" * 3)
    assert (sender.timeout(), sender.awaits) == (7.0, "dot")


def test_exim_keeps_a_session_that_is_wanted():
    """Asked before the last chunk goes out, so that no QUIT rides behind it."""
    sender = client(content=LARGE, mta=Exim(), stays=lambda: True)
    flights = script(sender, GREETING, EVERYTHING, b"250 ok\r\n" * 3, b"250 taken\r\n")
    assert (sender.kept, sender.done, "QUIT" in flights[2]) == (True, True, False)


@pytest.mark.parametrize("replies", [b"250 ok\r\n550 no\r\n503 no\r\n", b"450 no\r\n503 no\r\n503 no\r\n"])
def test_exim_stops_where_nobody_is_taken(replies: bytes):
    """The rest of the mail data is not sent, and a session that would have been kept ends."""
    sender = client(content=LARGE, mta=Exim(), stays=lambda: True)
    flights = script(sender, GREETING, EVERYTHING, replies, b"221 bye\r\n")
    assert (flights[2:], sender.kept) == (["QUIT\r\n"], False)


def test_a_small_message_of_exims_that_is_refused_ends_the_session():
    """All of it was one flight, for a session that was to be kept: QUIT goes out now."""
    sender = client(mta=Exim(), stays=lambda: True)
    flights = script(sender, GREETING, EVERYTHING, b"250 ok\r\n550 no\r\n503 no\r\n", b"221 bye\r\n")
    assert (flights[2:], sender.kept) == (["QUIT\r\n"], False)


def test_a_refused_header_chunk_decides():
    """The reply to it is the message's, and nothing more is sent of it."""
    sender = client(content=LARGE, mta=Exim())
    flights = script(sender, GREETING, EVERYTHING, b"250 ok\r\n250 ok\r\n552 too big\r\n", b"221 bye\r\n")
    assert (flights[2:], sender.replies[path("u@b.example")].code) == (["QUIT\r\n"], 552)


def test_a_header_chunk_that_was_refused_before_the_connection_broke_decides():
    """What has been answered counts."""
    sender = client(content=LARGE, mta=Exim())
    script(sender, GREETING, EVERYTHING, b"250 ok\r\n250 ok\r\n552 too big\r\n")
    assert sender.replies[path("u@b.example")].code == 552


def test_without_pipelining_exim_sends_one_thing_at_a_time():
    """Each chunk by itself, and QUIT when all is answered."""
    sender = client(content=LARGE, mta=Exim())
    answers = [b"250 ok\r\n"] * 4
    flights = script(sender, GREETING, offer("CHUNKING"), *answers, b"221 bye\r\n")
    assert flights[3] == BDATS[0]
    assert flights[4].startswith(BDATS[1])
    assert flights[5] == "QUIT\r\n"


def test_recipients_that_were_too_many_are_left_where_quit_rode_behind():
    """Exim's session is over then: 452 is their reply for now."""
    sender = client("u@b.example", "v@b.example", mta=Exim())
    replies = b"250 ok\r\n250 ok\r\n452 too many\r\n250 taken\r\n221 bye\r\n"
    script(sender, GREETING, EVERYTHING, replies)
    assert (sender.done, sender.replies[path("v@b.example")].code) == (True, 452)


def test_recipients_that_were_too_many_are_offered_again_where_that_is_known_in_time():
    """The replies to the envelope are there before the last chunk of a large message goes out."""
    sender = client("u@b.example", "v@b.example", content=LARGE, mta=Exim())
    flights = script(sender, GREETING, EVERYTHING, b"250 ok\r\n250 ok\r\n452 too many\r\n250 ok\r\n", b"250 taken\r\n")
    assert (flights[2].endswith("QUIT\r\n"), flights[3].startswith("MAIL")) == (False, True)


def test_postfix_and_exchange_do_not_half_close():
    """QUIT behind a last chunk is Exim's alone."""
    assert (Exim.half_closes, Exchange.half_closes, Postfix.half_closes) == (True, False, False)
