"""From the user's files to rows in the working CRS: reading, columns, coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from gridmap.errors import InputError, RequestError
from gridmap.findings import Finding
from gridmap.ground.coords import WGS84, Datum, parse_datums, to_wgs84, to_working, working_crs
from gridmap.ground.fields import FIELD_NAMES, guess_fields
from gridmap.ground.files import read_layers
from gridmap.ground.layers import Layer
from gridmap.ground.rows import ROW, Rows
from gridmap.ground.sheets import read_ledger
from gridmap.ground.tables import TABLES, District

Result = TypeVar("Result")

OSM_TABLES = ("buildings", "streets", "barriers", "gates", "venues")

LAYER_WORDS: Mapping[str, tuple[str, ...]] = {
    "communities": ("communit", "社区", "sq", "村居"),
    "buildings": ("building", "楼", "建筑", "房屋", "ld", "msa"),
    "streets": ("street", "road", "道路", "路网", "dl"),
    "barriers": ("barrier", "river", "rail", "wall", "water", "水系", "河", "铁路", "围墙"),
    "gates": ("gate", "出入口", "大门"),
    "venues": ("venue", "poi", "阵地", "场所", "点位"),
    "grids": ("grid", "网格", "wg"),
}
"""Words by which a layer among several of a file is known."""


ELSEWHERE_M = 300_000.0
"""From middle to middle a layer lies nearer to the district that it is part of: no city is as wide, and no projected zone is good as far."""

LATITUDES_DEG, LONGITUDES_DEG = (3.0, 54.0), (84.0, 136.0)
"""Latitudes of China, and those of its longitudes that are no latitude where people live."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read, before anything is repaired: rows for each table in the working CRS, the ledger, an existing division, and findings.

    ``fields`` tells for each table which column of the file was taken for which of ours.
    """

    crs: pyproj.CRS
    tables: Mapping[str, Rows]
    told: Mapping[str, Sequence[Finding]]
    ledger: Rows | None
    grids: Rows | None
    findings: Sequence[Finding]
    fields: Mapping[str, Mapping[str, str]]
    unused: Mapping[str, Sequence[str]]


@dataclass(slots=True)
class Faults:
    """Collects what is wrong with all files, so that it can be told at once."""

    errors: list[InputError] = field(default_factory=list)

    def attempt(self, work: Callable[[], Result]) -> Result | None:
        """Return what ``work`` gives, or None when the input is at fault; the fault is kept."""
        try:
            return work()
        except InputError as error:
            self.errors.append(error)
            return None

    def stop(self, findings: Sequence[Finding] = ()) -> None:
        """Raise what was collected: a single fault as it is, several as one error with all of them. Nothing collected: go on."""
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            told: list[Finding] = []
            for error in self.errors:
                told.append(Finding(error.code, str(error.words.get("file", "")), "error", words=error.words))
                told += error.findings
            raise InputError("import_failed", findings=told)


def read_sources(paths: Mapping[str, Path], fields: Mapping[str, str], crs: str | None, old: District | None, step: Callable[[str], None]) -> Sources:
    """Read the files of ``paths`` (by table; also ``osm``, ``ledger``, ``grids``) into one projected CRS: that of ``old``, else chosen by the data.

    ``fields`` are the user's own choices of columns (``buildings.households`` -> name of the column; ``buildings.layer`` -> name of the layer),
    ``crs`` what ``--crs`` says. Raises ``InputError`` with all faults of all files, ``RequestError`` for choices that make no sense.
    """
    chosen = _chosen_fields(fields)
    datums = _chosen_datums(crs)
    faults = Faults()
    read: dict[str, Rows] = {}
    told: dict[str, Sequence[Finding]] = {}
    unused: dict[str, Sequence[str]] = {}
    findings: list[Finding] = []
    if "osm" in paths:
        step("osm")
        # osmium is needed for nothing else.
        from gridmap.ground.osm import read_osm

        osm = faults.attempt(lambda: read_osm(paths["osm"]))
        if osm is not None:
            findings += osm.findings
            read |= {name: _osm_rows(name, paths["osm"].name, getattr(osm, name)) for name in OSM_TABLES if len(getattr(osm, name))}
    for name in (*TABLES, "grids"):
        if name not in paths:
            continue
        step(name)
        layer = faults.attempt(lambda name=name: _layer_of(name, paths[name], chosen.get(name, {})))  # type: ignore[misc]
        rows = None if layer is None else faults.attempt(lambda name=name, layer=layer: _renamed(name, layer, chosen.get(name, {})))  # type: ignore[misc]
        if layer is not None and rows is not None:
            read[name], told[name] = rows, layer.findings
            unused[name] = _unused(layer, rows)
    ledger = _ledger_rows(paths, chosen, faults, told, unused, step)
    located = {name: _datum_of(rows, datums, faults) for name, rows in read.items() if _placed(rows)}
    if ledger is not None and _placed(ledger):
        located["ledger"] = _datum_of(ledger, datums, faults)
    faults.stop()
    everything = {**read, **({"ledger": ledger} if ledger is not None else {})}
    datum_of = {name: datum for name, datum in located.items() if datum is not None}
    if old is not None:
        _check_near(old, everything, datum_of)
    target = old.crs if old is not None else _common_crs(everything, datum_of)
    moved = {name: faults.attempt(lambda name=name: _moved(everything[name], located.get(name), target)) for name in everything}  # type: ignore[misc]
    faults.stop()
    ready = {name: rows for name, rows in moved.items() if rows is not None}
    for name, datum in located.items():
        findings += _datum_told(ready[name], datum, datums)
    return Sources(
        target,
        {name: rows for name, rows in ready.items() if name in TABLES},
        {name: told.get(name, ()) for name in ready},
        ready.get("ledger"),
        ready.get("grids"),
        findings,
        {name: rows.columns for name, rows in ready.items()},
        unused,
    )


def _chosen_fields(fields: Mapping[str, str]) -> dict[str, dict[str, str]]:
    chosen: dict[str, dict[str, str]] = {}
    for key, source in fields.items():
        table, _, column = key.partition(".")
        if table not in FIELD_NAMES or (column != "layer" and column not in FIELD_NAMES[table]):
            known = ", ".join(sorted(f"{table}.{name}" for name in FIELD_NAMES.get(table, ()))) or ", ".join(sorted(FIELD_NAMES))
            raise RequestError("field_unknown", field=key, known=known)
        chosen.setdefault(table, {})[column] = source
    return chosen


def _chosen_datums(crs: str | None) -> Mapping[str, Datum]:
    datums = parse_datums(crs)
    for table in datums:
        if table and table not in FIELD_NAMES:
            raise RequestError("crs_table_unknown", table=table, known=", ".join(sorted(FIELD_NAMES)))
    return datums


def _layer_of(table: str, path: Path, chosen: Mapping[str, str]) -> Layer:
    """Return the layer of the file that is meant for ``table``: the one chosen, the only one, or the one with a fitting name."""
    wanted = chosen.get("layer")
    layers = [layer for layer in read_layers(path, layers=None if wanted is None else [wanted]) if len(layer.frame)]
    if table != "grids":
        placed = [layer for layer in layers if layer.has_geometry]
        if not placed:
            columns = ", ".join(str(column) for layer in layers for column in layer.frame.columns)
            raise InputError("no_geometry_column", file=path.name, columns=columns)
        layers = placed
    if len(layers) > 1:
        layers = [layer for layer in layers if layer.name.casefold() == table] or [
            layer for layer in layers if any(word in layer.name.casefold() for word in LAYER_WORDS[table])
        ]
    if len(layers) != 1:
        names = ", ".join(layer.name for layer in read_layers(path))
        raise InputError("layer_ambiguous", file=path.name, table=table, layers=names)
    return layers[0]


def _renamed(table: str, layer: Layer, chosen: Mapping[str, str]) -> Rows:
    """Return the layer's rows with our column names, guessed or chosen.

    Raises ``InputError`` when a chosen column is not there.
    """
    own = [str(column) for column in layer.frame.columns if column != "geometry"]
    picked = {ours: source for ours, source in chosen.items() if ours != "layer"}
    absent = sorted(set(picked.values()) - set(own))
    if absent:
        raise InputError("column_absent", file=layer.file, columns=", ".join(absent), known=", ".join(own))
    guessed = guess_fields(table, [column for column in own if column not in picked.values()])
    columns = {**{ours: source for ours, source in guessed.items() if ours not in picked}, **picked}
    frame = layer.frame[[*columns.values()]].set_axis(list(columns), axis=1)
    frame[ROW] = [layer.user_row(position) for position in range(len(frame))]
    geometry = layer.frame.geometry.to_numpy() if isinstance(layer.frame, gpd.GeoDataFrame) else np.full(len(frame), None, dtype=object)
    stated = layer.frame.crs if isinstance(layer.frame, gpd.GeoDataFrame) else None
    crs = stated if stated is not None else layer.proposed_crs
    return Rows(table, layer.file, layer.name, gpd.GeoDataFrame(frame, geometry=geometry, crs=crs), columns)


def _unused(layer: Layer, rows: Rows) -> list[str]:
    return [str(column) for column in layer.frame.columns if column != "geometry" and column not in rows.columns.values()]


def _osm_rows(table: str, file: str, frame: gpd.GeoDataFrame) -> Rows:
    named = frame.reset_index(drop=True)
    columns = {str(column): str(column) for column in named.columns if column != "geometry"}
    return Rows(table, file, table, gpd.GeoDataFrame(named.assign(**{ROW: range(1, len(named) + 1)}), crs=frame.crs or WGS84), columns)


def _ledger_rows(
    paths: Mapping[str, Path],
    chosen: Mapping[str, Mapping[str, str]],
    faults: Faults,
    told: dict[str, Sequence[Finding]],
    unused: dict[str, Sequence[str]],
    step: Callable[[str], None],
) -> Rows | None:
    if "ledger" not in paths:
        return None
    step("ledger")
    layer = faults.attempt(lambda: read_ledger(paths["ledger"]))
    rows = None if layer is None else faults.attempt(lambda: _renamed("ledger", layer, chosen.get("ledger", {})))
    if layer is None or rows is None:
        return None
    if not {"households", "room"} & set(rows.columns):
        columns = ", ".join(str(column) for column in layer.frame.columns)
        faults.errors.append(InputError("no_household_field", file=layer.file, columns=columns))
    told["ledger"], unused["ledger"] = layer.findings, _unused(layer, rows)
    return rows


def _placed(rows: Rows) -> bool:
    return bool(rows.frame.geometry.notna().any())


def _datum_of(rows: Rows, datums: Mapping[str, Datum], faults: Faults) -> Datum | None:
    """Return how the coordinates of a layer are to be read.

    What the user says for this very table counts most. What he says for all counts where the file says nothing, or only that it holds degrees (every
    GeoJSON does); a projected CRS that a file states stands.
    """
    own = rows.frame.crs
    if rows.table in datums:
        datum = datums[rows.table]
    elif "" in datums and (own is None or own.is_geographic):
        datum = datums[""]
    elif own is not None:
        datum = Datum(own)
    else:
        code = "crs_exchanged" if _exchanged(rows) else "crs_unstated"
        faults.errors.append(InputError(code, file=rows.file, layer=rows.layer, bounds=_shown_bounds(rows)))
        return None
    fault = _misread(rows, datum)
    if fault is not None:
        faults.errors.append(InputError(fault, file=rows.file, layer=rows.layer, crs=datum.name, bounds=_shown_bounds(rows)))
        return None
    return datum


def _misread(rows: Rows, datum: Datum) -> str | None:
    """Return the code of what is wrong when the coordinates cannot be those of ``datum``: no degrees, or degrees where there should be metres."""
    bounds = rows.frame.total_bounds
    if not np.isfinite(bounds).all():
        return None
    if datum.crs.is_geographic:
        if _exchanged(rows):
            return "crs_exchanged"
        return None if _degrees(bounds) else "crs_out_of_range"
    # No district lies within 180 m of the origin of a projected CRS.
    return "crs_degrees" if datum.crs.is_projected and _degrees(bounds) else None


def _degrees(bounds: npt.NDArray[np.float64]) -> bool:
    west, south, east, north = bounds
    return bool(-180 <= west <= east <= 180 and -90 <= south <= north <= 90)


def _exchanged(rows: Rows) -> bool:
    """Return whether the coordinates are latitudes and longitudes in this order, as in China: nobody lives north of 84 degrees."""
    west, south, east, north = rows.frame.total_bounds
    return bool(LATITUDES_DEG[0] <= west <= east <= LATITUDES_DEG[1] and LONGITUDES_DEG[0] <= south <= north <= LONGITUDES_DEG[1])


def _shown_bounds(rows: Rows) -> str:
    return ", ".join(f"{value:.6g}" for value in rows.frame.total_bounds)


def _datum_told(rows: Rows, datum: Datum | None, datums: Mapping[str, Datum]) -> list[Finding]:
    """Tell when what the user said for all files was not applied, because this file states a projected CRS of its own."""
    general = datums.get("")
    if general is None or datum is None or datum == general or rows.table in datums:
        return []
    return [rows.finding("crs_kept", value=datum.name, option=general.name)]


def _common_crs(tables: Mapping[str, Rows], datums: Mapping[str, Datum]) -> pyproj.CRS:
    """Return the working CRS for where the data lie; buildings decide, else communities, else whatever there is."""
    order = [*(name for name in ("buildings", "communities") if name in datums), *datums]
    if not order:
        raise InputError("import_without_place")
    west, south, east, north = _in_degrees(tables[order[0]].frame, datums[order[0]]).total_bounds
    return working_crs((float(west), float(south), float(east), float(north)))


def _check_near(old: District, tables: Mapping[str, Rows], datums: Mapping[str, Datum]) -> None:
    """Raise ``InputError`` when a layer lies so far from the district of the workspace that it is another city's; a workspace holds one district."""
    here = _middle(_in_degrees(old.communities, Datum(old.crs)))
    for name, datum in datums.items():
        drawn = _in_degrees(tables[name].frame, datum)
        away_m = pyproj.Geod(ellps="WGS84").inv(*here, *_middle(drawn))[2] if len(drawn) else 0.0
        if away_m > ELSEWHERE_M:
            raise InputError("import_elsewhere", file=tables[name].file, value=round(away_m / 1000))


def _middle(frame: gpd.GeoDataFrame) -> tuple[float, float]:
    """Return longitude and latitude of the middle of a layer; a few points that went astray do not move it."""
    lon, lat = np.median(shapely.get_coordinates(frame.geometry.to_numpy()), axis=0)
    return float(lon), float(lat)


def _in_degrees(frame: gpd.GeoDataFrame, datum: Datum) -> gpd.GeoDataFrame:
    return to_wgs84(frame[~(frame.geometry.isna() | frame.geometry.is_empty)], datum)


def _moved(rows: Rows, datum: Datum | None, crs: pyproj.CRS) -> Rows:
    if datum is None:
        return rows.with_frame(rows.frame.set_crs(crs, allow_override=True))
    return rows.with_frame(to_working(rows.frame, datum, crs))
