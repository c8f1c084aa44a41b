"""The state machines as pictures: Mermaid text, made of the tables of transitions.

    python -m sim.protocol.diagram docs/sessions.md

draws the diagrams in that file anew, between their markers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from sim.protocol.ftp import commands as ftp_commands
from sim.protocol.ftp import replies as ftp_replies
from sim.protocol.ftp import states as ftp_states
from sim.protocol.imap4 import commands as imap4_commands
from sim.protocol.imap4 import events as imap4_events
from sim.protocol.imap4 import states as imap4_states
from sim.protocol.mqtt import states as mqtt_states
from sim.protocol.nje import states as nje_states
from sim.protocol.phonenet import states as phonenet_states
from sim.protocol.pop3 import events as pop3_events
from sim.protocol.pop3 import states as pop3_states
from sim.protocol.smtp import events as smtp_events
from sim.protocol.smtp import states as smtp_states
from sim.protocol.uucp import states as uucp_states
from sim.protocol.x400 import pdus as x400_pdus
from sim.protocol.x400 import states as x400_states


def smtp_diagram() -> str:
    """SMTP's; an arrow says which commands lead there, by the first digits of which replies."""
    words = {
        smtp_events.AuthResponse: "response",
        smtp_events.BadCommand: "bad line",
        smtp_events.Chunk: "BDAT",
        smtp_events.LastChunk: "BDAT LAST",
        smtp_events.MailData: "mail data",
        smtp_states.Opening: "greeting",
    }
    end = f"A {smtp_states.CLOSING_CODE}, and the end of the connection, lead from every state to"
    return _drawn(smtp_states.TRANSITIONS, words, lambda digit: f"{digit}yz", end)


def pop3_diagram() -> str:
    """POP3's; an arrow says which commands lead there, by which responses."""
    words = {
        pop3_events.AuthResponse: "response",
        pop3_events.AuthCancel: "cancel",
        pop3_events.BadCommand: "bad line",
        pop3_events.EndlessLine: "endless line",
        pop3_events.Mechanisms: "AUTH",
        pop3_states.Opening: "greeting",
    }
    return _drawn(
        pop3_states.TRANSITIONS,
        words,
        lambda status: str(status.value),
        "The end of the connection leads from every state to",
    )


def imap4_diagram() -> str:
    """IMAP4's; an arrow says which commands lead there, by which responses."""
    words = {
        **imap4_commands.NAMES,
        imap4_commands.AuthenticateResponse: "response",
        imap4_commands.AuthenticateCancel: "cancel",
        imap4_events.BadCommand: "bad line",
        imap4_states.Opening: "greeting",
    }
    end = f"A {imap4_states.BYE}, and the end of the connection, lead from every state to"
    return _drawn(imap4_states.TRANSITIONS, words, str, end)


def ftp_diagram() -> str:
    """FTP's; an arrow says which commands lead there, by the first digits of which replies."""
    words = {
        **ftp_commands.VERBS,
        ftp_commands.BadCommand: "bad line",
        ftp_commands.FileEnd: "end of the file",
        ftp_states.Opening: "greeting",
    }
    end = f"A {ftp_replies.CLOSING}, and the end of the connection, lead from every state to"
    return _drawn(ftp_states.TRANSITIONS, words, lambda digit: f"{digit}yz", end)


def mqtt_diagram() -> str:
    """MQTT's; an arrow says which packets lead there, from which side."""
    words: Mapping[type, str] = {mqtt_states.Refusal: "CONNACK that refuses"}
    end = "The end of the connection leads from every state to"
    return _drawn(mqtt_states.TRANSITIONS, words, lambda side: str(side.value), end)


def x400_diagram() -> str:
    """An association's; an arrow says which PDUs lead there, from which side."""
    words = {
        kind: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).upper()
        for moves in x400_states.TRANSITIONS.values()
        for kind in moves
    } | {x400_pdus.ConnectRequest: "CR", x400_pdus.ConnectConfirm: "CC", x400_pdus.DisconnectRequest: "DR"}
    end = "The end of the connection leads from every state to"
    return _drawn(x400_states.TRANSITIONS, words, lambda side: str(side.value), end)


def nje_diagram() -> str:
    """NJE's; an arrow says which records lead there, from which side."""
    end = "The end of the line leads from every state to"
    return _drawn(nje_states.TRANSITIONS, {}, lambda side: str(side.value), end)


def uucp_diagram() -> str:
    """UUCP's; an arrow says which messages lead there, from which side."""
    kinds = {kind for moves in uucp_states.TRANSITIONS.values() for kind in moves}
    words = {kind: str(kind.__doc__).partition(":")[0] for kind in kinds}
    end = "The end of the line leads from every state to"
    return _drawn(uucp_states.TRANSITIONS, words, lambda side: str(side.value), end)


def phonenet_diagram() -> str:
    """PhoneNet's; an arrow says which records lead there, from which side."""
    words: Mapping[type, str] = {phonenet_states.Refusal: "REPLY that refuses"}
    end = "The end of the call leads from every state to"
    return _drawn(phonenet_states.TRANSITIONS, words, lambda side: str(side.value), end)


DIAGRAMS: Mapping[str, Callable[[], str]] = {
    "states": smtp_diagram,
    "pop3 states": pop3_diagram,
    "imap4 states": imap4_diagram,
    "ftp states": ftp_diagram,
    "mqtt states": mqtt_diagram,
    "x400 states": x400_diagram,
    "nje states": nje_diagram,
    "uucp states": uucp_diagram,
    "phonenet states": phonenet_diagram,
}
"""The name of the markers -> what is drawn between them."""


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
    """Draw the diagrams into each of these files."""
    for path in arguments:
        for name, diagram in DIAGRAMS.items():
            draw_into(Path(path), name, diagram())


def _drawn(
    transitions: Mapping[Any, Mapping[type, Mapping[Any, Enum]]],
    words: Mapping[type, str],
    shown: Callable[[Any], str],
    end: str,
) -> str:
    """A table in a fenced block; what leaves a state as it is, and what ends any state, is left out."""
    first, *_, last = transitions
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first.name}"]
    for state, commands in transitions.items():
        arrows: dict[tuple[Enum, str], list[str]] = {}
        for command, moves in commands.items():
            for target in dict.fromkeys(moves.values()):
                answers = "/".join(shown(answer) for answer, to in moves.items() if to is target)
                if target is not state:
                    arrows.setdefault((target, answers), []).append(words.get(command, command.__name__.upper()))
        lines += [
            f"    {state.name} --> {to.name}: {', '.join(said)} {answers}" for (to, answers), said in arrows.items()
        ]
        if not commands:
            lines.append(f"    {state.name} --> [*]")
    return "\n".join([*lines, "```", "", f"{end} {last.name}.", ""])


if __name__ == "__main__":
    main(sys.argv[1:])
