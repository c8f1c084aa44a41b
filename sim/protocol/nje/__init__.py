"""BITNET's NJE (IBM GC23-0070, as RSCS speaks it over a line): sans-I/O machines for both ends of a line."""

from sim.protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.nje import records
from sim.protocol.nje.cards import CARD, cards_of, octets_of
from sim.protocol.nje.endpoint import Client, Server
from sim.protocol.nje.records import Record
from sim.protocol.nje.states import Side, State

__all__ = [
    "CARD",
    "NEED_DATA",
    "Client",
    "ConnectionClosed",
    "LocalProtocolError",
    "ProtocolError",
    "Record",
    "RemoteProtocolError",
    "Server",
    "Side",
    "State",
    "cards_of",
    "octets_of",
    "records",
]
