"""How a scenario file says what a host's TCP is, how a link loses packets, and how long its queue may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Final

from sim.scenario.distribution_text import DELAY_SCHEMA, FROM_COORDINATES, Delay, read_delay
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Collected, Fault, FaultsError, JsonSchema, Reads, one_key, settings
from sim.scenario.quantity import (
    BIT_RATE,
    DURATION,
    PROBABILITY,
    SIZE,
    above_zero,
    format_duration,
    format_size,
    parse_bytes,
)
from sim.scenario.scalars import FLAG, read_flag, read_loss, read_whole, read_word
from sim.scenario.spec import Link, Loss, Tcp
from sim.scenario.syntax.directions import Both, both, show_both

__all__ = [
    "CONGESTION",
    "PRESETS",
    "LinkDelay",
    "LinkLosses",
    "LinkRate",
    "Queue",
    "TcpSetting",
    "link_losses",
    "show_losses",
    "show_tcp",
]

PRESETS: Final[Mapping[str, Tcp]] = {
    "linux": Tcp(),
    "linux-3": Tcp(stack="linux-3"),
    "bsd-1988": Tcp(
        stack="bsd-1988",
        congestion="tahoe",
        initial_window=1,
        min_rto=1.0,
        sack=False,
        timestamps=False,
        metrics=False,
    ),
    "rtt-only": Tcp(stack="rtt-only", metrics=False),
}
"""A host's TCP by name."""

CONGESTION: Final = ("cubic", "reno", "tahoe")
"""Ways of congestion control."""
_KEYS = ("preset", "congestion", "initial_window", "min_rto", "sack", "timestamps", "metrics", "send_buffer")
_AUTO: Final = "auto"
_LEAST_BUFFER: Final = 512


def read_tcp(value: object) -> Tcp:
    """A preset's name, or a mapping of what differs from one (`preset`; current Linux where it is absent).

    With Tahoe there is no SACK, which came later, unless the mapping says that there is.

    Raises:
        ValueError: neither, or a value that does not fit.
    """
    if not isinstance(value, dict):
        return PRESETS[read_word("TCP", list(PRESETS), value)]
    collected = Collected()
    given = settings(value, (), _KEYS, collected=collected)
    name = collected.read(("preset",), partial(read_word, "TCP", list(PRESETS)), given.get("preset", "linux"), "linux")
    readers: dict[str, Callable[[object], object]] = {
        "congestion": partial(read_word, "congestion control", CONGESTION),
        "initial_window": partial(read_whole, 1, 1000),
        "min_rto": partial(above_zero, DURATION),
        "sack": read_flag,
        "timestamps": read_flag,
        "metrics": partial(read_metrics, name),
        "send_buffer": read_send_buffer,
    }
    said = {key: collected.read((key,), read, given[key], None) for key, read in readers.items() if key in given}
    collected.done()
    if said.get("congestion") == "tahoe":
        said.setdefault("sack", False)
    return replace(PRESETS[name], **said)  # type: ignore[arg-type]


def _read_loss(value: object) -> Loss:
    if not isinstance(value, dict):
        return Loss(share=read_loss(value))
    _, parameters = one_key(value, "kind of loss", ["gilbert-elliott"])
    try:
        return _read_bursts(parameters)
    except FaultsError as many:
        raise FaultsError([(("gilbert-elliott", *below), text) for below, text in many.faults]) from None


def _read_bursts(parameters: object) -> Loss:
    collected = Collected()
    given = settings(parameters, ("loss", "burst"), collected=collected)
    share = collected.read(("loss",), read_loss, given["loss"], 0.0)
    packets, seconds = collected.read(("burst",), read_burst, given["burst"], (1e9, 0.0))
    if packets and packets < share / (1 - share):
        text = f"too short for so much loss ({shown(given['burst'])}): allowed is at least {share / (1 - share):.3g}"
        faults: list[Fault] = [*collected.faults, (("burst",), text)]
        raise FaultsError(faults)
    collected.done()
    return Loss(share=share, burst=packets, burst_time=seconds)


def read_burst(value: object) -> tuple[float, float]:
    """The mean length of a burst of losses: packets (a number of at least 1), or a duration.

    Returns:
        The packets and the seconds; the one that is not given is 0.

    Raises:
        ValueError: neither.
    """
    if isinstance(value, str):
        return 0.0, above_zero(DURATION, value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 1e6:
        raise ValueError(f"not a length of bursts ({shown(value)}): allowed are 1 to 1000000 packets, or a duration")
    return float(value), 0.0


def read_metrics(preset: str, value: object) -> bool:
    """Whether a host of that preset remembers round trips; where it never does, only no.

    Raises:
        ValueError: not a flag, or yes where there is no such thing.
    """
    keeps = read_flag(value)
    if keeps and not PRESETS[preset].metrics:
        raise ValueError(f"{preset} remembers nothing of other hosts ({shown(value)}): allowed is no")
    return keeps


def read_send_buffer(value: object) -> int:
    """What a host's sockets hold, in bytes; 0 (`auto`) means two windows.

    Raises:
        ValueError: neither that word nor a size, or too small a one.
    """
    if value == _AUTO:
        return 0
    size = parse_bytes(value)
    if size < _LEAST_BUFFER:
        allowed = f"allowed are {_AUTO} (two windows, as Linux makes it), or {_LEAST_BUFFER} B and more"
        raise ValueError(f"a send buffer that holds no segment ({shown(value)}): {allowed}")
    return size


def read_queue(value: object) -> int:
    """How many bytes may wait for the line; 0 means no limit.

    Raises:
        ValueError: not a size, or no packet fits.
    """
    size = parse_bytes(value)
    if 0 < size < 68:
        raise ValueError(f"a queue that holds no packet ({shown(value)}): allowed is 0 (no limit), or 68 B and more")
    return size


def link_losses(losses: Both[Loss] | None) -> tuple[float, tuple[Loss, Loss] | None]:
    """The fields `loss` and `losses` of `spec.Link`."""
    if losses is None:
        return 0.0, None
    there, back = losses.pair
    if there == back and not (there.burst or there.burst_time):
        return there.share, None
    return (there.share + back.share) / 2, (there, back)


def show_losses(link: Link) -> object:
    """How a link loses packets, as a scenario file says it."""
    if link.losses is None:
        return _share(link.loss)
    return show_both(*map(_show_loss, link.losses))


def _show_loss(loss: Loss) -> object:
    if not (loss.burst or loss.burst_time):
        return _share(loss.share)
    length: object = format_duration(loss.burst_time) if loss.burst_time else loss.burst
    return {"gilbert-elliott": {"loss": _share(loss.share), "burst": length}}


def _share(loss: float) -> object:
    return PROBABILITY.format(loss) if loss else 0


def show_tcp(tcp: Tcp) -> object:
    """A host's TCP, as a scenario file says it."""
    for name, preset in PRESETS.items():
        if tcp == preset:
            return name
    preset = PRESETS[tcp.stack]
    said: dict[str, object] = {"preset": tcp.stack}
    for key in ("congestion", "initial_window", "sack", "timestamps", "metrics"):
        # What is read of Tahoe has no SACK but where it is said.
        if getattr(tcp, key) != getattr(preset, key) or (key == "sack" and tcp.congestion == "tahoe"):
            said[key] = getattr(tcp, key)
    if tcp.min_rto != preset.min_rto:
        said["min_rto"] = format_duration(tcp.min_rto)
    if tcp.send_buffer != preset.send_buffer:
        said["send_buffer"] = format_size(tcp.send_buffer) if tcp.send_buffer else _AUTO
    return said


_BURSTS: JsonSchema = {
    "type": "object",
    "properties": {
        "gilbert-elliott": {
            "type": "object",
            "properties": {
                "loss": PROBABILITY.json_schema(),
                "burst": {"anyOf": [{"type": "number", "minimum": 1}, DURATION.json_schema()]},
            },
            "required": ["loss", "burst"],
            "additionalProperties": False,
        }
    },
    "required": ["gilbert-elliott"],
    "additionalProperties": False,
}
_ONE_WAY: JsonSchema = {"anyOf": [PROBABILITY.json_schema(), _BURSTS]}
_TCP: JsonSchema = {
    "anyOf": [
        {"enum": list(PRESETS)},
        {
            "type": "object",
            "properties": {
                "preset": {"enum": list(PRESETS)},
                "congestion": {"enum": list(CONGESTION)},
                "initial_window": {"type": "integer", "minimum": 1, "maximum": 1000},
                "min_rto": DURATION.json_schema(),
                "sack": FLAG.schema,
                "timestamps": FLAG.schema,
                "metrics": FLAG.schema,
                "send_buffer": {"anyOf": [{"enum": [_AUTO]}, SIZE.json_schema()]},
            },
            "additionalProperties": False,
        },
    ]
}

TcpSetting = Annotated[Tcp, Reads(read_tcp, _TCP)]
LinkLosses = Annotated[Both[Loss], both(_read_loss, Loss(), _ONE_WAY)]
LinkRate = Annotated[Both[float], both(partial(above_zero, BIT_RATE), 1.0, BIT_RATE.json_schema())]
LinkDelay = Annotated[Both[Delay], both(read_delay, FROM_COORDINATES, DELAY_SCHEMA)]
Queue = Annotated[int, Reads(read_queue, SIZE.json_schema())]
