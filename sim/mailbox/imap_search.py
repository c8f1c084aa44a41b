"""The answer to IMAP's SEARCH (RFC 3501 section 6.4.4, RFC 4731, 5182, 7162)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from sim.mailbox import search
from sim.mailbox.fetch import FetchedMessage
from sim.mailbox.imap_session import Answer, ImapSession, no, ok
from sim.mailbox.interface import ExpungedError, MessageInfo
from sim.mailbox.search import Candidate, TooMuchWorkError, UnknownCharsetError
from sim.mailbox.view import View
from sim.protocol.imap4 import commands, responses
from sim.protocol.imap4.commands import SearchKey


def find(session: ImapSession, command: commands.Search, tag: str) -> Answer:
    """SEARCH and UID SEARCH."""
    view = session.selected
    by_mod_seq = _has_mod_seq(command.key)
    if by_mod_seq:
        yield from session.enable_condstore()
    going_by = search.Search(
        len(view.uids), view.uids[-1] if view.uids else 0, set(session.saved), command.charset, session.now
    )
    try:
        search.check_charset(command.charset)
        candidates = list(_candidates(view))
        found = [(each.number, each.message.info) for each in candidates if going_by.finds(command.key, each)]
    except UnknownCharsetError:
        session.saved = [] if "SAVE" in (command.returns or ()) else session.saved
        return no("That charset is not known.", "BADCHARSET (US-ASCII UTF-8)")
    except TooMuchWorkError:
        return no("That is too much to look for in so many messages.", "LIMIT")
    numbers = [info.uid if command.uid else number for number, info in found]
    wanted = ("ALL",) if command.returns is None else command.returns or ("ALL",)
    told = _told(found, wanted)
    mod_seq = max(info.mod_seq for info in told) if by_mod_seq and told else None
    if "SAVE" in wanted:
        session.saved = [info.uid for info in told]
    if command.returns is None and not session.rev2:
        yield responses.search(numbers, mod_seq)
    elif set(wanted) != {"SAVE"}:
        yield responses.esearch(tag, _returned(numbers, wanted, mod_seq), uid=command.uid)
    # What has gone is not found, and has its number still (RFC 5530).
    return ok("Searched.", "" if command.uid or len(candidates) == len(view.uids) else "EXPUNGEISSUED")


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


def _told(found: Sequence[tuple[int, MessageInfo]], wanted: Sequence[str]) -> list[MessageInfo]:
    """The messages that an answer is about: with MIN or MAX and nothing that needs all, these alone.

    They are what `$` stands for (RFC 5182 section 2.4) and whose mod-sequence is told (RFC 4731 section 3.2).
    """
    infos = [info for _, info in found]
    if infos and not {"ALL", "COUNT"} & {*wanted} and {"MIN", "MAX"} & {*wanted}:
        ends = [*(infos[:1] if "MIN" in wanted else []), *(infos[-1:] if "MAX" in wanted else [])]
        return list(dict.fromkeys(ends))
    return infos


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
