"""The users of a domain, as a scenario file writes them."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Annotated

from sim.mail.address import LOCAL_PART_LIMIT, AddressError, local_key, parse_local_part
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import KEY, Collected, JsonSchema, Reads, read_each
from sim.scenario.scalars import read_name, read_whole

MOST_USERS = 1_000_000


def read_users(value: object) -> tuple[str, ...]:
    """How many users (they are called u1, u2, ...), or a list of their local-parts; gives what these mean.

    Raises:
        ValueError: no user at all, too many, or a name that is no local-part or is there twice.
    """
    if not isinstance(value, list):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"not users ({shown(value)}): allowed is how many there are, or a list of names")  # noqa: TRY004
        return numbered(read_whole(1, MOST_USERS, value))
    if not value:
        raise ValueError("a domain without users (an empty list): allowed is at least one")
    seen: dict[str, str] = {}
    return tuple(map(parse_local_part, read_each(partial(_read_user, seen), "", value)))


def read_lists(value: object) -> dict[str, tuple[str, ...]]:
    """Mailing lists: a mapping of their local-parts, as they are written, to lists of addresses.

    Raises:
        ValueError: something else, a name that is no local-part, or a list without members.
    """
    if not isinstance(value, dict):
        raise ValueError(f"not mailing lists ({shown(value)}): allowed is e.g. {{staff: [ann@a.example]}}")  # noqa: TRY004
    seen: dict[str, str] = {}
    collected = Collected()
    lists: dict[str, tuple[str, ...]] = {}
    for key, members in value.items():
        name = collected.read((key, KEY), partial(_read_user, seen), key, "")
        lists[name] = collected.read((key,), _read_members, members, ())
    collected.done()
    return lists


def read_aliases(value: object) -> dict[str, str]:
    """Names that stand for others: a mapping of local-parts, as they are written, to an address each.

    Raises:
        ValueError: something else, or a name that is no local-part.
    """
    if not isinstance(value, dict):
        raise ValueError(f"not addresses by name ({shown(value)}): allowed is e.g. {{ann: ann@b.example}}")  # noqa: TRY004
    seen: dict[str, str] = {}
    collected = Collected()
    aliases: dict[str, str] = {}
    for key, address in value.items():
        name = collected.read((key, KEY), partial(_read_user, seen), key, "")
        aliases[name] = collected.read((key,), read_name, address, "")
    collected.done()
    return aliases


def _read_members(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"not members ({shown(value)}): allowed is a list of at least one address")
    return read_each(read_name, "", value)


@lru_cache(maxsize=64)
def numbered(count: int) -> tuple[str, ...]:
    """The users u1 to u(count)."""
    return tuple(f"u{number}" for number in range(1, count + 1))


def _read_user(seen: dict[str, str], value: object) -> str:
    """A local-part as it is written."""
    name = read_name(value)
    try:
        key = local_key(parse_local_part(name))
    except AddressError as error:
        raise ValueError(
            f"not a local-part ({shown(value)}): allowed are letters, digits, !#$%&'*+-/=?^_`{{|}}~ and dots inside, "
            f"and anything else between double quotes, as in '\"john doe\"'; at most {LOCAL_PART_LIMIT} octets"
        ) from error
    if key in seen:
        why = "" if seen[key] == name else f", as {seen[key]}: case, quotes and Unicode forms make no other one"
        raise ValueError(f"this user is there twice ({name}): allowed is each name once{why}")
    seen[key] = name
    return name


_NAME: JsonSchema = {"type": ["string", "integer"]}
_USERS_SCHEMA: JsonSchema = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": MOST_USERS},
        {"type": "array", "items": _NAME, "minItems": 1},
    ]
}
_LISTS_SCHEMA: JsonSchema = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
}

_ALIASES_SCHEMA: JsonSchema = {"type": "object", "additionalProperties": {"type": "string"}}

Aliases = Annotated[dict[str, str], Reads(read_aliases, _ALIASES_SCHEMA)]
Lists = Annotated[dict[str, tuple[str, ...]], Reads(read_lists, _LISTS_SCHEMA)]
Users = Annotated[tuple[str, ...], Reads(read_users, _USERS_SCHEMA)]
