"""Mutations of result folders: other values, kinds, columns and rows of their tables, other JSON, other octets."""

from __future__ import annotations

import gzip
import json
import tempfile
from contextlib import redirect_stdout
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
from apart import apart
from mangle import NAMES, encoded, mangled_octets, mangled_text
from trees import at, paths, put

from sim import cli

SCENARIO = """
title: small
duration: 30 min
replications: 2
network:
  nodes: {a: {lat: 1, lon: 2}, b: {lat: 3, lon: 4}, c: {lat: 5, lon: 6}}
  links:
    - {between: [a, b], rate: 1 Mbit/s, delay: 10 ms}
    - {between: [b, c], delay: 300 ms, down: [{from: 5 min, to: 9 min}]}
domains:
  a.example: {mx: [a], users: [ann]}
  b.example: {mx: [b], users: [bob]}
  c.example: {mx: [c], users: [cid]}
workload:
  constant: {every: 3 min, size: 1 kB}
architectures:
  relayed: {transfer: store-and-forward}
  direct: {transfer: end-to-end}
"""

COMMANDS = (
    ("report", "{}/out"),
    ("transcript", "{}/out"),
    ("transcript", "{}/out", "3", "--full", "--architecture", "direct", "--replication", "1"),
    ("queue", "{}/out", "--host", "b", "--at", "6 min"),
    ("queue", "{}/out", "--host", "a", "--at", "6 min", "--qshape"),
    ("queue", "{}/out", "--host", "a", "--timeline"),
    ("queue", "{}/out", "--host", "a", "--timeline", "--json"),
    ("queue", "{}/out", "--host", "a", "--at", "6 min", "--json", "--replication", "1"),
    ("queue", "{}/out", "--host", "a", "--plot", "{}/q.svg"),
)

SCALARS: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, 1e308, -1e308, "", "x" * 10_000, "\x1b[2J{0.__class__}$\\frac$", [], {}, [[]], {"a": {}}, "NaN", "inf", "1e999",
]  # fmt: skip
VALUES: list[Any] = [
    None, float("nan"), float("inf"), -float("inf"), -1, 0, 1, 2**40, 2**62, 1e300, -1e300, 5e-324, "", "x", b"\xff", True, pd.Timestamp(0), [1], {"a": 1}, "accepted",
    "delivered", "relayed", *NAMES[:20],
]  # fmt: skip


@cache
def whole() -> dict[str, bytes]:
    """The files of a result with dialogues, by name."""
    return apart(_made, seconds=60.0, memory=2_000_000_000).value


def _made() -> dict[str, bytes]:
    with redirect_stdout(StringIO()), tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "small.yaml").write_text(SCENARIO, encoding="utf-8")
        out = Path(folder) / "out"
        cli.main(["run", f"{folder}/small.yaml", "--out", str(out), "--jobs", "1", "--dialogues", "-q"])
        return {file.name: file.read_bytes() for file in sorted(out.iterdir())}


def damaged(random: Random, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files of a result with one to three changes."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        name = random.choice(sorted(files))
        files = {**files, name: _changed(random, name, files[name])}
        if random.random() < 0.03:
            del files[name]
    return files


def _changed(random: Random, name: str, octets: bytes) -> bytes:
    try:
        if random.random() < 0.25:
            return mangled_octets(random, octets)
        if name.endswith(".parquet"):
            return _table(random, octets)
        if name.endswith(".gz"):
            return gzip.compress(_json(random, gzip.decompress(octets)), mtime=0)
        return _json(random, octets)
    except Exception:  # noqa: BLE001 - what was damaged before is damaged in its octets
        return mangled_octets(random, octets)


def _json(random: Random, octets: bytes) -> bytes:
    """Another value, a key less, or another text."""
    if random.random() < 0.3:
        words = ["{", "}", "[", "]", "null", "NaN", "Infinity", "-1", '"x"', "1e999", "[" * 100_000]
        return encoded(random, mangled_text(random, octets.decode(), words))
    data = json.loads(octets)
    path = random.choice(list(paths(data)))
    path = path[: random.randint(1, len(path))]
    if random.random() < 0.3:
        holder, step = at(data, path[:-1]), path[-1]
        less = {k: v for k, v in holder.items() if k != step} if isinstance(holder, dict) else holder[1:]
        return json.dumps(put(data, path[:-1], less)).encode()
    other = random.choice([*SCALARS, at(data, random.choice(list(paths(data))))])
    return json.dumps(put(data, path, other)).encode()


def _table(random: Random, octets: bytes) -> bytes:
    """A table with other values, columns or rows."""
    frame = pd.read_parquet(BytesIO(octets))
    change = random.choice([_column, _columns, _rows])
    folding = random.choice(["snappy", "gzip", None])
    into = BytesIO()
    change(random, frame).to_parquet(into, engine="pyarrow", index=random.random() < 0.1, compression=folding)
    return into.getvalue()


def _column(random: Random, frame: pd.DataFrame) -> pd.DataFrame:
    """Other values in a column: one, some or all, or all of another kind."""
    column = random.choice(list(frame))
    values, value = list(frame[column]), random.choice(VALUES)
    kind = random.choice(["str", "float64", "int32", "category", "bool", "datetime64[ns]", "object"])
    match random.choice(["value", "value", "all", "kind", "nulls"]):
        case "value" if values:
            fits = [other for other in VALUES if isinstance(other, type(values[0]))]
            values[random.randrange(len(values))] = random.choice([*fits, value])
            frame[column] = pd.Series(values, dtype=frame[column].dtype) if random.random() < 0.5 else values
        case "all":
            frame[column] = [value] * len(frame)
        case "kind":
            frame[column] = frame[column].astype(kind)
        case "nulls":
            frame[column] = [None if random.random() < 0.3 else one for one in values]
    return frame


def _columns(random: Random, frame: pd.DataFrame) -> pd.DataFrame:
    """A column more or less, or of another name."""
    column = random.choice(list(frame))
    match random.choice(["rename", "drop", "more"]):
        case "rename":
            return frame.rename(columns={column: random.choice([f"{column}_", "", *NAMES[:5]])})
        case "drop":
            return frame.drop(columns=column)
    return frame.assign(**{random.choice(["more", "index", "level_0"]): [random.choice(VALUES)] * len(frame)})


def _rows(random: Random, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows more, less, or in another order."""
    match random.choice(["some", "more", "none", "order"]):
        case "some":
            return frame[[random.random() < 0.5 for _ in range(len(frame))]]
        case "more":
            return pd.concat([frame] * random.choice([2, 3, 200]), ignore_index=random.random() < 0.5)
        case "none":
            return frame[:0]
    return frame.sample(frac=1, random_state=random.randrange(1000))


def in_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files as those of the folder `out`."""
    return {f"out/{name}": octets for name, octets in files.items()}
