"""Batches of communities: a large city is read and worked on a part at a time, so that memory does not grow with it."""

# ruff: noqa: S608
# Names of tables stand in this file; values always are parameters.

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.ground.tables import TABLES, Cells, District, empty_table
from gridmap.store.geopackage import read_column, read_features, read_geometries
from gridmap.store.schema import GROUND

LARGE = 50_000
"""Districts of more buildings are planned in batches."""

AT_MOST = 20_000
"""Buildings of a batch, unless a single community has more: enough that streets around it, which are read too, are not most of the work."""

MARGIN_M = 1_000.0
"""So far around a batch streets, barriers and gates are read: a walk of up to twice as far between two of its buildings leads no farther."""

BOXES_AT_ONCE = 50_000
"""So many outlines of communities are read at a time."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Batch:
    """Communities that lie together, by their ids, and the rows (``fid``) of their buildings, which ascend."""

    communities: tuple[str, ...]
    buildings: Integers


def batches_of(connection: sqlite3.Connection, at_most: int) -> list[Batch]:
    """Return all communities in batches of at most so many buildings.

    Buildings that name a community which does not exist are in one batch together, so that all of them are told at once.
    """
    layer = GROUND["communities"]
    ids = read_column(connection, layer, layer.fields[0])
    boxes = [shapely.bounds(each) for each in read_geometries(connection, layer, at_once=BOXES_AT_ONCE)]
    low_high = np.concatenate([np.empty((0, 4)), *boxes])
    rows = connection.execute("SELECT fid, community_id FROM buildings ORDER BY fid").fetchall()
    fid = np.array([row[0] for row in rows], dtype=np.int64)
    home = pd.Index(ids).get_indexer([row[1] for row in rows])
    count = np.bincount(home[home >= 0], minlength=len(ids))
    place = (low_high[:, :2] + low_high[:, 2:]) / 2
    batch_of = np.zeros(len(ids), dtype=np.int64)
    parts = list(_halves(np.arange(len(ids)), place, count, at_most))
    for number, part in enumerate(parts):
        batch_of[part] = number
    batch = np.where(home >= 0, batch_of[home], 0) if len(ids) else np.zeros(len(fid), dtype=np.int64)
    return [Batch(tuple(ids.iloc[np.sort(part)]), fid[batch == number]) for number, part in enumerate(parts)]


def _halves(rows: Integers, place: npt.NDArray[np.float64], count: Integers, at_most: int) -> Iterator[Integers]:
    """Yield communities that lie together: halved across the longer side until none has more than ``at_most`` buildings."""
    if len(rows) <= 1 or count[rows].sum() <= at_most:
        yield rows
        return
    spread = np.ptp(place[rows], axis=0)
    order = rows[np.argsort(place[rows, int(spread[1] > spread[0])], kind="stable")]
    so_far = np.cumsum(count[order])
    half = min(len(rows) - 1, max(1, int(np.searchsorted(so_far, so_far[-1] / 2))))
    yield from _halves(order[:half], place, count, at_most)
    yield from _halves(order[half:], place, count, at_most)


def read_batch(connection: sqlite3.Connection, batch: Batch, *, name: str, cells: Cells) -> District:
    """Return a district of these communities alone, with the streets, barriers and gates in and around them, and no venues."""
    communities = read_features(connection, GROUND["communities"], _one_of("community_id"), (_listed(batch.communities),))
    buildings = read_features(connection, GROUND["buildings"], _one_of("fid"), (_listed(batch.buildings.tolist()),))
    boxes = np.concatenate([shapely.bounds(frame.geometry.to_numpy()) for frame in (communities, buildings)])
    low_x, low_y = np.nanmin(boxes[:, :2], axis=0) - MARGIN_M
    high_x, high_y = np.nanmax(boxes[:, 2:], axis=0) + MARGIN_M
    tables = {"communities": communities, "buildings": buildings}
    for table in ("streets", "barriers", "gates"):
        near = f"fid IN (SELECT id FROM rtree_{table}_geom WHERE minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ?)"
        tables[table] = read_features(connection, GROUND[table], near, (high_x, low_x, high_y, low_y))
    indexed = {table: frame.set_index(TABLES[table].index) for table, frame in tables.items()}
    return District(**indexed, venues=empty_table("venues", communities.crs), name=name, cells=cells)


def read_buildings(connection: sqlite3.Connection, ids: Sequence[str], *, name: str, cells: Cells) -> District:
    """Return a district of some buildings alone: nothing else is in it."""
    found = read_features(connection, GROUND["buildings"], _one_of("building_id"), (_listed(ids),)).set_index("building_id")
    empty = {table: empty_table(table, found.crs) for table in TABLES if table != "buildings"}
    return District(**empty, buildings=found, name=name, cells=cells)


def _one_of(column: str) -> str:
    """Return the SQL condition that a column has one of the values of a list in JSON, which may be longer than SQLite takes parameters."""
    return f"{column} IN (SELECT value FROM json_each(?))"


def _listed(values: Sequence[str] | Sequence[int]) -> str:
    return json.dumps(list(values))
