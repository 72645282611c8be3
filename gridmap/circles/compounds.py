"""What circles are cut at: the faces into which walls, banks and railways divide the land, and the bridges that lead over water."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.kernels import kernel
from gridmap.walking.segments import Floats, Geometries, Integers, Mask
from gridmap.walking.walls import Walls

BESIDE_M = 0.5
"""A street lies inside a wall when it comes this far within."""

BRIDGE_M = 5.0
"""A bridge is drawn so far to both sides of its middle, and reached in pieces no longer than this."""

OUTSIDE = -1
"""The face of what lies outside all walls."""


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces that walls, banks and railways enclose, which of them are water, and each without a strip of :data:`BESIDE_M` along its rim."""

    faces: Geometries
    wet: Mask
    within: Geometries

    def in_box(self, box: Sequence[float]) -> Integers:
        """Return the positions of those that come into a box, in order."""
        return np.sort(shapely.STRtree(self.faces).query(shapely.box(*box)))

    def take(self, chosen: Integers) -> Faces:
        """Return those at some positions."""
        return Faces(self.faces[chosen], self.wet[chosen], self.within[chosen])


@lru_cache(maxsize=2)
def faces_of(walls: Walls) -> Faces:
    """Return the faces; those of the walls asked about last are kept."""
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(walls.rims)])) if len(walls.rims) else np.empty(0, dtype=object)
    faces = np.asarray(faces, dtype=object)
    wet = np.zeros(len(faces), dtype=bool)
    wet[shapely.STRtree(shapely.point_on_surface(faces)).query(walls.water, predicate="intersects")[1]] = True
    return Faces(faces, wet, shapely.buffer(faces, -BESIDE_M))


class Rims(NamedTuple):
    """The lines between faces, for kernels. Line ``e`` is walked in two directions, ``2 * e`` and ``2 * e + 1``, its halves.

    ``x`` and ``y`` are where a half begins, ``left`` is the face on its left (:data:`OUTSIDE` for none), ``turn`` the half that leaves the same place
    next, anticlockwise. A face is a part of the enclosed land ``parent``, and wherever it lies it belongs to the pieces of
    bridges ``bridge[bridge_from[f] : bridge_from[f + 1]]``. ``line[line_from[c] : line_from[c + 1]]`` are the lines in cell ``c`` of a
    raster of ``columns`` cells of ``cell`` metres in a row, and ``label`` the face of its south-western corner. ``lined`` are the cells with lines,
    those in row ``i`` of the raster ``lined[lined_from[i] : lined_from[i + 1]]``.
    """

    x: Floats
    y: Floats
    left: npt.NDArray[np.int32]
    turn: npt.NDArray[np.int32]
    parent: npt.NDArray[np.int32]
    bridge: npt.NDArray[np.int32]
    bridge_from: Integers
    line: npt.NDArray[np.int32]
    line_from: npt.NDArray[np.int32]
    label: npt.NDArray[np.int32]
    columns: int
    cell: float
    lined: npt.NDArray[np.int32]
    lined_from: npt.NDArray[np.int32]


def bridge_pieces(ends: Floats, follows: Mask) -> tuple[Geometries, Integers]:
    """Return the surface of bridges in pieces no longer than :data:`BRIDGE_M`, and how many pieces each stretch has.

    ``ends`` are the two places between which each stretch runs (n x 2 x 2), ``follows`` whether it goes on from the stretch before.
    """
    step = ends[:, 1] - ends[:, 0]
    length = np.hypot(step[:, 0], step[:, 1])
    aside = np.column_stack((-step[:, 1], step[:, 0])) / np.maximum(length, 1e-9)[:, None]
    # Where stretches meet at an angle their pieces share a rung half-way between both.
    at_begin = aside + np.where(follows[:, None], np.roll(aside, 1, axis=0), aside)
    at_begin /= np.maximum(np.hypot(at_begin[:, 0], at_begin[:, 1]), 1e-9)[:, None]
    at_end = np.where(np.append(follows[1:], False)[: len(ends), None], np.roll(at_begin, -1, axis=0), aside)
    count = np.maximum(np.ceil(length / BRIDGE_M), 1).astype(np.int64)
    owner = np.repeat(np.arange(len(ends)), count)
    turn = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    last = turn + 1 == count[owner]
    begin = ends[owner, 0] + (turn / count[owner])[:, None] * step[owner]
    end = np.where(last[:, None], ends[owner, 1], ends[owner, 0] + ((turn + 1) / count[owner])[:, None] * step[owner])
    rung = BRIDGE_M * np.where(turn[:, None] == 0, at_begin[owner], aside[owner])
    next_rung = BRIDGE_M * np.where(last[:, None], at_end[owner], aside[owner])
    # In whole millimetres, so that the bridges of edges that go on from each other share their rungs too.
    corners = np.round(np.stack((begin + rung, begin - rung, end - next_rung, end + next_rung), axis=1), 3)
    return np.asarray(shapely.polygons(corners), dtype=object) if len(corners) else np.empty(0, dtype=object), count


def rims_of(faces: Geometries, bridges: Geometries, corner: Floats, rows: int, columns: int, cell_m: float) -> Rims:
    """Return the lines of ``faces`` and of pieces of ``bridges``, in metres from ``corner``, on a raster from there."""
    parts, parent = faces, np.arange(len(faces), dtype=np.int32)
    bridge_from, bridge = np.zeros(len(faces) + 1, dtype=np.int64), np.empty(0, dtype=np.int32)
    if len(bridges):
        # Faces that no bridge touches stay as they are.
        cut = np.unique(shapely.STRtree(bridges).query(faces, predicate="intersects")[0])
        drawn = np.concatenate((shapely.boundary(faces[cut]), shapely.boundary(bridges)))
        made = np.asarray(shapely.get_parts(shapely.polygonize([shapely.union_all(drawn)])), dtype=object)
        spot = shapely.point_on_surface(made)
        own = np.full(len(made), OUTSIDE, dtype=np.int32)
        # Asked by the faces, of which some are large: each is looked through once.
        face, part = shapely.STRtree(spot).query(faces[cut], predicate="intersects")
        own[part] = cut[face]
        part, piece = shapely.STRtree(shapely.convex_hull(bridges)).query(spot, predicate="intersects")
        # What only fills a hole of these faces is another face, or land outside all of them.
        kept = own != OUTSIDE
        kept[part] = True
        part = (np.cumsum(kept) - 1)[part]
        parts, parent = np.concatenate((made[kept], np.delete(faces, cut))), np.concatenate((own[kept], np.delete(parent, cut)))
        order = np.argsort(part, kind="stable")
        bridge = piece[order].astype(np.int32)
        bridge_from = np.searchsorted(part[order], np.arange(len(parts) + 1))
    x, y, left, turn = _halves(parts, corner)
    line_from, line = _lines_in_cells(x, y, rows, columns, cell_m)
    label = _labels(x, y, left, rows, columns, cell_m)
    lined = np.flatnonzero(np.diff(line_from)).astype(np.int32)
    lined_from = np.searchsorted(lined, np.arange(rows + 1) * columns).astype(np.int32)
    return Rims(x, y, left, turn, parent, bridge, bridge_from, line, line_from, label, columns, cell_m, lined, lined_from)


def _halves(faces: Geometries, corner: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return where each half of a line begins, the face on its left, and the half that leaves the same place next, anticlockwise."""
    rings, face = shapely.get_rings(shapely.orient_polygons(faces), return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    spot, number = np.unique(places[:, 0] + 1j * places[:, 1], return_inverse=True)
    inner = np.flatnonzero(np.diff(ring) == 0)
    tail, head, owner = number[inner], number[inner + 1], face[ring[inner]]
    forward = tail < head
    pair, line = np.unique(np.where(forward, tail * len(spot) + head, head * len(spot) + tail), return_inverse=True)
    low, high = pair // max(len(spot), 1), pair % max(len(spot), 1)
    left = np.full(2 * len(pair), OUTSIDE, dtype=np.int32)
    left[2 * line + ~forward] = owner
    begin = np.empty(2 * len(pair), dtype=np.int64)
    begin[::2], begin[1::2] = low, high
    x, y = spot.real[begin] - corner[0], spot.imag[begin] - corner[1]
    other = np.arange(len(begin)) ^ 1
    angle = np.arctan2(y[other] - y, x[other] - x)
    order = np.lexsort((angle, begin))
    follows = np.roll(order, -1)
    starts = np.flatnonzero(np.diff(begin[order], prepend=-1) != 0)
    if len(order):
        follows[np.append(starts[1:], len(order)) - 1] = order[starts]
    turn = np.empty(len(begin), dtype=np.int32)
    turn[order] = follows
    return x, y, left, turn


@kernel
def _lines_in_cells(x: Any, y: Any, rows: Any, columns: Any, cell: Any) -> Any:
    """Return the lines of each cell (compressed rows); a line may also stand in cells that it only comes near to."""
    count = np.zeros(rows * columns + 1, np.int32)
    line = np.empty(0, np.int32)
    for turn in range(2):
        if turn == 1:
            for c in range(rows * columns):
                count[c + 1] += count[c]
            line = np.empty(count[rows * columns], np.int32)
        for e in range(x.size // 2):
            ax, ay, bx, by = x[2 * e] / cell, y[2 * e] / cell, x[2 * e + 1] / cell, y[2 * e + 1] / cell
            if ay > by:
                ax, ay, bx, by = bx, by, ax, ay
            for i in range(max(0, int(np.floor(ay - 1e-6))), min(rows - 1, int(np.floor(by + 1e-6))) + 1):
                from_x, to_x = ax, bx
                if by > ay:
                    from_x = ax + (bx - ax) * max(0.0, min(1.0, (i - ay) / (by - ay)))
                    to_x = ax + (bx - ax) * max(0.0, min(1.0, (i + 1 - ay) / (by - ay)))
                from_j, to_j = int(np.floor(min(from_x, to_x) - 1e-6)), int(np.floor(max(from_x, to_x) + 1e-6))
                for j in range(max(0, from_j), min(columns - 1, to_j) + 1):
                    if turn == 0:
                        count[i * columns + j] += 1
                    else:
                        count[i * columns + j] -= 1
                        line[count[i * columns + j]] = e
    return count, line


@kernel
def _labels(x: Any, y: Any, left: Any, rows: Any, columns: Any, cell: Any) -> Any:
    """Return the face of the south-western corner of each cell: that to the east of the last line west of it."""
    label = np.full(rows * columns, -2, np.int32)
    last = np.full(rows * columns, -np.inf)
    for e in range(x.size // 2):
        ax, ay, bx, by = x[2 * e] / cell, y[2 * e] / cell, x[2 * e + 1] / cell, y[2 * e + 1] / cell
        east = left[2 * e + 1]
        if ay > by:
            ax, ay, bx, by = bx, by, ax, ay
            east = left[2 * e]
        for i in range(max(0, int(np.ceil(ay))), rows):
            if i >= by:
                break
            at = ax + (bx - ax) * (i - ay) / (by - ay)
            j = max(0, int(np.ceil(at)))
            if j < columns and at > last[i * columns + j]:
                label[i * columns + j], last[i * columns + j] = east, at
    for i in range(rows):
        face = OUTSIDE
        for j in range(columns):
            if label[i * columns + j] == -2:
                label[i * columns + j] = face
            face = label[i * columns + j]
    return label
