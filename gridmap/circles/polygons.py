"""From rings of corners to polygons: what lies on a straight line is left out, and holes are put into the rims around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridmap.kernels import kernel, lean_kernel
from gridmap.walking.segments import Floats, Geometries, Integers

STRAIGHT = 0.03
"""Corners that lie within this share of a cell of the straight line between others are left out: 0.1 m at 10 m, less than the raster itself errs."""

CLEAR = 0.02
"""A corner is left out only where the line still passes between the same raster points, this share of a cell from both: so no rings can meet."""

RUN = 24
"""So many corners in a row are left out at most."""

LOWER, LEFT, FIRM = 0, 1, 2
"""On which side of its cell a corner lies; firm ones must stay, since two lines pass through their cell."""


def areas_of(places: Floats, rings: Integers, parts: Integers, areas: Integers) -> Geometries:
    """Return areas from their corners: where each ring begins among the corners, each polygon among the rings, and each area among the polygons."""
    polygons = shapely.from_ragged_array(shapely.GeometryType.POLYGON, places, (rings, parts))
    count = np.diff(areas)
    drawn = np.full(len(count), shapely.MultiPolygon(), dtype=object)
    drawn[count == 1] = polygons[areas[:-1][count == 1]]
    several = np.flatnonzero(count > 1)
    if len(several):
        owner = np.repeat(np.arange(len(count)), count)
        mine = count[owner] > 1
        drawn[several] = shapely.multipolygons(polygons[mine], indices=np.repeat(np.arange(len(several)), count[several]))
    return drawn


@lean_kernel
def _on_line(corners: Any, side: Any, begin: Any, end: Any, cell: Any) -> bool:
    """Return whether all corners between two others lie so near to the line between these that they can be left out."""
    x, y = corners[begin, 0], corners[begin, 1]
    dx, dy = corners[end, 0] - x, corners[end, 1] - y
    room = STRAIGHT * cell * np.sqrt(dx * dx + dy * dy)
    for k in range(begin + 1, end):
        if abs(dx * (corners[k, 1] - y) - dy * (corners[k, 0] - x)) > room:
            return False
        # Where the line crosses the side of the raster on which the corner lies, as a share of the side.
        across, along, at = (dy, dx, 0) if side[k] == LOWER else (dx, dy, 1)
        if across == 0:
            return False
        crossing = corners[begin, at] + along * (corners[k, 1 - at] - corners[begin, 1 - at]) / across
        share = crossing / cell - np.floor(corners[k, at] / cell)
        if share < CLEAR or share > 1 - CLEAR:
            return False
    return True


@kernel
def straightened(corners: Any, side: Any, first: Any, cell: Any) -> Any:
    """Return closed rings without the corners that lie on straight lines, where each begins, and twice its signed area."""
    rings = first.size - 1
    kept = np.empty((corners.shape[0] + rings, 2))
    begins, signed = np.zeros(rings + 1, np.int64), np.zeros(rings)
    total = 0
    for ring in range(rings):
        last = first[ring]
        kept[total, 0], kept[total, 1] = corners[last, 0], corners[last, 1]
        total += 1
        for k in range(first[ring] + 1, first[ring + 1]):
            following = k + 1
            if following < first[ring + 1] and side[k] != FIRM and following - last <= RUN and _on_line(corners, side, last, following, cell):
                continue
            kept[total, 0], kept[total, 1] = corners[k, 0], corners[k, 1]
            total += 1
            last = k
        kept[total, 0], kept[total, 1] = corners[first[ring], 0], corners[first[ring], 1]
        total += 1
        begins[ring + 1] = total
        # About a corner of the ring, so that large coordinates cost no precision.
        x, y = kept[begins[ring], 0], kept[begins[ring], 1]
        for k in range(begins[ring], total - 1):
            signed[ring] += (kept[k, 0] - x) * (kept[k + 1, 1] - y) - (kept[k + 1, 0] - x) * (kept[k, 1] - y)
    return kept[:total].copy(), begins, signed


@kernel
def _rims(corners: Any, first: Any, signed: Any) -> Any:
    """Number the polygons and return that of each ring: rings that run anticlockwise are rims, the others holes of the smallest rim around them."""
    rings = signed.size
    rim = np.full(rings, -1, np.int64)
    polygons = 0
    for ring in range(rings):
        if signed[ring] > 0:
            rim[ring] = polygons
            polygons += 1
    for ring in range(rings):
        if signed[ring] > 0:
            continue
        least = np.inf
        x, y = corners[first[ring], 0], corners[first[ring], 1]
        for other in range(rings):
            if 0 < signed[other] < least and (polygons == 1 or encloses(corners, first[other], first[other + 1], x, y)):
                least, rim[ring] = signed[other], rim[other]
    return rim


@kernel
def in_order(corners: Any, first: Any, signed: Any) -> Any:
    """Return the corners of polygons one after the other, the rim before the holes; where each ring begins; and each polygon among the rings."""
    rim = _rims(corners, first, signed)
    order = np.argsort(np.where(rim < 0, -1, 2 * rim + (signed <= 0)), kind="mergesort")
    outside = 0
    while outside < rim.size and rim[order[outside]] < 0:
        outside += 1
    places, begins, parts = np.empty_like(corners), np.zeros(rim.size + 1 - outside, np.int64), np.zeros(rim.size + 2 - outside, np.int64)
    total, polygons, before = 0, 0, -1
    for k in range(outside, rim.size):
        ring = order[k]
        if rim[ring] != before:
            parts[polygons] = k - outside
            polygons, before = polygons + 1, rim[ring]
        for corner in range(first[ring], first[ring + 1]):
            places[total, 0], places[total, 1] = corners[corner, 0], corners[corner, 1]
            total += 1
        begins[k + 1 - outside] = total
    parts[polygons] = rim.size - outside
    return places[:total], begins, parts[: polygons + 1].copy()


@lean_kernel
def encloses(corners: Any, begin: Any, end: Any, x: Any, y: Any) -> bool:
    """Return whether a place lies inside a ring: a line from it to the east meets the ring an odd number of times."""
    odd = False
    for k in range(begin, end - 1):
        ax, ay, bx, by = corners[k, 0], corners[k, 1], corners[k + 1, 0], corners[k + 1, 1]
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            odd = not odd
    return odd
