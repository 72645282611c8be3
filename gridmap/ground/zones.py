"""Which CRS a file is in when it does not say so: read off its coordinates."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj

ZONES_3_DEGREES = range(25, 46)
ZONES_6_DEGREES = range(13, 24)
"""Zones of the CGCS2000 Gauss-Krueger system over China; the number stands before the easting: 40,512,345 is zone 40."""

EPSG_3_DEGREES, EPSG_6_DEGREES = 4513, 4491
"""EPSG codes of the first zone of each kind with the zone number before the easting."""

ZONE_M = 1_000_000
"""What one zone number adds to the easting, metres."""

EASTING_M = (150_000, 850_000)
"""Eastings that occur inside one zone, around its middle at 500,000 m."""

NORTHING_M = (0, 6_000_000)
"""Northings that occur in China and a little beyond."""


def proposed_crs(bounds: np.ndarray) -> str | None:
    """Return the CRS that coordinates with these bounds (west, south, east, north) look like, else None.

    Degrees are EPSG:4326 (their datum may still be a shifted one). Eastings of eight digits carry the zone of a CGCS2000 Gauss-Krueger system.

    >>> proposed_crs(np.array([40_500_000, 3_540_000, 40_520_000, 3_560_000]))
    'EPSG:4528'
    """
    west, south, east, north = (float(each) for each in bounds)
    if not np.isfinite([west, south, east, north]).all():
        return None
    if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
        return "EPSG:4326"
    zone = int(west // ZONE_M)
    inside = EASTING_M[0] <= west - zone * ZONE_M <= east - zone * ZONE_M <= EASTING_M[1]
    if not inside or not NORTHING_M[0] <= south <= north <= NORTHING_M[1]:
        return None
    if zone in ZONES_3_DEGREES:
        return f"EPSG:{EPSG_3_DEGREES + zone - ZONES_3_DEGREES.start}"
    return f"EPSG:{EPSG_6_DEGREES + zone - ZONES_6_DEGREES.start}" if zone in ZONES_6_DEGREES else None


def usable_crs(frame: gpd.GeoDataFrame) -> pyproj.CRS | None:
    """Return the CRS of ``frame`` when it places the data on the earth, else None.

    "Undefined" systems say nothing, and degrees outside the globe are metres whose CRS was not stated.
    """
    crs: pyproj.CRS | None = frame.crs
    if crs is None or not (crs.is_geographic or crs.is_projected):
        return None
    bounds = frame.total_bounds
    if crs.is_geographic and np.isfinite(bounds).all() and proposed_crs(bounds) != "EPSG:4326":
        return None
    return crs
