from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.ground.fields import FIELD_NAMES, guess_fields
from gridmap.ground.tables import TABLES

GUESSES = [
    (
        "buildings",
        ["CODEBASE", "CODE1", "TOWN_ID", "H_CNT", "P_CNT"],
        {"building_id": "CODEBASE", "community_id": "TOWN_ID", "households": "H_CNT", "residents": "P_CNT"},
    ),
    ("buildings", ["Id", "Floor", "x"], {"building_id": "Id", "floors": "Floor"}),
    (
        "buildings",
        ["osm_id", "building:levels", "building:flats"],
        {"building_id": "osm_id", "floors": "building:levels", "households": "building:flats"},
    ),
    (
        "buildings",
        ["BH", "XQMC", "LCS", "DYS", "ZHS"],
        {"building_id": "BH", "compound_id": "XQMC", "floors": "LCS", "stairwells": "DYS", "households": "ZHS"},
    ),
    (
        "buildings",
        ["楼栋编号", "所属社区", "小区名称", "幢号", "单元"],
        {"building_id": "楼栋编号", "community_id": "所属社区", "compound_id": "小区名称", "name": "幢号", "stairwells": "单元"},
    ),
    ("communities", ["社区代码", "社区名称", "所属街道"], {"community_id": "社区代码", "name": "社区名称", "street_office": "所属街道"}),
    ("streets", ["fid", "name", "fclass"], {"street_id": "fid", "name": "name", "street_class": "fclass"}),
    ("streets", ["道路名称", "道路等级"], {"name": "道路名称", "street_class": "道路等级"}),
    (
        "venues",
        ["场所名称", "服务类别", "联系电话", "营业时间"],
        {"name": "场所名称", "categories": "服务类别", "phone": "联系电话", "hours": "营业时间"},
    ),
    ("grids", ["网格编号", "网格员", "户数"], {"grid_id": "网格编号", "worker": "网格员", "households": "户数"}),
    ("ledger", ["小区", "楼号", "单元", "总户数(户)"], {"compound": "小区", "building": "楼号", "stairwell": "单元", "households": "总户数(户)"}),
    ("ledger", ["小区", "栋号", "党员户数", "空置户数"], {"compound": "小区", "building": "栋号"}),
]


@pytest.mark.parametrize(("table", "columns", "expected"), GUESSES)
def test_guesses(table: str, columns: list[str], expected: dict[str, str]) -> None:
    assert guess_fields(table, columns) == expected


def test_a_name_that_is_the_same_beats_one_that_contains_it() -> None:
    assert guess_fields("ledger", ["小区", "楼号", "上年户数", "户数"])["households"] == "户数"


@pytest.mark.parametrize("column", ["ＨＯＵＳＥＨＯＬＤＳ", " House_Holds ", "households（户）", "HouseHolds:"])
def test_case_width_and_marks_do_not_count(column: str) -> None:
    assert guess_fields("buildings", [column]) == {"households": column}


def test_our_own_names_are_known_in_every_table() -> None:
    for name, table in TABLES.items():
        # Where the households come from is ours to say.
        own = {table.index, *(column.name for column in table.columns)} - {"households_source"}
        assert own <= set(FIELD_NAMES[name])
        assert guess_fields(name, sorted(own)) == {column: column for column in FIELD_NAMES[name] if column in own}


@given(
    st.sampled_from(sorted(FIELD_NAMES)),
    st.lists(st.sampled_from(sorted({word for table in FIELD_NAMES.values() for names in table.values() for word in names.split()})), unique=True),
)
def test_no_column_is_used_twice(table: str, columns: list[str]) -> None:
    guessed = guess_fields(table, columns)
    assert len(set(guessed.values())) == len(guessed)
    assert set(guessed.values()) <= set(columns)
