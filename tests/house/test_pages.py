"""What ARCHITECTURE, CONTRIBUTING and the pages of docs/ call by a dotted name is there."""

from __future__ import annotations

import re

import pytest
from modules import ROOT, SIM, modules

PAGES = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = "|".join(sorted(room.name for room in SIM.iterdir() if room.is_dir() and room.name != "__pycache__"))
NAME = re.compile(rf"`(?:sim\.)?((?:{ROOMS})(?:\.\w+)+)(?:\(\))?`")


def is_there(name: str) -> bool:
    """Whether a dotted name is a module's, or a word of the module that the longest part of it names."""
    parts = ["sim", *name.split(".")]
    for end in range(len(parts), 1, -1):
        module = modules().get(".".join(parts[:end]))
        if module is not None:
            return all(re.search(rf"\b{word}\b", module.text) for word in parts[end:])
    return False


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_names_on_a_page_are_in_the_tree(page):
    """Each dotted name that begins with a room's."""
    names = set(NAME.findall(page.read_text(encoding="utf-8"))) - {"scenario.json.gz"}
    assert [name for name in sorted(names) if not is_there(name)] == []
