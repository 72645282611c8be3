"""An existing division: polygons, or a table of buildings and grids."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridmap.errors import InputError
from gridmap.ground.division import existing_division
from gridmap.ground.rows import ROW, Rows
from gridmap.ground.tables import District, empty_table, typed_table


@pytest.fixture(scope="module")
def district():
    """Four buildings in a row, 20 m apart, one community."""
    areas = [shapely.box(20 * n, 0, 20 * n + 10, 10) for n in range(4)]
    columns = {"community_id": "c", "compound_id": "园", "name": [f"{n + 1}号楼" for n in range(4)], "households": 9, "households_source": "given"}
    buildings = gpd.GeoDataFrame({**columns, "dedicated": False}, geometry=areas, index=["a", "b", "c", "d"], crs=4549)
    communities = gpd.GeoDataFrame(geometry=[shapely.box(-10, -10, 100, 100)], index=["c"], crs=4549)
    empty = {name: empty_table(name, buildings.crs) for name in ("streets", "barriers", "gates", "venues")}
    return District(communities=typed_table("communities", communities), buildings=typed_table("buildings", buildings), **empty)


def polygons(ids, *spans):
    areas = [shapely.box(left, -5, right, 15) for left, right in spans]
    return Rows(
        "grids", "网格.shp", "网格", gpd.GeoDataFrame({"grid_id": ids, ROW: range(1, len(ids) + 1)}, geometry=areas, crs=4549), {"grid_id": "编号"}
    )


def table(*rows):
    frame = gpd.GeoDataFrame(pd.DataFrame(rows), geometry=[None] * len(rows), crs=4549)
    frame[ROW] = range(2, len(rows) + 2)
    return Rows("grids", "网格.csv", "网格", frame, {name: name for name in rows[0]})


def given(found):
    return [None if pd.isna(each) else each for each in found.grid_of]


def told(found):
    return [(each.code, each.subject) for each in found.findings]


def test_polygons(district):
    found = existing_division(polygons(["001", "002"], (-5, 35), (35, 75)), district, plan="现状")
    assert (found.plan, given(found), told(found)) == ("现状", ["001", "001", "002", "002"], [])


def test_a_building_in_no_grid_is_an_error(district):
    found = existing_division(polygons(["1", "2"], (-5, 35), (35, 55)), district, plan="p")
    assert given(found)[-1] is None
    assert [(each.code, each.subject, each.severity) for each in found.findings] == [("building_in_no_grid", "d", "error")]


def test_overlapping_grids_and_a_building_in_two(district):
    found = existing_division(polygons(["1", "2"], (-5, 35), (15, 75)), district, plan="p")
    assert told(found) == [("grids_overlap", "2"), ("building_in_two_grids", "b")]
    assert given(found) == ["1", "1", "2", "2"]


def test_an_empty_grid(district):
    found = existing_division(polygons(["1", "2", "3"], (-5, 35), (35, 75), (75, 90)), district, plan="p")
    assert told(found) == [("grid_empty", "3")]


def test_grids_without_ids_get_some(district):
    rows = polygons(["1", "2"], (-5, 35), (35, 75))
    unnamed = Rows("grids", "f", "f", rows.frame.drop(columns="grid_id"), {})
    assert given(existing_division(unnamed, district, plan="p")) == ["G1", "G1", "G2", "G2"]


def test_two_polygons_of_one_grid(district):
    found = existing_division(polygons(["1", "1"], (-5, 35), (30, 75)), district, plan="p")
    assert (given(found), told(found)) == (["1"] * 4, [])


def test_table_of_ids(district):
    found = existing_division(table(*({"building_id": key, "grid_id": "007"} for key in "abcd")), district, plan="p")
    assert given(found) == ["007"] * 4


def test_table_of_names(district):
    rows = table(*({"building_id": f"园{n}#", "grid_id": n % 2} for n in (1, 2, 3, 4)))
    assert given(existing_division(rows, district, plan="p")) == ["1", "0", "1", "0"]


def test_table_with_faults(district):
    rows = table(
        {"building_id": "a", "grid_id": "1"},
        {"building_id": "a", "grid_id": "2"},
        {"building_id": "z", "grid_id": "1"},
        {"building_id": "b", "grid_id": None},
        {"building_id": "c", "grid_id": "1"},
        {"building_id": "d", "grid_id": "1"},
    )
    found = existing_division(rows, district, plan="p")
    expected = [
        ("building_in_two_grids", "a"),
        ("grid_row_unmatched", "z"),
        ("grid_row_without_grid", "b"),
        ("building_in_no_grid", "b"),
        ("grid_empty", "2"),
    ]
    assert told(found) == expected


def test_no_column_of_grids(district):
    with pytest.raises(InputError) as caught:
        existing_division(table({"building_id": "a"}), district, plan="p")
    assert caught.value.code == "grid_field_absent"


def test_grids_elsewhere(district):
    with pytest.raises(InputError) as caught:
        existing_division(polygons(["1"], (5000, 6000)), district, plan="p")
    assert caught.value.code == "division_matches_nothing"
