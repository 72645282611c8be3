"""Vector formats that GDAL reads: GeoPackage, shapefile, GeoJSON, FlatGeobuf."""

from __future__ import annotations

import codecs
import json
import sqlite3
import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa

from gridmap.errors import InputError
from gridmap.findings import Finding, finding
from gridmap.ground import geometries, shapefiles
from gridmap.ground.drivers import gdal
from gridmap.ground.layers import Layer
from gridmap.ground.zones import proposed_crs, usable_crs

GEOMETRY = "geometry"
CHUNK_BYTES = 1_000_000

UNREADABLE = "\ufffd"
"""Stands where bytes are no text in the encoding."""

EXPECTED_WARNINGS = (
    "Non closed ring",
    "Several features with id",
    "Unsupported geometry type",
    "OGRGeoJSONReadRawPoint",
    "Invalid coord dimension",
    "non conformant file extension",
)
"""What GDAL says of single features, each told as a finding with its row, or what does not matter here: ids of features, names of files."""


def read_geopackage(path: Path, wanted: Sequence[str] | None = None) -> list[Layer]:
    """Return the layers of a GeoPackage, all or those ``wanted``.

    Raises ``InputError`` when the file holds virtual tables of a kind that can reach other files, or there is no such layer.
    """
    _refuse_virtual_tables(path)
    return [_layer(path, str(path), name, name) for name in _chosen(path, str(path), wanted)]


def read_geojson(path: Path) -> list[Layer]:
    """Return the one layer of a GeoJSON file; its name is that of the file. One written in GB18030 against the standard is read all the same.

    Raises ``InputError`` when the file is damaged or its text is in neither encoding.
    """
    if _is_utf8(path):
        return _geojson(path, path)
    try:
        text = path.read_bytes().decode(shapefiles.CHINESE)
    except UnicodeDecodeError as error:
        raise InputError("text_unreadable", file=path.name) from error
    with TemporaryDirectory(prefix="gridmap-") as folder:
        copy = Path(folder) / "copy.geojson"
        copy.write_text(text, encoding="utf-8")
        (layer,) = _geojson(path, copy)
    told = finding("text_not_utf8", layer.name, file=path.name, layer=layer.name, encoding=shapefiles.CHINESE)
    return [replace(layer, encoding=shapefiles.CHINESE, findings=(told, *layer.findings))]


def _geojson(path: Path, source: Path) -> list[Layer]:
    # The prefix keeps GDAL from trying its other drivers on the content.
    return [_layer(path, f"GeoJSON:{source}", name, path.stem) for name in _chosen(path, f"GeoJSON:{source}")]


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def read_flatgeobuf(path: Path) -> list[Layer]:
    """Return the one layer of a FlatGeobuf file."""
    return [_layer(path, str(path), name, name) for name in _chosen(path, str(path))]


def read_shapefile(path: Path) -> list[Layer]:
    """Return the one layer of a shapefile, its text read in the encoding that the bytes and the .cpg show.

    Raises ``InputError`` when a part of the shapefile is missing.
    """
    beside = shapefiles.parts(path)
    encoding, contradicted = shapefiles.text_encoding(beside[".dbf"], beside.get(".cpg"))
    layer = _layer(path, str(beside[".shp"]), None, path.stem, encoding=encoding)
    findings = list(layer.findings)
    if contradicted is not None:
        findings.append(finding("encoding_contradicted", layer.name, file=path.name, layer=layer.name, value=contradicted, encoding=encoding))
    elif ".cpg" not in beside and not _ascii(layer.frame):
        findings.append(finding("encoding_found", layer.name, file=path.name, layer=layer.name, encoding=encoding))
    broken = sum(int(column.str.contains(UNREADABLE).sum()) for _, column in texts_of(layer.frame).items())
    if broken:
        findings.append(finding("text_undecodable", layer.name, file=path.name, layer=layer.name, value=broken, encoding=encoding))
    return [replace(layer, findings=tuple(findings))]


def _chosen(path: Path, source: str, wanted: Sequence[str] | None = None) -> list[str]:
    gdal()
    import pyogrio

    try:
        # Some layers make GDAL talk already here; reading says it again.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            names = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
    except pyogrio.errors.DataSourceError as error:
        raise InputError("file_unreadable", file=path.name, reason=_reason(error)) from error
    absent = sorted(set(wanted or ()) - set(names))
    if absent:
        raise InputError("layer_unknown", file=path.name, layer=", ".join(absent), layers=", ".join(names))
    return [name for name in names if wanted is None or name in wanted]


def _layer(path: Path, source: str, layer: str | None, name: str, *, encoding: str | None = None) -> Layer:
    """Read one layer; with ``encoding`` the text is taken byte by byte first and decoded here, since GDAL stops at a character cut in two."""
    raw = gdal()
    import pyogrio

    options = {"ENCODING": "ISO-8859-1"} if encoding else {}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            meta, table = raw.read_arrow(source, layer=layer, datetime_as_string=True, **options)
        except (
            pyogrio.errors.DataSourceError,
            pyogrio.errors.DataLayerError,
            pyogrio.errors.FeatureError,
            pa.ArrowException,
            UnicodeDecodeError,
        ) as error:
            raise InputError("file_unreadable", file=path.name, reason=_reason(error)) from error
    notes = sorted({str(each.message) for each in heard if not any(word in str(each.message) for word in EXPECTED_WARNINGS)})
    findings = [finding("file_note", name, file=path.name, layer=name, value=note) for note in notes]
    wkb = meta["geometry_name"] or "wkb_geometry"
    table, mended = _in_utf8(table)
    findings += [finding("text_not_utf8", name, file=path.name, layer=name, column=column, encoding=shapefiles.CHINESE) for column in mended]
    columns = frame_of(table.drop_columns([wkb]) if wkb in table.column_names else table)
    if encoding:
        columns = _decoded(columns, encoding)
    if wkb not in table.column_names or meta["geometry_type"] in (None, "None"):
        return Layer(path.name, name, columns, 1, encoding, tuple(findings))
    geometry, more = geometries.read_wkb(table[wkb].to_pylist(), file=path.name, layer=name)
    return spatial_layer(path.name, name, columns, geometry, meta["crs"], findings=[*findings, *more], encoding=encoding)


def spatial_layer(
    file: str,
    name: str,
    columns: pd.DataFrame,
    geometry: np.ndarray,
    crs: object,
    *,
    findings: list[Finding],
    encoding: str | None = None,
    first_row: int = 1,
) -> Layer:
    """Return the layer of ``columns`` and ``geometry``; where the file does not state a usable CRS, one is proposed from the coordinates."""
    # The geometry column has one name everywhere; a text column of that name steps aside.
    columns = columns.rename(columns={GEOMETRY: f"{GEOMETRY}_1"})
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometry, crs=crs, index=columns.index))
    if usable_crs(frame) is not None:
        return Layer(file, name, frame, first_row, encoding, tuple(findings))
    proposal = proposed_crs(frame.total_bounds)
    code = "crs_missing" if proposal is None else "crs_proposed"
    findings = [*findings, finding(code, name, file=file, layer=name, value=proposal)]
    return Layer(file, name, frame.set_crs(None, allow_override=True), first_row, encoding, tuple(findings), proposal)


def _in_utf8(table: pa.Table) -> tuple[pa.Table, list[str]]:
    """Return the table with columns whose text is no UTF-8 read as GB18030, and their names; some programs put their own encoding anywhere."""
    mended = []
    for place, name in enumerate(table.column_names):
        if not pa.types.is_string(table[name].type):
            continue
        try:
            table[name].validate(full=True)
        except pa.ArrowInvalid:
            texts = [None if value is None else value.decode(shapefiles.CHINESE, "replace") for value in table[name].cast(pa.binary()).to_pylist()]
            table = table.set_column(place, name, pa.array(texts, pa.string()))
            mended.append(name)
    return table, mended


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a DataFrame in which whole numbers stay whole and text stays text, also beside missing values."""
    whole = {kind: pd.Int64Dtype() for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32())}
    kinds: dict[pa.DataType, Any] = {**whole, pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}
    kinds |= {kind: pd.StringDtype(na_value=np.nan) for kind in (pa.string(), pa.large_string())}
    frame = pd.DataFrame(index=pd.RangeIndex(table.num_rows))
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            continue
        if isinstance(column.type, pa.BaseExtensionType):
            columns[name] = _plain_json(pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type))
        elif pa.types.is_temporal(column.type):
            columns[name] = column.cast(pa.string()).to_pandas(types_mapper=kinds.get)
        elif pa.types.is_nested(column.type):
            columns[name] = pd.Series([None if value is None else json.dumps(value, ensure_ascii=False) for value in column.to_pylist()], dtype="str")
        else:
            columns[name] = column.to_pandas(types_mapper=kinds.get)
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)


def _plain_json(column: pa.ChunkedArray) -> pd.Series:
    """Return text out of a column that mixes text with numbers, which GDAL hands over as JSON: ``"4328户"`` without its quotes."""
    return pd.Series([json.loads(text) if text is not None and text.startswith('"') else text for text in column.to_pylist()], dtype="str")


def _decoded(columns: pd.DataFrame, encoding: str) -> pd.DataFrame:
    texts = columns.select_dtypes("str").columns
    columns = columns.assign(**{name: shapefiles.decoded(columns[name], encoding) for name in texts})
    return columns.rename(columns={name: shapefiles.decoded_text(name, encoding) for name in columns.columns})


def _ascii(frame: pd.DataFrame) -> bool:
    return all(map(str.isascii, map(str, frame.columns))) and all(column.dropna().str.isascii().all() for _, column in texts_of(frame).items())


def texts_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that hold text."""
    return pd.DataFrame(frame.drop(columns=GEOMETRY, errors="ignore")).select_dtypes("str")


SAFE_MODULES = ("rtree", "fts3", "fts4", "fts5")
"""Virtual tables that keep their content in the file itself."""


def _refuse_virtual_tables(path: Path) -> None:
    """Refuse a GeoPackage with virtual tables that draw on other files or services."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            statements = database.execute("SELECT name, sql FROM sqlite_master WHERE sql LIKE 'create virtual%'").fetchall()
    except sqlite3.Error as error:
        raise InputError("file_unreadable", file=path.name, reason=_reason(error)) from error
    for name, sql in statements:
        words = sql.lower().replace("(", " ").split()
        if "using" not in words[:-1] or words[words.index("using") + 1].strip("\"'`[]") not in SAFE_MODULES:
            raise InputError("file_reaches_out", file=path.name, reason=f"VIRTUAL TABLE {name}")


def _reason(error: Exception) -> str:
    """Return the first sentence of what a library says, on one line."""
    return " ".join(str(error).split()).split("; ")[0][:200].rstrip(".")
