from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.boundaries import grid_polygons

SQUARES = gpd.GeoSeries([shapely.box(column, row, column + 1, row + 1) for row in range(5) for column in range(5)])


@given(st.lists(st.integers(0, 3), min_size=25, max_size=25))
def test_grids_tile_the_land(labels: list[int]) -> None:
    polygons = grid_polygons(SQUARES, pd.Series([f"G{label}" for label in labels]))
    assert polygons.is_valid.all()
    assert shapely.coverage_is_valid(polygons.to_numpy())
    assert polygons.area.to_dict() == {f"G{label}": float(labels.count(label)) for label in sorted(set(labels))}


def test_a_hole_stays() -> None:
    inside = pd.Series(np.where(np.arange(25) == 12, "in", "out"))
    assert len(grid_polygons(SQUARES, inside)["out"].interiors) == 1


def test_a_grid_in_parts_is_a_multipolygon() -> None:
    corners = pd.Series(np.where(np.isin(np.arange(25), [0, 24]), "corners", "rest"))
    assert grid_polygons(SQUARES, corners)["corners"].geom_type == "MultiPolygon"


def test_overlapping_cells_are_united_by_overlay() -> None:
    cells = gpd.GeoSeries([shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)])
    polygon = grid_polygons(cells, pd.Series(["G", "G"]))["G"]
    assert polygon.is_valid
    assert polygon.area == 3.0


def test_cells_in_no_grid_are_left_out() -> None:
    cells = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    assert grid_polygons(cells, pd.Series(["G", None])).area.to_dict() == {"G": 1.0}


def test_no_cell_no_grid() -> None:
    assert len(grid_polygons(gpd.GeoSeries([]), pd.Series([], dtype="str"))) == 0
