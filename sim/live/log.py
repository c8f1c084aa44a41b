"""What a served host says of what it does: a line for each message that it keeps, and for each refusal."""

from __future__ import annotations

from collections.abc import Sequence

from sim.mta.server.transactions import AcceptedMail
from sim.protocol.smtp import events
from sim.protocol.smtp.commands import command_kind
from sim.protocol.smtp.replies import Reply

_SHOWN = 20
"""Recipients that are named."""


def nothing(_: str) -> None:
    """The log of a host that keeps none."""


def kept(queue_id: str, mail: AcceptedMail, recipients: Sequence[str], client: str) -> str:
    """The line of a message.

    Args:
        queue_id: its name in the reply that took it.
        mail: the message.
        recipients: those whom it was kept for.
        client: the address literal that it came from.
    """
    to = ",".join([f"<{recipient}>" for recipient in recipients[:_SHOWN]]) + ",..." * (len(recipients) > _SHOWN)
    return (
        f"{queue_id}: from={mail.reverse_path}, to={to}, size={len(mail.content)}, "
        f"{mail.protocol} from {client}, helo=<{mail.helo}>: kept"
    )


def refused(event: object, reply: Reply, client: str, helo: str) -> str:
    """The line of a refusal.

    Args:
        event: what was refused; None where it is the session.
        reply: the reply to it.
        client: the address literal of who asked.
        helo: what he calls himself.
    """
    said = " ".join([part for part in (str(reply.code), reply.enhanced, *reply.lines) if part])
    return f"refused: {_asked(event)} from {client}, helo=<{helo}>: {said}"


def _asked(event: object) -> str:
    """What was asked, without what proves a login, and without a line that may be one's password."""
    path = getattr(event, "forward_path", None) or getattr(event, "reverse_path", None)
    if isinstance(event, events.BadCommand):
        kind = command_kind(event.line)
        return "what is no command" if kind is None else kind.__name__.upper()
    if path is not None:
        return f"{type(event).__name__.upper()} {'TO' if isinstance(event, events.Rcpt) else 'FROM'}:{path}"
    return _NAMES.get(type(event), type(event).__name__.upper())


_NAMES: dict[type, str] = {
    type(None): "session",
    events.MailData: "mail data",
    events.Chunk: "mail data",
    events.LastChunk: "mail data",
    events.AuthResponse: "AUTH",
}
"""Those events that no command is named like."""
