"""The tiling of a district: one land cell a building, and which cells lie side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.findings import Finding, finding
from gridmap.grids.blocks import Floats, Geometries, Ground, Integers, grounds
from gridmap.grids.cells import cell_polygons, shared_land
from gridmap.grids.crossings import crossings
from gridmap.grids.given import given_land
from gridmap.grids.neighbours import Pairs, neighbour_table, pairs_across, pairs_of
from gridmap.grids.parts import part_findings
from gridmap.grids.separators import SEPARATORS as SEPARATORS
from gridmap.ground.tables import District
from gridmap.progress import Progress, silent
from gridmap.run_jobs import run_jobs

BUILDINGS_WORTH_A_PROCESS = 3_000
"""Fewer are divided here in less time than other processes take to start."""


@dataclass(frozen=True, eq=False)
class Tiling:
    """Land cells and the neighbour table of a district's buildings.

    ``cells``: GeoDataFrame indexed by building_id, one row for each building of the district, in the district's order, with ``community_id`` (text)
    and ``geometry``, the (multi)polygon of land that belongs to the building. The cells of a community tile it, less its barrier polygons.

    ``neighbours``: DataFrame with each unordered pair once, sorted: ``a`` < ``b`` (text, building ids), ``shared_m`` (float64, length of the common
    border), ``separator`` (one of :data:`SEPARATORS`: that along most of the common border), ``crossable`` (bool). Every pair that shares more than
    0.5 m is there, also those that cannot be crossed and those of different communities (separator ``community``, crossable False). A pair joined
    only by a bridge or underpass has ``shared_m`` 0 and crossable True.

    ``fingerprint`` is that of the district the tiling was made from.
    """

    cells: gpd.GeoDataFrame
    neighbours: pd.DataFrame
    findings: tuple[Finding, ...]
    fingerprint: str


@dataclass(frozen=True, eq=False)
class CommunityTiling:
    """The tiling of one community; cells by their position in ``Ground.building_id``. ``rim`` (n, 4) are the straight pieces of its outline and
    ``rim_cell`` the cell at each."""

    cells: Geometries
    pairs: Pairs
    rim: Floats
    rim_cell: Integers
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Rim:
    """The outlines of communities: straight pieces of them, (n, 4), and the building whose cell lies at each, with its community."""

    ends: Floats
    building_id: Geometries
    community_id: Geometries


def tile(district: District, *, cores: int | None = 1, progress: Progress = silent) -> Tiling:
    """Give every building of a district its land, and list which lie side by side.

    The land of a community is divided into blocks by streets (not paths), walls, rivers, railways, expressways and its own edge; the land of a block
    is shared out half way between the walls of its buildings. With ``district.cells == "given"`` the buildings' own polygons are the cells. Each
    community is a job of its own, so the result is the same on one core and on many; ``cores=None`` uses all, where that pays. What is doubtful is
    told in ``findings``: buildings outside their community, footprints that coincide, land cut off, and parts of a community that cannot be reached
    from the rest.

    Raises ``InputError`` when buildings belong to communities that the communities layer does not hold.
    """
    return tile_with_rim(district, cores=cores, progress=progress)[0]


def tile_with_rim(district: District, *, cores: int | None = 1, progress: Progress = silent) -> tuple[Tiling, Rim]:
    """Return what :func:`tile` does, and the outlines of the communities, along which the cells of other districts may lie."""
    # Large communities first, so that no core waits for one at the end.
    jobs = sorted(grounds(district), key=lambda ground: -len(ground.buildings))
    work = _tile_given if district.cells == "given" else _tile_built
    done, total = 0, len(district.buildings)
    progress("step_cells", done, total)
    results: dict[str, tuple[Ground, CommunityTiling]] = {}
    for position, result in run_jobs(work, jobs, cores=1 if total < BUILDINGS_WORTH_A_PROCESS else cores):
        results[jobs[position].community_id] = (jobs[position], result)
        done += len(result.cells)
        progress("step_cells", done, total)
    return _assembled(district, [results[each] for each in district.communities.index if each in results])


def _tile_built(ground: Ground) -> CommunityTiling:
    return _community_tiling(ground, given=False)


def _tile_given(ground: Ground) -> CommunityTiling:
    return _community_tiling(ground, given=True)


def _community_tiling(ground: Ground, *, given: bool) -> CommunityTiling:
    land = given_land(ground) if given else shared_land(ground)
    cells = cell_polygons(land, len(ground.buildings))
    bridged, bridged_code, doubts = crossings(ground, land.faces, land.owner, land.transit)
    pairs = pairs_of(land.owner, land.borders, land.code, bridged, bridged_code)
    rim = land.borders.right < 0
    findings = (*land.findings, *doubts, *part_findings(ground, pairs, cells))
    return CommunityTiling(cells, pairs, land.borders.ends[rim], land.owner[land.borders.left[rim]], findings)


def neighbours_across(rims: Sequence[Rim]) -> pd.DataFrame:
    """Return the neighbours that lie in two of the districts with these ``rims``, as in :class:`Tiling`; those within one of them are not told."""
    names, cell = np.unique(np.concatenate([rim.building_id for rim in rims]), return_inverse=True)
    # Communities in the order of their ids: a common border is measured from the first of two, whoever asks.
    community = np.unique(np.concatenate([rim.community_id for rim in rims]), return_inverse=True)[1]
    district = np.repeat(np.arange(len(rims)), [len(rim.ends) for rim in rims])
    return neighbour_table(pairs_across(np.concatenate([rim.ends for rim in rims]), cell, community, group=district), names)


def _assembled(district: District, results: list[tuple[Ground, CommunityTiling]]) -> tuple[Tiling, Rim]:
    """Put the communities together and find the neighbours across their outlines."""
    building_id = np.concatenate([ground.building_id for ground, _ in results]) if results else np.empty(0, dtype=object)
    sizes = [len(ground.building_id) for ground, _ in results]
    offsets = np.cumsum([0, *sizes])[:-1]
    tables = [neighbour_table(result.pairs, ground.building_id) for ground, result in results]
    ends = np.concatenate([np.empty((0, 4)), *(result.rim for _, result in results)])
    at = np.concatenate([np.empty(0, dtype=np.int64), *(result.rim_cell + offset for (_, result), offset in zip(results, offsets, strict=True))])
    home = np.repeat(np.array([ground.community_id for ground, _ in results], dtype=object), [len(result.rim) for _, result in results])
    if len(results) > 1:
        community = np.unique(home, return_inverse=True)[1]
        tables.append(neighbour_table(pairs_across(ends, at, community), building_id))
    none = np.empty(0, dtype=np.int64)
    tables = tables or [neighbour_table(Pairs(none, none, none.astype(np.float64), none, none.astype(bool)), building_id)]
    neighbours = pd.concat(tables, ignore_index=True).sort_values(["a", "b"], ignore_index=True)
    geometry = np.concatenate([result.cells for _, result in results]) if results else np.empty(0, dtype=object)
    order = pd.Index(building_id).get_indexer(district.buildings.index)
    cells = gpd.GeoDataFrame(
        {"community_id": district.buildings["community_id"]}, geometry=geometry[order], index=district.buildings.index, crs=district.crs
    )
    told = [each for _, result in results for each in result.findings]
    settled = {ground.community_id for ground, _ in results}
    told += [finding("cells_community_empty", str(each), community_id=str(each)) for each in district.communities.index if each not in settled]
    return Tiling(cells, neighbours, tuple(told), district.fingerprint()), Rim(ends, building_id[at], home)
