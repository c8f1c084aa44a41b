"""The model is held to the second set of measurements (`again`)."""

from __future__ import annotations

import pytest
from again import LOSSLESS, LOSSY, clean, lossy

QUICK = [cell for cell in LOSSLESS if cell.size <= 100_000]
SLOW = [cell for cell in LOSSLESS if cell.size > 100_000]
ALONE = [cell for cell in LOSSY if cell.burst == "-" and cell.loss <= 10]
STORMS = [cell for cell in LOSSY if cell.burst.endswith("s") and cell.size > 1000 and cell.loss < 10]


def label(cell):
    """A cell's name."""
    return "-".join(str(part) for part in cell[:7])


@pytest.mark.parametrize("cell", QUICK, ids=label)
def test_without_loss_the_median_is_met(cell):
    """Within 3% and 2 ms; the segments that the client repeated for nothing one for one, where there are some."""
    median, repeats = clean(cell)
    assert median == pytest.approx(cell.median, abs=0.03 * cell.median + 2)
    assert repeats == pytest.approx(cell.repeats, abs=0.5)


@pytest.mark.long
@pytest.mark.parametrize("cell", SLOW, ids=label)
def test_without_loss_the_median_of_long_messages_is_met(cell):
    """As with short ones; what overflows a queue is repeated as often as in the measurement, to a tenth."""
    median, repeats = clean(cell, 3)
    assert median == pytest.approx(cell.median, abs=0.03 * cell.median + 2)
    assert repeats == pytest.approx(cell.repeats, rel=0.1, abs=1)


@pytest.mark.parametrize("cell", [cell for cell in ALONE if cell.size <= 1000], ids=label)
def test_with_loss_the_median_of_short_messages_is_met(cell):
    """Within 10%, or the measurement's own error."""
    measured, simulated, holds = lossy(cell, 300)["median"]
    assert holds, (measured, simulated)


@pytest.mark.long
@pytest.mark.parametrize("cell", [*ALONE, *STORMS], ids=label)
def test_with_loss_mean_and_median_are_met(cell):
    """Within 10%, or the sampling error; losses by themselves, and in bursts of time.

    Those hold from 20 kB on and below 10% of loss; what the others are off stands among the limitations, too.
    """
    found = lossy(cell, 1000)
    assert [(name, *found[name]) for name in ("mean", "median") if not found[name][2]] == []


@pytest.mark.long
@pytest.mark.parametrize("cell", LOSSY, ids=label)
def test_the_median_is_met_under_any_loss(cell):
    """Bursts of packets, and 20% of loss, too; what their tails are off stands among the limitations."""
    measured, simulated, holds = lossy(cell, 1000)["median"]
    assert holds, (measured, simulated)
