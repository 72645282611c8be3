"""A shapefile written byte by byte, so that it may be as broken as those that offices have.

GDAL mends what it writes: rings are closed, text gets a .cpg. Here rings stand in the file as they are given, and the text is GBK with nothing to
say so.
Layout: ESRI Shapefile Technical Description (1998); dBASE III.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely

from gridmap.ground.sample.drawing import Numbers

NULL, POINT, LINE, AREA = 0, 1, 3, 5
TEXT_BYTES_MOST = 254
NAME_BYTES_MOST = 10
NUMBER_DIGITS = 10

Rings = Sequence[Numbers]
"""Parts of a line or area, each (n, 2); of a point one part of one row; nothing for no geometry."""


def parts_of_each(geometries: Any) -> list[list[Numbers]]:
    """Return the parts of each geometry as they are to stand in a shapefile: outer rings clockwise, holes the other way.

    ``geometries`` are points, lines or areas, not mixed.

    >>> [[len(part) for part in parts] for parts in parts_of_each([shapely.box(0, 0, 1, 1), shapely.Polygon()])]
    [[5], []]
    """
    pieces, owner = shapely.get_parts(shapely.orient_polygons(geometries, exterior_cw=True), return_index=True)
    if (shapely.get_dimensions(pieces) == 2).any():
        pieces, piece = shapely.get_rings(pieces, return_index=True)
        owner = owner[piece]
    ends = np.cumsum(shapely.get_num_coordinates(pieces))
    parts = np.split(shapely.get_coordinates(pieces), ends[:-1])
    first = np.searchsorted(owner, np.arange(len(geometries) + 1))
    return [parts[start:stop] for start, stop in itertools.pairwise(first)]


def write_shapefile(path: Path, shapes: Sequence[Rings], columns: Mapping[str, Sequence[Any]], *, kind: int, crs: pyproj.CRS | None) -> None:
    """Write ``path`` (.shp) and its .shx and .dbf, and a .prj unless ``crs`` is None; never a .cpg.

    ``columns`` are texts or whole numbers, None where there is nothing.
    """
    records = [_record(parts, kind) for parts in shapes]
    lengths = np.array([len(record) // 2 for record in records], dtype=np.int64)
    offsets = 50 + np.concatenate(([0], np.cumsum(lengths + 4)[:-1])) if len(records) else lengths
    placed = [part for parts in shapes for part in parts]
    bounds = (*np.concatenate(placed).min(axis=0), *np.concatenate(placed).max(axis=0)) if placed else (0.0,) * 4
    headers = [struct.pack(">2i", number, length) for number, length in enumerate(lengths, 1)]
    with path.open("wb") as file:
        file.write(_header(50 + int((lengths + 4).sum()), kind, bounds))
        file.write(b"".join(part for pair in zip(headers, records, strict=True) for part in pair))
    index = b"".join(struct.pack(">2i", offset, length) for offset, length in zip(offsets, lengths, strict=True))
    path.with_suffix(".shx").write_bytes(_header(50 + len(index) // 2, kind, bounds) + index)
    _write_dbf(path.with_suffix(".dbf"), columns, len(shapes))
    if crs is not None:
        path.with_suffix(".prj").write_text(crs.to_wkt("WKT1_ESRI"), encoding="ascii")


def _header(words: int, kind: int, bounds: Sequence[float]) -> bytes:
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words) + struct.pack("<2i8d", 1000, kind, *bounds, 0, 0, 0, 0)


def _record(parts: Rings, kind: int) -> bytes:
    if not parts:
        return struct.pack("<i", NULL)
    points = np.concatenate(parts).astype("<f8")
    if kind == POINT:
        return struct.pack("<i", kind) + points[:1].tobytes()
    starts = np.concatenate(([0], np.cumsum([len(part) for part in parts])[:-1])).astype("<i4")
    bounds = (*points.min(axis=0), *points.max(axis=0))
    return struct.pack("<i4d2i", kind, *bounds, len(parts), len(points)) + starts.tobytes() + points.tobytes()


def _write_dbf(path: Path, columns: Mapping[str, Sequence[Any]], count: int) -> None:
    fields, cells = [], []
    for name, values in columns.items():
        numbers = all(value is None or isinstance(value, int | np.integer) for value in values)
        texts = ["" if value is None else str(value).rjust(NUMBER_DIGITS if numbers else 0) for value in values]
        encoded = [text.encode("gbk")[:TEXT_BYTES_MOST] for text in texts]
        width = max([1, *(len(text) for text in encoded)])
        label = name.encode("gbk")
        if len(label) > NAME_BYTES_MOST:
            raise ValueError(f"{name} is longer than the {NAME_BYTES_MOST} bytes that a column name may have")
        fields.append(struct.pack("<11sc4xBB14x", label, b"N" if numbers else b"C", width, 0))
        cells.append([text.ljust(width) for text in encoded])
    start = 32 + 32 * len(fields) + 1
    size = 1 + sum(len(column[0]) for column in cells if column)
    # The date is fixed: the same district gives the same bytes.
    header = struct.pack("<4BIHH20x", 3, 124, 1, 1, count, start, size)
    rows = b"".join(b" " + b"".join(row) for row in zip(*cells, strict=True))
    path.write_bytes(header + b"".join(fields) + b"\r" + rows + b"\x1a")
