from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import draw_world

from gridmap.grids.atoms import shares, split_atoms
from gridmap.grids.tiling import Tiling
from gridmap.ground.tables import District, empty_table, typed_table

STREET = """
a:100 b:700 c:100
d:100 e:650 f:?
"""


def test_small_buildings_remain_whole() -> None:
    atoms, neighbours, findings = split_atoms(*draw_world("a:300 b:0 c:?"), 300)
    assert atoms["households"].to_dict() == {"a": 300, "b": 0, "c": 0}
    assert list(zip(neighbours["a"], neighbours["b"], strict=True)) == [("a", "b"), ("b", "c")]
    assert findings == []


def test_missing_households_are_still_told_apart() -> None:
    atoms, _, _ = split_atoms(*draw_world("a:0 b:?"), 300)
    assert atoms["households_source"].to_dict() == {"a": "given", "b": "missing"}


def test_known_stairwells_become_atoms() -> None:
    atoms, _, findings = split_atoms(*draw_world(STREET, stairwells={"b": 4, "e": 5}), 300)
    assert atoms.index[:6].tolist() == ["a", "b#1", "b#2", "b#3", "b#4", "c"]
    assert atoms["households"].loc["b#1":"b#4"].tolist() == [175] * 4
    assert set(atoms["source_building_id"].loc["b#1":"b#4"]) == {"b"}
    assert findings == []


def test_unknown_stairwells_are_assumed_and_said() -> None:
    atoms, _, findings = split_atoms(*draw_world("a:100 b:700"), 300)
    assert atoms["households"].loc["b#1":].tolist() == [234, 233, 233]
    assert [(each.code, each.subject, each.words["parts"]) for each in findings] == [("stairwells_assumed", "b", 3)]


def test_one_stairwell_stands_alone() -> None:
    atoms, _, findings = split_atoms(*draw_world("a:100 b:700", stairwells={"b": 1}), 300)
    assert atoms.index.tolist() == ["a", "b"]
    assert [(each.code, each.subject, each.value, each.limit) for each in findings] == [("building_above_maximum", "b", 700, 300)]


def test_a_stairwell_above_the_maximum_is_said() -> None:
    _, _, findings = split_atoms(*draw_world("a:100 b:801", stairwells={"b": 2}), 300)
    assert [(each.code, each.subject, each.value) for each in findings] == [
        ("stairwell_above_maximum", "b#1", 401),
        ("stairwell_above_maximum", "b#2", 400),
    ]


def test_areas_cannot_be_divided() -> None:
    atoms, _, findings = split_atoms(*draw_world("a:100 b:700 c:301", cells="given", stairwells={"b": 4}), 300)
    assert atoms.index.tolist() == ["a", "b", "c"]
    assert [(each.code, each.subject) for each in findings] == [("area_above_maximum", "b"), ("area_above_maximum", "c")]


def test_stairwells_give_way_to_buildings_of_their_name() -> None:
    atoms, neighbours, _ = split_atoms(*draw_world("b:700 b#1:100 b#:700", stairwells={"b": 3, "b#": 3}), 300)
    assert atoms.index.tolist() == ["b##1", "b##2", "b##3", "b#1", "b###1", "b###2", "b###3"]
    assert set(neighbours["a"]) | set(neighbours["b"]) == set(atoms.index)


def test_dedicated_buildings_are_not_divided() -> None:
    atoms, _, findings = split_atoms(*draw_world("a:100 b:700!"), 300)
    assert atoms.index.tolist() == ["a", "b"]
    assert findings == []


def test_slices_run_from_west_to_east() -> None:
    atoms, _, _ = split_atoms(*draw_world("a:100 b:700"), 300)
    assert atoms.geometry.loc["b#1":"b#3"].centroid.x.is_monotonic_increasing


def test_shared_lengths_add_up() -> None:
    _, neighbours, _ = split_atoms(*draw_world(STREET, stairwells={"b": 4}), 300)
    building = neighbours[["a", "b"]].map(lambda each: each.split("#")[0])
    outside = (building["a"] != building["b"]).to_numpy()
    sums = neighbours[outside].groupby([building["a"][outside], building["b"][outside]])["shared_m"].sum()
    assert len(sums) == 7
    assert np.allclose(sums, 100.0)


def test_the_slices_of_a_building_are_neighbours_in_a_row() -> None:
    _, neighbours, _ = split_atoms(*draw_world("b:700", stairwells={"b": 4}), 300)
    rows = neighbours[["a", "b", "separator", "crossable"]].to_numpy().tolist()
    assert rows == [["b#1", "b#2", "none", True], ["b#2", "b#3", "none", True], ["b#3", "b#4", "none", True]]


def test_slices_inherit_what_separates_the_building() -> None:
    _, neighbours, _ = split_atoms(*draw_world("a:100 b:700", between={("a", "b"): ("river", False)}), 300)
    beside = neighbours[neighbours["a"] == "a"]
    assert beside[["b", "separator", "crossable"]].to_numpy().tolist() == [["b#1", "river", False]]


def test_a_bridge_stays_one_pair() -> None:
    _, neighbours, _ = split_atoms(*draw_world("a:100 . b:700", bridges=(("a", "b"),)), 300)
    assert neighbours.iloc[0].tolist() == ["a", "b#1", 0.0, "none", True]


def test_nothing_given_is_altered() -> None:
    district, tiling = draw_world(STREET)
    before = (district.fingerprint(), tiling.cells.to_wkt().to_string(), tiling.neighbours.to_string())
    split_atoms(district, tiling, 300)
    assert (district.fingerprint(), tiling.cells.to_wkt().to_string(), tiling.neighbours.to_string()) == before


def test_the_areas_of_songshan(shared_data: Path) -> None:
    """Real areas: eight hold more than 300 households, 44 none that is known."""
    areas = gpd.read_file(shared_data / "songshan" / "songshan.gpkg").to_crs(3826).set_index("CODEBASE")
    source = np.where(areas["H_CNT"].isna(), "missing", "given")
    frame = areas.assign(community_id="songshan", households=areas["H_CNT"], households_source=source, dedicated=False)
    empty = {name: empty_table(name, frame.crs) for name in ("communities", "streets", "barriers", "gates", "venues")}
    district = District(buildings=typed_table("buildings", frame), **empty, cells="given")
    land = gpd.GeoDataFrame({"community_id": district.buildings["community_id"]}, geometry=district.buildings.geometry)
    tiling = Tiling(land, pd.DataFrame({"a": [], "b": [], "shared_m": [], "separator": [], "crossable": []}), (), "")
    atoms, _, findings = split_atoms(district, tiling, 300)
    assert [each.code for each in findings] == ["area_above_maximum"] * 8
    assert (len(atoms), int(atoms["households"].sum()), int((atoms["households_source"] == "missing").sum())) == (838, 80_518, 44)


@given(st.integers(0, 20_000), st.integers(1, 60))
def test_shares_are_even_and_complete(households: int, parts: int) -> None:
    divided = shares(households, parts)
    assert (sum(divided), len(divided)) == (households, parts)
    assert max(divided) - min(divided) <= 1


@settings(max_examples=15)
@given(st.lists(st.integers(0, 2_000), min_size=9, max_size=9), st.integers(100, 400))
def test_atoms_conserve_households_and_land(households: list[int], households_max: int) -> None:
    drawing = "\n".join(" ".join(f"b{row * 3 + column}:{households[row * 3 + column]}" for column in range(3)) for row in range(3))
    atoms, neighbours, _ = split_atoms(*draw_world(drawing), households_max)
    assert int(atoms["households"].sum()) == sum(households)
    assert atoms["households"].max() <= households_max
    assert shapely.coverage_is_valid(atoms.geometry.to_numpy())
    assert atoms.area.sum() == pytest.approx(90_000)
    assert (neighbours["a"] < neighbours["b"]).all()
    assert not neighbours.duplicated(["a", "b"]).any()
