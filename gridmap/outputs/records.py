"""The tables of a district as programs ask for them, row by row, without geometry and without any count from outside a territory."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridmap.grids.plan import Plan, main_grids
from gridmap.ground.tables import District
from gridmap.outputs.map_shapes import to_degrees
from gridmap.outputs.publish_content import public_venues
from gridmap.outputs.walks import Mask
from gridmap.rules import Rules


def community_records(district: District, inside: Mask) -> pd.DataFrame:
    """Return the communities with ``buildings`` and ``households``; households are missing unless all of a community's buildings are inside."""
    homes = district.buildings
    owner = homes["community_id"]
    table = district.communities[["division_code", "name", "street_office", "county"]].copy()
    table["buildings"] = owner.value_counts().reindex(table.index).fillna(0).astype("int64")
    households = homes["households"].fillna(0).groupby(owner).sum().reindex(table.index).fillna(0).astype("Int64")
    away = owner[~inside].unique()
    whole = table.index.isin(owner[inside].unique()) & ~table.index.isin(away)
    table["households"] = households.where(whole)
    return table.rename_axis("community_id").reset_index()


def building_records(district: District, plan: Plan | None, inside: Mask) -> pd.DataFrame:
    """Return the buildings with the grid of ``plan`` that holds most of their households, and where they stand (degrees)."""
    homes = district.buildings
    table = homes[["community_id", "compound_id", "name", "use", "floors"]].copy()
    table["households"] = homes["households"].where(inside)
    table["grid_id"] = None if plan is None else main_grids(plan).reindex(homes.index).astype("object").to_numpy()
    middles = to_degrees(homes.geometry).representative_point()
    return table.assign(lon=middles.x.round(6), lat=middles.y.round(6)).rename_axis("building_id").reset_index()


def grid_records(plan: Plan, within: pd.Index) -> pd.DataFrame:
    """Return the grids of a plan; households are missing for those not ``within``."""
    table = plan.grids[["code", "name", "kind", "community_id", "buildings"]].copy()
    table["households"] = plan.grids["households"].astype("Int64").where(plan.grids.index.isin(within))
    return table.rename_axis("grid_id").reset_index()


def venue_records(district: District, rules: Rules) -> pd.DataFrame:
    """Return the venues that are open to the public with the fields that the public may see, and where they stand (degrees)."""
    venues, _ = public_venues(district, rules)
    places = to_degrees(venues.geometry)
    table = pd.DataFrame(venues.drop(columns="geometry"))
    table["categories"] = [list(codes) for codes in table["categories"]]
    return table.assign(lon=np.round(places.x, 6), lat=np.round(places.y, 6)).rename_axis("venue_id").reset_index()
