"""Overlaps, gaps, names and outlines of communities, and which building belongs to which."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.ground import communities as module
from gridmap.ground.rows import ROW, Rows


def drawn(*areas, names=None, table="communities"):
    frame = gpd.GeoDataFrame(
        {"name": names or [f"第{n}社区" for n in range(len(areas))], ROW: range(1, len(areas) + 1)}, geometry=list(areas), crs=4549
    )
    frame.index = pd.Index([f"c{n}" for n in range(len(areas))], name="community_id")
    return Rows(table, "社区.shp", "社区", frame, {})


def codes(findings):
    return [each.code for each in findings]


def test_the_smaller_of_two_keeps_the_overlap():
    rows, findings = module.repaired_communities(drawn(shapely.box(0, 0, 100, 100), shapely.box(90, 0, 150, 100)))
    assert rows.frame.geometry.area.round().tolist() == [9000, 6000]
    assert (findings[0].code, findings[0].value) == ("community_overlap", 1000.0)


def test_after_repair_no_two_communities_overlap():
    rng = np.random.default_rng(5)
    corners = rng.uniform(0, 300, (30, 2))
    areas = shapely.box(corners[:, 0], corners[:, 1], corners[:, 0] + 90, corners[:, 1] + 70)
    rows, _ = module.repaired_communities(drawn(*areas))
    found = rows.frame.geometry.to_numpy()
    a, b = shapely.STRtree(found).query(found, predicate="intersects")
    assert shapely.area(shapely.intersection(found[a[a < b]], found[b[a < b]])).max(initial=0) < 1e-6
    assert shapely.union_all(found).area >= shapely.union_all(areas).area - 1e-6


def test_a_community_that_is_covered_is_refused():
    rows, findings = module.repaired_communities(drawn(shapely.box(0, 0, 100, 100), shapely.box(0, 0, 100, 100)))
    assert len(rows) == 1
    assert ("community_covered", "error") in [(each.code, each.severity) for each in findings]


def test_narrow_gaps_are_closed_and_shared():
    rows, findings = module.repaired_communities(drawn(shapely.box(0, 0, 100, 100), shapely.box(104, 0, 200, 100)))
    assert rows.frame.geometry.area.sum() == pytest.approx(20_000)
    assert shapely.union_all(rows.frame.geometry.to_numpy()).geom_type == "Polygon"
    assert codes(findings) == ["community_gaps_closed"]


def test_a_crossing_of_narrow_gaps_is_closed():
    four = [shapely.box(x, y, x + 96, y + 96) for x in (0, 100) for y in (0, 100)]
    rows, _ = module.repaired_communities(drawn(*four))
    assert shapely.union_all(rows.frame.geometry.to_numpy()).area == pytest.approx(196 * 196)


def test_repair_leaves_no_splinters():
    # The larger reaches around the smaller by half a metre: cut away, a splinter of 3 m2 would stay behind it.
    rows, findings = module.repaired_communities(drawn(shapely.box(0, 0, 106, 6), shapely.box(50, -1, 105.5, 7), names=["甲", "乙"]))
    assert set(rows.frame.geom_type) == {"Polygon"}
    assert "community_in_parts" not in codes(findings)


def test_wide_gaps_stay():
    rows, findings = module.repaired_communities(drawn(shapely.box(0, 0, 100, 100), shapely.box(112, 0, 200, 100)))
    assert rows.frame.geometry.area.tolist() == [10_000, 8_800]
    assert findings == []


def test_a_hole_between_communities_is_told_with_its_place():
    ring = shapely.difference(shapely.box(0, 0, 100, 100), shapely.box(40, 40, 60, 60))
    _, findings = module.repaired_communities(drawn(ring))
    assert [(each.code, each.value) for each in findings] == [("community_gap", 400)]
    assert 40 < findings[0].x < 60


def test_names_missing_and_repeated():
    _, findings = module.repaired_communities(drawn(*(shapely.box(x, 0, x + 50, 50) for x in (0, 100, 200)), names=["和平社区", None, "和平 社区"]))
    assert [(each.code, each.row) for each in findings] == [("community_unnamed", 2), ("community_name_twice", 3)]


def test_separate_parts_are_told():
    _, findings = module.repaired_communities(drawn(shapely.union_all([shapely.box(0, 0, 50, 50), shapely.box(80, 0, 120, 50)])))
    assert codes(findings) == ["community_in_parts"]


TWO = gpd.GeoDataFrame(
    {"name": ["和平社区", "幸福社区"]}, geometry=[shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)], index=["h", "x"], crs=4549
)


@pytest.mark.parametrize(
    ("building", "said", "found", "told"),
    [
        (shapely.box(10, 10, 20, 20), None, "h", []),
        (shapely.box(110, 10, 120, 20), "幸福社区", "x", []),
        (shapely.box(110, 10, 120, 20), "h", "x", ["community_contradicted"]),
        (shapely.box(95, 10, 115, 20), "和平 社区", "h", []),
        (shapely.box(95, 10, 115, 20), None, "x", ["building_in_two"]),
        (shapely.box(210, 10, 220, 20), None, "x", ["building_near_community"]),
        (shapely.box(900, 10, 920, 20), None, None, ["building_outside"]),
        (shapely.box(10, 10, 20, 20), "无此社区", "h", []),
    ],
)
def test_community_of_a_building(building, said, found, told):
    rows = Rows("buildings", "楼栋.shp", "楼栋", gpd.GeoDataFrame({ROW: [7]}, geometry=[building], crs=4549), {})
    ids, findings = module.assigned_communities(rows, TWO, np.array([said], dtype=object))
    assert (ids[0], codes(findings)) == (found, told)
