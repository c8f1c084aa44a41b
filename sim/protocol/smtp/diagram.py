"""The state machine as a picture: Mermaid text, made of the table of transitions.

    python -m sim.protocol.smtp.diagram docs/sessions.md

draws the diagram in that file anew, between its markers.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sim.protocol.smtp.events import AuthResponse, BadCommand, Chunk, LastChunk, MailData
from sim.protocol.smtp.states import CLOSING_CODE, TRANSITIONS, Opening, State

_WORDS = {
    AuthResponse: "response",
    BadCommand: "bad line",
    Chunk: "BDAT",
    LastChunk: "BDAT LAST",
    MailData: "mail data",
    Opening: "greeting",
}


def state_diagram() -> str:
    """The diagram, in a fenced block; what leaves a state as it is, and what ends any state, is left out.

    An arrow says which commands lead there, by the first digits of which replies.
    """
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.CONNECTED.name}"]
    for state, commands in TRANSITIONS.items():
        arrows: dict[tuple[State, str], list[str]] = {}
        for command, moves in commands.items():
            for target in dict.fromkeys(moves.values()):
                digits = "/".join(f"{digit}yz" for digit, to in moves.items() if to is target)
                if target is not state:
                    arrows.setdefault((target, digits), []).append(_WORDS.get(command, command.__name__.upper()))
        lines += [
            f"    {state.name} --> {to.name}: {', '.join(words)} {digits}" for (to, digits), words in arrows.items()
        ]
        if not commands:
            lines.append(f"    {state.name} --> [*]")
    lines += [
        "```",
        "",
        f"A {CLOSING_CODE}, and the end of the connection, lead from every state to {State.CLOSED.name}.",
    ]
    return "\n".join([*lines, ""])


def draw_into(path: Path, name: str, drawn: str) -> None:
    """Put what is drawn between the markers of that name in a file.

    Raises:
        ValueError: the markers are not there.
    """
    begin, end = (f"<!-- {name}: {word} -->\n" for word in ("begin", "end"))
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, ends, after = rest.partition(end)
    if not found or not ends:
        raise ValueError(f"no place for it in {path}: put the lines {begin.strip()!r} and {end.strip()!r} in it")
    path.write_text(before + begin + drawn + end + after, encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """Draw the diagram into each of these files."""
    for name in arguments:
        draw_into(Path(name), "states", state_diagram())


if __name__ == "__main__":
    main(sys.argv[1:])
