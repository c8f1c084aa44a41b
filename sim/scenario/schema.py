"""The JSON schema of scenario files, for editors and for readers."""

from __future__ import annotations

from sim.scenario.load import adapter
from sim.scenario.pydantic_seam import JsonSchema
from sim.scenario.syntax.form import DomainForm, LinkForm, LinkSettings
from sim.scenario.syntax.mx import RecordsForm
from sim.scenario.syntax.weather import CrashesForm, GroupForm, NameServiceForm, OutagesForm, WeatherForm


def schema() -> JsonSchema:
    """The JSON schema of what a scenario file may say; quantities are described as text with a pattern."""
    described = adapter().json_schema()
    pairs = (
        (LinkForm, LinkSettings),
        (DomainForm, RecordsForm),
        (CrashesForm, OutagesForm),
        (GroupForm, WeatherForm),
        (NameServiceForm, WeatherForm),
    )
    for form, base in pairs:
        _inherit(described["$defs"], form.__name__, base.__name__)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def _inherit(forms: JsonSchema, form: str, base: str) -> None:
    """Describe the keys that a form has from its base as the base does; pydantic reads the docstrings of one class."""
    for key, described in forms[base]["properties"].items():
        forms[form]["properties"][key].setdefault("description", described["description"])
