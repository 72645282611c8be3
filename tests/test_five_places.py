"""The five places of the source texts, each at its own scale, on made-up districts."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import shapely

from gridmap.circles.coverage import coverage
from gridmap.circles.summaries import blind_spots
from gridmap.grids.areas import Areas, propose_areas
from gridmap.grids.mergers import propose_mergers
from gridmap.grids.plan import Plan, out_of_bounds
from gridmap.grids.propose import propose
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.rules import load_rules

pytestmark = pytest.mark.slow

CLOSE_M = 1e-3
"""Cells of a community are laid on a fine raster of coordinates, its outline is not."""

Levels = tuple[District, Plan, Areas]


@pytest.fixture(scope="module")
def xhu() -> Levels:
    """X-hu: 22,000 households in one street office."""
    district, rules = sample_district(22_000, seed=17, communities=14, street_offices=1), load_rules("xhu")
    plan = propose(district, rules, effort="quick")
    return district, plan, propose_areas(district, rules, plan=plan)


def test_xhu_has_three_levels(xhu: Levels) -> None:
    _, plan, areas = xhu
    assert 110 <= len(plan.grids) <= 130
    assert (len(areas.area_of), len(areas.areas)) == (14, 3)
    assert areas.areas["grids"].sum() == len(plan.grids)
    assert areas.areas["households"].sum() == 22_000


def test_each_level_of_xhu_keeps_its_own_bounds(xhu: Levels) -> None:
    _, plan, areas = xhu
    bounds = plan.rules.area
    assert areas.areas["households"].between(bounds.households_min, bounds.households_max).all()
    assert areas.findings == ()
    told = {each.grid_id for each in plan.findings if each.severity == "error"}
    assert set(out_of_bounds(plan).index) <= told
    target = plan.rules.community.households_max
    assert (areas.level.atoms["households"] <= target).all()


def test_each_grid_of_xhu_is_in_one_community_and_each_community_in_one_area(xhu: Levels) -> None:
    district, plan, areas = xhu
    homes, outlines = plan.grids["community_id"], district.communities.geometry
    beyond = shapely.difference(plan.grids.geometry.to_numpy(), shapely.buffer(outlines[homes].to_numpy(), CLOSE_M))
    assert shapely.area(beyond).max() == 0
    assert shapely.covers(areas.areas.geometry[areas.area_of].to_numpy(), outlines[areas.area_of.index].to_numpy()).all()
    assert areas.areas.area.sum() == pytest.approx(outlines.area.sum(), rel=1e-12)
    assert shapely.equals(shapely.union_all(areas.areas.geometry.to_numpy()), shapely.union_all(outlines.to_numpy()))


def test_areas_of_xhu_are_connected(xhu: Levels) -> None:
    _, _, areas = xhu
    table = areas.level.neighbours
    net = nx.from_pandas_edgelist(table[table["crossable"]], "a", "b")
    assert all(nx.is_connected(net.subgraph(areas.area_of.index[areas.area_of == each])) for each in areas.areas.index)


def test_nantong_merges_fifty_communities() -> None:
    """300,000 households, as 1,094 grids of 250-300 hold; small communities dissolve, none is left that could be merged."""
    district, rules = sample_district(300_000, communities=175), load_rules("nantong")
    mergers = propose_mergers(district, rules)
    households = mergers.level.atoms["households"]
    after = households.groupby(mergers.into.to_numpy()).sum()
    assert 40 <= len(mergers.dissolved) <= 65
    assert after.sum() == 300_000
    assert (households[mergers.dissolved.index] < rules.community.households_merge_below).all()
    assert set(after.index[after < rules.community.households_merge_below]) == {each.subject for each in mergers.findings}
    assert (after[mergers.merged.index] <= rules.community.households_max).all()
    table = mergers.level.neighbours
    net = nx.from_pandas_edgelist(table[table["crossable"]], "a", "b")
    assert all(nx.is_connected(net.subgraph(mergers.into.index[mergers.into == each])) for each in mergers.merged.index)


def test_yangquan_has_six_street_offices_fifty_communities_and_a_branch_for_each_grid() -> None:
    rules = load_rules("yangquan")
    district = sample_district(81_600, communities=50, street_offices=6)
    plan = propose(district, rules, effort="quick")
    assert (district.communities["street_office"].nunique(), plan.grids["community_id"].nunique()) == (6, 50)
    assert 265 <= len(plan.grids) <= 325
    assert set(out_of_bounds(plan).index) <= {each.grid_id for each in plan.findings if each.severity == "error"}


def test_jishan_finds_its_blind_spots_in_six_communities_as_of_the_inspection_report() -> None:
    district = sample_district(12_000, communities=6, street_offices=1)
    found = coverage(district, load_rules("nantong"))
    spots = blind_spots(found, district)
    uncovered = found.table[found.table["reason"].notna()]
    homes = district.buildings["households"].fillna(0)
    assert len(district.communities) == 6
    assert len(spots)
    assert set(spots["category"]) <= set(uncovered["category"])
    assert np.isin(uncovered["building_id"], homes.index).all()
