"""Land cells: one for each building of a community, tiling its land.

The method is the enclosed tessellation of Fleischmann, Feliciotti, Romice and Porta (2020), "Morphological tessellation as a way of partitioning
space", Computers, Environment and Urban Systems 80, here with shared corners throughout: the land of each block is shared out half way between the
walls of its buildings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gridmap.findings import Finding, finding
from gridmap.grids.blocks import Blocks, Geometries, Ground, Integers, Mask, make_blocks
from gridmap.grids.faces import Borders, block_of_faces, borders_of, face_polygons, half_way_lines, joined, separators_at, separators_between
from gridmap.grids.ridges import ridges
from gridmap.grids.separators import CROSSABLE
from gridmap.grids.strips import divided_strips, recut
from gridmap.grids.walls import Sites, sites

ISOLATED_M2 = 100.0
"""Land without a building, cut off on all sides, is named in a finding from this size on; smaller pieces are scraps of drawing."""


@dataclass(frozen=True, eq=False)
class Land:
    """The cells of a community before they are a table: faces of land, the building that owns each (position in ``Ground.building_id``), the block of
    each, the pieces of border between faces and the separator (position in SEPARATORS) that each of these runs along. ``transit`` marks the faces
    that only lie between barriers: no building stands there and no border of theirs may be crossed."""

    faces: Geometries
    owner: Integers
    block: Integers
    borders: Borders
    code: Integers
    transit: Mask
    findings: tuple[Finding, ...]


def shared_land(ground: Ground) -> Land:
    """Divide the land of a community among its buildings: every building owns a part, no part is left over.

    A block without a building joins the cell with which it shares the longest crossable border; one that is a mere strip, such as a verge, is shared
    out among the cells along it.
    """
    blocks = make_blocks(ground)
    points = sites(ground, blocks)
    faces, owner = _seated(face_polygons(half_way_lines(points, blocks), blocks), points, blocks, len(ground.buildings))
    block, borders, code = _bordered(faces, blocks, ground)
    settled = np.zeros(len(blocks.polygons), dtype=bool)
    settled[blocks.home] = settled[blocks.foreign_block] = True
    cut = divided_strips(faces, ~settled[block], owner, borders, code)
    if cut is not faces:
        faces, owner = _seated(cut, points, blocks, len(ground.buildings))
        block, borders, code = _bordered(faces, blocks, ground)
    owner = joined(owner, borders, code)
    owner, findings = _islands_joined(ground, faces, owner, borders, code)
    code = np.maximum(code, separators_between(borders, owner, block, blocks, ground))
    transit = _between_barriers(block, borders, code, settled)
    return Land(faces, owner, block, borders, code, transit, (*blocks.findings, *points.findings, *findings))


def _bordered(faces: Geometries, blocks: Blocks, ground: Ground) -> tuple[Integers, Borders, Integers]:
    """Return the block of each face, the pieces of border, and what runs along each."""
    block = block_of_faces(faces, blocks)
    borders = borders_of(faces)
    code = np.zeros(len(borders.left), dtype=np.int64)
    # Only where two blocks meet can a border run along a street or barrier.
    between = np.flatnonzero((borders.right >= 0) & (block[borders.left] != block[borders.right]))
    code[between] = separators_at(borders.middle[between], ground.lines)
    return block, borders, code


def _between_barriers(block: Integers, borders: Borders, code: Integers, settled: Mask) -> Mask:
    """Tell which faces lie in blocks that have no building and no border that may be crossed: strips between tracks, islands."""
    way_out = (borders.right >= 0) & (block[borders.left] != block[borders.right]) & CROSSABLE[code]
    closed = ~settled
    closed[block[borders.left[way_out]]] = closed[block[borders.right[way_out]]] = False
    return np.asarray(closed[block], dtype=bool)


def _seated(faces: Geometries, points: Sites, blocks: Blocks, buildings: int) -> tuple[Geometries, Integers]:
    """Return the faces with the building of each: the one whose seat lies in it, else -1. A face in which two buildings sit is divided."""
    foreign_seat = shapely.get_coordinates(shapely.point_on_surface(blocks.foreign))
    seat = np.concatenate((points.xy[points.seat], foreign_seat))
    building = np.concatenate((points.building[points.seat], blocks.foreign_of))
    own = np.arange(len(seat)) < len(points.seat)
    for _ in range(2):
        place, face = shapely.STRtree(faces).query(shapely.points(seat), predicate="intersects")
        owner = np.full(len(faces), -1, dtype=np.int64)
        # A building's own seat goes before a part of another that reaches in from over the street; then the first building.
        order = np.lexsort((building[place], ~own[place], face))[::-1]
        owner[face[order]] = building[place[order]]
        lost = np.setdiff1d(np.arange(buildings), owner)
        if not len(lost):
            break
        torn = np.unique(face[np.isin(building[place], lost)])
        in_torn = np.isin(face, torn) & own[place]
        faces = divided_between(faces, torn, seat[place[in_torn]], building[place[in_torn]], face[in_torn])
    return faces, owner


def divided_between(faces: Geometries, torn: Integers, seat: np.typing.NDArray[np.float64], building: Integers, face: Integers) -> Geometries:
    """Divide the faces ``torn`` half way between the seats in them; their neighbours get the new corners too."""
    rank = np.searchsorted(torn, face)
    xy, first, group = ridges(seat, building, rank, shapely.bounds(faces[torn]))
    chains = shapely.linestrings(xy, indices=np.repeat(np.arange(len(group)), np.diff(first)))
    cuts = shapely.intersection(chains, faces[torn][group])
    return recut(faces, torn, cuts)


def _islands_joined(ground: Ground, faces: Geometries, owner: Integers, borders: Borders, code: Integers) -> tuple[Integers, list[Finding]]:
    """Give land that touches no owned land, an island without a building, to the building with the nearest land."""
    findings = []
    while (owner < 0).any():
        owned = np.flatnonzero(owner >= 0)
        islands = np.flatnonzero(owner < 0)
        island, near = _nearest(faces[islands], faces[owned])
        owner = owner.copy()
        owner[islands[island]] = owner[owned[near]]
        before = owner < 0
        owner = joined(owner, borders, code)
        area = float(shapely.area(faces[islands[island]]) + shapely.area(faces[before & (owner >= 0)]).sum())
        if area >= ISOLATED_M2:
            point = shapely.point_on_surface(faces[islands[island]])
            building = str(ground.building_id[owner[islands[island]]])
            findings.append(
                finding("cells_land_isolated", building, value=round(area), unit="m2", community_id=ground.community_id, x=point.x, y=point.y)
            )
    return owner, findings


def _nearest(islands: Geometries, land: Geometries) -> tuple[int, int]:
    """Return the position of the island nearest to any land, and of that land."""
    (island, near), distance = shapely.STRtree(land).query_nearest(islands, return_distance=True)
    first = np.lexsort((near, island, np.round(distance, 4)))[0]
    return int(island[first]), int(near[first])


def cell_polygons(land: Land, buildings: int) -> Geometries:
    """Return the cell of each building: its faces made one, all corners kept, so that neighbours still share them."""
    order = np.argsort(land.owner, kind="stable")
    count = np.bincount(land.owner, minlength=buildings)
    cells = np.empty(buildings, dtype=object)
    first = np.cumsum(count) - count
    single = count == 1
    cells[single] = land.faces[order[first[single]]]
    for row in np.flatnonzero(~single):
        cells[row] = shapely.coverage_union_all(land.faces[order[first[row] : first[row] + count[row]]])
    return cells
