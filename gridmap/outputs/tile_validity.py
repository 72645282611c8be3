"""Whether rings that were rounded to a tile's units still make a valid polygon, and mending those that do not.

The kernels test in whole numbers, so that nothing hangs on rounding, and are strict: rings that touch at a point are mended too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gridmap.kernels import kernel
from gridmap.outputs.tile_shapes import BUFFER, EXTENT, FINEST_ZOOM, Ints, Shapes, flat_polygons, polygons_of

FEW_SEGMENTS = 24
"""Up to so many segments are compared each with each; more are sorted first."""
MOST_RINGS = 64
"""Features with more rings in a tile are left to the general way at once."""


@kernel
def are_valid(px: Any, py: Any, ring_first: Any, hole: Any, rings: Any) -> Any:
    """Tell whether the rings of a feature are simple, apart from each other and rightly nested: each ring with its holes after it."""
    if rings > MOST_RINGS:
        return False
    return _rings_apart(px, py, ring_first, rings) and (rings == 1 or _rightly_nested(px, py, ring_first, hole, rings))


@kernel
def _rings_apart(px: Any, py: Any, ring_first: Any, rings: Any) -> Any:
    """Tell whether no two segments meet but at the corners that follow each other on a ring."""
    count = ring_first[rings]
    after = np.empty(count, np.int64)
    for ring in range(rings):
        for i in range(ring_first[ring], ring_first[ring + 1]):
            after[i] = i + 1
        after[ring_first[ring + 1] - 1] = ring_first[ring]
    if count <= FEW_SEGMENTS:
        for i in range(count):
            for j in range(i + 1, count):
                if after[i] != j and after[j] != i and _meet(px, py, i, after[i], j, after[j]):
                    return False
        return True
    west = np.minimum(px[:count], px[after])
    order = np.argsort(west)
    for k in range(count):
        i = order[k]
        east = max(px[i], px[after[i]])
        for other in range(k + 1, count):
            j = order[other]
            if west[j] > east:
                break
            if after[i] != j and after[j] != i and _meet(px, py, i, after[i], j, after[j]):
                return False
    return True


@kernel
def _meet(px: Any, py: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Tell whether the segments a-b and c-d have a point in common."""
    if max(px[a], px[b]) < min(px[c], px[d]) or max(px[c], px[d]) < min(px[a], px[b]):
        return False
    if max(py[a], py[b]) < min(py[c], py[d]) or max(py[c], py[d]) < min(py[a], py[b]):
        return False
    c_side = _side(px, py, a, b, c)
    d_side = _side(px, py, a, b, d)
    if c_side * d_side > 0:
        return False
    a_side = _side(px, py, c, d, a)
    b_side = _side(px, py, c, d, b)
    # Segments on one line meet here because their boxes do.
    return a_side * b_side <= 0


@kernel
def _side(px: Any, py: Any, a: Any, b: Any, c: Any) -> Any:
    turn = (px[b] - px[a]) * (py[c] - py[a]) - (py[b] - py[a]) * (px[c] - px[a])
    return 1 if turn > 0 else -1 if turn < 0 else 0


@kernel
def _rightly_nested(px: Any, py: Any, ring_first: Any, hole: Any, rings: Any) -> Any:
    """Tell whether holes lie in their rings and not in each other, and no polygon in another's land; rings do not meet."""
    rim = 0
    polygon = np.empty(rings, np.int64)
    for ring in range(rings):
        rim = rim if hole[ring] else ring
        polygon[ring] = rim
    for ring in range(rings):
        x, y = px[ring_first[ring]], py[ring_first[ring]]
        in_own = False
        rims_less_holes = 0
        for other in range(rings):
            if other != ring and _holds(px, py, ring_first[other], ring_first[other + 1], x, y):
                rims_less_holes += -1 if hole[other] else 1
                if polygon[other] == polygon[ring]:
                    if hole[other]:
                        return False
                    in_own = True
        # The holes of a polygon around this one make up for its rim.
        if in_own != hole[ring] or rims_less_holes != (1 if hole[ring] else 0):
            return False
    return True


@kernel
def _holds(px: Any, py: Any, first: Any, end: Any, x: Any, y: Any) -> Any:
    """Tell whether a ring goes round a point that is not on it."""
    odd = False
    j = end - 1
    for i in range(first, end):
        if (py[i] > y) != (py[j] > y):
            turn = (px[i] - px[j]) * (y - py[j]) - (py[i] - py[j]) * (x - px[j])
            if (turn > 0) == (py[i] > py[j]):
                odd = not odd
        j = i
    return odd


def mended(shapes: Shapes, features: Ints, left: Ints, top: Ints, zoom: int) -> Shapes:
    """Return polygons ``features``, each clipped to the tile whose corner is (``left``, ``top``) in units of the zoom, as valid ones.

    Corners lie on whole units of the zoom, which the shapes returned count instead of steps; what is thinner than a unit may vanish. Overlay with
    snap rounding (Hobby 1999), as GEOS does it, is what makes them valid.
    """
    whole = polygons_of(shapes.take(features), float(1 << (FINEST_ZOOM - zoom)))
    broken = ~shapely.is_valid(whole)
    whole[broken] = shapely.make_valid(whole[broken], method="structure", keep_collapsed=False)
    boxes = shapely.box(left - BUFFER, top - BUFFER, left + EXTENT + BUFFER, top + EXTENT + BUFFER)
    parts, feature = shapely.get_parts(shapely.intersection(whole, boxes, grid_size=1.0), return_index=True)
    # A collection, of areas and of lines where it only touches the box, may hold multipolygons.
    parts, inner = shapely.get_parts(parts, return_index=True)
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    return flat_polygons(parts[areal], feature[inner[areal]], len(features))
