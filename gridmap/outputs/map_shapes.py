"""Geometry in as few signs as a page needs: whole steps of a millionth of a degree, each counted from the one before."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

STEPS_PER_DEGREE = 1_000_000
"""Places are rounded to a millionth of a degree, about 0.1 m."""

RINGS_MINUTES = (5.0, 10.0, 15.0)
"""The circles that a click on a venue shows."""

RINGS_SIMPLE_M = 2.0
"""Circles are drawn with corners left out that change them by no more than this: a fifth of a page's size, and nothing to be seen."""

LINE_TYPES = (1, 2)
"""Shapely's numbers for line strings and rings."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The south-west corner from which all places of a page are counted, degrees, WGS 84."""

    longitude: float
    latitude: float


def to_degrees(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return the geometry in WGS 84, longitude first whatever the official order of axes is."""
    return geometry.to_crs(4326)


def packed_shapes(geometry: gpd.GeoSeries, origin: Origin) -> list[list[list[int]]]:
    """Return for each geometry (degrees) its parts as flat lists of whole steps from place to place, the first one from the origin.

    Areas give their rings, outer and inner alike; lines their parts; what is missing or empty gives no part. A part of less than two different
    places is left out.
    """
    shapes = np.asarray(geometry.array, dtype=object)
    packed: list[list[list[int]]] = [[] for _ in range(len(shapes))]
    parts, owners = shapely.get_parts(shapes, return_index=True)
    # The rings of areas only; a line is its own part, a point gives nothing to draw.
    rings, areas = shapely.get_rings(parts, return_index=True)
    lines = np.flatnonzero(np.isin(shapely.get_type_id(parts), LINE_TYPES))
    for pieces, piece_owners in ((rings, owners[areas]), (parts[lines], owners[lines])):
        coordinates, piece_of = shapely.get_coordinates(pieces, return_index=True)
        steps = packed_points(coordinates, origin)
        first = np.diff(piece_of, prepend=-1) > 0
        moves = np.where(first[:, None], steps, np.diff(steps, axis=0, prepend=0))
        kept = first | moves.any(axis=1)
        borders = [*np.flatnonzero(first[kept]).tolist(), int(kept.sum())]
        numbers, owner_of = moves[kept].ravel().tolist(), piece_owners[piece_of[kept]]
        for start, end in itertools.pairwise(borders):
            if end - start > 1:
                packed[owner_of[start]].append(numbers[2 * start : 2 * end])
    return packed


def packed_points(coordinates: np.ndarray[Any, Any], origin: Origin) -> np.ndarray[Any, Any]:
    """Return places in degrees, shape (n, 2), as whole steps from the origin."""
    return np.round((coordinates - (origin.longitude, origin.latitude)) * STEPS_PER_DEGREE).astype(np.int64)


def middles(geometry: gpd.GeoSeries) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return for each area the middle of the largest circle inside it, shape (n, 2), and that circle's radius, both in the units of the CRS.

    That is where a label has the most room. The radius of a point or line is 0; a missing or empty geometry gives NaN.
    """
    shapes = np.asarray(geometry.array, dtype=object)
    centres = np.full((len(shapes), 2), np.nan)
    radii = np.full(len(shapes), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    areas = there & (shapely.area(shapes) > 0)
    if areas.any():
        # A circle known to a tenth of the shape's size is close enough for a label, and much cheaper.
        spokes = shapely.maximum_inscribed_circle(shapes[areas], tolerance=np.sqrt(shapely.area(shapes[areas])) / 10)
        centres[areas] = shapely.get_coordinates(shapely.get_point(spokes, 0))
        radii[areas] = shapely.length(spokes)
    others = there & ~areas
    if others.any():
        centres[others] = shapely.get_coordinates(shapely.point_on_surface(shapes[others]))
        radii[others] = 0.0
    return centres, radii
