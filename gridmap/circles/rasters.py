"""Outlines around segments: distances on a square raster, and the line at which they reach a width (marching squares, Lorensen and Cline 1987)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.kernels import kernel

Floats = npt.NDArray[np.float64]


def outline(segments: Floats, width_m: float, cell_m: float) -> Any:
    """Return the area within ``width_m`` of ``segments`` (n x 4: x, y, x, y in metres), as a polygon or multipolygon with true holes.

    It is read off a raster of ``cell_m``; between raster points the distance is taken to change evenly.

    >>> round(outline(np.array([[0.0, 0.0, 100.0, 0.0]]), 25.0, 5.0).area / (100 * 50 + 25 * 25 * np.pi), 2)
    1.0
    """
    if not len(segments):
        return shapely.MultiPolygon()
    ends = segments.reshape(-1, 2)
    # Whole cells, so that the circles of neighbours share their raster and nested ones never cross.
    low = np.floor((ends.min(axis=0) - width_m) / cell_m) - 1
    counts = np.ceil((ends.max(axis=0) + width_m) / cell_m).astype(np.int64) + 1 - low.astype(np.int64) + 1
    origin = low * cell_m
    squares = np.full((int(counts[1]), int(counts[0])), 4.0 * width_m * width_m)
    _distances(segments - np.tile(origin, 2), width_m + 2 * cell_m, cell_m, squares)
    corners, first = _rings(np.sqrt(squares) - width_m, cell_m)
    return _polygons(corners + origin, first)


def _polygons(corners: Floats, first: npt.NDArray[np.int64]) -> Any:
    """Put rings together: those that run anticlockwise are rims, the others holes of the smallest rim around them."""
    row = np.repeat(np.arange(len(first) - 1), np.diff(first))
    rings = shapely.linearrings(corners, indices=row)
    areas = shapely.polygons(rings)
    # Twice the signed area, about a corner of the ring so that large coordinates cost no precision.
    x, y = (corners - corners[first[row]]).T
    following = np.arange(1, len(corners) + 1)
    following[first[1:] - 1] = first[:-1]
    signed = np.bincount(row, weights=x * y[following] - x[following] * y, minlength=len(rings))
    rims, holes = np.flatnonzero(signed > 0), np.flatnonzero(signed < 0)
    if not len(holes):
        return shapely.MultiPolygon(list(areas[rims])) if len(rims) != 1 else areas[rims[0]]
    hole, rim = shapely.STRtree(areas[rims]).query(shapely.get_point(rings[holes], 0), predicate="intersects")
    order = np.lexsort((signed[rims[rim]], hole))
    hole, rim = hole[order], rim[order]
    once = np.unique(hole, return_index=True)[1]
    hole, rim = hole[once], rim[once]
    made = [shapely.Polygon(rings[ring], list(rings[holes[hole[rim == number]]])) for number, ring in enumerate(rims)]
    return shapely.MultiPolygon(made) if len(made) != 1 else made[0]


@kernel
def _distances(segments: Any, reach: Any, cell: Any, squares: Any) -> None:
    """Lower each raster point to its least squared distance to a segment, as far as ``reach`` from it."""
    rows, columns = squares.shape
    for s in range(segments.shape[0]):
        ax, ay, bx, by = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        inverse = 1.0 / length if length > 0 else 0.0
        from_column = max(0, int((min(ax, bx) - reach) / cell))
        to_column = min(columns - 1, int((max(ax, bx) + reach) / cell) + 1)
        for i in range(max(0, int((min(ay, by) - reach) / cell)), min(rows - 1, int((max(ay, by) + reach) / cell) + 1) + 1):
            py = i * cell - ay
            for j in range(from_column, to_column + 1):
                px = j * cell - ax
                share = min(1.0, max(0.0, (px * dx + py * dy) * inverse))
                ex, ey = px - share * dx, py - share * dy
                squares[i, j] = min(squares[i, j], ex * ex + ey * ey)


@kernel
def _crossed(lower: Any, sides: Any, turn: Any, leads_to: Any) -> int:
    """Lead from each side on which the lower ground ends to one on which it begins, the first in the given direction; return how many lines."""
    lines = 0
    for k in range(4):
        if lower[k] and not lower[(k + 1) % 4]:
            end = (k + turn) % 4
            while lower[end] or not lower[(end + 1) % 4]:
                end = (end + turn) % 4
            leads_to[sides[k]] = sides[end]
            lines += 1
    return lines


@kernel
def _rings(height: Any, cell: Any) -> Any:
    """Return the corners of all rings at height 0, lower ground on their left, and where each begins.

    A crossing lies on a side of a cell: the lower side of cell (i, j) has number 2 * (i * columns + j), its left side the odd number after it. Each
    crossing leads to exactly one other.
    """
    rows, columns = height.shape
    leads_to = np.full(2 * rows * columns, -1, np.int64)
    lower, sides = np.empty(4, np.bool_), np.empty(4, np.int64)
    count = 0
    for i in range(rows - 1):
        for j in range(columns - 1):
            # The corners and the sides of the cell, anticlockwise from the south-west: side k leads from corner k to the next.
            lower[0], lower[1], lower[2], lower[3] = height[i, j] <= 0, height[i, j + 1] <= 0, height[i + 1, j + 1] <= 0, height[i + 1, j] <= 0
            if lower.all() or not lower.any():
                continue
            sides[0], sides[3] = 2 * (i * columns + j), 2 * (i * columns + j) + 1
            sides[2], sides[1] = 2 * ((i + 1) * columns + j), 2 * (i * columns + j + 1) + 1
            middle = height[i, j] + height[i, j + 1] + height[i + 1, j + 1] + height[i + 1, j]
            count += _crossed(lower, sides, 1 if middle <= 0 else 3, leads_to)
    corners = np.empty((count, 2))
    first = np.zeros(count + 1, np.int64)
    rings, total = 0, 0
    for start in range(leads_to.size):
        here = start
        while leads_to[here] >= 0:
            there = leads_to[here]
            leads_to[here] = -1
            place = here // 2
            i, j = place // columns, place % columns
            if here % 2 == 0:
                share = height[i, j] / (height[i, j] - height[i, j + 1])
                corners[total, 0], corners[total, 1] = (j + share) * cell, i * cell
            else:
                share = height[i, j] / (height[i, j] - height[i + 1, j])
                corners[total, 0], corners[total, 1] = j * cell, (i + share) * cell
            total += 1
            here = there
        if total > first[rings]:
            rings += 1
            first[rings] = total
    return corners, first[: rings + 1].copy()
