"""Areas of whole communities: within the bounds, connected, exactly nested, and the reason where that cannot be."""

from __future__ import annotations

import networkx as nx
import pytest
import shapely
from worlds import draw_world

from gridmap.errors import RequestError
from gridmap.grids.areas import AreaBounds, Areas, propose_areas
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District
from gridmap.rules import load_rules

RULES = load_rules("nantong")
HOMES = {each: each.upper() for each in "abcdef"}


@pytest.fixture
def row() -> District:
    """Six communities in a row, a square each."""
    return draw_world("a:100 b:200 c:300 d:100 e:200 f:300", communities=HOMES)[0]


@pytest.fixture(scope="module")
def town() -> District:
    return sample_district(8000, communities=9, street_offices=2)


def members(areas: Areas) -> dict[str, str]:
    return {str(area): "".join(areas.area_of.index[areas.area_of == area]) for area in areas.areas.index}


def codes(areas: Areas) -> list[str]:
    return [each.code for each in areas.findings]


def test_a_number_of_areas_as_even_as_can_be(row: District) -> None:
    assert members(propose_areas(row, RULES, count=2)) == {"A01": "ABC", "A02": "DEF"}


def test_areas_within_bounds_of_households(row: District) -> None:
    areas = propose_areas(row, RULES, bounds=AreaBounds("households", 300, 300))
    assert members(areas) == {"A01": "AB", "A02": "C", "A03": "DE", "A04": "F"}
    assert codes(areas) == []


def test_areas_within_bounds_of_communities(row: District) -> None:
    areas = propose_areas(row, RULES, bounds=AreaBounds("communities", 2, 2))
    assert members(areas) == {"A01": "AB", "A02": "CD", "A03": "EF"}


def test_bounds_of_the_rules_are_used_when_none_are_given(row: District) -> None:
    areas = propose_areas(row, RULES)
    assert areas.bounds == AreaBounds("households", RULES.area.households_min, RULES.area.households_max)
    assert codes(areas) == ["area_part_too_small"]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (AreaBounds("households", 100, 250), "area_of_one_large_community"),
        (AreaBounds("households", 700, 1000), "area_part_indivisible"),
        (AreaBounds("households", 400, 400), "area_outside_proved"),
        (AreaBounds("communities", 7, 8), "area_part_too_small"),
    ],
)
def test_the_reason_is_told(row: District, bounds: AreaBounds, expected: str) -> None:
    assert set(codes(propose_areas(row, RULES, bounds=bounds))) == {expected}


def test_more_parts_than_areas_wanted() -> None:
    apart = draw_world("a:100 . b:200", communities=HOMES)[0]
    areas = propose_areas(apart, RULES, count=1)
    assert (len(areas.areas), codes(areas)) == (2, ["areas_parts_above_count"])


def test_one_community_above_its_share_is_told() -> None:
    uneven = draw_world("a:100 b:900 c:100", communities=HOMES)[0]
    areas = propose_areas(uneven, RULES, count=2)
    assert [each.subject for each in areas.findings] == ["B"]


def test_unknown_households_are_told() -> None:
    world = draw_world("a:100 b:?", communities=HOMES)[0]
    assert codes(propose_areas(world, RULES, count=1)) == ["level_households_missing"]


@pytest.mark.parametrize("count", [0, 7])
def test_a_senseless_number_is_refused(row: District, count: int) -> None:
    with pytest.raises(RequestError) as caught:
        propose_areas(row, RULES, count=count)
    assert caught.value.code == "areas_count_senseless"


@pytest.mark.parametrize(("minimum", "maximum"), [(0, 5), (6, 5)])
def test_senseless_bounds_are_refused(row: District, minimum: int, maximum: int) -> None:
    with pytest.raises(RequestError) as caught:
        propose_areas(row, RULES, bounds=AreaBounds("communities", minimum, maximum))
    assert caught.value.code == "areas_bounds_senseless"


def test_areas_are_the_union_of_their_communities(town: District) -> None:
    areas = propose_areas(town, RULES, count=4)
    for area_id, outline in areas.areas.geometry.items():
        its = town.communities.geometry[(areas.area_of == area_id).to_numpy()]
        assert shapely.equals(outline, shapely.union_all(its.to_numpy()))
    assert areas.areas.area.sum() == pytest.approx(town.communities.area.sum())


def test_areas_are_connected_and_keep_to_their_street_office(town: District) -> None:
    areas = propose_areas(town, RULES, count=5)
    table = areas.level.neighbours
    net = nx.from_pandas_edgelist(table[table["crossable"]], "a", "b")
    net.add_nodes_from(areas.area_of.index)
    for area_id in areas.areas.index:
        its = areas.area_of.index[areas.area_of == area_id]
        assert nx.is_connected(net.subgraph(its))
        assert town.communities["street_office"][its].nunique() == 1


def test_codes_count_in_each_street_office(town: District) -> None:
    areas = propose_areas(town, RULES, count=4).areas
    offices = areas["code"].str.slice(0, 9)
    assert areas["code"].is_unique
    assert areas["code"].str.fullmatch("990101[0-9]{3}P0[1-9]").all()
    assert (offices.groupby(areas["street_office"]).nunique() == 1).all()


def test_the_same_seed_gives_the_same_areas(town: District) -> None:
    first, second = (propose_areas(town, RULES, count=3, across_offices=True, seed=5) for _ in range(2))
    assert first.area_of.equals(second.area_of)
