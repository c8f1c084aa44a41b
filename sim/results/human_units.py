"""Quantities as people read them: 192 s as `3.20 min`, 0.032 as `3.2 %`, 1234567 bytes as `1.23 MB`."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "-"
"""What stands for a value that is not defined."""

_SCALES = {
    "s": ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")),
    "bytes": ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
}


def human(value: float | None, unit: str, decimals: int = 2) -> str:
    """The value with its unit, e.g. `human(192, "s")` is `3.20 min`; None and NaN are `-`."""
    return together([value], unit, decimals)[0]


def together(values: Sequence[float | None], unit: str, decimals: int = 2) -> list[str]:
    """The values in one and the same unit, chosen by the first that is defined and not 0; only the first names it.

    Args:
        values: in the metric's unit; None and NaN are written `-`.
        unit: `s`, `bytes` and `share` are scaled (to ms ... d, B ... TB, %), others are written as they are.
        decimals: how many decimals units that are not scaled get.
    """
    known = [value for value in values if value is not None and not math.isnan(value)]
    lead = next((abs(value) for value in known if value), 0.0)
    factor, name, decimals = _scale(lead, unit, decimals)
    texts = [_number(value, factor, decimals) for value in values]
    if name and texts and texts[0] != MISSING:
        texts[0] += f" {name}"
    return texts


def _scale(lead: float, unit: str, decimals: int) -> tuple[float, str, int]:
    """The factor, the name and the decimals that show a value of size `lead` with about three digits."""
    if unit == "share":
        return 0.01, "%", 2
    if unit not in _SCALES:
        return 1.0, "", decimals
    scales = _SCALES[unit]
    if not lead:
        return 1.0, "B" if unit == "bytes" else unit, 0
    factor, name = next((scale for scale in scales if lead >= scale[0]), scales[-1])
    whole = name == "B"
    digits = max(0, 2 - math.floor(math.log10(lead / factor)))
    return factor, name, 0 if whole else min(digits, 3)


def _number(value: float | None, factor: float, decimals: int) -> str:
    if value is None or math.isnan(value):
        return MISSING
    text = f"{value / factor:,.{decimals}f}"
    return text.removeprefix("-") if not float(text.replace(",", "")) else text
