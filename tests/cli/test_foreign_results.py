"""Result folders that somebody else has made: whatever is in them, the commands end in order, and move no cursor."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small import SMALL

from sim import cli
from sim.results import store, untrusted_files

QUICK = [
    ["transcript", "{}"],
    ["queue", "{}", "--host", "a", "--at", "5 min"],
    ["queue", "{}", "--host", "a", "--timeline"],
]
ALL = [*QUICK, ["report", "{}"], ["queue", "{}", "--host", "a", "--at", "5 min", "--qshape"]]
VALUES: list[Any] = [
    None,
    -1,
    1.5,
    "",
    "\x1b[2J{0.__class__}$\\frac$ß",
    [],
    {},
    [[]],
    {"a": {}},
    True,
    10**30,
    "x" * 10_000,
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A result folder with dialogues."""
    folder = tmp_path_factory.mktemp("result")
    (folder / "small.yaml").write_text(SMALL)
    run = ["run", str(folder / "small.yaml"), "--out", str(folder / "out"), "--jobs", "1", "--dialogues", "-q"]
    assert cli.main(run) == 0
    return folder / "out"


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return shutil.copytree(whole, tmp_path / "out")


def changed(data: Any, chance: random.Random) -> Any:
    """The data with something else in one place."""
    if isinstance(data, dict) and data and chance.random() < 0.9:
        key = chance.choice(list(data))
        return (
            {**data, key: changed(data[key], chance)}
            if chance.random() < 0.9
            else {k: data[k] for k in data if k != key}
        )
    if isinstance(data, list) and data and chance.random() < 0.9:
        at = chance.randrange(len(data))
        return [*data[:at], changed(data[at], chance), *data[at + 1 :]]
    return chance.choice(VALUES)


def damage(folder: Path, chance: random.Random) -> None:
    """Change something in one of a result's files."""
    file = chance.choice(sorted(folder.iterdir()))
    if file.suffix == ".parquet":
        frame = pd.read_parquet(file)
        column = chance.choice(list(frame))
        what = chance.choice(["rows", "kind", "value"])
        if what == "rows":
            frame = frame[frame.index % 2 == 0]
        else:
            value = chance.choice(["\x1b[2J{0}", float("nan"), -1, 1e300, b"\xff"])
            frame[column] = [value] * len(frame) if what == "kind" else frame[column]
            if what == "value" and len(frame) and isinstance(value, type(frame[column].iloc[0])):
                frame.loc[0, column] = value
        frame.to_parquet(file, index=False)
    elif file.suffix == ".gz":
        data = changed(json.loads(gzip.decompress(file.read_bytes())), chance)
        file.write_bytes(gzip.compress(json.dumps(data).encode()))
    elif file.suffix == ".json":
        file.write_text(json.dumps(changed(json.loads(file.read_text()), chance)))


def ends_in_order(command: list[str], folder: Path, capsys) -> None:
    """Exit status 0 or 2, no traceback, nothing that moves a cursor."""
    status = cli.main([part.format(folder) for part in command])
    said = capsys.readouterr()
    assert status in {0, 2}, said.err
    assert (said.out + said.err).replace("\n", "").replace("\t", "").isprintable()
    assert status == 0 or said.err.count("\n") == 1


@pytest.mark.parametrize("seed", [*range(5), *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 40)]])
def test_a_damaged_result_is_listed_or_refused(folder: Path, seed: int, capsys):
    """Other values, kinds and rows in one file: transcript and queue."""
    damage(folder, random.Random(seed))
    for command in QUICK:
        ends_in_order(command, folder, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 112))
def test_a_damaged_result_is_reported_or_refused(folder: Path, seed: int, capsys):
    """All commands, a report with its figures too."""
    damage(folder, random.Random(seed))
    for command in ALL:
        ends_in_order(command, folder, capsys)


def test_what_comes_from_mail_is_written_out(folder: Path, capsys):
    """Control characters, and those that turn the line round."""
    lines = pd.read_parquet(folder / "dialogues.parquet")
    lines.loc[1, "line"] = "EHLO \x1b]0;x\x07\u202egnp.exe"
    lines.to_parquet(folder / "dialogues.parquet", index=False)
    assert cli.main(["transcript", str(folder)]) == 0
    assert "EHLO \\x1b]0;x\\x07\\u202egnp.exe" in capsys.readouterr().out


def test_a_file_name_is_written_out(capsys):
    """Whatever the folder is called."""
    assert cli.main(["transcript", "no\x1b[2Jsuch"]) == 2
    assert capsys.readouterr().err.startswith("no\\x1b[2Jsuch: no such folder")


def test_a_table_of_too_many_rows_is_refused(folder: Path, monkeypatch, capsys):
    """Before it is read."""
    monkeypatch.setattr(store, "MOST_ROWS", 5)
    ends_in_order(QUICK[0], folder, capsys)
    assert cli.main(["transcript", str(folder)]) == 2
    assert "rows: no more than 5 are read" in capsys.readouterr().err


def test_a_text_said_for_many_rows_is_counted_before_it_is_written_out(folder: Path, monkeypatch, capsys):
    """A file of a few kB may hold gigabytes: a dictionary says each text once."""
    monkeypatch.setattr(untrusted_files, "MOST_TEXT", 1_000_000)
    assert cli.main(["transcript", str(folder)]) == 0
    rows = pd.read_parquet(folder / "copies.parquet")
    many = pd.concat([rows[:1].assign(path="x" * 2_000)] * 1_000)
    many.to_parquet(folder / "copies.parquet", index=False)
    assert (folder / "copies.parquet").stat().st_size < 100_000
    assert cli.main(["transcript", str(folder)]) == 2
    assert "octets of text, more than 1,000,000" in capsys.readouterr().err


def test_tables_in_a_table_are_refused(folder: Path, capsys):
    """They may hold anything."""
    rows = pd.read_parquet(folder / "copies.parquet")
    rows.assign(path=[{"path": "x"}] * len(rows)).to_parquet(folder / "copies.parquet", index=False)
    assert cli.main(["transcript", str(folder)]) == 2
    assert "the column 'path' holds lists" in capsys.readouterr().err


def test_a_scenario_that_unfolds_to_too_much_is_refused(folder: Path, monkeypatch, capsys):
    """No more is unfolded than is read."""
    monkeypatch.setattr(untrusted_files, "MOST_JSON", 100_000)
    assert cli.main(["transcript", str(folder)]) == 0
    (folder / "scenario.json.gz").write_bytes(gzip.compress(b'"' + b"x" * 100_000 + b'"'))
    assert cli.main(["transcript", str(folder)]) == 2
    assert "scenario.json.gz: cannot be read (it holds more than 100,000 octets)" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["manifest.json", "copies.parquet"])
def test_what_is_no_file_is_refused(folder: Path, name: str, capsys):
    """A pipe would be waited for for ever."""
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert cli.main(["transcript", str(folder)]) == 2
    assert f"{name}: no regular file" in capsys.readouterr().err
