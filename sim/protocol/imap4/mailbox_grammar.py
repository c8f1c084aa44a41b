"""The grammar of the commands on mailboxes: what follows each name (RFC 3501 and 9051 section 6.3 and 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sim.protocol.imap4.commands import (
    Append,
    Command,
    Create,
    Delete,
    Examine,
    GetQuota,
    GetQuotaRoot,
    ListMailboxes,
    Lsub,
    Rename,
    Select,
    SetQuota,
    Status,
    Subscribe,
    Unsubscribe,
)
from sim.protocol.imap4.dates import read_date_time
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.names import UNDECODABLE, decode_name
from sim.protocol.imap4.scanner import Scanner

STATUS_ITEMS = frozenset(
    {"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "DELETED-STORAGE", "SIZE"}
    | {"HIGHESTMODSEQ", "APPENDLIMIT"}
)
_SELECTION = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_RETURN = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE"})


def read_mailbox(scanner: Scanner, *, utf8: bool) -> str:
    """A mailbox name.

    Raises:
        SyntaxFault: it is none.
    """
    return decode_name(scanner.astring(), utf8=utf8)


def _one(kind: Callable[[str], Command]) -> Callable[[Scanner, bool], Command]:
    def read(scanner: Scanner, utf8: bool) -> Command:
        scanner.space()
        return kind(read_mailbox(scanner, utf8=utf8))

    return read


def _select(kind: Callable[[str, bool], Command]) -> Callable[[Scanner, bool], Command]:
    def read(scanner: Scanner, utf8: bool) -> Command:
        scanner.space()
        mailbox = read_mailbox(scanner, utf8=utf8)
        parameters = scanner.listed(scanner.word) if scanner.more() else ()
        if not {"CONDSTORE"}.issuperset(parameters):
            raise SyntaxFault(f"unknown parameter {' '.join(parameters)}")
        return kind(mailbox, bool(parameters))

    return read


def _create(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    mailbox = read_mailbox(scanner, utf8=utf8)
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
    mailbox = read_mailbox(scanner, utf8=utf8)
    scanner.space()
    return Rename(mailbox, read_mailbox(scanner, utf8=utf8))


def _list(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    selection: tuple[str, ...] = ()
    extended = scanner.peek() == b"("
    if extended:
        selection = scanner.listed(scanner.word, empty=True)
        scanner.space()
    reference = read_mailbox(scanner, utf8=utf8)
    scanner.space()

    if scanner.peek() == b"(":
        patterns, extended = scanner.listed(lambda: _pattern(scanner, utf8)), True
    else:
        patterns = (_pattern(scanner, utf8),)
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
    reference = read_mailbox(scanner, utf8=utf8)
    scanner.space()
    return Lsub(reference, _pattern(scanner, utf8))


def _pattern(scanner: Scanner, utf8: bool) -> str:
    """A pattern for names; one that is no name's matches none, and is no error."""
    octets = scanner.list_mailbox()
    try:
        return decode_name(octets, utf8=utf8)
    except SyntaxFault:
        return UNDECODABLE


def _status(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    mailbox = read_mailbox(scanner, utf8=utf8)
    scanner.space()
    return Status(mailbox, _status_items(scanner))


def _status_items(scanner: Scanner) -> tuple[str, ...]:
    items = scanner.listed(scanner.word)
    if not STATUS_ITEMS.issuperset(items):
        raise SyntaxFault(f"unknown STATUS item {' '.join(item for item in items if item not in STATUS_ITEMS)}")
    return tuple(dict.fromkeys(items))


def _append(scanner: Scanner, utf8: bool) -> Command:
    scanner.space()
    mailbox = read_mailbox(scanner, utf8=utf8)
    scanner.space()
    flags: tuple[str, ...] = ()
    if scanner.peek() == b"(":
        flags = scanner.listed(scanner.flag, empty=True)
        scanner.space()
    at = None
    if scanner.peek() == b'"':
        at = read_date_time(scanner.string().decode("ascii", "replace"))
        scanner.space()
    if scanner.peek() != b"\x00":
        raise SyntaxFault("the message has to be a literal")
    return Append(mailbox, scanner.string(), flags, at)


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


READERS: Mapping[str, Callable[[Scanner, bool], Command]] = {
    "SELECT": _select(Select),
    "EXAMINE": _select(Examine),
    "CREATE": _create,
    "DELETE": _one(Delete),
    "RENAME": _rename,
    "SUBSCRIBE": _one(Subscribe),
    "UNSUBSCRIBE": _one(Unsubscribe),
    "LIST": _list,
    "LSUB": _lsub,
    "STATUS": _status,
    "APPEND": _append,
    "GETQUOTA": _get_quota,
    "GETQUOTAROOT": _one(GetQuotaRoot),
    "SETQUOTA": _set_quota,
}
"""Command -> what reads its arguments: from a scanner behind the name, and whether mailbox names are UTF-8."""
