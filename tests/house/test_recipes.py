"""The recipes of CONTRIBUTING.md: each example, applied to a copy of the tree, does what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from modules import ROOT

_, *SECTIONS = re.split(r"^### ", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
RECIPES = {text.split("\n", 1)[0]: re.findall(r"```python\n# (.*?)\n(.*?)```", text, re.DOTALL) for text in SECTIONS}


def apply(place: str, code: str, tree: Path) -> None:
    """Put a block where its first line says: into a new file, or below, above or instead of a line that is there once."""
    if place.startswith("new file: "):
        file = tree / place.removeprefix("new file: ")
        assert not file.exists()
        file.parent.mkdir(exist_ok=True)
        file.write_text(code, encoding="utf-8")
        return
    name, where, line = re.fullmatch(r"(\S+), (below|above|instead of): (.*)", place).groups()
    lines = (tree / name).read_text(encoding="utf-8").split("\n")
    assert lines.count(line) == 1, f"{name} has no single line {line!r}"
    at = lines.index(line)
    lines[at + (where == "below") : at + (where != "above")] = code.rstrip("\n").split("\n")
    (tree / name).write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_does_what_it_says(recipe: str, tmp_path: Path):
    """Its blocks fit into the tree, and what it says afterwards holds."""
    shutil.copytree(ROOT / "sim", tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    *blocks, (last, check) = RECIPES[recipe]
    assert last == "then this holds"
    for place, code in blocks:
        apply(place, code, tmp_path)
    done = subprocess.run([sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
