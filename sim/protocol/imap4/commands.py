"""What a client says in an IMAP dialogue: the commands. Values without behaviour.

Mailbox names are text as the user reads it: what stands in modified UTF-7 on the wire is decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

SequenceSet = tuple[tuple[int | None, int | None], ...]
"""Ranges of message numbers or UIDs, both ends included; None is `*`, the largest number in use."""

SAVED: Final = ()
"""The sequence set `$`: what the last SEARCH with RETURN (SAVE) found (RFC 5182)."""


@dataclass(frozen=True, slots=True)
class Section:
    """What stands in the brackets of BODY[...]: which part of a message, and what of it (RFC 3501 section 6.4.5).

    Attributes:
        part: the part's number, e.g. (4, 2); empty for the whole message.
        text: HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or MIME; empty for all of the part.
        fields: the names of the fields, for the two that name some.
    """

    part: tuple[int, ...] = ()
    text: str = ""
    fields: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchItem:
    r"""One item of FETCH.

    Attributes:
        name: FLAGS, UID, INTERNALDATE, RFC822, RFC822.SIZE, RFC822.HEADER, RFC822.TEXT, ENVELOPE, BODYSTRUCTURE, BODY,
            MODSEQ, BINARY or BINARY.SIZE; the macros ALL, FAST and FULL are expanded.
        section: of BODY[...], BINARY[...] and BINARY.SIZE[...]; None for BODY without brackets and all others.
        peek: whether \Seen stays as it is.
        partial: the first octet and how many; None for all of them.
    """

    name: str
    section: Section | None = None
    peek: bool = False
    partial: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class SearchKey:
    """One key of SEARCH.

    Attributes:
        name: the key in upper case; AND for several in parentheses, SEQUENCE for message numbers.
        arguments: of AND, OR and NOT keys; of SEQUENCE and UID a SequenceSet; of BEFORE, ON, SINCE, SENTBEFORE, SENTON
            and SENTSINCE a date; of LARGER, SMALLER, MODSEQ, YOUNGER and OLDER a number; of HEADER a field's name and
            text; of KEYWORD and UNKEYWORD a flag; of BCC, BODY, CC, FROM, SUBJECT, TEXT and TO text, as octets.
    """

    name: str
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Capability:
    """CAPABILITY: what the server can do."""


@dataclass(frozen=True, slots=True)
class Noop:
    """NOOP: what is new."""


@dataclass(frozen=True, slots=True)
class Logout:
    """LOGOUT: the end."""


@dataclass(frozen=True, slots=True)
class Id:
    """ID: who is who (RFC 2971); the client's fields and values, None for NIL."""

    fields: tuple[tuple[bytes, bytes | None], ...] | None


@dataclass(frozen=True, slots=True)
class StartTls:
    """STARTTLS: after an OK the callers shake hands."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """AUTHENTICATE: a SASL dialogue begins; the initial response (RFC 4959) is decoded, None where there is none."""

    mechanism: str
    initial: bytes | None = None


@dataclass(frozen=True, slots=True)
class AuthenticateResponse:
    """The answer to a challenge of AUTHENTICATE, decoded."""

    data: bytes


@dataclass(frozen=True, slots=True)
class AuthenticateCancel:
    """`*`: the client gives AUTHENTICATE up."""


@dataclass(frozen=True, slots=True)
class Login:
    """LOGIN: a name and a password."""

    name: bytes
    password: bytes


@dataclass(frozen=True, slots=True)
class Enable:
    """ENABLE: which extensions the client wants from here on (RFC 5161), in upper case."""

    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """SELECT: open a mailbox; `condstore` asks for mod-sequences (RFC 7162)."""

    mailbox: str
    condstore: bool = False


@dataclass(frozen=True, slots=True)
class Examine:
    """EXAMINE: open a mailbox to read only."""

    mailbox: str
    condstore: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    r"""CREATE: a new mailbox; `uses` are special-use attributes as \Sent (RFC 6154)."""

    mailbox: str
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE: a mailbox goes."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class Rename:
    """RENAME: a mailbox, and what is below it, gets another name."""

    mailbox: str
    new: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """SUBSCRIBE: a name goes onto the user's list."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """UNSUBSCRIBE: a name goes from it."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class ListMailboxes:
    """LIST (RFC 5258, 5819, 6154).

    Attributes:
        reference, patterns: what the names are to match: together, with the wildcards `*` and `%`.
        selection: SUBSCRIBED, REMOTE, RECURSIVEMATCH, SPECIAL-USE.
        returns: SUBSCRIBED, CHILDREN, SPECIAL-USE.
        status: the items of STATUS to be returned for each.
        extended: whether it was written in the extended form: then `LIST "" ""` is no question for the delimiter.
    """

    reference: str
    patterns: tuple[str, ...]
    selection: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Lsub:
    """LSUB: the subscribed names that match (RFC 3501)."""

    reference: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Namespace:
    """NAMESPACE: what kinds of mailboxes there are (RFC 2342)."""


@dataclass(frozen=True, slots=True)
class Status:
    """STATUS: MESSAGES, UIDNEXT and others of a mailbox (RFC 3501, 7162, 7889, 8438, 9208)."""

    mailbox: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Append:
    """APPEND: a message goes into a mailbox, with its flags and its date (seconds since 1970; None is now)."""

    mailbox: str
    content: bytes
    flags: tuple[str, ...] = ()
    internal_date: float | None = None


@dataclass(frozen=True, slots=True)
class GetQuota:
    """GETQUOTA: use and limits of a quota root (RFC 9208)."""

    root: str


@dataclass(frozen=True, slots=True)
class GetQuotaRoot:
    """GETQUOTAROOT: the quota roots of a mailbox, with use and limits."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class SetQuota:
    """SETQUOTA: other limits, (resource, limit) each."""

    root: str
    limits: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Idle:
    """IDLE: the client waits for news (RFC 2177) until it says DONE."""


@dataclass(frozen=True, slots=True)
class Done:
    """DONE: the end of IDLE."""


@dataclass(frozen=True, slots=True)
class Check:
    """CHECK: a checkpoint (RFC 3501)."""


@dataclass(frozen=True, slots=True)
class Close:
    """CLOSE: what is marked goes, without a word, and no mailbox is selected any more."""


@dataclass(frozen=True, slots=True)
class Unselect:
    """UNSELECT: as CLOSE, and nothing goes (RFC 3691)."""


@dataclass(frozen=True, slots=True)
class Expunge:
    r"""EXPUNGE: what is marked with \Deleted goes; of `uids` only, for UID EXPUNGE (RFC 4315)."""

    uids: SequenceSet | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """SEARCH or UID SEARCH.

    Attributes:
        key: what to look for.
        uid: whether UIDs are asked for.
        charset: of the texts in it; in upper case, empty where none was named.
        returns: MIN, MAX, ALL, COUNT, SAVE (RFC 4731, 5182); None where it was not written with RETURN.
    """

    key: SearchKey
    uid: bool = False
    charset: str = ""
    returns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """FETCH or UID FETCH; `changed_since` is RFC 7162's."""

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    uid: bool = False
    changed_since: int | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """STORE or UID STORE; `operation` is `+`, `-` or empty (replace); `unchanged_since` is RFC 7162's."""

    messages: SequenceSet
    operation: str
    flags: tuple[str, ...]
    silent: bool = False
    uid: bool = False
    unchanged_since: int | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """COPY or UID COPY."""

    messages: SequenceSet
    mailbox: str
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """MOVE or UID MOVE (RFC 6851)."""

    messages: SequenceSet
    mailbox: str
    uid: bool = False


Command = (
    Capability
    | Noop
    | Logout
    | Id
    | StartTls
    | Authenticate
    | AuthenticateResponse
    | AuthenticateCancel
    | Login
    | Enable
    | Select
    | Examine
    | Create
    | Delete
    | Rename
    | Subscribe
    | Unsubscribe
    | ListMailboxes
    | Lsub
    | Namespace
    | Status
    | Append
    | GetQuota
    | GetQuotaRoot
    | SetQuota
    | Idle
    | Done
    | Check
    | Close
    | Unselect
    | Expunge
    | Search
    | Fetch
    | Store
    | Copy
    | Move
)
"""What a client says."""

NAMES: Mapping[type, str] = {
    kind: "LIST" if kind is ListMailboxes else kind.__name__.upper()
    for kind in get_args(Command)
    if kind not in (AuthenticateResponse, AuthenticateCancel, Done)
}
"""How the commands that have a tag are called on the wire, without UID."""
