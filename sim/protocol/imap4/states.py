"""The IMAP state machine, as one table for both ends of a dialogue (RFC 3501 and 9051 sections 3 and 6).

    state -> command -> status of its tagged response -> new state

It is the response that moves the machine. A command that has no entry in its state is the illegal move: a server
answers BAD, a client refuses to send it. `+` is the continuation request that asks for more of the same command. What a
BYE, and the end of the connection, lead to from every state is LOGOUT.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.imap4.commands import (
    Append,
    Authenticate,
    AuthenticateCancel,
    AuthenticateResponse,
    Capability,
    Check,
    Close,
    Copy,
    Create,
    Delete,
    Done,
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
from sim.protocol.imap4.events import BadCommand


class State(Enum):
    """Where a dialogue stands."""

    CONNECTED = "connected"
    """The connection is there; the server has yet to greet."""

    NOT_AUTHENTICATED = "not authenticated"
    """The client has to say who it is."""

    AUTHENTICATING = "authenticating"
    """The server gave a challenge; the client is to respond."""

    AUTHENTICATED = "authenticated"
    """The user is known; no mailbox is selected."""

    SELECTED = "selected"
    """A mailbox is selected."""

    IDLE = "idle"
    """The client waits for news, with no mailbox selected."""

    IDLE_SELECTED = "idle, selected"
    """The client waits for news of the selected mailbox."""

    LOGOUT = "logout"
    """The session is over."""

    __hash__ = object.__hash__


class Opening:
    """What the greeting answers: the opening of the connection, in the place of a command."""


OK, NO, BAD, CONTINUE, PREAUTH, BYE = "OK", "NO", "BAD", "+", "PREAUTH", "BYE"

_NOT_AUTHENTICATED, _AUTHENTICATED, _SELECTED = State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED
_AUTHENTICATING, _IDLE, _IDLE_SELECTED = State.AUTHENTICATING, State.IDLE, State.IDLE_SELECTED

_Moves = Mapping[type, Mapping[str, State]]


def _stays(state: State, *commands: type) -> _Moves:
    return {command: {OK: state, NO: state, BAD: state} for command in commands}


_ANY_STATE = (Capability, Noop, Id)
_OF_A_USER = (
    *(Enable, Create, Delete, Rename, Subscribe, Unsubscribe, ListMailboxes, Lsub, Namespace, Status, Append),
    *(GetQuota, GetQuotaRoot, SetQuota),
)
_OF_A_MAILBOX = (Check, Expunge, Search, Fetch, Store, Copy, Move)

TRANSITIONS: Mapping[State, _Moves] = {
    State.CONNECTED: {
        Opening: {OK: _NOT_AUTHENTICATED, PREAUTH: _AUTHENTICATED, BYE: State.LOGOUT},
    },
    _NOT_AUTHENTICATED: {
        **_stays(_NOT_AUTHENTICATED, *_ANY_STATE, StartTls),
        Login: {OK: _AUTHENTICATED, NO: _NOT_AUTHENTICATED, BAD: _NOT_AUTHENTICATED},
        Authenticate: {
            OK: _AUTHENTICATED,
            CONTINUE: _AUTHENTICATING,
            NO: _NOT_AUTHENTICATED,
            BAD: _NOT_AUTHENTICATED,
        },
        Logout: {OK: State.LOGOUT, BAD: _NOT_AUTHENTICATED},
        BadCommand: {BAD: _NOT_AUTHENTICATED, NO: _NOT_AUTHENTICATED},
    },
    _AUTHENTICATING: {
        AuthenticateResponse: {
            OK: _AUTHENTICATED,
            CONTINUE: _AUTHENTICATING,
            NO: _NOT_AUTHENTICATED,
            BAD: _NOT_AUTHENTICATED,
        },
        AuthenticateCancel: {BAD: _NOT_AUTHENTICATED},
        BadCommand: {BAD: _NOT_AUTHENTICATED, NO: _NOT_AUTHENTICATED},
    },
    _AUTHENTICATED: {
        **_stays(_AUTHENTICATED, *_ANY_STATE, *_OF_A_USER),
        Select: {OK: _SELECTED, NO: _AUTHENTICATED, BAD: _AUTHENTICATED},
        Examine: {OK: _SELECTED, NO: _AUTHENTICATED, BAD: _AUTHENTICATED},
        Idle: {CONTINUE: _IDLE, NO: _AUTHENTICATED, BAD: _AUTHENTICATED},
        Logout: {OK: State.LOGOUT, BAD: _AUTHENTICATED},
        BadCommand: {BAD: _AUTHENTICATED, NO: _AUTHENTICATED},
    },
    _SELECTED: {
        **_stays(_SELECTED, *_ANY_STATE, *_OF_A_USER, *_OF_A_MAILBOX),
        # A SELECT that fails leaves no mailbox selected (RFC 3501 section 6.3.1).
        Select: {OK: _SELECTED, NO: _AUTHENTICATED, BAD: _SELECTED},
        Examine: {OK: _SELECTED, NO: _AUTHENTICATED, BAD: _SELECTED},
        Close: {OK: _AUTHENTICATED, NO: _SELECTED, BAD: _SELECTED},
        Unselect: {OK: _AUTHENTICATED, NO: _SELECTED, BAD: _SELECTED},
        Idle: {CONTINUE: _IDLE_SELECTED, NO: _SELECTED, BAD: _SELECTED},
        Logout: {OK: State.LOGOUT, BAD: _SELECTED},
        BadCommand: {BAD: _SELECTED, NO: _SELECTED},
    },
    _IDLE: {
        Done: {OK: _AUTHENTICATED, NO: _AUTHENTICATED, BAD: _AUTHENTICATED},
        BadCommand: {BAD: _AUTHENTICATED, NO: _AUTHENTICATED},
    },
    _IDLE_SELECTED: {
        Done: {OK: _SELECTED, NO: _SELECTED, BAD: _SELECTED},
        BadCommand: {BAD: _SELECTED, NO: _SELECTED},
    },
    State.LOGOUT: {},
}

HOPES: Mapping[State, Mapping[type, State]] = {
    state: {
        command: moves.get(OK, moves.get(CONTINUE, state))
        for command, moves in commands.items()
        if command not in (Opening, BadCommand)
    }
    for state, commands in TRANSITIONS.items()
}
"""State -> command that a client may send -> the state if the response is a good one."""

ALONE: frozenset[type] = frozenset({StartTls, Authenticate, AuthenticateResponse, Login, Idle, Logout, Select, Examine})
"""Commands whose response a client awaits before it sends another (RFC 3501 section 5.5)."""


def state_after(state: State, kind: type | None, status: str) -> State:
    """The state in which a tagged response, a greeting or a `+` leaves a client.

    Raises:
        RemoteProtocolError: it answers nothing (`kind` is None), or not this command.
    """
    moves = None if kind is None else TRANSITIONS[state].get(kind)
    if moves is None:
        raise RemoteProtocolError(f"{status} answers nothing that was sent")
    if status not in moves:
        raise RemoteProtocolError(f"{status} is no answer to {kind.__name__ if kind else kind}")
    return moves[status]


def state_answered(state: State, kind: type | None, status: str) -> State:
    """The state in which a server's response to a command leaves both sides.

    Raises:
        LocalProtocolError: there is no command (`kind` is None), or this response cannot answer it.
    """
    if kind is None:
        raise LocalProtocolError(f"{status} answers nothing: every command takes one response")
    moves = TRANSITIONS[state][kind]
    if status not in moves:
        raise LocalProtocolError(
            f"{status} cannot answer {kind.__name__} in {state.name}: one of {', '.join(moves)} can"
        )
    return moves[status]
