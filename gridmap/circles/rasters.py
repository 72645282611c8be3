"""Outlines around segments: distances on a square raster, and the line at which they reach a width (marching squares, Lorensen and Cline 1987)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.kernels import kernel

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

STRAIGHT_M = 0.005
"""Corners of outlines that lie so near to the straight line between others are left out: far below what anybody surveys."""

CLEAR = 0.05
"""A corner is left out only where the line passes by the raster points with at least this share of a cell between them, so that no rings can meet."""

APART = 1e-3
"""Crossings keep this share of a cell away from raster points, so that two rings never touch in one."""

RUN = 24
"""So many corners in a row are left out at most."""


def outline(segments: Floats, width_m: float, cell_m: float) -> Any:
    """Return the area within ``width_m`` of ``segments`` (n x 4: x, y, x, y in metres), as a polygon or multipolygon with true holes.

    It is read off a raster of ``cell_m``; between raster points the distance is taken to change evenly.

    >>> round(outline(np.array([[0.0, 0.0, 100.0, 0.0]]), 25.0, 5.0).area / (100 * 50 + 25 * 25 * np.pi), 2)
    1.0
    """
    return raster_outline(segments, width_m, cell_m)[0]


@dataclass(frozen=True, eq=False)
class Raster:
    """Squared distances to segments on a raster: the south-western point, the width of a cell, and the square at which the outline runs."""

    squares: npt.NDArray[np.float32]
    left: float
    bottom: float
    cell_m: float
    width_m: float

    def near(self, boxes: Floats) -> Integers:
        """Return the rows of ``boxes`` (west, south, east, north) that the outline may hold some of; a few others may be among them."""
        return np.flatnonzero(_touched(self.squares, self.left, self.bottom, self.cell_m, self.width_m, boxes))


def raster_outline(segments: Floats, width_m: float, cell_m: float) -> tuple[Any, Raster]:
    """Return the area as :func:`outline` does, and the raster that it is read off."""
    if not len(segments):
        return shapely.MultiPolygon(), Raster(np.empty((0, 0), dtype=np.float32), 0.0, 0.0, cell_m, width_m)
    corners, first, rim, squares, left, bottom = _traced(segments, width_m, cell_m)
    order = np.argsort(rim, kind="stable")
    rings = shapely.linearrings(corners, indices=np.repeat(np.arange(len(rim)), np.diff(first)))
    parts = shapely.polygons(rings[order], indices=rim[order])
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts), Raster(squares, left, bottom, cell_m, width_m)


@kernel
def _touched(squares: Any, left: Any, bottom: Any, cell: Any, width: Any, boxes: Any) -> Any:
    """Tell which boxes have a raster point within the width in them or a cell beside them."""
    rows, columns = squares.shape
    within = np.float32(width * width)
    found = np.zeros(boxes.shape[0], np.bool_)
    for k in range(boxes.shape[0]):
        from_column, to_column = int(np.floor((boxes[k, 0] - left) / cell)), int(np.ceil((boxes[k, 2] - left) / cell))
        from_row, to_row = int(np.floor((boxes[k, 1] - bottom) / cell)), int(np.ceil((boxes[k, 3] - bottom) / cell))
        for i in range(max(0, from_row), min(rows - 1, to_row) + 1):
            for j in range(max(0, from_column), min(columns - 1, to_column) + 1):
                if squares[i, j] <= within:
                    found[k] = True
                    break
            if found[k]:
                break
    return found


@kernel
def _traced(segments: Any, width: Any, cell: Any) -> Any:
    """Return the corners of all rings, where each begins, and the number of the polygon that each is of: rims come before their holes."""
    low_x, low_y, high_x, high_y = segments[0, 0], segments[0, 1], segments[0, 0], segments[0, 1]
    for s in range(segments.shape[0]):
        for end in (0, 2):
            low_x, high_x = min(low_x, segments[s, end]), max(high_x, segments[s, end])
            low_y, high_y = min(low_y, segments[s, end + 1]), max(high_y, segments[s, end + 1])
    # Whole cells, so that the circles of neighbours share their raster and nested ones never cross.
    left, bottom = np.floor((low_x - width) / cell) - 1, np.floor((low_y - width) / cell) - 1
    columns, rows = int(np.ceil((high_x + width) / cell) - left) + 2, int(np.ceil((high_y + width) / cell) - bottom) + 2
    squares = np.full((rows, columns), np.float32(4 * width * width))
    _distances(segments, left * cell, bottom * cell, width + cell, cell, squares)
    corners, firm, first = _rings(squares, width, cell)
    corners, first, signed = _straightened(corners, firm, first)
    rim = _rims(corners, first, signed)
    corners[:, 0] += left * cell
    corners[:, 1] += bottom * cell
    return corners, first, rim, squares, left * cell, bottom * cell


@kernel
def _distances(segments: Any, left: Any, bottom: Any, reach: Any, cell: Any, squares: Any) -> None:
    """Lower each raster point to its least squared distance to a segment, as far as ``reach`` from it."""
    rows, columns = squares.shape
    zero, one, step = np.float32(0), np.float32(1), np.float32(cell)
    for s in range(segments.shape[0]):
        ax, ay = np.float32(segments[s, 0] - left), np.float32(segments[s, 1] - bottom)
        bx, by = np.float32(segments[s, 2] - left), np.float32(segments[s, 3] - bottom)
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        inverse = one / length if length > zero else zero
        from_column = max(0, int(np.ceil((min(ax, bx) - reach) / cell)))
        to_column = min(columns - 1, int((max(ax, bx) + reach) / cell))
        px = np.float32(from_column) * step - ax
        for i in range(max(0, int(np.ceil((min(ay, by) - reach) / cell))), min(rows - 1, int((max(ay, by) + reach) / cell)) + 1):
            py = np.float32(i) * step - ay
            row = squares[i, from_column : to_column + 1]
            share, more = (px * dx + py * dy) * inverse, step * dx * inverse
            # Written so that the compiler does eight points at once.
            for j in range(row.size):
                turn = np.float32(np.int32(j))
                along = max(zero, min(one, share + turn * more))
                ex, ey = px + turn * step - along * dx, py - along * dy
                row[j] = min(row[j], ex * ex + ey * ey)


@kernel
def _crossing(squares: Any, width: Any, cell: Any, side: Any) -> Any:
    """Return where the outline crosses a side of a cell, and the share of the side that lies before it."""
    columns = squares.shape[1]
    place = side // 2
    i, j = place // columns, place % columns
    one = np.sqrt(squares[i, j]) - width
    other = np.sqrt(squares[i, j + 1] if side % 2 == 0 else squares[i + 1, j]) - width
    share = min(1 - APART, max(APART, one / (one - other)))
    if side % 2 == 0:
        return (j + share) * cell, i * cell, share
    return j * cell, (i + share) * cell, share


@kernel
def _rings(squares: Any, width: Any, cell: Any) -> Any:
    """Return the corners of all rings, lower ground on their left, which of them must stay, and where each ring begins.

    A crossing lies on a side of a cell: the lower side of cell (i, j) has number 2 * (i * columns + j), its left side the odd number after it. Each
    crossing leads to exactly one other.
    """
    rows, columns = squares.shape
    within = np.float32(width * width)
    leads_to = np.full(2 * rows * columns, -1, np.int32)
    doubtful = np.zeros(2 * rows * columns, np.bool_)
    begun = np.empty(2 * rows * columns, np.int32)
    sides, lower = np.empty(4, np.int32), np.empty(4, np.bool_)
    count = 0
    for i in range(rows - 1):
        for j in range(columns - 1):
            # The corners and the sides of the cell, anticlockwise from the south-west: side k leads from corner k to the next.
            lower[0], lower[1] = squares[i, j] <= within, squares[i, j + 1] <= within
            lower[2], lower[3] = squares[i + 1, j + 1] <= within, squares[i + 1, j] <= within
            if lower[0] == lower[1] and lower[1] == lower[2] and lower[2] == lower[3]:
                continue
            sides[0], sides[3] = 2 * (i * columns + j), 2 * (i * columns + j) + 1
            sides[2], sides[1] = 2 * ((i + 1) * columns + j), 2 * (i * columns + j + 1) + 1
            saddle = lower[0] == lower[2] and lower[1] == lower[3]
            turn = 1
            if saddle:
                total = np.sqrt(squares[i, j]) + np.sqrt(squares[i, j + 1]) + np.sqrt(squares[i + 1, j + 1]) + np.sqrt(squares[i + 1, j])
                turn = 1 if total <= 4 * width else 3
            # From each side on which the lower ground ends a line leads to one on which it begins.
            for k in range(4):
                if lower[k] and not lower[(k + 1) % 4]:
                    end = (k + turn) % 4
                    while lower[end] or not lower[(end + 1) % 4]:
                        end = (end + turn) % 4
                    leads_to[sides[k]] = sides[end]
                    begun[count] = sides[k]
                    count += 1
                    if saddle:
                        doubtful[sides[k]] = doubtful[sides[end]] = True
    corners, firm = np.empty((count, 2)), np.empty(count, np.bool_)
    first = np.zeros(count + 1, np.int64)
    rings, total_corners = 0, 0
    for k in range(count):
        here = begun[k]
        while leads_to[here] >= 0:
            x, y, share = _crossing(squares, width, cell, here)
            corners[total_corners, 0], corners[total_corners, 1] = x, y
            firm[total_corners] = doubtful[here] or share < CLEAR or share > 1 - CLEAR
            total_corners += 1
            there = leads_to[here]
            leads_to[here] = -1
            here = there
        if total_corners > first[rings]:
            rings += 1
            first[rings] = total_corners
    return corners, firm, first[: rings + 1].copy()


@kernel
def _on_line(corners: Any, begin: Any, end: Any) -> bool:
    """Return whether all corners between two others lie on the straight line between these."""
    dx, dy = corners[end, 0] - corners[begin, 0], corners[end, 1] - corners[begin, 1]
    room = STRAIGHT_M * np.sqrt(dx * dx + dy * dy)
    widest = 0.0
    for k in range(begin + 1, end):
        widest = max(widest, abs(dx * (corners[k, 1] - corners[begin, 1]) - dy * (corners[k, 0] - corners[begin, 0])))
    return bool(widest <= room)


@kernel
def _straightened(corners: Any, firm: Any, first: Any) -> Any:
    """Return closed rings without the corners that lie on straight lines, where each begins, and twice its signed area."""
    rings = first.size - 1
    kept = np.empty((corners.shape[0] + rings, 2))
    begins, signed = np.zeros(rings + 1, np.int64), np.zeros(rings)
    total = 0
    for ring in range(rings):
        last = first[ring]
        kept[total] = corners[last]
        total += 1
        for k in range(first[ring] + 1, first[ring + 1]):
            following = k + 1
            if following < first[ring + 1] and not firm[k] and following - last <= RUN and _on_line(corners, last, following):
                continue
            kept[total] = corners[k]
            total += 1
            last = k
        kept[total] = corners[first[ring]]
        total += 1
        begins[ring + 1] = total
        # About a corner of the ring, so that large coordinates cost no precision.
        x, y = kept[begins[ring]]
        for k in range(begins[ring], total - 1):
            signed[ring] += (kept[k, 0] - x) * (kept[k + 1, 1] - y) - (kept[k + 1, 0] - x) * (kept[k, 1] - y)
    return kept[:total].copy(), begins, signed


@kernel
def _rims(corners: Any, first: Any, signed: Any) -> Any:
    """Number the polygons and return that of each ring: rings that run anticlockwise are rims, the others holes of the smallest rim around them."""
    rings = signed.size
    rim = np.full(rings, -1, np.int64)
    polygons = 0
    for ring in range(rings):
        if signed[ring] > 0:
            rim[ring] = polygons
            polygons += 1
    for ring in range(rings):
        if signed[ring] > 0:
            continue
        least = np.inf
        x, y = corners[first[ring]]
        for other in range(rings):
            if 0 < signed[other] < least and (polygons == 1 or _inside(corners, first[other], first[other + 1], x, y)):
                least, rim[ring] = signed[other], rim[other]
    return rim


@kernel
def _inside(corners: Any, begin: Any, end: Any, x: Any, y: Any) -> bool:
    """Return whether a place lies inside a ring: a line from it to the east meets the ring an odd number of times."""
    odd = False
    for k in range(begin, end - 1):
        ax, ay, bx, by = corners[k, 0], corners[k, 1], corners[k + 1, 0], corners[k + 1, 1]
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            odd = not odd
    return odd
