"""The lines half way between labelled points: borders of Voronoi regions, compiled.

Only the borders between points of different labels are made. They come as chains from junction to junction, so that the caller need not dissolve
anything. The triangulation works in whole numbers (a fine grid over each group), so that its decisions are exact and it cannot fail on points in a
row, which walls are full of.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gridmap.kernels import kernel, lean_kernel

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

FRAME = 2.0**28
"""Half the side of the square that holds a group, in grid units: products of two differences still fit 64 bits."""

REACH = 8.0
"""How many times larger the frame is than the group, so that its corners are never nearest to a place inside."""

INCIRCLE_ERROR = 1.2e-15
"""Bound on the relative rounding error of the in-circle determinant (Shewchuk 1997, iccerrboundA): a flip needs proof, so flips cannot cycle."""


@lean_kernel
def _orient(x: Integers, y: Integers, a: int, b: int, c: int) -> int:
    double_area: int = (x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a])
    return double_area


@lean_kernel
def _in_circle(x: Integers, y: Integers, a: int, b: int, c: int, d: int) -> bool:
    """Tell whether d is surely inside the circle through a, b, c (counter-clockwise)."""
    ax, ay = float(x[a] - x[d]), float(y[a] - y[d])
    bx, by = float(x[b] - x[d]), float(y[b] - y[d])
    cx, cy = float(x[c] - x[d]), float(y[c] - y[d])
    aa, bb, cc = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    determinant = aa * (bx * cy - by * cx) + bb * (cx * ay - cy * ax) + cc * (ax * by - ay * bx)
    size = aa * (abs(bx * cy) + abs(by * cx)) + bb * (abs(cx * ay) + abs(cy * ax)) + cc * (abs(ax * by) + abs(ay * bx))
    return determinant > INCIRCLE_ERROR * size


@lean_kernel
def _link(twin: Integers, e: int, f: int) -> None:
    twin[e] = f
    if f >= 0:
        twin[f] = e


@lean_kernel
def _locate(x: Integers, y: Integers, corner: Integers, twin: Integers, count: int, start: int, p: int) -> int:
    """Return the triangle that holds point p, walking from triangle ``start``."""
    t, steps = start, 0
    while steps < count + 8:
        e = 3 * t
        if _orient(x, y, corner[e], corner[e + 1], p) < 0:
            t = twin[e] // 3
        elif _orient(x, y, corner[e + 1], corner[e + 2], p) < 0:
            t = twin[e + 1] // 3
        elif _orient(x, y, corner[e + 2], corner[e], p) < 0:
            t = twin[e + 2] // 3
        else:
            return t
        steps += 1
    for t in range(count):  # a walk can only go round in circles where triangles are not quite Delaunay
        e = 3 * t
        if (
            _orient(x, y, corner[e], corner[e + 1], p) >= 0
            and _orient(x, y, corner[e + 1], corner[e + 2], p) >= 0
            and _orient(x, y, corner[e + 2], corner[e], p) >= 0
        ):
            return t
    return -1


@lean_kernel
def _legalise(x: Integers, y: Integers, corner: Integers, twin: Integers, stack: Integers, height: int) -> None:
    """Flip edges until those on the stack, and all that flips uncover, are Delaunay; the new point lies opposite each of them."""
    while height > 0:
        height -= 1
        a = stack[height]
        b = twin[a]
        if b < 0:
            continue
        a0, b0 = a - a % 3, b - b % 3
        al, ar = a0 + (a + 1) % 3, a0 + (a + 2) % 3
        br, bl = b0 + (b + 1) % 3, b0 + (b + 2) % 3
        if not _in_circle(x, y, corner[ar], corner[a], corner[al], corner[bl]):
            continue
        corner[a], corner[b] = corner[bl], corner[ar]
        _link(twin, a, twin[bl])
        _link(twin, b, twin[ar])
        _link(twin, ar, bl)
        stack[height], stack[height + 1] = a, br
        height += 2


@lean_kernel
def _triangulate(x: Integers, y: Integers, n: int, corner: Integers, twin: Integers, stack: Integers) -> int:
    """Fill ``corner`` and ``twin`` with the Delaunay triangles of n points and the four corners of the frame; return how many triangles."""
    # Edge e of triangle e // 3 runs from corner[e] to the next corner; twin[e] is the same edge seen from the other side, -1 outside.
    corner[0], corner[1], corner[2] = n, n + 1, n + 2
    corner[3], corner[4], corner[5] = n, n + 2, n + 3
    twin[:6] = -1
    _link(twin, 2, 3)
    count, t = 2, 0
    for p in range(n):
        t = _locate(x, y, corner, twin, count, t, p)
        e = 3 * t
        on, known = -1, False
        for k in range(3):
            known |= x[corner[e + k]] == x[p] and y[corner[e + k]] == y[p]
            if _orient(x, y, corner[e + k], corner[e + (k + 1) % 3], p) == 0:
                on = e + k
        if known:
            continue
        if on < 0:
            a, b, c = corner[e], corner[e + 1], corner[e + 2]
            tb, tc = twin[e + 1], twin[e + 2]
            f, g = 3 * count, 3 * count + 3
            count += 2
            corner[e + 2] = p  # a b p
            corner[f], corner[f + 1], corner[f + 2] = b, c, p
            corner[g], corner[g + 1], corner[g + 2] = c, a, p
            _link(twin, f, tb)
            _link(twin, g, tc)
            _link(twin, e + 1, f + 2)
            _link(twin, f + 1, g + 2)
            _link(twin, g + 1, e + 2)
            stack[0], stack[1], stack[2] = e, f, g
            _legalise(x, y, corner, twin, stack, 3)
        else:  # p lies on edge a-b between c and d: four triangles
            o = twin[on]
            e1, e2 = e + (on + 1) % 3, e + (on + 2) % 3
            o0 = o - o % 3
            o1, o2 = o0 + (o + 1) % 3, o0 + (o + 2) % 3
            b, c, a, d = corner[e1], corner[e2], corner[on], corner[o2]
            tbc, tad = twin[e1], twin[o1]
            f, g = 3 * count, 3 * count + 3
            count += 2
            corner[e1] = p  # a p c, in place of a b c
            corner[f], corner[f + 1], corner[f + 2] = p, b, c
            corner[o1] = p  # b p d, in place of b a d
            corner[g], corner[g + 1], corner[g + 2] = p, a, d
            _link(twin, f + 1, tbc)
            _link(twin, g + 1, tad)
            _link(twin, e1, f + 2)
            _link(twin, o1, g + 2)
            _link(twin, on, g)
            _link(twin, o, f)
            stack[0], stack[1], stack[2], stack[3] = e2, f + 1, o2, g + 1
            _legalise(x, y, corner, twin, stack, 4)
    return count


@lean_kernel
def _centres(x: Integers, y: Integers, corner: Integers, count: int, centres: Floats) -> None:
    """Write the centre of the circle through the corners of each triangle, in grid units."""
    for t in range(count):
        a, b, c = corner[3 * t], corner[3 * t + 1], corner[3 * t + 2]
        bx, by = float(x[b] - x[a]), float(y[b] - y[a])
        cx, cy = float(x[c] - x[a]), float(y[c] - y[a])
        bb, cc, double_area = bx * bx + by * by, cx * cx + cy * cy, 2.0 * float(_orient(x, y, a, b, c))
        centres[t, 0] = x[a] + (cy * bb - by * cc) / double_area
        centres[t, 1] = y[a] + (bx * cc - cx * bb) / double_area


@lean_kernel
def _ridge_edges(label: Integers, corner: Integers, count: int, parts: npt.NDArray[np.bool_], degree: Integers) -> None:
    """Write which edges part two labels (the frame has label -1 and parts nothing), and how many edges of each triangle do."""
    for t in range(count):
        degree[t] = 0
    for e in range(3 * count):
        a, b = label[corner[e]], label[corner[e - e % 3 + (e + 1) % 3]]
        parts[e] = a != b and a >= 0 and b >= 0
        degree[e // 3] += parts[e]


@lean_kernel
def _walk(e: int, parts: npt.NDArray[np.bool_], degree: Integers, twin: Integers, path: Integers) -> int:
    """Follow the ridge that leaves triangle ``e // 3`` through edge e to its next junction or end; write the triangles passed into ``path``."""
    path[0] = e // 3
    steps = 1
    while True:
        f = twin[e]
        parts[e] = parts[f] = False
        t = f // 3
        path[steps] = t
        steps += 1
        if degree[t] != 2:
            return steps
        e = -1
        for k in range(3):
            if parts[3 * t + k]:
                e = 3 * t + k
        if e < 0:  # a ring is closed
            return steps


@kernel
def _longer(array: Integers) -> Integers:
    grown = np.empty(2 * len(array), dtype=np.int64)
    for row in range(len(array)):
        grown[row] = array[row]
    return grown


@kernel
def _chains(x: Integers, y: Integers, label: Integers, starts: Integers, frame: int) -> tuple[Floats, Integers, Integers]:
    """Return coordinates in grid units, the first coordinate of each chain (and the end), and the group of each chain."""
    largest = 0
    for g in range(len(starts) - 1):
        largest = max(largest, starts[g + 1] - starts[g])
    room = 6 * largest + 12
    corner, twin, stack, path = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    gx, gy, own = np.empty(largest + 4, np.int64), np.empty(largest + 4, np.int64), np.empty(largest + 4, np.int64)
    centres, parts, degree = np.empty((2 * largest + 4, 2)), np.empty(room, np.bool_), np.empty(2 * largest + 4, np.int64)
    xy, first, group = np.empty((1024, 2)), np.empty(1024, np.int64), np.empty(1024, np.int64)
    used, chains = 0, 0
    for g in range(len(starts) - 1):
        size = starts[g + 1] - starts[g]
        for k in range(size):
            gx[k], gy[k], own[k] = x[starts[g] + k], y[starts[g] + k], label[starts[g] + k]
        for k in range(4):
            gx[size + k] = frame if k in (1, 2) else -frame
            gy[size + k] = frame if k >= 2 else -frame
            own[size + k] = -1
        count = _triangulate(gx, gy, size, corner, twin, stack)
        _ridge_edges(own, corner, count, parts, degree)
        _centres(gx, gy, corner, count, centres)
        for rings in range(2):  # first the chains between junctions and ends, then what is left: closed rings
            for e in range(3 * count):
                if not parts[e] or (rings == 0 and degree[e // 3] == 2):
                    continue
                steps = _walk(e, parts, degree, twin, path)
                if used + steps > len(xy):
                    grown = np.empty((2 * (used + steps), 2))
                    for row in range(used):
                        grown[row, 0], grown[row, 1] = xy[row, 0], xy[row, 1]
                    xy = grown
                if chains + 1 == len(first):
                    first, group = _longer(first), _longer(group)
                first[chains], group[chains] = used, g
                for k in range(steps):
                    xy[used + k, 0], xy[used + k, 1] = centres[path[k], 0], centres[path[k], 1]
                used, chains = used + steps, chains + 1
    first[chains] = used
    return xy[:used], first[: chains + 1], group[:chains]


def distinct(xy: Floats, group: Integers, bounds: Floats) -> npt.NDArray[np.bool_]:
    """Tell which points to keep so that no two of a group fall on one spot of its grid; of those that do, the first is kept.

    ``xy`` metres, shape (n, 2); ``group`` int64 (n,); ``bounds`` metres, shape (groups, 4).
    """
    x, y = _on_grid(xy, group, bounds)
    key = x * np.int64(2 * FRAME) + y
    order = np.argsort(key)
    equal = key[order[1:]] == key[order[:-1]]
    suspects = np.unique(np.concatenate((order[1:][equal], order[:-1][equal])))
    exact = suspects[np.lexsort((suspects, group[suspects], key[suspects]))]
    fresh = np.ones(len(xy), dtype=bool)
    fresh[exact[1:]] = (key[exact[1:]] != key[exact[:-1]]) | (group[exact[1:]] != group[exact[:-1]])
    return fresh


def _on_grid(xy: Floats, group: Integers, bounds: Floats) -> tuple[Integers, Integers]:
    """Return x and y in grid units from the middle of each point's group."""
    middle, unit = _grid(bounds)
    cells = np.rint((xy - middle[group]) / unit[group, None]).astype(np.int64)
    return cells[:, 0], cells[:, 1]


def _grid(bounds: Floats) -> tuple[Floats, Floats]:
    """Return the middle and the grid unit in metres of each group."""
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    half = np.maximum((bounds[:, 2:] - bounds[:, :2]).max(axis=1) / 2, 1.0)
    # 0.1 mm is fine enough for any wall; only groups wider than some 6 km need a coarser grid.
    return middle, np.maximum(1e-4, half * REACH / FRAME)


def ridges(xy: Floats, label: Integers, group: Integers, bounds: Floats) -> tuple[Floats, Integers, Integers]:
    """Return the lines half way between points of different labels, group by group.

    Each group has its own Voronoi diagram; ``bounds`` (groups, 4; metres) must hold its points and the land to be divided. Inside the bounds the
    lines are the exact borders (to the grid of 0.1 mm); outside they may end anywhere. Of points that fall together one counts. Returns coordinates
    (metres), the position of each chain's first coordinate with the end added, and each chain's group.

    >>> xy, first, group = ridges(np.array([[1.0, 5.0], [9.0, 5.0]]), np.array([0, 1]), np.array([0, 0]), np.array([[0.0, 0.0, 10.0, 10.0]]))
    >>> len(first) - 1, set(xy[:, 0].round(3).tolist())
    (1, {5.0})
    """
    x, y = _on_grid(xy, group, bounds)
    order = _serpentine(x, y, group, len(bounds))
    starts = np.searchsorted(group[order], np.arange(len(bounds) + 1))
    cells, first, chain_group = _chains(x[order], y[order], label[order], starts, int(FRAME))
    middle, unit = _grid(bounds)
    of_point = np.repeat(chain_group, np.diff(first))
    return cells * unit[of_point, None] + middle[of_point], first, chain_group


def _serpentine(x: Integers, y: Integers, group: Integers, groups: int) -> Integers:
    """Return an order in which each point lies near the one before: rows of a coarse grid, to and fro, group by group."""
    size = np.bincount(group, minlength=groups)
    low, high = np.full(groups, np.iinfo(np.int64).max), np.full(groups, np.iinfo(np.int64).min)
    np.minimum.at(low, group, y)
    np.maximum.at(high, group, y)
    rows = np.ceil(np.sqrt(size / 2)).astype(np.int64) + 1
    row = ((y - low[group]) * (rows - 1)[group]) // np.maximum(high - low, 1)[group]
    first_row = np.cumsum(rows) - rows
    return np.argsort((first_row[group] + row) * np.int64(4 * FRAME) + np.where(row % 2 == 0, x, -x))
