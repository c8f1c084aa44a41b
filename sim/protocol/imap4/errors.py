"""What can go wrong in an IMAP dialogue, by whose fault it is.

A machine raises nothing else for any octets from the peer; any other exception is a bug of the machine.
"""

from __future__ import annotations


class ProtocolError(Exception):
    """A rule of IMAP was broken; see the two kinds."""


class LocalProtocolError(ProtocolError):
    """The caller asked a machine for what IMAP forbids here. The machine is as it was before the call."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what IMAP forbids."""


class SyntaxFault(ProtocolError):  # noqa: N818 - SyntaxError is Python's
    """Octets are no legal command or response: why, in words that may follow a BAD."""
