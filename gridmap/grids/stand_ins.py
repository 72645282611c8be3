"""Small squares that stand for buildings which have no place of their own on the land of their block."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridmap.grids.blocks import Floats, Geometries, Integers

HALF_SIDES_M = (0.5, 0.1, 0.01)
"""Half the side of a stand-in: the first of these for which its block has room."""

OWN_PLACE_M2 = 0.25
"""A building that has this much ground in its block, though others stand there too, is put on it."""


def squares(x: Floats, y: Floats, half_m: Floats | float) -> Geometries:
    """Return squares around points."""
    return np.asarray(shapely.box(x - half_m, y - half_m, x + half_m, y + half_m), dtype=object)


def stand_ins(rows: Integers, footprints: Geometries, home: Integers, blocks: Geometries, half_m: float) -> Geometries:
    """Return a square for each of the buildings ``rows``, which have no point of their own in their block ``home``.

    A building whose place is covered by others gets it in the middle of that place. Those that stand outside their block get it just inside its edge
    at the nearest spot, one beside the other where several are nearest to the same. ``half_m`` is half the side, at most.
    """
    squares_of = np.empty(len(rows), dtype=object)
    common = shapely.intersection(footprints[rows], blocks[home[rows]])
    covered = shapely.area(common) > OWN_PLACE_M2
    x, y = shapely.get_coordinates(shapely.point_on_surface(common[covered])).T
    squares_of[covered] = squares(x, y, half_m / 2 / (1 + _rank_on_spot(x, y)))
    for block in np.unique(home[rows[~covered]]):
        there = np.flatnonzero(~covered & (home[rows] == block))
        squares_of[there] = _beads(footprints[rows[there]], blocks[block], half_m)
    return squares_of


def _rank_on_spot(x: Floats, y: Floats) -> Integers:
    """Return how many of the points before each fall on the same spot, to the centimetre: squares there lie one inside the other."""
    spot = np.unique(np.round(np.stack((x, y), axis=1), 2), axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(spot, kind="stable")
    rank = np.empty(len(spot), dtype=np.int64)
    rank[order] = np.arange(len(spot)) - np.searchsorted(spot[order], spot[order])
    return rank


def _beads(footprints: Geometries, block: Any, half_m: float) -> Geometries:
    """Return squares along the inside of the block's edge, each near its footprint, none on another."""
    ring = _inner_ring(block, 2 * half_m)
    nearest = shapely.get_point(shapely.shortest_line(ring, footprints), 0)
    place = shapely.line_locate_point(ring, nearest)
    order = np.argsort(place, kind="stable")
    count, length = len(place), float(shapely.length(ring))
    step = min(6 * half_m, length / count)
    ahead = np.arange(count) * step
    spread = np.maximum.accumulate(place[order] - ahead) + ahead
    if spread[-1] - spread[0] > length - step:
        spread = ahead
    place = np.empty(count)
    place[order] = spread % length
    x, y = shapely.get_coordinates(shapely.line_interpolate_point(ring, place)).T
    return squares(x, y, min(half_m, step / 4))


def _inner_ring(block: Any, inset_m: float) -> Any:
    """Return a ring inside the block, ``inset_m`` from its edge; for a block too narrow for that, a tiny ring around a point inside."""
    room = shapely.get_parts(shapely.buffer(block, -inset_m))
    if not room[0].is_empty:
        return shapely.get_exterior_ring(room[np.argmax(shapely.area(room))])
    return shapely.get_exterior_ring(shapely.buffer(shapely.point_on_surface(block), inset_m / 4))
