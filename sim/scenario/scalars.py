"""The small values of a scenario file: names, whole numbers, yes or no, words, quantities, distributions.

Each `read_...` function takes what the YAML holds and raises ValueError (or `FaultsError`) with a message that names
the value and what is allowed. The names at the end are the types of the forms' fields.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated
from unicodedata import category

from sim.scenario.names import are, listing, shown, suggestion
from sim.scenario.pydantic_seam import JsonSchema, Reads, read_each
from sim.scenario.quantity import (
    DURATION,
    MESSAGE_RATE,
    PROBABILITY,
    SIZE,
    Quantity,
    above_zero,
    parse_bytes,
    parse_probability,
)


def read_name(value: object) -> str:
    """A name: text, or a whole number taken as text.

    Raises:
        ValueError: neither, or empty, or with characters that cannot be printed.
    """
    name = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not name or not name.isprintable():
        raise ValueError(f"not a name ({shown(value)}): allowed is text; put other values in quotes")
    return name


def read_title(value: object) -> str:
    """A title: any one text."""
    return read_name(value) if value != "" else ""


def read_text(value: object) -> str:
    """A text of any number of lines.

    Raises:
        ValueError: not text, or with control characters.
    """
    plain = isinstance(value, str) and not any(category(c) in {"Cc", "Cs"} for c in value if c not in "\t\n")
    if not isinstance(value, str) or not plain:
        raise ValueError(f"not a text ({shown(value)}): allowed are lines of text without control characters")
    return value


def read_any_text(value: object) -> str:
    """A text of any characters.

    Raises:
        ValueError: not text, or with half of a surrogate pair, which is no character.
    """
    if not isinstance(value, str):
        raise ValueError(f"not a text ({shown(value)}): allowed is text of any characters")  # noqa: TRY004
    half = next((one for one in value if "\ud800" <= one <= "\udfff"), None)
    if half is not None:
        raise ValueError(
            f"half of a surrogate pair in a text (U+{ord(half):04X}): allowed are whole characters, as in"
            r" \U0001F600 or JSON's \ud83d\ude00"
        )
    return value


def read_whole(least: int, most: int | None, value: object) -> int:
    """A whole number in a range.

    Raises:
        ValueError: not a whole number, or out of range.
    """
    allowed = f"allowed is a whole number of at least {least}" + (f" and at most {most}" if most is not None else "")
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"not a whole number ({shown(value)}): {allowed}")  # noqa: TRY004
    if value < least or (most is not None and value > most):
        raise ValueError(f"too {'small' if value < least else 'big'} ({value}): {allowed}")
    return value


def read_number(least: float, most: float, value: object) -> float:
    """A plain number in a range.

    Raises:
        ValueError: not a number, or out of range.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"not a number in range ({shown(value)}): allowed is {least:g} to {most:g}")
    return float(value)


_FLAGS = ("yes", "no")
"""Words that YAML 1.2 has as text, and people as true and false."""


def read_flag(value: object) -> bool:
    """Yes or no.

    Raises:
        ValueError: neither true nor false.
    """
    if isinstance(value, bool):
        return value
    if value not in _FLAGS:
        raise ValueError(f"neither true nor false ({shown(value)}): allowed are true, false, yes, no")
    return value == "yes"


def read_word(what: str, words: Sequence[str], value: object) -> str:
    """One of a few words.

    Raises:
        ValueError: another one.
    """
    if not isinstance(value, str) or value not in words:
        near = suggestion(str(value), words)
        raise ValueError(f"unknown {what} ({shown(value)}): allowed {are(words)} {listing(words)}{near}")
    return value


def read_loss(value: object) -> float:
    """A link's loss: a probability below 1.

    Raises:
        ValueError: not a probability, or 1.
    """
    loss = parse_probability(value)
    if loss == 1:
        raise ValueError(f"a link that loses everything ({shown(value)}): allowed is less; for a dead link use down")
    return loss


def read_mtu(value: object) -> int:
    """A link's biggest packet: at least 68 B (RFC 791 3.2), at most 65535 B.

    Raises:
        ValueError: not a size, or out of range.
    """
    mtu = parse_bytes(value)
    if not 68 <= mtu <= 65535:
        raise ValueError(f"not a size of packets ({shown(value)}): allowed is 68 B to 65535 B")
    return mtu


def read_pair(value: object) -> tuple[str, str]:
    """The two ends of a link.

    Raises:
        ValueError: not a list of two names.
    """
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"not two nodes ({shown(value)}): allowed is a list of two names, as in [a, b]")
    first, second = read_names(value)
    return first, second


def read_one_or_many(read: Callable[[object], str], one: str, many: str, value: object) -> tuple[str, ...]:
    """One text, or a list of them, each as `read` reads it; `one` and `many` say what they are.

    Raises:
        ValueError: something else, or an empty list.
    """
    found = read_each(read, "", value if isinstance(value, list) else [value])
    if not found:
        raise ValueError(f"an empty list: allowed is {one}, or a list of {many}")
    return found


read_names = partial(read_one_or_many, read_name, "a name", "names")


def write_share(share: float) -> object:
    """A probability as a file has it."""
    return PROBABILITY.format(share) if share else 0


def one_or_many(items: Sequence[object]) -> object:
    """A list as a file has it: its item alone, where that is the only one."""
    return items[0] if len(items) == 1 else list(items)


def whole(least: int, most: int | None = None) -> Reads:
    """The mark of a whole number in a range."""
    schema: JsonSchema = {"type": "integer", "minimum": least}
    return Reads(partial(read_whole, least, most), schema if most is None else schema | {"maximum": most})


def number(least: float, most: float) -> Reads:
    """The mark of a plain number in a range."""
    return Reads(partial(read_number, least, most), {"type": "number", "minimum": least, "maximum": most})


def word(what: str, *words: str) -> Reads:
    """The mark of one of a few words."""
    return Reads(partial(read_word, what, words), {"enum": list(words)})


NAME_SCHEMA: JsonSchema = {"type": ["string", "integer"]}
NAMES_SCHEMA: JsonSchema = {"anyOf": [NAME_SCHEMA, {"type": "array", "items": NAME_SCHEMA, "minItems": 1}]}


def _quantity(quantity: Quantity, parse: Callable[[object], object]) -> Reads:
    return Reads(parse, quantity.json_schema(), quantity.format)


Name = Annotated[str, Reads(read_name, NAME_SCHEMA)]
FileName = Annotated[str, Reads(read_name, {"type": "string", "format": "path"})]
"""The name of a file or a folder, found from the scenario's folder."""
Title = Annotated[str, Reads(read_title, NAME_SCHEMA)]
Text = Annotated[str, Reads(read_any_text, {"type": "string"})]
FLAG = Reads(read_flag, {"enum": [True, False, *_FLAGS]})
Flag = Annotated[bool, FLAG]
Duration = Annotated[float, _quantity(DURATION, DURATION.parse)]
LongDuration = Annotated[float, _quantity(DURATION, partial(above_zero, DURATION))]
MessageRate = Annotated[float, _quantity(MESSAGE_RATE, partial(above_zero, MESSAGE_RATE))]
Size = Annotated[int, _quantity(SIZE, parse_bytes)]
Mtu = Annotated[int, _quantity(SIZE, read_mtu)]
Share = Annotated[float, Reads(parse_probability, PROBABILITY.json_schema(), write_share)]
Pair = Annotated[
    tuple[str, str], Reads(read_pair, {"type": "array", "items": NAME_SCHEMA, "minItems": 2, "maxItems": 2}, list)
]
Names = Annotated[tuple[str, ...], Reads(read_names, NAMES_SCHEMA, list)]
