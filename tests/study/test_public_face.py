"""What `import sim` gives: names that complete, a help that teaches, short forms of values, sentences for mistakes."""

import subprocess
import sys
import textwrap
from pathlib import Path

import nbclient
import nbformat
import networkx as nx
import pytest

import sim

HERE = Path(__file__).parents[2]
SMALL = {
    "title": "<b>Two & more",
    "duration": "1 h",
    "network": {"nodes": ["a", "b"], "links": [{"between": ["a", "b"]}]},
    "workload": {"constant": {"every": "20 min", "size": "1 kB"}},
    "expect": ["end-to-end.delivery_prob == 1"],
}


@pytest.fixture(scope="module")
def comparison() -> sim.Comparison:
    """A comparison of a small scenario."""
    return sim.compare(sim.from_dict(SMALL))


@pytest.mark.slow
def test_a_plain_prompt_completes_every_public_name() -> None:
    """`dir` of a package that was only imported has them all, and each is there."""
    script = "import sim; print([name for name in sim.__all__ if name not in dir(sim) or not hasattr(sim, name)])"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out == "[]\n"


def test_importing_loads_nothing_heavy() -> None:
    """Neither pandas nor simpy, nor any room."""
    script = (
        "import sys, sim; print([name for name in sys.modules if name.split('.')[0] in ('pandas', 'simpy', 'numpy')])"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out == "[]\n"


def test_the_version_is_that_of_the_package() -> None:
    """Its numbers with dots."""
    assert sim.__version__.replace(".", "").isdecimal()


def test_the_types_are_told_to_checkers() -> None:
    """PEP 561's marker is in the package."""
    assert (Path(sim.__file__).parent / "py.typed").is_file()


def test_the_help_fits_a_screen_and_names_every_function() -> None:
    """30 lines of 120 columns; classes are told by what makes them."""
    doc = sim.__doc__ or ""
    assert (len(doc.splitlines()) <= 30, max(map(len, doc.splitlines())) <= 120) == (True, True)
    assert [name for name in sim.__all__ if name[0].islower() and name not in doc] == []


@pytest.mark.slow
def test_what_the_help_shows_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines of code, one after the other."""
    (tmp_path / "scenarios").symlink_to(HERE / "scenarios")
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    blocks = (sim.__doc__ or "").split("\n\n")
    code = [textwrap.dedent(block) for block in blocks if "import sim" in block or "sim." in block.lstrip()[:30]]
    known = {"graph": nx.path_graph(["a", "b"])}
    for block in code:
        exec(block, known)  # noqa: S102 - our own help
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "reports", "scenarios"]


def test_a_value_is_shown_in_a_line(comparison: sim.Comparison) -> None:
    """What it is, how much of it, and what it came to."""
    scenario = sim.from_dict(SMALL)
    assert repr(scenario) == (
        "<Scenario '<b>Two & more': 2 hosts and 1 link, end-to-end and store-and-forward, 1 h and 5 d to drain, "
        "1 replication from seed 1>"
    )
    result = (
        f"<Result of '<b>Two & more': 2 runs, 6 copies, fingerprint {comparison.result.manifest['fingerprint'][:8]}>"
    )
    assert repr(comparison.result) == result
    assert repr(comparison) == f"<Comparison with {result}, 1 of 1 expectations hold>"


def test_a_notebook_shows_tables_whose_texts_are_no_markup(comparison: sim.Comparison) -> None:
    """A scenario's settings, a result's metrics, a comparison's expectations."""
    scenario = sim.from_dict(SMALL)._repr_html_()
    assert "<tr><th>title</th><td>&lt;b&gt;Two &amp; more</td></tr>" in scenario
    shown = "".join(line.strip() for line in comparison.result._repr_html_().splitlines())
    assert "<th>share delivered</th><td>100.00 %</td><td>100.00 %</td>" in shown
    assert "<li>end-to-end.delivery_prob == 1: yes</li>" in comparison._repr_html_()


RESULT = r"not a result \(\w+\): allowed is what sim\.run gives, or the result of a comparison"
PATH = r"not a path \(\w+\): allowed is the name of .*, as text or a Path"


@pytest.mark.parametrize(
    ("name", "given", "named", "sentence"),
    [
        ("load", ({},), {}, PATH),
        ("loads", ("seed: 1",), {"overrides": "seed=3"}, r"overrides 'seed=3': a list of names is needed, .*"),
        ("loads", (b"x",), {}, r"not a text \(bytes\): .*"),
        ("read", (3,), {}, PATH),
        ("run", ("x.yaml",), {}, r"not a scenario \(str\): allowed is what sim\.load or sim\.from_dict gives"),
        ("compare", ({},), {}, r"not a scenario \(dict\): .*"),
        ("save", ({}, "x"), {}, r"not a scenario \(dict\): .*"),
        ("write", ({}, "x"), {}, RESULT),
        ("write_report", ("x", "x"), {}, RESULT),
        ("queue_at", (None, "a", 3), {}, RESULT),
        ("queue_timeline", (None, "a"), {}, RESULT),
    ],
)
def test_another_type_is_refused_in_a_sentence(
    name: str, given: tuple[object, ...], named: dict[str, object], sentence: str
) -> None:
    """What was given, and what is allowed."""
    with pytest.raises(TypeError, match=f"^{sentence}$"):
        getattr(sim, name)(*given, **named)


@pytest.mark.parametrize(
    ("named", "kind", "sentence"),
    [
        ({"architectures": "end-to-end"}, TypeError, r"architectures 'end-to-end': a list of names is needed, .*"),
        ({"architectures": ["x"]}, ValueError, r"no architecture 'x': the scenario has end-to-end, store-and-forward"),
        ({"replications": "3"}, TypeError, "replications '3': a whole number is needed"),
        ({"replications": 0}, ValueError, "replications 0: at least 1 is needed"),
        ({"seed": 1.5}, TypeError, "seed 1.5: a whole number is needed"),
        ({"seed": -1}, ValueError, "seed -1: at least 0 is needed, at most 18446744073709551615"),
        ({"jobs": -1}, ValueError, "jobs -1: at least 0 is needed"),
        ({"jobs": True}, TypeError, "jobs True: a whole number is needed"),
    ],
)
def test_a_wrong_argument_of_a_run_is_refused_in_a_sentence(
    named: dict[str, object], kind: type[Exception], sentence: str
) -> None:
    """Its name, its value, and what is needed."""
    with pytest.raises(kind, match=f"^{sentence}$"):
        sim.run(sim.from_dict(SMALL), **named)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("queue_at", ("a", "3 h"), "at '3 h': a number is needed, of seconds"),
        ("write", (None,), PATH),
        ("write_report", (7,), PATH),
    ],
)
def test_a_wrong_argument_beside_a_result_is_refused(
    comparison: sim.Comparison, name: str, given: tuple[object, ...], sentence: str
) -> None:
    """Likewise."""
    with pytest.raises(TypeError, match=f"^{sentence}$"):
        getattr(sim, name)(comparison.result, *given)


@pytest.mark.slow
def test_a_notebook_shows_how_far_a_study_is() -> None:
    """A cell that runs a study says so beneath it; a script's stderr stays empty."""
    code = f"import sim\ncomparison = sim.compare(sim.from_dict({SMALL!r}))"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(book, timeout=60, kernel_name="python3").execute()
    shown = "".join(output.get("text", "") + str(output.get("data", "")) for output in book.cells[0].outputs)
    assert "2 of 2 runs" in shown
    script = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert script.stderr == ""
