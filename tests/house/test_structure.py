"""The house's structure: who imports whom, who writes whose attributes, how long modules are."""

from __future__ import annotations

import ast
from statistics import median

from modules import attributes_written, circles, graph, imports, modules, own, written_from_two_sides

MOST_LINES = 400
MOST_LINES_IN_ALL = 74000

# What libraries and Python itself name with an underscore and mean to be used.
PUBLIC_ALL_THE_SAME = {"_replace", "_asdict", "_fields", "_exit", "_value_", "_repr_html_"}


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC_ALL_THE_SAME


def test_modules_import_each_other_in_no_circle():
    """No two modules need each other to be imported or to be understood (imports for type checkers count)."""
    assert circles(graph()) == []


def test_no_module_imports_what_is_private_to_another():
    """What a module imports by name bears no underscore."""
    found = [
        (module.name, target, name)
        for module in modules().values()
        for target, name in imports(module)
        if name and _private(name)
    ]
    assert found == []


def test_no_private_attribute_of_another_object_is_read():
    """An attribute with an underscore is used through self, cls or super() alone."""
    found = {
        module.name
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and _private(node.attr)
        and not own(node.value)
    }
    assert found == set()


def test_no_private_attribute_of_another_object_is_written():
    """An attribute with an underscore is written by the object that has it."""
    found = {
        (module.name, ast.unparse(node))
        for module in modules().values()
        for node in attributes_written(module.tree)
        if _private(node.attr) and not own(node.value)
    }
    assert found == set()


def test_an_attribute_of_an_endpoint_is_written_in_one_module():
    """Every attribute of an object of `sim/network/tcp` has one module that writes it, its class's bases included."""
    assert written_from_two_sides("sim.network.tcp") == set()


def test_no_module_is_too_long():
    """No module has more lines than one reads in one sitting."""
    assert [module.name for module in modules().values() if module.lines > MOST_LINES] == []


def test_modules_are_neither_crumbs_nor_slabs():
    """The median of all modules that hold more than a docstring is between 80 and 250 lines."""
    lengths = [module.lines for module in modules().values() if len(module.tree.body) > 1]
    assert 80 <= median(lengths) <= 250


def test_the_house_does_not_grow():
    """All of `sim/` has at most this many lines; who removes some lowers the bound."""
    assert sum(module.lines for module in modules().values()) <= MOST_LINES_IN_ALL
