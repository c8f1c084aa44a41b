"""SMTP: sans-I/O machines for both ends of a dialogue. They know no socket, no clock and no chance."""

from sim.protocol.errors import LocalProtocolError, ProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.smtp import replies, sasl
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import (
    Atrn,
    Auth,
    AuthResponse,
    BadCommand,
    Chunk,
    Command,
    Data,
    Ehlo,
    Etrn,
    Expn,
    Helo,
    Help,
    LastChunk,
    Lhlo,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Saml,
    Send,
    Soml,
    StartTls,
    Turn,
    Vrfy,
)
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.server import Server
from sim.protocol.smtp.states import State
from sim.protocol.smtp.turn import reverse

__all__ = [
    "NEED_DATA",
    "Atrn",
    "Auth",
    "AuthResponse",
    "BadCommand",
    "Chunk",
    "Client",
    "Command",
    "ConnectionClosed",
    "Data",
    "Ehlo",
    "Etrn",
    "Expn",
    "Helo",
    "Help",
    "LastChunk",
    "Lhlo",
    "LocalProtocolError",
    "Mail",
    "MailData",
    "Noop",
    "ProtocolError",
    "Quit",
    "Rcpt",
    "RemoteProtocolError",
    "Reply",
    "Rset",
    "Saml",
    "Send",
    "Server",
    "Soml",
    "StartTls",
    "State",
    "Turn",
    "Vrfy",
    "replies",
    "reverse",
    "sasl",
]
