"""Points along the walls of buildings, from which the land around is shared out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.findings import Finding, finding
from gridmap.grids.blocks import Blocks, Floats, Geometries, Ground, Integers, Mask
from gridmap.grids.ridges import distinct
from gridmap.grids.stand_ins import HALF_SIDES_M, stand_ins

SPACING_M = 1.0
"""Distance between points along a wall: cells differ from those at half of it by less than 1 % in the median, and it halves the work."""

SHRINK_M = 0.4
"""Points stand this far inside the wall, so that the walls of touching buildings differ; the value is that of momepy's tessellation."""

SAME_FOOTPRINT = 0.8
"""Buildings that share more than this of the area they cover together are taken to be drawn on one footprint."""

STRIP_POINTS = 8
"""At least so many points along its walls stand for each of several buildings on one footprint."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Points with the building that they stand for and its block.

    ``seat`` names for each part of a building one of its points, well inside, that tells its land: shape (m,), positions in ``xy``.
    """

    xy: Floats
    building: Integers
    block: Integers
    seat: Integers
    findings: tuple[Finding, ...]


def sites(ground: Ground, blocks: Blocks) -> Sites:
    """Return the points that stand for each building in its block.

    Footprints that (nearly) coincide share their common place in strips, sorted by building id, with a finding. A building with no place on the land
    of its block is stood for by a small square at the nearest place there.
    """
    footprints = ground.buildings.copy()
    spacing = np.full(len(footprints), SPACING_M)
    left, right = overlapping(footprints, blocks.home)
    stacks = coinciding(footprints, left, right)
    stack_of = np.arange(len(footprints))
    for stack in stacks:
        spacing[stack] = min(SPACING_M, shapely.length(footprints[stack[0]]) / (STRIP_POINTS * len(stack)))
        footprints[stack] = footprints[stack[0]]
        stack_of[stack] = stack[0]
    xy, building, part = wall_points(footprints, spacing)
    apart = stack_of[left] != stack_of[right]
    kept = np.flatnonzero(_strips(xy, building, stacks) & _not_in_smaller(xy, building, footprints, left[apart], right[apart]))
    xy, building, part = _own_points(xy[kept], building[kept], part[kept], footprints, blocks)
    on_land = _on_land(xy, building, footprints, blocks)
    for half_m in HALF_SIDES_M:
        homeless = np.flatnonzero(np.bincount(building[on_land], minlength=len(footprints)) == 0)
        if not len(homeless):
            break
        there = ~np.isin(building, homeless)
        footprints[homeless] = stand_ins(homeless, footprints, blocks.home, blocks.polygons, half_m)
        more, owner, more_part = wall_points(footprints[homeless], np.full(len(homeless), half_m))
        xy, building = np.concatenate((xy[there], more)), np.concatenate((building[there], homeless[owner]))
        part = np.concatenate((part[there], more_part + int(part.max(initial=0)) + 1))
        on_land = np.concatenate((on_land[there], shapely.contains_xy(blocks.polygons[blocks.home[homeless[owner]]], more)))
    return Sites(xy, building, blocks.home[building], _seats(xy, part, on_land), tuple(_stack_findings(ground, stacks)))


def _own_points(xy: Floats, building: Integers, part: Integers, footprints: Geometries, blocks: Blocks) -> tuple[Floats, Integers, Integers]:
    """Return the points without those that fall together with one of a smaller building: a tower keeps its walls on the edge of its podium."""
    order = np.lexsort((part, building, shapely.area(footprints)[building]))
    xy, building, part = xy[order], building[order], part[order]
    fresh = distinct(xy, blocks.home[building], _bounds(xy, blocks.home[building], blocks))
    return xy[fresh], building[fresh], part[fresh]


def bounds_of(found: Sites, blocks: Blocks) -> Floats:
    """Return for each block the bounds of its land and its points."""
    return _bounds(found.xy, found.block, blocks)


def _bounds(xy: Floats, block: Integers, blocks: Blocks) -> Floats:
    bounds = shapely.bounds(blocks.polygons).copy()
    for axis in (0, 1):
        np.minimum.at(bounds[:, axis], block, xy[:, axis])
        np.maximum.at(bounds[:, axis + 2], block, xy[:, axis])
    return np.asarray(bounds, dtype=np.float64)


def wall_points(footprints: Geometries, spacing: Floats) -> tuple[Floats, Integers, Integers]:
    """Return points just inside the walls, no further apart than ``spacing`` (metres, one for each footprint), their footprint and its part.

    The points of a wall stand in the middle of equal stretches, so they depend neither on where a ring starts nor on its direction; two buildings
    that share a wall have their points face to face.

    >>> xy, footprint, part = wall_points(np.array([shapely.box(0, 0, 2, 1)]), np.array([1.0]))
    >>> len(xy)
    6
    """
    parts, owner = shapely.get_parts(shapely.orient_polygons(footprints), return_index=True)
    depth = np.minimum(SHRINK_M, shapely.area(parts) / np.maximum(shapely.length(parts), 1e-9) / 2)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    start, along, part = corners[:-1][same], np.diff(corners, axis=0)[same], ring_part[ring[:-1][same]]
    length = np.hypot(along[:, 0], along[:, 1])
    start, along, part, length = start[length > 0], along[length > 0], part[length > 0], length[length > 0]
    count = np.maximum(np.ceil(length / spacing[owner[part]] - 1e-9), 1).astype(np.int64)
    wall = np.repeat(np.arange(len(count)), count)
    share = (np.arange(len(wall)) - np.repeat(np.cumsum(count) - count, count) + 0.5) / count[wall]
    inward = np.stack((-along[:, 1], along[:, 0]), axis=1) * (depth[part] / length)[:, None]
    return start[wall] + along[wall] * share[:, None] + inward[wall], owner[part[wall]], part[wall]


def overlapping(footprints: Geometries, block: Integers) -> tuple[Integers, Integers]:
    """Return the pairs of footprints of one block that have some area in common, the first before the second."""
    left, right = shapely.STRtree(footprints).query(footprints)
    once = (left < right) & (block[left] == block[right])
    left, right = left[once], right[once]
    common = shapely.relate_pattern(footprints[left], footprints[right], "T********")
    return left[common], right[common]


def coinciding(footprints: Geometries, left: Integers, right: Integers) -> list[Integers]:
    """Return the groups of footprints that (nearly) coincide; ``left`` and ``right`` are the pairs that overlap."""
    size = shapely.area(footprints)
    common = shapely.area(shapely.intersection(footprints[left], footprints[right]))
    same = common > SAME_FOOTPRINT * (size[left] + size[right] - common)
    bonds = coo_array((np.ones(same.sum(), dtype=np.int8), (left[same], right[same])), shape=(len(footprints),) * 2)
    group = connected_components(bonds, directed=False)[1]
    crowded = np.flatnonzero(np.bincount(group) > 1)
    return [np.flatnonzero(group == each) for each in crowded]


def _not_in_smaller(xy: Floats, building: Integers, footprints: Geometries, left: Integers, right: Integers) -> Mask:
    """Tell which points to keep where footprints overlap: those of the larger inside the smaller go, so that common ground has one owner.

    The points stand in the order of their buildings.
    """
    size = shapely.area(footprints)
    larger = np.where(size[left] >= size[right], left, right)
    smaller = np.where(size[left] >= size[right], right, left)
    keep = np.ones(len(xy), dtype=bool)
    first = np.searchsorted(building, np.arange(len(footprints) + 1))
    for one, other in zip(larger, smaller, strict=True):
        own = slice(first[one], first[one + 1])
        keep[own] &= ~shapely.contains_xy(footprints[other], xy[own])
    return keep


def _strips(xy: Floats, building: Integers, stacks: list[Integers]) -> Mask:
    """Tell which points to keep when the buildings of a stack, now all with the same points, take one strip each across the longer side."""
    keep = np.ones(len(xy), dtype=bool)
    first = np.searchsorted(building, np.arange(building.max(initial=0) + 2))
    for stack in stacks:
        points = xy[first[stack[0]] : first[stack[0] + 1]]
        points = points - points.mean(axis=0)
        axis = np.linalg.eigh(points.T @ points)[1][:, 1]
        axis = axis * (1 if axis[np.argmax(np.abs(axis))] > 0 else -1)
        strip = np.empty(len(points), dtype=np.int64)
        strip[np.argsort(np.round(points @ axis, 6), kind="stable")] = np.arange(len(points)) * len(stack) // len(points)
        for position, row in enumerate(stack):
            keep[first[row] : first[row + 1]] = strip == position
    return keep


def _on_land(xy: Floats, building: Integers, footprints: Geometries, blocks: Blocks) -> Mask:
    """Tell which points lie on the land of their building's block."""
    home = blocks.polygons[blocks.home]
    shapely.prepare(home)
    whole = shapely.contains_properly(home, footprints)
    there = whole[building]
    doubtful = np.flatnonzero(~there)
    there[doubtful] = shapely.contains_xy(home[building[doubtful]], xy[doubtful])
    return np.asarray(there, dtype=bool)


def _seats(xy: Floats, part: Integers, on_land: Mask) -> Integers:
    """Return for each part that has points on its land the one nearest to their middle."""
    rows = np.flatnonzero(on_land)
    part = part[rows]
    parts = int(part.max()) + 1
    count = np.maximum(np.bincount(part, minlength=parts), 1)
    middle = np.stack([np.bincount(part, weights=xy[rows, axis], minlength=parts) / count for axis in (0, 1)], axis=1)
    away = np.round(np.hypot(*(xy[rows] - middle[part]).T), 3)
    least = np.full(parts, np.inf)
    np.minimum.at(least, part, away)
    nearest = np.flatnonzero(away == least[part])
    rows, part = rows[nearest], part[nearest]
    order = np.lexsort((xy[rows, 1], xy[rows, 0], part))
    return rows[order[np.unique(part[order], return_index=True)[1]]]


def _stack_findings(ground: Ground, stacks: list[Integers]) -> list[Finding]:
    found = []
    for stack in stacks:
        point = shapely.point_on_surface(ground.buildings[stack[0]])
        for row in stack[1:]:
            first = str(ground.building_id[stack[0]])
            found.append(
                finding("cells_footprint_shared", str(ground.building_id[row]), community_id=ground.community_id, x=point.x, y=point.y, other=first)
            )
    return found
