"""Carriers from before the Internet: what a link runs instead of IP, with an error recovery of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bsc:
    """A leased line under IBM's Binary Synchronous Communications: blocks, each answered before the next is sent.

    `block` is the data of one in bytes, `turnaround` what the modems need to turn the half-duplex line, in s.
    """

    block: int = 512
    turnaround: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class UucpG:
    """UUCP's `g` protocol: packets of 64 bytes, a window of up to 7, go-back-n, timers of 10 s."""

    window: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class X25:
    """A virtual circuit of X.25: packets of 128 bytes, a window of up to 7; each link repairs its own losses.

    `setup` is what the network takes to set up a call, in s.
    """

    window: int = 2
    setup: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DialUp:
    """A telephone call, with UUCP's `g` protocol over an asynchronous modem (ten bits a byte).

    `modem` is its rate in bit/s, `setup` what dialling and the modems' training take in s, `busy` the chance to find
    the number engaged; it is dialled again after `redial` s.
    """

    modem: float = 2400.0
    setup: float = 30.0
    busy: float = 0.0
    redial: float = 60.0
    window: int = 3


Carrier = Bsc | UucpG | X25 | DialUp

USUAL_RATE = {Bsc: 9600.0, UucpG: 2400.0, X25: 9600.0}
"""In bit/s, where nothing says the rate of such a link; a call's is its modem's."""
