"""The state machine of a UUCP call, as one table for both sides.

    state -> message -> who says it -> new state

Who sends files is the master, who gets them the slave. The caller is master first; HN changes the two. A message that
has no entry in its state, or not from this side, is the illegal move.

Source: the manual of Taylor UUCP 1.07 ("UUCP Protocol Internals").
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from sim.protocol.uucp import messages


class State(Enum):
    """Where a call stands."""

    CONNECTED = "The line is there; the called speaks first."
    LOGIN = "The called wants to know who it is."
    NAMED = "The caller has said so."
    PASSWORD = "The called wants a password."  # noqa: S105
    GREETED = "Shere was said: the caller says its name."
    STARTED = "It has."
    WELCOME = "ROK was said: the protocols are to follow."
    OFFERED = "The caller has to choose a protocol."
    READY = "The master has the word."
    ASKED = "S or E was said: the slave says whether the file may come."
    REQUESTED = "R was said: the slave says whether the file may be had."
    SENDING = "A file is under way to the slave."
    FETCHING = "A file is under way to the master."
    SENT = "It is over; the slave says whether it is there."
    FETCHED = "It is over; the master says whether it is there."
    LEAVING = "H was said: the slave says whether it has files."
    AGREED = "It has none."
    OVER = "Both say goodbye."
    CLOSED = "The call is over."

    __hash__ = object.__hash__


class Side(Enum):
    """Who says something."""

    MASTER = "master"
    SLAVE = "slave"

    __hash__ = object.__hash__


_MASTER, _SLAVE = Side.MASTER, Side.SLAVE

TRANSITIONS: Final[Mapping[State, Mapping[type, Mapping[Side, State]]]] = {
    State.CONNECTED: {messages.LoginPrompt: {_SLAVE: State.LOGIN}, messages.Shere: {_SLAVE: State.GREETED}},
    State.LOGIN: {messages.LoginName: {_MASTER: State.NAMED}},
    State.NAMED: {messages.PasswordPrompt: {_SLAVE: State.PASSWORD}},
    State.PASSWORD: {messages.Password: {_MASTER: State.CONNECTED}},
    State.GREETED: {messages.Start: {_MASTER: State.STARTED}},
    State.STARTED: {messages.Rok: {_SLAVE: State.WELCOME}, messages.Refusal: {_SLAVE: State.CLOSED}},
    State.WELCOME: {messages.Protocols: {_SLAVE: State.OFFERED}},
    State.OFFERED: {messages.Use: {_MASTER: State.READY}},
    State.READY: {
        messages.Send: {_MASTER: State.ASKED},
        messages.Execute: {_MASTER: State.ASKED},
        messages.Receive: {_MASTER: State.REQUESTED},
        messages.Hangup: {_MASTER: State.LEAVING},
    },
    State.ASKED: {messages.Yes: {_SLAVE: State.SENDING}, messages.No: {_SLAVE: State.READY}},
    State.REQUESTED: {messages.Yes: {_SLAVE: State.FETCHING}, messages.No: {_SLAVE: State.READY}},
    State.SENDING: {messages.FileEnd: {_MASTER: State.SENT}},
    State.FETCHING: {messages.FileEnd: {_SLAVE: State.FETCHED}},
    State.SENT: {messages.Copied: {_SLAVE: State.READY}, messages.NotCopied: {_SLAVE: State.READY}},
    State.FETCHED: {messages.Copied: {_MASTER: State.READY}, messages.NotCopied: {_MASTER: State.READY}},
    State.LEAVING: {messages.HangupYes: {_SLAVE: State.AGREED}, messages.HangupNo: {_SLAVE: State.READY}},
    State.AGREED: {messages.HangupYes: {_MASTER: State.OVER}},
    State.OVER: {
        messages.HangupYes: {_SLAVE: State.OVER},
        messages.Goodbye: {_MASTER: State.CLOSED, _SLAVE: State.CLOSED},
    },
    State.CLOSED: {},
}
