"""Addresses in a scenario file: as people write them, and whose mail a source draws."""

from __future__ import annotations

import re
from typing import Annotated

from sim.mail.address import AddressError
from sim.mail.mailbox import parse_mailbox
from sim.scenario.names import shown
from sim.scenario.reading import Collected, JsonSchema, Reads

__all__ = ["Mailbox", "Mailboxes", "read_mailbox"]

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


def read_mailboxes(value: object) -> tuple[str, ...]:
    """One address, or a list of them.

    Raises:
        ValueError: something else, or an empty list.
    """
    items = value if isinstance(value, list) else [value]
    collected = Collected()
    found = tuple(collected.read((index,), read_mailbox, item, "") for index, item in enumerate(items))
    collected.done()
    if not found:
        raise ValueError("an empty list: allowed is an address, or a list of addresses")
    return found


_MAILBOX_SCHEMA: JsonSchema = {"type": "string"}
_MAILBOXES_SCHEMA: JsonSchema = {"anyOf": [_MAILBOX_SCHEMA, {"type": "array", "items": _MAILBOX_SCHEMA, "minItems": 1}]}

Mailbox = Annotated[str, Reads(read_mailbox, _MAILBOX_SCHEMA)]
Mailboxes = Annotated[tuple[str, ...], Reads(read_mailboxes, _MAILBOXES_SCHEMA)]
