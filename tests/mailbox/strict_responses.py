"""The formal syntax of IMAP's responses, word for word (RFC 3501 and 9051 section 9, and the extensions' additions).

It shares nothing with the writer under test, and forgives nothing: a space too many is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

ATOM = rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+"
ASTRING = rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+"
NUMBER = rb"(?:0|[1-9][0-9]*)"
NZ = rb"[1-9][0-9]*"
SET = rb"(?:%(r)s)(?:,(?:%(r)s))*" % {b"r": rb"%s(?::%s)?" % (NZ, NZ)}
FLAG = rb"(?:\\(?:Answered|Flagged|Deleted|Seen|Draft)|%s)" % ATOM
FLAGS = rb"\((?:%(f)s(?: %(f)s)*)?\)" % {b"f": rb"(?:%s|\\Recent)" % FLAG}
DATE_TIME = (
    rb'"(?: [1-9]|[0-3][0-9])-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-[0-9]{4}'
    rb' [0-2][0-9]:[0-5][0-9]:[0-6][0-9] [+-][0-9]{4}"'
)
TEXT = rb"[\x01-\x09\x0b\x0c\x0e-\x7f]+"
CODES = (
    rb"ALERT|CLOSED|PARSE|READ-ONLY|READ-WRITE|TRYCREATE|UNAVAILABLE|AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED"
    rb"|PRIVACYREQUIRED|CONTACTADMIN|NOPERM|INUSE|EXPUNGEISSUED|CORRUPTION|SERVERBUG|CLIENTBUG|CANNOT|LIMIT|OVERQUOTA"
    rb"|ALREADYEXISTS|NONEXISTENT|HASCHILDREN|NOTSAVED|UNKNOWN-CTE|USEATTR|TOOBIG|UIDNOTSTICKY|NOMODSEQ"
    rb"|(?:UIDNEXT|UIDVALIDITY|UNSEEN|HIGHESTMODSEQ) %(nz)s|MODIFIED %(set)s|APPENDUID %(nz)s %(set)s"
    rb"|COPYUID %(nz)s %(set)s %(set)s|BADCHARSET(?: \(%(a)s(?: %(a)s)*\))?"
    rb"|PERMANENTFLAGS \((?:%(fp)s(?: %(fp)s)*)?\)|CAPABILITY(?: %(atom)s)+"
) % {b"nz": NZ, b"set": SET, b"a": ASTRING, b"fp": rb"(?:%s|\\\*)" % FLAG, b"atom": ATOM}
ATTRIBUTES = (
    rb"\\(?:Noinferiors|Noselect|Marked|Unmarked|HasChildren|HasNoChildren|NonExistent|Subscribed|Remote"
    rb"|All|Archive|Drafts|Flagged|Junk|Sent|Trash)"
)
STATUS_ITEM = (
    rb"(?:MESSAGES|RECENT|UIDNEXT|UIDVALIDITY|UNSEEN|DELETED|DELETED-STORAGE|SIZE|HIGHESTMODSEQ|APPENDLIMIT) [0-9]+"
)


class SyntaxViolationError(AssertionError):
    """A response breaks the formal syntax."""


@dataclass
class Response:
    """A response: `tag` is `*`, `+` or a tag; `kind` is e.g. OK, EXISTS, FETCH; `number` stands in front of it."""

    tag: str
    kind: str
    number: int = 0
    code: str = ""
    text: str = ""
    items: Any = None


class Reader:
    """Walks over octets; every method takes what the syntax has, or raises."""

    def __init__(self, octets: bytes, *, utf8: bool = False) -> None:
        self.octets, self.at, self.utf8 = octets, 0, utf8

    def fail(self, what: str) -> None:
        """Say what the syntax has at this place."""
        raise SyntaxViolationError(
            f"{what} expected at {self.octets[self.at : self.at + 60]!r} of {self.octets[-400:]!r}"
        )

    def take(self, pattern: bytes, what: str = "") -> re.Match[bytes]:
        """Take what a pattern matches."""
        found = re.compile(pattern).match(self.octets, self.at)
        if found is None:
            self.fail(what or pattern.decode("latin-1"))
        self.at = found.end()
        return found

    def _matched(self, pattern: bytes) -> str:
        return self.take(pattern)[0].decode()

    def _flags(self, pattern: bytes) -> str:
        """Flags in parentheses, each once; their case counts for nothing."""
        text = self.take(pattern)[0].decode()
        flags = [flag.lower() for flag in text.strip(" ()").split()]
        if len(set(flags)) < len(flags):
            self.fail("each flag once")
        return text

    def maybe(self, pattern: bytes) -> re.Match[bytes] | None:
        """Take what a pattern matches, if it does."""
        found = re.compile(pattern).match(self.octets, self.at)
        self.at = self.at if found is None else found.end()
        return found

    def string(self) -> bytes:
        """A quoted string or a literal."""
        if (found := self.maybe(rb"(~?)\{(0|[1-9][0-9]*)\}\r\n")) is not None:
            size = int(found[2])
            value = self.octets[self.at : self.at + size]
            if len(value) < size or found[1] or b"\0" in value:
                self.fail("a literal without NULs")
            self.at += size
            return value
        more = rb"\x80-\xff" if self.utf8 else b""
        text = self.take(rb'"((?:[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f' + more + rb']|\\["\\])*)"', "a string")[
            1
        ]
        return re.sub(rb"\\(.)", rb"\1", text)

    def nstring(self) -> bytes | None:
        """A string or NIL."""
        return None if self.maybe(rb"NIL") else self.string()

    def literal8(self) -> bytes | None:
        """A literal that may have NULs, or an nstring."""
        if (found := self.maybe(rb"~\{(0|[1-9][0-9]*)\}\r\n")) is not None:
            value = self.octets[self.at : self.at + int(found[1])]
            self.at += int(found[1])
            return value
        return self.nstring()

    def astring(self) -> bytes:
        """An atom or a string."""
        found = self.maybe(ASTRING)
        return self.string() if found is None else found[0]

    def response(self) -> Response:
        """A response."""
        if self.maybe(rb"\+ "):
            text = self.take(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\r\n|" + TEXT + rb"\r\n")[
                0
            ]
            return Response("+", "+", text=text[:-2].decode())
        if not self.maybe(rb"\* "):
            tag = self.take(rb"[!#$&',\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+ ", "a tag")[0][:-1].decode()
            return self._state(tag, self.take(rb"OK|NO|BAD", "a state")[0])
        if (number := self.maybe(rb"(0|[1-9][0-9]*) ")) is not None:
            return self._numbered(int(number[1]))
        kind = self.take(rb"[A-Z]+", "a kind")[0]
        if kind in (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"):
            return self._state("*", kind)
        items = self._DATA[kind](self)
        self.take(rb"\r\n", "the end of the line")
        return Response("*", kind.decode(), items=items)

    def _state(self, tag: str, kind: bytes) -> Response:
        self.take(rb" ")
        code = self.maybe(rb"\[((?:" + CODES + rb"))\] ")
        if code is None and self.octets[self.at : self.at + 1] == b"[":
            self.fail("a known response code")
        text = self.take(TEXT, "text")[0]
        self.take(rb"\r\n")
        return Response(tag, kind.decode(), code="" if code is None else code[1].decode(), text=text.decode())

    def _numbered(self, number: int) -> Response:
        kind = self.take(rb"EXISTS|RECENT|EXPUNGE|FETCH")[0].decode()
        if kind in ("EXPUNGE", "FETCH") and number == 0:
            self.fail("a message number")
        items = None
        if kind == "FETCH":
            self.take(rb" \(")
            items = [self._item()]
            while self.maybe(rb" "):
                items.append(self._item())
            self.take(rb"\)")
        self.take(rb"\r\n")
        if items is not None and len(dict(items)) < len(items):
            self.fail("each item once")
        return Response("*", kind, number=number, items=dict(items) if items else None)

    def _item(self) -> tuple[str, Any]:
        start = self.at
        name = self.take(rb"BODYSTRUCTURE|BODY|BINARY\.SIZE|BINARY|[A-Z][A-Z0-9.]*")[0].decode()
        if name in ("BODY", "BINARY", "BINARY.SIZE") and self.maybe(rb"\["):
            self._section(name)
            name = self.octets[start : self.at].decode()
            self.take(rb" ")
            if name.startswith("BINARY.SIZE"):
                return name, int(self.take(NUMBER)[0])
            return name, self.literal8() if name.startswith("BINARY") else self.nstring()
        self.take(rb" ")
        reads = {
            "FLAGS": partial(self._flags, FLAGS),
            "UID": lambda: int(self.take(NZ)[0]),
            "INTERNALDATE": partial(self._matched, DATE_TIME),
            "RFC822.SIZE": lambda: int(self.take(NUMBER)[0]),
            "MODSEQ": lambda: int(self.take(rb"\((%s)\)" % NZ)[1]),
            "ENVELOPE": self.envelope,
            "BODY": lambda: self.body(extended=False),
            "BODYSTRUCTURE": lambda: self.body(extended=True),
            **dict.fromkeys(("RFC822", "RFC822.HEADER", "RFC822.TEXT"), self.nstring),
        }
        if name not in reads:
            self.fail("an item of FETCH")
        return name, reads[name]()

    def _section(self, name: str) -> None:
        parts = self.maybe(rb"%s(?:\.%s)*" % (NZ, NZ))
        if name == "BODY" and (parts is None or self.maybe(rb"\.")):
            text = self.maybe(rb"HEADER\.FIELDS(?:\.NOT)?|HEADER|TEXT|MIME")
            if (text is None and parts is not None) or (text is not None and text[0] == b"MIME" and parts is None):
                self.fail("what of the part is asked for")
            if text is not None and b"FIELDS" in text[0]:
                self.take(rb" \(")
                self.astring()
                while self.maybe(rb" "):
                    self.astring()
                self.take(rb"\)")
        self.take(rb"\]")
        if name != "BINARY.SIZE":
            self.maybe(rb"<%s>" % NUMBER)

    def envelope(self) -> list[Any]:
        """ENVELOPE."""
        self.take(rb"\(")
        values: list[Any] = []
        for place in range(10):
            if place:
                self.take(rb" ")
            values.append(self._addresses() if 2 <= place <= 7 else self.nstring())
        self.take(rb"\)")
        return values

    def _addresses(self) -> list[tuple[bytes | None, ...]] | None:
        if self.maybe(rb"NIL"):
            return None
        self.take(rb"\(")
        found = []
        while not found or not self.maybe(rb"\)"):
            self.take(rb"\(")
            words = []
            for place in range(4):
                if place:
                    self.take(rb" ")
                words.append(self.nstring())
            self.take(rb"\)")
            found.append(tuple(words))
        return found

    def body(self, *, extended: bool) -> list[Any]:
        """BODY or BODYSTRUCTURE."""
        self.take(rb"\(")
        if self.octets[self.at : self.at + 1] == b"(":
            words: list[Any] = []
            while self.octets[self.at : self.at + 1] == b"(":
                words.append(self.body(extended=extended))
            self.take(rb" ")
            words.append(self.string())
            if extended and self.maybe(rb" "):
                words.append(self._parameters())
                self._extension(words)
        else:
            major, _ = self.string().lower(), self.take(rb" ")
            words = [major, self.string().lower()]
            for read in (self._parameters, self.nstring, self.nstring, self.string):
                self.take(rb" ")
                words.append(read())
            self.take(rb" ")
            words.append(int(self.take(NUMBER)[0]))
            if words[:2] in ([b"message", b"rfc822"], [b"message", b"global"]):
                self.take(rb" ")
                words.append(self.envelope())
                self.take(rb" ")
                words.append(self.body(extended=extended))
            if major == b"text" or words[:2] in ([b"message", b"rfc822"], [b"message", b"global"]):
                self.take(rb" ")
                words.append(int(self.take(NUMBER)[0]))
            if extended and self.maybe(rb" "):
                words.append(self.nstring())
                self._extension(words)
        self.take(rb"\)")
        return words

    def _extension(self, words: list[Any]) -> None:
        for read in (self._disposition, self._languages, self.nstring):
            if not self.maybe(rb" "):
                return
            words.append(read())

    def _disposition(self) -> Any:
        if self.maybe(rb"NIL"):
            return None
        self.take(rb"\(")
        name = self.string()
        self.take(rb" ")
        parameters = self._parameters()
        self.take(rb"\)")
        return name, parameters

    def _languages(self) -> Any:
        if not self.maybe(rb"\("):
            return self.nstring()
        found = [self.string()]
        while self.maybe(rb" "):
            found.append(self.string())
        self.take(rb"\)")
        return found

    def _parameters(self) -> dict[bytes, bytes] | None:
        if self.maybe(rb"NIL"):
            return None
        self.take(rb"\(")
        words = [self.string()]
        while self.maybe(rb" "):
            words.append(self.string())
        self.take(rb"\)")
        if len(words) % 2:
            self.fail("a parameter's value")
        return dict(zip(words[::2], words[1::2], strict=True))

    def _list(self) -> Any:
        attributes = self.take(rb" \((?:%(a)s(?: %(a)s)*)?\) " % {b"a": ATTRIBUTES})[0].decode().strip()[1:-1].split()
        delimiter = self.take(rb'"(?:[^"\\]|\\["\\])"|NIL')[0].decode()
        self.take(rb" ")
        name = self.astring()
        extended = self.maybe(rb' \(("?)CHILDINFO\1 \("SUBSCRIBED"\)\)')
        return set(attributes), delimiter, name.decode(), bool(extended)

    def _status(self) -> Any:
        self.take(rb" ")
        name = self.astring().decode()
        words = self.take(rb" \((?:%(i)s(?: %(i)s)*)?\)" % {b"i": STATUS_ITEM})[0].decode()[2:-1].split()
        return name, dict(zip(words[::2], map(int, words[1::2]), strict=True))

    def _search(self) -> Any:
        numbers = [int(word) for word in self.take(rb"(?: %s)*(?! *[0-9])" % NZ)[0].split()]
        found = self.maybe(rb" \(MODSEQ (%s)\)" % NZ)
        return numbers, None if found is None else int(found[1])

    def _esearch(self) -> Any:
        tag = self.take(rb' \(TAG "([^"]+)"\)')[1].decode()
        values: dict[str, Any] = {"TAG": tag, "UID": bool(self.maybe(rb" UID"))}
        while (found := self.maybe(rb" (?:(MIN|MAX|COUNT|MODSEQ) ([0-9]+)|(ALL) (" + SET + rb"))")) is not None:
            values[(found[1] or found[3]).decode()] = (found[2] or found[4]).decode()
        return values

    def _quota(self) -> Any:
        self.take(rb" ")
        root = self.astring()
        resource = rb"%s %s %s" % (ATOM, NUMBER, NUMBER)
        return root.decode(), self.take(rb" \(%(r)s(?: %(r)s)*\)" % {b"r": resource})[0].decode().strip()

    def _quota_root(self) -> Any:
        names = []
        while self.maybe(rb" "):
            names.append(self.astring().decode())
        return names

    def _id(self) -> Any:
        self.take(rb" ")
        return self._parameters()

    _DATA: ClassVar = {
        b"FLAGS": lambda self: self._flags(rb" \((?:%(f)s(?: %(f)s)*)?\)" % {b"f": FLAG})[2:-1].split(),
        b"LIST": _list,
        b"LSUB": _list,
        b"STATUS": _status,
        b"SEARCH": _search,
        b"ESEARCH": _esearch,
        b"QUOTA": _quota,
        b"QUOTAROOT": _quota_root,
        b"ID": _id,
        b"CAPABILITY": lambda self: self.take(rb"(?: %s)+" % ATOM)[0].decode().split(),
        b"ENABLED": lambda self: self.take(rb"(?: %s)*" % ATOM)[0].decode().split(),
        b"NAMESPACE": lambda self: self.take(rb' \(\("" "/"\)\) NIL NIL')[0].decode(),
    }


def read_all(octets: bytes, *, utf8: bool = False) -> list[Response]:
    """The responses that octets are, which have to be whole."""
    reader = Reader(octets, utf8=utf8)
    found = []
    while reader.at < len(octets):
        found.append(reader.response())
    return found
