"""O/R addresses of X.400, and the texts in which people write them (RFC 2156 section 4.1, ITU-T F.401 annex B)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final, Literal

from sim.mail.personal_name import PersonalName, parse_personal_name
from sim.mail.printable_string import ORAddressError, is_printable, teletex_and_or_printable

UNITS_LIMIT: Final = 4
"""Organizational units in an address (X.411, ub-organizational-units)."""

DDA_LIMIT: Final = 4
"""Domain-defined attributes in an address (X.411, ub-domain-defined-attributes)."""

DDA_TYPE_LIMIT: Final = 8
"""Characters in the type of a domain-defined attribute."""

DDA_VALUE_LIMIT: Final = 128
"""Characters in its value."""

Form = Literal["mnemonic", "numeric", "postal", "terminal"]
"""The forms of X.402 section 18.5."""

# RFC 2156 section 4.1.1: the key that is written, the field of ORAddress ("" for one of its extensions), the most
# characters (X.411 annex B). RFC 2156 section 4.4.2 itself has a PRMD of 21 characters, so domains are not measured.
_KEYS: Final[dict[str, tuple[str, int]]] = {
    "PD-SERVICE": ("", 16),
    "PD-PN": ("", 30),
    "PD-O": ("", 30),
    "PD-ADDRESS": ("", 185),
    "PD-EXT-ADDRESS": ("", 30),
    "PD-EXT-DELIVERY": ("", 30),
    "PD-UNIQUE": ("", 30),
    "PD-LOCAL": ("", 30),
    "PD-RESTANTE": ("", 30),
    "PD-BOX": ("", 30),
    "PD-STREET": ("", 30),
    "PD-OFFICE-NUM": ("", 30),
    "PD-OFFICE": ("", 30),
    "PD-CODE": ("", 16),
    "PD-C": ("", 3),
    "NET-PSAP": ("", 255),
    "NET-SUB": ("", 40),
    "NET-NUM": ("", 15),
    "T-TY": ("", 16),
    "CN": ("common_name", 64),
    "GQ": ("generation", 3),
    "I": ("initials", 5),
    "G": ("given", 16),
    "S": ("surname", 40),
    "T-ID": ("terminal_id", 24),
    "UA-ID": ("numeric_user_id", 32),
    "X121": ("x121", 15),
    "OU": ("units", 32),
    "O": ("organization", 64),
    "PRMD": ("prmd", 0),
    "ADMD": ("admd", 0),
    "C": ("country", 3),
}

# What may be written instead: F.401's labels, and those of RFC 1148 that RFC 2156 spells otherwise.
_ALIASES: Final = {
    "A": "ADMD",
    "P": "PRMD",
    "Q": "GQ",
    "N-ID": "UA-ID",
    "X.121": "X121",
    "NET-TTYPE": "T-TY",
    "PD-SYSTEM": "PD-SERVICE",
    "POSTCODE": "PD-CODE",
    "STREET": "PD-STREET",
    "PO-BOX": "PD-BOX",
}

_LABELS: Final = {"ADMD": "A", "PRMD": "P", "GQ": "Q", "UA-ID": "N-ID", "X121": "X.121"}

# Those whose value may be in T.61, too: the rest is printable or a number.
_TELETEX: Final = frozenset({"CN", "GQ", "I", "G", "S", "OU", "O"}) | {
    key for key in _KEYS if key[:3] == "PD-" and key not in ("PD-C", "PD-CODE", "PD-SERVICE")
}

_TERMINALS: Final = {"3": "tlx", "4": "ttx", "5": "g3fax", "6": "g4fax", "7": "ia5", "8": "vtx"}
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}|[0-9]{3}")
_NUMBER: Final = re.compile(r"[0-9 ]+")
_VALUES: Final = {
    "C": (_COUNTRY, "two letters of ISO 3166 or three digits of X.121"),
    "PD-C": (_COUNTRY, "two letters of ISO 3166 or three digits of X.121"),
    "X121": (_NUMBER, "digits and spaces"),
    "UA-ID": (_NUMBER, "digits and spaces"),
    "T-TY": (re.compile("|".join(_TERMINALS.values())), f"one of {', '.join(_TERMINALS.values())}"),
}

_SPECIAL: Final = re.compile(r"[/=]")
_UNIT: Final = re.compile(r"OU([1-4])")
_SEPARATED: Final = re.compile(r"((?:\$.|[^$/;])*)[/;]", re.DOTALL)
_ITEMS: Final = re.compile(rf"(?:{_SEPARATED.pattern})*", re.DOTALL)
_PAIR: Final = re.compile(r"((?:\$.|[^$=])*)=((?:\$.|[^$=])*)", re.DOTALL)
_QUOTED: Final = re.compile(r"\$(.)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class ORAddress:
    """Who somebody is in X.400: attributes, from the country down.

    A value is a PrintableString, and where X.400 allows a TeletexString as well, the two as RFC 2156 section 3.3.4
    writes them: `Mueller*M{252}ller`. An absent attribute is None; `admd` is one space where a country has none.
    `units` has the most significant first, as P1 does; `domain_defined` has types and values, `extensions` keys of RFC
    2156 (`PD-CODE`, `NET-NUM` ...) and values. Equality is plain: see `key`.
    """

    country: str | None = None
    admd: str | None = None
    prmd: str | None = None
    organization: str | None = None
    units: tuple[str, ...] = ()
    surname: str | None = None
    given: str | None = None
    initials: str | None = None
    generation: str | None = None
    common_name: str | None = None
    x121: str | None = None
    terminal_id: str | None = None
    numeric_user_id: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()
    domain_defined: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """The text of RFC 2156 section 4.1.1, such as `/G=Joe/S=Soap/O=Corp/ADMD=ATT/C=US/`."""
        return "".join(f"/{key}={_quoted(value)}" for key, value in self.pairs()) + "/"

    @cached_property
    def key(self) -> str:
        """Text that is equal for addresses that X.402 section 18.4 takes for one: in any case, however spaced."""
        return " ".join(str(replace(self, domain_defined=tuple(sorted(self.domain_defined)))).upper().split())

    @property
    def personal_name(self) -> PersonalName | None:
        """The parts of the name together; None where there is none."""
        name = PersonalName(self.surname or "", self.given, self.initials, self.generation)
        return None if name == PersonalName("") else name

    @property
    def form(self) -> Form | None:
        """Which form of X.402 section 18.5 this is; None where it lacks what every form asks for."""
        keys = {key for key, _ in self.extensions}
        if self.x121 is not None or "NET-NUM" in keys or "NET-PSAP" in keys:
            return "terminal"
        if self.country is None or (self.personal_name is not None and self.surname is None):
            return None
        if self.numeric_user_id is not None:
            return "numeric"
        return "postal" if "PD-C" in keys else "mnemonic"

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Key and value of every attribute, unquoted, the most significant last; units from the right."""
        for kind, value in self.domain_defined:
            yield ("RFC-822" if kind.upper() == "RFC-822" else f"DD.{_quoted(kind)}"), value
        extensions = dict(self.extensions)
        for key, (field, _) in _KEYS.items():
            if key == "OU":
                yield from (("OU", unit) for unit in reversed(self.units))
            elif isinstance(found := getattr(self, field) if field else extensions.get(key), str):
                yield key, found

    def labelled(self) -> str:
        """The text with the labels of F.401 annex B, such as `G=Joe; S=Soap; OU1=Sales; O=Corp; A=ATT; C=US`."""
        number, said = len(self.units), []
        for key, value in self.pairs():
            label = _LABELS.get(key, key)
            if key == "OU":
                label, number = f"OU{number}", number - 1
            elif key == "RFC-822" or key[:3] == "DD.":
                label = f"DDA:{key.removeprefix('DD.')}"
            said.append(f"{label}={_quoted(value)}")
        return "; ".join(said)


@lru_cache(maxsize=65536)
def parse_or_address(text: str) -> ORAddress:
    """Read an address as RFC 2156 section 4.1.3 has people write it, or with F.401's labels.

    `/G=Joe/S=Soap/OU=Sales/O=Corp/ADMD=ATT/C=US/` and `G=Joe; S=Soap; O=Corp; OU1=Sales; A=ATT; C=US` are the same.
    Keys have no case; of several OU the last is the most significant, of OU1 to OU4 the first; what stands in front
    without a key is a name such as `Joe.Soap`. A country without an ADMD has the ADMD of one space.

    Raises:
        ORAddressError: the text is none, or has what X.411's upper bounds do not allow (domains are not measured).
    """
    return _assembled(list(_pairs_in(text)), text)


def parse_pairs(pairs: Iterable[tuple[str, str]]) -> ORAddress:
    """The address of these keys and values (unquoted), in the order in which they would be written.

    Raises:
        ORAddressError: as `parse_or_address`.
    """
    pairs = list(pairs)
    return _assembled(pairs, "/".join(f"{key}={value}" for key, value in pairs))


def _pairs_in(text: str) -> Iterator[tuple[str, str]]:
    body = text.strip() if ";" in text else text
    closed = body if _ITEMS.fullmatch(body) else f"{body}/"
    if not _ITEMS.fullmatch(closed):
        raise ORAddressError(f"O/R address {text!r} ends in the middle of a $ and what it quotes")
    items = _SEPARATED.findall(closed)
    for place, item in enumerate(items[1:] if items[:1] == [""] else items):
        pair = _PAIR.fullmatch(item)
        if pair:
            yield pair[1].strip(), _QUOTED.sub(r"\1", pair[2])
        elif place == 0 and item and "=" not in item and len(items) > 1:
            yield "PN", _QUOTED.sub(r"\1", item)
        else:
            raise ORAddressError(f"{item!r} in O/R address {text!r} is not KEY=value: put $ before a / ; = of a value")


def _assembled(pairs: list[tuple[str, str]], text: str) -> ORAddress:
    if not pairs:
        raise ORAddressError(f"O/R address {text!r} has no attribute: write /KEY=value/ with one or more")
    said: dict[str, str] = {}
    units: list[str] = []
    domain_defined: list[tuple[str, str]] = []
    for key, value in _single(pairs):
        kind = _dda_type(key)
        if kind is not None:
            domain_defined.append(_checked_dda(kind, value, text))
        elif key == "OU":
            units.append(_checked(key, value, text))
        elif key in said:
            raise ORAddressError(f"O/R address {text!r} has {key} twice")
        else:
            said[key] = _checked("OU" if _UNIT.fullmatch(key) else key, value, text)
    numbered = [said.pop(key) for key in sorted(said) if _UNIT.fullmatch(key)]
    for what, count, limit in (("OU", len(numbered + units), UNITS_LIMIT), ("DD", len(domain_defined), DDA_LIMIT)):
        if count > limit:
            raise ORAddressError(f"O/R address {text!r} has {count} {what}: at most {limit} are allowed")
    if "C" in said:
        said.setdefault("ADMD", " ")
    return ORAddress(
        units=tuple(numbered + units[::-1]),
        extensions=tuple((key, said[key]) for key, (field, _) in _KEYS.items() if not field and key in said),
        domain_defined=tuple(domain_defined),
        **{field: said.get(key) for key, (field, _) in _KEYS.items() if field and key != "OU"},
    )


def _single(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The pairs with the keys that RFC 2156 writes, those of domain-defined attributes as they are; names in parts."""
    for written, value in pairs:
        key = _ALIASES.get(written.upper(), written.upper())
        if key == "PN":
            name = parse_personal_name(value)
            yield from ((key, part) for key, part in zip("SGI", name[:3], strict=True) if part is not None)
        else:
            yield (written if _dda_type(written) is not None else key), value


def _dda_type(written: str) -> str | None:
    """The type of a domain-defined attribute, from its key; None of another key."""
    for prefix in ("DD.", "DDA:"):
        if written.upper().startswith(prefix):
            return _QUOTED.sub(r"\1", written[len(prefix) :])
    return written if written.upper() in ("RFC-822", "JNT-MAIL") else None


def _checked_dda(kind: str, value: str, text: str) -> tuple[str, str]:
    if not 1 <= len(kind) <= DDA_TYPE_LIMIT or not is_printable(kind):
        raise ORAddressError(f"type {kind!r} in O/R address {text!r} is not 1 to {DDA_TYPE_LIMIT} printable characters")
    value = teletex_and_or_printable(value)
    if not 1 <= len(value) <= DDA_VALUE_LIMIT:
        raise ORAddressError(f"value of {kind} in O/R address {text!r} has not 1 to {DDA_VALUE_LIMIT} characters")
    return kind, value


def _checked(key: str, value: str, text: str) -> str:
    if key not in _KEYS:
        raise ORAddressError(f"{key!r} in O/R address {text!r} is no key: write one of {', '.join(_KEYS)}, DD.type")
    if key == "ADMD" and not value.strip():
        return " "
    if key == "T-TY":
        value = _TERMINALS.get(value, value.lower())
    if not value:
        raise ORAddressError(f"{key} in O/R address {text!r} is empty: only ADMD may be")
    if key in _TELETEX:
        value = teletex_and_or_printable(value)
    elif not is_printable(value):
        raise ORAddressError(f"{key}={value!r} in O/R address {text!r} has characters outside PrintableString")
    limit = _KEYS[key][1]
    if limit and max(map(len, value.split("*", 1))) > limit and "{" not in value:
        raise ORAddressError(f"{key}={value!r} in O/R address {text!r} is longer than {limit} characters")
    if key in _VALUES and not _VALUES[key][0].fullmatch(value):
        raise ORAddressError(f"{key}={value!r} in O/R address {text!r} is not {_VALUES[key][1]}")
    return value


def _quoted(value: str) -> str:
    return _SPECIAL.sub(r"$\g<0>", value)
