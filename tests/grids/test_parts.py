"""Parts of a community that cannot be reached from the rest."""

from __future__ import annotations

import geopandas as gpd
from grounds import codes, draw_district
from shapely import LineString, box

from gridmap.grids.tiling import tile
from gridmap.ground.tables import District

LAND = box(0, 0, 200, 100)
RAILWAY = LineString([(-5, 60), (205, 60)])
BUILDINGS = {"a": box(20, 10, 40, 30), "b": box(100, 10, 120, 30), "n1": box(20, 70, 40, 90), "n2": box(100, 70, 120, 90)}
HOUSEHOLDS = {"a": 300, "b": 200, "n1": 400, "n2": 12}


def test_a_part_cut_off_is_told_with_side_households_and_barrier() -> None:
    district = draw_district(LAND, BUILDINGS, households=HOUSEHOLDS, barriers={"r": (RAILWAY, "railway")})
    named = gpd.GeoDataFrame(district.barriers.assign(name="Ning"))
    (told,) = tile(District(**{**district.__dict__, "barriers": named})).findings
    assert (told.code, told.value, told.words["buildings"]) == ("cells_part_cut_off", 412, 2)
    assert all(part in told.text("en") for part in ("412", "2 buildings", "north", 'the railway "Ning"'))
    assert all(part in told.text("zh") for part in ("412", "北部", "铁路“Ning”"))


def test_parts_across_a_river_are_told_too() -> None:
    district = draw_district(LAND, BUILDINGS, households=HOUSEHOLDS, barriers={"r": (box(-5, 40, 205, 60), "river")})
    assert codes(tile(district)) == ["cells_part_cut_off"]


def test_a_bridge_makes_one_part() -> None:
    bridge = {"s": (LineString([(30, 55), (30, 65)]), {"layer": 1})}
    district = draw_district(LAND, BUILDINGS, streets=bridge, barriers={"r": (RAILWAY, "railway")})
    assert codes(tile(district)) == []


def test_parts_without_households_are_counted_in_one_finding() -> None:
    barriers = {"r": (RAILWAY, "railway"), "e": (LineString([(70, 60), (70, 105)]), "expressway")}
    district = draw_district(LAND, BUILDINGS, households={"n1": 0, "n2": 0}, barriers=barriers)
    assert [(each.code, each.value, each.words["buildings"]) for each in tile(district).findings] == [("cells_parts_empty", 2, 2)]


def test_a_community_in_two_pieces_is_told() -> None:
    district = draw_district(
        box(0, 0, 50, 100).union(box(90, 0, 200, 100)), {"a": box(10, 10, 20, 20), "b": box(100, 10, 120, 30), "c": box(150, 10, 170, 30)}
    )
    (told,) = tile(district).findings
    assert (told.code, told.words["side_en"], told.words["barrier_en"]) == ("cells_part_cut_off", "west", "other land")
