"""CSV as it comes from spreadsheets and databases: any of the usual encodings and separators, every value text until someone asks for a number."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from gridmap.errors import InputError
from gridmap.findings import Finding, finding
from gridmap.ground import geometries
from gridmap.ground.geometries import RowOf
from gridmap.ground.layers import Layer
from gridmap.ground.vectors import spatial_layer

SEPARATORS = ",;\t|"
SEPARATORS_SHOWN_BYTES = 20_000
"""How much of the text decides on the separator."""

FIELD_CHARACTERS = 10_000_000
"""Longest value: the outline of a city written as WKT."""

WKT_NAMES = ("wkt", "geometry", "geom", "the_geom", "wkt_geom")
PLACE_NAMES = (
    (("lon", "lng", "longitude", "long", "经度", "x经度", "经度x"), ("lat", "latitude", "纬度", "y纬度", "纬度y")),
    (("x", "x坐标", "坐标x", "横坐标", "easting", "point_x", "coord_x"), ("y", "y坐标", "坐标y", "纵坐标", "northing", "point_y", "coord_y")),
)
"""Column names, in small letters, that say where a row is: a geometry as text, or a pair of numbers."""


def read_csv(path: Path) -> list[Layer]:
    """Return the CSV file as one layer: with point geometry where there is a pair of coordinates, any geometry where there is WKT, else none."""
    columns, rows, encoding = rows_of(path)
    frame = pd.DataFrame([[value or None for value in row] for row in rows], columns=columns, dtype="str")
    return [placed(path.name, path.stem, frame, row_of=_below_names, encoding=encoding)]


def _below_names(position: int) -> int:
    """Row 1 holds the names."""
    return position + 2


def rows_of(path: Path) -> tuple[list[str], list[list[str]], str]:
    """Return column names, rows of text, all as long as the names, and the encoding; blank lines at the end are left out.

    Raises ``InputError`` when the text is in no known encoding or no row follows the names.
    """
    text, encoding = text_of(path)
    lines = table_of(text)
    while lines and not any(value.strip() for value in lines[-1]):
        lines.pop()
    if len(lines) < 2:
        raise InputError("file_without_rows", file=path.name)
    names = unique_names(lines[0])
    width = max(len(names), max(map(len, lines)))
    names = unique_names(lines[0] + [""] * (width - len(lines[0])))
    return names, [[value.strip() for value in row] + [""] * (width - len(row)) for row in lines[1:]], encoding


def table_of(text: str) -> list[list[str]]:
    """Return the rows of ``text``; the separator is the one that most columns come of in the first lines."""
    start = text[:SEPARATORS_SHOWN_BYTES]
    separator = max(SEPARATORS, key=lambda each: len(next(csv.reader(io.StringIO(start), delimiter=each), [])))
    csv.field_size_limit(FIELD_CHARACTERS)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def text_of(path: Path) -> tuple[str, str]:
    """Return the text of a file and its encoding: by its byte order mark, else UTF-8, else GB18030.

    Raises ``InputError`` when it is none of these.
    """
    content = path.read_bytes()
    marks = ((codecs.BOM_UTF8, "UTF-8-SIG"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))
    marked = next((encoding for mark, encoding in marks if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("UTF-8", "GB18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise InputError("text_unreadable", file=path.name)


def unique_names(names: list[str]) -> list[str]:
    """Return stripped names in which none is empty or twice.

    >>> unique_names(["户数", "", "户数 "])
    ['户数', 'column_2', '户数_2']
    """
    unique: list[str] = []
    for place, name in enumerate(names, 1):
        name = name.strip() or f"column_{place}"
        count = sum(each == name for each in map(str.strip, names[: place - 1]))
        unique.append(f"{name}_{count + 1}" if count else name)
    return unique


def place_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that say where a row is: one of WKT, or the pair of numbers, east first; none where there is nothing of the kind.

    >>> place_columns(["名称", "纬度", "经度"])
    ('经度', '纬度')
    """
    by_name = {column.strip().lower(): column for column in columns}
    text = next((by_name[name] for name in WKT_NAMES if name in by_name), None)
    if text is not None:
        return (text,)
    for names in PLACE_NAMES:
        pair = tuple(next((by_name[name] for name in each if name in by_name), "") for each in names)
        if all(pair):
            return pair
    return ()


def placed(file: str, name: str, frame: pd.DataFrame, *, row_of: RowOf, encoding: str | None) -> Layer:
    """Return the table as a layer, with geometry where its columns give one."""
    where = place_columns([str(column) for column in frame.columns])
    if not where:
        return Layer(file, name, frame, row_of(0), encoding)
    if len(where) == 1:
        geometry, findings = _from_wkt(frame[where[0]], file, name, row_of)
        columns = frame.drop(columns=where[0])
    else:
        geometry, findings = _from_numbers(frame, where[0], where[1], file, name, row_of)
        columns = frame
    return spatial_layer(file, name, columns, geometry, None, findings=findings, encoding=encoding, first_row=row_of(0))


def _from_numbers(frame: pd.DataFrame, east: str, north: str, file: str, name: str, row_of: RowOf) -> tuple[np.ndarray, list[Finding]]:
    x, y = (pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan) for column in (east, north))
    geometry = np.full(len(frame), None, dtype=object)
    known = np.isfinite(x) & np.isfinite(y)
    geometry[known] = shapely.points(x[known], y[known])
    findings = []
    for row in np.flatnonzero(~known):
        shown = ", ".join("" if pd.isna(value) else str(value) for value in frame.loc[row, [east, north]])
        findings.append(finding("place_missing", name, file=file, layer=name, row=row_of(int(row)), column=f"{east}, {north}", value=shown))
    return geometry, findings


def _from_wkt(texts: pd.Series, file: str, name: str, row_of: RowOf) -> tuple[np.ndarray, list[Finding]]:
    values = np.where(texts.isna(), None, texts.to_numpy(dtype=object))
    geometry = shapely.from_wkt(values, on_invalid="fix")
    broken = shapely.is_missing(geometry) & texts.notna().to_numpy()
    findings = [finding("wkt_unreadable", name, file=file, layer=name, row=row_of(int(row))) for row in np.flatnonzero(broken)]
    usable, more = geometries.usable_geometry(geometry, file=file, layer=name, row_of=row_of)
    told = {each.row for each in findings}
    return usable, findings + [each for each in more if each.row is None or each.row not in told]
