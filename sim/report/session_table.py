"""One session's duration as a small table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.results.human_units import human

_QUANTILES = {"p05_s": "5 %", "median_s": "median", "mean_s": "mean", "p95_s": "95 %", "p99_s": "99 %"}
_PARTS = {
    "connect_s": "connecting",
    "greeting_s": "waiting for the greeting",
    "dialogue_s": "dialogue up to the 354",
    "data_s": "mail data and its 250",
    "quit_s": "quitting",
    "login_s": "logging in",
    "mailbox_s": "the mailbox and its messages",
    "idle_s": "until a message comes",
    "announced_s": "until the client is told",
    "fetched_s": "until it has the message",
    "of_which_retransmission_s": "of it all, waiting for retransmissions",
}
_REPEATS = {"retransmissions": "packets sent again", "handshake_retransmissions": "of them SYNs and SYN-ACKs"}


_SAID = {"round_trips": "round trips", "client_bytes": "bytes the client said", "server_bytes": "bytes it heard"}


def text(summary: Mapping[str, Any], end: str) -> str:
    """The distribution, and where the time went.

    Args:
        summary: As `sim.study.session_times.Sessions.summary` gives it.
        end: What ends a session.
    """
    failed = summary["failed"]
    lines = [f"From the first SYN to {end}"]
    if failed < summary["n"]:
        lines += [f"  {words:40}{_duration(summary[key]):>12}" for key, words in _QUANTILES.items()]
        lines += ["where the time went (means)"]
        parts = summary["parts"]
        lines += [f"  {words:40}{_duration(parts[key]):>12}" for key, words in _PARTS.items() if key in parts]
    lines += [f"  {words:40}{summary[key]:>12.2f}" for key, words in _REPEATS.items()]
    lines += [f"  {words:40}{summary[key]:>12g}" for key, words in _SAID.items() if key in summary]
    return "\n".join([*lines, f"{summary['n']} sessions, {failed} failed"])


def _duration(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if abs(seconds) < 1 else human(seconds, "s")
