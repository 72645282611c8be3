"""Which communities lie side by side, and where one may walk across."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from worlds import CRS, EAST_M, NORTH_M, draw_world

from gridmap.grids.outlines import community_neighbours
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District, typed_table

HOMES = {"a": "A", "b": "B", "c": "C", "d": "D"}
MIDDLE = EAST_M + 100
"""The border between west and east."""


@pytest.fixture
def four() -> District:
    """Four communities, each a square of 100 m."""
    return draw_world("a:900 b:700\nc:2000 d:3000", communities=HOMES)[0]


def with_line(district: District, table: str, points: Sequence[tuple[float, float]], **columns: object) -> District:
    line = shapely.LineString([(EAST_M + x, NORTH_M + y) for x, y in points])
    row = typed_table(table, gpd.GeoDataFrame({name: [value] for name, value in columns.items()}, geometry=[line], index=["X1"], crs=CRS))
    return district.with_tables({table: typed_table(table, pd.concat([getattr(district, table), row]))})


def with_river(district: District) -> District:
    """A river between west and east, all the way."""
    return with_line(district, "barriers", [(100, 50), (100, -250)], kind="river")


def with_street(district: District, points: Sequence[tuple[float, float]], street_class: str = "street", *, walkable: bool = True) -> District:
    return with_line(district, "streets", points, street_class=street_class, walkable=walkable, barrier=False, layer=1)


def crossable(district: District) -> set[str]:
    table = community_neighbours(district)
    return set((table["a"] + table["b"])[table["crossable"]])


def test_squares_that_share_a_side_lie_side_by_side(four: District) -> None:
    table = community_neighbours(four)
    assert (table["a"] + table["b"]).tolist() == ["AB", "AC", "BD", "CD"]
    assert table["shared_m"].tolist() == pytest.approx([100.0] * 4)


def test_a_river_keeps_communities_apart(four: District) -> None:
    assert crossable(with_river(four)) == {"AC", "BD"}


def test_a_bridge_joins_the_communities_that_it_leads_between(four: District) -> None:
    assert crossable(with_street(with_river(four), [(50, -50), (150, -50)])) == {"AB", "AC", "BD"}


def test_a_bridge_on_the_border_joins_both_banks_on_both_sides(four: District) -> None:
    assert crossable(with_street(with_river(four), [(50, -100), (150, -100)])) == {"AB", "AC", "BD", "CD"}


def test_a_bridge_that_is_closed_to_walkers_joins_nothing(four: District) -> None:
    assert crossable(with_street(with_river(four), [(50, -50), (150, -50)], walkable=False)) == {"AC", "BD"}


def test_a_street_along_the_bank_is_no_bridge(four: District) -> None:
    assert crossable(with_street(with_river(four), [(95, -10), (95, -90)])) == {"AC", "BD"}


def test_what_runs_along_most_of_the_border_is_told(four: District) -> None:
    table = community_neighbours(with_street(four, [(100, 0), (100, -80), (50, -80)], "arterial")).set_index(["a", "b"])
    assert table["separator"].to_dict() == {("A", "B"): "arterial", ("A", "C"): "none", ("B", "D"): "none", ("C", "D"): "none"}


def test_a_gap_bridged_by_a_street_joins_without_a_common_border() -> None:
    apart = draw_world("a:900 . b:700", communities=HOMES)[0]
    assert community_neighbours(apart).empty
    joined = community_neighbours(with_street(apart, [(50, -50), (250, -50)]))
    assert joined[["a", "b", "shared_m", "crossable"]].to_numpy().tolist() == [["A", "B", 0.0, True]]


def test_one_community_has_no_neighbours() -> None:
    assert community_neighbours(draw_world("a:900 b:700")[0]).empty


def test_common_borders_are_as_long_as_shapely_finds_them() -> None:
    town = sample_district(6000, communities=6)
    outline = town.communities.boundary
    for a, b, shared_m in community_neighbours(town)[["a", "b", "shared_m"]].itertuples(index=False):
        assert shapely.length(shapely.intersection(outline[a], outline[b])) == pytest.approx(shared_m, abs=0.01)
