"""Responses: how a server writes them (RFC 3501 and 9051 sections 7 and 9). Every octet that it says is made here.

Functions of values; which of them are due is the caller's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sim.protocol.errors import LocalProtocolError
from sim.protocol.imap4.commands import Section, SequenceSet
from sim.protocol.imap4.names import encode_name

_QUOTABLE = re.compile(rb"[\x20-\x7e]{0,1000}")
_QUOTABLE_UTF8 = re.compile(r"[\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]{0,1000}")
_ATOM = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~\]]+")
_LINE = re.compile(r"[^\x00\r\n]*")

NIL = b"NIL"


@dataclass(frozen=True, slots=True)
class Tagged:
    """The response that ends a command.

    Attributes:
        status: OK, NO or BAD.
        text: its words.
        code: the response code without its brackets, e.g. `TRYCREATE` or `APPENDUID 1 2`; empty where there is none.
    """

    status: str
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Continue:
    """A `+`: a challenge in base64, or words."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Untagged:
    """What a server says within a command, or unasked: the octets between `* ` and the CRLF."""

    data: bytes


def write(response: Tagged | Continue | Untagged, tag: str) -> bytes:
    """The octets of a response, with its CRLF.

    Raises:
        LocalProtocolError: its text cannot stand in a line.
    """
    if isinstance(response, Untagged):
        return b"* " + response.data + b"\r\n"
    if isinstance(response, Continue):
        return b"+ " + _text("", response.text) + b"\r\n"
    if not response.text:
        raise LocalProtocolError("a tagged response has to say something")
    return b"%s %s %s\r\n" % (tag.encode(), response.status.encode(), _text(response.code, response.text))


def state(status: str, text: str, code: str = "") -> Untagged:
    """An untagged OK, NO, BAD, BYE or PREAUTH.

    Raises:
        LocalProtocolError: its text cannot stand in a line.
    """
    return Untagged(status.encode() + b" " + _text(code, text))


def capability(words: Iterable[str]) -> Untagged:
    """What the server can do."""
    return Untagged(f"CAPABILITY {' '.join(words)}".encode())


def enabled(words: Iterable[str]) -> Untagged:
    """What ENABLE has switched on."""
    return Untagged(" ".join(["ENABLED", *words]).encode())


def exists(count: int) -> Untagged:
    """How many messages there are."""
    return Untagged(b"%d EXISTS" % count)


def recent(count: int) -> Untagged:
    """How many of them no session has seen before."""
    return Untagged(b"%d RECENT" % count)


def expunge(number: int) -> Untagged:
    """A message is gone; those behind it move up by one."""
    return Untagged(b"%d EXPUNGE" % number)


def flags(names: Iterable[str]) -> Untagged:
    """The flags that a mailbox knows."""
    return Untagged(b"FLAGS " + flag_list(names))


def fetch(number: int, items: Sequence[tuple[bytes, bytes]]) -> Untagged:
    """Items of a message: each with its name and its value as they stand on the wire."""
    return Untagged(b"%d FETCH (%s)" % (number, b" ".join([name + b" " + value for name, value in items])))


def listed(
    kind: str, attributes: Iterable[str], delimiter: str, name: str, *, utf8: bool, extra: bytes = b""
) -> Untagged:
    """A mailbox of LIST or LSUB (`kind`); `extra` is the extended data, e.g. `(CHILDINFO ("SUBSCRIBED"))`."""
    words = b" ".join(attribute.encode("ascii") for attribute in attributes)
    what = mailbox(name, utf8=utf8) + (b" " + extra if extra else b"")
    return Untagged(b"%s (%s) %s %s" % (kind.encode(), words, quoted(delimiter.encode()) if delimiter else NIL, what))


def status(name: str, values: Iterable[tuple[str, int]], *, utf8: bool) -> Untagged:
    """STATUS of a mailbox."""
    items = " ".join(f"{item} {value}" for item, value in values).encode("ascii")
    return Untagged(b"STATUS %s (%s)" % (mailbox(name, utf8=utf8), items))


def search(numbers: Iterable[int], mod_sequence: int | None = None) -> Untagged:
    """What SEARCH found, with the highest mod-sequence of it where one is given."""
    words = ["SEARCH", *map(str, numbers), *([] if mod_sequence is None else [f"(MODSEQ {mod_sequence})"])]
    return Untagged(" ".join(words).encode("ascii"))


def esearch(tag: str, values: Iterable[tuple[str, bytes]], *, uid: bool) -> Untagged:
    """What SEARCH with RETURN found (RFC 4731)."""
    words = [b"ESEARCH", b"(TAG %s)" % quoted(tag.encode()), *([b"UID"] if uid else [])]
    return Untagged(b" ".join([*words, *(name.encode() + b" " + value for name, value in values)]))


def namespace(delimiter: str) -> Untagged:
    """That a user has mailboxes of his own, and nobody else's."""
    return Untagged(b'NAMESPACE (("" %s)) NIL NIL' % quoted(delimiter.encode()))


def identification(fields: Sequence[tuple[str, str]]) -> Untagged:
    """Who the server is."""
    pairs = [quoted(word.encode()) for field in fields for word in field]
    return Untagged(b"ID (%s)" % b" ".join(pairs) if pairs else b"ID NIL")


def quota(root: str, resources: Iterable[tuple[str, int, int]]) -> Untagged:
    """Use and limit of each resource of a quota root (RFC 9208)."""
    words = " ".join(f"{name} {used} {limit}" for name, used, limit in resources).encode("ascii")
    return Untagged(b"QUOTA %s (%s)" % (astring(root.encode()), words))


def quota_root(name: str, roots: Iterable[str], *, utf8: bool) -> Untagged:
    """The quota roots of a mailbox."""
    return Untagged(b" ".join([b"QUOTAROOT", mailbox(name, utf8=utf8), *(astring(root.encode()) for root in roots)]))


def mailbox(name: str, *, utf8: bool) -> bytes:
    """A mailbox name, as an atom where it is one."""
    return astring(encode_name(name, utf8=utf8), utf8=utf8)


def flag_list(names: Iterable[str]) -> bytes:
    """Flags in parentheses."""
    return b"(" + " ".join(names).encode("ascii") + b")"


def astring(octets: bytes, *, utf8: bool = False) -> bytes:
    """Octets as an atom where they are one, else as a string."""
    return octets if _ATOM.fullmatch(octets) and octets.upper() != NIL else string(octets, utf8=utf8)


def string(octets: bytes, *, utf8: bool = False) -> bytes:
    """Octets as a quoted string where they can be one, else as a literal; UTF-8 in quotes is IMAP4rev2's."""
    if utf8 and not octets.isascii():
        quotable = _QUOTABLE_UTF8.fullmatch(octets.decode("utf-8", "surrogateescape"))
        return quoted(octets) if quotable else literal(octets)
    return quoted(octets) if _QUOTABLE.fullmatch(octets) else literal(octets)


def nstring(octets: bytes | None) -> bytes:
    """Octets as a string; NIL for None."""
    return NIL if octets is None else string(octets)


def quoted(octets: bytes) -> bytes:
    """Octets as a quoted string."""
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def literal(octets: bytes, *, binary: bool = False) -> bytes:
    """Octets as a literal, or as a literal8, which may have NULs (RFC 3516)."""
    return b"%s{%d}\r\n%s" % (b"~" if binary else b"", len(octets), octets)


def sequence_set(ranges: SequenceSet) -> bytes:
    """A sequence set."""
    return b",".join(_number(low) if low == high else _number(low) + b":" + _number(high) for low, high in ranges)


def ranges_of(numbers: Iterable[int]) -> SequenceSet:
    """Numbers in ascending order as the shortest sequence set."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return tuple(ranges)


def section(name: str, asked: Section, first: int | None) -> bytes:
    """The name under which a section is given back: `BODY[1.MIME]<0>`."""
    words = [".".join([*map(str, asked.part), *([asked.text] if asked.text else [])]).encode("ascii")]
    if asked.fields:
        words.append(b"(" + b" ".join(map(astring, asked.fields)) + b")")
    return b"%s[%s]%s" % (name.encode(), b" ".join(words), b"" if first is None else b"<%d>" % first)


def _number(number: int | None) -> bytes:
    return b"*" if number is None else b"%d" % number


def _code(code: str) -> str:
    return f"[{code}] " if code else ""


def _text(code: str, text: str) -> bytes:
    """A response code and words, in ASCII: what is none is escaped."""
    if _LINE.fullmatch(said := _code(code) + text) is None:
        raise LocalProtocolError(f"a response cannot say {said!r}")
    return said.encode("ascii", "backslashreplace")
