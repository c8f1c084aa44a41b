"""Mail addresses: RFC 5321's Mailbox, as an SMTP command carries it (`sim.mail.mailbox` reads what people write)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple
from unicodedata import normalize

LOCAL_PART_LIMIT = 64
"""Octets in a local part, RFC 5321 section 4.5.3.1.1."""

DOMAIN_LIMIT = 255
"""Octets in a domain, RFC 5321 section 4.5.3.1.2."""

# RFC 5321 section 4.1.2: Dot-string = Atom *("." Atom), Atom = 1*atext (RFC 5322 section 3.2.3).
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_STRING = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")

# Domain = sub-domain *("." sub-domain), sub-domain = Let-dig [Ldh-str]: no hyphen first or last.
_SUB_DOMAIN = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_DOMAIN = re.compile(rf"{_SUB_DOMAIN}(?:\.{_SUB_DOMAIN})*")

_PLAIN = re.compile(rf"({_DOT_STRING.pattern})@({_DOMAIN.pattern})")

# RFC 6531 section 3.3: UTF8-non-ascii joins atext, qtextSMTP and the letters and digits of a sub-domain (U-label).
_BEYOND_ASCII = "\x80-\U0010ffff"
_UTF8_ATEXT = _ATEXT.replace("A-Z", f"{_BEYOND_ASCII}A-Z")
_UTF8_DOT_STRING = re.compile(rf"{_UTF8_ATEXT}(?:\.{_UTF8_ATEXT})*")
_UTF8_DOMAIN = re.compile(_DOMAIN.pattern.replace("A-Z", f"{_BEYOND_ASCII}A-Z"))

# Quoted-string = DQUOTE *QcontentSMTP DQUOTE, where a backslash may stand before any printable character.
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\[ -~])*)"@(.*)')
_UTF8_QUOTED = re.compile(rf'"((?:[ !#-\[\]-~{_BEYOND_ASCII}]|\\[ -~])*)"@(.*)')
_QUOTED_PAIR = re.compile(r"\\(.)")
_MUST_BE_QUOTED_PAIR = re.compile(r'(["\\])')

# address-literal = "[" ( IPv4 / "IPv6:" IPv6 / Standardized-tag ":" 1*dcontent ) "]", section 4.1.3; no other tag than
# IPv6 was ever standardized.
_IPV4 = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")


class AddressError(ValueError):
    """A text that is no address, or no path, with the reason."""


class Address(NamedTuple):
    r"""A mailbox: who, and in which domain.

    `local` is the local part's meaning, without quotes or backslashes; `domain` is as written and may be an address
    literal such as `[136.173.24.11]`. Only the forward-path `<Postmaster>` has an empty domain (RFC 5321 section
    4.1.1.3). `str()` gives the RFC 5321 Mailbox, quoted only where it must be. Equality is plain: see `key`.
    """

    local: str
    domain: str

    def __str__(self) -> str:
        return _written(self)

    @property
    def key(self) -> str:
        """Text that is equal for two spellings of one mailbox.

        Domains have no case, local parts do, except that of the postmaster (RFC 5321 sections 2.4 and 4.5.1).
        """
        local = self.local.lower() if self.local.lower() == "postmaster" else self.local
        return str(Address(local, self.domain.lower()))


@lru_cache(maxsize=65536)
def _written(address: Address) -> str:
    local = address.local
    if not (_DOT_STRING if local.isascii() else _UTF8_DOT_STRING).fullmatch(local):
        local = '"' + _MUST_BE_QUOTED_PAIR.sub(r"\\\1", local) + '"'
    return f"{local}@{address.domain}" if address.domain else local


@lru_cache(maxsize=65536)
def parse_address(text: str, *, utf8: bool = False) -> Address:
    """Read an RFC 5321 Mailbox, such as `gerard@cnam.fr` or `"gerard florin"@[136.173.24.11]`.

    With `utf8`, a Mailbox of RFC 6531, such as `g\u00e9rard@exemple.fr`; lengths count octets of UTF-8.

    Raises:
        AddressError: the text is not one, or is longer than RFC 5321 section 4.5.3.1 allows.
    """
    plain = _PLAIN.fullmatch(text)
    address = Address(plain[1], plain[2]) if plain else _parse_unusual(text, utf8)
    local_length, domain_length = octets_in(address.local), octets_in(address.domain)
    if local_length > LOCAL_PART_LIMIT:
        raise AddressError(f"local part of {text!r} has {local_length} octets: at most {LOCAL_PART_LIMIT} are allowed")
    if domain_length > DOMAIN_LIMIT:
        raise AddressError(f"domain of {text!r} has {domain_length} octets: at most {DOMAIN_LIMIT} are allowed")
    return address


@lru_cache(maxsize=65536)
def parse_local_part(text: str) -> str:
    r"""The meaning of a local part, such as `bob`, `"john doe"` or `j\u00fcrgen` (RFC 6531); `str(Address)` writes it.

    Raises:
        AddressError: the text is not one, or is longer than RFC 5321 section 4.5.3.1.1 allows.
    """
    return parse_address(f"{text}@x", utf8=True).local


def local_key(local: str) -> str:
    """Text that is equal for local parts that mean one mailbox where they are delivered.

    That is for the host to say (RFC 5321 section 2.4): hosts here look at neither case nor, as RFC 6530 section 10.1
    has it, the Unicode normalization form. Nobody on the way changes a local part.
    """
    return local.lower() if local.isascii() else normalize("NFC", normalize("NFC", local).lower())


def mailbox_key(address: Address) -> str:
    """Text that is equal for addresses of one mailbox, as `local_key` has it."""
    return f"{local_key(address.local)}@{domain_key(address.domain)}"


def octets_in(text: str) -> int:
    """How many octets the text has in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _parse_unusual(text: str, utf8: bool) -> Address:
    """Read a Mailbox with a quoted local part, an address literal, or characters beyond US-ASCII."""
    beyond_ascii = not text.isascii()
    if beyond_ascii and not utf8:
        raise AddressError(f"address {text!r} has a character beyond US-ASCII: write ASCII letters (no SMTPUTF8 here)")
    if "@" not in text:
        raise AddressError(f"address {text!r} has no domain: write local-part@domain")
    quoted = (_UTF8_QUOTED if beyond_ascii else _QUOTED).fullmatch(text)
    local, domain = quoted.groups() if quoted else text.split("@", 1)
    if not quoted and not (_UTF8_DOT_STRING if beyond_ascii else _DOT_STRING).fullmatch(local):
        raise AddressError(
            f"local part {local!r} of {text!r} is not atoms joined by single dots:"
            " put anything else between double quotes"
        )
    if not is_domain(domain, utf8=beyond_ascii):
        raise AddressError(
            f"domain {domain!r} of {text!r} is neither labels of letters, digits and inner hyphens joined by dots"
            " nor an address literal such as [192.0.2.1] or [IPv6:2001:db8::1]"
        )
    return Address(_QUOTED_PAIR.sub(r"\1", local) if quoted else local, domain)


def is_domain(text: str, *, utf8: bool = False) -> bool:
    """Whether the text is an RFC 5321 Domain or address-literal, as EHLO and addresses take them.

    With `utf8`, labels may have characters beyond US-ASCII (RFC 6531 section 3.3).
    """
    if text[:1] == "[" and text[-1:] == "]":
        return _is_literal(text[1:-1])
    return (_UTF8_DOMAIN if utf8 else _DOMAIN).fullmatch(text) is not None


def _is_literal(text: str) -> bool:
    ipv4 = _IPV4.fullmatch(text)
    if ipv4:
        return all(int(number) <= 255 for number in ipv4.groups())
    if text[:5].lower() == "ipv6:":
        try:
            # The scope of RFC 4007 (after %) is no part of RFC 5321's grammar.
            return IPv6Address(text[5:]).scope_id is None
        except AddressValueError:
            return False
    return False


def is_literal(domain: str) -> bool:
    """Whether a domain of an address is an address literal."""
    return domain[:1] == "["


def literal_of(ip: str) -> str:
    """The literal of an IP address (RFC 5321 section 4.1.3); a scope behind `%` is left out."""
    return f"[IPv6:{ip.partition('%')[0]}]" if ":" in ip else f"[{ip}]"


def domain_key(domain: str) -> str:
    """Text that is equal for two spellings of one domain: in any case, as U-labels or A-labels, and of one literal."""
    if domain.isascii() and domain[:1] != "[":
        return domain.lower()
    ipv4 = _IPV4.fullmatch(domain[1:-1])
    if ipv4 and domain[:1] == "[":
        return f"[{'.'.join([str(int(number)) for number in ipv4.groups()])}]"
    if domain[:6].lower() == "[ipv6:" and is_domain(domain):
        return f"[ipv6:{IPv6Address(domain[6:-1]).compressed}]"
    if domain.isascii():
        return domain.lower()
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return domain.lower()
