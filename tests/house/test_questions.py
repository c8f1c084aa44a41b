"""Where things are: every row of CONTRIBUTING.md's table names a file that is there, and a name that it defines."""

from __future__ import annotations

import ast
import re

import pytest
from modules import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+) \| (sim/\S+\.py) \| (\w+) \|$", CONTRIBUTING, re.MULTILINE)


def defined(tree: ast.AST) -> set[str]:
    """The names of classes, functions, methods and variables of a module."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


@pytest.mark.parametrize(("question", "file", "name"), ROWS, ids=[row[0] for row in ROWS])
def test_the_answer_is_in_the_tree(question: str, file: str, name: str):
    """The file defines the name."""
    assert name in defined(ast.parse((ROOT / file).read_text(encoding="utf-8"))), question


def test_there_are_twenty_questions_from_every_room():
    """And more; each room has one."""
    rooms = {path.name for path in (ROOT / "sim").iterdir() if (path / "__init__.py").exists()}
    assert (len(ROWS) >= 20, rooms - {row[1].split("/")[1] for row in ROWS}) == (True, set())
