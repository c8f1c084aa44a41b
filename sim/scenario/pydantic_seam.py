"""The seam to pydantic: how settings are read from a file, written back and described, and errors in plain words.

A setting is declared once: as a field of a frozen dataclass that derives from `sections.Section`. Its type in
`Annotated` has the marks below, which read the file's value and write it again; its default is the field's, its
description the field's docstring. In code a section is made as any dataclass is, and nothing of its fields is read. A
function that finds several mistakes at once raises `FaultsError`. pydantic is imported when a reader is first built,
and the type and text of its own errors never leave this module and `sections`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from sim.scenario.names import are, listing, shown, unknown

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema, InitErrorDetails

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
        except ValueError as error:
            self.faults += [((*where, *below), text) for below, text in faults_in(error)]
        return instead

    def done(self) -> None:
        """End of the reading.

        Raises:
            FaultsError: something was wrong.
        """
        if self.faults:
            raise FaultsError(self.faults)


def faults_in(error: ValueError) -> Iterable[Fault]:
    """What is wrong by an error, and where below the value: one of ours, of pydantic's, or any other."""
    from pydantic import ValidationError

    if isinstance(error, FaultsError):
        return error.faults
    if isinstance(error, ValidationError):
        return [
            ((*line["loc"], *below), text)
            for line in error.errors(include_url=False)
            for below, text in (
                faults_in(line["ctx"]["error"]) if line["type"] == "value_error" else [((), line["msg"])]
            )
        ]
    return [((), str(error))]


def read_each(read: Callable[[object], T], instead: T, items: Iterable[object]) -> tuple[T, ...]:
    """Each item as `read` reads it; `instead` stands for what it refuses until all are read.

    Raises:
        FaultsError: it refused some.
    """
    collected = Collected()
    found = tuple(collected.read((index,), read, item, instead) for index, item in enumerate(items))
    collected.done()
    return found


def read_mapping(
    what: tuple[str, str], read_key: Callable[[object], str], read: Callable[[object], T], instead: T, value: object
) -> dict[str, T]:
    """A mapping whose keys and values are as both are read; `instead` stands for a value that is refused.

    `what` is what it is called, with an example.

    Raises:
        ValueError: no mapping, or something in it is refused.
    """
    if not isinstance(value, dict):
        raise ValueError(f"not {what[0]} ({shown(value)}): allowed is e.g. {what[1]}")  # noqa: TRY004
    collected = Collected()
    found = {
        collected.read((key, KEY), read_key, key, ""): collected.read((key,), read, item, instead)
        for key, item in value.items()
    }
    collected.done()
    return found


def as_it_is(value: object) -> object:
    """Written as it is."""
    return value


@dataclass(frozen=True, slots=True, eq=False)
class Reads:
    """A mark in `Annotated`: the value is what `parse` makes of the file's, and `write` makes that of it again.

    `schema` describes what the file has, for a JSON schema.
    """

    parse: Callable[[object], object]
    schema: JsonSchema
    write: Callable[[Any], object] = as_it_is

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            partial(call, self.parse), serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchema:
        return dict(self.schema)


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A mark in `Annotated`, at a `Literal`: one of its words, called `what` in errors; an empty one is not written.

    `formerly` says what words that are gone are called now, for their errors.
    """

    what: str
    formerly: Mapping[str, str] = field(default_factory=dict)

    def __get_pydantic_core_schema__(self, source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        words = [word for word in get_args(source) if word]
        return core_schema.no_info_before_validator_function(
            partial(self._read, words),
            core_schema.literal_schema(words),
            serialization=core_schema.plain_serializer_function_ser_schema(as_it_is),
        )

    def _read(self, words: Sequence[str], value: object) -> object:
        if value not in words:
            new = self.formerly.get(str(value))
            raise ValueError(unknown(self.what, value, words) + (f"; it is called {new} now" if new else ""))
        return value


@dataclass(frozen=True, slots=True, eq=False)
class Shorthand:
    """A mark in `Annotated`: the value is first written out in full by `expand`.

    `schema` is that of the short form; without it, an item is the short form of a list. `shorten` makes the short form
    of what is written, where there is one.
    """

    expand: Callable[[object], object]
    schema: JsonSchema | None = None
    shorten: Callable[[Any], object] = as_it_is

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        full = handler(source)
        return core_schema.no_info_before_validator_function(
            partial(call, self.expand),
            full,
            serialization=written_by(full, lambda value, write: self.shorten(write(value))),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        full = handler(schema)
        short = self.schema or full.get("items")
        return {"anyOf": [full, short]} if short else full


@dataclass(frozen=True, slots=True, eq=False)
class OrWord:
    """A mark in `Annotated`: the value is this word, which means `meaning`, or else of a type."""

    type: Any
    word: str
    meaning: object

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        full = handler.generate_schema(self.type)
        return core_schema.no_info_wrap_validator_function(
            self._read, full, serialization=written_by(full, self._write)
        )

    def _read(self, value: object, read: Callable[[object], object]) -> object:
        return self.meaning if value == self.word else read(value)

    def _write(self, value: object, write: Callable[[object], object]) -> object:
        return self.word if value == self.meaning else write(value)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        return {"anyOf": [handler(schema), {"const": self.word}]}


@dataclass(frozen=True, slots=True, eq=False)
class OrValue:
    """A mark in `Annotated`: a mapping is the section, and anything else a value that is read.

    `written_alone` says whether a value is written as such.
    """

    section: Any
    value: Reads
    written_alone: Callable[[Any], bool] = lambda _: False

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        full = handler.generate_schema(self.section)
        return core_schema.no_info_wrap_validator_function(
            self._read, full, serialization=written_by(full, self._write)
        )

    def _read(self, value: object, read: Callable[[object], object]) -> object:
        return read(value) if isinstance(value, dict) else call(self.value.parse, value)

    def _write(self, value: object, write: Callable[[object], object]) -> object:
        return self.value.write(value) if self.written_alone(value) else write(value)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        return {"anyOf": [handler(schema), self.value.schema]}


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """A mark in `Annotated`: one of several kinds, as a mapping of its name to its settings.

    A kind that needs no settings may be given by its name alone. `what` is what a kind is called in errors, `kinds` are
    their types by name, and `words` those that may stand instead of a kind, with what they mean.
    """

    what: str
    kinds: Mapping[str, Any]
    words: Mapping[str, object] = field(default_factory=dict)

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        keys = {
            name: core_schema.typed_dict_field(handler.generate_schema(kind), required=False)
            for name, kind in self.kinds.items()
        }
        full = core_schema.typed_dict_schema(keys)
        return core_schema.no_info_wrap_validator_function(
            partial(call, self._read), full, serialization=written_by(full, self._write)
        )

    def _read(self, value: object, read: Callable[[object], object]) -> object:
        if not isinstance(value, dict):
            if value in [*self.words]:
                return self.words[str(value)]
            if value not in [*self.kinds]:
                said = value if isinstance(value, str) else shown(value)
                raise ValueError(unknown(self.what, said, [*self.words, *self.kinds]))
        mapping: dict[Any, object] = value if isinstance(value, dict) else {value: None}
        collected, nothing = Collected(), dict[str, object]()
        given = {name: {} if said is None else said for name, said in mapping.items()}
        found = collected.read((), cast("Callable[[object], dict[str, object]]", read), given, nothing)
        if len(mapping) > 1:
            # What is wrong with each of several kinds comes first.
            collected.done()
        name, _ = one_key(mapping, self.what, [*self.kinds])
        collected.done()
        return found[name]

    def _write(self, value: object, write: Callable[[object], object]) -> object:
        word = next((word for word, meaning in self.words.items() if value == meaning), None)
        return word or write({self.name_of(value): value})

    def name_of(self, value: object) -> str:
        """The name of the kind that a value is of."""
        return next(name for name, kind in self.kinds.items() if isinstance(value, get_args(kind)[:1] or kind))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        alone = [name for name, kind in self.kinds.items() if not (get_args(kind) or kind.required())]
        mapping = {**handler(schema), "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
        for name in alone:
            mapping["properties"][name] = {"anyOf": [mapping["properties"][name], {"type": "null"}]}
        words = [*self.words, *alone]
        return {"anyOf": [mapping, {"enum": words}]} if words else mapping


@dataclass(frozen=True, slots=True, eq=False)
class Via:
    """A mark in `Annotated`: the file has another section than the specification; `make` and `unmake` change them."""

    section: Any
    make: Callable[[Any], object]
    unmake: Callable[[Any], object]

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        full = handler.generate_schema(self.section)
        return core_schema.no_info_after_validator_function(
            partial(call, self.make),
            full,
            serialization=written_by(full, lambda value, write: write(self.unmake(value))),
        )


def written_by(full: CoreSchema, write: Callable[[Any, Callable[[object], object]], object]) -> Any:  # noqa: ANN401 - pydantic's own
    """How a value of a schema is written, by a function that takes it and what writes it without that."""
    from pydantic_core import core_schema

    return core_schema.wrap_serializer_function_ser_schema(write, schema=full)


def call(parse: Callable[..., object], *given: object) -> object:
    """What a reader makes of what is given; several mistakes at once are pydantic's, at their places."""
    from pydantic import ValidationError

    try:
        return parse(*given)
    except FaultsError as error:
        raise ValidationError.from_exception_data(
            "value", [fault_at(where, text) for where, text in error.faults]
        ) from None


def fault_at(where: tuple[Step, ...], text: str) -> InitErrorDetails:
    """A mistake as pydantic has it, in our words."""
    from pydantic_core import InitErrorDetails, PydanticCustomError

    return InitErrorDetails(type=PydanticCustomError("scenario", "{text}", {"text": text}), loc=where, input=None)


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
        given = f"{' and '.join(map(str, value))} given" if value else "none given"
        faults = [((), f"exactly one {what} is needed ({given}): allowed {are(allowed)} {listing(allowed)}")]
    if faults:
        raise FaultsError(faults)
    return next(iter(value.items()))
