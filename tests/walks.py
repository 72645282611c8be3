"""Small districts to walk in: streets, walls, gates and venues drawn in metres from a corner near which real ground lies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pyproj
import shapely
from shapely.affinity import translate

from gridmap.ground.tables import District, empty_table, typed_table
from gridmap.walking.network import Network

CRS = pyproj.CRS.from_epsg(4547)
EAST_M, NORTH_M = 500_000.0, 3_500_000.0

Shape = Any


def line(*corners: tuple[float, float]) -> Shape:
    return shapely.LineString(corners)


def square(x: float, y: float, half_m: float = 5.0) -> Shape:
    return shapely.box(x - half_m, y - half_m, x + half_m, y + half_m)


def draw_walks(
    streets: Mapping[str, Shape | tuple[Shape, dict[str, Any]]],
    *,
    buildings: Mapping[str, Shape] | None = None,
    venues: Mapping[str, tuple[float, float, list[str]]] | None = None,
    walls: Mapping[str, Shape] | None = None,
    waters: Mapping[str, Shape] | None = None,
    gates: Mapping[str, tuple[float, float]] | None = None,
    households: int = 10,
    community_of: Mapping[str, str] | None = None,
) -> District:
    """Return a district; a street is a line, or a line and what differs from a lane on the ground."""
    drawn = {name: each if isinstance(each, tuple) else (each, {}) for name, each in streets.items()}
    usual = {"street_class": "lane", "walkable": True, "barrier": False, "layer": 0, "one_way": None, "name": None}
    buildings, venues, walls, waters, gates = buildings or {}, venues or {}, walls or {}, waters or {}, gates or {}
    homes = [(community_of or {}).get(name, "C1") for name in buildings]
    everything = [shape for shape, _ in drawn.values()] + list(buildings.values())
    outline = shapely.box(*shapely.total_bounds(everything)).buffer(500) if everything else square(0, 0, 500)
    outlines = dict.fromkeys([*homes, "C1"], outline)
    return District(
        communities=_table("communities", outlines, {}),
        buildings=_table("buildings", buildings, {"community_id": homes, "households": households, "households_source": "given", "dedicated": False}),
        streets=_table(
            "streets",
            {name: shape for name, (shape, _) in drawn.items()},
            {key: [{**usual, **what}[key] for _, what in drawn.values()] for key in usual},
        ),
        barriers=_table("barriers", {**walls, **waters}, {"kind": ["wall"] * len(walls) + ["river"] * len(waters)}),
        gates=_table("gates", {name: shapely.Point(at) for name, at in gates.items()}, {"public": True}),
        venues=_table(
            "venues",
            {name: shapely.Point(x, y) for name, (x, y, _) in venues.items()},
            {"name": list(venues), "categories": [json.dumps(codes) for _, _, codes in venues.values()], "public": True},
        ),
    )


def _table(name: str, shapes: Mapping[str, Shape], columns: Mapping[str, Any]) -> gpd.GeoDataFrame:
    if not shapes:
        return empty_table(name, CRS)
    moved = [translate(shape, EAST_M, NORTH_M) for shape in shapes.values()]
    return typed_table(name, gpd.GeoDataFrame(dict(columns), geometry=moved, index=list(shapes), crs=CRS))


def graph_of(network: Network) -> nx.MultiDiGraph:
    """Return the network as networkx has it, with both directions of two-way edges."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.nodes))
    for a, b, cm, one_way in zip(network.a.tolist(), network.b.tolist(), network.length_cm.tolist(), network.one_way.tolist(), strict=True):
        graph.add_edge(a, b, weight=cm)
        if not one_way:
            graph.add_edge(b, a, weight=cm)
    return graph


def node_at(network: Network, x: float, y: float) -> int:
    """Return the one node at a place."""
    away = np.hypot(*(network.node_xy - (EAST_M + x, NORTH_M + y)).T)
    (found,) = np.flatnonzero(away < 0.002)
    return int(found)


def nodes_at(network: Network, x: float, y: float) -> int:
    """Return how many nodes there are at a place."""
    return int((np.hypot(*(network.node_xy - (EAST_M + x, NORTH_M + y)).T) < 0.002).sum())


def connected(network: Network, one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Return whether two places at which there is one node each hang together."""
    return bool(network.component[node_at(network, *one)] == network.component[node_at(network, *other)])
