"""What can go wrong in a POP3 dialogue, by whose fault it is.

A machine raises nothing else for any octets from the peer; any other exception is a bug of the machine.
"""

from __future__ import annotations


class ProtocolError(Exception):
    """A rule of POP3 was broken; see the two kinds."""


class LocalProtocolError(ProtocolError):
    """The caller asked a machine for what POP3 forbids here. The machine is as it was before the call."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what POP3 forbids."""
