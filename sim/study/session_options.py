"""The options of `mtasim session`, read as a scenario's settings are; all mistakes at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from sim.scenario.names import listing
from sim.scenario.pydantic_seam import Reads
from sim.scenario.scalars import whole
from sim.study.session_times import Case

_PICTURES = (".png", ".svg", ".pdf")


def _read_picture(path: Path) -> Path:
    if path.suffix not in _PICTURES:
        raise ValueError(f"no kind of picture: allowed are names that end in {listing(_PICTURES)}")
    if not path.parent.is_dir():
        raise ValueError(f"no folder {path.parent}: make it first, or name another")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions(Case):
    """A case, how many of its sessions are run from which seed, and where they are drawn."""

    sessions: Annotated[int, whole(1, 10_000_000)]
    seed: Annotated[int, whole(0)]
    plot: Annotated[Path, Reads(_read_picture, {})] | None


class OptionsError(ValueError):
    """Options that no session can be made of: a line for each mistake."""


def read_options(said: Mapping[str, Any]) -> SessionOptions:
    """The options as they were typed; numbers without a unit are bytes.

    Raises:
        OptionsError: some are wrong; every line of the text names one, its value and what is allowed.
    """
    values = dict(said)
    values |= {key: f"{said[key]} B" for key in ("size", "queue", "mtu") if _is_number(said[key])}
    congestion, burst = values.pop("congestion"), values.pop("burst")
    values["tcp"] = {"preset": said["tcp"], **({"congestion": congestion} if congestion else {})}
    if burst:
        length = float(burst) if _is_number(burst) else burst
        values["loss"] = {"gilbert-elliott": {"loss": said["loss"], "burst": length}}
    try:
        return TypeAdapter(SessionOptions).validate_python(values)
    except ValidationError as error:
        lines = []
        for fault in error.errors(include_url=False, include_input=False):
            option = {"preset": "tcp"}.get(str(fault["loc"][-1]), fault["loc"][-1])
            lines.append(f"--{option} {said[str(option)]}: {fault['msg']}")
        raise OptionsError("\n".join(lines)) from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
