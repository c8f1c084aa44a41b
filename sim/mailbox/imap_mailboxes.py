"""The answers to IMAP's commands on mailboxes: SELECT, LIST, CREATE, STATUS, APPEND and their like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sim.mailbox.imap_session import Answer, ImapSession, highest_mod_seq, no, ok
from sim.mailbox.interface import (
    DELIMITER,
    INBOX,
    SYSTEM_FLAGS,
    Account,
    BadNameError,
    Mailbox,
    MailboxError,
    MailboxExistsError,
    NoMailboxError,
    OverQuotaError,
    canonical_name,
)
from sim.mailbox.transfer import without_nuls
from sim.mailbox.view import View
from sim.protocol.imap4 import commands, responses
from sim.protocol.imap4.responses import Tagged, Untagged

USES = ("\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash")
"""The special uses that a mailbox may be created for (RFC 6154)."""

_PIECES = re.compile(r"[*%]+|[^*%]+")
_QUOTA_ROOT = "User quota"
_KIBIBYTE = 1024


def refusal(error: MailboxError) -> Tagged:
    """The NO that tells an error of the store."""
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return no(f"{str(error)[:1].upper()}{_plain(str(error)[1:])}.", code)
    return no("It cannot be done.", "CANNOT")


_CODES: Mapping[type[MailboxError], str] = {
    NoMailboxError: "NONEXISTENT",
    MailboxExistsError: "ALREADYEXISTS",
    BadNameError: "CANNOT",
    OverQuotaError: "OVERQUOTA",
    MailboxError: "CANNOT",
}


def _plain(text: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in text[:200])


def select(session: ImapSession, command: commands.Select | commands.Examine) -> Answer:
    """SELECT and EXAMINE."""
    if session.view is not None:
        session.select(None)
        yield responses.state("OK", "The mailbox before is closed.", "CLOSED")
    try:
        mailbox = session.user_account.mailbox(command.mailbox)
    except MailboxError as error:
        return refusal(error)
    if command.condstore:
        # The mod-sequence is told below in any case.
        session.condstore = True
    read_only = isinstance(command, commands.Examine)
    view = View(mailbox, read_only=read_only)
    session.select(view)
    yield from view.flag_responses()
    yield responses.exists(len(view.uids))
    if session.rev2:
        attributes = _attributes(session.user_account, command.mailbox)
        yield responses.listed("LIST", attributes, DELIMITER, command.mailbox, utf8=True)
    else:
        yield responses.recent(len(view.recent))
        unseen = next((n for n, uid in enumerate(view.uids, 1) if "\\Seen" not in mailbox.messages[uid].flags), None)
        if unseen is not None:
            yield responses.state("OK", "First unseen.", f"UNSEEN {unseen}")
    yield responses.state("OK", "UIDs are valid.", f"UIDVALIDITY {mailbox.uid_validity}")
    yield responses.state("OK", "The next UID.", f"UIDNEXT {mailbox.uid_next}")
    yield highest_mod_seq(view)
    return ok("Selected.", "READ-ONLY" if read_only else "READ-WRITE")


def close(session: ImapSession, _: commands.Close) -> Answer:
    """CLOSE: what is marked goes without a word."""
    view = session.selected
    if not view.read_only:
        view.mailbox.expunge([uid for uid in view.uids if _is_deleted(view, uid)])
    session.select(None)
    yield from ()
    return ok("Closed.")


def unselect(session: ImapSession, _: commands.Unselect) -> Answer:
    """UNSELECT."""
    session.select(None)
    yield from ()
    return ok("Unselected.")


def create(session: ImapSession, command: commands.Create) -> Answer:
    """CREATE."""
    yield from ()
    if len(command.uses) > 1 or not set(command.uses).issubset(USES):
        return no("A mailbox cannot be for that use.", "USEATTR")
    return _done(lambda: session.user_account.create(command.mailbox, *command.uses), "Created.")


def delete(session: ImapSession, command: commands.Delete) -> Answer:
    """DELETE."""
    yield from ()
    account = session.user_account
    if command.mailbox not in account.names() and _has_children(account, command.mailbox):
        return no("It has mailboxes below it, and is none itself.", "HASCHILDREN")
    return _done(lambda: account.delete(command.mailbox), "Deleted.")


def rename(session: ImapSession, command: commands.Rename) -> Answer:
    """RENAME."""
    yield from ()
    return _done(lambda: session.user_account.rename(command.mailbox, command.new), "Renamed.")


def subscribe(session: ImapSession, command: commands.Subscribe) -> Answer:
    """SUBSCRIBE."""
    yield from ()
    account = session.user_account
    name = command.mailbox.removesuffix(DELIMITER)
    if name not in account.names() and not _has_children(account, name):
        return no("There is no such mailbox.", "NONEXISTENT")
    return _done(lambda: account.subscribe(name, on=True), "Subscribed.")


def unsubscribe(session: ImapSession, command: commands.Unsubscribe) -> Answer:
    """UNSUBSCRIBE."""
    yield from ()
    return _done(lambda: session.user_account.subscribe(command.mailbox, on=False), "Unsubscribed.")


def status(session: ImapSession, command: commands.Status) -> Answer:
    """STATUS."""
    try:
        mailbox = session.user_account.mailbox(command.mailbox)
    except MailboxError as error:
        return refusal(error)
    if "HIGHESTMODSEQ" in command.items:
        yield from session.enable_condstore()
    yield _status(session, command.mailbox, mailbox, command.items)
    return ok("Status given.")


def append(session: ImapSession, command: commands.Append) -> Answer:
    """APPEND."""
    at = session.now if command.internal_date is None else command.internal_date
    try:
        mailbox = session.user_account.mailbox(command.mailbox)
    except NoMailboxError:
        return no("There is no such mailbox.", "TRYCREATE")
    if not command.content:
        return no("A message of no octets is none.", "CANNOT")
    try:
        uid = mailbox.append(without_nuls(command.content), known_flags(mailbox, command.flags), at)
    except MailboxError as error:
        return refusal(error)
    yield from ()
    return ok("Appended.", f"APPENDUID {mailbox.uid_validity} {uid}")


def known_flags(mailbox: Mailbox, flags: Sequence[str]) -> frozenset[str]:
    """Flags with each keyword written as the mailbox has it already, or as it comes first: case counts for nothing."""
    if set(SYSTEM_FLAGS).issuperset(flags):
        return frozenset(flags)
    known = {each.lower(): each for info in mailbox.messages.values() for each in info.flags}
    return frozenset(known.setdefault(flag.lower(), flag) for flag in flags)


def namespace(_session: ImapSession, _: commands.Namespace) -> Answer:
    """NAMESPACE."""
    yield responses.namespace(DELIMITER)
    return ok("Namespace given.")


def get_quota_root(session: ImapSession, command: commands.GetQuotaRoot) -> Answer:
    """GETQUOTAROOT: the mailbox need not be there (RFC 9208 section 4.1.2); where nothing is limited it has no root."""
    limits = _limits(session.user_account)
    yield responses.quota_root(command.mailbox, [_QUOTA_ROOT] if limits else [], utf8=session.rev2)
    if limits:
        yield responses.quota(_QUOTA_ROOT, limits)
    return ok("Quota given.")


def get_quota(session: ImapSession, command: commands.GetQuota) -> Answer:
    """GETQUOTA."""
    limits = _limits(session.user_account)
    if command.root != _QUOTA_ROOT or not limits:
        return no("There is no such quota root.", "NONEXISTENT")
    yield responses.quota(_QUOTA_ROOT, limits)
    return ok("Quota given.")


def set_quota(_session: ImapSession, _: commands.SetQuota) -> Answer:
    """SETQUOTA: no user may."""
    yield from ()
    return no("Only the operator sets quotas.", "NOPERM")


def list_mailboxes(session: ImapSession, command: commands.ListMailboxes) -> Answer:
    """LIST."""
    account = session.user_account
    if command.patterns == ("",) and not command.extended:
        yield responses.listed("LIST", ["\\Noselect"], DELIMITER, "", utf8=session.rev2)
        return ok("Listed.")
    subscribed = set(account.subscriptions())
    real = set(account.names())
    only_subscribed = "SUBSCRIBED" in command.selection
    names = subscribed if only_subscribed else real
    if "SPECIAL-USE" in command.selection:
        names = {name for name in names if account.special_use(name)}
    recursive = "RECURSIVEMATCH" in command.selection
    matches = _matcher(command.reference, command.patterns)
    if command.status and "HIGHESTMODSEQ" in command.status:
        yield from session.enable_condstore()
    for name in filter(matches, _with_parents(names)):
        # What is below it and does not match itself would go unseen.
        unseen = any(each.startswith(name + DELIMITER) and not matches(each) for each in names)
        if name not in names and command.selection and not (recursive and unseen):
            continue
        attributes = _attributes(account, name, extended=command.extended)
        if name in subscribed and (only_subscribed or "SUBSCRIBED" in command.returns):
            attributes.append("\\Subscribed")
        extra = b'("CHILDINFO" ("SUBSCRIBED"))' if recursive and only_subscribed and unseen else b""
        yield responses.listed("LIST", attributes, DELIMITER, name, utf8=session.rev2, extra=extra)
        if command.status and name in real:
            yield _status(session, name, account.mailbox(name), command.status)
    return ok("Listed.")


def lsub(session: ImapSession, command: commands.Lsub) -> Answer:
    """LSUB: a `%` also finds the levels above subscribed names."""
    account = session.user_account
    subscribed = set(account.subscriptions())
    matches = _matcher(command.reference, (command.pattern,))
    for name in _with_parents(subscribed) if command.pattern.endswith("%") else sorted(subscribed):
        if matches(name):
            attributes = [] if name in subscribed else ["\\Noselect"]
            yield responses.listed("LSUB", attributes, DELIMITER, name, utf8=session.rev2)
    return ok("Listed.")


def _done(does: Callable[[], None], text: str) -> Tagged:
    try:
        does()
    except MailboxError as error:
        return refusal(error)
    return ok(text)


def _is_deleted(view: View, uid: int) -> bool:
    info = view.known(uid)
    return info is not None and "\\Deleted" in info.flags


def _has_children(account: Account, name: str) -> bool:
    return any(each.startswith(name + DELIMITER) for each in account.names())


def _attributes(account: Account, name: str, *, extended: bool = False) -> list[str]:
    """The attributes of a name in LIST."""
    attributes = [] if name in account.names() else ["\\NonExistent"] if extended else ["\\Noselect"]
    attributes.append("\\HasChildren" if _has_children(account, name) else "\\HasNoChildren")
    use = account.special_use(name)
    return [*attributes, use] if use else attributes


def _with_parents(names: set[str]) -> Sequence[str]:
    """Names and the levels above them, sorted."""
    every = set(names)
    for name in names:
        levels = name.split(DELIMITER)
        every.update(DELIMITER.join(levels[:n]) for n in range(1, len(levels)))
    return sorted(every)


def _matcher(reference: str, patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a name matches one of the patterns: `*` is anything, `%` anything but the delimiter."""
    wholes = [canonical_name(reference + pattern) for pattern in patterns]

    def matches(name: str) -> bool:
        return any(_matches(whole.upper() if name == INBOX else whole, name) for whole in wholes)

    return matches


def _matches(pattern: str, name: str) -> bool:
    """Whether a pattern matches a name; not by a regular expression, which takes time without end for some."""
    # Where what has been read of the pattern may end in the name.
    ends = {0}
    for piece in _PIECES.findall(pattern):
        if "*" in piece:
            ends = set(range(min(ends), len(name) + 1))
        elif "%" in piece:
            ends = {end for start in ends for end in range(start, len(name[:start] + _level(name[start:])) + 1)}
        else:
            ends = {start + len(piece) for start in ends if name.startswith(piece, start)}
        if not ends:
            return False
    return len(name) in ends


def _level(name: str) -> str:
    return name.partition(DELIMITER)[0]


def _status(session: ImapSession, name: str, mailbox: Mailbox, items: Sequence[str]) -> Untagged:
    infos = mailbox.messages.values()
    values = {
        "MESSAGES": lambda: len(infos),
        "RECENT": lambda: sum(info.uid >= mailbox.first_recent for info in infos),
        "UIDNEXT": lambda: mailbox.uid_next,
        "UIDVALIDITY": lambda: mailbox.uid_validity,
        "UNSEEN": lambda: sum("\\Seen" not in info.flags for info in infos),
        "DELETED": lambda: sum("\\Deleted" in info.flags for info in infos),
        "DELETED-STORAGE": lambda: sum(info.size for info in infos if "\\Deleted" in info.flags),
        "APPENDLIMIT": lambda: session.message_limit,
        "SIZE": lambda: sum(info.size for info in infos),
        "HIGHESTMODSEQ": lambda: mailbox.highest_mod_seq,
    }
    return responses.status(name, [(item, values[item]()) for item in items], utf8=session.rev2)


def _limits(account: Account) -> Sequence[tuple[str, int, int]]:
    """Each resource that is limited: its use and its limit."""
    quota = account.quota()
    resources = []
    if quota.octets_limit:
        resources.append(("STORAGE", -(-quota.octets // _KIBIBYTE), -(-quota.octets_limit // _KIBIBYTE)))
    if quota.messages_limit:
        resources.append(("MESSAGE", quota.messages, quota.messages_limit))
    return resources


ANSWERS: Mapping[type, Callable[..., Answer]] = {
    commands.Select: select,
    commands.Examine: select,
    commands.Close: close,
    commands.Unselect: unselect,
    commands.Create: create,
    commands.Delete: delete,
    commands.Rename: rename,
    commands.Subscribe: subscribe,
    commands.Unsubscribe: unsubscribe,
    commands.Status: status,
    commands.Append: append,
    commands.Namespace: namespace,
    commands.GetQuotaRoot: get_quota_root,
    commands.GetQuota: get_quota,
    commands.SetQuota: set_quota,
    commands.ListMailboxes: list_mailboxes,
    commands.Lsub: lsub,
}
"""What answers each of these commands."""
