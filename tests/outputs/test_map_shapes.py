from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box
from shapes import EMPTY, UNIT_SQUARE

from gridmap.outputs.map_shapes import STEPS_PER_DEGREE, Origin, middles, packed_shapes, to_degrees

ORIGIN = Origin(120.0, 32.0)
degree = st.floats(0, 1)


def unpacked(moves: list[int]) -> np.ndarray:
    return np.cumsum(np.array(moves).reshape(-1, 2), axis=0) / STEPS_PER_DEGREE + (ORIGIN.longitude, ORIGIN.latitude)


@given(st.lists(st.tuples(degree, degree), min_size=2, unique_by=lambda place: (round(place[0], 4), round(place[1], 4))))
def test_places_come_back_to_a_tenth_of_a_metre(places: list[tuple[float, float]]) -> None:
    line = LineString([(120 + x, 32 + y) for x, y in places])
    (shape,) = packed_shapes(gpd.GeoSeries([line]), ORIGIN)
    assert np.abs(unpacked(shape[0]) - np.array(line.coords)).max() <= 0.5001 / STEPS_PER_DEGREE


def test_an_area_gives_its_outer_and_inner_rings() -> None:
    holed = box(120, 32, 120.1, 32.1).difference(box(120.04, 32.04, 120.06, 32.06))
    assert [len(shape) for shape in packed_shapes(gpd.GeoSeries([holed, MultiPolygon([holed])]), ORIGIN)] == [2, 2]


def test_shapes_stay_in_order_whatever_their_kind() -> None:
    series = gpd.GeoSeries([LineString([(120, 32), (120.1, 32)]), None, Polygon([(120, 32), (121, 32), (121, 33)]), EMPTY, Point(120, 32)])
    assert [len(shape) for shape in packed_shapes(series, ORIGIN)] == [1, 0, 1, 0, 0]


def test_places_nearer_than_a_step_are_one() -> None:
    assert packed_shapes(gpd.GeoSeries([LineString([(120, 32), (120.0000001, 32), (120.001, 32)])]), ORIGIN) == [[[0, 0, 1000, 0]]]


def test_no_shape_gives_no_part() -> None:
    assert packed_shapes(gpd.GeoSeries([], dtype="geometry"), ORIGIN) == []


def test_longitude_comes_first_although_china_counts_northing_first() -> None:
    point = to_degrees(gpd.GeoSeries([Point(545_000, 3_540_000)], crs=4549))[0]
    assert (point.x, point.y) == pytest.approx((120.476, 31.98), abs=0.01)


def test_the_middle_has_the_most_room() -> None:
    centres, radii = middles(gpd.GeoSeries([box(0, 0, 10, 10).union(box(10, 4, 40, 5)), UNIT_SQUARE]))
    assert centres[0] == pytest.approx((5, 5), abs=1.5)
    assert radii == pytest.approx((5, 0.5), rel=0.2)


def test_what_has_no_area_has_a_middle_without_room() -> None:
    centres, radii = middles(gpd.GeoSeries([Point(3, 4), EMPTY, None]))
    assert centres[0].tolist() == [3, 4]
    assert radii[0] == 0
    assert np.isnan(radii[1:]).all()
