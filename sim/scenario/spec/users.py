"""The users of a domain, as a scenario file writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Annotated, TypeVar

from sim.mail.address import LOCAL_PART_LIMIT, Address, AddressError, local_key, parse_local_part
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import JsonSchema, Reads, read_each, read_mapping
from sim.scenario.scalars import NAME_SCHEMA, read_name, read_whole

T = TypeVar("T")

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


def read_named(what: tuple[str, str], read: Callable[[object], T], instead: T, value: object) -> dict[str, T]:
    """What stands under local-parts, by these as they are written.

    Raises:
        ValueError: no mapping, a name that is no local-part or is there twice, or what `read` refuses.
    """
    return read_mapping(what, partial(_read_user, {}), read, instead, value)


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


_USERS_SCHEMA: JsonSchema = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": MOST_USERS},
        {"type": "array", "items": NAME_SCHEMA, "minItems": 1},
    ]
}
_LISTS_SCHEMA: JsonSchema = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
}

_ALIASES_SCHEMA: JsonSchema = {"type": "object", "additionalProperties": {"type": "string"}}

_ADDRESSES = "addresses by name", "{ann: ann@b.example}"
_LISTS = "mailing lists", "{staff: [ann@a.example]}"


def local_part(name: str) -> str:
    """A local-part as a file has it, in quotes where it needs them."""
    return str(Address(name, ""))


def write_users(users: tuple[str, ...]) -> object:
    """How many users there are, or their local-parts."""
    return len(users) if users == numbered(len(users)) else [local_part(name) for name in users]


def _write_named(named: Mapping[str, object]) -> object:
    return {local_part(name): list(to) if isinstance(to, tuple) else to for name, to in named.items()}


Aliases = Annotated[
    Mapping[str, str], Reads(partial(read_named, _ADDRESSES, read_name, ""), _ALIASES_SCHEMA, _write_named)
]
Lists = Annotated[
    Mapping[str, tuple[str, ...]], Reads(partial(read_named, _LISTS, _read_members, ()), _LISTS_SCHEMA, _write_named)
]
Users = Annotated[tuple[str, ...], Reads(read_users, _USERS_SCHEMA, write_users)]
