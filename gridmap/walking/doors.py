"""Doors: where buildings and venues meet the street, and the way from the door to there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.walking.network import Network, Small
from gridmap.walking.segments import Floats, Geometries, Integers, Mask
from gridmap.walking.walls import Walls

ACCESS_M = 150.0
"""A door farther than this from every street has no street: across open ground nobody can tell from a map how people walk."""

PIECE_M = 20.0
"""Streets are looked at in pieces of at most this, so that a wall before one stretch of a street does not close the whole of it."""

RADII_M = (25.0, 50.0, 100.0, ACCESS_M)
"""Where the nearest street lies behind a wall, other pieces are looked for in widening circles."""

ON_BRIDGE_M = 5.0
"""What lies in the water stands on a bridge when it is so near to its middle: half as wide as wide bridges for those who walk."""

CM = 100.0
LINKED, NO_STREET, WALLED = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Doors:
    """For each thing in a table where its door meets the network: ``edge`` (-1 for none), ``position_cm`` from the edge's node a, ``access_cm``.

    ``state`` is LINKED, NO_STREET (no street within :data:`ACCESS_M`) or WALLED (streets, but none that can be reached without crossing a wall,
    water or a railway). ``leg`` is the way from the door to the street.
    """

    id: npt.NDArray[np.object_]
    edge: Small
    position_cm: Small
    access_cm: Small
    state: npt.NDArray[np.int8]
    leg: Geometries

    def __len__(self) -> int:
        return len(self.id)

    @property
    def linked(self) -> Mask:
        """Which of them have a door on the network."""
        return np.asarray(self.state == LINKED)

    def take(self, rows: Integers | Mask) -> Doors:
        """Return the doors of some rows."""
        return Doors(self.id[rows], self.edge[rows], self.position_cm[rows], self.access_cm[rows], self.state[rows], self.leg[rows])


class _Pieces(NamedTuple):
    """Straight pieces of edges: the line, its edge, and how far along the edge it begins, in metres."""

    line: Geometries
    edge: Integers
    begins_m: Floats


def doors(network: Network, ids: npt.NDArray[np.object_], places: Geometries, walls: Walls) -> Doors:
    """Return where each of ``places`` (footprints or points) meets the network: at the nearest place of a street that it can see.

    The way from the door, the nearest spot of the footprint, to the street is straight, crosses no wall, water or railway, is at most
    :data:`ACCESS_M` long, and counts in every distance. Where there is no such way it leads straight to a gate and from there on. Bridges and
    tunnels have no doors, except that what stands on a bridge over water, within :data:`ON_BRIDGE_M` of its middle, has its door there. What
    lies elsewhere in the water has none.
    """
    ground, bridges = _pieces(network, network.level == 0), _pieces(network, network.level > 0)
    count = len(places)
    places = shapely.force_2d(places)
    leg, piece, seen = _straight(places, ground, walls)
    if len(ground.line):
        _through_gates(leg, piece, np.flatnonzero(seen & (piece < 0)), places, ground, walls)
    _onto_bridges(leg, piece, places, bridges, len(ground.line), walls)
    line, of, begins_m = (np.concatenate(both) for both in zip(ground, bridges, strict=True))
    pieces = _Pieces(line, of, begins_m)
    linked = piece >= 0
    edge = np.where(linked, pieces.edge[piece], -1) if len(pieces.line) else np.full(count, -1)
    position, access = np.zeros(count), np.zeros(count)
    if linked.any():
        on_street = shapely.get_point(leg[linked], 0)
        position[linked] = pieces.begins_m[piece[linked]] + shapely.line_locate_point(pieces.line[piece[linked]], on_street)
        access[linked] = shapely.length(leg[linked])
    length_cm = np.where(linked, network.length_cm[edge] if network.edges else 0, 0)
    position_cm = np.clip(np.rint(position * CM), 0, length_cm).astype(np.int32)
    state = np.where(linked, LINKED, np.where(seen, WALLED, NO_STREET)).astype(np.int8)
    return Doors(ids, edge.astype(np.int32), position_cm, np.rint(access * CM).astype(np.int32), state, leg)


def arrivals(network: Network, goals: Doors) -> tuple[Small, Small, Integers]:
    """Return the nodes at which walks to each of ``goals`` leave the other streets, the centimetres from there to the goal, and where those of each
    goal begin: goal ``k`` has the nodes ``first[k]`` to ``first[k + 1]``, one on a one-way street and else two.

    All goals have doors. People come from node a always, and from node b unless the edge is one way.
    """
    edge, position, access = goals.edge, goals.position_cm, goals.access_cm
    both = ~network.one_way[edge]
    first = np.concatenate(([0], np.cumsum(1 + both.astype(np.int64))))
    node, start = np.empty(first[-1], dtype=np.int32), np.empty(first[-1], dtype=np.int32)
    node[first[:-1]], start[first[:-1]] = network.a[edge], position + access
    second = first[:-1][both] + 1
    node[second], start[second] = network.b[edge[both]], (network.length_cm[edge] - position + access)[both]
    return node, start, first


def _pieces(network: Network, edges: Mask) -> _Pieces:
    """Return the straight pieces of some edges, none longer than :data:`PIECE_M`."""
    row = np.repeat(np.arange(network.edges), np.diff(network.shape_at))
    along = row[1:] == row[:-1]
    start, step, edge = network.shape[:-1][along], np.diff(network.shape, axis=0)[along], row[:-1][along]
    length = np.hypot(step[:, 0], step[:, 1])
    total = np.concatenate(([0.0], np.cumsum(length)))[:-1]
    total -= total[np.searchsorted(edge, edge)]
    # Nobody's door is on an edge without length, such as a gate.
    kept = edges[edge] & (network.length_cm[edge] > 0)
    start, step, edge, length, total = start[kept], step[kept], edge[kept], length[kept], total[kept]
    number = np.maximum(np.ceil(length / PIECE_M), 1).astype(np.int64)
    of = np.repeat(np.arange(len(number)), number)
    turn = np.arange(len(of)) - np.repeat(np.cumsum(number) - number, number)
    ends = [start[of] + step[of] * ((turn + more) / number[of])[:, None] for more in (0, 1)]
    lines = shapely.linestrings(np.stack(ends, axis=1))
    return _Pieces(np.asarray(lines, dtype=object), edge[of], total[of] + length[of] * turn / number[of])


def _straight(places: Geometries, pieces: _Pieces, walls: Walls) -> tuple[Geometries, Integers, Mask]:
    """Return for each place its straight way to a street (None for none), the piece of street, and whether there is any street near."""
    leg, piece = np.full(len(places), None, dtype=object), np.full(len(places), -1)
    seen = np.zeros(len(places), dtype=bool)
    drawn = np.flatnonzero(~(shapely.is_missing(places) | shapely.is_empty(places)))
    if not len(pieces.line) or not len(drawn):
        return leg, piece, seen
    tree = shapely.STRtree(pieces.line)
    near, at = tree.query_nearest(places[drawn], max_distance=ACCESS_M)
    seen[drawn[near]] = True
    _choose(leg, piece, drawn[near], at, places, pieces, walls)
    for radius in RADII_M:
        rows = np.flatnonzero(seen & (piece < 0))
        near, at = tree.query(places[rows], predicate="dwithin", distance=radius)
        _choose(leg, piece, rows[near], at, places, pieces, walls)
    return leg, piece, seen


def _through_gates(leg: Geometries, piece: Integers, rows: Integers, places: Geometries, pieces: _Pieces, walls: Walls) -> None:
    """Fill in for each row the shortest way through a gate: straight to the gate, and straight from there to the street."""
    on, on_piece, _ = _straight(walls.gates, pieces, walls)
    gates = np.flatnonzero(on_piece >= 0)
    if not len(gates) or not len(rows):
        return
    near, gate = shapely.STRtree(walls.gates[gates]).query(places[rows], predicate="dwithin", distance=ACCESS_M)
    rows, gate = rows[near], gates[gate]
    legs = shapely.shortest_line(walls.gates[gate], places[rows])
    whole = shapely.length(legs) + shapely.length(on[gate])
    free = (whole <= ACCESS_M) & ~_barred(legs, walls)
    rows, gate, legs, whole = rows[free], gate[free], legs[free], whole[free]
    where = shapely.get_coordinates(walls.gates[gate])
    order = np.lexsort((where[:, 1], where[:, 0], np.rint(whole * CM), rows))
    chosen = order[np.unique(rows[order], return_index=True)[1]]
    corners = [shapely.get_point(on[gate[chosen]], 0), shapely.get_point(legs[chosen], 0), shapely.get_point(legs[chosen], 1)]
    bent = np.stack([shapely.get_coordinates(each) for each in corners], axis=1)
    leg[rows[chosen]], piece[rows[chosen]] = shapely.linestrings(bent), on_piece[gate[chosen]]


def _onto_bridges(leg: Geometries, piece: Integers, places: Geometries, bridges: _Pieces, first: int, walls: Walls) -> None:
    """Fill in the way to the middle of a bridge for what lies in the water and has no door; pieces of bridges are numbered from ``first``."""
    rows = np.flatnonzero(piece < 0)
    if not len(rows) or not len(bridges.line) or not len(walls.water):
        return
    rows = rows[np.unique(shapely.STRtree(walls.water).query(places[rows], predicate="covered_by")[0])]
    near, at = shapely.STRtree(bridges.line).query(places[rows], predicate="dwithin", distance=ON_BRIDGE_M)
    on = np.full(len(places), -1)
    _choose(leg, on, rows[near], at, places, bridges, replace(walls, closed=walls.walls))
    piece[on >= 0] = first + on[on >= 0]


def _choose(leg: Geometries, piece: Integers, rows: Integers, at: Integers, places: Geometries, pieces: _Pieces, walls: Walls) -> None:
    """Fill in for each row the shortest of its legs that crosses nothing; of equally long ones that to the most south-western place."""
    legs = shapely.shortest_line(pieces.line[at], places[rows])
    free = ~_barred(legs, walls)
    rows, at, legs = rows[free], at[free], legs[free]
    where = shapely.get_coordinates(shapely.get_point(legs, 0))
    order = np.lexsort((pieces.edge[at], where[:, 1], where[:, 0], np.rint(shapely.length(legs) * CM), rows))
    first = order[np.unique(rows[order], return_index=True)[1]]
    leg[rows[first]], piece[rows[first]] = legs[first], at[first]


def _barred(legs: Geometries, walls: Walls) -> Mask:
    """Tell which legs cross something that nobody walks through; to touch it with an end is not to cross it, unless the end lies in water."""
    barred = np.zeros(len(legs), dtype=bool)
    if len(legs) and len(walls.closed):
        leg, barrier = shapely.STRtree(walls.closed).query(legs, predicate="intersects")
        inside = shapely.relate_pattern(legs[leg], walls.closed[barrier], "T********")
        barred[leg[inside]] = True
    return barred
