"""Atoms: what may not be divided. A building, or one stairwell of a building with more households than a grid may hold."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.findings import Finding, finding
from gridmap.grids.slices import Slicing, sliced_cells, split_neighbours
from gridmap.grids.tiling import Tiling
from gridmap.ground.tables import District


@dataclasses.dataclass(frozen=True, slots=True)
class _Division:
    """Into how many parts a building is divided, and whether the number of stairwells is known."""

    building_id: str
    households: int
    parts: int
    known: bool
    mark: str = "#"

    def ids(self) -> list[str]:
        """Return the ids of its stairwells."""
        return [atom_id(self.building_id, number, mark=self.mark) for number in range(1, self.parts + 1)]


def split_atoms(district: District, tiling: Tiling, households_max: int) -> tuple[gpd.GeoDataFrame, pd.DataFrame, list[Finding]]:
    """Return the atoms of a district, their neighbour table, and what had to be assumed or could not be done.

    Every building is one atom with the building's id, unless it has more than ``households_max`` households and is not dedicated. Then each of its
    ``stairwells`` (单元) is one atom, ``B12#1``, ``B12#2`` ... along the building (``B12##1`` where a building is called ``B12#1``); when their
    number is not known, the building is taken to have as few equal stairwells as fit into grids, and a finding says so. Households are divided as
    evenly as whole numbers allow, the larger shares first. The building's cell is cut across its long axis into slices that tile it. Neighbours of
    a slice inherit the building's separator and crossing, their shared lengths add up to the building's, and the slices of a building are
    neighbours in a row. An atom that still holds more than ``households_max``, and a user's own area above it (``cells`` is ``given``), cannot be
    divided and is a finding.

    The atoms have the columns that :class:`gridmap.grids.plan.Plan` describes, in the order of ``district.buildings``, stairwells in place of their
    building.
    """
    buildings = district.buildings
    households = buildings["households"].fillna(0).to_numpy(dtype=np.int64)
    above = np.flatnonzero((households > households_max) & ~buildings["dedicated"].fillna(False).to_numpy(dtype=bool))
    divisions: list[_Division] = []
    findings: list[Finding] = []
    taken = set(buildings.index)
    for position in above:
        building_id = str(buildings.index[position])
        division = _division(
            building_id, int(households[position]), buildings["stairwells"].iloc[position], households_max, district.cells == "given"
        )
        while not taken.isdisjoint(division.ids()):
            # An office may call a building of its own "B12#1".
            division = dataclasses.replace(division, mark=f"{division.mark}#")
        taken.update(division.ids())
        findings += _division_findings(division, households_max, buildings, given=district.cells == "given")
        if division.parts > 1:
            divisions.append(division)
    cells = tiling.cells.geometry.reindex(buildings.index)
    slicing = [Slicing(each.building_id, each.parts, buildings.geometry[each.building_id]) for each in divisions]
    noded, slices = sliced_cells(cells, slicing)
    atoms = _atoms_table(buildings, households, noded, {each.building_id: each for each in divisions}, slices)
    ids = {each.building_id: each.ids() for each in divisions}
    return atoms, split_neighbours(tiling.neighbours, noded, slices, ids), findings


def atom_id(building_id: str, stairwell: int, *, mark: str = "#") -> str:
    """Return the id of a stairwell, counted from 1; ``mark`` is longer where a building has that id.

    >>> atom_id("B12", 3)
    'B12#3'
    """
    return f"{building_id}{mark}{stairwell}"


def shares(households: int, parts: int) -> list[int]:
    """Divide ``households`` among ``parts`` stairwells as evenly as whole numbers allow, the larger shares first.

    >>> shares(602, 4)
    [151, 151, 150, 150]
    """
    each, left = divmod(households, parts)
    return [each + 1] * left + [each] * (parts - left)


def _division(building_id: str, households: int, stairwells: Any, households_max: int, given: bool) -> _Division:
    if given:
        return _Division(building_id, households, 1, known=True)
    if pd.notna(stairwells) and stairwells >= 1:
        return _Division(building_id, households, int(stairwells), known=True)
    return _Division(building_id, households, -(-households // households_max), known=False)


def _division_findings(division: _Division, households_max: int, buildings: gpd.GeoDataFrame, *, given: bool) -> list[Finding]:
    """Tell what was assumed of a building above the maximum, and which of its atoms stay above."""
    place = buildings.geometry[division.building_id].centroid
    community_id = str(buildings["community_id"][division.building_id])
    tell = functools.partial(finding, limit=households_max, unit="households", community_id=community_id, x=float(place.x), y=float(place.y))
    if given:
        return [tell("area_above_maximum", division.building_id, value=division.households)]
    if division.parts == 1:
        return [tell("building_above_maximum", division.building_id, value=division.households)]
    if not division.known:
        return [tell("stairwells_assumed", division.building_id, value=division.households, parts=division.parts)]
    return [
        tell("stairwell_above_maximum", stairwell, value=share)
        for stairwell, share in zip(division.ids(), shares(division.households, division.parts), strict=True)
        if share > households_max
    ]


def _atoms_table(
    buildings: gpd.GeoDataFrame,
    households: npt.NDArray[np.int64],
    cells: gpd.GeoSeries,
    divisions: dict[str, _Division],
    slices: dict[str, list[Any]],
) -> gpd.GeoDataFrame:
    """Repeat the row of each divided building for its stairwells and put in their shares and slices."""
    parts = np.ones(len(buildings), dtype=np.int64)
    for building_id, division in divisions.items():
        parts[buildings.index.get_loc(building_id)] = division.parts
    rows = np.repeat(np.arange(len(buildings)), parts)
    ids = buildings.index.to_numpy(dtype=object)[rows]
    geometry = cells.to_numpy()[rows]
    atom_households = households[rows]
    start = np.concatenate([[0], np.cumsum(parts)])
    for building_id, division in divisions.items():
        first = start[buildings.index.get_loc(building_id)]
        its = slice(first, first + division.parts)
        ids[its] = division.ids()
        geometry[its] = slices[building_id]
        atom_households[its] = shares(division.households, division.parts)
    columns = {
        "source_building_id": pd.array(buildings.index.to_numpy(dtype=object)[rows], dtype="str"),
        "community_id": buildings["community_id"].array[rows],
        "compound_id": buildings["compound_id"].array[rows],
        "households": atom_households,
        "households_source": buildings["households_source"].array[rows],
        "dedicated": buildings["dedicated"].fillna(False).to_numpy(dtype=bool)[rows],
    }
    index = pd.Index(ids, dtype="str", name="atom_id")
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometry, index=index, crs=buildings.crs), index=index, crs=buildings.crs)
