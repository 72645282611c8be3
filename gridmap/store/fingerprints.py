"""The fingerprint of the ground as :meth:`gridmap.District.fingerprint` tells it, read column by column: memory does not grow with a city."""

from __future__ import annotations

import hashlib
import sqlite3

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.ground.tables import FINGERPRINTED, NOT_FINGERPRINTED, Cells, coordinate_bytes, joined
from gridmap.store.geopackage import Layer, read_column, read_geometries
from gridmap.store.schema import GROUND

AT_ONCE = 50_000
"""So many geometries are read at a time."""


def ground_fingerprint(connection: sqlite3.Connection, cells: Cells) -> str:
    """Return the fingerprint of the ground in a workspace whose buildings have such ``cells``."""
    digest = hashlib.sha256(cells.encode())
    for name in FINGERPRINTED:
        layer = GROUND[name]
        index, *fields = layer.fields
        ids = read_column(connection, layer, index)
        order = ids.argsort().to_numpy()
        digest.update(f"{name}:{len(ids)}".encode())
        digest.update(joined(ids.iloc[order]))
        digest.update(coordinate_bytes(_coordinates(connection, layer, order)))
        for field in fields:
            if field.name not in NOT_FINGERPRINTED:
                digest.update(joined(read_column(connection, layer, field).iloc[order]))
    return digest.hexdigest()[:16]


def _coordinates(connection: sqlite3.Connection, layer: Layer, order: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the coordinates of a layer, its rows in that order."""
    places, counts = [np.empty((0, 2))], [np.empty(0, dtype=np.int64)]
    for geometry in read_geometries(connection, layer, at_once=AT_ONCE):
        places.append(shapely.get_coordinates(geometry))
        counts.append(shapely.get_num_coordinates(geometry))
    place, count = np.concatenate(places), np.concatenate(counts)
    begins = (np.cumsum(count) - count)[order]
    count = count[order]
    return place[np.repeat(begins - (np.cumsum(count) - count), count) + np.arange(len(place))]
