"""The ground of a workspace as rows of its layers: the district, its land cells, findings, the history of imports, and the settings."""

# ruff: noqa: S608
# Names of tables stand in this file; values always are parameters.

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyproj
import shapely

from gridmap.findings import Finding
from gridmap.grids.plan import now
from gridmap.ground.tables import TABLES, Cells, District, typed_table
from gridmap.store import plan_rows
from gridmap.store.finding_rows import findings_frame
from gridmap.store.fingerprints import ground_fingerprint
from gridmap.store.geopackage import Layer, append_rows, create_layer, create_view, crs_of, initialise, read_features
from gridmap.store.schema import (
    ATOMS,
    CELLS,
    FINDINGS,
    GRIDS,
    GROUND,
    IMPORTS,
    LAYERS,
    NEIGHBOURS,
    SCHEMA_VERSION,
    SETTINGS,
    plan_view,
)
from gridmap.store.styles import add_styles

if TYPE_CHECKING:
    from gridmap.grids.tiling import Tiling

POLYGON_DIMENSIONS = 2


def lay_out(connection: sqlite3.Connection, crs: pyproj.CRS) -> None:
    """Make an empty database a workspace without ground."""
    initialise(connection)
    connection.execute(f"CREATE TABLE {SETTINGS} (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)")
    set_values(connection, schema_version=str(SCHEMA_VERSION))
    for layer in LAYERS:
        create_layer(connection, layer, crs)
    plan_rows.add_indexes(connection)
    add_styles(connection)


def move_layers(connection: sqlite3.Connection, crs: pyproj.CRS) -> None:
    """Bring what older plans have on the map into the CRS of the new ground."""
    if crs_of(connection, GRIDS.name) == crs:
        return
    for layer in (GRIDS, ATOMS, FINDINGS):
        replace(connection, layer, read_features(connection, layer).to_crs(crs), crs)
    plan_rows.add_indexes(connection)
    for name in plan_rows.names(connection):
        create_view(connection, plan_view(name), GRIDS, plan_rows.of_plan(name))


def replace(connection: sqlite3.Connection, layer: Layer, frame: pd.DataFrame, crs: pyproj.CRS | None) -> None:
    """Put the rows of ``frame`` in the place of a layer."""
    if layer.geometry == "MULTIPOLYGON" and (shapely.get_dimensions(frame.geometry.to_numpy()) != POLYGON_DIMENSIONS).any():
        layer = dataclasses.replace(layer, geometry="GEOMETRY")
    create_layer(connection, layer, crs)
    append_rows(connection, layer, frame)


def replace_findings(connection: sqlite3.Connection, findings: Sequence[Finding], stage: str, plan: str | None) -> None:
    """Put findings in the place of those of a stage, and of a plan where they are about one."""
    connection.execute("DELETE FROM findings WHERE stage = ? AND plan IS ?", (stage, plan))
    frame = findings_frame(findings, crs_of(connection, FINDINGS.name)).assign(stage=stage, plan=plan)
    append_rows(connection, FINDINGS, frame)


def district(connection: sqlite3.Connection) -> District:
    """Return what is on the ground."""
    tables = {name: read_features(connection, layer).set_index(TABLES[name].index) for name, layer in GROUND.items()}
    return District(**tables, name=setting(connection, "district_name"), cells=cells(connection))


def fingerprint(connection: sqlite3.Connection) -> str:
    """Return the fingerprint of what is on the ground, read column by column."""
    return ground_fingerprint(connection, cells(connection))


def cells(connection: sqlite3.Connection) -> Cells:
    """Return whether land cells are given or built."""
    return "given" if setting(connection, "cells") == "given" else "build"


def same(a: District, b: District) -> bool:
    """Return whether two districts are the same in all that a workspace keeps, also in what no plan depends on."""
    tables = b.tables()
    return a.cells == b.cells and all(typed_table(name, frame).equals(tables[name]) for name, frame in a.tables().items())


def write_tiling(connection: sqlite3.Connection, tiling: Tiling) -> None:
    """Keep the cells and neighbours."""
    replace(connection, CELLS, tiling.cells.rename_axis("building_id").reset_index(), tiling.cells.crs)
    replace(connection, NEIGHBOURS, tiling.neighbours, None)
    replace_findings(connection, tiling.findings, "tiling", None)
    set_values(connection, tiling=tiling.fingerprint)


def forget_tiling(connection: sqlite3.Connection, crs: pyproj.CRS) -> None:
    """Remove the cells and neighbours, made from ground that is no more."""
    create_layer(connection, CELLS, crs)
    create_layer(connection, NEIGHBOURS, None)
    replace_findings(connection, (), "tiling", None)
    set_values(connection, tiling="")


def log_imports(connection: sqlite3.Connection, district: District, imports: Sequence[Mapping[str, Any]]) -> None:
    """Add to the history of imports; ``district`` is what there is after them."""
    time = now()
    tables = district.tables()
    rows = []
    for entry in imports:
        name = str(entry["table"])
        more = {key: value for key, value in entry.items() if key not in ("table", "source")}
        details = json.dumps(more, ensure_ascii=False, default=str) if more else None
        rows.append((time, name, entry.get("source"), len(tables[name]) if name in tables else 0, details))
    append_rows(connection, IMPORTS, pd.DataFrame(rows, columns=["made_at", "layer", "source", "rows", "details"], dtype=object))


def setting(connection: sqlite3.Connection, name: str) -> str:
    """Return the value of a setting, empty where it has none."""
    row = connection.execute(f"SELECT value FROM {SETTINGS} WHERE name = ?", (name,)).fetchone()
    return "" if row is None else str(row[0])


def set_values(connection: sqlite3.Connection, **values: str) -> None:
    """Give settings their values."""
    connection.executemany(f"INSERT OR REPLACE INTO {SETTINGS} VALUES (?, ?)", values.items())
