"""CSNET's PhoneNet, MMDF's protocol of telephone calls: sans-I/O machines for who calls and who answers."""

from sim.protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.phonenet import records
from sim.protocol.phonenet.endpoint import Client, Server
from sim.protocol.phonenet.records import Record
from sim.protocol.phonenet.states import Side, State

__all__ = [
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
    "records",
]
