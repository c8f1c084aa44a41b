"""Mailboxes: where the delivery agent puts what has arrived (steps 4 and 5 of a message's way)."""

from __future__ import annotations

from sim.mail.path import Path
from sim.mail.trace import return_path


class Mailboxes:
    """A host's mailboxes; the messages themselves are kept where somebody wants to read them."""

    __slots__ = ("contents", "keep")

    def __init__(self, *, keep: bool = False) -> None:
        self.keep = keep
        self.contents: dict[str, list[bytes]] = {}

    def deliver(self, mailbox: str, reverse_path: Path, content: bytes) -> None:
        """Final delivery: the reverse-path is kept as the Return-Path field (RFC 5321 section 4.4)."""
        if self.keep:
            self.contents.setdefault(mailbox, []).append(return_path(reverse_path) + content)
