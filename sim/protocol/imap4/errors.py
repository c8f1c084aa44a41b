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
    """Octets are no legal command or response: why, in words that may follow a BAD.

    Args:
        why: the words, in ASCII.
        code: the response code of a NO that says it better; empty where BAD is due.
    """

    def __init__(self, why: str, code: str = "") -> None:
        super().__init__(why)
        self.code = code
