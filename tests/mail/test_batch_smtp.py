"""Batches of SMTP in a file: RFC 2442, and BITNET's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.batch_smtp import BatchedMail, BatchError, read_batch, write_batch
from sim.mail.path import NULL_PATH, parse_path

ANN, BOB = parse_path("<ann@a.example>"), parse_path("<bob@b.example>")
MAIL = BatchedMail(ANN, (BOB, ANN), b"Subject: x\r\n\r\n.\r\nhello\r\n")


def test_a_batch_is_a_session_without_answers() -> None:
    """Dots are doubled, and the end is there."""
    assert write_batch([MAIL], "a.example").decode().split("\r\n") == [
        "HELO a.example",
        "MAIL FROM:<ann@a.example>",
        "RCPT TO:<bob@b.example>",
        "RCPT TO:<ann@a.example>",
        "DATA",
        "Subject: x",
        "",
        "..",
        "hello",
        ".",
        "QUIT",
        "",
    ]


def test_what_people_write_is_read() -> None:
    """Any case, words that change nothing, a command that goes on in the next card, a message begun anew."""
    batch = b"helo a\nTICK 1\nMail From:<x@y>\nRSET\nmail from: <>\nRCPT TO:<bob@b.exam\n ple>\nDATA\nhi\n.\nQUIT\nrest"
    assert read_batch(batch) == (BatchedMail(NULL_PATH, (BOB,), b"hi\r\n"),)
    assert read_batch(b"") == ()


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        (b"DATA\nx\n.\n", "line 1: 'DATA' cannot stand here"),
        (b"MAIL FROM:<a@b>\nMAIL FROM:<a@b>\n", "line 2: 'MAIL FROM:<a@b>' cannot stand here"),
        (b"RCPT TO:<a@b>\n", "line 1: 'RCPT TO:<a@b>' cannot"),
        (b"MAIL FROM:<a@b>\nDATA\n", "line 2: 'DATA' cannot"),
        (b"MAIL FROM:<a b>\n", "line 1: .*a b"),
        (b"HELO x\nMAIL FROM:<a@b>\n", "line 2: the batch ends within a message from <a@b>"),
        (b"MAIL FROM:<a@b>\nRCPT TO:<a@b>\nDATA\nx\n", "line 4: .* the final dot is missing"),
        (b"hello\n", "line 1: 'hello' cannot stand here"),
    ],
)
def test_what_is_no_batch_is_refused(batch: bytes, reason: str) -> None:
    """With its line."""
    with pytest.raises(BatchError, match=reason):
        read_batch(batch)


@given(st.lists(st.binary(max_size=60).map(lambda text: text.replace(b"\r", b"").replace(b"\n", b"\r\n") + b"\r\n")))
def test_messages_come_back(contents: list[bytes]) -> None:
    """Any mail data, as many messages as there are."""
    mails = tuple(BatchedMail(ANN, (BOB,), content) for content in contents)
    assert read_batch(write_batch(mails, "a.example")) == mails


@given(st.binary() | st.text("MAILFROCPTDQU: <>@.\n ").map(str.encode))
def test_any_file_is_read_or_refused(octets: bytes) -> None:
    """With the room's own error."""
    try:
        mails = read_batch(octets)
    except BatchError:
        return
    assert all(mail.forward_paths for mail in mails)
