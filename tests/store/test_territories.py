"""What lies in the territory of an account, and what does not."""

from __future__ import annotations

import pytest

from gridmap.grids.plan import Plan
from gridmap.grids.propose import propose
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.rules import load_rules
from gridmap.store.accounts import Territory
from gridmap.store.territories import buildings_within, grids_within


@pytest.fixture(scope="module")
def district() -> District:
    found = sample_district(3000, seed=3)
    offices = ["东街道", *["西街道"] * (len(found.communities) - 1)]
    return District(**{**found.tables(), "communities": found.communities.assign(street_office=offices)}, name=found.name)


@pytest.fixture(scope="module")
def plan(district: District) -> Plan:
    return propose(district, load_rules(), effort="quick")


def test_everything(district: District, plan: Plan) -> None:
    assert list(buildings_within(Territory(), district, plan)) == list(district.buildings.index)
    assert list(grids_within(Territory(), district, plan)) == list(plan.grids.index)


def test_a_community(district: District, plan: Plan) -> None:
    home = str(district.communities.index[0])
    inside = buildings_within(Territory("community", (home,)), district, plan)
    assert set(inside) == set(district.buildings.index[district.buildings["community_id"] == home])
    assert set(plan.grids.loc[grids_within(Territory("community", (home,)), district, plan), "community_id"]) == {home}


def test_street_offices_share_nothing(district: District, plan: Plan) -> None:
    east, west = (set(buildings_within(Territory("street_office", (name,)), district, plan)) for name in ("东街道", "西街道"))
    assert east & west == set()
    assert east | west == set(district.buildings.index)


def test_grids(district: District, plan: Plan) -> None:
    grid = str(plan.grids.index[0])
    inside = buildings_within(Territory("grids", (grid,)), district, plan)
    assert set(inside) == set(plan.atoms["source_building_id"][(plan.grid_of == grid).to_numpy()])


@pytest.mark.parametrize("territory", [Territory("grids", ("G1",)), Territory("community", ("nonesuch",)), Territory("street_office", ("nonesuch",))])
def test_nothing(territory: Territory, district: District) -> None:
    assert list(buildings_within(territory, district, None)) == []
