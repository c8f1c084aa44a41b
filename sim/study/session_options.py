"""The options of `mtasim session`, read as a scenario's settings are; all mistakes at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from sim.scenario.names import listing
from sim.scenario.pydantic_seam import Reads
from sim.scenario.scalars import whole, word
from sim.scenario.sections import Section
from sim.study.mailbox_times import ImapCase, Pop3Case
from sim.study.session_times import Case
from sim.study.submission_times import LmtpCase, SubmissionCase

_PICTURES = (".png", ".svg", ".pdf")


def _read_picture(path: Path) -> Path:
    if path.suffix not in _PICTURES:
        raise ValueError(f"no kind of picture: allowed are names that end in {listing(_PICTURES)}")
    if not path.parent.is_dir():
        raise ValueError(f"no folder {path.parent}: make it first, or name another")
    return path


PROTOCOLS: Mapping[str, type[Case]] = {
    "smtp": Case,
    "submission": SubmissionCase,
    "lmtp": LmtpCase,
    "pop3": Pop3Case,
    "imap": ImapCase,
}
"""What sessions there are, by `--protocol`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked(Section):
    protocol: Annotated[str, word("protocol", *PROTOCOLS)]
    sessions: Annotated[int, whole(1, 10_000_000)]
    seed: Annotated[int, whole(0)]
    plot: Annotated[Path, Reads(_read_picture, {})] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """A case, how many of its sessions are run from which seed, and where they are drawn."""

    case: Case
    sessions: int
    seed: int
    plot: Path | None


class OptionsError(ValueError):
    """Options that no session can be made of: a line for each mistake."""


def read_options(said: Mapping[str, Any]) -> SessionOptions:
    """The options as they were typed, empty where nothing was; numbers without a unit are bytes.

    Raises:
        OptionsError: some are wrong; every line of the text names one, its value and what is allowed.
    """
    values = {key: value for key, value in said.items() if value != ""}
    values |= {key: f"{said[key]} B" for key in ("size", "queue", "mtu") if _is_number(said[key])}
    congestion, burst = values.pop("congestion", ""), values.pop("burst", "")
    values["tcp"] = {"preset": said["tcp"], **({"congestion": congestion} if congestion else {})}
    if burst:
        length = float(burst) if _is_number(burst) else burst
        values["loss"] = {"gilbert-elliott": {"loss": said["loss"], "burst": length}}
    asked = {key: values.pop(key, None) for key in ("protocol", "sessions", "seed", "plot")}
    kind = PROTOCOLS.get(said["protocol"], Case)
    others = values.keys() - {field.name for field in fields(kind)}
    faults = [
        f"--{key.replace('_', '-')} {values.pop(key)}: sessions of {said['protocol']} have no such option"
        for key in sorted(others)
    ]
    case, other = (_read(form, some, said, faults) for form, some in ((kind, values), (_Asked, asked)))
    if faults:
        raise OptionsError("\n".join(faults))
    return SessionOptions(case=case, sessions=other.sessions, seed=other.seed, plot=other.plot)


def _read(form: type[Any], values: Mapping[str, Any], said: Mapping[str, Any], faults: list[str]) -> Any:  # noqa: ANN401
    """Values as a form has them; what is wrong is noted."""
    try:
        return TypeAdapter(form).validate_python(values)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            option = {"preset": "tcp"}.get(str(fault["loc"][-1]), fault["loc"][-1])
            faults.append(f"--{str(option).replace('_', '-')} {said[str(option)]}: {fault['msg']}")
    return None


def _is_number(text: object) -> bool:
    try:
        float(str(text))
    except ValueError:
        return False
    return True
