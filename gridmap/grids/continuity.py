"""Which grid of one plan continues which grid of another."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.grids.plan import next_grid_ids
from gridmap.ground.codes import reading_order


def continued_grids(old: pd.Series, new: pd.Series, households: pd.Series) -> dict[Hashable, Hashable]:
    """Return for each grid of ``new`` the grid of ``old`` that it continues; grids that continue none are absent.

    ``old`` and ``new`` give the grid of each atom, ``households`` its households, all with the same index; atoms without a grid are left out. Each
    grid continues at most one and is continued by at most one, so that the households that stay are the most that any such pairing allows (assignment
    problem); among equals, so that the most atoms stay. Grids with nothing in common are never paired.

    >>> index = ["a", "b", "c"]
    >>> old, new = pd.Series(["G1", "G1", "G2"], index=index), pd.Series(["x", "y", "y"], index=index)
    >>> continued_grids(old, new, pd.Series([100, 20, 90], index=index))
    {'x': 'G1', 'y': 'G2'}
    """
    common = overlaps(old, new, households)
    if not len(common):
        return {}
    old_codes, old_names = pd.factorize(common["old"], sort=True)
    new_codes, new_names = pd.factorize(common["new"], sort=True)
    # Whole numbers below 2**53: sums of households times atoms stay exact as floats.
    worth = common["households"].to_numpy(dtype=np.float64) * (len(old) + 1) + common["atoms"].to_numpy(dtype=np.float64)
    pairs: dict[Hashable, Hashable] = {}
    # Pairings in one community say nothing about another: each block of grids that share atoms is a problem of its own, small and dense.
    size = len(old_names) + len(new_names)
    links = coo_array((np.ones(len(common), dtype=np.int8), (old_codes, new_codes + len(old_names))), shape=(size, size))
    block = connected_components(links, directed=False)[1][old_codes]
    order = np.argsort(block, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
        olds, old_at = np.unique(old_codes[rows], return_inverse=True)
        news, new_at = np.unique(new_codes[rows], return_inverse=True)
        table = np.zeros((len(news), len(olds)))
        table[new_at, old_at] = worth[rows]
        for i, j in zip(*linear_sum_assignment(table, maximize=True), strict=True):
            if table[i, j] > 0:
                pairs[new_names[news[i]]] = old_names[olds[j]]
    return pairs


def overlaps(old: pd.Series, new: pd.Series, households: pd.Series) -> pd.DataFrame:
    """Return for each pair of grids with atoms in common, ``old`` and ``new``, those ``atoms`` and their ``households``."""
    frame = pd.DataFrame({"old": old, "new": new, "households": households.astype(np.int64), "atoms": 1}).dropna(subset=["old", "new"])
    return frame.groupby(["old", "new"], sort=True, as_index=False).sum()


def named_grids(drafts: pd.Series, earlier: pd.Series, atoms: gpd.GeoDataFrame, taken: Iterable[str]) -> pd.Series:
    """Return the grid id of each atom: that of the earlier grid which its new one continues, else a new id.

    New ids count on in reading order, community by community in the order of their ids, so that the order of the input does not matter.

    ``drafts`` (Int64) numbers the new grids, missing for atoms that keep their grid, whose ids are missing then; ``earlier`` gives the earlier grids.
    ``taken`` are ids that new grids may not get.
    """
    new = drafts.dropna().astype(np.int64)
    continued = continued_grids(earlier[new.index], new, atoms["households"].loc[new.index])
    fresh = new[~new.isin(continued)]
    ordered: list[Hashable] = []
    for _, its in fresh.groupby(atoms["community_id"].loc[fresh.index], sort=True):
        ordered += _read_in_order(its, atoms.geometry.loc[its.index])
    ids = {**continued, **dict(zip(ordered, next_grid_ids(taken, len(ordered)), strict=True))}
    return pd.Series(pd.array(drafts.map(ids), dtype="str"), index=drafts.index)


def _read_in_order(drafts: pd.Series, cells: gpd.GeoSeries) -> list[Hashable]:
    """Return the new grids of one community from west to east in rows, from north to south."""
    centre = cells.centroid
    table = pd.DataFrame({"draft": drafts, "x": centre.x, "y": centre.y, "area": cells.area})
    grids = table.groupby("draft", sort=True).agg({"x": "mean", "y": "mean", "area": "sum"})
    order = reading_order(grids["x"], grids["y"], grids["area"], [str(each) for each in grids.index])
    return [grids.index[position] for position in order]
