"""Octets that are no legal command or response of IMAP."""

from __future__ import annotations

from sim.protocol.errors import ProtocolError


class SyntaxFault(ProtocolError):  # noqa: N818 - SyntaxError is Python's
    """Octets are no legal command or response: why, in words that may follow a BAD.

    Args:
        why: the words, in ASCII.
        code: the response code of a NO that says it better; empty where BAD is due.
    """

    def __init__(self, why: str, code: str = "") -> None:
        super().__init__(why)
        self.code = code
