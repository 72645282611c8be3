"""Circle polygons against exact buffers of partial edges, and against walks from places in and outside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
import shapely.ops
from hypothesis import example, given, settings
from hypothesis import strategies as st
from walks import EAST_M, NORTH_M, draw_walks, line

from gridmap.circles.areas import CELL_M, WIDTH_M, category_circles, venue_circles
from gridmap.circles.compounds import BRIDGE_M
from gridmap.circles.coverage import coverage
from gridmap.circles.lands import _land
from gridmap.circles.limits import walk_limit
from gridmap.circles.rasters import outline
from gridmap.ground.sample import sample_district
from gridmap.rules import load_rules
from gridmap.walking.walls import walls_of

RULES = load_rules("nantong")
LIMITS = [walk_limit(RULES, "default", minutes) for minutes in (5, 10, 15)]


def circle(streets: dict[str, Any], x: float, y: float, minutes: float = 1, **more: Any) -> Any:
    district = draw_walks(streets, venues={"v": (x, y, ["medical"])}, **more)
    found = coverage(district, RULES, minutes=minutes)
    (area,) = venue_circles(found, walls_of(district), cell_m=2.0).geometry
    return shapely.transform(area, lambda xy: xy - (EAST_M, NORTH_M))


def iou(one: Any, other: Any) -> float:
    return shapely.intersection(one, other).area / shapely.union(one, other).area


places = st.tuples(st.floats(0, 500), st.floats(0, 500))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(places, places).filter(lambda ends: ends[0] != ends[1]), min_size=1, max_size=20))
@example([((0.0, 0.0), (0.0, 5e-324))])
def test_outlines_are_valid_and_near_the_exact_buffer(drawn: list[Any]) -> None:
    segments = np.array(drawn).reshape(-1, 4)
    exact = shapely.union_all(shapely.buffer(shapely.linestrings(segments.reshape(-1, 2, 2)), WIDTH_M, quad_segs=32))
    for cell_m, least in ((10.0, 0.97), (5.0, 0.99)):
        drawn_area = outline(segments, WIDTH_M, cell_m)
        assert drawn_area.is_valid
        assert iou(drawn_area, exact) >= least


def test_a_hole_stays_a_hole() -> None:
    square = np.array([[0, 0, 200, 0], [200, 0, 200, 200], [200, 200, 0, 200], [0, 200, 0, 0]], dtype=float)
    assert len(outline(square, WIDTH_M, 5.0).interiors) == 1


def test_corners_between_streets_are_drawn_and_small_circles_are_as_exact() -> None:
    for size in (0, 20, 300, 700):
        segments = np.array([[0, 0, size, 0], [0, 0, 0, size], [0, size / 2, size, size / 2 + 7]], dtype=float)
        exact = shapely.union_all(shapely.buffer(shapely.linestrings(segments.reshape(-1, 2, 2)), WIDTH_M, quad_segs=32))
        assert iou(outline(segments, WIDTH_M, 10.0), exact) >= 0.985
        assert iou(outline(segments, WIDTH_M, 5.0), exact) >= 0.995


def test_an_edge_is_reached_in_part() -> None:
    area = circle({"we": line((0, 0), (1000, 0))}, 500, 0)
    assert iou(area, line((425, 0), (575, 0)).buffer(WIDTH_M)) > 0.98


def test_the_way_from_the_street_counts() -> None:
    area = circle({"we": line((0, 0), (1000, 0))}, 500, 30)
    exact = shapely.union_all([line((455, 0), (545, 0)), line((500, 0), (500, 30))]).buffer(WIDTH_M)
    assert iou(area, exact) > 0.98


def test_a_one_way_street_is_within_reach_from_one_side() -> None:
    area = circle({"we": (line((0, 0), (1000, 0)), {"one_way": True})}, 500, 0)
    assert iou(area, line((425, 0), (500, 0)).buffer(WIDTH_M)) > 0.98


def test_a_loop_street_is_entered_from_both_its_ends() -> None:
    loop = line((500, 0), (700, 0), (700, 200), (500, 200), (500, 0))
    area = circle({"we": line((0, 0), (500, 0)), "loop": loop}, 490, 0)
    assert shapely.contains_xy(area, [560, 500], [0, 60]).all()


def test_walls_just_as_far_from_a_street_as_circles_reach() -> None:
    yard = shapely.box(420, WIDTH_M, 520, 90)
    area = circle({"we": line((0, 0), (1000, 0))}, 480, 0, walls={"w": yard.exterior})
    assert area.is_valid
    assert shapely.intersection(area, yard).area < 1


def test_no_circle_lies_behind_a_wall_that_nobody_passes() -> None:
    yard = shapely.box(450, 5, 550, 100)
    area = circle({"we": line((0, 0), (1000, 0)), "lane": line((500, 10), (500, 90))}, 480, 0, walls={"w": yard.exterior})
    assert shapely.intersection(area, yard).area < 1


def test_through_a_gate_the_circle_goes_in() -> None:
    yard = shapely.box(450, 5, 550, 100)
    streets = {"we": line((0, 0), (1000, 0)), "lane": line((500, 0), (500, 90))}
    area = circle(streets, 480, 0, walls={"w": yard.exterior}, gates={"g": (500, 5)})
    assert shapely.contains_xy(area, 500, 40)


def test_a_venue_in_a_yard_without_streets_lies_in_its_circle() -> None:
    yard = shapely.box(450, 5, 550, 100)
    area = circle({"we": line((0, 0), (1000, 0))}, 500, 40, walls={"w": yard.exterior}, gates={"g": (500, 5)})
    assert shapely.contains_xy(area, 500, 39)


def test_no_circle_covers_water() -> None:
    river = shapely.box(-100, 10, 1100, 20)
    area = circle({"we": line((0, 0), (1000, 0)), "other": line((0, 30), (1000, 30))}, 500, 0, waters={"r": river})
    assert shapely.intersection(area, river).area < 1


def test_a_bridge_carries_the_circle_over_water() -> None:
    river = shapely.box(400, -100, 450, 100)
    streets = {"west": line((0, 0), (395, 0)), "bridge": (line((395, 0), (455, 0)), {"layer": 1}), "east": line((455, 0), (1000, 0))}
    area = circle(streets, 380, 0, minutes=2, waters={"r": river})
    assert area.geom_type == "Polygon"
    assert shapely.contains_xy(area, 480, 0)
    assert shapely.intersection(area, river).area < 60 * 12


@pytest.mark.parametrize("bridge", [line((395, 0), (605, 0)), line((395, 0), (470, 0), (520, 30), (605, 30))])
def test_a_bridge_is_drawn_no_farther_than_it_is_reached(bridge: Any) -> None:
    river = shapely.box(400, -100, 600, 100)
    streets = {"west": line((0, 0), (395, 0)), "bridge": (bridge, {"layer": 1}), "east": line(bridge.coords[-1], (1000, 30))}
    area = circle(streets, 380, 0, minutes=2, waters={"r": river})
    reached = shapely.ops.substring(bridge, 0, 150 - 15)
    assert shapely.covers(area, reached.buffer(1))
    beyond = shapely.ops.substring(bridge, 150 - 15 + BRIDGE_M + 0.1, bridge.length)
    assert not shapely.intersects(area, beyond)
    over_water_m = shapely.intersection(reached, river).length + BRIDGE_M / 2
    assert shapely.intersection(area, river).area == pytest.approx(over_water_m * 2 * BRIDGE_M, rel=0.05)


def test_the_circle_of_a_venue_on_a_bridge_covers_the_bridge_and_no_other_water() -> None:
    river = shapely.box(400, -100, 600, 100)
    streets = {"west": line((0, 0), (395, 0)), "bridge": (line((395, 0), (605, 0)), {"layer": 1}), "east": line((605, 0), (1000, 0))}
    area = circle(streets, 500, 3, minutes=2, waters={"r": river})
    assert shapely.contains_xy(area, [500, 500, 620, 380], [0, 3, 0, 0]).all()
    assert shapely.intersection(area, river).area == pytest.approx(200 * 2 * BRIDGE_M, rel=0.05)


@pytest.mark.parametrize(("bridge_to_island", "reached"), [(False, False), (True, True)])
def test_an_island_beside_a_bridge_is_covered_when_a_bridge_leads_there(bridge_to_island: bool, reached: bool) -> None:
    island = shapely.box(480, 12, 520, 60)
    river = shapely.box(400, -100, 600, 100).difference(island)
    streets = {"west": line((0, 0), (395, 0)), "bridge": (line((395, 0), (500, 0), (605, 0)), {"layer": 1}), "east": line((605, 0), (1000, 0))}
    if bridge_to_island:
        streets |= {"branch": (line((500, 0), (500, 15)), {"layer": 1}), "lane": line((500, 15), (500, 55))}
    area = circle(streets, 380, 0, minutes=5, waters={"r": river})
    assert shapely.contains_xy(area, 500, 40) == reached
    assert shapely.intersection(area, island).area == pytest.approx(island.area if reached else 0, rel=0.05, abs=1)


def test_short_edges_between_drawn_ones_leave_no_notch() -> None:
    ways = {f"s{k}": line((8 * k, 0), (8 * k + 8, 0)) for k in range(20)}
    area = circle(ways | {f"u{k}": line((8 * k, 0), (8 * k, 300)) for k in range(0, 20, 2)}, 80, 0, minutes=3)
    exact = shapely.union_all([line((0, 0), (160, 0)), *(line((8 * k, 0), (8 * k, 225 - abs(8 * k - 80))) for k in range(0, 20, 2))]).buffer(WIDTH_M)
    assert iou(area, exact) > 0.985


def test_short_stretches_of_a_bending_street_leave_no_notch() -> None:
    bend = shapely.Point(0, 0).buffer(60, quad_segs=12).exterior.segmentize(7)
    exact = shapely.union_all([bend, line((60, 0), (200, 0))]).buffer(WIDTH_M)
    assert iou(circle({"bend": bend, "we": line((60, 0), (200, 0))}, 60, 0, minutes=10), exact) > 0.985


def test_the_land_is_told_once_for_venues_close_to_each_other() -> None:
    _land.cache_clear()
    streets = {"we": line((0, 0), (1000, 0))}
    district = draw_walks(streets, venues={"v": (400, 0, ["medical"]), "w": (600, 0, ["medical"])})
    found, walls = coverage(district, RULES, minutes=1), walls_of(district)
    for _ in range(2):
        venue_circles(found, walls)
    assert _land.cache_info().misses == 1


corner = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda place: (place[0] * 50.0, place[1] * 50.0))
ways = st.lists(st.lists(corner, min_size=2, max_size=4, unique=True), min_size=2, max_size=7)
spots = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 600)), min_size=2, max_size=5, unique=True)
yards = st.lists(st.tuples(corner, corner).filter(lambda ends: ends[0][0] != ends[1][0] and ends[0][1] != ends[1][1]), max_size=2)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(ways, spots, yards)
def test_other_venues_change_nothing_of_a_circle(drawn: Any, spots: Any, yards: Any) -> None:
    """With bridges, walls and water, drawn alone and with the others."""
    district = draw_walks(
        {f"s{number}": (line(*corners), {"layer": number % 3 % 2, "one_way": number % 5 == 4}) for number, corners in enumerate(drawn)},
        venues={f"v{number}": (float(x), float(y), ["medical"]) for number, (x, y) in enumerate(spots)},
        walls={f"w{number}": shapely.box(*np.ravel(each)).exterior for number, each in enumerate(yards[:1])},
        waters={f"r{number}": shapely.box(*np.ravel(each)) for number, each in enumerate(yards[1:])},
    )
    together = circles_of(district)
    for venue in district.venues.index:
        alone = circles_of(district.with_tables({"venues": district.venues.loc[[venue]]}))
        assert list(alone) == ([venue] if venue in together else [])
        for one, other in zip(alone.get(venue, ()), together.get(venue, ()), strict=True):
            assert shapely.symmetric_difference(one, other).area < 1e-3


def circles_of(district: Any) -> dict[str, list[Any]]:
    """Return the circles of each venue that has a door, the shortest first."""
    drawn = venue_circles(coverage(district, RULES), walls_of(district), LIMITS[:2])
    return {str(venue): list(rows.geometry) for venue, rows in drawn.groupby("venue_id")}


@pytest.fixture(scope="module")
def sample() -> Any:
    district = sample_district(2000, seed=2)
    found = coverage(district, RULES, minutes=15)
    return district, found, walls_of(district)


@pytest.mark.slow
def test_circles_are_valid_nested_and_hold_their_venue(sample: Any) -> None:
    district, found, walls = sample
    table = venue_circles(found, walls, LIMITS).set_index(["venue_id", "minutes"]).geometry
    assert table.is_valid.all()
    wide = table.unstack()
    assert shapely.covers(wide[10].buffer(0.01).to_numpy(), wide[5].to_numpy()).all()
    assert shapely.covers(wide[15].buffer(0.01).to_numpy(), wide[10].to_numpy()).all()
    assert wide[5].contains(district.venues.geometry.loc[wide.index]).all()


@pytest.mark.slow
def test_the_circle_of_a_category_is_that_of_all_its_venues(sample: Any) -> None:
    _, found, walls = sample
    whole = category_circles(found, walls, LIMITS[1:2]).set_index("category").geometry
    each = venue_circles(found, walls, LIMITS[1:2]).set_index("venue_id").geometry
    for category, area in whole.items():
        own = [venue for venue in each.index if category in found.categories[venue]]
        assert iou(area, shapely.union_all(each[own].to_numpy())) > 0.97


@pytest.mark.slow
def test_places_on_streets_are_inside_exactly_when_the_walk_is_short_enough(sample: Any) -> None:
    _, found, walls = sample
    venue = found.venue_doors.id[0]
    area = venue_circles(found, walls, LIMITS[1:2]).set_index("venue_id").geometry[venue]
    homes = found.table[(found.table["category"] == found.categories[venue][0]) & (found.table["nearest_venue_id"] == venue)]
    metres = homes.set_index("building_id")["metres"]
    on_street = {door: shapely.get_point(leg, 0) for door, leg in zip(found.doors.id, found.doors.leg, strict=True)}
    access = dict(zip(found.doors.id, found.doors.access_cm / 100, strict=True))
    for building, walked in metres.items():
        spare = LIMITS[1].limit_cm / 100 - (walked - access[building])
        if spare >= CELL_M:
            assert shapely.intersects(area, on_street[building])
