"""Kernels on rings and lines: simplifying, clipping to the tile, rounding to its units, and leaving out what has no extent.

Places stand in two arrays that are large enough and are altered in place; each kernel returns how many remain. All are whole numbers: steps of the
world until they are rounded, once and last, so that no place is off by more than that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmap.kernels import kernel


@kernel
def placed(x: Any, y: Any, first: Any, end: Any, left: Any, top: Any, px: Any, py: Any) -> Any:
    """Count the places ``first:end`` from the tile's corner."""
    for i in range(first, end):
        px[i - first] = np.int64(x[i]) - left
        py[i - first] = np.int64(y[i]) - top
    return end - first


@kernel
def rounded(px: Any, py: Any, count: Any, shift: Any) -> Any:
    """Round steps to units of 2 ** ``shift`` steps and leave out places that repeat the one before."""
    half = np.int64(1) << shift >> np.int64(1)
    kept = 0
    for i in range(count):
        u = px[i] + half >> shift
        v = py[i] + half >> shift
        if kept == 0 or u != px[kept - 1] or v != py[kept - 1]:
            px[kept] = u
            py[kept] = v
            kept += 1
    return kept


@kernel
def opened(px: Any, py: Any, count: Any) -> Any:
    """Leave out last places that repeat the first."""
    while count > 1 and px[count - 1] == px[0] and py[count - 1] == py[0]:
        count -= 1
    return count


@kernel
def simplified(px: Any, py: Any, count: Any, tolerance: Any, is_ring: Any, keep: Any, stack: Any) -> Any:
    """Leave out places nearer than ``tolerance`` to the line between those kept (Douglas and Peucker 1973).

    A ring is first parted at the corner farthest from its first.
    """
    if count < 3 or tolerance <= 0 or (is_ring and count < 5):
        return count
    for i in range(count):
        keep[i] = i == 0
    depth = 0
    if is_ring:
        far = 0
        most = -1.0
        for i in range(1, count):
            away = float(px[i] - px[0]) ** 2 + float(py[i] - py[0]) ** 2
            if away > most:
                most = away
                far = i
        keep[far] = True
        stack[0], stack[1] = 0, far
        stack[2], stack[3] = far, count
        depth = 2
    else:
        keep[count - 1] = True
        stack[0], stack[1] = 0, count - 1
        depth = 1
    limit = tolerance * tolerance
    while depth > 0:
        depth -= 1
        a = stack[2 * depth]
        b = stack[2 * depth + 1]
        ax, ay = float(px[a]), float(py[a])
        dx, dy = float(px[b % count]) - ax, float(py[b % count]) - ay
        length = dx * dx + dy * dy
        far = -1
        most = limit
        for i in range(a + 1, b):
            ux, uy = float(px[i]) - ax, float(py[i]) - ay
            t = 0.0 if length == 0 else min(1.0, max(0.0, (ux * dx + uy * dy) / length))
            away = (ux - t * dx) ** 2 + (uy - t * dy) ** 2
            if away > most:
                most = away
                far = i
        if far >= 0:
            keep[far] = True
            stack[2 * depth], stack[2 * depth + 1] = a, far
            stack[2 * depth + 2], stack[2 * depth + 3] = far, b
            depth += 2
    kept = 0
    for i in range(count):
        if keep[i]:
            px[kept] = px[i]
            py[kept] = py[i]
            kept += 1
    return kept


@kernel
def without_straights(px: Any, py: Any, count: Any) -> Any:
    """Leave out the corners of a ring at which it goes straight on or turns back on itself, until there are none; fewer than 3 are no ring."""
    changed = True
    while changed and count >= 3:
        changed = False
        kept = 0
        for i in range(count):
            # The corner before is the last one kept, or the last of the ring while none is kept.
            before = kept - 1 if kept else count - 1
            after = i + 1 if i + 1 < count else 0
            turn = (px[i] - px[before]) * (py[after] - py[i]) - (py[i] - py[before]) * (px[after] - px[i])
            if turn != 0:
                px[kept] = px[i]
                py[kept] = py[i]
                kept += 1
            else:
                changed = True
        count = kept
    return count if count >= 3 else 0


@kernel
def inside_box(px: Any, py: Any, count: Any, low: Any, high: Any) -> Any:
    """Tell whether all places lie in the square (1), or all beyond one of its sides (-1), or neither (0)."""
    left, right, top, bottom = px[0], px[0], py[0], py[0]
    for i in range(1, count):
        left, right = min(left, px[i]), max(right, px[i])
        top, bottom = min(top, py[i]), max(bottom, py[i])
    if left >= low and right <= high and top >= low and bottom <= high:
        return 1
    return -1 if right < low or left > high or bottom < low or top > high else 0


@kernel
def clipped_ring(px: Any, py: Any, count: Any, low: Any, high: Any, qx: Any, qy: Any) -> Any:
    """Clip a ring to the square, side by side (Sutherland and Hodgman 1974); parts of a concave ring may stay joined along a side."""
    for side in range(4):
        limit = low if side < 2 else high
        made = 0
        for i in range(count):
            j = i - 1 if i else count - 1
            a = px[j] if side % 2 == 0 else py[j]
            b = px[i] if side % 2 == 0 else py[i]
            a_in = a >= limit if side < 2 else a <= limit
            b_in = b >= limit if side < 2 else b <= limit
            if a_in != b_in:
                share = (limit - a) / (b - a)
                if side % 2 == 0:
                    qx[made] = limit
                    qy[made] = py[j] + np.int64(np.floor(share * (py[i] - py[j]) + 0.5))
                else:
                    qx[made] = px[j] + np.int64(np.floor(share * (px[i] - px[j]) + 0.5))
                    qy[made] = limit
                made += 1
            if b_in:
                qx[made] = px[i]
                qy[made] = py[i]
                made += 1
        count = 0
        for i in range(made):
            if count == 0 or qx[i] != px[count - 1] or qy[i] != py[count - 1]:
                px[count] = qx[i]
                py[count] = qy[i]
                count += 1
        count = opened(px, py, count)
    return count


@kernel
def clipped_segment(ax: Any, ay: Any, bx: Any, by: Any, low: Any, high: Any) -> Any:
    """Return the shares of a segment at which it enters and leaves the square (Liang and Barsky 1984); the first is above the second outside."""
    enters, leaves = 0.0, 1.0
    for side in range(4):
        start = ax if side % 2 == 0 else ay
        step = bx - ax if side % 2 == 0 else by - ay
        towards = -step if side < 2 else step
        room = start - low if side < 2 else high - start
        if towards == 0:
            if room < 0:
                return 1.0, 0.0
        elif towards < 0:
            enters = max(enters, room / towards)
        else:
            leaves = min(leaves, room / towards)
    return enters, leaves


@kernel
def doubled_area(px: Any, py: Any, first: Any, end: Any) -> Any:
    """Return twice the area of a ring: positive when it runs clockwise on a screen, where y grows downwards."""
    area = np.int64(0)
    j = end - 1
    for i in range(first, end):
        area += px[j] * py[i] - px[i] * py[j]
        j = i
    return area
