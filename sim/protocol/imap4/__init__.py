"""IMAP4rev1 and rev2: sans-I/O machines for both ends of a dialogue (RFC 3501, RFC 9051).

They know no socket, no clock and no chance.
"""

from sim.protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.imap4 import commands, responses
from sim.protocol.imap4.client import Client
from sim.protocol.imap4.commands import Command
from sim.protocol.imap4.events import BadCommand, LiteralAsked, Request, TooLong
from sim.protocol.imap4.response_grammar import ContinueResponse, DataResponse, StatusResponse
from sim.protocol.imap4.responses import Continue, Tagged, Untagged
from sim.protocol.imap4.server import Server
from sim.protocol.imap4.states import State

__all__ = [
    "NEED_DATA",
    "BadCommand",
    "Client",
    "Command",
    "ConnectionClosed",
    "Continue",
    "ContinueResponse",
    "DataResponse",
    "LiteralAsked",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "Request",
    "Server",
    "State",
    "StatusResponse",
    "Tagged",
    "TooLong",
    "Untagged",
    "commands",
    "responses",
]
