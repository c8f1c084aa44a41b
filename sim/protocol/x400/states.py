"""The state machine of an association, as one table for both ends: transport, session and RTS (X.224, X.225, X.228).

    state -> PDU -> who sends it -> new state

It is the PDU that moves the machine, at the moment when one end sends it and the other receives it. One that has no
entry in its state, or not from this side, is the illegal move: who sends it is refused, who receives it ends the
association.

Messages go one way, from the initiator (the monologue of X.228), and one at a time: the next activity begins when the
end of the one before is acknowledged.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sim.protocol.x400 import pdus
from sim.protocol.x400.pdus import Pdu


class State(Enum):
    """Where an association stands."""

    START = "start"
    """There is nothing but the network's connection."""

    CONNECTING = "connecting"
    """Transport's connection was asked for."""

    CONNECTED = "connected"
    """It is there."""

    BINDING = "binding"
    """The session was asked for, with the bind in it."""

    OPEN = "open"
    """The association is there, and no message under way."""

    TRANSFER = "transfer"
    """A message is under way."""

    ENDING = "ending"
    """All of it was sent, and is to be acknowledged."""

    INTERRUPTING = "interrupting"
    """It was broken off, which is to be acknowledged."""

    RELEASING = "releasing"
    """The release was asked for."""

    RELEASED = "released"
    """It was granted; transport's connection is left."""

    CLOSED = "closed"
    """The association is over."""

    __hash__ = object.__hash__


class Side(Enum):
    """Who sends a PDU."""

    INITIATOR = "initiator"
    RESPONDER = "responder"

    __hash__ = object.__hash__


_INITIATOR, _RESPONDER = Side.INITIATOR, Side.RESPONDER
_EITHER_CLOSES = {_INITIATOR: State.CLOSED, _RESPONDER: State.CLOSED}
_GONE: Mapping[type, Mapping[Side, State]] = {
    pdus.Abort: _EITHER_CLOSES,
    pdus.DisconnectRequest: _EITHER_CLOSES,
}

TRANSITIONS: Mapping[State, Mapping[type, Mapping[Side, State]]] = {
    State.START: {
        pdus.ConnectRequest: {_INITIATOR: State.CONNECTING},
    },
    State.CONNECTING: {
        pdus.ConnectConfirm: {_RESPONDER: State.CONNECTED},
        pdus.DisconnectRequest: {_RESPONDER: State.CLOSED},
    },
    State.CONNECTED: {
        pdus.Connect: {_INITIATOR: State.BINDING},
        pdus.DisconnectRequest: _EITHER_CLOSES,
    },
    State.BINDING: {
        pdus.Accept: {_RESPONDER: State.OPEN},
        pdus.Refuse: {_RESPONDER: State.RELEASED},
        **_GONE,
    },
    State.OPEN: {
        pdus.ActivityStart: {_INITIATOR: State.TRANSFER},
        pdus.ActivityResume: {_INITIATOR: State.TRANSFER},
        pdus.Finish: {_INITIATOR: State.RELEASING},
        **_GONE,
    },
    State.TRANSFER: {
        pdus.Data: {_INITIATOR: State.TRANSFER},
        pdus.MinorSync: {_INITIATOR: State.TRANSFER},
        pdus.MinorSyncAck: {_RESPONDER: State.TRANSFER},
        pdus.ActivityEnd: {_INITIATOR: State.ENDING},
        pdus.ActivityInterrupt: {_INITIATOR: State.INTERRUPTING},
        pdus.ActivityDiscard: {_INITIATOR: State.INTERRUPTING},
        pdus.ExceptionReport: {_RESPONDER: State.TRANSFER},
        **_GONE,
    },
    State.ENDING: {
        pdus.MinorSyncAck: {_RESPONDER: State.ENDING},
        pdus.ActivityEndAck: {_RESPONDER: State.OPEN},
        pdus.ActivityDiscard: {_INITIATOR: State.INTERRUPTING},
        pdus.ExceptionReport: {_RESPONDER: State.ENDING},
        **_GONE,
    },
    State.INTERRUPTING: {
        pdus.ActivityInterruptAck: {_RESPONDER: State.OPEN},
        pdus.ActivityDiscardAck: {_RESPONDER: State.OPEN},
        pdus.MinorSyncAck: {_RESPONDER: State.INTERRUPTING},
        **_GONE,
    },
    State.RELEASING: {
        pdus.Disconnect: {_RESPONDER: State.RELEASED},
        **_GONE,
    },
    State.RELEASED: {
        pdus.DisconnectRequest: _EITHER_CLOSES,
    },
    State.CLOSED: {},
}


def state_after(state: State, pdu: Pdu, side: Side) -> State | None:
    """The state that a PDU of a side leads to; None where it is an illegal move."""
    return TRANSITIONS[state].get(type(pdu), {}).get(side)
