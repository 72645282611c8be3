"""Vector tiles read by means that share nothing with the writer: the schema's own messages, and the commands as the specification words them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from mapbox_vector_tile.Mapbox import vector_tile_pb2

EXTENT = 4096
HALF_WORLD_M = 20037508.342789244
KINDS = {1: "Point", 2: "LineString", 3: "Polygon"}


@dataclass(frozen=True)
class Feature:
    """A feature as a tile holds it; ``paths`` are its points, lines or rings, in units, rings open."""

    id: int
    kind: str
    properties: dict[str, Any]
    paths: list[list[tuple[int, int]]]

    @property
    def geometry(self) -> Any:
        """The geometry in units, put together by the winding of its rings alone."""
        if self.kind == "Point":
            return shapely.MultiPoint([place for path in self.paths for place in path])
        if self.kind == "LineString":
            return shapely.MultiLineString(self.paths)
        polygons: list[tuple[list[Any], list[Any]]] = []
        for ring in self.paths:
            if doubled_area(ring) > 0:
                polygons.append((ring, []))
            else:
                polygons[-1][1].append(ring)
        return shapely.MultiPolygon(polygons)


def doubled_area(ring: list[tuple[int, int]]) -> int:
    """Return twice the area by the surveyor's formula, as the specification has it: rims are positive."""
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True))


def read_tile(data: bytes) -> dict[str, dict[int, Feature]]:
    """Return the features of every layer by id; fails where the tile breaks a rule of the specification."""
    message = vector_tile_pb2.tile()
    message.ParseFromString(data)
    layers = {}
    for layer in message.layers:
        assert (layer.version, layer.extent) == (2, EXTENT)
        assert len(set(layer.keys)) == len(layer.keys)
        layers[layer.name] = {feature.id: _feature(feature, layer) for feature in layer.features}
        assert len(layers[layer.name]) == len(layer.features)
    assert len(layers) == len(message.layers)
    return layers


def _feature(feature: Any, layer: Any) -> Feature:
    values = [getattr(value, value.ListFields()[0][0].name) for value in layer.values]
    tags = list(feature.tags)
    properties = {layer.keys[key]: values[value] for key, value in zip(tags[::2], tags[1::2], strict=True)}
    return Feature(feature.id, KINDS[feature.type], properties, _paths(list(feature.geometry), KINDS[feature.type]))


def _paths(numbers: list[int], kind: str) -> list[list[tuple[int, int]]]:
    paths: list[list[tuple[int, int]]] = []
    x = y = at = 0
    while at < len(numbers):
        command, count = numbers[at] & 7, numbers[at] >> 3
        at += 1
        if command == 7:
            assert (kind, count) == ("Polygon", 1)
            assert len(paths[-1]) >= 3
            continue
        assert count > 0
        if command == 1:
            assert kind == "Point" or count == 1
            paths.append([])
        for _ in range(count):
            dx, dy = ((number >> 1) ^ -(number & 1) for number in numbers[at : at + 2])
            # Only a MoveTo may stay where it is.
            assert command == 1 or (dx, dy) != (0, 0)
            x, y, at = x + dx, y + dy, at + 2
            paths[-1].append((x, y))
    assert kind == "Point" or all(len(path) >= 2 for path in paths)
    return paths


def in_mercator(geometry: Any, zoom: int, column: int, row: int) -> Any:
    """Return a geometry in units of a tile as metres of Web Mercator."""
    unit = 2 * HALF_WORLD_M / (EXTENT << zoom)
    corner = np.array([column * EXTENT, row * EXTENT])
    return shapely.transform(geometry, lambda places: (places + corner) * [unit, -unit] + [-HALF_WORLD_M, HALF_WORLD_M])


def in_units(geometry: Any, zoom: int, column: int, row: int) -> Any:
    """Return a geometry in metres of Web Mercator as units of a tile."""
    unit = 2 * HALF_WORLD_M / (EXTENT << zoom)
    corner = np.array([column * EXTENT, row * EXTENT])
    return shapely.transform(geometry, lambda places: (places - [-HALF_WORLD_M, HALF_WORLD_M]) / [unit, -unit] - corner)
