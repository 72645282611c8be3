"""Shifted datums, what --crs may say, and the working CRS."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import RequestError
from gridmap.ground import coords

WEST, SOUTH, EAST, NORTH = coords.BOX
IN_CHINA = (st.floats(WEST, EAST), st.floats(SOUTH, NORTH))
ANYWHERE = (st.floats(-180, 180), st.floats(-85, 85))
METRES_PER_DEGREE = 111_320.0
THERE_AND_BACK = [(coords.gcj02_from_wgs84, coords.wgs84_from_gcj02), (coords.bd09_from_wgs84, coords.wgs84_from_bd09)]


def metres_apart(lon_a, lat_a, lon_b, lat_b):
    return np.hypot((lon_a - lon_b) * np.cos(np.radians(lat_a)), lat_a - lat_b) * METRES_PER_DEGREE


@pytest.mark.parametrize(("there", "back"), THERE_AND_BACK)
@given(*IN_CHINA)
def test_inverse_is_exact_to_a_millimetre(there, back, lon, lat):
    found = back(*there(lon, lat))
    assert metres_apart(lon, lat, *found) < 0.001


@pytest.mark.parametrize(("there", "back"), THERE_AND_BACK)
def test_inverse_is_exact_over_a_fine_lattice_of_china(there, back):
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.linspace(WEST, EAST, 400), np.linspace(SOUTH, NORTH, 400)))
    assert metres_apart(lon, lat, *back(*there(lon, lat))).max() < 0.001


@pytest.mark.parametrize(("there", "back"), THERE_AND_BACK)
@given(*ANYWHERE)
def test_nothing_moves_outside_china(there, back, lon, lat):
    if coords.inside_box(lon, lat):
        return
    assert (float(there(lon, lat)[0]), float(there(lon, lat)[1])) == (lon, lat)


@pytest.mark.parametrize("back", [coords.wgs84_from_gcj02, coords.wgs84_from_bd09])
def test_far_outside_china_the_inverse_moves_nothing(back):
    assert [float(each) for each in back(-8.61, 41.15)] == [-8.61, 41.15]


def test_gcj02_shift_at_nantong_is_the_measured_one():
    lon, lat = np.meshgrid(np.linspace(120.5, 121.3, 50), np.linspace(31.7, 32.5, 50))
    shift = metres_apart(lon, lat, *coords.gcj02_from_wgs84(lon, lat))
    assert 455 < shift.min() < shift.max() < 495


def test_bd09_and_gcj02_are_inverses():
    lon, lat = np.meshgrid(np.linspace(80, 130, 50), np.linspace(20, 50, 50))
    assert metres_apart(lon, lat, *coords.gcj02_from_bd09(*coords.bd09_from_gcj02(lon, lat))).max() < 0.001


@pytest.mark.parametrize(("text", "shift"), [("wgs84", "wgs84"), ("GCJ-02", "gcj02"), ("bd09", "bd09"), ("epsg:4549", "wgs84")])
def test_datum_is_parsed(text, shift):
    assert coords.parse_datum(text).shift == shift


@pytest.mark.parametrize("text", ["", "beijing", "EPSG:", "EPSG:99999999", "4549"])
def test_unknown_datum_is_refused(text):
    with pytest.raises(RequestError) as caught:
        coords.parse_datum(text)
    assert caught.value.code == "crs_unknown"


def test_datums_of_single_tables():
    found = coords.parse_datums("EPSG:4549,venues=bd09")
    assert {table: datum.name for table, datum in found.items()} == {"": "EPSG:4549", "venues": "bd09"}


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (120.86, 32.02, 4549),
        (121.6, 31.2, 4550),
        (75.98, 39.47, 4534),
        (131.0, 46.6, 4553),
        (110.3, 20.0, 4546),
        (121.56, 25.06, 32651),
        (-8.61, 41.15, 32629),
        (151.2, -33.9, 32756),
        (180.0, 60.0, 32660),
    ],
)
def test_working_crs(lon, lat, epsg):
    assert coords.working_crs((lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01)).to_epsg() == epsg


def test_working_crs_has_no_zone_in_its_eastings():
    crs = coords.working_crs((120.8, 32.0, 120.9, 32.1))
    x, _ = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(120.86, 32.02)
    assert 500_000 < x < 700_000


def test_eastings_stand_first_whatever_the_official_order():
    import geopandas as gpd
    import shapely

    frame = gpd.GeoDataFrame(geometry=[shapely.Point(120.86, 32.02, 7.0)], crs=4490)
    point = coords.to_working(frame, coords.Datum(frame.crs), pyproj.CRS(4549)).geometry.iloc[0]
    assert point.x == pytest.approx(581_000, abs=1500)
    assert not point.has_z


def test_transforming_leaves_the_frame_alone():
    import geopandas as gpd
    import shapely

    frame = gpd.GeoDataFrame(geometry=[shapely.Point(120.86, 32.02)], crs=4326)
    coords.to_working(frame, coords.parse_datum("gcj02"), pyproj.CRS(4549))
    assert frame.geometry.iloc[0].equals(shapely.Point(120.86, 32.02))
