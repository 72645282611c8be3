"""Which communities lie side by side, what runs along their common border, and whether one can walk across."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.grids.blocks import Floats, Integers
from gridmap.grids.neighbours import SHARED_MIN_M, neighbour_table, pairs_across
from gridmap.grids.separators import CODE, CROSSABLE, SEPARATORS
from gridmap.ground.tables import District

HARD = ("railway", "expressway", "river")
"""Barriers that are crossed only where a street leads over or under; walls stand around compounds, whose gates lead out on either side."""
PIECE_M = 25.0
"""Outlines are looked at in pieces of at most this length: what runs along the middle of a piece runs along all of it."""
ALONG_M = 15.0
"""A street or barrier within this of an outline runs along it: outlines follow the middle of a street, or its edge."""
WELL_INSIDE_M = 1.0
"""A street reaches into a community when more than this of it lies inside, which no street along the outline does."""


def community_neighbours(district: District) -> pd.DataFrame:
    """Return the neighbour table of a district's communities, each pair that shares more than 0.5 m of outline once, sorted.

    Columns as in :class:`gridmap.grids.tiling.Tiling`. ``separator`` is what runs along most of the common outline. A pair is crossable when more
    than 0.5 m of it runs along no river, railway or expressway, or when a walkable street leads from one community into the other: a bridge, an
    underpass, a level crossing. Communities joined only by such a street, with a gap between their outlines, have ``shared_m`` 0.
    """
    communities = district.communities
    outlines = shapely.segmentize(shapely.boundary(communities.geometry.to_numpy()), PIECE_M)
    ends, owner = _straight_pieces(outlines)
    code = _along(ends, district)
    names = communities.index.to_numpy(dtype=object)
    metres = [_lengths(ends[code == each], owner[code == each], names) for each in range(len(SEPARATORS))]
    shared = pd.concat(metres, axis=1, keys=range(len(SEPARATORS))).fillna(0.0)
    shared = shared[shared.sum(axis=1) > SHARED_MIN_M]
    joined = _joined_by_streets(district, shared.index)
    pairs = shared.index.union(joined, sort=True)
    shared = shared.reindex(pairs, fill_value=0.0)
    # Of equals the strongest counts: the last one in order.
    strongest = len(SEPARATORS) - 1 - np.argmax(shared.to_numpy()[:, ::-1], axis=1)
    total = shared.sum(axis=1).to_numpy()
    open_m = shared.loc[:, CROSSABLE].sum(axis=1).to_numpy()
    table = pd.DataFrame(
        {
            "a": pd.array(pairs.get_level_values(0), dtype="str"),
            "b": pd.array(pairs.get_level_values(1), dtype="str"),
            "shared_m": total,
            "separator": pd.array(np.where(total > 0, np.array(SEPARATORS, dtype=object)[strongest], "none"), dtype="str"),
            "crossable": (open_m > SHARED_MIN_M) | pairs.isin(joined),
        }
    )
    return table.sort_values(["a", "b"], ignore_index=True)


def _straight_pieces(outlines: npt.NDArray[np.object_]) -> tuple[Floats, Integers]:
    """Return the straight pieces of outlines, their ends (n, 4), and the position of the outline that each belongs to."""
    lines, line_owner = shapely.get_parts(outlines, return_index=True)
    points, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    ends = np.hstack((points[:-1][same], points[1:][same]))
    long = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]) > 0
    return ends[long], line_owner[line[1:][same]][long].astype(np.int64)


def _lengths(ends: Floats, owner: Integers, names: npt.NDArray[np.object_]) -> pd.Series:
    """Return the metres that communities share along these pieces of their outlines, by pair."""
    table = neighbour_table(pairs_across(ends, owner, owner), names)
    return table.set_index(["a", "b"])["shared_m"]


def _along(ends: Floats, district: District) -> Integers:
    """Return for each piece of outline what runs along it, as the position in SEPARATORS; the strongest where there are several."""
    middles = shapely.points((ends[:, :2] + ends[:, 2:]) / 2)
    code = np.zeros(len(ends), np.int64)
    barriers, streets = district.barriers, district.streets
    kinds = [(streets[streets["street_class"] == each], each) for each in ("lane", "street", "arterial")]
    kinds += [(barriers[barriers["kind"] == each], each) for each in HARD]
    for things, kind in kinds:
        code[_near(middles, things)] = CODE[kind]
    return code


def _near(middles: npt.NDArray[np.object_], things: gpd.GeoDataFrame) -> Integers:
    near, _ = shapely.STRtree(things.geometry.to_numpy()).query(middles, predicate="dwithin", distance=ALONG_M)
    return np.unique(near).astype(np.int64)


def _joined_by_streets(district: District, beside: pd.MultiIndex) -> pd.MultiIndex:
    """Return the pairs of communities that a walkable street joins.

    It leads from one well into the other; or it crosses a river, railway or expressway and touches two that lie ``beside`` each other, as a bridge
    does that carries the street between communities on both banks.
    """
    streets, barriers = district.streets, district.barriers
    lines = streets.geometry.to_numpy()[streets["walkable"].fillna(False).to_numpy(dtype=bool)]
    names, land = district.communities.index.to_numpy(dtype=object), district.communities.geometry.to_numpy()
    line, home = shapely.STRtree(land).query(lines, predicate="intersects")
    several = np.bincount(line, minlength=len(lines))[line] > 1
    line, home = line[several], home[several]
    inside = shapely.length(shapely.intersection(lines[line], land[home])) > WELL_INSIDE_M
    off_edge = shapely.length(shapely.intersection(lines[line], shapely.boundary(land)[home])) < WELL_INSIDE_M
    through = _pairs(line[inside & off_edge], names[home[inside & off_edge]])
    hard = barriers.geometry.to_numpy()[barriers["kind"].isin(HARD).to_numpy()]
    crossing = np.isin(line, shapely.STRtree(lines).query(hard, predicate="intersects")[1])
    return through.union(_pairs(line[crossing], names[home[crossing]]).intersection(beside))


def _pairs(line: Integers, names: npt.NDArray[np.object_]) -> pd.MultiIndex:
    """Return every two communities that stand with one line, each pair once."""
    reach = pd.DataFrame({"line": line, "name": names})
    both = reach.merge(reach, on="line")
    both = both[both["name_x"] < both["name_y"]]
    return pd.MultiIndex.from_frame(both[["name_x", "name_y"]].astype("str").drop_duplicates(), names=["a", "b"])
