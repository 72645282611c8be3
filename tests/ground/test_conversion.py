"""Raw columns to typed ones, and ids."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridmap.ground.conversion import typed_rows, with_ids
from gridmap.ground.rows import ROW, Rows
from gridmap.rules import load_rules

RULES = load_rules()


def rows(table="buildings", **columns):
    count = len(next(iter(columns.values())))
    frame = gpd.GeoDataFrame({**columns, ROW: range(1, count + 1)}, geometry=[shapely.Point(0, 0)] * count, crs=4549)
    return Rows(table, "f.shp", "f", frame, {name: name.upper() for name in columns})


@pytest.mark.parametrize(
    ("given", "ids", "told"),
    [
        (["007", "8"], ["007", "8"], []),
        ([7.0, 8.0], ["7", "8"], []),
        ([0, 0], ["B1", "B2"], ["ids_all_same"]),
        (["a", None], ["a", "B2"], ["ids_missing"]),
        (["B2", None], ["B2", "B2'"], ["ids_missing"]),
        (["a", "a", "b"], ["a", "a", "b"], []),
    ],
)
def test_ids(given, ids, told):
    found, findings = with_ids(rows(building_id=given))
    assert found.frame.index.tolist() == ids
    assert [each.code for each in findings] == told


def test_ids_are_made_where_there_is_no_column():
    assert with_ids(rows("gates", hours=["", ""]))[0].frame.index.tolist() == ["G1", "G2"]


def test_division_codes_serve_as_ids_of_communities():
    found, _ = with_ids(rows("communities", division_code=["320602001001", "320602001002"]))
    assert found.frame.index.tolist() == ["320602001001", "320602001002"]


def test_households_with_faults_are_missing_and_told():
    found, findings = typed_rows(rows(households=["4328户", "暂无资料", "-3", 304.5, 304.0]), RULES)
    assert [None if pd.isna(value) else value for value in found.frame["households"]] == [4328, None, None, None, 304]
    assert [(each.code, each.row, each.column, each.value, each.severity) for each in findings] == [
        ("households_fault", 3, "HOUSEHOLDS", "-3", "error"),
        ("households_fault", 4, "HOUSEHOLDS", "304.5", "error"),
    ]


def test_heights_give_floors_where_there_are_none():
    found, findings = typed_rows(rows(floors=[5, None, None], height_m=["90", "18.2", None]), RULES)
    assert [None if pd.isna(value) else value for value in found.frame["floors"]] == [5, 6, None]
    assert [(each.code, each.value) for each in findings] == [("floors_from_height", 1)]


@pytest.mark.parametrize(
    ("columns", "level"),
    [
        ({"layer": "-2"}, -2),
        ({"bridge": "viaduct"}, 1),
        ({"bridge": "no"}, None),
        ({"tunnel": 1.0}, -1),
        ({"layer": "1", "tunnel": "yes"}, 1),
        ({"layer": None}, None),
    ],
)
def test_level_of_a_street(columns, level):
    found, findings = typed_rows(rows("streets", street_class=["支路"], **{name: [value] for name, value in columns.items()}), RULES)
    value = found.frame["layer"].iloc[0]
    assert (None if pd.isna(value) else value, findings) == (level, [])


def test_streets_without_walkers():
    found, _ = typed_rows(rows("streets", street_class=["高速公路", "支路"]), RULES)
    assert found.frame["walkable"].tolist() == [False, True]
    assert found.frame["barrier"].tolist() == [True, False]


def test_railways_are_no_streets():
    found, findings = typed_rows(rows("streets", street_class=["subway", "支路"]), RULES)
    assert len(found) == 1
    assert [each.code for each in findings] == ["streets_not_walked"]


def test_unknown_classes_are_told_once_a_word():
    found, findings = typed_rows(rows("streets", street_class=["甲", "甲", "乙"]), RULES)
    assert set(found.frame["street_class"]) == {"street"}
    assert [(each.value, each.words["count"]) for each in findings] == [("甲", 2), ("乙", 1)]


def test_what_is_no_barrier_is_left_out():
    found, findings = typed_rows(rows("barriers", kind=["fountain", "河流"]), RULES)
    assert found.frame["kind"].tolist() == ["river"]
    assert [each.code for each in findings] == ["barrier_kind_unknown"]


def test_a_venues_name_tells_its_category():
    found, _ = typed_rows(rows("venues", name=["和平卫生站", "老张家"]), RULES)
    assert found.frame["categories"].tolist() == ['["medical"]', "[]"]


def test_unknown_categories_are_told_in_one_sentence():
    _, findings = typed_rows(rows("venues", name=["a", "b", "c", "d"], categories=["statue", "tower", "tower", "医疗卫生"]), RULES)
    assert [(each.code, each.value, each.words["count"], each.words["words"]) for each in findings] == [
        ("category_unknown", 2, 3, "tower (2), statue (1)")
    ]


@pytest.mark.parametrize(("value", "public"), [("是", True), ("否", False), (None, True), ("?", True)])
def test_truth_values(value, public):
    assert typed_rows(rows("gates", public=[value]), RULES)[0].frame["public"].tolist() == [public]
