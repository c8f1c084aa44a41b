"""What a link is in each of its two directions: alike both ways, or `{there: ..., back: ...}`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sim.scenario.pydantic_seam import Collected, JsonSchema, call, settings, written_by

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

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


@dataclass(frozen=True, slots=True, eq=False)
class EachWay:
    """A mark in `Annotated`: a value of a type that is alike in both directions, or `{there: ..., back: ...}` of it."""

    type: Any

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # noqa: PLC0415  as the seam: when a reader is first built

        one_way = handler.generate_schema(self.type)
        return core_schema.no_info_wrap_validator_function(
            partial(call, _read), one_way, serialization=written_by(one_way, _write)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        one_way = handler(schema)
        ways: JsonSchema = {
            "type": "object",
            "properties": dict.fromkeys(_WAYS, one_way),
            "required": list(_WAYS),
            "additionalProperties": False,
        }
        return {"anyOf": [*one_way.get("anyOf", [one_way]), ways]}


_WAYS = ("there", "back")


def _read(value: object, read: Callable[[object], object]) -> Both[object]:
    if not (isinstance(value, dict) and value.keys() & _WAYS):
        return alike(read(value))
    collected = Collected()
    given = settings(value, _WAYS, collected=collected)
    there, back = (collected.read((way,), read, given[way], None) for way in _WAYS)
    collected.done()
    return Both(there, back)


def _write(value: Both[object], write: Callable[[object], object]) -> object:
    there, back = value.each(write).pair
    return there if there == back else {"there": there, "back": back}
