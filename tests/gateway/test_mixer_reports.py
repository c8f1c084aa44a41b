"""Reports of X.400 and delivery status notifications: RFC 2156 section 5.3.6, RFC 3463, RFC 3464."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.gateway.losses import Loss
from sim.gateway.mixer_addresses import MixerGateway
from sim.gateway.mixer_reports import (
    DIAGNOSTIC_OF_STATUS,
    STATUS_OF_DIAGNOSTIC,
    STATUS_OF_REASON,
    reason_of,
    status_of,
    to_dsn,
    to_report,
)
from sim.mail.address import Address
from sim.mail.delivery_report import ReportedRecipient as DsnRecipient
from sim.mail.delivery_report import delivery_report
from sim.mail.or_address import parse_or_address
from sim.mail.path import parse_path
from sim.protocol.x400.mpdus import Diagnostic, Reason, ReportedRecipient

GATEWAY = MixerGateway("gateway.example", parse_or_address("/PRMD=GATE/ADMD=ADMDX/C=GB/"))
ANN = parse_or_address("/RFC-822=ann(a)host.example/PRMD=GATE/ADMD=ADMDX/C=GB/")
BOB = parse_or_address("/S=Bob B/O=Corp/ADMD=ATT/C=US/")


def failed(diagnostic: int | None, reason: int = 1, **more: Any) -> ReportedRecipient:
    """Bob, to whom nothing was delivered."""
    return ReportedRecipient(BOB, 1, 0, None, reason, diagnostic, **more)


def notification(*recipients: DsnRecipient, action: Any = "failed") -> bytes:
    """A notification about these."""
    day = "Sat, 01 Jan 2000 00:00:00 +0000"
    return delivery_report(
        reporting_mta="b.example", reverse_path=parse_path("<writer@a.example>"), recipients=recipients,
        original=b"Subject: x\r\n\r\nhi\r\n", message_id="<1@b.example>", date=day, arrival_date=day,
        last_attempt_date=day, action=action,
    )  # fmt: skip


def test_a_code_has_a_status() -> None:
    """The diagnostic says more than the reason; a delivery is 2.0.0."""
    told = [status_of(failed(*codes)) for codes in ((0,), (3,), (99, 5), (None, 5), (None, 0), (None, 77))]
    assert told == ["5.1.1", "5.4.6", "5.7.1", "5.7.1", "4.4.0", "5.0.0"]
    assert status_of(ReportedRecipient(ANN, 1, 0, 5)) == "2.0.0"


def test_a_status_has_a_code() -> None:
    """Its class says whether it failed in the transfer; what is no status failed there."""
    assert [reason_of(status) for status in ("5.1.1", "4.4.7", "5.6.3", "5.7.1", "4.9.9", "what?")] == [
        (Reason.UNABLE_TO_TRANSFER, Diagnostic.UNRECOGNISED_OR_NAME),
        (Reason.TRANSFER_FAILURE, Diagnostic.MAXIMUM_TIME_EXPIRED),
        (Reason.CONVERSION_NOT_PERFORMED, Diagnostic.CONVERSION_IMPRACTICAL),
        (Reason.RESTRICTED_DELIVERY, None),
        (Reason.TRANSFER_FAILURE, None),
        (Reason.TRANSFER_FAILURE, None),
    ]


@pytest.mark.parametrize("status", sorted(DIAGNOSTIC_OF_STATUS))
def test_a_status_comes_back_as_one_of_its_kind(status: str) -> None:
    """The subject (the second number) stays, but for mailboxes and systems that are both too small, or addresses."""
    reason, diagnostic = reason_of(f"5.{status}")
    returned = status_of(failed(diagnostic, reason))
    assert {returned[2], status[0]} in [{status[0]}, {"2", "3"}]


def test_the_tables_hold_codes() -> None:
    """Of RFC 3463's form."""
    for status in (*STATUS_OF_DIAGNOSTIC.values(), *STATUS_OF_REASON.values()):
        assert reason_of(status) is not None
        assert status[:2] in ("4.", "5.")


def test_a_report_becomes_a_notification() -> None:
    """The recipient as RFC 822 knows him, the status, X.400's codes for people; whom it had meant, of type x400."""
    action, told = to_dsn(failed(0, supplement="no such user"), GATEWAY)
    assert (action, told.status, told.diagnostic) == ("failed", "5.1.1", "X.400 reason 1, diagnostic 0: no such user")
    assert str(told.address) == '"/S=Bob B/O=Corp/ADMD=ATT/C=US/"@gateway.example'
    assert told.original == "x400; /S=Bob B/O=Corp/ADMD=ATT/C=US/"
    assert to_dsn(failed(None, intended=ANN), GATEWAY).recipient.diagnostic == "X.400 reason 1"
    action, told = to_dsn(ReportedRecipient(ANN, 1, 0, 9), GATEWAY)
    assert (action, str(told.address), told.status, told.diagnostic) == ("delivered", "ann@host.example", "2.0.0", "")


def test_what_was_no_address_is_one_at_the_gateway() -> None:
    """A domain-defined attribute may hold anything."""
    told = to_dsn(ReportedRecipient(parse_or_address("/RFC-822=what/ADMD=x/C=GB/"), 1, 0, 9), GATEWAY).recipient
    assert str(told.address) == "what@gateway.example"


def test_a_notification_becomes_a_report() -> None:
    """Each recipient with his code, and what was said for people in printable characters."""
    _, bob = to_dsn(failed(0), GATEWAY)
    other = DsnRecipient(Address("a_b", "host.example"), "5.2.2", diagnostic="552 full!")
    found = to_report(notification(bob, other), GATEWAY, 1000)
    assert found.losses == ()
    assert [(one.name, one.number, one.arrival, one.delivered, one.diagnostic) for one in found.recipients] == [
        (BOB, 1, 1000, None, Diagnostic.UNRECOGNISED_OR_NAME),
        (
            parse_or_address("/RFC-822=a(u)b(a)host.example/PRMD=GATE/ADMD=ADMDX/C=GB/"),
            2,
            1000,
            None,
            Diagnostic.RECIPIENT_UNAVAILABLE,
        ),
    ]
    assert found.recipients[1].supplement == "552 full?"
    [one] = to_report(notification(bob, action="delivered"), GATEWAY, 7).recipients
    assert one.delivered == 7


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded"])
def test_what_x400_has_no_word_for_is_lost_by_name(action: str) -> None:
    """It reports that something was delivered, or was not."""
    _, bob = to_dsn(failed(0), GATEWAY)
    assert to_report(notification(bob, action=action), GATEWAY, 0) == (
        (),
        (Loss("service", f"report that a message is {action}"),),
    )


def test_recipients_of_either_type() -> None:
    """X.400's are as they are; one that is none is lost."""
    status = b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: x400; x\r\n\r\n"
    x400 = b"Final-Recipient: x400; /S=Bob B/O=Corp/ADMD=ATT/C=US/\r\nDiagnostic-Code: none\r\n\r\n"
    broken = b"Final-Recipient: x400; what\r\n"
    found = to_report(status + x400 + broken, GATEWAY, 0)
    assert [(one.name, one.supplement) for one in found.recipients] == [(BOB, "none")]
    assert found.losses == (Loss("recipient", "x400; what"),)


@given(
    st.binary()
    | st.text("Final-Recipient:;x400/S= \r\n@").map(
        lambda t: b"Content-Type: message/delivery-status\r\n\r\n" + t.encode()
    )
)
def test_any_message_is_read(octets: bytes) -> None:
    """One that is no notification says nothing of anybody."""
    found = to_report(octets, GATEWAY, 0)
    assert all(one.delivered is None for one in found.recipients)
