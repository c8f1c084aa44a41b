"""The grammar of SEARCH (RFC 3501 section 6.4.4, 4731, 5032, 5182, 7162), and of sequence sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from sim.protocol.imap4.commands import SAVED, Search, SearchKey, SequenceSet
from sim.protocol.imap4.dates import read_date
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.scanner import Scanner

_PLAIN = frozenset(
    {"ALL", "ANSWERED", "DELETED", "DRAFT", "FLAGGED", "NEW", "OLD", "RECENT", "SEEN"}
    | {"UNANSWERED", "UNDELETED", "UNDRAFT", "UNFLAGGED", "UNSEEN"}
)
_RETURNS = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE"})
_ENTRY_TYPES = frozenset({"PRIV", "SHARED", "ALL"})
DEPTH_LIMIT = 200
"""How deep keys may nest: a chain of ORs nests with each."""

KEYS_LIMIT = 1000
"""How many keys one SEARCH may have."""


def read_search(scanner: Scanner, *, uid: bool) -> Search:
    """What follows SEARCH.

    Raises:
        SyntaxFault: it is none.
    """
    returns: tuple[str, ...] | None = None
    charset = ""
    scanner.space()
    if scanner.literally(b"RETURN "):
        returns = scanner.listed(scanner.word, empty=True)
        if not _RETURNS.issuperset(returns):
            raise SyntaxFault(f"MIN, MAX, ALL, COUNT and SAVE can be returned, not {' '.join(returns)}")
        scanner.space()
    if scanner.literally(b"CHARSET "):
        charset = scanner.astring().decode("ascii", "replace").upper()
        scanner.space()
    keys = [_key(scanner, 0)]
    while scanner.more():
        keys.append(_key(scanner, 0))
        if len(keys) > KEYS_LIMIT:
            raise SyntaxFault(f"more than {KEYS_LIMIT} keys")
    key = keys[0] if len(keys) == 1 else SearchKey("AND", tuple(keys))
    return Search(key, uid, charset, returns)


def read_sequence_set(scanner: Scanner) -> SequenceSet:
    """A sequence set, or `$`.

    Raises:
        SyntaxFault: it is none.
    """
    if scanner.literally(b"$"):
        return SAVED
    ranges = [_range(scanner)]
    while scanner.literally(b","):
        ranges.append(_range(scanner))
    return tuple(ranges)


def _range(scanner: Scanner) -> tuple[int | None, int | None]:
    first = _sequence_number(scanner)
    return first, _sequence_number(scanner) if scanner.literally(b":") else first


def _sequence_number(scanner: Scanner) -> int | None:
    if scanner.literally(b"*"):
        return None
    number = scanner.number()
    if number == 0:
        raise SyntaxFault("0 is no message number")
    return number


def _key(scanner: Scanner, depth: int) -> SearchKey:
    if depth > DEPTH_LIMIT:
        raise SyntaxFault(f"keys nested deeper than {DEPTH_LIMIT}")
    if scanner.peek() == b"(":
        keys = scanner.listed(lambda: _key(scanner, depth + 1))
        return keys[0] if len(keys) == 1 else SearchKey("AND", keys)
    if scanner.peek() in b"*$0123456789" and scanner.peek():
        return SearchKey("SEQUENCE", (read_sequence_set(scanner),))
    name = scanner.word()
    if name in _PLAIN:
        return SearchKey(name)
    if name == "NOT":
        scanner.space()
        return SearchKey(name, (_key(scanner, depth + 1),))
    if name == "OR":
        scanner.space()
        one = _key(scanner, depth + 1)
        scanner.space()
        return SearchKey(name, (one, _key(scanner, depth + 1)))
    return SearchKey(name, _arguments(scanner, name))


def _arguments(scanner: Scanner, name: str) -> tuple[object, ...]:
    if name not in _ARGUMENT and name != "HEADER":
        raise SyntaxFault(f"unknown search key {name}")
    scanner.space()
    if name == "HEADER":
        field = scanner.astring()
        scanner.space()
        return field, scanner.astring()
    return (_ARGUMENT[name](scanner),)


def _mod_sequence(scanner: Scanner) -> int:
    if scanner.peek() == b'"':
        # An entry name and its type (RFC 7162 section 3.1.5): all flags share one mod-sequence here.
        scanner.string()
        scanner.space()
        if scanner.word() not in _ENTRY_TYPES:
            raise SyntaxFault("priv, shared or all expected")
        scanner.space()
    return scanner.number(63)


def _interval(scanner: Scanner) -> int:
    seconds = scanner.number()
    if seconds == 0:
        raise SyntaxFault("an interval of no seconds")
    return seconds


def _day(scanner: Scanner) -> date:
    return read_date(scanner.astring().decode("ascii", "replace"))


_ARGUMENT: Mapping[str, Callable[[Scanner], object]] = {
    **dict.fromkeys(("BCC", "BODY", "CC", "FROM", "SUBJECT", "TEXT", "TO"), Scanner.astring),
    **dict.fromkeys(("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"), _day),
    **dict.fromkeys(("LARGER", "SMALLER"), lambda scanner: scanner.number(64)),
    **dict.fromkeys(("OLDER", "YOUNGER"), _interval),
    **dict.fromkeys(("KEYWORD", "UNKEYWORD"), Scanner.atom),
    "UID": read_sequence_set,
    "MODSEQ": _mod_sequence,
}
"""How a key's only argument is read."""
