"""Mail that a host has taken custody of, as its session brought it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

from sim.mail.path import Path
from sim.protocol.smtp.events import Parameters


class AcceptedMail(NamedTuple):
    """A message whose 250 gives the host custody of it.

    `protocol` is the Received field's `with` word. `parameters` are those of MAIL, `recipient_parameters` those of each
    forward-path's RCPT, in order; none at all where no RCPT had any.
    """

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes
    helo: str
    protocol: str
    parameters: Parameters = ()
    recipient_parameters: tuple[Parameters, ...] = ()

    def shared(self, taken: Sequence[bool]) -> list[AcceptedMail]:
        """The mail for those of its recipients whom `taken` names, in order; nothing where it names nobody."""
        paths = tuple(compress(self.forward_paths, taken))
        parameters = tuple(compress(self.recipient_parameters, taken))
        return [self._replace(forward_paths=paths, recipient_parameters=parameters)] if paths else []


@lru_cache(maxsize=64)
def with_word(protocol: str, secure: bool, authenticated: bool, *, lmtp: bool, utf8: bool) -> str:
    """The Received field's `with` word (RFC 3848; RFC 6531 section 4.3), for what is SMTP or ESMTP at the least."""
    if protocol == "SMTP":
        return protocol
    word = "LMTP" if lmtp else "SMTP" if utf8 else "ESMTP"
    return ("UTF8" if utf8 else "") + word + ("S" if secure else "") + ("A" if authenticated else "")
