"""The files of a result that somebody else may have made: what they may unfold to is bounded before they are read.

A Parquet file may say one long text for millions of rows in a few octets, and gzip may hold a thousand times its size.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # pyarrow has no types
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

MOST_TEXT = 4_000_000_000
"""Octets of text in all columns of a table."""
MOST_JSON = 300_000_000
"""Octets of a JSON file, unfolded: as data they may be twenty times as big."""


def read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """What a JSON file holds, plain or, by its name, gzip.

    Raises:
        ValueError: it is not JSON, or holds more than `MOST_JSON` octets.
        OSError: it cannot be read, or is not gzip.
    """
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        octets = file.read(MOST_JSON + 1)
    if len(octets) > MOST_JSON:
        raise ValueError(f"it holds more than {MOST_JSON:,} octets")
    return json.loads(octets)


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """These columns of a Parquet file, which it has to have.

    Raises:
        ValueError: a column holds lists or other tables, or the text in all of them has more than `MOST_TEXT` octets.
        OSError: it cannot be read.
    """
    fields = [pq.read_schema(path).field(column) for column in columns]
    nested = [field.name for field in fields if pa.types.is_nested(field.type)]
    if nested:
        raise ValueError(f"the column {nested[0]!r} holds lists or the like")
    size = sum(_octets(path, field.name) for field in fields if not pa.types.is_primitive(field.type))
    if size > MOST_TEXT:
        raise ValueError(f"it holds {size:,} octets of text, more than {MOST_TEXT:,}")
    return pd.read_parquet(path, engine="pyarrow", columns=list(columns))[list(columns)]


def _octets(path: Path, column: str) -> int:
    """How many octets a column of text has, found without writing each text out."""
    texts = pq.read_table(path, columns=[column], read_dictionary=[column])[column]
    return sum(_chunk_octets(chunk) for chunk in texts.chunks)


def _chunk_octets(chunk: pa.DictionaryArray) -> int:
    lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
    return pc.sum(lengths.take(chunk.indices)).as_py() or 0
