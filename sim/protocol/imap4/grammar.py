"""The grammar of IMAP's commands: what each name takes stands here once (RFC 3501 and 9051 section 9)."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Mapping

from sim.protocol.imap4.commands import (
    Append,
    Authenticate,
    AuthenticateCancel,
    AuthenticateResponse,
    Capability,
    Check,
    Close,
    Command,
    Copy,
    Create,
    Delete,
    Enable,
    Examine,
    Expunge,
    Fetch,
    GetQuota,
    GetQuotaRoot,
    Id,
    Idle,
    ListMailboxes,
    Login,
    Logout,
    Lsub,
    Move,
    Namespace,
    Noop,
    Rename,
    Search,
    Select,
    SetQuota,
    StartTls,
    Status,
    Store,
    Subscribe,
    Unselect,
    Unsubscribe,
)
from sim.protocol.imap4.dates import read_date_time
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.fetch_grammar import read_items
from sim.protocol.imap4.names import decode_name
from sim.protocol.imap4.scanner import Scanner
from sim.protocol.imap4.search_grammar import read_search, read_sequence_set

STATUS_ITEMS = frozenset(
    {"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", "HIGHESTMODSEQ", "APPENDLIMIT"}
)
SYSTEM_FLAGS = {flag.lower(): flag for flag in ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")}
"""The flags that a client may set, in lower case -> as they are written."""

_SELECTION = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_RETURN = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE"})
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
    uid = name == "UID"
    if uid:
        scanner.space()
        name = scanner.word()
    if (kind := _ALONE.get(name)) is not None and not uid:
        command = kind()
    elif (mailbox := _ONE_MAILBOX.get(name)) is not None and not uid:
        scanner.space()
        command = mailbox(_mailbox(scanner, utf8))
    elif (read := _READERS.get(name)) is not None and not uid:
        command = read(scanner, utf8)
    elif (messages := _MESSAGES.get(name)) is not None:
        command = messages(scanner, utf8, uid)
    elif name == "EXPUNGE":
        scanner.space()
        command = Expunge(read_sequence_set(scanner))
    else:
        raise SyntaxFault(f"unknown command {'UID ' if uid else ''}{name}")
    scanner.end()
    return command


def read_authenticate_response(line: bytes) -> AuthenticateResponse | AuthenticateCancel:
    """What a line that answers a challenge means.

    Raises:
        SyntaxFault: it is no base64.
    """
    return AuthenticateCancel() if line == b"*" else AuthenticateResponse(_base64(line))


def read_flag(scanner: Scanner) -> str:
    """A flag that a client may set: a system flag as the RFC writes it, or a keyword as it is.

    Raises:
        SyntaxFault: it is none.
    """
    if not scanner.literally(b"\\"):
        return scanner.atom()
    flag = f"\\{scanner.atom()}"
    if flag.lower() not in SYSTEM_FLAGS:
        raise SyntaxFault(f"{flag} cannot be set")
    return SYSTEM_FLAGS[flag.lower()]


def _base64(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError) as error:
        raise SyntaxFault("not base64") from error


def _mailbox(scanner: Scanner, utf8: bool) -> str:
    return decode_name(scanner.astring(), utf8=utf8)


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


def _select(kind: Callable[[str, bool], Command]) -> Callable[[Scanner, bool], Command]:
    def read(scanner: Scanner, utf8: bool) -> Command:
        scanner.space()
        mailbox = _mailbox(scanner, utf8)
        parameters = scanner.listed(scanner.word) if scanner.more() else ()
        if not {"CONDSTORE"}.issuperset(parameters):
            raise SyntaxFault(f"unknown parameter {' '.join(parameters)}")
        return kind(mailbox, bool(parameters))

    return read


def _create(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    mailbox = _mailbox(scanner, utf8)
    if not scanner.more():
        return Create(mailbox)

    def use() -> str:
        scanner.expect(b"\\")
        return f"\\{scanner.atom().capitalize()}"

    scanner.expect(b"(USE ")
    uses = scanner.listed(use, empty=True)
    scanner.expect(b")")
    return Create(mailbox, uses)


def _rename(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    mailbox = _mailbox(scanner, utf8)
    scanner.space()
    return Rename(mailbox, _mailbox(scanner, utf8))


def _list(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    selection: tuple[str, ...] = ()
    extended = scanner.peek() == b"("
    if extended:
        selection = scanner.listed(scanner.word, empty=True)
        scanner.space()
    reference = _mailbox(scanner, utf8)
    scanner.space()

    def pattern() -> str:
        return decode_name(scanner.list_mailbox(), utf8=utf8)

    if scanner.peek() == b"(":
        patterns, extended = scanner.listed(pattern), True
    else:
        patterns = (pattern(),)
    returns: list[str] = []
    status: tuple[str, ...] = ()
    if scanner.more():
        scanner.expect(b"RETURN ")
        extended = True

        def option() -> str:
            nonlocal status
            name = scanner.word()
            if name == "STATUS":
                scanner.space()
                status = _status_items(scanner)
            return name

        returns = [name for name in scanner.listed(option, empty=True) if name != "STATUS"]
    if not _SELECTION.issuperset(selection) or not _RETURN.issuperset(returns):
        raise SyntaxFault("unknown option of LIST")
    if "RECURSIVEMATCH" in selection and not {"SUBSCRIBED", "SPECIAL-USE"} & {*selection}:
        raise SyntaxFault("RECURSIVEMATCH needs another selection option (RFC 5258 section 3.1)")
    return ListMailboxes(reference, patterns, selection, tuple(returns), status, extended)


def _lsub(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    reference = _mailbox(scanner, utf8)
    scanner.space()
    return Lsub(reference, decode_name(scanner.list_mailbox(), utf8=utf8))


def _status(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    mailbox = _mailbox(scanner, utf8)
    scanner.space()
    return Status(mailbox, _status_items(scanner))


def _status_items(scanner: Scanner) -> tuple[str, ...]:
    items = scanner.listed(scanner.word)
    if not STATUS_ITEMS.issuperset(items):
        raise SyntaxFault(f"unknown STATUS item {' '.join(item for item in items if item not in STATUS_ITEMS)}")
    return tuple(dict.fromkeys(items))


def _append(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    mailbox = _mailbox(scanner, utf8)
    scanner.space()
    flags: tuple[str, ...] = ()
    if scanner.peek() == b"(":
        flags = scanner.listed(lambda: read_flag(scanner), empty=True)
        scanner.space()
    at = None
    if scanner.peek() == b'"':
        at = read_date_time(scanner.string().decode("ascii", "replace"))
        scanner.space()
    if scanner.peek() == b"\x00":
        return Append(mailbox, scanner.string(), flags, at)
    # RFC 6855 section 4: UTF8 (~{...}) around a message with UTF-8 in its header.
    scanner.expect(b"UTF8 (")
    if scanner.peek() != b"\x00":
        raise SyntaxFault("the message has to be a literal")
    content = scanner.string()
    scanner.expect(b")")
    return Append(mailbox, content, flags, at)


def _get_quota(scanner: Scanner, _utf8: bool) -> Command:
    scanner.space()
    return GetQuota(scanner.text())


def _set_quota(scanner: Scanner, _utf8: bool) -> Command:
    scanner.space()
    root = scanner.text()
    scanner.space()

    def limit() -> tuple[str, int]:
        resource = scanner.word()
        scanner.space()
        return resource, scanner.number(63)

    return SetQuota(root, scanner.listed(limit, empty=True))


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
        flags = scanner.listed(lambda: read_flag(scanner), empty=True)
    else:
        several = [read_flag(scanner)]
        while scanner.more():
            several.append(read_flag(scanner))
        flags = tuple(several)
    return Store(messages, operation, tuple(dict.fromkeys(flags)), silent, uid, unchanged_since)


def _to_mailbox(kind: Callable[..., Command]) -> Callable[[Scanner, bool, bool], Command]:
    def read(scanner: Scanner, utf8: bool, uid: bool) -> Command:
        scanner.space()
        messages = read_sequence_set(scanner)
        scanner.space()
        return kind(messages, _mailbox(scanner, utf8), uid)

    return read


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
_ONE_MAILBOX: Mapping[str, Callable[[str], Command]] = {
    "DELETE": Delete,
    "SUBSCRIBE": Subscribe,
    "UNSUBSCRIBE": Unsubscribe,
    "GETQUOTAROOT": GetQuotaRoot,
}
_READERS: Mapping[str, Callable[[Scanner, bool], Command]] = {
    "ID": _id,
    "AUTHENTICATE": _authenticate,
    "LOGIN": _login,
    "ENABLE": _enable,
    "SELECT": _select(Select),
    "EXAMINE": _select(Examine),
    "CREATE": _create,
    "RENAME": _rename,
    "LIST": _list,
    "LSUB": _lsub,
    "STATUS": _status,
    "APPEND": _append,
    "GETQUOTA": _get_quota,
    "SETQUOTA": _set_quota,
}
_MESSAGES: Mapping[str, Callable[[Scanner, bool, bool], Command]] = {
    "SEARCH": _search,
    "FETCH": _fetch,
    "STORE": _store,
    "COPY": _to_mailbox(Copy),
    "MOVE": _to_mailbox(Move),
}
