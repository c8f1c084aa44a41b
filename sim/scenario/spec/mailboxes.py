"""Addresses in a scenario file: as people write them, and whose mail a source draws."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated

from sim.mail.address import AddressError
from sim.mail.mailbox import parse_mailbox
from sim.scenario.names import is_domain_name, shown
from sim.scenario.pydantic_seam import KEY, Collected, JsonSchema, Reads
from sim.scenario.scalars import one_or_many, read_one_or_many

Whose = tuple[tuple[str, float], ...]
"""Whose mail: addresses, as people write them, and domains with their weights; anybody's, where there are none."""

_LONGEST = 998
"""Octets of a line of mail (RFC 5322 section 2.1.1)."""

_FOLD = re.compile(r"\r?\n[ \t]+")
_ALLOWED = "allowed is USER@DOMAIN, with or without a name, comments or a route"


def read_mailbox(value: object) -> str:
    """One address as it is written, folds included: `ann@b.example`, `Ann <@relay.example:ann@b.example>`.

    Raises:
        ValueError: no such address, or a longer one than RFC 5321 section 4.5.3.1 allows.
    """
    text = value.strip() if isinstance(value, str) else ""
    if not text or not _FOLD.sub(" ", text).isprintable():
        raise ValueError(f"not an address ({shown(value)}): {_ALLOWED}")
    if len(text.encode()) > _LONGEST:
        raise ValueError(f"not an address ({shown(value)}): it is longer than {_LONGEST} octets; {_ALLOWED}")
    try:
        parse_mailbox(text)
    except AddressError as error:
        raise ValueError(f"not an address ({shown(value)}): {_ALLOWED}; {error}") from error
    return text


read_mailboxes = partial(read_one_or_many, read_mailbox, "an address", "addresses")


def read_whose(value: object) -> Whose:
    """Whose mail: an address, a domain, a list of them, or a mapping of them to weights.

    Raises:
        ValueError: something else, nothing, or a weight that is no number from 1e-9 to 1e9.
    """
    collected = Collected()
    if isinstance(value, Mapping):
        whose = tuple(
            (collected.read((name, KEY), _read_who, name, ""), collected.read((name,), _read_weight, weight, 1.0))
            for name, weight in value.items()
        )
    else:
        items = value if isinstance(value, list) else [value]
        whose = tuple((collected.read((index,), _read_who, item, ""), 1.0) for index, item in enumerate(items))
    collected.done()
    if not whose:
        raise ValueError(f"nobody's mail ({shown(value)}): {_WHOSE}")
    return whose


def write_whose(whose: Whose) -> object:
    """Whose mail, as a file has it."""
    if any(weight != 1 for _, weight in whose):
        return dict(whose)
    return one_or_many([who for who, _ in whose])


def _read_who(value: object) -> str:
    if isinstance(value, str) and "@" not in value and is_domain_name(value.strip()):
        return value.strip()
    if isinstance(value, str) and "@" in value:
        return read_mailbox(value)
    raise ValueError(f"neither an address nor a domain ({shown(value)}): {_WHOSE}")


def _read_weight(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and _LIGHTEST <= value <= _HEAVIEST:
        return float(value)
    raise ValueError(f"not a weight ({shown(value)}): allowed is a number from {_LIGHTEST:g} to {_HEAVIEST:g}")


_LIGHTEST, _HEAVIEST = 1e-9, 1e9
_WHOSE = "allowed is an address, a domain, a list of them, or a mapping of them to weights, as in {a.example: 3}"

_MAILBOX_SCHEMA: JsonSchema = {"type": "string"}
_MAILBOXES_SCHEMA: JsonSchema = {"anyOf": [_MAILBOX_SCHEMA, {"type": "array", "items": _MAILBOX_SCHEMA, "minItems": 1}]}

_WHOSE_SCHEMA: JsonSchema = {
    "anyOf": [
        *_MAILBOXES_SCHEMA["anyOf"],
        {
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": _LIGHTEST, "maximum": _HEAVIEST},
            "minProperties": 1,
        },
    ]
}

Mailbox = Annotated[str, Reads(read_mailbox, _MAILBOX_SCHEMA)]
Mailboxes = Annotated[tuple[str, ...], Reads(read_mailboxes, _MAILBOXES_SCHEMA, list)]
WhoseMail = Annotated[Whose, Reads(read_whose, _WHOSE_SCHEMA, write_whose)]
