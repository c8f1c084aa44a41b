"""The EHLO keywords of hosts: how a scenario file changes what the product offers and uses.

A host offers AUTH where it has accounts and uses it where it has a login; STARTTLS is said by the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from sim.scenario.names import shown
from sim.scenario.products.base import Product
from sim.scenario.pydantic_seam import JsonSchema, Reads, one_key, read_each, read_mapping
from sim.scenario.scalars import read_word

KEYWORDS = (
    "SIZE",
    "PIPELINING",
    "8BITMIME",
    "ENHANCEDSTATUSCODES",
    "SMTPUTF8",
    "DSN",
    "DELIVERBY",
    "FUTURERELEASE",
    "MT-PRIORITY",
    "CHUNKING",
    "BINARYMIME",
    "STARTTLS",
    "AUTH",
    "ETRN",
    "ATRN",
    "SEND",
    "SOML",
    "SAML",
    "VRFY",
    "EXPN",
    "HELP",
    "TURN",
)
"""Every keyword that a host can offer or use."""

WORDS = ("yes", "no", "offered", "used")
_OFFERED, _USED = ("yes", "offered"), ("yes", "used")

NEEDS = {"BINARYMIME": "CHUNKING", "ATRN": "AUTH"}
"""RFC 3030 section 3; RFC 2645 section 4."""

_WHEN_SET_UP = ("STARTTLS", "AUTH")

Words = Mapping[str, str]
"""Keyword -> `yes` (offered and used), `offered` or `used`; in the order of the offer."""


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a file says of a host's extensions: all of them, in order (`whole`), or changes to what there is."""

    words: Words
    whole: bool


def read_extensions(value: object) -> Extensions:
    """A list of keywords, each alone or with a word as in `{CHUNKING: offered}`; or a mapping of keywords to words.

    Raises:
        ValueError: neither, or a keyword or a word that does not exist.
    """
    if isinstance(value, dict):
        return Extensions(_read_words(value), whole=False)
    if not isinstance(value, list):
        raise ValueError(  # noqa: TRY004
            f"not extensions ({shown(value)}): allowed is a list of EHLO keywords, "
            "or a mapping of them to yes, no, offered or used"
        )
    items = read_each(_read_item, ("", ""), value)
    return Extensions({keyword: word for keyword, word in items if word != "no"}, whole=True)


def _read_item(value: object) -> tuple[str, str]:
    if not isinstance(value, dict):
        return _read_keyword(value), "yes"
    one_key(value, "extension", KEYWORDS)
    [item] = _read_words(value).items()
    return item


def _read_word(value: object) -> str:
    return read_word("word", WORDS, {True: "yes", False: "no"}[value] if isinstance(value, bool) else value)


_read_keyword = partial(read_word, "extension", KEYWORDS)
_read_words = partial(read_mapping, ("extensions", "{CHUNKING: no}"), _read_keyword, _read_word, "")


def _write(extensions: Extensions) -> object:
    """A list of all, those alone that are both offered and used."""
    return [keyword if word == "yes" else {keyword: word} for keyword, word in extensions.words.items()]


def words_of(offers: Sequence[str], uses: Sequence[str]) -> dict[str, str]:
    """One mapping of what is offered, in order, and of what is used beside."""
    words = {keyword: "yes" if keyword in uses else "offered" for keyword in offers}
    return words | {keyword: "used" for keyword in uses if keyword not in offers}


def split_words(words: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is offered and what is used."""
    offers = tuple(keyword for keyword, word in words.items() if word in _OFFERED)
    return offers, tuple(keyword for keyword, word in words.items() if word in _USED)


def resolve_extensions(
    kind: type[Product], said: Iterable[Extensions], *, has_accounts: bool, has_login: bool
) -> dict[str, str]:
    """What a host offers and uses: what its product does, as the layers of the file change it, weakest first."""
    order = [kind.extensions.split(), kind.uses.split()]
    words = words_of(*[[keyword for keyword in names if keyword not in _WHEN_SET_UP] for names in order])
    if has_accounts or has_login:
        words["AUTH"] = "yes" if has_accounts and has_login else "offered" if has_accounts else "used"
    place: Callable[[str], int] = partial(_place, order[0])
    whole = False
    for layer in said:
        whole = whole or layer.whole
        words = dict(layer.words) if layer.whole else {**words, **layer.words}
    names = words if whole else sorted(words, key=place)
    chosen = {keyword: words[keyword] for keyword in names if words[keyword] != "no"}
    return words_of(*split_words(chosen))


def _place(order: Sequence[str], keyword: str) -> int:
    return order.index(keyword) if keyword in order else len(order) + KEYWORDS.index(keyword)


def missing(words: Words) -> list[str]:
    """What is wrong with a host's extensions: those that lack another."""
    return [
        f"{keyword} {verb} without {needed}: allowed are both or neither"
        for keyword, needed in NEEDS.items()
        for verb, kinds in (("offered", _OFFERED), ("used", _USED))
        if words.get(keyword) in kinds and words.get(needed) not in kinds
    ]


_KEYWORD: JsonSchema = {"enum": list(KEYWORDS)}
_WORD: JsonSchema = {"enum": [*WORDS, True, False]}
_MAPPING: JsonSchema = {
    "type": "object",
    "properties": dict.fromkeys(KEYWORDS, _WORD),
    "additionalProperties": False,
}
_SCHEMA: JsonSchema = {
    "anyOf": [
        {
            "type": "array",
            "items": {"anyOf": [_KEYWORD, {**_MAPPING, "minProperties": 1, "maxProperties": 1}]},
        },
        _MAPPING,
    ]
}

ExtensionsField = Annotated[Extensions, Reads(read_extensions, _SCHEMA, _write)]
