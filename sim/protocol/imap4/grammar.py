"""The grammar of IMAP's commands: what each name takes stands here once (RFC 3501 and 9051 section 9)."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Mapping

from sim.protocol.imap4 import mailbox_grammar
from sim.protocol.imap4.commands import (
    Authenticate,
    AuthenticateCancel,
    AuthenticateResponse,
    Capability,
    Check,
    Close,
    Command,
    Copy,
    Enable,
    Expunge,
    Fetch,
    Id,
    Idle,
    Login,
    Logout,
    Move,
    Namespace,
    Noop,
    Search,
    StartTls,
    Store,
    Unselect,
)
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.fetch_grammar import read_items
from sim.protocol.imap4.mailbox_grammar import read_mailbox
from sim.protocol.imap4.scanner import Scanner
from sim.protocol.imap4.search_grammar import read_search, read_sequence_set

_ID_FIELDS = 30


def read_command(scanner: Scanner, *, utf8: bool) -> Command:
    """The command behind a tag and its space.

    Args:
        scanner: stands at the command's name.
        utf8: whether mailbox names are UTF-8, as after ENABLE IMAP4rev2.

    Raises:
        SyntaxFault: it is none.
    """
    name = scanner.word()
    if name == "UID":
        scanner.space()
        name = scanner.word()
        if name not in _BY_UID:
            raise SyntaxFault(f"unknown command UID {name}")
        command = _BY_UID[name](scanner, utf8, True)
    elif name in _ALONE:
        command = _ALONE[name]()
    elif name in _READERS:
        command = _READERS[name](scanner, utf8)
    elif name in _MESSAGES:
        command = _MESSAGES[name](scanner, utf8, False)
    else:
        raise SyntaxFault(f"unknown command {name}")
    scanner.end()
    return command


def read_authenticate_response(line: bytes) -> AuthenticateResponse | AuthenticateCancel:
    """What a line that answers a challenge means.

    Raises:
        SyntaxFault: it is no base64.
    """
    return AuthenticateCancel() if line == b"*" else AuthenticateResponse(_base64(line))


def _base64(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError) as error:
        raise SyntaxFault("not base64") from error


def _id(scanner: Scanner, _utf8: bool) -> Command:
    scanner.space()
    if scanner.peek() != b"(":
        if scanner.word() != "NIL":
            raise SyntaxFault("fields in parentheses or NIL expected")
        return Id(None)

    def pair() -> tuple[bytes, bytes | None]:
        field = scanner.string()
        scanner.space()
        return field, scanner.nstring()

    fields = scanner.listed(pair, empty=True)
    if len(fields) > _ID_FIELDS:
        raise SyntaxFault(f"more than {_ID_FIELDS} fields")
    return Id(fields)


def _authenticate(scanner: Scanner, _utf8: bool) -> Command:
    scanner.space()
    mechanism = scanner.word()
    if not scanner.more():
        return Authenticate(mechanism)
    initial = scanner.rest
    scanner.at += len(initial)
    return Authenticate(mechanism, b"" if initial == b"=" else _base64(initial))


def _login(scanner: Scanner, _utf8: bool) -> Command:
    scanner.space()
    name = scanner.astring()
    scanner.space()
    return Login(name, scanner.astring())


def _enable(scanner: Scanner, _utf8: bool) -> Command:
    scanner.space()
    names = [scanner.word()]
    while scanner.more():
        names.append(scanner.word())
    return Enable(tuple(names))


def _fetch(scanner: Scanner, _utf8: bool, uid: bool) -> Command:
    scanner.space()
    messages = read_sequence_set(scanner)
    scanner.space()
    items = read_items(scanner)
    changed_since = None
    if scanner.more():
        scanner.expect(b"(CHANGEDSINCE ")
        changed_since = scanner.number(63)
        scanner.expect(b")")
    return Fetch(messages, items, uid, changed_since)


def _to_mailbox(kind: Callable[..., Command]) -> Callable[[Scanner, bool, bool], Command]:
    def read(scanner: Scanner, utf8: bool, uid: bool) -> Command:
        scanner.space()
        messages = read_sequence_set(scanner)
        scanner.space()
        return kind(messages, read_mailbox(scanner, utf8=utf8), uid)

    return read


def _store(scanner: Scanner, _utf8: bool, uid: bool) -> Command:
    scanner.space()
    messages = read_sequence_set(scanner)
    scanner.space()
    unchanged_since = None
    if scanner.literally(b"(UNCHANGEDSINCE "):
        unchanged_since = scanner.number(63)
        scanner.expect(b")")
        scanner.space()
    operation = "+" if scanner.literally(b"+") else "-" if scanner.literally(b"-") else ""
    scanner.expect(b"FLAGS")
    silent = scanner.literally(b".SILENT")
    scanner.space()
    if scanner.peek() == b"(":
        flags = scanner.listed(scanner.flag, empty=True)
    else:
        several = [scanner.flag()]
        while scanner.more():
            several.append(scanner.flag())
        flags = tuple(several)
    return Store(messages, operation, tuple(dict.fromkeys(flags)), silent, uid, unchanged_since)


def _expunge(scanner: Scanner, _utf8: bool, _uid: bool) -> Command:
    scanner.space()
    return Expunge(read_sequence_set(scanner))


def _search(scanner: Scanner, _utf8: bool, uid: bool) -> Search:
    return read_search(scanner, uid=uid)


_ALONE: Mapping[str, Callable[[], Command]] = {
    "CAPABILITY": Capability,
    "NOOP": Noop,
    "LOGOUT": Logout,
    "STARTTLS": StartTls,
    "NAMESPACE": Namespace,
    "IDLE": Idle,
    "CHECK": Check,
    "CLOSE": Close,
    "UNSELECT": Unselect,
    "EXPUNGE": Expunge,
}
_READERS: Mapping[str, Callable[[Scanner, bool], Command]] = {
    "ID": _id,
    "AUTHENTICATE": _authenticate,
    "LOGIN": _login,
    "ENABLE": _enable,
    **mailbox_grammar.READERS,
}
_MESSAGES: Mapping[str, Callable[[Scanner, bool, bool], Command]] = {
    "SEARCH": _search,
    "FETCH": _fetch,
    "STORE": _store,
    "COPY": _to_mailbox(Copy),
    "MOVE": _to_mailbox(Move),
}
_BY_UID: Mapping[str, Callable[[Scanner, bool, bool], Command]] = {**_MESSAGES, "EXPUNGE": _expunge}
