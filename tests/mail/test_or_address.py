"""O/R addresses and their texts: RFC 2156 sections 3.3.4, 3.4, 4.1; F.401 annex B; X.402 section 18."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.mail.or_address import ORAddress, parse_or_address, parse_pairs
from sim.mail.personal_name import PersonalName, parse_personal_name
from sim.mail.printable_string import (
    ORAddressError,
    ascii_to_printable,
    printable_to_ascii,
    teletex_and_or_printable,
    teletex_octets,
    with_teletex,
)

SOAP = ORAddress(country="US", admd="ATT", organization="Corp", units=("Sales", "East"), surname="Soap", given="Joe")
PRINTABLE = st.text("abcXYZ019 '()+,-./:=?", min_size=1, max_size=12)


@pytest.mark.parametrize(
    "text",
    [
        "/G=Joe/S=Soap/OU=East/OU=Sales/O=Corp/ADMD=ATT/C=US/",
        "/g=Joe/s=Soap/ou1=Sales/OU2=East/o=Corp/a=ATT/c=US",
        "G=Joe; S=Soap; OU2=East; OU1=Sales; O=Corp; A=ATT; C=US;",
        "/PN=Joe.Soap/OU=East/OU=Sales/O=Corp/ADMD=ATT/C=US/",
        "Joe.Soap/OU=East/OU=Sales/O=Corp/ADMD=ATT/C=US/",
    ],
)
def test_one_address_has_several_texts(text: str) -> None:
    """RFC 2156 4.1.3: either separator, any case of keys, F.401's labels, units by number or from the right."""
    assert parse_or_address(text) == SOAP


def test_what_is_written_is_the_standard_text() -> None:
    """RFC 2156 4.1.1: the most significant attribute is last; F.401 numbers the units."""
    assert str(SOAP) == "/G=Joe/S=Soap/OU=East/OU=Sales/O=Corp/ADMD=ATT/C=US/"
    assert SOAP.labelled() == "G=Joe; S=Soap; OU2=East; OU1=Sales; O=Corp; A=ATT; C=US"


def test_what_separates_is_quoted_in_values() -> None:
    """RFC 2156 4.1.3: a dollar sign in front of / and =, in types of domain-defined attributes as well."""
    address = parse_or_address("/DD.a$=b=x$/y/S=p$=q/O=Corp/ADMD=ATT/C=US/")
    assert (address.surname, address.domain_defined) == ("p=q", (("a=b", "x/y"),))
    assert str(address) == "/DD.a$=b=x$/y/S=p$=q/O=Corp/ADMD=ATT/C=US/"


def test_a_country_without_admd_has_one_space() -> None:
    """RFC 2156 4.1.3 and 4.3.5: absent, empty and a space are the same; 0 is not."""
    told = [parse_or_address(f"/S=x{admd}/C=NO/").admd for admd in ("", "/ADMD=", "/ADMD= ", "/ADMD=0")]
    assert told == [" ", " ", " ", "0"]


def test_older_keys_are_read() -> None:
    """RFC 2156 4.1.1 against RFC 1148: POSTCODE is PD-CODE; a terminal's type may be a number."""
    address = parse_or_address("/POSTCODE=SW1/PD-C=GB/NET-TTYPE=3/X.121=234/N-ID=7/ADMD=BT/C=GB/")
    assert str(address) == "/PD-CODE=SW1/PD-C=GB/T-TY=tlx/UA-ID=7/X121=234/ADMD=BT/C=GB/"


def test_addresses_are_one_in_any_case_and_spacing() -> None:
    """X.402 18.4."""
    assert parse_or_address("/S=ROSE/O=big  gap/C=us/").key == parse_or_address("/S=Rose/O=Big Gap/C=US/").key


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("/S=Soap/O=Corp/ADMD=ATT/C=US/", "mnemonic"),
        ("/ADMD=ATT/C=US/", "mnemonic"),
        ("/UA-ID=12345/ADMD=ATT/C=US/", "numeric"),
        ("/PD-CODE=12345/PD-C=US/ADMD=ATT/C=US/", "postal"),
        ("/X121=23421234/T-ID=abc/", "terminal"),
        ("/NET-NUM=44123/ADMD=BT/C=GB/", "terminal"),
        ("/G=Joe/O=Corp/ADMD=ATT/C=US/", None),
        ("/S=Soap/O=Corp/", None),
    ],
)
def test_an_address_has_a_form(text: str, form: str | None) -> None:
    """X.402 18.5: without a country, or with a name that has no surname, it has none."""
    assert parse_or_address(text).form == form


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no attribute"),
        ("Joe.Soap", "is not KEY=value"),
        ("/S=a=b/C=US/", "is not KEY=value"),
        ("/S=Soap/Joe/C=US/", "is not KEY=value"),
        ("/S=Soap$", "ends in the middle"),
        ("/XX=1/C=US/", "is no key: write one of"),
        ("/S=a/S=b/C=US/", "has S twice"),
        ("/OU1=a/OU1=b/C=US/", "has OU1 twice"),
        ("/S=/C=US/", "S in O/R address '/S=/C=US/' is empty: only ADMD may be"),
        ("/OU=a/OU=b/OU=c/OU=d/OU=e/C=US/", "has 5 OU: at most 4 are allowed"),
        ("/DD.a=1/DD.b=1/DD.c=1/DD.d=1/DD.e=1/C=US/", "has 5 DD: at most 4"),
        ("/C=USA/", "is not two letters"),
        ("/X121=12x/", "is not digits"),
        ("/T-TY=9/C=US/", "is not one of tlx"),
        ("/PRMD=a_b/C=US/", "outside PrintableString"),
        ("/S=M{252}ller/C=US/", "is not printable characters"),
        ("/OU=" + 33 * "x" + "/C=US/", "is longer than 32"),
        ("/DD.=1/C=US/", "type '' in O/R address"),
        ("/DD.abcdefghi=1/C=US/", "is not 1 to 8"),
        ("/RFC-822=" + 129 * "x" + "/C=US/", "has not 1 to 128"),
        ("/PN=J.R./C=US/", "name 'J.R.' is not printable characters with a surname last"),
        ("/PN=Jonathanjonathanx.Soap/C=US/", "given of the name"),
    ],
)
def test_what_is_none_is_refused_with_its_reason(text: str, reason: str) -> None:
    """X.411's upper bounds, RFC 2156 4.1."""
    with pytest.raises(ORAddressError, match=reason.replace("(", r"\(")):
        parse_or_address(text)


@settings(max_examples=30)
@given(
    st.builds(
        ORAddress,
        country=st.just("GB"),
        admd=st.sampled_from([" ", "BT"]),
        prmd=st.none() | PRINTABLE,
        organization=st.none() | PRINTABLE,
        units=st.lists(PRINTABLE, max_size=4).map(tuple),
        surname=st.none() | PRINTABLE | st.just("*M{252}ller"),
        initials=st.none() | st.text("JQ", min_size=1, max_size=5),
        common_name=st.none() | PRINTABLE,
        extensions=st.sampled_from([(), (("PD-CODE", "SW1"), ("PD-C", "GB"))]),
        domain_defined=st.lists(st.tuples(st.sampled_from(["RFC-822", "a=b", "x/"]), PRINTABLE), max_size=4).map(tuple),
    )
)
def test_both_texts_are_read_back(address: ORAddress) -> None:
    """Round trip of every attribute."""
    assert [parse_or_address(str(address)), parse_or_address(address.labelled())] == [address, address]
    assert parse_pairs(address.pairs()) == address


@given(st.text() | st.text("/=;$*{}.SOUCDRF-82 19ad"))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    """No other error, and what is read is written so that it is read again."""
    try:
        address = parse_or_address(text)
    except ORAddressError:
        return
    assert parse_or_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Rose", PersonalName("Rose")),
        ("M.T.Rose", PersonalName("Rose", initials="MT")),
        ("Marshall.Rose", PersonalName("Rose", "Marshall")),
        ("Marshall.M.T.Rose", PersonalName("Rose", "Marshall", "MT")),
        ("John.Q.Public.III", PersonalName("Public.III", "John", "Q")),
        ("Jean Paul.de la Rose", PersonalName("de la Rose", "Jean Paul")),
    ],
)
def test_names_are_read_and_written(text: str, name: PersonalName) -> None:
    """RFC 2156 4.1.2: a given name has two characters, an initial one."""
    assert (parse_personal_name(text), name.encoded()) == (name, text)


@pytest.mark.parametrize(
    "name",
    [
        PersonalName("Rose", generation="III"),
        PersonalName("Rose", initials="M3"),
        PersonalName("Rose", "M.T"),
        PersonalName("Rose", "M"),
        PersonalName("van.Rose"),
        PersonalName("v.Rose", initials="J"),
        PersonalName("", "Marshall"),
    ],
)
def test_names_that_would_not_come_back_have_no_text(name: PersonalName) -> None:
    """RFC 2156 4.1.2, rules 1 to 4."""
    assert name.encoded() is None


def test_ascii_goes_through_printable_string() -> None:
    """RFC 2156 3.4: letters for the usual characters, three decimal digits for others; else it stays."""
    assert ascii_to_printable('a!b%"c_d"@(x)$') == "a(b)b(p)(q)c(u)d(q)(a)(l)x(r)(036)"
    assert printable_to_ascii("f(A)b (064) (127)") == "f@b @ \x7f"
    assert [printable_to_ascii(text) for text in ("(128)", "(x)(a)", "(")] == ["(128)", "(x)(a)", "("]
    with pytest.raises(ORAddressError, match="beyond US-ASCII"):
        ascii_to_printable("é")


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_comes_back(text: str) -> None:
    """RFC 2156 3.4."""
    assert printable_to_ascii(ascii_to_printable(text)) == text


def test_teletex_that_says_no_more_is_left_out() -> None:
    """RFC 2156 4.1.1."""
    told = [teletex_and_or_printable(text) for text in ("*Rose", "Rose*Rose", "Muller*M{252}ller", "a*b")]
    assert told == ["Rose", "Rose", "Muller*M{252}ller", "a*b"]


@given(st.sampled_from(["", "Muller"]), st.binary(min_size=1, max_size=8).map(lambda octets: b"M\xfc" + octets))
def test_octets_of_teletex_come_back(printable: str, octets: bytes) -> None:
    """RFC 2156 3.3.4: any octet of T.61."""
    assert teletex_octets(with_teletex(printable, octets)) == octets
