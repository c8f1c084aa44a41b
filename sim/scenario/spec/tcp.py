"""A host's TCP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
