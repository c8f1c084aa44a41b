"""Addresses between RFC 822 and X.400: RFC 2156 sections 4.2 to 4.4, and the vectors of a real X.400 MTA."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.gateway.global_mapping import Entry, GlobalMapping, address_of, levels_of
from sim.gateway.losses import Loss
from sim.gateway.mixer_addresses import MixerGateway, to_1984, to_1988, to_or_address, to_rfc822
from sim.mail.or_address import ORAddress, parse_or_address
from sim.mail.printable_string import ORAddressError, ascii_to_printable, printable_to_ascii

# The tables that the vectors' README describes.
OWN = Entry("gateway.example", ("GB", "ADMDX", "GATE"), "x400")
ENTRIES = (
    Entry("ac.uk", ("GB", "GOLD 400", "UK.AC")),
    Entry("ac.uk", ("GB", " ", "UK.AC"), "rfc822"),
    Entry("widget.com", ("TC", "BTT", None, "Widget")),
    Entry("hne.egm", ("TC", "ECQ", None, "HNE")),
    Entry("master400.it", ("IT", "Master400")),
    Entry("autoroutes.fr", ("FR", "atlas", "autoroutes")),
    Entry("ptpostel.it", ("IT", "PtPostel")),
    Entry("widget.ptt.xy", ("XY", "PTT", "Griddle MHS Providers", "Widget Corporation")),
    Entry("no", ("NO", " ")),
    Entry("uninett.no", ("NO", " ", "uninett")),
    Entry("csiro.au", ("AU", " ", "CSIRO")),
    Entry("computing.ucl.ac.uk", ("GB", " ", "UK.AC", "ucl", "cs")),
)
ADDRESS = parse_or_address("/PRMD=GATE/ADMD=ADMDX/C=GB/")
OTHERS = {
    "relay.co.uk": parse_or_address("/O=mr/PRMD=uk.ac/ADMD= /C=GB/"),
    "cs.widget2.com": parse_or_address("/PRMD=relay/ADMD=MCI/C=US/"),
    "alter.net": parse_or_address("/PRMD=relay/ADMD=BTglobal/C=GB/"),
}
GATEWAYS = {
    "T1": MixerGateway("gateway.example", ADDRESS, GlobalMapping((*ENTRIES, OWN)), OTHERS),
    "T0": MixerGateway("gateway.example", ADDRESS, GlobalMapping((OWN,))),
    "none": MixerGateway("gateway.example", ADDRESS),
}
T1 = GATEWAYS["T1"]

DIFFERING = {
    '"/BAD=J/O=Corp/ADMD=ATT/C=US/"@gateway.example': "4.3.4 I.4: by the letter it is a surname; stage II is meant",
    "/RFC-822=oct(000)x(a)host.example/ADMD=ATT/C=US/": "3.4: 000 is within 0 to 127",
    "(127)": "3.4: 127 is within 0 to 127",
    "/DD.LIST=staff/O=Widget/ADMD=BTT/C=TC/": "4.1.3: only RFC-822 stands without DD.; PP knows LIST, too",
}
"""Where the real MTA, of RFC 1148, answers otherwise than RFC 2156 does: the input, and the clause."""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("J.Linnimouth@Marketing.Widget.COM", "/I=J/S=Linnimouth/OU=Marketing/O=Widget/ADMD=BTT/C=TC/"),
        ("/I=J/S=Linnimouth/GQ=5/@Marketing.Widget.COM", "/GQ=5/I=J/S=Linnimouth/OU=Marketing/O=Widget/ADMD=BTT/C=TC/"),
        ("@relay.co.uk:userb@host2", "/RFC-822=(a)relay.co.uk:userb(a)host2/O=mr/PRMD=uk.ac/ADMD= /C=GB/"),
        ("Tom_Harris@cs.widget2.com", "/RFC-822=Tom(u)Harris(a)cs.widget2.com/PRMD=relay/ADMD=MCI/C=US/"),
        ("postmaster@UK.alter.net", "/RFC-822=postmaster(a)UK.alter.net/PRMD=relay/ADMD=BTglobal/C=GB/"),
        (
            "user_1@a.b.c.d.e.widget.com",
            "/RFC-822=user(u)1(a)a.b.c.d.e.widget.com/OU=b/OU=c/OU=d/OU=e/O=Widget/ADMD=BTT/C=TC/",
        ),
        ("/S=x/OU=lab/@b.widget.com", "/S=x/OU=lab/OU=b/O=Widget/ADMD=BTT/C=TC/"),
        ("/S=x/O=sales/@master400.it", "/S=x/O=sales/ADMD=Master400/C=IT/"),
        ("/S=x/PRMD=P/@widget.com", "/S=x/PRMD=P/ADMD=BTT/C=TC/"),
        ("/G=x/@widget.com", "/RFC-822=$/G$=x$/(a)widget.com/O=Widget/ADMD=BTT/C=TC/"),
        (
            "/OU=a/OU=b/OU=c/OU=d/@e.widget.com",
            "/RFC-822=$/OU$=a$/OU$=b$/OU$=c$/OU$=d$/(a)e.widget.com/OU=e/O=Widget/ADMD=BTT/C=TC/",
        ),
        ("S=Soap;O=Corp;A=ATT;C=US@any.example", "/S=Soap/O=Corp/ADMD=ATT/C=US/"),
        ("a;b@host.example", "/RFC-822=a(059)b(a)host.example/PRMD=GATE/ADMD=ADMDX/C=GB/"),
        ("user@[192.0.2.1]", "/RFC-822=user(a)(091)192.0.2.1(093)/PRMD=GATE/ADMD=ADMDX/C=GB/"),
    ],
)
def test_rfc_822_becomes_x400(text: str, address: str) -> None:
    """RFC 2156 4.3.1 and 4.3.4, examples and steps."""
    assert str(to_or_address(text, T1)) == address


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("/S=Support/O=sales/ADMD=Master400/C=IT/", "/S=Support/O=sales/@master400.it"),
        ("/S=r/O=Region Parisienne/PRMD=autoroutes/ADMD=atlas/C=FR/", '"/S=r/O=Region Parisienne/"@autoroutes.fr'),
        ("/OU=cs/O=ucl/PRMD=UK.AC/ADMD= /C=GB/", "/OU=cs/@ucl.ac.uk"),
        ("/PRMD=sintef/ADMD= /C=NO/", '"/PRMD=sintef/ADMD= /C=NO/"@gateway.example'),
        ("/S=x$/y/O=Widget/ADMD=BTT/C=TC/", "x/y@widget.com"),
        ("/S=$/S$=x$//O=Widget/ADMD=BTT/C=TC/", "/S=$/S$=x$//@widget.com"),
        ("/X121=234/C=IT/ADMD=Master400/", "/X121=234/ADMD=Master400/C=IT/@master400.it"),
    ],
)
def test_x400_becomes_rfc_822(address: str, text: str) -> None:
    """RFC 2156 4.3.5, examples and steps."""
    assert to_rfc822(parse_or_address(address), T1).text == text


def test_an_address_without_levels_stays_whole_at_the_gateway() -> None:
    """RFC 2156 4.3.5: nothing to look up."""
    assert to_rfc822(ORAddress(), T1).text == "/@gateway.example"


def test_what_stands_beside_an_rfc_822_address_is_dropped_by_name() -> None:
    """RFC 2156 4.3.5, mapping A."""
    address = parse_or_address("/RFC-822=a(a)b.example/S=Jones/DD.Title=x/O=y/PRMD=AC/ADMD=BT/C=GB/")
    assert to_rfc822(address, T1) == ("a@b.example", (Loss("attribute", "S"), Loss("attribute", "DD.Title")))
    assert str(Loss("attribute", "S")) == "attribute S"


def test_a_return_address_comes_back_by_the_same_gateway() -> None:
    """RFC 2156 4.3.4, stage II."""
    told = [str(to_or_address(f"{local}@widget.com", T1, is_return_address=True)) for local in ("Joe.Soap", "a_b")]
    assert told == [
        "/G=Joe/S=Soap/O=Widget/ADMD=BTT/C=TC/",
        "/RFC-822=a(u)b(a)widget.com/PRMD=GATE/ADMD=ADMDX/C=GB/",
    ]


@pytest.mark.parametrize("text", ["", "@b", "a b@c d", "x" * 505 + "@host.example", "é@b"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """RFC 2156 4.3.2: 512 characters of ASCII at most."""
    with pytest.raises(ORAddressError):
        to_or_address(text, T1)


def test_1984_has_no_common_name() -> None:
    """RFC 1328: a domain-defined attribute has it, where there is room for one."""
    address = parse_or_address("/CN=Help Desk/O=Widget/ADMD=BTT/C=TC/")
    assert str(to_1984(address)) == "/DD.Common=Help Desk/O=Widget/ADMD=BTT/C=TC/"
    assert [to_1988(to_1984(address)), to_1988(address)] == [address, address]
    full = parse_or_address("/CN=x/DD.a=1/DD.b=1/DD.c=1/DD.d=1/C=GB/")
    assert to_1984(full) == full


def test_levels_are_those_of_an_address() -> None:
    """The hierarchy that is looked up."""
    levels = ("TC", "BTT", None, "Widget", "a")
    assert levels_of(address_of(levels)) == levels


LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)


@settings(max_examples=30)
@given(st.from_regex(r"[a-z_!%+]{1,20}", fullmatch=True), st.lists(LABEL, min_size=1, max_size=4).map(".".join))
def test_addresses_of_rfc_822_come_back(local: str, domain: str) -> None:
    """Round trip, mapped or carried."""
    text = f"{local}@{domain}.widget.com"
    assert to_rfc822(to_or_address(text, T1), T1).text == text


NAME = st.from_regex(r"[abXY]{1,4}( [abXY]{1,4})?", fullmatch=True)


@settings(max_examples=30)
@given(
    st.builds(
        ORAddress,
        country=st.just("TC"),
        admd=st.just("BTT"),
        organization=st.just("Widget") | NAME,
        units=st.lists(NAME, max_size=4).map(tuple),
        surname=NAME,
        given=st.none() | NAME,
        prmd=st.none() | NAME,
    )
)
def test_addresses_of_x400_come_back(address: ORAddress) -> None:
    """Round trip of mnemonic addresses whose names have no two spaces in a row."""
    back = to_or_address(to_rfc822(address, T1).text, T1)
    assert back.key == address.key


@given(st.text() | st.text('@:,;/="\\ .()SCO_a'))
def test_any_text_is_mapped_or_refused(text: str) -> None:
    """Both ways, with the room's own error only."""
    try:
        address = to_or_address(text, T1)
    except ORAddressError:
        return
    assert parse_or_address(str(address)) == address
    assert to_rfc822(address, T1).text


def answered(row: dict[str, str]) -> str:
    """What this gateway makes of a vector."""
    direction, text = row["direction"], row["input"]
    gateway = GATEWAYS.get(row["tables"].split(" ")[0], T1)
    try:
        if direction == "rfc822->or":
            return str(to_or_address(text, gateway, is_return_address="originator" in row["tables"]))
        if direction.startswith("or"):
            address = parse_or_address(text)
            return to_rfc822(to_1984(address) if direction.startswith("or88") else address, gateway).text
        return ascii_to_printable(text) if direction.startswith("ascii") else printable_to_ascii(text)
    except ORAddressError:
        return "FAIL"


def test_the_vectors_of_a_real_gateway_hold(shared: Path) -> None:
    """Every row as RFC 2156 has it, but those whose clause is named above."""
    with (shared / "data/gateways/or_vectors.csv").open() as file:
        rows = list(csv.DictReader(file))
    wrong = {}
    for row in rows:
        expected = (row["rfc2156_expected"] or row["output"]).replace("/PRMD=@", "")
        if answered(row) != ("FAIL" if expected.startswith("FAIL") else expected):
            wrong[row["input"]] = answered(row)
    assert sorted(wrong) == sorted(row for row in DIFFERING)
