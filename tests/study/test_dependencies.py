"""What the package imports is what it declares."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"ruamel": "ruamel.yaml", "markupsafe": "jinja2", "pydantic_core": "pydantic"}
"""Modules that a distribution of another name brings."""


def imported() -> set[str]:
    """The packages that modules of `sim` import."""
    found = set()
    for file in (ROOT / "sim").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.partition(".")[0])
    return found - {"sim", *sys.stdlib_module_names}


def test_what_is_imported_is_declared():
    """As a dependency, or in an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *[one for extra in project["optional-dependencies"].values() for one in extra]]
    declared = {re.split(r"[<>=\[]", one)[0] for one in wanted}
    assert {NAMES.get(name, name) for name in imported()} - declared == set()
