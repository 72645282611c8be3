"""The walking network with its gates for residents: streets are cut there and joined one way, out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import shapely.ops

from gridmap.walking.gates import ResidentGates, crossings
from gridmap.walking.network import Network, Small, components_of, named_components
from gridmap.walking.segments import Floats, Integers, Mask

SIDE_M = 1.0
"""On which side of a gate a street lies is looked up so far from it."""

PASSAGE_M = 0.001
"""A gate is an edge of 0 cm; it is drawn a millimetre long, since a line without length is none to some programs."""


@dataclass(frozen=True, eq=False)
class _Edges:
    """Edges as in a network, with their corners as a list."""

    a: Integers
    b: Integers
    length_cm: Integers
    one_way: Mask
    level: Small
    street: Any
    shape: list[Floats]


def guarded_network(network: Network, gates: ResidentGates, streets: gpd.GeoDataFrame) -> Network:
    """Return the network in which gates for residents let people out and nobody in.

    Where a street passes such a gate it is cut, and an edge of 0 cm leads from the end inside to the end outside. Both ends are in components of
    their own unless another way joins them; in ``without_walls`` they stay together. Without such gates the network is returned as it is.
    """
    edge, cm, gap = crossings(network, gates) if len(gates) and network.edges else (np.empty(0, dtype=np.int64),) * 3
    if not len(edge):
        return network
    # At a crossroads in the gate all its streets may change ends, also those that rounding leaves a hair beside the wall.
    ends = np.concatenate((network.a[edge[cm == 0]], network.b[edge[cm == network.length_cm[edge]]]))
    touched = (network.level == 0) & (np.isin(network.a, ends) | np.isin(network.b, ends))
    whole = np.setdiff1d(np.flatnonzero(~touched), edge)
    edges, at, node_xy, origin = _cut(network, np.setdiff1d(np.arange(network.edges), whole), edge, cm)
    met = sorted({(at[where, stop], row) for where, stop, row in zip(edge.tolist(), cm.tolist(), gap.tolist(), strict=True)})
    edges, inner, outer = _parted(edges, met, gates, len(node_xy))
    if not len(inner):
        return network
    node_xy = np.concatenate((node_xy, node_xy[outer]))
    without_walls = network.without_walls[np.concatenate((origin, origin[outer]))]
    kept = np.repeat(np.isin(np.arange(network.edges), whole), np.diff(network.shape_at))
    passages = [np.stack((node_xy[node], node_xy[node] + (PASSAGE_M, 0.0))) for node in outer]
    corners = np.concatenate((np.diff(network.shape_at)[whole], [len(each) for each in [*edges.shape, *passages]]))
    a, b = np.concatenate((network.a[whole], edges.a)).astype(np.int32), np.concatenate((network.b[whole], edges.b)).astype(np.int32)
    length_cm = np.concatenate((network.length_cm[whole], edges.length_cm)).astype(np.int32)
    street = np.concatenate((network.street[whole], edges.street))
    component = components_of(a, b, len(node_xy), (a[:0], a[:0]))[0]
    component, names = named_components(component, a, length_cm, street, streets)
    passed = np.array([street[np.flatnonzero((a == node) | (b == node))[0]] for node in inner], dtype=object)
    none = np.zeros(len(inner), dtype=np.int32)
    return replace(
        network,
        node_xy=node_xy,
        a=np.concatenate((a, inner)).astype(np.int32),
        b=np.concatenate((b, outer)).astype(np.int32),
        length_cm=np.concatenate((length_cm, none)),
        one_way=np.concatenate((network.one_way[whole], edges.one_way, none == 0)),
        level=np.concatenate((network.level[whole], edges.level, none)).astype(np.int32),
        street=np.concatenate((street, passed)),
        shape=np.concatenate((network.shape[kept], *edges.shape, *passages)),
        shape_at=np.concatenate(([0], np.cumsum(corners))),
        component=component,
        without_walls=without_walls,
        names=names,
    )


def _cut(network: Network, touched: Integers, edge: Integers, cm: Integers) -> tuple[_Edges, dict[tuple[int, int], int], Floats, Integers]:
    """Cut ``touched`` edges at their crossings: return their pieces, the node at each (edge, cm), the places of all nodes, and a node that
    each hangs together with, which for old ones is itself.
    """
    at: dict[tuple[int, int], int] = {}
    more_xy: list[Floats] = []
    origin: list[int] = []
    rows: list[tuple[int, int, int, int]] = []
    shape: list[Floats] = []
    for row in touched.tolist():
        a, b, length = int(network.a[row]), int(network.b[row]), int(network.length_cm[row])
        drawn = shapely.LineString(network.shape[network.shape_at[row] : network.shape_at[row + 1]])
        at[row, 0], at[row, length] = a, b
        between = (edge == row) & (cm > 0) & (cm < length)
        stops = [0, *np.unique(cm[between]).tolist(), length]
        for stop in stops[1:-1]:
            at[row, stop] = network.nodes + len(more_xy)
            more_xy.append(np.asarray(drawn.interpolate(stop / length, normalized=True).coords[0]))
            origin.append(a)
        for start, stop in itertools.pairwise(stops):
            rows.append((at[row, start], at[row, stop], stop - start, row))
            shape.append(np.asarray(shapely.ops.substring(drawn, start / max(length, 1), stop / max(length, 1), normalized=True).coords))
    a_, b_, length_, of = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    pieces = _Edges(a_, b_, length_, network.one_way[of], network.level[of], network.street[of], shape)
    node_xy = np.concatenate((network.node_xy, np.array(more_xy).reshape(-1, 2)))
    return pieces, at, node_xy, np.concatenate((np.arange(network.nodes), np.array(origin, dtype=np.int64)))


def _parted(edges: _Edges, met: list[tuple[int, int]], gates: ResidentGates, nodes: int) -> tuple[_Edges, Integers, Integers]:
    """Give the streets that lie inside a gate an end of their own there; return the edges, and the ends inside and outside of each passage."""
    ends = np.stack((edges.a, edges.b))
    inner: list[int] = []
    outer: list[int] = []
    for node, gap in met:
        sides = [(side, int(row)) for side in (0, 1) for row in np.flatnonzero((ends[side] == node) & (edges.level == 0))]
        inside = [(side, row) for side, row in sides if gates.inside[gap].intersects(_near(edges.shape[row], side))]
        if 0 < len(inside) < len(sides):
            for side, row in inside:
                ends[side, row] = nodes + len(inner)
            inner.append(nodes + len(inner))
            outer.append(node)
    return replace(edges, a=ends[0], b=ends[1]), np.array(inner, dtype=np.int64), np.array(outer, dtype=np.int64)


def _near(shape: Floats, side: int) -> Any:
    """Return a place on an edge close to its beginning, or to its end."""
    drawn = shapely.LineString(shape if side == 0 else shape[::-1])
    return drawn.interpolate(min(SIDE_M, drawn.length / 2))
