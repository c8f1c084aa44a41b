"""The answers to IMAP's commands on the messages of the selected mailbox: FETCH, STORE, SEARCH, COPY, MOVE, EXPUNGE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from sim.mailbox import search
from sim.mailbox.fetch import FetchedMessage, UnknownEncodingError, flags_with_recent
from sim.mailbox.imap_mailboxes import known_flags, refusal
from sim.mailbox.imap_session import Answer, ImapSession, bad, no, ok
from sim.mailbox.interface import ExpungedError, Mailbox, MailboxError, MessageInfo, NoMailboxError
from sim.mailbox.search import Candidate, UnknownCharsetError
from sim.mailbox.view import BadSequenceError, View
from sim.protocol.imap4 import commands, responses
from sim.protocol.imap4.commands import FetchItem, SearchKey, SequenceSet
from sim.protocol.imap4.responses import Tagged, Untagged

_READ_ONLY = no("The mailbox is open to read only.", "READ-ONLY")
_GONE = no("Some of the messages have gone.", "EXPUNGEISSUED")
_SETS_SEEN = frozenset({"BODY", "RFC822", "RFC822.TEXT", "BINARY"})


def check(_session: ImapSession, _: commands.Check) -> Answer:
    """CHECK: all is on disk already."""
    yield from ()
    return ok("Checked.")


def fetch(session: ImapSession, command: commands.Fetch) -> Answer:
    """FETCH and UID FETCH."""
    view = session.selected
    items = list(command.items)
    if command.uid and not any(item.name == "UID" for item in items):
        items.insert(0, FetchItem("UID"))
    if command.changed_since is not None and not any(item.name == "MODSEQ" for item in items):
        items.append(FetchItem("MODSEQ"))
    session.condstore |= any(item.name == "MODSEQ" for item in items)
    sees = not view.read_only and any(_sets_seen(item) for item in items)
    chosen = _chosen(session, command.messages, by_uid=command.uid)
    if isinstance(chosen, Tagged):
        return chosen
    gone = False
    for number, uid in chosen:
        info = view.known(uid)
        if info is None:
            gone = True
            continue
        if command.changed_since is not None and info.mod_seq <= command.changed_since:
            continue
        try:
            yield _fetched(session, number, info, items, sees=sees)
        except UnknownEncodingError:
            return no("A part has an encoding that nobody knows.", "UNKNOWN-CTE")
        except ExpungedError:
            gone = True
    return _GONE if gone and not command.uid else ok("Fetched.")


def store(session: ImapSession, command: commands.Store) -> Answer:
    """STORE and UID STORE."""
    view = session.selected
    if view.read_only:
        return _READ_ONLY
    chosen = _chosen(session, command.messages, by_uid=command.uid)
    if isinstance(chosen, Tagged):
        return chosen
    session.condstore |= command.unchanged_since is not None
    flags = known_flags(view.mailbox, command.flags)
    modified: list[int] = []
    gone = False
    for number, uid in chosen:
        info = view.known(uid)
        if info is None:
            gone = True
            continue
        if command.unchanged_since is not None and info.mod_seq > command.unchanged_since:
            modified.append(uid if command.uid else number)
            continue
        after = _stored(info.flags, command.operation, flags)
        view.mailbox.change_flags(uid, after)
        changed = view.mailbox.messages[uid]
        view.told(changed)
        if not command.silent or session.condstore:
            yield _flags(session, number, changed, uid=command.uid, silent=command.silent)
    code = f"MODIFIED {responses.sequence_set(responses.ranges_of(modified)).decode()}" if modified else ""
    if modified:
        return ok("Some have changed meanwhile.", code)
    return _GONE if gone and not command.uid else ok("Stored.")


def find(session: ImapSession, command: commands.Search, tag: str) -> Answer:
    """SEARCH and UID SEARCH."""
    view = session.selected
    by_mod_seq = _has_mod_seq(command.key)
    session.condstore |= by_mod_seq
    going_by = search.Search(
        len(view.uids), view.uids[-1] if view.uids else 0, set(session.saved), command.charset, session.now
    )
    try:
        found = [
            (each.number, each.message.info.uid) for each in _candidates(view) if going_by.finds(command.key, each)
        ]
    except UnknownCharsetError:
        session.saved = [] if "SAVE" in (command.returns or ()) else session.saved
        return no("That charset is not known.", "BADCHARSET (US-ASCII UTF-8)")
    highest = max((view.mailbox.messages[uid].mod_seq for _, uid in found if view.known(uid)), default=0)
    numbers = [uid if command.uid else number for number, uid in found]
    wanted = command.returns
    if wanted is None and not session.rev2:
        yield responses.search(numbers, highest if by_mod_seq and found else None)
        return ok("Searched.")
    wanted = wanted or ("ALL",)
    if "SAVE" in wanted:
        session.saved = _saved(found, wanted)
    if set(wanted) != {"SAVE"}:
        mod_seq = highest if by_mod_seq and found else None
        yield responses.esearch(tag, _returned(numbers, wanted, mod_seq), uid=command.uid)
    return ok("Searched.")


def expunge(session: ImapSession, command: commands.Expunge) -> Answer:
    """EXPUNGE and UID EXPUNGE; what has gone is told with the news behind it."""
    yield from ()
    view = session.selected
    if view.read_only:
        return _READ_ONLY
    chosen: Iterable[tuple[int, int]] = enumerate(view.uids, 1)
    if command.uids is not None:
        found = _chosen(session, command.uids, by_uid=True)
        if isinstance(found, Tagged):
            return found
        chosen = found
    view.mailbox.expunge([uid for _, uid in chosen if "\\Deleted" in _flags_of(view, uid)])
    return ok("Expunged.", f"HIGHESTMODSEQ {view.mailbox.highest_mod_seq}" if session.condstore else "")


def copy(session: ImapSession, command: commands.Copy) -> Answer:
    """COPY and UID COPY."""
    yield from ()
    copied = _copied(session, command, lambda to: to.adopt_copies)
    if isinstance(copied, Tagged):
        return copied
    return ok("Copied.", _copy_uid(*copied))


def move(session: ImapSession, command: commands.Move) -> Answer:
    """MOVE and UID MOVE (RFC 6851)."""
    view = session.selected
    if view.read_only:
        return _READ_ONLY
    moved = _copied(session, command, lambda to: to.adopt_moved)
    if isinstance(moved, Tagged):
        return moved
    _, uids, _ = moved
    if uids:
        yield responses.state("OK", "Moved.", _copy_uid(*moved))
    return ok("Moved.")


def _copied(
    session: ImapSession,
    command: commands.Copy | commands.Move,
    adopts: Callable[[Mailbox], Callable[[Mailbox, Sequence[int]], Sequence[int]]],
) -> tuple[Mailbox, Sequence[int], Sequence[int]] | Tagged:
    """Copy or move messages, all or none; the mailbox that has them, their UIDs before and there."""
    view = session.selected
    chosen = _chosen(session, command.messages, by_uid=command.uid)
    if isinstance(chosen, Tagged):
        return chosen
    try:
        to = session.user_account.mailbox(command.mailbox)
    except NoMailboxError:
        return no("There is no such mailbox.", "TRYCREATE")
    before = [uid for _, uid in chosen if view.known(uid) is not None]
    try:
        return to, before, adopts(to)(view.mailbox, before)
    except ExpungedError:
        return _GONE
    except MailboxError as error:
        return refusal(error)


def _copy_uid(to: Mailbox, before: Sequence[int], after: Sequence[int]) -> str:
    if not before:
        return ""
    sets = [responses.sequence_set(responses.ranges_of(uids)).decode() for uids in (before, after)]
    return f"COPYUID {to.uid_validity} {' '.join(sets)}"


def _chosen(session: ImapSession, messages: SequenceSet, *, by_uid: bool) -> Sequence[tuple[int, int]] | Tagged:
    """Number and UID of each message in a set, or why there is no such set."""
    view = session.selected
    if messages == commands.SAVED:
        return [(n, uid) for uid in session.saved if (n := view.number(uid)) is not None]
    try:
        return list(view.chosen(messages, by_uid=by_uid))
    except BadSequenceError as error:
        return bad(f"No such message: {error}.")


def _sets_seen(item: FetchItem) -> bool:
    return item.name in _SETS_SEEN and not item.peek and (item.name != "BODY" or item.section is not None)


def _fetched(
    session: ImapSession, number: int, info: MessageInfo, items: Sequence[FetchItem], *, sees: bool
) -> Untagged:
    view = session.selected
    content = partial(view.mailbox.content, info.uid)
    marks = sees and "\\Seen" not in info.flags
    wanted = list(items)
    if marks:
        # The content is read first: a message that has gone is not seen.
        octets = content()
        view.mailbox.change_flags(info.uid, info.flags | {"\\Seen"})
        info = view.mailbox.messages[info.uid]
        if not any(item.name == "FLAGS" for item in wanted):
            wanted.append(FetchItem("FLAGS"))
        if session.condstore and not any(item.name == "MODSEQ" for item in wanted):
            wanted.append(FetchItem("MODSEQ"))
        message = FetchedMessage(info, lambda: octets, recent=session.is_recent(info.uid))
    else:
        message = FetchedMessage(info, content, recent=session.is_recent(info.uid))
    if any(item.name == "FLAGS" for item in wanted):
        view.told(info)
    return responses.fetch(number, [message.item(item) for item in wanted])


def _stored(before: frozenset[str], operation: str, flags: frozenset[str]) -> frozenset[str]:
    return before | flags if operation == "+" else before - flags if operation == "-" else flags


def _flags(session: ImapSession, number: int, info: MessageInfo, *, uid: bool, silent: bool) -> Untagged:
    items = [(b"UID", b"%d" % info.uid)] if uid else []
    if not silent:
        items.append((b"FLAGS", flags_with_recent(info.flags, recent=session.is_recent(info.uid))))
    if session.condstore:
        items.append((b"MODSEQ", b"(%d)" % info.mod_seq))
    return responses.fetch(number, items)


def _flags_of(view: View, uid: int) -> frozenset[str]:
    info = view.known(uid)
    return frozenset() if info is None else info.flags


def _candidates(view: View) -> Iterator[Candidate]:
    for number, uid in enumerate(tuple(view.uids), 1):
        info = view.known(uid)
        if info is not None:
            content = partial(_content_or_nothing, view, uid)
            yield Candidate(number, FetchedMessage(info, content, recent=uid in view.recent))


def _content_or_nothing(view: View, uid: int) -> bytes:
    try:
        return view.mailbox.content(uid)
    except ExpungedError:
        return b""


def _has_mod_seq(key: SearchKey) -> bool:
    return key.name == "MODSEQ" or any(_has_mod_seq(each) for each in key.arguments if isinstance(each, SearchKey))


def _saved(found: Sequence[tuple[int, int]], wanted: Sequence[str]) -> list[int]:
    """What `$` stands for: with MIN or MAX and nothing that needs all, these alone (RFC 5182 section 2.4)."""
    uids = [uid for _, uid in found]
    if uids and not {"ALL", "COUNT"} & {*wanted} and {"MIN", "MAX"} & {*wanted}:
        return sorted({*([uids[0]] if "MIN" in wanted else []), *([uids[-1]] if "MAX" in wanted else [])})
    return uids


def _returned(numbers: Sequence[int], wanted: Sequence[str], mod_seq: int | None) -> Iterator[tuple[str, bytes]]:
    if numbers:
        if "MIN" in wanted:
            yield "MIN", b"%d" % numbers[0]
        if "MAX" in wanted:
            yield "MAX", b"%d" % numbers[-1]
        if "ALL" in wanted:
            yield "ALL", responses.sequence_set(responses.ranges_of(numbers))
    if "COUNT" in wanted:
        yield "COUNT", b"%d" % len(numbers)
    if mod_seq is not None:
        yield "MODSEQ", b"%d" % mod_seq


ANSWERS: Mapping[type, Callable[..., Answer]] = {
    commands.Check: check,
    commands.Fetch: fetch,
    commands.Store: store,
    commands.Expunge: expunge,
    commands.Copy: copy,
    commands.Move: move,
}
"""What answers each of these commands; SEARCH also needs its tag."""
