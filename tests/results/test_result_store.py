"""The result folder."""

from __future__ import annotations

import dataclasses
import errno
import gzip
import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pandas as pd
import pytest
import synthetic_results
from synthetic_results import facts, result

from sim.results import store
from sim.results.facts import DialogueFact, Facts
from sim.results.store import ResultError, combine, fingerprint, read, refuse_what_is_there, versions, write
from sim.results.tables import SCHEMA
from sim.scenario.load import loads
from sim.scenario.show import as_data

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made():
    """A small result of two architectures."""
    return result(replications=2, copies=20)


@pytest.fixture
def folder(made, tmp_path):
    """The folder of a result."""
    write(made, tmp_path / "out")
    return tmp_path / "out"


def test_what_is_written_is_read_again(made, folder):
    """Tables, measures, summary, scenario and manifest come back as they were."""
    found = read(folder)
    for name in SCHEMA:
        pd.testing.assert_frame_equal(getattr(found, name), getattr(made, name))
    pd.testing.assert_frame_equal(found.measures, made.measures)
    assert found.summary == made.summary
    assert found.scenario == made.scenario
    assert found.manifest == made.manifest
    assert found.user_copies.equals(made.user_copies)


def test_the_files_are_those_of_the_contract(folder):
    """A result is its manifest, its summary, its scenario and a Parquet file a table; dialogues only when traced."""
    tables = {f"{name}.parquet" for name in ("messages", "copies", "attempts", "queues", "addresses", "measures")}
    assert {path.name for path in folder.iterdir()} == tables | {"manifest.json", "summary.json", "scenario.json.gz"}


def test_parquet_files_have_the_columns_alone(folder):
    """No index is stored, so that other programs see the columns of the contract."""
    assert list(pd.read_parquet(folder / "copies.parquet")) == list(SCHEMA["copies"])


def test_traced_dialogues_are_kept(made, tmp_path):
    """Dialogues that were traced come back."""
    traced = synthetic_results.tables_of(dialogues=[DialogueFact(1, 0.5, ">", "QUIT")])
    write(dataclasses.replace(made, dialogues=traced.dialogues), tmp_path / "out")
    assert read(tmp_path / "out").dialogues["line"].tolist() == ["QUIT"]


def test_same_result_same_bytes(made, folder, tmp_path):
    """A result written twice is the same, byte by byte."""
    write(made, tmp_path / "again")
    for path in sorted(folder.iterdir()):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_manifest_says_what_was_run(folder):
    """The manifest has what it takes to run again and to compare."""
    keys = {"scenario", "scenario_hash", "seed", "versions", "fingerprint", "wall_time_s", "architectures"}
    assert keys - set(json.loads((folder / "manifest.json").read_text())) == set()


def test_json_has_no_nan(made, tmp_path):
    """Values that JSON does not know are null or text."""
    odd = {"nan": float("nan"), "inf": float("inf"), "path": Path("a"), "tuple": (1, None)}
    write(dataclasses.replace(made, scenario=odd), tmp_path / "out")
    assert read(tmp_path / "out").scenario == {"nan": None, "inf": "inf", "path": "a", "tuple": [1, None]}


def test_parents_are_made(made, tmp_path):
    """Folders above the result need not exist."""
    write(made, tmp_path / "a" / "b")
    assert read(tmp_path / "a" / "b").manifest["seed"] == 1971


def test_nothing_else_is_left_beside(made, folder):
    """Neither writing nor replacing leaves a temporary folder."""
    write(made, folder, force=True)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_an_existing_result_is_kept_without_force(made, folder):
    """Overwriting needs force."""
    with pytest.raises(ResultError, match="exists already: name another folder, or give --force"):
        write(made, folder)


def test_force_replaces_a_result(made, folder):
    """With force the new result stands alone in the old one's place."""
    (folder / "report.html").write_text("old")
    write(dataclasses.replace(made, scenario={"title": "new"}), folder, force=True)
    assert read(folder).scenario == {"title": "new"}
    assert not (folder / "report.html").exists()


def test_force_fills_an_empty_folder(made, tmp_path):
    """An empty folder may be replaced."""
    (tmp_path / "out").mkdir()
    write(made, tmp_path / "out", force=True)
    assert read(tmp_path / "out").manifest["seed"] == 1971


@pytest.mark.parametrize("manifest", [None, "{}", "[]", "not json", '{"program": "other"}'])
def test_force_spares_other_folders(made, tmp_path, manifest):
    """A folder that mtasim did not write is never replaced, whatever it holds."""
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter1.tex").write_text("years of work")
    if manifest is not None:
        (folder / "manifest.json").write_text(manifest)
    with pytest.raises(ResultError, match="holds other things than a result of mtasim"):
        write(made, folder, force=True)
    assert (folder / "chapter1.tex").read_text() == "years of work"


def test_a_file_in_the_way_is_kept(made, tmp_path):
    """A file is never replaced by a folder."""
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ResultError, match="a file is in the way"):
        write(made, tmp_path / "out", force=True)
    assert (tmp_path / "out").read_text() == "mine"


def test_the_check_comes_before_the_work(folder):
    """What write would refuse can be asked beforehand."""
    with pytest.raises(ResultError, match="exists already"):
        refuse_what_is_there(folder, force=False)
    assert refuse_what_is_there(folder.parent / "new", force=False) is None


def test_interruption_leaves_nothing(made, tmp_path, monkeypatch):
    """An interruption while writing leaves neither a result nor a part of one."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_write_json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(made, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_interruption_keeps_the_old_result(made, folder, monkeypatch):
    """An interruption in the moment of replacing puts the old result back."""
    rename = Path.rename

    def fail_once(self, target):
        if self.name.endswith(".new"):
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(KeyboardInterrupt):
        write(made, folder, force=True)
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    assert read(folder).summary == made.summary


def test_no_folder(tmp_path):
    """A folder that is not there is said to be so."""
    with pytest.raises(ResultError, match="nowhere: no such folder"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name", ["manifest.json", "summary.json", "scenario.json.gz", "copies.parquet", "measures.parquet"]
)
def test_a_missing_file_is_named(folder, name):
    """A result that lacks a file names it."""
    (folder / name).unlink()
    with pytest.raises(ResultError, match=f"{name}: missing: .* is not a whole result"):
        read(folder)


DAMAGE = {
    "nonsense": b"\x00 nonsense \xff",
    "nothing": b"",
    "deep": b"[" * 200_000,
    "cut": gzip.compress(b"{}" * 1000)[:20],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("name", ["manifest.json", "summary.json", "scenario.json.gz", "copies.parquet"])
def test_a_damaged_file_is_named_in_one_line(folder, name, damage):
    """A file that cannot be read is named, with the reason, in one line."""
    (folder / name).write_bytes(gzip.compress(damage) if name.endswith("gz") and damage[:1] == b"[" else damage)
    with pytest.raises(ResultError, match=f"{name}: cannot be read") as caught:
        read(folder)
    assert len(str(caught.value).splitlines()) == 1


def test_a_table_of_another_version_is_refused(made, folder):
    """A table without a column of ours names the column."""
    made.copies.drop(columns="hops").to_parquet(folder / "copies.parquet", index=False)
    with pytest.raises(ResultError, match=r"copies\.parquet: no column 'hops'"):
        read(folder)


def test_a_manifest_of_another_program_is_refused(folder):
    """A folder with somebody else's manifest is not a result."""
    (folder / "manifest.json").write_text('{"program": "npm"}')
    with pytest.raises(ResultError, match="not written by mtasim"):
        read(folder)
    (folder / "manifest.json").write_text("[]")
    with pytest.raises(ResultError, match="not an object"):
        read(folder)


def test_fingerprint_is_the_hash_of_the_rows():
    """The fingerprint is SHA-256 over table names, numbers of rows and the rows as tuples."""
    line = DialogueFact(1, 0.5, ">", "QUIT")
    text = "messages 0\ncopies 0\nattempts 0\nqueues 0\ndeferrals 0\ndialogues 1\n(1, 0.5, '>', 'QUIT')\nacts 0\n"
    assert fingerprint(Facts([], [], [], [], [], [line], [])) == hashlib.sha256(text.encode()).hexdigest()


def test_fingerprint_sees_every_change():
    """A changed value, a lost row and another order give other fingerprints."""
    run = facts(0, 0, copies=30)
    changed = run._replace(copies=[run.copies[0]._replace(ended_s=-1.0), *run.copies[1:]])
    shorter = run._replace(attempts=run.attempts[:-1])
    turned = run._replace(messages=run.messages[::-1])
    assert len({fingerprint(found) for found in (run, changed, shorter, turned)}) == 4


def test_fingerprint_spans_chunks(monkeypatch):
    """Rows are hashed in chunks, whose size does not matter."""
    whole = fingerprint(facts(0, 0, copies=30))
    monkeypatch.setattr(store, "_CHUNK", 7)
    assert fingerprint(facts(0, 0, copies=30)) == whole


@pytest.mark.slow
def test_fingerprint_does_not_depend_on_the_hash_seed():
    """PYTHONHASHSEED changes nothing."""
    code = "from synthetic_results import facts; from sim.results.store import fingerprint; print(fingerprint(facts(1, 2, 40)))"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": paths}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == fingerprint(facts(1, 2, 40))


def test_combined_fingerprints_keep_order():
    """The order of runs is part of what is combined."""
    assert combine(["a", "b"]) == hashlib.sha256(b"a\nb").hexdigest()
    assert combine(["a", "b"]) != combine(["b", "a"])


def test_versions_name_what_results_depend_on(monkeypatch):
    """Python, simpy and numpy are named; a package that is not installed is said to be so."""
    assert {"python", "simpy", "numpy"} - set(versions()) == set()

    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(store, "version", absent)
    assert versions()["simpy"] == "not installed"


def test_a_folder_may_be_text(folder):
    """As people type it in a notebook."""
    assert read(str(folder)).manifest == read(folder).manifest


def test_a_thousand_hosts_have_a_small_manifest(made, tmp_path):
    """Below 1 MB, for the scenario with every default of every host is beside it, compressed."""
    text = "network: {generate: {barabasi_albert: {nodes: 1000, links: 2}}}\nduration: 1 h\nworkload: {constant: {every: 1 min}}"
    scenario = as_data(loads(text))
    write(dataclasses.replace(made, scenario=scenario), tmp_path / "out")
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "out").iterdir()}
    assert (sizes["manifest.json"] < 10_000, sizes["scenario.json.gz"] < 500_000) == (True, True)
    assert read(tmp_path / "out").scenario["architectures"].keys() == scenario["architectures"].keys()


@pytest.mark.parametrize("name", ["copies.parquet", "summary.json", "manifest.json", "report.html"])
def test_a_full_disk_names_the_file(made, tmp_path, monkeypatch, name):
    """By the name that it would have had; nothing is left that looks like a result."""

    def full(path, *_args, **_kwargs):
        if Path(path).name == name:
            raise OSError(errno.ENOSPC, "No space left on device")

    for kind, method in ((pd.DataFrame, "to_parquet"), (Path, "write_bytes"), (Path, "write_text")):
        monkeypatch.setattr(kind, method, (lambda _, path, **__: full(path)) if kind is pd.DataFrame else full)
    with pytest.raises(ResultError, match=rf"/out/{name}: cannot be written \(No space left on device\): make room"):
        write(made, tmp_path / "out", also={"report.html": "x"})
    assert list(tmp_path.iterdir()) == []
