"""The result folder, written all at once or not at all.

It holds manifest.json, summary.json, the scenario as understood (scenario.json.gz: with every default of every host it
has megabytes where there are a thousand), and a Parquet file a table.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow.parquet as pq  # type: ignore[import-untyped] # pyarrow has no types

from sim import arguments
from sim.results.facts import Facts
from sim.results.metrics import METRICS
from sim.results.summary import html_table
from sim.results.tables import SCHEMA, Tables
from sim.results.untrusted_files import read_json, read_table

PROGRAM = "mtasim"
_SCENARIO = "scenario.json.gz"
_CHUNK = 10_000
MOST_ROWS = 20_000_000
"""Rows of a table that are read: what says that it has more would fill the memory."""
_MAY_BE_ABSENT = ("acts", "deferrals", "dialogues", "mailboxes", "losses", "addresses")
"""Tables that have no file where they are empty."""
_T = TypeVar("_T")


class ResultError(Exception):
    """A result folder cannot be read or written; one line that says which, why, and the cure."""


@dataclass(frozen=True)
class Result(Tables):
    """What a run or a comparison came to: the tables of its facts, and what was made of them.

    `scenario` is the scenario as resolved, in plain data; `measures` the frame of `metrics.measure`; `summary` the
    dictionary of `summary.summarise`; `manifest` what was run, with what, and the fingerprint of what happened.
    """

    scenario: Mapping[str, Any]
    measures: pd.DataFrame
    summary: Mapping[str, Any]
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        title = self.scenario.get("title") or "untitled"
        found = f"{len(self.measures)} runs, {len(self.copies)} copies"
        return f"<Result of {title!r}: {found}, fingerprint {self.manifest['fingerprint'][:8]}>"

    def _repr_html_(self) -> str:
        return html_table(self.summary)


def manifest(**ran: object) -> dict[str, Any]:
    """The manifest of a result: what was run, from which seed, its fingerprint and the time it took, and with what."""
    return {"program": PROGRAM, "scenario": _SCENARIO, **ran, "versions": versions()}


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for name in (PROGRAM, "simpy", "numpy", "scipy", "networkx", "pandas", "pyarrow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def fingerprint(facts: Facts) -> str:
    """SHA-256 over all facts of a run in their order: two runs that did the same have the same."""
    digest = hashlib.sha256()
    for name, rows in facts._asdict().items():
        if name in ("mailboxes", "losses", "addresses") and not rows:
            # Where nobody has mailboxes, and where there is no gateway, nothing of these has happened.
            continue
        digest.update(f"{name} {len(rows)}\n".encode())
        for start in range(0, len(rows), _CHUNK):
            # tuple's own repr skips the field names of a NamedTuple, which cost most of the time
            digest.update("\n".join(map(tuple.__repr__, rows[start : start + _CHUNK])).encode())
            digest.update(b"\n")
    return digest.hexdigest()


def combine(fingerprints: Sequence[str]) -> str:
    """One fingerprint of many runs, given in the order of architecture and replication."""
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()


def write(result: Result, folder: str | Path, *, force: bool = False, also: Mapping[str, str] | None = None) -> None:
    """Write a result as a folder, complete or not at all.

    It is written beside its place and then renamed, so that an interruption leaves nothing that looks like a result.

    Args:
        result: what to write.
        folder: where; its parents are made.
        force: replace a folder that is empty or holds a result of mtasim; anything else is never touched.
        also: further texts to put there, by file name.

    Raises:
        TypeError: not a result, or not a path.
        ResultError: when something is in the way.
    """
    arguments.instance(result, Result, "a result", "what sim.run gives, or the result of a comparison")
    folder = arguments.path(folder, "a folder").resolve()
    refuse_what_is_there(folder, force=force)
    fresh, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{what}") for what in ("new", "old"))
    try:
        fresh.mkdir()
        _write_files(result, fresh, folder)
        for name, text in (also or {}).items():
            with writing(fresh / name, folder / name):
                (fresh / name).write_text(text, encoding="utf-8")
        _swap(fresh, folder, old)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def refuse_what_is_there(folder: Path, *, force: bool) -> None:
    """Check, before the work is done, that `write` may write there.

    Raises:
        ResultError: when a file, or a folder that `force` does not let it replace, is in the way.
    """
    if not (folder.exists() or folder.is_symlink()):
        _make_parents(folder)
        return
    if not folder.is_dir():
        raise ResultError(f"{folder}: a file is in the way: name a folder that does not exist yet")
    if not force:
        raise ResultError(f"{folder}: exists already: name another folder, or give --force to replace a result")
    if any(folder.iterdir()) and not _is_ours(folder):
        raise ResultError(
            f"{folder}: holds other things than a result of {PROGRAM} and stays as it is: name another folder"
        )


def _make_parents(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder.parent):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ResultError(
            f"{folder}: cannot be made ({reason}): name a folder in a place that can be written"
        ) from None


def _is_ours(folder: Path) -> bool:
    try:
        return bool(_read_json(folder / "manifest.json").get("program") == PROGRAM)
    except ResultError:
        return False


@contextmanager
def writing(path: Path, named: Path | None = None) -> Iterator[None]:
    """Name the file in what is said when it cannot be written, for the disk is full, e.g.

    Args:
        path: the file.
        named: what it will be called once all is written, where that is another name.

    Raises:
        ResultError: it could not be written.
    """
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ResultError(f"{named or path}: cannot be written ({reason}): make room, or name another place") from error


def _write_files(result: Result, fresh: Path, folder: Path) -> None:
    frames = {field.name: getattr(result, field.name) for field in fields(Tables)}
    frames = {name: frame for name, frame in frames.items() if name not in _MAY_BE_ABSENT or len(frame)}
    for name, frame in {**frames, "measures": result.measures.reset_index()}.items():
        file = f"{name}.parquet"
        with writing(fresh / file, folder / file):
            frame.to_parquet(fresh / file, engine="pyarrow", index=False)
    for file, data in {
        "summary.json": result.summary,
        _SCENARIO: result.scenario,
        "manifest.json": {**result.manifest, "program": PROGRAM},
    }.items():
        with writing(fresh / file, folder / file):
            _write_json(fresh / file, data)


def _swap(fresh: Path, folder: Path, old: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
        return
    folder.rename(old)
    try:
        fresh.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old)


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    compressed = path.suffix == ".gz"
    text = json.dumps(plain(data), indent=None if compressed else 2, ensure_ascii=False, allow_nan=False)
    octets = f"{text}\n".encode()
    path.write_bytes(gzip.compress(octets, mtime=0) if compressed else octets)


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value as JSON can hold it: NaN is null, infinities are text, what JSON does not know is its text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def read(folder: str | Path) -> Result:
    """The result that `write` left in a folder.

    Raises:
        ResultError: when the folder, its manifest, its summary or a table is missing or is not what `write` leaves.
    """
    folder = arguments.path(folder, "a folder that a run has written")
    if not folder.is_dir():
        raise ResultError(f"{folder}: no such folder: name one that `{PROGRAM} run` or `{PROGRAM} compare` has written")
    found = _read_json(folder / "manifest.json")
    if found.get("program") != PROGRAM:
        raise ResultError(f"{folder / 'manifest.json'}: not written by {PROGRAM}: name a folder that it has written")
    summary = _read_json(folder / "summary.json")
    _need(folder / "summary.json", summary, {"confidence": (int, float), "architectures": dict, "differences": list})
    _need(folder / "manifest.json", found, {"seed": int, "fingerprint": str, "versions": dict})
    scenario = _read_json(folder / _SCENARIO)
    tables = {name: _read_table(folder, name) for name in SCHEMA}
    measures = _read_parquet(folder / "measures.parquet", ("architecture", "replication", *METRICS))
    return Result(
        **tables,
        scenario=scenario,
        measures=measures.set_index(["architecture", "replication"]),
        summary=summary,
        manifest=found,
    )


def _need(path: Path, data: Mapping[str, Any], entries: Mapping[str, Any]) -> None:
    for name, kind in entries.items():
        if not isinstance(data.get(name), kind):
            raise ResultError(f"{path}: no {name!r}, or not what belongs there: damaged; run the scenario again")


def _read_table(folder: Path, name: str) -> pd.DataFrame:
    path, schema = folder / f"{name}.parquet", SCHEMA[name]
    if name in _MAY_BE_ABSENT and not path.exists():
        return pd.DataFrame({column: pd.Series(dtype=dtype) for column, dtype in schema.items()})
    frame = _read_parquet(path, tuple(schema))
    return _reading(path, lambda: frame.astype(dict(schema)))


def _read_parquet(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    found = _reading(path, lambda: pq.read_metadata(path))
    if found.num_rows > MOST_ROWS:
        raise ResultError(f"{path}: {found.num_rows} rows: no more than {MOST_ROWS} are read; run fewer replications")
    missing = [column for column in columns if column not in found.schema.names]
    if missing:
        raise ResultError(f"{path}: no column {missing[0]!r}: written by another version of {PROGRAM}; run it again")
    return _reading(path, lambda: read_table(path, columns))


def _read_json(path: Path) -> dict[str, Any]:
    data = _reading(path, lambda: read_json(path))
    if not isinstance(data, dict):
        raise ResultError(f"{path}: not an object of names and values: damaged; run the scenario again")
    return data


def _reading(path: Path, read_it: Callable[[], _T]) -> _T:
    if path.exists() and not path.is_file():
        raise ResultError(f"{path}: no regular file: damaged or not ours; run the scenario again")
    try:
        return read_it()
    except FileNotFoundError:
        raise ResultError(f"{path}: missing: {path.parent} is not a whole result of {PROGRAM}; run again") from None
    except Exception as error:  # noqa: BLE001 - what a library makes of a damaged file may be anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ResultError(f"{path}: cannot be read ({reason}): damaged or not ours; run the scenario again") from None
