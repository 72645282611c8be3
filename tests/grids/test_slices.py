from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.grids.slices import Slicing, sliced_cells

EASTINGS_M = (0.0, 500_000.0, 40_500_000.0)


def voronoi(seed: int, east_m: float, number: int = 12) -> tuple[gpd.GeoSeries, list[shapely.Polygon]]:
    """Return cells with crooked borders and a slanting building in each."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 300, (number, 2)) + np.array([east_m, 3_500_000.0])
    land = shapely.box(east_m, 3_500_000.0, east_m + 300, 3_500_300.0)
    faces = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(places), extend_to=land))
    edges = shapely.node(shapely.union_all([*shapely.boundary(faces), shapely.boundary(land)]))
    cells = [face for face in shapely.get_parts(shapely.polygonize(shapely.get_parts(edges))) if land.contains(face.representative_point())]
    slabs = []
    for cell in cells:
        centre = cell.representative_point()
        slab = shapely.box(centre.x - 20, centre.y - 5, centre.x + 20, centre.y + 5)
        slabs.append(shapely.affinity.rotate(slab, float(rng.uniform(0, 180))).intersection(cell))
    return gpd.GeoSeries(cells, index=[f"b{number}" for number in range(len(cells))]), slabs


@given(st.integers(0, 10**6), st.sampled_from(EASTINGS_M), st.lists(st.integers(2, 12), min_size=1, max_size=6))
def test_slices_and_cells_remain_a_coverage(seed: int, east_m: float, parts: list[int]) -> None:
    cells, slabs = voronoi(seed, east_m)
    slicings = [Slicing(name, number, slab) for name, number, slab in zip(cells.index, parts, slabs, strict=False)]
    noded, slices = sliced_cells(cells, slicings)
    assert {name: len(its) for name, its in slices.items()} == {each.building_id: each.parts for each in slicings}
    whole = [noded[name] for name in cells.index if name not in slices]
    pieces = [piece for its in slices.values() for piece in its]
    assert shapely.coverage_is_valid([*whole, *pieces])
    assert shapely.is_valid([*whole, *pieces]).all()
    for name, its in slices.items():
        assert min(shapely.area(its)) > 0
        assert shapely.area(its).sum() == pytest.approx(cells[name].area, rel=1e-6)


def test_an_l_shaped_cell_is_cut_where_it_has_land() -> None:
    cell = shapely.Polygon([(0, 0), (90, 0), (90, 10), (30, 10), (30, 60), (0, 60)])
    slices = sliced_cells(gpd.GeoSeries([cell], index=["b"]), [Slicing("b", 3, shapely.box(5, 2, 85, 8))])[1]["b"]
    assert sum(each.area for each in slices) == pytest.approx(cell.area)
    assert slices[0].area > slices[1].area


def test_a_cell_with_a_hole() -> None:
    cell = shapely.box(0, 0, 90, 30).difference(shapely.box(40, 10, 50, 20))
    slices = sliced_cells(gpd.GeoSeries([cell], index=["b"]), [Slicing("b", 2, shapely.box(5, 2, 85, 8))])[1]["b"]
    assert [each.area for each in slices] == pytest.approx([1300, 1300])


def test_a_cell_in_two_parts() -> None:
    cell = shapely.MultiPolygon([shapely.box(0, 0, 40, 10), shapely.box(50, 0, 90, 10)])
    slices = sliced_cells(gpd.GeoSeries([cell], index=["b"]), [Slicing("b", 3, cell)])[1]["b"]
    assert [each.area for each in slices] == pytest.approx([300, 200, 300])


def test_a_building_known_only_as_a_point() -> None:
    slices = sliced_cells(gpd.GeoSeries([shapely.box(0, 0, 90, 30)], index=["b"]), [Slicing("b", 3, shapely.Point(10, 10))])[1]["b"]
    assert [each.area for each in slices] == pytest.approx([900] * 3)


def test_nothing_to_cut() -> None:
    cells = gpd.GeoSeries([shapely.box(0, 0, 1, 1)], index=["b"])
    assert sliced_cells(cells, []) == (cells, {})
