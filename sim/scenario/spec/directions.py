"""What a link is in each of its two directions: alike both ways, or `{there: ..., back: ...}`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from sim.scenario.pydantic_seam import Collected, JsonSchema, Reads, settings

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Both(Generic[T]):
    """A value for each direction: from the first of a link's nodes to the second (`there`), and `back`."""

    there: T
    back: T

    @property
    def turned(self) -> Both[T]:
        """The same for the link whose nodes are named the other way round."""
        return Both(self.back, self.there)

    def each(self, make: Callable[[T], S]) -> Both[S]:
        """What is made of the value of each direction."""
        return Both(make(self.there), make(self.back))

    @property
    def pair(self) -> tuple[T, T]:
        """The values there and back."""
        return self.there, self.back


def alike(value: T) -> Both[T]:
    """The same in both directions."""
    return Both(value, value)


def read_both(read: Callable[[object], T], instead: T, value: object) -> Both[T]:
    """What `read` takes, or `{there: ..., back: ...}` of it; `instead` stands for what it refuses.

    Raises:
        ValueError: neither.
    """
    if not (isinstance(value, dict) and {"there", "back"} & value.keys()):
        return alike(read(value))
    collected = Collected()
    given = settings(value, ("there", "back"), collected=collected)
    there, back = (collected.read((way,), read, given[way], instead) for way in ("there", "back"))
    collected.done()
    return Both(there, back)


def both(read: Callable[[object], T], instead: T, one_way: JsonSchema, write: Callable[[T], object]) -> Reads:
    """The mark of a value for each direction, of which `one_way` is the schema of one, and `write` writes one."""
    ways: JsonSchema = {
        "type": "object",
        "properties": {"there": one_way, "back": one_way},
        "required": ["there", "back"],
        "additionalProperties": False,
    }
    return Reads(
        partial(read_both, read, instead),
        {"anyOf": [*one_way.get("anyOf", [one_way]), ways]},
        lambda value: _written(write(value.there), write(value.back)),
    )


def _written(there: object, back: object) -> object:
    return there if there == back else {"there": there, "back": back}
