"""The levels above the building: grids or whole communities as atoms of a new neighbour table.

A level has the same two tables as a plan, ``atoms`` and ``neighbours``, so what divides buildings into grids joins communities into areas too.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.errors import InputError
from gridmap.findings import finding
from gridmap.grids.graph import Ints, Truths
from gridmap.grids.outlines import community_neighbours
from gridmap.grids.plan import Plan
from gridmap.ground.codes import division
from gridmap.ground.tables import District


@dataclass(frozen=True, eq=False)
class Level:
    """Grids or whole communities as atoms.

    ``atoms``: GeoDataFrame indexed by grid_id or community_id (text) with the columns of a plan's atoms: ``source_building_id`` (its own id),
    ``community_id`` (what it must stay in: the grid's community, the community's street office), ``compound_id`` (missing), ``households`` (int64),
    ``households_source`` (``missing`` when none are known), ``dedicated`` and ``geometry``; and ``buildings``, ``households_missing`` (int64,
    buildings whose households are unknown), ``grids`` (Int64, missing without a plan).

    ``neighbours``: the neighbour table of these atoms, each pair once.
    """

    atoms: gpd.GeoDataFrame
    neighbours: pd.DataFrame


def coarsen(plan: Plan) -> Level:
    """Return a plan's grids as atoms, each of which must stay in its community.

    Two grids lie side by side along all the borders of their atoms; what separates them is what runs along most of these, and one may cross where any
    two of their atoms may be crossed.

    >>> import gridmap
    >>> plan = gridmap.propose(gridmap.sample_district(900), gridmap.load_rules("nantong"), effort="quick")
    >>> coarsen(plan).atoms.index.tolist() == plan.grids.index.tolist()
    True
    """
    grids = plan.grids
    known = grids["buildings"] > grids["households_missing"]
    atoms = gpd.GeoDataFrame(
        {
            **_atom_columns(grids.index, grids["community_id"], grids["households"].to_numpy(np.int64), known.to_numpy()),
            "dedicated": (grids["kind"] == "dedicated").to_numpy(),
            "buildings": grids["buildings"].to_numpy(np.int64),
            "households_missing": grids["households_missing"].to_numpy(np.int64),
            "grids": pd.array([1] * len(grids), dtype="Int64"),
        },
        geometry=grids.geometry,
        index=grids.index,
        crs=grids.crs,
    )
    return Level(atoms, _joined_neighbours(plan.neighbours, plan.grid_of))


def coarsen_communities(district: District, plan: Plan | None = None, *, across_offices: bool = False) -> Level:
    """Return a district's communities as atoms, each of which must stay in its street office unless ``across_offices``.

    The street office is told by the communities' own columns, else by their division codes; communities of which neither is known belong together.
    ``plan`` tells how many grids each has. Raises ``InputError`` when buildings name communities that the communities layer does not hold.
    """
    communities, buildings = district.communities, district.buildings
    strange = buildings[~buildings["community_id"].isin(communities.index)]
    if len(strange):
        faults = [finding("cells_community_unknown", str(each), value=str(home)) for each, home in strange["community_id"].items()]
        raise InputError("cells_communities_missing", findings=faults)
    homes = buildings["community_id"].to_numpy(dtype=object)
    missing = buildings["households"].isna()
    sums = pd.DataFrame({"households": buildings["households"].fillna(0).astype(np.int64), "missing": missing.astype(np.int64), "buildings": 1})
    total = sums.groupby(homes).sum().reindex(communities.index, fill_value=0).astype(np.int64)
    grids = None if plan is None else plan.grids.groupby("community_id").size().reindex(communities.index, fill_value=0)
    offices = pd.Series("", index=communities.index, dtype="str") if across_offices else street_offices(communities)
    known = (total["missing"] < total["buildings"]) | (total["buildings"] == 0)
    atoms = gpd.GeoDataFrame(
        {
            **_atom_columns(communities.index, offices, total["households"].to_numpy(), known.to_numpy()),
            "dedicated": False,
            "buildings": total["buildings"].to_numpy(),
            "households_missing": total["missing"].to_numpy(),
            "grids": pd.array([None] * len(communities) if grids is None else grids, dtype="Int64"),
        },
        geometry=communities.geometry,
        index=communities.index,
        crs=communities.crs,
    )
    neighbours = community_neighbours(district)
    together = neighbours["a"].map(offices).to_numpy() == neighbours["b"].map(offices).to_numpy()
    # As across a community's edge at the level below: the border counts, but nothing may reach over it.
    closed = neighbours.assign(crossable=neighbours["crossable"] & together)
    return Level(atoms, closed)


def street_offices(communities: gpd.GeoDataFrame) -> pd.Series:
    """Return for each community its county and street office as one text, from its columns or else from its division code; empty where unknown."""
    parts = [division(code) for code in communities["division_code"]]
    by_code = [f"{each.county}/{each.street_office}" if each else "" for each in parts]
    told = [
        by_code[position] if pd.isna(office) else f"{'' if pd.isna(county) else county}/{office}"
        for position, (county, office) in enumerate(zip(communities["county"], communities["street_office"], strict=True))
    ]
    return pd.Series(told, index=communities.index, dtype="str")


def _atom_columns(index: pd.Index, within: pd.Series, households: Ints, known: Truths) -> dict[str, object]:
    return {
        "source_building_id": pd.array(index, dtype="str"),
        "community_id": pd.array(within, dtype="str"),
        "compound_id": pd.array([None] * len(index), dtype="str"),
        "households": households,
        "households_source": pd.array(np.where(known, "given", "missing"), dtype="str"),
    }


def _joined_neighbours(neighbours: pd.DataFrame, group_of: pd.Series) -> pd.DataFrame:
    """Return the neighbour table of groups of atoms."""
    one, other = (neighbours[side].map(group_of).to_numpy(dtype=object) for side in ("a", "b"))
    apart = ~(pd.isna(one) | pd.isna(other)) & (one != other)
    one, other = one[apart].astype(str), other[apart].astype(str)
    pairs = neighbours[apart].assign(a=np.where(one < other, one, other), b=np.where(one < other, other, one))
    metres = pairs.groupby(["a", "b", "separator"], as_index=False)["shared_m"].sum()
    along = metres.sort_values("shared_m", ascending=False, kind="stable").drop_duplicates(["a", "b"]).set_index(["a", "b"])["separator"]
    table = pairs.groupby(["a", "b"], sort=True).agg(shared_m=("shared_m", "sum"), crossable=("crossable", "any"))
    table["separator"] = along.reindex(table.index)
    return table.reset_index()[["a", "b", "shared_m", "separator", "crossable"]]
