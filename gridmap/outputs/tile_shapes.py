"""Shapes of a map layer in whole steps of the Web Mercator square, packed in flat arrays with a spatial index.

Every feature is a run of parts (rings, lines, or the points of a multipoint), every part a run of places. A place takes 8 bytes, so that a million
buildings take some 150 MB; tiles of every zoom are cut from these arrays alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from gridmap.errors import RequestError
from gridmap.ground.coords import transformer

Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.uint32]
Truths = npt.NDArray[np.bool_]

WORLD_BITS = 32
"""The world is 2 ** 32 steps wide; one step is 0.93 cm at the equator."""
EXTENT_BITS = 12
EXTENT = 1 << EXTENT_BITS
"""Units of a tile's side: what every known reader of vector tiles expects."""
BUFFER = 64
"""Units by which a tile's content reaches beyond its sides, so that outlines and symbols meet: 8 of the 512 pixels that MapLibre draws."""
FINEST_ZOOM = WORLD_BITS - EXTENT_BITS
"""At zoom 20 a tile's unit is one step of the world."""

POINT, LINE, POLYGON = 1, 2, 3
"""Kinds of feature, by their numbers in the specification of vector tiles (2.1, section 4.3.4)."""

MERCATOR = pyproj.CRS("EPSG:3857")
HALF_WORLD_M = 20037508.342789244
"""Half the side of the Web Mercator square: the earth's equatorial radius of 6,378,137 m times pi."""

BLOCK = 64
"""Features under one box of the index."""

_KIND_OF_TYPE = {
    shapely.GeometryType.POINT: POINT,
    shapely.GeometryType.MULTIPOINT: POINT,
    shapely.GeometryType.LINESTRING: LINE,
    shapely.GeometryType.MULTILINESTRING: LINE,
    shapely.GeometryType.POLYGON: POLYGON,
    shapely.GeometryType.MULTIPOLYGON: POLYGON,
}


@dataclass(frozen=True, eq=False)
class Shapes:
    """Features as ragged arrays.

    ``x`` and ``y`` count steps east and south of the north-western corner of the world; rings are open (the first corner is not repeated). Part p
    holds the places ``part_first[p]:part_first[p + 1]`` and is the ``hole`` of the ring before it or not; feature f holds the parts
    ``feature_first[f]:feature_first[f + 1]``, is of ``kind`` and stood in ``row`` of the input.
    """

    x: Places
    y: Places
    part_first: Ints
    hole: Truths
    feature_first: Ints
    kind: npt.NDArray[np.uint8]
    row: Places

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def place_first(self) -> Ints:
        """The first place of every feature, and the end."""
        return self.part_first[self.feature_first]

    def take(self, features: Ints) -> Shapes:
        """Return the shapes at these positions, in their order."""
        parts, feature_first = _runs(self.feature_first, features)
        places, part_first = _runs(self.part_first, parts)
        return Shapes(self.x[places], self.y[places], part_first, self.hole[parts], feature_first, self.kind[features], self.row[features])


@dataclass(frozen=True, eq=False)
class Index:
    """Boxes (west, north, east, south, in steps) of features and of blocks of :data:`BLOCK` features that lie side by side."""

    boxes: Places
    block_boxes: Places

    def find(self, west: int, north: int, east: int, south: int) -> Ints:
        """Return the positions of all features whose boxes meet this one, in order."""
        blocks = np.flatnonzero(_meet(self.block_boxes, west, north, east, south))
        near = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        near = near[near < len(self.boxes)]
        return near[_meet(self.boxes[near], west, north, east, south)]


def _meet(boxes: Places, west: int, north: int, east: int, south: int) -> Truths:
    meeting: Truths = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= south) & (boxes[:, 3] >= north)
    return meeting


def shapes_of(geometries: Any, crs: pyproj.CRS | None) -> Shapes:
    """Return points, lines and polygons, in their order, in steps of the world; rows without geometry have no shape.

    Places beyond the 85.06 degrees of Web Mercator come to lie on its edge. Raises ``RequestError`` without a CRS, for collections, and for
    places that are no finite numbers.

    >>> shapes = shapes_of(np.array([shapely.Point(0, 0)]), pyproj.CRS("EPSG:4326"))
    >>> shapes.x.tolist() == [2**31], shapes.kind.tolist()
    (True, [1])
    """
    if crs is None:
        raise RequestError("tiles_without_crs")
    onto = None if crs == MERCATOR else transformer(crs, MERCATOR)
    types = shapely.get_type_id(geometries)
    known = np.isin(types, [int(each) for each in _KIND_OF_TYPE])
    there = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    if (there & ~known).any():
        strange = np.flatnonzero(there & ~known)[0]
        raise RequestError("tiles_geometry_unknown", row=int(strange) + 1, value=str(geometries[strange].geom_type))
    groups = []
    for kind in (POINT, LINE, POLYGON):
        rows = np.flatnonzero(there & np.isin(types, [int(each) for each, its in _KIND_OF_TYPE.items() if its == kind]))
        if len(rows):
            coordinates, part_first, hole, feature_first = _flat(geometries[rows], kind)
            if not np.isfinite(coordinates).all():
                faulty = ~np.isfinite(shapely.bounds(geometries[rows])).all(axis=1)
                raise RequestError("tiles_place_unknown", row=int(rows[faulty.argmax()]) + 1)
            x, y = coordinates.T if onto is None else onto.transform(*coordinates.T)
            kinds = np.full(len(rows), kind, dtype=np.uint8)
            groups.append(Shapes(_steps(x), _steps(-np.asarray(y)), part_first, hole, feature_first, kinds, rows.astype(np.uint32)))
    joined = _joined(groups)
    order = np.argsort(joined.row, kind="stable")
    return joined if len(groups) < 2 else joined.take(order)


def in_mercator(geometries: Any, crs: pyproj.CRS) -> Any:
    """Return geometries of a system in Web Mercator."""
    return shapely.transform(geometries, transformer(crs, MERCATOR).transform, interleaved=False)


def indexed(shapes: Shapes) -> tuple[Shapes, Index]:
    """Return the shapes along a curve on which neighbours are mostly near (Morton 1966), and their index."""
    boxes = _boxes(shapes)
    middle = (boxes[:, :2].astype(np.uint64) + boxes[:, 2:]) >> np.uint64(1)
    order = np.argsort(_interleaved(middle[:, 0]) | (_interleaved(middle[:, 1]) << np.uint64(1)), kind="stable")
    shapes, boxes = shapes.take(order), boxes[order]
    if not len(shapes):
        return shapes, Index(boxes, boxes)
    first = np.arange(0, len(shapes), BLOCK)
    blocks = [np.minimum.reduceat(boxes[:, side], first) if side < 2 else np.maximum.reduceat(boxes[:, side], first) for side in range(4)]
    return shapes, Index(boxes, np.column_stack(blocks))


def polygons_of(shapes: Shapes, step: float) -> Any:
    """Return polygon features as multipolygons in units of ``step`` steps; their validity is not looked at."""
    lengths = np.diff(shapes.part_first)
    ring_first = np.concatenate(([0], np.cumsum(lengths + 1)))
    corner = np.arange(ring_first[-1]) - np.repeat(np.arange(len(lengths)), lengths + 1)
    corner[ring_first[1:] - 1] = shapes.part_first[:-1]
    coordinates = np.column_stack((shapes.x[corner], shapes.y[corner])) / step
    polygon_ring = np.flatnonzero(~shapes.hole)
    feature_polygon = np.searchsorted(polygon_ring, shapes.feature_first)
    polygon_first = np.append(polygon_ring, len(lengths))
    return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, coordinates, (ring_first, polygon_first, feature_polygon))


def flat_polygons(polygons: Any, feature: Ints, features: int) -> Shapes:
    """Return single polygons, whose corners are whole steps already, as features: polygon i is part of ``feature[i]``, which never falls."""
    if not len(polygons):
        return replace(_joined([]), feature_first=np.zeros(features + 1, np.int64), kind=np.full(features, POLYGON, np.uint8))
    coordinates, part_first, hole, first = _flat(polygons, POLYGON)
    feature_first = first[np.searchsorted(feature, np.arange(features + 1))]
    x, y = np.ascontiguousarray(coordinates.T.astype(np.uint32))
    return Shapes(x, y, part_first, hole, feature_first, np.full(features, POLYGON, np.uint8), np.arange(features, dtype=np.uint32))


def _flat(geometries: Any, kind: int) -> tuple[npt.NDArray[np.float64], Ints, Truths, Ints]:
    """Return coordinates, the first place of every part, which parts are holes, and the first part of every feature."""
    kind_found, coordinates, offsets = shapely.to_ragged_array(geometries, include_z=False)
    firsts = [np.asarray(each, dtype=np.int64) for each in offsets]
    single = np.arange(len(geometries) + 1)
    if kind == POINT:
        part_first = firsts[0] if firsts else single
        return coordinates, part_first, np.zeros(len(single) - 1, dtype=bool), single
    if kind == LINE:
        feature_first = firsts[1] if kind_found == shapely.GeometryType.MULTILINESTRING else single
        return coordinates, firsts[0], np.zeros(len(firsts[0]) - 1, dtype=bool), feature_first
    ring_first, polygon_first = firsts[:2]
    feature_first = polygon_first[firsts[2]] if len(firsts) == 3 else polygon_first
    hole = np.ones(len(ring_first) - 1, dtype=bool)
    hole[polygon_first[:-1][np.diff(polygon_first) > 0]] = False
    open_ring = np.ones(len(coordinates), dtype=bool)
    open_ring[ring_first[1:] - 1] = False
    return coordinates[open_ring], ring_first - np.arange(len(ring_first)), hole, feature_first


def _joined(groups: list[Shapes]) -> Shapes:
    if not groups:
        none = np.zeros(0, dtype=np.uint32)
        return Shapes(none, none, np.zeros(1, np.int64), np.zeros(0, bool), np.zeros(1, np.int64), np.zeros(0, np.uint8), none)
    if len(groups) == 1:
        return groups[0]
    return Shapes(
        np.concatenate([each.x for each in groups]),
        np.concatenate([each.y for each in groups]),
        _joined_firsts(each.part_first for each in groups),
        np.concatenate([each.hole for each in groups]),
        _joined_firsts(each.feature_first for each in groups),
        np.concatenate([each.kind for each in groups]),
        np.concatenate([each.row for each in groups]),
    )


def _joined_firsts(firsts: Iterator[Ints]) -> Ints:
    joined = [np.zeros(1, dtype=np.int64)]
    for each in firsts:
        joined.append(each[1:] + joined[-1][-1])
    return np.concatenate(joined)


def _steps(metres: Any) -> Places:
    steps = np.floor((np.asarray(metres) / HALF_WORLD_M + 1.0) * 2.0 ** (WORLD_BITS - 1) + 0.5)
    clipped: Places = np.clip(steps, 0, 2**WORLD_BITS - 1).astype(np.uint32)
    return clipped


def _runs(first: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """Return the members of the chosen runs one after the other, and where each run begins among them."""
    lengths = first[chosen + 1] - first[chosen]
    begins = np.concatenate(([0], np.cumsum(lengths)))
    return np.arange(begins[-1]) + np.repeat(first[chosen] - begins[:-1], lengths), begins


def _boxes(shapes: Shapes) -> Places:
    if not len(shapes):
        return np.zeros((0, 4), dtype=np.uint32)
    first = shapes.place_first[:-1]
    sides = (np.minimum.reduceat(shapes.x, first), np.minimum.reduceat(shapes.y, first), np.maximum.reduceat(shapes.x, first))
    return np.column_stack((*sides, np.maximum.reduceat(shapes.y, first)))


def _interleaved(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the 32 bits of each value with a zero before each."""
    spread = values
    for shift, mask in ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333), (1, 0x5555555555555555)):
        spread = (spread | (spread << np.uint64(shift))) & np.uint64(mask)
    return spread
