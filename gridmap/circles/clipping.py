"""Outlines cut at the lines between faces (Weiler and Atherton 1977): what lies in faces that nobody comes into is taken off."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gridmap.circles.compounds import OUTSIDE
from gridmap.circles.polygons import FIRM, encloses
from gridmap.kernels import kernel, lean_kernel

Marks32 = npt.NDArray[np.int32]

FINE, TOUCHING, FAILED = 0, 1, 2
"""How cutting ended: well; with rings that may touch one another; with lines so close to each other that their order could not be told."""


class Marks(NamedTuple):
    """What drawings have come to, by the number of the drawing, so that nothing has to be wiped.

    ``seen``, ``half``, ``crossed`` and ``passed`` are of lines between faces: the drawing that looked at it, its direction with open land on the
    left, the last crossing on it, and who walked along it.
    """

    seen: Marks32
    half: Marks32
    crossed: Marks32
    passed: Marks32


def marks_of(lines: int) -> Marks:
    """Return marks of nothing."""
    return Marks(*(np.zeros(lines, np.int32) for _ in range(4)))


@kernel
def open_faces(rims: Any, entered: Any, bridged: Any, circle: Any, shut: Any) -> Any:
    """Return whether a circle may lie in each face, and last (:data:`OUTSIDE`) whether it may lie outside all of them, which ``shut`` denies.

    ``entered`` and ``bridged`` hold the number of the circle that last came into enclosed land, and onto a piece of a bridge.
    """
    parent, bridge_from, bridge = rims.parent, rims.bridge_from, rims.bridge
    found = np.empty(parent.size + 1, np.bool_)
    found[OUTSIDE] = not shut
    any_bridged = False
    for piece in range(bridged.size):
        any_bridged |= bridged[piece] == circle
    for face in range(parent.size):
        found[face] = not shut if parent[face] == OUTSIDE else entered[parent[face]] == circle
    if any_bridged:
        for face in range(parent.size):
            for k in range(bridge_from[face], bridge_from[face + 1]):
                found[face] = found[face] or bridged[bridge[k]] == circle
    return found


@lean_kernel
def _next(half: Any, turn: Any, left: Any, is_open: Any) -> Any:
    """Return the half that goes on along the closed land on the right, and whether other closed land touches it where it begins."""
    back = half ^ 1
    found, several = -1, 0
    out = turn[back]
    while out != back:
        if is_open[left[out]] and not is_open[left[out ^ 1]]:
            found, several = (out if found < 0 else found), several + 1
        out = turn[out]
    return found if found >= 0 else back, several > 1


@kernel
def looked_at(codes: Any, left: Any, bottom: Any, halvings: Any, rims: Any, marks: Any, is_open: Any, now: Any) -> Any:
    """Return the halves between open and closed land in cells that the outline holds some of."""
    rows, columns = codes.shape
    line_from, line_in, side_of, all_columns, lined, lined_from = rims.line_from, rims.line, rims.left, rims.columns, rims.lined, rims.lined_from
    seen, half, crossed = marks.seen, marks.half, marks.crossed
    found, count = np.empty(seen.size, np.int32), 0
    for row in range(bottom >> halvings, ((bottom + rows - 1) >> halvings) + 1):
        begin = row * all_columns + (left >> halvings)
        end = row * all_columns + ((left + columns - 1) >> halvings)
        low, high = lined_from[row], lined_from[row + 1]
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if lined[middle] < begin else (low, middle)
        for m in range(low, lined_from[row + 1]):
            place = lined[m]
            if place > end:
                break
            any_lower = False
            from_i, from_j = (row << halvings) - bottom, ((place - row * all_columns) << halvings) - left
            for i in range(max(0, from_i), min(rows, from_i + (1 << halvings))):
                for j in range(max(0, from_j), min(columns, from_j + (1 << halvings))):
                    any_lower = any_lower or codes[i, j] > 0
            if not any_lower:
                continue
            for k in range(line_from[place], line_from[place + 1]):
                line = line_in[k]
                if seen[line] == now:
                    continue
                one, other = is_open[side_of[2 * line]], is_open[side_of[2 * line + 1]]
                seen[line], half[line], crossed[line] = now, -1, -1
                if one != other:
                    half[line] = 2 * line + (0 if one else 1)
                    found[count] = half[line]
                    count += 1
    return found[:count]


@kernel
def _aside(ax: Any, ay: Any, bx: Any, by: Any, x: Any, y: Any) -> Any:
    """Return on which side of the line from a to b a place lies: above 0 on its left."""
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax)


@kernel
def _meets(px: Any, py: Any, qx: Any, qy: Any, line: Any, x: Any, y: Any) -> Any:
    """Return whether the way from p to q meets a line, its share of the way, that of the line, and whether it comes from the line's left."""
    ax, ay, bx, by = x[2 * line], y[2 * line], x[2 * line + 1], y[2 * line + 1]
    p, q = _aside(ax, ay, bx, by, px, py), _aside(ax, ay, bx, by, qx, qy)
    if (p > 0) == (q > 0):
        return False, 0.0, 0.0, False
    a, b = _aside(px, py, qx, qy, ax, ay), _aside(px, py, qx, qy, bx, by)
    if (a > 0) == (b > 0):
        return False, 0.0, 0.0, False
    return True, p / (p - q), a / (a - b), p > 0


@kernel
def _crossings(corners: Any, side: Any, within: Any, first: Any, rims: Any, marks: Any, room: Any) -> Any:
    """Return where rings cross lines, in order: the corner before, the share of the way on from there, the half, the share of it, whether
    the ring comes in there; where those of each ring begin; and whether they come in and go out by turns. Corners near lines must stay.
    """
    rings = first.size - 1
    line_from, line_in, x, y, half_of = rims.line_from, rims.line, rims.x, rims.y, marks.half
    at, far, half, along, enters = np.empty(room, np.int64), np.empty(room), np.empty(room, np.int32), np.empty(room), np.empty(room, np.bool_)
    begins = np.zeros(rings + 1, np.int64)
    count, by_turns = 0, True
    for ring in range(rings):
        for k in range(first[ring], first[ring + 1]):
            place = within[k]
            if line_from[place] == line_from[place + 1]:
                continue
            on = k + 1 if k + 1 < first[ring + 1] else first[ring]
            before = count
            for i in range(line_from[place], line_from[place + 1]):
                line = line_in[i]
                if half_of[line] < 0:
                    continue
                side[k] = side[on] = FIRM
                met, share, of_line, from_left = _meets(corners[k, 0], corners[k, 1], corners[on, 0], corners[on, 1], line, x, y)
                if not met:
                    continue
                if count == room:
                    return at, far, half, along, enters, begins, by_turns, False
                m = count
                while m > before and far[m - 1] > share:
                    at[m], far[m], half[m], along[m], enters[m] = at[m - 1], far[m - 1], half[m - 1], along[m - 1], enters[m - 1]
                    m -= 1
                turned = half_of[line] & 1
                at[m], far[m], half[m] = k, share, half_of[line]
                along[m], enters[m] = 1 - of_line if turned else of_line, from_left == (turned == 1)
                count += 1
        begins[ring + 1] = count
        for m in range(begins[ring], count):
            following = m + 1 if m + 1 < count else begins[ring]
            by_turns = by_turns and enters[m] != enters[following]
    return at[:count], far[:count], half[:count], along[:count], enters[:count], begins, by_turns, True


@lean_kernel
def _in_open(x: Any, y: Any, place: Any, rims: Any, marks: Any, is_open: Any) -> bool:
    """Return whether a place, in cell ``place`` of the rims' raster, lies on open land: told from a corner of the cell by the lines on the way."""
    found, half, line, line_x, line_y = is_open[rims.label[place]], marks.half, rims.line, rims.x, rims.y
    from_x, from_y = place % rims.columns * rims.cell, place // rims.columns * rims.cell
    for k in range(rims.line_from[place], rims.line_from[place + 1]):
        if half[line[k]] >= 0 and _meets(from_x, from_y, x, y, line[k], line_x, line_y)[0]:
            found = not found
    return bool(found)


@lean_kernel
def _lower(x: Any, y: Any, codes: Any, left: Any, bottom: Any, cell: Any) -> int:
    """Return how many corners of the cell that a place lies in are within the width."""
    i, j = int(np.floor(y / cell)) - bottom, int(np.floor(x / cell)) - left
    return int(codes[i, j]) if 0 <= i < codes.shape[0] and 0 <= j < codes.shape[1] else 0


@lean_kernel
def _in_rings(x: Any, y: Any, corners: Any, first: Any) -> bool:
    odd = False
    for ring in range(first.size - 1):
        last = first[ring + 1] - 1
        odd = odd != encloses(corners, first[ring], first[ring + 1], x, y)
        ax, ay, bx, by = corners[last, 0], corners[last, 1], corners[first[ring], 0], corners[first[ring], 1]
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            odd = not odd
    return odd


@lean_kernel
def _between(corners: Any, first: Any, ring: Any, k: Any, share: Any, out: Any, out_side: Any, total: Any) -> Any:
    """Write the place on a ring some share of the way from corner ``k`` to the next; return the number of the next."""
    after = k + 1 if k + 1 < first[ring + 1] else first[ring]
    out[total, 0] = corners[k, 0] + share * (corners[after, 0] - corners[k, 0])
    out[total, 1] = corners[k, 1] + share * (corners[after, 1] - corners[k, 1])
    out_side[total] = FIRM
    return after


@lean_kernel
def _along_ring(corners: Any, side: Any, first: Any, ring: Any, at: Any, far: Any, begin: Any, end: Any, out: Any, out_side: Any, total: Any) -> Any:
    """Write an outline from one of its crossings to another, both included; return how many corners are written then."""
    k, last = at[begin], at[end]
    after = _between(corners, first, ring, k, far[begin], out, out_side, total)
    total += 1
    if last != k or end < begin:
        while True:
            k = after
            out[total, 0], out[total, 1], out_side[total] = corners[k, 0], corners[k, 1], side[k]
            total += 1
            after = k + 1 if k + 1 < first[ring + 1] else first[ring]
            if k == last:
                break
    _between(corners, first, ring, k, far[end], out, out_side, total)
    return total + 1


@lean_kernel
def _ahead(crossing: Any, but: Any, spot: Any, along: Any, following: Any) -> Any:
    """Return the next crossing on a line from ``spot`` on, out of the chain that begins with ``crossing``; -1 for none."""
    best, nearest = -1, 2.0
    while crossing >= 0:
        if crossing != but and along[crossing] >= spot and along[crossing] < nearest:
            best, nearest = crossing, along[crossing]
        crossing = following[crossing]
    return best


@kernel
def _walked(corners: Any, side: Any, first: Any, found: Any, rims: Any, marks: Any, is_open: Any, now: Any, out: Any, out_side: Any) -> Any:
    """Write the rings that lead along outlines and lines by turns; return where each begins, and how it went."""
    at, far, half, along, enters, begins, _, _ = found
    seen, crossed, passed, turn, left_of, x, y = marks.seen, marks.crossed, marks.passed, rims.turn, rims.left, rims.x, rims.y
    ring_of, following = np.empty(at.size, np.int64), np.full(at.size, -1, np.int64)
    out_first, rings, total, state = np.zeros(at.size + 1, np.int64), 0, 0, FINE
    for ring in range(first.size - 1):
        for m in range(begins[ring], begins[ring + 1]):
            ring_of[m] = ring
            # The crossings of a line stand in a chain.
            following[m] = crossed[half[m] >> 1]
            crossed[half[m] >> 1] = m
    done = np.zeros(at.size, np.bool_)
    for begun in range(at.size):
        if not enters[begun] or done[begun]:
            continue
        m = begun
        while True:
            if done[m] or not enters[m]:
                return out_first[:1], 0, FAILED
            done[m] = True
            ring = ring_of[m]
            on = m + 1 if m + 1 < begins[ring + 1] else begins[ring]
            total = _along_ring(corners, side, first, ring, at, far, m, on, out, out_side, total)
            h, spot, steps = half[on], along[on], 0
            while True:
                passed[h >> 1] = now
                best = _ahead(crossed[h >> 1] if seen[h >> 1] == now else -1, on, spot, along, following)
                if best >= 0:
                    break
                steps += 1
                if total + corners.shape[0] + 4 > out.shape[0] or steps > x.size:
                    return out_first[:1], 0, FAILED
                out[total, 0], out[total, 1], out_side[total] = x[h ^ 1], y[h ^ 1], FIRM
                total += 1
                h, touching = _next(h, turn, left_of, is_open)
                state = max(state, TOUCHING if touching else FINE)
                spot = -1.0
            m = best
            if m == begun:
                break
        rings += 1
        out_first[rings] = total
    return out_first[: rings + 1], total, state


@lean_kernel
def _round(begun: Any, rims: Any, marks: Any, is_open: Any, now: Any, out: Any, out_side: Any, total: Any) -> Any:
    """Write the ring of lines that no outline crosses; return how many corners are written then, and how it went."""
    h, state = begun, FINE
    while True:
        marks.passed[h >> 1] = now
        if total == out.shape[0]:
            return total, FAILED
        out[total, 0], out[total, 1], out_side[total] = rims.x[h], rims.y[h], FIRM
        total += 1
        h, touching = _next(h, rims.turn, rims.left, is_open)
        state = max(state, TOUCHING if touching else FINE)
        if h == begun:
            return total, state
        if marks.passed[h >> 1] == now or marks.seen[h >> 1] != now or marks.crossed[h >> 1] >= 0:
            return total, FAILED


@lean_kernel
def _passed_by(begun: Any, rims: Any, marks: Any, is_open: Any, now: Any) -> None:
    """Mark the lines that follow one outside the outline, as far as no outline crosses them: they lie outside too."""
    h, turn, left, seen, crossed, passed = begun, rims.turn, rims.left, marks.seen, marks.crossed, marks.passed
    while seen[h >> 1] == now and crossed[h >> 1] < 0 and passed[h >> 1] != now:
        passed[h >> 1] = now
        h, _ = _next(h, turn, left, is_open)


@lean_kernel
def _uncrossed(
    near: Any, corners: Any, first: Any, codes: Any, left: Any, bottom: Any, cell: Any, rims: Any, marks: Any, is_open: Any, now: Any,
    out: Any, out_side: Any, out_first: Any, total: Any, rings: Any, state: Any,
) -> Any:  # fmt: skip
    """Write the rings of lines that no outline crosses; return how many corners and rings are written then, and how it went.

    Such lines lie in the circle as a whole or not at all. Most are told by a cell that does or does not, those that follow them with them, and few by
    all the rings.
    """
    passed, crossed, x, y = marks.passed, marks.crossed, rims.x, rims.y
    for by_rings in range(2):
        for m in range(near.size):
            h = near[m]
            if passed[h >> 1] == now or crossed[h >> 1] >= 0:
                continue
            lower = _lower(x[h], y[h], codes, left, bottom, cell)
            if 0 < lower < 15:
                if not by_rings:
                    continue
                lower = 15 if _in_rings(x[h], y[h], corners, first) else 0
            if lower == 0:
                _passed_by(h, rims, marks, is_open, now)
                continue
            total, touching = _round(h, rims, marks, is_open, now, out, out_side, total)
            if touching == FAILED:
                return total, rings, FAILED
            state = max(state, touching)
            rings += 1
            out_first[rings] = total
    return total, rings, state


@kernel
def clipped(
    corners: Any, side: Any, within: Any, first: Any, codes: Any, near: Any, left: Any, bottom: Any, cell: Any,
    rims: Any, marks: Any, is_open: Any, now: Any,
) -> Any:  # fmt: skip
    """Return the rings of the part of an outline on open land as :func:`gridmap.circles.rasters.rings` does, and how it went.

    ``near`` are the halves that :func:`looked_at` returned.
    """
    room = 64
    found = _crossings(corners, side, within, first, rims, marks, room)
    while not found[7]:
        room *= 4
        found = _crossings(corners, side, within, first, rims, marks, room)
    begins, by_turns = found[5], found[6]
    if not by_turns:
        return corners, side, first, FAILED
    room = 2 * (corners.shape[0] + 2 * found[0].size + near.size) + 64
    out, out_side = np.empty((room, 2)), np.empty(room, np.int8)
    walked, total, state = _walked(corners, side, first, found, rims, marks, is_open, now, out, out_side)
    if state == FAILED:
        return corners, side, first, FAILED
    rings = walked.size - 1
    out_first = np.empty(walked.size + first.size + near.size, np.int64)
    out_first[: rings + 1] = walked
    for ring in range(first.size - 1):
        k = first[ring]
        place = within[k]
        if begins[ring] < begins[ring + 1] or not _in_open(corners[k, 0], corners[k, 1], place, rims, marks, is_open):
            continue
        for k in range(first[ring], first[ring + 1]):
            out[total, 0], out[total, 1], out_side[total] = corners[k, 0], corners[k, 1], side[k]
            total += 1
        rings += 1
        out_first[rings] = total
    total, rings, state = _uncrossed(
        near, corners, first, codes, left, bottom, cell, rims, marks, is_open, now, out, out_side, out_first, total, rings, state
    )
    return (out[:total], out_side, out_first[: rings + 1].copy(), state) if state != FAILED else (corners, side, first, FAILED)
