"""Mail as X.400 has it, and back: addresses, trace, envelope, contents, reports (RFC 2156)."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mail.address import Address, parse_address
from sim.mail.delivery_report import ReportedRecipient, delivery_report
from sim.mail.or_address import ORAddress
from sim.mail.path import NULL_PATH, Path
from sim.mta.mixer import CODES, Here, Mapped, codes_of, from_mpdu, loops, status_of, to_mpdu
from sim.mta.or_names import mailbox_of, mta_domain, or_address_of
from sim.protocol.x400 import read_mpdu, write_mpdu
from sim.protocol.x400.ipms import Ipn, write_ipn
from sim.protocol.x400.mpdus import Diagnostic, Priority, Reason
from sim.protocol.x400.names import Domain

HERE = Here(Domain("FR", " ", "cnam"), "mta.cnam.fr", 100.0)
ANN, BOB = Path(Address("ann", "a.cnam.fr")), Path(Address("bob", "b.example"))
CONTENT = (
    b"Message-ID: <1@a.cnam.fr>\r\nFrom: <ann@a.cnam.fr>\r\nTo: <bob@b.example>, <eve@b.example>\r\n"
    b"Subject: Lunch\r\nDate: Sat, 01 Jan 2000 00:00:00 +0000\r\n\r\nhello\r\n"
)


def passed_on(mail, here=HERE):
    """What comes out at the next MTA."""
    return from_mpdu(read_mpdu(write_mpdu(to_mpdu(mail, here, "q1"))))


@pytest.mark.parametrize(
    ("mailbox", "name"),
    [
        ("gerard@cnam.fr", "/S=gerard/PRMD=cnam/ADMD= /C=FR/"),
        ("gerard@a.b.cnam.fr", "/S=gerard/OU=a/O=b/PRMD=cnam/ADMD= /C=FR/"),
        ("ann@host.example", "/S=ann/PRMD=host/ADMD=example/C=ZZ/"),
        ("ann@example", "/S=ann/ADMD=example/C=ZZ/"),
        ("a_b@cnam.fr", "/RFC-822=a(u)b(a)cnam.fr/PRMD=cnam/ADMD= /C=FR/"),
        ("ann@CNAM.fr", "/S=ann/PRMD=CNAM/ADMD= /C=FR/"),
        ("ann@cnam.FR", "/RFC-822=ann(a)cnam.FR/PRMD=cnam/ADMD= /C=FR/"),
        ("ann@a.b.c.d.e.f.g.h", "/RFC-822=ann(a)a.b.c.d.e.f.g.h/ADMD= /C=ZZ/"),
    ],
)
def test_addresses(mailbox, name):
    """The domain's labels become attributes; what would not come back is in the attribute RFC-822."""
    assert str(or_address_of(parse_address(mailbox))) == name
    assert str(mailbox_of(or_address_of(parse_address(mailbox)))) == mailbox


@given(
    local=st.text("ab.1_%+", min_size=1, max_size=50),
    domain=st.lists(st.text("abZ-1", min_size=1, max_size=4), min_size=1, max_size=8),
)
def test_every_address_comes_back(local, domain):
    """Whatever its form."""
    address = Address(local, ".".join(domain))
    try:
        parse_address(str(address))
    except ValueError:
        return
    assert mailbox_of(or_address_of(address)) == address


def test_an_address_without_a_name():
    """It is the postmaster's."""
    assert mailbox_of(ORAddress(country="FR", prmd="cnam")) == Address("postmaster", "cnam.fr")


def test_domains_of_mtas():
    """As of addresses; a name that is no domain is nowhere."""
    assert mta_domain("mta.cnam.fr") == Domain("FR", " ", "cnam")
    assert mta_domain("x..y") == Domain("ZZ", " ")


def test_a_message_comes_back_as_it_was():
    """Fields that have a place in a heading, and those that have none; trace is on top."""
    mapped = passed_on(Mapped(ANN, (BOB,), CONTENT))
    trace, rest = mapped.content.split(b"\r\n", 1)
    assert trace == b"X400-Received: by mta mta.cnam.fr in /PRMD=cnam/ADMD= /C=FR/; Relayed; 946684900"
    assert (mapped.reverse_path, mapped.forward_paths, rest) == (ANN, (BOB,), CONTENT)
    assert (mapped.parameters, mapped.recipient_parameters) == ((), ())


@pytest.mark.parametrize(
    "content",
    [
        b"\r\nbody\r\n",
        b"From: Ann <ann@a.cnam.fr>\r\nTo: nobody here\r\nCc: <bob@b.example>\r\nsubject: x\r\n\r\n",
        b"Subject: " + b"x" * 200 + b"\r\nMessage-ID: <a(q)@b>\r\nFrom: <a@b>, <c@d>\r\nX: 1\r\n\r\n\xff\xfe",
        b"To: <a@b>,\r\n <c@d>\r\n\r\nfolded\r\n",
    ],
)
def test_odd_contents(content):
    """Their fields are all there, in any order, and so is their body."""
    _, _, body = content.partition(b"\r\n\r\n") if not content.startswith(b"\r\n") else (b"", b"", content[2:])
    header, _, there = passed_on(Mapped(ANN, (BOB,), content)).content.partition(b"\r\n\r\n")
    assert there == body
    for line in content[: len(content) - len(body)].split(b"\r\n"):
        assert line.strip() in header


def test_what_the_sender_asks_for():
    """Priority, a time to deliver by, reports, a name for the message (RFC 2156 section 4.2, RFC 6710)."""
    asked = (("MT-PRIORITY", "6"), ("BY", "600;R"), ("RET", "FULL"), ("ENVID", "mine"))
    mail = Mapped(ANN, (BOB, ANN, ANN), CONTENT, asked, ((("NOTIFY", "SUCCESS"),), (("NOTIFY", "NEVER"),), ()))
    sent = to_mpdu(mail, HERE, "q1")
    assert (sent.priority, sent.latest) == (Priority.URGENT, 946_684_800 + 700)
    assert [one.request for one in sent.envelope.recipients] == ["report", "none", "non-delivery"]
    mapped = from_mpdu(sent)
    assert mapped.parameters == (("MT-PRIORITY", "4"), ("BY", "600;R"), ("ENVID", "mine"), ("RET", "FULL"))
    assert mapped.recipient_parameters == ((("NOTIFY", "SUCCESS,FAILURE"),), (("NOTIFY", "NEVER"),), ())
    assert to_mpdu(Mapped(ANN, (BOB,), CONTENT, (("MT-PRIORITY", "-1"),)), HERE, "q").priority is Priority.NON_URGENT


def test_nobody_is_told_about_mail_of_nobody():
    """It has an originator all the same: the postmaster."""
    sent = to_mpdu(Mapped(NULL_PATH, (NULL_PATH,), CONTENT), HERE, "q1")
    assert [one.request for one in sent.envelope.recipients] == ["none"]
    assert str(mailbox_of(sent.envelope.originator)) == "postmaster@mta.cnam.fr"


def test_trace_and_loops():
    """Each MTA adds its element, and knows itself again."""
    there = Here(Domain("ZZ", "example", "b"), "mta.b.example", 200.0)
    mail = passed_on(Mapped(ANN, (BOB,), CONTENT))
    second = to_mpdu(mail, there, "q2")
    assert [one.mta for one in second.envelope.internal_trace] == ["mta.cnam.fr", "mta.b.example"]
    assert second.envelope.identifier.domain == HERE.domain
    assert loops(second, HERE.domain, HERE.mta)
    assert not loops(second, HERE.domain, "another")
    held = mail._replace(content=mail.content.replace(b"; Relayed;", b"; Deferred 946684950; Rerouted;"))
    again = from_mpdu(to_mpdu(held, there, "q3"))
    assert b"; Deferred 946684950; Rerouted; 946684900\r\n" in again.content


def test_lists_that_were_expanded():
    """Delivered-To is the history of expansions (RFC 2156 section 5.3.7)."""
    content = b"Delivered-To: two@b.example\r\nDelivered-To: one@b.example\r\n" + CONTENT
    sent = to_mpdu(Mapped(ANN, (BOB,), content), HERE, "q1")
    assert [name.surname for name, _ in sent.expansions] == ["one", "two"]
    assert from_mpdu(sent).content.split(b"\r\n", 1)[1] == content


def report(action="failed", status="5.1.1", **more):
    """A delivery report of RFC 3464."""
    return delivery_report(
        reporting_mta="mta.cnam.fr",
        reverse_path=ANN,
        recipients=[ReportedRecipient(BOB.mailbox, status, "550 no <such> user")],
        original=CONTENT,
        message_id="<9@mta.cnam.fr>",
        date="Sat, 01 Jan 2000 00:00:00 +0000",
        arrival_date="Sat, 01 Jan 2000 00:00:00 +0000",
        last_attempt_date="Sat, 01 Jan 2000 00:00:00 +0000",
        action=action,
        **more,
    )


def test_a_report_is_one_of_x400():
    """With reason and diagnostic, about the message that it is about; it comes back as one of RFC 3464."""
    sent = to_mpdu(Mapped(NULL_PATH, (ANN,), report(envelope_id="mine")), HERE, "q1")
    [one] = sent.recipients
    assert (one.reason, one.diagnostic, one.delivered) == (
        Reason.UNABLE_TO_TRANSFER,
        Diagnostic.UNRECOGNISED_OR_NAME,
        None,
    )
    assert (one.supplement, sent.subject.local, sent.content_identifier) == (
        "550 no ?such? user",
        "1@a.cnam.fr",
        "mine",
    )
    mapped = passed_on(Mapped(NULL_PATH, (ANN,), report()))
    assert (mapped.reverse_path, mapped.forward_paths) == (NULL_PATH, (ANN,))
    for said in (b"Final-Recipient: rfc822; bob@b.example", b"Status: 5.1.1", b"Reporting-MTA: dns; mta.cnam.fr"):
        assert said in mapped.content


def test_a_report_of_delivery():
    """With the time of delivery."""
    sent = to_mpdu(Mapped(NULL_PATH, (ANN,), report("delivered", "2.1.5")), HERE, "q1")
    assert sent.recipients[0].delivered == 946_684_900
    assert b"Action: delivered" in from_mpdu(sent).content
    assert loops(sent, HERE.domain, HERE.mta)


def test_codes():
    """Each pair comes back as its status; one of class 4 is as that of class 5, others are transfer failures."""
    assert {status_of(*codes): status for status, codes in CODES.items()} == {status: status for status in CODES}
    assert codes_of("4.1.1") == CODES["5.1.1"]
    assert codes_of("5.9.9") == (Reason.TRANSFER_FAILURE, None)
    assert status_of(42, 42) == "5.4.0"


def test_a_notification():
    """It is a message that says so."""
    sent = to_mpdu(Mapped(ANN, (BOB,), CONTENT), HERE, "q1")
    assert b"interpersonal notification" in from_mpdu(replace(sent, content=write_ipn(Ipn("i")))).content


def test_what_only_looks_like_a_report():
    """A multipart/report of nobody without a status goes as a message."""
    content = b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--\r\n"
    assert to_mpdu(Mapped(NULL_PATH, (ANN,), content), HERE, "q1").content


def test_members_of_a_list_may_be_where_its_mail_has_been():
    """The trace before the last expansion is no loop (X.411 section 14.3.1); what goes round behind it is."""
    expander = Here(Domain("ZZ", "example", "b"), "mta.b.example", 200.0)
    listed = passed_on(Mapped(ANN, (BOB,), CONTENT))
    listed = listed._replace(content=b"Delivered-To: list@b.example\r\n" + listed.content)
    sent = to_mpdu(listed, expander, "q2")
    assert [loops(sent, here.domain, here.mta) for here in (HERE, expander)] == [False, True]
    again = to_mpdu(from_mpdu(sent), Here(Domain("ZZ", "example", "d"), "mta.d.example", 300.0), "q3")
    assert [loops(again, here.domain, here.mta) for here in (HERE, expander)] == [False, True]


@pytest.mark.parametrize("piece", [b"x", b"<", b"X400-Received: by mta ", b"Delivered-To: a@b\r\n", b"A: \r\n ", b"A:"])
def test_a_header_of_any_octets_takes_time_in_proportion(piece: bytes):
    """A megabyte of it is read at once: nothing is tried anew at every octet."""
    content = piece * (1_000_000 // len(piece)) + b"\r\n\r\nbody\r\n"
    before = process_time()
    to_mpdu(Mapped(ANN, (BOB,), content), HERE, "q1")
    assert process_time() - before < 10
