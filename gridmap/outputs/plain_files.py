"""GeoJSON and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely

from gridmap.outputs.export_layers import Export, title
from gridmap.store.blobs import sql_values
from gridmap.store.connections import drafted
from gridmap.texts import Language

PAGE_ENDINGS = (".html", ".htm")

WGS84_DECIMALS = 8
"""About a millimetre."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so is run as a formula by Excel, WPS and LibreOffice."""


def write_geojson(export: Export, path: Path) -> None:
    """Write one layer as RFC 7946 has it: WGS 84, longitude first, outer rings anticlockwise, UTF-8 without a byte order mark."""
    frame = export.frame.to_crs(4326) if export.frame.crs is not None else export.frame
    rounded = shapely.transform(shapely.orient_polygons(frame.geometry.to_numpy()), lambda points: np.round(points, WGS84_DECIMALS) + 0.0)
    drawn = shapely.to_geojson(rounded)
    names = [json.dumps(name, ensure_ascii=False) for name in export.columns]
    columns = [[json.dumps(value, ensure_ascii=False, allow_nan=False) for value in sql_values(frame[name])] for name in export.columns]
    features = []
    for geometry, *values in zip(drawn, *columns, strict=True):
        properties = ", ".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))
        features.append(f'{{"type": "Feature", "properties": {{{properties}}}, "geometry": {geometry or "null"}}}')
    text = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(features) + "\n]}\n"
    with drafted(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")


def write_csv(export: Export, path: Path, language: Language) -> None:
    """Write one layer without its geometry for Excel: UTF-8 with a byte order mark, texts that would be formulas made harmless."""
    with drafted(path) as draft:
        write_table(draft, headings(export, language), *(sql_values(export.frame[name]) for name in export.columns))


def headings(export: Export, language: Language) -> list[str]:
    """Return the column headings: what they mean in Chinese, or their own names, which stay the same for ever, in English."""
    return [title(export.name, name, language) if language == "zh" else name for name in export.columns]


def write_table(path: Path, names: Sequence[str], *columns: Sequence[object]) -> None:
    """Write columns as CSV with a byte order mark."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(names)
        sheet.writerows(zip(*([harmless(value) for value in column] for column in columns), strict=True))


def harmless(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers, true and false become 1 and 0.

    >>> harmless("=HYPERLINK(1)"), harmless(-5), harmless(True)
    ("'=HYPERLINK(1)", -5, 1)
    """
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return int(value) if isinstance(value, bool | np.bool_) else value
