"""A first look at a planner's files: what each seems to hold, before anything is imported."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from gridmap.errors import InputError
from gridmap.findings import Finding
from gridmap.ground.fields import FIELD_NAMES, guess_fields
from gridmap.ground.files import read_layers
from gridmap.ground.layers import Layer
from gridmap.ground.sheets import read_ledger
from gridmap.ground.sources import LAYER_WORDS
from gridmap.ground.tables import TABLES

COMPANIONS = frozenset((".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".qml", ".sld", ".xml"))
"""Endings of files that only accompany another, such as the parts of a shapefile."""
OSM_ENDINGS = (".osm", ".pbf")
MOST_LAYERS = 30
"""Of a file with more layers only so many are looked at."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one layer of a file seems to be.

    ``table`` is the table that it probably holds (also ``ledger``, ``grids`` or ``osm``), None where nothing speaks for any; ``tables`` those that it
    may hold. ``fields`` tells for each of these which column would be taken for which of ours. ``crs`` is what the file states, ``proposed_crs`` a
    guess from the coordinates; both None for a sheet without places. ``fault`` is why the file cannot be read.
    """

    file: str
    layer: str
    rows: int
    columns: tuple[str, ...]
    geometry: str | None
    crs: str | None
    proposed_crs: str | None
    table: str | None
    tables: tuple[str, ...]
    fields: Mapping[str, Mapping[str, str]]
    findings: tuple[Finding, ...] = ()
    fault: InputError | None = None


def look_at_files(paths: Sequence[Path]) -> list[Look]:
    """Return what every layer of the files seems to be; files that accompany others are passed over, a file that cannot be read is told as a fault.

    No table is proposed twice: of several layers that could be the buildings only the likeliest is.
    """
    looks = [look for path in paths if path.suffix.lower() not in COMPANIONS for look in _looks(path)]
    chosen: dict[str, int] = {}
    for position, look in enumerate(looks):
        if look.table is not None:
            best = chosen.setdefault(look.table, position)
            if _weight(looks[best]) < _weight(look):
                chosen[look.table] = position
    return [look if look.table is None or chosen[look.table] == position else _without_table(look) for position, look in enumerate(looks)]


def _weight(look: Look) -> tuple[bool, int, int]:
    named = any(word in f"{look.file} {look.layer}".casefold() for word in LAYER_WORDS.get(look.table or "", ()))
    return named, len(look.fields.get(look.table or "", {})), look.rows


def _without_table(look: Look) -> Look:
    return dataclasses.replace(look, table=None)


def _looks(path: Path) -> list[Look]:
    if path.suffix.lower() in OSM_ENDINGS:
        return [Look(path.name, "", 0, (), None, "EPSG:4326", None, "osm", ("osm",), {})]
    try:
        layers = [layer for layer in read_layers(path) if len(layer.frame)][:MOST_LAYERS]
        if not any(layer.has_geometry for layer in layers) and len(layers) == 1:
            # A ledger as people write it: titles above, merged cells.
            layers = [read_ledger(path)]
    except InputError as error:
        return [Look(path.name, "", 0, (), None, None, None, None, (), {}, fault=error)]
    return [_look(path, layer) for layer in layers]


def _look(path: Path, layer: Layer) -> Look:
    columns = tuple(str(column) for column in layer.frame.columns if column != "geometry")
    kind = _geometry_kind(layer)
    tables = tuple(name for name in FIELD_NAMES if _may_hold(name, kind))
    fields = {name: guess_fields(name, columns) for name in tables}
    frame = layer.frame
    stated = frame.crs.to_string() if isinstance(frame, gpd.GeoDataFrame) and frame.crs is not None else None
    table = _likely(f"{path.stem} {layer.name}".casefold(), tables, fields)
    return Look(path.name, layer.name, len(frame), columns, kind, stated, layer.proposed_crs, table, tables, fields, layer.findings)


def _geometry_kind(layer: Layer) -> str | None:
    """Return ``point``, ``line`` or ``area`` by what most rows have, None for a sheet."""
    if not layer.has_geometry:
        return None
    dimensions = shapely.get_dimensions(layer.frame.geometry.to_numpy())
    known = dimensions[dimensions >= 0]
    return ("point", "line", "area")[int(np.bincount(known, minlength=3).argmax())] if len(known) else "point"


def _may_hold(table: str, kind: str | None) -> bool:
    if kind is None or table == "ledger":
        return kind is None and table in ("ledger", "grids")
    if table == "grids":
        return kind == "area"
    kinds = {{"Point": "point", "LineString": "line", "Polygon": "area"}[each.removeprefix("Multi")] for each in TABLES[table].geometry}
    return kind in kinds or (table == "buildings" and kind == "point")


def _likely(name: str, tables: Sequence[str], fields: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return the table that a name speaks for, else the one that knows most columns."""
    named = [table for table in tables if any(word in name for word in LAYER_WORDS.get(table, ()))]
    candidates = named or [table for table in tables if len(fields[table]) > 1 and table != "grids"]
    return max(candidates, key=lambda table: len(fields[table]), default=None)
