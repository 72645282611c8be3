"""Land cells: laws over made-up streets and buildings, and every awkward building by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from grounds import assert_tiles, codes, draw_district, pair
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, affinity, box
from shapes import (
    COURTYARD_FOOTPRINT,
    DUPLICATE_FOOTPRINTS,
    OUTLINE_AND_HOUSES,
    OVERLAPPING_FOOTPRINTS,
    SLIVER_FOOTPRINT,
    TOUCHING_FOOTPRINTS,
    TOWER_ON_PODIUM,
    TWO_PART_FOOTPRINT,
    U_SHAPED_FOOTPRINT,
)

from gridmap.grids.tiling import Tiling, tile
from gridmap.ground.tables import District

LAND = box(0, 0, 100, 80)
STREET = LineString([(-10, 40), (110, 40)])


def shifted(shapes: tuple[Any, ...], x: float = 30, y: float = 10) -> list[Any]:
    return [affinity.translate(shape, x, y) for shape in shapes]


def named(shapes: list[Any]) -> dict[str, Any]:
    return {f"b{row}": shape for row, shape in enumerate(shapes)}


SPOTS = st.tuples(st.integers(0, 90), st.integers(0, 70), st.integers(1, 12), st.integers(1, 12), st.integers(0, 89))
BUILDINGS = st.lists(SPOTS, min_size=1, max_size=12).map(
    lambda spots: named([affinity.rotate(box(x, y, x + width, y + depth), angle) for x, y, width, depth, angle in spots])
)
LINES = st.lists(st.tuples(*[st.integers(-10, 110)] * 4).filter(lambda ends: ends[:2] != ends[2:]), max_size=5).map(
    lambda lines: {f"s{row}": (LineString([ends[:2], ends[2:]]), {}) for row, ends in enumerate(lines)}
)
RIVERS = st.sampled_from([{}, {"r": (box(45, -5, 55, 85), "river")}, {"r": (LineString([(-5, 20), (105, 60)]), "railway")}])


@given(BUILDINGS, LINES, RIVERS)
def test_cells_tile_the_land_whatever_stands_on_it(buildings: Any, streets: Any, barriers: Any) -> None:
    district = draw_district(LAND, buildings, streets=streets, barriers=barriers)
    assert_tiles(tile(district), district)


@given(BUILDINGS, LINES, st.randoms(use_true_random=False))
@settings(max_examples=6)
def test_the_order_of_rows_does_not_matter(buildings: Any, streets: Any, random: Any) -> None:
    district = draw_district(LAND, buildings, streets=streets)
    order = list(buildings)
    random.shuffle(order)
    turned = District(**{**district.__dict__, "buildings": district.buildings.loc[order], "streets": district.streets.iloc[::-1]})
    one, other = tile(district), tile(turned)
    assert shapely.equals(one.cells.geometry.to_numpy(), other.cells.geometry.loc[one.cells.index].to_numpy()).all()
    assert one.neighbours.equals(other.neighbours)


def drawn(*spots: tuple[int, int, int, int, int]) -> dict[str, Any]:
    return named([affinity.rotate(box(x, y, x + width, y + depth), angle) for x, y, width, depth, angle in spots])


NEW_STREET = LineString([(-5, 35), (105, 45)])
A_DEAD_END_INTO_A_BUILDING = drawn((54, 55, 4, 11, 4), (88, 66, 8, 11, 0)), {"s0": (LineString([(29, 23), (89, 91)]), {})}
OVERLAPPED_BY_A_BUILDING_THAT_IS_CUT = drawn((61, 36, 3, 3, 48), (68, 1, 7, 12, 0), (58, 38, 5, 6, 52))


@example(*A_DEAD_END_INTO_A_BUILDING)
@example(OVERLAPPED_BY_A_BUILDING_THAT_IS_CUT, {})
@given(BUILDINGS, LINES)
@settings(max_examples=8)
def test_buildings_apart_stay_apart_when_a_street_is_added(buildings: Any, streets: Any) -> None:
    # A building that a street runs into, if only as a dead end, may be cut once another street closes the block; so may one that overlaps it.
    streets = {**streets, "new": (NEW_STREET, {})}
    apart = {name for name, shape in buildings.items() if not any(shape.intersects(other) for key, other in buildings.items() if key != name)}
    free = {name for name in apart if not any(buildings[name].intersects(line) for line, _ in streets.values())}
    cells = tile(draw_district(LAND, buildings, streets=streets)).cells.geometry
    own = {name: buildings[name].intersection(LAND).buffer(-0.5) for name in free}
    assert all(shape.is_empty or cells[name].contains(shape) for name, shape in own.items())


def test_a_building_keeps_its_own_land_when_one_that_overlaps_it_is_cut() -> None:
    buildings = OVERLAPPED_BY_A_BUILDING_THAT_IS_CUT
    cells = tile(draw_district(LAND, buildings, streets={"new": (NEW_STREET, {})})).cells.geometry
    assert cells["b0"].covers(buildings["b0"].difference(buildings["b2"]).buffer(-0.3))


@given(BUILDINGS)
@settings(max_examples=12)
def test_land_goes_to_the_nearest_building(buildings: Any) -> None:
    standing = {name: shape for name, shape in buildings.items() if shape.area >= 9}
    apart = [(name, shape) for name, shape in standing.items() if all(shape.distance(other) > 2 for key, other in standing.items() if key != name)]
    if len(apart) < 2:
        return
    cells = tile(draw_district(LAND, dict(apart))).cells.geometry
    shapes = np.array([shape for _, shape in apart], dtype=object)
    for x in range(3, 100, 12):
        for y in range(3, 80, 12):
            away = np.sort(shapely.distance(shapes, Point(x, y)))
            if away[1] - away[0] > 2:  # clearly nearer to one
                nearest = apart[int(np.argmin(shapely.distance(shapes, Point(x, y))))][0]
                assert cells[nearest].buffer(0.2).covers(Point(x, y))


AWKWARD = {
    "touching": TOUCHING_FOOTPRINTS,
    "overlapping": OVERLAPPING_FOOTPRINTS,
    "duplicates": DUPLICATE_FOOTPRINTS,
    "tower on podium": TOWER_ON_PODIUM,
    "outline and its houses": OUTLINE_AND_HOUSES,
    "outlines and their houses": (OUTLINE_AND_HOUSES[0],) * 4 + TOUCHING_FOOTPRINTS,
    "sliver": (SLIVER_FOOTPRINT,),
    "around a yard": (COURTYARD_FOOTPRINT, box(8, 8, 12, 12)),
    "into a U": (U_SHAPED_FOOTPRINT, box(8, 12, 12, 18)),
    "two parts": (TWO_PART_FOOTPRINT, box(9, 0, 14, 6)),
    "points": (Point(3, 3), Point(3, 3), Point(20, 5)),
    "a line": (LineString([(0, 0), (10, 0)]),),
}


@pytest.mark.parametrize("shapes", AWKWARD.values(), ids=AWKWARD.keys())
@pytest.mark.parametrize("y", [10, 30, 35, 70], ids=["inside", "near the street", "on the street", "over the edge"])
def test_awkward_buildings_have_one_cell_each(shapes: tuple[Any, ...], y: float) -> None:
    district = draw_district(LAND, named(shifted(shapes, 30, y)), streets={"s": (STREET, {})})
    assert_tiles(tile(district), district)


def test_touching_buildings_part_at_their_wall() -> None:
    tiling = tile(draw_district(LAND, named(shifted(TOUCHING_FOOTPRINTS))))
    for name, shape in named(shifted(TOUCHING_FOOTPRINTS)).items():
        assert tiling.cells.geometry[name].buffer(0.01).covers(shape)


def test_a_tower_has_the_ground_under_it() -> None:
    podium, tower = shifted(TOWER_ON_PODIUM)
    tiling = tile(draw_district(LAND, {"podium": podium, "tower": tower}))
    assert tiling.cells.geometry["tower"].buffer(0.5).covers(tower)
    assert tiling.cells.geometry["podium"].intersection(tower).area < 0.1 * tower.area


def test_overlapping_ground_goes_to_the_smaller_building() -> None:
    large, small = box(20, 10, 50, 30), box(44, 12, 56, 28)
    cells = tile(draw_district(LAND, {"large": large, "small": small})).cells.geometry
    assert cells["small"].buffer(0.5).covers(small)
    assert {cell.geom_type for cell in cells} == {"Polygon"}


def test_duplicates_share_their_place_and_are_told() -> None:
    tiling = tile(draw_district(LAND, named(shifted(DUPLICATE_FOOTPRINTS))))
    inside = shapely.area(shapely.intersection(tiling.cells.geometry.to_numpy(), shifted(DUPLICATE_FOOTPRINTS)[0]))
    assert inside.min() > 0.2 * 120
    assert codes(tiling) == ["cells_footprint_shared"] * 2
    assert (tiling.findings[0].subject, tiling.findings[0].words["other"]) == ("b1", "b0")


def test_a_building_in_the_street_belongs_where_most_of_it_stands_and_keeps_its_footprint() -> None:
    across = box(40, 30, 60, 45)
    tiling = tile(draw_district(LAND, {"across": across, "north": box(10, 50, 20, 60), "south": box(70, 10, 80, 20)}, streets={"s": (STREET, {})}))
    cell = tiling.cells.geometry["across"]
    assert cell.buffer(0.01).covers(across)
    assert cell.intersection(box(0, 46, 100, 80)).area == pytest.approx(0, abs=0.1)
    assert cell.geom_type == "Polygon"


def test_a_building_that_reaches_in_over_the_street_takes_nothing_of_those_at_home() -> None:
    across, home = box(40, 30, 60, 45), box(45, 20, 70, 38)
    streets = {"s": (LineString([(-10, 36), (110, 36)]), {})}
    cells = tile(draw_district(LAND, {"across": across, "home": home}, streets=streets)).cells.geometry
    assert cells["home"].covers(home.intersection(box(0, 0, 100, 36)))
    assert cells["across"].buffer(0.01).covers(box(40, 30, 45, 36))


def test_a_building_over_a_railway_ends_there() -> None:
    station = box(40, 30, 60, 45)
    ground = {"station": station, "north": box(10, 50, 20, 60)}
    cell = tile(draw_district(LAND, ground, barriers={"r": (STREET, "railway")})).cells.geometry["station"]
    assert cell.bounds[3] == pytest.approx(40, abs=1e-3)


def test_a_building_partly_outside_is_told() -> None:
    tiling = tile(draw_district(LAND, {"in": box(10, 10, 20, 20), "out": box(90, 10, 110, 20)}))
    assert [(each.code, each.subject, each.value) for each in tiling.findings] == [("cells_building_partly_outside", "out", 50.0)]


def test_buildings_outside_get_small_cells_at_the_edge_and_are_told() -> None:
    away = {f"o{row}": box(150 + 20 * row, 10, 160 + 20 * row, 20) for row in range(4)}
    district = draw_district(LAND, {"in": box(10, 10, 20, 20), **away})
    tiling = tile(district)
    assert_tiles(tiling, district)
    assert codes(tiling) == ["cells_building_outside"] * 4
    assert tiling.cells.geometry["o0"].bounds[2] == pytest.approx(100, abs=1e-3)


def test_a_building_in_the_river_is_told() -> None:
    district = draw_district(LAND, {"bank": box(10, 10, 20, 20), "boat": box(62, 30, 66, 34)}, barriers={"r": (box(60, -5, 70, 85), "river")})
    tiling = tile(district)
    assert_tiles(tiling, district)
    assert "cells_building_outside" in codes(tiling)


def test_a_block_without_buildings_joins_the_longest_crossable_border() -> None:
    streets = {"a": (LineString([(40, -5), (40, 85)]), {}), "b": (LineString([(60, 20), (60, 85)]), {}), "c": (LineString([(40, 20), (105, 20)]), {})}
    ground = {"west": box(10, 30, 20, 40), "east": box(80, 40, 90, 50), "south": box(60, 5, 70, 15)}
    cells = tile(draw_district(LAND, ground, streets=streets)).cells.geometry
    park = box(41, 21, 59, 79)  # 60 m beside west and east each, less 20 m beside south
    assert cells["east"].covers(park) or cells["west"].covers(park)
    barred = tile(draw_district(LAND, ground, streets=streets, barriers={"r": (LineString([(60, 20), (60, 85)]), "railway")})).cells.geometry
    assert barred["west"].covers(park)


def test_an_island_without_buildings_joins_the_nearest_cell_and_is_told() -> None:
    water = Polygon(box(50, 10, 90, 70).exterior.coords, [box(60, 30, 80, 50).exterior.coords])
    district = draw_district(LAND, {"a": box(10, 10, 20, 20), "b": box(92, 10, 98, 20)}, barriers={"r": (water, "river")})
    tiling = tile(district)
    assert_tiles(tiling, district)
    assert [each.value for each in tiling.findings if each.code == "cells_land_isolated"] == [400]


def test_paths_divide_nothing() -> None:
    ground = {"a": box(10, 10, 20, 20), "b": box(10, 60, 20, 70)}
    tiling = tile(draw_district(LAND, ground, streets={"s": (STREET, {"street_class": "path"})}))
    assert pair(tiling, "a", "b")["separator"] == "none"


def test_a_long_tunnel_divides_nothing_and_an_underpass_does() -> None:
    ground = {"a": box(10, 10, 20, 20), "b": box(10, 60, 20, 70)}
    separators = []
    for land in (LAND, box(0, 0, 50, 80)):
        line = LineString([(0, 40), (land.bounds[2], 40)])
        separators.append(pair(tile(draw_district(land, ground, streets={"s": (line, {"layer": -1})})), "a", "b")["separator"])
    assert separators == ["none", "lane"]


def test_cells_join_smoothly_over_many_buildings() -> None:
    rng = np.random.default_rng(1)
    shapes = [affinity.rotate(box(x, y, x + 8, y + 5), float(rng.integers(0, 90))) for x in range(2, 90, 12) for y in range(2, 70, 9)]
    district = draw_district(LAND, named(shapes), streets={"s": (STREET, {})})
    tiling: Tiling = tile(district)
    assert_tiles(tiling, district)
    assert set(tiling.cells.geom_type) == {"Polygon"}
