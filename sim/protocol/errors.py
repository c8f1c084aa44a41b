"""What can go wrong in a dialogue, by whose fault it is.

    ProtocolError
    +-- LocalProtocolError     our caller broke the rules: a bug on this side
    +-- RemoteProtocolError    the peer broke the rules

A machine raises nothing else for any octets from the peer; any other exception is a bug of the machine.
"""

from __future__ import annotations


class ProtocolError(Exception):
    """A rule of the protocol was broken; see the two kinds."""


class LocalProtocolError(ProtocolError):
    """The caller asked a machine for what its protocol forbids here. The machine is as it was before the call."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what the protocol forbids."""
