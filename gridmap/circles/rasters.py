"""Outlines around segments: distances on a square raster, and the line at which they reach a width (marching squares, Lorensen and Cline 1987)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.circles.polygons import FIRM, LEFT, LOWER, areas_of, in_order, straightened
from gridmap.kernels import kernel, lean_kernel

Floats = npt.NDArray[np.float64]

APART = 1e-3
"""Crossings keep this share of a cell away from raster points, so that two rings never touch in one."""

SHARP = 0.2
"""Where two segments are left in directions whose sine is at least this much apart, the corner between them is drawn."""

STEPS = 2
"""So many Newton steps lead to such a corner: streets are straight but at their ends, and one would nearly always do."""

SADDLES = 5, 10
"""Codes of cells of which two opposite corners lie within the width, so that two lines pass through."""

ENTERS = np.array([sum(1 << k for k in range(4) if code >> k & 1 and not code >> (k + 1) % 4 & 1) for code in range(16)], dtype=np.uint8)
"""The sides by which lines come into a cell, by its code: the sum of 1, 2, 4, 8 for south, east, north, west. Lower ground lies on their left."""

LEAVES = np.array([max((k for k in range(4) if not code >> k & 1 and code >> (k + 1) % 4 & 1), default=0) for code in range(16)], dtype=np.int64)
"""The side by which the line goes out of a cell, by its code: 0 to 3 for south, east, north, west."""

EIGHT = 8
"""So many points in a row are looked at together: a processor takes as many at once."""

ALL_OUT, ALL_IN = np.uint64(0), np.uint64(0x0F0F0F0F0F0F0F0F)
"""The codes of :data:`EIGHT` cells in a row that no line passes through."""

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
    rows, columns = int(np.ceil((high_y + width) / cell)) - bottom + 2, int(np.ceil((high_x + width) / cell)) - left + 2
    return halvings, left, bottom, rows, (columns + EIGHT - 1) // EIGHT * EIGHT


@kernel
def bounds(segments: Any, count: Any) -> Any:
    """Return the west, south, east and north of some segments."""
    low_x, low_y, high_x, high_y = np.inf, np.inf, -np.inf, -np.inf
    for s in range(count):
        low_x, high_x = min(low_x, min(segments[s, 0], segments[s, 2])), max(high_x, max(segments[s, 0], segments[s, 2]))
        low_y, high_y = min(low_y, min(segments[s, 1], segments[s, 3])), max(high_y, max(segments[s, 1], segments[s, 3]))
    return low_x, low_y, high_x, high_y


@kernel
def _outline(segments: Any, width: Any, cell: Any) -> Any:
    """Return the corners of an outline, where each ring begins among them, and each polygon among the rings."""
    low_x, low_y, high_x, high_y = bounds(segments, segments.shape[0])
    halvings, left, bottom, rows, columns = window(low_x, low_y, high_x, high_y, width, cell)
    cell /= 2**halvings
    squares, closest = distances(segments, segments.shape[0], left, bottom, width, cell, rows, columns)
    codes = lower_corners(squares, width)
    corners, side, _, first = rings(segments, squares, closest, codes, left, bottom, 0, width, cell, columns)
    corners, first, signed = straightened(corners, side, first, cell)
    return in_order(corners, first, signed)


@kernel
def distances(segments: Any, count: Any, left: Any, bottom: Any, width: Any, cell: Any, rows: Any, columns: Any) -> Any:
    """Return of each raster point the squared distance to the nearest of some segments, where it is below ``width`` and half a cell, and which it is.

    Points farther away have any greater square, and any segment or -1.
    """
    squares, closest = np.full(rows * columns, np.float32(4 * width * width)), np.full(rows * columns, -1, np.int32)
    reach, zero, one, step = width + 0.5 * cell, np.float32(0), np.float32(1), np.float32(cell)
    for s in range(count):
        ax, ay = segments[s, 0] - left * cell, segments[s, 1] - bottom * cell
        bx, by = segments[s, 2] - left * cell, segments[s, 3] - bottom * cell
        dx, dy = np.float32(bx - ax), np.float32(by - ay)
        length = dx * dx + dy * dy
        inverse = one / length if length > zero else zero
        from_column, to_column = max(0, int((min(ax, bx) - reach) / cell)), min(columns - 1, int((max(ax, bx) + reach) / cell))
        wide = (to_column - from_column + EIGHT) // EIGHT * EIGHT
        from_column = min(from_column, columns - wide)
        px = np.float32(from_column * cell - ax)
        more = step * dx * inverse
        for i in range(max(0, int(np.ceil((min(ay, by) - reach) / cell))), min(rows - 1, int((max(ay, by) + reach) / cell)) + 1):
            py = np.float32(i * cell - ay)
            share, place = (px * dx + py * dy) * inverse, np.uint64(i * columns + from_column)
            # Rows are not cut out of the raster, which would count references; so the compiler does eight points at once and none alone.
            for j in range(wide):
                at, turn = place + np.uint64(j), np.float32(np.int32(j))
                along = max(zero, min(one, share + turn * more))
                ex, ey = px + turn * step - along * dx, py - along * dy
                square = ex * ex + ey * ey
                nearer = square < squares[at]
                squares[at] = square if nearer else squares[at]
                closest[at] = np.int32(s) if nearer else closest[at]
    return squares.reshape(rows, columns), closest.reshape(rows, columns)


@kernel
def _left_at(segments: Any, s: Any, x: Any, y: Any, right: Any, up: Any, width: Any) -> Any:
    """Return how far from (x, y), to the right or up, the distance to a segment comes to be ``width``, 0 where it is so much at once.

    It does so once, since it is convex: beside the segment, or else round the end past which the line through the segment is left.
    """
    ax, ay, bx, by = x - segments[s, 0], y - segments[s, 1], segments[s, 2] - segments[s, 0], segments[s, 3] - segments[s, 1]
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


@lean_kernel
def _crossing(segments: Any, squares: Any, closest: Any, i: Any, j: Any, up: Any, left: Any, bottom: Any, width: Any, cell: Any) -> Any:
    """Return where the outline crosses the side of a cell from point (i, j) to the next, on the right or ``up``: where those closest to its ends are
    both ``width`` away; and which of them decides.
    """
    right = 1 - up
    begin, end = closest[i, j], closest[i + up, j + right]
    x, y, turn = (left + j) * cell, (bottom + i) * cell, 1
    if squares[i, j] > squares[i + up, j + right]:
        x, y, turn = x + right * cell, y + up * cell, -1
        begin, end = end, begin
    far = _left_at(segments, begin, x, y, turn * right, turn * up, width)
    if end != begin and end >= 0:
        farther = _left_at(segments, end, x, y, turn * right, turn * up, width)
        if farther > far:
            begin, far = end, farther
    far = min((1 - APART) * cell, max(APART * cell, far))
    return x + turn * right * far, y + turn * up * far, begin


@kernel
def _away(segments: Any, s: Any, x: Any, y: Any) -> Any:
    """Return how far (x, y) is from a segment, and the direction straight away from it."""
    dx, dy = segments[s, 2] - segments[s, 0], segments[s, 3] - segments[s, 1]
    length = dx * dx + dy * dy
    share = max(0.0, min(1.0, ((x - segments[s, 0]) * dx + (y - segments[s, 1]) * dy) / length)) if length > 0 else 0.0
    ex, ey = x - segments[s, 0] - share * dx, y - segments[s, 1] - share * dy
    far = np.sqrt(ex * ex + ey * ey)
    return far, ex / max(far, 1e-9), ey / max(far, 1e-9)


@kernel
def _meeting(segments: Any, one: Any, other: Any, x: Any, y: Any, width: Any, cell: Any) -> Any:
    """Return the place in the cell of (x, y) that is ``width`` away from both segments, where the outline has a corner; NaN where there is none."""
    from_x, from_y = np.floor(x / cell) * cell, np.floor(y / cell) * cell
    for _ in range(STEPS):
        far, gx, gy = _away(segments, one, x, y)
        other_far, hx, hy = _away(segments, other, x, y)
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
    """Return the code of each cell: the sum of 1, 2, 4, 8 for its south-west, south-east, north-east and north-west corner where within the width.

    Rows are filled up with zeros so that eight cells can be looked at together.
    """
    within, rows, columns = np.float32(width * width), squares.shape[0] - 1, squares.shape[1] - 1
    lower = (squares <= within).view(np.uint8)
    codes = np.zeros((rows, (columns + EIGHT - 1) // EIGHT * EIGHT), np.uint8)
    for i in range(rows):
        below, above, row = lower[i], lower[i + 1], codes[i]
        for j in range(columns):
            row[j] = below[j] + 2 * below[j + 1] + 4 * above[j + 1] + 8 * above[j]
    return codes


@kernel
def _leaves(code: Any, entry: Any, squares: Any, i: Any, j: Any, width: Any) -> Any:
    """Return by which side a line that enters cell (i, j) leaves it."""
    if code not in SADDLES:
        return LEAVES[code]
    total = np.sqrt(squares[i, j]) + np.sqrt(squares[i, j + 1]) + np.sqrt(squares[i + 1, j + 1]) + np.sqrt(squares[i + 1, j])
    return (entry + (1 if total <= 4 * width else 3)) % 4


@kernel
def rings(
    segments: Any, squares: Any, closest: Any, codes: Any, left: Any, bottom: Any, halvings: Any, width: Any, cell: Any, all_columns: Any,
) -> Any:  # fmt: skip
    """Return the corners of all rings, lower ground on their left, the side that each lies on, the cell that follows, and where each ring begins.

    Cells are numbered as those of the whole raster of ``all_columns``, before it is halved.
    """
    wide, flat, eights = codes.shape[1], codes.reshape(-1), codes.reshape(-1).view(np.uint64)
    cells, todo, count = np.empty(codes.size, np.int32), np.zeros(codes.size, np.uint8), 0
    for eight in range(eights.size):
        if eights[eight] == ALL_OUT or eights[eight] == ALL_IN:
            continue
        for c in range(EIGHT * eight, EIGHT * (eight + 1)):
            todo[c] = ENTERS[flat[c]]
            if todo[c]:
                cells[count] = c
                count += 1
    # A cell holds two lines at most, and each has a crossing and a corner.
    corners, side, within = np.empty((4 * count, 2)), np.empty(4 * count, np.int8), np.empty(4 * count, np.int32)
    first, made, total = np.zeros(2 * count + 1, np.int64), 0, 0
    for m in range(count):
        while todo[cells[m]]:
            total = _ring(
                segments, squares, closest, codes, todo, cells[m] // wide, cells[m] % wide, left, bottom, halvings, width, cell, all_columns,
                corners, side, within, total,
            )  # fmt: skip
            made += 1
            first[made] = total
    return corners[:total], side[:total], within[:total], first[: made + 1].copy()


@lean_kernel
def _ring(
    segments: Any, squares: Any, closest: Any, codes: Any, todo: Any, i: Any, j: Any, left: Any, bottom: Any, halvings: Any, width: Any, cell: Any,
    all_columns: Any, corners: Any, side: Any, within: Any, total: Any,
) -> Any:  # fmt: skip
    """Write the ring that comes into cell (i, j) by a side that nobody has looked at; return how many corners are written then."""
    wide, begins, k = codes.shape[1], total, 0
    while not todo[i * wide + j] >> k & 1:
        k += 1
    owner, doubt, first_owner, first_doubt, place = -1, False, -1, False, 0
    while True:
        around = not todo[i * wide + j] >> k & 1
        if around:
            x, y, mine, firm = corners[begins, 0], corners[begins, 1], first_owner, first_doubt
        else:
            todo[i * wide + j] ^= 1 << k
            x, y, mine = _crossing(segments, squares, closest, i + (k == 2), j + (k == 1), k & 1, left, bottom, width, cell)
            firm = codes[i, j] in SADDLES or codes[i + (k == 2) - (k == 0), j + (k == 1) - (k == 3)] in SADDLES
        if total == begins:
            first_owner, first_doubt = mine, firm
        elif owner != mine and not (doubt and firm):
            corner = _meeting(segments, owner, mine, (corners[total - 1, 0] + x) / 2, (corners[total - 1, 1] + y) / 2, width, cell)
            if not np.isnan(corner[0]):
                corners[total, 0], corners[total, 1], side[total], within[total] = corner[0], corner[1], FIRM, place
                total += 1
        if around:
            return total
        place = ((bottom + i) >> halvings) * all_columns + ((left + j) >> halvings)
        corners[total, 0], corners[total, 1], side[total], within[total] = x, y, FIRM if firm else LEFT if k & 1 else LOWER, place
        total += 1
        owner, doubt = mine, firm
        out = _leaves(codes[i, j], k, squares, i, j, width)
        i, j, k = i + (out == 2) - (out == 0), j + (out == 1) - (out == 3), (out + 2) % 4
