"""A link's loss, its queue, and its rate and delay each way, as a scenario file writes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from sim.scenario.distribution import Distribution
from sim.scenario.distribution_text import DELAY_SCHEMA, FROM_COORDINATES, read_delay, write_distribution
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Collected, Fault, FaultsError, JsonSchema, Reads, one_key, settings
from sim.scenario.quantity import (
    BIT_RATE,
    DURATION,
    PROBABILITY,
    SIZE,
    above_zero,
    format_bit_rate,
    format_duration,
    format_size,
    parse_bytes,
)
from sim.scenario.scalars import read_loss, write_share
from sim.scenario.spec.directions import Both, both


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """How packets are lost: their `share`, and the mean length of a burst (Gilbert-Elliott).

    `burst` counts packets, `burst_time` seconds; where both are 0, each packet is lost by itself.
    """

    share: float = 0.0
    burst: float = 0.0
    burst_time: float = 0.0


def read_link_loss(value: object) -> Loss:
    """A link's loss one way: a share of its packets, or one that is lost in bursts.

    Raises:
        ValueError: neither.
    """
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


def read_queue(value: object) -> int:
    """How many bytes may wait for the line; 0 means no limit.

    Raises:
        ValueError: not a size, or no packet fits.
    """
    size = parse_bytes(value)
    if 0 < size < 68:
        raise ValueError(f"a queue that holds no packet ({shown(value)}): allowed is 0 (no limit), or 68 B and more")
    return size


def _write_loss(loss: Loss) -> object:
    if not (loss.burst or loss.burst_time):
        return write_share(loss.share)
    length: object = format_duration(loss.burst_time) if loss.burst_time else loss.burst
    return {"gilbert-elliott": {"loss": write_share(loss.share), "burst": length}}


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
LinkLosses = Annotated[Both[Loss], both(read_link_loss, Loss(), _ONE_WAY, _write_loss)]
LinkRate = Annotated[Both[float], both(partial(above_zero, BIT_RATE), 1.0, BIT_RATE.json_schema(), format_bit_rate)]
LinkDelay = Annotated[
    Both[Distribution], both(read_delay, FROM_COORDINATES, DELAY_SCHEMA, partial(write_distribution, DURATION))
]
Queue = Annotated[int, Reads(read_queue, SIZE.json_schema(), format_size)]
