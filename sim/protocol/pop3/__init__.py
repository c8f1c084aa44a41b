"""POP3: sans-I/O machines for both ends of a dialogue (RFC 1939). They know no socket, no clock and no chance."""

from sim.protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.pop3 import events, responses
from sim.protocol.pop3.client import Client
from sim.protocol.pop3.events import BadCommand, Command, EndlessLine
from sim.protocol.pop3.responses import Response, Status
from sim.protocol.pop3.server import Server
from sim.protocol.pop3.states import State

__all__ = [
    "NEED_DATA",
    "BadCommand",
    "Client",
    "Command",
    "ConnectionClosed",
    "EndlessLine",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "Response",
    "Server",
    "State",
    "Status",
    "events",
    "responses",
]
