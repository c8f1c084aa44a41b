"""What a mapping could not carry over, by name, so that it can be counted."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["attribute", "field", "service", "recipient", "route", "body part", "text", "report"]
"""What is lost: an attribute of an address, a field of a header, an element of service such as a request, what was
said of a recipient, a route, a body part, characters of a text, or a whole report."""


class Loss(NamedTuple):
    """One thing that a gateway dropped: its kind, and its name in the network that it came from."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


NOTHING: Final[tuple[Loss, ...]] = ()
"""No loss at all."""
