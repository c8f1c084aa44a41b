"""The state diagram that docs/sessions.md shows."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from sim.protocol.smtp import State
from sim.protocol.smtp.diagram import draw_into, main, state_diagram

PAGE = Path(__file__).parents[2] / "docs" / "sessions.md"
BEGIN, END = "<!-- states: begin -->\n", "<!-- states: end -->\n"


def test_the_page_is_up_to_date():
    """The diagram is that of the table; if it is stale, `make diagram` draws it."""
    assert BEGIN + state_diagram() + END in PAGE.read_text(encoding="utf-8")


def test_every_state_is_drawn():
    """Each state stands in the diagram, and what moves it."""
    diagram = state_diagram()
    assert [state.name for state in State if f" {state.name}" not in diagram] == []
    assert "    RCPT --> DATA: DATA 3yz\n" in diagram
    assert "    READY --> TURNED: TURN, ATRN 2yz\n" in diagram
    assert "    CLOSED --> [*]\n" in diagram


def test_a_file_is_drawn_anew(tmp_path):
    """What stood between the markers is replaced; the rest of the file stays."""
    page = tmp_path / "page.md"
    page.write_text(f"above\n{BEGIN}old\n{END}below\n", encoding="utf-8")
    main([str(page)])
    assert page.read_text(encoding="utf-8") == f"above\n{BEGIN}{state_diagram()}{END}below\n"


def test_it_runs_as_a_script(tmp_path, monkeypatch):
    """`python -m sim.protocol.smtp.diagram FILE` does it."""
    page = tmp_path / "page.md"
    page.write_text(BEGIN + END, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["diagram", str(page)])
    monkeypatch.delitem(sys.modules, "sim.protocol.smtp.diagram")
    runpy.run_module("sim.protocol.smtp.diagram", run_name="__main__")
    assert page.read_text(encoding="utf-8") == BEGIN + state_diagram() + END


@pytest.mark.parametrize("text", ["", BEGIN, END])
def test_a_page_without_markers(tmp_path, text):
    """A page without a place for the diagram is refused, with the cure."""
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="put the lines"):
        draw_into(page, "states", "")
