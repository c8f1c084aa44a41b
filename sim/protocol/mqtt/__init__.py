"""MQTT 3.1.1: sans-I/O machines for a client and a broker (OASIS). They know no socket, no clock and no chance."""

from sim.protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.mqtt import packets
from sim.protocol.mqtt.endpoint import Client, Server
from sim.protocol.mqtt.packets import Packet
from sim.protocol.mqtt.states import Side, State
from sim.protocol.mqtt.topics import matches

__all__ = [
    "NEED_DATA",
    "Client",
    "ConnectionClosed",
    "LocalProtocolError",
    "Packet",
    "ProtocolError",
    "RemoteProtocolError",
    "Server",
    "Side",
    "State",
    "matches",
    "packets",
]
