"""Shapefiles in a zip, within what the format can hold, and told where it cannot."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from gridmap.findings import Finding, finding
from gridmap.outputs.export_layers import Export, title
from gridmap.outputs.plain_files import write_table
from gridmap.store.connections import drafted

NAME_LENGTH = 10
"""How many characters a field name may have in a DBF table."""
TEXT_BYTES = 254
"""How many bytes a text may have in a DBF table."""
SHORT_NAMES = {
    "building_id": "bldg_id",
    "source_building_id": "src_bldg",
    "community_id": "commun_id",
    "compound_id": "compnd_id",
    "households": "households",
    "households_source": "hh_source",
    "households_min": "hh_min",
    "households_max": "hh_max",
    "households_missing": "hh_missing",
    "division_code": "div_code",
    "street_office": "street_off",
    "street_class": "street_cls",
}
GEOMETRY_TYPES = ("Point", "MultiLineString", "MultiPolygon")
"""What a shapefile may hold, by the dimension of the geometry."""
KINDS = ("points", "lines", "areas")


def write_shapefiles(exports: Sequence[Export], path: Path) -> list[Finding]:
    """Write each layer as a shapefile in UTF-8 (``.cpg``), a mixture as one for each kind of geometry, a table without geometry as ``.dbf``.

    ``fields.csv`` in the zip says which name stands for which column. A text of more than 254 bytes is cut at a whole character; ``long_texts.csv``
    then holds all of it, and a finding is returned.
    """
    sheets: list[tuple[str, str, str, str, str]] = []
    long_texts: list[tuple[str, int, str, str]] = []
    with drafted(path) as draft, tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        for export in exports:
            names = short_names(export.columns)
            sheets += [(export.name, names[name], name, title(export.name, name, "zh"), title(export.name, name, "en")) for name in export.columns]
            for file_name, frame in _parts(export):
                table, cut = _fitting(file_name, frame[export.columns], names)
                long_texts += cut
                _write(folder, file_name, table, frame)
        write_table(folder / "fields.csv", ("layer", "field", "name", "zh", "en"), *zip(*sheets, strict=True))
        if long_texts:
            write_table(folder / "long_texts.csv", ("layer", "row", "name", "text"), *zip(*long_texts, strict=True))
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name)
    return [finding("export_texts_cut", path.name, value=len(long_texts), limit=TEXT_BYTES)] if long_texts else []


def short_names(columns: Iterable[str]) -> dict[str, str]:
    """Return for each column a field name of at most ten characters, no two the same.

    >>> short_names(["households_missing", "a_rather_long_name", "a_rather_long_word"])
    {'households_missing': 'hh_missing', 'a_rather_long_name': 'a_rather_l', 'a_rather_long_word': 'a_rather_2'}
    """
    names: dict[str, str] = {}
    for column in columns:
        short = SHORT_NAMES.get(column, column)[:NAME_LENGTH]
        number = 1
        while short in names.values():
            number += 1
            short = column[: NAME_LENGTH - len(str(number))] + str(number)
        names[column] = short
    return names


def _parts(export: Export) -> list[tuple[str, gpd.GeoDataFrame | pd.DataFrame]]:
    """Return the layer under its name, or its points, lines and areas under names of their own when it has several."""
    if export.layer.geometry is None:
        return [(export.name, export.frame)]
    dimensions = shapely.get_dimensions(export.frame.geometry.to_numpy())
    present = [dimension for dimension in range(len(KINDS)) if (dimensions == dimension).any()]
    if len(present) <= 1:
        return [(export.name, export.frame)]
    return [(f"{export.name}_{KINDS[dimension]}", export.frame[dimensions == dimension]) for dimension in present]


def _fitting(file_name: str, frame: pd.DataFrame, names: dict[str, str]) -> tuple[pd.DataFrame, list[tuple[str, int, str, str]]]:
    """Return the columns as a DBF table can hold them and the texts that had to be cut, with their row counted from 1."""
    columns = {}
    cut: list[tuple[str, int, str, str]] = []
    for name in frame.columns:
        column = pd.Series(frame[name]).reset_index(drop=True)
        if pd.api.types.is_bool_dtype(column):
            column = column.astype("Int32")
        elif pd.api.types.is_string_dtype(column):
            long = np.flatnonzero(column.fillna("").str.encode("utf-8").str.len().to_numpy() > TEXT_BYTES)
            cut += [(file_name, int(row) + 1, name, str(column[row])) for row in long]
            column = column.mask(column.index.isin(long), column.fillna("").map(_shortened))
        columns[names[name]] = column
    return pd.DataFrame(columns), cut


def _shortened(text: str) -> str:
    return text.encode("utf-8")[:TEXT_BYTES].decode("utf-8", errors="ignore")


def _write(folder: Path, file_name: str, table: pd.DataFrame, frame: gpd.GeoDataFrame | pd.DataFrame) -> None:
    options = {"driver": "ESRI Shapefile", "encoding": "UTF-8"}
    if not isinstance(frame, gpd.GeoDataFrame):
        pyogrio.write_dataframe(table, folder / f"{file_name}.dbf", **options)
        return
    geometry = frame.geometry.to_numpy()
    dimensions = shapely.get_dimensions(geometry)
    kind = GEOMETRY_TYPES[dimensions.max()] if len(dimensions) and dimensions.max() >= 0 else "Point"
    drawn = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(geometry, crs=frame.crs), crs=frame.crs)
    pyogrio.write_dataframe(drawn, folder / f"{file_name}.shp", geometry_type=kind, promote_to_multi=kind != "Point", **options)
