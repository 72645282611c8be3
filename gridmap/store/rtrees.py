"""Spatial indexes filled at once: SQLite's R-tree, packed level by level and written into its own tables as GDAL does it.

Row by row SQLite looks for the best place of each; that takes longer than to write the rows themselves. The form of the nodes is described at the
head of ``ext/rtree/rtree.c``.
"""

# ruff: noqa: S608
# Names of tables cannot be parameters of a statement; they are quoted. Values always are parameters.

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import numpy.typing as npt

HEADER = np.dtype([("depth", ">u2"), ("cells", ">u2")])
"""What stands before the cells of a node; only the root tells how many levels lie beneath it."""
CELL = np.dtype([("id", ">i8"), ("box", ">f4", 4)])
"""A row, or a node of the level beneath, and its box as x from, x to, y from, y to."""
ROOT = 1
LESS, MORE = 1.0 - 2.0**-23, 1.0 + 2.0**-23
"""By which SQLite widens a box that single precision would make smaller."""

Boxes = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]


def fill_rtree(connection: sqlite3.Connection, name: str, ids: Positions, bounds: npt.NDArray[np.float64]) -> None:
    """Add rows with ``ids``, which ascend, and ``bounds`` (x from, y from, x to, y to) to the R-tree of that name."""
    if len(ids) == 0:
        return
    filled = connection.execute(f"SELECT EXISTS (SELECT 1 FROM {_quoted(name)})").fetchone() == (1,)
    if filled or _defended(connection, name):
        rows = zip(ids.tolist(), *(bounds[:, column].tolist() for column in (0, 2, 1, 3)), strict=True)
        connection.executemany(f"INSERT INTO {_quoted(name)} VALUES (?, ?, ?, ?, ?)", rows)
        return
    _pack(connection, name, ids, _single(bounds))


def _defended(connection: sqlite3.Connection, name: str) -> bool:
    """Return whether this build of SQLite lets nobody write the R-tree's own tables."""
    try:
        connection.execute(f"EXPLAIN DELETE FROM {_quoted(f'{name}_node')}")
    except sqlite3.OperationalError as error:
        if "may not be modified" not in str(error):
            raise
        return True
    return False


def _single(bounds: npt.NDArray[np.float64]) -> Boxes:
    """Return the boxes in single precision, none smaller than it was, rounded as SQLite rounds."""
    low, high = bounds[:, [0, 1]], bounds[:, [2, 3]]
    down, up = low.astype(np.float32), high.astype(np.float32)
    down = np.where(down > low, (low * np.where(low < 0, MORE, LESS)).astype(np.float32), down)
    up = np.where(up < high, (high * np.where(high < 0, LESS, MORE)).astype(np.float32), up)
    return np.column_stack([down[:, 0], up[:, 0], down[:, 1], up[:, 1]])


def _pack(connection: sqlite3.Connection, name: str, ids: Positions, boxes: Boxes) -> None:
    """Write a whole tree: as many levels as it takes until one node holds all."""
    node, rowid, parent = (_quoted(f"{name}_{part}") for part in ("node", "rowid", "parent"))
    (size,) = connection.execute(f"SELECT length(data) FROM {node} WHERE nodeno = {ROOT}").fetchone()
    capacity = (size - HEADER.itemsize) // CELL.itemsize
    written, depth, insert = ROOT, 0, f"INSERT INTO {rowid} (rowid, nodeno) VALUES (?, ?)"
    while len(ids) > capacity:
        order, starts = _nodes(boxes, capacity)
        numbers = written + 1 + np.arange(len(starts))
        written += len(starts)
        data = _data(ids[order], boxes[order], starts, size, 0)
        connection.executemany(f"INSERT INTO {node} VALUES (?, ?)", zip(numbers.tolist(), data, strict=True))
        holder = np.empty(len(ids), dtype=np.int64)
        holder[order] = np.repeat(numbers, np.diff([*starts, len(ids)]))
        connection.executemany(insert, zip(ids.tolist(), holder.tolist(), strict=True))
        low, high = np.minimum.reduceat(boxes[order], starts), np.maximum.reduceat(boxes[order], starts)
        ids, boxes = numbers, np.column_stack([low[:, 0], high[:, 1], low[:, 2], high[:, 3]])
        depth, insert = depth + 1, f"INSERT INTO {parent} VALUES (?, ?)"
    (root,) = _data(ids, boxes, np.array([0]), size, depth)
    connection.execute(f"UPDATE {node} SET data = ? WHERE nodeno = {ROOT}", (root,))
    connection.executemany(insert, ((each, ROOT) for each in ids.tolist()))


def _nodes(boxes: Boxes, capacity: int) -> tuple[Positions, Positions]:
    """Return an order of the boxes and where in it each node begins: strips from west to east, each cut from south to north."""
    count = -(-len(boxes) // capacity)
    starts: Positions = np.arange(count, dtype=np.int64) * len(boxes) // count
    strips = int(np.ceil(np.sqrt(count)))
    # A strip is as wide as whole nodes ask for.
    bounds = starts[np.arange(strips) * count // strips]
    by_x = np.argsort(boxes[:, 0] + boxes[:, 1], kind="stable")
    strip = np.repeat(np.arange(strips), np.diff([*bounds, len(boxes)]))
    order: Positions = by_x[np.lexsort(((boxes[:, 2] + boxes[:, 3])[by_x], strip))]
    return order, starts


def _data(ids: Positions, boxes: Boxes, starts: Positions, size: int, depth: int) -> list[bytes]:
    """Return the nodes as SQLite keeps them: header, cells, and zeros up to ``size``."""
    cells: Any = np.empty(len(ids), dtype=CELL)
    cells["id"], cells["box"] = ids, boxes
    raw, data = cells.tobytes(), []
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(ids)], strict=True):
        head = np.array((depth, end - start), dtype=HEADER).tobytes()
        data.append((head + raw[start * CELL.itemsize : end * CELL.itemsize]).ljust(size, b"\0"))
    return data


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
