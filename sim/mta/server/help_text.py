"""What a host says to HELP: the commands that it knows, or how one of them is written (RFC 5321 section 4.1.1.8)."""

from __future__ import annotations

from functools import lru_cache

from sim.protocol.smtp import replies
from sim.protocol.smtp.commands import usage
from sim.protocol.smtp.replies import Reply

_ALWAYS = ("MAIL", "RCPT", "DATA", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT")
_OFFERED = {
    "BDAT": "CHUNKING",
    **{verb: verb for verb in ("STARTTLS", "AUTH", "ETRN", "ATRN", "TURN", "SEND", "SOML", "SAML")},
}
"""Command -> the keyword under which a host offers it."""

_OF_RFC_821 = ("TURN", "SEND", "SOML", "SAML")


@lru_cache(maxsize=256)
def help_reply(topic: str, extensions: tuple[str, ...], esmtp: bool, lmtp: bool) -> Reply:
    """The reply to HELP.

    Args:
        topic: what is asked about, in upper case: a command, or nothing.
        extensions: the keywords that the host offers.
        esmtp: whether it knows EHLO.
        lmtp: whether LMTP is spoken.
    """
    hello = ("LHLO",) if lmtp else ("HELO", "EHLO") if esmtp else ("HELO",)
    offered = [
        verb for verb, keyword in _OFFERED.items() if keyword in extensions and (esmtp or lmtp or verb in _OF_RFC_821)
    ]
    commands = (*hello, *_ALWAYS, *offered)
    if not topic:
        rfc = "2033" if lmtp else "5321" if esmtp else "821"
        return Reply(214, (f"Commands: {' '.join(commands)}; see RFC {rfc}",), "2.0.0")
    how = usage(topic) if topic in commands else None
    return replies.E504_PARAMETER if how is None else Reply(214, (f"Syntax: {how}",), "2.0.0")
