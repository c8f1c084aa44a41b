"""The JSON schema of scenario files, for editors and for readers."""

from __future__ import annotations

from sim.scenario.load import adapter
from sim.scenario.pydantic_seam import JsonSchema


def schema() -> JsonSchema:
    """The JSON schema of what a scenario file may say; quantities are described as text with a pattern."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **adapter().json_schema()}
