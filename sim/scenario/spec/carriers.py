"""The key `carrier` of a link: what it runs instead of IP, from before the Internet, with its own error recovery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from sim.scenario.names import listing, shown
from sim.scenario.pydantic_seam import OneOf, Reads
from sim.scenario.quantity import BIT_RATE, PROBABILITY, SIZE, parse_bytes, parse_probability
from sim.scenario.scalars import Duration, whole, word, write_share
from sim.scenario.sections import Section

_MODEMS = (300.0, 115_200.0)


def _read_block(value: object) -> int:
    size = parse_bytes(value)
    if not 1 <= size <= 65535:
        raise ValueError(f"not a size of blocks ({shown(value)}): allowed is 1 B to 65535 B")
    return size


def _read_modem(value: object) -> float:
    rate = BIT_RATE.parse(value)
    if not _MODEMS[0] <= rate <= _MODEMS[1]:
        raise ValueError(f"not the rate of a modem ({shown(value)}): allowed is 300 bit/s to 115.2 kbit/s")
    return rate


def _read_busy(value: object) -> float:
    busy = parse_probability(value)
    if busy == 1:
        raise ValueError(f"a number that is always engaged ({shown(value)}): allowed is less")
    return busy


def _read_packet(value: object) -> int:
    size = parse_bytes(value)
    if size not in PACKETS:
        raise ValueError(f"not a size of packets ({shown(value)}): allowed are {listing([*map(str, PACKETS)])} B")
    return size


_Window = Annotated[int, whole(1, 7)]

_MOST_OF_G = 7
"""Its packets are numbered by three bits."""

_USUAL = {"g": {"window": 3, "packet": 64}, "i": {"window": 16, "packet": 1024}}

PACKETS: Final[tuple[int, ...]] = tuple(2**power for power in range(5, 13))
"""The data of UUCP's packets, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bsc(Section):
    """A leased line under IBM's Binary Synchronous Communications: blocks, each answered before the next is sent."""

    block: Annotated[int, Reads(_read_block, SIZE.json_schema(), SIZE.format)] = 512
    """The data of one, in bytes."""
    turnaround: Duration = 0.05
    """What the modems need to turn the half-duplex line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Serial(Section):
    """An asynchronous line, ten bits a byte, under one of UUCP's protocols."""

    protocol: Annotated[Literal["g", "i"], word("protocol", "g", "i")] = "g"
    """`g` answers each packet, `i` half a window at once."""
    window: Annotated[int, whole(1, 16)] = None  # type: ignore[assignment]
    """How many packets are under way: 1 to 7, and 3 where absent; with `i` 1 to 16, and 16."""
    packet: Annotated[int, Reads(_read_packet, SIZE.json_schema(), SIZE.format)] = None  # type: ignore[assignment]
    """The most data of a packet, in bytes; 64 where absent, with `i` 1024."""

    def __post_init__(self) -> None:
        for name, usual in _USUAL[self.protocol].items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, usual)
        if self.protocol == "g" and self.window > _MOST_OF_G:
            raise ValueError(f"a window that g has no numbers for ({self.window}): allowed is 1 to {_MOST_OF_G}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UucpG(_Serial):
    """A line that is always there, under UUCP's `g` protocol (or `i`): ten bits a byte, timers of 10 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class X25(Section):
    """A virtual circuit of X.25: packets of 128 bytes; each link repairs its own losses."""

    window: _Window = 2
    """How many packets are under way."""
    setup: Duration = 1.0
    """What the network takes to set up a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialUp(_Serial):
    """A telephone call, with UUCP's `g` protocol (or `i`) over an asynchronous modem (ten bits a byte)."""

    modem: Annotated[float, Reads(_read_modem, BIT_RATE.json_schema(), BIT_RATE.format)] = 2400.0
    """Its rate, in bit/s."""
    setup: Duration = 30.0
    """What dialling and the modems' training take."""
    busy: Annotated[float, Reads(_read_busy, PROBABILITY.json_schema(), write_share)] = 0.0
    """The chance to find the number engaged."""
    redial: Duration = 60.0
    """After what time an engaged number is dialled again."""


Carrier = Bsc | UucpG | X25 | DialUp

USUAL_RATE = {Bsc: 9600.0, UucpG: 2400.0, X25: 9600.0}
"""In bit/s, where nothing says the rate of such a link; a call's is its modem's."""

TCP: Final = "tcp"
"""The word for links of the Internet, where TCP repairs what is lost."""


KINDS = {"bsc": Bsc, "uucp-g": UucpG, "x25": X25, "dial-up": DialUp}
"""By their names in a file."""

CarrierSetting = Annotated[Carrier | None, OneOf("carrier", KINDS, {TCP: None})]
"""None: TCP."""
