"""Layers of a GeoPackage (OGC 12-128r19, version 1.4), written and read over sqlite3.

GDAL could write them too, but not several layers, some of them kept and some replaced, in one transaction. What is written here is what GDAL
and QGIS write: the same tables, geometry blobs, spatial index and triggers, so that they open, draw and edit it as their own.
"""

# ruff: noqa: S608
# Names of tables and columns cannot be parameters of a statement; they come from declarations and are quoted. Values always are parameters.

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridmap.errors import WorkspaceError
from gridmap.ground.tables import Kind
from gridmap.store.blobs import as_multi, as_single, blobs_of, bounds_of_blob, geometry_of, sql_values, typed
from gridmap.store.rtrees import fill_rtree

APPLICATION_ID = 0x47504B47
"""``GPKG`` in ASCII, in the header of the file."""
USER_VERSION = 10400
"""Version 1.4.0 of the standard."""
SQL_TYPES: Mapping[Kind, str] = {"text": "TEXT", "integer": "INTEGER", "number": "REAL", "truth": "BOOLEAN"}
GEOMETRY_COLUMN = "geom"
UNDEFINED_SRS = -1
"""srs_id of plane coordinates of which nothing is known."""
CUSTOM_SRS = 100_000
"""srs_ids from here on are ours to give to a CRS that has no EPSG code."""

REQUIRED_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT, definition_12_063 TEXT NOT NULL);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
    srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
    srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
INSERT INTO gpkg_extensions VALUES
    ('gpkg_spatial_ref_sys', 'definition_12_063', 'gpkg_crs_wkt', 'http://www.geopackage.org/spec121/#extension_crs_wkt', 'read-write');
"""

RTREE_TRIGGERS = {
    "insert": "AFTER INSERT ON {t} WHEN (NEW.{g} NOTNULL AND NOT ST_IsEmpty(NEW.{g})) BEGIN INSERT OR REPLACE INTO {r} VALUES ({box}); END",
    "update6": "AFTER UPDATE OF {g} ON {t} WHEN OLD.fid = NEW.fid AND (NEW.{g} NOTNULL AND NOT ST_IsEmpty(NEW.{g})) AND "
    "(OLD.{g} NOTNULL AND NOT ST_IsEmpty(OLD.{g})) BEGIN UPDATE {r} SET minx = ST_MinX(NEW.{g}), maxx = ST_MaxX(NEW.{g}), "
    "miny = ST_MinY(NEW.{g}), maxy = ST_MaxY(NEW.{g}) WHERE id = NEW.fid; END",
    "update7": "AFTER UPDATE OF {g} ON {t} WHEN OLD.fid = NEW.fid AND (NEW.{g} NOTNULL AND NOT ST_IsEmpty(NEW.{g})) AND "
    "(OLD.{g} ISNULL OR ST_IsEmpty(OLD.{g})) BEGIN INSERT INTO {r} VALUES ({box}); END",
    "update2": "AFTER UPDATE OF {g} ON {t} WHEN OLD.fid = NEW.fid AND (NEW.{g} ISNULL OR ST_IsEmpty(NEW.{g})) "
    "BEGIN DELETE FROM {r} WHERE id = OLD.fid; END",
    "update5": "AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND (NEW.{g} NOTNULL AND NOT ST_IsEmpty(NEW.{g})) "
    "BEGIN DELETE FROM {r} WHERE id = OLD.fid; INSERT OR REPLACE INTO {r} VALUES ({box}); END",
    "update4": "AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND (NEW.{g} ISNULL OR ST_IsEmpty(NEW.{g})) "
    "BEGIN DELETE FROM {r} WHERE id IN (OLD.fid, NEW.fid); END",
    "delete": "AFTER DELETE ON {t} WHEN OLD.{g} NOTNULL BEGIN DELETE FROM {r} WHERE id = OLD.fid; END",
}
"""The triggers that keep the spatial index true while other programs edit, as the standard's R-tree extension writes them."""


VIEW_ENTRIES = {
    "gpkg_contents": "data_type, ?1, '', last_change, min_x, min_y, max_x, max_y, srs_id",
    "gpkg_geometry_columns": "column_name, geometry_type_name, srs_id, z, m",
}
"""What a view takes over from the layer that it shows a part of."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column: a ``required`` one holds a value in every row, a ``unique`` one no value twice; files of older versions may lack a ``late`` one."""

    name: str
    kind: Kind
    required: bool = False
    unique: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its columns beside ``fid``, and the type of its geometry, such as ``MULTIPOLYGON``; ``None`` for a table without geometry.

    ``GEOMETRY`` stands for a mixture. Geometry that is ``bare`` may be missing.
    """

    name: str
    fields: tuple[Field, ...]
    geometry: str | None = None
    bare: bool = False


def initialise(connection: sqlite3.Connection) -> None:
    """Make an empty database a GeoPackage without layers."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {USER_VERSION}")
    for statement in REQUIRED_TABLES.split(";\n"):
        connection.execute(statement)
    undefined = "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, 'NONE', ?, 'undefined', ?, 'undefined')"
    connection.execute(undefined, ("Undefined Cartesian SRS", UNDEFINED_SRS, UNDEFINED_SRS, "undefined Cartesian coordinate reference system"))
    connection.execute(undefined, ("Undefined geographic SRS", 0, 0, "undefined geographic coordinate reference system"))
    add_crs(connection, pyproj.CRS(4326))


def is_geopackage(connection: sqlite3.Connection) -> bool:
    """Return whether the database has the tables that every GeoPackage has."""
    return {"gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"} <= table_names(connection)


def add_functions(connection: sqlite3.Connection) -> None:
    """Give the connection the functions that the triggers of the spatial index call when a row is updated."""
    connection.create_function("ST_IsEmpty", 1, lambda blob: None if blob is None else bounds_of_blob(blob) is None, deterministic=True)
    for position, corner in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
        connection.create_function(corner, 1, functools.partial(_corner, position), deterministic=True)


def _corner(position: int, blob: bytes | None) -> float | None:
    bounds = None if blob is None else bounds_of_blob(blob)
    return None if bounds is None else bounds[position]


def table_names(connection: sqlite3.Connection) -> set[str]:
    """Return the names of all tables and views."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}


def quoted(name: str) -> str:
    """Return ``name`` as an SQL identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


# --- coordinate reference systems -------------------------------------------------------------------------------------------------------------


def add_crs(connection: sqlite3.Connection, crs: pyproj.CRS | None) -> int:
    """Return the srs_id of ``crs``, entered if it is new; both WKT 1, for every program, and WKT 2, which loses nothing, are kept."""
    if crs is None:
        return UNDEFINED_SRS
    wkt = crs.to_wkt("WKT2_2019")
    code = crs.to_epsg(min_confidence=100)
    known = connection.execute("SELECT srs_id FROM gpkg_spatial_ref_sys WHERE definition_12_063 = ? OR srs_id = ?", (wkt, code)).fetchone()
    if known is not None:
        return int(known[0])
    (highest,) = connection.execute("SELECT max(srs_id) FROM gpkg_spatial_ref_sys").fetchone()
    srs_id = code if code is not None else max(CUSTOM_SRS, highest + 1)
    # GDAL's flavour of WKT 1 with its axes; what WKT 1 cannot say stands in WKT 2 alone.
    try:
        old_wkt = crs.to_wkt("WKT1_GDAL", output_axis_rule=True)
    except pyproj.exceptions.CRSError:
        old_wkt = "undefined"
    row = (crs.name, srs_id, "EPSG" if code is not None else "NONE", srs_id, old_wkt, None, wkt)
    connection.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return srs_id


def crs_of(connection: sqlite3.Connection, layer: str) -> pyproj.CRS | None:
    """Return the CRS of a layer, or None where nothing is known of it."""
    query = "SELECT r.* FROM gpkg_spatial_ref_sys r JOIN gpkg_geometry_columns g USING (srs_id) WHERE g.table_name = ?"
    cursor = connection.execute(query, (layer,))
    names = [column[0] for column in cursor.description]
    row = dict(zip(names, cursor.fetchone(), strict=True))
    if row["srs_id"] in (UNDEFINED_SRS, 0):
        return None
    if row["organization"].upper() == "EPSG":
        return pyproj.CRS.from_epsg(row["organization_coordsys_id"])
    wkt = row.get("definition_12_063") or "undefined"
    return pyproj.CRS.from_wkt(row["definition"] if wkt == "undefined" else wkt)


# --- layers -----------------------------------------------------------------------------------------------------------------------------------


def create_layer(connection: sqlite3.Connection, layer: Layer, crs: pyproj.CRS | None) -> None:
    """Make an empty layer; one of that name that is there is dropped first."""
    drop_layer(connection, layer.name)
    columns = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"]
    if layer.geometry is not None:
        columns.append(f"{GEOMETRY_COLUMN} {layer.geometry}{'' if layer.bare else ' NOT NULL'}")
    for field in layer.fields:
        columns.append(f"{quoted(field.name)} {SQL_TYPES[field.kind]}{' NOT NULL' if field.required else ''}{' UNIQUE' if field.unique else ''}")
    connection.execute(f"CREATE TABLE {quoted(layer.name)} ({', '.join(columns)})")
    srs_id = add_crs(connection, crs) if layer.geometry is not None else 0
    contents = "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, ?, ?, ?)"
    connection.execute(contents, (layer.name, "features" if layer.geometry else "attributes", layer.name, srs_id))
    if layer.geometry is not None:
        row = (layer.name, GEOMETRY_COLUMN, layer.geometry, srs_id)
        connection.execute("INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, 0, 0)", row)
        index = quoted(f"rtree_{layer.name}_{GEOMETRY_COLUMN}")
        connection.execute(f"CREATE VIRTUAL TABLE {index} USING rtree(id, minx, maxx, miny, maxy)")
        extension = (layer.name, GEOMETRY_COLUMN, "gpkg_rtree_index", "http://www.geopackage.org/spec120/#extension_rtree", "write-only")
        connection.execute("INSERT INTO gpkg_extensions VALUES (?, ?, ?, ?, ?)", extension)
        _create_triggers(connection, layer.name)


def drop_layer(connection: sqlite3.Connection, name: str) -> None:
    """Remove a layer or a view of one with all that belongs to it, except its styles; nothing happens when there is none."""
    for (kind,) in connection.execute("SELECT type FROM sqlite_master WHERE name = ? AND type IN ('table', 'view')", (name,)).fetchall():
        connection.execute(f"DROP {kind} {quoted(name)}")
        connection.execute(f"DROP TABLE IF EXISTS {quoted(f'rtree_{name}_{GEOMETRY_COLUMN}')}")
    tables = table_names(connection)
    for table in ("gpkg_extensions", "gpkg_geometry_columns", "gpkg_ogr_contents", "gpkg_metadata_reference", "gpkg_data_columns", "gpkg_contents"):
        if table in tables:
            connection.execute(f"DELETE FROM {table} WHERE table_name = ?", (name,))


def create_view(connection: sqlite3.Connection, name: str, layer: Layer, where: str) -> None:
    """Show the rows of ``layer`` for which the SQL condition ``where`` holds as a layer of its own; an older view of that name is replaced."""
    drop_layer(connection, name)
    connection.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM {quoted(layer.name)} WHERE {where}")
    for table, columns in VIEW_ENTRIES.items():
        connection.execute(f"INSERT INTO {table} SELECT ?1, {columns} FROM {table} WHERE table_name = ?2", (name, layer.name))


def append_rows(connection: sqlite3.Connection, layer: Layer, frame: pd.DataFrame) -> None:
    """Add the rows of ``frame``, which has the layer's columns and, if the layer has one, a geometry; its index is not written.

    Raises ``sqlite3.IntegrityError`` when a required value is missing or a unique one stands twice.
    """
    if layer.geometry is None:
        append_plain(connection, layer, plain_rows(layer, frame))
        return
    geometry = frame.geometry.to_numpy()
    srs_id = srs_of(connection, layer)
    append_drawn(connection, layer, drawn_rows(layer, frame, srs_id), shapely.bounds(geometry), has_z=bool(shapely.has_z(geometry).any()))


def plain_rows(layer: Layer, frame: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Return the rows of a table without geometry as they are stored, by the layer's declaration."""
    return zip(*(sql_values(frame[field.name]) for field in layer.fields), strict=True)


def drawn_rows(layer: Layer, frame: pd.DataFrame, srs_id: int) -> Iterator[tuple[object, ...]]:
    """Return the rows of a layer as they are stored, the geometry first."""
    geometry = frame.geometry.to_numpy()
    if str(layer.geometry).startswith("MULTI"):
        geometry = as_multi(geometry)
    return zip(blobs_of(geometry, srs_id), *(sql_values(frame[field.name]) for field in layer.fields), strict=True)


def append_plain(connection: sqlite3.Connection, layer: Layer, rows: Iterable[tuple[object, ...]]) -> None:
    """Add what :func:`plain_rows` returned."""
    _insert(connection, layer.name, [quoted(field.name) for field in layer.fields], rows)


def append_drawn(connection: sqlite3.Connection, layer: Layer, rows: Iterable[tuple[object, ...]], bounds: Any, *, has_z: bool = False) -> None:
    """Add what :func:`drawn_rows` returned; ``bounds`` (n x 4) are those of the rows' geometries, nan where there is none."""
    (last,) = connection.execute(f"SELECT coalesce(max(fid), 0) FROM {quoted(layer.name)}").fetchone()
    # Filling the spatial index in one go is several times faster than by its trigger, row by row.
    for name in RTREE_TRIGGERS:
        connection.execute(f"DROP TRIGGER IF EXISTS {quoted(f'rtree_{layer.name}_{GEOMETRY_COLUMN}_{name}')}")
    numbered = ((fid, *row) for fid, row in enumerate(rows, last + 1))
    _insert(connection, layer.name, ["fid", GEOMETRY_COLUMN, *(quoted(field.name) for field in layer.fields)], numbered)
    drawn = np.flatnonzero(~np.isnan(bounds[:, 0]))
    fill_rtree(connection, f"rtree_{layer.name}_{GEOMETRY_COLUMN}", drawn + last + 1, bounds[drawn])
    _create_triggers(connection, layer.name)
    refresh_contents(connection, layer, bounds[drawn], has_z)


def refresh_contents(connection: sqlite3.Connection, layer: Layer, bounds: Any, has_z: bool) -> None:
    """Widen the extent that ``gpkg_contents`` gives for a layer by ``bounds`` (n x 4), and say that heights may occur."""
    if len(bounds):
        low, high = bounds[:, :2].min(axis=0).tolist(), bounds[:, 2:].max(axis=0).tolist()
        sides = zip(("min_x", "min_y", "max_x", "max_y"), ("min", "min", "max", "max"), (*low, *high), strict=True)
        for side, wider, value in sides:
            connection.execute(f"UPDATE gpkg_contents SET {side} = {wider}(coalesce({side}, ?1), ?1) WHERE table_name = ?2", (value, layer.name))
    connection.execute("UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE table_name = ?", (layer.name,))
    if has_z:
        connection.execute("UPDATE gpkg_geometry_columns SET z = 2 WHERE table_name = ?", (layer.name,))


def read_rows(connection: sqlite3.Connection, layer: Layer, where: str = "", parameters: Sequence[object] = ()) -> pd.DataFrame:
    """Return the rows of ``layer`` in the order of ``fid``, columns by the layer's declaration, whatever columns others have added."""
    columns = _select(connection, layer, [field.name for field in layer.fields], where, parameters)
    return pd.DataFrame(_typed_columns(connection, layer, columns))


def read_features(connection: sqlite3.Connection, layer: Layer, where: str = "", parameters: Sequence[object] = ()) -> gpd.GeoDataFrame:
    """Return the rows of ``layer`` with their geometry, as :func:`read_rows` does; a collection of one part comes back as the part."""
    geometry_column, _ = _geometry_column(connection, layer)
    geometry, *columns = _select(connection, layer, [geometry_column, *(field.name for field in layer.fields)], where, parameters)
    drawn = as_single(_drawn(connection, layer, geometry))
    return gpd.GeoDataFrame(_typed_columns(connection, layer, columns), geometry=drawn, crs=crs_of(connection, layer.name))


def read_column(connection: sqlite3.Connection, layer: Layer, field: Field) -> pd.Series:
    """Return one column of ``layer`` in the order of ``fid``."""
    (values,) = _select(connection, layer, [field.name])
    return pd.Series(_typed_columns(connection, layer, [values], (field,))[field.name])


def read_geometries(connection: sqlite3.Connection, layer: Layer, *, at_once: int) -> Iterator[Any]:
    """Yield the geometries of ``layer`` in the order of ``fid``, some of them at a time."""
    column, _ = _geometry_column(connection, layer)
    rows = connection.execute(f"SELECT {quoted(column)} FROM {quoted(layer.name)} ORDER BY rowid")
    while some := rows.fetchmany(at_once):
        yield _drawn(connection, layer, [blob for (blob,) in some])


def _drawn(connection: sqlite3.Connection, layer: Layer, blobs: Sequence[Any]) -> Any:
    """Return the geometries of a layer as they are stored."""
    try:
        return geometry_of(blobs)
    except (shapely.GEOSException, IndexError) as error:
        raise _altered(connection, "store_value_unfit", layer=layer.name, column=_geometry_column(connection, layer)[0]) from error


def _typed_columns(
    connection: sqlite3.Connection, layer: Layer, columns: Sequence[Sequence[object]], fields: Sequence[Field] | None = None
) -> dict[str, Any]:
    """Return the columns by name, each as the array of its kind; SQLite itself lets other programs put anything anywhere."""
    arrays = {}
    for field, values in zip(layer.fields if fields is None else fields, columns, strict=True):
        try:
            arrays[field.name] = typed(values, field.kind)
        except (ValueError, TypeError) as error:
            raise _altered(connection, "store_value_unfit", layer=layer.name, column=field.name) from error
    return arrays


def _select(
    connection: sqlite3.Connection, layer: Layer, names: Sequence[str], where: str = "", parameters: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    # Asked first, since SQLite takes a quoted name that is no column for a text.
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({quoted(layer.name)})")}
    late = {field.name for field in layer.fields if field.late} if present else set()
    for name in names:
        if name not in present | late:
            raise _altered(connection, "store_column_missing" if present else "store_layer_missing", layer=layer.name, column=name)
    condition = f" WHERE {where}" if where else ""
    columns = ", ".join(quoted(name) if name in present else "NULL" for name in names)
    cursor = connection.execute(f"SELECT {columns} FROM {quoted(layer.name)}{condition} ORDER BY rowid", tuple(parameters))
    if len(names) == 1:
        return [tuple(value for (value,) in cursor)]
    return list(zip(*cursor.fetchall(), strict=True)) or [()] * len(names)


def srs_of(connection: sqlite3.Connection, layer: Layer) -> int:
    """Return the srs_id of a layer with geometry."""
    return _geometry_column(connection, layer)[1]


def _geometry_column(connection: sqlite3.Connection, layer: Layer) -> tuple[str, int]:
    """Return the name of a layer's geometry column and its srs_id."""
    row = connection.execute("SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?", (layer.name,)).fetchone()
    if row is None:
        raise _altered(connection, "store_layer_missing", layer=layer.name)
    return str(row[0]), int(row[1])


def _altered(connection: sqlite3.Connection, code: str, *, layer: str, column: str = "") -> WorkspaceError:
    """Return the error about a layer that another program has removed or altered."""
    file = connection.execute("PRAGMA database_list").fetchone()[2]
    return WorkspaceError(code, file=Path(file).name, layer=layer, column=column)


def _insert(connection: sqlite3.Connection, table: str, names: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    statement = f"INSERT INTO {quoted(table)} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    connection.executemany(statement, rows)


def _create_triggers(connection: sqlite3.Connection, table: str) -> None:
    g = quoted(GEOMETRY_COLUMN)
    box = ", ".join(["NEW.fid", *(f"ST_{corner}(NEW.{g})" for corner in ("MinX", "MaxX", "MinY", "MaxY"))])
    for name, body in RTREE_TRIGGERS.items():
        trigger = quoted(f"rtree_{table}_{GEOMETRY_COLUMN}_{name}")
        filled = body.format(t=quoted(table), g=g, r=quoted(f"rtree_{table}_{GEOMETRY_COLUMN}"), box=box)
        connection.execute(f"CREATE TRIGGER {trigger} {filled}")
