"""Service circles on the map: what lies along the streets from which a venue can be reached in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridmap.circles.clipping import FAILED, FINE, marks_of
from gridmap.circles.compounds import Faces, faces_of
from gridmap.circles.coverage import Coverage
from gridmap.circles.drawing import Asked, Streets, draw, spared_lines
from gridmap.circles.lands import corners_of_edges, land_between
from gridmap.circles.limits import Limit
from gridmap.circles.polygons import areas_of
from gridmap.progress import Progress, silent
from gridmap.walking.doors import Doors, arrivals
from gridmap.walking.network import Network
from gridmap.walking.reach import FAR, Arcs, Reached, arcs, nearest, reached
from gridmap.walking.segments import Geometries, Integers
from gridmap.walking.walls import Walls

WIDTH_M = 25.0
"""A circle reaches so far to both sides of its streets: the depth of a usual plot; whether a building is covered is told by its own door."""

CELL_M = 10.0
"""Width of the raster from which circles are read: 99 % of exact ones, 98 % at least; 5 m gives 99.8 %, 99.5 % at least."""

TILE_M = 10_000.0
"""Circles of venues in one square of this width are drawn together: they share what is known of the streets and walls around them."""

AT_ONCE = 64
"""So many circles are drawn before progress is told."""

SIMPLE_M = 0.5
"""Corners of streets so near to a straight line between others are left out where a street is drawn as a whole."""

SPARED_M = 14.0
"""Straight stretches no longer than this are not drawn where those at both their ends are: the outline beside their middle sags by a metre."""

ASKEW = ((0.0137, 0.0291), (0.3719, 0.2113), (0.7057, 0.5839))
"""The raster begins at these shares of a cell beside whole metres, so that walls drawn in whole metres do not run through its points. The second and
third are for circles that cannot be told from a wall at the first."""

ASKEW_M = 7e-6
"""So much wider are outlines drawn, so that none runs along a wall that stands just :data:`WIDTH_M` beside a street."""


def venue_circles(
    coverage: Coverage, walls: Walls, limits: Sequence[Limit] | None = None, *, cell_m: float = CELL_M, progress: Progress = silent
) -> gpd.GeoDataFrame:
    """Return the circle of each venue for each limit (by default that of the coverage): ``venue_id``, ``minutes``, ``limit_cm``, and the area.

    A circle holds every place on a street from which one can walk to the venue within the limit, edges in part where the limit falls on them, and
    :data:`WIDTH_M` beside. It does not cross walls, water or railways, except along streets that do. Longer limits hold shorter ones.
    """
    limits = sorted(limits or [coverage.limit], key=lambda each: each.limit_cm)
    network, venues = coverage.network, coverage.venue_doors.take(coverage.venue_doors.linked)
    node, start, first = arrivals(network, venues)
    found = reached(_towards(network), node, start, first, limit_cm=limits[-1].limit_cm)
    areas = np.empty((len(venues), len(limits)), dtype=object)
    done = 0
    for rows in _tiles(network, venues):
        progress("step_circles", done, len(venues))
        canvas = _Canvas(network, faces_of(walls), _taken(found, rows), venues.take(rows), np.arange(len(rows) + 1), limits, cell_m)
        for part, drawn in canvas.areas():
            areas[rows[part]] = drawn
            done += len(drawn)
            progress("step_circles", done, len(venues))
    progress("step_circles", len(venues), len(venues))
    table = {
        "venue_id": [str(venue) for venue in venues.id for _ in limits],
        "minutes": [limit.minutes for limit in limits] * len(venues),
        "limit_cm": [limit.limit_cm for limit in limits] * len(venues),
    }
    return gpd.GeoDataFrame(table, geometry=areas.ravel(), crs=network.crs)


def category_circles(coverage: Coverage, walls: Walls, limits: Sequence[Limit] | None = None, *, cell_m: float = CELL_M) -> gpd.GeoDataFrame:
    """Return for each category and limit the land within reach of any of its venues: ``category``, ``minutes``, ``limit_cm``, and the area.

    A category without a venue that has a door has no row.
    """
    limits = sorted(limits or [coverage.limit], key=lambda each: each.limit_cm)
    network, graph = coverage.network, _towards(coverage.network)
    linked = coverage.venue_doors.take(coverage.venue_doors.linked)
    rows: list[dict[str, Any]] = []
    areas: list[Any] = []
    for category in coverage.rules.categories:
        venues = linked.take(np.array([category in coverage.categories[venue] for venue in linked.id], dtype=bool))
        if not len(venues):
            continue
        node, start, _ = arrivals(network, venues)
        source = np.zeros(len(node), dtype=np.int32)
        distance = np.ascontiguousarray(nearest(graph, node, start, source, limit_cm=limits[-1].limit_cm).distance_cm)
        nodes = np.flatnonzero(distance != FAR).astype(np.int32)
        found = Reached(np.array([0, len(nodes)]), nodes, distance[nodes])
        canvas = _Canvas(network, faces_of(walls), found, venues, np.array([0, len(venues)]), limits, cell_m)
        for _, drawn in canvas.areas():
            areas.extend(drawn[0])
        rows.extend({"category": category, "minutes": limit.minutes, "limit_cm": limit.limit_cm} for limit in limits)
    columns = {name: [row[name] for row in rows] for name in ("category", "minutes", "limit_cm")}
    return gpd.GeoDataFrame(columns, geometry=areas, crs=network.crs)


@lru_cache(maxsize=2)
def _towards(network: Network) -> Arcs:
    """Return the arcs on which one searches for those who walk to a venue; those of the networks asked about last are kept."""
    return arcs(network, towards=True)


@lru_cache(maxsize=2)
def _streets(network: Network) -> Streets:
    """Return the network for kernels; those asked about last are kept."""
    ends = np.concatenate((network.a, network.b))
    first = np.zeros(network.nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(ends, minlength=network.nodes), out=first[1:])
    step = np.diff(network.shape, axis=0, prepend=network.shape[:1])
    along = np.cumsum(np.hypot(step[:, 0], step[:, 1]))
    edge = np.repeat(np.arange(network.edges), np.diff(network.shape_at))
    along -= along[network.shape_at[:-1]][edge]
    drawn = np.maximum(along[network.shape_at[1:] - 1], 1e-9)
    order = np.argsort(ends, kind="stable")
    of, at_a = order % max(network.edges, 1), order < network.edges
    other = np.where(at_a, network.b[of], network.a[of])
    arc = np.column_stack((of, other, network.length_cm[of], at_a + 2 * network.one_way[of])).astype(np.int32)
    shape = np.ascontiguousarray(network.shape)
    along = along / drawn[edge] * network.length_cm[edge]
    corner, owner = shapely.get_coordinates(shapely.simplify(network.lines(), SIMPLE_M, preserve_topology=False), return_index=True)
    begin = np.flatnonzero(owner[1:] == owner[:-1])
    line, of_line = np.hstack((corner[begin], corner[begin + 1])), owner[begin]
    # Corners between lines are places of their own beside the nodes.
    at_begin, at_end = network.nodes + begin, network.nodes + begin + 1
    starts, ends_edge = np.diff(of_line, prepend=-1) != 0, np.diff(of_line, append=-1) != 0
    at_begin[starts], at_end[ends_edge] = network.a[of_line[starts]], network.b[of_line[ends_edge]]
    two_way = (~network.one_way & (network.length_cm > 0))[of_line]
    spared = spared_lines(at_begin, at_end, np.hypot(line[:, 2] - line[:, 0], line[:, 3] - line[:, 1]) <= SPARED_M, two_way)
    # Those in the middle of an edge are drawn with it by the others at any time, those at its ends come last.
    at_node = starts | ends_edge
    kept = np.flatnonzero(~spared | at_node)
    kept = kept[np.lexsort((spared[kept], of_line[kept]))]
    line_from = np.searchsorted(of_line[kept], np.arange(network.edges + 1))
    spared_from = line_from[1:] - np.bincount(of_line[kept], weights=spared[kept], minlength=network.edges).astype(np.int64)
    return Streets(first, arc, network.length_cm, network.one_way, network.level, shape, network.shape_at, along, line[kept], line_from, spared_from)


def _tiles(network: Network, venues: Doors) -> Iterator[Integers]:
    """Return the rows of the venues in each square of :data:`TILE_M`, so that memory does not grow with the land."""
    square = np.floor(network.shape[network.shape_at[venues.edge]] / TILE_M)
    order = np.lexsort(square.T)
    return (rows for rows in np.split(order, np.flatnonzero((np.diff(square[order], axis=0) != 0).any(axis=1)) + 1) if len(rows))


def _taken(found: Reached, rows: Integers) -> Reached:
    """Return what some of the sources reach."""
    count = np.diff(found.first)[rows]
    first = np.concatenate(([0], np.cumsum(count)))
    at = np.repeat(found.first[rows] - first[:-1], count) + np.arange(first[-1])
    return Reached(first, found.node[at], found.distance_cm[at])


class _Canvas:
    """What circles close to each other are drawn on: the streets that any of them reaches and the faces that these lie in.

    Circle ``c`` is that of the venues ``venue_from[c]`` to ``venue_from[c + 1]``, which the nodes in ``found`` are within reach of.
    """

    def __init__(
        self, network: Network, faces: Faces, found: Reached, venues: Doors, venue_from: Integers, limits: Sequence[Limit], cell_m: float,
        turn: int = 0,
    ) -> None:  # fmt: skip
        self.network, self.faces, self.found, self.venues, self.venue_from = network, faces, found, venues, venue_from
        self.limits, self.cell_m, self.turn = limits, cell_m, turn
        at_node = np.zeros(network.nodes, dtype=bool)
        at_node[found.node] = True
        touched = at_node[network.a] | at_node[network.b]
        touched[venues.edge] = True
        self.edges = np.flatnonzero(touched)
        self.leg, self.leg_of = shapely.get_coordinates(venues.leg, return_index=True)
        self.corners = corners_of_edges(network, self.edges)[0]
        places = np.concatenate((network.shape[self.corners], self.leg))
        margin = WIDTH_M + 4 * cell_m
        low, high = places.min(axis=0) - margin, places.max(axis=0) + margin
        self.land = land_between(network, faces, tuple(low), tuple(high), cell_m, ASKEW[turn])

    def areas(self) -> Iterator[tuple[slice, Geometries]]:
        """Return the areas of some circles after the others: which circles, and a row for each of them with a column for each limit."""
        streets, cell = _streets(self.network), self.cell_m
        (from_x, from_y), near, behind, bridges, rims = self.land
        asked = self._asked()
        entered, bridged, marks = np.zeros(len(near.faces), np.int32), np.zeros(bridges, np.int32), marks_of(len(rims.x) // 2)
        whole, distance = np.zeros(self.network.edges, dtype=np.int32), np.full(self.network.nodes, FAR, dtype=np.int32)
        pieces = np.empty((self._pieces_at_most(streets), 4))
        limits = np.array([limit.limit_cm for limit in self.limits])
        circles = len(self.found.first) - 1
        for begin in range(0, circles, AT_ONCE):
            end = min(begin + AT_ONCE, circles)
            places, rings, parts, first, state = draw(
                asked, limits, distance, streets, from_x, from_y, behind, entered, bridged, rims, marks,
                whole, begin, end, FAR, WIDTH_M + ASKEW_M, cell, pieces,
            )  # fmt: skip
            drawn, state = areas_of(places + self.land.origin, rings, parts, first), state.reshape(-1, len(limits))
            yield slice(begin, end), self._nested(self._mended(drawn.reshape(state.shape), state, begin))

    def _pieces_at_most(self, streets: Streets) -> int:
        """Return how many straight pieces a circle can have: edges as a whole, in part from both ends and from doors, and the ways from these."""
        lines = (streets.line_from[self.edges + 1] - streets.line_from[self.edges]).sum()
        return int(lines + 2 * len(self.corners) + np.diff(self.network.shape_at)[self.venues.edge].sum() + len(self.leg))

    def _mended(self, drawn: Geometries, state: Any, begin: int) -> Geometries:
        """Return areas that are valid: where rings may touch one another that is looked at, and what could not be cut is drawn once more."""
        doubtful = drawn[state != FINE]
        if len(doubtful):
            broken = ~shapely.is_valid(doubtful)
            doubtful[broken] = _valid(doubtful[broken])
            drawn[state != FINE] = doubtful
        for row in np.flatnonzero((state == FAILED).any(axis=1)):
            if self.turn + 1 < len(ASKEW):
                circle = begin + row
                venues = np.arange(self.venue_from[circle], self.venue_from[circle + 1])
                again = _Canvas(
                    self.network, self.faces, _taken(self.found, np.array([circle])), self.venues.take(venues), np.array([0, len(venues)]),
                    self.limits, self.cell_m, self.turn + 1,
                )  # fmt: skip
                for _, areas in again.areas():
                    drawn[row] = areas[0]
        return drawn

    def _nested(self, drawn: Geometries) -> Geometries:
        """Return areas of which each holds those of shorter limits to the last centimetre."""
        for turn in range(1, drawn.shape[1]):
            drawn[:, turn] = shapely.union(drawn[:, turn], drawn[:, turn - 1])
        return drawn

    def _asked(self) -> Asked:
        leg = np.flatnonzero(np.diff(self.leg_of) == 0)
        ways, near = self.leg - self.land.origin, self.land.near
        leg_from = np.searchsorted(self.leg_of[leg], np.arange(len(self.venues) + 1))
        face, way = shapely.STRtree(self.venues.leg).query(near.within, predicate="intersects")
        way, face = way[~near.wet[face]], face[~near.wet[face]]
        order = np.argsort(way, kind="stable")
        behind_from = np.searchsorted(way[order], np.arange(len(self.venues) + 1))
        return Asked(
            self.found.first, self.found.node, self.found.distance_cm, self.venue_from, self.venues.edge, self.venues.position_cm,
            self.venues.access_cm, np.hstack((ways[leg], ways[leg + 1])), leg_from, face[order].astype(np.int32), behind_from,
        )  # fmt: skip


def _valid(areas: Geometries) -> Geometries:
    """Return areas made valid, their polygons alone."""
    parts, owner = shapely.get_parts(shapely.make_valid(areas, method="structure"), return_index=True)
    flat = shapely.get_dimensions(parts) == 2
    made = np.empty(len(areas), dtype=object)
    made[:] = [shapely.union_all(parts[flat & (owner == k)]) for k in range(len(areas))]
    return made
