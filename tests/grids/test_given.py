"""Areas that are their own cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from grounds import codes, draw_district, pair
from shapely import LineString, Polygon, box

from gridmap.grids.tiling import Tiling, tile

SQUARES = {"a": box(0, 0, 50, 50), "b": box(50, 0, 100, 50), "c": box(0, 50, 100, 100)}


def given(areas: dict[str, Any], **more: Any) -> Tiling:
    return tile(draw_district(shapely.union_all(list(areas.values())), areas, cells="given", **more))


def test_areas_are_their_own_cells() -> None:
    tiling = given(SQUARES)
    assert shapely.equals(tiling.cells.geometry.to_numpy(), np.array(list(SQUARES.values()))).all()
    assert codes(tiling) == []


def test_corners_on_a_neighbours_side_are_shared() -> None:
    tiling = given(SQUARES)
    assert shapely.coverage_is_valid(tiling.cells.geometry.to_numpy())
    assert pair(tiling, "a", "c")["shared_m"] == pytest.approx(50)


def test_a_narrow_gap_is_closed_and_told() -> None:
    areas = {**SQUARES, "b": Polygon([(50, 0), (100, 0), (100, 50), (50, 50), (51, 25)])}
    tiling = given(areas)
    assert tiling.cells.area.sum() == pytest.approx(100 * 100)
    assert codes(tiling) == ["cells_given_gap"]


def test_an_overlap_has_one_owner_and_is_told() -> None:
    tiling = given({**SQUARES, "b": box(45, 0, 100, 50)})
    assert tiling.cells.area.sum() == pytest.approx(100 * 100)
    assert shapely.coverage_is_valid(tiling.cells.geometry.to_numpy())
    assert codes(tiling) == ["cells_given_overlap"]


def test_a_wide_hole_stays_outside() -> None:
    areas = {"ring": box(0, 0, 100, 100).difference(box(40, 40, 60, 60)), "far": box(100, 0, 150, 100)}
    tiling = tile(draw_district(box(0, 0, 150, 100), areas, cells="given"))
    assert tiling.cells.area.sum() == pytest.approx(150 * 100 - 400)
    assert [(each.code, each.value) for each in tiling.findings] == [("cells_given_hole", 400)]


def test_areas_given_twice_share_their_land() -> None:
    tiling = given({**SQUARES, "d": SQUARES["a"], "e": SQUARES["a"]})
    assert (tiling.cells.area > 100).all()
    assert tiling.cells.area.sum() == pytest.approx(100 * 100)
    assert shapely.coverage_is_valid(tiling.cells.geometry.to_numpy())


def test_streets_and_barriers_near_a_border_separate() -> None:
    streets = {"s": (LineString([(53, -5), (53, 55)]), {"street_class": "arterial"})}
    tiling = given(SQUARES, streets=streets, barriers={"r": (LineString([(-5, 48), (105, 48)]), "railway")})
    assert (pair(tiling, "a", "b")["separator"], pair(tiling, "a", "c")["separator"]) == ("arterial", "railway")
    assert not pair(tiling, "a", "c")["crossable"]


def test_a_street_across_a_border_does_not_separate() -> None:
    assert pair(given(SQUARES, streets={"s": (LineString([(25, 45), (25, 55)]), {})}), "a", "c")["separator"] == "none"


def test_songshan_is_taken_as_it_is(shared_data: Path) -> None:
    frame = gpd.read_file(shared_data / "songshan" / "songshan.gpkg").to_crs(3826)
    areas = {f"S{row:04d}": shape for row, shape in enumerate(frame.geometry)}
    tiling = given(areas)
    cells = tiling.cells.geometry.to_numpy()
    assert shapely.coverage_is_valid(cells)
    np.testing.assert_allclose(shapely.area(cells), shapely.area(list(areas.values())), rtol=1e-6)
    assert codes(tiling) == []
