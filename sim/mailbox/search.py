"""Which messages SEARCH finds (RFC 3501 and 9051 section 6.4.4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.header import decode_header
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from sim.mail.mime import Part
from sim.mailbox.fetch import FetchedMessage, UnknownEncodingError, decoded
from sim.protocol.imap4.commands import SAVED, SearchKey, SequenceSet

_FLAG_KEYS = {
    "ANSWERED": "\\Answered",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
    "SEEN": "\\Seen",
}


_COMBINED: Mapping[str, Callable[[Iterable[bool]], bool]] = {
    "AND": all,
    "OR": any,
    "NOT": lambda found: not any(found),
}


class UnknownCharsetError(Exception):
    """The texts of a SEARCH are in a charset that nobody knows, or are not in theirs."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may be found.

    Attributes:
        number: its message sequence number.
        message: the message.
    """

    number: int
    message: FetchedMessage


@dataclass(frozen=True, slots=True)
class Search:
    """What a SEARCH goes by.

    Attributes:
        count: how many messages the mailbox has.
        last_uid: the largest UID in it; 0 where it is empty.
        saved: the UIDs that `$` stands for.
        charset: of its texts.
        now: the time, in seconds since 1970.
    """

    count: int
    last_uid: int
    saved: Collection[int]
    charset: str
    now: float

    def finds(self, key: SearchKey, candidate: Candidate) -> bool:
        """Whether a key finds a message.

        Raises:
            UnknownCharsetError: nobody knows the charset, or a text is not in it.
            ExpungedError: a content that is needed is gone.
        """
        name, arguments, message = key.name, key.arguments, candidate.message
        if name in _COMBINED:
            return _COMBINED[name](self.finds(each, candidate) for each in arguments if isinstance(each, SearchKey))
        if name in ("SEQUENCE", "UID"):
            return self._in_set(arguments[0], candidate, by_uid=name == "UID")
        if name in ("OLDER", "YOUNGER"):
            age = self.now - message.info.internal_date
            return (age <= arguments[0]) is (name == "YOUNGER")  # type: ignore[operator]
        if name in _TEXTS:
            texts = [_text(each, self.charset) for each in arguments if isinstance(each, bytes)]
            return _TEXTS[name](message, name, *texts)
        return _PLAIN[name](message, *arguments)

    def _in_set(self, messages: Any, candidate: Candidate, *, by_uid: bool) -> bool:  # noqa: ANN401
        uid = candidate.message.info.uid
        if messages is SAVED or messages == SAVED:
            return uid in self.saved
        number, last = (uid, self.last_uid) if by_uid else (candidate.number, self.count)
        return in_set(messages, number, last)


def in_set(messages: SequenceSet, number: int, last: int) -> bool:
    """Whether a number is in a sequence set where `*` is the last."""
    for low, high in messages:
        first, end = last if low is None else low, last if high is None else high
        if min(first, end) <= number <= max(first, end):
            return True
    return False


def _text(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset or "utf-8").casefold()
    except (LookupError, UnicodeDecodeError) as error:
        raise UnknownCharsetError(f"nobody knows {charset}, or the text is not in it") from error


def _sent(message: FetchedMessage) -> date | None:
    """The day that the Date field names, whatever its time and zone."""
    value = message.structure.first("date")
    try:
        return None if value is None else parsedate_to_datetime(value.decode("ascii", "replace")).date()
    except (ValueError, TypeError, IndexError):
        return None


def _came(message: FetchedMessage) -> date:
    return datetime.fromtimestamp(message.info.internal_date, UTC).date()


def _in_field(message: FetchedMessage, name: str, text: str) -> bool:
    return any(text in _decoded_field(value) for each, value in message.structure.fields if each == name.lower())


def _in_named_field(message: FetchedMessage, _key: str, name: str, text: str) -> bool:
    return _in_field(message, name, text)


def _in_body(message: FetchedMessage, _key: str, text: str) -> bool:
    return not text or _body_has(message.structure, text)


def _in_text(message: FetchedMessage, _key: str, text: str) -> bool:
    return not text or _header_has(message.structure, text) or _body_has(message.structure, text)


def _header_has(part: Part, text: str) -> bool:
    return any(text in f"{name}: {_decoded_field(value)}" for name, value in part.fields)


def _body_has(part: Part, text: str) -> bool:
    if part.parts:
        return any((part.is_message and _header_has(each, text)) or _body_has(each, text) for each in part.parts)
    if part.content_type[0] != "text":
        return False
    charset = next((value for name, value in part.parameters if name == "charset"), "us-ascii")
    try:
        octets = decoded(part)
    except UnknownEncodingError:
        octets = part.body
    try:
        return text in octets.decode(charset, "replace").casefold()
    except LookupError:
        return text in octets.decode("utf-8", "replace").casefold()


@lru_cache(maxsize=4096)
def _decoded_field(value: bytes) -> str:
    """A field's value with its encoded words decoded (RFC 2047), folded for comparison."""
    text = value.decode("utf-8", "replace")
    if "=?" not in text:
        return text.casefold()
    try:
        pieces = decode_header(text)
        return "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
            for piece, charset in pieces
        ).casefold()
    except (LookupError, ValueError):
        return text.casefold()


_TEXTS: Mapping[str, Callable[..., bool]] = {
    **dict.fromkeys(("BCC", "CC", "FROM", "SUBJECT", "TO"), _in_field),
    "HEADER": _in_named_field,
    "BODY": _in_body,
    "TEXT": _in_text,
}
"""The keys whose arguments are texts."""


def _has(flag: str) -> Callable[[FetchedMessage], bool]:
    return lambda message: flag in message.info.flags


def _lacks(flag: str) -> Callable[[FetchedMessage], bool]:
    return lambda message: flag not in message.info.flags


def _keyword(message: FetchedMessage, flag: str) -> bool:
    return flag.lower() in {each.lower() for each in message.info.flags}


def _after(message: FetchedMessage, day: date) -> bool:
    sent = _sent(message)
    return sent is not None and sent >= day


def _before(message: FetchedMessage, day: date) -> bool:
    sent = _sent(message)
    return sent is not None and sent < day


_PLAIN: Mapping[str, Callable[..., bool]] = {
    "ALL": lambda _message: True,
    "NEW": lambda message: message.recent and "\\Seen" not in message.info.flags,
    "OLD": lambda message: not message.recent,
    "RECENT": lambda message: message.recent,
    **{key: _has(flag) for key, flag in _FLAG_KEYS.items()},
    **{f"UN{key}": _lacks(flag) for key, flag in _FLAG_KEYS.items()},
    "KEYWORD": _keyword,
    "UNKEYWORD": lambda message, flag: not _keyword(message, flag),
    "BEFORE": lambda message, day: _came(message) < day,
    "ON": lambda message, day: _came(message) == day,
    "SINCE": lambda message, day: _came(message) >= day,
    "SENTBEFORE": _before,
    "SENTON": lambda message, day: _sent(message) == day,
    "SENTSINCE": _after,
    "LARGER": lambda message, octets: message.info.size > octets,
    "SMALLER": lambda message, octets: message.info.size < octets,
    "MODSEQ": lambda message, mod_seq: message.info.mod_seq >= mod_seq,
}
"""The others, by name."""
