"""SMTP: sans-I/O machines for both ends of a dialogue. They know no socket, no clock and no chance."""

from sim.protocol.smtp import replies
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sim.protocol.smtp.events import (
    NEED_DATA,
    BadCommand,
    Command,
    ConnectionClosed,
    Data,
    Ehlo,
    Etrn,
    Expn,
    Helo,
    Help,
    Mail,
    MailData,
    Noop,
    Quit,
    Rcpt,
    Rset,
    Saml,
    Send,
    Soml,
    Turn,
    Vrfy,
)
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.server import Server
from sim.protocol.smtp.states import State

__all__ = [
    "NEED_DATA",
    "BadCommand",
    "Client",
    "Command",
    "ConnectionClosed",
    "Data",
    "Ehlo",
    "Etrn",
    "Expn",
    "Helo",
    "Help",
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
    "State",
    "Turn",
    "Vrfy",
    "replies",
]
