"""What the peer did wrong in an SMTP dialogue, with the reply that it deserves."""

from __future__ import annotations

from sim.protocol import errors
from sim.protocol.smtp.replies import Reply


class RemoteProtocolError(errors.RemoteProtocolError):
    """The peer sent what SMTP forbids.

    `reply` is what a server answers (a client never answers: there it is None).
    """

    def __init__(self, message: str, reply: Reply | None = None) -> None:
        super().__init__(message)
        self.reply = reply


def refused(what: object, reply: Reply) -> RemoteProtocolError:
    """The error of octets that deserve a refusal."""
    return RemoteProtocolError(f"{what!r} deserves {reply.code} {reply.text}", reply)
