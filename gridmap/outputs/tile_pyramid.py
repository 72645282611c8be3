"""Layers of a map and their tiles: one tile from memory, or all tiles of a zoom."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridmap.errors import RequestError
from gridmap.kernels import kernel
from gridmap.outputs.tile_attributes import Attributes, attributes_of, message
from gridmap.outputs.tile_encoder import Pairs, geometry_bytes, write_layers
from gridmap.outputs.tile_shapes import (
    BUFFER,
    EXTENT,
    EXTENT_BITS,
    FINEST_ZOOM,
    HALF_WORLD_M,
    MERCATOR,
    WORLD_BITS,
    Index,
    Ints,
    Shapes,
    in_mercator,
    indexed,
    shapes_of,
)

SIMPLIFY_UNITS = 1.0
"""Below its exact zoom a shape may be this far off, in units of the tile: an eighth of a pixel of MapLibre's."""
EXACT_ZOOM = 15
"""From this zoom on shapes are only rounded: one unit is 0.3 m at the equator."""
MOST_PAIRS = 20_000_000
"""More (feature, tile) pairs in a zoom are refused: they would take some gigabytes, and no district has them."""
PAIRS_AT_ONCE = 1 << 18
"""So many are encoded in one go, to bound the memory."""

_VERSION_2 = b"\x78\x02"
_EXTENT_4096 = b"\x28\x80\x20"


@dataclass(frozen=True, eq=False)
class TileLayer:
    """A layer ready to be cut into tiles of the zooms ``min_zoom`` to ``max_zoom``.

    The id of a feature in a tile is the position of its row in the frame it was made from, so that a page can colour it by an array alone.
    ``bounds`` are west, south, east, north in degrees; None for a layer without shapes. ``coarse`` has shapes simplified together, by zoom,
    where the shapes share borders. ``version`` is another for layers that differ in anything.
    """

    name: str
    shapes: Shapes
    index: Index
    attributes: Attributes
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, float, float, float] | None
    coarse: Mapping[int, tuple[Shapes, Index]]
    version: str

    def at(self, zoom: int) -> tuple[Shapes, Index, float]:
        """Return shapes and index for a zoom, and by how many units to simplify them."""
        if zoom in self.coarse:
            return *self.coarse[zoom], 0.0
        return self.shapes, self.index, SIMPLIFY_UNITS if zoom < EXACT_ZOOM and not self.coarse else 0.0


def tile_layer(
    name: str, frame: gpd.GeoDataFrame, fields: Sequence[str] = (), *, min_zoom: int = 13, max_zoom: int = 16, shared_borders: bool = False
) -> TileLayer:
    """Return ``frame`` as a layer ``name`` whose features carry ``fields``; its rows may be points, lines, polygons, or of several kinds.

    ``shared_borders`` says that the polygons tile the land: then neighbours are simplified together, so that no gap opens between them. The column
    ``geometry`` is read once; nothing of the frame is kept. Raises ``RequestError`` for zooms outside 0 to 20, a frame without CRS and
    collections of geometries.

    >>> frame = gpd.GeoDataFrame({"name": ["桥"]}, geometry=[shapely.Point(120.86, 32.02)], crs=4326)
    >>> layer = tile_layer("venues", frame, ["name"])
    >>> len(live_tile(layer, 13, 6846, 3326)) > 20
    True
    """
    if not 0 <= min_zoom <= max_zoom <= FINEST_ZOOM:
        raise RequestError("tiles_zoom_impossible", value=f"{min_zoom}-{max_zoom}", limit=f"0-{FINEST_ZOOM}")
    shapes, index = indexed(shapes_of(frame.geometry.to_numpy(), frame.crs))
    coarse = {}
    if shared_borders:
        onto_mercator = in_mercator(frame.geometry.to_numpy(), frame.crs)
        coarse = {zoom: indexed(_together(onto_mercator, zoom)) for zoom in range(min_zoom, min(max_zoom + 1, EXACT_ZOOM))}
    attributes = attributes_of({field: frame[field] for field in fields}, np.arange(len(frame)))
    version = _version(name, min_zoom, max_zoom, shared_borders, shapes, attributes)
    return TileLayer(name, shapes, index, attributes, min_zoom, max_zoom, _bounds(index), coarse, version)


def tile_at(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Return column and row of the tile that a place lies in, degrees.

    >>> tile_at(120.86, 32.02, 13)
    (6846, 3326)
    """
    column = int((longitude / 360 + 0.5) * 2**zoom)
    row = int((0.5 - math.asinh(math.tan(math.radians(latitude))) / (2 * math.pi)) * 2**zoom)
    return column, row


def _version(name: str, min_zoom: int, max_zoom: int, shared_borders: bool, shapes: Shapes, attributes: Attributes) -> str:
    digest = hashlib.sha256(f"{name}:{min_zoom}:{max_zoom}:{shared_borders}:{attributes.keys}".encode())
    arrays: tuple[Any, ...] = (shapes.x, shapes.y, shapes.part_first, shapes.feature_first, shapes.row, attributes.codes, attributes.data)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def _together(geometries: Any, zoom: int) -> Shapes:
    """Return polygons that share borders, simplified as one coverage: triangles below a unit of the zoom go (Visvalingam and Whyatt 1993)."""
    unit_m = 2 * HALF_WORLD_M / (1 << zoom + EXTENT_BITS)
    there = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    made = np.array(geometries, dtype=object)
    made[there] = shapely.coverage_simplify(geometries[there], SIMPLIFY_UNITS * unit_m)
    return shapes_of(made, MERCATOR)


def _bounds(index: Index) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of all boxes in degrees."""
    if not len(index.boxes):
        return None
    west, north = index.boxes[:, :2].min(axis=0) / 2**WORLD_BITS
    east, south = index.boxes[:, 2:].max(axis=0) / 2**WORLD_BITS
    return (float(west * 360 - 180), _latitude(south), float(east * 360 - 180), _latitude(north))


def _latitude(share: float) -> float:
    """Return the latitude at a share of the way from the north to the south of the Web Mercator square."""
    return float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * share)))))


def live_tile(layer: TileLayer, zoom: int, column: int, row: int) -> bytes:
    """Return one tile of a layer, uncompressed; no bytes where nothing stands.

    Raises ``RequestError`` where the layer has no tiles of this zoom or the world no such tile.
    """
    check_tile(layer, zoom, column, row)
    shapes, index, tolerance = layer.at(zoom)
    step = 1 << FINEST_ZOOM - zoom
    # A step more than the buffer, because rounding may bring in what lies just beyond.
    west, north = (column * EXTENT - BUFFER - 1) * step, (row * EXTENT - BUFFER - 1) * step
    side = (EXTENT + 2 * BUFFER + 2) * step
    found = index.find(west, north, west + side, north + side)
    left, top = np.full(len(found), column * EXTENT), np.full(len(found), row * EXTENT)
    (tile,) = _encoded(layer, shapes, Pairs(zoom, found, left, top), np.array([0, len(found)]), tolerance)
    return tile


def check_tile(layer: TileLayer, zoom: int, column: int, row: int) -> None:
    """Raise ``RequestError`` where the layer has no tiles of this zoom or the world no such tile."""
    if not layer.min_zoom <= zoom <= layer.max_zoom:
        raise RequestError("tiles_zoom_missing", layer=layer.name, value=zoom, limit=f"{layer.min_zoom}-{layer.max_zoom}")
    if not (0 <= column < 1 << zoom and 0 <= row < 1 << zoom):
        raise RequestError("tiles_place_missing", value=f"{zoom}/{column}/{row}", limit=(1 << zoom) - 1)


def zoom_tiles(layer: TileLayer, zoom: int) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of every tile of a zoom in which something of the layer stands, by number.

    Tiles of a zoom are numbered along a Hilbert curve, as PMTiles archives number them. Raises ``RequestError`` when shapes cover too many tiles.
    """
    shapes, index, tolerance = layer.at(zoom)
    if not len(shapes):
        return
    feature, column, row, number = _pairs(index, zoom)
    cuts = np.concatenate(([0], np.flatnonzero(np.diff(number)) + 1, [len(number)]))
    first = 0
    while first < len(cuts) - 1:
        last = max(first + 1, int(np.searchsorted(cuts, cuts[first] + PAIRS_AT_ONCE, side="right")) - 1)
        these = slice(cuts[first], cuts[last])
        pairs = Pairs(zoom, feature[these], column[these] * EXTENT, row[these] * EXTENT)
        tiles = _encoded(layer, shapes, pairs, cuts[first : last + 1] - cuts[first], tolerance)
        yield from ((int(number[cut]), tile) for cut, tile in zip(cuts[first:last], tiles, strict=True) if tile)
        first = last


def _pairs(index: Index, zoom: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Return every feature with the column, row and number of every tile that its box reaches, by number."""
    reach = BUFFER << FINEST_ZOOM - zoom
    shift = WORLD_BITS - zoom
    most = (1 << zoom) - 1
    boxes = index.boxes.astype(np.int64)
    low = np.clip(boxes[:, :2] - reach - 1 >> shift, 0, most)
    high = np.clip(boxes[:, 2:] + reach + 1 >> shift, 0, most)
    across, down = (high - low + 1).T
    counts = across * down
    if counts.sum() > MOST_PAIRS:
        raise RequestError("tiles_too_many", value=int(counts.sum()), limit=MOST_PAIRS, zoom=zoom)
    feature = np.repeat(np.arange(len(boxes)), counts)
    nth = np.arange(len(feature)) - np.repeat(np.cumsum(counts) - counts, counts)
    column = low[feature, 0] + nth % across[feature]
    row = low[feature, 1] + nth // across[feature]
    number = _hilbert_numbers(column, row, zoom)
    order = np.argsort(number, kind="stable")
    return feature[order], column[order], row[order], number[order]


@kernel
def _hilbert_numbers(columns: Any, rows: Any, zoom: Any) -> Any:
    """Return the numbers of tiles as PMTiles has them (version 3, section 4.1): all coarser zooms first, then along a Hilbert curve."""
    numbers = np.empty(len(columns), np.int64)
    for i in range(len(columns)):
        x, y = columns[i], rows[i]
        number = ((np.int64(1) << 2 * zoom) - 1) // 3
        for bit in range(zoom - 1, -1, -1):
            side = np.int64(1) << bit
            right, low = x & side, y & side
            number += ((3 * right) ^ low) << bit
            if low == 0:
                if right != 0:
                    x, y = side - 1 - x, side - 1 - y
                x, y = y, x
        numbers[i] = number
    return numbers


def _encoded(layer: TileLayer, shapes: Shapes, pairs: Pairs, tile_first: Ints, tolerance: float) -> list[bytes]:
    """Return the tiles whose pairs are ``tile_first[t]:tile_first[t + 1]``; no bytes for those in which nothing is left."""
    geometries = geometry_bytes(shapes, pairs, tolerance=tolerance)
    values = layer.attributes
    ids = shapes.row[pairs.feature]
    # Fresh zeros cost nothing until they are touched.
    seen = np.zeros(len(values.first), dtype=np.int64)
    end = np.zeros(len(tile_first) - 1, dtype=np.int64)
    flat = (geometries.data, geometries.first, geometries.end, tile_first, ids, shapes.kind[pairs.feature], values.codes[ids])
    written = write_layers(*flat, values.data, values.first, seen, end).tobytes()
    before = message(1, layer.name.encode())
    after = b"".join(message(3, key.encode()) for key in values.keys) + _EXTENT_4096 + _VERSION_2
    starts = [0, *end[:-1].tolist()]
    return [message(3, before + written[a:b] + after) if b > a else b"" for a, b in zip(starts, end.tolist(), strict=True)]
