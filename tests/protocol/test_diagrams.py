"""The state diagrams that docs/sessions.md shows."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from sim.protocol import ftp, imap4, mqtt, pop3, smtp, uucp
from sim.protocol.diagram import (
    DIAGRAMS,
    draw_into,
    ftp_diagram,
    imap4_diagram,
    main,
    mqtt_diagram,
    pop3_diagram,
    smtp_diagram,
    uucp_diagram,
)

PAGE = Path(__file__).parents[2] / "docs" / "sessions.md"
EMPTY = {name: f"<!-- {name}: begin -->\n<!-- {name}: end -->\n" for name in DIAGRAMS}
DRAWN = {name: f"<!-- {name}: begin -->\n{diagram()}<!-- {name}: end -->\n" for name, diagram in DIAGRAMS.items()}


@pytest.mark.parametrize("name", DIAGRAMS)
def test_the_page_is_up_to_date(name):
    """The diagrams are those of the tables; if one is stale, `make diagram` draws it."""
    assert DRAWN[name] in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("diagram", "states", "arrows"),
    [
        (smtp_diagram(), smtp.State, ["RCPT --> DATA: DATA 3yz", "READY --> TURNED: TURN, ATRN 2yz"]),
        (
            pop3_diagram(),
            pop3.State,
            ["AUTHORIZATION --> TRANSACTION: APOP, AUTH +OK", "AUTHORIZATION --> AUTH: AUTH +"],
        ),
        (
            imap4_diagram(),
            imap4.State,
            ["IDLE --> AUTHENTICATED: DONE OK/NO/BAD", "SELECTED --> IDLE_SELECTED: IDLE +"],
        ),
        (
            ftp_diagram(),
            ftp.State,
            ["PASSWORD --> READY: PASS, USER 2yz", "TRANSFER --> READY: end of the file, ABOR 2yz/4yz/5yz"],
        ),
        (
            mqtt_diagram(),
            mqtt.State,
            ["CONNECTING --> CLOSED: CONNACK that refuses server", "CONNECTED --> CLOSED: DISCONNECT client"],
        ),
        (
            uucp_diagram(),
            uucp.State,
            ["READY --> ASKED: S, E master", "SENT --> READY: CY, CN slave", "LEAVING --> READY: HN slave"],
        ),
    ],
)
def test_every_state_is_drawn(diagram, states, arrows):
    """Each state stands in the diagram, and what moves it."""
    assert [state.name for state in states if f" {state.name}" not in diagram] == []
    assert [arrow for arrow in arrows if f"    {arrow}\n" not in diagram] == []
    assert f"    {[*states][-1].name} --> [*]\n" in diagram


def test_a_file_is_drawn_anew(tmp_path):
    """What stood between the markers is replaced; the rest of the file stays."""
    page = tmp_path / "page.md"
    page.write_text("above\n" + "between\n".join(EMPTY.values()) + "below\n", encoding="utf-8")
    for _ in range(2):
        main([str(page)])
        assert page.read_text(encoding="utf-8") == "above\n" + "between\n".join(DRAWN.values()) + "below\n"


def test_it_runs_as_a_script(tmp_path, monkeypatch):
    """`python -m sim.protocol.diagram FILE` does it."""
    page = tmp_path / "page.md"
    page.write_text("".join(EMPTY.values()), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["diagram", str(page)])
    monkeypatch.delitem(sys.modules, "sim.protocol.diagram")
    runpy.run_module("sim.protocol.diagram", run_name="__main__")
    assert page.read_text(encoding="utf-8") == "".join(DRAWN.values())


@pytest.mark.parametrize("text", ["", "<!-- states: begin -->\n", "<!-- states: end -->\n"])
def test_a_page_without_markers(tmp_path, text):
    """A page without a place for the diagram is refused, with the cure."""
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="put the lines"):
        draw_into(page, "states", "")
