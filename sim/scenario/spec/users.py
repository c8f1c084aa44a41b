"""The keys `users` and `user_defaults` of a domain: who its users are, and what they do with their mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Annotated, ClassVar, TypeVar

from sim.mail.address import LOCAL_PART_LIMIT, Address, AddressError, local_key, parse_local_part
from sim.scenario.distribution import Exponential, Lognormal
from sim.scenario.distribution_text import HostTime, Sizes
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import (
    JsonSchema,
    OrValue,
    OrWord,
    Reads,
    Shorthand,
    read_each,
    read_mapping,
)
from sim.scenario.quantity import DAY, MINUTE, format_duration
from sim.scenario.scalars import (
    NAME_SCHEMA,
    Duration,
    LongDuration,
    MessageRate,
    Share,
    Text,
    Title,
    read_name,
    read_text,
    read_whole,
)
from sim.scenario.sections import Said, Section
from sim.scenario.spec.devices import Devices
from sim.scenario.spec.sources import DEFAULT_SIZE
from sim.scenario.spec.windows import Windows

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
        raise ValueError(twice(name, seen[key]))
    seen[key] = name
    return name


def twice(name: str, first: str) -> str:
    """What is wrong with a user who is there already."""
    why = "" if first == name else f", as {first}: case, quotes and Unicode forms make no other one"
    return f"this user is there twice ({name}): allowed is each name once{why}"


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


def read_folder(value: object) -> str:
    """The name of a mailbox, of levels with / between them.

    Raises:
        ValueError: none that a mailbox can have.
    """
    name = read_name(value)
    levels = name.split("/")
    if not {"", ".", ".."}.isdisjoint(levels) or not {*"*%"}.isdisjoint(name) or len(name.encode()) > _LONGEST_FOLDER:
        raise ValueError(
            f"not the name of a mailbox ({shown(value)}): allowed are at most {_LONGEST_FOLDER} octets without * and %,"
            " with / between levels"
        )
    return name


_LONGEST_FOLDER = 100

Folder = Annotated[str, Reads(read_folder, NAME_SCHEMA)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Section):
    """How a user reads his mail, and what he does with each message; times in s.

    He deletes it, files it, archives it or leaves it where it is.
    """

    brief: ClassVar = ("at", "files", "searches")

    after: HostTime = field(default=Exponential(5 * MINUTE))
    """How long after a device has it he looks at it: a duration, or a distribution of them."""
    at: Windows = ()
    """When he reads and writes; at any time, where absent."""
    takes: HostTime = 30.0
    """How long he reads each: likewise."""
    deletes: Share = 0.0
    """How many he deletes."""
    files: dict[Folder, Share] = field(default_factory=dict)
    """How many he moves into which mailbox: `{Projects: 10 %}`."""
    archives: Share = 0.0
    """How many he moves into the mailbox `Archive`, or where his `archive` says."""
    replies: Share = 0.0
    """How many he answers."""
    forwards: Share = 0.0
    """How many he passes on, to another user of his domain."""
    writes_for: HostTime = field(default=Lognormal(2 * MINUTE, 10 * MINUTE))
    """How long he writes each answer: likewise."""
    size: Sizes = DEFAULT_SIZE
    """How much he writes, in bytes of mail data."""
    searches: MessageRate = 0.0
    """How often he searches his mailbox, while he is at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Away(Section):
    """A time in which mail is answered for a user: once to each sender in a period (RFC 5230)."""

    renamed: ClassVar = {"start": "from", "end": "to"}
    brief: ClassVar = ("subject",)

    start: Duration
    """When it begins."""
    end: Duration
    """When it is over."""
    says: Text = "I am out of office."
    """What the answer says."""
    subject: Title = ""
    """The answer's subject; `Auto: ` and that of the message, where absent."""
    every: LongDuration = 7 * DAY
    """How long a sender who has been answered is not answered again."""

    def __post_init__(self) -> None:
        if self.start >= self.end:
            times = f"{format_duration(self.start)}, {format_duration(self.end)}"
            raise ValueError(f"a time away that ends before it begins ({times}): allowed is from < to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive(Section):
    """Where mail goes that lies long enough in the INBOX."""

    after: LongDuration
    """How long."""
    to: Folder = "Archive"
    """The mailbox."""


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Section):
    """What a user does with his mail, and what is done with it for him."""

    brief: ClassVar = ("sieve", "away", "retention", "archive")

    devices: Devices = field(default_factory=dict)
    """What he reads and writes with, by name: `{phone: {mua: thunderbird}}`, or a list of names."""
    reads: Annotated[Reading | None, OrWord(Reading, "none", None)] = field(default=Reading())
    """How he reads what his devices fetch, or `none`: he does not."""
    sieve: Annotated[str, Reads(read_text, {"type": "string"})] = ""
    """His rules, a Sieve script (RFC 5228)."""
    away: Annotated[tuple[Away, ...], Shorthand(_one_or_many)] = ()
    """When he is away, and what senders are told then: one mapping or a list of them."""
    retention: Annotated[float, OrWord(LongDuration, "none", 0.0)] = 0.0
    """How old mail becomes in his mailboxes until it is removed, or `none`: it is kept."""
    archive: Annotated[Archive | None, OrWord(Archive, "none", None)] = None
    """After what time mail goes from his INBOX into an archive, or `none`."""


class UserSettings(Said):
    """What a user does with his mail, and what is done with it for him."""

    sections = (User,)


def _not_empty(value: object) -> object:
    if value == {}:
        raise ValueError("a domain without users (an empty mapping): allowed is at least one")
    return value


def read_user(value: object) -> str:
    """A local-part as it is written.

    Raises:
        ValueError: none.
    """
    return _read_user({}, value)


_UserName = Annotated[str, Reads(read_user, NAME_SCHEMA)]
UsersSetting = Annotated[
    tuple[str, ...] | dict[str, UserSettings],
    OrValue(Annotated[dict[_UserName, UserSettings], Shorthand(_not_empty)], Reads(read_users, _USERS_SCHEMA)),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnUsersLayers(Section):
    """What users do otherwise in an architecture."""

    users: dict[_UserName, UserSettings] = field(default_factory=dict)
    """What users of the domain do with their mail, by their names."""
    user_defaults: UserSettings = field(default_factory=UserSettings)
    """What those do who do not say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersLayers(Section):
    """What a file says of users otherwise than the specification."""

    users: UsersSetting = ()
    """How many users (u1, u2, ...), their names, or what they do with their mail by their names; ten where absent."""
    user_defaults: UserSettings = field(default_factory=UserSettings)
    """What those do who do not say otherwise."""
