"""X.400: the message handling system's protocols, and the reliable transfer that carries them, as sans-I/O machines.

They know no socket, no clock and no chance. Sources: X.411, X.413 and X.420 (1984 and 1988), X.218, X.225 to X.229, RFC
1006. What is encoded by ASN.1 is in `asn1/`.
"""

from sim.protocol.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.x400 import mpdus, pdus
from sim.protocol.x400.association import Association, Initiator, Responder
from sim.protocol.x400.p1 import read_mpdu, write_mpdu
from sim.protocol.x400.presentation import Bind
from sim.protocol.x400.states import Side, State
from sim.protocol.x400.transfer import Receiving, Sending

__all__ = [
    "NEED_DATA",
    "Association",
    "Bind",
    "ConnectionClosed",
    "Initiator",
    "LocalProtocolError",
    "ProtocolError",
    "Receiving",
    "RemoteProtocolError",
    "Responder",
    "Sending",
    "Side",
    "State",
    "mpdus",
    "pdus",
    "read_mpdu",
    "write_mpdu",
]
