"""The command: what it prints where, its exit status, and what it leaves behind."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from small import SMALL

from sim import cli
from sim.cli import check, run
from sim.cli.common import put, tell

ROOT = Path(__file__).resolve().parents[2]
BROKEN = """
title: many mistakes
replications: 0
netwrk: {}
network:
  graph: nowhere.graphml
  link_defaults: {rate: 5 kilometres, loss: -1}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A scenario file that runs in no time."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    return file


def test_compare_prints_a_table_and_writes_a_result(small: Path, tmp_path: Path, capsys):
    """The table on stdout, everything else on stderr; the folder with its report."""
    out = tmp_path / "out"
    assert cli.main(["compare", str(small), "--out", str(out), "--jobs", "1"]) == 0
    said = capsys.readouterr()
    assert "share delivered" in said.out
    assert "expected end-to-end.delivery_prob == 1: holds" in said.err
    assert sorted(file.name for file in out.iterdir()) == [
        "attempts.parquet",
        "copies.parquet",
        "manifest.json",
        "measures.parquet",
        "messages.parquet",
        "queues.parquet",
        "report.html",
        "scenario.json.gz",
        "summary.json",
    ]


def test_run_prints_json(small: Path, tmp_path: Path, capsys):
    """--json: the summary, as in summary.json, and nothing else on stdout."""
    out = tmp_path / "out"
    assert cli.main(["run", str(small), "--out", str(out), "--json", "--jobs", "1", "-q"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((out / "summary.json").read_text())


def test_a_failed_expectation_is_exit_1(small: Path, tmp_path: Path, capsys):
    """The result is written all the same."""
    small.write_text(SMALL.replace("== 1", "< 1"))
    assert cli.main(["run", str(small), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 1
    assert "does NOT hold" in capsys.readouterr().err
    assert (tmp_path / "out" / "manifest.json").exists()


def test_an_existing_folder_is_not_overwritten(small: Path, tmp_path: Path, capsys):
    """Without --force nothing in it changes; it is refused before any work is done."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "precious").write_text("x")
    assert cli.main(["run", str(small), "--out", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert [file.name for file in out.iterdir()] == ["precious"]


def test_force_replaces_a_result_only(small: Path, tmp_path: Path):
    """--force replaces a former result, and never a folder of something else."""
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    (other / "precious").write_text("x")
    run = ["run", str(small), "--jobs", "1", "-q", "--force", "--out"]
    assert [cli.main([*run, str(folder)]) for folder in (out, out, other)] == [0, 0, 2]
    assert (other / "precious").read_text() == "x"


def test_all_mistakes_of_a_file_at_once(tmp_path: Path, capsys):
    """Each with file, line and column; exit status 2; nothing written."""
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    assert cli.main(["compare", str(file), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1] for line in said] == ["3", "4", "6", "7", "7"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["run"],
        ["run", "{small}", "--seed", "x"],
        ["serve", "{small}", "--smtp", "0", "--maildir", "mail"],
        ["serve", "{small}", "--host", "a", "--smtp", "0"],
        ["serve", "{small}", "--host", "a", "--smtp", "x", "--maildir", "mail"],
        ["serve", "{small}", "--host", "a", "--smtp", "0", "--maildir", "mail", "--bind", ""],
        ["serve", "{small}", "--host", "a", "--smtp", "0", "--maildir", "mail", "--frobnicate"],
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(arguments: list[str], small: Path, capsys, monkeypatch):
    """What is wrong, on stderr, and exit status 2."""
    monkeypatch.chdir(small.parent)
    assert cli.main([argument.format(small=small) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert (said.err.count("\n"), said.out, (small.parent / "mail").exists()) == (1, "", False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["run"],
        ["run", "nosuch.yaml"],
        ["run", "{small}", "--replications", "0"],
        ["run", "{small}", "--jobs", "-1"],
        ["run", "{small}", "--seed", "x"],
        ["run", "{small}", "--set", "nonsense"],
        ["report", "nosuch"],
        ["transcript", "nosuch"],
        ["scenarios", "copy", "nosuch"],
    ],
)
def test_bad_usage_is_exit_2(arguments: list[str], small: Path, capsys, monkeypatch):
    """One or a few lines on stderr, no traceback, nothing on stdout."""
    monkeypatch.chdir(small.parent)
    assert cli.main([argument.format(small=small) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert ("Traceback" in said.err, said.out, said.err != "") == (False, "", True)


@pytest.mark.parametrize("content", ["1 2 3\nfoo bar baz\n", b"\x1f\x8bdamaged", b"\xff\xfe"])
def test_a_bad_trace_is_exit_2(content: str | bytes, tmp_path: Path, capsys):
    """What is wrong with a file of the workload is the user's to mend: no traceback."""
    (tmp_path / "t.txt").write_bytes(content.encode() if isinstance(content, str) else content)
    file = tmp_path / "x.yaml"
    file.write_text("network: {nodes: [a, b], links: [{between: [a, b]}]}\nworkload: {trace: {file: t.txt}}\n")
    assert cli.main(["run", str(file), "--out", str(tmp_path / "out"), "--jobs", "1", "-q"]) == 2
    said = capsys.readouterr().err
    assert ("t.txt" in said, "Traceback" in said) == (True, False)


def test_a_place_that_cannot_be_written_is_exit_2_before_any_work(small: Path, tmp_path: Path, capsys):
    """A file where a folder should be: one line, and at once."""
    (tmp_path / "file").write_text("")
    assert cli.main(["run", str(small), "--out", str(tmp_path / "file" / "out")]) == 2
    said = capsys.readouterr().err
    assert ("cannot be made" in said, "runs after" in said) == (True, False)


def test_hosts_may_have_any_name(tmp_path: Path, capsys):
    """A host whose name is no domain name calls itself by its DNS label."""
    file = tmp_path / "x.yaml"
    file.write_text(
        "network: {nodes: [Zürich, Genève, 東京], links: [{between: [Zürich, Genève]}, {between: [Genève, 東京]}]}\n"
        "duration: 1 h\nworkload: {constant: {every: 1 min}}\nexpect: [end-to-end.delivery_prob == 1]\n"
    )
    assert cli.main(["run", str(file), "--out", str(tmp_path / "out"), "--jobs", "1", "-q"]) == 0
    assert "holds" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["{}", '{"architectures": 3}', "[]", "nonsense"])
def test_a_damaged_result_is_exit_2(damage: str, small: Path, tmp_path: Path, capsys):
    """One line that says which file."""
    out = tmp_path / "out"
    cli.main(["run", str(small), "--out", str(out), "--jobs", "1", "-q"])
    (out / "summary.json").write_text(damage)
    assert cli.main(["report", str(out)]) == 2
    assert "summary.json" in capsys.readouterr().err


def test_check_says_what_is_there(small: Path, capsys):
    """A scenario without mistakes."""
    assert cli.main(["check", str(small)]) == 0
    assert capsys.readouterr().out.endswith("fine: 2 nodes, 1 link, 2 domains, 2 architectures\n")


def test_show_prints_a_scenario(small: Path, tmp_path: Path, capsys):
    """What show prints is a scenario file again, and shows the same."""
    cli.main(["show", str(small)])
    shown = capsys.readouterr().out
    again = tmp_path / "again.yaml"
    again.write_text(shown)
    cli.main(["show", str(again)])
    assert capsys.readouterr().out == shown


def test_a_scenario_from_standard_input(monkeypatch, capsys):
    """The file name - reads what is piped in."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SMALL.encode())))
    assert cli.main(["check", "-"]) == 0
    assert "2 nodes" in capsys.readouterr().out


def test_schema_is_json(capsys):
    """The schema names the keys of a scenario file."""
    assert cli.main(["schema"]) == 0
    assert "network" in json.dumps(json.loads(capsys.readouterr().out))


def test_report_is_written_anew(small: Path, tmp_path: Path, capsys):
    """From the folder alone."""
    out = tmp_path / "out"
    cli.main(["run", str(small), "--out", str(out), "--jobs", "1", "-q"])
    capsys.readouterr()
    assert cli.main(["report", str(out)]) == 0
    assert Path(capsys.readouterr().out.strip()).read_text().startswith("<!DOCTYPE html>")


def test_transcript_needs_dialogues(small: Path, tmp_path: Path, capsys):
    """Without them it says how to have them; with --dialogues it prints them."""
    plain, traced = tmp_path / "plain", tmp_path / "traced"
    run = ["run", str(small), "--jobs", "1", "-q", "--out"]
    cli.main([*run, str(plain)])
    cli.main([*run, str(traced), "--dialogues"])
    capsys.readouterr()
    assert cli.main(["transcript", str(plain), "1"]) == 2
    assert "--dialogues" in capsys.readouterr().err
    assert cli.main(["transcript", str(traced), "1", "--architecture", "end-to-end"]) == 0
    assert ">>> QUIT" in capsys.readouterr().out


def test_scenarios_are_listed_and_copied(tmp_path: Path, capsys):
    """The ones that come with mtasim; a copy is a folder of the user's own."""
    assert cli.main(["scenarios", "list"]) == 0
    assert "arpanet-1972" in capsys.readouterr().out
    target = tmp_path / "mine"
    assert [cli.main(["scenarios", "copy", "two-hosts", str(target)]) for _ in range(2)] == [0, 2]
    assert (target / "scenario.yaml").is_file()


def test_result_goes_under_reports_by_default(small: Path, monkeypatch):
    """reports/NAME, NAME being the file's, or its folder's where the file is called scenario.yaml."""
    monkeypatch.chdir(small.parent)
    assert cli.main(["run", "small.yaml", "--jobs", "1", "-q"]) == 0
    assert (small.parent / "reports" / "small" / "manifest.json").exists()
    assert run._name("scenarios/two-hosts/scenario.yaml") == "two-hosts"
    assert run._name("-") == "stdin"


def test_a_defect_is_exit_70(monkeypatch, capsys):
    """Our own mistakes are called that, with how to report them."""
    monkeypatch.setattr(check, "read_scenario", lambda *_, **__: 1 / 0)
    assert cli.main(["check", "x.yaml"]) == 70
    assert "This is a defect of mtasim" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["compare", "--help"]])
def test_help_is_quick(arguments: list[str]):
    """Nothing heavy is loaded: no pandas, pydantic, matplotlib, networkx or simpy."""
    code = (
        "import sys; from sim import cli; cli.main(sys.argv[1:]); "
        "heavy = {'pandas', 'pydantic', 'matplotlib', 'networkx', 'simpy', 'scipy', 'numpy'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (found.returncode, "mtasim" in found.stdout) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interruption_leaves_nothing(tmp_path: Path, jobs: str):
    """Ctrl-C: exit status 130, no traceback, no result folder, whole or half."""
    file = tmp_path / "long.yaml"
    file.write_text(SMALL.replace("10 min", "1000 d") + "replications: 4\n")
    with subprocess.Popen(
        [sys.executable, "-m", "sim", "run", str(file), "--out", str(tmp_path / "out"), "--jobs", jobs],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        # Started by a shell in the background, the tests themselves may ignore the signal, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    ) as process:
        try:
            time.sleep(4)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, "Traceback" in said) == (130, False)
    assert [found.name for found in tmp_path.iterdir()] == ["long.yaml"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain ü ☃\n\tx", "plain ü ☃\n\tx"),
        ("\x1b[2J\r\x07", "\\x1b[2J\\r\\x07"),
        ("\x9b\u202e\u2066\u2028", "\\x9b\\u202e\\u2066\\u2028"),
        ("a\xa0b\u3000c", "a\xa0b\u3000c"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_is_printed_is_printable(text: str, found: str, capsys):
    """On stdout and on stderr: what moves the cursor, breaks the line or turns it round is written out."""
    put(text, end="")
    tell(text)
    assert capsys.readouterr() == (found, f"{found}\n")


def test_what_the_terminal_has_no_letters_for_is_written_out(monkeypatch):
    """Rather than a traceback."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    put("ü", end="")
    out.flush()
    assert out.buffer.getvalue() == b"\\xfc"


def test_libraries_keep_quiet(small: Path, capsys):
    """Asyncio's and matplotlib's words are for developers."""
    assert cli.main(["check", str(small)]) == 0
    logging.getLogger("asyncio").warning("socket.send() raised exception.")
    logging.getLogger("matplotlib.font_manager").warning("findfont: nothing")
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("error")
        cli.main(["check", str(small)])
        warnings.warn("Glyph 26481 (\\N{CJK}) missing from font(s) DejaVu Sans.", UserWarning, stacklevel=1)
    assert (capsys.readouterr().err, caught) == ("", [])
