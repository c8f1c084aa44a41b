"""MQTT's control packets: what they are (MQTT 3.1.1 section 3)."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 4
"""The protocol level of MQTT 3.1.1."""

ACCEPTED, BAD_LEVEL, BAD_CLIENT_ID, UNAVAILABLE, BAD_LOGIN, NOT_AUTHORIZED = range(6)
"""The return codes of CONNACK (section 3.2.2.3)."""

SUBACK_FAILURE = 0x80
"""The return code of SUBACK to a filter that is refused."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the server is to publish where the client vanishes without DISCONNECT (section 3.1.2.5)."""

    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """A client asks for a session.

    Attributes:
        client_id: its name; what is kept of its session is kept under that.
        clean_session: whether nothing is to be kept, before and after (section 3.1.2.4).
        keep_alive: after how many s of silence it sends PINGREQ; 0 means never.
        level: the protocol level; a server that does not know it answers `BAD_LEVEL`.
    """

    client_id: str = ""
    clean_session: bool = True
    keep_alive: int = 60
    username: str | None = None
    password: bytes | None = None
    will: Will | None = None
    level: int = LEVEL


@dataclass(frozen=True, slots=True)
class Connack:
    """The server's answer; `session_present` says that it has kept the client's session."""

    session_present: bool = False
    code: int = ACCEPTED


@dataclass(frozen=True, slots=True)
class Publish:
    """A message; `packet_id` is there where its quality of service (`qos`) is 1 or 2, else 0."""

    topic: str
    payload: bytes = b""
    qos: int = 0
    packet_id: int = 0
    dup: bool = False
    retain: bool = False


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A packet of nothing but its number."""

    packet_id: int


class Puback(_Numbered):
    """A PUBLISH of QoS 1 was taken."""


class Pubrec(_Numbered):
    """A PUBLISH of QoS 2 was received."""


class Pubrel(_Numbered):
    """Its sender has heard of that."""


class Pubcomp(_Numbered):
    """And its receiver of this: both forget the number."""


class Unsuback(_Numbered):
    """Subscriptions have ended."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Topic filters, each with the highest QoS that is wanted."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Suback:
    """The QoS that each filter is granted, or `SUBACK_FAILURE`."""

    packet_id: int
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Topic filters that are wanted no longer."""

    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Empty:
    """A packet of nothing."""


class Pingreq(_Empty):
    """Is the server there?"""


class Pingresp(_Empty):
    """It is."""


class Disconnect(_Empty):
    """The client goes, as it should."""


Packet = (
    Connect
    | Connack
    | Publish
    | Puback
    | Pubrec
    | Pubrel
    | Pubcomp
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
)
