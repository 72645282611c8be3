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

TINY = 1e-12
"""So much, in metres, a segment rises at least, so that nothing is divided by zero."""

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
        from_column, to_column = max(0, int(np.ceil((min(ax, bx) - reach) / cell))), min(columns - 1, int((max(ax, bx) + reach) / cell))
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
                # Both are read first and written in any case: what is written in part a processor waits for when it is read next.
                square, least, whose = ex * ex + ey * ey, squares[at], closest[at]
                nearer = square < least
                squares[at] = square if nearer else least
                closest[at] = np.int32(s) if nearer else whose
    return squares.reshape(rows, columns), closest.reshape(rows, columns)


@lean_kernel
def _left_at(segments: Any, s: Any, up: Any, turn: Any, x: Any, y: Any, width: Any) -> Any:
    """Return how far one may go from a place along the raster before leaving what lies within ``width`` of a segment; 0 if none of it is met.

    ``up`` is 0 for eastwards or 1 for northwards, ``turn`` -1 for the opposite; ``x`` and ``y`` are measured along and across that way. It is left
    beside the segment, or else round the end past which the line beside it is met. Nothing here depends on branches, which would be guessed wrong.
    """
    ax, ay, bx, by = turn * (segments[s, up] - x), segments[s, 1 - up] - y, turn * (segments[s, 2 + up] - x), segments[s, 3 - up] - y
    dx, dy = bx - ax, by - ay
    dy = dy if abs(dy) > TINY else TINY
    aside = width / np.sqrt(dx * dx + dy * dy)
    aside = aside if dy > 0 else -aside
    share = (aside * dx - ay) / dy
    end_x, end_y = (ax, ay) if share <= 0 else (bx, by)
    room = width * width - end_y * end_y
    around = end_x + np.sqrt(max(0.0, room)) if room > 0 else 0.0
    return ax + aside * dy + share * dx if 0 < share < 1 else around


@lean_kernel
def _away(segments: Any, s: Any, x: Any, y: Any) -> Any:
    """Return the way to (x, y) from the nearest place of a segment."""
    dx, dy = segments[s, 2] - segments[s, 0], segments[s, 3] - segments[s, 1]
    ex, ey, length = x - segments[s, 0], y - segments[s, 1], dx * dx + dy * dy
    share = max(0.0, min(1.0, (ex * dx + ey * dy) / max(length, TINY)))
    return ex - share * dx, ey - share * dy


@lean_kernel
def _meeting(segments: Any, one: Any, other: Any, x: Any, y: Any, width: Any, cell: Any) -> Any:
    """Return the place in the cell of (x, y) that is ``width`` away from both segments, where the outline has a corner; NaN where there is none."""
    from_x, from_y = np.floor(x / cell) * cell, np.floor(y / cell) * cell
    for _ in range(STEPS):
        gx, gy = _away(segments, one, x, y)
        hx, hy = _away(segments, other, x, y)
        square, other_square, turning = gx * gx + gy * gy, hx * hx + hy * hy, gx * hy - gy * hx
        if turning * turning <= SHARP * SHARP * square * other_square:
            return np.nan, np.nan
        # Squares of distances are brought to that of the width, so that no root need be taken.
        missing, other_missing = (width * width - square) / (2 * turning), (width * width - other_square) / (2 * turning)
        x += missing * hy - other_missing * gy
        y += other_missing * gx - missing * hx
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


@lean_kernel
def _leaves(code: Any, entry: Any, squares: Any, i: Any, j: Any, width: Any) -> Any:
    """Return by which side a line that enters cell (i, j) leaves it."""
    if code not in SADDLES:
        return LEAVES[code]
    total = np.sqrt(squares[i, j]) + np.sqrt(squares[i, j + 1]) + np.sqrt(squares[i + 1, j + 1]) + np.sqrt(squares[i + 1, j])
    return (entry + (1 if total <= 4 * width else 3)) % 4


@kernel
def _traced(squares: Any, codes: Any, width: Any) -> Any:
    """Return the row and column of each cell that lines pass, ring by ring, the side by which they come in, and where each ring begins."""
    wide, flat, eights = codes.shape[1], codes.reshape(-1), codes.reshape(-1).view(np.uint64)
    cells, todo, count = np.empty(codes.size, np.int32), np.zeros(codes.size, np.uint8), 0
    for eight in range(eights.size):
        if eights[eight] == ALL_OUT or eights[eight] == ALL_IN:
            continue
        for c in range(EIGHT * eight, EIGHT * (eight + 1)):
            todo[c] = ENTERS[flat[c]]
            cells[count] = c
            count += todo[c] > 0
    # A cell holds two lines at most.
    row, column, entry = np.empty(2 * count, np.int32), np.empty(2 * count, np.int32), np.empty(2 * count, np.int8)
    first, made, total = np.zeros(2 * count + 1, np.int64), 0, 0
    for m in range(count):
        while todo[cells[m]]:
            i, j, k = cells[m] // wide, cells[m] % wide, 0
            while not todo[cells[m]] >> k & 1:
                k += 1
            while todo[i * wide + j] >> k & 1:
                todo[i * wide + j] ^= 1 << k
                row[total], column[total], entry[total] = i, j, k
                total += 1
                out = _leaves(flat[i * wide + j], k, squares, i, j, width)
                i, j, k = i + (out == 2) - (out == 0), j + (out == 1) - (out == 3), out ^ 2
            made += 1
            first[made] = total
    return row[:total], column[:total], entry[:total], first[: made + 1]


@lean_kernel
def _crossings(
    segments: Any, squares: Any, closest: Any, codes: Any, row: Any, column: Any, entry: Any, left: Any, bottom: Any, width: Any, cell: Any,
    crossing: Any, owner: Any, firm: Any,
) -> None:  # fmt: skip
    """Write where the outline crosses the sides of cells, which segment decides that, and whether two lines pass through a cell beside.

    It crosses where those closest to the ends of the side are both ``width`` away.
    """
    for m in range(row.size):
        i, j, k = row[m], column[m], entry[m]
        up = k & 1
        right = 1 - up
        firm[m] = codes[i, j] in SADDLES or codes[i + (k == 2) - (k == 0), j + (k == 1) - (k == 3)] in SADDLES
        i, j = i + (k == 2), j + (k == 1)
        begin, end, turn = closest[i, j], closest[i + up, j + right], 1.0
        if squares[i, j] > squares[i + up, j + right]:
            i, j, turn, begin, end = i + up, j + right, -1.0, end, begin
        x, y = (left + j) * cell, (bottom + i) * cell
        along, across = (y, x) if up else (x, y)
        far = _left_at(segments, begin, up, turn, along, across, width)
        if end != begin and end >= 0:
            farther = _left_at(segments, end, up, turn, along, across, width)
            # One that lies wholly beyond the side decides nothing.
            begin, far = (end, farther) if far < farther < cell else (begin, far)
        far = min((1 - APART) * cell, max(APART * cell, far))
        crossing[m, right] = across
        crossing[m, up] = along + turn * far
        owner[m] = begin


@kernel
def rings(
    segments: Any, squares: Any, closest: Any, codes: Any, left: Any, bottom: Any, halvings: Any, width: Any, cell: Any, all_columns: Any,
) -> Any:  # fmt: skip
    """Return the corners of all rings, lower ground on their left, the side that each lies on, the cell that follows, and where each ring begins.

    Cells are numbered as those of the whole raster of ``all_columns``, before it is halved.
    """
    row, column, entry, begins = _traced(squares, codes, width)
    crossing, owner, firm = np.empty((row.size, 2)), np.empty(row.size, np.int32), np.empty(row.size, np.bool_)
    _crossings(segments, squares, closest, codes, row, column, entry, left, bottom, width, cell, crossing, owner, firm)
    # Each crossing may be followed by a corner.
    corners, side, within = np.empty((2 * row.size, 2)), np.empty(2 * row.size, np.int8), np.empty(2 * row.size, np.int32)
    first, total = np.zeros_like(begins), 0
    for ring in range(begins.size - 1):
        for m in range(begins[ring], begins[ring + 1]):
            on = m + 1 if m + 1 < begins[ring + 1] else begins[ring]
            place = ((bottom + row[m]) >> halvings) * all_columns + ((left + column[m]) >> halvings)
            x, y = crossing[m, 0], crossing[m, 1]
            corners[total, 0], corners[total, 1], side[total], within[total] = x, y, FIRM if firm[m] else LEFT if entry[m] & 1 else LOWER, place
            total += 1
            if owner[m] != owner[on] and not (firm[m] and firm[on]):
                x, y = _meeting(segments, owner[m], owner[on], (x + crossing[on, 0]) / 2, (y + crossing[on, 1]) / 2, width, cell)
                if not np.isnan(x):
                    corners[total, 0], corners[total, 1], side[total], within[total] = x, y, FIRM, place
                    total += 1
        first[ring + 1] = total
    return corners[:total], side[:total], within[:total], first
