"""Personal names of O/R addresses, and the text `Marshall.M.T.Rose` (RFC 2156 section 4.1.2, encoded-pn)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sim.mail.printable_string import ORAddressError, is_printable

_MOST: Final = (("surname", 40), ("given", 16), ("initials", 5))

# encoded-pn = [ given "." ] *( initial "." ) surname: a given name has two characters or more, an initial is a letter,
# and the surname has no full stop after its first character.
_ENCODED: Final = re.compile(r"(?:([^.]{2,})\.)?+((?:[A-Za-z]\.)*+)(?!.\.)(.+)", re.DOTALL)


class PersonalName(NamedTuple):
    """A name in parts; None is absent, and `initials` are without full stops and without the surname's."""

    surname: str
    given: str | None = None
    initials: str | None = None
    generation: str | None = None

    def encoded(self) -> str | None:
        """The text with full stops; None where section 4.1.2 has none that could be read back."""
        initials = self.initials or ""
        if self.generation is not None:
            return None
        text = ".".join([*([self.given] if self.given is not None else []), *initials, self.surname])
        try:
            return text if parse_personal_name(text) == self else None
        except ORAddressError:
            return None


def parse_personal_name(text: str) -> PersonalName:
    """Read `Rose`, `M.T.Rose`, `Marshall.Rose` or `Marshall.M.T.Rose`; a surname may have full stops.

    Raises:
        ORAddressError: it has no surname, a part longer than X.411 allows, or unprintable characters.
    """
    found = _ENCODED.fullmatch(text)
    if found is None or not is_printable(text):
        raise ORAddressError(f"name {text!r} is not printable characters with a surname last, as in Joe.M.Soap")
    given, dotted, surname = found.groups()
    name = PersonalName(surname, given, dotted.replace(".", "") or None)
    for part, most in _MOST:
        if len(getattr(name, part) or "") > most:
            raise ORAddressError(f"{part} of the name {text!r} is longer than {most} characters")
    return name
