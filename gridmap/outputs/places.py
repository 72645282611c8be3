"""Finding what a map shows by name, address or code."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.outputs.map_shapes import to_degrees

TEXT_MAX = 100
"""Longer texts are cut: no name is longer."""

_SEARCHED = {
    "venues": ("name", "address"),
    "communities": ("name", "division_code"),
    "grids": ("name", "code"),
    "buildings": ("name", "compound_id"),
}
"""The tables in the order in which finds are told, and the columns that are searched beside the id."""


def find_places(district: District, plan: Plan | None, text: str, *, limit: int = 20) -> list[dict[str, Any]]:
    """Return what bears ``text`` in its name, address, code or id: venues, communities, grids of the plan, buildings; whole matches first.

    Several words must all be found, in any order. Each find has ``table``, ``position`` (its row), ``id``, ``name``, ``about``, and ``bounds``
    (west, south, east, north in degrees). At most ``limit`` finds, shared out so that no table hides another.
    """
    words = text[:TEXT_MAX].casefold().split()
    if not words:
        return []
    tables = {"venues": district.venues, "communities": district.communities, "buildings": district.buildings}
    if plan is not None:
        tables["grids"] = plan.grids
    found = {name: _matches(tables[name], columns, words) for name, columns in _SEARCHED.items() if name in tables}
    shares = _shares([len(rows) for rows in found.values()], limit)
    return [each for (name, rows), share in zip(found.items(), shares, strict=True) for each in _told(name, tables[name], rows[:share])]


def _matches(table: gpd.GeoDataFrame, columns: tuple[str, ...], words: list[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the rows that hold all words and have a place, those that are a word whole first."""
    texts = [pd.Series(table.index, dtype="str"), *(table[column].astype("str").fillna("").reset_index(drop=True) for column in columns)]
    folded = [each.str.casefold() for each in texts]
    joined = folded[0].str.cat(folded[1:], sep="\n")
    there = ~(table.geometry.isna() | table.geometry.is_empty).to_numpy(dtype=bool)
    for word in words:
        there &= joined.str.contains(word, regex=False).to_numpy(dtype=bool)
    whole = np.logical_or.reduce([each.isin(words).to_numpy(dtype=bool) for each in folded])
    rows = np.flatnonzero(there)
    return rows[np.argsort(~whole[rows], kind="stable")]


def _shares(counts: list[int], limit: int) -> list[int]:
    """Return how many of each are told: as even as the limit allows.

    >>> _shares([1, 0, 50], 10)
    [1, 0, 9]
    """
    shares = [0] * len(counts)
    while sum(shares) < min(limit, sum(counts)):
        for number, count in enumerate(counts):
            if shares[number] < count and sum(shares) < limit:
                shares[number] += 1
    return shares


def _told(name: str, table: gpd.GeoDataFrame, rows: np.ndarray[Any, np.dtype[np.int64]]) -> list[dict[str, Any]]:
    chosen = table.iloc[rows]
    about = {"venues": "address", "communities": "division_code", "grids": "code", "buildings": "compound_id"}[name]
    bounds = to_degrees(chosen.geometry).bounds.round(6).to_numpy().tolist()
    titles = chosen["name"].astype("str").fillna("")
    texts = chosen[about].astype("str").fillna("")
    return [
        {"table": name, "position": int(row), "id": str(each), "name": str(title) or str(each), "about": str(more), "bounds": box}
        for row, each, title, more, box in zip(rows, chosen.index, titles, texts, bounds, strict=True)
    ]
