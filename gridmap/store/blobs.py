"""Values and geometries as a GeoPackage keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridmap.ground.tables import DTYPES, Kind

HEADER = np.dtype([("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs_id", "<i4"), ("envelope", "<f8", 4)])
"""What stands before the WKB: ``GP``, version 0, flags, srs_id, and the envelope as x from, x to, y from, y to."""
LITTLE_ENDIAN, WITH_ENVELOPE, EMPTY = 0b1, 0b10, 0b10000
ENVELOPE_BYTES = (0, 32, 48, 48, 64)
"""How long the envelope is, by the three bits of the flags that say which coordinates it has."""
FIXED_BYTES = 8
"""How long the header is without the envelope."""
POLYGON, MULTI_POLYGON, LINE, MULTI_LINE = 3, 6, 1, 5


def blobs_of(geometry: Any, srs_id: int) -> list[bytes | None]:
    """Return the geometries (object array) as GeoPackage blobs; a missing one is None."""
    header = np.zeros(len(geometry), dtype=HEADER)
    header["magic"] = b"GP"
    header["flags"] = LITTLE_ENDIAN | WITH_ENVELOPE
    header["srs_id"] = srs_id
    header["envelope"] = shapely.bounds(geometry).reshape(-1, 4)[:, [0, 2, 1, 3]]
    heads = header.tobytes()
    wkbs = shapely.to_wkb(geometry, byte_order=1, flavor="iso")
    blobs = [None if wkb is None else heads[HEADER.itemsize * row : HEADER.itemsize * (row + 1)] + wkb for row, wkb in enumerate(wkbs)]
    empty = bytes([0, LITTLE_ENDIAN | EMPTY]) + np.array(srs_id, dtype="<i4").tobytes()
    for row in np.flatnonzero(shapely.is_empty(geometry)):
        # An empty geometry has no envelope.
        blobs[row] = b"GP" + empty + wkbs[row]
    return blobs


def geometry_of(blobs: Sequence[bytes | None]) -> Any:
    """Return the geometries (object array) of GeoPackage blobs, whoever wrote them.

    Raises ``shapely.GEOSException`` for a blob that holds no geometry.
    """
    wkbs = [None if blob is None else blob[FIXED_BYTES + ENVELOPE_BYTES[blob[3] >> 1 & 0b111] :] for blob in blobs]
    return shapely.from_wkb(np.array([*wkbs, None], dtype=object)[:-1])


def bounds_of_blob(blob: bytes) -> tuple[float, float, float, float] | None:
    """Return x from, y from, x to, y to of one blob; None when its geometry is empty."""
    bounds = shapely.bounds(geometry_of([blob])[0]).tolist()
    return None if bounds[0] != bounds[0] else (bounds[0], bounds[1], bounds[2], bounds[3])


def as_multi(geometry: Any) -> Any:
    """Return the geometries with each polygon or line as a collection of one part, as a layer of one type demands.

    >>> as_multi([shapely.box(0, 0, 1, 1)])[0].geom_type
    'MultiPolygon'
    """
    multi = np.array([*geometry, None], dtype=object)[:-1]
    types = shapely.get_type_id(multi)
    for single, made in ((POLYGON, shapely.multipolygons), (LINE, shapely.multilinestrings)):
        rows = np.flatnonzero((types == single) & ~shapely.is_empty(multi))
        if len(rows):
            multi[rows] = made(multi[rows], indices=np.arange(len(rows)))
    return multi


def as_single(geometry: Any) -> Any:
    """Return the geometries with each collection of one polygon or line as that polygon or line.

    >>> as_single([shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])])[0].geom_type
    'Polygon'
    """
    single = np.array([*geometry, None], dtype=object)[:-1]
    rows = np.isin(shapely.get_type_id(single), (MULTI_POLYGON, MULTI_LINE)) & (shapely.get_num_geometries(single) == 1)
    single[rows] = shapely.get_geometry(single[rows], 0)
    return single


def sql_values(values: Any) -> list[object]:
    """Return a column as Python objects, None where it is missing."""
    column = pd.Series(values)
    objects = column.to_numpy(dtype=object, copy=True)
    objects[column.isna().to_numpy()] = None
    return list(objects)


def typed(values: Sequence[object], kind: Kind) -> Any:
    """Return the values of one column as the pandas array of its kind; other programs may have written 1 for true and 3.0 for 3."""
    if kind == "truth":
        values = [None if value is None else bool(value) for value in values]
    return pd.array(list(values), dtype=DTYPES[kind])
