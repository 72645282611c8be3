"""Long narrow blocks without a building."""

from __future__ import annotations

import pytest
from grounds import assert_tiles, draw_district, pair
from shapely import LineString, box

from gridmap.grids.tiling import tile

LAND = box(0, 0, 200, 110)
HOUSES = {"a": box(20, 20, 40, 40), "b": box(90, 20, 110, 40), "c": box(160, 20, 180, 40), "n": box(90, 80, 110, 100)}
STREETS = {"kerb": (LineString([(-5, 50), (205, 50)]), {}), "street": (LineString([(-5, 60), (205, 60)]), {"street_class": "street"})}


def test_each_cell_along_a_strip_gets_the_part_before_it() -> None:
    district = draw_district(LAND, HOUSES, streets=STREETS)
    tiling = tile(district)
    assert_tiles(tiling, district)
    verge = box(0, 50, 200, 60)
    shares = tiling.cells.intersection(verge).area
    assert shares["a"] == pytest.approx(shares["c"], rel=0.05)
    assert shares["a"] == pytest.approx(65 * 5, rel=0.05)
    assert shares["n"] == pytest.approx(200 * 5, rel=0.05)


def test_a_ring_around_a_compound_gives_each_building_its_own_front() -> None:
    wall = box(30, 20, 170, 90)
    inside = {f"b{row}": box(45 + 45 * (row % 3), 30 + 35 * (row // 3), 65 + 45 * (row % 3), 45 + 35 * (row // 3)) for row in range(6)}
    outline = {"w": (LineString(wall.exterior.coords), "wall")}
    tiling = tile(draw_district(box(20, 10, 180, 100), inside, barriers=outline))
    ring = box(20, 10, 180, 100).difference(wall)
    assert (tiling.cells.intersection(ring).area > 0.09 * ring.area).all()
    assert set(tiling.cells.geom_type) == {"Polygon"}


def test_a_strip_between_tracks_stays_whole() -> None:
    tracks = {"a": (LineString([(-5, 50), (205, 50)]), "railway"), "b": (LineString([(-5, 60), (205, 60)]), "railway")}
    cells = tile(draw_district(LAND, HOUSES, barriers=tracks)).cells
    assert (cells.intersection(box(0, 50, 200, 60)).area > 1).sum() == 1


def test_a_square_without_buildings_stays_whole() -> None:
    streets = {**STREETS, "w": (LineString([(80, 45), (80, 65)]), {}), "e": (LineString([(100, 45), (100, 65)]), {})}
    tiling = tile(draw_district(LAND, HOUSES, streets=streets))
    assert (tiling.cells.intersection(box(80, 50, 100, 60)).area > 1).sum() == 1
    assert pair(tiling, "b", "n") is not None
