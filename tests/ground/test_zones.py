from __future__ import annotations

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.ground.zones import proposed_crs


@given(st.integers(25, 45), st.floats(-1.4, 1.4), st.floats(18, 53))
def test_zone_of_three_degrees_is_the_one_that_projects_there(zone: int, beside: float, latitude: float) -> None:
    crs = pyproj.CRS.from_epsg(4513 + zone - 25)
    x, y = pyproj.Transformer.from_crs(4490, crs, always_xy=True).transform(zone * 3 + beside, latitude)
    assert proposed_crs(np.array([x, y, x + 100, y + 100])) == f"EPSG:{crs.to_epsg()}"


@pytest.mark.parametrize(
    ("bounds", "crs"),
    [
        ([121.0, 31.9, 121.1, 32.0], "EPSG:4326"),
        ([20_500_000, 3_500_000, 20_510_000, 3_510_000], "EPSG:4498"),
        ([500_000, 3_500_000, 510_000, 3_510_000], None),
        ([40_500_000, 3_500_000, 41_500_000, 3_510_000], None),
        ([np.nan, np.nan, np.nan, np.nan], None),
    ],
)
def test_bounds_and_what_they_look_like(bounds: list[float], crs: str | None) -> None:
    assert proposed_crs(np.array(bounds)) == crs
