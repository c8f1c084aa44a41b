"""P1's MPDUs in octets: sizes beside those of a real MTA, round trips, and octets that are none."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x400_pair import DOMAIN, NOW, address, message

from sim.mail.or_address import ORAddress
from sim.protocol.x400 import LocalProtocolError, RemoteProtocolError, ber, read_mpdu, write_mpdu
from sim.protocol.x400.mpdus import (
    Diagnostic,
    MtsIdentifier,
    Priority,
    Probe,
    Reason,
    Recipient,
    Report,
    ReportedRecipient,
    TraceElement,
)
from sim.protocol.x400.names import Domain, domain_of, read_name
from sim.protocol.x400.presentation import wrap_apdu
from sim.protocol.x400.syntax import decode, encode

REAL = Path("../shared/truth/x400.csv")
SHAPES = {
    "1 recipient, empty text": (1, 1),
    "1 recipient, 1,024-byte text": (1, 1),
    "2 recipients, same content": (2, 1),
    "10 recipients, content also lists 10": (10, 1),
    "1r after one more MTA": (1, 2),
    "after two more": (1, 3),
}


def real(item):
    """The measured rows of a kind."""
    if not REAL.exists():
        return []
    with REAL.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["item"] == item]


@pytest.mark.skipif(not REAL.exists(), reason="the measurements of a real X.400 MTA are not there")
@pytest.mark.parametrize("row", real("message"), ids=lambda row: f"{row['protocol']} {row['what']}")
def test_messages_are_as_long_as_real_ones(row):
    """To 1 octet, and after more MTAs to 6 in 1,700: what differs from hop to hop there is not known."""
    mode = row["protocol"][-4:]
    recipients, hops = SHAPES[row["what"]]
    sent = message(recipients, int(row["content_bytes"]), hops)
    assert abs(len(wrap_apdu(write_mpdu(sent, mode), mode)) - int(row["p1_bytes"])) <= (1 if hops == 1 else 6)


def report(recipients=1, supplement=72, **more):
    """A non-delivery report."""
    return Report(
        MtsIdentifier(DOMAIN, "i" * 32),
        address("s1"),
        MtsIdentifier(DOMAIN, "i" * 32),
        tuple(
            ReportedRecipient(
                address(f"r{number}"),
                number,
                NOW,
                diagnostic=Diagnostic.UNRECOGNISED_OR_NAME,
                supplement="s" * supplement,
            )
            for number in range(1, recipients + 1)
        ),
        (TraceElement(DOMAIN, NOW),),
        (TraceElement(DOMAIN, NOW, "M" * 18),),
        (TraceElement(DOMAIN, NOW),),
        **({"content_identifier": "c" * 16, "content_type": 22} | more),
    )


@pytest.mark.parametrize(("recipients", "mode", "size"), [(1, "1988", 533), (10, "1988", 1941), (1, "1984", 434)])
def test_reports_are_as_long_as_real_ones(recipients, mode, size):
    """To 2 %; the real text for people is about 72 characters long."""
    assert len(wrap_apdu(write_mpdu(report(recipients), mode), mode)) == pytest.approx(size, rel=0.02)


def test_a_probe_is_as_long_as_a_real_one():
    """To 1 %: it has the envelope of a message, and a number instead of the content."""
    probe = Probe(message().envelope, 100)
    assert len(wrap_apdu(write_mpdu(probe), "1988")) == pytest.approx(320, rel=0.01)


def test_what_a_recipient_and_an_mta_cost():
    """53 octets (52 in 1984) a recipient, 45 for a domain's trace element and 65 for its MTA's."""
    sizes = {mode: [len(write_mpdu(message(number, 3000), mode)) for number in (3, 4)] for mode in ("1984", "1988")}
    assert {mode: after - before for mode, (before, after) in sizes.items()} == {"1984": 52, "1988": 53}
    sizes = {mode: [len(write_mpdu(message(3, 3000, hops), mode)) for hops in (4, 5)] for mode in ("1984", "1988")}
    assert {mode: after - before for mode, (before, after) in sizes.items()} == {"1984": 45, "1988": 45 + 65}


def test_long_contents_go_in_pieces():
    """Of 65,535 octets, 4 octets more each, in a string of indefinite length."""
    short, long = (len(write_mpdu(message(content=size))) - size for size in (65_535, 65_536 * 3))
    assert long - short == (4 * 3 + 2) + 2 + 2 - 4
    assert read_mpdu(write_mpdu(message(content=200_000))).content == b"x" * 200_000


NAME = st.just(ORAddress(country="FR", admd="ATLAS", common_name="Direction")) | st.builds(
    ORAddress,
    country=st.sampled_from([None, "GB", "234"]),
    admd=st.sampled_from([None, " ", "GOLD 400"]),
    prmd=st.sampled_from([None, "Widget"]),
    organization=st.sampled_from([None, "Corp"]),
    units=st.sampled_from([(), ("Sales", "Paris")]),
    surname=st.just("Soap"),
    given=st.sampled_from([None, "Joe"]),
    initials=st.sampled_from([None, "J"]),
    generation=st.sampled_from([None, "III"]),
    common_name=st.sampled_from([None, "Joe Soap"]),
    x121=st.sampled_from([None, "23412"]),
    terminal_id=st.sampled_from([None, "T1"]),
    numeric_user_id=st.sampled_from([None, "42"]),
    domain_defined=st.sampled_from([(), (("RFC-822", "joe(a)a.example"),)]),
)
DOMAINS = st.builds(
    Domain, st.sampled_from(["GB", "234"]), st.sampled_from([" ", "GOLD 400"]), st.sampled_from(["", "Widget"])
)
TIMES = st.integers(0, 2_000_000_000)
REQUESTS = st.sampled_from(["none", "non-delivery", "report"])
TRACES = st.lists(
    st.builds(TraceElement, DOMAINS, TIMES, deferred=st.none() | TIMES, rerouted=st.booleans(), expanded=st.booleans()),
    min_size=1,
    max_size=2,
).map(tuple)
INTERNAL = st.lists(
    st.builds(TraceElement, DOMAINS, TIMES, st.just("mta.a"), st.none() | TIMES, st.booleans()), max_size=2
).map(tuple)
IDENTIFIERS = st.builds(MtsIdentifier, DOMAINS, st.text("ab-9.:", max_size=32))
ENVELOPES = st.builds(
    type(message().envelope),
    IDENTIFIERS,
    NAME,
    st.lists(
        st.builds(Recipient, NAME, st.integers(1, 9), st.booleans(), REQUESTS, REQUESTS), min_size=1, max_size=3
    ).map(tuple),
    TRACES,
    INTERNAL,
    st.sampled_from([2, 22]),
    st.sampled_from([(), (2,), (0, 9)]),
    st.sampled_from(["", "mine"]),
    *[st.booleans()] * 5,
)
MESSAGES = st.builds(
    type(message()),
    ENVELOPES,
    st.binary(max_size=40),
    st.sampled_from(Priority),
    st.none() | TIMES,
    st.none() | TIMES,
    st.lists(st.tuples(NAME, TIMES), max_size=2).map(tuple),
)
REPORTED = st.builds(
    ReportedRecipient,
    NAME,
    st.integers(1, 9),
    TIMES,
    st.just(None),
    st.sampled_from([*Reason, 99]),
    st.none() | st.sampled_from(Diagnostic),
    REQUESTS,
    st.none() | NAME,
    st.sampled_from(["", "why"]),
) | st.builds(ReportedRecipient, NAME, st.integers(1, 9), TIMES, TIMES, request=REQUESTS)
REPORTS = st.builds(
    Report,
    IDENTIFIERS,
    NAME,
    IDENTIFIERS,
    st.lists(REPORTED, min_size=1, max_size=2).map(tuple),
    TRACES,
    INTERNAL,
    st.just(()) | TRACES,
    st.sampled_from(["", "mine"]),
    st.none() | st.just(22),
    st.none() | st.just(b"back"),
)
MPDUS = MESSAGES | st.builds(Probe, ENVELOPES, st.integers(0, 1 << 30)) | REPORTS


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 4)
@given(mpdu=MPDUS)
def test_what_is_written_is_read(mpdu):
    """All of it in the syntax of 1988."""
    assert read_mpdu(write_mpdu(mpdu)) == mpdu


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 4)
@given(mpdu=MPDUS)
def test_what_1984_has_no_room_for(mpdu):
    """Extensions are left out, and what has room comes back."""
    written = write_mpdu(mpdu, "1984")
    back = read_mpdu(written)
    assert write_mpdu(back, "1984") == written
    assert getattr(back, "envelope", back).internal_trace == ()


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 4)
@given(mpdu=MPDUS, data=st.data())
def test_octets_that_are_changed(mpdu, data):
    """A length that lies, a piece that is missing, any octet else: an MPDU, or the room's own error."""
    octets = bytearray(write_mpdu(mpdu))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] = data.draw(st.integers(0, 255))
    for some in (bytes(octets), bytes(octets[:at]), bytes(octets) + b"\0"):
        try:
            read_mpdu(some)
        except RemoteProtocolError:
            continue


@pytest.mark.slow
@given(octets=st.binary(max_size=60))
def test_any_octets_are_no_mpdu(octets):
    """Or they are one by chance."""
    for some in (
        octets,
        ber.wrap(0xA0, octets),
        ber.wrap(0xA0, b"\x31\0" + octets),
        ber.wrap(0xA1, octets),
        ber.wrap(0xA2, octets),
    ):
        with pytest.raises(RemoteProtocolError):
            read_mpdu(some)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"\xa0", "has no tag and length"),
        (b"\xbf\x01\x00", "a tag of several octets"),
        (b"\x04\x80\x00\x00", "an indefinite length, and no elements"),
        (b"\x30\x84\x7f\xff\xff\xff", "says that it has 2147483647 octets"),
        (b"\x30\x80" * 40, "more than 32 deep"),
        (b"\x30\x80\x30\x00", "has no tag and length"),
        (b"\xa3\x00", "the tag 0xa3"),
        (b"\xa0\x00\x00", "1 octets behind"),
        (b"\xa0\x02\x31\x00", "malformed"),
    ],
)
def test_lengths_that_lie(octets, why):
    """Said, with the place."""
    with pytest.raises(RemoteProtocolError, match=why):
        read_mpdu(octets)


def test_strings():
    """An OCTET STRING is one, or has pieces that are."""
    assert ber.string(0x04, b"ab") == b"ab"
    assert ber.string(0x24, b"\x04\x01a\x04\x01b") == b"ab"
    with pytest.raises(RemoteProtocolError, match="has the tag 0x05"):
        ber.string(0x05, b"")
    with pytest.raises(RemoteProtocolError, match="a piece of an OCTET STRING"):
        ber.string(0x24, b"\x05\x00")


def test_an_extension_attribute_that_is_not_read():
    """A name with one is refused, since it would be another's without it."""
    said = {"standard-attributes": {}, "extension-attributes": [{"type": 7, "value": b"\x13\x01a"}]}
    assert decode("ORName", encode("ORName", said))["extension-attributes"][0]["type"] == 7
    with pytest.raises(RemoteProtocolError, match="extension attribute 7"):
        read_name(said)


def test_what_is_not_put_into_p1():
    """Teletex and postal attributes are refused, not lost; so is a value that has no place."""
    for odd in (replace(address("a"), surname="*{252}"), replace(address("a"), extensions=(("PD-CODE", "1"),))):
        with pytest.raises(LocalProtocolError, match="not put into P1"):
            write_mpdu(replace(message(), envelope=replace(message().envelope, originator=odd)))
    with pytest.raises(LocalProtocolError, match="no MessageTransferEnvelope"):
        write_mpdu(message(content_type="a"))
    with pytest.raises(RemoteProtocolError, match="octets behind a ContentType"):
        decode("ContentType", encode("ContentType", 2) + b"\0")


def test_domains():
    """An address is in a PRMD or an ADMD of a country; as RFC 2156 writes them."""
    assert str(domain_of(address("a"))) == "/PRMD=GATE/ADMD=ADM/C=GB/"
    assert str(domain_of(ORAddress(country="GB"))) == "/ADMD= /C=GB/"
