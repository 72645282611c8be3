"""Blocks: the land of a community between streets, barriers and its edge, and the block in which each building stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.errors import InputError
from gridmap.findings import Finding, finding
from gridmap.grids.separators import CODE, CROSSABLE, SEPARATORS
from gridmap.ground.tables import District

Geometries = npt.NDArray[np.object_]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NODE_GRID_M = 1e-5
"""Corners are rounded to this: far above float noise at a zone-prefixed easting (1e-8 m); a rim moved by half of it changes no area by 1e-6."""

LONG_TUNNEL_M = 60.0
"""A tunnel up to this length is an underpass and bounds blocks as the rest of its street does; a longer one runs under the houses."""

FOREIGN_SHARE = 0.05
"""A building is said to stand in another block too from this share of its footprint on, as in momepy; less is drawing error."""

POINT_HALF_SIDE_M = 0.5
"""A building drawn as a point or a line stands as a square of 1 m: room enough for points along its walls, too little to overlap others."""

ROOMY_M2 = 100.0
"""A building from outside is put into a block of at least this size, not into a scrap between two lines."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Things that separate: streets and barriers, lines or areas. ``code`` is the position in SEPARATORS, ``name`` may be missing (None)."""

    geometry: Geometries
    code: Integers
    name: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.geometry)

    def take(self, rows: Integers | Mask) -> Lines:
        """Return some of them."""
        return Lines(self.geometry[rows], self.code[rows], self.name[rows])


@dataclass(frozen=True, eq=False)
class Bridges:
    """Streets that may lead over or under a barrier; ``unknown`` where the level is not given."""

    geometry: Geometries
    street_id: npt.NDArray[np.object_]
    unknown: Mask

    def take(self, rows: Integers) -> Bridges:
        """Return some of them."""
        return Bridges(self.geometry[rows], self.street_id[rows], self.unknown[rows])


@dataclass(frozen=True, eq=False)
class Ground:
    """What the cells of one community are made from; buildings are sorted by id, so that the order of rows cannot matter."""

    community_id: str
    outline: Any
    building_id: npt.NDArray[np.object_]
    buildings: Geometries
    households: Integers
    lines: Lines
    areas: Lines
    bridges: Bridges


@dataclass(frozen=True, eq=False)
class Blocks:
    """``polygons`` tile the land; ``blind`` are the lines on it that end blind and so divide nothing. ``home`` is the block of each building,
    ``inside`` tells whether any of it stands there. ``foreign`` are the parts of footprints that stand in another block than their building's home,
    ``foreign_of`` the building and ``foreign_block`` the block of each."""

    polygons: Geometries
    blind: Geometries
    home: Integers
    inside: Mask
    foreign: Geometries
    foreign_of: Integers
    foreign_block: Integers
    findings: tuple[Finding, ...]


def grounds(district: District) -> Iterator[Ground]:
    """Yield what the cells of each community that has a building are made from, in the order of the communities layer.

    Raises ``InputError`` when a building names a community that the communities layer does not hold.
    """
    buildings = district.buildings.sort_index()
    strangers = buildings[~buildings["community_id"].isin(district.communities.index)]
    if len(strangers):
        names = strangers["community_id"].items()
        faults = [finding("cells_community_unknown", str(building_id), value=str(community)) for building_id, community in names]
        raise InputError("cells_communities_missing", findings=faults)
    lines, areas, bridges = _separating_lines(district), _separating_areas(district), _bridges(district)
    trees = [shapely.STRtree(each.geometry) for each in (lines, areas, bridges)]
    rows_of = buildings.groupby("community_id").indices
    geometry = _with_area(mended(buildings.geometry.to_numpy()))
    households = buildings["households"].fillna(0).to_numpy(dtype=np.int64)
    for community_id, outline in zip(district.communities.index, mended(district.communities.geometry.to_numpy()), strict=True):
        if community_id not in rows_of:
            continue
        rows = rows_of[community_id]
        near = [np.sort(tree.query(outline, predicate="intersects")) for tree in trees[:2]]
        spanned = np.sort(trees[2].query(shapely.envelope(outline), predicate="intersects"))
        yield Ground(
            str(community_id), outline, buildings.index.to_numpy(dtype=object)[rows], geometry[rows], households[rows],
            lines.take(near[0]), areas.take(near[1]), bridges.take(spanned),
        )  # fmt: skip


def mended(geometry: Geometries) -> Geometries:
    """Return flat, valid geometries: the import has mended them with findings; this only guards tables made by other hands."""
    flat: Geometries = shapely.force_2d(geometry)
    broken = ~shapely.is_valid(flat)
    if broken.any():
        flat = flat.copy()
        flat[broken] = shapely.make_valid(flat[broken], method="structure")
    return flat


def _with_area(buildings: Geometries) -> Geometries:
    """Return the footprints; points, lines and what else has no area become small squares."""
    footprints = buildings.copy()
    bare = shapely.area(footprints) == 0
    x, y = shapely.get_coordinates(shapely.centroid(footprints[bare])).T
    footprints[bare] = shapely.box(x - POINT_HALF_SIDE_M, y - POINT_HALF_SIDE_M, x + POINT_HALF_SIDE_M, y + POINT_HALF_SIDE_M)
    return footprints


def _names(table: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    return np.array([None if pd.isna(name) else str(name) for name in table["name"]], dtype=object)


def _separating_lines(district: District) -> Lines:
    """Streets on the ground and barriers drawn as lines. Paths separate nothing, nor do long tunnels: they run under the houses."""
    streets = district.streets.sort_index()
    streets = streets[streets["street_class"].isin(list(SEPARATORS))]
    under = (streets["layer"] < 0).fillna(False).to_numpy(dtype=bool)
    streets = streets[~(under & (streets.length > LONG_TUNNEL_M).to_numpy())]
    barriers = district.barriers.sort_index()
    barriers = barriers[(shapely.get_dimensions(barriers.geometry.to_numpy()) == 1)]
    geometry = shapely.force_2d(np.concatenate((streets.geometry.to_numpy(), barriers.geometry.to_numpy())))
    code = [CODE[each] for each in (*streets["street_class"], *barriers["kind"])]
    return Lines(geometry, np.array(code, dtype=np.int64), np.concatenate((_names(streets), _names(barriers))))


def _separating_areas(district: District) -> Lines:
    barriers = district.barriers.sort_index()
    barriers = barriers[shapely.get_dimensions(barriers.geometry.to_numpy()) == 2]
    return Lines(mended(barriers.geometry.to_numpy()), np.array([CODE[kind] for kind in barriers["kind"]], dtype=np.int64), _names(barriers))


def _bridges(district: District) -> Bridges:
    """Streets open to walkers that are a bridge or tunnel, or of which the level is unknown."""
    streets = district.streets.sort_index()
    layer = streets["layer"]
    streets = streets[streets["walkable"].fillna(False).to_numpy(dtype=bool) & (layer.isna() | (layer.fillna(0) != 0)).to_numpy(dtype=bool)]
    return Bridges(shapely.force_2d(streets.geometry.to_numpy()), streets.index.to_numpy(dtype=object), streets["layer"].isna().to_numpy(dtype=bool))


def make_blocks(ground: Ground) -> Blocks:
    """Divide the land of a community by its streets and barriers, and find the block of each building.

    A building belongs to the block that holds the largest part of its footprint. Where it reaches into another block by 5 % of its footprint or more,
    its footprint there goes with it, unless a river, railway or expressway runs between, or a building of that block stands on the same ground. A
    building outside the land belongs to the nearest block, with a finding.
    """
    land = shapely.difference(ground.outline, shapely.union_all(ground.areas.geometry)) if len(ground.areas) else ground.outline
    polygons, blind = divided(land, ground.lines.geometry)
    if not len(polygons):  # the barriers cover the whole community
        polygons, blind = divided(ground.outline, ground.lines.geometry)
    tree = shapely.STRtree(polygons)
    building, block = tree.query(ground.buildings, predicate="intersects")
    alone = np.bincount(building, minlength=len(ground.buildings))[building] == 1
    shapely.prepare(polygons)
    whole = alone.copy()
    whole[alone] = shapely.covers(polygons[block[alone]], ground.buildings[building[alone]])
    parts = ground.buildings[building]
    parts[~whole] = shapely.intersection(ground.buildings[building[~whole]], polygons[block[~whole]])
    area = shapely.area(parts)
    touching = area > 0
    building, block, parts, area = building[touching], block[touching], parts[touching], area[touching]
    home = np.full(len(ground.buildings), -1, dtype=np.int64)
    order = np.lexsort((block, area, building))
    home[building[order]] = block[order]  # the last one written is the largest
    inside = home >= 0
    if not inside.all():
        roomy = np.flatnonzero(shapely.area(polygons) >= min(ROOMY_M2, shapely.area(polygons).max()))
        home[~inside] = roomy[shapely.STRtree(polygons[roomy]).nearest(ground.buildings[~inside])]
    footprint = shapely.area(ground.buildings)
    foreign = (home[building] != block) & (area >= FOREIGN_SHARE * footprint[building])
    foreign &= ~_over_barrier(ground, building)
    shares = np.bincount(building, weights=area, minlength=len(ground.buildings)) / np.maximum(footprint, 1e-9)
    foreign_of, foreign_block = building[foreign], block[foreign]
    pieces = _not_on_those_at_home(np.array([_areal(part) for part in parts[foreign]], dtype=object), foreign_block, ground, home)
    kept = shapely.area(pieces) >= FOREIGN_SHARE * footprint[foreign_of]
    findings = _stray_buildings(ground, inside, shares)
    return Blocks(polygons, blind, home, inside, pieces[kept], foreign_of[kept], foreign_block[kept], findings)


def divided(land: Any, lines: Geometries) -> tuple[Geometries, Geometries]:
    """Return the polygons into which ``lines`` divide ``land``, sorted from the south-west, and the pieces of line on it that divide nothing."""
    net = shapely.union_all([shapely.boundary(land), *lines], grid_size=NODE_GRID_M)
    faces, *blind, _ = (shapely.get_parts(each) for each in shapely.polygonize_full([net]))
    shapely.prepare(land)
    faces = faces[shapely.contains_properly(land, shapely.point_on_surface(faces))]
    bounds = shapely.bounds(faces)
    order = np.lexsort((shapely.area(faces), bounds[:, 3], bounds[:, 2], bounds[:, 0], bounds[:, 1]))
    ends = np.concatenate(blind)
    return np.asarray(faces[order], dtype=object), np.asarray(ends[shapely.intersects(land, ends)], dtype=object)


def _not_on_those_at_home(pieces: Geometries, block: Integers, ground: Ground, home: Integers) -> Geometries:
    """Return the parts of footprints that reach into a ``block`` less the ground of the buildings that stand at home there.

    Otherwise a building at home could have all of its points on the common ground and lose the rest of its land to its neighbours.
    """
    piece, other = shapely.STRtree(ground.buildings).query(pieces)
    here = home[other] == block[piece]
    piece, other = piece[here], other[here]
    common = shapely.relate_pattern(pieces[piece], ground.buildings[other], "T********")
    piece, other = piece[common], other[common]
    free = pieces.copy()
    for row in np.unique(piece):
        free[row] = shapely.difference(pieces[row], shapely.union_all(ground.buildings[other[piece == row]]))
    return free


def _areal(geometry: Any) -> Any:
    """Return the polygons of an intersection, without the lines and points where borders only touch."""
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry
    return shapely.multipolygons([part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"])


def _over_barrier(ground: Ground, building: Integers) -> Mask:
    """Tell which of the buildings stand over a line that one may not cross."""
    fixed = ground.lines.geometry[~CROSSABLE[ground.lines.code]]
    over = np.zeros(len(ground.buildings), dtype=bool)
    over[shapely.STRtree(fixed).query(ground.buildings, predicate="intersects")[0]] = True
    return np.asarray(over[building], dtype=bool)


def _stray_buildings(ground: Ground, inside: Mask, shares: Floats) -> tuple[Finding, ...]:
    """Name the buildings that stand outside the land of their community, or partly so."""
    found = []
    partly = inside & (shares < 1 - FOREIGN_SHARE)
    for row in np.flatnonzero(~inside | partly):
        point = shapely.point_on_surface(ground.buildings[row])
        code = "cells_building_partly_outside" if inside[row] else "cells_building_outside"
        share = round(100 * float(1 - shares[row]), 1)
        found.append(finding(code, str(ground.building_id[row]), value=share, unit="%", community_id=ground.community_id, x=point.x, y=point.y))
    return tuple(found)
