"""What of a district lies in the territory of an account."""

from __future__ import annotations

import pandas as pd

from gridmap.grids.plan import Plan
from gridmap.ground.tables import District
from gridmap.store.accounts import Territory


def buildings_within(territory: Territory, district: District, plan: Plan | None) -> pd.Index:
    """Return the ids of the buildings in a territory, in the district's order.

    Grids are those of ``plan``, the adopted one, by id or official code; without a plan a territory of grids holds nothing. A building whose
    stairwells are in several grids is in the territory of each.
    """
    buildings = district.buildings
    match territory.kind:
        case "all":
            return buildings.index
        case "community":
            inside = buildings["community_id"].isin(territory.ids)
        case "street_office":
            offices = district.communities["street_office"]
            inside = buildings["community_id"].isin(offices.index[offices.isin(territory.ids).to_numpy(dtype=bool)])
        case _:
            inside = pd.Series(False, index=buildings.index)
            if plan is not None:
                theirs = plan.grid_of.isin(grids_within(territory, district, plan)).to_numpy(dtype=bool)
                inside = pd.Series(buildings.index.isin(plan.atoms["source_building_id"][theirs]), index=buildings.index)
    return buildings.index[inside.to_numpy(dtype=bool)]


def grids_within(territory: Territory, district: District, plan: Plan) -> pd.Index:
    """Return the ids of the grids of a plan in a territory."""
    grids = plan.grids
    match territory.kind:
        case "all":
            return grids.index
        case "community":
            inside = grids["community_id"].isin(territory.ids)
        case "street_office":
            offices = district.communities["street_office"]
            inside = grids["community_id"].isin(offices.index[offices.isin(territory.ids).to_numpy(dtype=bool)])
        case _:
            inside = grids["code"].isin(territory.ids) | grids.index.isin(territory.ids)
    return grids.index[inside.to_numpy(dtype=bool)]
