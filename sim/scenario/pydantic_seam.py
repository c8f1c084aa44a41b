"""The seam to pydantic: how a form's values are read, and errors in plain words.

A section is a frozen dataclass that derives from `Section`; its fields are sections, tuples and dicts of them, or
values read by a function (`Reads`). A function that finds several mistakes at once raises `FaultsError`. The type and
text of pydantic's own errors never leave this module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import partial
from typing import Any, ClassVar, Self, TypeVar, cast

from pydantic import (
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

from sim.scenario.names import are, listing, shown, unknown

JsonSchema = dict[str, Any]
Step = str | int
Fault = tuple[tuple[Step, ...], str]

T = TypeVar("T")

KEY = "[key]"
"""The last step of an error's place when the mistake is the key itself and not its value (as pydantic has it)."""


class FaultsError(ValueError):
    """Several mistakes in one value: where below it, and what is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(text for _, text in faults))
        self.faults = tuple(faults)


class Collected:
    """Reads the parts of a value one by one and keeps what is wrong with them, to raise it all at the end."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def read(self, where: tuple[Step, ...], parse: Callable[[object], T], value: object, instead: T) -> T:
        """The part as `parse` reads it, or `instead` when it cannot."""
        try:
            return parse(value)
        except FaultsError as many:
            self.faults += [((*where, *below), text) for below, text in many.faults]
        except ValueError as error:
            self.faults.append((where, str(error)))
        return instead

    def done(self) -> None:
        """End of the reading.

        Raises:
            FaultsError: something was wrong.
        """
        if self.faults:
            raise FaultsError(self.faults)


@dataclass(frozen=True, slots=True, eq=False)
class Reads:
    """A mark in `Annotated`: the value is what `parse` makes of it; `schema` describes the text for a JSON schema."""

    parse: Callable[[object], object]
    schema: JsonSchema

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(partial(_call, self.parse))

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchema:
        return dict(self.schema)


@dataclass(frozen=True, slots=True, eq=False)
class Shorthand:
    """A mark in `Annotated`: the value is first written out in full by `expand`.

    `schema` is that of the short form; without it, an item is the short form of a list.
    """

    expand: Callable[[object], object]
    schema: JsonSchema | None = None

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(partial(_call, self.expand), handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        full = handler(schema)
        return {"anyOf": [full, self.schema or full["items"]]}


@dataclass(frozen=True, slots=True, eq=False)
class OrWord:
    """A mark in `Annotated`: the value is this word, or else the form."""

    form: type[Section]
    word: str

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._read, handler.generate_schema(self.form))

    def _read(self, value: object, handler: Callable[[object], object]) -> object:
        return value if value == self.word else handler(value)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        return {"anyOf": [handler(schema), {"const": self.word}]}


@dataclass(frozen=True, slots=True, eq=False)
class OrValue:
    """A mark in `Annotated`: a mapping is the form, and anything else a value that is read."""

    form: type[Section]
    value: Reads

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._read, handler.generate_schema(self.form))

    def _read(self, value: object, handler: Callable[[object], object]) -> object:
        return handler(value) if isinstance(value, dict) else _call(self.value.parse, value)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        return {"anyOf": [handler(schema), self.value.schema]}


def _call(parse: Callable[[object], object], value: object) -> object:
    try:
        return parse(value)
    except FaultsError as error:
        raise ValidationError.from_exception_data(
            "value", [_error(where, text) for where, text in error.faults]
        ) from None


def _error(where: tuple[Step, ...], text: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("scenario", "{text}", {"text": text}), loc=where, input=None)


class Section:
    """What a mapping of the file may say. A trailing underscore of a field's name is not part of its key."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", use_attribute_docstrings=True, alias_generator=lambda name: name.rstrip("_")
    )

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys that the mapping may have."""
        return tuple(field.name.rstrip("_") for field in fields(cast("Any", cls)))

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        value = {} if value is None else value
        if not isinstance(value, dict):
            text = f"not a mapping ({shown(value)}): allowed is a mapping with {listing(cls.keys())}"
            raise ValidationError.from_exception_data(cls.__name__, [_error((), text)])
        try:
            return handler(value)
        except ValidationError as error:
            lines = [cls._plain(line) for line in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(cls.__name__, lines)

    @classmethod
    def _plain(cls, error: ErrorDetails) -> InitErrorDetails:
        where, value = error["loc"], error["input"]
        match error["type"]:
            case "unexpected_keyword_argument":
                return _error((*where, KEY), unknown("key", where[-1], cls.keys()))
            case "missing":
                needed = [f.name.rstrip("_") for f in fields(cast("Any", cls)) if f.default is MISSING]
                return _error(where, f"{where[-1]} is missing: needed {are(needed)} {listing(needed)}")
            case "value_error":
                return _error(where, str(error["ctx"]["error"]))
            case "dict_type":
                return _error(where, f"not a mapping ({shown(value)}): allowed is a mapping of names")
            case "tuple_type":
                return _error(where, f"not a list ({shown(value)}): allowed is a list")
        return _error(where, error["msg"])


def settings(
    value: object, required: Sequence[str], optional: Sequence[str] = (), collected: Collected | None = None
) -> dict[str, object]:
    """The value as a mapping with the required keys, perhaps the optional ones, and no others.

    Args:
        value: what the file says.
        required: keys that it has to have.
        optional: keys that it may have.
        collected: keeps what is wrong with unknown keys, which are left out then, so that the others are read, too.

    Raises:
        FaultsError: not a mapping, unknown keys, or keys missing.
    """
    allowed = (*required, *optional)
    if not isinstance(value, dict):
        raise FaultsError([((), f"not a mapping ({shown(value)}): allowed is a mapping with {listing(allowed)}")])
    faults: list[Fault] = [((key, KEY), unknown("key", key, allowed)) for key in value if key not in allowed]
    missing: list[Fault] = [
        ((), f"{key} is missing: needed {are(required)} {listing(required)}") for key in required if key not in value
    ]
    if missing or (faults and collected is None):
        raise FaultsError([*faults, *missing])
    if collected is not None:
        collected.faults += faults
    return {key: item for key, item in value.items() if key in allowed}


def one_key(value: dict[Any, object], what: str, allowed: Sequence[str]) -> tuple[str, object]:
    """The only key of a mapping, and its value.

    Raises:
        FaultsError: not exactly one key, or not an allowed one.
    """
    faults: list[Fault] = [((key, KEY), unknown(what, key, allowed)) for key in value if key not in allowed]
    if not faults and len(value) != 1:
        given = f"{len(value)} given" if value else "none given"
        faults = [((), f"exactly one {what} is needed ({given}): allowed {are(allowed)} {listing(allowed)}")]
    if faults:
        raise FaultsError(faults)
    return next(iter(value.items()))
