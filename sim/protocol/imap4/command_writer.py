"""IMAP's commands as a client writes them (RFC 3501 and 9051 section 9). `grammar` reads what is written here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from sim.protocol.imap4 import commands
from sim.protocol.imap4.commands import Command, FetchItem, SearchKey, SequenceSet
from sim.protocol.imap4.dates import write_date, write_date_time
from sim.protocol.imap4.names import encode_name
from sim.protocol.imap4.responses import NIL, astring, flag_list, literal, mailbox, quoted, section, sequence_set


def write_command(tag: str, command: Command, *, utf8: bool) -> bytes:
    """A command's octets, its literals announced as those that wait to be asked for (`{n}`).

    Raises:
        LocalProtocolError: a value in it cannot be sent.
    """
    kind = type(command)
    if isinstance(command, commands.Done):
        return b"DONE\r\n"
    if isinstance(command, commands.AuthenticateCancel):
        return b"*\r\n"
    if isinstance(command, commands.AuthenticateResponse):
        return b64encode(command.data) + b"\r\n"
    words = [tag.encode("ascii")]
    if getattr(command, "uid", False) or (isinstance(command, commands.Expunge) and command.uids is not None):
        words.append(b"UID")
    words.append(commands.NAMES[kind].encode("ascii"))
    words += _WRITERS[kind](command, utf8) if kind in _WRITERS else []
    return b" ".join(words) + b"\r\n"


def _name(name: str, utf8: bool) -> bytes:
    return mailbox(name, utf8=utf8)


def _pattern(name: str, utf8: bool) -> bytes:
    return quoted(encode_name(name, utf8=utf8))


def _listed(words: Iterable[str]) -> bytes:
    return f"({' '.join(words)})".encode("ascii")


def _mailbox(command: commands.Delete, utf8: bool) -> Sequence[bytes]:
    return [_name(command.mailbox, utf8)]


def _select(command: commands.Select | commands.Examine, utf8: bool) -> Sequence[bytes]:
    return [_name(command.mailbox, utf8), *([b"(CONDSTORE)"] if command.condstore else [])]


def _id(command: commands.Id, _utf8: bool) -> Sequence[bytes]:
    if command.fields is None:
        return [NIL]
    pairs = [quoted(name) + b" " + (NIL if value is None else quoted(value)) for name, value in command.fields]
    return [b"(" + b" ".join(pairs) + b")"]


def _authenticate(command: commands.Authenticate, _utf8: bool) -> Sequence[bytes]:
    if command.initial is None:
        return [command.mechanism.encode("ascii")]
    return [command.mechanism.encode("ascii"), b64encode(command.initial) or b"="]


def _list(command: commands.ListMailboxes, utf8: bool) -> Sequence[bytes]:
    words = [_listed(command.selection)] if command.selection else []
    words.append(_pattern(command.reference, utf8))
    patterns = [_pattern(pattern, utf8) for pattern in command.patterns]
    words.append(patterns[0] if len(patterns) == 1 else b"(" + b" ".join(patterns) + b")")
    returns = [*command.returns, *([f"STATUS ({' '.join(command.status)})"] if command.status else [])]
    if returns or (command.extended and not command.selection and len(patterns) == 1):
        words += [b"RETURN", _listed(returns)]
    return words


def _append(command: commands.Append, utf8: bool) -> Sequence[bytes]:
    words = [_name(command.mailbox, utf8)]
    if command.flags:
        words.append(flag_list(command.flags))
    if command.internal_date is not None:
        words.append(quoted(write_date_time(command.internal_date).encode("ascii")))
    return [*words, literal(command.content)]


def _fetch(command: commands.Fetch, _utf8: bool) -> Sequence[bytes]:
    items = [_item(item) for item in command.items]
    words = [_set(command.messages), items[0] if len(items) == 1 else b"(" + b" ".join(items) + b")"]
    return [*words, *([b"(CHANGEDSINCE %d)" % command.changed_since] if command.changed_since is not None else [])]


def _item(item: FetchItem) -> bytes:
    if item.section is None:
        return item.name.encode("ascii")
    name = f"{item.name}.PEEK" if item.peek and item.name != "BINARY.SIZE" else item.name
    partial = b"" if item.partial is None else b"<%d.%d>" % item.partial
    return section(name, item.section, None) + partial


def _store(command: commands.Store, _utf8: bool) -> Sequence[bytes]:
    since = command.unchanged_since
    words = [_set(command.messages), *([b"(UNCHANGEDSINCE %d)" % since] if since is not None else [])]
    name = f"{command.operation}FLAGS{'.SILENT' if command.silent else ''}"
    return [*words, name.encode("ascii"), flag_list(command.flags)]


def _copy(command: commands.Copy | commands.Move, utf8: bool) -> Sequence[bytes]:
    return [_set(command.messages), _name(command.mailbox, utf8)]


def _search(command: commands.Search, _utf8: bool) -> Sequence[bytes]:
    words = [] if command.returns is None else [b"RETURN", _listed(command.returns)]
    words += [b"CHARSET", command.charset.encode("ascii")] if command.charset else []
    keys = command.key.arguments if command.key.name == "AND" else (command.key,)
    return [*words, *(_key(key) for key in keys if isinstance(key, SearchKey))]


def _key(key: SearchKey) -> bytes:
    if key.name == "AND":
        return b"(" + b" ".join(_argument(each) for each in key.arguments) + b")"
    words = [] if key.name == "SEQUENCE" else [key.name.encode("ascii")]
    return b" ".join([*words, *(_argument(each) for each in key.arguments)])


def _argument(value: object) -> bytes:
    if isinstance(value, SearchKey):
        return _key(value)
    if isinstance(value, bytes):
        return astring(value)
    if isinstance(value, date):
        return write_date(value).encode("ascii")
    if isinstance(value, tuple):
        return _set(value)
    return str(value).encode("ascii")


def _set(messages: SequenceSet) -> bytes:
    return b"$" if messages == commands.SAVED else sequence_set(messages)


def _quota(command: commands.SetQuota, _utf8: bool) -> Sequence[bytes]:
    return [astring(command.root.encode("utf-8")), _listed(f"{name} {limit}" for name, limit in command.limits)]


def _expunge(command: commands.Expunge, _utf8: bool) -> Sequence[bytes]:
    return [] if command.uids is None else [_set(command.uids)]


_WRITERS: Mapping[type, Callable[..., Sequence[bytes]]] = {
    **dict.fromkeys((commands.Delete, commands.Subscribe, commands.Unsubscribe, commands.GetQuotaRoot), _mailbox),
    **dict.fromkeys((commands.Select, commands.Examine), _select),
    **dict.fromkeys((commands.Copy, commands.Move), _copy),
    commands.Id: _id,
    commands.Authenticate: _authenticate,
    commands.Login: lambda command, _utf8: [astring(command.name), astring(command.password)],
    commands.Enable: lambda command, _utf8: [word.encode("ascii") for word in command.capabilities],
    commands.Create: lambda command, utf8: [
        _name(command.mailbox, utf8),
        *([b"(USE " + _listed(command.uses) + b")"] if command.uses else []),
    ],
    commands.Rename: lambda command, utf8: [_name(command.mailbox, utf8), _name(command.new, utf8)],
    commands.ListMailboxes: _list,
    commands.Lsub: lambda command, utf8: [_pattern(command.reference, utf8), _pattern(command.pattern, utf8)],
    commands.Status: lambda command, utf8: [_name(command.mailbox, utf8), _listed(command.items)],
    commands.Append: _append,
    commands.GetQuota: lambda command, _utf8: [astring(command.root.encode("utf-8"))],
    commands.SetQuota: _quota,
    commands.Search: _search,
    commands.Fetch: _fetch,
    commands.Store: _store,
    commands.Expunge: _expunge,
}
"""How the arguments of each command are written; the others have none."""
