"""The modules of `sim/` as the tests of the house see them: syntax trees, and who imports whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SIM = ROOT / "sim"


@dataclass(frozen=True)
class Module:
    """A module: its dotted name, its file as the tree names it, its text and its syntax tree."""

    name: str
    file: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n")


@cache
def modules() -> dict[str, Module]:
    """Dotted name -> module, of all of `sim/`."""
    found = {}
    for path in sorted(SIM.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        found[name] = Module(name, path.relative_to(ROOT).as_posix(), text, ast.parse(text))
    return found


def imports(module: Module) -> list[tuple[str, str | None]]:
    """(module of sim, name of it or None) for each import at the module's top, those for type checkers included."""
    found: list[tuple[str, str | None]] = []
    for statement in _top(module.tree.body):
        if isinstance(statement, ast.Import):
            found += [(alias.name, None) for alias in statement.names if alias.name in modules()]
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                whole = f"{statement.module}.{alias.name}"
                if whole in modules():
                    found.append((whole, None))
                elif statement.module in modules():
                    found.append((statement.module, alias.name))
    return found


def _top(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that run, or that a type checker reads, when the module is imported."""
    found = []
    for statement in body:
        found.append(statement)
        if isinstance(statement, (ast.If, ast.Try)):
            found += _top([*statement.body, *statement.orelse])
    return found


@cache
def graph() -> dict[str, list[str]]:
    """Module -> the modules that it imports at its top, with the packages that these are in and it is not."""
    found: dict[str, list[str]] = {}
    for name, module in modules().items():
        targets = {target for target, _ in imports(module)}
        parents = {package for target in targets for package in _packages(target)}
        found[name] = sorted((targets | parents) - {name} - _packages(name))
    return found


def _packages(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(2, len(parts))}


def circles(edges: dict[str, list[str]]) -> list[list[str]]:
    """The groups of modules each of which reaches all others of its group (Tarjan's components of more than one)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in edges[node]:
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in edges:
        if node not in index:
            visit(node)
    return sorted(found)


def attributes_written(tree: ast.AST) -> Iterator[ast.Attribute]:
    """The attributes that are assigned to or deleted in a piece of code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node


@cache
def classes() -> dict[str, ast.ClassDef]:
    """`module.Class` -> its definition."""
    return {
        f"{module.name}.{node.name}": node
        for module in modules().values()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef)
    }


@cache
def _home(module: str, name: str) -> str | None:
    """The `module.Class` that a name means in a module; None for what is not of sim."""
    if f"{module}.{name}" in classes():
        return f"{module}.{name}"
    return next((_home(target, name) for target, imported in imports(modules()[module]) if imported == name), None)


def _line(whole: str) -> list[str]:
    """A class and all its bases of sim."""
    module, _, _ = whole.rpartition(".")
    found = [whole]
    for base in classes()[whole].bases:
        plain = base.value if isinstance(base, ast.Subscript) else base
        home = _home(module, plain.id) if isinstance(plain, ast.Name) else None
        found += _line(home) if home else []
    return found


def written_from_two_sides(room: str) -> set[str]:
    """The attributes of a room's objects that more than one module writes, or a module that does not declare them."""
    here = [whole for whole in classes() if whole.startswith(f"{room}.")]
    found = set()
    declared: dict[str, set[str]] = {}
    for whole in here:
        writers: dict[str, set[str]] = {}
        for part in _line(whole):
            for name in _declared(classes()[part]):
                writers.setdefault(name, set()).add(part.rpartition(".")[0])
        found |= {name for name, modules_of_it in writers.items() if len(modules_of_it) > 1}
        declared.setdefault(whole.rpartition(".")[0], set()).update(_declared(classes()[whole]))
    everywhere = set().union(*declared.values())
    for module in {whole.rpartition(".")[0] for whole in here} | set(declared):
        for node in attributes_written(modules()[module].tree):
            if not own(node.value) and node.attr in everywhere - declared[module]:
                found.add(node.attr)
    return found


def _declared(definition: ast.ClassDef) -> set[str]:
    """The attributes that a class writes through self, or declares in its body."""
    written = {node.attr for node in attributes_written(definition) if own(node.value)}
    fields = {s.target.id for s in definition.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)}
    return written | fields


def own(value: ast.expr) -> bool:
    """Whether an attribute of this is the object's own: of self, cls or super()."""
    return (isinstance(value, ast.Name) and value.id in {"self", "cls"}) or (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "super"
    )
