"""Measurements of Taylor UUCP 1.07 over emulated lines, held against g and i; `make truth` prints all that there are."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from uucp import transfers

from sim.scenario.spec.carriers import UucpG

I = UucpG(protocol="i")  # noqa: E741 - the protocol's name


@pytest.mark.parametrize(
    ("carrier", "rate", "delay", "sizes", "seconds"),
    [
        (UucpG(window=1), 9600, 0.1, [10_000], 44.66),
        (UucpG(window=3), 9600, 0.01, [10_000], 11.798),
        (UucpG(window=3), 9600, 0.25, [10_000], 31.53),
        (UucpG(window=7), 9600, 0.5, [10_000], 26.28),
        (UucpG(window=3, packet=1024), 9600, 0.25, [10_000], 11.94),
        (UucpG(window=7), 9600, 0.25, [2000] * 5, 19.65),
        (UucpG(window=7), 19_200, 0.01, [50_000], 28.71),
        (I, 9600, 0.25, [10_000], 11.13),
        (I, 2400, 0.1, [20_000], 85.05),
        (I, 1200, 0.1, [2000], 17.87),
        (I, 9600, 0.25, [2000] * 5, 11.49),
    ],
    ids=repr,
)
def test_a_call_without_errors_takes_as_long(carrier, rate, delay, sizes, seconds):
    """From S to CY, within 3%."""
    assert transfers(carrier, rate=rate, delay=delay, errors=0.0, sizes=sizes)[0] == pytest.approx(seconds, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("carrier", "errors", "seconds", "again"),
    [
        (UucpG(window=3), 1 / 3000, 16.1, 11),
        (UucpG(window=7), 1 / 3000, 16.6, 19),
        (I, 1 / 3000, 16.1, 5.5),
        (UucpG(window=3), 1 / 1000, 28.4, 29),
        (UucpG(window=7), 1 / 1000, 24.6, 60),
        (I, 1 / 1000, 32.9, 23),
    ],
    ids=repr,
)
def test_a_call_with_errors_takes_as_long_on_average(carrier, errors, seconds, again):
    """10 kB at 9600 bit/s and 10 ms: means of 20 measured calls, whose own error is a tenth."""
    ours = [transfers(carrier, rate=9600, delay=0.01, errors=errors, sizes=[10_000], seed=seed) for seed in range(150)]
    assert float(np.mean([now for now, _ in ours if now < inf])) == pytest.approx(seconds, rel=0.2)
    assert float(np.mean([packets for _, packets in ours])) == pytest.approx(again, rel=0.3)
