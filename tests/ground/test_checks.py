"""Checks of the ground tables."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import pytest
import shapely

from gridmap.ground.checks import check_district
from gridmap.ground.tables import District, empty_table, typed_table
from gridmap.rules import load_rules

RULES = load_rules()


def district(households=(200, 200), *, communities=None, gates=None, venues=None, **columns):
    count = len(households)
    areas = communities or {"c": shapely.box(-10, -10, 1000, 100)}
    table = gpd.GeoDataFrame(geometry=list(areas.values()), index=list(areas), crs=4549)
    source = ["missing" if value is None else "given" for value in households]
    own = {"community_id": "c", "households": list(households), "households_source": source, "dedicated": False, **columns}
    ids = columns.get("ids", [f"b{n}" for n in range(count)])
    own.pop("ids", None)
    buildings = gpd.GeoDataFrame(own, geometry=[shapely.box(20 * n, 0, 20 * n + 10, 10) for n in range(count)], index=ids, crs=4549)
    empty = {name: empty_table(name, buildings.crs) for name in ("streets", "barriers", "gates", "venues")}
    if gates is not None:
        empty["gates"] = typed_table(
            "gates", gpd.GeoDataFrame({"compound_id": gates, "public": True}, geometry=[shapely.Point(0, 0)] * len(gates), crs=4549)
        )
    if venues is not None:
        empty["venues"] = typed_table(
            "venues", gpd.GeoDataFrame({"name": "站", "categories": "[]", "public": True}, geometry=venues, index=range(len(venues)), crs=4549)
        )
    return District(communities=typed_table("communities", table), buildings=typed_table("buildings", buildings), **empty)


def told(made):
    return [(each.code, each.subject, each.value, each.limit) for each in check_district(made, RULES)]


def test_a_good_district_has_no_findings():
    assert told(district()) == []


def test_missing_households_are_tallied():
    assert told(district((400 - 100, None), floors=[6, 6])) == [("households_missing", "c", 1, 2)]


def test_floors_that_bar_an_estimate_are_told():
    assert ("floors_unknown", "buildings", 1, 2) in told(district((400 - 100, None)))


def test_areas_have_no_floors_to_tell_of():
    areas = dataclasses.replace(district((400 - 100, None)), cells="given")
    assert "floors_unknown" not in [each.code for each in check_district(areas, RULES)]


def test_community_without_buildings():
    areas = {"c": shapely.box(0, 0, 100, 100), "d": shapely.box(100, 0, 200, 100)}
    assert told(district(communities=areas)) == [("community_without_buildings", "d", None, None)]


def test_community_below_the_minimum():
    assert told(district((100, 149))) == [("community_below_minimum", "c", 249, 250)]


@pytest.mark.parametrize(
    ("households", "stairwells", "large"),
    [(300, 1, None), (301, 1, "building_too_large"), (301, None, "stairwells_unknown"), (301, 2, None), (700, 2, "building_too_large")],
)
def test_building_above_the_maximum(households, stairwells, large):
    found = told(district((households, 0), stairwells=[stairwells, 1]))
    assert [code for code, *_ in found if code in ("building_too_large", "stairwells_unknown")] == ([] if large is None else [large])


def test_dedicated_buildings_stand_outside_the_balance():
    found = [each[0] for each in told(district((900, 260), dedicated=[True, False]))]
    assert not {"building_too_large", "stairwells_unknown"} & set(found)


def test_a_compound_that_nobody_counted():
    found = told(district((260, 0, 1), compound_id=[None, "园", "园"]))
    assert found == [("compound_without_households", "园", 1, 2)]


def test_a_building_of_an_unknown_community():
    found = told(district((260, 10), community_id=["c", "z"]))
    assert ("building_of_unknown_community", "b1", "z", None) in found


def test_an_id_that_reads_like_a_stairwell():
    assert told(district(ids=["b", "b#2"])) == [("id_like_stairwell", "b#2", None, None)]


def test_a_venue_outside():
    assert told(district(venues=[shapely.Point(5, 5), shapely.Point(9999, 5)])) == [("venue_outside", "1", None, None)]


def test_gates_and_compounds():
    found = told(district((260, 10), compound_id=["园", None], gates=["园", "庭", None]))
    assert found == [("gates_without_compound", "gates", 1, 3), ("gate_of_unknown_compound", "1", "庭", None)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_findings_can_be_said(language):
    findings = check_district(district((301, None), compound_id=["园", "园"], gates=["庭"], venues=[shapely.Point(-99, 0)]), RULES)
    assert all(each.text(language) for each in findings)
