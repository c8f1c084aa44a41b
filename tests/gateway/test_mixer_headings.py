"""Header fields of RFC 822 and headings of P22: RFC 2156 sections 4.7, 5.1 and 5.3."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.gateway.global_mapping import Entry, GlobalMapping
from sim.gateway.ipm_heading import Descriptor, Heading, MessageIdentifier, Recipient, Requests
from sim.gateway.losses import Loss
from sim.gateway.mixer_addresses import MixerGateway
from sim.gateway.mixer_headings import to_fields, to_heading, to_identifier, to_message_id
from sim.mail.or_address import parse_or_address

GATEWAY = MixerGateway(
    "gateway.example",
    parse_or_address("/PRMD=GATE/ADMD=ADMDX/C=GB/"),
    GlobalMapping((Entry("widget.com", ("TC", "BTT", None, "Widget")), Entry("ac.uk", ("GB", "GOLD 400", "UK.AC")))),
)
ANN = Descriptor(parse_or_address("/S=ann/O=Widget/ADMD=BTT/C=TC/"))
BOB = Descriptor(parse_or_address("/RFC-822=bob(a)host.example/PRMD=GATE/ADMD=ADMDX/C=GB/"), "Bob, the other")
ID = MessageIdentifier("1(a)widget.com")


def heading_of(*lines: str) -> Heading:
    """The heading of a header with these fields."""
    return to_heading("\r\n".join([*lines, ""]).encode(), GATEWAY).heading


def back(*lines: str) -> list[str]:
    """These fields through X.400 and back; a Message-ID that was not there is left out."""
    mapped = to_heading("\r\n".join([*lines, ""]).encode(), GATEWAY)
    fields = to_fields(mapped.heading, GATEWAY, mapped.requests).fields
    return [
        f"{name}: {value}"
        for name, value in fields
        if (name, value) != ("Message-ID", '<"*"@MHS>') and value != "<*@MHS>"
    ]


def test_who_wrote_it() -> None:
    """5.1.3: From is the originator, unless a Sender is; several authors authorize it."""
    assert heading_of("From: ann@widget.com").originator == ANN
    found = heading_of('From: "Bob, the other" <bob@host.example>', "Sender: ann@widget.com")
    assert (found.originator, found.authorizing) == (ANN, (BOB,))
    found = heading_of('From: ann@widget.com, "Bob, the other" <bob@host.example>')
    assert (found.originator, found.authorizing) == (ANN, (ANN, BOB))


def test_to_whom() -> None:
    """Recipients of all kinds; a group is its members, or a name alone."""
    found = heading_of("To: ann@widget.com", "Cc: ann@widget.com, ann@widget.com", "Bcc: hidden list:;", "Sender: ")
    assert (found.primary, len(found.copies)) == ((Recipient(ANN),), 2)
    assert found.blind_copies == (Recipient(Descriptor(None, "hidden list:;")),)
    assert found.originator is None


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("<a.b@widget.com>", MessageIdentifier("a.b(a)widget.com")),
        ("<147@MHS>", MessageIdentifier("147(a)MHS")),
        ('<"147*"@MHS>', MessageIdentifier("147")),
        ('<"147*/S=x/ADMD=DBP/C=DE/"@MHS>', MessageIdentifier("147", parse_or_address("/S=x/ADMD=DBP/C=DE/"))),
        ("<147*rubbish@MHS>", MessageIdentifier("147(042)rubbish(a)MHS")),
        ("Your message of Friday", MessageIdentifier("Your message of Friday")),
        ("<é@x>", MessageIdentifier("?(a)x")),
    ],
)
def test_message_identifiers(text: str, identifier: MessageIdentifier) -> None:
    """4.7.3: a star is special with the domain MHS only."""
    assert to_identifier(text) == identifier


def test_x400s_identifiers_come_back() -> None:
    """4.7.3.3: with the user, or without."""
    for identifier in (MessageIdentifier("147"), MessageIdentifier("a b", parse_or_address("/S=x y/ADMD=DBP/C=DE/"))):
        assert to_identifier(to_message_id(identifier)) == identifier


@pytest.mark.parametrize(
    ("line", "returned"),
    [
        ("Message-ID: <1@widget.com>", "Message-ID: <1@widget.com>"),
        ("In-Reply-To: <1@widget.com>", "In-Reply-To: <1@widget.com>"),
        ("In-Reply-To: Your message of Friday", 'In-Reply-To: <"Your message of Friday*"@MHS>'),
        ("In-Reply-To: <1@a.b> <2@a.b>", "References: <1@a.b> <2@a.b>"),
        ("References: <1@a.b>, <2@a.b>", "References: <1@a.b> <2@a.b>"),
        ("Obsoletes: <1@a.b>", "Supersedes: <1@a.b>"),
        ("Expiry-Date: Sun, 01 Dec 1991 00:00:00 +0000", "Expires: Sun, 01 Dec 1991 00:00:00 +0000"),
        ("Date: Sat, 30 Nov 1991 04:19:10 +0100", "Date: Sat, 30 Nov 1991 03:19:10 +0000"),
        ("Language: en, fr", "Content-Language: en, fr"),
        ("Importance: HIGH", "Importance: High"),
        ("Sensitivity: company-confidential", "Sensitivity: Company-Confidential"),
        ("Priority: non-urgent", "Priority: Non-Urgent"),
        ("Autoforwarded: true", "Autoforwarded: TRUE"),
        ("Incomplete-Copy:", "Incomplete-Copy: "),
        ("Conversion: prohibited", "Conversion: Prohibited"),
        ("Conversion-With-Loss: Prohibited", "Conversion-With-Loss: Prohibited"),
        ("Alternate-Recipient: Prohibited", "Alternate-Recipient: Prohibited"),
        (
            "Latest-Delivery-Time: Sun, 01 Dec 1991 00:00:00 +0000",
            "Latest-Delivery-Time: Sun, 01 Dec 1991 00:00:00 +0000",
        ),
        ("Comments: text", "Comments: text"),
        ("X-Mailer: elm", "X-Mailer: elm"),
        ("To: <@relay.example:user@host.example>", "To: <@relay.example:user@host.example>"),
        ("Cc: undisclosed-recipients:;", "Cc: undisclosed-recipients:;"),
        ("Reply-To: J Soap <soap@widget.com>", "Reply-To: J Soap <soap@widget.com>"),
    ],
)
def test_a_field_comes_back(line: str, returned: str) -> None:
    """5.1.3 and 5.3.2."""
    assert back(line) == [returned]


@pytest.mark.parametrize("line", ["Received: from a by b; x", "MIME-Version: 1.0", "Content-Type: text/plain"])
def test_trace_and_mime_go_elsewhere(line: str) -> None:
    """5.1.6, RFC 2157: no field of the heading, and no loss of it."""
    mapped = to_heading(f"{line}\r\n".encode(), GATEWAY)
    assert (back(line), mapped.losses) == ([], ())


@pytest.mark.parametrize(
    ("line", "losses"),
    [
        ("X400-Received: by /PRMD=x/", [Loss("field", "X400-Received")]),
        ("Return-Path: <a@b>", [Loss("field", "Return-Path")]),
        ("Subject: café", [Loss("text", "Subject")]),
        ("Importance: very", [Loss("text", "very")]),
        ("Priority: very", [Loss("text", "very")]),
        ("Expires: soon", [Loss("text", "soon")]),
        ("To: friends: ann@widget.com;", [Loss("text", "friends:;")]),
        (f"To: {505 * 'x'}@host.example", [Loss("recipient", f"{505 * 'x'}@host.example")]),
    ],
)
def test_what_is_lost_is_named(line: str, losses: list[Loss]) -> None:
    """A field, a text, a recipient."""
    assert list(to_heading(f"{line}\r\n".encode(), GATEWAY).losses) == losses


def test_what_is_asked_of_the_transfer_system() -> None:
    """5.1.7: priority, times and conversion are the envelope's."""
    header = b"Priority: urgent\r\nDeferred-Delivery: Sun, 01 Dec 1991 00:00:00 +0000\r\nConversion: Prohibited\r\n"
    assert to_heading(header, GATEWAY).requests == Requests(
        priority="urgent", deferred=691_545_600, conversion_prohibited=True
    )


def test_a_heading_becomes_fields() -> None:
    """5.3.2 and 5.3.3: what is asked of a recipient, and telephones, become comments; other extensions are named."""
    heading = Heading(
        identifier=ID,
        originator=Descriptor(ANN.address, "", "+44 (1)"),
        authorizing=(BOB,),
        primary=(Recipient(ANN, ("receipt", "non-receipt", "return"), reply_requested=True),),
        blind_copies=(Recipient(Descriptor(None, "")),),
        subject="hello",
        expiry=0,
        extensions=("1.2.3",),
    )
    fields, losses = to_fields(heading, GATEWAY)
    assert list(fields) == [
        ("From", '"Bob, the other" <bob@host.example>'),
        ("Sender", r"ann@widget.com (Tel +44 \(1\))"),
        (
            "To",
            (
                "ann@widget.com (Receipt Notification Requested) (Non Receipt Notification Requested)"
                " (IPM Return Requested) (Reply requested)"
            ),
        ),
        ("Bcc", "undisclosed-recipients:;"),
        ("Message-ID", "<1@widget.com>"),
        ("Subject", "hello"),
        ("Expires", "Thu, 01 Jan 1970 00:00:00 +0000"),
        ("Discarded-X400-IPMS-Extensions", "1.2.3"),
    ]
    assert [loss.name for loss in losses][-1] == "1.2.3"
    assert {loss.kind for loss in losses} == {"service"}


def test_what_an_address_loses_is_named() -> None:
    """4.3.5, mapping A, in a heading."""
    who = Descriptor(parse_or_address("/RFC-822=a(a)b.example/S=Jones/PRMD=AC/ADMD=BT/C=GB/"))
    assert to_fields(Heading(identifier=ID, originator=who), GATEWAY).losses == (Loss("attribute", "S"),)


DIFFERING = {
    "From: Joe.Soap@cs.ucl.ac.uk (Joe Soap)": "a comment is the name, without its brackets",
    "Sender: secretary@widget.com": "5.3.2: an originator alone is From",
    "In-Reply-To: Your message of Friday": "4.7.3.5: the phrase is the identifier",
    "In-Reply-To: <o1@host.example> <o2@host.example>": "RFC 822 has no commas between them",
    "References: <r1@host.example> <r2@widget.com>": "RFC 822 has no commas between them",
    "References: <r1@host.example>, <r2@widget.com>": "RFC 822 has no commas between them",
    "Message-ID: no angle brackets": "4.7.3: a text is an identifier",
    "Expiry-Date: Sun, 01 Dec 1991 00:00:00 +0000": "5.3.2: Expires",
}
"""Where the real gateway, of RFC 1148, answers otherwise: the field, and why."""
ENVELOPE_AND_EXTENSIONS = (
    "Priority", "Deferred-Delivery", "Date", "Keywords", "Comments", "Resent", "Incomplete", "Language",
)  # fmt: skip
"""The real gateway showed these nowhere in a header: they are the envelope's, or heading extensions of RFC 2156."""


def test_the_vectors_of_a_real_gateway_hold(shared: Path) -> None:
    """Every field as it comes back there, but those named above."""
    with (shared / "data/gateways/header_vectors.csv").open() as file:
        rows = list(csv.DictReader(file))
    wrong = []
    for row in rows:
        line, expected = row["rfc822_header"], row["rfc822_header_back"].replace(":  ", ": ")
        expected = expected.replace("user <@", "<@").replace(", 1 Dec", ", 01 Dec")
        if not line.startswith(ENVELOPE_AND_EXTENSIONS) and back(line) != [expected] * bool(expected):
            wrong.append(line)
    assert sorted(wrong) == sorted(DIFFERING)


@given(st.binary() | st.text('From: To@.,;<>()"\r\n\t *Date=/é').map(str.encode))
def test_any_header_becomes_a_heading_and_fields(header: bytes) -> None:
    """With no error."""
    mapped = to_heading(header, GATEWAY)
    assert to_fields(mapped.heading, GATEWAY, mapped.requests).fields


@given(st.sampled_from(["To", "Cc", "In-Reply-To", "Subject", "Date", "Expires", "Priority", "References"]), st.text())
def test_any_value_becomes_a_heading_and_fields(name: str, value: str) -> None:
    """Of the fields that are read."""
    mapped = to_heading(f"{name}: {value}\r\n".encode("utf-8", "surrogatepass"), GATEWAY)
    assert to_fields(mapped.heading, GATEWAY, mapped.requests).fields
