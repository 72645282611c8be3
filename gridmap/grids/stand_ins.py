"""Small squares that stand for buildings which have no place of their own on the land of their block."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridmap.grids.blocks import Floats, Geometries, Integers

STAND_IN_M = 0.5
"""Half the side of the square that stands for a building without an area, or without a place on its community's land."""

INSETS_M = (2 * STAND_IN_M, STAND_IN_M / 2, STAND_IN_M / 10)
"""How far inside the edge of a block a stand-in is put: the first of these for which the block has room."""


def squares(x: Floats, y: Floats, half_m: Floats | float) -> Geometries:
    """Return squares around points."""
    return np.asarray(shapely.box(x - half_m, y - half_m, x + half_m, y + half_m), dtype=object)


def stand_ins(rows: Integers, footprints: Geometries, home: Integers, blocks: Geometries, shrink: float) -> Geometries:
    """Return a square for each of the buildings ``rows``, which have no point of their own in their block ``home``.

    A building whose place is covered by others gets it in the middle of that place. Those that stand outside their block get it just inside
    its edge at the nearest spot, one beside the other where several are nearest to the same. ``shrink`` makes all of them smaller.
    """
    squares_of = np.empty(len(rows), dtype=object)
    common = shapely.intersection(footprints[rows], blocks[home[rows]])
    covered = shapely.area(common) > STAND_IN_M**2
    x, y = shapely.get_coordinates(shapely.point_on_surface(common[covered])).T
    squares_of[covered] = squares(x, y, STAND_IN_M / 2 * shrink)
    for block in np.unique(home[rows[~covered]]):
        there = np.flatnonzero(~covered & (home[rows] == block))
        squares_of[there] = _beads(footprints[rows[there]], blocks[block], shrink)
    return squares_of


def _beads(footprints: Geometries, block: Any, shrink: float) -> Geometries:
    """Return squares along the inside of the block's edge, each near its footprint, none on another."""
    ring, inset = _inner_ring(block)
    nearest = shapely.get_point(shapely.shortest_line(ring, footprints), 0)
    place = shapely.line_locate_point(ring, nearest)
    order = np.argsort(place, kind="stable")
    count, length = len(place), float(shapely.length(ring))
    step = min(3 * inset, length / count)
    ahead = np.arange(count) * step
    spread = np.maximum.accumulate(place[order] - ahead) + ahead
    if spread[-1] - spread[0] > length - step:
        spread = ahead
    place = np.empty(count)
    place[order] = spread % length
    x, y = shapely.get_coordinates(shapely.line_interpolate_point(ring, place)).T
    return squares(x, y, min(inset / 2, step / 4) * shrink)


def _inner_ring(block: Any) -> tuple[Any, float]:
    """Return a ring inside the block and its distance from the edge; for a block too narrow for any, a ring of 1 cm around a point inside."""
    for inset in INSETS_M:
        room = shapely.get_parts(shapely.buffer(block, -inset))
        if not room[0].is_empty:
            return shapely.get_exterior_ring(room[np.argmax(shapely.area(room))]), inset
    return shapely.get_exterior_ring(shapely.buffer(shapely.point_on_surface(block), 0.01)), 0.01
