"""An existing division into grids: polygons, or a table of buildings and grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.errors import InputError
from gridmap.findings import Finding
from gridmap.ground.matching import match_ledger, texts
from gridmap.ground.names import as_texts
from gridmap.ground.repair import mended_geometry, readable_geometry
from gridmap.ground.rows import Rows
from gridmap.ground.tables import District

OVERLAP_M2 = 1.0
"""Grids whose polygons share less than this lie side by side; their edges were drawn twice."""


@dataclass(frozen=True, eq=False)
class ExistingDivision:
    """Grids that a planner has: ``plan`` is the name that the plan shall bear.

    ``grid_of`` gives the grid of each building of the district, as text, indexed by building_id in the district's order; missing where a
    building is in no grid. ``names`` gives the name of each grid that has one.
    """

    plan: str
    grid_of: pd.Series
    names: pd.Series
    findings: tuple[Finding, ...]


def existing_division(rows: Rows, district: District, *, plan: str, told: Sequence[Finding] = ()) -> ExistingDivision:
    """Return the division that ``rows`` draw or list; ids of grids stay the text that they are.

    A building belongs to the grid that its representative point lies in. Buildings in no grid or in two, grids that overlap and grids without a
    building are findings, beside what the reader has ``told`` of the file. Raises ``InputError`` when the rows have no ids of grids, or no building
    is in any grid.
    """
    drawn = bool(rows.frame.geometry.notna().any())
    if drawn:
        rows, findings = _drawn_rows(rows, told)
        ids, named = _grid_ids(rows)
        grid_of, more = _by_place(rows, ids, district)
    else:
        findings = list(told)
        if not {"grid_id"} & set(rows.columns):
            raise InputError("grid_field_absent", file=rows.file, columns=", ".join(rows.columns.values()))
        ids, named = _grid_ids(rows)
        grid_of, more = _by_table(rows, ids, district)
    findings += more
    if not grid_of.notna().any():
        raise InputError("division_matches_nothing", findings=findings[:20], file=rows.file)
    findings += _unassigned(rows, grid_of, district)
    filled = set(grid_of.dropna())
    empty = np.array([identity is not None and identity not in filled for identity in ids], dtype=bool)
    seen: set[str] = set()
    for position in np.flatnonzero(empty):
        if ids[position] not in seen:
            seen.add(str(ids[position]))
            findings.append(rows.finding("grid_empty", int(position), subject=str(ids[position])))
    return ExistingDivision(plan, grid_of, named, tuple(findings))


def _drawn_rows(rows: Rows, told: Sequence[Finding]) -> tuple[Rows, list[Finding]]:
    rows, findings = readable_geometry(rows, told)
    rows, more = mended_geometry(rows)
    return rows, findings + more


def _grid_ids(rows: Rows) -> tuple[npt.NDArray[np.object_], pd.Series]:
    """Return each row's grid id, made from the row number where there is none, and the names by id."""
    frame = rows.frame
    columns = [name for name in ("grid_id", "code", "name") if name in frame.columns]
    ids = as_texts(frame[columns[0]].to_numpy(dtype=object)) if columns else np.full(len(rows), None, dtype=object)
    if rows.frame.geometry.notna().any():
        ids = np.array([identity or f"G{number}" for identity, number in zip(ids, rows.numbers, strict=True)], dtype=object)
    named = {identity: name for identity, name in zip(ids, texts(frame, "name"), strict=True) if identity is not None and name is not None}
    return ids, pd.Series(named, dtype="str")


def _series(found: npt.NDArray[np.object_], district: District) -> pd.Series:
    return pd.Series(pd.array(found, dtype="str"), index=district.buildings.index, name="grid_id")


def _by_place(rows: Rows, ids: npt.NDArray[np.object_], district: District) -> tuple[pd.Series, list[Finding]]:
    areas = rows.frame.geometry.to_numpy()
    points = shapely.point_on_surface(district.buildings.geometry.to_numpy())
    building, area = shapely.STRtree(areas).query(points, predicate="intersects")
    order = np.lexsort((area, building))
    building, area = building[order], area[order]
    found = np.full(len(points), None, dtype=object)
    findings = []
    for position, grid in zip(building.tolist(), area.tolist(), strict=True):
        if found[position] is None:
            found[position] = ids[grid]
        elif found[position] != ids[grid]:
            name = str(district.buildings.index[position])
            findings.append(rows.finding("building_in_two_grids", grid, subject=name, value=str(ids[grid]), limit=str(found[position])))
    return _series(found, district), _overlaps(rows, ids) + findings


def _overlaps(rows: Rows, ids: npt.NDArray[np.object_]) -> list[Finding]:
    areas = rows.frame.geometry.to_numpy()
    a, b = shapely.STRtree(areas).query(areas, predicate="intersects")
    a, b = a[a < b], b[a < b]
    common = shapely.area(shapely.intersection(areas[a], areas[b]))
    return [
        rows.finding("grids_overlap", int(b[pair]), subject=str(ids[b[pair]]), value=round(float(common[pair]), 1), other=str(ids[a[pair]]))
        for pair in np.flatnonzero(common > OVERLAP_M2)
        if ids[a[pair]] != ids[b[pair]]
    ]


def _by_table(rows: Rows, ids: npt.NDArray[np.object_], district: District) -> tuple[pd.Series, list[Finding]]:
    frame = rows.frame.rename(columns={"community_id": "community"})
    if "building_id" in frame.columns:
        # The column may hold ids or names; the names serve where the ids say nothing.
        frame = frame.assign(building=frame["building_id"])
    matches = match_ledger(rows.with_frame(frame), district.buildings, district.communities)
    found = np.full(len(district.buildings), None, dtype=object)
    findings = []
    for row in range(len(rows)):
        members = (
            [int(matches.building[row])] if matches.building[row] >= 0 else list(matches.members[row]) if matches.members[row] is not None else []
        )
        label = texts(rows.frame.iloc[[row]], "building_id")[0] or str(rows.numbers[row])
        if not members:
            findings.append(rows.finding("grid_row_unmatched", row, subject=label))
        elif ids[row] is None:
            findings.append(rows.finding("grid_row_without_grid", row, subject=label))
        for position in members if ids[row] is not None else ():
            if found[position] is None:
                found[position] = ids[row]
            elif found[position] != ids[row]:
                name = str(district.buildings.index[position])
                findings.append(rows.finding("building_in_two_grids", row, subject=name, value=str(ids[row]), limit=str(found[position])))
    return _series(found, district), findings


def _unassigned(rows: Rows, grid_of: pd.Series, district: District) -> list[Finding]:
    missing = grid_of.isna()
    points = shapely.point_on_surface(district.buildings.geometry.to_numpy()[missing.to_numpy()])
    communities = district.buildings["community_id"][missing]
    return [
        Finding(
            "building_in_no_grid",
            str(building),
            "error",
            file=rows.file,
            layer=rows.layer,
            community_id=str(community),
            x=float(point.x),
            y=float(point.y),
        )
        for building, community, point in zip(grid_of.index[missing], communities, points, strict=True)
    ]
