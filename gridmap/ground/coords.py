"""Coordinates in China and elsewhere: shifted web-map datums, and the one projected CRS that a district is worked on in.

Points picked from Chinese web maps are shifted by law: GCJ-02 (高德, 腾讯) by up to 700 m, BD-09 (百度) by a further 700 m or so. Files do
not say so. The formulas are those of the open implementations that all libraries share (eviltransform, PRCoords); their constants are
the Krasovsky 1940 ellipsoid and a fixed polynomial with sines. They hold in a box around China, and outside it nothing is shifted.
Axis order is x, y (longitude, latitude) everywhere.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import pyproj.exceptions
import shapely

from gridmap.errors import InputError, RequestError

Floats = npt.NDArray[np.float64]
Shift = Literal["wgs84", "gcj02", "bd09"]
SHIFTS: tuple[Shift, ...] = ("wgs84", "gcj02", "bd09")

WGS84 = pyproj.CRS.from_epsg(4326)

KRASOVSKY_RADIUS_M = 6378245.0
KRASOVSKY_ECCENTRICITY2 = 0.00669342162296594323

BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north in WGS 84 degrees: the box of every published implementation, outside which GCJ-02 equals WGS 84."""

INVERSE_STEPS = 12
"""Fixed-point steps of the inverse. Each step shrinks the error about a hundredfold, so four reach 0.1 um; the rest is never used."""

INVERSE_TOLERANCE_DEG = 1e-11
"""When a step moves every point by less than this, about 1 um, the inverse is done."""

EDGE_DEG = 1e-9
"""A place that the inverse finds this near to the edge of the box, 0.1 mm, lies on it."""

BD_ANGLE = np.pi * 3000.0 / 180.0
BD_EAST_DEG = 0.0065
BD_NORTH_DEG = 0.006

ZONE_WIDTH_DEG = 3
FIRST_ZONE, LAST_ZONE = 25, 45
FIRST_ZONE_EPSG = 4534
"""EPSG:4534 is CGCS2000 / 3-degree Gauss-Krueger CM 75E (zone 25) without a zone prefix in its eastings; 4554 is CM 135E (zone 45)."""

# Mainland China and Hainan in WGS 84 degrees, some 30 km coarse: it decides between two projections that serve equally well near the border.
_CGCS2000_LAND = shapely.Polygon(
    [
        (73.4, 39.4), (74.9, 40.5), (76.9, 41.1), (80.2, 42.1), (80.3, 45.0), (82.4, 45.3), (83.0, 47.2), (85.6, 48.3), (87.4, 49.2), (90.0, 47.8),
        (91.1, 45.3), (95.4, 44.3), (96.4, 42.8), (101.8, 42.6), (105.0, 41.6), (110.4, 42.8), (111.8, 43.8), (111.4, 44.6), (114.0, 44.9), (117.4,
        46.6),
        (119.8, 46.8), (118.0, 47.9), (115.6, 47.8), (116.7, 49.9), (119.2, 50.1), (120.1, 52.6), (122.0, 53.5), (125.6, 53.1), (127.5, 50.3),
        (130.7, 48.9),
        (131.0, 47.8), (134.8, 48.4), (133.1, 45.0), (131.1, 44.8), (131.3, 43.4), (130.5, 42.4), (128.1, 41.9), (126.6, 41.6), (124.3, 39.9),
        (123.0, 38.5),
        (123.0, 34.0), (123.2, 30.0), (121.0, 26.5), (119.6, 24.7), (117.5, 23.0), (114.5, 21.7), (111.2, 18.0), (108.4, 18.0), (107.9, 21.5),
        (106.6, 22.0),
        (105.3, 23.3), (102.2, 22.4), (101.2, 21.2), (99.2, 22.1), (97.6, 24.0), (98.7, 27.4), (97.3, 28.3), (94.5, 29.2), (91.6, 27.8), (88.9,
        27.3),
        (85.9, 28.0), (81.2, 30.1), (78.8, 31.3), (78.4, 32.6), (79.5, 33.0), (78.0, 35.4), (75.8, 36.7), (73.4, 39.4),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Datum:
    """What the coordinates of a file are: those of ``crs``, and when ``shift`` is not ``wgs84``, shifted as a web map shifts them."""

    crs: pyproj.CRS
    shift: Shift = "wgs84"

    @property
    def name(self) -> str:
        """The name a user writes after ``--crs``."""
        if self.shift != "wgs84" or self.crs == WGS84:
            return self.shift
        authority = self.crs.to_authority()
        return ":".join(authority) if authority else str(self.crs.name)


def parse_datum(text: str) -> Datum:
    """Return the datum that a user names: ``wgs84``, ``gcj02``, ``bd09`` or ``EPSG:n``.

    Raises ``RequestError`` for anything else.

    >>> parse_datum("gcj02").shift
    'gcj02'
    >>> parse_datum("EPSG:4549").crs.is_projected
    True
    """
    plain = text.strip().lower().replace("-", "").replace("_", "")
    for shift in SHIFTS:
        if plain == shift:
            return Datum(WGS84, shift)
    number = re.fullmatch(r"epsg:(\d+)", plain)
    if number is None:
        raise RequestError("crs_unknown", crs=text)
    try:
        return Datum(pyproj.CRS.from_epsg(int(number[1])))
    except pyproj.exceptions.CRSError:
        raise RequestError("crs_unknown", crs=text) from None


def parse_datums(text: str | None) -> Mapping[str, Datum]:
    """Return the datum for each table that ``text`` names, under the empty name the one for all tables.

    ``text`` is one datum (``bd09``), or several for single tables (``venues=bd09,streets=EPSG:4549``), or both, separated by commas.

    >>> sorted(parse_datums("wgs84,venues=bd09"))
    ['', 'venues']
    """
    datums = {}
    for part in (text or "").split(","):
        if part.strip():
            table, _, datum = part.rpartition("=")
            datums[table.strip()] = parse_datum(datum)
    return datums


def inside_box(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return where WGS 84 coordinates (degrees) lie in the box in which web maps are shifted."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    west, south, east, north = BOX
    inside: npt.NDArray[np.bool_] = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside


def gcj02_from_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return GCJ-02 longitudes and latitudes (degrees) of WGS 84 ones; outside :data:`BOX` they are the same.

    >>> lon, lat = gcj02_from_wgs84([120.86], [32.02])
    >>> round(float(lon[0] - 120.86), 4), round(float(lat[0] - 32.02), 4)
    (0.0043, -0.0021)
    """
    lon, lat = _pair(lon, lat)
    inside = inside_box(lon, lat)
    east, north = _gcj02_shift(lon, lat)
    return np.where(inside, lon + east, lon), np.where(inside, lat + north, lat)


def wgs84_from_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS 84 longitudes and latitudes (degrees) of GCJ-02 ones, exact to less than 1 mm.

    It is the inverse of :func:`gcj02_from_wgs84`, at the border of the box too: what cannot come from inside is left as it is.
    """
    lon, lat = _pair(lon, lat)
    found_lon, found_lat = _fixed_point(_gcj02_shift, lon, lat)
    return _from_inside(found_lon, found_lat, lon, lat)


def bd09_from_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return BD-09 longitudes and latitudes (degrees) of GCJ-02 ones, wherever they lie."""
    lon, lat = _pair(lon, lat)
    east, north = _bd09_shift(lon, lat)
    return lon + east, lat + north


def gcj02_from_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return GCJ-02 longitudes and latitudes (degrees) of BD-09 ones, exact to less than 1 mm."""
    return _fixed_point(_bd09_shift, *_pair(lon, lat))


def bd09_from_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return BD-09 longitudes and latitudes (degrees) of WGS 84 ones; outside :data:`BOX` they are the same."""
    lon, lat = _pair(lon, lat)
    inside = inside_box(lon, lat)
    shifted_lon, shifted_lat = bd09_from_gcj02(*gcj02_from_wgs84(lon, lat))
    return np.where(inside, shifted_lon, lon), np.where(inside, shifted_lat, lat)


def wgs84_from_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return WGS 84 longitudes and latitudes (degrees) of BD-09 ones, exact to less than 1 mm; what cannot come from inside the box stays."""
    lon, lat = _pair(lon, lat)
    found_lon, found_lat = _fixed_point(_gcj02_shift, *gcj02_from_bd09(lon, lat))
    return _from_inside(found_lon, found_lat, lon, lat)


TO_WGS84 = {"gcj02": wgs84_from_gcj02, "bd09": wgs84_from_bd09}
FROM_WGS84 = {"gcj02": gcj02_from_wgs84, "bd09": bd09_from_wgs84}


def _pair(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _from_inside(found_lon: Floats, found_lat: Floats, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return what was found where it lies in the box, elsewhere ``lon`` and ``lat`` as they were.

    Along the border two places, one inside and one outside, may share one shifted position; the one inside is taken.
    """
    west, south, east, north = BOX
    inside = (found_lon >= west - EDGE_DEG) & (found_lon <= east + EDGE_DEG) & (found_lat >= south - EDGE_DEG) & (found_lat <= north + EDGE_DEG)
    return np.where(inside, found_lon, lon), np.where(inside, found_lat, lat)


def _fixed_point(shift: object, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return where ``x + shift(x)`` equals the coordinates given: the shift is smooth, so x = target - shift(x) converges quickly."""
    assert callable(shift)
    x, y = lon, lat
    for _ in range(INVERSE_STEPS):
        east, north = shift(x, y)
        next_x, next_y = lon - east, lat - north
        moved = max(float(np.max(np.abs(next_x - x), initial=0.0)), float(np.max(np.abs(next_y - y), initial=0.0)))
        x, y = next_x, next_y
        if moved < INVERSE_TOLERANCE_DEG:
            break
    return x, y


def _gcj02_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return how far GCJ-02 lies east and north of WGS 84, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    ripple = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    waves = ripple + 20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi) + 160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)
    north_m = north_m + waves * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    waves = ripple + 20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi) + 150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)
    east_m = east_m + waves * 2.0 / 3.0
    latitude = np.deg2rad(lat)
    curve = 1.0 - KRASOVSKY_ECCENTRICITY2 * np.sin(latitude) ** 2
    meridian_radius_m = KRASOVSKY_RADIUS_M * (1.0 - KRASOVSKY_ECCENTRICITY2) / (curve * np.sqrt(curve))
    parallel_radius_m = KRASOVSKY_RADIUS_M / np.sqrt(curve) * np.cos(latitude)
    return np.rad2deg(east_m / parallel_radius_m), np.rad2deg(north_m / meridian_radius_m)


def _bd09_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return how far BD-09 lies east and north of GCJ-02, in degrees."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BD_ANGLE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BD_ANGLE)
    return radius * np.cos(angle) + BD_EAST_DEG - lon, radius * np.sin(angle) + BD_NORTH_DEG - lat


def working_crs(bounds_wgs84: tuple[float, float, float, float]) -> pyproj.CRS:
    """Return the projected CRS, in metres, for a district with these bounds (west, south, east, north in WGS 84 degrees).

    In China it is the CGCS2000 3-degree Gauss-Krueger zone of the middle, without zone prefix (EPSG:4534-4554); elsewhere the UTM zone.

    >>> working_crs((120.8, 31.9, 121.0, 32.1)).to_epsg(), working_crs((-8.7, 41.1, -8.5, 41.2)).to_epsg()
    (4549, 32629)
    """
    west, south, east, north = bounds_wgs84
    lon, lat = (west + east) / 2.0, (south + north) / 2.0
    if _CGCS2000_LAND.intersects(shapely.Point(lon, lat)):
        zone = min(max(round(lon / ZONE_WIDTH_DEG), FIRST_ZONE), LAST_ZONE)
        return pyproj.CRS.from_epsg(FIRST_ZONE_EPSG + zone - FIRST_ZONE)
    zone = min(int((lon + 180.0) // 6) + 1, 60)
    return pyproj.CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


@functools.cache
def transformer(source: pyproj.CRS, target: pyproj.CRS) -> pyproj.Transformer:
    """Return the transformer between two systems, x before y in both; looking one up takes a tenth of a second."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def to_wgs84(frame: gpd.GeoDataFrame, datum: Datum) -> gpd.GeoDataFrame:
    """Return ``frame`` in WGS 84, its coordinates read as ``datum`` says; what the frame itself says of its CRS is not asked.

    Raises ``InputError`` when coordinates cannot be transformed: they lie outside the area of the CRS.
    """
    geometry = frame.geometry.to_numpy()
    coordinates = shapely.get_coordinates(geometry)
    lon, lat = _transformed(coordinates, datum.crs, WGS84)
    if datum.shift != "wgs84":
        lon, lat = TO_WGS84[datum.shift](lon, lat)
    return _with_coordinates(frame, lon, lat, WGS84)


def to_working(frame: gpd.GeoDataFrame, datum: Datum, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Return ``frame`` in the working CRS ``crs``, its coordinates read as ``datum`` says. Z is dropped.

    Raises ``InputError`` when coordinates cannot be transformed.
    """
    if datum.shift == "wgs84":
        x, y = _transformed(shapely.get_coordinates(frame.geometry.to_numpy()), datum.crs, crs)
        return _with_coordinates(frame, x, y, crs)
    wgs84 = to_wgs84(frame, datum)
    x, y = _transformed(shapely.get_coordinates(wgs84.geometry.to_numpy()), WGS84, crs)
    return _with_coordinates(wgs84, x, y, crs)


def _transformed(coordinates: Floats, source: pyproj.CRS, target: pyproj.CRS) -> tuple[Floats, Floats]:
    if source == target:
        return coordinates[:, 0], coordinates[:, 1]
    try:
        x, y = transformer(source, target).transform(coordinates[:, 0], coordinates[:, 1], errcheck=True)
    except pyproj.exceptions.ProjError as error:
        raise InputError("crs_does_not_fit", crs=source.name, reason=str(error)) from error
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def _with_coordinates(frame: gpd.GeoDataFrame, x: Floats, y: Floats, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    flat = shapely.force_2d(frame.geometry.to_numpy())
    moved = shapely.set_coordinates(flat, np.column_stack([x, y]))
    return frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=crs), crs=crs)
