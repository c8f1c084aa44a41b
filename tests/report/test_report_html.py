"""The HTML report."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest
from synthetic_results import SCENARIO, copy, message, result, tables_of

from sim.report import html, plots
from sim.report.html import render, write_report
from sim.results.metrics import METRICS, measure
from sim.results.store import Result
from sim.results.summary import Check, summarise
from sim.scenario.spec import Expectation, Operand

pytestmark = pytest.mark.slow

NASTY = "<script>alert('$x$')</script> & co"
VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """What a page is made of: tags with attributes, ids, references, and tags left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """As HTMLParser calls it."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """As HTMLParser calls it."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """As HTMLParser calls it."""
        assert self.open.pop() == tag

    def count(self, tag: str) -> int:
        """How many elements of that name there are."""
        return sum(found == tag for found, _ in self.tags)


@pytest.fixture(scope="module")
def made():
    """A result of two architectures."""
    return result(replications=3, copies=60)


@pytest.fixture(scope="module")
def text(made):
    """Its report."""
    return render(made)


@pytest.fixture(scope="module")
def nasty():
    """The report of a scenario whose names try to be markup."""
    scenario = {**SCENARIO, "title": NASTY}
    return render(result((NASTY,), replications=2, copies=20, scenario=scenario))


@pytest.fixture
def undrawn(monkeypatch):
    """Reports without their figures, for what is said beside them."""
    monkeypatch.setattr(html, "_figures", lambda _: [])


def expectation(text: str) -> Expectation:
    """An expectation whose sides do not matter here."""
    return Expectation(text=text, left=Operand(), operator=">", right=Operand())


def test_page_is_well_formed(text):
    """Every tag that is opened is closed, in order."""
    assert Page(text).open == []


def test_page_asks_nothing_of_a_server(text):
    """No element refers to anything outside the file."""
    references = [
        value
        for _, attributes in Page(text).tags
        for name, value in attributes.items()
        if name in {"src", "href", "xlink:href", "action", "data"}
    ]
    assert [value for value in references if not value.startswith("#")] == []
    assert re.findall(r"url\((?!#)|@import", text) == []
    assert Page(text).count("script") == Page(text).count("link") == 0


def test_ids_are_unique_and_references_resolve(text):
    """The figures share one page: no id twice, no reference to nowhere."""
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)
    assert {first or second for first, second in used} <= set(ids)


def test_every_metric_and_architecture_is_in_the_table(text):
    """The table has a row a metric, a column an architecture and one for the difference."""
    assert [name for name in METRICS if f"<small>{name}</small>" not in text] == []
    for heading in ("end-to-end</th>", "store-and-forward</th>", "difference:<br>end-to-end - store-and-forward</th>"):
        assert heading in text


def test_title_question_and_origin_are_told(made, text):
    """The page says what was asked, of what scenario, and what made it."""
    assert "<h1>ARPANET 1971, hop by hop or end to end</h1>" in text
    assert "What happens to every message under end-to-end or store-and-forward? (3 replications, each" in text
    assert made.manifest["fingerprint"] in text
    assert made.manifest["versions"]["numpy"] in text
    assert "between: [UCLA, SRI]" in text


def test_figures_follow_the_readers_scheme(text):
    """Figures have captions and no ink of their own that a dark page would swallow."""
    page = Page(text)
    assert page.count("svg") == page.count("figure") == page.count("figcaption") == 10
    assert "#1f2328" not in text.split("</style>")[1]
    assert "prefers-color-scheme: dark" in text


def test_same_result_same_page(made, text):
    """A report has no date and no chance in it."""
    assert render(made) == text


def test_names_are_never_markup(nasty):
    """Names out of a scenario are shown as they are, in text and in figures."""
    assert Page(nasty).count("script") == 0
    assert Page(nasty).open == []
    assert "&lt;script&gt;alert(&#39;$x$&#39;)&lt;/script&gt; &amp; co" in nasty


@pytest.mark.usefixtures("undrawn")
def test_expectations_are_shown(made):
    """Expectations come with their verdict and both values."""
    holds = Check(expectation("a.lost < 1"), True, 0.25, 1.0)
    text = render(made, checks=[holds, Check(expectation("a.lost > 1"), False, float("nan"), 1.0)])
    assert '<code>a.lost &lt; 1</code> <span class="yes">holds</span> <span class="muted">(0.25 and 1)' in text
    assert '<span class="no">does not hold</span> <span class="muted">(not defined and 1)' in text


def test_one_architecture_has_nothing_to_compare():
    """A single architecture's report has neither sentences nor a figure of differences."""
    text = render(result(("end-to-end",), replications=1, copies=20))
    assert "What the comparison says" not in text
    assert "What happens to every message under end-to-end? (1 replication.)" in text
    assert Page(text).count("svg") == 7


def test_a_result_without_facts_can_be_reported():
    """Nothing measured, no network in the scenario, a bare manifest: still a page."""
    tables = tables_of()
    measures = measure(tables)
    text = render(Result(**vars(tables), scenario={}, measures=measures, summary=summarise(measures), manifest={}))
    assert "<h1>mtasim</h1>" in text
    assert Page(text).open == []


@pytest.mark.usefixtures("undrawn")
def test_scenario_values_that_yaml_does_not_know_are_text(made, tmp_path):
    """Any value of a scenario can be shown."""
    text = render(dataclasses.replace(made, scenario={"title": "t", "folder": tmp_path, "list": (1, 2)}))
    assert f"folder: {tmp_path}" in text
    assert "list: [1, 2]" in text


@pytest.mark.usefixtures("undrawn")
def test_report_is_written_whole(made, tmp_path):
    """The file holds the page, and nothing else is left in the folder."""
    write_report(made, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(made)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_figures_are_bounded_by_thinning():
    """Ten times the mail makes a figure hardly larger."""
    small, large = (html._svg(plots.delay_distribution(facts_of(n)), "t") for n in (1000, 10000))
    assert len(large) < 1.2 * len(small)


def facts_of(count: int):
    """A copies table of that many copies of a user's message, each slower than the one before."""
    return tables_of([message(1)], [copy(1, ended_s=1.0 + n) for n in range(count)]).copies
