"""Bridges, underpasses and level crossings: which cells a street joins over a river, railway or expressway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.findings import Finding, finding
from gridmap.grids.blocks import NODE_GRID_M, Floats, Geometries, Ground, Integers, Mask
from gridmap.grids.faces import ON_LINE_M
from gridmap.grids.separators import CROSSABLE

STEP_M = 1.0
"""Where a street has left a barrier, its cells are looked up this far on."""

BESIDE_M = 0.5
"""A street that divides two cells lands in both: cells within this of it."""

LANDING_M = 30.0
"""A bridge that ends before its bank, because the bank is drawn roughly, lands in the nearest cell within this."""


@dataclass(frozen=True, eq=False)
class Landings:
    """Places where streets leave barriers: the crossing that each belongs to, a point, the cells there, and the street."""

    crossing: Integers
    xy: Floats
    cells: list[Integers]
    street: Integers


def crossings(ground: Ground, faces: Geometries, owner: Integers, transit: Mask) -> tuple[Integers, Integers, tuple[Finding, ...]]:
    """Return the pairs of cells that streets join across barriers (n, 2), the barrier's position in SEPARATORS (n,), and findings.

    A street crosses where it is a bridge or a tunnel, or where its level is unknown (with one finding for a community). It is followed from where it
    leaves the land to where it lands again, over strips of land between two barriers too (``transit``, one truth value for each face). Each cell at
    one end is joined to each cell at the other; a street that is itself the border of two cells lands in both.
    """
    fixed = ~CROSSABLE[ground.lines.code]
    barriers = np.concatenate((ground.lines.geometry[fixed], ground.areas.geometry))
    codes = np.concatenate((ground.lines.code[fixed], ground.areas.code))
    none = np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64), ()
    if not len(barriers) or not len(ground.bridges.geometry):
        return none
    pieces, street = _pieces(ground, barriers)
    if not len(pieces):
        return none
    over = _over(pieces, ground.areas.geometry, faces[transit])
    landings = _landings(pieces, over, street, barriers, faces, owner)
    return _joined_cells(ground, landings, barriers, codes)


def _pieces(ground: Ground, barriers: Geometries) -> tuple[Geometries, Integers]:
    """Return the streets cut wherever they meet a barrier or each other, and the street that each piece is of."""
    edges = shapely.union_all(np.where(shapely.get_dimensions(barriers) == 2, shapely.boundary(barriers), barriers))
    streets = shapely.union_all(ground.bridges.geometry, grid_size=NODE_GRID_M)
    pieces = shapely.get_parts(shapely.difference(streets, edges))
    pieces = pieces[shapely.length(pieces) > ON_LINE_M]
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    street = shapely.STRtree(ground.bridges.geometry).nearest(middles) if len(pieces) else np.empty(0)
    return pieces, street.astype(np.int64)


def _over(pieces: Geometries, areas: Geometries, transit: Geometries) -> Mask:
    """Tell which pieces of street run over a barrier, or over a strip of land between barriers."""
    over = np.zeros(len(pieces), dtype=bool)
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    for ground_below in (areas, transit):
        over[shapely.STRtree(ground_below).query(middles, predicate="intersects")[0]] = True
    return over


def _landings(pieces: Geometries, over: Mask, street: Integers, barriers: Geometries, faces: Geometries, owner: Integers) -> Landings:
    """Return where the pieces on land begin at a crossing: pieces over a barrier that hang together are one crossing, so is a spot on a line."""
    ends = np.stack([shapely.get_coordinates(shapely.get_point(pieces, at)) for at in (0, -1)], axis=1)
    nodes, place = np.unique(np.round(ends.reshape(-1, 2), 4), axis=0, return_inverse=True)
    node = place.reshape(-1, 2)
    bonds = coo_array((np.ones(over.sum()), (node[over, 0], node[over, 1])), shape=(len(nodes), len(nodes)))
    group = connected_components(bonds, directed=False)[1].astype(np.int64)
    at_barrier = np.zeros(len(nodes), dtype=bool)
    at_barrier[shapely.STRtree(barriers).query(shapely.points(nodes), predicate="dwithin", distance=ON_LINE_M)[0]] = True
    at_barrier[node[over]] = True
    piece, end = np.nonzero(at_barrier[node] & ~over[:, None])
    step = np.minimum(STEP_M, shapely.length(pieces[piece]) / 2) * np.where(end == 0, 1, -1)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(pieces[piece], step))
    cells = _cells_near(xy, faces, owner, BESIDE_M)
    # A bridge that hangs in the air ends near its bank.
    alone = np.bincount(node.ravel(), minlength=len(nodes))[node] == 1
    loose_piece, loose_end = np.nonzero(alone & over[:, None])
    loose = ends[loose_piece, loose_end]
    loose_cells = _cells_near(loose, faces, owner, LANDING_M, nearest=True)
    return Landings(
        np.concatenate((group[node[piece, end]], group[node[loose_piece, loose_end]])),
        np.concatenate((xy, loose)),
        cells + loose_cells,
        np.concatenate((street[piece], street[loose_piece])),
    )


def _cells_near(xy: Floats, faces: Geometries, owner: Integers, distance_m: float, *, nearest: bool = False) -> list[Integers]:
    """Return the cells within a distance of each point; with ``nearest`` only the nearest."""
    points, tree = shapely.points(xy), shapely.STRtree(faces)
    if nearest:
        point, face = tree.query_nearest(points, max_distance=distance_m, all_matches=False)
    else:
        point, face = tree.query(points, predicate="dwithin", distance=distance_m)
    order = np.argsort(point, kind="stable")
    return [np.unique(owner[each]) for each in np.split(face[order], np.searchsorted(point[order], np.arange(1, len(points))))] if len(points) else []


def _joined_cells(ground: Ground, landings: Landings, barriers: Geometries, codes: Integers) -> tuple[Integers, Integers, tuple[Finding, ...]]:
    """Join the cells at landings of one crossing that have a barrier between them."""
    pairs: dict[tuple[int, int], int] = {}
    doubtful: set[int] = set()
    tree = shapely.STRtree(barriers)
    order = np.argsort(landings.crossing, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(landings.crossing[order])) + 1):
        for position, one in enumerate(group):
            for other in group[position + 1 :]:
                way: Any = shapely.linestrings([landings.xy[one], landings.xy[other]])
                between = tree.query(way, predicate="intersects")
                if not len(between):
                    continue
                strongest = int(codes[between].max())
                joined = {(int(min(a, b)), int(max(a, b))) for a in landings.cells[one] for b in landings.cells[other] if a != b}
                pairs.update({pair: max(strongest, pairs.get(pair, 0)) for pair in joined})
                if joined:
                    doubtful.update(int(street) for street in (landings.street[one], landings.street[other]) if ground.bridges.unknown[street])
    findings: tuple[Finding, ...] = ()
    if doubtful:
        first = min(doubtful)
        point = shapely.line_interpolate_point(ground.bridges.geometry[first], 0.5, normalized=True)
        told = finding(
            "cells_level_unknown", str(ground.bridges.street_id[first]), value=len(doubtful), community_id=ground.community_id, x=point.x, y=point.y
        )
        findings = (told,)
    found = sorted(pairs)
    return np.array(found, dtype=np.int64).reshape(-1, 2), np.array([pairs[pair] for pair in found], dtype=np.int64), findings
