"""Strips: long narrow blocks without a building, as between a compound's wall and the street. Each cell along a strip gets the part before it."""

from __future__ import annotations

import numpy as np
import shapely

from gridmap.grids.blocks import NODE_GRID_M, Floats, Geometries, Integers, Mask
from gridmap.grids.faces import SMOOTH_M, Borders
from gridmap.grids.ridges import ridges
from gridmap.grids.separators import CROSSABLE

STRIP = 40.0
"""Perimeter squared over area from which a block is a strip: that of a rectangle 8 times as long as wide (a square has 16)."""

SPACING_M = (0.5, 2.0)
"""Points along a strip are a third of its width apart, but no less and no more than this."""


def divided_strips(faces: Geometries, empty: Mask, owner: Integers, borders: Borders, code: Integers) -> Geometries:
    """Return the faces with the strips among those without a building (``empty``) divided half way between the cells along their crossable borders.

    Without this a verge around a compound would go whole to one of its buildings, and that one alone would face the street.
    """
    strips = np.flatnonzero(empty & (shapely.length(faces) ** 2 >= STRIP * shapely.area(faces)))
    xy, label, strip = _frontages(faces, strips, owner, borders, code)
    if not len(xy):
        return faces
    bounds = shapely.bounds(faces[strips])
    xy, first, group = ridges(xy, label, strip, bounds)
    chains = shapely.simplify(shapely.linestrings(xy, indices=np.repeat(np.arange(len(group)), np.diff(first))), SMOOTH_M, preserve_topology=False)
    order = np.argsort(group, kind="stable")
    crossed, place = np.unique(group[order], return_inverse=True)
    if not len(crossed):
        return faces
    cuts = shapely.intersection(shapely.multilinestrings(chains[order], indices=place), faces[strips[crossed]])
    return recut(faces, strips[crossed], cuts)


def _frontages(faces: Geometries, strips: Integers, owner: Integers, borders: Borders, code: Integers) -> tuple[Floats, Integers, Integers]:
    """Return points along the borders of strips with cells, the cell at each, and the strip's position among ``strips``."""
    position = np.full(len(faces), -1, dtype=np.int64)
    position[strips] = np.arange(len(strips))
    found = []
    for side, other in ((borders.left, borders.right), (borders.right, borders.left)):
        rows = np.flatnonzero((borders.right >= 0) & (position[side] >= 0) & CROSSABLE[code])
        rows = rows[owner[other[rows]] >= 0]
        found.append((borders.ends[rows], position[side[rows]], owner[other[rows]]))
    ends, strip, label = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if not len(strip):
        return np.empty((0, 2)), label, strip
    width = 2 * shapely.area(faces[strips]) / shapely.length(faces[strips])
    spacing = np.clip(width / 3, *SPACING_M)[strip]
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    # Half the least spacing from each corner, on both sides alike, so that the cut meets the corner between two cells.
    margin = np.minimum(SPACING_M[0], length) / 2
    count = np.maximum(np.ceil((length - 2 * margin) / spacing).astype(np.int64), 0) + 1
    piece = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    along = margin[piece] + step * ((length - 2 * margin) / np.maximum(count - 1, 1))[piece]
    share = (along / length[piece])[:, None]
    return ends[piece, :2] * (1 - share) + ends[piece, 2:] * share, label[piece], strip[piece]


def recut(faces: Geometries, torn: Integers, cuts: Geometries) -> Geometries:
    """Divide the faces ``torn`` along ``cuts``; the faces around them get the new corners too."""
    beside = np.unique(shapely.STRtree(faces).query(faces[torn], predicate="intersects")[1])
    around = faces[beside]
    net = shapely.union_all(np.concatenate((shapely.boundary(around), cuts)), grid_size=NODE_GRID_M)
    new = shapely.get_parts(shapely.polygonize([net]))
    whole = shapely.STRtree(around).query(shapely.point_on_surface(new), predicate="within")[0]
    return np.concatenate((np.delete(faces, beside), new[np.unique(whole)]))
