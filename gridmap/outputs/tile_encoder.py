"""Vector tiles (Mapbox Vector Tile specification 2.1) written straight from flat arrays.

First :func:`geometry_bytes` writes the geometry of every (feature, tile) pair, then :func:`layer_bytes` the layer of every tile around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gridmap.kernels import kernel
from gridmap.outputs.tile_rings import clipped_ring, clipped_segment, doubled_area, inside_box, opened, placed, rounded, simplified, without_straights
from gridmap.outputs.tile_shapes import BUFFER, EXTENT, FINEST_ZOOM, LINE, POINT, Ints, Shapes
from gridmap.outputs.tile_validity import are_valid, mended

Bytes = npt.NDArray[np.uint8]

LOW, HIGH = -BUFFER, EXTENT + BUFFER
BROKEN = 1
MOVE_TO_ONE = np.int64(1 << 3 | 1)
CLOSE_PATH = np.int64(1 << 3 | 7)
"""Commands (specification 4.3.1): how often in the upper bits, which in the lowest three."""

BYTES_PER_PLACE = 40
"""Room for a place's bytes: clipping makes at most five of one, each takes 6 bytes, and a line broken into segments takes 18 for each."""
BYTES_PER_PART = 32
PLACES_PER_PLACE = 6
"""Room for places while a ring is clipped: every side may add half as many, 1.5 ** 4 = 5.1."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which feature stands in which tile: ``left`` and ``top`` are the tile's corner in units of the zoom."""

    zoom: int
    feature: Ints
    left: Ints
    top: Ints

    def __len__(self) -> int:
        return len(self.feature)


@dataclass(frozen=True, eq=False)
class Geometries:
    """The commands of every pair's geometry, ``data[first[i]:end[i]]``; a pair without any is not to be drawn."""

    data: Bytes
    first: Ints
    end: Ints


def geometry_bytes(shapes: Shapes, pairs: Pairs, *, tolerance: float = 0.0) -> Geometries:
    """Return the geometry of every pair: rounded, simplified by ``tolerance`` units, clipped, with rings that are valid and wound as they must be."""
    shift = FINEST_ZOOM - pairs.zoom
    data, end, state = _encoded(shapes, pairs.feature, pairs.left, pairs.top, shift, tolerance, False)
    first = np.concatenate(([0], end[:-1])).astype(np.int64)
    broken = np.flatnonzero(state == BROKEN)
    if len(broken):
        left, top = pairs.left[broken], pairs.top[broken]
        repaired = mended(shapes, pairs.feature[broken], left, top, pairs.zoom)
        more, more_end, _ = _encoded(repaired, np.arange(len(broken)), left, top, 0, 0.0, True)
        first[broken] = np.concatenate(([0], more_end[:-1])) + len(data)
        end[broken] = more_end + len(data)
        data = np.concatenate((data, more))
    return Geometries(data, first, end)


def _encoded(shapes: Shapes, feature: Ints, left: Ints, top: Ints, shift: int, tolerance: float, trusted: bool) -> tuple[Bytes, Ints, Bytes]:
    # Looked up for these features alone: a tile must not cost more because the layer is large.
    first_part, end_part = shapes.feature_first[feature], shapes.feature_first[feature + 1]
    places = shapes.part_first[end_part] - shapes.part_first[first_part]
    parts = end_part - first_part
    end = np.zeros(len(feature), dtype=np.int64)
    state = np.zeros(len(feature), dtype=np.uint8)
    room = int(places.max(initial=0)), int(parts.max(initial=0))
    flat = (shapes.x, shapes.y, shapes.part_first, shapes.hole, shapes.feature_first, shapes.kind)
    data = _write_geometries(*flat, feature, left, top, shift, float(tolerance), trusted, *room, end, state)
    return data, end, state


@kernel
def put_varint(out: Any, at: Any, value: Any) -> Any:
    """Write a number of 64 bits that is not negative, 7 bits a byte, the least first; return where it ends."""
    while value > 127:
        out[at] = value & 127 | 128
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


@kernel
def _varint_length(value: Any) -> Any:
    length = 1
    value >>= 7
    while value > 0:
        value >>= 7
        length += 1
    return length


@kernel
def _put_step(out: Any, at: Any, step: Any) -> Any:
    """Write a number that may be negative: 0, -1, 1, -2 ... as 0, 1, 2, 3 ..."""
    return put_varint(out, at, (step << 1) ^ (step >> 63))


@kernel
def _put_path(out: Any, at: Any, px: Any, py: Any, first: Any, end: Any, backwards: Any, cursor: Any) -> Any:
    """Write a MoveTo (command 1) and a LineTo (2) along ``first:end``; a ring that runs ``backwards`` begins with the same corner."""
    at = put_varint(out, at, MOVE_TO_ONE)
    count = end - first
    for k in range(count):
        i = first + (count - k if backwards and k else k)
        if k == 1:
            at = put_varint(out, at, np.int64((count - 1) << 3 | 2))
        at = _put_step(out, at, px[i] - cursor[0])
        at = _put_step(out, at, py[i] - cursor[1])
        cursor[0] = px[i]
        cursor[1] = py[i]
    return at


@kernel
def _write_geometries(
    x: Any, y: Any, part_first: Any, hole: Any, feature_first: Any, kind: Any,
    feature: Any, left: Any, top: Any, shift: Any, tolerance: Any, trusted: Any, most_places: Any, most_parts: Any, end: Any, state: Any,
) -> Any:  # fmt: skip
    """Write the geometry of every pair; fill in where each ends and whether its rings are broken, which then have no bytes."""
    room = PLACES_PER_PLACE * (most_places + 4)
    px, py = np.empty(room, np.int64), np.empty(room, np.int64)
    qx, qy = np.empty(room, np.int64), np.empty(room, np.int64)
    rx, ry = np.empty(room + 8 * most_parts, np.int64), np.empty(room + 8 * most_parts, np.int64)
    ring_first, ring_hole = np.zeros(most_parts + 1, np.int64), np.zeros(most_parts + 1, np.bool_)
    keep, stack = np.empty(room, np.bool_), np.empty(2 * room, np.int64)
    cursor = np.zeros(2, np.int64)
    low, high, room_off = np.int64(LOW) << shift, np.int64(HIGH) << shift, tolerance * (1 << shift)
    out = np.empty(64 * len(feature) + BYTES_PER_PLACE * (most_places + 8) + BYTES_PER_PART * (most_parts + 2), np.uint8)
    at = np.int64(0)
    for pair in range(len(feature)):
        f = feature[pair]
        parts = range(feature_first[f], feature_first[f + 1])
        places = part_first[feature_first[f + 1]] - part_first[feature_first[f]]
        need = BYTES_PER_PLACE * (places + 8) + BYTES_PER_PART * (len(parts) + 2)
        if at + need > len(out):
            out = _larger(out, at, need)
        cursor[0] = 0
        cursor[1] = 0
        rings = np.int64(0)
        skip = False
        for part in parts:
            count = placed(x, y, part_first[part], part_first[part + 1], left[pair] << shift, top[pair] << shift, px, py)
            if kind[f] == POINT:
                at = _put_points(out, at, px, py, rounded(px, py, count, shift), cursor)
            elif kind[f] == LINE:
                count = simplified(px, py, count, room_off, False, keep, stack)
                at = _put_line(out, at, px, py, count, low, high, shift, cursor, qx, qy)
            elif not (skip and hole[part]):
                where = inside_box(px, py, count, low, high)
                count = 0 if where < 0 else simplified(px, py, count, room_off, True, keep, stack)
                if where == 0:
                    count = clipped_ring(px, py, count, low, high, qx, qy)
                count = without_straights(px, py, opened(px, py, rounded(px, py, count, shift)))
                # A ring that vanishes takes its holes with it.
                skip = count == 0 if not hole[part] else skip
                if count:
                    _keep_ring(px, py, count, rx, ry, ring_first, rings)
                    ring_hole[rings] = hole[part]
                    rings += 1
        if rings and (trusted or are_valid(rx, ry, ring_first, ring_hole, rings)):
            at = _put_rings(out, at, rx, ry, ring_first, ring_hole, rings, cursor)
        elif rings:
            state[pair] = BROKEN
        end[pair] = at
    return out[:at].copy()


@kernel
def _keep_ring(px: Any, py: Any, count: Any, rx: Any, ry: Any, ring_first: Any, rings: Any) -> None:
    start = ring_first[rings]
    for i in range(count):
        rx[start + i] = px[i]
        ry[start + i] = py[i]
    ring_first[rings + 1] = start + count


@kernel
def _put_rings(out: Any, at: Any, rx: Any, ry: Any, ring_first: Any, ring_hole: Any, rings: Any, cursor: Any) -> Any:
    """Write the rings of a polygon: rims clockwise on the screen, holes the other way."""
    for ring in range(rings):
        area = doubled_area(rx, ry, ring_first[ring], ring_first[ring + 1])
        at = _put_path(out, at, rx, ry, ring_first[ring], ring_first[ring + 1], (area < 0) != ring_hole[ring], cursor)
        at = put_varint(out, at, CLOSE_PATH)
    return at


@kernel
def _put_points(out: Any, at: Any, px: Any, py: Any, count: Any, cursor: Any) -> Any:
    seen = np.int64(0)
    for i in range(count):
        if LOW <= px[i] <= HIGH and LOW <= py[i] <= HIGH:
            seen += 1
    if seen:
        at = put_varint(out, at, np.int64(seen << 3 | 1))
        for i in range(count):
            if LOW <= px[i] <= HIGH and LOW <= py[i] <= HIGH:
                at = _put_step(out, at, px[i] - cursor[0])
                at = _put_step(out, at, py[i] - cursor[1])
                cursor[0] = px[i]
                cursor[1] = py[i]
    return at


@kernel
def _put_line(out: Any, at: Any, px: Any, py: Any, count: Any, low: Any, high: Any, shift: Any, cursor: Any, qx: Any, qy: Any) -> Any:
    """Write those stretches of a line that lie in the square."""
    made = 0
    for i in range(count - 1):
        enters, leaves = clipped_segment(px[i], py[i], px[i + 1], py[i + 1], low, high)
        if enters <= leaves:
            if enters > 0 and made:
                at = _put_stretch(out, at, qx, qy, made, shift, cursor)
                made = 0
            dx, dy = px[i + 1] - px[i], py[i + 1] - py[i]
            if made == 0:
                qx[0], qy[0] = px[i] + np.int64(np.floor(enters * dx + 0.5)), py[i] + np.int64(np.floor(enters * dy + 0.5))
                made = 1
            qx[made], qy[made] = px[i] + np.int64(np.floor(leaves * dx + 0.5)), py[i] + np.int64(np.floor(leaves * dy + 0.5))
            made += 1
            if leaves < 1:
                at = _put_stretch(out, at, qx, qy, made, shift, cursor)
                made = 0
    return _put_stretch(out, at, qx, qy, made, shift, cursor) if made else at


@kernel
def _put_stretch(out: Any, at: Any, qx: Any, qy: Any, count: Any, shift: Any, cursor: Any) -> Any:
    """Write a stretch of a line, unless it shrinks to a point."""
    count = rounded(qx, qy, count, shift)
    return _put_path(out, at, qx, qy, 0, count, False, cursor) if count > 1 else at


@kernel
def write_layers(
    data: Any, first: Any, end: Any, tile_first: Any, ids: Any, kinds: Any, codes: Any, value_data: Any, value_first: Any, seen: Any, tile_end: Any
) -> Any:
    """Write features and values of the layer of every tile, whose pairs are ``tile_first[t]:tile_first[t + 1]``; fill in where each ends.

    ``codes`` holds for every pair and key the number of its value, -1 where it is missing; ``seen`` has a zero for every value.
    """
    keys = codes.shape[1]
    out = np.empty(max(1024, len(data) + len(first) * (40 + 6 * keys)), np.uint8)
    used = np.empty(max(1, keys) * len(first), np.int64)
    at = np.int64(0)
    values = np.int64(0)
    for tile in range(len(tile_first) - 1):
        before = values
        for pair in range(tile_first[tile], tile_first[tile + 1]):
            size = end[pair] - first[pair]
            if size:
                if at + size + 64 + 16 * keys > len(out):
                    out = _larger(out, at, size + 64 + 16 * keys)
                values = _number_values(codes[pair], seen, used, values, before)
                at = _put_feature(out, at, ids[pair], kinds[pair], codes[pair], seen, before, data, first[pair], end[pair])
        for value in range(before, values):
            start, stop = value_first[used[value]], value_first[used[value] + 1]
            if at + stop - start > len(out):
                out = _larger(out, at, stop - start)
            at = _copied(value_data, start, stop, out, at)
        tile_end[tile] = at
    return out[:at].copy()


@kernel
def _number_values(codes: Any, seen: Any, used: Any, values: Any, before: Any) -> Any:
    """Number the values that this tile has not had yet: ``seen`` counts them from 1 over all tiles, and ``before`` stood in earlier tiles."""
    for code in codes:
        if code >= 0 and seen[code] <= before:
            used[values] = code
            values += 1
            seen[code] = values
    return values


@kernel
def _put_feature(out: Any, at: Any, number: Any, kind: Any, codes: Any, seen: Any, before: Any, data: Any, start: Any, stop: Any) -> Any:
    size = stop - start
    tags = 0
    for key in range(len(codes)):
        if codes[key] >= 0:
            tags += _varint_length(np.int64(key)) + _varint_length(seen[codes[key]] - 1 - before)
    length = 1 + _varint_length(np.int64(number)) + 3 + _varint_length(np.int64(size)) + size
    length += 1 + _varint_length(np.int64(tags)) + tags if tags else 0
    out[at] = 0x12
    at = put_varint(out, at + 1, np.int64(length))
    out[at] = 0x08
    at = put_varint(out, at + 1, np.int64(number))
    if tags:
        out[at] = 0x12
        at = put_varint(out, at + 1, np.int64(tags))
        for key in range(len(codes)):
            if codes[key] >= 0:
                at = put_varint(out, at, np.int64(key))
                at = put_varint(out, at, seen[codes[key]] - 1 - before)
    out[at] = 0x18
    out[at + 1] = kind
    out[at + 2] = 0x22
    at = put_varint(out, at + 3, np.int64(size))
    return _copied(data, start, stop, out, at)


@kernel
def _copied(source: Any, start: Any, stop: Any, out: Any, at: Any) -> Any:
    """Copy bytes and return where they end; numba compiles this loop far faster than slices."""
    for i in range(start, stop):
        out[at + i - start] = source[i]
    return at + stop - start


@kernel
def _larger(out: Any, at: Any, more: Any) -> Any:
    """Return a copy of the first ``at`` bytes with room for ``more``, and as much again."""
    larger = np.empty(2 * (at + more), np.uint8)
    _copied(out, 0, at, larger, np.int64(0))
    return larger
