"""The key `tcp` of a host: whose TCP it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Final, Literal

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Collected, JsonSchema, Reads, settings
from sim.scenario.quantity import DURATION, SIZE, above_zero, format_duration, format_size, parse_bytes
from sim.scenario.scalars import FLAG, read_flag, read_whole, read_word


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcp:
    """How a host's TCP is.

    `stack` says whose timers and habits it has: `linux` (current), `linux-3` (3.10 to 3.19: SYN at 0, 1, 3, 7 s, no
    RACK), `bsd-1988` (4.3BSD-Tahoe: clocks of 500 and 200 ms, SYN at 0, 6, 18, 42 s, segments of 512 bytes), or
    `rtt-only`: no TCP at all, a handshake of three ways, then only delay and rate.
    `initial_window` in segments, `min_rto` in s. Without `sack` lost segments are found by duplicate acknowledgements.
    With `timestamps` on both sides (RFC 7323) a segment has 12 bytes less of payload, and both ends know which copy of
    a packet was answered. With `metrics` the host remembers the round trip to each other one (Linux:
    net.ipv4.tcp_no_metrics_save = 0), as `network.tcp.metrics` says. `send_buffer` is what its sockets hold of what
    is not acknowledged, in bytes; 0: two windows, as Linux makes it; None: 8 kB where a connection crosses a line
    slower than 9600 bit/s, else two windows.
    """

    stack: Literal["linux", "linux-3", "bsd-1988", "rtt-only"] = "linux"
    congestion: Literal["cubic", "reno", "tahoe"] = "cubic"
    initial_window: int = 10
    min_rto: float = 0.2
    sack: bool = True
    timestamps: bool = True
    metrics: bool = True
    send_buffer: int | None = None


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


def write_tcp(tcp: Tcp) -> object:
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

TcpSetting = Annotated[Tcp, Reads(read_tcp, _TCP, write_tcp)]
