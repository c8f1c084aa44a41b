"""Mutations of scenarios as trees: keys, values, types, units, sizes, names, nesting, tags, anchors and merges."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from mangle import NAMES, NUMBERS

Tree = Any
"""A scenario, or a part of one: dicts, lists and scalars, and `Raw`."""
Path = tuple[str | int, ...]

UNITS = [
    "", "s", "ms", "us", "ns", "min", "h", "d", "wk", "y", "m", "sec", "B", "kB", "MB", "GB", "TB", "KiB", "bit", "bit/s", "kbit/s", "Gbit/s",
    "baud", "Mbps", "%", "‰", "/s", "/h", "/d", "per day", "k", "M", "G", "km", "µs", "μs", "°",
]  # fmt: skip
"""Units that a quantity may have, and others."""

TAGS = ["!x", "!!str", "!!int", "!!float", "!!binary", "!!set", "!!omap", "!!map", "!!seq", "!!python/object:os.system", "!!timestamp", "!!null", "!", "!<x>"]  # fmt: skip

_QUANTITY = re.compile(r"([+-]?[\d.eE+-]+)(\s*)([^\d\s].*)?")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./@-]*[A-Za-z0-9]|\d+( [A-Za-z/%]+)?", re.ASCII)
_WORDS = {"yes", "no", "true", "false", "null", "on", "off"}


class Raw(str):
    """YAML that is written as it stands."""

    __slots__ = ()


def mangled_tree(random: Random, tree: Tree, keys: Sequence[str], other: Tree) -> Tree:
    """A scenario with one to four changes.

    Args:
        random: what draws.
        tree: the scenario.
        keys: keys that some form has.
        other: another scenario, parts of which may come in.
    """
    for _ in range(random.choice([1, 1, 1, 2, 2, 3, 4])):
        places = list(paths(tree))
        if not places:
            return tree
        path = random.choice(places)
        # Of the deep parts there are most.
        path = path[: random.randint(1, len(path))]
        change = random.choice(_CHANGES)
        tree = change(random, tree, path, keys, other)
    return tree


def _value(random: Random, tree: Tree, path: Path, _keys: Sequence[str], _other: Tree) -> Tree:
    """Another value of any kind."""
    value = random.choice(
        [*NAMES, *map(Raw, NUMBERS), None, True, False, [], {}, 0, 1, -1, 2**70, 1e300, Raw("~"), Raw("")]
    )
    return put(tree, path, value)


def _quantity(random: Random, tree: Tree, path: Path, _keys: Sequence[str], _other: Tree) -> Tree:
    """Another number, or another unit."""
    quantities = [p for p in paths(tree) if _QUANTITY.fullmatch(str(at(tree, p)))]
    if not quantities:
        return tree
    path = random.choice(quantities)
    number, space, unit = (part or "" for part in _QUANTITY.fullmatch(str(at(tree, path))).groups())
    if random.random() < 0.5:
        number = random.choice([*NUMBERS, "2", "10", "100", "1000", "100000", "1e7", "0.001", "1e-6"])
    else:
        unit = random.choice([unit * 2, *UNITS])
    return put(tree, path, Raw(f"{number}{space}{unit}") if random.random() < 0.5 else f"{number}{space}{unit}")


def _key(random: Random, tree: Tree, path: Path, keys: Sequence[str], _other: Tree) -> Tree:
    """Another key: one that some form has, a name, or none at all."""
    if not isinstance(path[-1], str):
        return _value(random, tree, path, keys, _other)
    name = random.choice(
        [random.choice(keys), random.choice(NAMES), Raw(random.choice([*NUMBERS, "~", "[a]", "{a: b}", "? x"]))]
    )
    holder = at(tree, path[:-1])
    return put(tree, path[:-1], {name if key == path[-1] else key: value for key, value in holder.items()})


def _more(random: Random, tree: Tree, path: Path, keys: Sequence[str], other: Tree) -> Tree:
    """One more key, with a value from somewhere."""
    holder = at(tree, path)
    value = at(other, random.choice(list(paths(other)) or [()]))
    if isinstance(holder, dict):
        return put(tree, path, {**holder, random.choice(keys): value})
    return put(tree, path, [*holder, value] if isinstance(holder, list) else [holder, value])


def _out(_random: Random, tree: Tree, path: Path, _keys: Sequence[str], _other: Tree) -> Tree:
    """A part less."""
    holder = at(tree, path[:-1])
    left = (
        {key: value for key, value in holder.items() if key != path[-1]}
        if isinstance(holder, dict)
        else [value for index, value in enumerate(holder) if index != path[-1]]
    )
    return put(tree, path[:-1], left)


def _across(random: Random, tree: Tree, path: Path, _keys: Sequence[str], other: Tree) -> Tree:
    """What stands at the same key of another scenario, or anywhere in it."""
    there = list(paths(other))
    same = [p for p in there if p[-1] == path[-1]]
    return put(tree, path, at(other, random.choice(same or there or [()])))


def _name(random: Random, tree: Tree, path: Path, _keys: Sequence[str], _other: Tree) -> Tree:
    """A name that has another script or odd signs wherever it stands."""
    old = path[-1] if isinstance(path[-1], str) else at(tree, path)
    return _renamed(tree, old, random.choice(NAMES)) if isinstance(old, str) and old else tree


def _renamed(tree: Tree, old: str, new: str) -> Tree:
    if isinstance(tree, dict):
        return {_renamed(key, old, new): _renamed(value, old, new) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_renamed(value, old, new) for value in tree]
    if not isinstance(tree, str):
        return tree
    return type(tree)(re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, tree))


def _kind(random: Random, tree: Tree, path: Path, _keys: Sequence[str], _other: Tree) -> Tree:
    """A value as a list, as a mapping, as text, or deep inside."""
    value = at(tree, path)
    deep = random.choice([2, 10, 100, 400])
    first = (
        next(iter(value.values() if isinstance(value, dict) else value), None)
        if isinstance(value, dict | list)
        else value
    )
    return put(
        tree,
        path,
        random.choice(
            [
                [value],
                {"value": value},
                str(value),
                first,
                Raw("[" * deep + "1" + "]" * deep),
                Raw("{a: " * deep + "1" + "}" * deep),
                Raw("- " * deep + "a"),
            ]
        ),
    )


def _many(random: Random, tree: Tree, path: Path, _keys: Sequence[str], _other: Tree) -> Tree:
    """A list that says the same again and again, or a mapping with many keys."""
    value, times = at(tree, path), random.choice([2, 2, 3, 30, 300])
    if isinstance(value, list):
        return put(tree, path, value * times)
    if isinstance(value, dict) and value:
        last = list(value.values())[-1]
        return put(tree, path, {**value, **{f"n{number}": last for number in range(times)}})
    return put(tree, path, [value] * times)


def _yaml(random: Random, tree: Tree, path: Path, _keys: Sequence[str], _other: Tree) -> Tree:
    """A tag, an anchor with its alias somewhere, or a merge."""
    value = at(tree, path)
    written = yaml(value)
    way = random.choice(["tag", "alias", "alias", "merge", "self", "twice", "bomb"])
    if way == "tag":
        return put(tree, path, Raw(f"{random.choice(TAGS)} {written}"))
    if way == "self":
        return put(tree, path, Raw("&x [*x]") if random.random() < 0.5 else Raw("&x {<<: *x, a: 1}"))
    if way == "twice" and isinstance(value, dict) and value:
        key = yaml(random.choice(list(value)))
        return put(tree, path, Raw(f"{written[:-1]}, {key}: 1}}"))
    if way == "bomb":
        names = "abcdefghi"
        folds = ", ".join(f"&{n} [*{before}, *{before}, *{before}]" for before, n in pairwise(names))
        return put(tree, path, Raw(f"[&a [1, 2], {folds}]"))
    places = list(paths(tree))
    later = [p for p in places[places.index(path) :] if p[: len(path)] != path]
    if way == "merge":
        later = [p for p in later if isinstance(at(tree, p), dict)]
    if not later:
        return put(tree, path, Raw(f"*{random.choice('abx')}"))
    place = random.choice(later)
    merged = random.choice(["*x", "[*x]", "[*x, *x]", "*x, <<: *x"])
    alias = f"{{<<: {merged}, {yaml(at(tree, place))[1:]}" if way == "merge" else "*x"
    changed = put(tree, place, Raw(alias))
    return put(changed, path, Raw(f"&x {written}"))


_CHANGES = [_value, _quantity, _quantity, _key, _more, _out, _across, _across, _name, _kind, _many, _yaml]


def paths(tree: Tree, above: Path = ()) -> Iterator[Path]:
    """The paths of all parts in their order, the outer ones first."""
    steps = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, part in steps:
        yield (*above, step)
        yield from paths(part, (*above, step))


def at(tree: Tree, path: Path) -> Tree:
    """The part at a path."""
    for step in path:
        tree = tree[step]
    return tree


def put(tree: Tree, path: Path, value: Tree) -> Tree:
    """The tree with another value at a path."""
    if not path:
        return value
    if isinstance(tree, dict):
        return {key: put(part, path[1:], value) if key == path[0] else part for key, part in tree.items()}
    return [put(part, path[1:], value) if index == path[0] else part for index, part in enumerate(tree)]


def document(tree: Tree) -> str:
    """The tree as a YAML file, a line for each key of it."""
    if not isinstance(tree, dict) or not tree:
        return yaml(tree)
    return "".join(f"{yaml(key)}: {yaml(value)}\n" for key, value in tree.items())


def yaml(tree: Tree) -> str:
    """The tree in YAML's flow style; scalars stand plain where they may."""
    if isinstance(tree, Raw):
        return str(tree)
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{yaml(key)}: {yaml(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(yaml, tree)) + "]"
    if isinstance(tree, str) and _PLAIN.fullmatch(tree) and tree.lower() not in _WORDS:
        return tree
    return json.dumps(tree, ensure_ascii=len(str(tree)) % 2 == 0)
