"""The POP3 state machine, as one table for both ends of a dialogue (RFC 1939 sections 3 to 6).

    state -> command -> how the response begins -> new state

It is the response that moves the machine, at the moment when the server sends it and the client receives it. A command
that has no entry in its state is the illegal move: a server answers -ERR, a client refuses to send it.

The RFC's UPDATE state is the moment between QUIT in TRANSACTION and its response: what was to be deleted is deleted
before the server answers, and nothing is where the connection ends in any other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.pop3.events import (
    Apop,
    Auth,
    AuthCancel,
    AuthResponse,
    BadCommand,
    Capa,
    Dele,
    EndlessLine,
    Last,
    List,
    Mechanisms,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
)
from sim.protocol.pop3.responses import Status


class State(Enum):
    """Where a dialogue stands."""

    CONNECTED = "connected"
    """The connection is there; the server has yet to greet."""

    AUTHORIZATION = "authorization"
    """The client has to say who it is."""

    USER = "user"
    """USER was accepted; PASS is to follow."""

    AUTH = "auth"
    """The server gave a challenge; the client is to respond."""

    TRANSACTION = "transaction"
    """The maildrop is open, and locked for others."""

    CLOSED = "closed"
    """The session is over."""

    __hash__ = object.__hash__


class Opening:
    """What the greeting answers: the opening of the connection, in the place of a command."""


OK, ERR, CONTINUE = Status.OK, Status.ERR, Status.CONTINUE

_AUTHORIZATION, _USER, _AUTH, _TRANSACTION = State.AUTHORIZATION, State.USER, State.AUTH, State.TRANSACTION

TRANSITIONS: Mapping[State, Mapping[type, Mapping[Status, State]]] = {
    State.CONNECTED: {
        Opening: {OK: _AUTHORIZATION, ERR: State.CLOSED},
    },
    State.AUTHORIZATION: {
        User: {OK: _USER, ERR: _AUTHORIZATION},
        Apop: {OK: _TRANSACTION, ERR: _AUTHORIZATION},
        Auth: {OK: _TRANSACTION, CONTINUE: _AUTH, ERR: _AUTHORIZATION},
        Capa: {OK: _AUTHORIZATION, ERR: _AUTHORIZATION},
        Stls: {OK: _AUTHORIZATION, ERR: _AUTHORIZATION},
        Mechanisms: {OK: _AUTHORIZATION, ERR: _AUTHORIZATION},
        Quit: {OK: State.CLOSED, ERR: State.CLOSED},
        BadCommand: {ERR: _AUTHORIZATION},
        EndlessLine: {ERR: State.CLOSED},
    },
    State.USER: {
        User: {OK: _USER, ERR: _AUTHORIZATION},
        Pass: {OK: _TRANSACTION, ERR: _AUTHORIZATION},
        Apop: {OK: _TRANSACTION, ERR: _AUTHORIZATION},
        Auth: {OK: _TRANSACTION, CONTINUE: _AUTH, ERR: _AUTHORIZATION},
        Capa: {OK: _USER, ERR: _USER},
        Stls: {OK: _AUTHORIZATION, ERR: _USER},
        Mechanisms: {OK: _USER, ERR: _USER},
        Quit: {OK: State.CLOSED, ERR: State.CLOSED},
        BadCommand: {ERR: _USER},
        EndlessLine: {ERR: State.CLOSED},
    },
    State.AUTH: {
        AuthResponse: {OK: _TRANSACTION, CONTINUE: _AUTH, ERR: _AUTHORIZATION},
        AuthCancel: {ERR: _AUTHORIZATION},
        BadCommand: {ERR: _AUTHORIZATION},
        EndlessLine: {ERR: State.CLOSED},
    },
    State.TRANSACTION: {
        Stat: {OK: _TRANSACTION, ERR: _TRANSACTION},
        List: {OK: _TRANSACTION, ERR: _TRANSACTION},
        Uidl: {OK: _TRANSACTION, ERR: _TRANSACTION},
        Retr: {OK: _TRANSACTION, ERR: _TRANSACTION},
        Top: {OK: _TRANSACTION, ERR: _TRANSACTION},
        Dele: {OK: _TRANSACTION, ERR: _TRANSACTION},
        Last: {OK: _TRANSACTION, ERR: _TRANSACTION},
        Noop: {OK: _TRANSACTION, ERR: _TRANSACTION},
        Rset: {OK: _TRANSACTION, ERR: _TRANSACTION},
        Capa: {OK: _TRANSACTION, ERR: _TRANSACTION},
        Quit: {OK: State.CLOSED, ERR: State.CLOSED},
        BadCommand: {ERR: _TRANSACTION},
        EndlessLine: {ERR: State.CLOSED},
    },
    State.CLOSED: {},
}

HOPES: Mapping[State, Mapping[type, State]] = {
    state: {
        command: moves.get(OK, moves.get(CONTINUE, state))
        for command, moves in commands.items()
        if command not in (Opening, BadCommand, EndlessLine)
    }
    for state, commands in TRANSITIONS.items()
}
"""State -> command that a client may send -> the state if the response is a good one."""

LAST_IN_GROUP: frozenset[type] = frozenset({Auth, AuthResponse, AuthCancel, Stls, Quit})
"""Commands that nothing may be pipelined behind (RFC 2449 section 6.6, RFC 2595 section 4)."""


def state_after(state: State, kind: type | None, status: Status) -> State:
    """The state in which a response to a command leaves a client.

    A command that was sent behind one that has failed may have no place any more: its response then changes nothing.

    Raises:
        RemoteProtocolError: it answers nothing (`kind` is None), or not this command.
    """
    if kind is None:
        raise RemoteProtocolError(f"a {status.value} answers nothing that was sent")
    moves = TRANSITIONS[state].get(kind)
    if moves is None:
        return state
    if status not in moves:
        raise RemoteProtocolError(f"{status.value} is no answer to {kind.__name__}")
    return moves[status]


def state_answered(state: State, kind: type | None, status: Status) -> State:
    """The state in which a server's response to an event leaves both sides.

    Raises:
        LocalProtocolError: there is no event (`kind` is None), or this response cannot answer it.
    """
    if kind is None:
        raise LocalProtocolError(f"{status.value} answers nothing: every event takes one response")
    moves = TRANSITIONS[state][kind]
    if status not in moves:
        allowed = ", ".join(each.value for each in moves)
        raise LocalProtocolError(f"{status.value} cannot answer {kind.__name__} in {state.name}: {allowed} can")
    return moves[status]
