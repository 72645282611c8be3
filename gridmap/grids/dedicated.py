"""Dedicated grids (专属网格): schools, hospitals, industrial parks, outside the balance."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.findings import Finding, finding


def dedicated_groups(atoms: gpd.GeoDataFrame, neighbours: pd.DataFrame, names: pd.Series) -> pd.Series:
    """Return for each dedicated atom the number of its dedicated grid, from 0, int64; other atoms are absent.

    Dedicated buildings that lie side by side, with a way between them, and that belong to the same compound (``compound_id``) or bear the same name
    form one grid: the teaching blocks of one school. Every other dedicated building is a grid by itself. ``names`` gives the name of each atom's
    building, may be missing. Source: dedicated grids stand outside the balance, DB6101/T 3185-2024; which buildings form one is ours.
    """
    chosen = atoms.index[atoms["dedicated"].to_numpy(dtype=bool)]
    ways = neighbours[neighbours["crossable"].to_numpy(dtype=bool)]
    a, b = chosen.get_indexer(ways["a"]), chosen.get_indexer(ways["b"])
    both = (a >= 0) & (b >= 0)
    a, b = a[both], b[both]
    alike = np.zeros(len(a), dtype=bool)
    for column in (atoms["compound_id"].reindex(chosen), names.reindex(chosen)):
        codes = pd.factorize(column)[0]
        alike |= (codes[a] == codes[b]) & (codes[a] >= 0)
    home = pd.factorize(atoms["community_id"].reindex(chosen))[0]
    alike &= home[a] == home[b]
    pairs = coo_array((np.ones(int(alike.sum()), dtype=np.int8), (a[alike], b[alike])), shape=(len(chosen), len(chosen)))
    return pd.Series(connected_components(pairs, directed=False)[1].astype(np.int64), index=chosen, name="group")


def divided_communities(atoms: gpd.GeoDataFrame, neighbours: pd.DataFrame) -> list[Finding]:
    """Return a finding for each community whose other buildings lose their connection when the dedicated ones are taken out."""
    dedicated = atoms["dedicated"].to_numpy(dtype=bool)
    if not dedicated.any():
        return []
    rest = atoms.index[~dedicated]
    whole = _pieces(atoms.index, neighbours)
    # Pieces that consist of dedicated buildings only are no loss to the others.
    before = whole.loc[rest].groupby(atoms["community_id"].loc[rest]).nunique()
    after = _pieces(rest, neighbours).groupby(atoms["community_id"].loc[rest]).nunique()
    return [
        finding(
            "dedicated_divides",
            str(community_id),
            community_id=str(community_id),
            value=int(after[community_id]),
            limit=int(before[community_id]),
            unit="parts",
        )
        for community_id in after.index
        if after[community_id] > before[community_id]
    ]


def _pieces(index: pd.Index, neighbours: pd.DataFrame) -> pd.Series:
    """Number the connected pieces of the atoms in ``index`` over crossable neighbours; the table never lets one cross into another community."""
    ways = neighbours[neighbours["crossable"].to_numpy(dtype=bool)]
    a, b = index.get_indexer(ways["a"]), index.get_indexer(ways["b"])
    both = (a >= 0) & (b >= 0)
    pairs = coo_array((np.ones(int(both.sum()), dtype=np.int8), (a[both], b[both])), shape=(len(index), len(index)))
    return pd.Series(connected_components(pairs, directed=False)[1], index=index)
