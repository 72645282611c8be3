"""The layers that leave gridmap: those of a plan, and those of the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.findings import Finding, finding
from gridmap.grids.plan import ORDINARY, Plan
from gridmap.ground.tables import TABLES, District
from gridmap.store.finding_rows import findings_frame
from gridmap.store.geopackage import Field, Layer
from gridmap.store.schema import ATOM_COLUMNS, FINDING_COLUMNS, GRID_COLUMNS, GROUND, NEIGHBOUR_COLUMNS
from gridmap.texts import Language, render

BOUNDS = (Field("households_min", "integer"), Field("households_max", "integer"))
OF_BUILDING = (Field("name", "text"), Field("use", "text"), Field("floors", "integer"))
"""What an atom takes from its building; numbers that would be counted twice for two stairwells are left out."""

AREA = 2
"""The dimension of an area."""
OF_GRID = (Field("grid_id", "text"), Field("grid_code", "text"), Field("grid_name", "text"))
"""What an atom takes from its grid."""

GRIDS = Layer("grids", (Field("plan", "text", required=True), *GRID_COLUMNS, *BOUNDS), "MULTIPOLYGON")
BUILDINGS = Layer(
    "buildings",
    (Field("building_id", "text", required=True, unique=True), *OF_GRID, *ATOM_COLUMNS[1:], *OF_BUILDING),
    "MULTIPOLYGON",
)
CELLS = Layer(
    "cells",
    (
        Field("building_id", "text", required=True, unique=True),
        Field("source_building_id", "text", required=True),
        Field("community_id", "text", required=True),
        Field("grid_id", "text"),
    ),
    "MULTIPOLYGON",
)
NEIGHBOURS = Layer("neighbours", NEIGHBOUR_COLUMNS)
FINDINGS = Layer("findings", FINDING_COLUMNS, "POINT", bare=True)


@dataclass(frozen=True, eq=False)
class Export:
    """One layer that leaves gridmap: its declaration and its rows."""

    layer: Layer
    frame: gpd.GeoDataFrame | pd.DataFrame

    @property
    def name(self) -> str:
        """The name of the layer."""
        return self.layer.name

    @property
    def columns(self) -> list[str]:
        """The names of its columns without the geometry."""
        return [field.name for field in self.layer.fields]


def plan_layers(plan: Plan, district: District) -> tuple[list[Export], list[Finding]]:
    """Return the layers ``grids``, ``buildings``, ``cells``, ``neighbours`` and ``findings`` of a plan, and what could not be shown.

    ``buildings``, ``cells`` and ``neighbours`` speak of atoms: ``building_id`` is the atom's id, ``source_building_id`` the building's.
    Footprints come from ``district``; a building that the plan knows and the ground no longer has is drawn as its land cell, and a finding says so.
    """
    atoms = plan.atoms.rename_axis("building_id").assign(grid_id=plan.grid_of)
    buildings, findings = _buildings(atoms, plan, district)
    bounds = plan.rules.grid
    ordinary = plan.grids["kind"] == ORDINARY
    # A dedicated grid has no bounds; saying so row by row lets a reader check the balance without knowing the rules.
    low, high = (pd.Series(limit, index=plan.grids.index, dtype="Int64").where(ordinary) for limit in (bounds.households_min, bounds.households_max))
    grids = plan.grids.rename_axis("grid_id").assign(plan=plan.name, households_min=low, households_max=high)
    layers = [
        _export(GRIDS, grids.reset_index()),
        _export(BUILDINGS, buildings.reset_index()),
        _export(CELLS, atoms.reset_index()),
        Export(NEIGHBOURS, plan.neighbours),
        _export(FINDINGS, findings_frame(plan.findings, plan.atoms.crs)),
    ]
    return layers, findings


def ground_layers(district: District, findings: Sequence[Finding] = ()) -> list[Export]:
    """Return the tables of the ground, those without rows left out, and the findings on it."""
    tables = {name: table for name, table in district.tables().items() if len(table)}
    layers = [_export(GROUND[name], table.reset_index()) for name, table in tables.items()]
    return [*layers, _export(FINDINGS, findings_frame(findings, district.crs))]


def title(layer: str, column: str, language: Language) -> str:
    """Return what a column means.

    >>> title("buildings", "households", "zh")
    '户数'
    """
    known = {each.name: each for each in TABLES[layer].columns} if layer in TABLES else {}
    if column in known:
        return known[column].zh if language == "zh" else known[column].en
    return render(f"column_{column}", language, {})


def _buildings(atoms: gpd.GeoDataFrame, plan: Plan, district: District) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    sources = atoms["source_building_id"].to_numpy()
    known = district.buildings.reindex(sources)
    footprints = known.geometry.to_numpy()
    gone = pd.isna(footprints)
    findings = [finding("export_buildings_gone", plan.name, value=int(gone.sum()), example=str(sources[gone][0]))] if gone.any() else []
    geometry = np.where(gone, atoms.geometry.to_numpy(), footprints)
    columns = {field.name: known[field.name].array for field in OF_BUILDING}
    columns |= {f"grid_{name}": atoms["grid_id"].map(plan.grids[name]).astype("str") for name in ("code", "name")}
    return atoms.set_geometry(gpd.GeoSeries(geometry, index=atoms.index, crs=atoms.crs)).assign(**columns), findings


def _export(layer: Layer, frame: gpd.GeoDataFrame) -> Export:
    """Declare a mixture of geometries where areas were expected, as for buildings given as points."""
    if layer.geometry == "MULTIPOLYGON" and (shapely.get_dimensions(frame.geometry.to_numpy()) != AREA).any():
        layer = replace(layer, geometry="GEOMETRY")
    return Export(layer, frame)
