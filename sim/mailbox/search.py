"""Which messages SEARCH finds (RFC 3501 and 9051 section 6.4.4)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache
from typing import Any

from sim.mail.address_list import read_address_list
from sim.mail.mime import Part
from sim.mailbox.charsets import as_text, decode_words, is_known
from sim.mailbox.fetch import FetchedMessage
from sim.mailbox.transfer import UnknownEncodingError, decoded
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
Spans = Sequence[tuple[int, int]]


class UnknownCharsetError(Exception):
    """The texts of a SEARCH are in a charset that nobody knows, or are not in theirs."""


class TooMuchWorkError(Exception):
    """A SEARCH has looked for more texts in more messages than anyone waits for."""


TEXTS_LIMIT = 500_000
"""How often one SEARCH may look for a text in a message."""


class Candidate:
    """A message that may be found. What of it is searched is decoded once, and folded so that case does not count.

    Args:
        number: its message sequence number.
        message: the message.
    """

    def __init__(self, number: int, message: FetchedMessage) -> None:
        self.number = number
        self.message = message

    @cached_property
    def fields(self) -> Sequence[tuple[str, str]]:
        """The fields of its header: name in lower case, and value."""
        return _fields(self.message.structure)

    @cached_property
    def addresses(self) -> Mapping[str, Sequence[str]]:
        """The addresses of its header without comments and spaces: the name of the field -> addresses."""
        found: dict[str, list[str]] = {}
        for name, value in self.message.structure.fields:
            if name in ("from", "to", "cc", "bcc"):
                found.setdefault(name, []).extend(
                    _decoded(b"%s <%s@%s>" % (entry.name or b"", entry.mailbox or b"", entry.host))
                    for entry in read_address_list(value)
                    if entry.host is not None
                )
        return found

    @cached_property
    def header(self) -> str:
        """Its header."""
        return _header(self.fields)

    @cached_property
    def texts(self) -> Sequence[str]:
        """Its body: what there is of text in it, and the headers of messages within."""
        return tuple(_texts(self.message.structure))


@dataclass(slots=True)
class Search:
    """What a SEARCH goes by.

    Attributes:
        count: how many messages the mailbox has.
        last_uid: the largest UID in it; 0 where it is empty.
        saved: the UIDs that `$` stands for.
        charset: of its texts.
        now: the time, in seconds since 1970.
        looked: how often it has looked for a text in a message.
    """

    count: int
    last_uid: int
    saved: Collection[int]
    charset: str
    now: float
    looked: int = 0

    def finds(self, key: SearchKey, candidate: Candidate) -> bool:
        """Whether a key finds a message.

        Raises:
            UnknownCharsetError: a text is not in its charset.
            TooMuchWorkError: it has looked for texts too often.
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
            self.looked += 1
            if self.looked > TEXTS_LIMIT:
                raise TooMuchWorkError("too many texts for too many messages")
            texts = [_text(each, self.charset) for each in arguments if isinstance(each, bytes)]
            return _TEXTS[name](candidate, name.lower(), *texts)
        return _PLAIN[name](message, *arguments)

    def _in_set(self, messages: Any, candidate: Candidate, *, by_uid: bool) -> bool:  # noqa: ANN401
        uid = candidate.message.info.uid
        if messages == SAVED:
            return uid in self.saved
        number, last = (uid, self.last_uid) if by_uid else (candidate.number, self.count)
        within = spans(messages, last)
        at = bisect_right(within, number, key=lambda span: span[0])
        return at > 0 and number <= within[at - 1][1]


@lru_cache(maxsize=64)
def spans(messages: SequenceSet, last: int) -> Spans:
    """The numbers of a sequence set where `*` is the last: (first, last) of each run of them, in ascending order."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(
        sorted((last if one is None else one, last if other is None else other)) for one, other in messages
    ):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def check_charset(charset: str) -> None:
    """Hold that texts can be in a charset; in none, they are in UTF-8.

    Raises:
        UnknownCharsetError: nobody knows it.
    """
    if charset and not is_known(charset):
        raise UnknownCharsetError(f"nobody knows {charset}")


@lru_cache(maxsize=256)
def _text(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset or "utf-8").casefold()
    except ValueError as error:
        raise UnknownCharsetError(f"the text is not in {charset}") from error


def _sent(message: FetchedMessage) -> date | None:
    """The day that the Date field names, whatever its time and zone."""
    value = message.structure.first("date")
    try:
        return None if value is None else parsedate_to_datetime(value.decode("ascii", "replace")).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _came(message: FetchedMessage) -> date:
    return datetime.fromtimestamp(message.info.internal_date, UTC).date()


def _in_field(candidate: Candidate, name: str, text: str) -> bool:
    return any(text in value for each, value in candidate.fields if each == name)


def _in_named_field(candidate: Candidate, _key: str, name: str, text: str) -> bool:
    return _in_field(candidate, name, text)


def _in_addresses(candidate: Candidate, name: str, text: str) -> bool:
    """As they are written, or as they are meant."""
    return _in_field(candidate, name, text) or any(text in each for each in candidate.addresses.get(name, ()))


def _in_body(candidate: Candidate, _key: str, text: str) -> bool:
    return not text or any(text in each for each in candidate.texts)


def _in_text(candidate: Candidate, _key: str, text: str) -> bool:
    return text in candidate.header or _in_body(candidate, "body", text)


def _texts(part: Part) -> Iterator[str]:
    if part.parts:
        for each in part.parts:
            if part.is_message:
                yield _header(_fields(each))
            yield from _texts(each)
    elif part.content_type[0] == "text":
        charset = next(value for name, value in part.parameters if name == "charset")
        try:
            yield as_text(decoded(part), charset).casefold()
        except UnknownEncodingError:
            yield as_text(part.body, charset).casefold()


def _fields(part: Part) -> Sequence[tuple[str, str]]:
    return tuple((name, _decoded(value)) for name, value in part.fields)


def _header(fields: Sequence[tuple[str, str]]) -> str:
    return "\r\n".join(f"{name}: {value}" for name, value in fields)


@lru_cache(maxsize=4096)
def _decoded(value: bytes) -> str:
    return decode_words(value).casefold()


_TEXTS: Mapping[str, Callable[..., bool]] = {
    "SUBJECT": _in_field,
    **dict.fromkeys(("BCC", "CC", "FROM", "TO"), _in_addresses),
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
