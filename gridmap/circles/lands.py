"""The land under circles: what walls and water enclose, bridges and the lines between them. It stays as it is whoever is asked about, and is kept."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely

from gridmap.circles.compounds import Faces, Rims, bridge_pieces, rims_of
from gridmap.circles.drawing import Behind
from gridmap.walking.network import Network
from gridmap.walking.segments import Floats, Geometries, Integers, Mask

PLOT_M = 2_000.0
"""The land is told in whole squares of this width, so that what is known of it serves the venues beside those asked about too."""

Place = tuple[float, float]


class Land(NamedTuple):
    """The land of some circles: where its raster begins, the faces in it, what streets lead into, how many pieces of bridges, and all lines."""

    origin: Floats
    near: Faces
    behind: Behind
    bridges: int
    rims: Rims


def land_between(network: Network, faces: Faces, low: Place, high: Place, cell_m: float, askew: Place) -> Land:
    """Return the land from the south-western place ``low`` to ``high``, and some around; its raster begins ``askew`` cells beside whole ones."""
    plot_low, plot_high = np.floor(np.array(low) / PLOT_M).astype(int), np.ceil(np.array(high) / PLOT_M).astype(int)
    return _land(network, faces, tuple(plot_low.tolist()), tuple(plot_high.tolist()), cell_m, askew)


@lru_cache(maxsize=4)
def _land(network: Network, faces: Faces, plot_low: tuple[int, int], plot_high: tuple[int, int], cell_m: float, askew: Place) -> Land:
    """Return the land in some squares of :data:`PLOT_M`; those asked about last are kept."""
    low, high = np.array(plot_low) * PLOT_M, np.array(plot_high) * PLOT_M
    origin = (np.floor(low / cell_m) - 1 + np.array(askew)) * cell_m
    columns, rows = (np.ceil((high - origin) / cell_m) + 1).astype(int).tolist()
    nearby = faces.in_box((*low, *high))
    near = faces.take(nearby)
    edge = np.repeat(np.arange(network.edges), np.diff(network.shape_at))
    inside = np.zeros(network.edges, dtype=bool)
    inside[edge[((network.shape >= low) & (network.shape <= high)).all(axis=1)]] = True
    behind, bridges = _behind(network, faces, nearby, near, np.flatnonzero(inside))
    return Land(origin, near, behind, len(bridges), rims_of(near.faces, bridges, origin, rows, columns, cell_m))


class _Met(NamedTuple):
    """The faces that the stretch of street from corner ``c`` to the next comes into, ``face[first[c] : first[c + 1]]``, and whether one covers it."""

    first: Integers
    face: Integers
    covered: Mask


@lru_cache(maxsize=2)
def _met(network: Network, faces: Faces) -> _Met:
    """Return what all stretches of street come into; that of the networks asked about last is kept."""
    edge = np.repeat(np.arange(network.edges), np.diff(network.shape_at))
    corner = np.flatnonzero(np.diff(edge) == 0)
    lines = shapely.linestrings(np.stack((network.shape[corner], network.shape[corner + 1]), axis=1)) if len(corner) else np.empty(0, dtype=object)
    tree = shapely.STRtree(lines)
    # A street that runs along a wall or ends at it does not lie behind it.
    face, step = tree.query(faces.within, predicate="intersects")
    order = np.lexsort((face, step))
    covered = np.zeros(len(network.shape), dtype=bool)
    covered[corner[tree.query(faces.faces, predicate="covers")[1]]] = True
    first = np.searchsorted(corner[step[order]], np.arange(len(network.shape) + 1))
    return _Met(first, face[order], covered)


def corners_of_edges(network: Network, edges: Integers) -> tuple[Integers, Integers]:
    """Return the corners of some edges one after the other, and the edge of each."""
    count = np.diff(network.shape_at)[edges]
    begins = np.cumsum(count) - count
    return np.repeat(network.shape_at[edges] - begins, count) + np.arange(count.sum()), np.repeat(edges, count)


def _behind(network: Network, faces: Faces, nearby: Integers, near: Faces, edges: Integers) -> tuple[Behind, Geometries]:
    """Return what stretches of some edges lead into, and the pieces of the bridges over water."""
    corners, edge_of = corners_of_edges(network, edges)
    begins = np.flatnonzero(np.diff(edge_of) == 0)
    corner, edge = corners[begins], edge_of[begins]
    ends = np.stack((network.shape[corner], network.shape[corner + 1]), axis=1)
    met = _met(network, faces)
    count = met.first[corner + 1] - met.first[corner]
    step = np.repeat(np.arange(len(corner)), count)
    place = np.full(len(faces.faces), -1, dtype=np.int64)
    place[nearby] = np.arange(len(nearby))
    face = place[met.face[np.repeat(met.first[corner], count) + np.arange(len(step)) - np.repeat(np.cumsum(count) - count, count)]]
    # What lies outside the squares nobody asks about.
    face, step = face[face >= 0], step[face >= 0]
    aloft = network.level[edge] != 0
    shut, over_water = aloft | met.covered[corner], np.zeros(len(corner), dtype=bool)
    over_water[step[near.wet[face]]] = True
    clear = np.ones(network.edges, dtype=bool)
    clear[edge[step]] = False
    clear[edge[shut & ~aloft]] = False
    bridge = np.flatnonzero(over_water & aloft)
    pieces, count = bridge_pieces(ends[bridge], np.diff(corner[bridge], prepend=-2) == 1)
    onto = np.zeros(len(corner), dtype=np.int64)
    onto[bridge] = count
    on_land = ~near.wet[face] & ~aloft[step]
    face, step = face[on_land], step[on_land]
    row = np.zeros(len(network.shape), dtype=np.int32)
    row[corner] = np.arange(len(corner))
    piece_from = np.concatenate(([0], np.cumsum(onto)))
    found = np.column_stack((np.searchsorted(step, np.arange(len(corner) + 1)), piece_from, np.append(shut, False)))
    # The same of each edge as a whole.
    into, edges = np.unique(np.column_stack((edge[step], face)), axis=0), np.arange(network.edges + 1)
    all_shut = np.ones(network.edges + 1, dtype=bool)
    all_shut[edge[~shut]] = False
    of_edge = np.column_stack((np.searchsorted(into[:, 0], edges), piece_from[np.searchsorted(edge, edges)], all_shut))
    return Behind(row, found.astype(np.int32), face.astype(np.int32), of_edge.astype(np.int32), into[:, 1].astype(np.int32), clear), pieces
