"""Delivery reports."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from sim.mail.address import Address
from sim.mail.content import canonical, longest_line
from sim.mail.delivery_report import ReportedRecipient, delivery_report
from sim.mail.path import NULL_PATH, parse_path

ORIGINAL = b"From: u1@mit.example\r\nSubject: one\r\n two\r\nX-Long: " + b"x" * 200 + b"\r\n\r\nbody\r\n"
FAILED = (
    ReportedRecipient(Address("u1", "utah.example"), "5.1.1", "550-5.1.1 no such user\r\n550 5.1.1 né", "UTAH.example"),
    ReportedRecipient(Address("u 2", "bbn.example"), "4.4.7"),
)
ARGUMENTS = {
    "reporting_mta": "MIT.example",
    "reverse_path": parse_path("<@bbn.example:u1@mit.example>"),
    "recipients": FAILED,
    "original": ORIGINAL,
    "message_id": "<r!1@MIT.example>",
    "date": "Sat, 01 Jan 2000 00:00:03 +0000",
    "arrival_date": "Sat, 01 Jan 2000 00:00:01 +0000",
    "last_attempt_date": "Sat, 01 Jan 2000 00:00:02 +0000",
}


def parts(**changes):
    """The report as the stdlib reads it, and its parts."""
    report = message_from_bytes(delivery_report(**ARGUMENTS | changes))
    return report, *report.get_payload()


def test_type():
    """The report is what RFC 6522 calls one."""
    report, *inside = parts()
    assert [
        report.get_content_type(),
        report.get_param("report-type"),
        *(part.get_content_type() for part in inside),
    ] == ["multipart/report", "delivery-status", "text/plain", "message/delivery-status", "text/rfc822-headers"]


def test_header():
    """It goes to the reverse-path's mailbox, from the host, and asks for no answer."""
    report = parts()[0]
    assert [report[name] for name in ("From", "To", "Date", "Message-ID", "Auto-Submitted")] == [
        "Mail Delivery System <MAILER-DAEMON@MIT.example>",
        "u1@mit.example",
        "Sat, 01 Jan 2000 00:00:03 +0000",
        "<r!1@MIT.example>",
        "auto-replied",
    ]


def test_status_of_the_message():
    """The first block is about the message (RFC 3464 section 2.2)."""
    block = parts()[2].get_payload()[0]
    assert dict(block.items()) == {
        "Reporting-MTA": "dns; MIT.example",
        "Arrival-Date": "Sat, 01 Jan 2000 00:00:01 +0000",
    }


def test_status_of_recipients():
    """Each recipient has a block (RFC 3464 section 2.3), with what is known of it."""
    assert [dict(block.items()) for block in parts()[2].get_payload()[1:]] == [
        {
            "Final-Recipient": "rfc822; u1@utah.example",
            "Action": "failed",
            "Status": "5.1.1",
            "Remote-MTA": "dns; UTAH.example",
            "Diagnostic-Code": "smtp; 550-5.1.1 no such user 550 5.1.1 n\\x{E9}",
            "Last-Attempt-Date": "Sat, 01 Jan 2000 00:00:02 +0000",
        },
        {
            "Final-Recipient": 'rfc822; "u 2"@bbn.example',
            "Action": "failed",
            "Status": "4.4.7",
            "Last-Attempt-Date": "Sat, 01 Jan 2000 00:00:02 +0000",
        },
    ]


def test_delayed():
    """A warning says that the recipients are late, and until when delivery is tried."""
    report, text, status, _ = parts(action="delayed", will_retry_until="Thu, 06 Jan 2000 00:00:01 +0000")
    block = status.get_payload()[1]
    assert [report["Subject"], block["Action"], block["Will-Retry-Until"], "still being tried" in str(text)] == [
        "Delayed mail (still being retried)",
        "delayed",
        "Thu, 06 Jan 2000 00:00:01 +0000",
        True,
    ]


def test_text_for_people():
    """The text names the host, each recipient and the reason."""
    assert parts()[1].get_payload() == (
        "This is the mail system at host MIT.example.\r\n\r\n"
        "Your message could not be delivered to the recipients below, and will not be tried again.\r\n\r\n"
        "<u1@utah.example>: 550-5.1.1 no such user 550 5.1.1 n\\x{E9} (said\r\n"
        "    UTAH.example)\r\n"
        '<"u 2"@bbn.example>: 4.4.7\r\n'
    )


def test_header_of_the_original():
    """The original's header comes back octet for octet, its body not at all."""
    header = b"Subject: one\r\n two\r\nX: " + b"x" * 200
    written = delivery_report(**ARGUMENTS | {"original": header + b"\r\n\r\nsecret\r\n"})
    assert (b"\r\n\r\n" + header + b"\r\n\r\n--" in written, b"secret" in written) == (True, False)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("header", ["Subject: é\r\n".encode(), b"Subject: \xe9\r\n two\r\n", b"Subject: \0\r\n"])
def test_header_that_needs_an_extension(header: bytes, full: bool):
    """It comes back in quoted-printable, and without the body, which nothing could carry either."""
    written = delivery_report(**ARGUMENTS | {"original": header + b"\r\nsecret\r\n", "full": full})
    part = parts(original=header + b"\r\nsecret\r\n", full=full)[3]
    assert (written.isascii(), b"\0" in written, b"secret" in written) == (True, False, False)
    assert (part.get_content_type(), part["Content-Transfer-Encoding"]) == (
        "text/rfc822-headers",
        "quoted-printable",
    )
    assert part.get_payload(decode=True) == header


@pytest.mark.parametrize("body", ["é\r\n".encode(), b"bare\nLF\0\r\n\xff"])
def test_original_that_needs_an_extension(body: bytes):
    """All of it comes back, converted, so that the report needs no extension (RFC 3464 section 2)."""
    header = b"MIME-Version: 1.0\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n"
    written = delivery_report(**ARGUMENTS | {"original": header + b"\r\n" + body, "full": True})
    part = parts(original=header + b"\r\n" + body, full=True)[3]
    assert (written.isascii(), canonical(written) == written, b"\0" in written) == (True, True, False)
    assert part.get_payload()[0].get_payload(decode=True) == body


def test_report_is_canonical():
    """Its lines end in CRLF and are short, however long the diagnostic."""
    failed = [ReportedRecipient(Address("u", "c"), "5.0.0", "550 " + "no " * 2000)]
    report = delivery_report(**ARGUMENTS | {"recipients": failed})
    assert (canonical(report) == report, longest_line(report) < 300) == (True, True)


def test_report_is_deterministic():
    """The same arguments give the same octets."""
    assert delivery_report(**ARGUMENTS) == delivery_report(**ARGUMENTS)


def test_boundary_comes_from_the_message_id():
    """The boundary holds only characters that RFC 2046 allows, and at most 70."""
    report = parts(message_id="<r!1" + "x" * 80 + "@MIT.example>")[0]
    assert report.get_boundary() == "report=_r_1" + "x" * 59


def test_nobody_is_told_about_a_report():
    """RFC 5321 section 4.5.5: nothing is sent to the null reverse-path."""
    with pytest.raises(ValueError, match="drop it instead"):
        delivery_report(**ARGUMENTS | {"reverse_path": NULL_PATH})


def test_what_the_sender_calls_things():
    """ENVID and ORCPT come back (RFC 3464 sections 2.2.1 and 2.3.1)."""
    one = ReportedRecipient(Address("u1", "utah.example"), "2.1.5", original="rfc822; alias@bbn.example")
    _, _, status, _ = parts(recipients=[one], envelope_id="QQ314159", action="delivered")
    message, recipient = status.get_payload()
    assert [message["Original-Envelope-Id"], recipient["Original-Recipient"], recipient["Action"]] == [
        "QQ314159",
        "rfc822; alias@bbn.example",
        "delivered",
    ]


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_good_news(action):
    """The subject does not speak of failure, and the text names the recipients."""
    report, text, status, _ = parts(action=action)
    assert "eliver" not in report["Subject"] or "ndelivered" not in report["Subject"]
    assert ("u1@utah.example" in str(text), status.get_payload()[1]["Action"]) == (True, action)


def test_the_whole_original_comes_back():
    """RET=FULL: all of the message, octet for octet."""
    *_, last = parts(full=True)
    assert last.get_content_type() == "message/rfc822"
    assert ORIGINAL in delivery_report(**ARGUMENTS, full=True)
    assert last.get_payload()[0].get_payload() == "body\r\n"


def test_addresses_beyond_ascii():
    """The recipient's is shown in US-ASCII (RFC 6533 section 3), the sender's own is used as it is."""
    one = ReportedRecipient(Address("josé", "utah.example"), "5.6.7")
    back = parse_path("<andré@mit.example>", utf8=True)
    written = delivery_report(**ARGUMENTS | {"recipients": [one], "reverse_path": back})
    assert b"Final-Recipient: utf-8; jos\\x{E9}@utah.example\r\n" in written
    assert "To: andré@mit.example\r\n".encode() in written
