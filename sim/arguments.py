"""What the functions of the public face are given: a sentence where it is of another type than they take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from operator import index
from pathlib import Path
from typing import SupportsIndex, TypeVar

T = TypeVar("T")


def instance(value: object, kind: type[T], what: str, cure: str) -> T:
    """The value, which is of this type.

    Raises:
        TypeError: it is not, e.g. `not a result (str): allowed is what sim.run gives`.
    """
    if not isinstance(value, kind):
        raise TypeError(f"not {what} ({type(value).__name__}): allowed is {cure}")
    return value


def path(value: object, of: str) -> Path:
    """The path that a text or a path is.

    Raises:
        TypeError: something else.
    """
    return Path(instance(value, (str, Path), "a path", f"the name of {of}, as text or a Path"))  # type: ignore[arg-type]


def whole(value: object, name: str, least: float = -math.inf, most: float = math.inf) -> int:
    """The whole number, between the bounds where there are any.

    Raises:
        TypeError: no whole number.
        ValueError: out of the bounds.
    """
    if not isinstance(value, SupportsIndex) or isinstance(value, bool):
        raise TypeError(f"{name} {value!r}: a whole number is needed")
    number = index(value)
    if not least <= number <= most:
        above = f", at most {most}" if most < math.inf else ""
        raise ValueError(f"{name} {number}: at least {least} is needed{above}")
    return number


def number(value: object, name: str, unit: str) -> float:
    """The number.

    Raises:
        TypeError: no number.
    """
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} {value!r}: a number is needed, of {unit}")
    return float(value)


def names(value: Iterable[str], name: str) -> list[str]:
    """The names of a list.

    Raises:
        TypeError: one name, or no list of them.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} {value!r}: a list of names is needed, as in [{str(value)!r}]")
    return [instance(item, str, "a name", "text") for item in value]
