"""The MQTT state machine, as one table for both ends of a connection (MQTT 3.1.1 section 3).

    state -> packet -> who sends it -> new state

It is the packet that moves the machine, at the moment when one end sends it and the other receives it. One that has no
entry in its state, or not from this side, is the illegal move: who sends it is refused, who receives it closes the
connection (section 4.8).

A client need not wait for CONNACK before it goes on (section 3.1.4); a server answers nothing before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from sim.protocol.mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)


class State(Enum):
    """Where a dialogue stands."""

    OPEN = "open"
    """The connection is there; CONNECT is to come."""

    CONNECTING = "connecting"
    """CONNECT was sent; CONNACK is to come."""

    CONNECTED = "connected"
    """Either may publish."""

    CLOSED = "closed"
    """The session is over."""

    __hash__ = object.__hash__


class Side(Enum):
    """Who sends a packet."""

    CLIENT = "client"
    SERVER = "server"

    __hash__ = object.__hash__


class Refusal:
    """A CONNACK that refuses."""


_CLIENT, _SERVER = Side.CLIENT, Side.SERVER
_CONNECTING, _CONNECTED, _CLOSED = State.CONNECTING, State.CONNECTED, State.CLOSED

TRANSITIONS: Mapping[State, Mapping[type, Mapping[Side, State]]] = {
    State.OPEN: {
        Connect: {_CLIENT: _CONNECTING},
    },
    State.CONNECTING: {
        Connack: {_SERVER: _CONNECTED},
        Refusal: {_SERVER: _CLOSED},
        Publish: {_CLIENT: _CONNECTING},
        Subscribe: {_CLIENT: _CONNECTING},
        Unsubscribe: {_CLIENT: _CONNECTING},
        Pingreq: {_CLIENT: _CONNECTING},
        Disconnect: {_CLIENT: _CLOSED},
    },
    State.CONNECTED: {
        Publish: {_CLIENT: _CONNECTED, _SERVER: _CONNECTED},
        Puback: {_CLIENT: _CONNECTED, _SERVER: _CONNECTED},
        Pubrec: {_CLIENT: _CONNECTED, _SERVER: _CONNECTED},
        Pubrel: {_CLIENT: _CONNECTED, _SERVER: _CONNECTED},
        Pubcomp: {_CLIENT: _CONNECTED, _SERVER: _CONNECTED},
        Subscribe: {_CLIENT: _CONNECTED},
        Suback: {_SERVER: _CONNECTED},
        Unsubscribe: {_CLIENT: _CONNECTED},
        Unsuback: {_SERVER: _CONNECTED},
        Pingreq: {_CLIENT: _CONNECTED},
        Pingresp: {_SERVER: _CONNECTED},
        Disconnect: {_CLIENT: _CLOSED},
    },
    State.CLOSED: {},
}

ANSWERS: Mapping[type, type] = {
    Pubrel: Pubcomp,
    Subscribe: Suback,
    Unsubscribe: Unsuback,
}
"""What answers a packet that has a number, under that number; PUBLISH by its QoS (`answer_to`)."""


def state_after(state: State, packet: Packet, side: Side) -> State | None:
    """The state that a packet of a side leads to; None where it is an illegal move."""
    kind = Refusal if isinstance(packet, Connack) and packet.code else type(packet)
    return TRANSITIONS[state].get(kind, {}).get(side)


def answer_to(packet: Packet) -> type | None:
    """What the peer is to answer a packet under its number; None where it has none."""
    if isinstance(packet, Publish):
        return (None, Puback, Pubrec)[packet.qos]
    return ANSWERS.get(type(packet))
