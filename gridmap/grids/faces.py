"""Faces: the smallest pieces of land, sharing their corners exactly, the borders between them, and the building that each belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gridmap.grids.blocks import NODE_GRID_M, Blocks, Floats, Geometries, Ground, Integers, Lines
from gridmap.grids.ridges import ridges
from gridmap.grids.separators import CROSSABLE
from gridmap.grids.walls import Sites, bounds_of

SMOOTH_M = 0.1
"""Borders half way between walls are straightened by up to this: a quarter of the depth of points inside their wall, so none changes side."""

ON_LINE_M = 1e-3
"""A border runs along a line if its middle lies this near: well above the rounding of corners, well below any real distance."""


@dataclass(frozen=True, eq=False)
class Borders:
    """Straight pieces of border. ``ends`` (n, 4): x and y of both ends; ``left`` and ``right`` (n,): faces on its sides, right -1 at the rim."""

    ends: Floats
    left: Integers
    right: Integers

    @property
    def length_m(self) -> Floats:
        """The length of each piece."""
        return np.asarray(np.hypot(self.ends[:, 2] - self.ends[:, 0], self.ends[:, 3] - self.ends[:, 1]), dtype=np.float64)

    @property
    def middle(self) -> Floats:
        """The middle of each piece, shape (n, 2)."""
        return np.asarray((self.ends[:, :2] + self.ends[:, 2:]) / 2, dtype=np.float64)

    def take(self, rows: Integers | np.typing.NDArray[np.bool_]) -> Borders:
        """Return some of them."""
        return Borders(self.ends[rows], self.left[rows], self.right[rows])


def half_way_lines(found: Sites, blocks: Blocks) -> Geometries:
    """Return the borders half way between the buildings of each block, cut at its edge."""
    xy, first, block = ridges(found.xy, found.building, found.block, bounds_of(found, blocks))
    chains = shapely.linestrings(xy, indices=np.repeat(np.arange(len(block)), np.diff(first)))
    chains = shapely.simplify(chains, SMOOTH_M, preserve_topology=False)
    real = shapely.length(chains) > 0
    chains, block = chains[real], block[real]
    # Where a building of another block reaches in, its footprint is its own.
    room = blocks.polygons.copy()
    for row in np.unique(blocks.foreign_block):
        room[row] = shapely.difference(room[row], shapely.union_all(blocks.foreign[blocks.foreign_block == row]))
    shapely.prepare(room)
    within = shapely.contains_properly(room[block], chains)
    cut, cut_block = chains[~within], block[~within]
    order = np.argsort(cut_block, kind="stable")
    rows, place = np.unique(cut_block[order], return_inverse=True)
    # All chains of a block are cut at once: much faster than one by one.
    cut = shapely.intersection(shapely.multilinestrings(cut[order], indices=place), room[rows]) if len(rows) else cut
    return np.concatenate((chains[within], cut))


def face_polygons(lines: Geometries, blocks: Blocks) -> Geometries:
    """Return the pieces of the blocks that all borders make together; neighbours share their corners exactly."""
    edges = np.concatenate((lines, shapely.boundary(blocks.polygons), shapely.boundary(blocks.foreign)))
    net = shapely.union_all(edges, grid_size=NODE_GRID_M)
    faces = np.asarray(shapely.get_parts(shapely.polygonize([net])), dtype=object)
    # The gaps between blocks are barriers and the land of other communities.
    return np.asarray(faces[block_of_faces(faces, blocks) >= 0], dtype=object)


def block_of_faces(faces: Geometries, blocks: Blocks) -> Integers:
    """Return the block of each face, -1 for faces outside all blocks."""
    block = np.full(len(faces), -1, dtype=np.int64)
    face, inside = shapely.STRtree(blocks.polygons).query(shapely.point_on_surface(faces), predicate="within")
    block[face] = inside
    return block


def borders_of(faces: Geometries) -> Borders:
    """Return every straight piece of border of faces that share their corners, once."""
    rings, owner = shapely.get_rings(faces, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    node = np.unique(corners[:, 0] + 1j * corners[:, 1], return_inverse=True)[1].astype(np.int64)
    same = ring[1:] == ring[:-1]
    start, end, face = node[:-1][same], node[1:][same], owner[ring[:-1][same]].astype(np.int64)
    key = np.minimum(start, end) * (int(node.max()) + 1) + np.maximum(start, end) if len(node) else start
    order = np.lexsort((face, key))
    again = np.zeros(len(order), dtype=bool)
    again[1:] = key[order][1:] == key[order][:-1]
    right = np.full(len(order), -1, dtype=np.int64)
    right[:-1][again[1:]] = face[order][again]
    keep = ~again
    ends = np.concatenate((corners[:-1][same], corners[1:][same]), axis=1)[order[keep]]
    return Borders(ends, face[order[keep]], right[keep])


def separators_at(points: Floats, lines: Lines) -> Integers:
    """Return the strongest separator on which each point lies, by its position in SEPARATORS; 0 is none. ``points`` (n, 2) in metres."""
    code = np.zeros(len(points), dtype=np.int64)
    ends, owner = straight_pieces(lines.geometry)
    pieces = shapely.linestrings(ends.reshape(-1, 2, 2))
    point, piece = shapely.STRtree(pieces).query(shapely.points(points), predicate="dwithin", distance=ON_LINE_M)
    np.maximum.at(code, point, lines.code[owner[piece]])
    return code


def separators_between(borders: Borders, owner: Integers, block: Integers, blocks: Blocks, ground: Ground) -> Integers:
    """Return the strongest line ending blind that lies between the buildings on both sides of each piece of border inside a block.

    A street or barrier that ends blind bounds no block, yet a walker meets it: it counts where the shortest way from building to building through the
    middle of the border crosses it.
    """
    code = np.zeros(len(borders.left), dtype=np.int64)
    ends, _ = straight_pieces(blocks.blind)
    if not len(ends):
        return code
    pieces = shapely.linestrings(ends.reshape(-1, 2, 2))
    piece_code = separators_at((ends[:, :2] + ends[:, 2:]) / 2, ground.lines)
    here = np.unique(shapely.STRtree(blocks.polygons).query(blocks.blind, predicate="intersects")[1])
    left, right = owner[borders.left], owner[borders.right]
    same_block = (borders.right >= 0) & (block[borders.left] == block[borders.right])
    candidates = np.flatnonzero(same_block & (left != right) & np.isin(block[borders.left], here))
    middle = shapely.points(borders.middle[candidates])
    for side in (left, right):
        way = shapely.shortest_line(ground.buildings[side[candidates]], middle)
        border, piece = shapely.STRtree(pieces).query(way, predicate="intersects")
        np.maximum.at(code, candidates[border], piece_code[piece])
    return code


def straight_pieces(lines: Geometries) -> tuple[Floats, Integers]:
    """Return both ends of every straight piece of lines, shape (n, 4), and the line that each is of."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    corners, part = shapely.get_coordinates(parts, return_index=True)
    same = part[1:] == part[:-1]
    return np.concatenate((corners[:-1][same], corners[1:][same]), axis=1), owner[part[:-1][same]].astype(np.int64)


def joined(owner: Integers, borders: Borders, code: Integers) -> Integers:
    """Return ``owner`` with the faces that belong to nobody (-1) given to neighbouring owners.

    A face goes to the neighbour with which it shares the longest border. A border with nothing on it goes before one that may be crossed, and that
    before one that may not; of equal lengths (to 0.1 mm) the first building. Faces with no owner around them wait until their neighbours have one;
    what touches no owned land at all stays -1.
    """
    owner = owner.copy()
    inner = borders.right >= 0
    length, code = borders.length_m[inner], code[inner]
    left, right = borders.left[inner], borders.right[inner]
    face, other = np.concatenate((left, right)), np.concatenate((right, left))
    length, code = np.concatenate((length, length)), np.concatenate((code, code))
    usable = (code == 0, CROSSABLE[code], np.ones(len(code), dtype=bool))
    level = 0
    while level < len(usable):
        wanted = np.flatnonzero(usable[level] & (owner[face] < 0) & (owner[other] >= 0))
        if not len(wanted):
            level += 1
            continue
        pair, place = np.unique(np.stack((face[wanted], owner[other[wanted]]), axis=1), axis=0, return_inverse=True)
        shared = np.round(np.bincount(place.ravel(), weights=length[wanted]), 4)
        order = np.lexsort((-pair[:, 1], shared, pair[:, 0]))
        owner[pair[order, 0]] = pair[order, 1]  # the last one written has the longest border
        level = 0
    return owner
