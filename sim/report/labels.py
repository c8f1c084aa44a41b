"""Names beside the nodes of a drawn network, each where it covers least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from sim.report.figure import INK, MUTED, literal

CROWD = 40
"""More places than this are a crowd: small names, and only near their places."""
_NEAR = ((6, 0), (-6, 0), (0, 8), (0, -8), (5, 6), (-5, 6), (5, -6), (-5, -6))
_FAR = tuple(
    (x * r, y * r)
    for r in (14, 24, 36)
    for x, y in ((0.9, 1), (-0.9, 1), (0.9, -1), (-0.9, -1), (1.4, 0.3), (-1.4, -0.3))
)
_COVERS_NAME = 10.0
_COVERS_LINE = 1.0
_IS_FAR = 1.5
_STEPS = np.linspace(0.0, 1.0, 33)
_Points = npt.NDArray[np.float64]
_Box = tuple[float, float, float, float]
"""A rectangle on the screen: left, bottom, right and top, in pixels."""


def label(ax: Axes, places: Mapping[str, tuple[float, float]], links: Sequence[tuple[str, str]]) -> None:
    """Write each name beside its place; a name that finds no free place is left out.

    Args:
        ax: axes whose limits and aspect are set.
        places: name -> its place in data coordinates.
        links: the pairs that lines join; names keep off the lines where they can.
    """
    degree = dict.fromkeys(places, 0)
    for name in (end for pair in links for end in pair):
        degree[name] += 1
    crowd = len(places) > CROWD
    points = 6.5 if crowd else 8.0
    offsets = _NEAR if crowd else (*_NEAR, *_FAR)
    # only a laid-out figure knows where its nodes are on the screen
    ax.figure.canvas.figure.draw_without_rendering()
    scale = ax.figure.dpi / 72
    dots = {name: ax.transData.transform(place) for name, place in places.items()}
    taken: list[_Box] = [(x - 3 * scale, y - 3 * scale, x + 3 * scale, y + 3 * scale) for x, y in dots.values()]
    lines = np.array([dots[a] + (dots[b] - dots[a]) * _STEPS[:, None] for a, b in links]).reshape(-1, len(_STEPS), 2)
    sheet = (0.0, ax.bbox.y0, ax.figure.canvas.figure.bbox.x1, ax.bbox.y1)
    for name in sorted(places, key=lambda name: -degree[name]):
        width, height = len(name) * points * 0.64 * scale, points * 1.2 * scale
        boxes = [_beside(dots[name], offset, width, height, scale) for offset in offsets]
        costs = [_cost(box, np.array(taken), lines, sheet) + _IS_FAR * (i >= len(_NEAR)) for i, box in enumerate(boxes)]
        best = min(range(len(boxes)), key=costs.__getitem__)
        if costs[best] < _COVERS_NAME:
            taken.append(boxes[best])
            _write(ax, name, places[name], offsets[best], points)


def _beside(dot: _Points, offset: tuple[float, float], width: float, height: float, scale: float) -> _Box:
    x, y = dot[0] + offset[0] * scale, dot[1] + offset[1] * scale
    left = x - width * (0.5 if not offset[0] else offset[0] < 0)
    bottom = y - height * (0.5 if not offset[1] else offset[1] < 0)
    return left, bottom, left + width, bottom + height


def _cost(box: _Box, taken: _Points, lines: _Points, sheet: _Box) -> float:
    left, bottom, right, top = box
    outside = left < sheet[0] or bottom < sheet[1] or right > sheet[2] or top > sheet[3]
    meets = (left < taken[:, 2]) & (taken[:, 0] < right) & (bottom < taken[:, 3]) & (taken[:, 1] < top)
    x, y = lines[..., 0], lines[..., 1]
    crossed = ((x > left) & (x < right) & (y > bottom) & (y < top)).any(axis=-1)
    return _COVERS_NAME * (int(meets.sum()) + outside) + _COVERS_LINE * int(crossed.sum())


def _write(ax: Axes, name: str, place: tuple[float, float], offset: tuple[float, float], points: float) -> None:
    x, y = offset
    pointer = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2}
    note = ax.annotate(
        literal(name),
        place,
        offset,
        textcoords="offset points",
        ha=("left", "center", "right")[1 - int(np.sign(x))],
        va=("bottom", "center", "top")[1 - int(np.sign(y))],
        fontsize=points,
        color=INK,
        zorder=4,
        arrowprops=pointer if offset in _FAR else None,
    )
    # a name must not move the layout that its place was found in
    note.set_in_layout(False)
