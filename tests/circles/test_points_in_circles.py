"""Circles against brute force: 2,000 places for each venue, walked by networkx, and the exact buffer of what can be reached of each street."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
import pytest
import shapely
import shapely.ops
from walks import graph_of

from gridmap.circles.areas import WIDTH_M, venue_circles
from gridmap.circles.coverage import Coverage, coverage
from gridmap.circles.limits import walk_limit
from gridmap.ground.sample import sample_district
from gridmap.ground.tables import District, empty_table
from gridmap.rules import load_rules
from gridmap.walking.walls import walls_of

pytestmark = pytest.mark.slow

RULES = load_rules("nantong")
PLACES = 2000
LIMIT = walk_limit(RULES, "default", 8)
NEAR_RIM_M = 1.5
"""So near to the rim a place may be on either side of it: the outline is read from a raster of 10 m."""

SLIVER_M2 = 25.0
"""What the raster does not see: gaps of a quarter of a cell between streets that nearly close."""


def reached_streets(found: Coverage, door: int, limit_cm: int) -> Any:
    """Return the parts of streets from which one walks to a venue within the limit, and the way to its door; edges are cut by hand."""
    network, venues = found.network, found.venue_doors
    edge, at, access = int(venues.edge[door]), int(venues.position_cm[door]), int(venues.access_cm[door])
    graph = graph_of(network).reverse(copy=False)
    there: dict[int, int] = {}
    begun = [(int(network.a[edge]), at)] + ([] if network.one_way[edge] else [(int(network.b[edge]), int(network.length_cm[edge]) - at)])
    for node, walked in begun:
        for other, cm in nx.single_source_dijkstra_path_length(graph, node, cutoff=limit_cm).items():
            there[other] = min(there.get(other, 2**40), cm + walked + access)
    parts = []
    for row, line in enumerate(network.lines()):
        length, both = int(network.length_cm[row]), not network.one_way[row]
        spans = [(length - (limit_cm - there.get(int(network.b[row]), 2**40)), length)]
        spans += [(0, limit_cm - there.get(int(network.a[row]), 2**40))] if both else []
        if row == edge:
            spans.append((at - (limit_cm - access), at + (limit_cm - access) if both else at))
        for start, end in spans:
            start, end = max(start, 0), min(end, length)
            if start <= end and length:
                parts.append(shapely.ops.substring(line, start / length, end / length, normalized=True))
    return shapely.union_all([*parts, venues.leg[door]])


def open_ground(district: District) -> District:
    return district.with_tables({name: empty_table(name, district.crs) for name in ("barriers", "gates")})


@pytest.fixture(scope="module")
def sample() -> District:
    return sample_district(1500, seed=3)


def venues_of(district: District, cell_m: float = 10.0) -> Iterator[tuple[Any, Any]]:
    """Give for each venue with a door its circle and the streets that it reaches, both exact."""
    found = coverage(district, RULES)
    circles = venue_circles(found, walls_of(district), [LIMIT], cell_m=cell_m).set_index("venue_id").geometry
    for door in np.flatnonzero(found.venue_doors.linked):
        yield circles[found.venue_doors.id[door]], reached_streets(found, int(door), LIMIT.limit_cm)


def test_a_place_is_in_the_circle_exactly_when_a_street_beside_it_is_reached(sample: District) -> None:
    rng = np.random.default_rng(1)
    venues = 0
    for circle, streets in venues_of(open_ground(sample)):
        west, south, east, north = streets.buffer(2 * WIDTH_M).bounds
        places = shapely.points(rng.uniform(west, east, PLACES), rng.uniform(south, north, PLACES))
        away = shapely.distance(places, streets)
        told = shapely.contains(circle, places)
        sure = np.abs(away - WIDTH_M) > NEAR_RIM_M
        np.testing.assert_array_equal(told[sure], away[sure] < WIDTH_M)
        assert 0.05 < told.mean() < 0.95
        venues += 1
    assert venues > 5


@pytest.mark.parametrize(("cell_m", "least"), [(10.0, 0.98), (5.0, 0.995)])
def test_circles_are_the_exact_buffers_of_what_is_reached(sample: District, cell_m: float, least: float) -> None:
    for circle, streets in venues_of(open_ground(sample), cell_m):
        exact = streets.buffer(WIDTH_M, quad_segs=32)
        assert shapely.intersection(circle, exact).area / shapely.union(circle, exact).area >= least


def test_between_walls_places_on_reached_streets_are_inside_and_nothing_is_beyond_them(sample: District) -> None:
    rng = np.random.default_rng(2)
    for circle, streets in venues_of(sample):
        lines = shapely.get_parts(streets)
        lines = lines[shapely.length(lines) > 0]
        chosen = rng.choice(len(lines), PLACES, p=shapely.length(lines) / shapely.length(lines).sum())
        on_streets = shapely.line_interpolate_point(lines[chosen], rng.uniform(0, 1, PLACES), normalized=True)
        assert shapely.distance(circle, on_streets).max() < 0.5
        beyond = shapely.get_parts(shapely.difference(circle, streets.buffer(WIDTH_M + NEAR_RIM_M)))
        assert shapely.area(beyond).max(initial=0) < SLIVER_M2
