"""The envelope: what SMTP says about a message outside its mail data."""

from __future__ import annotations

from dataclasses import dataclass

from sim.mail.path import Path

__all__ = ["Envelope"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom to tell when delivery fails, and for whom the message is (RFC 5321 section 2.3.1)."""

    reverse_path: Path
    forward_paths: tuple[Path, ...]
