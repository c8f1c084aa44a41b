"""What happens in a POP3 dialogue: the commands, and the end of the connection. Values without behaviour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """USER: whose maildrop it is; PASS is to follow (RFC 1939 section 7)."""

    name: str


@dataclass(frozen=True, slots=True)
class Pass:
    """PASS: the password, which may have spaces (RFC 1939 section 7)."""

    password: str


@dataclass(frozen=True, slots=True)
class Apop:
    """APOP: whose maildrop it is, and MD5 of the greeting's timestamp and the password, in hexadecimal digits."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Auth:
    """AUTH: a SASL dialogue begins (RFC 5034).

    The mechanism is in upper case; `initial` is the initial response, decoded; None where there is none.
    """

    mechanism: str
    initial: bytes | None = None


@dataclass(frozen=True, slots=True)
class Mechanisms:
    """AUTH without a mechanism: which ones the server knows, as many servers answer it."""


@dataclass(frozen=True, slots=True)
class AuthResponse:
    """The answer to a challenge of AUTH, decoded."""

    data: bytes


@dataclass(frozen=True, slots=True)
class AuthCancel:
    """`*`: the client gives AUTH up (RFC 5034 section 4)."""


@dataclass(frozen=True, slots=True)
class Capa:
    """CAPA: what the server can do (RFC 2449)."""


@dataclass(frozen=True, slots=True)
class Stls:
    """STLS: the client asks for TLS on this connection (RFC 2595). After a +OK the callers shake hands."""


@dataclass(frozen=True, slots=True)
class Stat:
    """STAT: how many messages there are, and how many octets."""


@dataclass(frozen=True, slots=True)
class List:
    """LIST: the size of one message, or of each (None)."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class Uidl:
    """UIDL: the unique identifier of one message, or of each (None)."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class Retr:
    """RETR: one whole message."""

    number: int


@dataclass(frozen=True, slots=True)
class Top:
    """TOP: one message's header and the first lines of its body."""

    number: int
    lines: int


@dataclass(frozen=True, slots=True)
class Dele:
    """DELE: one message is to go when the client quits."""

    number: int


@dataclass(frozen=True, slots=True)
class Last:
    """LAST: the highest number that was retrieved (RFC 1460; dropped by RFC 1725)."""


@dataclass(frozen=True, slots=True)
class Noop:
    """NOOP: nothing but a reply."""


@dataclass(frozen=True, slots=True)
class Rset:
    """RSET: nothing is to be deleted."""


@dataclass(frozen=True, slots=True)
class Quit:
    """QUIT: the end; what was to be deleted is, if the client had entered the maildrop."""


@dataclass(frozen=True, slots=True)
class BadCommand:
    """A line that is no legal command here. `why` says so in words that may follow a -ERR."""

    line: bytes
    why: str


@dataclass(frozen=True, slots=True)
class EndlessLine:
    """A line that is longer than anybody waits for: its response ends the session."""


Command = (
    User
    | Pass
    | Apop
    | Auth
    | Mechanisms
    | AuthResponse
    | AuthCancel
    | Capa
    | Stls
    | Stat
    | List
    | Uidl
    | Retr
    | Top
    | Dele
    | Last
    | Noop
    | Rset
    | Quit
)
"""What a client says."""
