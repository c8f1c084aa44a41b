"""The key `devices` of a user: what he reads and writes mail with, by which program, and when it is online."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal

from sim.scenario.distribution_text import FROM_COORDINATES
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Collected, FaultsError, OrWord, Reads, Shorthand, Via, Word
from sim.scenario.quantity import DAY, DURATION, MINUTE, above_zero, format_duration
from sim.scenario.scalars import FLAG, Flag, LongDuration, Name, read_name
from sim.scenario.sections import Said, Section
from sim.scenario.spec.network import Link, link_of
from sim.scenario.spec.weather import Weather
from sim.scenario.spec.windows import Windows

Access = Literal["imap", "pop3"]
Leave = float | Literal["yes", "no"]
"""Whether mail stays on the server when a device has it: for ever, not at all, or so many s."""

IDLE: Final = 0.0
"""In place of a time between two sessions: one that stays open, in IDLE (RFC 2177)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What a mail program does by one protocol where nothing else is said.

    Attributes:
        check: s between two sessions, or `IDLE`.
        leave: whether mail stays on the server; None where the program does not think of taking it away.
        idles: whether it knows IDLE.
    """

    check: float
    leave: Leave | None = None
    idles: bool = False


MAIL_PROGRAMS: Final[Mapping[str, Mapping[Access, Usual]]] = MappingProxyType(
    {
        "thunderbird": {"imap": Usual(check=IDLE, idles=True), "pop3": Usual(check=10 * MINUTE, leave=14 * DAY)},
        "mutt": {"imap": Usual(check=IDLE, idles=True), "pop3": Usual(check=MINUTE, leave="yes")},
        "mbsync": {"imap": Usual(check=5 * MINUTE)},
        "fetchmail": {
            "pop3": Usual(check=5 * MINUTE, leave="no"),
            "imap": Usual(check=5 * MINUTE, leave="no", idles=True),
        },
        "getmail": {
            "pop3": Usual(check=5 * MINUTE, leave="yes"),
            "imap": Usual(check=5 * MINUTE, leave="yes"),
        },
        "mpop": {"pop3": Usual(check=5 * MINUTE, leave="no")},
        "imaplib": {"imap": Usual(check=5 * MINUTE, idles=True)},
        "poplib": {"pop3": Usual(check=5 * MINUTE, leave="yes")},
        "curl": {"imap": Usual(check=5 * MINUTE), "pop3": Usual(check=5 * MINUTE, leave="yes")},
    }
)
"""The mail programs, and by each protocol that one speaks (the usual one first) what it does where nothing is said."""

MailProgram = Literal["thunderbird", "mutt", "mbsync", "fetchmail", "getmail", "mpop", "imaplib", "poplib", "curl"]


class DeviceLinkSettings(Said):
    """How the link of a device is."""

    sections = (Link, Weather)
    elsewhere = ("name", "between", "weather", "windows", "protocol")


def _read_link(said: Mapping[str, Any]) -> Link:
    if "delay" in said and FROM_COORDINATES in said["delay"].pair:
        raise FaultsError([(("delay",), "a device is nowhere on the map: allowed is a duration, or a distribution")])
    return link_of(("", ""), said)


def _said_of(link: Link) -> dict[str, object]:
    """What is not as usual."""
    weather = {key: getattr(link.weather, key) for key in Weather.allowed()}
    said = {key: getattr(link, key) for key in Link.allowed()} | weather
    usual = {key: getattr(USUAL_LINK, key) for key in Link.allowed()} | {"outages": None, "down": ()}
    return {key: said[key] for key in DeviceLinkSettings.allowed() if said[key] != usual[key]}


def _read_leave(value: object) -> Leave:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in ("yes", "no"):
        return "yes" if value == "yes" else "no"
    try:
        return above_zero(DURATION, value)
    except ValueError:
        raise ValueError(f"not yes, no or a duration ({shown(value)}): allowed is e.g. leave: 14 d") from None


def _write_leave(leave: Leave | None) -> object:
    return format_duration(leave) if isinstance(leave, float) else leave


_LEAVE = {"anyOf": [FLAG.schema, DURATION.json_schema()]}

USUAL_LINK: Final = Link(between=("", ""))
"""A device's, where nothing is said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Section):
    """A machine of a user with a mail program."""

    brief: ClassVar = ("at", "link", "online")

    mua: Annotated[MailProgram, Word("mail program")] = "thunderbird"
    """The mail program."""
    access: Annotated[Access, Word("access")] = None  # type: ignore[assignment]
    """How it comes to the mailbox: `imap` or `pop3`; by what its program is for, where absent."""
    check: Annotated[float, OrWord(LongDuration, "idle", IDLE)] = None  # type: ignore[assignment]
    """How often it looks for mail, or `idle`: its session stays open, and the server tells it; as its program does,
    where absent."""
    leave: Annotated[
        Leave | None,
        Reads(_read_leave, {"anyOf": [{"enum": [True, False, "yes", "no"]}, DURATION.json_schema()]}, _write_leave),
    ] = None
    """Whether what it has fetched stays on the server: `yes`, `no`, or for how long; as its program does, where absent.
    None where that does not think of it."""
    online: Windows = ()
    """When it is online; always, where absent."""
    link: Annotated[Link, Via(DeviceLinkSettings, _read_link, _said_of)] = USUAL_LINK
    """Its link to the network: what links have, but windows; the ends of it are not told."""
    at: Name = ""
    """The node that its link leads to; that of the host that the user submits to, where absent."""
    tls: Flag = False
    """Whether it asks for TLS (STARTTLS, STLS) before it logs in."""

    def __post_init__(self) -> None:
        speaks = MAIL_PROGRAMS[self.mua]
        self._fill("access", next(iter(speaks)))
        usual = speaks.get(self.access, Usual(check=5 * MINUTE))
        self._fill("check", usual.check)
        self._fill("leave", usual.leave)

    def _fill(self, name: str, usual: object) -> None:
        if getattr(self, name) is None:
            object.__setattr__(self, name, usual)

    @property
    def idles(self) -> bool:
        """Whether its session stays open, in IDLE."""
        return self.check == IDLE


def _read_name(value: object) -> str:
    name = read_name(value)
    if not set(name).isdisjoint("/@ \t") or len(name.encode()) > _LONGEST:
        raise ValueError(
            f"not a name for a device ({shown(value)}): allowed are at most {_LONGEST} octets without /, @ and blanks"
        )
    return name


_LONGEST = 64


def _expand(value: object) -> object:
    """A list of names as a mapping of them to no settings."""
    if not isinstance(value, list):
        return value
    collected, seen = Collected(), dict[str, object]()
    for index, item in enumerate(value):
        name = collected.read((index,), partial(_new_name, seen), item, "")
        seen[name] = {}
    collected.done()
    return seen


def _new_name(seen: Mapping[str, object], value: object) -> str:
    name = _read_name(value)
    if name in seen:
        raise ValueError(f"this device is there twice ({name}): allowed is each name once")
    return name


DeviceName = Annotated[str, Reads(_read_name, {"type": ["string", "integer"]})]
Devices = Annotated[
    dict[DeviceName, Device], Shorthand(_expand, {"type": "array", "items": {"type": ["string", "integer"]}})
]
