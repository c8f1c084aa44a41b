"""A message between two networks: what a gateway takes from one, and what it passes on into the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple

from sim.gateway.losses import Loss
from sim.mail.path import Path

Asked = tuple[tuple[str, str | None], ...]
"""What was asked for with MAIL or RCPT: parameters and their values (`sim.protocol.smtp.events.Parameters`)."""


class Passing(NamedTuple):
    """A message on its way: envelope and content.

    `content` is RFC 5322 in every network, as far as that network has what it says; how a network's own protocol puts
    it into octets is that protocol's. A null reverse-path is that of a delivery report. `recipient_parameters` are
    those of each forward-path, in order; none at all where none has any.
    """

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes
    parameters: Asked = ()
    recipient_parameters: tuple[Asked, ...] = ()

    def shared(self, taken: Sequence[bool]) -> Passing:
        """The message for those of its recipients whom `taken` names, in order."""
        paths, each = compress(self.forward_paths, taken), compress(self.recipient_parameters, taken)
        return self._replace(forward_paths=tuple(paths), recipient_parameters=tuple(each))


class Mapped(NamedTuple):
    """What a gateway makes of a message.

    `passing` has the forward-paths in the order in which they came; it is None where the other network has nothing that
    the message could be: it ends there. `losses` names what it no longer has. `refused` are forward-paths (as they
    came) that cannot be written there, and why: their sender is told.
    """

    passing: Passing | None
    losses: Sequence[Loss] = ()
    refused: Sequence[tuple[Path, str]] = ()


@dataclass(frozen=True)
class Seam:
    """Where a message passes from one network into another.

    Attributes:
        gateway: the gateway's domain.
        now: the time on its clock, s since `mail.trace.EPOCH`.
        domains: the domain by which each host is called, by the host's name (a site's, a node's).
        hosts: the host of each domain that has one of its own, by the domain in lower case.
    """

    gateway: str
    now: float = 0.0
    domains: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)


Maps = Callable[[Passing, Seam], Mapped]
"""A gateway's function from one network's message to another's."""
