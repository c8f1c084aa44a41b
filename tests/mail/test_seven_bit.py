"""Mail data made fit for hosts that take seven bits."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from sim.mail.content import longest_line
from sim.mail.seven_bit import encoded_header, labelled_to_7bit, to_7bit

TEXT = "Grüße\r\naus Köln, = und so weiter " + "é" * 100 + "\r\n"


def part(kind: str, body: bytes, encoding: str = "8bit") -> bytes:
    """A MIME part."""
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


def multipart(kind: str, *parts: bytes, encoding: str = "8bit") -> bytes:
    """A message of several parts."""
    head = f"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary=b\r\n"
    head += f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + b"".join([b"--b\r\n" + one + b"\r\n" for one in parts]) + b"--b--\r\n"


def test_text_becomes_quoted_printable():
    """Its octets are the same afterwards, and no line is longer than 76 characters (RFC 2045 section 6.7)."""
    content = b"Subject: x\r\nMIME-Version: 1.0\r\n" + part("text/plain; charset=utf-8", TEXT.encode())
    converted = to_7bit(content)
    message = message_from_bytes(converted)
    assert (converted.isascii(), longest_line(converted) <= 76) == (True, True)
    assert message["Content-Transfer-Encoding"] == "quoted-printable"
    assert message.get_payload(decode=True) == TEXT.encode()


def test_a_message_without_mime_fields_gets_them():
    """Nobody knows its character set (RFC 1428 section 3)."""
    message = message_from_bytes(to_7bit(b"Subject: x\r\n\r\n" + TEXT.encode("latin-1")))
    assert (message["MIME-Version"], message["Content-Type"]) == ("1.0", "text/plain; charset=unknown-8bit")
    assert message.get_payload(decode=True) == TEXT.encode("latin-1")


def test_a_part_that_says_what_it_is_keeps_its_fields():
    """No second Content-Type."""
    converted = to_7bit(b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + TEXT.encode())
    assert message_from_bytes(converted).get_all("Content-Type") == ["text/plain; charset=utf-8"]


def test_each_part_is_converted_by_its_kind():
    """Text to quoted-printable, a picture to base64; what is in seven bits stays; the whole is no longer 8bit."""
    inner = b"Subject: y\r\n\r\n" + TEXT.encode()
    content = multipart(
        "mixed",
        part("text/plain; charset=utf-8", TEXT.encode()),
        part("image/png", bytes(range(128, 256))),
        part("text/plain", b"plain\r\n", "7bit"),
        part("message/rfc822", inner),
    )
    converted = to_7bit(content)
    message = message_from_bytes(converted)
    text, picture, plain, forwarded = message.get_payload()
    assert converted.isascii()
    assert message["Content-Transfer-Encoding"] is None
    assert [one["Content-Transfer-Encoding"] for one in (text, picture, plain)] == [
        "quoted-printable",
        "base64",
        "7bit",
    ]
    assert picture.get_payload(decode=True) == bytes(range(128, 256))
    assert forwarded.get_payload()[0].get_payload(decode=True) == TEXT.encode()


def test_binary_parts_become_base64():
    """Octets that are no lines survive (RFC 3030 section 3)."""
    octets = b"\0\n\r\n\r" + bytes(range(256))
    content = multipart("mixed", part("application/octet-stream", octets, "binary"), encoding="binary")
    converted = to_7bit(content)
    [only] = message_from_bytes(converted).get_payload()
    assert (only.get_payload(decode=True), b"\0" in converted) == (octets, False)


def test_the_header_stays_as_it_was():
    """Folding, order and spelling of the fields."""
    header = b"subject: one\r\n two\r\nX-Long: " + b"x" * 200 + b"\r\n"
    assert to_7bit(header + b"\r\n" + TEXT.encode()).startswith(header)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("Subject: é\r\n\r\nx\r\n".encode(), id="header"),
        pytest.param(multipart("signed", part("text/plain", TEXT.encode()), encoding="7bit"), id="signed"),
        pytest.param(multipart("signed", part("text/plain", b"x\r\n", "7bit"), encoding="8bit"), id="signed whole"),
        pytest.param(b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n\xe9\r\n", id="lying part"),
        pytest.param(multipart("mixed", part("text/plain", TEXT.encode()), encoding="base64"), id="lying whole"),
        pytest.param(b"Subject: x\r\n\r\n\0 nothing but a NUL\r\n", id="NUL"),
    ],
)
def test_what_cannot_be_converted(content: bytes):
    """An unlabelled header, a signature that would break, a part that is not what it says."""
    assert to_7bit(content) is None


def test_a_signed_message_in_seven_bits_passes():
    """Beside other parts that need a conversion, it is left alone."""
    signed = multipart("signed", part("text/plain", b"x\r\n", "7bit"), encoding="7bit").replace(b"b\r\n", b"c\r\n")
    signed = signed.replace(b"--b", b"--c").replace(b"boundary=b", b"boundary=c")
    content = multipart("mixed", signed, part("text/plain", TEXT.encode()))
    assert to_7bit(content).isascii()


def test_only_what_is_marked_is_converted():
    """Beside an unmarked part, and below a header in any octets, which stay."""
    header, unmarked = "Subject: é\r\n".encode(), b"Content-Type: text/plain\r\n\r\n\xe9\r\n"
    content = header + multipart("mixed", part("text/plain; charset=utf-8", TEXT.encode()), unmarked)
    converted = labelled_to_7bit(content)
    assert (converted.startswith(header), unmarked in converted) == (True, True)
    assert message_from_bytes(converted).get_payload()[0].get_payload(decode=True) == TEXT.encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("Subject: é\r\n\r\nx\r\n".encode(), id="header"),
        pytest.param(b"Subject: x\r\n\r\n" + TEXT.encode("latin-1"), id="no MIME"),
        pytest.param(multipart("signed", part("text/plain", TEXT.encode()), encoding="7bit"), id="signed"),
        pytest.param(multipart("mixed", part("text/plain", TEXT.encode()), encoding="base64"), id="lying whole"),
    ],
)
def test_what_is_not_marked_or_would_break_stays(content: bytes):
    """Octet for octet."""
    assert labelled_to_7bit(content) == content


@pytest.mark.parametrize(
    ("field", "converted"),
    [
        ("Subject: Grüße aus", b"Subject: =?unknown-8bit?q?Gr=C3=BC=C3=9Fe?= aus"),
        ("To: x:é y é.b c", b"To: x:=?unknown-8bit?q?=C3=A9_y_=C3=A9=2Eb?= c"),
        ("X: " + "x" * 200_000 + " é", b"X: " + b"x" * 200_000 + b" =?unknown-8bit?q?=C3=A9?="),
    ],
    ids=["one", "several", "behind a long one"],
)
def test_words_of_a_header_that_are_not_ascii_are_encoded(field, converted):
    """From the first of them to the last; a word of 200 kB in front takes no time."""
    assert encoded_header(field.encode() + b"\r\n\r\nx\r\n").split(b"\r\n")[0] == converted
