"""The items of FETCH, as they stand on the wire (RFC 3501 and 9051 sections 6.4.5 and 7.4.2, RFC 3516)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sim.mail.address_list import Entry, read_address_list
from sim.mail.mime import Part, parameters_of, read_message, split_header
from sim.mailbox.interface import MessageInfo
from sim.mailbox.transfer import decoded
from sim.protocol.imap4.commands import FetchItem, Section
from sim.protocol.imap4.dates import write_date_time
from sim.protocol.imap4.responses import NIL, flag_list, literal, nstring, section

_NO_PARTS = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)'
"""What stands for the parts of a multipart that has none, and for the message in one that cannot be read: the grammar
asks for one."""

_NO_ENVELOPE = b"(%s)" % b" ".join([NIL] * 10)

_WHOLE = {"RFC822": Section(), "RFC822.HEADER": Section((), "HEADER"), "RFC822.TEXT": Section((), "TEXT")}


class FetchedMessage:
    """A message whose items are asked for; its content is read, and taken apart, when an item needs it.

    Args:
        info: what is known of it without that.
        content: reads it.
        recent: whether the session has it as recent.
    """

    def __init__(self, info: MessageInfo, content: Callable[[], bytes], *, recent: bool) -> None:
        self.info = info
        self._read = content
        self.recent = recent
        self._content: bytes | None = None
        self._structure: Part | None = None

    @property
    def content(self) -> bytes:
        """Its content."""
        if self._content is None:
            self._content = self._read()
        return self._content

    @property
    def structure(self) -> Part:
        """Its parts."""
        if self._structure is None:
            self._structure = read_message(self.content)
        return self._structure

    def item(self, item: FetchItem) -> tuple[bytes, bytes]:
        """An item's name and value.

        Raises:
            UnknownEncodingError: BINARY asks for what cannot be decoded.
            ExpungedError: the content is gone.
        """
        name = item.name
        if (plain := _PLAIN.get(name)) is not None:
            return name.encode(), plain(self)
        if item.section is None:
            return (b"BODY", _structure(self.structure, extended=False)) if name == "BODY" else self._rfc822(name)
        if name == "BODY":
            octets = self.section(item.section)
        else:
            octets = self._decoded(item.section)
            if name == "BINARY.SIZE":
                return section(name, item.section, None), b"%d" % len(octets or b"")
        first = None
        if item.partial is not None:
            first, count = item.partial
            octets = None if octets is None else octets[first : first + count]
        label = section(name, item.section, first)
        return label, NIL if octets is None else _literal(octets, binary=name == "BINARY")

    def section(self, asked: Section) -> bytes | None:
        """The octets of a section; None where there is no such part."""
        if not asked.part:
            if not asked.text:
                return self.content
            # The structure need not be known.
            header, body = split_header(self.content)
            return body if asked.text == "TEXT" else _header(header, asked)
        part = self.structure.find(asked.part)
        if part is None or not asked.text:
            return None if part is None else part.body
        if asked.text == "MIME":
            return part.header
        inner = part.parts[0] if part.is_message and part.parts else None
        if inner is None:
            return None
        return inner.body if asked.text == "TEXT" else _header(inner.header, asked)

    def _rfc822(self, name: str) -> tuple[bytes, bytes]:
        return name.encode(), _literal(self.section(_WHOLE[name]) or b"")

    def _decoded(self, asked: Section) -> bytes | None:
        """A part's body without its transfer encoding."""
        if not asked.part:
            return self.content
        part = self.structure.find(asked.part)
        return None if part is None else decoded(part)


def _literal(octets: bytes, *, binary: bool = False) -> bytes:
    """Octets as a literal. Of a NUL, which none but BINARY's may have, 0x80 is told, as by Dovecot."""
    nuls = b"\0" in octets
    return literal(octets if binary or not nuls else octets.replace(b"\0", b"\x80"), binary=binary and nuls)


def flags_with_recent(flags: Iterable[str], *, recent: bool) -> bytes:
    """Flags in parentheses, in an order that depends on nothing but them."""
    return flag_list([*sorted(flags), *(["\\Recent"] if recent else [])])


def _header(header: bytes, asked: Section) -> bytes:
    """A header, or the fields of it that are asked for, with the empty line behind them."""
    if not asked.fields:
        return header
    wanted = {field.lower() for field in asked.fields}
    without = asked.text == "HEADER.FIELDS.NOT"
    kept: list[bytes] = []
    keeps = False
    for line in header.splitlines(keepends=True):
        if not line.strip(b"\r\n"):
            break
        if line[:1] not in b" \t":
            keeps = (line.partition(b":")[0].rstrip(b" \t").lower() in wanted) is not without
        if keeps:
            kept.append(line)
    return b"".join([*kept, b"\r\n"])


def _envelope(message: Part) -> bytes:
    sender = _addresses(message, "from")
    people = [sender]
    people += [_addresses(message, name) or sender for name in ("sender", "reply-to")]
    people += [_addresses(message, name) for name in ("to", "cc", "bcc")]
    first, last = ("date", "subject"), ("in-reply-to", "message-id")
    return b"(%s)" % b" ".join(
        [
            *(_string(message.first(name)) for name in first),
            *(each or NIL for each in people),
            *(_string(message.first(name)) for name in last),
        ]
    )


def _addresses(message: Part, name: str) -> bytes:
    """The addresses of a field, or of all fields of that name, in parentheses; nothing where there are none."""
    entries = [entry for each, value in message.fields if each == name for entry in read_address_list(value)]
    return b"(%s)" % b"".join(map(_address, entries)) if entries else b""


def _address(entry: Entry) -> bytes:
    return b"(%s)" % b" ".join(map(_string, (entry.name, entry.route, entry.mailbox, entry.host)))


def _structure(part: Part, *, extended: bool = True) -> bytes:
    major, minor = (_string(word.encode()) for word in part.content_type)
    if part.content_type[0] == "multipart":
        words = [b"".join(_structure(each, extended=extended) for each in part.parts) or _NO_PARTS, minor]
        if extended:
            words.append(_parameters(part.parameters))
    else:
        words = [
            *(major, minor, _parameters(part.parameters), _string(part.first("content-id"))),
            *(_string(part.first("content-description")), _string(part.encoding.encode()), b"%d" % len(part.body)),
        ]
        if part.is_message and part.parts:
            words += [_envelope(part.parts[0]), _structure(part.parts[0], extended=extended)]
        elif part.is_message:
            words += [_NO_ENVELOPE, _NO_PARTS]
        if part.content_type[0] == "text" or part.is_message:
            words.append(b"%d" % part.lines())
        if extended:
            words.append(_string(part.first("content-md5")))
    if extended:
        words += [_disposition(part), _languages(part), _string(part.first("content-location"))]
    return b"(%s)" % b" ".join(words)


def _string(octets: bytes | None) -> bytes:
    """Octets as a string without NULs, which no string may have; NIL for None."""
    return nstring(None if octets is None else octets.replace(b"\0", b""))


def _parameters(parameters: Sequence[tuple[str, str]]) -> bytes:
    words = [_string(word.encode("utf-8", "surrogateescape")) for pair in parameters for word in pair]
    return b"(%s)" % b" ".join(words) if words else NIL


def _disposition(part: Part) -> bytes:
    value = part.first("content-disposition")
    if not value:
        return NIL
    return b"(%s %s)" % (_string(value.partition(b";")[0].strip().lower()), _parameters(parameters_of(value)))


def _languages(part: Part) -> bytes:
    languages = [word.strip() for word in (part.first("content-language") or b"").split(b",") if word.strip()]
    if len(languages) > 1:
        return b"(%s)" % b" ".join(map(_string, languages))
    return _string(languages[0]) if languages else NIL


_PLAIN: dict[str, Callable[[FetchedMessage], bytes]] = {
    "FLAGS": lambda message: flags_with_recent(message.info.flags, recent=message.recent),
    "UID": lambda message: b"%d" % message.info.uid,
    "INTERNALDATE": lambda message: b'"' + write_date_time(message.info.internal_date).encode() + b'"',
    "RFC822.SIZE": lambda message: b"%d" % message.info.size,
    "MODSEQ": lambda message: b"(%d)" % message.info.mod_seq,
    "ENVELOPE": lambda message: _envelope(message.structure),
    "BODYSTRUCTURE": lambda message: _structure(message.structure),
}
"""The items that are a function of the message alone."""
