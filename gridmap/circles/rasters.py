"""Outlines around segments: distances on a square raster, and the line at which they reach a width (marching squares, Lorensen and Cline 1987)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.circles.polygons import FIRM, LEFT, LOWER, areas_of, in_order, straightened
from gridmap.kernels import kernel

Floats = npt.NDArray[np.float64]

APART = 1e-3
"""Crossings keep this share of a cell away from raster points, so that two rings never touch in one."""

SHARP = 0.2
"""Where two segments are left in directions whose sine is at least this much apart, the corner between them is drawn."""

STEPS = 2
"""So many Newton steps lead to such a corner: streets are straight but at their ends, and one would nearly always do."""

SMALL_M = 800.0
"""Circles narrower than this get cells half as wide, those half as wide again cells of a quarter, and so on: of few places each one counts."""


def outline(segments: Floats, width_m: float, cell_m: float) -> Any:
    """Return the area within ``width_m`` of ``segments`` (n x 4: x, y, x, y in metres), as a polygon or multipolygon with true holes.

    It is read off a raster of ``cell_m``; between raster points the distance is taken to change evenly.

    >>> round(outline(np.array([[0.0, 0.0, 100.0, 0.0]]), 25.0, 5.0).area / (100 * 50 + 25 * 25 * np.pi), 2)
    1.0
    """
    if not len(segments):
        return shapely.MultiPolygon()
    corner = np.floor(segments.reshape(-1, 2).min(axis=0) / cell_m) * cell_m
    places, rings, parts = _outline(segments - np.tile(corner, 2), width_m, float(cell_m))
    return areas_of(places + corner, rings, parts, np.array([0, len(parts) - 1]))[0]


@kernel
def window(low_x: Any, low_y: Any, high_x: Any, high_y: Any, width: Any, cell: Any) -> Any:
    """Return the raster for what lies within these bounds: how often the cell is halved, the south-western point in cells, and rows and columns."""
    halvings, narrow = 0, SMALL_M
    while max(high_x - low_x, high_y - low_y) + 2 * width < narrow:
        cell, narrow, halvings = cell / 2, narrow / 2, halvings + 1
    # Whole cells, so that the circles of neighbours share their raster and nested ones never cross.
    left, bottom = int(np.floor((low_x - width) / cell)) - 1, int(np.floor((low_y - width) / cell)) - 1
    return halvings, left, bottom, int(np.ceil((high_y + width) / cell)) - bottom + 2, int(np.ceil((high_x + width) / cell)) - left + 2


@kernel
def bounds(segments: Any) -> Any:
    """Return the west, south, east and north of segments."""
    low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
    for s in range(segments.shape[0]):
        low_x, high_x = min(low_x, min(segments[s, 0], segments[s, 2])), max(high_x, max(segments[s, 0], segments[s, 2]))
        low_y, high_y = min(low_y, min(segments[s, 1], segments[s, 3])), max(high_y, max(segments[s, 1], segments[s, 3]))
    return low_x, low_y, high_x, high_y


@kernel
def _outline(segments: Any, width: Any, cell: Any) -> Any:
    """Return the corners of an outline, where each ring begins among them, and each polygon among the rings."""
    low_x, low_y, high_x, high_y = bounds(segments)
    halvings, left, bottom, rows, columns = window(low_x, low_y, high_x, high_y, width, cell)
    cell /= 2**halvings
    squares, closest = distances(segments, left * cell, bottom * cell, width, cell, rows, columns)
    count_of = lower_corners(squares, width)
    corners, side, _, first = rings(segments, squares, closest, count_of, np.empty(0, np.bool_), left, bottom, width, cell)
    corners, first, signed = straightened(corners, side, first, cell)
    return in_order(corners, first, signed)


@kernel
def distances(segments: Any, left: Any, bottom: Any, width: Any, cell: Any, rows: Any, columns: Any) -> Any:
    """Return of each raster point the least squared distance to a segment, where it is below ``width`` and half a cell, and to which.

    Points farther away have any greater square, and any segment.
    """
    squares, closest = np.full((rows, columns), np.float32(4 * width * width)), np.zeros((rows, columns), np.int32)
    reach, zero, one, step = width + 0.5 * cell, np.float32(0), np.float32(1), np.float32(cell)
    for s in range(segments.shape[0]):
        ax, ay = np.float32(segments[s, 0] - left), np.float32(segments[s, 1] - bottom)
        bx, by = np.float32(segments[s, 2] - left), np.float32(segments[s, 3] - bottom)
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        inverse = one / length if length > zero else zero
        from_column = max(0, int(np.ceil((min(ax, bx) - reach) / cell)))
        to_column = min(columns - 1, int((max(ax, bx) + reach) / cell))
        px = np.float32(from_column) * step - ax
        more = step * dx * inverse
        for i in range(max(0, int(np.ceil((min(ay, by) - reach) / cell))), min(rows - 1, int((max(ay, by) + reach) / cell)) + 1):
            py = np.float32(i) * step - ay
            row, mine = squares[i, from_column : to_column + 1], closest[i, from_column : to_column + 1]
            share = (px * dx + py * dy) * inverse
            # Written so that the compiler does eight points at once.
            for j in range(row.size):
                turn = np.float32(np.int32(j))
                along = max(zero, min(one, share + turn * more))
                ex, ey = px + turn * step - along * dx, py - along * dy
                square = ex * ex + ey * ey
                nearer = square < row[j]
                row[j] = square if nearer else row[j]
                mine[j] = np.int32(s) if nearer else mine[j]
    return squares, closest


@kernel
def _left_at(segment: Any, x: Any, y: Any, right: Any, up: Any, width: Any) -> Any:
    """Return how far from (x, y), to the right or up, the distance to a segment comes to be ``width``, 0 where it is so much at once.

    It does so once, since it is convex: beside the segment, or else round the end past which the line through the segment is left.
    """
    ax, ay, bx, by = x - segment[0], y - segment[1], segment[2] - segment[0], segment[3] - segment[1]
    length = np.sqrt(bx * bx + by * by)
    bx, by = (bx / length, by / length) if length > 0 else (0.0, 0.0)
    beside, turning = ay * bx - ax * by, up * bx - right * by
    along, gaining = ax * bx + ay * by, right * bx + up * by
    spot = max(0.0, min(length, along))
    if (ax - spot * bx) ** 2 + (ay - spot * by) ** 2 >= width * width:
        return 0.0
    end_x, end_y = ax, ay
    if length > 0:
        if abs(turning) > 1e-9:
            far = ((width if turning > 0 else -width) - beside) / turning
            along += far * gaining
            if 0 <= along <= length:
                return max(0.0, far)
        elif gaining > 0:
            along = length + 1
        if along > length:
            end_x, end_y = ax - length * bx, ay - length * by
    ahead, across = -(end_x * right + end_y * up), end_x * up - end_y * right
    return max(0.0, ahead + np.sqrt(max(0.0, width * width - across * across))) if abs(across) < width else 0.0


@kernel
def _crossing(segments: Any, squares: Any, closest: Any, left: Any, bottom: Any, width: Any, cell: Any, side: Any) -> Any:
    """Return where the outline crosses a side of a cell, where those closest to its ends are both ``width`` away, and which of them decides."""
    columns = squares.shape[1]
    place = side // 2
    i, j = place // columns, place % columns
    right, up = (1, 0) if side % 2 == 0 else (0, 1)
    begin, end = closest[i, j], closest[i + up, j + right]
    x, y, turn = (left + j) * cell, (bottom + i) * cell, 1
    if squares[i, j] > squares[i + up, j + right]:
        x, y, turn = x + right * cell, y + up * cell, -1
        begin, end = end, begin
    far = _left_at(segments[begin], x, y, turn * right, turn * up, width)
    if end != begin:
        farther = _left_at(segments[end], x, y, turn * right, turn * up, width)
        if farther > far:
            begin, far = end, farther
    far = min((1 - APART) * cell, max(APART * cell, far))
    return x + turn * right * far, y + turn * up * far, begin


@kernel
def _away(segment: Any, x: Any, y: Any) -> Any:
    """Return how far (x, y) is from a segment, and the direction straight away from it."""
    dx, dy = segment[2] - segment[0], segment[3] - segment[1]
    length = dx * dx + dy * dy
    share = max(0.0, min(1.0, ((x - segment[0]) * dx + (y - segment[1]) * dy) / length)) if length > 0 else 0.0
    ex, ey = x - segment[0] - share * dx, y - segment[1] - share * dy
    far = np.sqrt(ex * ex + ey * ey)
    return far, ex / max(far, 1e-9), ey / max(far, 1e-9)


@kernel
def _meeting(one: Any, other: Any, x: Any, y: Any, width: Any, cell: Any) -> Any:
    """Return the place in the cell of (x, y) that is ``width`` away from both segments, where the outline has a corner; NaN where there is none."""
    from_x, from_y = np.floor(x / cell) * cell, np.floor(y / cell) * cell
    for _ in range(STEPS):
        far, gx, gy = _away(one, x, y)
        other_far, hx, hy = _away(other, x, y)
        turning = gx * hy - gy * hx
        if abs(turning) < SHARP:
            return np.nan, np.nan
        x += ((width - far) * hy - (width - other_far) * gy) / turning
        y += ((width - other_far) * gx - (width - far) * hx) / turning
    aside = APART * cell
    if min(x - from_x, y - from_y) < aside or max(x - from_x, y - from_y) > cell - aside:
        return np.nan, np.nan
    return x, y


@kernel
def lower_corners(squares: Any, width: Any) -> Any:
    """Return how many corners of each cell are within the width."""
    within = np.float32(width * width)
    lower = (squares <= within).view(np.uint8)
    count = np.empty((squares.shape[0] - 1, squares.shape[1] - 1), np.uint8)
    for i in range(count.shape[0]):
        below, above, row = lower[i], lower[i + 1], count[i]
        for j in range(row.size):
            row[j] = below[j] + below[j + 1] + above[j] + above[j + 1]
    return count


@kernel
def _lines(squares: Any, count_of: Any, width: Any) -> Any:
    """Return to which crossing each crossing leads, lower ground on the left, all of them, those where two lines pass through a cell, and the cell.

    A crossing lies on a side of a cell: the lower side of cell (i, j) has number 2 * (i * columns + j), its left side the odd number after it. Each
    crossing leads to exactly one other.
    """
    rows, columns = squares.shape
    within = np.float32(width * width)
    leads_to = np.full(2 * rows * columns, -1, np.int32)
    cell_of = np.empty(2 * rows * columns, np.int32)
    doubtful = np.zeros(2 * rows * columns, np.bool_)
    begun = np.empty(2 * rows * columns, np.int32)
    sides, lower = np.empty(4, np.int32), np.empty(4, np.bool_)
    count = 0
    for i in range(rows - 1):
        for j in range(columns - 1):
            if count_of[i, j] & 3 == 0:
                continue
            # The corners and the sides of the cell, anticlockwise from the south-west: side k leads from corner k to the next.
            lower[0], lower[1] = squares[i, j] <= within, squares[i, j + 1] <= within
            lower[2], lower[3] = squares[i + 1, j + 1] <= within, squares[i + 1, j] <= within
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
                    cell_of[sides[k]] = i * columns + j
                    begun[count] = sides[k]
                    count += 1
                    if saddle:
                        doubtful[sides[k]] = doubtful[sides[end]] = True
    return leads_to, begun[:count], doubtful, cell_of


@kernel
def rings(
    segments: Any, squares: Any, closest: Any, count_of: Any, idle: Any, left: Any, bottom: Any, width: Any, cell: Any,
) -> Any:  # fmt: skip
    """Return the corners of all rings, lower ground on their left, the side that each lies on, the cell that follows, and where each ring begins.

    ``idle`` are cells, if any, in which nobody asks where just the line runs.
    """
    leads_to, begun, doubtful, cell_of = _lines(squares, count_of, width)
    columns = squares.shape[1]
    count = begun.size
    corners, side, within = np.empty((2 * count, 2)), np.empty(2 * count, np.int8), np.empty(2 * count, np.int32)
    first = np.zeros(count + 1, np.int64)
    total_rings, total = 0, 0
    for k in range(count):
        here, before = begun[k], begun[k]
        owner, doubt = 0, False
        begins = total
        while leads_to[here] >= 0 or (total > begins and here == begun[k]):
            if idle.size > 0 and total > begins and idle[cell_of[before]] and idle[cell_of[here]]:
                place = here // 2
                x, y, mine = (left + place % columns) * cell, (bottom + place // columns) * cell, owner
                x, y = (x + cell / 2, y) if here % 2 == 0 else (x, y + cell / 2)
            else:
                x, y, mine = _crossing(segments, squares, closest, left, bottom, width, cell, here)
            if total > begins and owner != mine and not (doubt and doubtful[here]):
                last = corners[total - 1]
                one, other = segments[owner], segments[mine]
                corner = _meeting(one, other, (last[0] + x) / 2, (last[1] + y) / 2, width, cell)
                if not np.isnan(corner[0]):
                    corners[total] = corner
                    side[total], within[total] = FIRM, cell_of[before]
                    total += 1
            if leads_to[here] < 0:
                break
            corners[total] = x, y
            side[total] = FIRM if doubtful[here] else LEFT if here % 2 else LOWER
            within[total] = cell_of[here]
            total += 1
            owner, doubt = mine, doubtful[here]
            there = leads_to[here]
            leads_to[here] = -1
            before, here = here, there
        if total > first[total_rings]:
            total_rings += 1
            first[total_rings] = total
    return corners[:total], side, within, first[: total_rings + 1].copy()
