"""Ledger rows to buildings and compounds."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.ground import matching
from gridmap.ground.rows import ROW, Rows
from gridmap.ground.tables import typed_table

COMMUNITIES = typed_table(
    "communities",
    gpd.GeoDataFrame(
        {"name": ["和平社区", "幸福社区"]}, geometry=[shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)], index=["h", "x"], crs=4549
    ),
)


def buildings(*rows):
    """Each row is id, community, compound, name, households."""
    frame = pd.DataFrame(rows, columns=["building_id", "community_id", "compound_id", "name", "households"]).set_index("building_id")
    source = ["missing" if pd.isna(count) else "given" for count in frame["households"]]
    x = np.arange(len(frame)) * 20.0
    return typed_table(
        "buildings", gpd.GeoDataFrame(frame.assign(households_source=source, dedicated=False), geometry=shapely.box(x, 0, x + 10, 10), crs=4549)
    )


def ledger(*rows):
    frame = gpd.GeoDataFrame(list(rows), geometry=[row.get("geometry") for row in rows], crs=4549)
    frame[ROW] = range(3, len(frame) + 3)
    return Rows("ledger", "台账.xlsx", "Sheet1", frame, {})


def taken(rows, table, *, area=None):
    matches = matching.match_ledger(rows, table, COMMUNITIES)
    counts = pd.array(rows.frame["households"], dtype="Int64")
    return matches, matching.households_from_ledger(rows, counts, matches, table, np.ones(len(table)) if area is None else np.array(area))


SUN = buildings(("b1", "h", "阳光花园", "1号楼", None), ("b2", "h", "阳光花园", "2号楼", None), ("b3", "x", None, "幸福大厦", None))


@pytest.mark.parametrize(
    ("row", "building", "how"),
    [
        ({"building_id": "b2"}, 1, "id"),
        ({"compound": "阳光花园", "building": "2#"}, 1, "name"),
        ({"compound": "阳光 花园小区", "building": "二号楼"}, 1, "name"),
        ({"compound": "阳光花园", "building": "２号楼"}, 1, "name"),
        ({"building": "阳光花园2号楼"}, 1, "name"),
        ({"compound": "阳光花园", "building": "阳光花园2号楼"}, 1, "name"),
        ({"building": "幸福大厦"}, 2, "name"),
        ({"address": "阳光花园2号楼"}, 1, "name"),
        ({"compound": "阳光花园", "building": "9号楼"}, -1, "unmatched"),
        ({"compound": "月光花园", "building": "2号楼"}, -1, "unmatched"),
        ({"compound": "月光花园", "building": "2号楼", "geometry": shapely.Point(25, 5)}, 1, "place"),
        ({"compound": "月光花园", "geometry": shapely.Point(500, 5)}, -1, "unmatched"),
        ({"community": "和平社区"}, -1, "empty"),
    ],
)
def test_one_row(row, building, how):
    matches = matching.match_ledger(ledger(row), SUN, COMMUNITIES)
    assert (matches.building[0], matches.how[0]) == (building, how)


TWINS = buildings(("b1", "h", "阳光花园", "1号楼", None), ("b2", "x", "阳光花园", "1号楼", None))


def test_twins_are_ambiguous():
    matches, result = taken(ledger({"compound": "阳光花园", "building": "1号楼", "households": 9}), TWINS)
    assert matches.how.tolist() == ["ambiguous"]
    assert [(each.code, each.value, each.row) for each in result.findings] == [("ledger_ambiguous", 2, 3)]
    assert result.households.isna().all()


@pytest.mark.parametrize("said", [{"community": "幸福社区"}, {"community": "x"}, {"geometry": shapely.Point(25, 5)}])
def test_community_or_place_tells_twins_apart(said):
    matches = matching.match_ledger(ledger({"compound": "阳光花园", "building": "1号楼", **said}), TWINS, COMMUNITIES)
    assert matches.building.tolist() == [1]


def test_stairwells_of_one_building_are_added_up():
    rows = ledger(*({"building_id": "b1", "stairwell": f"{n}单元", "households": 12} for n in (1, 2, 3)))
    _, result = taken(rows, SUN)
    assert (result.households[0], result.source[0]) == (36, "ledger")
    assert not [each for each in result.findings if each.severity == "error"]


def test_stairwells_may_stand_behind_the_number():
    rows = ledger(*({"compound": "阳光花园", "building": f"1号楼{n}单元", "households": 12} for n in (1, 2)))
    assert taken(rows, SUN)[1].households[0] == 24


def test_a_row_that_says_the_same_again_is_refused():
    _, result = taken(ledger({"building_id": "b1", "households": 12}, {"building_id": "b1", "households": 12}), SUN)
    assert result.households[0] == 12
    assert [(each.code, each.severity, each.row, each.value) for each in result.findings] == [("ledger_row_twice", "error", 4, 3)]


def test_the_ledger_counts_more_than_the_map():
    table = buildings(("b1", "h", None, "1号楼", 10))
    _, result = taken(ledger({"building_id": "b1", "households": 12}), table)
    assert (result.households[0], result.source[0]) == (12, "ledger")
    assert [(each.code, each.value, each.limit) for each in result.findings] == [("ledger_differs", 12, 10)]


def test_unknown_households_leave_the_map_alone():
    table = buildings(("b1", "h", None, "1号楼", 10))
    _, result = taken(ledger({"building_id": "b1", "households": None}), table)
    assert (result.households[0], result.source[0]) == (10, "given")


def test_a_compounds_number_is_spread_by_floor_area_over_the_unknown():
    table = buildings(*((f"b{n}", "h", "阳光花园", f"{n}号楼", known) for n, known in ((1, None), (2, 40), (3, None))))
    _, result = taken(ledger({"compound": "阳光花园", "households": 101}), table, area=[1, 5, 2])
    assert result.households.tolist() == [20, 40, 41]
    assert result.source.tolist() == ["estimated", "given", "estimated"]
    assert [(each.code, each.value) for each in result.findings] == [("compound_spread", 61)]


def test_a_compound_of_one_building_is_that_building():
    table = buildings(("b1", "h", "阳光花园", None, None))
    _, result = taken(ledger({"compound": "阳光花园", "households": 70}), table)
    assert (result.households[0], result.source[0]) == (70, "ledger")


def test_a_compounds_number_below_its_buildings_is_told():
    table = buildings(("b1", "h", "阳光花园", "1号楼", 40), ("b2", "h", "阳光花园", "2号楼", None))
    _, result = taken(ledger({"compound": "阳光花园", "households": 30}), table)
    assert [(each.code, each.value, each.limit) for each in result.findings] == [("compound_total_differs", 30, 40)]
    assert result.households.isna().tolist() == [False, True]


def test_the_table_is_not_altered():
    table = buildings(("b1", "h", None, "1号楼", 10))
    taken(ledger({"building_id": "b1", "households": 12}), table)
    assert table["households"].tolist() == [10]


@given(st.integers(0, 20_000), st.lists(st.floats(0, 1e5), min_size=1, max_size=40))
def test_shares_add_up_and_stay_near_their_proportion(total, weights):
    parts = matching.largest_remainder(total, np.array(weights))
    assert parts.sum() == total
    if sum(weights) > 0:
        assert np.abs(parts - total * np.array(weights) / np.sum(weights)).max() <= 1 + 1e-6
