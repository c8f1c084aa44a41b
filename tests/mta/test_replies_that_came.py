"""Replies that have come count one by one, whatever comes after them: every cut between two replies of one flight."""

from __future__ import annotations

import pytest
from test_transmission import path

from sim.mta.client.envelope import Mailing
from sim.mta.client.transmission import Transmission
from sim.mta.queue.failure import Failure
from sim.scenario.spec import Host

RECIPIENTS = ["u@b.example", "v@b.example", "w@b.example"]
GREETING = b"220 b\r\n"
ENVELOPE = [b"250 ok\r\n", b"250 ok\r\n", b"550 no\r\n", b"250 ok\r\n"]
WORDS = {
    "smtp": [b"250 taken\r\n", b"221 bye\r\n"],
    "lmtp": [b"250 taken\r\n", b"452 full\r\n", b"221 bye\r\n"],
}
END = Failure(0, "4.4.2", "lost connection with the server")


def client(*, lmtp: bool = False) -> Transmission:
    """A's side of a session for three."""
    paths = [path(recipient) for recipient in RECIPIENTS]
    mailing = Mailing(path("s@a.example"), paths, b"Subject: x\r\n\r\n")
    return Transmission(Host(name="a", esmtp=True), mailing, lmtp=lmtp)


def fates(flights: list[bytes], *, lmtp: bool = False) -> list[int]:
    """The code that decided for each recipient, 0 where none did: the server says these and closes."""
    one = client(lmtp=lmtp)
    for flight in [*flights, b""]:
        one.read(flight)
        if one.done:
            break
        one.write()
    assert one.done
    return [one.replies[path(name)].code if path(name) in one.replies else 0 for name in RECIPIENTS]


def prefixes(replies: list[bytes]) -> list[tuple[bytes, int]]:
    """Every beginning of a flight that is not all of it, by the octet, and how many replies of it are whole."""
    whole = b"".join(replies)
    return [(whole[:size], whole[:size].count(b"\r\n")) for size in range(len(whole))]


def offers(keywords: bytes) -> bytes:
    """The answer to EHLO."""
    return b"250-b\r\n250 " + keywords + b"\r\n" if keywords else b"250 b\r\n"


@pytest.mark.parametrize("go_ahead", [b"354 go\r\n", b"554 none\r\n"])
def test_replies_to_a_cut_envelope(go_ahead):
    """A RCPT that got its 550 is refused; nobody else is, whatever DATA would have got."""
    for begun, whole in prefixes([*ENVELOPE, go_ahead]):
        assert fates([GREETING, offers(b"PIPELINING"), begun]) == [0, 550 if whole >= 3 else 0, 0], begun


def test_a_refusal_of_data_that_came_before_the_end():
    """554 to DATA, then closed: it decided for those whom RCPT took."""
    assert fates([GREETING, offers(b"PIPELINING"), b"".join(ENVELOPE) + b"554 no\r\n"]) == [554, 550, 554]


def test_a_refusal_of_mail_that_came_before_the_end():
    """550 to MAIL, then closed: it decided for all."""
    assert fates([GREETING, offers(b"PIPELINING"), b"550 no\r\n"]) == [550, 550, 550]


def test_refusals_in_lockstep():
    """Each reply is a flight of its own here; the end may come after any."""
    for heard in range(len(ENVELOPE)):
        flights = [GREETING, offers(b""), *ENVELOPE[:heard]]
        assert fates(flights) == [0, 550 if heard >= 3 else 0, 0], heard


def test_the_word_on_the_mail_data_is_custody():
    """A 250 to the final dot, and then closed before QUIT is answered."""
    for begun, whole in prefixes(WORDS["smtp"]):
        flights = [GREETING, offers(b"PIPELINING"), b"".join(ENVELOPE) + b"354 go\r\n", begun]
        assert fates(flights) == [250 if whole else 0, 550, 250 if whole else 0], begun


def test_each_word_of_lmtp_is_custody_of_its_own():
    """A reply for each recipient that was accepted, in their order (RFC 2033 section 4.2)."""
    for begun, whole in prefixes(WORDS["lmtp"]):
        flights = [GREETING, offers(b"PIPELINING"), b"".join(ENVELOPE) + b"354 go\r\n", begun]
        assert fates(flights, lmtp=True) == [250 if whole >= 1 else 0, 550, 452 if whole >= 2 else 0], begun


def test_a_chunk_that_rode_with_its_envelope():
    """The reply to the chunk decides; the ones before it do so where they refuse."""
    for begun, whole in prefixes([*ENVELOPE, b"250 taken\r\n", b""]):
        fate = [0, 550 if whole >= 3 else 0, 0]
        assert fates([GREETING, offers(b"PIPELINING\r\n250 CHUNKING").replace(b"250 PIPE", b"250-PIPE"), begun]) == fate


def test_a_421_leaves_the_replies_before_it_as_they_are():
    """550 to a RCPT, and then 421: the one is refused, the others may be offered again."""
    flights = [GREETING, offers(b"PIPELINING"), b"".join(ENVELOPE[:3]) + b"421 closing\r\n"]
    assert fates(flights) == [421, 550, 421]


def test_a_refusal_of_the_session_outlives_its_connection():
    """554 for a greeting, and the connection closed before QUIT is answered: the 554 is why."""
    one = client()
    one.read(b"554 go away\r\n")
    one.write()
    one.read(b"")
    assert (one.done, one.failure.code, one.replies) == (True, 554, {})
