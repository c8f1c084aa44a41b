"""UUCP: sans-I/O machines for both ends of a call. They know no line, no clock and no chance."""

from sim.protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.uucp import messages
from sim.protocol.uucp.endpoint import Endpoint
from sim.protocol.uucp.jobs import Job
from sim.protocol.uucp.states import Side, State

__all__ = [
    "NEED_DATA",
    "ConnectionClosed",
    "Endpoint",
    "Job",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "Side",
    "State",
    "messages",
]
