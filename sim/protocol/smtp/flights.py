"""Flights: what one side says before it has to wait for the other, taken and given as a whole.

Nearly all that is said in a session is plain: commands that are legal as soon as those before them are accepted, in
whole lines, and whole replies to all of them. The machines deal with such a flight at once; what is not so simple goes
event by event. Both ways come to the same, and all here are pure functions of what a machine knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sim.protocol.smtp.chunks import Bdat
from sim.protocol.smtp.commands import read_command, write_command
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import Command, Data, Ehlo, Helo, Mail, MailData, Quit, Rcpt, Rset
from sim.protocol.smtp.extensions import TOLERATED_LINE
from sim.protocol.smtp.mail_data import stuff, whole
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.reply_lines import read_reply, split_replies, write_reply
from sim.protocol.smtp.states import CLOSING_CODE, HOPES, LAST_IN_GROUP, TRANSITIONS, State, state_after

__all__ = ["behind", "group_state", "read_commands", "read_replies", "write_commands", "write_replies"]

_HELLO = frozenset({Helo, Ehlo})
_PLAIN = frozenset({*_HELLO, Mail, Rcpt, Data, MailData, Rset, Quit})
_DATA, _READY = State.DATA, State.READY

_AHEAD: Mapping[State, Mapping[type, State]] = {
    state: {kind: ahead for kind, ahead in hopes.items() if kind in _PLAIN} for state, hopes in HOPES.items()
}
"""State -> plain command that is legal -> the state if the reply is a good one."""


_BARE: dict[type, bytes] = {type(command): write_command(command, ()) for command in (Data(), Rset(), Quit())}
"""The lines of commands that have no argument."""


@lru_cache(maxsize=1024)
def group_state(state: State, kinds: tuple[type, ...], pipelining: bool) -> State | None:
    """The state after commands that a client may send together now, if all goes well; None where they are not plain."""
    for n, kind in enumerate(kinds):
        ahead = _AHEAD[state].get(kind)
        if ahead is None or (n and (not pipelining or kinds[n - 1] in LAST_IN_GROUP)):
            return None
        state = ahead
    return state


def write_commands(commands: Sequence[Command], offered: tuple[str, ...]) -> bytes | None:
    """The octets of plain commands that `group_state` allows; None where a transaction is to be watched.

    Raises:
        LocalProtocolError: as `write_command`.
    """
    pieces = []
    for command in commands:
        line = _BARE.get(type(command))
        if line is None and type(command) is MailData:
            line = stuff(command.content)
        elif line is None:
            line = write_command(command, offered)
            if not line.isascii() or (type(command) is Mail and not _asks_for_nothing(command)):
                return None
        pieces.append(line)
    return b"".join(pieces)


@lru_cache(maxsize=4096)
def read_replies(
    state: State, waiting: tuple[type, ...], octets: bytes, enhanced: bool
) -> tuple[tuple[Reply, ...], State] | None:
    """The replies to all that waits for one, and the state after them; None where the octets are not just that.

    Args:
        state: where the client stands.
        waiting: the commands that were sent, by their types.
        octets: what came.
        enhanced: whether replies have enhanced status codes.
    """
    flight = split_replies(octets)
    if len(flight) != len(waiting) or not TRANSITIONS[state]:
        return None
    replies = []
    try:
        for kind, lines in zip(waiting, flight, strict=True):
            reply = read_reply(lines, enhanced and kind not in _HELLO)
            state = state_after(state, kind, reply)
            replies.append(reply)
    except RemoteProtocolError:
        return None
    return None if any(reply.code == CLOSING_CODE for reply in replies) else (tuple(replies), state)


def read_commands(
    state: State, octets: bytes, in_force: tuple[str, ...], barred: frozenset[type], size_limit: int
) -> list[Command]:
    """The commands of a flight, each legal if those before it get good replies; none where it is not that simple.

    Args:
        state: where the server stands.
        octets: what came.
        in_force: the keywords of the extensions in force.
        barred: commands that the server does not know now.
        size_limit: the greatest mail data, in octets; 0 means none.
    """
    commands: list[Command] = []
    if state is _DATA:
        found = whole(octets)
        if found is None or 0 < size_limit < len(found[0]):
            return []
        content, end = found
        commands.append(MailData(content))
        octets, state = octets[end:], _READY
        if not octets:
            return commands
    if len(octets) > TOLERATED_LINE or not octets.isascii():
        return []
    # An envelope hardly ever comes again.
    read = _read_usual if len(octets) < _SHORT else _read_lines
    lines = read(state, octets, in_force, barred)
    return [*commands, *lines] if lines else []


def _read_lines(state: State, octets: bytes, in_force: tuple[str, ...], barred: frozenset[type]) -> Sequence[Command]:
    *lines, rest = octets.split(b"\r\n")
    commands: list[Command] = []
    try:
        for line in lines:
            command = read_command(line, in_force)
            kind = type(command)
            ahead = _AHEAD[state].get(kind)
            if isinstance(command, Bdat) or ahead is None or kind in barred:
                return []
            if isinstance(command, Mail) and not _asks_for_nothing(command):
                return []
            commands.append(command)
            state = ahead
    except RemoteProtocolError:
        return []
    # What EHLO's reply changes, it changes for all that stands behind it.
    return [] if rest or (len(commands) > 1 and not _HELLO.isdisjoint(map(type, commands))) else commands


_read_usual = lru_cache(maxsize=4096)(_read_lines)
_SHORT = 64


def behind(octets: bytes, commands: Sequence[Command]) -> bytes:
    """What stands in a flight's octets behind the first of its commands, which are these."""
    for command in commands:
        found = whole(octets) if type(command) is MailData else None
        octets = octets.partition(b"\r\n")[2] if found is None else octets[found[1] :]
    return octets


@lru_cache(maxsize=1024)
def write_replies(
    state: State, kinds: tuple[type, ...], replies: tuple[Reply, ...], enhanced: bool
) -> tuple[bytes, State] | None:
    """The octets of the replies to the first of a flight's commands, and the state then; None where one is special.

    Args:
        state: where the server stands.
        kinds: the commands, by their types.
        replies: to the first of them.
        enhanced: whether replies show enhanced status codes.
    """
    pieces = []
    for kind, reply in zip(kinds, replies, strict=False):
        digit = reply.code // 100
        moves = TRANSITIONS[state][kind]
        if reply.code == CLOSING_CODE or digit not in moves:
            return None
        pieces.append(write_reply(reply, enhanced and digit != 3 and kind not in _HELLO))
        state = moves[digit]
    return b"".join(pieces), state


def _asks_for_nothing(mail: Mail) -> bool:
    """Whether no parameter of MAIL changes what may follow, as SMTPUTF8 and BODY do: nobody need look further."""
    parameters = mail.parameters
    return not parameters or (len(parameters) == 1 and parameters[0][0] == "SIZE")
