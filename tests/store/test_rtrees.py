"""Packed spatial indexes: SQLite finds them sound, and they answer and take edits like those that it fills itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest

from gridmap.store import rtrees
from gridmap.store.rtrees import fill_rtree

COUNTS = (0, 1, 51, 52, 102, 103, 3000, 20_000)
"""51 rows fill a node: none, one, a full root, one more, and trees of two and three levels above the rows."""


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(":memory:") as made:
        for name in ("packed", "grown"):
            made.execute(f"CREATE VIRTUAL TABLE {name} USING rtree(id, minx, maxx, miny, maxy)")
        yield made
    made.close()


def world(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ids with gaps and boxes on both sides of zero, with digits that single precision does not hold."""
    rng = np.random.default_rng(count)
    corner = rng.uniform(-4_000_000.0, 4_000_000.0, (count, 2))
    return 3 + 2 * np.arange(count), np.hstack([corner, corner + rng.uniform(0.0, 300.0, (count, 2))])


def grow(connection: sqlite3.Connection, ids: np.ndarray, bounds: np.ndarray) -> None:
    rows = zip(ids.tolist(), *bounds[:, [0, 2, 1, 3]].T.tolist(), strict=True)
    connection.executemany("INSERT INTO grown VALUES (?, ?, ?, ?, ?)", rows)


def rows(connection: sqlite3.Connection, name: str, where: str = "") -> list[tuple[float, ...]]:
    return connection.execute(f"SELECT * FROM {name} {where} ORDER BY id").fetchall()


def sound(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT rtreecheck('packed')").fetchone() == ("ok",))


@pytest.mark.parametrize("count", COUNTS)
def test_sqlite_finds_a_packed_tree_sound(connection: sqlite3.Connection, count: int) -> None:
    fill_rtree(connection, "packed", *world(count))
    assert sound(connection)


@pytest.mark.parametrize("count", COUNTS)
def test_holds_what_sqlite_itself_would_hold(connection: sqlite3.Connection, count: int) -> None:
    ids, bounds = world(count)
    fill_rtree(connection, "packed", ids, bounds)
    grow(connection, ids, bounds)
    assert rows(connection, "packed") == rows(connection, "grown")


def test_finds_the_same_in_a_window(connection: sqlite3.Connection) -> None:
    ids, bounds = world(20_000)
    fill_rtree(connection, "packed", ids, bounds)
    grow(connection, ids, bounds)
    window = "WHERE minx < 500000 AND maxx > -200000 AND miny < 90000 AND maxy > -800000"
    found = rows(connection, "packed", window)
    assert found
    assert found == rows(connection, "grown", window)


def test_takes_edits(connection: sqlite3.Connection) -> None:
    ids, bounds = world(3000)
    fill_rtree(connection, "packed", ids, bounds)
    connection.execute("DELETE FROM packed WHERE id % 3 = 0")
    connection.execute("UPDATE packed SET minx = minx - 1000 WHERE id % 7 = 0")
    connection.executemany("INSERT INTO packed VALUES (?, ?, ?, ?, ?)", [(-each, 1.0, 2.0, 3.0, 4.0) for each in range(1, 500)])
    assert sound(connection)


def test_more_rows_come_beside_those_that_are_there(connection: sqlite3.Connection) -> None:
    ids, bounds = world(3000)
    fill_rtree(connection, "packed", ids[:2000], bounds[:2000])
    fill_rtree(connection, "packed", ids[2000:], bounds[2000:])
    grow(connection, ids, bounds)
    assert sound(connection)
    assert rows(connection, "packed") == rows(connection, "grown")


def test_where_sqlite_defends_its_tables_it_fills_them_itself(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtrees, "_defended", lambda *_: True)
    ids, bounds = world(200)
    fill_rtree(connection, "packed", ids, bounds)
    grow(connection, ids, bounds)
    assert rows(connection, "packed") == rows(connection, "grown")
