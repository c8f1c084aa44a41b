"""A link's loss, its queue, and its rate and delay each way, as a scenario file writes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Annotated

from sim.scenario.distribution import Distribution
from sim.scenario.distribution_text import DELAY_SCHEMA, read_delay, write_distribution
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import FaultsError, JsonSchema, OneOf, OrValue, Reads, Via
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
from sim.scenario.sections import Section
from sim.scenario.spec.directions import Both, EachWay


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """How packets are lost: their `share`, and the mean length of a burst (Gilbert-Elliott).

    `burst` counts packets, `burst_time` seconds; where both are 0, each packet is lost by itself.
    """

    share: float = 0.0
    burst: float = 0.0
    burst_time: float = 0.0


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


def read_byte_errors(value: object) -> float:
    """How likely a byte is damaged: one of so many (`1/3000`), or a probability below 1.

    Raises:
        ValueError: neither.
    """
    one, slash, many = value.partition("/") if isinstance(value, str) else ("", "", "")
    if slash and one.strip() == "1" and many.strip().isdecimal() and 1 < int(many) <= _MANY_BYTES:
        return 1 / int(many)
    if slash:
        raise ValueError(f"not a share of bytes ({shown(value)}): allowed is one of 2 and more, as in 1/3000")
    return read_loss(value)


def _write_byte_errors(share: float) -> object:
    many = round(1 / share) if share else 0
    return f"1/{many}" if many > 1 and 1 / many == share else write_share(share)


_MANY_BYTES = 10**15

_BYTE_ERRORS_SCHEMA: JsonSchema = {
    "anyOf": [{"type": "string", "pattern": r"^\s*1\s*/\s*\d+\s*$", "examples": ["1/3000"]}, PROBABILITY.json_schema()]
}


def _write_burst(burst: tuple[float, float]) -> object:
    packets, seconds = burst
    return format_duration(seconds) if seconds else packets


_BURST_SCHEMA: JsonSchema = {"anyOf": [{"type": "number", "minimum": 1}, DURATION.json_schema()]}


@dataclass(frozen=True, slots=True, kw_only=True)
class GilbertElliott(Section):
    """Losses that come in bursts: a line that is good or bad in turn, and loses all while it is bad."""

    loss: Annotated[float, Reads(read_loss, PROBABILITY.json_schema(), write_share)]
    """How likely a packet is lost, on average."""
    burst: Annotated[tuple[float, float], Reads(read_burst, _BURST_SCHEMA, _write_burst)]
    """How long a burst is, on average: a number of packets, or a duration."""

    def __post_init__(self) -> None:
        packets, _ = self.burst
        least = self.loss / (1 - self.loss)
        if packets and packets < least:
            text = f"too short for so much loss ({packets:g}): allowed is at least {least:.3g}"
            raise FaultsError([(("burst",), text)])

    @property
    def meaning(self) -> Loss:
        """What it means."""
        return Loss(share=self.loss, burst=self.burst[0], burst_time=self.burst[1])

    @classmethod
    def of(cls, loss: Loss) -> GilbertElliott:
        """The same of a loss in bursts."""
        return cls(loss=loss.share, burst=(loss.burst, loss.burst_time))


_BURSTS = Annotated[GilbertElliott, OneOf("kind of loss", {"gilbert-elliott": GilbertElliott})]
_SINGLE = Reads(
    lambda value: Loss(share=read_loss(value)), PROBABILITY.json_schema(), lambda loss: write_share(loss.share)
)
LossOneWay = Annotated[
    Loss,
    OrValue(
        Annotated[Loss, Via(_BURSTS, attrgetter("meaning"), GilbertElliott.of)],
        _SINGLE,
        lambda loss: not (loss.burst or loss.burst_time),
    ),
]
"""A link's loss one way: a share of its packets, or one that is lost in bursts."""

LinkLosses = Annotated[Both[Loss], EachWay(LossOneWay)]
LinkRate = Annotated[
    Both[float],
    EachWay(Annotated[float, Reads(partial(above_zero, BIT_RATE), BIT_RATE.json_schema(), format_bit_rate)]),
]
LinkDelay = Annotated[
    Both[Distribution],
    EachWay(Annotated[Distribution, Reads(read_delay, DELAY_SCHEMA, partial(write_distribution, DURATION))]),
]
Queue = Annotated[int, Reads(read_queue, SIZE.json_schema(), format_size)]
ByteErrors = Annotated[float, Reads(read_byte_errors, _BYTE_ERRORS_SCHEMA, _write_byte_errors)]
