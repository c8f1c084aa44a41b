"""How much a scenario may ask for: bounds that `check` can state, each with the key that raises it.

A bound keeps a slip of the pen (a message a nanosecond, a mail of 10 GB) from filling a machine for hours. What a
scenario has within its limits is for its author to judge.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from sim.scenario.quantity import COUNT, format_size

__all__ = ["LimitError", "Limits", "raised", "show_limits"]

_SIZES = ("size", "file")


class LimitError(Exception):
    """A run goes beyond what its scenario allows; one line that says what, and the key that raises it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that a scenario may have; counts, and sizes in bytes.

    `messages` and `copies` are those of a run, as far as they can be told beforehand: with a copy for each recipient,
    and each list expanded once a message. `attempts` are those of one message whose host is never up, and how often a
    host asks for its mail; `run_attempts` are all that really happen in a run, which ends with an error beyond them.
    `outages` are those of everything in a run, on average, bursts of loss counted. `users` are those of all domains.
    `size` is the biggest message's, and `file` the biggest file's that the scenario names, unfolded.
    """

    messages: int = 10_000_000
    copies: int = 20_000_000
    attempts: int = 1_000_000
    run_attempts: int = 50_000_000
    replications: int = 10_000
    runs: int = 100_000
    outages: int = 5_000_000
    nodes: int = 20_000
    links: int = 500_000
    users: int = 5_000_000
    size: int = 100_000_000
    file: int = 200_000_000


def raised(key: str, limits: Limits) -> str:
    """What is allowed, and the cure: the end of a message about something beyond a limit."""
    return f"allowed are {_text(key, limits)}, or more by `limits: {{{key}: ...}}`"


def show_limits(limits: Limits) -> dict[str, object]:
    """The limits as a scenario file has them."""
    return {field.name: _text(field.name, limits) for field in fields(Limits)}


def _text(key: str, limits: Limits) -> str:
    value = getattr(limits, key)
    if key in _SIZES:
        return format_size(value)
    units = ((unit, int(factor)) for unit, factor in [*COUNT.units.items()][::-1])
    return next((f"{value // factor} {unit}" for unit, factor in units if value % factor == 0), str(value))
