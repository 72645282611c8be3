"""Which streets raster points are close to, looked up once for many circles."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gridmap.kernels import kernel
from gridmap.walking.segments import Floats, Integers, Mask

Marks32 = npt.NDArray[np.int32]

BLOCK = 8
"""Raster points are looked at in blocks of so many rows and columns: where all streets are within the limit, the answer is known beforehand."""


class Streets(NamedTuple):
    """The network, for kernels: the edges at each node (compressed rows), and what :class:`gridmap.walking.network.Network` tells of them.

    ``arc`` is (edge, the node that it leads to, centimetres, 1 where it is left at its node a and 2 more where it is one-way). ``box`` is the west,
    south, east and north of each edge; ``along`` how far along its edge each corner lies, in centimetres.
    """

    first: Integers
    arc: Marks32
    box: Floats
    length: Marks32
    one_way: Mask
    level: Marks32
    shape: Floats
    shape_at: Integers
    along: Floats


class Close(NamedTuple):
    """For each point of a raster the edges that come close to it, the closest first: the corner at which the closest stretch begins, and its square.

    ``block_edge[block_from[b] : block_from[b + 1]]`` are all edges close to points of a block. ``least`` is the square of the closest edge at
    each point, and ``closest`` its corner.
    """

    first: Marks32
    edge: Marks32
    corner: Marks32
    square: npt.NDArray[np.float32]
    block_from: Marks32
    block_edge: Marks32
    least: npt.NDArray[np.float32]
    closest: Marks32


def nothing_close() -> Close:
    """Return what is close to no point."""
    none, bare = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)
    return Close(none, none, none, bare, none, none, bare.reshape(0, 0), none.reshape(0, 0))


def close_edges(edges: Marks32, streets: Streets, origin: Floats, width_m: float, cell_m: float, rows: int, columns: int) -> Close:
    """Return which of some edges come close to the points of a raster from ``origin``: as close as outlines ``width_m`` away ask about."""
    first, found = _places(edges, streets, origin[0], origin[1], width_m + 0.5 * cell_m, cell_m, rows, columns)
    order, first = _sorted_places(first, found[0], found[3])
    edge, corner, square = (column[order] for column in found[1:])
    return Close(first, edge, corner, square, *_blocks(first, edge, corner, square, len(streets.length), 4 * width_m**2, rows, columns))


@kernel
def _places(edges: Any, streets: Any, from_x: Any, from_y: Any, reach: Any, cell: Any, rows: Any, columns: Any) -> Any:
    """Return how many edges come closer than ``reach`` to each raster point; in any order the point, the edge, the closest corner, the square."""
    count = np.zeros(rows * columns + 1, np.int32)
    last, slot = np.full(rows * columns, -1, np.int32), np.zeros(rows * columns, np.int32)
    room = 1024
    point, edge, corner, square = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.float32)
    total = 0
    for e in edges:
        for k in range(streets.shape_at[e], streets.shape_at[e + 1] - 1):
            ax, ay = streets.shape[k, 0] - from_x, streets.shape[k, 1] - from_y
            bx, by = streets.shape[k + 1, 0] - from_x, streets.shape[k + 1, 1] - from_y
            dx, dy = bx - ax, by - ay
            inverse = 1 / max(dx * dx + dy * dy, 1e-12)
            from_j, to_j = max(0, int(np.ceil((min(ax, bx) - reach) / cell))), min(columns - 1, int((max(ax, bx) + reach) / cell))
            for i in range(max(0, int(np.ceil((min(ay, by) - reach) / cell))), min(rows - 1, int((max(ay, by) + reach) / cell)) + 1):
                for j in range(from_j, to_j + 1):
                    px, py = j * cell - ax, i * cell - ay
                    share = max(0.0, min(1.0, (px * dx + py * dy) * inverse))
                    away = (px - share * dx) ** 2 + (py - share * dy) ** 2
                    place = i * columns + j
                    if away > reach * reach or (last[place] == e and away >= square[slot[place]]):
                        continue
                    if last[place] != e:
                        if total == point.size:
                            point, edge = np.concatenate((point, point)), np.concatenate((edge, edge))
                            corner, square = np.concatenate((corner, corner)), np.concatenate((square, square))
                        last[place], slot[place] = e, total
                        count[place + 1] += 1
                        total += 1
                    m = slot[place]
                    point[m], edge[m], corner[m], square[m] = place, e, k, away
    return count, (point[:total], edge[:total], corner[:total], square[:total])


@kernel
def _sorted_places(count: Any, point: Any, square: Any) -> Any:
    """Return the order by points and squares, and where each point begins in it."""
    first = np.cumsum(count).astype(np.int32)
    filled = first[:-1].copy()
    order = np.empty(point.size, np.int32)
    for m in range(point.size):
        place = point[m]
        n = filled[place]
        filled[place] += 1
        while n > first[place] and square[order[n - 1]] > square[m]:
            order[n] = order[n - 1]
            n -= 1
        order[n] = m
    return order, first


@kernel
def _blocks(first: Any, edge: Any, corner: Any, square: Any, edges: Any, most: Any, rows: Any, columns: Any) -> Any:
    """Return the edges of each block, and the least square and its corner at each point, ``most`` where no edge is close."""
    high, wide = rows // BLOCK + 1, columns // BLOCK + 1
    block_from, block_edge = np.zeros(high * wide + 1, np.int32), np.empty(edge.size, np.int32)
    least, closest = np.full((rows, columns), np.float32(most)), np.zeros((rows, columns), np.int32)
    seen = np.full(edges, -1, np.int32)
    total = 0
    for b in range(high * wide):
        for i in range(b // wide * BLOCK, min(rows, b // wide * BLOCK + BLOCK)):
            for j in range(b % wide * BLOCK, min(columns, b % wide * BLOCK + BLOCK)):
                place = i * columns + j
                if first[place] < first[place + 1]:
                    least[i, j], closest[i, j] = square[first[place]], corner[first[place]]
                for m in range(first[place], first[place + 1]):
                    if seen[edge[m]] != b:
                        seen[edge[m]] = b
                        block_edge[total] = edge[m]
                        total += 1
        block_from[b + 1] = total
    return block_from, block_edge[:total].copy(), least, closest


@kernel
def set_from(close: Any, whole: Any, now: Any, left: Any, bottom: Any, squares: Any, closest: Any) -> None:
    """Set raster points to their squared distance to the closest edge that lies within the limit as a whole, and tell which that is."""
    rows, columns = squares.shape
    all_columns = close.least.shape[1]
    wide = all_columns // BLOCK + 1
    for block_i in range(bottom // BLOCK, (bottom + rows - 1) // BLOCK + 1):
        from_i, to_i = max(bottom, block_i * BLOCK), min(bottom + rows, block_i * BLOCK + BLOCK)
        for block_j in range(left // BLOCK, (left + columns - 1) // BLOCK + 1):
            from_j, to_j = max(left, block_j * BLOCK), min(left + columns, block_j * BLOCK + BLOCK)
            b = block_i * wide + block_j
            within = 0
            for m in range(close.block_from[b], close.block_from[b + 1]):
                within += whole[close.block_edge[m]] == now
            if within == 0:
                continue
            if within == close.block_from[b + 1] - close.block_from[b]:
                for i in range(from_i, to_i):
                    for j in range(from_j, to_j):
                        squares[i - bottom, j - left] = close.least[i, j]
                        closest[i - bottom, j - left] = close.closest[i, j]
                continue
            for i in range(from_i, to_i):
                for j in range(from_j, to_j):
                    for m in range(close.first[i * all_columns + j], close.first[i * all_columns + j + 1]):
                        if whole[close.edge[m]] == now:
                            squares[i - bottom, j - left], closest[i - bottom, j - left] = close.square[m], close.corner[m]
                            break
