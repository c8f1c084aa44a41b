"""A memory that forgets: what has not been set for a while is gone, and of too much the oldest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

MOST = 1_000_000
"""How many things one memory keeps, whoever makes them up: strangers choose clients' addresses and reverse-paths."""


class TtlCache(Generic[Key, Value]):
    """Values by key, each with the time when it was set; all times in s.

    They stand in the order in which they were set, so that the old ones are in front: forgetting them takes no search.

    Args:
        lifetime: how long a value is kept since it was set.
    """

    __slots__ = ("_found", "_lifetime")

    def __init__(self, lifetime: float) -> None:
        self._lifetime = lifetime
        self._found: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key, now: float) -> tuple[float, Value] | None:
        """When it was set, and to what; None where it is not known any more."""
        found = self._found.get(key)
        return found if found is not None and now - found[0] <= self._lifetime else None

    def set(self, key: Key, value: Value, now: float) -> None:
        """Keep a value from now on, and forget what is too old or too much."""
        found = self._found
        found[key] = now, value
        found.move_to_end(key)
        while now - found[next(iter(found))][0] > self._lifetime or len(found) > MOST:
            found.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Forget one, if it is there."""
        self._found.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        self._found.clear()
