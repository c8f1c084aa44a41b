"""The FTP state machine, as one table for both ends of a control connection (RFC 959 sections 5.4 and 6).

    state -> command -> first digit of the reply -> new state

It is the reply that moves the machine, at the moment when the server sends it and the client receives it. A command
that has no entry in its state is the illegal move: a server answers 503 (530 before the login), a client refuses to
send it. A reply of 421 ends any state.

What goes over the data connection has two replies: a preliminary one (1yz) leads into TRANSFER, and what ends the file
there has the second one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.ftp.commands import (
    Abor,
    Acct,
    Allo,
    Appe,
    AuthTls,
    BadCommand,
    Cdup,
    Cwd,
    Dele,
    Eprt,
    Epsv,
    Feat,
    FileEnd,
    Help,
    List,
    Mdtm,
    Mkd,
    Mode,
    Nlst,
    Noop,
    Opts,
    Pass,
    Pasv,
    Port,
    Pwd,
    Quit,
    Rein,
    Rest,
    Retr,
    Rmd,
    Rnfr,
    Rnto,
    Site,
    Size,
    Smnt,
    Stat,
    Stor,
    Stou,
    Stru,
    Syst,
    Type,
    User,
)
from sim.protocol.ftp.replies import CLOSING, Reply


class State(Enum):
    """Where a dialogue stands."""

    CONNECTED = "connected"
    """The control connection is there; the server has yet to greet."""

    LOGIN = "login"
    """The client has to say who it is."""

    PASSWORD = "password"  # noqa: S105 - a state
    """USER got its 331: PASS is to follow."""

    ACCOUNT = "account"
    """A 332 was said: ACCT is to follow."""

    READY = "ready"
    """The client is logged in."""

    RENAMING = "renaming"
    """RNFR got its 350: RNTO is to follow."""

    TRANSFER = "transfer"
    """A file is under way over the data connection."""

    CLOSED = "closed"
    """The session is over."""

    __hash__ = object.__hash__


class Opening:
    """What the greeting answers: the opening of the connection, in the place of a command."""


_LOGIN, _READY, _TRANSFER, _CLOSED = State.LOGIN, State.READY, State.TRANSFER, State.CLOSED

_STORES = {1: _TRANSFER, 2: _READY, 4: _READY, 5: _READY}
_ASKS = {2: _READY, 4: _READY, 5: _READY}
_LOGS_IN = {2: _READY, 3: State.ACCOUNT, 4: _LOGIN, 5: _LOGIN}
_NAMES = {2: _READY, 3: State.PASSWORD, 4: _LOGIN, 5: _LOGIN}
_QUITS = {2: _CLOSED, 4: _CLOSED, 5: _CLOSED}


def _leads_to(state: State) -> Mapping[int, State]:
    return {2: state, 4: state, 5: state}


TRANSITIONS: Mapping[State, Mapping[type, Mapping[int, State]]] = {
    State.CONNECTED: {
        Opening: {1: State.CONNECTED, 2: _LOGIN, 4: _CLOSED, 5: _CLOSED},
    },
    State.LOGIN: {
        User: _NAMES,
        Feat: _leads_to(_LOGIN),
        Syst: _leads_to(_LOGIN),
        Help: _leads_to(_LOGIN),
        Noop: _leads_to(_LOGIN),
        Opts: _leads_to(_LOGIN),
        AuthTls: {4: _LOGIN, 5: _LOGIN},
        Rein: _leads_to(_LOGIN),
        Quit: _QUITS,
        BadCommand: {4: _LOGIN, 5: _LOGIN},
    },
    State.PASSWORD: {
        Pass: _LOGS_IN,
        User: _NAMES,
        Rein: _leads_to(_LOGIN),
        Quit: _QUITS,
        BadCommand: {4: State.PASSWORD, 5: State.PASSWORD},
    },
    State.ACCOUNT: {
        Acct: {2: _READY, 4: _LOGIN, 5: _LOGIN},
        User: _NAMES,
        Rein: _leads_to(_LOGIN),
        Quit: _QUITS,
        BadCommand: {4: State.ACCOUNT, 5: State.ACCOUNT},
    },
    State.READY: {
        Stor: _STORES,
        Stou: _STORES,
        Appe: _STORES,
        Retr: _STORES,
        List: _STORES,
        Nlst: _STORES,
        Pasv: _ASKS,
        Epsv: _ASKS,
        Port: _ASKS,
        Eprt: _ASKS,
        Type: _ASKS,
        Stru: _ASKS,
        Mode: _ASKS,
        Allo: _ASKS,
        Rest: {3: _READY, 4: _READY, 5: _READY},
        Rnfr: {3: State.RENAMING, 4: _READY, 5: _READY},
        Cwd: _ASKS,
        Cdup: _ASKS,
        Smnt: _ASKS,
        Dele: _ASKS,
        Rmd: _ASKS,
        Mkd: _ASKS,
        Pwd: _ASKS,
        Size: _ASKS,
        Mdtm: _ASKS,
        Site: _ASKS,
        Syst: _ASKS,
        Stat: _ASKS,
        Help: _ASKS,
        Noop: _ASKS,
        Feat: _ASKS,
        Opts: _ASKS,
        Abor: _ASKS,
        Acct: _ASKS,
        AuthTls: {4: _READY, 5: _READY},
        User: {2: _READY, 3: State.PASSWORD, 4: _READY, 5: _READY},
        Rein: {2: _LOGIN, 4: _READY, 5: _READY},
        Quit: _QUITS,
        BadCommand: {4: _READY, 5: _READY},
    },
    State.RENAMING: {
        Rnto: _ASKS,
        Quit: _QUITS,
        BadCommand: {4: _READY, 5: _READY},
    },
    State.TRANSFER: {
        FileEnd: {2: _READY, 4: _READY, 5: _READY},
        Abor: {2: _READY, 4: _READY, 5: _READY},
    },
    State.CLOSED: {},
}

TRANSFERS: frozenset[type] = frozenset(
    kind for kind, moves in TRANSITIONS[State.READY].items() if State.TRANSFER in moves.values()
)
"""The commands that use the data connection."""


def state_after(state: State, kind: type | None, said: Reply) -> State:
    """The state in which a reply to a command leaves a client.

    Raises:
        RemoteProtocolError: it answers nothing (`kind` is None), or not this command.
    """
    if said.code == CLOSING:
        return State.CLOSED
    if kind is None:
        raise RemoteProtocolError(f"{said.code} answers nothing that was sent")
    moves = TRANSITIONS[state].get(kind)
    if moves is None or said.digit not in moves:
        raise RemoteProtocolError(f"{said.code} is no reply to {kind.__name__} in state {state.name}")
    return moves[said.digit]


def state_answered(state: State, kind: type | None, said: Reply) -> State:
    """The state in which a server's reply to an event leaves both sides.

    Raises:
        LocalProtocolError: there is no event (`kind` is None), or this reply cannot answer it.
    """
    if said.code == CLOSING:
        return State.CLOSED
    if kind is None:
        raise LocalProtocolError(f"{said.code} answers nothing: every event takes its reply")
    moves = TRANSITIONS[state][kind]
    if said.digit not in moves:
        allowed = ", ".join(f"{digit}yz" for digit in moves)
        raise LocalProtocolError(f"{said.code} cannot answer {kind.__name__} in {state.name}: {allowed} can")
    return moves[said.digit]
