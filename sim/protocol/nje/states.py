"""The state machine of an NJE line, as one table for both ends.

    state -> record -> who sends it -> new state

It is the record that moves the machine, when one end sends it and when the other receives it. One that has no entry in
its state, or not from this side, is the illegal move: who sends it is refused, who receives it closes the line. The
client is the end that has a file to send; interactive messages go ahead of files, and between the cards of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from sim.protocol.nje.records import (
    Card,
    Complete,
    EndOfFile,
    JobHeader,
    JobTrailer,
    Message,
    Permission,
    Record,
    Refusal,
    Request,
    SignOff,
    SignOn,
    SignOnReply,
)


class State(Enum):
    """Where a line stands."""

    OPEN = "open"
    """The line is there; SIGNON is to come."""

    SIGNING_ON = "signing on"
    """SIGNON was sent; its answer is to come."""

    IDLE = "idle"
    """A file may be announced."""

    ANNOUNCED = "announced"
    """Permission for a file was asked for."""

    PERMITTED = "permitted"
    """The file may begin."""

    FILE = "file"
    """It has begun, and cards come."""

    TRAILED = "trailed"
    """Its last card has come."""

    SENT = "sent"
    """It has ended, and is to be taken or refused."""

    CLOSED = "closed"
    """The line is closed."""

    __hash__ = object.__hash__


class Side(Enum):
    """Who sends a record."""

    CLIENT = "client"
    SERVER = "server"

    __hash__ = object.__hash__


def _either(state: State) -> Mapping[Side, State]:
    return {Side.CLIENT: state, Side.SERVER: state}


TRANSITIONS: Final[Mapping[State, Mapping[type, Mapping[Side, State]]]] = {
    State.OPEN: {
        SignOn: {Side.CLIENT: State.SIGNING_ON},
    },
    State.SIGNING_ON: {
        SignOnReply: {Side.SERVER: State.IDLE},
        SignOff: {Side.SERVER: State.CLOSED},
    },
    State.IDLE: {
        Request: {Side.CLIENT: State.ANNOUNCED},
        Message: _either(State.IDLE),
        SignOff: _either(State.CLOSED),
    },
    State.ANNOUNCED: {
        Permission: {Side.SERVER: State.PERMITTED},
        Refusal: {Side.SERVER: State.IDLE},
        Message: _either(State.ANNOUNCED),
    },
    State.PERMITTED: {
        JobHeader: {Side.CLIENT: State.FILE},
        Message: _either(State.PERMITTED),
    },
    State.FILE: {
        Card: {Side.CLIENT: State.FILE},
        JobTrailer: {Side.CLIENT: State.TRAILED},
        Message: _either(State.FILE),
    },
    State.TRAILED: {
        EndOfFile: {Side.CLIENT: State.SENT},
        Message: _either(State.TRAILED),
    },
    State.SENT: {
        Complete: {Side.SERVER: State.IDLE},
        Refusal: {Side.SERVER: State.IDLE},
        Message: _either(State.SENT),
    },
    State.CLOSED: {},
}


def state_after(state: State, record: Record, side: Side) -> State | None:
    """The state that a record of a side leads to; None where it is an illegal move."""
    return TRANSITIONS[state].get(type(record), {}).get(side)
