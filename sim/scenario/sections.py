"""Sections of a scenario file: mappings whose keys are the fields of a dataclass, or what layers say of some."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from inspect import cleandoc, getsource
from itertools import pairwise
from textwrap import dedent
from typing import TYPE_CHECKING, Any, ClassVar, cast, get_type_hints

from sim.scenario.names import are, listing, shown, unknown
from sim.scenario.pydantic_seam import KEY, JsonSchema, fault_at, faults_in, written_by

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails


class _Mapping:
    """A mapping of the file, with errors in plain words."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def allowed(cls) -> tuple[str, ...]:
        """The keys that the mapping may have."""

    @classmethod
    @abstractmethod
    def required(cls) -> tuple[str, ...]:
        """The keys that it has to have."""

    @classmethod
    @abstractmethod
    def docstrings(cls) -> dict[str, str]:
        """What the docstrings of the fields say, by key."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        described = handler(schema)
        properties = handler.resolve_ref_schema(described)["properties"]
        for key, text in cls.docstrings().items():
            properties[key].setdefault("description", text)
            if isinstance(properties[key].get("default"), dict):
                # A dataclass is no text of a file.
                del properties[key]["default"]
        return described

    @classmethod
    def _read(cls, value: object, read: Callable[[object], object]) -> object:
        from pydantic import ValidationError

        value = {} if value is None else value
        if not isinstance(value, dict):
            text = f"not a mapping ({shown(value)}): allowed is a mapping with {listing(cls.allowed())}"
            raise ValidationError.from_exception_data(cls.__name__, [fault_at((), text)])
        try:
            return read(value)
        except ValidationError as error:
            lines = [plain for line in error.errors(include_url=False) for plain in cls._plain(line)]
        raise ValidationError.from_exception_data(cls.__name__, lines)

    @classmethod
    def _plain(cls, error: ErrorDetails) -> Iterable[InitErrorDetails]:
        if error["type"] == "value_error":
            return [fault_at((*error["loc"], *below), text) for below, text in faults_in(error["ctx"]["error"])]
        return [cls._mistake(error)]

    @classmethod
    def _mistake(cls, error: ErrorDetails) -> InitErrorDetails:
        where, value = error["loc"], error["input"]
        match error["type"]:
            case "unexpected_keyword_argument" | "extra_forbidden":
                return fault_at((*where, KEY), unknown("key", where[-1], cls.allowed()))
            case "missing":
                needed = cls.required()
                return fault_at(where, f"{where[-1]} is missing: needed {are(needed)} {listing(needed)}")
            case "dict_type":
                return fault_at(where, f"not a mapping ({shown(value)}): allowed is a mapping of names")
            case "tuple_type":
                return fault_at(where, f"not a list ({shown(value)}): allowed is a list")
        return fault_at(where, error["msg"])


class Section(_Mapping):
    """A mapping of the file: its keys are the fields, of which a trailing underscore is no part.

    Attributes:
        renamed: The keys of fields that the specification calls otherwise.
        brief: Fields that are written only where they are not their defaults.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[Mapping[str, object]]
    renamed: ClassVar[Mapping[str, str]] = {}
    brief: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.__pydantic_config__ = {"extra": "forbid", "alias_generator": cls.key_of}

    @classmethod
    def key_of(cls, name: str) -> str:
        """The key of a field."""
        return cls.renamed.get(name, name.rstrip("_"))

    @classmethod
    def allowed(cls) -> tuple[str, ...]:
        """The keys that the mapping may have."""
        return tuple(cls.key_of(field.name) for field in fields(cast("Any", cls)))

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """The keys that it has to have."""
        needed = [f.name for f in fields(cast("Any", cls)) if f.default is f.default_factory is MISSING]
        return tuple(map(cls.key_of, needed))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        full = handler(source)
        # What is referred to by the name of the class is to be all of this, not the dataclass alone.
        ref = cast("dict[str, Any]", full).pop("ref", None)
        return core_schema.no_info_wrap_validator_function(
            cls._read, full, ref=ref, serialization=written_by(full, _write_section)
        )

    @classmethod
    def docstrings(cls) -> dict[str, str]:
        """What the docstrings of the fields say, by key."""
        found = {}
        for base in cls.__mro__[cls.__mro__.index(Section) - 1 :: -1]:
            body = cast("ast.ClassDef", ast.parse(dedent(getsource(base))).body[0]).body
            for declared, said in pairwise(body):
                if isinstance(declared, ast.AnnAssign) and isinstance(said, ast.Expr):
                    name, text = cast("ast.Name", declared.target).id, cast("ast.Constant", said.value).value
                    found[cls.key_of(name)] = cleandoc(cast("str", text))
        return found


class Said(_Mapping, dict[str, Any]):
    """What a mapping of the file says of settings that have layers: values by key, and nothing of what it does not say.

    Attributes:
        sections: Whose fields these are; where two have one of a name, it is read as the later one has it.
        elsewhere: Fields that are no keys.
        needed: Keys that it has to have; they are told last.
    """

    sections: ClassVar[tuple[type[Section], ...]] = ()
    elsewhere: ClassVar[tuple[str, ...]] = ()
    needed: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def allowed(cls) -> tuple[str, ...]:
        """The keys that the mapping may have."""
        keys = dict.fromkeys(key for section in cls.sections for key in section.allowed())
        return tuple(sorted((key for key in keys if key not in cls.elsewhere), key=cls.needed.__contains__))

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """The keys that it has to have."""
        return cls.needed

    @classmethod
    def docstrings(cls) -> dict[str, str]:
        """What the docstrings of the fields say, by key."""
        docs = {key: text for section in cls.sections for key, text in section.docstrings().items()}
        return {key: docs[key] for key in cls.allowed()}

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        hints: dict[str, Any] = {}
        for section in cls.sections:
            hints |= get_type_hints(section, include_extras=True)
        keys = {
            key: core_schema.typed_dict_field(handler.generate_schema(hints[key]), required=key in cls.needed)
            for key in cls.allowed()
        }
        return core_schema.no_info_wrap_validator_function(
            cls._read,
            core_schema.typed_dict_schema(keys, cls=cls, extra_behavior="forbid"),
            ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
        )

    @classmethod
    def _read(cls, value: object, read: Callable[[object], object]) -> object:
        if isinstance(value, dict):
            # A key without a value says nothing.
            value = {key: item for key, item in value.items() if item is not None or key not in cls.allowed()}
        return super()._read(value, read)


def _write_section(section: Section, write: Callable[[object], object]) -> dict[str, object]:
    """The keys and what is written of each; nothing that has no word is written."""
    said = cast("dict[str, object]", write(section))
    usual = {
        section.key_of(f.name): f.default if f.default_factory is MISSING else f.default_factory()
        for f in fields(cast("Any", section))
        if f.name in section.brief
    }
    values = {section.key_of(f.name): getattr(section, f.name) for f in fields(cast("Any", section))}
    return {
        key: item for key, item in said.items() if item is not None and (key not in usual or values[key] != usual[key])
    }
