"""What can go wrong in a dialogue, by whose fault it is.

    ProtocolError
    +-- LocalProtocolError     our caller broke the rules: a bug on this side
    +-- RemoteProtocolError    the peer broke the rules; it carries the reply to answer with, if one is due

A machine raises nothing else for any octets from the peer; any other exception is a bug of the machine.
"""

from __future__ import annotations

from sim.protocol.smtp.replies import Reply


class ProtocolError(Exception):
    """A rule of SMTP was broken; see the two kinds."""


class LocalProtocolError(ProtocolError):
    """The caller asked a machine for what SMTP forbids here. The machine is as it was before the call."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what SMTP forbids.

    `reply` is what a server answers (a client never answers: there it is None).
    """

    def __init__(self, message: str, reply: Reply | None = None) -> None:
        super().__init__(message)
        self.reply = reply


def refused(what: object, reply: Reply) -> RemoteProtocolError:
    """The error of octets that deserve a refusal."""
    return RemoteProtocolError(f"{what!r} deserves {reply.code} {reply.text}", reply)
