"""FTP: sans-I/O machines for both ends of a session (RFC 959). They know no socket, no clock and no chance."""

from sim.protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.ftp import commands, replies
from sim.protocol.ftp.client import Client
from sim.protocol.ftp.commands import BadCommand, Command, FileData, FileEnd
from sim.protocol.ftp.replies import Reply
from sim.protocol.ftp.server import Server
from sim.protocol.ftp.states import State

__all__ = [
    "NEED_DATA",
    "BadCommand",
    "Client",
    "Command",
    "ConnectionClosed",
    "FileData",
    "FileEnd",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "Reply",
    "Server",
    "State",
    "commands",
    "replies",
]
