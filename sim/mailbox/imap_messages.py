"""The answers to IMAP's commands on the messages of the selected mailbox: FETCH, STORE, COPY, MOVE, EXPUNGE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from sim.mailbox.fetch import FetchedMessage, flags_with_recent
from sim.mailbox.imap_mailboxes import known_flags, refusal
from sim.mailbox.imap_session import Answer, ImapSession, bad, no, ok
from sim.mailbox.interface import ExpungedError, Mailbox, MailboxError, MessageInfo, NoMailboxError
from sim.mailbox.transfer import UnknownEncodingError
from sim.mailbox.view import BadSequenceError, View
from sim.protocol.imap4 import commands, responses
from sim.protocol.imap4.commands import FetchItem, SequenceSet
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
    items = _items(command)
    sees = not view.read_only and any(_sets_seen(item) for item in items)
    chosen = _chosen(session, command.messages, by_uid=command.uid)
    if isinstance(chosen, Tagged):
        return chosen
    if any(item.name == "MODSEQ" for item in items):
        yield from session.enable_condstore()
    tells_flags = sees or any(item.name == "FLAGS" for item in items)
    gone = 0
    for number, uid in chosen:
        info = view.known(uid)
        if info is None:
            gone += 1
            continue
        if command.changed_since is not None and info.mod_seq <= command.changed_since:
            continue
        if tells_flags:
            yield from view.introduce(info.flags)
        try:
            yield _fetched(session, number, info, items, sees=sees)
        except UnknownEncodingError:
            return no("A part has an encoding that nobody knows.", "UNKNOWN-CTE")
        except ExpungedError:
            gone += 1
    return _done(command, "Fetched.", gone, len(chosen))


def _items(command: commands.Fetch) -> list[FetchItem]:
    """What is asked for, each once, and what the kind of command adds to it."""
    items = list(dict.fromkeys(command.items))
    if command.uid and not any(item.name == "UID" for item in items):
        items.insert(0, FetchItem("UID"))
    if command.changed_since is not None and not any(item.name == "MODSEQ" for item in items):
        items.append(FetchItem("MODSEQ"))
    return items


def store(session: ImapSession, command: commands.Store) -> Answer:
    """STORE and UID STORE."""
    view = session.selected
    if view.read_only:
        return _READ_ONLY
    chosen = _chosen(session, command.messages, by_uid=command.uid)
    if isinstance(chosen, Tagged):
        return chosen
    if command.unchanged_since is not None:
        yield from session.enable_condstore()
    flags = known_flags(view.mailbox, command.flags)
    if command.operation != "-":
        yield from view.introduce(flags)
    modified: list[int] = []
    gone = 0
    for number, uid in chosen:
        info = view.known(uid)
        if info is None:
            gone += 1
            continue
        if command.unchanged_since is not None and info.mod_seq > command.unchanged_since:
            modified.append(uid if command.uid else number)
            continue
        view.mailbox.change_flags(uid, _stored(info.flags, command.operation, flags))
        yield from _changed(session, number, info, command)
    code = f"MODIFIED {responses.sequence_set(responses.ranges_of(modified)).decode()}" if modified else ""
    if modified:
        return ok("Some have changed meanwhile.", code)
    return _done(command, "Stored.", gone, len(chosen))


def _done(command: commands.Fetch | commands.Store, text: str, gone: int, asked: int) -> Tagged:
    """The end of what was asked of messages of which some have gone; by UID they never were (RFC 2180 section 4)."""
    if command.uid or not gone:
        return ok(text)
    return _GONE if gone == asked else ok(_GONE.text, _GONE.code)


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
    going = [uid for _, uid in chosen if "\\Deleted" in _flags_of(view, uid)]
    view.mailbox.expunge(going)
    return _expunged(session, going, "Expunged.")


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
    return _expunged(session, uids, "Moved.")


def _expunged(session: ImapSession, uids: Sequence[int], text: str) -> Tagged:
    """Messages have gone; the answer says the mod-sequence behind that to a client that keeps them (RFC 7162)."""
    return ok(text, f"HIGHESTMODSEQ {session.selected.mailbox.highest_mod_seq}" if uids and session.condstore else "")


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
    if len(before) < len(chosen) and not command.uid:
        return _GONE
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


def _changed(session: ImapSession, number: int, before: MessageInfo, command: commands.Store) -> Iterator[Untagged]:
    """What is said of a message whose flags STORE has changed."""
    view = session.selected
    if command.silent and not view.is_told(before):
        # What another session has changed is told with the news, silent or not (RFC 3501 section 6.4.6).
        return
    info = view.mailbox.messages[before.uid]
    view.told(info)
    if command.silent and not session.condstore:
        return
    yield from view.introduce(info.flags)
    items = [(b"UID", b"%d" % info.uid)] if command.uid else []
    if not command.silent:
        items.append((b"FLAGS", flags_with_recent(info.flags, recent=session.is_recent(info.uid))))
    if session.condstore:
        items.append((b"MODSEQ", b"(%d)" % info.mod_seq))
    yield responses.fetch(number, items)


def _stored(before: frozenset[str], operation: str, flags: frozenset[str]) -> frozenset[str]:
    return before | flags if operation == "+" else before - flags if operation == "-" else flags


def _flags_of(view: View, uid: int) -> frozenset[str]:
    info = view.known(uid)
    return frozenset() if info is None else info.flags


ANSWERS: Mapping[type, Callable[..., Answer]] = {
    commands.Check: check,
    commands.Fetch: fetch,
    commands.Store: store,
    commands.Expunge: expunge,
    commands.Copy: copy,
    commands.Move: move,
}
"""What answers each of these commands."""
